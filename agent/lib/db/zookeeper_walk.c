// SPDX-License-Identifier: GPL-2.0
/* Reads the names in a tree of directories, all buckets at once. */
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"

/**
 * struct df_zk_step - a directory that the server was asked for
 * @depth: of FLAT and TOPICS: levels below it; of KEYS: 1, it holds buckets, or 0
 * @is_first: of KEYS: the partial name counts here
 * @is_root: the walk begins here
 * @key: of KEYS: what keys in there begin with
 */
struct df_zk_step {
	LIST_ENTRY(df_zk_step) node;
	struct df_zk_walk *walk;
	int depth;
	bool is_first;
	bool is_root;
	char *path;
	char *key;
};

static void step_free(struct df_zk_step *step)
{
	LIST_REMOVE(step, node);
	free(step->path);
	free(step->key);
	free(step);
}

static void on_children(void *arg, const struct df_zk_reply *reply);

static struct df_zk_step *step_new(struct df_zk_walk *walk, const char *path,
				   const char *name)
{
	struct df_zk_step *step = calloc(1, sizeof(*step));

	if (!step || asprintf(&step->path, "%s%s%s", path, *name ? "/" : "",
			      name) < 0)
		abort();
	step->walk = walk;
	LIST_INSERT_HEAD(&walk->steps, step, node);
	return step;
}

static void step_start(struct df_zk_step *step)
{
	struct df_zk_walk *walk = step->walk;

	if (walk->dir)
		walk->dir(walk, step->path);
	walk->pending++;
	df_zk_read(walk->zk, ZK_CHILDREN, 0, step->path, walk, on_children,
		   step);
}

static void found_flat(const struct df_zk_step *step, const char *name)
{
	char key[DF_DB_KEY_MAX + 1];
	struct df_zk_step *next;

	if (!step->depth) {
		if (df_zk_flat_parse(key, name))
			step->walk->found(step->walk, key);
		return;
	}
	next = step_new(step->walk, step->path, name);
	next->depth = step->depth - 1;
	step_start(next);
}

static void found_part(const struct df_zk_step *step, const char *name)
{
	struct df_zk_walk *walk = step->walk;
	const char *partial = step->is_first ? walk->partial : "";
	char key[DF_DB_KEY_MAX * 2];
	struct df_zk_step *next;
	size_t len;

	/* Names are from the server, and so may be anything. */
	if (!*name || strncmp(name + 1, partial, strlen(partial)))
		return;
	len = snprintf(key, sizeof(key), "%s%s", step->key, name + 1);
	if (len > DF_DB_KEY_MAX || (len && !df_zk_is_key(key, len)))
		return;
	if (*name == 'e' && len) {
		walk->found(walk, key);
	} else if (*name == 'd' && len < DF_DB_KEY_MAX) {
		next = step_new(walk, step->path, name);
		next->depth = 1;
		if (asprintf(&next->key, "%s/", key) < 0)
			abort();
		step_start(next);
	}
}

static void found_bucket(const struct df_zk_step *step, const char *name)
{
	struct df_zk_step *next = step_new(step->walk, step->path, name);

	next->is_first = step->is_first;
	next->key = strdup(step->key);
	if (!next->key)
		abort();
	step_start(next);
}

static void on_children(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_step *step = arg;
	struct df_zk_walk *walk = step->walk;
	size_t i;

	/* What is gone by now is empty. */
	if (reply->rc && reply->rc != ZNONODE)
		walk->rc = reply->rc;
	if (!reply->rc && step->is_root)
		walk->exists = true;
	for (i = 0; !reply->rc && !walk->rc && i < reply->count; i++) {
		if (walk->tree != ZK_TREE_KEYS)
			found_flat(step, reply->names[i]);
		else if (step->depth)
			found_bucket(step, reply->names[i]);
		else
			found_part(step, reply->names[i]);
	}
	step_free(step);
	if (!--walk->pending)
		walk->done(walk);
}

void df_zk_walk_start(struct df_zk_walk *walk, const char *path,
		      const char *prefix, const char *partial)
{
	struct df_zk_step *step;

	LIST_INIT(&walk->steps);
	walk->pending = 0;
	walk->rc = ZOK;
	walk->exists = false;
	walk->partial = partial;
	step = step_new(walk, path, "");
	step->is_first = true;
	step->is_root = true;
	step->depth = walk->tree == ZK_TREE_TOPICS ? 3 : 1;
	step->key = strdup(prefix);
	if (!step->key)
		abort();
	step_start(step);
}

void df_zk_walk_stop(struct df_zk_walk *walk)
{
	df_zk_cancel(walk->zk, walk);
	while (!LIST_EMPTY(&walk->steps))
		step_free(LIST_FIRST(&walk->steps));
}
