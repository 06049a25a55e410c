// SPDX-License-Identifier: GPL-2.0
/* Objects that follow from others, and tell those who must know of them. Pure. */
#include <string.h>

#include "ops.h"

/* Tells a hypervisor of a port on it. */
static json_t *binding_of(const struct df_obj *port)
{
	const char *host = df_obj_string(port, "binding_host");

	if (!host || !*host)
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:I}", "id", df_obj_id(port),
			 "network_id", df_obj_string(port, "network_id"),
			 "host", host, "revision",
			 (json_int_t)df_obj_revision(port));
}

/* Tells who knows a router where it leads to. */
static json_t *link_of(const struct df_obj *interface)
{
	return json_pack("{s:s, s:s, s:s, s:O, s:I}", "id",
			 df_obj_id(interface), "router_id",
			 df_obj_string(interface, "router_id"), "network_id",
			 df_obj_string(interface, "network_id"), "fixed_ips",
			 json_object_get(interface->doc, "fixed_ips"),
			 "revision", (json_int_t)df_obj_revision(interface));
}

static const struct {
	const char *from;
	const char *to;
	json_t *(*derive)(const struct df_obj *obj);
} rules[] = {
	{ "port", "binding", binding_of },
	{ "router_interface", "router_link", link_of },
};

const struct df_model *df_derived_model(const struct df_model *model)
{
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (!strcmp(rules[i].from, model->name))
			return df_model_find(rules[i].to);
	return NULL;
}

json_t *df_derive(const struct df_obj *obj)
{
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (!strcmp(rules[i].from, obj->model->name))
			return rules[i].derive(obj);
	return NULL;
}
