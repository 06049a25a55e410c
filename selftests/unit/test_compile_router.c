// SPDX-License-Identifier: GPL-2.0
/*
 * Routers: logical objects in, wishes for kernel objects out.
 *
 *	network 1 (key 11) --- interface 1 (41) --- router (51)
 *	network 2 (key 12) --- interface 2 (42) ---'
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <linux/dragonflow.h>

#include "compile/compile.h"
#include "util.h"

#define NETWORK "10000000-0000-4000-8000-00000000000%d"
#define INTERFACE "40000000-0000-4000-8000-00000000000%d"
#define ROUTER "50000000-0000-4000-8000-000000000001"

enum { ROUTER_KEY = 51 };

struct world {
	struct dfa_config config;
	struct dfa_state state;
	struct dfa_compile compile;
};

static void advert_set(void *arg, const struct dfa_advert *advert)
{
	(void)arg;
	assert_true(advert->key && advert->network);
}

static void advert_del(void *arg, uint32_t key)
{
	(void)arg;
	assert_true(key);
}

static const struct dfa_compile_ops ops = {
	.advert_set = advert_set,
	.advert_del = advert_del,
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	dfa_config_init(&world->config);
	dfa_config_set(&world->config, "chassis", "here", NULL);
	dfa_state_init(&world->state);
	dfa_compile_init(&world->compile, &world->state, &world->config, &ops,
			 world);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	dfa_compile_fini(&world->compile);
	dfa_state_fini(&world->state);
	dfa_config_fini(&world->config);
	free(world);
	return 0;
}

static void put(struct world *world, const char *model, const char *json)
{
	struct df_error error = { 0 };
	struct df_obj *obj;

	if (df_obj_parse(&obj, model, json, strlen(json), &error))
		fail_msg("%s", error.text);
	assert_int_equal(dfa_compile_put(&world->compile, obj), 0);
	df_obj_put(obj);
}

static void put_network(struct world *world, int nr, const char *more)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"id\":\"" NETWORK "\",\"key\":1%d,\"network_type\":"
		 "\"vxlan\",\"segmentation_id\":%d%s}", nr, nr, nr, more);
	put(world, "network", json);
}

/* With 10.<nr>.0.1/24 and 2001:db8:<nr>::1/64 */
static void put_interface(struct world *world, int nr, const char *more)
{
	char json[1024];

	snprintf(json, sizeof(json),
		 "{\"id\":\"" INTERFACE "\",\"key\":4%d,\"router_id\":\"" ROUTER
		 "\",\"network_id\":\"" NETWORK "\",\"mac_address\":"
		 "\"02:00:00:00:00:4%d\",\"fixed_ips\":["
		 "{\"subnet_id\":\"" NETWORK "\",\"ip_address\":\"10.%d.0.1\","
		 "\"prefix_length\":24},"
		 "{\"subnet_id\":\"" NETWORK "\",\"ip_address\":"
		 "\"2001:db8:%d::1\",\"prefix_length\":64}]%s}",
		 nr, nr, nr, nr, nr, nr, nr, nr, more);
	put(world, "router_interface", json);
}

static void put_router(struct world *world, const char *more)
{
	char json[2048];

	snprintf(json, sizeof(json), "{\"id\":\"" ROUTER "\",\"key\":%d%s}",
		 ROUTER_KEY, more);
	put(world, "router", json);
}

static void del(struct world *world, const char *model, const char *id, int nr)
{
	char text[64];

	snprintf(text, sizeof(text), id, nr);
	assert_int_equal(dfa_compile_del(&world->compile, model, text), 0);
}

static void put_all(struct world *world)
{
	put_network(world, 1, "");
	put_network(world, 2, "");
	put_router(world, "");
	put_interface(world, 1, "");
	put_interface(world, 2, "");
}

static const union dfa_value *wish(struct world *world, enum dfa_kind kind,
				   uint32_t id)
{
	const struct dfa_object *object;

	object = dfa_state_find(&world->state, kind, id);
	return object && object->wished ? &object->wish : NULL;
}

