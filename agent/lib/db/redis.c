// SPDX-License-Identifier: GPL-2.0
/*
 * The Redis driver: its table, its reading, and what its parts share.
 * redis_layout.h tells how a database is laid out; redis_script.c is what the server
 * runs, redis_session.c connects, redis_commit.c writes, redis_follow.c follows
 * topics, redis_lease.c keeps leases.
 */
#include <errno.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "redis.h"

/**
 * struct read_request - a get or a list
 * @key: of a get
 * @wants_none: only entries that are in no topic
 */
struct read_request {
	struct df_redis_request base;
	char *key;
	bool wants_none;
};

void *df_redis_must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

void df_redis_arm(struct event *timer, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (ms > 0)
		event_add(timer, &tv);
	else
		event_active(timer, EV_TIMEOUT, 0);
}

uint64_t df_redis_random(void)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		abort();
	return number;
}

/* Commands */

void df_redis_words_init(struct df_redis_words *words, size_t max)
{
	memset(words, 0, sizeof(*words));
	words->v = df_redis_must(calloc(max + 1, sizeof(*words->v)));
	words->lens = df_redis_must(calloc(max + 1, sizeof(*words->lens)));
}

void df_redis_words_add(struct df_redis_words *words, const void *word,
			size_t len)
{
	words->v[words->count] = word ? word : "";
	words->lens[words->count++] = len;
}

void df_redis_words_text(struct df_redis_words *words, const char *text)
{
	df_redis_words_add(words, text, strlen(text));
}

void df_redis_words_fini(struct df_redis_words *words)
{
	free(words->v);
	free(words->lens);
	free(words->bytes);
}

const char *df_redis_digits(char digits[8])
{
	snprintf(digits, 8, "%u",
		 (unsigned int)(100000 + df_redis_random() % 900000));
	return digits;
}

/* Requests */

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	struct df_redis_request *request = arg;
	struct df_redis *redis = request->redis;

	(void)fd;
	(void)what;
	if (redis->is_ready)
		df_db_req_fail(request->req, -ETIMEDOUT,
			       "%s: there was no answer for %u ms",
			       redis->uri.label, redis->uri.timeout_ms);
	else
		df_db_req_fail(request->req, -ENOTCONN,
			       "%s: there was no connection for %u ms (%s)",
			       redis->uri.label, redis->uri.timeout_ms,
			       redis->reason[0] ? redis->reason : "no answer");
	request->end(request);
}

void df_redis_request_init(struct df_redis *redis,
			   struct df_redis_request *request,
			   struct df_db_req *req,
			   void (*end)(struct df_redis_request *request))
{
	request->redis = redis;
	request->req = req;
	request->end = end;
	request->timer = df_redis_must(evtimer_new(redis->base, on_late,
						   request));
	TAILQ_INSERT_TAIL(&redis->requests, request, node);
	df_redis_arm(request->timer, redis->uri.timeout_ms);
}

void df_redis_request_fini(struct df_redis_request *request)
{
	TAILQ_REMOVE(&request->redis->requests, request, node);
	event_free(request->timer);
}

bool df_redis_is_refused(struct df_redis *redis, struct df_db_req *req)
{
	if (redis->refusal.code)
		df_db_req_fail(req, redis->refusal.code, "%s",
			       redis->refusal.text);
	return redis->refusal.code;
}

void df_redis_fail(struct df_redis *redis, struct df_db_req *req,
		   const struct df_redis_reply *reply)
{
	const char *text = reply->text;

	if (reply->code == -EACCES)
		text = "access is denied: the user has no permission for this";
	df_db_req_fail(req, reply->code, "%s: %.200s", redis->uri.label, text);
}

/* Reading */

static void request_end(struct df_redis_request *base)
{
	struct read_request *request = (struct read_request *)base;

	df_redis_request_fini(base);
	df_redis_cancel(base->redis, request);
	free(request->key);
	free(request);
}

static struct read_request *request_new(struct df_redis *redis,
					struct df_db_req *req, const char *key)
{
	struct read_request *request;

