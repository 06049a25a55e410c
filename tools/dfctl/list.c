// SPDX-License-Identifier: GPL-2.0
/* dfctl MODEL list */
#include <stdlib.h>
#include <string.h>

#include "nb.h"

/**
 * struct filter - "field=value": only objects with this value
 * @field: the field
 * @value: the value, null for objects that do not have the field
 * @preset: what objects without the field have
 */
struct filter {
	const struct df_field *field;
	json_t *value;
	json_t *preset;
};

/**
 * struct list - a list that is being made
 * @ctl: the command line
 * @status: the model of the objects' status, or NULL
 * @filters: those that were given
 * @filter_count: how many
 * @join: what other objects say
 * @columns: of the table
 * @table: the table, or NULL
 * @rows: the JSON, or NULL
 */
struct list {
	struct dfctl *ctl;
	const struct df_model *status;
	struct filter *filters;
	size_t filter_count;
	struct dfctl_join *join;
	struct dfctl_column *columns;
	struct dfctl_table *table;
	json_t *rows;
};

static int filters_parse(struct list *list)
{
	struct dfctl *ctl = list->ctl;
	int i, err;

	list->filters = dfctl_alloc(sizeof(*list->filters) * ((size_t)ctl->argc + 1));
	for (i = 0; i < ctl->argc; i++) {
		struct filter *filter = &list->filters[i];
		struct dfctl_assignment set;

		err = dfctl_assignment_parse(ctl->model, ctl->argv[i], &set);
		if (err)
			return err;
		if (set.op != '=') {
			dfctl_err("%s: list takes FIELD=VALUE, not '%s'",
				  ctl->model->name, ctl->argv[i]);
			return DFCTL_USAGE;
		}
		err = dfctl_assignment_value(ctl, ctl->model, &set, &filter->value);
		if (err)
			return err;
		filter->field = set.field;
		filter->preset = dfctl_preset(ctl->model, set.field);
		list->filter_count++;
	}
	return DFCTL_OK;
}

/* Every member of the record that was asked for. */
static bool record_holds(const json_t *record, const json_t *part)
{
	const char *key;
	json_t *value;

	if (!json_is_object(part))
		return json_equal(record, part);
	json_object_foreach((json_t *)part, key, value) {
		if (!json_equal(json_object_get(record, key), value))
			return false;
	}
	return true;
}

static bool list_holds(const json_t *list, const json_t *part)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (record_holds(item, part))
			return true;
	}
	return false;
}

static bool filter_passes(const struct filter *filter, const json_t *object)
{
	const json_t *value = json_object_get(object, filter->field->name);
	json_t *part;
	size_t i;

	if (!value)
		value = filter->preset;
	if (json_is_null(filter->value))
		return !value || json_is_null(value);
	if (!json_is_array(filter->value))
		return value && record_holds(value, filter->value);
	json_array_foreach(filter->value, i, part) {
		if (!list_holds(value, part))
			return false;
	}
	return true;
}

static bool filters_pass(const struct list *list, const json_t *object)
{
	size_t i;

	for (i = 0; i < list->filter_count; i++) {
		if (!filter_passes(&list->filters[i], object))
			return false;
	}
	return true;
}

/* Is it a field of the status model that tells something new? */
static bool status_column(const struct list *list, const struct df_field *field)
{
	return field->flags & DF_FIELD_COLUMN && strcmp(field->name, "id") &&
	       !df_model_field_find(list->ctl->model, field->name) &&
	       !(field->ref && !strcmp(field->ref, list->ctl->model->name));
}

/* Fields that are worth it by themselves, the others if they are asked for. */
static void columns_make(struct list *list)
{
	const struct df_field *field;
	size_t count = 0, i;

	for (i = 0; df_model_field(list->ctl->model, i); i++)
		count++;
	for (i = 0; list->status && df_model_field(list->status, i); i++)
		count++;
	list->columns = dfctl_alloc(sizeof(*list->columns) * (count + 1));
	count = 0;
	for (i = 0; (field = df_model_field(list->ctl->model, i)); i++) {
		list->columns[count].name = field->name;
		list->columns[count++].extra = !(field->flags & DF_FIELD_COLUMN);
	}
	for (i = 0; list->status && (field = df_model_field(list->status, i)); i++) {
		if (status_column(list, field))
			list->columns[count++].name = field->name;
	}
}

static char *field_cell(struct list *list, const struct df_model *model,
			const struct df_field *field, const json_t *object)
{
	const json_t *value = json_object_get(object, field->name);
	__auto_json json_t *preset = value ? NULL : dfctl_preset(model, field);
	const char *name = NULL;

	if (field->ref && json_is_string(value))
		name = dfctl_join_name(list->join, field->ref, json_string_value(value));
	return name ? dfctl_strdup(name) : dfctl_field_text(field, value ? value : preset);
}

static void cells_add(struct list *list, const struct df_model *model,
		      const json_t *object, json_t *row)
{
	const struct df_field *field;
	size_t i;

	for (i = 0; (field = df_model_field(model, i)); i++) {
		__auto_free char *text = NULL;

		if (model == list->status && !status_column(list, field))
			continue;
		text = field_cell(list, model, field, object);
		json_object_set_new(row, field->name, json_string(text));
	}
}

static void row_add(struct list *list, const struct df_obj *obj, json_t *object)
{
	const json_t *status = dfctl_join_status(list->join, df_obj_id(obj));
	__auto_json json_t *row = json_object();

	if (list->table) {
		cells_add(list, list->ctl->model, object, row);
		if (list->status && status)
			cells_add(list, list->status, status, row);
		dfctl_table_add(list->table, row);
		return;
	}
	json_object_set_new(row, "model", json_string(list->ctl->model->name));
	json_object_update(row, object);
	if (list->status && status)
		json_object_set(row, list->status->name, (json_t *)status);
	json_array_append(list->rows, row);
}

static int rows_read(struct list *list)
{
	struct df_nb *nb = dfctl_nb(list->ctl);
	struct df_error error = { 0 };
	struct df_obj **objs;
	size_t count, i;

	if (!nb)
		return DFCTL_FAILED;
	if (df_nb_list_sync(nb, list->ctl->model->name, NULL, &objs, &count, &error))
		return dfctl_refused(&error);
	for (i = 0; i < count; i++) {
		__auto_json json_t *object = dfctl_obj_json(objs[i]);

		if (filters_pass(list, object))
			row_add(list, objs[i], object);
	}
	df_objs_free(objs, count);
	return DFCTL_OK;
}

static int list_make(struct list *list)
{
	struct dfctl *ctl = list->ctl;
	int err = DFCTL_OK;

	columns_make(list);
	if (ctl->json)
		list->rows = json_array();
	else
		err = dfctl_table_new(&list->table, ctl, list->columns);
	if (!err)
		err = filters_parse(list);
	if (!err)
		err = dfctl_join_new(&list->join, ctl, ctl->model);
	return err ? err : rows_read(list);
}

int dfctl_list(struct dfctl *ctl)
{
	__auto_free char *status = dfctl_strf("%s_status", ctl->model->name);
	struct list list = { .ctl = ctl, .status = df_model_find(status) };
	size_t i;
	int err;

	err = list_make(&list);
	if (!err && list.rows)
		dfctl_print_rows(list.rows);
	dfctl_table_free(list.table, !err);
	for (i = 0; i < list.filter_count; i++) {
		json_decref(list.filters[i].value);
		json_decref(list.filters[i].preset);
	}
	free(list.filters);
	free(list.columns);
	dfctl_join_free(list.join);
	json_decref(list.rows);
	return err;
}
