// SPDX-License-Identifier: GPL-2.0
/*
 * What the agent reads from the module of packets of workloads: punted ones,
 * and the refusals of its own.
 */
#include "fuzz.h"
#include "packet.h"

enum { FAMILY = 29 };

static void punted(void *arg, uint32_t port, uint32_t reason)
{
	size_t *count = arg;

	(void)port;
	(void)reason;
	(*count)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	uint8_t *copy = fuzz_copy(input, size);
	size_t count = 0;

	dfa_packet_parse(copy, size, FAMILY, punted, &count);
	/* Headers of 20 bytes and two attributes of 8. */
	require(count <= size / 36);
	free(copy);
	return 0;
}
