// SPDX-License-Identifier: GPL-2.0
/*
 * Does a cloud keep the rules over several objects (related.h)? Each object that
 * has others is looked at as if it was made anew, with all that it has. Pure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud_rules.h"
#include "error.h"
#include "related.h"

/**
 * struct scope - objects that are looked at together
 * @model: of those
 * @owner: of the one that they are of
 * @field: by which they name it
 */
struct scope {
	const char *model;
	const char *owner;
	const char *field;
};

static const struct scope scopes[] = {
	{ "router_interface", "router", "router_id" },
	{ "security_group_rule", "security_group", "security_group_id" },
};

/**
 * struct rules - a look at the rules
 * @parts: all objects of the scope's model, by owner once sorted
 */
struct rules {
	const struct df_cloud *cloud;
	const struct scope *scope;
	struct df_obj **parts;
	size_t count;
	df_rule_broken_fn fn;
	void *arg;
};

static int load(const struct df_cloud *cloud, const char *model, const char *id,
		struct df_obj **out)
{
	struct image_item *item = df_image_find(cloud,
						df_key_obj(model, id).text);
	struct df_db_entry entry;
	int err;

	*out = NULL;
	if (!item || item->is_unreadable)
		return 0;
	entry = df_image_entry(item);
	err = df_image_decode(out, &entry, NULL);
	return err == -ENOMEM ? err : 0;
}

static int add_object(struct related *related, struct df_obj *obj)
{
	struct df_obj **objs;

	if (!obj)
		return 0;
	objs = reallocarray(related->objs, related->count + 1, sizeof(*objs));
	if (!objs) {
		df_obj_put(obj);
		return -ENOMEM;
	}
	related->objs = objs;
	objs[related->count++] = obj;
	return 0;
}

static int add_subnets(const struct rules *rules, struct related *related,
		       const struct df_obj *part)
{
	const struct df_value *ips = df_obj_value(part, "fixed_ips"), *ip;
	struct df_obj *subnet;
	const char *id;
	size_t i;
	int err;

	df_value_for_each(ips, i, ip) {
		id = df_value_string(df_value_member(ip, "subnet_id"));
		err = id ? load(rules->cloud, "subnet", id, &subnet) : 0;
		if (!err && id)
			err = add_object(related, subnet);
		if (err)
			return err;
	}
	return 0;
}

/* As if it was created: what the library would make of it is in @change->new. */
static int add_change(struct change *change, struct df_obj *obj)
{
	change->model = obj->model;
	snprintf(change->id, sizeof(change->id), "%s", df_obj_id(obj));
	change->asked = obj;
	change->new = df_obj_copy(obj);
	return change->new ? 0 : -ENOMEM;
}

static int judge(const struct rules *rules, const char *owner,
		 const struct related *related, struct change *const *changes,
		 size_t count)
{
	struct df_error error;
	size_t i;
	int err;

	err = df_related_check(related, changes, count, &error);
	if (err == -ENOMEM)
		return err;
	if (err) {
		rules->fn(rules->arg,
			  df_key_obj(rules->scope->owner, owner).text,
			  error.text);
		return 0;
	}
	for (i = 0; i < count; i++)
		if (!df_obj_is_equal(changes[i]->new, changes[i]->asked))
			rules->fn(rules->arg,
				  df_key_obj(changes[i]->model->name,
					     changes[i]->id).text,
				  "its addresses are not as its subnets say");
	return 0;
}

/* @parts: all that it has */
static int check_owner(const struct rules *rules, const char *id,
		       struct df_obj **parts, size_t count)
{
	struct change *changes = calloc(count + 1, sizeof(*changes));
	struct change **list = calloc(count + 1, sizeof(*list));
	struct related related = { 0 };
	struct df_obj *owner = NULL;
	size_t i, n = 0;
	int err = changes && list ? 0 : -ENOMEM;

	for (i = 0; !err && i < count; i++) {
		list[n] = &changes[n];
		err = add_change(&changes[n++], parts[i]);
		if (!err)
			err = add_subnets(rules, &related, parts[i]);
	}
	if (!err)
		err = load(rules->cloud, rules->scope->owner, id, &owner);
	if (!err && owner) {
		list[n] = &changes[n];
		err = add_change(&changes[n++], owner);
	}
	if (!err)
		err = judge(rules, id, &related, list, n);
	for (i = 0; i < n; i++)
		df_change_fini(&changes[i]);
	df_obj_put(owner);
	df_related_fini(&related);
	free(changes);
	free(list);
	return err;
}

static const char *owner_of(const struct rules *rules, const struct df_obj *part)
{
	return df_obj_string(part, rules->scope->field);
}

static int compare_parts(const void *a, const void *b, void *rules)
{
	const struct df_obj *left = *(struct df_obj *const *)a;
	const struct df_obj *right = *(struct df_obj *const *)b;
	int order = strcmp(owner_of(rules, left), owner_of(rules, right));

	return order ? order : strcmp(df_obj_id(left), df_obj_id(right));
}

static int read_part(struct rules *rules, const char *id, size_t *size)
{
	struct df_obj *part, **parts;
	int err;

	if (rules->count == *size) {
		*size = *size * 2 + 8;
		parts = reallocarray(rules->parts, *size, sizeof(*parts));
		if (!parts)
			return -ENOMEM;
		rules->parts = parts;
	}
	err = load(rules->cloud, rules->scope->model, id, &part);
	if (!err && part && owner_of(rules, part))
		rules->parts[rules->count++] = part;
	else
		df_obj_put(part);
	return err;
}

static int read_parts(struct rules *rules)
{
	const struct df_cloud *cloud = rules->cloud;
	struct df_key prefix = df_key_obj(rules->scope->model, "");
	size_t i, size = 0, len = strlen(prefix.text);
	int err = 0;

	for (i = 0; !err && i < cloud->count; i++)
		if (!cloud->v[i].is_gone &&
		    !strncmp(cloud->v[i].key, prefix.text, len))
			err = read_part(rules, cloud->v[i].key + len, &size);
	if (rules->count)
		qsort_r(rules->parts, rules->count, sizeof(*rules->parts),
			compare_parts, rules);
	return err;
}

static int check_scope(struct rules *rules)
{
	int err = read_parts(rules);
	const char *owner;
	size_t i, n;

	for (i = 0; !err && i < rules->count; i += n) {
		owner = owner_of(rules, rules->parts[i]);
		for (n = 1; i + n < rules->count; n++)
			if (strcmp(owner_of(rules, rules->parts[i + n]), owner))
				break;
		err = check_owner(rules, owner, &rules->parts[i], n);
	}
	df_objs_free(rules->parts, rules->count);
	return err;
}

int df_cloud_check_rules(const struct df_cloud *cloud, df_rule_broken_fn fn,
			 void *arg)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(scopes) / sizeof(*scopes); i++) {
		struct rules rules = {
			.cloud = cloud,
			.scope = &scopes[i],
			.fn = fn,
			.arg = arg,
		};

		err = check_scope(&rules);
	}
	return err;
}

int df_cloud_port_is_right(const struct df_cloud *cloud,
			   const struct df_obj *port)
{
	const char *id = df_obj_string(port, "network_id");
	struct df_obj *network = NULL;
	int err = id ? load(cloud, "network", id, &network) : 0;
	bool is_right = !network || df_obj_bool(network, "on_demand") ==
		df_obj_bool(port, "on_demand");

	df_obj_put(network);
	return err ? err : is_right;
}
