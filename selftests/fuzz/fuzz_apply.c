// SPDX-License-Identifier: GPL-2.0
/*
 * A file for dfctl apply, up to what a transaction would be given: objects of
 * known models that a person may write, what is referred to first.
 */
#include <errno.h>
#include <stdio.h>

#include "fuzz.h"
#include "tools/dfctl/nb.h"

static struct {
	size_t order;
	size_t objects;
} written;

/* The database's side; every object is taken. */

struct df_nb *dfctl_nb(struct dfctl *ctl)
{
	return (struct df_nb *)ctl;
}

int df_txn_new(struct df_txn **out, struct df_nb *nb)
{
	*out = (struct df_txn *)nb;
	return 0;
}

void df_txn_free(struct df_txn *txn)
{
	(void)txn;
}

static size_t model_order(const struct df_model *model)
{
	size_t i = 0;

	while (df_model_at(i) != model)
		i++;
	return i;
}

int df_txn_put(struct df_txn *txn, struct df_obj *obj, struct df_error *error)
{
	size_t order = model_order(df_obj_model(obj));
	const struct df_field *field;
	size_t i;

	(void)txn;
	(void)error;
	require(order >= written.order);
	require(!dfctl_model_is_read_only(df_obj_model(obj)));
	for (i = 0; (field = df_model_field(df_obj_model(obj), i)); i++)
		require(!(field->flags & DF_FIELD_ASSIGNED) || !df_obj_has(obj, field->name));
	written.order = order;
	written.objects++;
	return 0;
}

int df_txn_commit_sync(struct df_txn *txn, struct df_error *error)
{
	(void)txn;
	(void)error;
	return 0;
}

int dfctl_refused(const struct df_error *error)
{
	(void)error;
	return DFCTL_FAILED;
}

bool dfctl_model_is_read_only(const struct df_model *model)
{
	return model->flags & (DF_MODEL_DERIVED | DF_MODEL_REPORTED);
}

int dfctl_number(const char *name, const char *text, long min, long *out)
{
	(void)name;
	(void)text;
	*out = min;
	return DFCTL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static char from[] = "-", *argv[] = { from, NULL };
	struct dfctl ctl = { .argv = argv, .argc = 1 };
	FILE *silent = fopen("/dev/null", "w");
	FILE *file = fmemopen((void *)input, size, "r");
	FILE *old[] = { stdin, stdout, stderr };

	require(silent);
	if (file) {
		written.order = 0;
		written.objects = 0;
		stdin = file;
		stdout = silent;
		stderr = silent;
		dfctl_apply(&ctl);
		stdin = old[0];
		stdout = old[1];
		stderr = old[2];
		fclose(file);
	}
	fclose(silent);
	return 0;
}
