// SPDX-License-Identifier: GPL-2.0
#include "map.h"

#include <stdlib.h>
#include <string.h>

void dfa_map_init(struct dfa_map *map)
{
	map->only = NULL;
	map->bucket = &map->only;
	map->mask = 0;
	map->count = 0;
}

void dfa_map_fini(struct dfa_map *map)
{
	if (map->bucket != &map->only)
		free(map->bucket);
	dfa_map_init(map);
}

static void grow(struct dfa_map *map)
{
	size_t buckets = map->mask ? (map->mask + 1) * 2 : 16;
	struct dfa_map_node **bucket = calloc(buckets, sizeof(*bucket));

	if (!bucket)
		return;

	for (size_t i = 0; i <= map->mask; i++) {
		struct dfa_map_node *node = map->bucket[i];

		while (node) {
			struct dfa_map_node *next = node->next;
			size_t at = node->hash & (buckets - 1);

			node->next = bucket[at];
			bucket[at] = node;
			node = next;
		}
	}

	if (map->bucket != &map->only)
		free(map->bucket);
	map->bucket = bucket;
	map->mask = buckets - 1;
}

void dfa_map_add(struct dfa_map *map, struct dfa_map_node *node, uint64_t hash)
{
	size_t at;

	if (map->count > map->mask)
		grow(map);
	at = hash & map->mask;
	node->hash = hash;
	node->next = map->bucket[at];
	map->bucket[at] = node;
	map->count++;
}

void dfa_map_del(struct dfa_map *map, struct dfa_map_node *node)
{
	struct dfa_map_node **link = &map->bucket[node->hash & map->mask];

	for (; *link; link = &(*link)->next) {
		if (*link == node) {
			*link = node->next;
			node->next = NULL;
			map->count--;
			return;
		}
	}
}

static struct dfa_map_node *same_hash(struct dfa_map_node *node, uint64_t hash)
{
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct dfa_map_node *dfa_map_first(const struct dfa_map *map, uint64_t hash)
{
	return same_hash(map->bucket[hash & map->mask], hash);
}

struct dfa_map_node *dfa_map_next(const struct dfa_map_node *node)
{
	return same_hash(node->next, node->hash);
}

struct dfa_map_iter dfa_map_iter(const struct dfa_map *map)
{
	return (struct dfa_map_iter){ .next = map->bucket[0] };
}

struct dfa_map_node *dfa_map_iter_next(const struct dfa_map *map,
				       struct dfa_map_iter *iter)
{
	struct dfa_map_node *node;

	while (!iter->next && iter->bucket < map->mask)
		iter->next = map->bucket[++iter->bucket];
	node = iter->next;
	if (node)
		iter->next = node->next;
	return node;
}

/* Keys come from the database of the operator, not from packets: FNV will do. */
uint64_t dfa_hash(const void *data, size_t len)
{
	const unsigned char *byte = data;
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ULL;
	return dfa_hash_u64(hash);
}

uint64_t dfa_hash_string(const char *text)
{
	return dfa_hash(text, strlen(text));
}

uint64_t dfa_hash_u64(uint64_t value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdULL;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53ULL;
	return value ^ (value >> 33);
}
