// SPDX-License-Identifier: GPL-2.0
/*
 * Objects from JSON, as a database or a person gives them. The first line is
 * the name of the model, the rest the text. What is accepted must be canonical:
 * printed and read back it is the same object.
 */
#include "fuzz.h"
#include "object.h"

static struct df_obj *parse(const struct df_model *model, const char *text, size_t len)
{
	struct df_error error = { 0 };
	struct df_obj *obj = NULL;
	int err = df_obj_parse(&obj, model->name, text, len, &error);

	require(err <= 0 && !err == !!obj);
	if (err) {
		require(error.code == err && *error.text);
		require(memchr(error.text, '\0', sizeof(error.text)));
	}
	return obj;
}

static void check_reading(const struct df_obj *obj)
{
	const struct df_field *field;
	size_t i;

	for (i = 0; (field = df_model_field(obj->model, i)); i++) {
		const struct df_value *value = df_obj_value(obj, field->name);
		char *text = df_obj_text(obj, field->name);
		uint8_t mac[6];
		struct df_ip ip;

		require(text && df_obj_has(obj, field->name) == !!value);
		df_obj_string(obj, field->name);
		if (field->type == DF_TYPE_MAC && !(field->flags & DF_FIELD_LIST))
			require(!df_obj_mac(obj, field->name, mac) == !!value);
		if (field->type == DF_TYPE_IP && !(field->flags & DF_FIELD_LIST))
			require(!df_obj_ip(obj, field->name, &ip) == !!value);
		if (field->type == DF_TYPE_UINT && value)
			require(df_obj_u64(obj, field->name) <= field->max);
		free(text);
	}
}

static void check_canonical(const struct df_obj *obj, bool pretty)
{
	char *text = df_obj_print(obj, pretty);
	struct df_obj *again;
	char *twice;

	require(text);
	again = parse(obj->model, text, strlen(text));
	require(again && df_obj_is_equal(obj, again) && df_obj_is_equal(again, obj));
	twice = df_obj_print(again, pretty);
	require(!strcmp(text, twice));
	free(twice);
	free(text);
	df_obj_put(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *name = fuzz_line(&input, &size);
	const struct df_model *model = name ? df_model_find(name) : NULL;
	struct df_error error;
	struct df_obj *obj;
	char *text;

	free(name);
	if (!model)
		return 0;
	text = fuzz_copy(input, size);
	obj = parse(model, text, size);
	free(text);
	if (!obj)
		return 0;
	check_reading(obj);
	check_canonical(obj, false);
	check_canonical(obj, true);
	if (!df_obj_check(obj, &error))
		free(df_obj_topic(obj));
	df_obj_put(obj);
	return 0;
}
