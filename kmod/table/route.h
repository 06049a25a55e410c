/* SPDX-License-Identifier: GPL-2.0 */
/* Routes that were programmed. */
#ifndef DF_TABLE_ROUTE_H
#define DF_TABLE_ROUTE_H

#include "table/object.h"
#include "table/prefix.h"

struct df_interface;

enum {
	/* Shares that the flows of a route with several next hops fall into. */
	DF_ROUTE_BUCKETS = 256,
};

struct df_nexthop_conf {
	u32 interface;
	bool has_gateway;
	struct in6_addr gateway;
	u16 weight;
};

struct df_route_conf {
	u32 id;
	u32 router;
	struct df_subnet prefix;
	enum dragonflow_route_type type;
	const struct df_nexthop_conf *nexthops;
	u8 nexthop_count;
};

/**
 * struct df_nexthop - one way of a route
 * @interface: of the route's router; outlives the route
 * @gateway: IPv4 is mapped
 * @has_gateway: if not, the destination itself is the interface's neighbour
 * @weight: its share
 */
struct df_nexthop {
	struct df_interface *interface;
	struct in6_addr gateway;
	bool has_gateway;
	u16 weight;
};

/**
 * struct df_route - a route; immutable once published
 * @obj: must be first
 * @router: outlives the route
 * @prefix: of the router, used by the route
 * @type: what happens
 * @nexthop_count: length of @nexthops
 * @buckets: for each share of the flows the number of its next hop; NULL
 *	when there is no choice
 * @rcu: frees the route after the last reader
 * @nexthops: the ways
 */
struct df_route {
	struct df_object obj;
	struct df_router *router;
	struct df_prefix *prefix;
	u8 type;
	u8 nexthop_count;
	u8 *buckets;
	struct rcu_head rcu;
	struct df_nexthop nexthops[];
};

int df_route_set(struct df_net *dn, const struct df_route_conf *conf,
		 struct df_refusal *why);
int df_route_del(struct df_net *dn, u32 id, struct df_refusal *why);
void df_route_del_all(struct df_net *dn);

static inline struct df_route *df_route_find(struct df_net *dn, u32 id)
{
	return (struct df_route *)df_table_find(&dn->routes, id);
}

/* The next hop of the flows with this hash. */
static inline const struct df_nexthop *
df_route_choose(const struct df_route *route, u32 hash)
{
	u8 i = 0;

	if (route->buckets)
		i = route->buckets[hash % DF_ROUTE_BUCKETS];
	return &route->nexthops[i];
}

#endif /* DF_TABLE_ROUTE_H */
