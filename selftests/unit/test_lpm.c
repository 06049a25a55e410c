// SPDX-License-Identifier: GPL-2.0
/*
 * The trie of prefixes against an array of the same: after every change every
 * address near a prefix is looked up in both. Memory runs out now and then; an
 * addition then must have changed nothing, and a removal must have succeeded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cm.h"
#include "lpm_model.h"

unsigned int test_allocations = UINT32_MAX;

static struct df_lpm_key ip4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct df_lpm_key) {
		.hi = ((uint64_t)a << 24 | b << 16 | c << 8 | d) << 32,
	};
}

static void longest_prefix_wins(void **state)
{
	static const uint8_t lens[] = { 0, 1, 5, 6, 7, 8, 11, 12, 13, 16, 24,
					31, 32 };
	struct df_lpm_key host = ip4(203, 0, 113, 129);
	char values[sizeof(lens)];
	struct df_lpm lpm = { 0 };
	size_t i;

	(void)state;
	assert_null(df_lpm_find_rcu(&lpm, &host, 32));
	for (i = 0; i < sizeof(lens); i++) {
		struct df_lpm_key key = model_mask(host, lens[i]);

		assert_int_equal(df_lpm_add(&lpm, &key, lens[i], &values[i]),
				 0);
		assert_int_equal(df_lpm_add(&lpm, &key, lens[i], &values[0]),
				 -EEXIST);
		assert_ptr_equal(df_lpm_find_rcu(&lpm, &host, 32), &values[i]);
		assert_ptr_equal(df_lpm_get(&lpm, &key, lens[i]), &values[i]);
	}
	for (i = sizeof(lens); i-- > 0;) {
		struct df_lpm_key key = model_mask(host, lens[i]);

		assert_ptr_equal(df_lpm_find_rcu(&lpm, &host, lens[i]),
				 &values[i]);
		df_lpm_del(&lpm, &key, lens[i]);
		assert_ptr_equal(df_lpm_find_rcu(&lpm, &host, 32),
				 i ? &values[i - 1] : NULL);
	}
	assert_null(lpm.root);
}

static void prefixes_end_at_any_bit_of_128(void **state)
{
	struct df_lpm_key ones = { ~0ULL, ~0ULL }, key, other;
	struct df_lpm lpm = { 0 };
	char values[129];
	int len;

	(void)state;
	for (len = 0; len <= 128; len++) {
		key = model_mask(ones, len);
		assert_int_equal(df_lpm_add(&lpm, &key, len, &values[len]), 0);
	}
	for (len = 0; len <= 128; len++) {
		/* the same up to bit len, and there different */
		other = model_mask(ones, len);
		assert_ptr_equal(df_lpm_find_rcu(&lpm, &other, 128),
				 &values[len]);
		assert_ptr_equal(df_lpm_find_rcu(&lpm, &ones, len),
				 &values[len]);
	}
	for (len = 0; len <= 128; len++) {
		key = model_mask(ones, len);
		df_lpm_del(&lpm, &key, len);
		assert_null(df_lpm_get(&lpm, &key, len));
	}
	assert_null(lpm.root);
}

static void what_is_not_there_is_not_removed(void **state)
{
	struct df_lpm_key ten = ip4(10, 0, 0, 0), other = ip4(11, 0, 0, 0);
	struct df_lpm lpm = { 0 };
	char value;

	(void)state;
	df_lpm_del(&lpm, &ten, 8);
	assert_int_equal(df_lpm_add(&lpm, &ten, 8, &value), 0);
	df_lpm_del(&lpm, &ten, 9);
	df_lpm_del(&lpm, &ten, 7);
	df_lpm_del(&lpm, &other, 8);
	df_lpm_del(&lpm, &ten, 32);
	assert_ptr_equal(df_lpm_get(&lpm, &ten, 8), &value);
	df_lpm_del(&lpm, &ten, 8);
	assert_null(lpm.root);
}

