// SPDX-License-Identifier: GPL-2.0
/* Reading, writing and transactions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

static void absent_entry_reads_as_none(struct client *client)
{
	CHECK(do_get(client, fresh("none"), NULL, NULL, NULL) == -ENOENT, "-");
	CHECK(do_list(client, fresh("none"), NULL, NULL, 0) == 0, "-");
}

static void put_is_read_back_at_once(struct client *client)
{
	struct client *other = client_open();
	const char *key = fresh("key");
	uint64_t version = 0;
	char *value = NULL;

	CHECK(do_put(client, key, "", "hello", DF_DB_ABSENT) == 0, "-");
	CHECK(do_get(other, key, &value, NULL, &version) == 0, "-");
	CHECK(!strcmp(value, "hello"), "%s", value);
	CHECK(version >= 1 && version <= DF_DB_VERSION_MAX, "-");
	free(value);
	client_close(other);
}

static void values_are_any_bytes(struct client *client)
{
	const char *key = fresh("bytes");
	unsigned char bytes[256 * 4];
	struct df_db_op op = {
		.type = DF_DB_PUT,
		.key = key,
		.topic = "",
		.value = bytes,
		.len = sizeof(bytes),
		.expect = DF_DB_ANY,
	};
	char *value = NULL;
	size_t len = 0;
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	CHECK(do_commit(client, &op, 1, NULL, NULL) == 0, "-");
	CHECK(do_get(client, key, &value, &len, NULL) == 0, "-");
	CHECK(len == sizeof(bytes) && !memcmp(value, bytes, len), "%zu", len);
	free(value);
	op.len = 0;
	CHECK(do_commit(client, &op, 1, NULL, NULL) == 0, "-");
	CHECK(do_get(client, key, &value, &len, NULL) == 0, "-");
	CHECK(len == 0 && value[0] == '\0', "%zu", len);
	free(value);
	CHECK(do_put(client, key, "", "Grüße, 世界 🐉", DF_DB_ANY) == 0, "-");
	CHECK(do_get(client, key, &value, &len, NULL) == 0, "-");
	CHECK(!strcmp(value, "Grüße, 世界 🐉"), "%s", value);
	free(value);
}

static void value_may_be_as_large_as_promised(struct client *client)
{
	size_t max = df_db_value_max(client->db);
	const char *key = fresh("large");
	char *bytes = calloc(1, max + 1);
	struct df_db_op op = {
		.type = DF_DB_PUT,
		.key = key,
		.topic = "",
		.value = bytes,
		.len = max,
		.expect = DF_DB_ANY,
	};
	size_t len = 0;

	memset(bytes, 'x', max + 1);
	CHECK(do_commit(client, &op, 1, NULL, NULL) == 0, "-");
	CHECK(do_get(client, key, NULL, &len, NULL) == 0, "-");
	CHECK(len == max, "%zu", len);
	op.len++;
	CHECK(do_commit(client, &op, 1, NULL, NULL) == -E2BIG, "-");
	CHECK(do_delete(client, key, DF_DB_PRESENT) == 0, "-");
	free(bytes);
}

static void expectations_are_checked(struct client *client)
{
	const char *key = fresh("expect");
	uint64_t version;

	CHECK(do_put(client, key, "", "a", DF_DB_PRESENT) == -ESTALE, "-");
	CHECK(do_put(client, key, "", "a", 1) == -ESTALE, "-");
	CHECK(do_delete(client, key, DF_DB_PRESENT) == -ESTALE, "-");
	CHECK(do_delete(client, key, DF_DB_ANY) == 0, "-");
	CHECK(do_put(client, key, "", "a", DF_DB_ABSENT) == 0, "-");
	CHECK(do_put(client, key, "", "b", DF_DB_ABSENT) == -ESTALE, "-");
	CHECK(do_put(client, key, "", "b", DF_DB_PRESENT) == 0, "-");
	CHECK(do_get(client, key, NULL, NULL, &version) == 0, "-");
	CHECK(do_put(client, key, "", "c", version) == 0, "-");
	CHECK(do_put(client, key, "", "d", version) == -ESTALE, "-");
	CHECK(do_delete(client, key, version) == -ESTALE, "-");
	CHECK(do_get(client, key, NULL, NULL, &version) == 0, "-");
	CHECK(do_delete(client, key, version) == 0, "-");
	CHECK(do_get(client, key, NULL, NULL, NULL) == -ENOENT, "-");
}

static void version_is_never_used_twice(struct client *client)
{
	const char *key = fresh("version");
	uint64_t seen[20];
	int i;
	int j;

	for (i = 0; i < 20; i++) {
		CHECK(do_put(client, key, "", "x", DF_DB_ANY) == 0, "-");
		CHECK(do_get(client, key, NULL, NULL, &seen[i]) == 0, "-");
		for (j = 0; j < i; j++)
			CHECK(seen[i] != seen[j], "%d %d", i, j);
		if (i % 3 == 0)
			CHECK(do_delete(client, key, DF_DB_ANY) == 0, "-");
	}
}

static void transaction_is_all_or_nothing(struct client *client)
{
	const char *prefix = fresh("txn");
	char a[96];
	char b[96];
	char c[96];
	struct df_db_op ops[] = {
		{ .type = DF_DB_PUT, .key = a, .topic = "", .value = "new",
		  .len = 3, .expect = DF_DB_ANY },
		{ .type = DF_DB_DELETE, .key = b, .expect = DF_DB_PRESENT },
		{ .type = DF_DB_CHECK, .key = c, .expect = DF_DB_PRESENT },
	};
	size_t conflict = 99;
	char *value = NULL;

	snprintf(a, sizeof(a), "%s/a", prefix);
	snprintf(b, sizeof(b), "%s/b", prefix);
	snprintf(c, sizeof(c), "%s/c", prefix);
	CHECK(do_put(client, a, "", "old", DF_DB_ANY) == 0, "-");
	CHECK(do_put(client, b, "", "old", DF_DB_ANY) == 0, "-");
	CHECK(do_commit(client, ops, 3, NULL, &conflict) == -ESTALE, "-");
	CHECK(conflict == 2, "%zu", conflict);
	CHECK(do_get(client, a, &value, NULL, NULL) == 0, "-");
	CHECK(!strcmp(value, "old"), "%s", value);
	free(value);
	CHECK(do_get(client, b, NULL, NULL, NULL) == 0, "-");
	CHECK(do_put(client, c, "", "", DF_DB_ANY) == 0, "-");
	CHECK(do_commit(client, ops, 3, NULL, NULL) == 0, "-");
	CHECK(do_get(client, a, &value, NULL, NULL) == 0, "-");
	CHECK(!strcmp(value, "new"), "%s", value);
	free(value);
	CHECK(do_get(client, b, NULL, NULL, NULL) == -ENOENT, "-");
}

static void empty_looks_at_the_end_of_the_transaction(struct client *client)
{
	const char *prefix = fresh("empty");
	char inside[96];
	char with_slash[96];
	struct df_db_op ops[] = {
		{ .type = DF_DB_EMPTY, .key = with_slash,
		  .expect = DF_DB_ANY },
		{ .type = DF_DB_DELETE, .key = inside, .expect = DF_DB_ANY },
	};
	size_t conflict = 99;

	snprintf(with_slash, sizeof(with_slash), "%s/", prefix);
	snprintf(inside, sizeof(inside), "%s/x", prefix);
	CHECK(do_put(client, prefix, "", "beside", DF_DB_ANY) == 0, "-");
	CHECK(do_commit(client, ops, 1, NULL, NULL) == 0, "-");
	CHECK(do_put(client, inside, "", "", DF_DB_ANY) == 0, "-");
	CHECK(do_commit(client, ops, 1, NULL, &conflict) == -ESTALE, "-");
	CHECK(conflict == 0, "%zu", conflict);
	CHECK(do_commit(client, ops, 2, NULL, NULL) == 0, "-");
	CHECK(do_get(client, inside, NULL, NULL, NULL) == -ENOENT, "-");
	ops[1].type = DF_DB_PUT;
	ops[1].topic = "";
	CHECK(do_commit(client, ops, 2, NULL, NULL) == -ESTALE, "-");
	CHECK(do_get(client, inside, NULL, NULL, NULL) == -ENOENT, "-");
}

static void senseless_requests_are_refused(struct client *client)
{
	const char *key = fresh("twice");
	char longest[DF_DB_KEY_MAX + 2];
	struct df_db_op ops[] = {
		{ .type = DF_DB_PUT, .key = key, .topic = "",
		  .expect = DF_DB_ANY },
		{ .type = DF_DB_DELETE, .key = key, .expect = DF_DB_ANY },
	};

	CHECK(do_commit(client, ops, 2, NULL, NULL) == -EINVAL, "-");
	CHECK(do_get(client, key, NULL, NULL, NULL) == -ENOENT, "-");
	CHECK(do_put(client, "", "", "", DF_DB_ANY) == -EINVAL, "-");
	CHECK(do_put(client, "a b", "", "", DF_DB_ANY) == -EINVAL, "-");
	CHECK(do_put(client, "ä", "", "", DF_DB_ANY) == -EINVAL, "-");
	memset(longest, 'k', sizeof(longest));
	longest[DF_DB_KEY_MAX + 1] = '\0';
	CHECK(do_put(client, longest, "", "", DF_DB_ANY) == -EINVAL, "-");
	longest[DF_DB_KEY_MAX] = '\0';
	CHECK(do_put(client, longest, "", "", DF_DB_ANY) == 0, "-");
	CHECK(do_delete(client, longest, DF_DB_PRESENT) == 0, "-");
}

static void list_takes_prefix_and_topic(struct client *client)
{
	static const char *const keys[] = { "b", "a/10", "a/2", "a/1", "a~" };
	const char *prefix = fresh("list");
	const char *topic = fresh("topic");
	char want[512];
	char got[512];
	char key[96];
	size_t i;

	for (i = 0; i < 5; i++) {
		snprintf(key, sizeof(key), "%s%s", prefix, keys[i]);
		CHECK(do_put(client, key, i % 2 ? topic : "", "",
			     DF_DB_ANY) == 0, "-");
	}
	snprintf(key, sizeof(key), "%sa/1", prefix);
	snprintf(want, sizeof(want), "%sa/1 %sa/10", prefix, prefix);
	CHECK(do_list(client, key, NULL, got, sizeof(got)) == 2, "%s", got);
	CHECK(!strcmp(got, want), "%s", got);
	CHECK(do_list(client, prefix, NULL, NULL, 0) == 5, "-");
	CHECK(do_list(client, key, topic, got, sizeof(got)) == 2, "%s", got);
	CHECK(do_list(client, prefix, topic, NULL, 0) == 2, "-");
	CHECK(do_list(client, "", topic, NULL, 0) == 2, "-");
	/* Whatever else there is: all of it. */
	CHECK(do_list(client, "", NULL, NULL, 0) >= 5, "-");
}

