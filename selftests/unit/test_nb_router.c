// SPDX-License-Identifier: GPL-2.0
/* Routers and their interfaces: rules over several objects */
#include <errno.h>

#include "test_nb.h"

#define ROUTE(destination, nexthop) \
	"{\"destination\":\"" destination "\",\"nexthop\":\"" nexthop "\"}"
#define BLACKHOLE(destination) \
	"{\"destination\":\"" destination "\",\"type\":\"blackhole\"}"
#define ADDRESS "{\"subnet_id\":\"%s\",\"ip_address\":\"10.2.0.7\"}"

static struct df_obj *red;
static struct df_obj *red_subnet;
static struct df_obj *router;
static struct df_obj *iface;
static struct df_obj *red_iface;

static struct df_obj *interface(const struct df_obj *of,
				const struct df_obj *on, const char *ip)
{
	struct df_obj *obj = object("router_interface",
		text("router_id=%s%s", df_obj_id(of), ""), NULL);
	char json[256];

	snprintf(json, sizeof(json), "{\"subnet_id\":\"%s\"%s%s%s}",
		 df_obj_id(on), ip ? ",\"ip_address\":\"" : "", ip ? ip : "",
		 ip ? "\"" : "");
	must(df_obj_set(obj, "fixed_ips", json, &error));
	return obj;
}

static struct df_obj *subnet_of(const struct df_obj *net, const char *cidr,
				const char *gateway)
{
	struct df_obj *obj = object("subnet",
		text("network_id=%s%s", df_obj_id(net), ""),
		text("cidr=%s%s", cidr, ""),
		text("gateway_ip=%s%s", gateway, ""), NULL);

	must(create(obj));
	return obj;
}

/* A router between the network of the cloud (10.0.0.0/24) and 10.2.0.0/24 */
static int router_setup(void **state)
{
	if (cloud_setup(state))
		return -1;
	must(df_obj_set(subnet, "gateway_ip", "10.0.0.1", &error));
	must(update(subnet, 0));
	red = object("network", "name=red", NULL);
	must(create(red));
	red_subnet = subnet_of(red, "10.2.0.0/24", "10.2.0.1");
	router = object("router", "name=r", NULL);
	must(create(router));
	iface = interface(router, subnet, NULL);
	must(create(iface));
	red_iface = interface(router, red_subnet, "10.2.0.254");
	must(create(red_iface));
	return 0;
}

static int router_teardown(void **state)
{
	df_obj_put(red);
	df_obj_put(red_subnet);
	df_obj_put(router);
	df_obj_put(iface);
	df_obj_put(red_iface);
	return cloud_teardown(state);
}

static int set_routes(const char *json)
{
	must(df_obj_set_json(router, "routes", json, &error));
	return update(router, 0);
}

static void interface_takes_the_gateway_address(void **state)
{
	const struct df_value *ip;
	uint8_t mac[6];

	(void)state;
	assert_string_equal(df_obj_string(iface, "network_id"),
			    df_obj_id(network));
	ip = df_value_at(df_obj_value(iface, "fixed_ips"), 0);
	assert_string_equal(df_value_string(df_value_member(ip, "ip_address")),
			    "10.0.0.1");
	assert_int_equal(df_value_u64(df_value_member(ip, "prefix_length")),
			 24);
	assert_int_equal(df_obj_mac(iface, "mac_address", mac), 0);
	assert_int_not_equal(df_obj_key(iface), 0);
	ip = df_value_at(df_obj_value(red_iface, "fixed_ips"), 0);
	assert_string_equal(df_value_string(df_value_member(ip, "ip_address")),
			    "10.2.0.254");
}

static void what_is_written_again_is_unchanged(void **state)
{
	struct df_obj *again = interface(router, subnet, NULL);

	(void)state;
	must(df_obj_set(again, "id", df_obj_id(iface), &error));
	must(put(again));
	assert_int_equal(df_obj_revision(again), 1);
	assert_true(df_obj_is_equal(again, iface));
	df_obj_put(again);
}

