// SPDX-License-Identifier: GPL-2.0
/*
 * A database driver for tests: an SQLite file that is away as long as there is a
 * file FILE.down beside it. What is asked then fails; subscriptions and leases end
 * as a server's do when a session expires, and come back with a new one.
 *
 *	flaky:///FILE
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "db.h"

enum { LOOK_MS = 50 };

struct flaky;

/**
 * struct flaky_sub - a subscription
 * @under: in the file; NULL while it is away
 */
struct flaky_sub {
	LIST_ENTRY(flaky_sub) node;
	struct df_db_sub *sub;
	void *under;
	char topic[];
};

/**
 * struct flaky_lease - a lease
 * @under: in the file; NULL once it is lost
 */
struct flaky_lease {
	LIST_ENTRY(flaky_lease) node;
	struct df_db_lease *lease;
	void *under;
	unsigned int ttl_ms;
};

struct flaky {
	const struct df_db_driver *driver;
	struct df_db *db;
	void *under;
	struct event *look;
	char *sign;
	bool is_down;
	LIST_HEAD(, flaky_sub) subs;
	LIST_HEAD(, flaky_lease) leases;
};

static void say_away(const struct flaky *flaky)
{
	df_db_state(flaky->db, false, "there is no connection");
}

static void go_away(struct flaky *flaky)
{
	struct flaky_lease *lease;
	struct flaky_sub *sub;

	LIST_FOREACH(sub, &flaky->subs, node) {
		flaky->driver->unsubscribe(flaky->under, sub->under);
		sub->under = NULL;
	}
	LIST_FOREACH(lease, &flaky->leases, node) {
		if (lease->under)
			flaky->driver->lease_free(flaky->under, lease->under);
		lease->under = NULL;
	}
	say_away(flaky);
}

static void come_back(struct flaky *flaky)
{
	struct flaky_lease *lease;
	struct flaky_sub *sub;

	df_db_state(flaky->db, true, "there");
	LIST_FOREACH(sub, &flaky->subs, node)
		if (flaky->driver->subscribe(&sub->under, flaky->under, sub->sub,
					     sub->topic, NULL))
			abort();
	LIST_FOREACH(lease, &flaky->leases, node)
		df_db_lease_lost(lease->lease, "the session expired");
}

static void look(evutil_socket_t fd, short what, void *arg)
{
	struct flaky *flaky = arg;
	bool was_down = flaky->is_down;

	(void)fd;
	(void)what;
	flaky->is_down = !access(flaky->sign, F_OK);
	if (flaky->is_down && !was_down)
		go_away(flaky);
	else if (flaky->is_down)
		/* The file, which knows nothing of this, may have said otherwise. */
		say_away(flaky);
	else if (was_down)
		come_back(flaky);
}

static void flaky_close(void *priv)
{
	struct flaky *flaky = priv;

	if (flaky->under)
		flaky->driver->close(flaky->under);
	if (flaky->look)
		event_free(flaky->look);
	free(flaky->sign);
	free(flaky);
}

static int flaky_open(void **out, struct df_db *db, const char *uri,
		      struct event_base *base, struct df_error *error)
{
	static const struct timeval often = { .tv_usec = LOOK_MS * 1000 };
	struct flaky *flaky = calloc(1, sizeof(*flaky));
	const char *path = uri + strlen("flaky://");
	char under[512];
	int err;

	if (!flaky)
		return df_db_error(error, -ENOMEM, "out of memory");
	flaky->db = db;
	snprintf(under, sizeof(under), "sqlite://%s", path);
	err = df_db_driver_find(&flaky->driver, under, error);
	if (!err)
		err = flaky->driver->open(&flaky->under, db, under, base, error);
	if (!err && asprintf(&flaky->sign, "%s.down", path) < 0)
		abort();
	if (err) {
		flaky_close(flaky);
		return err;
	}
	flaky->look = event_new(base, -1, EV_PERSIST, look, flaky);
	event_add(flaky->look, &often);
	look(-1, 0, flaky);
	*out = flaky;
	return 0;
}

