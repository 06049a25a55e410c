/* SPDX-License-Identifier: GPL-2.0 */
/* What a subscriber has seen: a hash table from keys to versions. */
#ifndef DF_LIB_SEEN_H
#define DF_LIB_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct df_seen_key - a key that was seen
 * @next: in its bucket
 * @version: the latest that was seen
 * @round: the snapshot in which it was last seen
 * @hash: of @key
 * @key: the key
 */
struct df_seen_key {
	struct df_seen_key *next;
	uint64_t version;
	uint32_t round;
	uint32_t hash;
	char key[];
};

/**
 * struct df_seen - the table; all zero is an empty one
 * @buckets: chains
 * @mask: number of buckets less one; 0 if there are none
 * @count: number of keys
 */
struct df_seen {
	struct df_seen_key **buckets;
	uint32_t mask;
	size_t count;
};

struct df_seen_key *df_seen_find(const struct df_seen *seen, const char *key);
/** The key, added with version 0 if it was not there; NULL: no memory. */
struct df_seen_key *df_seen_add(struct df_seen *seen, const char *key);
void df_seen_del(struct df_seen *seen, const char *key);
void df_seen_fini(struct df_seen *seen);

#endif
