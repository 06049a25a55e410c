// SPDX-License-Identifier: GPL-2.0
/* What related.h says of routers, their interfaces and routes. Pure. */
#include <errno.h>
#include <string.h>

#include "address.h"
#include "error.h"
#include "nb.h"
#include "related.h"
#include "schema.h"

enum { ADDRESSES_MAX = 63 };

/* --- who is related -------------------------------------------------------- */

static bool is_model(const struct df_model *model, const char *name)
{
	return !strcmp(model->name, name);
}

static bool is_interface(const struct change *change)
{
	return is_model(change->model, "router_interface");
}

const char *df_related_router(const struct change *change)
{
	const struct df_obj *obj = change->old ? change->old : change->asked;

	if (is_interface(change))
		return obj ? df_obj_string(obj, "router_id") : NULL;
	if (is_model(change->model, "router") && change->asked &&
	    df_obj_has(change->asked, "routes"))
		return change->id;
	return NULL;
}

const struct df_obj *df_related_find(const struct related *related,
				     struct change *const *changes,
				     size_t count, const char *model,
				     const char *id)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (is_model(changes[i]->model, model) &&
		    !strcmp(changes[i]->id, id))
			return changes[i]->new;
	for (i = 0; i < related->count; i++)
		if (is_model(related->objs[i]->model, model) &&
		    !strcmp(df_obj_id(related->objs[i]), id))
			return related->objs[i];
	return NULL;
}

/**
 * struct ifaces - walks the interfaces that a router is to have
 * @nr: of the next one: first the changes, then what was read
 */
struct ifaces {
	const struct related *related;
	struct change *const *changes;
	size_t count;
	const char *router;
	size_t nr;
};

static bool is_changed(const struct ifaces *ifaces, const char *id)
{
	size_t i;

	for (i = 0; i < ifaces->count; i++)
		if (is_interface(ifaces->changes[i]) &&
		    !strcmp(ifaces->changes[i]->id, id))
			return true;
	return false;
}

static bool is_of_router(const struct ifaces *ifaces, const struct df_obj *obj)
{
	return !strcmp(df_obj_string(obj, "router_id"), ifaces->router);
}

static const struct df_obj *next_iface(struct ifaces *ifaces)
{
	while (ifaces->nr < ifaces->count) {
		const struct change *change = ifaces->changes[ifaces->nr++];

		if (is_interface(change) && change->new &&
		    is_of_router(ifaces, change->new))
			return change->new;
	}
	while (ifaces->nr < ifaces->count + ifaces->related->count) {
		const struct df_obj *obj;

		obj = ifaces->related->objs[ifaces->nr++ - ifaces->count];
		if (is_model(obj->model, "router_link") &&
		    is_of_router(ifaces, obj) &&
		    !is_changed(ifaces, df_obj_id(obj)))
			return obj;
	}
	return NULL;
}

/* --- an interface and its subnets ------------------------------------------ */

static const char *check_address(const struct df_ip *ip,
				 const struct df_ip *net)
{
	struct df_ip host = *ip;
	size_t i;

	if (!df_ip_is_in(ip, net))
		return "is not in the subnet";
	if (df_ip_is_zero(ip) || df_ip_is_multicast(ip) || df_ip_is_link_local(ip))
		return "is not an address for a router";
	if (ip->family == 6 || net->prefix > 30)
		return NULL;
	for (i = 0; i < 4; i++)
		host.addr[i] ^= net->addr[i];
	if (df_ip_is_zero(&host))
		return "is the subnet itself";
	for (i = net->prefix; i < 32; i++)
		host.addr[i / 8] ^= 0x80 >> i % 8;
	return df_ip_is_zero(&host) ? "is the subnet's broadcast address" : NULL;
}

