// SPDX-License-Identifier: GPL-2.0
/*
 * Calls: what the ZooKeeper driver asks the servers. They wait until there is a
 * connection, a bounded number is under way, and those that only read are asked
 * again if their answer was lost.
 */
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"

/*
 * libzookeeper wakes its thread through a pipe for each, and drops the
 * connection should that be full.
 */
#define SENT_MAX 512

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

struct df_zk_call *df_zk_call_new(enum df_zk_call_type type,
				  unsigned int flags, const char *path)
{
	struct df_zk_call *call = must(calloc(1, sizeof(*call)));

	call->type = type;
	call->flags = flags;
	call->version = -1;
	if (path)
		call->path = must(strdup(path));
	return call;
}

static void call_free(struct df_zk_call *call)
{
	df_zk_multi_free(call->multi);
	free(call->data);
	free(call->path);
	free(call);
}

static void enqueue(struct df_zk *zk, struct df_zk_call *call)
{
	call->wire = NULL;
	if (call->flags & ZK_EARLY)
		TAILQ_INSERT_TAIL(&zk->early, call, node);
	else
		TAILQ_INSERT_TAIL(&zk->pending, call, node);
}

void df_zk_call(struct df_zk *zk, struct df_zk_call *call, const void *owner,
		df_zk_reply_fn fn, void *arg)
{
	call->owner = owner;
	call->fn = fn;
	call->arg = arg;
	enqueue(zk, call);
	df_zk_pump(zk);
}

static void pump_queue(struct df_zk *zk, struct df_zk_calls *calls)
{
	struct df_zk_call *call;

	while (zk->sent_count < SENT_MAX && (call = TAILQ_FIRST(calls))) {
		if (df_zk_wire_send(zk->session, call))
			return;
		TAILQ_REMOVE(calls, call, node);
		TAILQ_INSERT_TAIL(&zk->sent, call, node);
		zk->sent_count++;
	}
}

void df_zk_pump(struct df_zk *zk)
{
	if (!zk->session || !zk->is_up)
		return;
	pump_queue(zk, &zk->early);
	if (zk->is_ready)
		pump_queue(zk, &zk->pending);
}

static void answer(struct df_zk_call *call, const struct df_zk_reply *reply)
{
	if (call->fn)
		call->fn(call->arg, reply);
	call_free(call);
}

/* Who was to be told has left before the server had heard of it. */
static bool is_left_watch(const struct df_zk *zk, const struct df_zk_call *call)
{
	return !call->fn && call->type == ZK_EXISTS &&
	       call->flags & ZK_WATCH &&
	       !strncmp(call->path + strlen(zk->uri.root), "/log/", 5);
}

static bool is_again(const struct df_zk_call *call, int rc)
{
	return call->type <= ZK_CHILDREN && call->fn &&
	       (df_zk_is_lost(rc) || rc == ZSESSIONEXPIRED);
}

void df_zk_answered(struct df_zk *zk, struct df_zk_call *call,
		    const struct df_zk_reply *reply)
{
	TAILQ_REMOVE(&zk->sent, call, node);
	zk->sent_count--;
	if (is_left_watch(zk, call))
		df_zk_tail_unwatch(zk, call->path);
	if (is_again(call, reply->rc))
		enqueue(zk, call);
	else
		answer(call, reply);
}

void df_zk_calls_lost(struct df_zk *zk)
{
	struct df_zk_reply reply = { .rc = ZSESSIONEXPIRED };
	struct df_zk_calls lost;
	struct df_zk_call *call;

	TAILQ_INIT(&lost);
	TAILQ_CONCAT(&lost, &zk->early, node);
	TAILQ_CONCAT(&lost, &zk->sent, node);
	zk->sent_count = 0;
	TAILQ_FOREACH(call, &lost, node)
		if (call->wire)
			df_zk_wire_detach(call->wire);
	while ((call = TAILQ_FIRST(&lost))) {
		TAILQ_REMOVE(&lost, call, node);
		/* The next session has a start of its own. */
		if (call->flags & ZK_EARLY)
			call_free(call);
		else if (is_again(call, ZSESSIONEXPIRED))
			enqueue(zk, call);
		else
			answer(call, &reply);
	}
}

static void cancel_queue(struct df_zk_calls *calls, const void *owner)
{
	struct df_zk_call *call = TAILQ_FIRST(calls);

	while (call) {
		struct df_zk_call *next = TAILQ_NEXT(call, node);

		if (call->owner == owner && call->wire) {
			call->fn = NULL;
		} else if (call->owner == owner) {
			TAILQ_REMOVE(calls, call, node);
			call_free(call);
		}
		call = next;
	}
}

void df_zk_cancel(struct df_zk *zk, const void *owner)
{
	cancel_queue(&zk->early, owner);
	cancel_queue(&zk->pending, owner);
	cancel_queue(&zk->sent, owner);
}

void df_zk_calls_fini(struct df_zk *zk)
{
	struct df_zk_call *call;

	TAILQ_CONCAT(&zk->sent, &zk->early, node);
	TAILQ_CONCAT(&zk->sent, &zk->pending, node);
	while ((call = TAILQ_FIRST(&zk->sent))) {
		TAILQ_REMOVE(&zk->sent, call, node);
		if (call->wire)
			df_zk_wire_detach(call->wire);
		call_free(call);
	}
}

/* The simple ones */

void df_zk_read(struct df_zk *zk, enum df_zk_call_type type,
		unsigned int flags, const char *path, const void *owner,
		df_zk_reply_fn fn, void *arg)
{
	df_zk_call(zk, df_zk_call_new(type, flags, path), owner, fn, arg);
}

void df_zk_create(struct df_zk *zk, unsigned int flags, const char *path,
		  const char *data, const void *owner, df_zk_reply_fn fn,
		  void *arg)
{
	struct df_zk_call *call = df_zk_call_new(ZK_CREATE, flags, path);

	call->len = strlen(data);
	call->data = must(strdup(data));
	df_zk_call(zk, call, owner, fn, arg);
}

void df_zk_remove(struct df_zk *zk, const char *path, const void *owner,
		  df_zk_reply_fn fn, void *arg)
{
	df_zk_call(zk, df_zk_call_new(ZK_DELETE, 0, path), owner, fn, arg);
}
