// SPDX-License-Identifier: GPL-2.0
/* The operations that a change of an object takes; see ops.h. Pure. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "image.h"
#include "nb.h"
#include "ops.h"
#include "schema.h"

/* Not reached unless nearly all values are in use. */
#define MAKE_UP_TRIES 1000

static int no_memory(struct df_error *error)
{
	return df_error_set(error, -ENOMEM, "out of memory");
}

static void op_fini(struct df_db_op *op)
{
	free((char *)op->key);
	free((char *)op->topic);
	free((char *)op->value);
}

void df_ops_fini(struct ops *ops)
{
	size_t i;

	for (i = 0; i < ops->count; i++)
		op_fini(&ops->v[i]);
	free(ops->v);
	free(ops->notes);
	df_seen_fini(&ops->index);
	df_seen_fini(&ops->asked);
	memset(ops, 0, sizeof(*ops));
}

/* A claim or a mark that was given up is taken again: by the same object it
 * just stays; by another it goes over.
 */
static void take_again(struct df_db_op *first, struct ops_note *first_note,
		       struct df_db_op *op, const struct ops_note *note)
{
	bool is_kept = first_note->change == note->change && !note->is_forced;

	op_fini(first);
	*first = *op;
	first->type = is_kept ? DF_DB_CHECK : DF_DB_PUT;
	first->expect = DF_DB_ANY;
	*first_note = *note;
}

/*
 * Another operation on a key of the transaction. That happens to claims, marks,
 * and references to an object that the transaction changes as well.
 *
 * Takes over what @op points to. -EEXIST: two want the same value. -ENOENT: one
 * deletes what another needs.
 */
static int merge(struct ops *ops, size_t at, struct df_db_op *op,
		 const struct ops_note *note)
{
	bool is_mark = note->kind == OPS_CLAIM || note->kind == OPS_MARK;
	struct df_db_op *first = &ops->v[at];
	int err = 0;

	if (op->type == DF_DB_CHECK) {
		if (first->type == DF_DB_DELETE)
			err = -ENOENT;
		op_fini(op);
	} else if (!is_mark) {
		op_fini(first);
		*first = *op;
		ops->notes[at] = *note;
	} else if (op->type == DF_DB_DELETE) {
		first->expect = DF_DB_ANY;
		op_fini(op);
	} else if (first->type == DF_DB_DELETE) {
		take_again(first, &ops->notes[at], op, note);
	} else {
		if (note->kind == OPS_CLAIM)
			err = -EEXIST;
		op_fini(op);
	}
	return err;
}

static int grow(struct ops *ops)
{
	size_t size = ops->size ? ops->size * 2 : 16;
	struct ops_note *notes;
	struct df_db_op *v;

	if (ops->count < ops->size)
		return 0;
	v = realloc(ops->v, size * sizeof(*v));
	if (v)
		ops->v = v;
	notes = realloc(ops->notes, size * sizeof(*notes));
	if (notes)
		ops->notes = notes;
	if (!v || !notes)
		return -ENOMEM;
	ops->size = size;
	return 0;
}

int df_ops_add(struct ops *ops, struct df_db_op *op,
	       const struct ops_note *note)
{
	struct df_seen_key *key = NULL;
	int err = 0;

	if (!op->key || grow(ops))
		err = -ENOMEM;
	if (!err && op->type != DF_DB_EMPTY) {
		key = df_seen_add(&ops->index, op->key);
		if (!key)
			err = -ENOMEM;
		else if (key->version)
			return merge(ops, key->version - 1, op, note);
	}
	if (err) {
		op_fini(op);
		return err;
	}
	ops->v[ops->count] = *op;
	ops->notes[ops->count++] = *note;
	if (key)
		key->version = ops->count;
	return 0;
}

static int add_simple(struct ops *ops, enum df_db_op_type type,
		      const char *key, uint64_t expect,
		      const struct ops_note *note)
{
	struct df_db_op op = {
		.type = type,
		.key = strdup(key),
		.expect = expect,
	};

	return df_ops_add(ops, &op, note);
}

