/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_IDS_H
#define DFA_IDS_H

/*
 * Lists of kernel ids: the security groups of a port. Counted, and they do not
 * change. No list at all is an empty one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct dfa_ids - a list
 * @refs: number of holders
 * @count: number of ids
 * @id: in ascending order, none twice
 */
struct dfa_ids {
	uint32_t refs;
	uint32_t count;
	uint32_t id[];
};

/* Sorts @id. Return: the list, to be put; NULL without memory. */
struct dfa_ids *dfa_ids_new(uint32_t *id, size_t count);
struct dfa_ids *dfa_ids_get(struct dfa_ids *ids);
void dfa_ids_put(struct dfa_ids *ids);

static inline size_t dfa_ids_count(const struct dfa_ids *ids)
{
	return ids ? ids->count : 0;
}

bool dfa_ids_equal(const struct dfa_ids *a, const struct dfa_ids *b);
bool dfa_ids_has(const struct dfa_ids *ids, uint32_t id);

#endif
