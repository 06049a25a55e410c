/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_UUID_H
#define DFA_UUID_H

#include <stdint.h>
#include <string.h>

#include "dragonflow.h"
#include "map.h"

/* A UUID in 16 bytes: there is one for every port of every network held. */
struct dfa_uuid {
	uint8_t bytes[16];
};

int dfa_uuid_parse(struct dfa_uuid *uuid, const char *text);
void dfa_uuid_print(char text[DF_UUID_LEN + 1], const struct dfa_uuid *uuid);

static inline bool dfa_uuid_equal(const struct dfa_uuid *a,
				  const struct dfa_uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static inline uint64_t dfa_uuid_hash(const struct dfa_uuid *uuid)
{
	return dfa_hash(uuid->bytes, sizeof(uuid->bytes));
}

#endif
