// SPDX-License-Identifier: GPL-2.0
/* Routes of a router: what it has beside the subnets of its interfaces. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "compile/compile.h"
#include "util.h"

static bool is_same_prefix(const struct dfa_hop *a, const struct dfa_hop *b)
{
	return a->prefix_len == b->prefix_len &&
	       dfa_address_equal(&a->prefix, &b->prefix);
}

static int compare(const void *a, const void *b)
{
	const struct dfa_hop *left = a, *right = b;
	int order;

	order = memcmp(&left->prefix, &right->prefix, sizeof(left->prefix));
	return order ?: (int)left->prefix_len - (int)right->prefix_len;
}

void dfa_routes_sort(struct dfa_router *router)
{
	if (router->hop_count)
		qsort(router->hop, router->hop_count, sizeof(*router->hop),
		      compare);
}

/* --- ids ------------------------------------------------------------------- */

static struct dfa_route *find_by_id(const struct dfa_compile *compile,
				    uint32_t id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->routes, dfa_hash_u64(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_route *route;

		route = dfa_container_of(node, struct dfa_route, node);
		if (route->id == id)
			return route;
	}
	return NULL;
}

static uint32_t first_id(const struct dfa_router *router,
			 const struct dfa_hop *hop)
{
	uint8_t bytes[sizeof(router->key) + sizeof(hop->prefix) + 1];

	memcpy(bytes, &router->key, sizeof(router->key));
	memcpy(bytes + sizeof(router->key), &hop->prefix, sizeof(hop->prefix));
	bytes[sizeof(bytes) - 1] = hop->prefix_len;
	return (uint32_t)(dfa_hash(bytes, sizeof(bytes)) >> 32);
}

static bool is_route_to(const struct dfa_route *route,
			const struct dfa_router *router,
			const struct dfa_hop *hop)
{
	return route->router == router && route->prefix_len == hop->prefix_len &&
	       dfa_address_equal(&route->prefix, &hop->prefix);
}

/*
 * The model knows no ids of routes. They are made of router and prefix, so that
 * the next agent finds the same ones in the kernel; should two routes have the
 * same, the later one takes the next id that is free.
 */
static struct dfa_route *find_or_add(struct dfa_compile *compile,
				     struct dfa_router *router,
				     const struct dfa_hop *hop)
{
	uint32_t id = first_id(router, hop);
	struct dfa_route *route;

	while (!id || (route = find_by_id(compile, id))) {
		if (id && is_route_to(route, router, hop))
			return route;
		id++;
	}
	route = calloc(1, sizeof(*route));
	if (!route)
		return NULL;
	route->router = router;
	route->prefix = hop->prefix;
	route->prefix_len = hop->prefix_len;
	route->id = id;
	dfa_list_add(&router->routes, &route->in_router);
	dfa_map_add(&compile->routes, &route->node, dfa_hash_u64(id));
	return route;
}

/* --- next hops ------------------------------------------------------------- */

static bool is_on(const struct dfa_interface *interface,
		  const struct dfa_address *address)
{
	for (size_t i = 0; i < dfa_addrs_count(interface->addrs); i++) {
		const struct dfa_addr *addr = &interface->addrs->addr[i];
		struct dfa_address own = addr->address, other = *address;

		dfa_address_mask(&own, addr->prefix_len);
		dfa_address_mask(&other, addr->prefix_len);
		if (dfa_address_equal(&own, &other))
			return true;
	}
	return false;
}

/* The interface that leads to @nexthop, if the kernel is to have one; or 0. */
static uint32_t way_to(const struct dfa_router *router,
		       const struct dfa_address *nexthop)
{
	struct dfa_list *item = router->interfaces.next;

	for (; item != &router->interfaces; item = item->next) {
		const struct dfa_interface *interface;

		interface = dfa_container_of(item, struct dfa_interface,
					     in_router);
		if (interface->is_wished && is_on(interface, nexthop))
			return interface->key;
	}
	return 0;
}

/* Next hops whose interface is not there (yet) are left out. */
static size_t resolve(const struct dfa_router *router,
		      const struct dfa_hop *hop, size_t count,
		      struct dfa_addr *nexthop)
{
	size_t found = 0;

	for (size_t i = 0; i < count && found < DRAGONFLOW_NEXTHOPS_MAX; i++) {
		uint32_t interface = way_to(router, &hop[i].nexthop);

		if (!interface || hop[i].nexthop.family != hop[i].prefix.family)
			continue;
		nexthop[found++] = (struct dfa_addr){
			.interface = interface,
			.address = hop[i].nexthop,
		};
	}
	return found;
}

/* --- routes ---------------------------------------------------------------- */

static int wish(struct dfa_compile *compile, struct dfa_router *router,
		const struct dfa_hop *hop, struct dfa_addr *nexthop,
		size_t count)
{
	union dfa_value value = {
		.route = {
			.router = router->key,
			.prefix = hop->prefix,
			.prefix_len = hop->prefix_len,
			.type = hop->type,
		},
	};
	struct dfa_route *route = find_or_add(compile, router, hop);
	int err;

	if (!route)
		return -ENOMEM;
	route->round = router->round;
	if (count) {
		value.route.nexthops = dfa_addrs_new(nexthop, count);
		if (!value.route.nexthops)
			return -ENOMEM;
	}
	err = dfa_state_wish(compile->state, DFA_ROUTE, route->id, &value);
	dfa_value_put(DFA_ROUTE, &value);
	return err;
}

/* The routes of one destination become one. */
static int compile_destination(struct dfa_compile *compile,
			       struct dfa_router *router,
			       const struct dfa_hop *hop, size_t count)
{
	struct dfa_addr nexthop[DRAGONFLOW_NEXTHOPS_MAX];
	size_t found = 0;

	if (hop->type == DRAGONFLOW_ROUTE_TYPE_UNICAST) {
		found = resolve(router, hop, count, nexthop);
		if (!found)
			return 0;
	}
	return wish(compile, router, hop, nexthop, found);
}

static int drop_others(struct dfa_compile *compile, struct dfa_router *router)
{
	struct dfa_list *item = router->routes.next, *next;
	int err = 0;

	for (; item != &router->routes && !err; item = next) {
		struct dfa_route *route;

		route = dfa_container_of(item, struct dfa_route, in_router);
		next = item->next;
		if (route->round == router->round)
			continue;
		err = dfa_state_wish(compile->state, DFA_ROUTE, route->id,
				     NULL);
		dfa_list_del(&route->in_router);
		dfa_map_del(&compile->routes, &route->node);
		free(route);
	}
	return err;
}

int dfa_routes_compile(struct dfa_compile *compile, struct dfa_router *router)
{
	const struct dfa_hop *hop = router->hop;
	size_t left = router->key ? router->hop_count : 0, count;
	int err = 0;

	router->round++;
	for (; left && !err; left -= count, hop += count) {
		count = 1;
		while (count < left && is_same_prefix(hop, hop + count))
			count++;
		err = compile_destination(compile, router, hop, count);
	}
	return err ?: drop_others(compile, router);
}
