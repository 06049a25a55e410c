// SPDX-License-Identifier: GPL-2.0
/*
 * The Redis driver's subscriptions. A topic is read once, with where its stream
 * ended; then the stream is read on from there whenever the server says that it has
 * more. What the server says is only a hint and may be lost: in each new session all
 * is looked at. Each record names the one before it, so that a gap shows: in a stream
 * that was trimmed, or on a server that took over and does not have all that the one
 * before it had. Then the topic is read anew.
 */
#include <errno.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis.h"

#define RECORDS "500"
#define RECORDS_MAX 500u
/* What could not be read is tried again after that time. */
#define AGAIN_MS 1000

/**
 * struct df_redis_sub - a subscription
 * @sub: the core's side
 * @last: the record that was read last; "": the topic has not been read
 * @is_asking: something is under way
 * @has_more: something was said meanwhile
 * @is_unsure: the last record may not be there any more
 */
struct df_redis_sub {
	LIST_ENTRY(df_redis_sub) node;
	struct df_redis *redis;
	struct df_db_sub *sub;
	char *topic;
	char *stream;
	char last[DF_REDIS_ID_MAX];
	bool is_asking;
	bool has_more;
	bool is_unsure;
	struct event *again;
};

static void look(struct df_redis_sub *sub);

/* The topic */

static int tell_snapshot(struct df_redis_sub *sub,
			 const struct redisReply *list)
{
	struct df_redis_names names;
	struct df_db_entry entry;
	size_t i;

	if (list->type != REDIS_REPLY_ARRAY || list->elements % 2 != 1 ||
	    list->element[0]->type != REDIS_REPLY_STRING ||
	    list->element[0]->len >= (int)sizeof(sub->last))
		return -EBADMSG;
	df_db_sub_begin(sub->sub);
	for (i = 1; i < list->elements; i += 2)
		if (!df_redis_entry_parse(&entry, &names, list->element[i],
					  list->element[i + 1]))
			df_db_sub_put(sub->sub, &entry);
	df_db_sub_end(sub->sub);
	strcpy(sub->last, list->element[0]->str);
	return 0;
}

static void on_topic(void *arg, const struct df_redis_reply *reply)
{
	struct df_redis_sub *sub = arg;

	sub->is_asking = false;
	if (reply->code || tell_snapshot(sub, reply->reply))
		df_redis_arm(sub->again, AGAIN_MS);
	else if (sub->has_more)
		look(sub);
}

static void read_topic(struct df_redis_sub *sub)
{
	const char *const words[] = { "topic", sub->topic, NULL };

	sub->last[0] = '\0';
	sub->is_asking = true;
	sub->has_more = false;
	sub->is_unsure = false;
	df_redis_ask(sub->redis, REDIS_SCRIPT, on_topic, sub, words);
}

/* Its stream */

static void tell_record(struct df_redis_sub *sub,
			struct df_redis_record *record)
{
	struct df_redis_change change;

	while (df_redis_record_next(&change, record) > 0) {
		if (change.is_put)
			df_db_sub_put(sub->sub, &change.entry);
		else
			df_db_sub_delete(sub->sub, change.names.key,
					 change.names.topic);
	}
	strcpy(sub->last, record->id);
}

/* False: it does not follow what was read before. */
static bool tell_records(struct df_redis_sub *sub,
			 const struct redisReply *records)
{
	struct df_redis_record record;
	size_t i;

	for (i = 0; i < records->elements; i++) {
		if (df_redis_record_parse(&record, records->element[i]) ||
		    strcmp(record.before, sub->last))
			return false;
		tell_record(sub, &record);
	}
	return true;
}

static void on_records(void *arg, const struct df_redis_reply *reply)
{
	struct df_redis_sub *sub = arg;
	const struct redisReply *records;

	sub->is_asking = false;
	if (reply->code) {
		df_redis_arm(sub->again, AGAIN_MS);
		return;
	}
	if (df_redis_records(&records, reply->reply) ||
	    (records && !tell_records(sub, records))) {
		read_topic(sub);
		return;
	}
	if (sub->has_more || (records && records->elements == RECORDS_MAX))
		look(sub);
}

static void read_stream(struct df_redis_sub *sub)
{
	const char *const words[] = { "XREAD", "COUNT", RECORDS, "STREAMS",
				      sub->stream, sub->last, NULL };

	sub->is_asking = true;
	sub->has_more = false;
	df_redis_ask(sub->redis, 0, on_records, sub, words);
}

static void on_place(void *arg, const struct df_redis_reply *reply)
{
	struct df_redis_sub *sub = arg;

	sub->is_asking = false;
	if (reply->code) {
		df_redis_arm(sub->again, AGAIN_MS);
		return;
	}
	sub->is_unsure = false;
	if (reply->reply->type == REDIS_REPLY_ARRAY &&
	    reply->reply->elements == 1)
		read_stream(sub);
	else
		read_topic(sub);
}

/* Is the record that was read last there still? */
static void find_place(struct df_redis_sub *sub)
{
	const char *const words[] = { "XRANGE", sub->stream, sub->last,
				      sub->last, NULL };

	sub->is_asking = true;
	df_redis_ask(sub->redis, 0, on_place, sub, words);
}

static void look(struct df_redis_sub *sub)
{
	if (sub->is_asking)
		sub->has_more = true;
	else if (!*sub->last)
		read_topic(sub);
	else if (sub->is_unsure && strcmp(sub->last, "0-0"))
		find_place(sub);
	else
		read_stream(sub);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	look(arg);
}

/* Hints */