static bool has(const struct dfa_addrs *addrs, const char *text,
		uint8_t prefix_len, uint32_t interface)
{
	struct dfa_addr addr = {
		.prefix_len = prefix_len,
		.interface = interface,
	};
	struct df_ip ip;

	assert_int_equal(df_ip_parse(&ip, text), 0);
	dfa_address_from_ip(&addr.address, &ip);
	return dfa_addrs_has(addrs, &addr);
}

/* The wish for the route to a prefix */
static const struct dfa_route_value *route(struct world *world,
					   const char *text, uint32_t *id)
{
	struct dfa_map_iter iter = dfa_map_iter(&world->state.by_id);
	struct dfa_address prefix;
	struct dfa_map_node *node;
	struct df_ip ip;

	assert_int_equal(df_ip_parse(&ip, text), 0);
	dfa_address_from_ip(&prefix, &ip);
	while ((node = dfa_map_iter_next(&world->state.by_id, &iter))) {
		const struct dfa_object *object;
		const struct dfa_route_value *value;

		object = dfa_container_of(node, struct dfa_object, by_id);
		value = &object->wish.route;
		if (object->kind != DFA_ROUTE || !object->wished ||
		    value->prefix_len != ip.prefix ||
		    !dfa_address_equal(&value->prefix, &prefix))
			continue;
		if (id)
			*id = object->id;
		return value;
	}
	return NULL;
}

static void a_router_and_its_interfaces_are_wished(void **state)
{
	struct world *world = *state;
	const struct dfa_interface_value *value;

	put_all(world);
	assert_int_equal(wish(world, DFA_ROUTER, ROUTER_KEY)->router.flags, 0);
	value = &wish(world, DFA_INTERFACE, 41)->interface;
	assert_int_equal(value->router, ROUTER_KEY);
	assert_int_equal(value->network, 11);
	assert_int_equal(value->mtu, 1450);
	assert_int_equal(value->flags, 0);
	assert_memory_equal(value->mac, "\x02\0\0\0\0\x41", 6);
	assert_int_equal(dfa_addrs_count(value->addrs), 3);
	assert_true(has(value->addrs, "10.1.0.1", 24, 0));
	assert_true(has(value->addrs, "2001:db8:1::1", 64, 0));
	assert_true(has(value->addrs, "fe80::ff:fe00:41", 64, 0));
	assert_int_equal(world->state.wish_count[DFA_ROUTE], 0);
}

#define VIA(destination, nexthop) \
	"{\"destination\":\"" destination "\",\"nexthop\":\"" nexthop "\"}"
#define ROUTES(list) ",\"routes\":[" list "]"

static void objects_may_come_in_any_order(void **state)
{
	struct world *world = *state;

	put_router(world, ROUTES(VIA("10.9.0.0/16", "10.2.0.9")));
	assert_null(route(world, "10.9.0.0/16", NULL));
	put_interface(world, 2, "");
	assert_null(wish(world, DFA_INTERFACE, 42));
	assert_null(route(world, "10.9.0.0/16", NULL));
	put_network(world, 2, "");
	assert_non_null(wish(world, DFA_INTERFACE, 42));
	assert_non_null(route(world, "10.9.0.0/16", NULL));
	put_interface(world, 1, "");
	put_network(world, 1, "");
	assert_non_null(wish(world, DFA_INTERFACE, 41));
}

static void an_interface_waits_for_its_router(void **state)
{
	struct world *world = *state;

	put_network(world, 1, "");
	put_interface(world, 1, "");
	assert_null(wish(world, DFA_INTERFACE, 41));
	put_router(world, "");
	assert_non_null(wish(world, DFA_INTERFACE, 41));
	del(world, "router", ROUTER, 0);
	assert_null(wish(world, DFA_ROUTER, ROUTER_KEY));
	assert_null(wish(world, DFA_INTERFACE, 41));
}

static void routes_go_by_the_interface_of_their_next_hop(void **state)
{
	struct world *world = *state;
	const struct dfa_route_value *value;

	put_all(world);
	put_router(world, ROUTES(VIA("10.9.0.0/16", "10.2.0.9") ","
				 VIA("::/0", "2001:db8:1::9")));
	value = route(world, "10.9.0.0/16", NULL);
	assert_int_equal(value->router, ROUTER_KEY);
	assert_int_equal(value->type, DRAGONFLOW_ROUTE_TYPE_UNICAST);
	assert_int_equal(dfa_addrs_count(value->nexthops), 1);
	assert_true(has(value->nexthops, "10.2.0.9", 0, 42));
	value = route(world, "::/0", NULL);
	assert_true(has(value->nexthops, "2001:db8:1::9", 0, 41));
}

