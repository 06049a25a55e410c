/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The longest prefix of an address: a trie whose nodes each decide on 6 bits.
 * Its depth follows from the length of the prefixes, never from their number.
 * Knows no other part of the module, and is also built in userspace for tests.
 */
#ifndef _DF_LPM_H
#define _DF_LPM_H

#include <linux/rcupdate.h>
#include <linux/types.h>

/**
 * struct df_lpm_key - an address, or the bits of a prefix
 * @hi: the first 64 bits, most significant first; an IPv4 address is the upper
 *	half of it
 * @lo: the others; zero for IPv4
 */
struct df_lpm_key {
	u64 hi;
	u64 lo;
};

/**
 * struct df_lpm - prefixes of addresses of one kind, each with a value
 * @root: NULL without prefixes; readers: RCU, writers: serialised by the caller
 *
 * Zeros are an empty one, and one that has become empty holds no memory.
 */
struct df_lpm {
	struct df_lpm_node __rcu *root;
};

int df_lpm_add(struct df_lpm *lpm, const struct df_lpm_key *key, u8 len,
	       void *value);
void df_lpm_del(struct df_lpm *lpm, const struct df_lpm_key *key, u8 len);
void *df_lpm_get(const struct df_lpm *lpm, const struct df_lpm_key *key,
		 u8 len);
void *df_lpm_find_rcu(const struct df_lpm *lpm, const struct df_lpm_key *key,
		      u8 max_len);

#endif /* _DF_LPM_H */