static int add_mark(struct ops *ops, const char *key, const char *value,
		    uint64_t expect, const struct ops_note *note)
{
	struct df_db_op op = {
		.type = DF_DB_PUT,
		.key = strdup(key),
		.value = strdup(value),
		.len = strlen(value),
		.expect = expect,
	};

	return df_ops_add(ops, &op, note);
}

/* The object's own entry */

static int add_object(struct ops *ops, const struct change *change, size_t nr,
		      struct df_error *error)
{
	struct ops_note note = { .kind = OPS_OBJECT, .change = nr };
	struct df_key key = df_key_obj(change->model->name, change->id);
	struct df_db_op op = {
		.type = DF_DB_PUT,
		.expect = change->old_version,
	};
	int err;

	if (!change->new)
		return add_simple(ops, DF_DB_DELETE, key.text,
				  change->old_version, &note);
	op.key = strdup(key.text);
	op.topic = df_obj_topic(change->new);
	op.value = json_dumps(change->new->doc,
			      JSON_COMPACT | JSON_SORT_KEYS);
	op.len = op.value ? strlen(op.value) : 0;
	if (!op.key || !op.topic || !op.value)
		err = no_memory(error);
	else if (op.len > DF_OBJ_TEXT_MAX)
		err = df_error_set(error, -E2BIG,
				   "%s has %zu bytes, more than %d",
				   df_obj_label(change->new).text, op.len,
				   DF_OBJ_TEXT_MAX);
	else
		return df_ops_add(ops, &op, &note);
	op_fini(&op);
	return err;
}

/* Claims of unique values */

/**
 * struct claims - whose claims are added
 * @is_asked: only note what was asked for
 */
struct claims {
	struct ops *ops;
	const struct change *change;
	size_t nr;
	bool is_asked;
	struct df_error *error;
};

/* NULL if the value is not there. */
static char *claim_key(const struct df_obj *obj, const struct df_unique *unique,
		       const json_t *value)
{
	const char *within = unique->within ?
			     df_obj_string(obj, unique->within) : NULL;
	char *text = value ? df_json_to_text(NULL, value) : NULL;
	char *key = NULL;

	if (text)
		key = df_key_claim(unique->among ? unique->among :
						   obj->model->name,
				   unique->field, within, text);
	free(text);
	return key;
}

/* Who has it, for the message to others who want it. */
static struct df_label claim_value(const struct change *change)
{
	struct df_label label;

	snprintf(label.text, sizeof(label.text), "%s %s", change->model->name,
		 change->id);
	return label;
}

static int add_claim(const struct claims *claims, const struct df_obj *obj,
		     const struct df_unique *unique, const json_t *value)
{
	const struct df_field *fields = df_schema(obj->model)->fields;
	const struct df_field *field = df_fields_find(fields, unique->field);
	const struct change *change = claims->change;
	struct ops_note note = {
		.kind = OPS_CLAIM,
		.change = claims->nr,
		.field = unique->field,
		.is_allocated = change->made_up >> (field - fields) & 1,
		.is_forced = change->is_forced,
	};
	char *key = claim_key(obj, unique, value);
	int err;

	if (!key)
		return value ? -ENOMEM : 0;
	if (claims->is_asked)
		err = note.is_allocated ||
			df_seen_add(&claims->ops->asked, key) ? 0 : -ENOMEM;
	else if (obj == change->new)
		err = add_mark(claims->ops, key, claim_value(change).text,
			       DF_DB_ABSENT, &note);
	else
		err = add_simple(claims->ops, DF_DB_DELETE, key, DF_DB_ANY,
				 &note);
	free(key);
	if (err == -EEXIST)
		return df_obj_error(obj, claims->error, err, unique->field,
				    "is used twice in the same transaction");
	return err;
}

/* Claim every value of @unique that the object has. */
static int add_claims(const struct claims *claims, const struct df_obj *obj,
		      const struct df_unique *unique)
{
	const json_t *value = json_object_get(obj->doc, unique->field);
	const json_t *item;
	int err = 0;
	size_t i;

	if (!unique->member)
		return add_claim(claims, obj, unique, value);
	json_array_foreach(value, i, item) {
		err = add_claim(claims, obj, unique,
				json_object_get(item, unique->member));
		if (err)
			break;
	}
	return err;
}

