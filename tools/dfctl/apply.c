// SPDX-License-Identifier: GPL-2.0
/* dfctl apply: writes many objects, as list --json prints them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nb.h"

enum { USUAL_BATCH = 1000 };

/**
 * struct entry - an object to write
 * @model: its model
 * @order: place of the model among the models: what is referred to comes first
 * @index: place in the file
 * @object: the object
 */
struct entry {
	const struct df_model *model;
	size_t order;
	size_t index;
	json_t *object;
};

/**
 * struct entries - all objects to write
 * @v: the objects
 * @count: how many
 * @room: how many fit
 */
struct entries {
	struct entry *v;
	size_t count;
	size_t room;
};

static const char *model_word(const void *data, size_t i)
{
	const struct df_model *model = df_model_at(i);

	(void)data;
	return model ? model->name : NULL;
}

static int model_of(const json_t *object, size_t index, const struct df_model **out)
{
	const char *name = json_string_value(json_object_get(object, "model"));

	if (!json_is_object(object)) {
		dfctl_err("object %zu is not a JSON object", index);
		return DFCTL_FAILED;
	}
	if (!name) {
		dfctl_err("object %zu: field 'model' is missing", index);
		return DFCTL_FAILED;
	}
	*out = df_model_find(name);
	if (!*out) {
		dfctl_misspelt(dfctl_suggest(name, model_word, NULL),
			       "object %zu: no model '%s'", index, name);
		return DFCTL_FAILED;
	}
	if (dfctl_model_is_read_only(*out)) {
		dfctl_err("object %zu: a %s is not written by hand", index, name);
		return DFCTL_FAILED;
	}
	return DFCTL_OK;
}

static size_t model_order(const struct df_model *model)
{
	size_t i;

	for (i = 0; df_model_at(i); i++) {
		if (df_model_at(i) == model)
			break;
	}
	return i;
}

/* Take out what list --json adds, and what only the library writes. */
static void object_strip(json_t *object, const struct df_model *model)
{
	__auto_free char *status = dfctl_strf("%s_status", model->name);
	const struct df_field *field;
	size_t i;

	json_object_del(object, "model");
	json_object_del(object, status);
	for (i = 0; (field = df_model_field(model, i)); i++) {
		if (field->flags & DF_FIELD_ASSIGNED)
			json_object_del(object, field->name);
	}
}

static int entry_add(struct entries *entries, json_t *object)
{
	const struct df_model *model;
	struct entry *entry;
	int err;

	err = model_of(object, entries->count + 1, &model);
	if (err)
		return err;
	if (entries->count == entries->room) {
		entries->room = entries->room * 2 + 64;
		entries->v = dfctl_realloc(entries->v,
					   entries->room * sizeof(*entries->v));
	}
	entry = &entries->v[entries->count++];
	entry->model = model;
	entry->order = model_order(model);
	entry->index = entries->count;
	entry->object = json_incref(object);
	object_strip(object, model);
	return DFCTL_OK;
}

static int value_add(struct entries *entries, json_t *value)
{
	json_t *object;
	size_t i;
	int err;

	if (!json_is_array(value))
		return entry_add(entries, value);
	json_array_foreach(value, i, object) {
		err = entry_add(entries, object);
		if (err)
			return err;
	}
	return DFCTL_OK;
}

/* The next character that is not a space, left in the file. */
static int peek(FILE *file)
{
	int c;

	do {
		c = getc(file);
	} while (c == ' ' || c == '\t' || c == '\r' || c == '\n');
	if (c != EOF)
		ungetc(c, file);
	return c;
}

static int file_read(struct entries *entries, const char *path, FILE *file)
{
	while (peek(file) != EOF) {
		__auto_json json_t *value = NULL;
		json_error_t error;
		int err;

		value = json_loadf(file, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES,
				   &error);
		if (!value) {
			dfctl_err("%s: after %zu objects: %s", path, entries->count,
				  error.text);
			return DFCTL_FAILED;
		}
		err = value_add(entries, value);
		if (err)
			return err;
	}
	if (ferror(file)) {
		dfctl_err("%s: %s", path, strerror(errno));
		return DFCTL_FAILED;
	}
	return DFCTL_OK;
}

