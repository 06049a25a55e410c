// SPDX-License-Identifier: GPL-2.0
/*
 * EMPTY: that no key has a prefix. ZooKeeper has no expectation like this, but
 * it does not delete a directory with something in it: so the transaction deletes
 * the directory of the prefix, or creates and deletes it if there is none. A
 * prefix that is not a directory expects that there was no commit since the log
 * was looked at: this is correct, but under load it may have to try often.
 */
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"
#include "zookeeper_commit.h"

bool df_zk_empty_is_dir(const struct df_db_op *op)
{
	size_t len = strlen(op->key);

	return len && op->key[len - 1] == '/';
}

static bool deletes(const struct df_zk_commit *commit, const char *key)
{
	size_t i;

	for (i = 0; i < commit->count; i++)
		if (commit->ops[i].type == DF_DB_DELETE &&
		    !strcmp(commit->ops[i].key, key))
			return true;
	return false;
}

static void on_found(struct df_zk_walk *walk, const char *key)
{
	struct df_zk_empty *empty = (struct df_zk_empty *)walk;

	if (!empty->has_other && !deletes(empty->commit, key))
		empty->has_other = true;
}

static void on_dir(struct df_zk_walk *walk, const char *path)
{
	struct df_zk_empty *empty = (struct df_zk_empty *)walk;

	empty->dirs = reallocarray(empty->dirs, empty->count + 1,
				   sizeof(*empty->dirs));
	if (!empty->dirs)
		abort();
	empty->dirs[empty->count] = strdup(path);
	if (!empty->dirs[empty->count++])
		abort();
}

static void on_walked(struct df_zk_walk *walk)
{
	struct df_zk_empty *empty = (struct df_zk_empty *)walk;
	struct df_zk_commit *commit = empty->commit;

	if (walk->rc)
		commit->rc = walk->rc;
	if (!--commit->pending)
		df_zk_commit_go(commit);
}

void df_zk_empty_start(struct df_zk_commit *commit, size_t op)
{
	const char *key = commit->ops[op].key;
	const char *slash = strrchr(key, '/');
	struct df_zk_empty *empty = calloc(1, sizeof(*empty));
	char dir[DF_DB_KEY_MAX + 1] = "";
	struct df_zk_path path;

	if (!empty)
		abort();
	empty->commit = commit;
	empty->op = op;
	empty->walk.zk = commit->zk;
	empty->walk.tree = ZK_TREE_KEYS;
	empty->walk.found = on_found;
	empty->walk.dir = on_dir;
	empty->walk.done = on_walked;
	LIST_INSERT_HEAD(&commit->empties, empty, node);
	strncat(dir, key, slash ? slash + 1 - key : 0);
	df_zk_path_dir(&path, commit->zk->uri.root, dir);
	df_zk_walk_start(&empty->walk, path.text, dir, key + strlen(dir));
}

void df_zk_empties_fini(struct df_zk_commit *commit)
{
	struct df_zk_empty *empty;
	size_t i;

	while ((empty = LIST_FIRST(&commit->empties))) {
		LIST_REMOVE(empty, node);
		df_zk_walk_stop(&empty->walk);
		for (i = 0; i < empty->count; i++)
			free(empty->dirs[i]);
		free(empty->dirs);
		free(empty);
	}
}

size_t df_zk_empties_unmet(const struct df_zk_commit *commit)
{
	const struct df_zk_empty *empty;
	size_t i;

	LIST_FOREACH(empty, &commit->empties, node) {
		const char *prefix = commit->ops[empty->op].key;

		if (empty->has_other)
			return empty->op;
		for (i = 0; i < commit->count; i++)
			if (commit->ops[i].type == DF_DB_PUT &&
			    !strncmp(commit->ops[i].key, prefix,
				     strlen(prefix)))
				return empty->op;
	}
	return commit->count;
}

void df_zk_empties_guard(struct df_zk_commit *commit)
{
	const struct df_zk_empty *empty;
	size_t i;

	LIST_FOREACH(empty, &commit->empties, node) {
		if (!df_zk_empty_is_dir(&commit->ops[empty->op]))
			continue;
		if (!empty->walk.exists)
			df_zk_multi_create(commit->multi, empty->dirs[0], "",
					   0);
		for (i = empty->count; i > 0; i--)
			df_zk_multi_delete(commit->multi, empty->dirs[i - 1],
					   -1);
	}
}

void df_zk_empties_forget(struct df_zk_commit *commit)
{
	const struct df_zk_empty *empty;

	LIST_FOREACH(empty, &commit->empties, node)
		if (df_zk_empty_is_dir(&commit->ops[empty->op]) &&
		    empty->walk.exists)
			df_zk_known_clear(commit->zk);
}
