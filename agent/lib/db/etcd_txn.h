/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transactions of etcd: what is read, expected and written for operations of the
 * library. Pure.
 *
 * A transaction is sent with what was read before, or is supposed, of each entry
 * that it changes: that they have the revision, or are absent, is compared. If it
 * is not so, the answer says what is there. Servers refuse transactions of more
 * than 128 comparisons or operations unless they are told otherwise. Operations
 * are put into groups for that, which are transactions in the transaction. When
 * there are too many comparisons, one takes their place: that nobody at all has
 * committed anything since the entries were read.
 */
#ifndef DF_LIB_DB_ETCD_TXN_H
#define DF_LIB_DB_ETCD_TXN_H

#include "etcd_wire.h"

/* Operations in a group; and groups, or comparisons: together they are 128. */
#define DF_ETCD_GROUP 64

/**
 * struct df_etcd_stored - what there is of an operation's key
 * @exists: there is an entry
 * @is_leased: and it may go by itself
 * @has_others: of DF_DB_EMPTY: there are keys that stay
 * @version: of the entry
 * @topic: of the entry
 */
struct df_etcd_stored {
	bool exists;
	bool is_leased;
	bool has_others;
	uint64_t version;
	char topic[DF_DB_KEY_MAX + 1];
};

/**
 * struct df_etcd_plan - a transaction
 * @root: of the database
 * @ops: its operations
 * @stored: what there is of each
 * @is_guess: @stored is only supposed
 * @is_bounded: use few comparisons
 * @lease: that puts are under, or 0
 * @id: number of the commit
 * @mark: the key that says which commit was the last
 * @revision: when @stored was read
 */
struct df_etcd_plan {
	const char *root;
	const struct df_db_op *ops;
	size_t count;
	struct df_etcd_stored *stored;
	bool is_guess;
	bool is_bounded;
	uint64_t lease;
	uint64_t id;
	unsigned char mark;
	uint64_t revision;
};

/** Suppose what the operations expect; false: they do not say enough. */
bool df_etcd_txn_guess(struct df_etcd_plan *plan);
/** The request that only reads. */
void df_etcd_txn_read(struct df_pb *pb, const struct df_etcd_plan *plan);
/** The request that does it. */
void df_etcd_txn_write(struct df_pb *pb, const struct df_etcd_plan *plan);
/** Does it change anything? */
bool df_etcd_txn_writes(const struct df_etcd_plan *plan);
/** Does it have more comparisons than a server takes by default? */
bool df_etcd_txn_is_large(const struct df_etcd_plan *plan);
/** Take over what was read; -EBADMSG. */
int df_etcd_txn_take(struct df_etcd_plan *plan, const struct df_etcd_txn *txn);
/** Index of an operation whose expectation is not met; count: all are. */
size_t df_etcd_txn_unmet(const struct df_etcd_plan *plan);

/** What says which commit was the last, and what forbids that one. */
void df_etcd_key_mark(struct df_etcd_key *key, const struct df_etcd_plan *plan);
void df_etcd_key_fence(struct df_etcd_key *key,
		       const struct df_etcd_plan *plan);

#endif
