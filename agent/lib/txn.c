// SPDX-License-Identifier: GPL-2.0
/*
 * Transactions over objects: read what is stored, work out the changes, commit
 * them under the expectation that nothing moved meanwhile, and if something
 * did, say what or begin again.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "nb.h"
#include "ops.h"
#include "txn.h"

/* Every retry means that another writer got ahead, so this is not reached. */
#define TRIES_MAX 1000

struct df_nb *df_txn_nb(struct df_txn *txn)
{
	return txn->nb;
}

int df_txn_new(struct df_txn **out, struct df_nb *nb)
{
	struct df_txn *txn = calloc(1, sizeof(*txn));

	if (!txn)
		return -ENOMEM;
	txn->nb = nb;
	LIST_INSERT_HEAD(&nb->txns, txn, node);
	*out = txn;
	return 0;
}

void df_txn_free(struct df_txn *txn)
{
	size_t i;

	if (!txn)
		return;
	LIST_REMOVE(txn, node);
	for (i = 0; i < txn->count; i++) {
		df_change_fini(txn->changes[i]);
		df_obj_put(txn->changes[i]->asked);
		free(df_txn_step(txn, i));
	}
	free(txn->changes);
	df_related_fini(&txn->related);
	df_ops_fini(&txn->ops);
	if (txn->later)
		event_free(txn->later);
	free(txn);
}

void df_nb_txns_fini(struct df_nb *nb)
{
	while (!LIST_EMPTY(&nb->txns))
		df_txn_free(LIST_FIRST(&nb->txns));
}

void df_txn_set_lease(struct df_txn *txn, struct df_lease *lease)
{
	txn->lease = lease;
}

/* Asking */

static int add_step(struct df_txn *txn, enum step_kind kind,
		    const struct df_model *model, const char *id,
		    struct step **out)
{
	struct change **changes;
	struct step *step;

	changes = realloc(txn->changes, (txn->count + 1) * sizeof(*changes));
	if (!changes)
		return -ENOMEM;
	txn->changes = changes;
	step = calloc(1, sizeof(*step));
	if (!step)
		return -ENOMEM;
	step->txn = txn;
	step->kind = kind;
	step->change.model = model;
	memcpy(step->change.id, id, DF_UUID_LEN);
	changes[txn->count++] = &step->change;
	*out = step;
	return 0;
}

static int check_step(const struct df_txn *txn, const struct df_model *model,
		      const char *id, struct df_error *error)
{
	size_t i;

	if (model->flags & DF_MODEL_DERIVED)
		return df_error_set(error, -EPERM,
				    "a %s follows from other objects and cannot be written",
				    model->name);
	if (!df_uuid_is_valid(id))
		return df_error_set(error, -EINVAL, "%s: \"%s\" is not a UUID",
				    model->name, df_quote(id).text);
	for (i = 0; i < txn->count; i++)
		if (txn->changes[i]->model == model &&
		    !strcmp(txn->changes[i]->id, id))
			return df_error_set(error, -EINVAL,
					    "%s %s is in the transaction already",
					    model->name, id);
	return 0;
}

static int ask(struct df_txn *txn, enum step_kind kind, struct df_obj *obj,
	       uint64_t revision, struct df_error *error)
{
	const char *id = df_obj_id(obj);
	struct step *step;
	int err;

	if (!id)
		return df_obj_error(obj, error, -EINVAL, "id", "is required");
	err = check_step(txn, obj->model, id, error);
	if (err)
		return err;
	err = add_step(txn, kind, obj->model, id, &step);
	if (err)
		return df_error_set(error, err, "out of memory");
	step->change.asked = df_obj_get(obj);
	step->revision = revision;
	return 0;
}

static int make_id(struct df_obj *obj)
{
	char id[DF_UUID_LEN + 1];

	if (df_obj_id(obj))
		return 0;
	df_uuid_new(id);
	return df_obj_set_string(obj, "id", id, NULL);
}

int df_txn_create(struct df_txn *txn, struct df_obj *obj,
		  struct df_error *error)
{
	if (make_id(obj))
		return df_error_set(error, -ENOMEM, "out of memory");
	return ask(txn, STEP_CREATE, obj, 0, error);
}

int df_txn_update(struct df_txn *txn, struct df_obj *obj, uint64_t revision,
		  struct df_error *error)
{
	return ask(txn, STEP_UPDATE, obj, revision, error);
}