static void hint(struct df_redis *redis, const char *channel)
{
	size_t len = strlen(redis->uri.root);
	struct df_redis_sub *sub;

	LIST_FOREACH(sub, &redis->subs, node)
		if (!strcmp(sub->stream, channel))
			look(sub);
	if (!strncmp(channel, redis->uri.root, len) &&
	    !strcmp(channel + len, ":l"))
		df_redis_arm(redis->reap, 0);
}

/* "message" and, when it has begun, "subscribe", of a channel */
static void on_hint(void *arg, const struct redisReply *reply)
{
	struct df_redis *redis = arg;

	if (reply->type == REDIS_REPLY_ERROR) {
		df_redis_lost(redis, reply->str);
		return;
	}
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 3 ||
	    reply->element[0]->type != REDIS_REPLY_STRING ||
	    reply->element[1]->type != REDIS_REPLY_STRING)
		return;
	if (!strcmp(reply->element[0]->str, "message") ||
	    !strcmp(reply->element[0]->str, "subscribe"))
		hint(redis, reply->element[1]->str);
}

static void on_down(void *arg, const char *reason)
{
	df_redis_lost(arg, reason);
}

static const struct df_redis_link_ops hint_ops = {
	.reply = on_hint,
	.down = on_down,
};

static void say(struct df_redis *redis, const char *command,
		const char *channel)
{
	const char *const words[] = { command, channel };
	const size_t lens[] = { strlen(command), strlen(channel) };

	df_redis_link_send(redis->hints, 2, words, lens);
}

static void say_who(struct df_redis *redis)
{
	const char *auth = redis->uri.auth;
	const char *const words[] = { "AUTH", auth,
				      auth ? strchr(auth, ':') + 1 : "" };
	const size_t lens[] = { 4, auth ? strcspn(auth, ":") : 0,
				strlen(words[2]) };

	if (auth)
		df_redis_link_send(redis->hints, 3, words, lens);
}

void df_redis_hints_start(struct df_redis *redis)
{
	char leases[DF_REDIS_ROOT_MAX + 16];
	struct df_redis_sub *sub;

	if (!redis->is_ready || redis->hints ||
	    (LIST_EMPTY(&redis->subs) && LIST_EMPTY(&redis->leases)))
		return;
	redis->hints = df_redis_link_new(&redis->net, &redis->master,
					 &hint_ops, redis);
	say_who(redis);
	snprintf(leases, sizeof(leases), "%s:l", redis->uri.root);
	say(redis, "SUBSCRIBE", leases);
	LIST_FOREACH(sub, &redis->subs, node)
		say(redis, "SUBSCRIBE", sub->stream);
	df_redis_arm(redis->ping, 2 * (int64_t)redis->uri.failover_ms);
}

void df_redis_follow_start(struct df_redis *redis)
{
	struct df_redis_sub *sub;

	/* Each is looked at when it is told that the hints have begun. */
	LIST_FOREACH(sub, &redis->subs, node)
		sub->is_unsure = true;
	df_redis_hints_start(redis);
}

/* Is everything there? Both connections are, if they answer. */
static void on_pong(void *arg, const struct df_redis_reply *reply)
{
	(void)arg;
	(void)reply;
}

void df_redis_ping(evutil_socket_t fd, short what, void *arg)
{
	static const char *const words[] = { "PING", NULL };
	static const size_t lens[] = { 4 };
	struct df_redis *redis = arg;
	int64_t silent_ms;

	(void)fd;
	(void)what;
	if (!redis->is_ready || !redis->hints)
		return;
	silent_ms = df_redis_now_ms() - df_redis_link_heard_ms(redis->hints);
	/* It was asked one time before that. */
	if (silent_ms > 4 * (int64_t)redis->uri.failover_ms) {
		df_redis_lost(redis, "it says nothing any more");
		return;
	}
	df_redis_ask(redis, REDIS_ONCE, on_pong, &redis->ping, words);
	df_redis_link_send(redis->hints, 1, words, lens);
	df_redis_arm(redis->ping, 2 * (int64_t)redis->uri.failover_ms);
}

/* Beginning and end */

static bool is_followed(const struct df_redis *redis, const char *stream)
{
	const struct df_redis_sub *sub;

	LIST_FOREACH(sub, &redis->subs, node)
		if (!strcmp(sub->stream, stream))
			return true;
	return false;
}

int df_redis_subscribe(void **out, void *priv, struct df_db_sub *core,
		       const char *topic, struct df_error *error)
{
	struct df_redis *redis = priv;
	struct df_redis_sub *sub = df_redis_must(calloc(1, sizeof(*sub)));
	bool is_known;

	(void)error;
	sub->redis = redis;
	sub->sub = core;
	sub->topic = df_redis_must(strdup(topic));
	if (asprintf(&sub->stream, "%s:s:%s", redis->uri.root, topic) < 0)
		abort();
	sub->again = df_redis_must(evtimer_new(redis->base, on_again, sub));
	is_known = is_followed(redis, sub->stream);
	LIST_INSERT_HEAD(&redis->subs, sub, node);
	if (redis->hints && !is_known)
		say(redis, "SUBSCRIBE", sub->stream);
	else if (redis->hints)
		look(sub);
	df_redis_hints_start(redis);
	*out = sub;
	return 0;
}

void df_redis_unsubscribe(void *priv, void *old)
{
	struct df_redis_sub *sub = old;
	struct df_redis *redis = priv;

	df_redis_cancel(redis, sub);
	LIST_REMOVE(sub, node);
	if (redis->hints && !is_followed(redis, sub->stream))
		say(redis, "UNSUBSCRIBE", sub->stream);
	event_free(sub->again);
	free(sub->topic);
	free(sub->stream);
	free(sub);
}
