// SPDX-License-Identifier: GPL-2.0
/* Deletes trees, a few nodes at a time, so that who commits does not wait. */
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"

#define AT_ONCE 32

/**
 * struct item - a node to be deleted
 * @parent: deleted after it
 * @children: those of it that are left
 */
struct item {
	LIST_ENTRY(item) node;
	struct df_zk_purge *purge;
	struct item *parent;
	size_t children;
	char path[];
};

/**
 * struct df_zk_purge - a tree that is being deleted
 * @waiting: last in, first out: leaves go before what comes after their parents
 * @started: those that the server was asked about
 * @count: how many these are
 */
struct df_zk_purge {
	LIST_ENTRY(df_zk_purge) node;
	struct df_zk *zk;
	LIST_HEAD(, item) waiting;
	LIST_HEAD(, item) started;
	size_t count;
};

static void purge_next(struct df_zk_purge *purge);

static void item_new(struct df_zk_purge *purge, struct item *parent,
		     const char *path, const char *name)
{
	size_t size = strlen(path) + 1 + strlen(name) + 1;
	struct item *item = calloc(1, sizeof(*item) + size);

	if (!item)
		abort();
	snprintf(item->path, size, "%s%s%s", path, *name ? "/" : "", name);
	item->purge = purge;
	item->parent = parent;
	if (parent)
		parent->children++;
	LIST_INSERT_HEAD(&purge->waiting, item, node);
}

/* It is gone, or is to be left alone. */
static void item_end(struct item *item)
{
	struct df_zk_purge *purge = item->purge;
	struct item *parent = item->parent;

	LIST_REMOVE(item, node);
	free(item);
	if (!parent || --parent->children)
		return;
	LIST_REMOVE(parent, node);
	LIST_INSERT_HEAD(&purge->waiting, parent, node);
}

static void on_children(void *arg, const struct df_zk_reply *reply)
{
	struct item *item = arg;
	struct df_zk_purge *purge = item->purge;
	size_t i;

	purge->count--;
	for (i = 0; !reply->rc && i < reply->count; i++)
		item_new(purge, item, item->path, reply->names[i]);
	/* None any more, or it cannot be read: whoever comes next may try. */
	if (!item->children)
		item_end(item);
	purge_next(purge);
}

static void on_deleted(void *arg, const struct df_zk_reply *reply)
{
	struct item *item = arg;
	struct df_zk_purge *purge = item->purge;

	if (reply->rc == ZNOTEMPTY) {
		df_zk_read(purge->zk, ZK_CHILDREN, 0, item->path, purge,
			   on_children, item);
		return;
	}
	purge->count--;
	item_end(item);
	purge_next(purge);
}

static void purge_free(struct df_zk_purge *purge)
{
	struct item *item;

	df_zk_cancel(purge->zk, purge);
	while ((item = LIST_FIRST(&purge->waiting)) ||
	       (item = LIST_FIRST(&purge->started))) {
		LIST_REMOVE(item, node);
		free(item);
	}
	LIST_REMOVE(purge, node);
	free(purge);
}

static void purge_next(struct df_zk_purge *purge)
{
	struct item *item;

	while (purge->count < AT_ONCE &&
	       (item = LIST_FIRST(&purge->waiting))) {
		LIST_REMOVE(item, node);
		LIST_INSERT_HEAD(&purge->started, item, node);
		purge->count++;
		df_zk_remove(purge->zk, item->path, purge, on_deleted, item);
	}
	if (!purge->count)
		purge_free(purge);
}

void df_zk_purge(struct df_zk *zk, const char *path)
{
	struct df_zk_purge *purge = calloc(1, sizeof(*purge));

	if (!purge)
		abort();
	purge->zk = zk;
	LIST_INSERT_HEAD(&zk->purges, purge, node);
	item_new(purge, NULL, path, "");
	purge_next(purge);
}

void df_zk_purges_fini(struct df_zk *zk)
{
	while (!LIST_EMPTY(&zk->purges))
		purge_free(LIST_FIRST(&zk->purges));
}