int df_txn_patch(struct df_txn *txn, struct df_obj *obj, uint64_t revision,
		 struct df_error *error)
{
	return ask(txn, STEP_PATCH, obj, revision, error);
}

int df_txn_put(struct df_txn *txn, struct df_obj *obj, struct df_error *error)
{
	if (make_id(obj))
		return df_error_set(error, -ENOMEM, "out of memory");
	return ask(txn, STEP_PUT, obj, 0, error);
}

int df_txn_delete(struct df_txn *txn, const char *model, const char *id,
		  uint64_t revision, struct df_error *error)
{
	const struct df_model *found = df_model_find(model);
	struct step *step;
	int err;

	if (!found)
		return df_error_set(error, -EINVAL, "there is no model \"%s\"",
				    df_quote(model).text);
	err = check_step(txn, found, id, error);
	if (err)
		return err;
	err = add_step(txn, STEP_DELETE, found, id, &step);
	if (err)
		return df_error_set(error, err, "out of memory");
	step->revision = revision;
	return 0;
}

/* Ending */

void df_txn_finish(struct df_txn *txn)
{
	struct df_error error = txn->error;
	df_done_fn done = txn->done;
	void *arg = txn->arg;

	/* Freed first: the callback may close the handle. */
	df_txn_free(txn);
	if (done)
		done(arg, error.code ? &error : NULL);
}

static void finish_later(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	df_txn_finish(arg);
}

/* Nothing is called back from inside of df_txn_commit(). */
static void end(struct df_txn *txn)
{
	txn->later = event_new(txn->nb->base, -1, 0, finish_later, txn);
	if (txn->later)
		event_active(txn->later, 0, 0);
	else
		df_txn_finish(txn);
}

/* The caller's objects become what was stored. */
static void give_back(struct df_txn *txn)
{
	size_t i;

	for (i = 0; i < txn->count; i++) {
		struct step *step = df_txn_step(txn, i);
		struct df_obj *stored = df_change_is_nothing(&step->change) ?
					step->change.old : step->change.new;

		if (!step->change.asked || !stored)
			continue;
		json_decref(step->change.asked->doc);
		step->change.asked->doc = json_incref(stored->doc);
	}
}

/* Trying */

static int refuse_stale(const struct step *step, struct df_error *error)
{
	const struct df_obj *old = step->change.old;

	return df_error_set(error, -ESTALE,
			    "%s %s has revision %ju, not %ju",
			    step->change.model->name, step->change.id,
			    (uintmax_t)df_obj_revision(old),
			    (uintmax_t)step->revision);
}

static int work_out(struct step *step, struct df_error *error)
{
	struct change *change = &step->change;
	enum step_kind kind = step->kind;

	if (kind == STEP_PUT)
		kind = change->old ? STEP_UPDATE : STEP_CREATE;
	if (kind != STEP_CREATE && !change->old)
		return df_error_set(error, -ENOENT, "there is no %s %s",
				    change->model->name, change->id);
	if (step->revision && step->revision != df_obj_revision(change->old))
		return refuse_stale(step, error);
	if (kind != STEP_DELETE && change->model->flags & DF_MODEL_LEASED &&
	    !step->txn->lease)
		return df_error_set(error, -EINVAL,
				    "%s %s can only be put under a lease",
				    change->model->name, change->id);
	/* What is stored may be under a lease that is about to end. */
	change->is_forced = step->txn->lease && kind != STEP_DELETE;
	switch (kind) {
	case STEP_CREATE:
		return df_change_create(change, change->asked, error);
	case STEP_UPDATE:
	case STEP_PUT:
		return df_change_replace(change, change->asked, error);
	case STEP_PATCH:
		return df_change_patch(change, change->asked, error);
	case STEP_DELETE:
		break;
	}
	return 0;
}

static int work_out_all(struct df_txn *txn)
{
	int err = 0;
	size_t i;

	for (i = 0; !err && i < txn->count; i++) {
		err = work_out(df_txn_step(txn, i), &txn->error);
		if (!err)
			err = df_ops_expect(&txn->ops, txn->changes[i],
					    &txn->error);
	}
	if (!err)
		err = df_related_check(&txn->related, txn->changes, txn->count,
				       &txn->error);
	for (i = 0; !err && i < txn->count; i++)
		if (!df_change_is_nothing(txn->changes[i]))
			err = df_ops_add_change(&txn->ops, txn->changes[i], i,
						&txn->error);
	if (!err && df_related_guard(&txn->related, &txn->ops, txn->changes,
				     txn->count))
		err = df_error_set(&txn->error, -ENOMEM, "out of memory");
	if (!err && txn->is_first && txn->ops.count &&
	    df_ops_add_rules(&txn->ops))
		err = df_error_set(&txn->error, -ENOMEM, "out of memory");
	return err;
}

