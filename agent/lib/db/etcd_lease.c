// SPDX-License-Identifier: GPL-2.0
/*
 * The etcd driver's leases: they are etcd's own. Its seconds are rounded down, so
 * that a lease ends within the time that was asked for, and kept alive three times
 * in them.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "etcd.h"

/* Servers look for leases that have ended twice in a second. */
#define LATE_MS 500

/**
 * struct df_etcd_lease - a lease
 * @lease: the core's side
 * @id: its number
 * @ttl: seconds that it lasts
 * @keep: keeps it alive
 */
struct df_etcd_lease {
	LIST_ENTRY(df_etcd_lease) node;
	struct df_etcd *etcd;
	struct df_db_lease *lease;
	uint64_t id;
	uint64_t ttl;
	bool is_granted;
	bool is_lost;
	struct event *keep;
};

uint64_t df_etcd_lease_id(const struct df_etcd_lease *lease)
{
	return lease->is_granted && !lease->is_lost ? lease->id : 0;
}

bool df_etcd_lease_is_lost(const struct df_etcd_lease *lease)
{
	return lease->is_lost;
}

static void lose(struct df_etcd_lease *lease, const char *text)
{
	lease->is_lost = true;
	event_del(lease->keep);
	df_db_lease_lost(lease->lease, "%s: %s", lease->etcd->uri.label, text);
	df_etcd_commits_lease(lease->etcd, lease);
}

static void keep_soon(struct df_etcd_lease *lease)
{
	df_etcd_arm(lease->keep, lease->ttl * 1000 / 3);
}

static void on_kept(void *arg, const struct df_etcd_reply *reply)
{
	struct df_etcd_lease *lease = arg;
	uint64_t ttl;

	if (reply->code == -ENOENT ||
	    (!reply->code &&
	     (df_etcd_lease_parse(&ttl, reply->message) || !ttl)))
		lose(lease, "the lease has ended, as it was not kept alive");
	else
		keep_soon(lease);
}

static void on_keep(evutil_socket_t fd, short what, void *arg)
{
	struct df_etcd_lease *lease = arg;
	struct df_pb pb = { 0 };

	(void)fd;
	(void)what;
	df_pb_uint(&pb, 1, lease->id);
	df_etcd_send(lease->etcd, "etcdserverpb.Lease/LeaseKeepAlive", &pb, 0,
		     on_kept, lease);
}

static void grant(struct df_etcd_lease *lease);

static void on_granted(void *arg, const struct df_etcd_reply *reply)
{
	struct df_etcd_lease *lease = arg;
	uint64_t ttl = 0;

	if (reply->code == -EBUSY) {
		grant(lease);
		return;
	}
	/* There already: the answer to an earlier try was lost. */
	if (reply->code && !strstr(reply->text, "already exists")) {
		lose(lease, reply->text);
		return;
	}
	if (!reply->code && !df_etcd_lease_parse(&ttl, reply->message) &&
	    ttl && ttl < UINT32_MAX)
		lease->ttl = ttl;
	lease->is_granted = true;
	keep_soon(lease);
	df_etcd_commits_lease(lease->etcd, lease);
}

static void grant(struct df_etcd_lease *lease)
{
	struct df_pb pb = { 0 };

	df_pb_uint(&pb, 1, lease->ttl);
	df_pb_uint(&pb, 2, lease->id);
	df_etcd_send(lease->etcd, "etcdserverpb.Lease/LeaseGrant", &pb, 0,
		     on_granted, lease);
}

int df_etcd_lease_new(void **out, void *priv, struct df_db_lease *core,
		      unsigned int ttl_ms, struct df_error *error)
{
	struct df_etcd *etcd = priv;
	struct df_etcd_lease *lease;

	if (ttl_ms < 1000 + LATE_MS)
		return df_db_error(error, -EINVAL,
				   "%s: a lease of %u ms is shorter than the %u ms that etcd can keep",
				   etcd->uri.label, ttl_ms, 1000 + LATE_MS);
	lease = df_etcd_must(calloc(1, sizeof(*lease)));
	lease->etcd = etcd;
	lease->lease = core;
	lease->id = df_etcd_random();
	lease->ttl = (ttl_ms - LATE_MS) / 1000;
	lease->keep = df_etcd_must(evtimer_new(etcd->base, on_keep, lease));
	LIST_INSERT_HEAD(&etcd->leases, lease, node);
	grant(lease);
	*out = lease;
	return 0;
}

void df_etcd_lease_free(void *priv, void *old)
{
	struct df_etcd_lease *lease = old;
	struct df_etcd *etcd = priv;
	struct df_pb pb = { 0 };

	df_etcd_cancel(etcd, lease);
	if (!lease->is_lost) {
		lease->is_lost = true;
		df_etcd_commits_lease(etcd, lease);
		df_pb_uint(&pb, 1, lease->id);
		df_etcd_send(etcd, "etcdserverpb.Lease/LeaseRevoke", &pb, 0,
			     NULL, NULL);
	}
	event_free(lease->keep);
	LIST_REMOVE(lease, node);
	free(lease);
}
