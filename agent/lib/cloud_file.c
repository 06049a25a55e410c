// SPDX-License-Identifier: GPL-2.0
/*
 * Clouds as files: one JSON object, with an object of the cloud on each line, in
 * the order of models and ids and with its members sorted, so that two files of
 * one cloud are equal and of similar ones compare well. Pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "image.h"
#include "schema.h"

#define FORMAT "dragonflow-cloud"
enum { FORMAT_VERSION = 1 };

/* --- writing ------------------------------------------------------------------ */

/**
 * struct export - a file being written
 * @is_first: nothing stands in the list yet
 */
struct export {
	const struct df_cloud *cloud;
	FILE *file;
	df_finding_fn fn;
	void *arg;
	bool is_first;
};

static int write_line(struct export *export, json_t *line)
{
	int err;

	fputs(export->is_first ? "\n" : ",\n", export->file);
	export->is_first = false;
	err = line ? json_dumpf(line, export->file,
				JSON_COMPACT | JSON_SORT_KEYS) : -1;
	json_decref(line);
	return err ? -EIO : 0;
}

static int write_object(struct export *export, const struct image_item *item)
{
	struct df_db_entry entry = df_image_entry(item);
	struct df_finding finding = {
		.kind = DF_FINDING_UNREADABLE, .key = item->key,
	};
	struct df_error error;
	struct df_obj *obj;
	json_t *doc;

	if (df_image_decode(&obj, &entry, &error)) {
		finding.text = error.text;
		if (export->fn)
			export->fn(export->arg, &finding);
		return 0;
	}
	doc = json_copy(obj->doc);
	json_object_set_new(doc, "model", json_string(obj->model->name));
	df_obj_put(obj);
	return write_line(export, doc);
}

/* Of a version that has more models: as it is, if it is text. */
static int write_other(struct export *export, const struct image_item *item)
{
	struct df_finding finding = {
		.kind = DF_FINDING_UNREADABLE, .key = item->key,
		.text = "the entry is no text",
	};
	json_t *line = json_pack("{s:s, s:s, s:s%}", "key", item->key, "topic",
				 item->topic, "value", item->value, item->len);

	if (line)
		return write_line(export, line);
	if (export->fn)
		export->fn(export->arg, &finding);
	return 0;
}

static bool is_other(const struct image_item *item)
{
	const struct df_model *model;
	struct df_key owner;

	switch (df_image_kind(item->key, &model)) {
	case IMAGE_OTHER:
		return true;
	case IMAGE_CLAIM:
	case IMAGE_MARK:
		owner = df_image_owner(item);
		df_image_kind(owner.text, &model);
		return !model;
	default:
		return false;
	}
}

static int write_model(struct export *export, const struct df_model *model)
{
	const struct df_model *is;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < export->cloud->count; i++) {
		const struct image_item *item = &export->cloud->v[i];

		if (!item->is_gone &&
		    df_image_kind(item->key, &is) == IMAGE_OBJECT &&
		    is == model)
			err = write_object(export, item);
	}
	return err;
}

static int write_others(struct export *export)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < export->cloud->count; i++) {
		const struct image_item *item = &export->cloud->v[i];

		if (!item->is_gone && is_other(item))
			err = write_other(export, item);
	}
	return err;
}

int df_cloud_export(const struct df_cloud *cloud, FILE *file,
		    df_finding_fn fn, void *arg)
{
	struct export export = { cloud, file, fn, arg, true };
	uint64_t schema = df_cloud_schema(cloud);
	const struct df_schema *model;
	int err = 0;

	fprintf(file, "{\"format\": \"%s\", \"version\": %d, \"schema\": %ju, \"objects\": [",
		FORMAT, FORMAT_VERSION,
		(uintmax_t)(schema ? schema : DF_RULES_VERSION));
	for (model = df_schemas; !err && model->model.name; model++)
		if (!(model->model.flags & (DF_MODEL_DERIVED | DF_MODEL_LEASED)))
			err = write_model(&export, &model->model);
	fputs("\n], \"entries\": [", file);
	export.is_first = true;
	if (!err)
		err = write_others(&export);
	fputs("\n]}\n", file);
	return err || ferror(file) ? -EIO : 0;
}

/* --- reading ------------------------------------------------------------------ */