static int add_claims_of(const struct claims *claims, const struct df_obj *obj)
{
	const struct df_schema *schema = df_schema(obj->model);
	const struct df_unique *unique = schema->uniques;
	const struct df_field *field;
	int err = 0;

	for (; !err && unique && unique->field; unique++)
		err = add_claims(claims, obj, unique);
	for (field = schema->fields; !err && field->name; field++) {
		struct df_unique simple = { .field = field->name };

		if (field->flags & DF_FIELD_UNIQUE)
			err = add_claims(claims, obj, &simple);
	}
	return err;
}

static bool is_claimed(const struct ops *ops, const struct df_obj *obj,
		       const struct df_field *field)
{
	const struct df_unique *unique = df_schema(obj->model)->uniques;
	struct df_unique simple = { .field = field->name };
	bool is_claimed;
	char *key;

	while (unique && unique->field && strcmp(unique->field, field->name))
		unique++;
	if (!unique || !unique->field)
		unique = &simple;
	key = claim_key(obj, unique, json_object_get(obj->doc, field->name));
	is_claimed = key && (df_seen_find(&ops->index, key) ||
			     df_seen_find(&ops->asked, key));
	free(key);
	return is_claimed;
}

/* Among many in one transaction, two that were made up are equal at times. */
static int make_up_others(const struct ops *ops, struct change *change,
			  struct df_error *error)
{
	const struct df_field *field = df_schema(change->model)->fields;
	int tries, err = 0;
	size_t i;

	for (i = 0; field[i].name; i++) {
		if (!(change->made_up >> i & 1))
			continue;
		for (tries = 0; !err && tries < MAKE_UP_TRIES &&
		     is_claimed(ops, change->new, &field[i]); tries++)
			err = df_change_make_up(change, i, error);
	}
	return err;
}

/* References */

struct refs {
	struct ops *ops;
	const struct change *change;
	size_t nr;
};

static int add_ref(const struct refs *refs, const struct df_field *field,
		   const json_t *value, bool is_new)
{
	const char *id = json_string_value(value);
	struct ops_note note = {
		.kind = OPS_REF,
		.change = refs->nr,
		.field = field->name,
		.is_forced = refs->change->is_forced,
	};
	struct df_key key;
	int err;

	if (!id || !field->ref)
		return 0;
	key = df_key_ref(field->ref, id, refs->change->model->name,
			 refs->change->id);
	if (!is_new) {
		note.kind = OPS_MARK;
		return add_simple(refs->ops, DF_DB_DELETE, key.text,
				  DF_DB_ANY, &note);
	}
	err = add_simple(refs->ops, DF_DB_CHECK,
			 df_key_obj(field->ref, id).text, DF_DB_PRESENT,
			 &note);
	note.kind = OPS_MARK;
	return err ? err : add_mark(refs->ops, key.text, "", DF_DB_ANY, &note);
}

static int add_refs_in(const struct refs *refs, const struct df_field *fields,
		       const json_t *record, bool is_new);

static int add_refs_of_field(const struct refs *refs,
			     const struct df_field *field, const json_t *value,
			     bool is_new)
{
	const json_t *item;
	size_t i;
	int err = 0;

	if (!value)
		return 0;
	if (field->flags & DF_FIELD_LIST) {
		json_array_foreach(value, i, item) {
			err = field->fields ?
			      add_refs_in(refs, field->fields, item, is_new) :
			      add_ref(refs, field, item, is_new);
			if (err)
				return err;
		}
		return 0;
	}
	return field->fields ? add_refs_in(refs, field->fields, value, is_new)
			     : add_ref(refs, field, value, is_new);
}

static int add_refs_in(const struct refs *refs, const struct df_field *fields,
		       const json_t *record, bool is_new)
{
	int err = 0;

	for (; !err && fields->name; fields++)
		err = add_refs_of_field(refs, fields,
					json_object_get(record, fields->name),
					is_new);
	return err;
}

/* What belongs to the object */

