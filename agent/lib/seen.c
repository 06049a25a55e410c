// SPDX-License-Identifier: GPL-2.0
/* A hash table from keys to versions; see seen.h. Pure. */
#include <stdlib.h>
#include <string.h>

#include "seen.h"

/* FNV-1a; keys hold random UUIDs or are escaped by the library. */
static uint32_t hash_key(const char *key)
{
	uint32_t hash = 2166136261u;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619u;
	return hash;
}

static struct df_seen_key **find_link(const struct df_seen *seen,
				      const char *key, uint32_t hash)
{
	struct df_seen_key **link = &seen->buckets[hash & seen->mask];

	while (*link && ((*link)->hash != hash || strcmp((*link)->key, key)))
		link = &(*link)->next;
	return link;
}

static int grow(struct df_seen *seen)
{
	uint32_t mask = seen->mask ? seen->mask * 2 + 1 : 15;
	struct df_seen_key **buckets = calloc(mask + 1, sizeof(*buckets));
	uint32_t i;

	if (!buckets)
		return -1;
	for (i = 0; seen->mask && i <= seen->mask; i++) {
		struct df_seen_key *key = seen->buckets[i];

		while (key) {
			struct df_seen_key *next = key->next;

			key->next = buckets[key->hash & mask];
			buckets[key->hash & mask] = key;
			key = next;
		}
	}
	free(seen->buckets);
	seen->buckets = buckets;
	seen->mask = mask;
	return 0;
}

struct df_seen_key *df_seen_find(const struct df_seen *seen, const char *key)
{
	return seen->mask ? *find_link(seen, key, hash_key(key)) : NULL;
}

struct df_seen_key *df_seen_add(struct df_seen *seen, const char *key)
{
	uint32_t hash = hash_key(key);
	struct df_seen_key **link;
	struct df_seen_key *new;

	if (seen->count >= seen->mask && grow(seen))
		return NULL;
	link = find_link(seen, key, hash);
	if (*link)
		return *link;
	new = calloc(1, sizeof(*new) + strlen(key) + 1);
	if (!new)
		return NULL;
	strcpy(new->key, key);
	new->hash = hash;
	*link = new;
	seen->count++;
	return new;
}

void df_seen_del(struct df_seen *seen, const char *key)
{
	struct df_seen_key **link;
	struct df_seen_key *old;

	if (!seen->mask)
		return;
	link = find_link(seen, key, hash_key(key));
	old = *link;
	if (!old)
		return;
	*link = old->next;
	free(old);
	seen->count--;
}

void df_seen_fini(struct df_seen *seen)
{
	uint32_t i;

	for (i = 0; seen->mask && i <= seen->mask; i++)
		while (seen->buckets[i]) {
			struct df_seen_key *key = seen->buckets[i];

			seen->buckets[i] = key->next;
			free(key);
		}
	free(seen->buckets);
	memset(seen, 0, sizeof(*seen));
}
