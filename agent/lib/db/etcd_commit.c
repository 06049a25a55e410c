// SPDX-License-Identifier: GPL-2.0
/*
 * The etcd driver's commits: a transaction that compares what was read, or what
 * the operations expect; again, with what is there instead, as long as that meets
 * the expectations.
 *
 * If the answer is lost, the transaction may have happened, or happen yet. It
 * compares that the key f/<number> is absent: that one is put, and then it cannot
 * happen any more. Whether it did is told by w/<xx>, where it leaves its number:
 * those of others that came later are gone through back to where it began.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd.h"
#include "etcd_txn.h"

/* What forbids a lost transaction is of no use after that many seconds. */
#define FENCE_S 600

/**
 * struct commit - a commit
 * @plan: its transaction
 * @lease: that its puts are under, or NULL
 * @began: revision that was known when it was sent
 * @fence: lease of what forbids it
 */
struct commit {
	struct df_etcd_request base;
	struct df_etcd_plan plan;
	struct df_etcd_lease *lease;
	uint64_t began;
	uint64_t fence;
};

static void read_stored(struct commit *commit);
static void look_back(struct commit *commit, uint64_t revision);

static void commit_end(struct df_etcd_request *base)
{
	struct commit *commit = (struct commit *)base;

	df_etcd_request_fini(base);
	df_etcd_cancel(base->etcd, commit);
	free(commit->plan.stored);
	free(commit);
}

static void fail(struct commit *commit, int code, const char *text)
{
	struct df_etcd_reply reply = { .code = code, .text = text };

	df_etcd_fail(commit->base.etcd, commit->base.req, &reply);
	commit_end(&commit->base);
}

static void garbled(struct commit *commit)
{
	fail(commit, -EBADMSG, "something there is not what Dragonflow writes");
}

static void unsure(struct commit *commit)
{
	fail(commit, -ETIMEDOUT,
	     "the answer was lost, and what became of it is not known any more");
}

/* Changes that are older than that are forgotten, if the URI says so. */
static void compact(struct df_etcd *etcd, uint64_t revision)
{
	struct df_pb pb = { 0 };

	if (!etcd->uri.history || revision <= etcd->uri.history ||
	    revision % etcd->uri.history)
		return;
	df_pb_uint(&pb, 1, revision - etcd->uri.history);
	df_etcd_send(etcd, "etcdserverpb.KV/Compact", &pb, ETCD_ONCE, NULL,
		     NULL);
}

static void done(struct commit *commit, uint64_t revision)
{
	struct df_etcd *etcd = commit->base.etcd;

	if (df_etcd_txn_writes(&commit->plan))
		compact(etcd, revision);
	df_db_req_done(commit->base.req);
	commit_end(&commit->base);
}

/* After a lost answer */

static void on_mark(void *arg, const struct df_etcd_reply *reply)
{
	struct commit *commit = arg;
	struct df_etcd_range range;
	struct df_etcd_kv kv;
	char id[20];
	int more;

	if (reply->code) {
		unsure(commit);
		return;
	}
	more = df_etcd_range_parse(&range, reply->message) ? -EBADMSG :
	       df_etcd_range_next(&range, &kv);
	if (more < 0) {
		garbled(commit);
		return;
	}
	snprintf(id, sizeof(id), "%016llx", (unsigned long long)commit->plan.id);
	if (more && kv.value.len == strlen(id) &&
	    !memcmp(kv.value.data, id, kv.value.len)) {
		done(commit, kv.revision);
	} else if (more && kv.revision > commit->began) {
		look_back(commit, kv.revision - 1);
	} else {
		/* It did not happen, and never will: begin again. */
		commit->plan.id = df_etcd_random();
		read_stored(commit);
	}
}

static void look_back(struct commit *commit, uint64_t revision)
{
	struct df_etcd_key key;
	struct df_pb pb = { 0 };

	df_etcd_key_mark(&key, &commit->plan);
	df_pb_bytes(&pb, 1, key.text, key.len);
	if (revision)
		df_pb_uint(&pb, 4, revision);
	df_etcd_send(commit->base.etcd, "etcdserverpb.KV/Range", &pb, 0,
		     on_mark, commit);
}

static void on_fence(void *arg, const struct df_etcd_reply *reply)
{
	struct commit *commit = arg;

	if (reply->code)
		unsure(commit);
	else
		look_back(commit, 0);
}

static void on_fence_lease(void *arg, const struct df_etcd_reply *reply)
{
	struct commit *commit = arg;
	struct df_etcd_key key;
	struct df_pb pb = { 0 };

	/* Being told of it twice, it is refused the second time. */
	if (reply->code && !strstr(reply->text, "already exists")) {
		unsure(commit);
		return;
	}
	df_etcd_key_fence(&key, &commit->plan);
	df_pb_bytes(&pb, 1, key.text, key.len);
	df_pb_uint(&pb, 3, commit->fence);
	df_etcd_send(commit->base.etcd, "etcdserverpb.KV/Put", &pb, 0,
		     on_fence, commit);
}

static void forbid(struct commit *commit)
{
	struct df_pb pb = { 0 };

	commit->fence = df_etcd_random();
	df_pb_uint(&pb, 1, FENCE_S);
	df_pb_uint(&pb, 2, commit->fence);
	df_etcd_send(commit->base.etcd, "etcdserverpb.Lease/LeaseGrant", &pb, 0,
		     on_fence_lease, commit);
}

/* The transaction */

static void send_txn(struct commit *commit);

