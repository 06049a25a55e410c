/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hash of what senders choose. Each word is multiplied by a number of its
 * own, all of them secret and random; the hash is the upper half of the sum of
 * the products and one number more, modulo 2^64.
 *
 * That is strongly universal ("multilinear" in Lemire and Kaser, "Strongly
 * universal string hashing is fast"): of whichever two different sequences of
 * as many words, any n bits of the hashes agree under one in 2^n secrets. So
 * without the secret nobody can choose packets that meet in a table more often
 * than by chance. For jhash nobody has shown this, and it takes three times as
 * many instructions.
 */
#ifndef DF_PATH_HASH_H
#define DF_PATH_HASH_H

#include <linux/bitops.h>
#include <linux/types.h>

/**
 * df_hash_sum() - the sum of the products of some words
 * @secret: the random numbers of these words
 * @words: a part of what is hashed
 * @count: how many, a constant of no more than 16: there is no loop
 *
 * Return: to be added to those of the other parts, and to a last number.
 */
static __always_inline u64 df_hash_sum(const u64 *secret, const u32 *words,
				       unsigned int count)
{
	u64 sum = 0;
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < count; i++)
		sum += secret[i] * words[i];
	return sum;
}

/**
 * df_hash_seed() - put hashes into another order
 * @hash: from the sum
 * @seed: of a table, which has another one after each rehashing
 *
 * No two hashes become the same, so they stay as good. The upper bits of the
 * product depend on all of @hash: they are what a table begins with.
 *
 * Return: the hash for this table.
 */
static inline u32 df_hash_seed(u32 hash, u32 seed)
{
	return ror32(hash * (seed | 1), 16);
}

#endif /* DF_PATH_HASH_H */
