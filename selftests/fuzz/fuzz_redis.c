// SPDX-License-Identifier: GPL-2.0
/*
 * What the Redis driver reads: its URI, and from the servers, in Redis's protocol,
 * entries, lists and records of streams. The first byte says which of them the rest
 * is.
 */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>

#include "db.h"
#include "db/redis_layout.h"
#include "db/redis_uri.h"
#include "fuzz.h"

static void try_uri(const char *rest)
{
	struct df_redis_uri uri = { 0 };
	struct df_error error = { 0 };
	char text[4096];
	int err;

	/* No files of this machine, please. */
	if (strlen(rest) > 4000 || strstr(rest, "=/"))
		return;
	snprintf(text, sizeof(text), "redis://%s", rest);
	err = df_redis_uri_parse(&uri, text, &error);
	require(err == error.code && !err == !!uri.count);
	if (err)
		return;
	require(*uri.root && strlen(uri.root) <= DF_REDIS_ROOT_MAX);
	require(uri.history >= 10 && uri.servers[0].port);
	require(!uri.sentinel || *uri.sentinel);
	require(!uri.auth || strchr(uri.auth, ':') > uri.auth);
	df_redis_uri_fini(&uri);
}

static void require_entry(const struct df_db_entry *entry,
			  const struct redisReply *raw)
{
	require(df_redis_is_name(entry->key, strlen(entry->key)));
	require(!*entry->topic ||
		df_redis_is_name(entry->topic, strlen(entry->topic)));
	require(entry->version && entry->version <= DF_DB_VERSION_MAX);
	require(entry->len < (size_t)raw->len);
	require((const char *)entry->value + entry->len == raw->str + raw->len);
}

static void try_entry(const struct redisReply *key,
		      const struct redisReply *raw)
{
	struct df_redis_names names;
	struct df_db_entry entry;

	if (!df_redis_entry_parse(&entry, &names, key, raw))
		require_entry(&entry, raw);
}

static void try_list(const struct redisReply *reply)
{
	size_t i;

	if (reply->type != REDIS_REPLY_ARRAY)
		return;
	for (i = 1; i < reply->elements; i++)
		try_entry(reply->element[i - 1], reply->element[i]);
}

static void try_record(const struct redisReply *reply)
{
	struct df_redis_change change;
	struct df_redis_record record;
	int more;

	if (df_redis_record_parse(&record, reply))
		return;
	require(strlen(record.id) && strlen(record.before));
	while ((more = df_redis_record_next(&change, &record)) > 0) {
		require(df_redis_is_name(change.names.key,
					 strlen(change.names.key)));
		if (change.is_put)
			require_entry(&change.entry,
				      record.fields->element[record.at - 1]);
		else
			require(*change.names.topic);
	}
	require(more == 0 || more == -EBADMSG);
}

static void try_records(const struct redisReply *reply)
{
	const struct redisReply *records;
	size_t i;

	if (df_redis_records(&records, reply) || !records)
		return;
	for (i = 0; i < records->elements; i++)
		try_record(records->element[i]);
}

static void try_reply(const char *data, size_t size)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	require(reader);
	redisReaderFeed(reader, data, size);
	if (!redisReaderGetReply(reader, &reply) && reply) {
		try_list(reply);
		try_record(reply);
		try_records(reply);
		freeReplyObject(reply);
	}
	redisReaderFree(reader);
}

/* hiredis believes how many elements there will be, and takes memory for them. */
static bool has_large_count(const uint8_t *input, size_t size)
{
	size_t i;

	for (i = 0; i + 1 < size; i++)
		if ((input[i] == '*' || input[i] == '$') &&
		    strtoll((const char *)input + i + 1, NULL, 10) > 100000)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = fuzz_text(input + 1, size - 1);
	if (*input == 'u')
		try_uri(text);
	else if (!has_large_count((const uint8_t *)text, strlen(text)))
		try_reply((const char *)input + 1, size - 1);
	free(text);
	return 0;
}
