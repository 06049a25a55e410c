/* SPDX-License-Identifier: GPL-2.0 */
/* Prefixes in an array that is searched from end to end: what kmod/table/lpm.c
 * must agree with.
 */
#ifndef DF_SELFTESTS_UNIT_LPM_MODEL_H
#define DF_SELFTESTS_UNIT_LPM_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lpm.h"

enum { MODEL_MAX = 4096 };

struct model_prefix {
	struct df_lpm_key key;
	uint8_t len;
};

/* The address of an element is the value of its prefix in the trie. */
struct model {
	struct model_prefix *prefixes[MODEL_MAX];
	size_t count;
};

static inline struct df_lpm_key model_mask(struct df_lpm_key key, uint8_t len)
{
	if (len <= 64) {
		key.hi = len ? key.hi >> (64 - len) << (64 - len) : 0;
		key.lo = 0;
	} else if (len < 128) {
		key.lo = key.lo >> (128 - len) << (128 - len);
	}
	return key;
}

static inline bool model_same(struct df_lpm_key a, struct df_lpm_key b)
{
	return a.hi == b.hi && a.lo == b.lo;
}

/* The longest prefix of at most @max_len bits, or NULL. */
static inline struct model_prefix *model_find(const struct model *model,
					      struct df_lpm_key key,
					      uint8_t max_len)
{
	struct model_prefix *best = NULL, *p;
	size_t i;

	for (i = 0; i < model->count; i++) {
		p = model->prefixes[i];
		if (p->len <= max_len && (!best || p->len > best->len) &&
		    model_same(model_mask(key, p->len), p->key))
			best = p;
	}
	return best;
}

static inline struct model_prefix *model_get(const struct model *model,
					     struct df_lpm_key key,
					     uint8_t len, size_t *at)
{
	size_t i;

	for (i = 0; i < model->count; i++) {
		if (model->prefixes[i]->len != len ||
		    !model_same(model->prefixes[i]->key, key))
			continue;
		*at = i;
		return model->prefixes[i];
	}
	return NULL;
}

#endif /* DF_SELFTESTS_UNIT_LPM_MODEL_H */
