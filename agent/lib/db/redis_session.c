// SPDX-License-Identifier: GPL-2.0
/*
 * The Redis driver's sessions and calls. A server that is silent or says that it
 * cannot serve is left; calls that are under way are made again in the next
 * session, unless that could do something twice.
 */
#include <errno.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis.h"

/* Between two tries, once all servers have been tried */
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 1000
/* What was refused will hardly be granted soon. */
#define REFUSED_MS 3000
/* Leases are given up within this time, when a database is closed. */
#define CLOSE_MS 500

/**
 * struct df_redis_call - a call, until it is answered
 * @words: copied behind it
 * @is_sent: in this session
 */
struct df_redis_call {
	TAILQ_ENTRY(df_redis_call) node;
	struct df_redis *redis;
	struct df_redis_words words;
	unsigned int flags;
	df_redis_reply_fn fn;
	void *arg;
	bool is_sent;
	int64_t sent_ms;
};

static void call_free(struct df_redis_call *call)
{
	TAILQ_REMOVE(&call->redis->calls, call, node);
	df_redis_words_fini(&call->words);
	free(call);
}

static void call_end(struct df_redis_call *call,
		     const struct df_redis_reply *reply)
{
	df_redis_reply_fn fn = call->fn;
	void *arg = call->arg;

	call_free(call);
	if (fn)
		fn(arg, reply);
}

static void call_send(struct df_redis_call *call)
{
	static const char *const eval[] = { "EVALSHA", NULL, "1", NULL };
	static const size_t eval_lens[] = { 7, 0, 1, 0 };
	struct df_redis *redis = call->redis;
	char root[DF_REDIS_ROOT_MAX + 2];
	struct df_redis_words words;
	size_t i;

	call->is_sent = true;
	call->sent_ms = df_redis_now_ms();
	if (!event_pending(redis->stall, EV_TIMEOUT, NULL))
		df_redis_arm(redis->stall, redis->uri.failover_ms);
	if (!(call->flags & REDIS_SCRIPT)) {
		df_redis_link_send(redis->link, call->words.count,
				   call->words.v, call->words.lens);
		return;
	}
	df_redis_words_init(&words, call->words.count + 4);
	for (i = 0; i < 4; i++)
		df_redis_words_add(&words, eval[i], eval_lens[i]);
	words.v[1] = redis->sha;
	words.lens[1] = strlen(redis->sha);
	snprintf(root, sizeof(root), "%s:", redis->uri.root);
	words.v[3] = root;
	words.lens[3] = strlen(root);
	for (i = 0; i < call->words.count; i++)
		df_redis_words_add(&words, call->words.v[i],
				   call->words.lens[i]);
	df_redis_link_send(redis->link, words.count, words.v, words.lens);
	free(words.v);
	free(words.lens);
}

/* Takes the words, and a copy of what they are. */
static void copy_words(struct df_redis_words *to,
		       const struct df_redis_words *from)
{
	size_t size = 1;
	char *at;
	size_t i;

	for (i = 0; i < from->count; i++)
		size += from->lens[i];
	df_redis_words_init(to, from->count);
	to->bytes = df_redis_must(malloc(size));
	at = to->bytes;
	for (i = 0; i < from->count; i++) {
		if (from->lens[i])
			memcpy(at, from->v[i], from->lens[i]);
		df_redis_words_add(to, at, from->lens[i]);
		at += from->lens[i];
	}
}

void df_redis_send(struct df_redis *redis, const struct df_redis_words *words,
		   unsigned int flags, df_redis_reply_fn fn, void *arg)
{
	struct df_redis_call *call = df_redis_must(calloc(1, sizeof(*call)));

	call->redis = redis;
	call->flags = flags;
	call->fn = fn;
	call->arg = arg;
	copy_words(&call->words, words);
	/* Those of the setup come before what waits for it. */
	if (flags & REDIS_SETUP)
		TAILQ_INSERT_HEAD(&redis->calls, call, node);
	else
		TAILQ_INSERT_TAIL(&redis->calls, call, node);
	if (redis->is_ready || (flags & REDIS_SETUP))
		call_send(call);
}

void df_redis_ask(struct df_redis *redis, unsigned int flags,
		  df_redis_reply_fn fn, void *arg, const char *const *texts)
{
	struct df_redis_words words;

	df_redis_words_init(&words, 16);
	for (; *texts; texts++)
		df_redis_words_text(&words, *texts);
	df_redis_send(redis, &words, flags, fn, arg);
	df_redis_words_fini(&words);
}

