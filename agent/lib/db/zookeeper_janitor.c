// SPDX-License-Identifier: GPL-2.0
/*
 * The janitor: of all processes that follow or lease something, the one that has
 * the node "janitor" watches the leases, and deletes what was under those that
 * have ended. The others watch only that node. If there is none, as nothing
 * long-lived runs, whoever opens the database cleans up once.
 */
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"

static void sweep(struct df_zk *zk);

static struct df_zk_path path_of(const struct df_zk *zk, const char *name)
{
	struct df_zk_path path;

	df_zk_path_set(&path, zk->uri.root, name);
	return path;
}

/* Sweeping */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void owned_free(struct df_zk *zk)
{
	size_t i;

	for (i = 0; i < zk->owned_count; i++)
		free(zk->owned[i]);
	free(zk->owned);
	zk->owned = NULL;
	zk->owned_count = 0;
}

static void swept(struct df_zk *zk)
{
	owned_free(zk);
	zk->is_sweeping = false;
	if (!zk->is_sweeping_again)
		return;
	zk->is_sweeping_again = false;
	sweep(zk);
}

/* A lease is there before anything is under it: those that are not, have been. */
static void on_alive(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk *zk = arg;
	size_t i;

	if (!reply->rc && reply->count)
		qsort(reply->names, reply->count, sizeof(*reply->names),
		      compare_names);
	for (i = 0; !reply->rc && i < zk->owned_count; i++) {
		const char *name = zk->owned[i];

		if (strlen(name) <= DF_ZK_LEASE_MAX &&
		    (!reply->count ||
		     !bsearch(&name, reply->names, reply->count,
			      sizeof(*reply->names), compare_names)) &&
		    !df_zk_is_reaped(zk, name))
			df_zk_reap(zk, name, false);
	}
	swept(zk);
}

static void on_owned(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk *zk = arg;
	size_t i;

	if (reply->rc) {
		swept(zk);
		return;
	}
	owned_free(zk);
	zk->owned = calloc(reply->count + 1, sizeof(*zk->owned));
	if (!zk->owned)
		abort();
	for (i = 0; i < reply->count; i++)
		zk->owned[i] = strdup(reply->names[i]);
	zk->owned_count = reply->count;
	df_zk_read(zk, ZK_CHILDREN, 0, path_of(zk, "alive").text, &zk->owned,
		   on_alive, zk);
}

static void on_watched(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk *zk = arg;

	if (reply->rc)
		swept(zk);
	else
		df_zk_read(zk, ZK_CHILDREN, 0, path_of(zk, "owned").text,
			   &zk->owned, on_owned, zk);
}

/*
 * The leases are read twice: what ends after the first time is told, and what
 * ended before has left everything that was under it to be seen in between.
 */
static void sweep(struct df_zk *zk)
{
	if (zk->is_sweeping) {
		zk->is_sweeping_again = true;
		return;
	}
	zk->is_sweeping = true;
	df_zk_read(zk, ZK_CHILDREN, zk->is_janitor ? ZK_WATCH : 0,
		   path_of(zk, "alive").text, &zk->owned, on_watched, zk);
}

/* Becoming the janitor */

static void be_janitor(struct df_zk *zk)
{
	zk->is_janitor = true;
	sweep(zk);
}

static void on_created(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk *zk = arg;

	if (!reply->rc)
		be_janitor(zk);
	else if (reply->rc == ZNODEEXISTS || df_zk_is_lost(reply->rc))
		df_zk_janitor_start(zk);
}

static void on_looked(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk *zk = arg;

	if (reply->rc == ZNONODE && zk->is_long)
		df_zk_create(zk, ZK_EPHEMERAL, path_of(zk, "janitor").text, "",
			     &zk->owned, on_created, zk);
	else if (reply->rc == ZNONODE)
		sweep(zk);
	else if (!reply->rc && zk->session && !zk->is_janitor &&
		 (uint64_t)reply->stat.ephemeralOwner ==
		 df_zk_session_id(zk->session))
		be_janitor(zk);
}

void df_zk_janitor_start(struct df_zk *zk)
{
	if (!zk->is_ready || zk->is_janitor)
		return;
	/* One question at a time */
	df_zk_cancel(zk, &zk->owned);
	zk->is_sweeping = false;
	owned_free(zk);
	df_zk_read(zk, ZK_EXISTS, zk->is_long ? ZK_WATCH : 0,
		   path_of(zk, "janitor").text, &zk->owned, on_looked, zk);
}

void df_zk_janitor_watch(struct df_zk *zk, const char *name)
{
	if (!strcmp(name, "janitor"))
		df_zk_janitor_start(zk);
	else if (!strcmp(name, "alive") && zk->is_janitor)
		sweep(zk);
}

void df_zk_janitor_fini(struct df_zk *zk)
{
	df_zk_cancel(zk, &zk->owned);
	owned_free(zk);
}
