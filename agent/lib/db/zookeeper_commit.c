// SPDX-License-Identifier: GPL-2.0
/*
 * Commits: read what is there, see whether it is as expected, and send a
 * transaction that ZooKeeper refuses if anything of it has changed meanwhile;
 * then begin again. What is read first may be old, as servers lag behind each
 * other: before an expectation is said to be unmet it is read again, behind
 * everything that was committed before.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"
#include "zookeeper_commit.h"

static void commit_free(struct df_zk_commit *commit)
{
	struct df_zk *zk = commit->zk;

	df_zk_cancel(zk, commit);
	df_zk_empties_fini(commit);
	TAILQ_REMOVE(&zk->commits, commit, node);
	df_zk_slot_put(commit, !commit->is_sent && commit->slot &&
		       commit->slot->is_created);
	df_zk_multi_free(commit->multi);
	df_zk_request_fini(&commit->base);
	free(commit->stored);
	free(commit);
}

static void commit_end(struct df_zk_request *base)
{
	struct df_zk_commit *commit = (struct df_zk_commit *)base;
	void (*fn)(void *arg, int rc) = commit->fn;
	struct df_zk *zk = commit->zk;
	void *arg = commit->arg;

	commit_free(commit);
	if (fn && !zk->is_closing)
		fn(arg, ZOPERATIONTIMEOUT);
}

void df_zk_commit_done(struct df_zk_commit *commit, int rc)
{
	struct df_db_req *req = commit->base.req;
	void (*fn)(void *arg, int rc) = commit->fn;
	struct df_zk *zk = commit->zk;
	void *arg = commit->arg;

	if (rc == ZOK)
		df_zk_empties_forget(commit);
	commit_free(commit);
	if (fn)
		fn(arg, rc);
	else if (rc == ZOK)
		df_db_req_done(req);
	else
		df_zk_fail(zk, req, rc);
}

/* Sending */

static bool is_outrun(int rc)
{
	return rc == ZBADVERSION || rc == ZNODEEXISTS || rc == ZNONODE ||
	       rc == ZNOTEMPTY;
}

/* Which operation failed? The others say ZOK, or ZRUNTIMEINCONSISTENCY. */
static const zoo_op_t *failed_op(const struct df_zk_multi *multi, int rc,
				 size_t *index)
{
	for (*index = 0; *index < multi->count; ++*index)
		if (multi->results[*index].err == rc)
			return &multi->ops[*index];
	return NULL;
}

/* Somebody else was faster, or what we believed was not so. */
static void outrun(struct df_zk_commit *commit, const struct df_zk_reply *reply)
{
	struct df_zk *zk = commit->zk;
	bool has_lease = *commit->lease && !commit->is_reap;
	const zoo_op_t *op;
	size_t index;

	op = failed_op(reply->multi, reply->rc, &index);
	if (op && !index)
		df_zk_log_refresh(zk);
	if (op && reply->rc == ZNONODE)
		df_zk_known_del(zk, op->check_op.path);
	/* The slot is not what we think: another one, then. */
	df_zk_slot_put(commit, !op || index != 1);
	if (has_lease && !df_zk_lease_is_alive(zk, commit->lease)) {
		df_db_req_fail(commit->base.req, -EOWNERDEAD,
			       "%s: the lease has ended", zk->uri.label);
		commit_free(commit);
		return;
	}
	df_zk_commit_again(commit);
}

static void on_multi(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_commit *commit = arg;
	struct df_zk *zk = commit->zk;
	uint32_t nr;

	if (df_zk_is_lost(reply->rc)) {
		/* It is not known what happened. */
		df_zk_slot_ask(commit);
		return;
	}
	if (reply->rc == ZSESSIONEXPIRED) {
		df_zk_commit_done(commit, reply->rc);
		return;
	}
	commit->is_sent = false;
	if (is_outrun(reply->rc)) {
		outrun(commit, reply);
		return;
	}
	if (!reply->rc) {
		commit->slot->version++;
		if (df_zk_number_parse(&nr, reply->multi->created))
			df_zk_log_written(zk, commit->segment, nr);
	}
	df_zk_commit_done(commit, reply->rc);
}

