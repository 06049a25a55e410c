/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of the ZooKeeper driver's commits. */
#ifndef DF_LIB_DB_ZOOKEEPER_COMMIT_H
#define DF_LIB_DB_ZOOKEEPER_COMMIT_H

#include "zookeeper.h"

/**
 * struct df_zk_stored - what is there before an operation
 * @exists: is it?
 * @is_skipped: it is nothing to a reap, as it is under another lease
 * @node_version: of the node, for ZooKeeper
 * @version: of the entry, for our users
 */
struct df_zk_stored {
	struct df_zk_commit *commit;
	bool exists;
	bool is_skipped;
	int node_version;
	uint64_t version;
	char topic[DF_DB_KEY_MAX + 1];
	char lease[DF_ZK_LEASE_MAX + 1];
};

/**
 * struct df_zk_empty - what an EMPTY found
 * @walk: that looks; first, so that it can be told whose it is
 * @op: which operation it is
 * @dirs: directories below the prefix, each above those in it
 * @has_other: is there a key that the transaction does not delete?
 */
struct df_zk_empty {
	struct df_zk_walk walk;
	LIST_ENTRY(df_zk_empty) node;
	struct df_zk_commit *commit;
	size_t op;
	char **dirs;
	size_t count;
	bool has_other;
};

/**
 * struct df_zk_commit - a commit that is not answered
 * @base: first, so that it can be told which it is
 * @lease: name of the lease that puts are under, or ""
 * @is_reap: it deletes what is under @lease
 * @fn: told of a reap's end
 * @stored: for each operation
 * @empties: for each EMPTY
 * @pending: answers that are missing before it goes on
 * @rc: what went wrong in one of these
 * @is_synced: were the entries read behind whatever was committed before?
 * @wants_number: an EMPTY that nothing else can guard expects the log's number
 * @number: that
 * @segment: of the log, that it is added to
 * @slot: held from before it is sent until it is known what happened
 * @is_waiting: for a slot
 * @is_sent: and not answered
 * @tag: written to the slot
 * @multi: until it is sent
 */
struct df_zk_commit {
	struct df_zk_request base;
	TAILQ_ENTRY(df_zk_commit) node;
	struct df_zk *zk;
	const struct df_db_op *ops;
	size_t count;
	char lease[DF_ZK_LEASE_MAX + 1];
	bool is_reap;
	void (*fn)(void *arg, int rc);
	void *arg;
	struct df_zk_stored *stored;
	LIST_HEAD(, df_zk_empty) empties;
	size_t pending;
	int rc;
	bool is_synced;
	bool wants_number;
	uint32_t number;
	uint32_t segment;
	struct df_zk_slot *slot;
	bool is_waiting;
	bool is_sent;
	char tag[16];
	struct df_zk_multi *multi;
};

/* zookeeper_commit.c */

/** It holds a slot: go on. */
void df_zk_commit_go(struct df_zk_commit *commit);
/** Begin again: what it was built on is not so any more. */
void df_zk_commit_again(struct df_zk_commit *commit);
/** Answer, and free. */
void df_zk_commit_done(struct df_zk_commit *commit, int rc);

/* zookeeper_slot.c */

void df_zk_slot_path(const struct df_zk *zk, const struct df_zk_slot *slot,
		     struct df_zk_path *path);
/** Calls df_zk_commit_go() when there is one. */
void df_zk_slot_get(struct df_zk_commit *commit);
/** @is_sure: it is known what is written there. */
void df_zk_slot_put(struct df_zk_commit *commit, bool is_sure);
/** The answer was lost: find out, and finish or begin again. */
void df_zk_slot_ask(struct df_zk_commit *commit);

/* zookeeper_empty.c */

void df_zk_empty_start(struct df_zk_commit *commit, size_t op);
void df_zk_empties_fini(struct df_zk_commit *commit);
/** Expectations that are not met: index of an operation, or @count. */
size_t df_zk_empties_unmet(const struct df_zk_commit *commit);
/** Does its key end where a directory does? */
bool df_zk_empty_is_dir(const struct df_db_op *op);
/** Let the transaction fail if it is not so any more. */
void df_zk_empties_guard(struct df_zk_commit *commit);
/** They are gone, or not what they seemed. */
void df_zk_empties_forget(struct df_zk_commit *commit);

/* zookeeper_build.c */

/** Index of an operation whose expectation is not met, or @count. */
size_t df_zk_commit_unmet(struct df_zk_commit *commit);
/** Make @multi; false: there is nothing to do. */
bool df_zk_commit_build(struct df_zk_commit *commit);

#endif
