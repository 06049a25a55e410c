// SPDX-License-Identifier: GPL-2.0
/*
 * What the etcd driver reads: its URI, and from the servers the answers to ranges,
 * transactions, watches, leases and tokens. The first byte says which of them the
 * rest is.
 */
#include <errno.h>
#include <stdio.h>

#include "db.h"
#include "db/etcd_txn.h"
#include "db/etcd_uri.h"
#include "db/etcd_wire.h"
#include "fuzz.h"

#define ROOT "/r"

static void try_uri(const char *rest)
{
	struct df_etcd_uri uri = { 0 };
	struct df_error error = { 0 };
	char text[4096];
	size_t i;
	int err;

	/* No files of this machine, please. */
	if (strlen(rest) > 4000 || strstr(rest, "=/"))
		return;
	snprintf(text, sizeof(text), "etcd://%s", rest);
	err = df_etcd_uri_parse(&uri, text, &error);
	require(err == error.code && !err == !!uri.count);
	if (err)
		return;
	require(*uri.root == '/' && strlen(uri.root) <= DF_ETCD_ROOT_MAX);
	for (i = 0; i < uri.count; i++) {
		require(!strchr(uri.servers[i], '@'));
		require(!strncmp(uri.servers[i], uri.is_tls ? "https://" :
							      "http://", 7));
	}
	require(!uri.servers[i]);
	require(!uri.auth || strchr(uri.auth, ':') > uri.auth);
	df_etcd_uri_fini(&uri);
}

static void require_entry(const struct df_etcd_kv *kv, char kind)
{
	struct df_etcd_names names;
	struct df_db_entry entry;
	struct df_etcd_key key;

	if (df_etcd_entry_parse(&entry, &names, kv, ROOT, kind))
		return;
	require(*entry.key && strlen(entry.key) <= DF_DB_KEY_MAX);
	require(strlen(entry.topic) <= DF_DB_KEY_MAX && entry.version);
	if (kind == 't')
		df_etcd_key_topic(&key, ROOT, entry.topic, entry.key);
	else
		df_etcd_key_set(&key, ROOT, 'k', entry.key);
	require(key.len == kv->key.len &&
		!memcmp(key.text, kv->key.data, key.len));
}

static int each_kv(void *arg, struct df_etcd_range *range)
{
	struct df_etcd_kv kv;
	int more;

	(void)arg;
	while ((more = df_etcd_range_next(range, &kv)) > 0) {
		require_entry(&kv, 'k');
		require_entry(&kv, 't');
	}
	return more;
}

static void try_range(struct df_pb_part message)
{
	struct df_etcd_range range;

	if (!df_etcd_range_parse(&range, message))
		each_kv(NULL, &range);
}

static void try_txn(struct df_pb_part message)
{
	static const struct df_db_op ops[] = {
		{ .type = DF_DB_PUT, .key = "a", .topic = "t", .value = "v",
		  .len = 1, .expect = DF_DB_ANY },
		{ .type = DF_DB_EMPTY, .key = "b" },
		{ .type = DF_DB_DELETE, .key = "b/c", .expect = DF_DB_PRESENT },
	};
	struct df_etcd_stored stored[3];
	struct df_etcd_plan plan = {
		.root = ROOT,
		.ops = ops,
		.count = 3,
		.stored = stored,
		.id = 1,
	};
	struct df_etcd_txn txn;
	struct df_pb pb = { 0 };

	if (df_etcd_txn_parse(&txn, message))
		return;
	df_etcd_txn_ranges(&txn, each_kv, NULL);
	if (df_etcd_txn_take(&plan, &txn))
		return;
	require(df_etcd_txn_unmet(&plan) <= 3);
	df_etcd_txn_write(&pb, &plan);
	plan.is_bounded = true;
	df_etcd_txn_write(&pb, &plan);
	df_pb_fini(&pb);
}

static void try_watch(struct df_pb_part message)
{
	struct df_etcd_watch watch;
	struct df_etcd_names names;
	struct df_etcd_kv kv;
	bool is_put;

	if (df_etcd_watch_parse(&watch, message))
		return;
	while (df_etcd_watch_next(&watch, &kv, &is_put) > 0) {
		require_entry(&kv, 't');
		if (!df_etcd_names_parse(&names, &kv, ROOT))
			require(*names.key && *names.topic);
	}
}

/* What is written reads as what it was. */
static void try_fields(struct df_pb_part message)
{
	struct df_pb_part again;
	struct df_pb_field field;
	struct df_pb_field back;
	struct df_pb pb = { 0 };
	int more;

	while ((more = df_pb_next(&field, &message)) > 0) {
		size_t mark;

		pb.len = 0;
		if (field.part.data) {
			mark = df_pb_open(&pb, field.number);
			df_pb_raw(&pb, field.part.data, field.part.len);
			df_pb_close(&pb, mark);
		} else {
			df_pb_uint(&pb, field.number, field.value);
		}
		again.data = pb.data;
		again.len = pb.len;
		require(df_pb_next(&back, &again) == 1 && !again.len);
		require(back.number == field.number &&
			back.value == field.value &&
			back.part.len == field.part.len);
	}
	require(more == 0 || more == -EBADMSG);
	df_pb_fini(&pb);
}

static void try_others(struct df_pb_part message)
{
	struct df_pb_part token;
	uint64_t ttl;

	df_etcd_lease_parse(&ttl, message);
	if (!df_etcd_token_parse(&token, message))
		require(token.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct df_pb_part message;
	char *data;
	char *text;

	if (!size)
		return 0;
	data = fuzz_copy(input + 1, size - 1);
	text = fuzz_text(input + 1, size - 1);
	message.data = (unsigned char *)data;
	message.len = size - 1;
	switch (*input) {
	case 'u':
		try_uri(text);
		break;
	case 'r':
		try_range(message);
		break;
	case 't':
		try_txn(message);
		break;
	case 'w':
		try_watch(message);
		break;
	case 'f':
		try_fields(message);
		break;
	default:
		try_others(message);
		break;
	}
	free(text);
	free(data);
	return 0;
}