/* What was sent is answered nevertheless. */
void df_redis_cancel(struct df_redis *redis, const void *arg)
{
	struct df_redis_call *call;
	struct df_redis_call *next;

	for (call = TAILQ_FIRST(&redis->calls); call; call = next) {
		next = TAILQ_NEXT(call, node);
		if (call->arg != arg)
			continue;
		call->fn = NULL;
		call->arg = NULL;
		if (!call->is_sent)
			call_free(call);
	}
}

/* Answers */

static bool begins_with(const char *text, const char *const *beginnings)
{
	for (; *beginnings; beginnings++)
		if (!strncmp(text, *beginnings, strlen(*beginnings)))
			return true;
	return false;
}

/* What a server means by "not here, not now" */
static bool is_lost(const char *text)
{
	static const char *const all[] = { "READONLY", "LOADING", "MASTERDOWN",
					   "NOSCRIPT", "BUSY ", "CLUSTERDOWN",
					   "UNBLOCKED", NULL };

	return begins_with(text, all);
}

static int code_of(const char *text)
{
	static const char *const access[] = { "NOAUTH", "WRONGPASS", "NOPERM",
					      "ERR AUTH", NULL };
	static const char *const space[] = { "OOM", "MISCONF", NULL };

	if (begins_with(text, access))
		return -EACCES;
	if (begins_with(text, space) || strstr(text, "OOM command"))
		return -ENOSPC;
	/* What a script may not do is said in other words. */
	return strstr(text, "can't run this command") ||
	       strstr(text, "can't access") || strstr(text, "ACL failure") ?
	       -EACCES : -EIO;
}

static void on_reply(void *arg, const struct redisReply *answer)
{
	struct df_redis *redis = arg;
	struct df_redis_call *call = TAILQ_FIRST(&redis->calls);
	struct df_redis_reply reply = { .reply = answer };

	if (!call || !call->is_sent) {
		df_redis_lost(redis, "it says what it was not asked");
		return;
	}
	if (answer->type == REDIS_REPLY_ERROR) {
		if (is_lost(answer->str)) {
			df_redis_lost(redis, answer->str);
			return;
		}
		reply.code = code_of(answer->str);
		reply.text = answer->str;
	}
	call_end(call, &reply);
}

static void on_down(void *arg, const char *reason)
{
	df_redis_lost(arg, reason);
}

static const struct df_redis_link_ops link_ops = {
	.reply = on_reply,
	.down = on_down,
};

/* Sessions */

void df_redis_connect(struct df_redis *redis)
{
	redis->link = df_redis_link_new(&redis->net, &redis->master, &link_ops,
					redis);
}

static void disconnect(struct df_redis *redis)
{
	redis->is_ready = false;
	event_del(redis->stall);
	event_del(redis->ping);
	event_del(redis->reap);
	df_redis_link_free(redis->link);
	df_redis_link_free(redis->hints);
	redis->link = NULL;
	redis->hints = NULL;
}

/* A call that was made, and is not made again; one that nobody waits for, too */
static struct df_redis_call *find_unsure(const struct df_redis *redis)
{
	struct df_redis_call *call;

	TAILQ_FOREACH(call, &redis->calls, node)
		if (call->is_sent &&
		    (!call->fn || (call->flags & (REDIS_ONCE | REDIS_SETUP))))
			return call;
	return NULL;
}

void df_redis_lost(struct df_redis *redis, const char *reason)
{
	struct df_redis_reply reply = {
		.code = -ENOTCONN,
		.text = redis->reason,
	};
	struct df_redis_call *call;
	int64_t delay_ms = 0;
	unsigned int rounds;

	if (!redis->link)
		return;
	snprintf(redis->reason, sizeof(redis->reason), "%.100s:%u: %s",
		 redis->master.host, redis->master.port, reason);
	disconnect(redis);
	rounds = ++redis->failures / redis->uri.count;
	if (rounds) {
		df_db_state(redis->db, false, "%s: %s", redis->uri.label,
			    redis->reason);
		delay_ms = (int64_t)RETRY_MIN_MS << (rounds < 5 ? rounds - 1 : 4);
		if (delay_ms > RETRY_MAX_MS)
			delay_ms = RETRY_MAX_MS;
	}
	redis->server = (redis->server + 1) % redis->uri.count;
	df_redis_arm(redis->retry, delay_ms);
	while ((call = find_unsure(redis)))
		call_end(call, &reply);
	TAILQ_FOREACH(call, &redis->calls, node)
		call->is_sent = false;
}