static void never_called(void *arg, const struct df_error *error,
			 const struct df_db_entry *entries, size_t count)
{
	(void)error;
	(void)entries;
	(void)count;
	*(bool *)arg = true;
}

static void cancelled_request_does_not_answer(struct client *client)
{
	struct client *other = client_open();
	bool was_called = false;

	df_db_cancel(df_db_get(client->db, "x", never_called, &was_called));
	CHECK(do_get(client, fresh("none"), NULL, NULL, NULL) == -ENOENT, "-");
	df_db_get(other->db, "x", never_called, &was_called);
	client_close(other);
	client_run(client, 20, NULL);
	CHECK(!was_called, "-");
}

static void entries_outlive_their_writer(struct client *client)
{
	struct client *other = client_open();
	const char *key = fresh("reopen");
	char *value = NULL;

	CHECK(do_put(other, key, "", "kept", DF_DB_ANY) == 0, "-");
	client_close(other);
	other = client_open();
	CHECK(do_get(other, key, &value, NULL, NULL) == 0, "-");
	CHECK(!strcmp(value, "kept"), "%s", value);
	free(value);
	client_close(other);
	CHECK(do_delete(client, key, DF_DB_PRESENT) == 0, "-");
}

const struct test entry_tests[] = {
	{ "absent_entry_reads_as_none", absent_entry_reads_as_none },
	{ "put_is_read_back_at_once", put_is_read_back_at_once },
	{ "values_are_any_bytes", values_are_any_bytes },
	{ "value_may_be_as_large_as_promised",
	  value_may_be_as_large_as_promised },
	{ "expectations_are_checked", expectations_are_checked },
	{ "version_is_never_used_twice", version_is_never_used_twice },
	{ "transaction_is_all_or_nothing", transaction_is_all_or_nothing },
	{ "empty_looks_at_the_end_of_the_transaction",
	  empty_looks_at_the_end_of_the_transaction },
	{ "senseless_requests_are_refused", senseless_requests_are_refused },
	{ "list_takes_prefix_and_topic", list_takes_prefix_and_topic },
	{ "cancelled_request_does_not_answer",
	  cancelled_request_does_not_answer },
	{ "entries_outlive_their_writer", entries_outlive_their_writer },
	{ NULL, NULL }
};
