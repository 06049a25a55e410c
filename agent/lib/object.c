// SPDX-License-Identifier: GPL-2.0
/* Objects: a document, its model, and what reads and writes its fields. Pure. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "object.h"
#include "schema.h"

struct df_obj *df_obj_wrap(const struct df_model *model, json_t *doc)
{
	struct df_obj *obj = doc ? malloc(sizeof(*obj)) : NULL;

	if (!obj) {
		json_decref(doc);
		return NULL;
	}
	obj->refs = 1;
	obj->model = model;
	obj->doc = doc;
	return obj;
}

static const struct df_model *find_model(const char *name,
					 struct df_error *error)
{
	const struct df_model *model = df_model_find(name);

	if (!model)
		df_error_set(error, -EINVAL, "there is no model \"%s\"",
			     df_quote(name).text);
	return model;
}

int df_obj_new(struct df_obj **out, const char *model, struct df_error *error)
{
	const struct df_model *found = find_model(model, error);
	struct df_obj *obj;

	if (!found)
		return -EINVAL;
	obj = df_obj_wrap(found, json_object());
	if (!obj)
		return df_error_set(error, -ENOMEM, "out of memory");
	*out = obj;
	return 0;
}

static int canon_doc(struct df_obj *obj, json_t *from, struct df_error *error)
{
	const struct df_field *fields = df_schema(obj->model)->fields;
	const char *name;
	json_t *value;
	int err;

	json_object_foreach(from, name, value) {
		const struct df_field *field = df_fields_find(fields, name);
		struct df_json_path path;
		struct df_error why;
		json_t *canon;

		snprintf(path.text, sizeof(path.text), "%s",
			 df_quote(name).text);
		if (field && !json_is_null(value)) {
			err = df_json_canon(&canon, field, value, &path, &why);
		} else {
			canon = json_incref(value);
			err = df_json_is_shallow(value) ? 0 :
			      df_error_set(&why, -EINVAL, "is nested too deep");
			if (err)
				json_decref(canon);
		}
		if (err)
			return df_obj_error(obj, error, err, path.text, "%s",
					    why.text);
		if (json_object_set_new(obj->doc, name, canon))
			return df_error_set(error, -ENOMEM, "out of memory");
	}
	return 0;
}

int df_obj_from_json(struct df_obj **out, const struct df_model *model,
		     json_t *doc, struct df_error *error)
{
	static const char *const names[] = { "id", "name" };
	struct df_obj *obj;
	size_t i;
	int err;

	if (!json_is_object(doc))
		return df_error_set(error, -EINVAL,
				    "%s: the text is not a JSON object",
				    model->name);
	obj = df_obj_wrap(model, json_object());
	if (!obj)
		return df_error_set(error, -ENOMEM, "out of memory");
	/* Known first, so that a message about another field can say them. */
	for (i = 0; i < 2; i++)
		if (json_is_string(json_object_get(doc, names[i])))
			json_object_set(obj->doc, names[i],
					json_object_get(doc, names[i]));
	err = canon_doc(obj, doc, error);
	if (err) {
		df_obj_put(obj);
		return err;
	}
	*out = obj;
	return 0;
}

int df_obj_parse(struct df_obj **out, const char *model, const char *text,
		 size_t len, struct df_error *error)
{
	const struct df_model *found = find_model(model, error);
	json_error_t at;
	json_t *doc;
	int err;

	if (!found)
		return -EINVAL;
	if (len > DF_OBJ_TEXT_MAX)
		return df_error_set(error, -E2BIG,
				    "%s: the text has %zu bytes, more than %d",
				    found->name, len, DF_OBJ_TEXT_MAX);
	doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &at);
	if (!doc)
		return df_error_set(error, -EINVAL,
				    "%s: the text is not JSON: line %d column %d: %s",
				    found->name, at.line, at.column, at.text);
	err = df_obj_from_json(out, found, doc, error);
	json_decref(doc);
	return err;
}

struct df_obj *df_obj_copy(const struct df_obj *obj)
{
	return df_obj_wrap(obj->model, json_deep_copy(obj->doc));
}

struct df_obj *df_obj_get(struct df_obj *obj)
{
	obj->refs++;
	return obj;
}

void df_obj_put(struct df_obj *obj)
{
	if (!obj || --obj->refs)
		return;
	json_decref(obj->doc);
	free(obj);
}

void df_objs_free(struct df_obj **objs, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		df_obj_put(objs[i]);
	free(objs);
}

