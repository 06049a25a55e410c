// SPDX-License-Identifier: GPL-2.0
/*
 * What an object is to become, from what is stored and what was asked for:
 * fields that the library assigns or chooses, and fields that cannot change.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "error.h"
#include "ops.h"
#include "schema.h"

static int no_memory(struct df_error *error)
{
	return df_error_set(error, -ENOMEM, "out of memory");
}

static uint64_t random_between(uint64_t min, uint64_t max)
{
	uint64_t n;

	df_random(&n, sizeof(n));
	return min + n % (max - min + 1);
}

/* fa:16:3e is what OpenStack uses; the rest is random. */
static json_t *choose_mac(void)
{
	uint8_t mac[6] = { 0xfa, 0x16, 0x3e };
	char text[18];

	df_random(mac + 3, 3);
	df_mac_print(text, mac);
	return json_string(text);
}

/* A value for a field that was not given, or NULL if it is to have none. */
static json_t *choose_value(const struct df_obj *obj,
			    const struct df_field *field)
{
	struct df_ip net;

	if (field->type == DF_TYPE_MAC)
		return choose_mac();
	if (!strcmp(field->name, "segmentation_id") &&
	    !df_network_is_tunnelled(obj))
		return NULL;
	if (!strcmp(field->name, "ip_version"))
		return df_obj_ip(obj, "cidr", &net) ? NULL :
		       json_integer(net.family);
	if (field->type == DF_TYPE_UINT)
		return json_integer(random_between(field->min, field->max));
	return NULL;
}

/*
 * The numbers are random, not counted: writers then do not wait for each other
 * at a counter, and a number is not used again soon after its object is gone.
 * That two are equal is as unlikely as there are few; the claim notices it.
 */
int df_change_make_up(struct change *change, size_t i, struct df_error *error)
{
	const struct df_field *field = &df_schema(change->model)->fields[i];
	json_t *value = choose_value(change->new, field);

	if (!value)
		return 0;
	if (json_object_set_new(change->new->doc, field->name, value))
		return no_memory(error);
	change->made_up |= 1ull << i;
	return 0;
}

static int choose_values(struct change *change, struct df_error *error)
{
	const struct df_field *field = df_schema(change->model)->fields;
	bool is_chosen;
	int err = 0;
	size_t i;

	for (i = 0; !err && field[i].name; i++) {
		is_chosen = field[i].flags & DF_FIELD_ALLOCATED ||
			    (field[i].flags & DF_FIELD_ASSIGNED &&
			     field[i].flags & DF_FIELD_UNIQUE);
		if (is_chosen && !df_obj_has(change->new, field[i].name))
			err = df_change_make_up(change, i, error);
	}
	return err;
}

static int check_immutable(const struct change *change, struct df_error *error)
{
	const struct df_field *field = df_schema(change->model)->fields;

	for (; field->name; field++) {
		json_t *old = json_object_get(change->old->doc, field->name);
		json_t *new = json_object_get(change->new->doc, field->name);

		if (field->flags & DF_FIELD_IMMUTABLE && old != new &&
		    !json_equal(old, new))
			return df_obj_error(change->old, error, -EINVAL,
					    field->name,
					    "cannot change after creation");
	}
	return 0;
}

static int finish(struct change *change, uint64_t revision,
		  struct df_error *error)
{
	int err;

	df_obj_drop_nulls(change->new);
	err = choose_values(change, error);
	if (!err && change->old)
		err = check_immutable(change, error);
	if (!err)
		err = df_obj_check(change->new, error);
	if (err)
		return err;
	if (json_object_set_new(change->new->doc, "revision",
				json_integer(revision)))
		return no_memory(error);
	return 0;
}

/* Assigned fields are the stored ones, whatever was asked for. */
static int keep_fields(struct change *change, unsigned int flags,
		       bool is_overriding)
{
	const struct df_field *field = df_schema(change->model)->fields;
	json_t *old;

	for (; field->name; field++) {
		if (!(field->flags & flags) ||
		    (!is_overriding && df_obj_has(change->new, field->name)))
			continue;
		old = change->old ? json_object_get(change->old->doc,
						    field->name) : NULL;
		if (!old)
			json_object_del(change->new->doc, field->name);
		else if (json_object_set(change->new->doc, field->name, old))
			return -ENOMEM;
	}
	return 0;
}

int df_change_create(struct change *change, const struct df_obj *asked,
		     struct df_error *error)
{
	change->new = df_obj_copy(asked);
	if (!change->new || keep_fields(change, DF_FIELD_ASSIGNED, true))
		return no_memory(error);
	return finish(change, 1, error);
}

int df_change_replace(struct change *change, const struct df_obj *asked,
		      struct df_error *error)
{
	change->new = df_obj_copy(asked);
	if (!change->new || keep_fields(change, DF_FIELD_ASSIGNED, true) ||
	    keep_fields(change, DF_FIELD_ALLOCATED, false))
		return no_memory(error);
	return finish(change, df_obj_revision(change->old) + 1, error);
}

int df_change_patch(struct change *change, const struct df_obj *asked,
		    struct df_error *error)
{
	change->new = df_obj_copy(change->old);
	if (!change->new || json_object_update(change->new->doc, asked->doc) ||
	    keep_fields(change, DF_FIELD_ASSIGNED, true))
		return no_memory(error);
	return finish(change, df_obj_revision(change->old) + 1, error);
}

bool df_change_is_nothing(const struct change *change)
{
	if (change->is_forced)
		return false;
	if (!change->old || !change->new)
		return !change->old && !change->new;
	return df_obj_is_equal(change->old, change->new);
}

void df_change_fini(struct change *change)
{
	df_obj_put(change->old);
	df_obj_put(change->new);
	change->old = NULL;
	change->new = NULL;
	change->made_up = 0;
}
