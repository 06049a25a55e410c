// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/ipv6.h>

#include "generation.h"
#include "table/interface.h"
#include "table/route.h"

/* A bucket that no next hop has yet. */
#define NO_NEXTHOP U8_MAX

static bool is_same_way(const struct df_nexthop_conf *a,
			const struct df_nexthop_conf *b)
{
	return a->interface == b->interface &&
		a->has_gateway == b->has_gateway &&
		ipv6_addr_equal(&a->gateway, &b->gateway);
}

static int check_nexthop(struct df_net *dn, const struct df_route_conf *conf,
			 int i, const char **message)
{
	const struct df_nexthop_conf *nexthop = &conf->nexthops[i];
	struct df_interface *interface;
	int j;

	interface = df_interface_find(dn, nexthop->interface);
	*message = "No router interface has this id";
	if (!interface)
		return -ENOENT;
	*message = "The interface belongs to another router";
	if (interface->router->obj.id != conf->router)
		return -EINVAL;
	*message = "The next hop is given twice";
	for (j = 0; j < i; j++)
		if (is_same_way(&conf->nexthops[j], nexthop))
			return -EINVAL;
	return 0;
}

static int check_nexthops(struct df_net *dn, const struct df_route_conf *conf,
			  struct df_refusal *why)
{
	const char *message;
	int i, err;

	for (i = 0; i < conf->nexthop_count; i++) {
		err = check_nexthop(dn, conf, i, &message);
		if (err) {
			why->index = i;
			return df_refuse(why, err, DF_A_ROUTE_NEXTHOP,
					 message);
		}
	}
	return 0;
}

static struct df_route *prefix_route(struct df_net *dn,
				     const struct df_prefix *prefix)
{
	return rcu_dereference_protected(prefix->route, df_is_locked(dn));
}

/* A route keeps its router and prefix, and no other route has them. */
static int check_place(struct df_net *dn, const struct df_route_conf *conf,
		       const struct df_route *old, struct df_refusal *why)
{
	struct df_router *router = df_router_find(dn, conf->router);
	struct df_prefix *prefix;
	struct df_route *holder;

	if (!router)
		return df_refuse(why, -ENOENT, DF_A_ROUTE_ROUTER,
				 "No router has this id");
	if (old && old->router != router)
		return df_refuse(why, -EINVAL, DF_A_ROUTE_ROUTER,
				 "A route stays with its router");
	prefix = df_prefix_find(router, &conf->prefix);
	if (old && old->prefix != prefix)
		return df_refuse(why, -EINVAL, DF_A_ROUTE_PREFIX_LEN,
				 "A route keeps its prefix");
	holder = prefix ? prefix_route(dn, prefix) : NULL;
	if (holder && holder != old)
		return df_refuse(why, -EEXIST, DF_A_ROUTE_PREFIX_LEN,
				 "Another route of the router has this prefix");
	return 0;
}

static struct df_route *route_new(struct df_net *dn,
				  const struct df_route_conf *conf)
{
	size_t size = struct_size((struct df_route *)NULL, nexthops,
				  conf->nexthop_count);
	bool has_choice = conf->nexthop_count > 1;
	struct df_route *route;
	int i;

	route = kzalloc(size + (has_choice ? DF_ROUTE_BUCKETS : 0),
			GFP_KERNEL_ACCOUNT);
	if (!route)
		return NULL;
	route->obj.id = conf->id;
	route->router = df_router_find(dn, conf->router);
	route->type = conf->type;
	route->nexthop_count = conf->nexthop_count;
	if (has_choice)
		route->buckets = (u8 *)route + size;
	for (i = 0; i < conf->nexthop_count; i++)
		route->nexthops[i] = (struct df_nexthop) {
			.interface = df_interface_find(dn,
						       conf->nexthops[i].interface),
			.gateway = conf->nexthops[i].gateway,
			.has_gateway = conf->nexthops[i].has_gateway,
			.weight = conf->nexthops[i].weight,
		};
	return route;
}

/* The number of a next hop of @old among those of @route, or NO_NEXTHOP. */
static u8 nexthop_index(const struct df_route *route,
			const struct df_nexthop *old)
{
	int i;

	for (i = 0; i < route->nexthop_count; i++) {
		const struct df_nexthop *nexthop = &route->nexthops[i];

		if (nexthop->interface == old->interface &&
		    nexthop->has_gateway == old->has_gateway &&
		    ipv6_addr_equal(&nexthop->gateway, &old->gateway))
			return i;
	}
	return NO_NEXTHOP;
}

/* How many buckets each next hop gets: in proportion to the weights, all. */
static void fill_quotas(const struct df_route *route, u16 *quotas)
{
	u32 total = 0, before = 0;
	int i;

	for (i = 0; i < route->nexthop_count; i++)
		total += route->nexthops[i].weight;
	for (i = 0; i < route->nexthop_count; i++) {
		u32 after = before + route->nexthops[i].weight;

		quotas[i] = after * DF_ROUTE_BUCKETS / total -
			before * DF_ROUTE_BUCKETS / total;
		before = after;
	}
}