static void routes_of_one_destination_are_next_hops(void **state)
{
	struct world *world = *state;
	const struct dfa_route_value *value;
	uint32_t id, again;

	put_all(world);
	put_router(world, ROUTES(VIA("10.9.0.0/16", "10.2.0.9") ","
				 VIA("10.9.0.0/24", "10.2.0.9") ","
				 VIA("10.9.0.0/16", "10.1.0.9")));
	value = route(world, "10.9.0.0/16", &id);
	assert_int_equal(dfa_addrs_count(value->nexthops), 2);
	assert_true(has(value->nexthops, "10.2.0.9", 0, 42));
	assert_true(has(value->nexthops, "10.1.0.9", 0, 41));
	assert_int_equal(world->state.wish_count[DFA_ROUTE], 2);
	/* One goes: the same route, by the other. */
	put_router(world, ROUTES(VIA("10.9.0.0/16", "10.1.0.9")));
	value = route(world, "10.9.0.0/16", &again);
	assert_int_equal(again, id);
	assert_int_equal(dfa_addrs_count(value->nexthops), 1);
	assert_int_equal(world->state.wish_count[DFA_ROUTE], 1);
}

static void routes_may_lead_nowhere(void **state)
{
	static const struct {
		const char *name;
		uint8_t type;
	} types[] = {
		{ "blackhole", DRAGONFLOW_ROUTE_TYPE_BLACKHOLE },
		{ "unreachable", DRAGONFLOW_ROUTE_TYPE_UNREACHABLE },
		{ "prohibit", DRAGONFLOW_ROUTE_TYPE_PROHIBIT },
	};
	struct world *world = *state;
	char json[256];

	for (size_t i = 0; i < DFA_ARRAY_SIZE(types); i++) {
		const struct dfa_route_value *value;

		snprintf(json, sizeof(json),
			 ROUTES("{\"destination\":\"10.0.0.0/8\",\"type\":\"%s\"}"),
			 types[i].name);
		put_router(world, json);
		value = route(world, "10.0.0.0/8", NULL);
		assert_int_equal(value->type, types[i].type);
		assert_int_equal(dfa_addrs_count(value->nexthops), 0);
	}
}

static void routes_follow_the_interfaces(void **state)
{
	struct world *world = *state;
	const struct dfa_route_value *value;

	put_all(world);
	put_router(world, ROUTES(VIA("10.9.0.0/16", "10.2.0.9") ","
				 VIA("10.9.0.0/16", "10.1.0.9")));
	del(world, "router_interface", INTERFACE, 2);
	value = route(world, "10.9.0.0/16", NULL);
	assert_int_equal(dfa_addrs_count(value->nexthops), 1);
	assert_true(has(value->nexthops, "10.1.0.9", 0, 41));
	del(world, "network", NETWORK, 1);
	assert_null(wish(world, DFA_INTERFACE, 41));
	assert_null(route(world, "10.9.0.0/16", NULL));
	put_network(world, 1, "");
	assert_non_null(route(world, "10.9.0.0/16", NULL));
}

static void ids_of_routes_are_the_same_for_the_next_agent(void **state)
{
	struct world *world = *state, *other;
	uint32_t one, two;
	void *next;

	setup(&next);
	other = next;
	put_all(world);
	put_all(other);
	put_router(world, ROUTES(VIA("10.9.0.0/16", "10.2.0.9") ","
				 VIA("10.8.0.0/16", "10.2.0.9")));
	put_router(other, ROUTES(VIA("10.7.0.0/16", "10.2.0.9")));
	put_router(other, ROUTES(VIA("10.8.0.0/16", "10.1.0.9") ","
				 VIA("10.9.0.0/16", "10.2.0.9")));
	assert_non_null(route(world, "10.9.0.0/16", &one));
	assert_non_null(route(other, "10.9.0.0/16", &two));
	assert_int_equal(one, two);
	assert_non_null(route(world, "10.8.0.0/16", &one));
	assert_non_null(route(other, "10.8.0.0/16", &two));
	assert_int_equal(one, two);
	teardown(&next);
}