static int entry_compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int entry_put(struct df_txn *txn, const struct entry *entry)
{
	__auto_free char *text = json_dumps(entry->object, JSON_COMPACT);
	df_obj_auto struct df_obj *obj = NULL;
	struct df_error error = { 0 };
	int err;

	err = df_obj_parse(&obj, entry->model->name, text, strlen(text), &error);
	if (!err)
		err = df_txn_put(txn, obj, &error);
	if (!err)
		return DFCTL_OK;
	dfctl_err("object %zu: %s", entry->index, error.text);
	return DFCTL_FAILED;
}

/* @is_too_big: if not NULL, set instead of saying so when half of it may do */
static int batch_write(struct df_nb *nb, const struct entry *entry, size_t count,
		       bool *is_too_big)
{
	df_txn_auto struct df_txn *txn = NULL;
	bool may_halve = is_too_big && count > 1;
	struct df_error error = { 0 };
	struct df_txn *ready;
	int err;

	if (df_txn_new(&txn, nb)) {
		dfctl_err("out of memory");
		return DFCTL_FAILED;
	}
	for (; count; entry++, count--) {
		err = entry_put(txn, entry);
		if (err)
			return err;
	}
	ready = txn;
	txn = NULL;
	err = df_txn_commit_sync(ready, &error);
	if (!err)
		return DFCTL_OK;
	if (err == -E2BIG && may_halve) {
		*is_too_big = true;
		return DFCTL_FAILED;
	}
	return dfctl_refused(&error);
}

/* @is_usual: nobody asked for this size of batches: what a database takes may be less */
static int entries_write(struct dfctl *ctl, const struct entries *entries, size_t batch,
			 bool is_usual)
{
	struct df_nb *nb = dfctl_nb(ctl);
	size_t done = 0, commits = 0;
	struct dfctl_progress progress;

	if (!nb)
		return DFCTL_FAILED;
	dfctl_progress_begin(&progress, "objects");
	while (done < entries->count) {
		size_t part = entries->count - done < batch ? entries->count - done : batch;
		bool is_too_big = false;
		int err;

		err = batch_write(nb, entries->v + done, part, is_usual ? &is_too_big : NULL);
		if (is_too_big) {
			batch = part / 2;
			continue;
		}
		if (err) {
			if (done)
				dfctl_err("%zu of %zu objects were written", done,
					  entries->count);
			return DFCTL_FAILED;
		}
		done += part;
		commits++;
		dfctl_progress(&progress, done, entries->count);
	}
	if (ctl->json)
		printf("{\"objects\": %zu, \"transactions\": %zu}\n", done, commits);
	else
		printf("%zu objects written in %zu transaction%s\n", done, commits,
		       commits == 1 ? "" : "s");
	return DFCTL_OK;
}

static int read_all(struct entries *entries, const char *path)
{
	FILE *file;
	int err;

	if (!strcmp(path, "-"))
		return file_read(entries, "standard input", stdin);
	file = fopen(path, "re");
	if (!file) {
		dfctl_err("%s: %s", path, strerror(errno));
		return DFCTL_FAILED;
	}
	err = file_read(entries, path, file);
	fclose(file);
	return err;
}

int dfctl_apply(struct dfctl *ctl)
{
	struct entries entries = { .v = NULL };
	long batch = USUAL_BATCH;
	size_t i;
	int err = DFCTL_OK;

	if (ctl->batch)
		err = dfctl_number("--batch", ctl->batch, 1, &batch);
	if (!err)
		err = read_all(&entries, ctl->argv[0]);
	if (!err && entries.count)
		qsort(entries.v, entries.count, sizeof(*entries.v), entry_compare);
	if (!err)
		err = entries_write(ctl, &entries, (size_t)batch, !ctl->batch);
	for (i = 0; i < entries.count; i++)
		json_decref(entries.v[i].object);
	free(entries.v);
	return err;
}
