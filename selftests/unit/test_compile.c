// SPDX-License-Identifier: GPL-2.0
/*
 * Logical objects in, wishes for kernel objects out. The hypervisor is "here"
 * and has VXLAN over IPv4 and Geneve over IPv6.
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

#define NETWORK "10000000-0000-4000-8000-000000000001"
#define PORT "20000000-0000-4000-8000-000000000001"
#define CHASSIS "30000000-0000-4000-8000-000000000001"
#define CHASSIS2 "30000000-0000-4000-8000-000000000002"

struct world {
	struct dfa_config config;
	struct dfa_state state;
	struct dfa_compile compile;
	struct dfa_local_port local;
	int sets, dels;
};

static void local_set(void *arg, const struct dfa_local_port *port)
{
	struct world *world = arg;

	world->local = *port;
	world->sets++;
}

static void local_del(void *arg, const struct dfa_uuid *id)
{
	struct world *world = arg;

	(void)id;
	world->dels++;
}

static const struct dfa_compile_ops ops = {
	.local_set = local_set,
	.local_del = local_del,
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	dfa_config_init(&world->config);
	dfa_config_set(&world->config, "chassis", "here", NULL);
	dfa_config_set(&world->config, "encap", "vxlan:192.0.2.1", NULL);
	dfa_config_set(&world->config, "encap", "geneve:2001:db8::1", NULL);
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

static int put(struct world *world, const char *model, const char *json)
{
	struct df_error error = { 0 };
	struct df_obj *obj;
	int err;

	if (df_obj_parse(&obj, model, json, strlen(json), &error))
		fail_msg("%s", error.text);
	err = dfa_compile_put(&world->compile, obj);
	df_obj_put(obj);
	return err;
}

static void put_network(struct world *world, const char *more)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"id\":\"" NETWORK "\",\"key\":11,\"network_type\":"
		 "\"vxlan\",\"segmentation_id\":77%s}",
		 more);
	assert_int_equal(put(world, "network", json), 0);
}

static void put_port(struct world *world, const char *host, const char *more)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"id\":\"" PORT "\",\"key\":21,\"network_id\":\"" NETWORK
		 "\",\"mac_address\":\"02:00:00:00:00:21\",\"binding_host\":"
		 "\"%s\"%s}",
		 host, more);
	assert_int_equal(put(world, "port", json), 0);
}

static void put_chassis(struct world *world, const char *encaps)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"id\":\"" CHASSIS "\",\"key\":31,\"name\":\"there\","
		 "\"encaps\":[%s]}",
		 encaps);
	assert_int_equal(put(world, "chassis", json), 0);
}

static bool has_address(const struct dfa_addrs *addrs, const char *text,
			uint8_t prefix_len)
{
	struct dfa_addr addr = { .prefix_len = prefix_len };
	struct df_ip ip;

	assert_int_equal(df_ip_parse(&ip, text), 0);
	dfa_address_from_ip(&addr.address, &ip);
	return dfa_addrs_has(addrs, &addr);
}

#define VXLAN "{\"type\":\"vxlan\",\"ip\":\"192.0.2.9\"}"
#define VXLAN6 "{\"type\":\"vxlan\",\"ip\":\"2001:db8::9\"}"
#define GENEVE "{\"type\":\"geneve\",\"ip\":\"192.0.2.9\"}"
#define GENEVE6 "{\"type\":\"geneve\",\"ip\":\"2001:db8::9\"}"
#define ODD_PORT "{\"type\":\"vxlan\",\"ip\":\"192.0.2.9\",\"port\":8472}"

static const union dfa_value *wish(struct world *world, enum dfa_kind kind,
				   uint32_t id)
{
	const struct dfa_object *object;

	object = dfa_state_find(&world->state, kind, id);
	return object && object->wished ? &object->wish : NULL;
}

static void a_port_bound_here_is_a_vif(void **state)
{
	struct world *world = *state;
	const union dfa_value *value;

	put_network(world, "");
	put_port(world, "here", "");
	value = wish(world, DFA_NETWORK, 11);
	assert_non_null(value);
	assert_int_equal(value->network.vni, 77);
	assert_int_equal(value->network.flags, 0);
	value = wish(world, DFA_PORT, 21);
	assert_non_null(value);
	assert_int_equal(value->port.type, DRAGONFLOW_PORT_TYPE_VIF);
	assert_int_equal(value->port.network, 11);
	assert_int_equal(value->port.flags, DRAGONFLOW_PORT_FLAG_SECURITY);
	assert_memory_equal(value->port.mac, "\x02\0\0\0\0\x21", 6);
	assert_string_equal(world->local.device, "tap20000000-00");
	assert_true(world->local.is_up);
}

static void a_device_may_have_a_name_of_its_own(void **state)
{
	struct world *world = *state;

	put_network(world, "");
	put_port(world, "here", ",\"device_name\":\"veth7\"");
	assert_string_equal(world->local.device, "veth7");
	put_port(world, "here", "");
	assert_string_equal(world->local.device, "tap20000000-00");
}

static void a_port_bound_elsewhere_is_remote(void **state)
{
	struct world *world = *state;
	const union dfa_value *value;

	put_network(world, "");
	put_chassis(world, VXLAN);
	assert_null(wish(world, DFA_CHASSIS, 31));
	put_port(world, "there", "");
	value = wish(world, DFA_PORT, 21);
	assert_non_null(value);
	assert_int_equal(value->port.type, DRAGONFLOW_PORT_TYPE_REMOTE);
	assert_int_equal(value->port.chassis, 31);
	value = wish(world, DFA_CHASSIS, 31);
	assert_non_null(value);
	assert_int_equal(value->chassis.tunnel, DFA_PORT_VXLAN);
	assert_memory_equal(value->chassis.remote.bytes, "\xc0\0\x02\x09", 4);
	assert_memory_equal(value->chassis.local.bytes, "\xc0\0\x02\x01", 4);
	assert_int_equal(world->sets, 0);
}

static void an_unbound_port_is_nothing(void **state)
{
	struct world *world = *state;

	put_network(world, "");
	put_port(world, "", "");
	assert_null(wish(world, DFA_PORT, 21));
	assert_int_equal(world->compile.parked, 0);
}

static void objects_may_come_in_any_order(void **state)
{
	struct world *world = *state;

	put_port(world, "there", "");
	assert_null(wish(world, DFA_PORT, 21));
	assert_int_equal(world->compile.parked, 1);
	put_chassis(world, VXLAN);
	assert_null(wish(world, DFA_PORT, 21));
	put_network(world, "");
	assert_non_null(wish(world, DFA_PORT, 21));
	assert_non_null(wish(world, DFA_CHASSIS, 31));
	assert_int_equal(world->compile.parked, 0);
}

/* Its device is looked for on both sides; the kernel has it on one. */
static void a_port_stands_by_until_it_moves(void **state)
{
	struct world *world = *state;
	const struct dfa_object *object;

	put_network(world, "");
	put_chassis(world, VXLAN);
	put_port(world, "there", "");
	assert_int_equal(world->sets, 0);
	put_port(world, "there", ",\"binding_standby_host\":\"here\"");
	assert_int_equal(world->sets, 1);
	assert_true(world->local.is_standby);
	object = dfa_state_find(&world->state, DFA_PORT, 21);
	assert_int_equal(object->wish.port.type, DRAGONFLOW_PORT_TYPE_REMOTE);
	assert_int_equal(object->wish.port.flags, DRAGONFLOW_PORT_FLAG_RELAY);

	put_port(world, "here", ",\"binding_standby_host\":\"there\"");
	assert_false(world->local.is_standby);
	assert_int_equal(world->dels, 0);
	object = dfa_state_find(&world->state, DFA_PORT, 21);
	assert_int_equal(object->wish.port.type, DRAGONFLOW_PORT_TYPE_VIF);
	assert_int_equal(object->wish.port.flags,
			 DRAGONFLOW_PORT_FLAG_SECURITY);

	put_port(world, "there", ",\"binding_standby_host\":\"here\"");
	assert_true(world->local.is_standby);
	assert_int_equal(world->dels, 0);
	put_port(world, "there", "");
	assert_int_equal(world->dels, 1);
}