static int complete_address(struct df_obj *iface, json_t *record,
			    const struct df_obj *subnet, struct df_error *error)
{
	const char *given = json_string_value(json_object_get(record,
							      "ip_address"));
	struct df_ip ip, net;
	const char *why;

	if (!given)
		given = df_obj_string(subnet, "gateway_ip");
	if (!given)
		return df_obj_error(iface, error, -EINVAL, "fixed_ips",
				    "subnet %s has no gateway_ip: give an ip_address",
				    df_obj_id(subnet));
	df_ip_parse(&ip, given);
	df_obj_ip(subnet, "cidr", &net);
	why = check_address(&ip, &net);
	if (why)
		return df_obj_error(iface, error, -EINVAL, "fixed_ips",
				    "%s %s (%s)", given, why,
				    df_obj_string(subnet, "cidr"));
	if (json_object_set_new(record, "ip_address", json_string(given)) ||
	    json_object_set_new(record, "prefix_length",
				json_integer(net.prefix)))
		return df_error_set(error, -ENOMEM, "out of memory");
	return 0;
}

static int complete_network(struct df_obj *iface, const struct df_obj *subnet,
			    struct df_error *error)
{
	const char *network = df_obj_string(subnet, "network_id");

	if (!df_obj_has(iface, "network_id"))
		return df_obj_set_string(iface, "network_id", network, error);
	if (strcmp(df_obj_string(iface, "network_id"), network))
		return df_obj_error(iface, error, -EINVAL, "fixed_ips",
				    "subnet %s is of another network",
				    df_obj_id(subnet));
	return 0;
}

static int complete(const struct related *related,
		    struct change *const *changes, size_t count,
		    struct df_obj *iface, struct df_error *error)
{
	json_t *ips = json_object_get(iface->doc, "fixed_ips"), *record;
	size_t i;
	int err;

	if (!json_array_size(ips) || json_array_size(ips) > ADDRESSES_MAX)
		return df_obj_error(iface, error, -EINVAL, "fixed_ips",
				    "there must be 1 to %d", ADDRESSES_MAX);
	json_array_foreach(ips, i, record) {
		const char *id = json_string_value(json_object_get(record,
								   "subnet_id"));
		const struct df_obj *subnet;

		subnet = df_related_find(related, changes, count, "subnet", id);
		if (!subnet)
			return df_obj_error(iface, error, -ENOENT, "subnet_id",
					    "there is no subnet %s", id);
		err = complete_network(iface, subnet, error);
		if (!err)
			err = complete_address(iface, record, subnet, error);
		if (err)
			return err;
	}
	return 0;
}

/* --- the interfaces of a router --------------------------------------------- */

/* An address and its subnet; false past the last. */
static bool ip_at(const struct df_obj *iface, size_t nr, struct df_ip *ip,
		  struct df_ip *net)
{
	const struct df_value *record, *length;

	record = df_value_at(df_obj_value(iface, "fixed_ips"), nr);
	if (!record)
		return false;
	length = df_value_member(record, "prefix_length");
	df_value_ip(df_value_member(record, "ip_address"), ip);
	*net = df_ip_net(ip, (uint8_t)df_value_u64(length));
	return true;
}

static int check_overlap(const struct df_obj *iface, size_t nr,
			 const struct df_obj *other, struct df_error *error)
{
	bool is_self = !strcmp(df_obj_id(iface), df_obj_id(other));
	struct df_ip ip, net, other_ip, other_net;
	char text[50];
	size_t i;

	ip_at(iface, nr, &ip, &net);
	for (i = 0; ip_at(other, i, &other_ip, &other_net); i++) {
		if (is_self && i == nr)
			continue;
		if (!df_ip_is_in(&net, &other_net) &&
		    !df_ip_is_in(&other_net, &net))
			continue;
		df_ip_print(text, &net);
		return df_obj_error(iface, error, -EINVAL, "fixed_ips",
				    "%s overlaps with a subnet of router_interface %s",
				    text, df_obj_id(other));
	}
	return 0;
}

