// SPDX-License-Identifier: GPL-2.0
/*
 * What the agent reads from the module of addresses that packets wait for: that
 * they do, and the refusals of its own answers.
 */
#include <sys/socket.h>

#include "fuzz.h"
#include "miss.h"

enum { FAMILY = 29 };

static void sought(void *arg, const struct dfa_sought *sought)
{
	static const uint8_t none[12];
	const struct dfa_address *address = &sought->address;
	size_t *count = arg;

	require(!address->family || address->family == AF_INET ||
		address->family == AF_INET6);
	/* It is looked for by nothing else. */
	require(!address->family || !memcmp(sought->mac, none, 6));
	require(address->family == AF_INET6 ||
		!memcmp(address->bytes + 4, none, 12));
	(*count)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	uint8_t *copy = fuzz_copy(input, size);
	size_t count = 0;

	dfa_miss_parse(copy, size, FAMILY, sought, &count);
	/* Headers of 20 bytes and two attributes of 8. */
	require(count <= size / 36);
	free(copy);
	return 0;
}