void df_redis_ready(struct df_redis *redis)
{
	struct df_redis_call *call;

	redis->is_ready = true;
	redis->failures = 0;
	redis->refusal.code = 0;
	df_db_state(redis->db, true, "%s", "");
	TAILQ_FOREACH(call, &redis->calls, node)
		if (!call->is_sent)
			call_send(call);
	df_redis_follow_start(redis);
}

void df_redis_refused(struct df_redis *redis, int code, const char *text)
{
	struct df_redis_request *request;
	struct df_redis_call *call;

	disconnect(redis);
	redis->refusal.code = code;
	snprintf(redis->refusal.text, sizeof(redis->refusal.text), "%s: %s",
		 redis->uri.label, text);
	df_db_state(redis->db, false, "%s", redis->refusal.text);
	df_redis_arm(redis->retry, REFUSED_MS);
	while ((call = find_unsure(redis)))
		call_free(call);
	while ((request = TAILQ_FIRST(&redis->requests))) {
		df_db_req_fail(request->req, code, "%s", redis->refusal.text);
		request->end(request);
	}
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct df_redis *redis = arg;

	(void)fd;
	(void)what;
	redis->master = redis->uri.servers[redis->server];
	df_redis_connect(redis);
	df_redis_setup(redis);
}

static void on_stall(evutil_socket_t fd, short what, void *arg)
{
	struct df_redis *redis = arg;
	const struct df_redis_call *first = TAILQ_FIRST(&redis->calls);
	char text[80];
	int64_t since;
	int64_t left;

	(void)fd;
	(void)what;
	if (!first || !first->is_sent || !redis->link)
		return;
	since = first->sent_ms;
	if (since < df_redis_link_heard_ms(redis->link))
		since = df_redis_link_heard_ms(redis->link);
	left = since + redis->uri.failover_ms - df_redis_now_ms();
	if (left > 0) {
		df_redis_arm(redis->stall, left);
		return;
	}
	snprintf(text, sizeof(text), "there was no answer for %u ms",
		 redis->uri.failover_ms);
	df_redis_lost(redis, text);
}

/* Opening and closing */

static void redis_free(struct df_redis *redis)
{
	while (!TAILQ_EMPTY(&redis->calls))
		call_free(TAILQ_FIRST(&redis->calls));
	df_redis_link_free(redis->link);
	df_redis_link_free(redis->hints);
	event_free(redis->retry);
	event_free(redis->stall);
	event_free(redis->ping);
	event_free(redis->reap);
	df_redis_net_fini(&redis->net);
	df_redis_uri_fini(&redis->uri);
	free(redis);
}

int df_redis_open(void **out, struct df_db *db, const char *uri,
		  struct event_base *base, struct df_error *error)
{
	struct df_redis *redis = df_redis_must(calloc(1, sizeof(*redis)));
	int err;

	TAILQ_INIT(&redis->calls);
	TAILQ_INIT(&redis->requests);
	LIST_INIT(&redis->subs);
	LIST_INIT(&redis->leases);
	redis->db = db;
	redis->base = base;
	err = df_redis_uri_parse(&redis->uri, uri, error);
	if (err) {
		free(redis);
		return err;
	}
	redis->retry = df_redis_must(evtimer_new(base, on_retry, redis));
	redis->stall = df_redis_must(evtimer_new(base, on_stall, redis));
	redis->ping = df_redis_must(evtimer_new(base, df_redis_ping, redis));
	redis->reap = df_redis_must(evtimer_new(base, df_redis_reap, redis));
	err = df_redis_net_init(&redis->net, base, &redis->uri, error);
	if (err) {
		redis_free(redis);
		return err;
	}
	df_redis_arm(redis->retry, 0);
	*out = redis;
	return 0;
}

void df_redis_close(void *priv)
{
	struct df_redis *redis = priv;
	struct df_redis_request *request;
	bool has_last_words = false;
	const struct df_redis_call *call;

	while ((request = TAILQ_FIRST(&redis->requests)))
		request->end(request);
	/* Leases end by calls that nobody waits for. */
	TAILQ_FOREACH(call, &redis->calls, node)
		has_last_words |= call->is_sent && !call->fn;
	if (redis->is_ready && has_last_words)
		df_redis_link_flush(redis->link, CLOSE_MS);
	redis_free(redis);
}
