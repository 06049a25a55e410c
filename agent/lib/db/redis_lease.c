// SPDX-License-Identifier: GPL-2.0
/*
 * The Redis driver's leases: an ordered set of when they end. Entries under a lease
 * are ordinary ones that name it, so that their end is a commit like any other:
 * whoever follows or leases something runs it when it is due, and is told by the
 * server when a lease begins that may be the next to end.
 */
#include <errno.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis.h"

/* Who reaps does so a little late, and not all at once. */
#define REAP_SPREAD_MS 150
#define LEASE_MIN_MS 400

/**
 * struct df_redis_lease - a lease
 * @lease: the core's side
 * @ms: that it lasts when it is not kept: less than was asked for, as it is ended late
 * @keep: keeps it
 */
struct df_redis_lease {
	LIST_ENTRY(df_redis_lease) node;
	struct df_redis *redis;
	struct df_db_lease *lease;
	unsigned int ms;
	bool is_lost;
	struct event *keep;
	char name[24];
};

const char *df_redis_lease_name(const struct df_redis_lease *lease)
{
	return lease->name;
}

/* call DIGITS HISTORY NAME [MS IS_NEW] */
static void ask(struct df_redis *redis, const char *call, const char *name,
		const char *const more[2], df_redis_reply_fn fn, void *arg)
{
	char history[16];
	char digits[8];
	const char *const words[] = { call, df_redis_digits(digits), history,
				      name, more[0], more[1], NULL };

	snprintf(history, sizeof(history), "%u", redis->uri.history);
	df_redis_ask(redis, REDIS_SCRIPT, fn, arg, words);
}

static void lose(struct df_redis_lease *lease, const char *text)
{
	lease->is_lost = true;
	df_db_lease_lost(lease->lease, "%s: %s", lease->redis->uri.label, text);
}

static void on_kept(void *arg, const struct df_redis_reply *reply)
{
	struct df_redis_lease *lease = arg;

	if (!reply->code && reply->reply->type == REDIS_REPLY_INTEGER &&
	    !reply->reply->integer)
		lose(lease, "the lease has ended, as it was not kept");
	else if (reply->code == -EACCES || reply->code == -ENOSPC)
		lose(lease, reply->text);
	else
		df_redis_arm(lease->keep, lease->ms / 4);
}

static void keep(struct df_redis_lease *lease, bool is_new)
{
	char ms[16];
	const char *const more[2] = { ms, is_new ? "1" : "0" };

	snprintf(ms, sizeof(ms), "%u", lease->ms);
	ask(lease->redis, "lease", lease->name, more, on_kept, lease);
}

static void on_keep(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	keep(arg, false);
}

int df_redis_lease_new(void **out, void *priv, struct df_db_lease *core,
		       unsigned int ttl_ms, struct df_error *error)
{
	struct df_redis *redis = priv;
	struct df_redis_lease *lease;

	if (ttl_ms < LEASE_MIN_MS)
		return df_db_error(error, -EINVAL,
				   "%s: a lease of %u ms is too short: at least %u",
				   redis->uri.label, ttl_ms, LEASE_MIN_MS);
	lease = df_redis_must(calloc(1, sizeof(*lease)));
	lease->redis = redis;
	lease->lease = core;
	lease->ms = ttl_ms - ttl_ms / 4;
	snprintf(lease->name, sizeof(lease->name), "%016" PRIx64,
		 df_redis_random());
	lease->keep = df_redis_must(evtimer_new(redis->base, on_keep, lease));
	LIST_INSERT_HEAD(&redis->leases, lease, node);
	/* Before what is put under it: the server does all in this order. */
	keep(lease, true);
	df_redis_hints_start(redis);
	*out = lease;
	return 0;
}

void df_redis_lease_free(void *priv, void *old)
{
	static const char *const none[2];
	struct df_redis_lease *lease = old;
	struct df_redis *redis = priv;

	df_redis_cancel(redis, lease);
	if (!lease->is_lost)
		ask(redis, "release", lease->name, none, NULL, NULL);
	event_free(lease->keep);
	LIST_REMOVE(lease, node);
	free(lease);
}

/* Ending those of the dead */

static void on_reaped(void *arg, const struct df_redis_reply *reply)
{
	struct df_redis *redis = (struct df_redis *)
		((char *)arg - offsetof(struct df_redis, reap));

	if (reply->code || reply->reply->type != REDIS_REPLY_INTEGER ||
	    reply->reply->integer < 0)
		return;
	df_redis_arm(redis->reap, reply->reply->integer + 1 +
				  df_redis_random() % REAP_SPREAD_MS);
}

void df_redis_reap(evutil_socket_t fd, short what, void *arg)
{
	static const char *const none[2];
	struct df_redis *redis = arg;

	(void)fd;
	(void)what;
	event_del(redis->reap);
	if (redis->is_ready)
		ask(redis, "reap", NULL, none, on_reaped, &redis->reap);
}