static void a_port_moves_and_comes_back(void **state)
{
	struct world *world = *state;

	put_network(world, "");
	put_chassis(world, VXLAN);
	put_port(world, "here", "");
	assert_int_equal(world->sets, 1);
	put_port(world, "there", "");
	assert_int_equal(world->dels, 1);
	assert_int_equal(wish(world, DFA_PORT, 21)->port.type,
			 DRAGONFLOW_PORT_TYPE_REMOTE);
	put_port(world, "here", "");
	assert_int_equal(world->sets, 2);
	assert_int_equal(wish(world, DFA_PORT, 21)->port.type,
			 DRAGONFLOW_PORT_TYPE_VIF);
	assert_null(wish(world, DFA_CHASSIS, 31));
}

static void admin_down_comes_from_port_or_network(void **state)
{
	struct world *world = *state;

	put_network(world, "");
	put_port(world, "here", ",\"admin_state_up\":false");
	assert_int_equal(wish(world, DFA_PORT, 21)->port.flags,
			 DRAGONFLOW_PORT_FLAG_ADMIN_DOWN |
				 DRAGONFLOW_PORT_FLAG_SECURITY);
	assert_false(world->local.is_up);
	put_port(world, "here", "");
	assert_int_equal(wish(world, DFA_PORT, 21)->port.flags,
			 DRAGONFLOW_PORT_FLAG_SECURITY);
	put_network(world, ",\"admin_state_up\":false");
	assert_int_equal(wish(world, DFA_PORT, 21)->port.flags,
			 DRAGONFLOW_PORT_FLAG_ADMIN_DOWN |
				 DRAGONFLOW_PORT_FLAG_SECURITY);
	assert_false(world->local.is_up);
}