static void address_must_fit_its_subnet(void **state)
{
	static const struct {
		const char *cidr;
		const char *ip;
		const char *why;
	} bad[] = {
		{ "10.3.0.0/24", "10.4.0.1", "10.4.0.1 is not in the subnet (10.3.0.0/24)" },
		{ "10.3.0.0/24", "10.3.0.0", "10.3.0.0 is the subnet itself (10.3.0.0/24)" },
		{ "10.3.0.0/24", "10.3.0.255",
		  "10.3.0.255 is the subnet's broadcast address (10.3.0.0/24)" },
		{ "10.3.0.0/24", "2001:db8::1", "2001:db8::1 is not in the subnet (10.3.0.0/24)" },
		{ "fe80::/64", "fe80::1", "fe80::1 is not an address for a router (fe80::/64)" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct df_obj *net = subnet_of(red, bad[i].cidr, "");
		struct df_obj *obj = interface(router, net, bad[i].ip);

		assert_int_equal(create(obj), -EINVAL);
		said("router_interface %s: field \"fixed_ips\": %s",
		     df_obj_id(obj), bad[i].why);
		df_obj_put(obj);
		df_obj_put(net);
	}
}

static void interface_needs_addresses_of_one_network(void **state)
{
	struct df_obj *none = subnet_of(red, "10.3.0.0/24", "");
	struct df_obj *obj = interface(router, none, NULL);

	(void)state;
	assert_int_equal(create(obj), -EINVAL);
	said("router_interface %s: field \"fixed_ips\": "
	     "subnet %s has no gateway_ip: give an ip_address",
	     df_obj_id(obj), df_obj_id(none));
	must(df_obj_set_json(obj, "fixed_ips", "[]", &error));
	assert_int_equal(create(obj), -EINVAL);
	said("router_interface %s: field \"fixed_ips\": there must be 1 to 63%s",
	     df_obj_id(obj), "");
	df_obj_put(obj);
	obj = interface(router, none, "10.3.0.1");
	must(df_obj_set(obj, "network_id", df_obj_id(network), &error));
	assert_int_equal(create(obj), -EINVAL);
	said("router_interface %s: field \"fixed_ips\": "
	     "subnet %s is of another network",
	     df_obj_id(obj), df_obj_id(none));
	df_obj_put(obj);
	df_obj_put(none);
}

static void subnets_of_a_router_do_not_overlap(void **state)
{
	struct df_obj *wide = subnet_of(red, "10.0.0.0/16", "10.0.5.1");
	struct df_obj *obj = interface(router, wide, NULL);
	struct df_obj *other = object("router", NULL);
	struct df_obj *elsewhere;

	(void)state;
	assert_int_equal(create(obj), -EINVAL);
	assert_non_null(strstr(error.text,
			       text("\"fixed_ips\": 10.0.0.0/16 overlaps with "
				    "a subnet of router_interface %s%s",
				    df_obj_id(iface), "")));
	must(create(other));
	elsewhere = interface(other, wide, NULL);
	must(create(elsewhere));
	/* Not beside each other on one interface either. */
	must(df_obj_set_json(obj, "fixed_ips",
			     text("[" ADDRESS "," ADDRESS "]",
				  df_obj_id(red_subnet), df_obj_id(red_subnet)),
			     &error));
	must(delete(red_iface, 0));
	assert_int_equal(create(obj), -EINVAL);
	df_obj_put(obj);
	df_obj_put(other);
	df_obj_put(elsewhere);
	df_obj_put(wide);
}

static void overlaps_within_a_transaction_are_seen(void **state)
{
	struct df_obj *a = subnet_of(red, "10.5.0.0/24", "10.5.0.1");
	struct df_obj *b = subnet_of(red, "10.5.0.0/25", "10.5.0.2");
	struct df_obj *one = interface(router, a, NULL);
	struct df_obj *two = interface(router, b, NULL);
	struct df_txn *txn;

	(void)state;
	must(df_txn_new(&txn, nb));
	must(df_txn_create(txn, one, &error));
	must(df_txn_create(txn, two, &error));
	assert_int_equal(df_txn_commit_sync(txn, &error), -EINVAL);
	/* What goes makes room. */
	must(create(one));
	must(df_txn_new(&txn, nb));
	must(df_txn_create(txn, two, &error));
	must(df_txn_delete(txn, "router_interface", df_obj_id(one), 0,
			   &error));
	must(df_txn_commit_sync(txn, &error));
	df_obj_put(a);
	df_obj_put(b);
	df_obj_put(one);
	df_obj_put(two);
}

static void interfaces_and_ports_share_addresses(void **state)
{
	struct df_obj *obj = interface(router, red_subnet, "10.2.0.7");
	struct df_obj *twin;

	(void)state;
	twin = object("port", text("network_id=%s%s", df_obj_id(network), ""),
		      text("mac_address=%s%s",
			   df_obj_string(iface, "mac_address"), ""), NULL);
	assert_int_equal(create(twin), -EEXIST);
	assert_non_null(strstr(error.text,
			       text("is already used by router_interface %s%s",
				    df_obj_id(iface), "")));
	must(df_obj_set(twin, "mac_address", "", &error));
	must(df_obj_set(twin, "fixed_ips",
			text("{\"subnet_id\":\"%s\",\"ip_address\":\"10.0.0.1\"}%s",
			     df_obj_id(subnet), ""), &error));
	assert_int_equal(create(twin), -EEXIST);
	assert_non_null(strstr(error.text, "10.0.0.1 is already used by router_interface "));
	must(delete(iface, 0));
	must(create(twin));
	must(df_obj_set(obj, "fixed_ips",
			text("{\"subnet_id\":\"%s\"}%s", df_obj_id(subnet), ""),
			&error));
	assert_int_equal(create(obj), -EEXIST);
	assert_non_null(strstr(error.text,
			       text("10.0.0.1 is already used by port %s%s",
				    df_obj_id(twin), "")));
	df_obj_put(obj);
	df_obj_put(twin);
}

static void what_a_router_uses_is_not_deleted(void **state)
{
	(void)state;
	assert_int_equal(delete(router, 0), -EBUSY);
	must(delete(port, 0));
	assert_int_equal(delete(subnet, 0), -EBUSY);
	said("subnet %s is used by router_interface %s", df_obj_id(subnet),
	     df_obj_id(iface));
	must(delete(iface, 0));
	assert_int_equal(delete(router, 0), -EBUSY);
	said("router %s is used by router_interface %s", df_obj_id(router),
	     df_obj_id(red_iface));
	must(delete(red_iface, 0));
	must(delete(router, 0));
	must(delete(subnet, 0));
	must(delete(network, 0));
}

static void routes_agree_with_each_other(void **state)
{
	static const struct {
		const char *json;
		const char *why;
	} bad[] = {
		{ "[{\"destination\":\"10.9.0.0/16\"}]", "[0]: needs a nexthop" },
		{ "[{\"destination\":\"10.9.0.0/16\",\"nexthop\":\"10.2.0.9\","
		  "\"type\":\"blackhole\"}]",
		  "[0]: only a unicast route has a nexthop" },
		{ "[" ROUTE("2001:db8::/48", "10.2.0.9") "]",
		  "[0]: destination and nexthop are of different families" },
		{ "[" BLACKHOLE("224.0.0.0/8") "]",
		  "[0]: a multicast destination cannot be routed" },
		{ "[" ROUTE("10.9.0.0/16", "10.2.0.9") "," ROUTE("10.9.0.0/16", "10.2.0.9") "]",
		  "[1]: the route is there already" },
		{ "[" ROUTE("10.9.0.0/16", "10.2.0.9") "," BLACKHOLE("10.9.0.0/16") "]",
		  "[1]: the destination is there already" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(set_routes(bad[i].json), -EINVAL);
		said("router %s: field \"routes\": %s", df_obj_id(router),
		     bad[i].why);
	}
	must(set_routes("[" ROUTE("0.0.0.0/0", "10.2.0.9") ","
			ROUTE("0.0.0.0/0", "10.2.0.8") ","
			"" BLACKHOLE("::/0") "]"));
}

static void nexthops_are_on_subnets_of_the_router(void **state)
{
	(void)state;
	assert_int_equal(set_routes("[" ROUTE("10.9.0.0/16", "10.3.0.9") "]"),
			 -EINVAL);
	said("router %s: field \"routes\": "
	     "nexthop 10.3.0.9 is on no subnet of the router%s",
	     df_obj_id(router), "");
	assert_int_equal(set_routes("[" ROUTE("10.9.0.0/16", "10.2.0.254") "]"),
			 -EINVAL);
	said("router %s: field \"routes\": "
	     "nexthop 10.2.0.254 is the router itself%s",
	     df_obj_id(router), "");
	must(set_routes("[" ROUTE("10.9.0.0/16", "10.2.0.9") "]"));
	assert_int_equal(delete(red_iface, 0), -EBUSY);
	assert_non_null(strstr(error.text,
			       text("router_interface %s is used by router %s: nexthop 10.2.0.9 ",
				    df_obj_id(red_iface), df_obj_id(router))));
	/* Another change of the interface is fine, and of the route. */
	must(df_obj_set(red_iface, "description", "x", &error));
	must(update(red_iface, 0));
	must(set_routes("[]"));
	must(delete(red_iface, 0));
}

static void router_with_all_comes_and_goes_at_once(void **state)
{
	struct df_obj *other = object("router", "routes="
				      ROUTE("10.9.0.0/16", "10.2.0.9"), NULL);
	struct df_obj *obj = interface(router, red_subnet, "10.2.0.3");
	struct df_txn *txn;

	(void)state;
	assert_int_equal(create(other), -EINVAL);
	must(df_obj_set(obj, "router_id", df_obj_id(other), &error));
	must(df_txn_new(&txn, nb));
	must(df_txn_create(txn, obj, &error));
	must(df_txn_create(txn, other, &error));
	must(df_txn_commit_sync(txn, &error));
	assert_int_equal(df_obj_revision(other), 1);
	must(df_txn_new(&txn, nb));
	must(df_txn_delete(txn, "router", df_obj_id(other), 0, &error));
	must(df_txn_delete(txn, "router_interface", df_obj_id(obj), 0,
			   &error));
	must(df_txn_commit_sync(txn, &error));
	assert_null(stored("router", df_obj_id(other)));
	df_obj_put(other);
	df_obj_put(obj);
}

static void link_tells_where_a_router_leads(void **state)
{
	char *topic = text("router/%s%s", df_obj_id(router), "");
	struct df_obj *link;

	(void)state;
	assert_int_equal(count("router_link", topic), 2);
	assert_int_equal(count("router", topic), 1);
	link = stored("router_link", df_obj_id(red_iface));
	assert_string_equal(df_obj_string(link, "network_id"), df_obj_id(red));
	df_obj_put(link);
	must(delete(red_iface, 0));
	assert_int_equal(count("router_link", topic), 1);
}

/* Two handles add overlapping subnets at the same time, each unaware. */
static void one_of_two_racing_overlaps_is_refused(void **state)
{
	struct df_obj *a = subnet_of(red, "10.6.0.0/24", "10.6.0.1");
	struct df_obj *b = subnet_of(network, "10.6.0.0/25", "10.6.0.2");
	struct df_obj *one = interface(router, a, NULL);
	struct df_obj *two = interface(router, b, NULL);
	struct df_txn *first, *second;
	size_t before = count("router_interface", NULL);

	(void)state;
	must(df_txn_new(&first, nb));
	must(df_txn_new(&second, nb));
	must(df_txn_create(first, one, &error));
	must(df_txn_create(second, two, &error));
	/* Both have read before either commits. */
	df_txn_commit(first, NULL, NULL);
	assert_int_equal(df_txn_commit_sync(second, &error), -EINVAL);
	assert_int_equal(count("router_interface", NULL), before + 1);
	df_obj_put(a);
	df_obj_put(b);
	df_obj_put(one);
	df_obj_put(two);
}

#define router_test(fn) \
	cmocka_unit_test_setup_teardown(fn, router_setup, router_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		router_test(interface_takes_the_gateway_address),
		router_test(what_is_written_again_is_unchanged),
		router_test(address_must_fit_its_subnet),
		router_test(interface_needs_addresses_of_one_network),
		router_test(subnets_of_a_router_do_not_overlap),
		router_test(overlaps_within_a_transaction_are_seen),
		router_test(interfaces_and_ports_share_addresses),
		router_test(what_a_router_uses_is_not_deleted),
		router_test(routes_agree_with_each_other),
		router_test(nexthops_are_on_subnets_of_the_router),
		router_test(router_with_all_comes_and_goes_at_once),
		router_test(link_tells_where_a_router_leads),
		router_test(one_of_two_racing_overlaps_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
