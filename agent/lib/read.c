// SPDX-License-Identifier: GPL-2.0
/* Looking objects up, and following topics. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "nb.h"

#define ID_PREFIX_MIN 4

/**
 * struct nb_read - a lookup
 * @ref: what a find looks for; NULL of others
 */
struct nb_read {
	LIST_ENTRY(nb_read) node;
	const struct df_model *model;
	df_obj_fn find_fn;
	df_objs_fn list_fn;
	df_owner_fn owner_fn;
	void *arg;
	char *ref;
};

static void read_free(struct nb_read *read)
{
	LIST_REMOVE(read, node);
	free(read->ref);
	free(read);
}

void df_nb_reads_fini(struct df_nb *nb)
{
	while (!LIST_EMPTY(&nb->reads))
		read_free(LIST_FIRST(&nb->reads));
}

static int read_new(struct nb_read **out, struct df_nb *nb, const char *model,
		    void *arg, struct df_error *error)
{
	const struct df_model *found = df_model_find(model);
	struct nb_read *read;

	if (!found)
		return df_error_set(error, -EINVAL, "there is no model \"%s\"",
				    df_quote(model).text);
	read = calloc(1, sizeof(*read));
	if (!read)
		return df_error_set(error, -ENOMEM, "out of memory");
	read->model = found;
	read->arg = arg;
	LIST_INSERT_HEAD(&nb->reads, read, node);
	*out = read;
	return 0;
}

/* Freed first: the callback may close the handle. */
static void answer_find(struct nb_read *read, const struct df_error *error,
			struct df_obj *obj)
{
	df_obj_fn fn = read->find_fn;
	void *arg = read->arg;

	read_free(read);
	fn(arg, error, obj);
}

static void got_one(void *arg, const struct df_error *error,
		    const struct df_db_entry *entries, size_t count)
{
	struct nb_read *read = arg;
	struct df_obj *obj = NULL;
	struct df_error why;

	if (!error && !count) {
		df_error_set(&why, -ENOENT, "there is no %s %s",
			     read->model->name, df_quote(read->ref).text);
		error = &why;
	}
	if (!error && df_nb_decode(&obj, entries, &why))
		error = &why;
	answer_find(read, error, obj);
	df_obj_put(obj);
}

static bool is_match(const struct nb_read *read, const struct df_obj *obj)
{
	size_t len = strlen(read->ref);

	if (*read->ref && !strcmp(df_obj_name(obj), read->ref))
		return true;
	return len >= ID_PREFIX_MIN &&
	       !strncmp(df_obj_id(obj), read->ref, len);
}

static void say_ambiguous(const struct nb_read *read, struct df_obj *const *v,
			  size_t count, struct df_error *why)
{
	char ids[256] = "";
	size_t i;

	for (i = 0; i < count && i < 5; i++) {
		size_t len = strlen(ids);

		snprintf(ids + len, sizeof(ids) - len, "%s%s", i ? ", " : "",
			 df_obj_id(v[i]));
	}
	df_error_set(why, -ENOTUNIQ, "%zu %s match \"%s\": %s%s", count,
		     read->model->plural, df_quote(read->ref).text, ids,
		     count > i ? " and more" : "");
}

static int compare_objs(const void *a, const void *b)
{
	const struct df_obj *left = *(struct df_obj *const *)a;
	const struct df_obj *right = *(struct df_obj *const *)b;
	int order = strcmp(df_obj_name(left), df_obj_name(right));

	return order ? order : strcmp(df_obj_id(left), df_obj_id(right));
}

/* The entries that are objects; of a find, that match. */
static size_t decode_all(const struct nb_read *read, struct df_obj **objs,
			 const struct df_db_entry *entries, size_t count)
{
	struct df_obj *obj;
	size_t n = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (df_nb_decode(&obj, &entries[i], NULL))
			continue;
		if (read->ref && !is_match(read, obj))
			df_obj_put(obj);
		else
			objs[n++] = obj;
	}
	qsort(objs, n, sizeof(*objs), compare_objs);
	return n;
}

