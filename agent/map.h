/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_MAP_H
#define DFA_MAP_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct dfa_map_node - place of an object in a map; embedded in the object
 * @next: next node of the bucket
 * @hash: hash of the object's key in this map
 */
struct dfa_map_node {
	struct dfa_map_node *next;
	uint64_t hash;
};

/**
 * struct dfa_map - hash map of embedded nodes, any number of which may be equal
 * @bucket: heads of the chains; &@only until the map grows
 * @mask: number of buckets - 1
 * @count: number of nodes
 * @only: the one bucket of a small map
 *
 * The map owns no objects. Adding cannot fail: without memory for more buckets
 * the chains grow longer.
 */
struct dfa_map {
	struct dfa_map_node **bucket;
	size_t mask;
	size_t count;
	struct dfa_map_node *only;
};

void dfa_map_init(struct dfa_map *map);
void dfa_map_fini(struct dfa_map *map);
void dfa_map_add(struct dfa_map *map, struct dfa_map_node *node, uint64_t hash);
void dfa_map_del(struct dfa_map *map, struct dfa_map_node *node);

/* All nodes with a hash; the caller compares the keys. */
struct dfa_map_node *dfa_map_first(const struct dfa_map *map, uint64_t hash);
struct dfa_map_node *dfa_map_next(const struct dfa_map_node *node);

/* All nodes, in no order. The current one may be deleted meanwhile. */
struct dfa_map_iter {
	size_t bucket;
	struct dfa_map_node *next;
};

struct dfa_map_iter dfa_map_iter(const struct dfa_map *map);
struct dfa_map_node *dfa_map_iter_next(const struct dfa_map *map,
				       struct dfa_map_iter *iter);

uint64_t dfa_hash(const void *data, size_t len);
uint64_t dfa_hash_string(const char *text);
uint64_t dfa_hash_u64(uint64_t value);

#endif
