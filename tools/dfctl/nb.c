// SPDX-License-Identifier: GPL-2.0
/* The database that the commands work on. */
#include <stdlib.h>
#include <string.h>

#include "nb.h"

/* Report what the library refused. */
int dfctl_refused(const struct df_error *error)
{
	dfctl_err("%s", error->text[0] ? error->text : strerror(abs(error->code)));
	return DFCTL_FAILED;
}

/**
 * dfctl_nb - the database
 * @ctl: the command line, keeps the handle
 *
 * Return: the handle, or NULL after reporting why not.
 */
struct df_nb *dfctl_nb(struct dfctl *ctl)
{
	__auto_free char *uri = NULL;
	struct df_error error = { 0 };

	if (ctl->nb)
		return ctl->nb;
	uri = dfctl_database(ctl);
	if (df_nb_open(&ctl->nb, uri, NULL, &error)) {
		ctl->nb = NULL;
		dfctl_refused(&error);
		return NULL;
	}
	if (ctl->timeout_ms > 0)
		df_nb_set_timeout(ctl->nb, (unsigned int)ctl->timeout_ms);
	return ctl->nb;
}

/**
 * dfctl_find - find an object by its id, the beginning of its id, or its name
 * @ctl: the command line
 * @model: the model's name
 * @ref: what was written
 * @out: set to the object, if the result is DFCTL_OK; to be put
 *
 * Return: an exit status; a failure was reported.
 */
int dfctl_find(struct dfctl *ctl, const char *model, const char *ref,
	       struct df_obj **out)
{
	struct df_nb *nb = dfctl_nb(ctl);
	struct df_error error = { 0 };

	if (!nb)
		return DFCTL_FAILED;
	if (df_nb_find_sync(nb, model, ref, out, &error))
		return dfctl_refused(&error);
	return DFCTL_OK;
}

/* Run a transaction and free it; report why it was refused. */
int dfctl_commit(struct df_txn *txn)
{
	struct df_error error = { 0 };

	return df_txn_commit_sync(txn, &error) ? dfctl_refused(&error) : DFCTL_OK;
}

/* An object as JSON, as it is stored. */
json_t *dfctl_obj_json(const struct df_obj *obj)
{
	__auto_free char *text = df_obj_print(obj, false);
	json_t *json = text ? json_loads(text, 0, NULL) : NULL;

	return json ? json : json_object();
}

bool dfctl_model_is_read_only(const struct df_model *model)
{
	return model->flags & (DF_MODEL_DERIVED | DF_MODEL_REPORTED);
}
