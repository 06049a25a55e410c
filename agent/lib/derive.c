// SPDX-License-Identifier: GPL-2.0
/* Objects that follow from others, and tell those who must know of them. Pure. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ops.h"

static int add_binding(const struct df_obj *port, const char *field,
		       json_t *docs)
{
	const char *host = df_obj_string(port, field);
	json_t *doc;

	if (!host || !*host)
		return 0;
	doc = json_pack("{s:s, s:s, s:s, s:I}", "id", df_obj_id(port),
			"network_id", df_obj_string(port, "network_id"),
			"host", host, "revision",
			(json_int_t)df_obj_revision(port));
	if (df_obj_bool(port, "on_demand") &&
	    json_object_set_new(doc, "on_demand", json_true())) {
		json_decref(doc);
		return -1;
	}
	return json_array_append_new(docs, doc);
}

/* Tells a hypervisor of a port on it. */
static int bindings_of(const struct df_obj *port, json_t *docs)
{
	return add_binding(port, "binding_host", docs);
}

/* Tells a hypervisor of a port that moves there, or has been there. */
static int standbys_of(const struct df_obj *port, json_t *docs)
{
	return add_binding(port, "binding_standby_host", docs);
}

/* Tells who knows a router where it leads to. */
static int links_of(const struct df_obj *interface, json_t *docs)
{
	json_t *doc;

	doc = json_pack("{s:s, s:s, s:s, s:O, s:I}", "id",
			df_obj_id(interface), "router_id",
			df_obj_string(interface, "router_id"), "network_id",
			df_obj_string(interface, "network_id"), "fixed_ips",
			json_object_get(interface->doc, "fixed_ips"),
			"revision", (json_int_t)df_obj_revision(interface));
	return json_array_append_new(docs, doc);
}

/* --- members of security groups --------------------------------------------- */

static uint64_t hash(uint64_t start, uint64_t factor, const char *text)
{
	for (; *text; text++)
		start = (start ^ (uint8_t)*text) * factor;
	return start ^ start >> 32;
}

/* A UUID (RFC 9562, version 8) that is the same whenever it is made of these. */
static void combine(char id[DF_UUID_LEN + 1], const char *a, const char *b)
{
	uint64_t high, low;

	high = hash(hash(0xcbf29ce484222325, 0x100000001b3, a),
		    0x100000001b3, b);
	low = hash(hash(0x9ae16a3b2f90404f, 0x9e3779b97f4a7c15, a),
		   0x9e3779b97f4a7c15, b);
	snprintf(id, DF_UUID_LEN + 1,
		 "%08" PRIx64 "-%04" PRIx64 "-8%03" PRIx64 "-%04" PRIx64
		 "-%012" PRIx64,
		 high >> 32, high >> 16 & 0xffff, high & 0xfff,
		 (low >> 48 & 0x3fff) | 0x8000, low & 0xffffffffffff);
}

/* The addresses that stand in the records of @field. */
static int add_addresses(json_t *list, const struct df_obj *port,
			 const char *field)
{
	const json_t *records = json_object_get(port->doc, field), *record;
	size_t i;

	json_array_foreach(records, i, record) {
		if (json_array_append(list, json_object_get(record,
							    "ip_address")))
			return -1;
	}
	return 0;
}

/* Tells who knows a security group of the addresses that are in it. */
static int members_of(const struct df_obj *port, json_t *docs)
{
	const json_t *groups = json_object_get(port->doc, "security_groups");
	json_t *addresses = json_array(), *group, *doc;
	char id[DF_UUID_LEN + 1];
	int err = 0;
	size_t i;

	if (!addresses || add_addresses(addresses, port, "fixed_ips") ||
	    add_addresses(addresses, port, "allowed_address_pairs"))
		err = -1;
	/* A port without an address is nobody's other end. */
	if (!json_array_size(addresses))
		groups = NULL;
	json_array_foreach(groups, i, group) {
		if (err)
			break;
		combine(id, df_obj_id(port), json_string_value(group));
		doc = json_pack("{s:s, s:O, s:s, s:O, s:I}", "id", id,
				"security_group_id", group, "port_id",
				df_obj_id(port), "addresses", addresses,
				"revision", (json_int_t)df_obj_revision(port));
		err = json_array_append_new(docs, doc);
	}
	json_decref(addresses);
	return err;
}

static const struct {
	const char *from;
	const char *to;
	int (*derive)(const struct df_obj *obj, json_t *docs);
} rules[] = {
	{ "port", "binding", bindings_of },
	{ "port", "standby_binding", standbys_of },
	{ "port", "security_group_member", members_of },
	{ "router_interface", "router_link", links_of },
};

const struct df_model *df_derived_model(const struct df_model *model,
					size_t *rule)
{
	size_t i;

	for (i = *rule; i < sizeof(rules) / sizeof(*rules); i++) {
		if (strcmp(rules[i].from, model->name))
			continue;
		*rule = i;
		return df_model_find(rules[i].to);
	}
	return NULL;
}

json_t *df_derive(const struct df_obj *obj, size_t rule)
{
	json_t *docs = json_array();

	if (docs && obj && rules[rule].derive(obj, docs)) {
		json_decref(docs);
		return NULL;
	}
	return docs;
}
