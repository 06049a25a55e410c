// SPDX-License-Identifier: GPL-2.0
/* What other objects say about an object: names of what it refers to, status. */
#include <stdlib.h>
#include <string.h>

#include "nb.h"

/**
 * struct dfctl_join - other models, read when they are needed
 * @ctl: the command line
 * @names: by model, then by id: the name
 * @status: by the id of the object: what its status model holds; may be NULL
 */
struct dfctl_join {
	struct dfctl *ctl;
	json_t *names;
	json_t *status;
};

static int objects_read(struct dfctl *ctl, const char *model,
			struct df_obj ***objs, size_t *count)
{
	struct df_nb *nb = dfctl_nb(ctl);
	struct df_error error = { 0 };

	if (!nb)
		return DFCTL_FAILED;
	if (df_nb_list_sync(nb, model, NULL, objs, count, &error))
		return dfctl_refused(&error);
	return DFCTL_OK;
}

/* A status object names its object by "<model>_id", or shares its id. */
static json_t *status_read(struct dfctl *ctl, const struct df_model *status,
			   const struct df_model *model)
{
	__auto_free char *member = dfctl_strf("%s_id", model->name);
	struct df_obj **objs;
	json_t *map;
	size_t count, i;

	if (objects_read(ctl, status->name, &objs, &count))
		return NULL;
	map = json_object();
	for (i = 0; i < count; i++) {
		const char *id = df_model_field_find(status, member) ?
			df_obj_string(objs[i], member) : df_obj_id(objs[i]);

		if (id)
			json_object_set_new(map, id, dfctl_obj_json(objs[i]));
	}
	df_objs_free(objs, count);
	return map;
}

/**
 * dfctl_join_new - get ready to look other objects up
 * @out: set to the join, if the result is DFCTL_OK
 * @ctl: the command line
 * @model: the model whose objects are looked at
 *
 * Return: an exit status; a failure was reported.
 */
int dfctl_join_new(struct dfctl_join **out, struct dfctl *ctl,
		   const struct df_model *model)
{
	__auto_free char *name = dfctl_strf("%s_status", model->name);
	const struct df_model *status = df_model_find(name);
	json_t *map = NULL;

	if (status) {
		map = status_read(ctl, status, model);
		if (!map)
			return DFCTL_FAILED;
	}
	*out = dfctl_alloc(sizeof(**out));
	(*out)->ctl = ctl;
	(*out)->names = json_object();
	(*out)->status = map;
	return DFCTL_OK;
}

void dfctl_join_free(struct dfctl_join *join)
{
	if (!join)
		return;
	json_decref(join->names);
	json_decref(join->status);
	free(join);
}

static json_t *names_read(struct dfctl *ctl, const char *model)
{
	json_t *map = json_object();
	struct df_obj **objs;
	size_t count, i;

	if (objects_read(ctl, model, &objs, &count))
		return map;
	for (i = 0; i < count; i++) {
		if (*df_obj_name(objs[i]))
			json_object_set_new(map, df_obj_id(objs[i]),
					    json_string(df_obj_name(objs[i])));
	}
	df_objs_free(objs, count);
	return map;
}

/* The name of an object, or NULL if it has none. */
const char *dfctl_join_name(struct dfctl_join *join, const char *model, const char *id)
{
	json_t *map = json_object_get(join->names, model);

	if (!map) {
		map = names_read(join->ctl, model);
		json_object_set_new(join->names, model, map);
	}
	return json_string_value(json_object_get(map, id));
}

/* What the status model holds about an object, or NULL. */
const json_t *dfctl_join_status(struct dfctl_join *join, const char *id)
{
	return json_object_get(join->status, id);
}
