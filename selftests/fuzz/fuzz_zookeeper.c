// SPDX-License-Identifier: GPL-2.0
/*
 * What the ZooKeeper driver reads: its URI, and from the servers the nodes'
 * names and contents. The first byte says which of them the rest is.
 */
#include <errno.h>
#include <stdio.h>

#include "db.h"
#include "db/zookeeper_layout.h"
#include "db/zookeeper_uri.h"
#include "fuzz.h"

static void try_uri(const char *rest)
{
	struct df_zk_uri uri = { 0 };
	struct df_error error = { 0 };
	char text[4096];
	int err;

	/* No files of this machine, please. */
	if (strlen(rest) > 4000 || strstr(rest, "auth=/"))
		return;
	snprintf(text, sizeof(text), "zookeeper://%s", rest);
	err = df_zk_uri_parse(&uri, text, &error);
	require(err == error.code && !err == !!uri.servers);
	if (err)
		return;
	require(*uri.servers && *uri.root == '/');
	require(strlen(uri.root) <= DF_ZK_ROOT_MAX);
	require(!strchr(uri.servers, '@'));
	require(uri.history >= 10 && uri.session_ms >= 100);
	require(!uri.auth || strchr(uri.auth, ':') > uri.auth);
	df_zk_uri_fini(&uri);
}

/* As a server wants it: no empty part, nor one that is dots only */
static void require_path(const struct df_zk_path *path)
{
	const char *at = path->text;

	require(path->len == strlen(at) && *at == '/');
	while (*at) {
		size_t len = strcspn(++at, "/");

		require(len && strncmp(at, ".", len) && strncmp(at, "..", len));
		at += len;
	}
}

static void try_key(const char *key)
{
	struct df_zk_path path;
	char back[DF_DB_KEY_MAX + 1];

	if (!df_zk_is_key(key, strlen(key)))
		return;
	df_zk_path_key(&path, "/root", key);
	require_path(&path);
	df_zk_path_record(&path, "/root", 1, key, 7);
	require_path(&path);
	df_zk_path_set(&path, "/root", "t");
	df_zk_path_add_flat(&path, key);
	df_zk_path_add_flat(&path, key);
	require_path(&path);
	require(df_zk_flat_parse(back, strrchr(path.text, '/') + 1));
	require(!strcmp(back, key));
}

static void try_name(const char *name)
{
	char key[DF_DB_KEY_MAX + 1];
	uint32_t nr;

	if (df_zk_flat_parse(key, name))
		try_key(key);
	if (df_zk_number_parse(&nr, name))
		require(nr <= INT32_MAX);
	try_key(name);
}

static void try_entry(const char *data, size_t len)
{
	struct df_zk_entry entry;
	struct df_zk_buf buf = { 0 };
	struct df_db_op op = { .topic = entry.topic };

	if (df_zk_entry_parse(&entry, data, len))
		return;
	op.value = entry.value;
	op.len = entry.len;
	df_zk_entry_print(&buf, &op, entry.lease);
	require(buf.len == len && !memcmp(buf.data, data, len));
	df_zk_buf_fini(&buf);
}

static void try_record(const char *data, size_t len)
{
	struct df_zk_item item;
	int more;

	while ((more = df_zk_item_next(&item, &data, &len)) > 0) {
		struct df_db_op op = { .value = item.value, .len = item.len };
		struct df_zk_buf buf = { 0 };
		struct df_zk_item back;
		const char *at;
		size_t left;

		df_zk_item_print(&buf, item.key, item.topic,
				 item.is_put ? &op : NULL);
		at = buf.data;
		left = buf.len;
		require(df_zk_item_next(&back, &at, &left) == 1 && !left);
		require(back.is_put == item.is_put && back.len == item.len);
		require(!strcmp(back.key, item.key));
		require(!strcmp(back.topic, item.topic));
		require(!item.is_put ||
			!memcmp(back.value, item.value, item.len));
		df_zk_buf_fini(&buf);
	}
	require(more == 0 || more == -EBADMSG);
	require(more || !len);
}

static void try_log(const char *data, size_t len)
{
	struct df_zk_log log;
	struct df_zk_log back;
	char text[64];
	int err;

	err = df_zk_log_parse(&log, data, len);
	require(!err || err == -EBADMSG || err == -EPROTO);
	if (err)
		return;
	require(log.oldest <= log.current);
	len = df_zk_log_print(text, sizeof(text), &log);
	require(!df_zk_log_parse(&back, text, len));
	require(back.current == log.current && back.oldest == log.oldest);
}

static void try_owner(const char *data, size_t len)
{
	struct df_zk_owner owner;
	struct df_zk_owner back;
	char text[160];

	if (df_zk_owner_parse(&owner, data, len))
		return;
	require(owner.pid > 0);
	len = df_zk_owner_print(text, sizeof(text), &owner, "host");
	require(len < sizeof(text));
	require(!df_zk_owner_parse(&back, text, len));
	require(back.pid == owner.pid && back.place == owner.place &&
		back.start == owner.start);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *data;
	char *text;

	if (!size)
		return 0;
	data = fuzz_copy(input + 1, size - 1);
	text = fuzz_text(input + 1, size - 1);
	switch (*input) {
	case 'u':
		try_uri(text);
		break;
	case 'n':
		try_name(text);
		break;
	case 'e':
		try_entry(data, size - 1);
		break;
	case 'r':
		try_record(data, size - 1);
		break;
	case 'o':
		try_owner(data, size - 1);
		break;
	case 'l':
		try_log(data, size - 1);
		break;
	default:
		break;
	}
	free(text);
	free(data);
	return 0;
}