/* It is the sender's hypervisor that judges: others have nothing to do with it. */
static void port_security_is_of_ports_here_unless_off(void **state)
{
	struct world *world = *state;

	put_network(world, "");
	put_chassis(world, VXLAN);
	put_port(world, "here", ",\"port_security_enabled\":false");
	assert_int_equal(wish(world, DFA_PORT, 21)->port.flags, 0);
	put_port(world, "here", ",\"port_security_enabled\":true");
	assert_int_equal(wish(world, DFA_PORT, 21)->port.flags,
			 DRAGONFLOW_PORT_FLAG_SECURITY);
	put_port(world, "there", ",\"port_security_enabled\":true");
	assert_int_equal(wish(world, DFA_PORT, 21)->port.flags, 0);
}

static void a_quota_is_of_what_is_bound_here(void **state)
{
	struct world *world = *state;
	const struct dfa_port_value *port;

	put_network(world, "");
	put_chassis(world, VXLAN);
	put_port(world, "here", "");
	port = &wish(world, DFA_PORT, 21)->port;
	assert_int_equal(port->connection_limit, 16384);
	put_port(world, "here", ",\"connection_limit\":7");
	port = &wish(world, DFA_PORT, 21)->port;
	assert_int_equal(port->connection_limit, 7);
	put_port(world, "there", ",\"connection_limit\":7");
	port = &wish(world, DFA_PORT, 21)->port;
	assert_int_equal(port->connection_limit, 0);
}

static void the_first_common_way_is_taken(void **state)
{
	static const struct {
		const char *encaps;
		uint32_t tunnel;
		uint8_t family;
	} cases[] = {
		{ VXLAN "," GENEVE6, DFA_PORT_VXLAN, AF_INET },
		{ GENEVE6 "," VXLAN, DFA_PORT_GENEVE, AF_INET6 },
		{ GENEVE "," VXLAN6 "," VXLAN, DFA_PORT_VXLAN, AF_INET },
		{ ODD_PORT "," GENEVE6, DFA_PORT_GENEVE, AF_INET6 },
	};
	struct world *world = *state;

	put_network(world, "");
	put_port(world, "there", "");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const union dfa_value *value;

		put_chassis(world, cases[i].encaps);
		value = wish(world, DFA_CHASSIS, 31);
		assert_non_null(value);
		assert_int_equal(value->chassis.tunnel, cases[i].tunnel);
		assert_int_equal(value->chassis.remote.family, cases[i].family);
		assert_int_equal(value->chassis.local.family, cases[i].family);
	}
}

static void a_chassis_without_a_common_way_parks_its_ports(void **state)
{
	struct world *world = *state;

	put_network(world, "");
	put_port(world, "there", "");
	put_chassis(world, GENEVE "," VXLAN6);
	assert_null(wish(world, DFA_PORT, 21));
	assert_null(wish(world, DFA_CHASSIS, 31));
	assert_int_equal(world->compile.parked, 1);
	put_chassis(world, VXLAN);
	assert_non_null(wish(world, DFA_PORT, 21));
	put_chassis(world, "");
	assert_null(wish(world, DFA_PORT, 21));
	assert_null(wish(world, DFA_CHASSIS, 31));
}

static void a_deleted_chassis_takes_its_ports_along(void **state)
{
	struct world *world = *state;

	put_network(world, "");
	put_chassis(world, VXLAN);
	put_port(world, "there", "");
	dfa_compile_del(&world->compile, "chassis", CHASSIS);
	assert_null(wish(world, DFA_PORT, 21));
	assert_null(wish(world, DFA_CHASSIS, 31));
	put_chassis(world, VXLAN);
	assert_non_null(wish(world, DFA_PORT, 21));
}