static bool is_refused(const struct flaky *flaky, struct df_db_req *req)
{
	if (flaky->is_down)
		df_db_req_fail(req, -ENOTCONN, "there is no connection");
	return flaky->is_down;
}

static void flaky_get(void *priv, struct df_db_req *req, const char *key)
{
	struct flaky *flaky = priv;

	if (!is_refused(flaky, req))
		flaky->driver->get(flaky->under, req, key);
}

static void flaky_list(void *priv, struct df_db_req *req, const char *prefix,
		       const char *topic)
{
	struct flaky *flaky = priv;

	if (!is_refused(flaky, req))
		flaky->driver->list(flaky->under, req, prefix, topic);
}

static void flaky_commit(void *priv, struct df_db_req *req,
			 const struct df_db_op *ops, size_t count, void *arg)
{
	const struct flaky_lease *lease = arg;
	struct flaky *flaky = priv;

	if (is_refused(flaky, req))
		return;
	if (lease && !lease->under)
		df_db_req_fail(req, -EINVAL, "the lease is lost");
	else
		flaky->driver->commit(flaky->under, req, ops, count,
				      lease ? lease->under : NULL);
}

static int flaky_subscribe(void **out, void *priv, struct df_db_sub *db_sub,
			   const char *topic, struct df_error *error)
{
	struct flaky *flaky = priv;
	struct flaky_sub *sub = calloc(1, sizeof(*sub) + strlen(topic) + 1);
	int err = 0;

	if (!sub)
		return df_db_error(error, -ENOMEM, "out of memory");
	sub->sub = db_sub;
	strcpy(sub->topic, topic);
	if (!flaky->is_down)
		err = flaky->driver->subscribe(&sub->under, flaky->under,
					       db_sub, topic, error);
	if (err) {
		free(sub);
		return err;
	}
	LIST_INSERT_HEAD(&flaky->subs, sub, node);
	*out = sub;
	return 0;
}

static void flaky_unsubscribe(void *priv, void *arg)
{
	struct flaky *flaky = priv;
	struct flaky_sub *sub = arg;

	if (sub->under)
		flaky->driver->unsubscribe(flaky->under, sub->under);
	LIST_REMOVE(sub, node);
	free(sub);
}

static int flaky_lease_new(void **out, void *priv, struct df_db_lease *db_lease,
			   unsigned int ttl_ms, struct df_error *error)
{
	struct flaky *flaky = priv;
	struct flaky_lease *lease = calloc(1, sizeof(*lease));
	int err;

	if (!lease)
		return df_db_error(error, -ENOMEM, "out of memory");
	lease->lease = db_lease;
	err = flaky->driver->lease_new(&lease->under, flaky->under, db_lease,
				       ttl_ms, error);
	if (err) {
		free(lease);
		return err;
	}
	LIST_INSERT_HEAD(&flaky->leases, lease, node);
	*out = lease;
	return 0;
}

static void flaky_lease_free(void *priv, void *arg)
{
	struct flaky *flaky = priv;
	struct flaky_lease *lease = arg;

	if (lease->under)
		flaky->driver->lease_free(flaky->under, lease->under);
	LIST_REMOVE(lease, node);
	free(lease);
}

__attribute__((visibility("default")))
const struct df_db_driver df_db_driver = {
	.abi = DF_DB_ABI,
	.scheme = "flaky",
	.value_max = 1024 * 1024,
	.ops_max = 100000,
	.open = flaky_open,
	.close = flaky_close,
	.get = flaky_get,
	.list = flaky_list,
	.commit = flaky_commit,
	.subscribe = flaky_subscribe,
	.unsubscribe = flaky_unsubscribe,
	.lease_new = flaky_lease_new,
	.lease_free = flaky_lease_free,
};
