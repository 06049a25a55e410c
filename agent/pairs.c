// SPDX-License-Identifier: GPL-2.0
#include "pairs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

static bool is_claim(const struct dfa_pair *pair)
{
	return pair->since;
}

/* Whose order is that of what they are about, whenever it was. */
static int compare(const void *a, const void *b)
{
	const struct dfa_pair *left = a, *right = b;
	int order;

	if (is_claim(left) != is_claim(right))
		return is_claim(left) ? 1 : -1;
	order = memcmp(&left->address, &right->address, sizeof(left->address));
	if (order)
		return order;
	if (left->prefix_len != right->prefix_len)
		return left->prefix_len < right->prefix_len ? -1 : 1;
	return memcmp(left->mac, right->mac, sizeof(left->mac));
}

struct dfa_pairs *dfa_pairs_new(struct dfa_pair *pair, size_t count)
{
	struct dfa_pairs *pairs = malloc(sizeof(*pairs) +
					 count * sizeof(*pair));

	if (!pairs)
		return NULL;
	pairs->refs = 1;
	pairs->count = 0;
	if (count)
		qsort(pair, count, sizeof(*pair), compare);
	for (size_t i = 0; i < count; i++) {
		struct dfa_pair *last = &pairs->pair[pairs->count];

		if (!i || compare(&pair[i], &pair[i - 1]) != 0)
			pairs->pair[pairs->count++] = pair[i];
		else if (pair[i].since > last[-1].since)
			last[-1].since = pair[i].since;
	}
	return pairs;
}

struct dfa_pairs *dfa_pairs_get(struct dfa_pairs *pairs)
{
	if (pairs)
		pairs->refs++;
	return pairs;
}

void dfa_pairs_put(struct dfa_pairs *pairs)
{
	if (pairs && --pairs->refs == 0)
		free(pairs);
}

bool dfa_pairs_equal(const struct dfa_pairs *a, const struct dfa_pairs *b)
{
	size_t count = dfa_pairs_count(a);

	if (a == b)
		return true;
	if (count != dfa_pairs_count(b))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (compare(&a->pair[i], &b->pair[i]) != 0 ||
		    a->pair[i].since != b->pair[i].since)
			return false;
	}
	return true;
}

const struct dfa_pair *dfa_pairs_claim(const struct dfa_pairs *pairs,
				       const struct dfa_pair *claim)
{
	for (size_t i = 0; i < dfa_pairs_count(pairs); i++) {
		if (is_claim(&pairs->pair[i]) &&
		    compare(&pairs->pair[i], claim) == 0)
			return &pairs->pair[i];
	}
	return NULL;
}

static size_t allowed_count(const struct dfa_pairs *pairs)
{
	size_t count = 0;

	while (count < dfa_pairs_count(pairs) &&
	       !is_claim(&pairs->pair[count]))
		count++;
	return count;
}

bool dfa_pairs_suffice(const struct dfa_pairs *have,
		       const struct dfa_pairs *want)
{
	size_t count = allowed_count(want);

	if (count != allowed_count(have))
		return false;
	for (size_t i = 0; i < dfa_pairs_count(want); i++) {
		const struct dfa_pair *claim;

		if (i < count) {
			if (compare(&have->pair[i], &want->pair[i]) != 0)
				return false;
			continue;
		}
		claim = dfa_pairs_claim(have, &want->pair[i]);
		if (!claim || claim->since < want->pair[i].since)
			return false;
	}
	return true;
}

static bool allows(const struct dfa_pair *pair, const struct dfa_pair *claim)
{
	struct dfa_address address = claim->address;

	if (is_claim(pair) || pair->address.family != address.family ||
	    memcmp(pair->mac, claim->mac, sizeof(pair->mac)) != 0)
		return false;
	dfa_address_mask(&address, pair->prefix_len);
	return dfa_address_equal(&address, &pair->address);
}

static bool is_allowed(const struct dfa_pair *pair, size_t count,
		       const struct dfa_pair *claim)
{
	for (size_t i = 0; i < count; i++) {
		if (allows(&pair[i], claim))
			return true;
	}
	return false;
}

int dfa_pairs_merge(struct dfa_pairs **out, const struct dfa_pairs *a,
		    const struct dfa_pairs *b)
{
	size_t total = dfa_pairs_count(a) + dfa_pairs_count(b), count = 0;
	__auto_free struct dfa_pair *all = NULL;

	*out = NULL;
	if (!total)
		return 0;
	all = calloc(total, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < dfa_pairs_count(a); i++)
		all[i] = a->pair[i];
	for (size_t i = 0; i < dfa_pairs_count(b); i++)
		all[dfa_pairs_count(a) + i] = b->pair[i];
	for (size_t i = 0; i < total; i++) {
		struct dfa_pair pair = all[i];

		if (!is_claim(&pair) || is_allowed(all, total, &pair))
			all[count++] = pair;
	}
	if (!count)
		return 0;
	*out = dfa_pairs_new(all, count);
	return *out ? 0 : -ENOMEM;
}

int dfa_pairs_claims(struct dfa_pairs **out, const struct dfa_pairs *pairs)
{
	size_t skip = allowed_count(pairs);
	size_t count = dfa_pairs_count(pairs) - skip;
	struct dfa_pairs *list;

	*out = NULL;
	if (!count)
		return 0;
	list = malloc(sizeof(*list) + count * sizeof(list->pair[0]));
	if (!list)
		return -ENOMEM;
	list->refs = 1;
	list->count = (uint32_t)count;
	memcpy(list->pair, pairs->pair + skip, count * sizeof(list->pair[0]));
	*out = list;
	return 0;
}
