// SPDX-License-Identifier: GPL-2.0
/* What a commit expects, and the transaction that ZooKeeper gets for it. */
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"
#include "zookeeper_commit.h"

static bool is_expected(const struct df_zk_stored *stored, uint64_t expect)
{
	if (expect == DF_DB_ANY)
		return true;
	if (expect == DF_DB_PRESENT)
		return stored->exists;
	if (expect == DF_DB_ABSENT)
		return !stored->exists;
	return stored->exists && stored->version == expect;
}

size_t df_zk_commit_unmet(struct df_zk_commit *commit)
{
	size_t i;

	for (i = 0; i < commit->count; i++)
		if (commit->ops[i].type != DF_DB_EMPTY &&
		    !is_expected(&commit->stored[i], commit->ops[i].expect))
			return i;
	return df_zk_empties_unmet(commit);
}

static const char *topic_of(const struct df_db_op *op)
{
	return op->type == DF_DB_PUT && op->topic ? op->topic : "";
}

static const char *old_topic(const struct df_zk_stored *stored)
{
	return stored->exists ? stored->topic : "";
}

static void index_path(const struct df_zk_commit *commit, const char *kind,
		       const char *name, const char *key,
		       struct df_zk_path *path)
{
	df_zk_path_set(path, commit->zk->uri.root, kind);
	/* Topics are many, leases are few. */
	if (*kind == 't')
		df_zk_path_add_flat(path, name);
	else
		df_zk_path_add(path, name);
	df_zk_path_add_flat(path, key);
}

/* The entry leaves @before, a topic or a lease, for @after; "" is none. */
static void move_index(struct df_zk_commit *commit, const char *kind,
		       const char *key, const char *before, const char *after)
{
	struct df_zk_path path;

	if (!strcmp(before, after))
		return;
	if (*before) {
		index_path(commit, kind, before, key, &path);
		df_zk_multi_delete(commit->multi, path.text, -1);
	}
	if (*after) {
		index_path(commit, kind, after, key, &path);
		df_zk_multi_create(commit->multi, path.text, "", 0);
	}
}

static void add_put(struct df_zk_commit *commit, size_t i, const char *path)
{
	const struct df_zk_stored *stored = &commit->stored[i];
	const struct df_db_op *op = &commit->ops[i];
	struct df_zk_buf buf = { 0 };

	df_zk_entry_print(&buf, op, commit->lease);
	if (stored->exists)
		df_zk_multi_set(commit->multi, path, buf.data, buf.len,
				stored->node_version);
	else
		df_zk_multi_create(commit->multi, path, buf.data, buf.len);
	df_zk_buf_fini(&buf);
	move_index(commit, "t", op->key, old_topic(stored), topic_of(op));
	move_index(commit, "owned", op->key,
		   stored->exists ? stored->lease : "", commit->lease);
}

static void add_op(struct df_zk_commit *commit, size_t i)
{
	const struct df_zk_stored *stored = &commit->stored[i];
	const struct df_db_op *op = &commit->ops[i];
	struct df_zk_path path;

	if (op->type == DF_DB_EMPTY || stored->is_skipped ||
	    (op->type == DF_DB_CHECK && op->expect == DF_DB_ANY))
		return;
	df_zk_path_key(&path, commit->zk->uri.root, op->key);
	if (op->type == DF_DB_PUT) {
		add_put(commit, i, path.text);
	} else if (!stored->exists) {
		/* Only what is not there can be created. */
		df_zk_multi_create(commit->multi, path.text, "", 0);
		df_zk_multi_delete(commit->multi, path.text, -1);
	} else if (op->type == DF_DB_CHECK) {
		df_zk_multi_check(commit->multi, path.text,
				  stored->node_version);
	} else {
		df_zk_multi_delete(commit->multi, path.text,
				   stored->node_version);
		move_index(commit, "t", op->key, stored->topic, "");
		move_index(commit, "owned", op->key, stored->lease, "");
	}
}

/* Records */

/* What an operation changes in @topic, or, if it is NULL, in all */
static void print_change(const struct df_zk_commit *commit, size_t i,
			 const char *topic, struct df_zk_buf *buf)
{
	const struct df_zk_stored *stored = &commit->stored[i];
	const struct df_db_op *op = &commit->ops[i];
	bool is_put = op->type == DF_DB_PUT;
	bool is_delete = op->type == DF_DB_DELETE && !stored->is_skipped;
	bool leaves = stored->exists &&
		      (is_delete ||
		       (is_put && strcmp(stored->topic, topic_of(op))));

	if (leaves && (!topic || !strcmp(topic, stored->topic)))
		df_zk_item_print(buf, op->key, stored->topic, NULL);
	if (is_put && (!topic || !strcmp(topic, topic_of(op))))
		df_zk_item_print(buf, op->key, topic_of(op), op);
}

static void add_record(struct df_zk_commit *commit, const char *topic)
{
	struct df_zk_buf buf = { 0 };
	struct df_zk_path path;
	size_t i;

	for (i = 0; i < commit->count; i++)
		print_change(commit, i, topic, &buf);
	df_zk_path_log(&path, commit->zk->uri.root, commit->segment, topic);
	df_zk_path_add(&path, "c");
	if (!topic && commit->wants_number) {
		df_zk_path_record(&path, commit->zk->uri.root, commit->segment,
				  NULL, commit->number);
		df_zk_multi_create(commit->multi, path.text, buf.data,
				   buf.len);
	} else if (buf.len) {
		df_zk_multi_append(commit->multi, path.text, buf.data,
				   buf.len);
	}
	df_zk_buf_fini(&buf);
}

static int compare_topics(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One record for each topic that is touched, and at last one for all */
static void add_records(struct df_zk_commit *commit)
{
	const char **topics = calloc(commit->count * 2 + 1, sizeof(*topics));
	size_t count = 0;
	size_t i;

	if (!topics)
		abort();
	for (i = 0; i < commit->count; i++) {
		const struct df_db_op *op = &commit->ops[i];

		if (op->type != DF_DB_PUT && op->type != DF_DB_DELETE)
			continue;
		topics[count++] = old_topic(&commit->stored[i]);
		topics[count++] = topic_of(op);
	}
	qsort(topics, count, sizeof(*topics), compare_topics);
	for (i = 0; i < count; i++)
		if (*topics[i] && (!i || strcmp(topics[i], topics[i - 1])))
			add_record(commit, topics[i]);
	add_record(commit, NULL);
	free(topics);
}

bool df_zk_commit_build(struct df_zk_commit *commit)
{
	struct df_zk *zk = commit->zk;
	struct df_zk_path path;
	size_t before;
	size_t i;

	commit->segment = zk->log.current;
	commit->multi = df_zk_multi_new(&zk->acl);
	df_zk_path_set(&path, zk->uri.root, "log");
	df_zk_multi_check(commit->multi, path.text, zk->log_version);
	df_zk_slot_path(zk, commit->slot, &path);
	snprintf(commit->tag, sizeof(commit->tag), "%u", ++zk->commits_made);
	df_zk_multi_set(commit->multi, path.text, commit->tag,
			strlen(commit->tag), commit->slot->version);
	if (*commit->lease && !commit->is_reap) {
		df_zk_path_set(&path, zk->uri.root, "alive");
		df_zk_path_add(&path, commit->lease);
		df_zk_multi_check(commit->multi, path.text, -1);
	}
	before = commit->multi->count;
	for (i = 0; i < commit->count; i++)
		add_op(commit, i);
	df_zk_empties_guard(commit);
	if (commit->multi->count == before && !commit->wants_number)
		return false;
	add_records(commit);
	return true;
}
