// SPDX-License-Identifier: GPL-2.0
/*
 * What the agent reads from the module of packets of workloads: punted ones, what
 * they have claimed, and the refusals of its own.
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

static void held(void *arg, uint32_t port, const struct dfa_pairs *claims)
{
	size_t *count = arg;

	(void)port;
	for (size_t i = 0; i < dfa_pairs_count(claims); i++)
		require(claims->pair[i].prefix_len <= 128);
	(*count)++;
}

static const struct dfa_packet_ops ops = { .punted = punted, .held = held };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	uint8_t *copy = fuzz_copy(input, size);
	size_t count = 0;

	dfa_packet_parse(copy, size, FAMILY, &ops, &count);
	/* Headers of 20 bytes and an attribute of 8. */
	require(count <= size / 28);
	free(copy);
	return 0;
}