/* @txn has what is there. */
static void evaluate(struct commit *commit, const struct df_etcd_txn *txn)
{
	size_t unmet;

	if (df_etcd_txn_take(&commit->plan, txn)) {
		garbled(commit);
		return;
	}
	unmet = df_etcd_txn_unmet(&commit->plan);
	if (unmet == commit->plan.count) {
		send_txn(commit);
		return;
	}
	df_db_req_conflict(commit->base.req, unmet);
	commit_end(&commit->base);
}

static void on_written(void *arg, const struct df_etcd_reply *reply)
{
	struct commit *commit = arg;
	struct df_etcd *etcd = commit->base.etcd;
	struct df_etcd_txn txn;

	if (reply->code == -ENOTCONN) {
		forbid(commit);
	} else if (reply->code == -EBUSY) {
		read_stored(commit);
	} else if (reply->code == -E2BIG && !etcd->is_bounded &&
		   strstr(reply->text, "too many operations")) {
		etcd->is_bounded = true;
		read_stored(commit);
	} else if (reply->code == -ENOENT) {
		fail(commit, -EIO, "the lease has ended");
	} else if (reply->code) {
		fail(commit, reply->code, reply->text);
	} else if (df_etcd_txn_parse(&txn, reply->message)) {
		garbled(commit);
	} else {
		df_etcd_seen(etcd, txn.revision);
		if (txn.is_done)
			done(commit, txn.revision);
		else
			evaluate(commit, &txn);
	}
}

static void send_txn(struct commit *commit)
{
	struct df_etcd *etcd = commit->base.etcd;
	unsigned int flags = df_etcd_txn_writes(&commit->plan) ? ETCD_ONCE : 0;
	struct df_pb pb = { 0 };

	commit->plan.is_bounded = etcd->is_bounded;
	commit->began = commit->plan.is_guess ? etcd->revision :
						commit->plan.revision;
	df_etcd_txn_write(&pb, &commit->plan);
	if (pb.len > DF_ETCD_REQUEST_MAX) {
		df_db_req_fail(commit->base.req, -E2BIG,
			       "the transaction has %zu bytes, more than the %u that fit into a request",
			       pb.len, DF_ETCD_REQUEST_MAX);
		commit_end(&commit->base);
		df_pb_fini(&pb);
		return;
	}
	df_etcd_send(etcd, "etcdserverpb.KV/Txn", &pb, flags, on_written,
		     commit);
}

static void on_stored(void *arg, const struct df_etcd_reply *reply)
{
	struct commit *commit = arg;
	struct df_etcd_txn txn;

	if (reply->code) {
		fail(commit, reply->code, reply->text);
		return;
	}
	if (df_etcd_txn_parse(&txn, reply->message)) {
		garbled(commit);
		return;
	}
	df_etcd_seen(commit->base.etcd, txn.revision);
	evaluate(commit, &txn);
}

static void read_stored(struct commit *commit)
{
	struct df_pb pb = { 0 };

	df_etcd_txn_read(&pb, &commit->plan);
	df_etcd_send(commit->base.etcd, "etcdserverpb.KV/Txn", &pb, 0,
		     on_stored, commit);
}

static void start(struct commit *commit)
{
	struct df_etcd *etcd = commit->base.etcd;

	if (commit->lease)
		commit->plan.lease = df_etcd_lease_id(commit->lease);
	commit->lease = NULL;
	/* Where much is compared, what is known must be read. */
	if (etcd->revision && df_etcd_txn_guess(&commit->plan) &&
	    !df_etcd_txn_is_large(&commit->plan))
		send_txn(commit);
	else
		read_stored(commit);
}

void df_etcd_commits_lease(struct df_etcd *etcd,
			   const struct df_etcd_lease *lease)
{
	struct df_etcd_request *request;
	struct df_etcd_request *next;

	for (request = TAILQ_FIRST(&etcd->requests); request; request = next) {
		struct commit *commit = (struct commit *)request;

		next = TAILQ_NEXT(request, node);
		if (request->end != commit_end || commit->lease != lease)
			continue;
		if (lease && df_etcd_lease_is_lost(lease))
			fail(commit, -EIO, "the lease has ended");
		else
			start(commit);
	}
}

/* Topics stand in keys, before a space. */
static bool has_strange_topic(const struct df_db_op *ops, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ops[i].type == DF_DB_PUT && ops[i].topic && *ops[i].topic &&
		    !df_etcd_is_topic(ops[i].topic))
			return true;
	return false;
}

void df_etcd_commit(void *priv, struct df_db_req *req,
		    const struct df_db_op *ops, size_t count, void *lease)
{
	struct df_etcd *etcd = priv;
	struct commit *commit;

	if (df_etcd_is_refused(etcd, req))
		return;
	if (has_strange_topic(ops, count)) {
		df_db_req_fail(req, -EINVAL,
			       "a topic has characters that a key may not have");
		return;
	}
	commit = df_etcd_must(calloc(1, sizeof(*commit)));
	commit->plan.stored = df_etcd_must(calloc(count + 1,
						  sizeof(*commit->plan.stored)));
	commit->plan.root = etcd->uri.root;
	commit->plan.ops = ops;
	commit->plan.count = count;
	commit->plan.mark = etcd->mark;
	commit->plan.id = df_etcd_random();
	commit->lease = lease;
	df_etcd_request_init(etcd, &commit->base, req, commit_end);
	if (!lease || df_etcd_lease_id(lease))
		start(commit);
	else if (df_etcd_lease_is_lost(lease))
		fail(commit, -EIO, "the lease has ended");
}