static void got_all(void *arg, const struct df_error *error,
		    const struct df_db_entry *entries, size_t count)
{
	struct df_obj **objs = calloc(count + 1, sizeof(*objs));
	struct nb_read *read = arg;
	struct df_error why;
	size_t n = 0;

	if (!objs) {
		df_error_set(&why, -ENOMEM, "out of memory");
		error = &why;
	} else {
		n = decode_all(read, objs, entries, count);
	}
	if (read->find_fn && !error && n != 1) {
		if (n)
			say_ambiguous(read, objs, n, &why);
		else
			df_error_set(&why, -ENOENT,
				     "there is no %s \"%s\"",
				     read->model->name,
				     df_quote(read->ref).text);
		error = &why;
	}
	if (read->find_fn) {
		answer_find(read, error, error ? NULL : objs[0]);
	} else {
		df_objs_fn fn = read->list_fn;

		arg = read->arg;
		read_free(read);
		fn(arg, error, error ? NULL : objs, error ? 0 : n);
	}
	df_objs_free(objs, n);
}

int df_nb_find(struct df_nb *nb, const char *model, const char *ref,
	       df_obj_fn fn, void *arg, struct df_error *error)
{
	struct nb_read *read;
	char prefix[64];
	int err;

	err = read_new(&read, nb, model, arg, error);
	if (err)
		return err;
	read->find_fn = fn;
	read->ref = strdup(ref);
	if (!read->ref) {
		read_free(read);
		return df_error_set(error, -ENOMEM, "out of memory");
	}
	if (df_uuid_is_valid(ref)) {
		df_db_get(nb->db, df_key_obj(read->model->name, ref).text,
			  got_one, read);
		return 0;
	}
	snprintf(prefix, sizeof(prefix), "%s/", read->model->name);
	df_db_list(nb->db, prefix, NULL, got_all, read);
	return 0;
}

int df_nb_list(struct df_nb *nb, const char *model, const char *topic,
	       df_objs_fn fn, void *arg, struct df_error *error)
{
	struct nb_read *read;
	char prefix[64];
	int err;

	err = read_new(&read, nb, model, arg, error);
	if (err)
		return err;
	read->list_fn = fn;
	snprintf(prefix, sizeof(prefix), "%s/", read->model->name);
	df_db_list(nb->db, prefix, topic, got_all, read);
	return 0;
}

/* A claim says "port <id>". */
static void got_claim(void *arg, const struct df_error *error,
		      const struct df_db_entry *entries, size_t count)
{
	struct nb_read *read = arg;
	const struct df_model *model = NULL;
	df_owner_fn fn = read->owner_fn;
	void *fn_arg = read->arg;
	struct df_error why;
	char text[128];
	char *id = NULL;

	read_free(read);
	if (!error && count) {
		snprintf(text, sizeof(text), "%.*s", (int)entries->len,
			 (const char *)entries->value);
		id = strchr(text, ' ');
		if (id) {
			*id++ = '\0';
			model = df_model_find(text);
		}
		if (!model || !df_uuid_is_valid(id)) {
			df_error_set(&why, -EBADMSG,
				     "the database holds \"%s\", which names no object",
				     df_quote(entries->key).text);
			error = &why;
		}
	}
	fn(fn_arg, error, error ? NULL : model, error || !model ? NULL : id);
}

int df_nb_owner(struct df_nb *nb, const char *model, const char *field,
		const char *within, const char *value, df_owner_fn fn,
		void *arg, struct df_error *error)
{
	struct nb_read *read;
	char *key;
	int err;

	err = read_new(&read, nb, model, arg, error);
	if (err)
		return err;
	read->owner_fn = fn;
	key = df_key_claim(read->model->name, field, within, value);
	if (!key) {
		read_free(read);
		return df_error_set(error, -ENOMEM, "out of memory");
	}
	df_db_get(nb->db, key, got_claim, read);
	free(key);
	return 0;
}