static void committed(void *arg, const struct df_error *error, size_t conflict)
{
	struct df_txn *txn = arg;

	if (error && error->code == -ESTALE && txn->tries < TRIES_MAX) {
		txn->conflict = conflict;
		df_txn_resolve(txn);
		return;
	}
	if (error) {
		txn->error = *error;
	} else {
		txn->nb->has_rules |= txn->is_first;
		give_back(txn);
	}
	df_txn_finish(txn);
}

static void commit(struct df_txn *txn)
{
	struct df_lease *lease = txn->lease;

	txn->tries++;
	if (work_out_all(txn)) {
		end(txn);
	} else if (!txn->ops.count) {
		give_back(txn);
		end(txn);
	} else {
		df_db_commit(txn->nb->db, txn->ops.v, txn->ops.count,
			     lease ? df_lease_db(lease) : NULL, committed,
			     txn);
	}
}

static void got_related(void *arg, const struct df_error *error)
{
	struct df_txn *txn = arg;

	if (error) {
		txn->error = *error;
		end(txn);
	} else {
		commit(txn);
	}
}

static void read_related(struct df_txn *txn)
{
	df_related_read(&txn->related, txn->nb->db, txn->changes, txn->count,
			got_related, txn);
}

static void got_stored(void *arg, const struct df_error *error,
		       const struct df_db_entry *entries, size_t count)
{
	struct step *step = arg;
	struct df_txn *txn = step->txn;

	if (error) {
		txn->error = *error;
	} else if (count) {
		step->change.old_version = entries[0].version;
		df_nb_decode(&step->change.old, &entries[0], &txn->error);
	}
	if (--txn->reading)
		return;
	if (txn->error.code)
		end(txn);
	else
		read_related(txn);
}

static void read_stored(struct df_txn *txn)
{
	size_t i;

	for (i = 0; i < txn->count; i++)
		txn->reading += df_txn_step(txn, i)->kind != STEP_CREATE;
	if (!txn->reading) {
		read_related(txn);
		return;
	}
	for (i = 0; i < txn->count; i++) {
		struct step *step = df_txn_step(txn, i);
		struct df_key key = df_key_obj(step->change.model->name,
					       step->change.id);

		if (step->kind != STEP_CREATE)
			df_db_get(txn->nb->db, key.text, got_stored, step);
	}
}

static void got_rules(void *arg, const struct df_error *error,
		      const struct df_db_entry *entries, size_t count)
{
	struct df_txn *txn = arg;
	struct df_rules rules;

	if (error) {
		txn->error = *error;
	} else if (count) {
		df_rules_parse(&rules, entries[0].value, entries[0].len);
		df_rules_check(&rules, &txn->error);
		txn->nb->has_rules = !txn->error.code;
	} else if (txn->nb->is_known) {
		df_error_set(&txn->error, -ENODATA,
			     "the database is empty, and is not the one that was there before");
	} else {
		/* What is under a lease does not stay. */
		txn->is_first = !txn->lease;
	}
	if (txn->error.code)
		end(txn);
	else
		read_stored(txn);
}

/* Before its first transaction, a handle looks whether it may write there. */
static void start(struct df_txn *txn)
{
	txn->is_first = false;
	if (txn->nb->has_rules)
		read_stored(txn);
	else
		df_db_get(txn->nb->db, DF_RULES_KEY, got_rules, txn);
}

void df_txn_try_again(struct df_txn *txn)
{
	size_t i;

	for (i = 0; i < txn->count; i++) {
		df_change_fini(txn->changes[i]);
		txn->changes[i]->old_version = DF_DB_ABSENT;
	}
	df_ops_fini(&txn->ops);
	start(txn);
}

void df_txn_commit(struct df_txn *txn, df_done_fn done, void *arg)
{
	txn->done = done;
	txn->arg = arg;
	start(txn);
}
