// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel's numbers are called in the database. Without a database, or
 * one that does not answer in time, they are just numbers: whoever looks for a
 * fault must not need a healthy cloud.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "names.h"
#include "nb.h"

enum {
	TIMEOUT_MS = 2000,
	AGAIN_S = 10,
};

/* Members of the kernel's objects, and whose keys they hold. */
static const struct {
	const char *member;
	const char *model;
} keys[] = {
	{ "network", "network" },
	{ "port", "port" },
	{ "router", "router" },
	{ "interface", "router_interface" },
	{ "out_interface", "router_interface" },
	{ "group", "security_group" },
	{ "rule", "security_group_rule" },
	{ "chassis", "chassis" },
};

/**
 * struct dfctl_names - names, as far as they were asked for
 * @nb: the database; NULL if it cannot be had
 * @models: by name of the model: by key: id and name
 */
struct dfctl_names {
	struct df_nb *nb;
	json_t *models;
};

struct dfctl_names *dfctl_names_new(struct dfctl *ctl)
{
	struct dfctl_names *names = dfctl_alloc(sizeof(*names));
	__auto_free char *uri = dfctl_database(ctl);

	names->models = json_object();
	if (df_nb_open(&names->nb, uri, NULL, NULL))
		names->nb = NULL;
	else
		df_nb_set_timeout(names->nb, ctl->timeout_ms > 0 ?
				  (unsigned int)ctl->timeout_ms : TIMEOUT_MS);
	return names;
}

void dfctl_names_free(struct dfctl_names *names)
{
	if (!names)
		return;
	df_nb_close(names->nb);
	json_decref(names->models);
	free(names);
}

/* By key, what the objects of a model are called; "" has when that was read. */
static json_t *model_read(struct dfctl_names *names, const char *model)
{
	json_t *map = json_pack("{s:I}", "", (json_int_t)time(NULL));
	struct df_obj **objs;
	size_t count, i;

	if (!names->nb)
		return map;
	if (df_nb_list_sync(names->nb, model, NULL, &objs, &count, NULL)) {
		/* Nor will it answer the next time. */
		df_nb_close(names->nb);
		names->nb = NULL;
		return map;
	}
	for (i = 0; i < count; i++) {
		__auto_free char *key = dfctl_strf("%u", df_obj_key(objs[i]));

		json_object_set_new(map, key, json_pack("{s:s, s:s}", "id",
							df_obj_id(objs[i]), "name",
							df_obj_name(objs[i])));
	}
	df_objs_free(objs, count);
	return map;
}

/* Id and name of the object with that key, or NULL. */
static const json_t *find(struct dfctl_names *names, const char *model, json_int_t key)
{
	__auto_free char *text = dfctl_strf("%" JSON_INTEGER_FORMAT, key);
	json_t *map = json_object_get(names->models, model);

	/* Who follows a log meets objects that were not there in the beginning. */
	if (!map || (!json_object_get(map, text) &&
		     json_integer_value(json_object_get(map, "")) + AGAIN_S < time(NULL))) {
		map = model_read(names, model);
		json_object_set_new(names->models, model, map);
	}
	return json_object_get(map, text);
}

/* Add to an object of the kernel, as "names", what its numbers are called. */
void dfctl_names_add(struct dfctl_names *names, json_t *object)
{
	json_t *all = json_object();
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *key = json_object_get(object, keys[i].member);
		const json_t *found = key ? find(names, keys[i].model,
							     json_integer_value(key)) : NULL;

		if (found)
			json_object_set(all, keys[i].member, (json_t *)found);
	}
	if (json_object_size(all))
		json_object_set(object, "names", all);
	json_decref(all);
}