static void a_recreated_chassis_has_another_key(void **state)
{
	struct world *world = *state;

	put_network(world, "");
	put_chassis(world, VXLAN);
	put_port(world, "there", "");
	assert_int_equal(put(world, "chassis",
			     "{\"id\":\"" CHASSIS2 "\",\"key\":32,\"name\":"
			     "\"there\",\"encaps\":[" VXLAN "]}"),
			 0);
	assert_null(wish(world, DFA_CHASSIS, 31));
	assert_non_null(wish(world, DFA_CHASSIS, 32));
	assert_int_equal(wish(world, DFA_PORT, 21)->port.chassis, 32);
	/* The old object's end comes late. */
	dfa_compile_del(&world->compile, "chassis", CHASSIS);
	assert_non_null(wish(world, DFA_CHASSIS, 32));
}

static void a_deleted_network_takes_its_ports_along(void **state)
{
	struct world *world = *state;

	put_network(world, "");
	put_port(world, "here", "");
	dfa_compile_del(&world->compile, "network", NETWORK);
	assert_null(wish(world, DFA_NETWORK, 11));
	assert_null(wish(world, DFA_PORT, 21));
	dfa_compile_del(&world->compile, "port", PORT);
	assert_int_equal(world->dels, 1);
	assert_int_equal(world->compile.networks.count, 0);
	assert_int_equal(world->compile.hosts.count, 0);
}

static void a_forgotten_network_leaves_nothing(void **state)
{
	struct world *world = *state;
	struct dfa_uuid id;

	dfa_uuid_parse(&id, NETWORK);
	put_chassis(world, VXLAN);
	put_port(world, "there", "");
	assert_int_equal(dfa_compile_forget(&world->compile, &id), 0);
	put_network(world, "");
	put_port(world, "there", "");
	assert_int_equal(dfa_compile_forget(&world->compile, &id), 0);
	assert_null(wish(world, DFA_NETWORK, 11));
	assert_null(wish(world, DFA_PORT, 21));
	assert_null(wish(world, DFA_CHASSIS, 31));
	assert_int_equal(world->compile.ports.count, 0);
	assert_int_equal(world->compile.networks.count, 0);
	assert_int_equal(world->compile.parked, 0);
	assert_null(world->state.dirty);
}

static void only_tunnelled_networks_have_a_vni(void **state)
{
	struct world *world = *state;

	put(world, "network",
	    "{\"id\":\"" NETWORK "\",\"key\":11,\"network_type\":\"vlan\","
	    "\"segmentation_id\":77}");
	assert_int_equal(wish(world, DFA_NETWORK, 11)->network.vni,
			 DFA_NO_VNI);
	put(world, "network",
	    "{\"id\":\"" NETWORK "\",\"key\":11,\"network_type\":\"geneve\","
	    "\"segmentation_id\":77,\"vlan_transparent\":true}");
	assert_int_equal(wish(world, DFA_NETWORK, 11)->network.vni, 77);
	assert_int_equal(wish(world, DFA_NETWORK, 11)->network.flags,
			 DRAGONFLOW_NETWORK_FLAG_VLAN_TRANSPARENT);
}

static void an_object_without_key_or_network_is_refused(void **state)
{
	struct world *world = *state;

	assert_int_equal(put(world, "network", "{\"id\":\"" NETWORK "\"}"),
			 -EINVAL);
	assert_int_equal(put(world, "port", "{\"id\":\"" PORT "\"}"), -EINVAL);
	assert_int_equal(put(world, "chassis", "{\"id\":\"" CHASSIS "\"}"),
			 -EINVAL);
	assert_int_equal(put(world, "subnet", "{\"id\":\"" NETWORK "\"}"),
			 -EINVAL);
}

static void configured_tunnels_are_ports(void **state)
{
	struct world *world = *state;

	assert_int_equal(dfa_compile_tunnels(&world->compile), 0);
	assert_int_equal(wish(world, DFA_PORT, DFA_PORT_VXLAN)->port.type,
			 DRAGONFLOW_PORT_TYPE_TUNNEL);
	assert_int_equal(wish(world, DFA_PORT, DFA_PORT_GENEVE)->port.type,
			 DRAGONFLOW_PORT_TYPE_TUNNEL);
}

