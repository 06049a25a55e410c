// SPDX-License-Identifier: GPL-2.0
/*
 * The hash of the flow cache: keys that somebody chose to meet, under as many
 * secrets as it takes to see how often they do. The secrets are the same in
 * every run.
 */
#include <stdlib.h>
#include <string.h>

#include "cm.h"
#include "path/hash.h"

enum {
	WORDS = 16,
	SECRETS = 100000,
	/* Bits that are compared, and how often they agree by chance. */
	BITS = 8,
	CHANCE = SECRETS >> BITS,
	/* More than six times the standard deviation. */
	DEVIATION = 130,
};

static u64 random_state;

/* Sebastiano Vigna's splitmix64, which is in the public domain. */
static u64 random64(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static u32 hash(const u64 *secret, const u32 *words)
{
	return (secret[WORDS] + df_hash_sum(secret, words, WORDS)) >> 32;
}

/* What somebody does to the words of a key to get another of the same hash. */
static void flip_a_bit(u32 *words)
{
	words[random64() % WORDS] ^= 1u << random64() % 32;
}

static void flip_top_bits(u32 *words)
{
	words[0] ^= 1u << 31;
	words[WORDS - 1] ^= 1u << 31;
}

static void swap_neighbours(u32 *words)
{
	u32 first = words[4];

	words[4] = words[5];
	words[5] = first + (words[4] == first);
}

static void keep_the_sum(u32 *words)
{
	u32 what = random64() | 1, where = random64() % (WORDS - 1);

	words[where] += what;
	words[where + 1] -= what;
}

static void count_up(u32 *words)
{
	words[WORDS - 1]++;
}

static void (*const changes[])(u32 *words) = {
	flip_a_bit, flip_top_bits, swap_neighbours, keep_the_sum, count_up,
};

static void assert_chance(int found)
{
	assert_in_range(found, CHANCE - DEVIATION, CHANCE + DEVIATION);
}

static void fill(void *data, size_t size)
{
	u64 *numbers = data;

	while (size) {
		*numbers++ = random64();
		size -= sizeof(*numbers);
	}
}

static void no_two_keys_meet_more_often_than_by_chance(void **state)
{
	u64 secret[WORDS + 1];
	size_t i;

	(void)state;
	random_state = 1;
	for (i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		u32 key[WORDS] = { 1, 0, 0xffffffff }, other[WORDS];
		int low = 0, high = 0, n;

		for (n = 0; n < SECRETS; n++) {
			u32 differing;

			fill(secret, sizeof(secret));
			memcpy(other, key, sizeof(key));
			changes[i](other);
			differing = hash(secret, key) ^ hash(secret, other);
			low += !(differing << (32 - BITS));
			high += !(differing >> (32 - BITS));
		}
		assert_chance(low);
		assert_chance(high);
	}
}

/* Hashes that meet in a table under one seed. */
static void a_new_seed_takes_apart_what_met(void **state)
{
	int met = 0, meet = 0;

	(void)state;
	random_state = 2;
	while (met < SECRETS) {
		u32 a = random64(), b = random64(), seed = random64();

		if ((df_hash_seed(a, seed) ^ df_hash_seed(b, seed)) << (32 - BITS))
			continue;
		met++;
		seed = random64();
		meet += !((df_hash_seed(a, seed) ^
			   df_hash_seed(b, seed)) << (32 - BITS));
	}
	assert_chance(meet);
}

static int compare(const void *a, const void *b)
{
	u32 left = *(const u32 *)a, right = *(const u32 *)b;

	return (left > right) - (left < right);
}

static void a_seed_makes_no_two_hashes_the_same(void **state)
{
	static u32 hashes[SECRETS];
	u32 seed;
	int i;

	(void)state;
	random_state = 3;
	seed = random64();
	for (i = 0; i < SECRETS; i++)
		hashes[i] = df_hash_seed(i << 8, seed);
	qsort(hashes, SECRETS, sizeof(*hashes), compare);
	for (i = 1; i < SECRETS; i++)
		assert_true(hashes[i - 1] < hashes[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_two_keys_meet_more_often_than_by_chance),
		cmocka_unit_test(a_new_seed_takes_apart_what_met),
		cmocka_unit_test(a_seed_makes_no_two_hashes_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
