// SPDX-License-Identifier: GPL-2.0
/* dfctl MODEL show */
#include <stdio.h>
#include <stdlib.h>

#include "nb.h"

/* An id, and the name behind it. */
static char *ref_text(struct dfctl_join *join, const struct df_field *field,
		      const json_t *value)
{
	const char *name = json_is_string(value) ?
		dfctl_join_name(join, field->ref, json_string_value(value)) : NULL;

	return name ? dfctl_strf("%s (%s)", json_string_value(value), name) :
		      dfctl_value_text(value);
}

static void show_field(struct dfctl_join *join, const struct df_model *model,
		       const struct df_field *field, const json_t *object, json_t *out)
{
	const json_t *value = json_object_get(object, field->name);
	__auto_json json_t *preset = value ? NULL : dfctl_preset(model, field);
	__auto_free char *text = NULL;
	json_t *item;
	size_t i;

	if (!value)
		value = preset;
	/* One item of a list of records a line: they do not fit beside each other. */
	if (field->type == DF_TYPE_RECORD && json_array_size(value) > 1) {
		json_array_foreach(value, i, item) {
			__auto_free char *key = dfctl_strf("%s[%zu]", field->name, i);
			__auto_free char *one = dfctl_value_text(item);

			json_object_set_new(out, key, json_string(one));
		}
		return;
	}
	text = field->ref ? ref_text(join, field, value) : dfctl_value_text(value);
	json_object_set_new(out, field->name, json_string(text));
}

static void show_status(const struct df_model *model, const json_t *status, json_t *out)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)status, key, value) {
		__auto_free char *name = dfctl_strf("%s_status.%s", model->name, key);

		json_object_set(out, name, value);
	}
}

static void show_object(struct dfctl_join *join, const struct df_model *model,
			const struct df_obj *obj, bool json)
{
	const json_t *status = dfctl_join_status(join, df_obj_id(obj));
	__auto_json json_t *object = dfctl_obj_json(obj);
	__auto_json json_t *out = json_object();
	const struct df_field *field;
	size_t i;

	if (json) {
		__auto_free char *member = dfctl_strf("%s_status", model->name);

		if (status)
			json_object_set(object, member, (json_t *)status);
		dfctl_print_json(object);
		return;
	}
	for (i = 0; (field = df_model_field(model, i)); i++)
		show_field(join, model, field, object, out);
	show_status(model, status, out);
	dfctl_print_fields(out);
}

int dfctl_show(struct dfctl *ctl)
{
	struct dfctl_join *join = NULL;
	int i, err = DFCTL_OK;

	for (i = 0; i < ctl->argc && !err; i++) {
		df_obj_auto struct df_obj *obj = NULL;

		err = dfctl_find(ctl, ctl->model->name, ctl->argv[i], &obj);
		if (!err && !join)
			err = dfctl_join_new(&join, ctl, ctl->model);
		if (err)
			break;
		if (i && !ctl->json)
			putchar('\n');
		show_object(join, ctl->model, obj, ctl->json);
	}
	dfctl_join_free(join);
	return err;
}