/*
 * Deal the buckets out. A next hop keeps as many as it may of those that it had
 * in @old, so that no more flows move than the change demands.
 */
static void fill_buckets(struct df_route *route, const struct df_route *old)
{
	u8 index[DRAGONFLOW_NEXTHOPS_MAX] = {};
	u16 quotas[DRAGONFLOW_NEXTHOPS_MAX];
	int i, next = 0;

	if (!route->buckets)
		return;
	fill_quotas(route, quotas);
	for (i = 0; old && i < old->nexthop_count; i++)
		index[i] = nexthop_index(route, &old->nexthops[i]);
	for (i = 0; i < DF_ROUTE_BUCKETS; i++) {
		u8 keep = NO_NEXTHOP;

		if (old && old->nexthop_count)
			keep = index[old->buckets ? old->buckets[i] : 0];
		if (keep != NO_NEXTHOP && quotas[keep])
			quotas[keep]--;
		else
			keep = NO_NEXTHOP;
		route->buckets[i] = keep;
	}
	for (i = 0; i < DF_ROUTE_BUCKETS; i++) {
		if (route->buckets[i] != NO_NEXTHOP)
			continue;
		while (!quotas[next])
			next++;
		quotas[next]--;
		route->buckets[i] = next;
	}
}

static void count_nexthops(const struct df_route *route, int change)
{
	int i;

	for (i = 0; i < route->nexthop_count; i++)
		route->nexthops[i].interface->routes += change;
}

static void publish(struct df_net *dn, struct df_prefix *prefix,
		    struct df_router *router, struct df_route *route)
{
	df_prefix_set(dn, router, prefix,
		      rcu_dereference_protected(prefix->interface,
						df_is_locked(dn)),
		      route);
}

static int route_add(struct df_net *dn, struct df_route *route,
		     const struct df_subnet *subnet)
{
	struct df_prefix *prefix;
	int err;

	prefix = df_prefix_get(dn, route->router, subnet);
	if (!prefix)
		return -ENOMEM;
	err = df_table_add(&dn->routes, &route->obj);
	if (err) {
		df_prefix_put(route->router, prefix);
		return err;
	}
	route->prefix = prefix;
	fill_buckets(route, NULL);
	route->router->routes++;
	count_nexthops(route, 1);
	publish(dn, prefix, route->router, route);
	return 0;
}

static void route_replace(struct df_net *dn, struct df_route *route,
			  struct df_route *old)
{
	route->prefix = old->prefix;
	fill_buckets(route, old);
	df_table_replace(&dn->routes, &old->obj, &route->obj);
	count_nexthops(route, 1);
	publish(dn, route->prefix, route->router, route);
	count_nexthops(old, -1);
	kfree_rcu(old, rcu);
}

/**
 * df_route_set() - create a route, or replace the one with this id
 * @dn: namespace, its lock held
 * @conf: what it shall be
 * @why: filled when the request breaks a rule
 *
 * Return: 0, or -errno and nothing has changed.
 */
int df_route_set(struct df_net *dn, const struct df_route_conf *conf,
		 struct df_refusal *why)
{
	struct df_route *old = df_route_find(dn, conf->id), *route;
	int err;

	lockdep_assert_held(&dn->lock);
	err = check_place(dn, conf, old, why);
	if (err)
		return err;
	err = check_nexthops(dn, conf, why);
	if (err)
		return err;
	route = route_new(dn, conf);
	if (!route)
		return -ENOMEM;
	if (old) {
		route_replace(dn, route, old);
		return 0;
	}
	err = route_add(dn, route, &conf->prefix);
	if (err)
		kfree(route);
	return err;
}

static void route_remove(struct df_net *dn, struct df_route *route)
{
	df_table_del(&dn->routes, &route->obj);
	publish(dn, route->prefix, route->router, NULL);
	df_prefix_put(route->router, route->prefix);
	route->router->routes--;
	count_nexthops(route, -1);
	kfree_rcu(route, rcu);
}

int df_route_del(struct df_net *dn, u32 id, struct df_refusal *why)
{
	struct df_route *route = df_route_find(dn, id);

	lockdep_assert_held(&dn->lock);
	if (!route)
		return df_refuse(why, -ENOENT, DF_A_ROUTE_ID,
				 "No route has this id");
	route_remove(dn, route);
	return 0;
}

/* At the end of a namespace. */
void df_route_del_all(struct df_net *dn)
{
	struct df_route *route, *next;

	list_for_each_entry_safe(route, next, &dn->routes.list, obj.list)
		route_remove(dn, route);
}
