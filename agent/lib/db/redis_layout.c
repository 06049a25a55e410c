// SPDX-License-Identifier: GPL-2.0
/* What the Redis driver reads; see redis_layout.h. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "redis_layout.h"

bool df_redis_is_name(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return len && len <= DF_DB_KEY_MAX;
}

static bool is_text(const struct redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING ||
	       reply->type == REDIS_REPLY_STATUS;
}

static int take_name(char to[DF_DB_KEY_MAX + 1], const char *from, size_t len)
{
	if (!df_redis_is_name(from, len))
		return -EBADMSG;
	memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

/* VERSION TOPIC LEASE, a new line, the value */
static int parse_raw(struct df_db_entry *entry, struct df_redis_names *names,
		     const char *raw, size_t len)
{
	const char *line = len ? memchr(raw, '\n', len) : NULL;
	const char *topic;
	const char *lease;
	char *end;

	if (!line)
		return -EBADMSG;
	topic = memchr(raw, ' ', line - raw);
	lease = topic ? memchr(topic + 1, ' ', line - topic - 1) : NULL;
	if (!lease || topic == raw || *raw < '0' || *raw > '9')
		return -EBADMSG;
	topic++;
	names->topic[0] = '\0';
	if (lease > topic && take_name(names->topic, topic, lease - topic))
		return -EBADMSG;
	errno = 0;
	entry->version = strtoull(raw, &end, 10);
	if (errno || end != topic - 1 || !entry->version ||
	    entry->version > DF_DB_VERSION_MAX)
		return -EBADMSG;
	entry->key = names->key;
	entry->topic = names->topic;
	entry->value = line + 1;
	entry->len = raw + len - line - 1;
	return 0;
}

int df_redis_entry_parse(struct df_db_entry *entry,
			 struct df_redis_names *names,
			 const struct redisReply *key,
			 const struct redisReply *raw)
{
	if (!is_text(key) || !is_text(raw) ||
	    take_name(names->key, key->str, key->len))
		return -EBADMSG;
	return parse_raw(entry, names, raw->str, raw->len);
}

static int take_id(char to[DF_REDIS_ID_MAX], const struct redisReply *reply)
{
	if (!is_text(reply) || !reply->len || (size_t)reply->len >= DF_REDIS_ID_MAX ||
	    strspn(reply->str, "0123456789-") != (size_t)reply->len)
		return -EBADMSG;
	memcpy(to, reply->str, reply->len + 1);
	return 0;
}

int df_redis_record_parse(struct df_redis_record *record,
			  const struct redisReply *reply)
{
	const struct redisReply *fields;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		return -EBADMSG;
	fields = reply->element[1];
	if (fields->type != REDIS_REPLY_ARRAY || fields->elements < 2 ||
	    fields->elements % 2 || !is_text(fields->element[0]) ||
	    strcmp(fields->element[0]->str, "p") ||
	    take_id(record->id, reply->element[0]) ||
	    take_id(record->before, fields->element[1]))
		return -EBADMSG;
	record->fields = fields;
	record->at = 2;
	return 0;
}

int df_redis_record_next(struct df_redis_change *change,
			 struct df_redis_record *record)
{
	const struct redisReply *what;
	const struct redisReply *value;

	if (record->at == record->fields->elements)
		return 0;
	what = record->fields->element[record->at++];
	value = record->fields->element[record->at++];
	if (!is_text(what) || !is_text(value) || what->len < 2 ||
	    (what->str[0] != '+' && what->str[0] != '-') ||
	    take_name(change->names.key, what->str + 1, what->len - 1))
		return -EBADMSG;
	change->is_put = what->str[0] == '+';
	if (change->is_put)
		return parse_raw(&change->entry, &change->names, value->str,
				 value->len) ? -EBADMSG : 1;
	return take_name(change->names.topic, value->str, value->len) ?
	       -EBADMSG : 1;
}

int df_redis_records(const struct redisReply **records,
		     const struct redisReply *reply)
{
	const struct redisReply *stream;

	*records = NULL;
	if (reply->type == REDIS_REPLY_NIL)
		return 0;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1)
		return -EBADMSG;
	stream = reply->element[0];
	if (stream->type != REDIS_REPLY_ARRAY || stream->elements != 2 ||
	    stream->element[1]->type != REDIS_REPLY_ARRAY)
		return -EBADMSG;
	*records = stream->element[1];
	return 0;
}
