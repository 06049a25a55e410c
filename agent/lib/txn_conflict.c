// SPDX-License-Identifier: GPL-2.0
/* Transactions that met something else than they expected: what, in words. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "txn.h"

/* The claim's value is model and id of who has it. */
static void say_taken(void *arg, const struct df_error *error,
		      const struct df_db_entry *entries, size_t count)
{
	struct df_txn *txn = arg;
	const struct ops_note *note = &txn->ops.notes[txn->conflict];
	struct df_obj *new = txn->changes[note->change]->new;

	if (!error && !count) {	/* given up in the meantime */
		df_txn_try_again(txn);
		return;
	}
	if (error) {
		txn->error = *error;
	} else {
		const char *value = strrchr(entries[0].key, '/') + 1;

		df_obj_error(new, &txn->error, -EEXIST, note->field,
			     "%s is already used by %s", df_quote(value).text,
			     (const char *)entries[0].value);
	}
	df_txn_finish(txn);
}

/* The mark under @prefix that this transaction itself puts, or NULL */
static const char *own_mark(const struct df_txn *txn, const char *prefix)
{
	size_t i;

	for (i = 0; i < txn->ops.count; i++)
		if (txn->ops.v[i].type == DF_DB_PUT &&
		    !strncmp(txn->ops.v[i].key, prefix, strlen(prefix)))
			return txn->ops.v[i].key;
	return NULL;
}

/* The marks are "ref/<model>/<id>/<model>/<id>". */
static void say_used(void *arg, const struct df_error *error,
		     const struct df_db_entry *entries, size_t count)
{
	struct df_txn *txn = arg;
	const struct ops_note *note = &txn->ops.notes[txn->conflict];
	const struct change *change = txn->changes[note->change];
	const char *prefix = txn->ops.v[txn->conflict].key;
	const char *mark = count ? entries[0].key : own_mark(txn, prefix);

	if (!error && !mark) {	/* given up in the meantime */
		df_txn_try_again(txn);
		return;
	}
	if (error) {
		txn->error = *error;
	} else {
		char more[48] = "";
		char *user = strdup(mark + strlen(prefix));

		if (count > 1)
			snprintf(more, sizeof(more), " and %zu more",
				 count - 1);
		if (user && strchr(user, '/'))
			*strchr(user, '/') = ' ';
		df_error_set(&txn->error, -EBUSY, "%s %s is used by %s%s",
			     change->model->name, change->id,
			     user ? user : "others", more);
		free(user);
	}
	df_txn_finish(txn);
}

static void say_missing(struct df_txn *txn, const struct ops_note *note)
{
	const struct df_obj *new = txn->changes[note->change]->new;
	const struct df_model *model = NULL;
	const char *id = NULL;

	df_key_split(txn->ops.v[txn->conflict].key, &model, &id);
	df_obj_error(new, &txn->error, -ENOENT, note->field,
		     "there is no %s %s", model->name, id);
	df_txn_finish(txn);
}

static void object_moved(struct df_txn *txn, const struct ops_note *note)
{
	const struct step *step = df_txn_step(txn, note->change);

	if (step->kind == STEP_CREATE) {
		df_error_set(&txn->error, -EEXIST, "%s %s exists already",
			     step->change.model->name, step->change.id);
		df_txn_finish(txn);
	} else {
		/* A revision that was asked for is compared after reading. */
		df_txn_try_again(txn);
	}
}

void df_txn_resolve(struct df_txn *txn)
{
	const struct ops_note *note = &txn->ops.notes[txn->conflict];
	const char *key = txn->ops.v[txn->conflict].key;

	switch (note->kind) {
	case OPS_OBJECT:
		object_moved(txn, note);
		break;
	case OPS_CLAIM:
		if (note->is_allocated)
			df_txn_try_again(txn);
		else
			df_db_get(txn->nb->db, key, say_taken, txn);
		break;
	case OPS_REF:
		say_missing(txn, note);
		break;
	case OPS_IN_USE:
		df_db_list(txn->nb->db, key, NULL, say_used, txn);
		break;
	case OPS_MARK:
	case OPS_DERIVED:
		df_txn_try_again(txn);
		break;
	}
}