static void send_multi(struct df_zk_commit *commit)
{
	struct df_zk_call *call;

	if (commit->multi->bytes > DF_ZK_REQUEST_MAX) {
		if (commit->base.req)
			df_db_req_fail(commit->base.req, -E2BIG,
				       "%s: the transaction has %zu bytes, more than the %d that a server takes",
				       commit->zk->uri.label,
				       commit->multi->bytes,
				       DF_ZK_REQUEST_MAX);
		commit_free(commit);
		return;
	}
	call = df_zk_call_new(ZK_MULTI, 0, NULL);
	call->multi = commit->multi;
	commit->multi = NULL;
	commit->is_sent = true;
	df_zk_call(commit->zk, call, commit, on_multi, commit);
}

static void on_dir(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_commit *commit = arg;

	if (reply->rc && reply->rc != ZNODEEXISTS)
		commit->rc = reply->rc;
	if (--commit->pending)
		return;
	if (!commit->rc) {
		send_multi(commit);
		return;
	}
	/* One of them went away at that moment, or was not created at all. */
	if (!is_outrun(commit->rc) && !df_zk_is_lost(commit->rc) &&
	    commit->rc != ZSESSIONEXPIRED) {
		df_zk_commit_done(commit, commit->rc);
		return;
	}
	df_zk_known_clear(commit->zk);
	df_zk_slot_put(commit, true);
	df_zk_commit_again(commit);
}

/* With a slot: the transaction, and before it the directories it needs */
static void build(struct df_zk_commit *commit)
{
	size_t made = 0;
	size_t i;

	if (commit->wants_number && commit->segment != commit->zk->log.current) {
		/* It was the number of another segment. */
		df_zk_slot_put(commit, true);
		df_zk_commit_again(commit);
		return;
	}
	if (!df_zk_commit_build(commit)) {
		df_zk_commit_done(commit, ZOK);
		return;
	}
	commit->rc = ZOK;
	for (i = 0; i < commit->multi->count; i++) {
		const zoo_op_t *op = &commit->multi->ops[i];

		if (op->type == ZOO_CREATE_OP)
			made += df_zk_make_dirs(commit->zk,
						op->create_op.path, commit,
						on_dir, commit);
	}
	commit->pending = made;
	if (!made)
		send_multi(commit);
}

/* Reading */

static void evaluate(struct df_zk_commit *commit)
{
	size_t unmet;

	if (commit->rc) {
		df_zk_commit_done(commit, commit->rc);
		return;
	}
	unmet = df_zk_commit_unmet(commit);
	if (unmet == commit->count) {
		df_zk_slot_get(commit);
	} else if (!commit->is_synced) {
		df_zk_commit_again(commit);
	} else {
		df_db_req_conflict(commit->base.req, unmet);
		commit_free(commit);
	}
}

void df_zk_commit_go(struct df_zk_commit *commit)
{
	if (commit->slot)
		build(commit);
	else
		evaluate(commit);
}

static void answered(struct df_zk_commit *commit, int rc)
{
	if (rc && rc != ZNONODE)
		commit->rc = rc;
	if (!--commit->pending)
		df_zk_commit_go(commit);
}

static void on_stored(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_stored *stored = arg;
	struct df_zk_commit *commit = stored->commit;
	struct df_zk_entry entry;
	int rc = reply->rc;

	stored->exists = !rc;
	if (!rc && df_zk_entry_parse(&entry, reply->data, reply->len))
		rc = ZMARSHALLINGERROR;
	if (!rc) {
		stored->node_version = reply->stat.version;
		stored->version = reply->stat.mzxid;
		strcpy(stored->topic, entry.topic);
		strcpy(stored->lease, entry.lease);
	}
	stored->is_skipped = commit->is_reap &&
			     (rc || strcmp(stored->lease, commit->lease));
	answered(commit, rc);
}

static void on_number(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_commit *commit = arg;

	commit->number = reply->rc ? 0 : reply->stat.numChildren;
	answered(commit, reply->rc);
}