static int check_overlaps(struct ifaces ifaces, const struct df_obj *iface,
			  struct df_error *error)
{
	const struct df_obj *other;
	struct df_ip ip, net;
	int err = 0;
	size_t i;

	while (!err && (other = next_iface(&ifaces)))
		for (i = 0; !err && ip_at(iface, i, &ip, &net); i++)
			err = check_overlap(iface, i, other, error);
	return err;
}

/* --- routes ------------------------------------------------------------------ */

/* NULL if the router can reach it. */
static const char *check_nexthop(struct ifaces ifaces,
				 const struct df_ip *nexthop)
{
	const struct df_obj *iface;
	struct df_ip net, own;
	size_t i;

	while ((iface = next_iface(&ifaces))) {
		for (i = 0; ip_at(iface, i, &own, &net); i++) {
			if (!df_ip_is_in(nexthop, &net))
				continue;
			if (!memcmp(own.addr, nexthop->addr, sizeof(own.addr)))
				return "is the router itself";
			return check_address(nexthop, &net);
		}
	}
	return "is on no subnet of the router";
}

/* Who is to blame: who changes the routes, or else the interfaces. */
static int refuse_route(const struct ifaces *ifaces,
			const struct change *change, const char *nexthop,
			const char *why, struct df_error *error)
{
	size_t i;

	for (i = 0; i < ifaces->count; i++)
		if (!is_interface(ifaces->changes[i]) &&
		    df_related_router(ifaces->changes[i]) &&
		    !strcmp(ifaces->changes[i]->id, ifaces->router))
			return df_obj_error(ifaces->changes[i]->new, error,
					    -EINVAL, "routes", "nexthop %s %s",
					    nexthop, why);
	return df_error_set(error, -EBUSY,
			    "router_interface %s is used by router %s: nexthop %s %s without it",
			    change->id, ifaces->router, nexthop, why);
}

static int check_routes(struct ifaces ifaces, const struct change *change,
			struct df_error *error)
{
	const struct df_value *routes, *route, *member;
	const struct df_obj *router;
	struct df_ip nexthop;
	const char *why;
	size_t i;

	router = df_related_find(ifaces.related, ifaces.changes, ifaces.count,
				 "router", ifaces.router);
	routes = router ? df_obj_value(router, "routes") : NULL;
	df_value_for_each(routes, i, route) {
		member = df_value_member(route, "nexthop");
		if (df_value_ip(member, &nexthop))
			continue;
		why = check_nexthop(ifaces, &nexthop);
		if (why)
			return refuse_route(&ifaces, change,
					    df_value_string(member), why,
					    error);
	}
	return 0;
}

/* Routes are looked at once for each router. */
static bool is_first(const struct ifaces *ifaces, size_t nr)
{
	const char *router;
	size_t i;

	for (i = 0; i < nr; i++) {
		router = df_related_router(ifaces->changes[i]);
		if (router && !strcmp(router, ifaces->router))
			return false;
	}
	return true;
}

int df_related_check(const struct related *related,
		     struct change *const *changes, size_t count,
		     struct df_error *error)
{
	struct ifaces ifaces = {
		.related = related,
		.changes = changes,
		.count = count,
	};
	int err = df_related_check_ports(related, changes, count, error) ?:
		  df_related_check_rules(related, changes, count, error);
	size_t i;

	for (i = 0; !err && i < count; i++)
		if (is_interface(changes[i]) && changes[i]->new)
			err = complete(related, changes, count,
				       changes[i]->new, error);
	for (i = 0; !err && i < count; i++) {
		ifaces.router = df_related_router(changes[i]);
		if (!ifaces.router)
			continue;
		if (is_interface(changes[i]) && changes[i]->new)
			err = check_overlaps(ifaces, changes[i]->new, error);
		if (!err && is_first(&ifaces, i))
			err = check_routes(ifaces, changes[i], error);
	}
	return err;
}
