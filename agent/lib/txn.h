/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of transactions over objects; see txn.c. */
#ifndef DF_LIB_TXN_H
#define DF_LIB_TXN_H

#include "image.h"
#include "nb.h"
#include "ops.h"
#include "related.h"

/** enum step_kind - what a caller asked for */
enum step_kind {
	STEP_CREATE,
	STEP_UPDATE,
	STEP_PATCH,
	STEP_PUT,
	STEP_DELETE,
};

/**
 * struct step - one thing that a caller asked for
 * @change: what is to be done about it, in the current try
 * @txn: the transaction
 * @kind: what
 * @revision: that the stored one must have, or 0
 */
struct step {
	struct change change;
	struct df_txn *txn;
	enum step_kind kind;
	uint64_t revision;
};

/**
 * struct df_txn - a transaction
 * @changes: of what was asked for, each in a &struct step
 * @lease: puts are under this one; or NULL
 * @related: what else they rest on, in the current try
 * @ops: of the current try
 * @conflict: operation that was not met
 * @reading: answers that are missing
 * @tries: commits so far
 * @is_first: the database does not say yet by which rules it is written
 * @later: ends the transaction from the event loop
 * @error: what it ends with
 */
struct df_txn {
	LIST_ENTRY(df_txn) node;
	struct df_nb *nb;
	struct change **changes;
	size_t count;
	struct df_lease *lease;
	struct related related;
	struct ops ops;
	size_t conflict;
	size_t reading;
	unsigned int tries;
	bool is_first;
	df_done_fn done;
	void *arg;
	struct event *later;
	struct df_error error;
};

static inline struct step *df_txn_step(struct df_txn *txn, size_t nr)
{
	return (struct step *)txn->changes[nr];
}

/** Free it, and tell whoever asked how it ended. */
void df_txn_finish(struct df_txn *txn);
/** Begin with what is stored now. */
void df_txn_try_again(struct df_txn *txn);
/** txn_conflict.c: operation &df_txn.conflict was not met: say why, or try again. */
void df_txn_resolve(struct df_txn *txn);

#endif
