// SPDX-License-Identifier: GPL-2.0
/* dfctl MODEL set */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nb.h"

enum { SET_TRIES = 16 };

/* Does the item say everything that @part says? */
static bool item_matches(const json_t *item, const json_t *part)
{
	const char *key;
	json_t *value;

	if (!json_is_object(part))
		return json_equal(item, part);
	json_object_foreach((json_t *)part, key, value) {
		if (!json_equal(json_object_get(item, key), value))
			return false;
	}
	return true;
}

static void list_add(json_t *list, const json_t *items)
{
	json_t *item, *old;
	size_t i, j;

	json_array_foreach(items, i, item) {
		bool known = false;

		json_array_foreach(list, j, old)
			known = known || json_equal(old, item);
		if (!known)
			json_array_append(list, item);
	}
}

static int list_remove(const struct dfctl *ctl, const struct df_field *field,
		       json_t *list, const json_t *parts)
{
	json_t *part;
	size_t i, j;

	json_array_foreach(parts, i, part) {
		bool found = false;

		for (j = json_array_size(list); j-- > 0;) {
			if (!item_matches(json_array_get(list, j), part))
				continue;
			json_array_remove(list, j);
			found = true;
		}
		if (!found) {
			__auto_free char *text = dfctl_value_text(part);

			dfctl_err("%s %s: field '%s' does not hold %s",
				  ctl->model->name, ctl->argv[0], field->name, text);
			return DFCTL_FAILED;
		}
	}
	return DFCTL_OK;
}

/* What a field is to be, given what it is and what was written. */
static int field_change(struct dfctl *ctl, const json_t *object,
			const struct dfctl_assignment *set, json_t *patch)
{
	const char *name = set->field->name;
	__auto_json json_t *list = NULL;
	__auto_json json_t *value = NULL;
	const json_t *now;
	int err;

	err = dfctl_assignment_value(ctl, ctl->model, set, &value);
	if (err)
		return err;
	if (set->op == '=')
		return json_object_set(patch, name, value) ? DFCTL_FAILED : DFCTL_OK;
	if (json_is_null(value)) {
		dfctl_err("%s: field '%s': %c= of what?", ctl->model->name, name, set->op);
		return DFCTL_USAGE;
	}
	now = json_object_get(patch, name);
	if (!now)
		now = json_object_get(object, name);
	list = json_is_array(now) ? json_deep_copy(now) : json_array();
	if (set->op == '+')
		list_add(list, value);
	else
		err = list_remove(ctl, set->field, list, value);
	if (!err)
		json_object_set(patch, name, list);
	return err;
}

static int patch_make(struct dfctl *ctl, const struct df_obj *obj, json_t *patch,
		      bool *relative)
{
	__auto_json json_t *object = dfctl_obj_json(obj);
	int i, err = DFCTL_OK;

	json_object_set_new(patch, "id", json_string(df_obj_id(obj)));
	for (i = 1; i < ctl->argc && !err; i++) {
		struct dfctl_assignment set;

		if (!strchr(ctl->argv[i], '=')) {
			dfctl_err("%s: write FIELD=VALUE, not '%s'", ctl->model->name,
				  ctl->argv[i]);
			return DFCTL_USAGE;
		}
		err = dfctl_assignment_parse(ctl->model, ctl->argv[i], &set);
		if (!err && !strcmp(set.field->name, "id")) {
			dfctl_err("%s: field 'id' cannot be changed", ctl->model->name);
			return DFCTL_USAGE;
		}
		if (!err)
			err = field_change(ctl, object, &set, patch);
		*relative = *relative || (!err && set.op != '=');
	}
	return err ? err : dfctl_subnets_fill(ctl, patch, object);
}

/*
 * Commit; -ESTALE is for the caller to try again, anything else was reported.
 * Adding to a list holds only if nobody changed the list meanwhile.
 */
static int patch_commit(struct dfctl *ctl, const json_t *patch, uint64_t revision,
			struct df_obj **out)
{
	__auto_free char *text = json_dumps(patch, JSON_COMPACT);
	df_obj_auto struct df_obj *obj = NULL;
	df_txn_auto struct df_txn *txn = NULL;
	struct df_error error = { 0 };
	struct df_txn *ready;
	int err;

	err = df_obj_parse(&obj, ctl->model->name, text, strlen(text), &error);
	if (!err)
		err = df_txn_new(&txn, ctl->nb);
	if (!err)
		err = df_txn_patch(txn, obj, revision, &error);
	if (!err) {
		ready = txn;
		txn = NULL;
		err = df_txn_commit_sync(ready, &error);
	}
	if (err == -ESTALE && revision)
		return err;
	if (err)
		return dfctl_refused(&error);
	*out = df_obj_get(obj);
	return DFCTL_OK;
}

int dfctl_set(struct dfctl *ctl)
{
	int tries, err = DFCTL_FAILED;

	for (tries = 0; tries < SET_TRIES; tries++) {
		df_obj_auto struct df_obj *obj = NULL;
		df_obj_auto struct df_obj *done = NULL;
		__auto_json json_t *patch = json_object();
		bool relative = false;

		err = dfctl_find(ctl, ctl->model->name, ctl->argv[0], &obj);
		if (!err)
			err = patch_make(ctl, obj, patch, &relative);
		if (err)
			return err;
		err = patch_commit(ctl, patch, relative ? df_obj_revision(obj) : 0, &done);
		if (err >= 0 && done && ctl->json) {
			__auto_json json_t *json = dfctl_obj_json(done);

			dfctl_print_json(json);
		}
		if (err >= 0)
			return err;
	}
	dfctl_err("%s %s: others change it all the time; try again", ctl->model->name,
		  ctl->argv[0]);
	return DFCTL_FAILED;
}
