// SPDX-License-Identifier: GPL-2.0
/*
 * From what the database holds and what is asked for to what shall be stored.
 * Lines: the model, the stored object (or nothing), the one asked for, and "p"
 * for a patch. What is to be stored must be complete, and its operations must
 * have keys that the database takes, each once.
 */
#include "core.h"
#include "fuzz.h"
#include "ops.h"

static struct df_obj *take(const struct df_model *model, const uint8_t **input, size_t *size)
{
	char *line = fuzz_line(input, size);
	struct df_obj *obj = NULL;

	if (line && df_obj_parse(&obj, model->name, line, strlen(line), NULL))
		obj = NULL;
	free(line);
	return obj;
}

static void check_ops(struct change *change)
{
	struct df_error error = { 0 };
	struct ops ops = { 0 };
	struct df_seen keys = { 0 };
	size_t i;

	if (!df_ops_expect(&ops, change, &error) &&
	    !df_ops_add_change(&ops, change, 0, &error)) {
		for (i = 0; i < ops.count; i++) {
			struct df_seen_key *key;

			require(df_core_is_key(ops.v[i].key));
			if (ops.v[i].type == DF_DB_EMPTY)
				continue;
			key = df_seen_add(&keys, ops.v[i].key);
			require(key && !key->round++);
		}
	}
	df_seen_fini(&keys);
	df_ops_fini(&ops);
}

static int make(struct change *change, const struct df_obj *asked, bool is_patch)
{
	struct df_error error = { 0 };
	int err;

	if (!change->old)
		err = df_change_create(change, asked, &error);
	else if (is_patch)
		err = df_change_patch(change, asked, &error);
	else
		err = df_change_replace(change, asked, &error);
	require(err == error.code && !err == !*error.text);
	return err;
}

static void try_change(const struct df_model *model, struct df_obj *old,
		       const struct df_obj *asked, bool is_patch)
{
	struct change change = { .model = model, .old = old };
	const char *id = df_obj_id(asked);

	/* As the transaction does before it asks for the change. */
	if (!id || (old && (!df_obj_id(old) || strcmp(df_obj_id(old), id)))) {
		df_obj_put(old);
		return;
	}
	strcpy(change.id, id);
	if (!make(&change, asked, is_patch)) {
		require(!df_obj_check(change.new, NULL));
		if (!df_change_is_nothing(&change))
			check_ops(&change);
	}
	df_change_fini(&change);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *name = fuzz_line(&input, &size);
	const struct df_model *model = name ? df_model_find(name) : NULL;
	struct df_obj *old, *asked;

	free(name);
	if (!model)
		return 0;
	old = take(model, &input, &size);
	asked = take(model, &input, &size);
	if (asked)
		try_change(model, old, asked, size && *input == 'p');
	else
		df_obj_put(old);
	df_obj_put(asked);
	return 0;
}