static void without_memory_nothing_is_half_added(void **state)
{
	struct df_lpm_key host = ip4(203, 0, 113, 129), net;
	struct df_lpm lpm = { 0 };
	char near_value, value;
	unsigned int n;

	(void)state;
	net = model_mask(host, 8);
	test_allocations = UINT32_MAX;
	assert_int_equal(df_lpm_add(&lpm, &net, 8, &near_value), 0);
	for (n = 0; n < 5; n++) {
		test_allocations = n;
		if (!df_lpm_add(&lpm, &host, 32, &value))
			break;
		assert_ptr_equal(df_lpm_find_rcu(&lpm, &host, 32),
				 &near_value);
		assert_null(df_lpm_get(&lpm, &host, 32));
	}
	assert_in_range(n, 2, 5);
	test_allocations = 0;
	df_lpm_del(&lpm, &host, 32);
	assert_ptr_equal(df_lpm_find_rcu(&lpm, &host, 32), &near_value);
	df_lpm_del(&lpm, &net, 8);
	assert_null(lpm.root);
	test_allocations = UINT32_MAX;
}

/* Bits that collide often: every byte is one of few. */
static struct df_lpm_key random_key(bool is_ip6)
{
	static const uint8_t bytes[] = { 0, 1, 0x7f, 0x80, 0xff, 10 };
	struct df_lpm_key key = { 0 };
	int i;

	for (i = 0; i < 8; i++) {
		key.hi = key.hi << 8 | bytes[rand() % sizeof(bytes)];
		key.lo = key.lo << 8 | bytes[rand() % sizeof(bytes)];
	}
	return is_ip6 ? key : model_mask(key, 32);
}

static void random_add(struct df_lpm *lpm, struct model *model, bool is_ip6)
{
	struct model_prefix *p = malloc(sizeof(*p));
	size_t at;
	int err;

	assert_non_null(p);
	p->len = rand() % (is_ip6 ? 129 : 33);
	p->key = model_mask(random_key(is_ip6), p->len);
	err = df_lpm_add(lpm, &p->key, p->len, p);
	if (model_get(model, p->key, p->len, &at))
		assert_int_equal(err, -EEXIST);
	else if (err)
		assert_int_equal(err, -ENOMEM);
	if (err)
		free(p);
	else
		model->prefixes[model->count++] = p;
}

static void random_del(struct df_lpm *lpm, struct model *model)
{
	size_t at = rand() % model->count;
	struct model_prefix *p = model->prefixes[at];

	df_lpm_del(lpm, &p->key, p->len);
	model->prefixes[at] = model->prefixes[--model->count];
	free(p);
}

static void compare(const struct df_lpm *lpm, const struct model *model,
		    bool is_ip6)
{
	int i;

	for (i = 0; i < 8; i++) {
		struct df_lpm_key key = random_key(is_ip6);
		uint8_t max_len = rand() % 4 ? 128 : rand() % 129;

		assert_ptr_equal(df_lpm_find_rcu(lpm, &key, max_len),
				 model_find(model, key, max_len));
	}
}

static void random_changes(bool is_ip6, size_t most)
{
	struct model model = { .count = 0 };
	struct df_lpm lpm = { 0 };
	int step;

	for (step = 0; step < 20000; step++) {
		test_allocations = rand() % 8 ? UINT32_MAX : (unsigned int)rand() % 6;
		if (model.count < most && (!model.count || rand() % 3))
			random_add(&lpm, &model, is_ip6);
		else
			random_del(&lpm, &model);
		compare(&lpm, &model, is_ip6);
	}
	test_allocations = 0;
	while (model.count)
		random_del(&lpm, &model);
	assert_null(lpm.root);
	test_allocations = UINT32_MAX;
}

static void ip4_agrees_with_the_model(void **state)
{
	(void)state;
	random_changes(false, 10);
	random_changes(false, 1000);
}

static void ip6_agrees_with_the_model(void **state)
{
	(void)state;
	random_changes(true, 10);
	random_changes(true, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_prefix_wins),
		cmocka_unit_test(prefixes_end_at_any_bit_of_128),
		cmocka_unit_test(what_is_not_there_is_not_removed),
		cmocka_unit_test(without_memory_nothing_is_half_added),
		cmocka_unit_test(ip4_agrees_with_the_model),
		cmocka_unit_test(ip6_agrees_with_the_model),
	};

	srand(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
