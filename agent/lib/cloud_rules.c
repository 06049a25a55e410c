// SPDX-License-Identifier: GPL-2.0
/*
 * Does a cloud keep the rules over several objects (related.h)? Each router is
 * looked at as if it was made anew, with all that it has. Pure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud_rules.h"
#include "error.h"
#include "related.h"

/**
 * struct rules - a look at the rules
 * @ifaces: all router interfaces, by router once sorted
 */
struct rules {
	const struct df_cloud *cloud;
	struct df_obj **ifaces;
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

/* --- routers ----------------------------------------------------------------- */

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
		       const struct df_obj *iface)
{
	const struct df_value *ips = df_obj_value(iface, "fixed_ips"), *ip;
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

static int judge(const struct rules *rules, const struct related *related,
		 struct change *const *changes, size_t count)
{
	const char *router = df_related_router(changes[0]);
	struct df_error error;
	size_t i;
	int err;

	err = df_related_check(related, changes, count, &error);
	if (err == -ENOMEM)
		return err;
	if (err) {
		rules->fn(rules->arg, df_key_obj("router", router).text,
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

/* @ifaces: all of it */
static int check_router(const struct rules *rules, struct df_obj **ifaces,
			size_t count)
{
	struct change *changes = calloc(count + 1, sizeof(*changes));
	struct change **list = calloc(count + 1, sizeof(*list));
	struct related related = { 0 };
	struct df_obj *router = NULL;
	size_t i, n = 0;
	int err = changes && list ? 0 : -ENOMEM;

	for (i = 0; !err && i < count; i++) {
		list[n] = &changes[n];
		err = add_change(&changes[n++], ifaces[i]);
		if (!err)
			err = add_subnets(rules, &related, ifaces[i]);
	}
	if (!err)
		err = load(rules->cloud, "router",
			   df_obj_string(ifaces[0], "router_id"), &router);
	if (!err && router) {
		list[n] = &changes[n];
		err = add_change(&changes[n++], router);
	}
	if (!err)
		err = judge(rules, &related, list, n);
	for (i = 0; i < n; i++)
		df_change_fini(&changes[i]);
	df_obj_put(router);
	df_related_fini(&related);
	free(changes);
	free(list);
	return err;
}

static int compare_routers(const void *a, const void *b)
{
	const struct df_obj *left = *(struct df_obj *const *)a;
	const struct df_obj *right = *(struct df_obj *const *)b;
	int order = strcmp(df_obj_string(left, "router_id"),
			   df_obj_string(right, "router_id"));

	return order ? order : strcmp(df_obj_id(left), df_obj_id(right));
}

static int read_interfaces(struct rules *rules)
{
	const struct df_cloud *cloud = rules->cloud;
	const char *prefix = "router_interface/";
	struct df_obj **ifaces;
	size_t i;
	int err;

	for (i = 0; i < cloud->count; i++) {
		const char *key = cloud->v[i].key;

		if (cloud->v[i].is_gone ||
		    strncmp(key, prefix, strlen(prefix)) != 0)
			continue;
		ifaces = reallocarray(rules->ifaces, rules->count + 1,
				      sizeof(*ifaces));
		if (!ifaces)
			return -ENOMEM;
		rules->ifaces = ifaces;
		err = load(cloud, "router_interface", key + strlen(prefix),
			   &ifaces[rules->count]);
		if (err)
			return err;
		rules->count += ifaces[rules->count] &&
			df_obj_string(ifaces[rules->count], "router_id");
	}
	qsort(rules->ifaces, rules->count, sizeof(*rules->ifaces),
	      compare_routers);
	return 0;
}

int df_cloud_check_routers(const struct df_cloud *cloud, df_rule_broken_fn fn,
			   void *arg)
{
	struct rules rules = { .cloud = cloud, .fn = fn, .arg = arg };
	int err = read_interfaces(&rules);
	size_t i, n;

	for (i = 0; !err && i < rules.count; i += n) {
		const char *router = df_obj_string(rules.ifaces[i], "router_id");

		for (n = 1; i + n < rules.count; n++)
			if (strcmp(df_obj_string(rules.ifaces[i + n],
						 "router_id"), router))
				break;
		err = check_router(&rules, &rules.ifaces[i], n);
	}
	df_objs_free(rules.ifaces, rules.count);
	return err;
}

/* --- ports ------------------------------------------------------------------- */

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