static int add(struct df_cloud *cloud, const char *key, const char *topic,
	       const char *value, size_t len, struct df_error *error)
{
	if (df_image_find(cloud, key))
		return df_error_set(error, -EEXIST, "%s is there twice", key);
	if (df_image_set(cloud, key, topic, value, len))
		return df_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

static int add_object(struct df_cloud *cloud, const struct df_obj *obj,
		      struct df_error *error)
{
	char *text = json_dumps(obj->doc, JSON_COMPACT | JSON_SORT_KEYS);
	char *topic = df_obj_topic(obj);
	int err;

	if (!df_uuid_is_valid(df_obj_id(obj) ? df_obj_id(obj) : "") ||
	    !df_obj_revision(obj))
		err = df_error_set(error, -EINVAL,
				   "%s has no id or no revision",
				   df_obj_label(obj).text);
	else if (!topic)	/* which says what is missing */
		err = df_obj_check(obj, error) ?: -EINVAL;
	else
		err = add(cloud, df_key_obj(obj->model->name,
					    df_obj_id(obj)).text, topic, text,
			  strlen(text), error);
	free(text);
	free(topic);
	return err;
}

static int read_object(struct df_cloud *cloud, json_t *doc,
		       struct df_error *error)
{
	const char *name = json_string_value(json_object_get(doc, "model"));
	const struct df_model *model = name ? df_model_find(name) : NULL;
	struct df_obj *obj;
	int err;

	if (!model)
		return df_error_set(error, -EINVAL, "there is no model \"%s\"",
				    name ? df_quote(name).text : "");
	if (model->flags & (DF_MODEL_DERIVED | DF_MODEL_LEASED))
		return df_error_set(error, -EINVAL,
				    "a %s is not in such files", model->name);
	json_object_del(doc, "model");
	err = df_obj_from_json(&obj, model, doc, error);
	if (err)
		return err;
	err = add_object(cloud, obj, error);
	df_obj_put(obj);
	return err;
}

static int read_other(struct df_cloud *cloud, json_t *doc,
		      struct df_error *error)
{
	const char *key, *topic, *value;
	size_t len;

	if (json_unpack(doc, "{s:s, s:s, s:s%}", "key", &key, "topic", &topic,
			"value", &value, &len))
		return df_error_set(error, -EINVAL,
				    "an entry has key, topic and value");
	return add(cloud, key, topic, value, len, error);
}

static int read_list(struct df_cloud *cloud, json_t *list, const char *what,
		     int (*read)(struct df_cloud *cloud, json_t *doc,
				 struct df_error *error),
		     struct df_error *error)
{
	struct df_error why;
	json_t *doc;
	size_t i;
	int err;

	json_array_foreach(list, i, doc) {
		err = read(cloud, doc, &why);
		if (err)
			return df_error_set(error, err, "%s %zu: %.400s", what,
					    i + 1, why.text);
	}
	return 0;
}

static int read_all(struct df_cloud *cloud, json_t *doc, struct df_error *error)
{
	const char *format = json_string_value(json_object_get(doc, "format"));
	json_int_t version = json_integer_value(json_object_get(doc, "version"));
	json_int_t schema = json_integer_value(json_object_get(doc, "schema"));

	if (!format || strcmp(format, FORMAT))
		return df_error_set(error, -EINVAL,
				    "it is no file of a cloud; for objects alone there is 'apply'");
	if (version != FORMAT_VERSION || schema > DF_RULES_VERSION)
		return df_error_set(error, -EPROTO,
				    "it was written by a newer version, which is to read it");
	return read_list(cloud, json_object_get(doc, "objects"), "object",
			 read_object, error) ?:
	       read_list(cloud, json_object_get(doc, "entries"), "entry",
			 read_other, error);
}

int df_cloud_import(struct df_cloud **out, FILE *file, struct df_error *error)
{
	struct df_cloud *cloud;
	json_error_t at;
	json_t *doc;
	int err;

	doc = json_loadf(file, JSON_REJECT_DUPLICATES, &at);
	if (!doc)
		return df_error_set(error, -EINVAL,
				    "it is not JSON: line %d column %d: %s",
				    at.line, at.column, at.text);
	err = df_cloud_new(&cloud);
	if (err) {
		json_decref(doc);
		return df_error_set(error, err, "out of memory");
	}
	err = read_all(cloud, doc, error);
	json_decref(doc);
	if (err) {
		df_cloud_free(cloud);
		return err;
	}
	df_image_sort(cloud);
	*out = cloud;
	return 0;
}

/* --- merging ------------------------------------------------------------------ */

/* What changes has a revision that nobody has seen. */
static int merge_object(struct df_cloud *to, const struct image_item *item,
			const struct image_item *old)
{
	struct df_db_entry new_entry = df_image_entry(item);
	struct df_db_entry old_entry = df_image_entry(old);
	struct df_obj *new, *was;
	uint64_t revision;
	char *text;
	int err;

	if (df_image_decode(&was, &old_entry, NULL))
		return df_image_set(to, item->key, item->topic, item->value,
				    item->len);
	err = df_image_decode(&new, &new_entry, NULL);
	if (err || df_obj_is_equal(new, was)) {
		if (!err)
			df_obj_put(new);
		df_obj_put(was);
		return err;
	}
	revision = df_obj_revision(was) + 1;
	if (revision < df_obj_revision(new))
		revision = df_obj_revision(new);
	json_object_set_new(new->doc, "revision",
			    json_integer((json_int_t)revision));
	text = json_dumps(new->doc, JSON_COMPACT | JSON_SORT_KEYS);
	err = text ? df_image_set(to, item->key, item->topic, text,
				  strlen(text)) : -ENOMEM;
	free(text);
	df_obj_put(new);
	df_obj_put(was);
	return err;
}

int df_cloud_merge(struct df_cloud *to, const struct df_cloud *from,
		   struct df_error *error)
{
	const struct image_item *item, *old;
	const struct df_model *model;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < from->count; i++) {
		item = &from->v[i];
		if (item->is_gone || df_image_kind(item->key, &model) ==
		    IMAGE_SCHEMA)
			continue;
		old = df_image_find(to, item->key);
		if (old && model)
			err = merge_object(to, item, old);
		else
			err = df_image_set(to, item->key, item->topic,
					   item->value, item->len);
	}
	df_image_sort(to);
	return err ? df_error_set(error, err, "out of memory") : 0;
}
