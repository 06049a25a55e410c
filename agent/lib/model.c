// SPDX-License-Identifier: GPL-2.0
/* Lookups in the tables of schema.c, and the rules between fields. */
#include <errno.h>
#include <string.h>

#include "address.h"
#include "error.h"
#include "object.h"
#include "schema.h"

const struct df_model *df_model_at(size_t index)
{
	size_t i;

	for (i = 0; df_schemas[i].model.name; i++)
		if (i == index)
			return &df_schemas[i].model;
	return NULL;
}

const struct df_model *df_model_find(const char *name)
{
	const struct df_schema *schema;

	for (schema = df_schemas; schema->model.name; schema++)
		if (!strcmp(name, schema->model.name) ||
		    !strcmp(name, schema->model.plural))
			return &schema->model;
	return NULL;
}

const struct df_field *df_model_field(const struct df_model *model,
				      size_t index)
{
	const struct df_field *field = df_schema(model)->fields;

	for (; field->name; field++)
		if (!index--)
			return field;
	return NULL;
}

const struct df_field *df_fields_find(const struct df_field *fields,
				      const char *name)
{
	for (; fields->name; fields++)
		if (!strcmp(name, fields->name))
			return fields;
	return NULL;
}

const struct df_field *df_model_field_find(const struct df_model *model,
					   const char *name)
{
	return df_fields_find(df_schema(model)->fields, name);
}

const struct df_field *df_field_member(const struct df_field *field,
				       size_t index)
{
	const struct df_field *member = field->fields;

	for (; member && member->name; member++)
		if (!index--)
			return member;
	return NULL;
}

const char *df_type_name(enum df_type type)
{
	switch (type) {
	case DF_TYPE_STRING:
		return "string";
	case DF_TYPE_BOOL:
		return "bool";
	case DF_TYPE_UINT:
		return "number";
	case DF_TYPE_ENUM:
		return "enum";
	case DF_TYPE_UUID:
		return "uuid";
	case DF_TYPE_MAC:
		return "mac";
	case DF_TYPE_IP:
		return "ip";
	case DF_TYPE_CIDR:
		return "cidr";
	case DF_TYPE_RECORD:
		return "record";
	case DF_TYPE_JSON:
		return "json";
	}
	return "?";
}

bool df_network_is_tunnelled(const struct df_obj *network)
{
	const char *type = df_obj_string(network, "network_type");

	return !strcmp(type, "vxlan") || !strcmp(type, "geneve");
}

int df_check_network(const struct df_obj *obj, struct df_error *error)
{
	const char *type = df_obj_string(obj, "network_type");
	bool is_vlan = !strcmp(type, "vlan");
	bool has_physnet = df_obj_has(obj, "physical_network");
	bool has_segment = df_obj_has(obj, "segmentation_id");

	if (has_physnet != (is_vlan || !strcmp(type, "flat")))
		return df_obj_error(obj, error, -EINVAL, "physical_network",
				    has_physnet ?
				    "a %s network has none" :
				    "a %s network needs one", type);
	if (is_vlan && !has_segment)
		return df_obj_error(obj, error, -EINVAL, "segmentation_id",
				    "a vlan network needs one");
	if (is_vlan && df_obj_u64(obj, "segmentation_id") > 4094)
		return df_obj_error(obj, error, -EINVAL, "segmentation_id",
				    "a VLAN is at most 4094");
	if (has_segment && !is_vlan && !df_network_is_tunnelled(obj))
		return df_obj_error(obj, error, -EINVAL, "segmentation_id",
				    "a %s network has none", type);
	return 0;
}

static int check_pools(const struct df_obj *obj, const struct df_ip *net,
		       struct df_error *error)
{
	const struct df_value *pools = df_obj_value(obj, "allocation_pools");
	const struct df_value *pool;
	struct df_ip start;
	struct df_ip end;
	size_t i;

	df_value_for_each(pools, i, pool) {
		df_value_ip(df_value_member(pool, "start"), &start);
		df_value_ip(df_value_member(pool, "end"), &end);
		if (!df_ip_is_in(&start, net) || !df_ip_is_in(&end, net) ||
		    memcmp(start.addr, end.addr, sizeof(end.addr)) > 0)
			return df_obj_error(obj, error, -EINVAL,
					    "allocation_pools",
					    "[%zu] is not a range of %s", i,
					    df_obj_string(obj, "cidr"));
	}
	return 0;
}

/* A mode is for IPv6, is what DHCP is switched on for, and wants a length. */
static int check_mode(const struct df_obj *obj, const char *field,
		      const struct df_ip *net, struct df_error *error)
{
	const char *mode = df_obj_string(obj, field);

	if (!mode)
		return 0;
	if (net->family != 6)
		return df_obj_error(obj, error, -EINVAL, field,
				    "an IPv4 subnet has none");
	if (!df_obj_bool(obj, "enable_dhcp"))
		return df_obj_error(obj, error, -EINVAL, field,
				    "without enable_dhcp a subnet has none");
	/* RFC 4862: half of an address is made by the workload. */
	if (strcmp(mode, "dhcpv6-stateful") && net->prefix != 64)
		return df_obj_error(obj, error, -EINVAL, field,
				    "%s needs a prefix of 64 bits, not %u",
				    mode, net->prefix);
	return 0;
}

static int check_modes(const struct df_obj *obj, const struct df_ip *net,
		       struct df_error *error)
{
	const char *ra = df_obj_string(obj, "ipv6_ra_mode");
	const char *address = df_obj_string(obj, "ipv6_address_mode");
	int err;

	err = check_mode(obj, "ipv6_ra_mode", net, error);
	if (!err)
		err = check_mode(obj, "ipv6_address_mode", net, error);
	if (!err && ra && address && strcmp(ra, address))
		err = df_obj_error(obj, error, -EINVAL, "ipv6_address_mode",
				   "is %s, but ipv6_ra_mode is %s", address,
				   ra);
	return err;
}

int df_check_subnet(const struct df_obj *obj, struct df_error *error)
{
	struct df_ip gateway;
	struct df_ip net;

	df_obj_ip(obj, "cidr", &net);
	if (df_obj_u64(obj, "ip_version") != net.family)
		return df_obj_error(obj, error, -EINVAL, "ip_version",
				    "the prefix %s is IPv%u",
				    df_obj_string(obj, "cidr"), net.family);
	if (!df_obj_ip(obj, "gateway_ip", &gateway) &&
	    gateway.family != net.family)
		return df_obj_error(obj, error, -EINVAL, "gateway_ip",
				    "%s is not an IPv%u address",
				    df_obj_string(obj, "gateway_ip"),
				    net.family);
	return check_modes(obj, &net, error) ?:
	       check_pools(obj, &net, error);
}