static int add_in_use(struct ops *ops, const struct change *change, size_t nr)
{
	struct ops_note note = { .kind = OPS_IN_USE, .change = nr };
	struct df_key key = df_key_ref(change->model->name, change->id, NULL,
				       NULL);

	return add_simple(ops, DF_DB_EMPTY, key.text, DF_DB_ANY, &note);
}

static int delete_followers(struct ops *ops, const struct change *change,
			    size_t nr)
{
	struct ops_note note = { .kind = OPS_DERIVED, .change = nr };
	const struct df_schema *schema;
	int err = 0;

	for (schema = df_schemas; !err && schema->model.name; schema++)
		if (schema->follows &&
		    !strcmp(schema->follows, change->model->name))
			err = add_simple(ops, DF_DB_DELETE,
					 df_key_obj(schema->model.name,
						    change->id).text,
					 DF_DB_ANY, &note);
	return err;
}

static int check_leader(struct ops *ops, const struct change *change,
			size_t nr)
{
	const char *leader = df_schema(change->model)->follows;
	struct ops_note note = {
		.kind = OPS_REF,
		.change = nr,
		.field = "id",
	};

	if (!leader)
		return 0;
	return add_simple(ops, DF_DB_CHECK, df_key_obj(leader, change->id).text,
			  DF_DB_PRESENT, &note);
}

static int add_refs(struct ops *ops, const struct change *change, size_t nr)
{
	const struct df_field *fields = df_schema(change->model)->fields;
	struct refs refs = { ops, change, nr };
	int err = 0;

	/* First given up, then taken: what stays is put again. */
	if (change->old)
		err = add_refs_in(&refs, fields, change->old->doc, false);
	if (!err && change->new)
		err = add_refs_in(&refs, fields, change->new->doc, true);
	return err;
}

static int add_all(struct ops *ops, const struct change *change, size_t nr,
		   struct df_error *error)
{
	struct claims claims = { ops, change, nr, false, error };
	int err;

	err = add_object(ops, change, nr, error);
	if (!err && change->old)
		err = add_claims_of(&claims, change->old);
	if (!err && change->new)
		err = add_claims_of(&claims, change->new);
	if (!err)
		err = add_refs(ops, change, nr);
	if (!err)
		err = df_ops_add_derived(ops, change, nr);
	if (!err && change->new)
		err = check_leader(ops, change, nr);
	if (!err && !change->new)
		err = add_in_use(ops, change, nr);
	if (!err && !change->new)
		err = delete_followers(ops, change, nr);
	return err;
}

int df_ops_add_guard(struct ops *ops, const char *key, uint64_t version,
		     size_t nr)
{
	return add_mark(ops, key, "", version, &(struct ops_note) {
			.kind = OPS_MARK, .change = nr });
}

int df_ops_drop_guard(struct ops *ops, const char *key, size_t nr)
{
	return add_simple(ops, DF_DB_DELETE, key, DF_DB_ANY,
			  &(struct ops_note) {
			.kind = OPS_MARK, .change = nr });
}

int df_ops_add_rules(struct ops *ops)
{
	struct df_rules rules = { DF_RULES_VERSION, DF_RULES_MIN_WRITER, false };
	char *text = df_rules_print(&rules);
	int err = -ENOMEM;

	if (text)
		err = add_mark(ops, DF_RULES_KEY, text, DF_DB_ABSENT,
			       &(struct ops_note) { .kind = OPS_MARK });
	free(text);
	return err;
}

int df_ops_expect(struct ops *ops, const struct change *change,
		  struct df_error *error)
{
	struct claims claims = { ops, change, 0, true, error };

	if (change->new && add_claims_of(&claims, change->new))
		return no_memory(error);
	return 0;
}

int df_ops_add_change(struct ops *ops, struct change *change, size_t nr,
		      struct df_error *error)
{
	int err;

	error->code = 0;
	err = make_up_others(ops, change, error);
	if (!err)
		err = add_all(ops, change, nr, error);
	if (!err || error->code)
		return err;
	if (err == -ENOENT)
		return df_error_set(error, err,
				    "%s %s refers to what the same transaction deletes",
				    change->model->name, change->id);
	return no_memory(error);
}