char *df_obj_print(const struct df_obj *obj, bool pretty)
{
	const struct df_field *field = df_schema(obj->model)->fields;
	json_t *sorted = json_object();
	char *text;

	/* In the order of the table, what it does not know behind that. */
	for (; field->name; field++)
		if (json_object_get(obj->doc, field->name))
			json_object_set(sorted, field->name,
					json_object_get(obj->doc,
							field->name));
	json_object_update_missing(sorted, obj->doc);
	text = json_dumps(sorted, pretty ? JSON_INDENT(2) : JSON_COMPACT);
	json_decref(sorted);
	return text;
}

const struct df_model *df_obj_model(const struct df_obj *obj)
{
	return obj->model;
}

static const char *doc_string(const struct df_obj *obj, const char *field)
{
	return json_string_value(json_object_get(obj->doc, field));
}

const char *df_obj_id(const struct df_obj *obj)
{
	return doc_string(obj, "id");
}

const char *df_obj_name(const struct df_obj *obj)
{
	const char *name = doc_string(obj, "name");

	return name ? name : "";
}

uint64_t df_obj_revision(const struct df_obj *obj)
{
	return df_obj_u64(obj, "revision");
}

uint32_t df_obj_key(const struct df_obj *obj)
{
	return df_obj_u64(obj, "key");
}

char *df_escape(const char *text)
{
	static const char keep[] = "._:-";
	char *out = malloc(3 * strlen(text) + 1);
	char *c = out;

	for (; out && *text; text++) {
		bool is_plain = (*text >= 'a' && *text <= 'z') ||
				(*text >= 'A' && *text <= 'Z') ||
				(*text >= '0' && *text <= '9') ||
				strchr(keep, *text);

		if (is_plain)
			*c++ = *text;
		else
			c += sprintf(c, "%%%02X", (unsigned char)*text);
	}
	if (out)
		*c = '\0';
	return out;
}

char *df_obj_topic(const struct df_obj *obj)
{
	const struct df_model *model = obj->model;
	const char *rule = model->topic, *open, *value;
	char field[32];
	char *escaped;
	char *topic;

	if (model->on_demand_topic &&
	    json_is_true(json_object_get(obj->doc, "on_demand")))
		rule = model->on_demand_topic;
	open = strchr(rule, '<');
	if (!open)
		return strdup(rule);
	snprintf(field, sizeof(field), "%.*s", (int)strlen(open) - 2,
		 open + 1);
	value = doc_string(obj, field);
	escaped = value ? df_escape(value) : NULL;
	if (!escaped)
		return NULL;
	if (asprintf(&topic, "%.*s%s", (int)(open - rule), rule, escaped) < 0)
		topic = NULL;
	free(escaped);
	return topic;
}

bool df_obj_is_equal(const struct df_obj *a, const struct df_obj *b)
{
	const char *name;
	json_t *value;
	size_t others = 0;

	if (a->model != b->model)
		return false;
	json_object_foreach(b->doc, name, value)
		others += !json_is_null(value) && strcmp(name, "revision");
	json_object_foreach(a->doc, name, value) {
		if (json_is_null(value) || !strcmp(name, "revision"))
			continue;
		if (!json_equal(value, json_object_get(b->doc, name)))
			return false;
		others--;
	}
	return !others;
}

struct df_label df_obj_label(const struct df_obj *obj)
{
	const char *name = df_obj_name(obj);
	const char *id = df_obj_id(obj);
	struct df_label label;

	if (id)
		snprintf(label.text, sizeof(label.text), "%s %s",
			 obj->model->name, df_quote(id).text);
	else if (*name)
		snprintf(label.text, sizeof(label.text), "%s \"%s\"",
			 obj->model->name, df_quote(name).text);
	else
		snprintf(label.text, sizeof(label.text), "%s",
			 obj->model->name);
	return label;
}

int df_obj_error(const struct df_obj *obj, struct df_error *error, int code,
		 const char *field, const char *format, ...)
{
	struct df_error why;
	va_list args;

	va_start(args, format);
	df_error_vset(&why, code, format, args);
	va_end(args);
	return df_error_set(error, code, "%s: field \"%s\": %.280s",
			    df_obj_label(obj).text, field, why.text);
}

void df_obj_drop_nulls(struct df_obj *obj)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(obj->doc, next, name, value)
		if (json_is_null(value))
			json_object_del(obj->doc, name);
}

int df_obj_check(const struct df_obj *obj, struct df_error *error)
{
	const struct df_schema *schema = df_schema(obj->model);
	const struct df_field *field;

	for (field = schema->fields; field->name; field++)
		if (field->flags & DF_FIELD_REQUIRED &&
		    !df_obj_has(obj, field->name))
			return df_obj_error(obj, error, -EINVAL, field->name,
					    "is required");
	return schema->check ? schema->check(obj, error) : 0;
}
