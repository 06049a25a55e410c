// SPDX-License-Identifier: GPL-2.0
/*
 * The ZooKeeper driver: its table, its requests and what it says of errors. The
 * rest is in zookeeper_*.c: zookeeper_layout.h tells where things are,
 * zookeeper_commit.c writes, zookeeper_feed.c reads topics and follows them.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zookeeper.h"

/**
 * struct read_request - a get or a list
 * @answers: that the feed of a list had when we looked
 */
struct read_request {
	struct df_zk_request base;
	struct df_zk_feed *feed;
	unsigned long answers;
	char *key;
};

int64_t df_zk_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Errors */

int df_zk_errno(int rc)
{
	switch (rc) {
	case ZOK:
		return 0;
	case ZCONNECTIONLOSS:
	case ZSESSIONEXPIRED:
	case ZCLOSING:
	case ZINVALIDSTATE:
	case ZSESSIONMOVED:
		return -ENOTCONN;
	case ZOPERATIONTIMEOUT:
		return -ETIMEDOUT;
	case ZNOAUTH:
	case ZAUTHFAILED:
	case ZINVALIDACL:
	case ZNOTREADONLY:
		return -EACCES;
	case ZBADVERSION:
	case ZNODEEXISTS:
	case ZNONODE:
	case ZNOTEMPTY:
		return -EAGAIN;
	case ZMARSHALLINGERROR:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

const char *df_zk_strerror(int rc)
{
	switch (rc) {
	case ZCONNECTIONLOSS:
	case ZCLOSING:
	case ZINVALIDSTATE:
		return "the connection was lost";
	case ZSESSIONEXPIRED:
		return "the session expired";
	case ZNOAUTH:
		return "access is denied";
	case ZAUTHFAILED:
		return "the server does not take the user and the password";
	case ZMARSHALLINGERROR:
		return "something there is not what Dragonflow writes";
	default:
		return zerror(rc);
	}
}

void df_zk_fail(struct df_zk *zk, struct df_db_req *req, int rc)
{
	if (zk->refusal.code)
		df_db_req_fail(req, zk->refusal.code, "%s", zk->refusal.text);
	else
		df_db_req_fail(req, df_zk_errno(rc), "%s: %s", zk->uri.label,
			       df_zk_strerror(rc));
}

/* Requests, in the order of their deadlines: all have the same time */

static void arm_timer(struct df_zk *zk)
{
	const struct df_zk_request *first = TAILQ_FIRST(&zk->requests);
	int64_t left;
	struct timeval tv;

	if (!first) {
		event_del(zk->request_timer);
		return;
	}
	left = first->until_ms - df_zk_now_ms();
	if (left < 1)
		left = 1;
	tv.tv_sec = left / 1000;
	tv.tv_usec = left % 1000 * 1000;
	event_add(zk->request_timer, &tv);
}

void df_zk_request_init(struct df_zk *zk, struct df_zk_request *request,
			struct df_db_req *req,
			void (*end)(struct df_zk_request *request))
{
	request->zk = zk;
	request->req = req;
	request->end = end;
	request->until_ms = df_zk_now_ms() + zk->uri.timeout_ms;
	TAILQ_INSERT_TAIL(&zk->requests, request, node);
	if (TAILQ_FIRST(&zk->requests) == request)
		arm_timer(zk);
}

void df_zk_request_fini(struct df_zk_request *request)
{
	bool was_first = TAILQ_FIRST(&request->zk->requests) == request;

	TAILQ_REMOVE(&request->zk->requests, request, node);
	if (was_first && TAILQ_EMPTY(&request->zk->requests))
		event_del(request->zk->request_timer);
}

static void fail_late(struct df_zk *zk, struct df_db_req *req)
{
	char reason[160];

	if (zk->is_up) {
		df_db_req_fail(req, -ETIMEDOUT,
			       "%s: there was no answer within %u ms",
			       zk->uri.label, zk->uri.timeout_ms);
		return;
	}
	df_zk_session_reason(reason, sizeof(reason));
	df_db_req_fail(req, -ENOTCONN,
		       "%s: there was no connection for %u ms (%s)",
		       zk->uri.label, zk->uri.timeout_ms, reason);
}

static void request_end(struct df_zk_request *request, enum df_zk_end why)
{
	struct df_zk *zk = request->zk;

	if (request->req && why == ZK_END_LATE)
		fail_late(zk, request->req);
	else if (request->req && why == ZK_END_REFUSED)
		df_zk_fail(zk, request->req, ZNOAUTH);
	request->end(request);
}

void df_zk_requests_end(struct df_zk *zk, enum df_zk_end why)
{
	while (!TAILQ_EMPTY(&zk->requests))
		request_end(TAILQ_FIRST(&zk->requests), why);
}

static bool goes_on(struct df_zk_request *request)
{
	if (!request->goes_on || !request->goes_on(request))
		return false;
	TAILQ_REMOVE(&request->zk->requests, request, node);
	request->until_ms = df_zk_now_ms() + request->zk->uri.timeout_ms;
	TAILQ_INSERT_TAIL(&request->zk->requests, request, node);
	return true;
}

void df_zk_request_timer(evutil_socket_t fd, short events, void *arg)
{
	struct df_zk *zk = arg;
	struct df_zk_request *first;

	(void)fd;
	(void)events;
	while ((first = TAILQ_FIRST(&zk->requests)) &&
	       first->until_ms <= df_zk_now_ms())
		if (!goes_on(first))
			request_end(first, ZK_END_LATE);
	arm_timer(zk);
}

/* Reading */

static void read_end(struct df_zk_request *base)
{
	struct read_request *read = (struct read_request *)base;

	df_zk_request_fini(base);
	df_zk_cancel(base->zk, read);
	if (read->feed)
		df_zk_feed_free(read->feed);
	free(read->key);
	free(read);
}

static struct read_request *read_new(struct df_zk *zk, struct df_db_req *req,
				     const char *key)
{
	struct read_request *read;

	if (zk->refusal.code) {
		df_zk_fail(zk, req, ZNOAUTH);
		return NULL;
	}
	read = calloc(1, sizeof(*read));
	if (read)
		read->key = strdup(key);
	if (!read || !read->key)
		abort();
	df_zk_request_init(zk, &read->base, req, read_end);
	return read;
}

static void on_get(void *arg, const struct df_zk_reply *reply)
{
	struct read_request *read = arg;
	struct df_db_req *req = read->base.req;
	struct df_zk_entry parsed;
	int rc = reply->rc;

	if (!rc && df_zk_entry_parse(&parsed, reply->data, reply->len))
		rc = ZMARSHALLINGERROR;
	if (!rc) {
		struct df_db_entry entry = {
			.key = read->key,
			.topic = parsed.topic,
			.value = parsed.value,
			.len = parsed.len,
			.version = reply->stat.mzxid,
		};

		df_db_req_entry(req, &entry);
	}
	if (!rc || rc == ZNONODE)
		df_db_req_done(req);
	else
		df_zk_fail(read->base.zk, req, rc);
	read_end(&read->base);
}

static void zookeeper_get(void *priv, struct df_db_req *req, const char *key)
{
	struct df_zk *zk = priv;
	struct read_request *read = read_new(zk, req, key);
	struct df_zk_path path;

	if (!read)
		return;
	df_zk_path_key(&path, zk->uri.root, key);
	df_zk_read(zk, ZK_GET, ZK_SYNC, path.text, read, on_get, read);
}

/* A long list takes its time, as long as it comes. */
static bool list_goes_on(struct df_zk_request *base)
{
	struct read_request *read = (struct read_request *)base;
	unsigned long before = read->answers;

	read->answers = df_zk_feed_answers(read->feed);
	return read->answers != before;
}

static void answer_entry(const struct df_db_entry *entry, void *arg)
{
	df_db_req_entry(arg, entry);
}

static void on_list(void *arg, int rc, struct df_zk_map *map)
{
	struct read_request *read = arg;

	if (rc) {
		df_zk_fail(read->base.zk, read->base.req, rc);
	} else {
		df_zk_map_each(map, answer_entry, read->base.req);
		df_db_req_done(read->base.req);
	}
	read->feed = NULL;
	read_end(&read->base);
}

static void zookeeper_list(void *priv, struct df_db_req *req,
			   const char *prefix, const char *topic)
{
	struct df_zk *zk = priv;
	struct read_request *read;

	/* What is in no topic is in no topic's list; and "*" is not a topic. */
	if (topic && (!df_zk_is_key(topic, strlen(topic)) ||
		      !strcmp(topic, "*"))) {
		df_db_req_done(req);
		return;
	}
	read = read_new(zk, req, prefix);
	if (!read)
		return;
	read->feed = df_zk_feed_new(zk, topic, read->key, NULL);
	df_zk_feed_on_done(read->feed, on_list, read);
	read->base.goes_on = list_goes_on;
}

extern const struct df_db_driver df_db_driver;

__attribute__((visibility("default")))
const struct df_db_driver df_db_driver = {
	.abi = DF_DB_ABI,
	.scheme = "zookeeper",
	.caps = DF_DB_CAP_SUBSCRIBE_ALL,
	.value_max = DF_ZK_VALUE_MAX,
	/* What a request may have in bytes is less. */
	.ops_max = 10000,
	.open = df_zk_open,
	.close = df_zk_close,
	.get = zookeeper_get,
	.list = zookeeper_list,
	.commit = df_zk_commit,
	.subscribe = df_zk_subscribe,
	.unsubscribe = df_zk_unsubscribe,
	.lease_new = df_zk_lease_new,
	.lease_free = df_zk_lease_free,
};
