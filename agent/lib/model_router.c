// SPDX-License-Identifier: GPL-2.0
/* What a router's routes must be like, whatever else there is. */
#include <errno.h>
#include <string.h>

#include "address.h"
#include "error.h"
#include "object.h"
#include "schema.h"

enum { NEXTHOPS_MAX = 64 };

static bool is_unicast_route(const struct df_value *route)
{
	const char *type = df_value_string(df_value_member(route, "type"));

	return !type || !strcmp(type, "unicast");
}

static const char *check_route(const struct df_value *route)
{
	struct df_ip destination, nexthop;

	df_value_ip(df_value_member(route, "destination"), &destination);
	if (destination.prefix && df_ip_is_multicast(&destination))
		return "a multicast destination cannot be routed";
	if (df_value_ip(df_value_member(route, "nexthop"), &nexthop))
		return is_unicast_route(route) ? "needs a nexthop" : NULL;
	if (!is_unicast_route(route))
		return "only a unicast route has a nexthop";
	if (nexthop.family != destination.family)
		return "destination and nexthop are of different families";
	return NULL;
}

/* Routes of one destination are its next hops, or the one thing to do. */
static const char *check_destination(const struct df_value *routes, size_t nr)
{
	const struct df_value *route = df_value_at(routes, nr), *other;
	const char *destination, *nexthop;
	size_t i, nexthops = 1;

	destination = df_value_string(df_value_member(route, "destination"));
	nexthop = df_value_string(df_value_member(route, "nexthop"));
	for (i = 0; i < nr; i++) {
		const char *text;

		other = df_value_at(routes, i);
		text = df_value_string(df_value_member(other, "destination"));
		if (strcmp(text, destination))
			continue;
		text = df_value_string(df_value_member(other, "nexthop"));
		if (!nexthop || !text)
			return "the destination is there already";
		if (!strcmp(text, nexthop))
			return "the route is there already";
		nexthops++;
	}
	return nexthops > NEXTHOPS_MAX ? "the destination has too many" : NULL;
}

int df_check_router(const struct df_obj *obj, struct df_error *error)
{
	const struct df_value *routes = df_obj_value(obj, "routes"), *route;
	const char *why;
	size_t i;

	df_value_for_each(routes, i, route) {
		why = check_route(route);
		if (!why)
			why = check_destination(routes, i);
		if (why)
			return df_obj_error(obj, error, -EINVAL, "routes",
					    "[%zu]: %s", i, why);
	}
	return 0;
}
