// SPDX-License-Identifier: GPL-2.0
/* Reading and writing the fields of an object. Pure. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "error.h"
#include "object.h"

static const struct df_field *find_field(const struct df_obj *obj,
					 const char *name,
					 struct df_error *error)
{
	const struct df_field *field = df_model_field_find(obj->model, name);

	if (!field)
		df_error_set(error, -EINVAL, "%s: there is no field \"%s\"",
			     df_obj_label(obj).text, df_quote(name).text);
	return field;
}

/* Takes the reference of @value over. */
static int set_value(struct df_obj *obj, const char *name, json_t *value,
		     struct df_error *error)
{
	const struct df_field *field = find_field(obj, name, error);
	struct df_json_path path;
	struct df_error why;
	json_t *canon;
	int err;

	if (!field) {
		json_decref(value);
		return -EINVAL;
	}
	if (json_is_null(value)) {
		err = json_object_set_new(obj->doc, name, value);
		return err ? df_error_set(error, -ENOMEM, "out of memory") : 0;
	}
	snprintf(path.text, sizeof(path.text), "%s", name);
	err = value ? df_json_canon(&canon, field, value, &path, &why) :
		      df_error_set(&why, -EINVAL, "is not UTF-8 text");
	json_decref(value);
	if (err)
		return df_obj_error(obj, error, err, path.text, "%s",
				    why.text);
	if (json_object_set_new(obj->doc, name, canon))
		return df_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

int df_obj_set(struct df_obj *obj, const char *field, const char *text,
	       struct df_error *error)
{
	const struct df_field *found = find_field(obj, field, error);
	struct df_error why;
	json_t *value;
	int err;

	if (!found)
		return -EINVAL;
	if (!*text)
		return set_value(obj, field, json_null(), error);
	err = df_json_from_text(&value, found, text, &why);
	if (err)
		return df_obj_error(obj, error, err, field, "%s", why.text);
	return set_value(obj, field, value, error);
}

int df_obj_set_json(struct df_obj *obj, const char *field, const char *json,
		    struct df_error *error)
{
	json_error_t at;
	json_t *value;

	if (!find_field(obj, field, error))
		return -EINVAL;
	if (strlen(json) > DF_OBJ_TEXT_MAX)
		return df_obj_error(obj, error, -E2BIG, field,
				    "is larger than %d bytes",
				    DF_OBJ_TEXT_MAX);
	value = json_loads(json, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
			   &at);
	if (!value)
		return df_obj_error(obj, error, -EINVAL, field,
				    "%s is not JSON: %s", df_quote(json).text,
				    at.text);
	return set_value(obj, field, value, error);
}

int df_obj_set_string(struct df_obj *obj, const char *field, const char *value,
		      struct df_error *error)
{
	return set_value(obj, field, json_string(value), error);
}

int df_obj_set_bool(struct df_obj *obj, const char *field, bool value,
		    struct df_error *error)
{
	return set_value(obj, field, json_boolean(value), error);
}

int df_obj_set_u64(struct df_obj *obj, const char *field, uint64_t value,
		   struct df_error *error)
{
	if (value > INT64_MAX)
		return df_obj_error(obj, error, -EINVAL, field,
				    "%ju is too large", (uintmax_t)value);
	return set_value(obj, field, json_integer(value), error);
}

static const json_t *find_value(const struct df_obj *obj, const char *field)
{
	const json_t *value = json_object_get(obj->doc, field);

	return json_is_null(value) ? NULL : value;
}

static const char *preset(const struct df_obj *obj, const char *field)
{
	const struct df_field *found = df_model_field_find(obj->model, field);

	return found ? found->preset : NULL;
}

bool df_obj_has(const struct df_obj *obj, const char *field)
{
	return find_value(obj, field);
}

char *df_obj_text(const struct df_obj *obj, const char *field)
{
	const json_t *value = find_value(obj, field);
	const char *text = preset(obj, field);

	if (!value)
		return strdup(text ? text : "");
	return df_json_to_text(df_model_field_find(obj->model, field), value);
}

const char *df_obj_string(const struct df_obj *obj, const char *field)
{
	const json_t *value = find_value(obj, field);

	return value ? json_string_value(value) : preset(obj, field);
}

bool df_obj_bool(const struct df_obj *obj, const char *field)
{
	const json_t *value = find_value(obj, field);
	const char *text = value ? NULL : preset(obj, field);

	return value ? json_is_true(value) : text && !strcmp(text, "true");
}

uint64_t df_obj_u64(const struct df_obj *obj, const char *field)
{
	const json_t *value = find_value(obj, field);
	const char *text = value ? NULL : preset(obj, field);

	if (text)
		return strtoull(text, NULL, 10);
	return json_integer_value(value);
}

int df_obj_mac(const struct df_obj *obj, const char *field, uint8_t mac[6])
{
	return df_value_mac(df_obj_value(obj, field), mac);
}

int df_obj_ip(const struct df_obj *obj, const char *field, struct df_ip *ip)
{
	return df_value_ip(df_obj_value(obj, field), ip);
}

/* A df_value is a json_t that the outside does not look into. */

static const json_t *json(const struct df_value *value)
{
	return (const json_t *)value;
}

const struct df_value *df_obj_value(const struct df_obj *obj,
				    const char *field)
{
	return (const struct df_value *)find_value(obj, field);
}

size_t df_value_count(const struct df_value *value)
{
	return json_array_size(json(value));
}

const struct df_value *df_value_at(const struct df_value *value, size_t index)
{
	return (const struct df_value *)json_array_get(json(value), index);
}

const struct df_value *df_value_member(const struct df_value *value,
				       const char *name)
{
	const json_t *member = json_object_get(json(value), name);

	return json_is_null(member) ? NULL : (const struct df_value *)member;
}

const char *df_value_string(const struct df_value *value)
{
	return json_string_value(json(value));
}

bool df_value_bool(const struct df_value *value)
{
	return json_is_true(json(value));
}

uint64_t df_value_u64(const struct df_value *value)
{
	json_int_t n = json_integer_value(json(value));

	return n < 0 ? 0 : n;
}

int df_value_mac(const struct df_value *value, uint8_t mac[6])
{
	const char *text = df_value_string(value);

	return text ? df_mac_parse(mac, text) : -ENOENT;
}

int df_value_ip(const struct df_value *value, struct df_ip *ip)
{
	const char *text = df_value_string(value);

	return text ? df_ip_parse(ip, text) : -ENOENT;
}

char *df_value_print(const struct df_value *value)
{
	return value ? json_dumps(json(value), JSON_COMPACT | JSON_ENCODE_ANY)
		     : strdup("null");
}