static void a_port_has_its_addresses(void **state)
{
	static const char four[] = ",\"fixed_ips\":[{\"subnet_id\":\"" NETWORK
		"\",\"ip_address\":\"10.0.0.5\"}]";
	static const char both[] = ",\"fixed_ips\":[{\"subnet_id\":\"" NETWORK
		"\",\"ip_address\":\"10.0.0.5\"},{\"subnet_id\":\"" NETWORK
		"\",\"ip_address\":\"2001:db8::5\"},{\"subnet_id\":\"" NETWORK
		"\",\"ip_address\":\"224.0.0.5\"}]";
	struct world *world = *state;
	const struct dfa_addrs *addrs;

	put_network(world, "");
	put_port(world, "here", "");
	assert_int_equal(dfa_addrs_count(wish(world, DFA_PORT, 21)->port.addrs),
			 0);
	put_port(world, "here", four);
	addrs = wish(world, DFA_PORT, 21)->port.addrs;
	assert_int_equal(dfa_addrs_count(addrs), 1);
	assert_true(has_address(addrs, "10.0.0.5", 0));
	/* With IPv6, a link-local one, and none that the kernel refuses. */
	put_port(world, "here", both);
	addrs = wish(world, DFA_PORT, 21)->port.addrs;
	assert_int_equal(dfa_addrs_count(addrs), 3);
	assert_true(has_address(addrs, "2001:db8::5", 0));
	assert_true(has_address(addrs, "fe80::ff:fe00:21", 0));
}

static void a_network_is_on_demand(void **state)
{
	struct world *world = *state;

	put_network(world, ",\"on_demand\":true,\"vlan_transparent\":true");
	assert_int_equal(wish(world, DFA_NETWORK, 11)->network.flags,
			 DRAGONFLOW_NETWORK_FLAG_ON_DEMAND |
				 DRAGONFLOW_NETWORK_FLAG_VLAN_TRANSPARENT);
}

static void a_network_is_found_by_its_key(void **state)
{
	struct world *world = *state;
	struct dfa_uuid id;

	dfa_uuid_parse(&id, NETWORK);
	put_network(world, "");
	assert_true(dfa_uuid_equal(&dfa_compile_network(&world->compile, 11)->id,
				   &id));
	assert_int_equal(put(world, "network",
			     "{\"id\":\"" NETWORK "\",\"key\":12}"), 0);
	assert_null(dfa_compile_network(&world->compile, 11));
	assert_non_null(dfa_compile_network(&world->compile, 12));
	assert_int_equal(dfa_compile_forget(&world->compile, &id), 0);
	assert_null(dfa_compile_network(&world->compile, 12));
}

/* With what it has claimed, and with the chassis that nobody else leads to. */
static void a_forgotten_port_leaves_nothing(void **state)
{
	struct world *world = *state;
	struct dfa_uuid id;

	put_network(world, "");
	put_chassis(world, VXLAN);
	put_port(world, "there", "");
	assert_int_equal(put(world, "port_claims",
			     "{\"id\":\"" PORT "\",\"network_id\":\"" NETWORK
			     "\",\"claims\":[{\"ip_address\":\"192.0.2.7\","
			     "\"mac_address\":\"02:00:00:00:00:21\","
			     "\"since\":7}]}"), 0);
	assert_int_equal(world->compile.claims.count, 1);
	dfa_uuid_parse(&id, PORT);
	assert_int_equal(dfa_compile_forget_port(&world->compile, &id), 0);
	assert_null(wish(world, DFA_PORT, 21));
	assert_null(wish(world, DFA_CHASSIS, 31));
	assert_int_equal(world->compile.claims.count + world->compile.ports.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_port_bound_here_is_a_vif),
		TEST(a_device_may_have_a_name_of_its_own),
		TEST(a_port_bound_elsewhere_is_remote),
		TEST(an_unbound_port_is_nothing),
		TEST(objects_may_come_in_any_order),
		TEST(a_port_stands_by_until_it_moves),
		TEST(a_port_moves_and_comes_back),
		TEST(admin_down_comes_from_port_or_network),
		TEST(port_security_is_of_ports_here_unless_off),
		TEST(a_quota_is_of_what_is_bound_here),
		TEST(the_first_common_way_is_taken),
		TEST(a_chassis_without_a_common_way_parks_its_ports),
		TEST(a_deleted_chassis_takes_its_ports_along),
		TEST(a_recreated_chassis_has_another_key),
		TEST(a_deleted_network_takes_its_ports_along),
		TEST(a_forgotten_network_leaves_nothing),
		TEST(only_tunnelled_networks_have_a_vni),
		TEST(an_object_without_key_or_network_is_refused),
		TEST(configured_tunnels_are_ports),
		TEST(a_port_has_its_addresses),
		TEST(a_network_is_on_demand),
		TEST(a_network_is_found_by_its_key),
		TEST(a_forgotten_port_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
