// SPDX-License-Identifier: GPL-2.0
/*
 * Leases: an ephemeral node for each, which the server removes when the session
 * ends. Entries under a lease are ordinary ones that name it, so that their end
 * is a transaction like any other, and the log tells of it: the janitor makes it,
 * some process with a database open (zookeeper_janitor.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zookeeper.h"

/**
 * struct df_zk_lease - a lease
 * @lease: the core's side
 * @is_created: is its node there?
 * @is_lost: it was, but the session ended
 */
struct df_zk_lease {
	LIST_ENTRY(df_zk_lease) node;
	struct df_zk *zk;
	struct df_db_lease *lease;
	bool is_created;
	bool is_lost;
	char name[DF_ZK_LEASE_MAX + 1];
};

static void create(struct df_zk_lease *lease);

const char *df_zk_lease_name(const struct df_zk_lease *lease)
{
	return lease->name;
}

bool df_zk_lease_is_alive(const struct df_zk *zk, const char *name)
{
	const struct df_zk_lease *lease;

	LIST_FOREACH(lease, &zk->leases, node)
		if (!strcmp(lease->name, name))
			return !lease->is_lost;
	return false;
}

static void lose(struct df_zk_lease *lease, int rc)
{
	if (lease->is_lost)
		return;
	lease->is_lost = true;
	df_db_lease_lost(lease->lease, "%s: %s", lease->zk->uri.label,
			 df_zk_strerror(rc));
}

void df_zk_leases_lost(struct df_zk *zk)
{
	struct df_zk_lease *lease;

	LIST_FOREACH(lease, &zk->leases, node)
		if (lease->is_created)
			lose(lease, ZSESSIONEXPIRED);
}

static void on_created(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_lease *lease = arg;

	/* There already: the answer to an earlier try was lost. */
	if (!reply->rc || reply->rc == ZNODEEXISTS)
		lease->is_created = true;
	else if (df_zk_is_lost(reply->rc) || reply->rc == ZSESSIONEXPIRED)
		create(lease);
	else
		lose(lease, reply->rc);
}

static void create(struct df_zk_lease *lease)
{
	struct df_zk_path path;
	struct df_zk_owner self;
	char host[65] = "";
	char owner[160];

	/* The host is for people who look at it. */
	if (gethostname(host, sizeof(host) - 1) || !*host)
		strcpy(host, "-");
	df_zk_owner_self(&self);
	df_zk_owner_print(owner, sizeof(owner), &self, host);
	df_zk_path_set(&path, lease->zk->uri.root, "alive");
	df_zk_path_add(&path, lease->name);
	df_zk_create(lease->zk, ZK_EPHEMERAL, path.text, owner, lease,
		     on_created, lease);
}

int df_zk_lease_new(void **out, void *priv, struct df_db_lease *core,
		    unsigned int ttl_ms, struct df_error *error)
{
	struct df_zk *zk = priv;
	struct df_zk_lease *lease;

	if (ttl_ms < zk->uri.session_ms)
		return df_db_error(error, -EINVAL,
				   "%s: a lease of %u ms is shorter than the session of %u ms: lower session= in the URI",
				   zk->uri.label, ttl_ms, zk->uri.session_ms);
	lease = calloc(1, sizeof(*lease));
	if (!lease)
		return df_db_error(error, -ENOMEM, "out of memory");
	lease->zk = zk;
	lease->lease = core;
	df_zk_heir_name(lease->name);
	LIST_INSERT_HEAD(&zk->leases, lease, node);
	df_zk_heir_start(zk);
	create(lease);
	zk->is_long = true;
	df_zk_janitor_start(zk);
	*out = lease;
	return 0;
}

void df_zk_lease_free(void *priv, void *old)
{
	struct df_zk_lease *lease = old;
	struct df_zk *zk = priv;

	df_zk_cancel(zk, lease);
	df_zk_reap(zk, lease->name, !lease->is_lost);
	LIST_REMOVE(lease, node);
	free(lease);
}
