// SPDX-License-Identifier: GPL-2.0
#include "ids.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	const uint32_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

struct dfa_ids *dfa_ids_new(uint32_t *id, size_t count)
{
	struct dfa_ids *ids = malloc(sizeof(*ids) + count * sizeof(*id));

	if (!ids)
		return NULL;
	ids->refs = 1;
	ids->count = 0;
	if (count)
		qsort(id, count, sizeof(*id), compare);
	for (size_t i = 0; i < count; i++) {
		if (!i || id[i] != id[i - 1])
			ids->id[ids->count++] = id[i];
	}
	return ids;
}

struct dfa_ids *dfa_ids_get(struct dfa_ids *ids)
{
	if (ids)
		ids->refs++;
	return ids;
}

void dfa_ids_put(struct dfa_ids *ids)
{
	if (ids && --ids->refs == 0)
		free(ids);
}

bool dfa_ids_equal(const struct dfa_ids *a, const struct dfa_ids *b)
{
	size_t count = dfa_ids_count(a);

	return a == b ||
	       (count == dfa_ids_count(b) &&
		(!count || !memcmp(a->id, b->id, count * sizeof(a->id[0]))));
}

bool dfa_ids_has(const struct dfa_ids *ids, uint32_t id)
{
	return dfa_ids_count(ids) && bsearch(&id, ids->id, ids->count,
					     sizeof(id), compare);
}