/* Before the entries: what is committed after it has another number. */
static void read_number(struct df_zk_commit *commit)
{
	struct df_zk_path path;

	commit->wants_number = true;
	commit->segment = commit->zk->log.current;
	commit->pending++;
	df_zk_path_log(&path, commit->zk->uri.root, commit->segment, NULL);
	df_zk_read(commit->zk, ZK_EXISTS, ZK_SYNC, path.text, commit,
		   on_number, commit);
}

static void read_stored(struct df_zk_commit *commit)
{
	unsigned int flags = commit->is_synced ? ZK_SYNC : 0;
	struct df_zk_path path;
	size_t i;

	commit->rc = ZOK;
	/* Held until all are asked for */
	commit->pending = 1;
	commit->wants_number = false;
	for (i = 0; i < commit->count && !commit->wants_number; i++)
		if (commit->ops[i].type == DF_DB_EMPTY &&
		    !df_zk_empty_is_dir(&commit->ops[i]))
			read_number(commit);
	for (i = 0; i < commit->count; i++) {
		commit->stored[i] = (struct df_zk_stored){ .commit = commit };
		commit->pending++;
		if (commit->ops[i].type == DF_DB_EMPTY) {
			df_zk_empty_start(commit, i);
			continue;
		}
		df_zk_path_key(&path, commit->zk->uri.root,
			       commit->ops[i].key);
		df_zk_read(commit->zk, ZK_GET, flags, path.text, commit,
			   on_stored, &commit->stored[i]);
		/* The others come behind it. */
		flags = 0;
	}
	if (!--commit->pending)
		df_zk_commit_go(commit);
}

void df_zk_commit_again(struct df_zk_commit *commit)
{
	df_zk_empties_fini(commit);
	df_zk_multi_free(commit->multi);
	commit->multi = NULL;
	commit->is_sent = false;
	commit->is_synced = true;
	read_stored(commit);
}

/* The beginning */

static struct df_zk_commit *commit_new(struct df_zk *zk, struct df_db_req *req,
				       const struct df_db_op *ops, size_t count)
{
	struct df_zk_commit *commit = calloc(1, sizeof(*commit));

	if (commit)
		commit->stored = calloc(count + 1, sizeof(*commit->stored));
	if (!commit || !commit->stored)
		abort();
	commit->zk = zk;
	commit->ops = ops;
	commit->count = count;
	TAILQ_INSERT_TAIL(&zk->commits, commit, node);
	df_zk_request_init(zk, &commit->base, req, commit_end);
	return commit;
}

/* They stand in lines of text. */
static bool has_strange_topic(const struct df_db_op *ops, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ops[i].type == DF_DB_PUT && ops[i].topic &&
		    *ops[i].topic &&
		    !df_zk_is_key(ops[i].topic, strlen(ops[i].topic)))
			return true;
	return false;
}

void df_zk_commit(void *priv, struct df_db_req *req,
		  const struct df_db_op *ops, size_t count, void *lease)
{
	struct df_zk *zk = priv;
	struct df_zk_commit *commit;

	if (zk->refusal.code) {
		df_zk_fail(zk, req, ZNOAUTH);
		return;
	}
	if (has_strange_topic(ops, count)) {
		df_db_req_fail(req, -EINVAL, "a topic has characters that a key may not have");
		return;
	}
	commit = commit_new(zk, req, ops, count);
	if (lease)
		strcpy(commit->lease, df_zk_lease_name(lease));
	read_stored(commit);
}

void df_zk_commit_reap(struct df_zk *zk, const struct df_db_op *ops,
		       size_t count, const char *lease,
		       void (*fn)(void *arg, int rc), void *arg)
{
	struct df_zk_commit *commit = commit_new(zk, NULL, ops, count);

	strcpy(commit->lease, lease);
	commit->is_reap = true;
	commit->fn = fn;
	commit->arg = arg;
	read_stored(commit);
}

void df_zk_commits_cancel(struct df_zk *zk, const void *arg)
{
	struct df_zk_commit *commit;

	/* Freeing one may finish others. */
	do {
		TAILQ_FOREACH(commit, &zk->commits, node)
			if (commit->fn && commit->arg == arg)
				break;
		if (commit)
			commit_free(commit);
	} while (commit);
}
