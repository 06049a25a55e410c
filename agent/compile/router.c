// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "compile/compile.h"
#include "util.h"

static struct dfa_router *find(const struct dfa_compile *compile,
			       const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->routers, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_router *router;

		router = dfa_container_of(node, struct dfa_router, node);
		if (dfa_uuid_equal(&router->id, id))
			return router;
	}
	return NULL;
}

struct dfa_router *dfa_router_ref(struct dfa_compile *compile,
				  const struct dfa_uuid *id)
{
	struct dfa_router *router = find(compile, id);

	if (router)
		return router;
	router = calloc(1, sizeof(*router));
	if (!router)
		return NULL;
	router->id = *id;
	dfa_list_init(&router->interfaces);
	dfa_list_init(&router->routes);
	dfa_map_add(&compile->routers, &router->node, dfa_uuid_hash(id));
	return router;
}

void dfa_router_unref(struct dfa_compile *compile, struct dfa_router *router)
{
	if (router->key || !dfa_list_is_empty(&router->interfaces))
		return;
	dfa_map_del(&compile->routers, &router->node);
	free(router->hop);
	free(router);
}

/* --- its routes ------------------------------------------------------------ */

static uint8_t parse_type(const struct df_value *route)
{
	static const struct {
		const char *name;
		uint8_t type;
	} types[] = {
		{ "blackhole", DRAGONFLOW_ROUTE_TYPE_BLACKHOLE },
		{ "unreachable", DRAGONFLOW_ROUTE_TYPE_UNREACHABLE },
		{ "prohibit", DRAGONFLOW_ROUTE_TYPE_PROHIBIT },
	};
	const char *name = df_value_string(df_value_member(route, "type"));

	for (size_t i = 0; name && i < DFA_ARRAY_SIZE(types); i++) {
		if (strcmp(types[i].name, name) == 0)
			return types[i].type;
	}
	return DRAGONFLOW_ROUTE_TYPE_UNICAST;
}

static bool parse_route(const struct df_value *route, struct dfa_hop *hop)
{
	struct df_ip destination, nexthop;

	if (df_value_ip(df_value_member(route, "destination"), &destination))
		return false;
	*hop = (struct dfa_hop){
		.prefix_len = destination.prefix,
		.type = parse_type(route),
	};
	dfa_address_from_ip(&hop->prefix, &destination);
	if (!df_value_ip(df_value_member(route, "nexthop"), &nexthop))
		dfa_address_from_ip(&hop->nexthop, &nexthop);
	return true;
}

static int set_routes(struct dfa_router *router, const struct df_obj *obj)
{
	const struct df_value *routes = df_obj_value(obj, "routes"), *route;
	size_t count = df_value_count(routes), i;
	struct dfa_hop *hop = NULL;

	if (count) {
		hop = calloc(count, sizeof(*hop));
		if (!hop)
			return -ENOMEM;
	}
	free(router->hop);
	router->hop = hop;
	router->hop_count = 0;
	df_value_for_each(routes, i, route)
		router->hop_count += parse_route(route,
						 &hop[router->hop_count]);
	dfa_routes_sort(router);
	return 0;
}

/* --- the router ------------------------------------------------------------ */

static int compile_interfaces(struct dfa_compile *compile,
			      struct dfa_router *router)
{
	struct dfa_list *item = router->interfaces.next;
	int err = 0;

	for (; item != &router->interfaces && !err; item = item->next)
		err = dfa_interface_compile(compile,
					    dfa_container_of(item,
							     struct dfa_interface,
							     in_router));
	return err;
}

static int wish(struct dfa_compile *compile, const struct dfa_router *router)
{
	union dfa_value value = { 0 };

	if (!router->is_up)
		value.router.flags = DRAGONFLOW_ROUTER_FLAG_ADMIN_DOWN;
	return dfa_state_wish(compile->state, DFA_ROUTER, router->key, &value);
}

static int forget(struct dfa_compile *compile, struct dfa_router *router)
{
	uint32_t key = router->key;

	router->key = 0;
	router->hop_count = 0;
	return dfa_routes_compile(compile, router) ?:
		       compile_interfaces(compile, router) ?:
		       dfa_state_wish(compile->state, DFA_ROUTER, key, NULL);
}

int dfa_router_put(struct dfa_compile *compile, const struct df_obj *obj)
{
	bool is_up = df_obj_bool(obj, "admin_state_up"), affects_interfaces;
	uint32_t key = df_obj_key(obj);
	struct dfa_router *router;
	struct dfa_uuid id;
	int err = 0;

	if (!key || dfa_uuid_parse(&id, df_obj_id(obj)))
		return -EINVAL;
	router = dfa_router_ref(compile, &id);
	if (!router)
		return -ENOMEM;

	if (router->key && router->key != key) {
		err = forget(compile, router);
		if (err)
			return err;
	}
	/* Of one that is down they advertise nothing. */
	affects_interfaces = !router->key || router->is_up != is_up;
	router->is_up = is_up;
	router->key = key;
	if (affects_interfaces)
		err = compile_interfaces(compile, router);
	if (!err)
		err = wish(compile, router);
	if (!err)
		err = set_routes(router, obj);
	return err ?: dfa_routes_compile(compile, router);
}

int dfa_router_del(struct dfa_compile *compile, const struct dfa_uuid *id)
{
	struct dfa_router *router = find(compile, id);
	int err;

	if (!router || !router->key)
		return 0;
	err = forget(compile, router);
	dfa_router_unref(compile, router);
	return err;
}

int dfa_compile_forget_router(struct dfa_compile *compile,
			      const struct dfa_uuid *id)
{
	return dfa_router_del(compile, id);
}
