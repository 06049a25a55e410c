// SPDX-License-Identifier: GPL-2.0
/* The table of keys that a subscriber has seen */
#include <stdio.h>
#include <string.h>

#include "cm.h"

#include "seen.h"

#define KEYS 5000

static const char *name(int n)
{
	static char text[32];

	snprintf(text, sizeof(text), "port/%d", n);
	return text;
}

static void empty_table_finds_nothing(void **state)
{
	struct df_seen seen = { 0 };

	(void)state;
	assert_null(df_seen_find(&seen, "x"));
	df_seen_del(&seen, "x");
	df_seen_fini(&seen);
}

static void keys_are_found_while_the_table_grows(void **state)
{
	struct df_seen seen = { 0 };
	int i;

	(void)state;
	for (i = 0; i < KEYS; i++) {
		struct df_seen_key *key = df_seen_add(&seen, name(i));

		assert_int_equal(key->version, 0);
		key->version = i + 1;
		assert_ptr_equal(df_seen_find(&seen, name(i / 2)),
				 df_seen_add(&seen, name(i / 2)));
	}
	assert_int_equal(seen.count, KEYS);
	for (i = 0; i < KEYS; i++)
		assert_int_equal(df_seen_find(&seen, name(i))->version, i + 1);
	assert_null(df_seen_find(&seen, name(KEYS)));
	df_seen_fini(&seen);
	assert_int_equal(seen.count, 0);
}

static void deleted_key_is_gone_and_others_stay(void **state)
{
	struct df_seen seen = { 0 };
	int i;

	(void)state;
	for (i = 0; i < KEYS; i++)
		df_seen_add(&seen, name(i));
	for (i = 0; i < KEYS; i += 2)
		df_seen_del(&seen, name(i));
	assert_int_equal(seen.count, KEYS / 2);
	for (i = 0; i < KEYS; i++) {
		if (i % 2)
			assert_non_null(df_seen_find(&seen, name(i)));
		else
			assert_null(df_seen_find(&seen, name(i)));
	}
	df_seen_fini(&seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_table_finds_nothing),
		cmocka_unit_test(keys_are_found_while_the_table_grows),
		cmocka_unit_test(deleted_key_is_gone_and_others_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
