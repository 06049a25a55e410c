// SPDX-License-Identifier: GPL-2.0
/* The operations that keep what follows from an object in step. Pure. */
#include <errno.h>
#include <string.h>

#include "nb.h"
#include "ops.h"

static const char *id_of(const json_t *doc)
{
	return json_string_value(json_object_get(doc, "id"));
}

static const json_t *find(const json_t *docs, const char *id)
{
	const json_t *doc;
	size_t i;

	json_array_foreach(docs, i, doc)
		if (!strcmp(id_of(doc), id))
			return doc;
	return NULL;
}

/* Same but for the revision? */
static bool is_same(const json_t *old, const json_t *new)
{
	const char *name;
	json_t *value;

	if (!old)
		return false;
	json_object_foreach((json_t *)new, name, value)
		if (strcmp(name, "revision") &&
		    !json_equal(value, json_object_get(old, name)))
			return false;
	return true;
}

static int put(struct ops *ops, const struct df_model *model, json_t *doc,
	       const struct ops_note *note)
{
	struct df_db_op op = { .type = DF_DB_PUT, .expect = DF_DB_ANY };
	struct df_obj *obj = df_obj_wrap(model, json_incref(doc));

	if (!obj)
		return -ENOMEM;
	op.key = strdup(df_key_obj(model->name, df_obj_id(obj)).text);
	op.topic = df_obj_topic(obj);
	op.value = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);
	op.len = op.value ? strlen(op.value) : 0;
	df_obj_put(obj);
	return df_ops_add(ops, &op, note);
}

static int delete(struct ops *ops, const struct df_model *model,
		  const json_t *doc, const struct ops_note *note)
{
	struct df_db_op op = {
		.type = DF_DB_DELETE,
		.key = strdup(df_key_obj(model->name, id_of(doc)).text),
		.expect = DF_DB_ANY,
	};

	return df_ops_add(ops, &op, note);
}

static int add_difference(struct ops *ops, const struct df_model *model,
			  const json_t *old, const json_t *new,
			  const struct ops_note *note)
{
	int err = 0;
	json_t *doc;
	size_t i;

	json_array_foreach(old, i, doc)
		if (!err && !find(new, id_of(doc)))
			err = delete(ops, model, doc, note);
	json_array_foreach(new, i, doc)
		if (!err && !is_same(find(old, id_of(doc)), doc))
			err = put(ops, model, doc, note);
	return err;
}

int df_ops_add_derived(struct ops *ops, const struct change *change, size_t nr)
{
	struct ops_note note = { .kind = OPS_DERIVED, .change = nr };
	const struct df_model *model;
	json_t *old, *new;
	size_t rule = 0;
	int err = 0;

	while (!err && (model = df_derived_model(change->model, &rule))) {
		old = df_derive(change->old, rule);
		new = df_derive(change->new, rule);
		err = old && new ? add_difference(ops, model, old, new, &note) :
				   -ENOMEM;
		json_decref(old);
		json_decref(new);
		rule++;
	}
	return err;
}