static void admin_down_is_of_router_interface_or_network(void **state)
{
	static const char down[] = ",\"admin_state_up\":false";
	struct world *world = *state;

	put_all(world);
	put_router(world, down);
	assert_int_equal(wish(world, DFA_ROUTER, ROUTER_KEY)->router.flags,
			 DRAGONFLOW_ROUTER_FLAG_ADMIN_DOWN);
	put_interface(world, 1, down);
	assert_int_equal(wish(world, DFA_INTERFACE, 41)->interface.flags,
			 DRAGONFLOW_ROUTER_INTERFACE_FLAG_ADMIN_DOWN);
	put_interface(world, 1, "");
	assert_int_equal(wish(world, DFA_INTERFACE, 41)->interface.flags, 0);
	put_network(world, 1, down);
	assert_int_equal(wish(world, DFA_INTERFACE, 41)->interface.flags,
			 DRAGONFLOW_ROUTER_INTERFACE_FLAG_ADMIN_DOWN);
	put_network(world, 1, ",\"mtu\":1300");
	assert_int_equal(wish(world, DFA_INTERFACE, 41)->interface.flags, 0);
	assert_int_equal(wish(world, DFA_INTERFACE, 41)->interface.mtu, 1300);
}

static void what_is_forgotten_leaves_nothing(void **state)
{
	struct world *world = *state;
	struct dfa_uuid id;
	char text[64];

	put_all(world);
	put_router(world, ROUTES(VIA("10.9.0.0/16", "10.2.0.9")));
	dfa_uuid_parse(&id, ROUTER);
	assert_int_equal(dfa_compile_forget_router(&world->compile, &id), 0);
	assert_int_equal(world->state.wish_count[DFA_INTERFACE], 0);
	assert_int_equal(world->state.wish_count[DFA_ROUTE], 0);
	for (int nr = 1; nr <= 2; nr++) {
		snprintf(text, sizeof(text), NETWORK, nr);
		dfa_uuid_parse(&id, text);
		assert_int_equal(dfa_compile_forget(&world->compile, &id), 0);
	}
	assert_int_equal(dfa_state_wishes(&world->state), 0);
	assert_int_equal(world->compile.routers.count, 0);
	assert_int_equal(world->compile.interfaces.count, 0);
	assert_int_equal(world->compile.routes.count, 0);
	assert_int_equal(world->compile.networks.count, 0);
}

static void a_change_is_of_what_depends_on_it(void **state)
{
	struct world *world = *state;
	const struct dfa_object *object;
	union dfa_value value;

	put_all(world);
	put_router(world, ROUTES(VIA("10.9.0.0/16", "10.2.0.9") ","
				 VIA("10.8.0.0/16", "10.1.0.9")));
	while ((object = world->state.dirty)) {
		assert_true(dfa_object_want(object, &value));
		assert_int_equal(dfa_state_have(&world->state, object->kind,
						object->id, &value), 0);
	}
	put_router(world, ROUTES(VIA("10.9.0.0/16", "10.2.0.9") ","
				 VIA("10.8.0.0/16", "10.1.0.8")));
	assert_int_equal(world->state.dirty_count, 1);
	assert_int_equal(world->state.dirty->kind, DFA_ROUTE);
	put_router(world, ROUTES(VIA("10.9.0.0/16", "10.2.0.9") ","
				 VIA("10.8.0.0/16", "10.1.0.9")));
	assert_int_equal(world->state.dirty_count, 0);
	put_interface(world, 1, ",\"description\":\"x\"");
	assert_int_equal(world->state.dirty_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_router_and_its_interfaces_are_wished),
		TEST(objects_may_come_in_any_order),
		TEST(an_interface_waits_for_its_router),
		TEST(routes_go_by_the_interface_of_their_next_hop),
		TEST(routes_of_one_destination_are_next_hops),
		TEST(routes_may_lead_nowhere),
		TEST(routes_follow_the_interfaces),
		TEST(ids_of_routes_are_the_same_for_the_next_agent),
		TEST(admin_down_is_of_router_interface_or_network),
		TEST(what_is_forgotten_leaves_nothing),
		TEST(a_change_is_of_what_depends_on_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
