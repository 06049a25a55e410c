/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From changes of objects to operations of a database transaction.
 *
 * Beside an object's own entry "<model>/<id>" the layer keeps, in the same
 * transaction,
 *
 *	unique/<model>/<field>/<within>/<value>	the id of the one who has it
 *	ref/<model>/<id>/<model>/<id>		that the second refers to the first
 *
 * so that uniqueness, references and "who uses it" are each one expectation of
 * the transaction, without a lock and without reading other objects.
 */
#ifndef DF_LIB_OPS_H
#define DF_LIB_OPS_H

#include "db.h"
#include "object.h"
#include "seen.h"

/** enum ops_kind - what it means if an operation's expectation is not met */
enum ops_kind {
	OPS_OBJECT,	/* the object was changed, created or deleted */
	OPS_CLAIM,	/* the value of @field is taken */
	OPS_REF,	/* what @field refers to is not there */
	OPS_IN_USE,	/* somebody refers to the object */
	OPS_MARK,	/* cannot fail: says that there is a reference */
	OPS_DERIVED,	/* cannot fail: goes along with the object */
};

/**
 * struct ops_note - why there is an operation
 * @kind: what it means if it is not met
 * @change: index of the change that asked for it
 * @field: of OPS_CLAIM and OPS_REF
 * @is_allocated: the value of OPS_CLAIM was made up; make up another
 * @is_forced: write OPS_CLAIM and OPS_MARK even if they are there
 */
struct ops_note {
	enum ops_kind kind;
	size_t change;
	const char *field;
	bool is_allocated;
	bool is_forced;
};

/**
 * struct change - what one object changes from and to
 * @model: of both
 * @id: of both
 * @asked: the caller's object; NULL of a deletion
 * @old: what is stored; NULL if nothing
 * @old_version: version of @old's entry
 * @new: what shall be stored; NULL for nothing
 * @made_up: bits of the fields (by index) that the library chose this time
 * @is_forced: write @new even if it equals @old
 */
struct change {
	const struct df_model *model;
	char id[DF_UUID_LEN + 1];
	struct df_obj *asked;
	struct df_obj *old;
	uint64_t old_version;
	struct df_obj *new;
	uint64_t made_up;
	bool is_forced;
};

/**
 * struct ops - the operations so far
 * @v: as the database takes them
 * @notes: one for each
 * @index: position in @v by key, plus one
 * @asked: keys of the claims of values that nobody made up
 */
struct ops {
	struct df_db_op *v;
	struct ops_note *notes;
	size_t count;
	size_t size;
	struct df_seen index;
	struct df_seen asked;
};

/** Before all changes are added, each is told of: what it asks for is not made up
 * for another.
 */
int df_ops_expect(struct ops *ops, const struct change *change,
		  struct df_error *error);
/**
 * Add what it takes to make the change number @nr.
 *
 * Of its values that were made up, those that another change has are made up
 * again.
 */
int df_ops_add_change(struct ops *ops, struct change *change, size_t nr,
		      struct df_error *error);
/** Write a key that says nothing, if it has @version still. */
int df_ops_add_guard(struct ops *ops, const char *key, uint64_t version,
		     size_t nr);
/** What it guarded goes; there may be none. */
int df_ops_drop_guard(struct ops *ops, const char *key, size_t nr);
/** Note by which rules the database is written, as nobody did yet. */
int df_ops_add_rules(struct ops *ops);
void df_ops_fini(struct ops *ops);

/** One more operation; takes over what @op points to. */
int df_ops_add(struct ops *ops, struct df_db_op *op,
	       const struct ops_note *note);
/* ops_derived.c */
int df_ops_add_derived(struct ops *ops, const struct change *change,
		       size_t nr);

/* derive.c; pure */

/** The model of what follows from objects of @model, by the first rule from
 * number *@rule on, which is set to it; or NULL.
 */
const struct df_model *df_derived_model(const struct df_model *model,
					size_t *rule);
/** What follows from @obj by that rule, a list; nothing if @obj is NULL. NULL
 * if there is no memory.
 */
json_t *df_derive(const struct df_obj *obj, size_t rule);

/* change.c: what shall be stored, from what is and what was asked for; pure
 * but for the random numbers
 */

int df_change_create(struct change *change, const struct df_obj *asked,
		     struct df_error *error);
int df_change_replace(struct change *change, const struct df_obj *asked,
		      struct df_error *error);
int df_change_patch(struct change *change, const struct df_obj *asked,
		    struct df_error *error);
/** Choose a value for field number @i, if it is to have one, or another one. */
int df_change_make_up(struct change *change, size_t i, struct df_error *error);
bool df_change_is_nothing(const struct change *change);
void df_change_fini(struct change *change);

#endif
