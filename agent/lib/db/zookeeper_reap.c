// SPDX-License-Identifier: GPL-2.0
/* Deletes what is under a lease that has ended, in transactions. */
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"

#define AT_ONCE 64

/**
 * struct df_zk_reap - a lease whose entries are being deleted
 * @walk: finds them; first, so that it can be told whose it is
 * @keys: that were under it
 * @at: how many are done
 * @ops: the transaction that is under way
 */
struct df_zk_reap {
	struct df_zk_walk walk;
	LIST_ENTRY(df_zk_reap) node;
	struct df_zk *zk;
	char name[DF_ZK_LEASE_MAX + 1];
	char **keys;
	size_t count;
	size_t at;
	struct df_db_op ops[AT_ONCE];
};

static void reap_next(struct df_zk_reap *reap);

static struct df_zk_path path_of(const struct df_zk_reap *reap,
				 const char *kind)
{
	struct df_zk_path path;

	df_zk_path_set(&path, reap->zk->uri.root, kind);
	df_zk_path_add(&path, reap->name);
	return path;
}

static void reap_free(struct df_zk_reap *reap)
{
	size_t i;

	df_zk_walk_stop(&reap->walk);
	df_zk_commits_cancel(reap->zk, reap);
	LIST_REMOVE(reap, node);
	for (i = 0; i < reap->count; i++)
		free(reap->keys[i]);
	free(reap->keys);
	free(reap);
}

static void on_committed(void *arg, int rc)
{
	struct df_zk_reap *reap = arg;

	/* Until the database can be written to again */
	if (rc && !df_zk_is_lost(rc) && rc != ZSESSIONEXPIRED) {
		reap_free(reap);
		return;
	}
	if (!rc)
		reap->at += AT_ONCE;
	reap_next(reap);
}

static void reap_next(struct df_zk_reap *reap)
{
	size_t count = 0;

	if (reap->at >= reap->count) {
		df_zk_purge(reap->zk, path_of(reap, "owned").text);
		reap_free(reap);
		return;
	}
	while (count < AT_ONCE && reap->at + count < reap->count) {
		reap->ops[count] = (struct df_db_op){
			.type = DF_DB_DELETE,
			.key = reap->keys[reap->at + count],
			.expect = DF_DB_ANY,
		};
		count++;
	}
	df_zk_commit_reap(reap->zk, reap->ops, count, reap->name,
			  on_committed, reap);
}

static void on_found(struct df_zk_walk *walk, const char *key)
{
	struct df_zk_reap *reap = (struct df_zk_reap *)walk;

	reap->keys = reallocarray(reap->keys, reap->count + 1,
				  sizeof(*reap->keys));
	if (!reap->keys)
		abort();
	reap->keys[reap->count] = strdup(key);
	if (!reap->keys[reap->count++])
		abort();
}

static void on_walked(struct df_zk_walk *walk)
{
	struct df_zk_reap *reap = (struct df_zk_reap *)walk;

	if (walk->rc)
		reap_free(reap);
	else
		reap_next(reap);
}

static void look(struct df_zk_reap *reap)
{
	reap->walk.zk = reap->zk;
	reap->walk.tree = ZK_TREE_FLAT;
	reap->walk.found = on_found;
	reap->walk.done = on_walked;
	df_zk_walk_start(&reap->walk, path_of(reap, "owned").text, "", "");
}

static void on_ended(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_reap *reap = arg;

	/* As long as the lease is there, something may still come under it. */
	if (df_zk_is_lost(reply->rc))
		df_zk_remove(reap->zk, path_of(reap, "alive").text, reap,
			     on_ended, reap);
	else
		look(reap);
}

void df_zk_reap(struct df_zk *zk, const char *lease, bool is_own)
{
	struct df_zk_reap *reap = calloc(1, sizeof(*reap));

	if (!reap)
		abort();
	reap->zk = zk;
	strncat(reap->name, lease, DF_ZK_LEASE_MAX);
	LIST_INSERT_HEAD(&zk->reaps, reap, node);
	if (is_own)
		df_zk_remove(zk, path_of(reap, "alive").text, reap, on_ended,
			     reap);
	else
		look(reap);
}

bool df_zk_is_reaped(const struct df_zk *zk, const char *lease)
{
	const struct df_zk_reap *reap;

	LIST_FOREACH(reap, &zk->reaps, node)
		if (!strcmp(reap->name, lease))
			return true;
	return false;
}

void df_zk_reaps_fini(struct df_zk *zk)
{
	while (!LIST_EMPTY(&zk->reaps)) {
		struct df_zk_reap *reap = LIST_FIRST(&zk->reaps);

		df_zk_cancel(zk, reap);
		reap_free(reap);
	}
}
