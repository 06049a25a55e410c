// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "compile/compile.h"
#include "util.h"

static struct dfa_interface *find(const struct dfa_compile *compile,
				  const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->interfaces, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_interface *interface;

		interface = dfa_container_of(node, struct dfa_interface, node);
		if (dfa_uuid_equal(&interface->id, id))
			return interface;
	}
	return NULL;
}

static struct dfa_interface_value
interface_value(const struct dfa_interface *interface)
{
	struct dfa_interface_value value = {
		.addrs = interface->addrs,
		.router = interface->router->key,
		.network = interface->network->key,
		.mtu = interface->network->mtu,
	};

	memcpy(value.mac, interface->mac, sizeof(value.mac));
	if (!interface->is_up || !interface->network->is_up)
		value.flags = DRAGONFLOW_ROUTER_INTERFACE_FLAG_ADMIN_DOWN;
	return value;
}

int dfa_interface_compile(struct dfa_compile *compile,
			  struct dfa_interface *interface)
{
	union dfa_value value = { .interface = interface_value(interface) };
	bool was_wished = interface->is_wished;
	int err;

	interface->is_wished = value.interface.router &&
			       value.interface.network;
	err = dfa_state_wish(compile->state, DFA_INTERFACE, interface->key,
			     interface->is_wished ? &value : NULL);
	if (!err && interface->is_wished != was_wished)
		err = dfa_routes_compile(compile, interface->router);
	dfa_advert_compile(compile, interface);
	return err;
}

int dfa_interface_forget(struct dfa_compile *compile,
			 struct dfa_interface *interface)
{
	struct dfa_network *network = interface->network;
	struct dfa_router *router = interface->router;
	int err;

	dfa_advert_forget(compile, interface);
	dfa_list_del(&interface->in_network);
	dfa_list_del(&interface->in_router);
	dfa_map_del(&compile->interfaces, &interface->node);
	err = dfa_routes_compile(compile, router) ?:
		      dfa_state_wish(compile->state, DFA_INTERFACE,
				     interface->key, NULL);
	dfa_addrs_put(interface->addrs);
	free(interface);
	dfa_network_unref(compile, network);
	dfa_router_unref(compile, router);
	return err;
}

static struct dfa_interface *add(struct dfa_compile *compile,
				 const struct dfa_interface *named,
				 const struct dfa_uuid *network,
				 const struct dfa_uuid *router)
{
	struct dfa_interface *interface = calloc(1, sizeof(*interface));

	if (!interface)
		return NULL;
	*interface = *named;
	interface->network = dfa_network_ref(compile, network);
	interface->router = dfa_router_ref(compile, router);
	if (!interface->network || !interface->router) {
		if (interface->network)
			dfa_network_unref(compile, interface->network);
		free(interface);
		return NULL;
	}
	dfa_list_add(&interface->network->interfaces, &interface->in_network);
	dfa_list_add(&interface->router->interfaces, &interface->in_router);
	dfa_map_add(&compile->interfaces, &interface->node,
		    dfa_uuid_hash(&interface->id));
	return interface;
}

/* The record; a new one if it is another object than before. */
static int find_or_add(struct dfa_compile *compile,
		       const struct dfa_interface *named,
		       const struct dfa_uuid *network,
		       const struct dfa_uuid *router,
		       struct dfa_interface **out)
{
	struct dfa_interface *interface = find(compile, &named->id);
	int err;

	if (interface && (interface->key != named->key ||
			  !dfa_uuid_equal(&interface->network->id, network) ||
			  !dfa_uuid_equal(&interface->router->id, router))) {
		err = dfa_interface_forget(compile, interface);
		if (err)
			return err;
		interface = NULL;
	}
	if (!interface)
		interface = add(compile, named, network, router);
	if (!interface)
		return -ENOMEM;
	*out = interface;
	return 0;
}

static int parse_uuid(const struct df_obj *obj, const char *field,
		      struct dfa_uuid *id)
{
	const char *text = df_obj_string(obj, field);

	return text ? dfa_uuid_parse(id, text) : -EINVAL;
}

int dfa_interface_put(struct dfa_compile *compile, const struct df_obj *obj)
{
	struct dfa_interface named = { .key = df_obj_key(obj) };
	struct dfa_uuid network, router;
	struct dfa_interface *interface;
	struct dfa_addrs *old;
	bool affects_routes;
	uint8_t mac[6];
	int err;

	if (!named.key || dfa_uuid_parse(&named.id, df_obj_id(obj)) ||
	    parse_uuid(obj, "network_id", &network) ||
	    parse_uuid(obj, "router_id", &router) ||
	    df_obj_mac(obj, "mac_address", mac))
		return -EINVAL;
	err = find_or_add(compile, &named, &network, &router, &interface);
	if (err)
		return err;

	memcpy(interface->mac, mac, sizeof(mac));
	interface->is_up = df_obj_bool(obj, "admin_state_up");
	interface->ra_interval_s = (uint16_t)df_obj_u64(obj, "ra_interval");
	old = dfa_addrs_get(interface->addrs);
	err = dfa_fixed_ips_parse(&interface->addrs, obj, mac, true);
	affects_routes = !dfa_addrs_equal(old, interface->addrs);
	dfa_addrs_put(old);
	if (!err)
		err = dfa_interface_compile(compile, interface);
	if (!err && affects_routes)
		err = dfa_routes_compile(compile, interface->router);
	return err;
}

int dfa_interface_del(struct dfa_compile *compile, const struct dfa_uuid *id)
{
	struct dfa_interface *interface = find(compile, id);

	return interface ? dfa_interface_forget(compile, interface) : 0;
}