	if (df_redis_is_refused(redis, req))
		return NULL;
	request = df_redis_must(calloc(1, sizeof(*request)));
	request->key = df_redis_must(strdup(key));
	df_redis_request_init(redis, &request->base, req, request_end);
	return request;
}

static int answer(struct read_request *request, const struct redisReply *key,
		  const struct redisReply *raw)
{
	struct df_redis_names names;
	struct df_db_entry entry;

	if (df_redis_entry_parse(&entry, &names, key, raw))
		return -EBADMSG;
	if (!request->wants_none || !*entry.topic)
		df_db_req_entry(request->base.req, &entry);
	return 0;
}

static void finish(struct read_request *request, int err)
{
	struct df_redis_reply reply = {
		.code = err,
		.text = "something there is not what Dragonflow writes",
	};

	if (err)
		df_redis_fail(request->base.redis, request->base.req, &reply);
	else
		df_db_req_done(request->base.req);
	request_end(&request->base);
}

static void on_get(void *arg, const struct df_redis_reply *reply)
{
	struct read_request *request = arg;
	struct redisReply key = {
		.type = REDIS_REPLY_STRING,
		.str = request->key,
		.len = strlen(request->key),
	};

	if (reply->code) {
		df_redis_fail(request->base.redis, request->base.req, reply);
		request_end(&request->base);
		return;
	}
	finish(request, reply->reply->type == REDIS_REPLY_NIL ? 0 :
			answer(request, &key, reply->reply));
}

static void redis_get(void *priv, struct df_db_req *req, const char *key)
{
	struct df_redis *redis = priv;
	struct read_request *request = request_new(redis, req, key);
	char hash[DF_REDIS_ROOT_MAX + 16];
	const char *const words[] = { "HGET", hash, key, NULL };

	if (!request)
		return;
	snprintf(hash, sizeof(hash), "%s:e", redis->uri.root);
	df_redis_ask(redis, 0, on_get, request, words);
}

static void on_list(void *arg, const struct df_redis_reply *reply)
{
	struct read_request *request = arg;
	const struct redisReply *list = reply->reply;
	int err = 0;
	size_t i;

	if (reply->code) {
		df_redis_fail(request->base.redis, request->base.req, reply);
		request_end(&request->base);
		return;
	}
	if (list->type != REDIS_REPLY_ARRAY || list->elements % 2 != 1)
		err = -EBADMSG;
	for (i = 1; !err && i < list->elements; i += 2)
		err = answer(request, list->element[i], list->element[i + 1]);
	finish(request, err);
}

static void redis_list(void *priv, struct df_db_req *req, const char *prefix,
		       const char *topic)
{
	struct df_redis *redis = priv;
	bool has_topic = topic && *topic;
	const char *const words[] = { "list", prefix,
				      has_topic ? topic : NULL, NULL };
	struct read_request *request;

	/* What is no name of a topic is in no entry. */
	if (has_topic && (!df_redis_is_name(topic, strlen(topic)) ||
			  !strcmp(topic, "*"))) {
		df_db_req_done(req);
		return;
	}
	request = request_new(redis, req, prefix);
	if (!request)
		return;
	request->wants_none = topic && !*topic;
	df_redis_ask(redis, REDIS_SCRIPT, on_list, request, words);
}

extern const struct df_db_driver df_db_driver;

__attribute__((visibility("default")))
const struct df_db_driver df_db_driver = {
	.abi = DF_DB_ABI,
	.scheme = "redis",
	.caps = DF_DB_CAP_SUBSCRIBE_ALL,
	.value_max = DF_REDIS_VALUE_MAX,
	.ops_max = DF_REDIS_OPS_MAX,
	.open = df_redis_open,
	.close = df_redis_close,
	.get = redis_get,
	.list = redis_list,
	.commit = df_redis_commit,
	.subscribe = df_redis_subscribe,
	.unsubscribe = df_redis_unsubscribe,
	.lease_new = df_redis_lease_new,
	.lease_free = df_redis_lease_free,
};
