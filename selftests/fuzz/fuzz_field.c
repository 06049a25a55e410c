// SPDX-License-Identifier: GPL-2.0
/*
 * Fields as a person types them: a line with the model, one with the field, the
 * rest is the value, as text and as JSON. What a field then shows must mean the
 * same when it is typed.
 */
#include "fuzz.h"
#include "object.h"

static void check_text(struct df_obj *obj, const struct df_field *field)
{
	char *text = df_obj_text(obj, field->name);
	struct df_obj *other = NULL;

	require(text && !df_obj_new(&other, obj->model->name, NULL));
	/* A comma in an item of a list, or nothing, is shown but not typed. */
	if (*text && !(field->flags & DF_FIELD_LIST)) {
		require(!df_obj_set(other, field->name, text, NULL));
		require(df_obj_is_equal(obj, other));
	}
	df_obj_put(other);
	free(text);
}

static void try_value(const struct df_model *model, const char *name, const char *text,
		      int (*set)(struct df_obj *obj, const char *field, const char *text,
				 struct df_error *error))
{
	const struct df_field *field = df_model_field_find(model, name);
	struct df_error error = { 0 };
	struct df_obj *obj;
	int err;

	require(!df_obj_new(&obj, model->name, NULL));
	err = set(obj, name, text, &error);
	require(err == error.code && !err == !*error.text);
	require(field || err);
	if (!err && df_obj_has(obj, name))
		check_text(obj, field);
	df_obj_put(obj);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *name = fuzz_line(&input, &size);
	const struct df_model *model = name ? df_model_find(name) : NULL;
	char *field = fuzz_line(&input, &size);
	char *text = fuzz_text(input, size);

	if (model && field) {
		try_value(model, field, text, df_obj_set);
		try_value(model, field, text, df_obj_set_json);
		try_value(model, field, text, df_obj_set_string);
	}
	free(name);
	free(field);
	free(text);
	return 0;
}
