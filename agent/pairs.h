/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_PAIRS_H
#define DFA_PAIRS_H

/*
 * What a port may have beside its own addresses, and what of that it has
 * claimed. Lists are counted and do not change; no list at all is an empty one.
 */

#include "addrs.h"

/**
 * struct dfa_pair - an allowed address pair, or a claim
 * @since: when it was claimed, ms since 1970; 0: what is allowed
 * @address: an address; of what is allowed also a prefix
 * @prefix_len: of @address
 * @mac: that it goes with
 * @is_active: the kernel says that the address leads to this port; no part of
 *	what makes lists differ
 */
struct dfa_pair {
	uint64_t since;
	struct dfa_address address;
	uint8_t prefix_len;
	uint8_t mac[6];
	bool is_active;
};

/**
 * struct dfa_pairs - a list
 * @refs: number of holders
 * @count: number of pairs
 * @pair: what is allowed, then claims; each in ascending order, none twice
 */
struct dfa_pairs {
	uint32_t refs;
	uint32_t count;
	struct dfa_pair pair[];
};

/*
 * The list of @a and @b: what is allowed, and of the claims that this allows the
 * last of each. Return: 0 and the list, which may be none; -ENOMEM.
 */
int dfa_pairs_merge(struct dfa_pairs **out, const struct dfa_pairs *a,
		    const struct dfa_pairs *b);
/* Only the claims of a list. Return: likewise. */
int dfa_pairs_claims(struct dfa_pairs **out, const struct dfa_pairs *pairs);
/* Sorts @pair. Return: the list, to be put; NULL without memory. */
struct dfa_pairs *dfa_pairs_new(struct dfa_pair *pair, size_t count);
struct dfa_pairs *dfa_pairs_get(struct dfa_pairs *pairs);
void dfa_pairs_put(struct dfa_pairs *pairs);

static inline size_t dfa_pairs_count(const struct dfa_pairs *pairs)
{
	return pairs ? pairs->count : 0;
}

bool dfa_pairs_equal(const struct dfa_pairs *a, const struct dfa_pairs *b);
/* Is the same allowed, and everything claimed that @want says, or later? */
bool dfa_pairs_suffice(const struct dfa_pairs *have,
		       const struct dfa_pairs *want);
/* The claim of the same address, or NULL. */
const struct dfa_pair *dfa_pairs_claim(const struct dfa_pairs *pairs,
				       const struct dfa_pair *claim);

#endif
