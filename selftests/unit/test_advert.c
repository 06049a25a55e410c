// SPDX-License-Identifier: GPL-2.0
/*
 * Router advertisements: what a router interface says, and as which bytes.
 *
 *	network (key 11) --- interface (41) --- router (51)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "app/advert.h"
#include "util.h"

#define NETWORK "10000000-0000-4000-8000-000000000001"
#define SUBNET1 "20000000-0000-4000-8000-000000000001"
#define SUBNET2 "20000000-0000-4000-8000-000000000002"
#define INTERFACE "40000000-0000-4000-8000-000000000001"
#define ROUTER "50000000-0000-4000-8000-000000000001"

#define NETWORK_JSON "{\"id\":\"" NETWORK "\",\"key\":11,\"mtu\":1442}"
#define ROUTER_JSON "{\"id\":\"" ROUTER "\",\"key\":51}"
#define SUBNET1_JSON(more)						\
	"{\"id\":\"" SUBNET1 "\",\"network_id\":\"" NETWORK "\","		\
	"\"cidr\":\"2001:db8:1::/64\"" more "}"
#define SUBNET2_JSON(more)						\
	"{\"id\":\"" SUBNET2 "\",\"network_id\":\"" NETWORK "\","		\
	"\"cidr\":\"2001:db8:2::/80\"" more "}"
#define INTERFACE_JSON(more)						\
	"{\"id\":\"" INTERFACE "\",\"key\":41,\"router_id\":\"" ROUTER	\
	"\",\"network_id\":\"" NETWORK "\","				\
	"\"mac_address\":\"02:00:00:00:00:41\",\"fixed_ips\":["		\
	"{\"subnet_id\":\"" SUBNET1 "\",\"ip_address\":"			\
	"\"2001:db8:1::1\",\"prefix_length\":64},"			\
	"{\"subnet_id\":\"" SUBNET2 "\",\"ip_address\":"			\
	"\"2001:db8:2::1\",\"prefix_length\":80}]" more "}"

/* Made with scapy of what the two subnets below say. */
static const uint8_t expected[] = {
	0x33, 0x33, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x41,
	0x86, 0xdd, 0x60, 0x00, 0x00, 0x00, 0x00, 0x88, 0x3a, 0xff, 0xfe, 0x80,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xfe, 0x00,
	0x00, 0x41, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x86, 0x00, 0xf0, 0x43, 0x40, 0xc0,
	0x23, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x01,
	0x02, 0x00, 0x00, 0x00, 0x00, 0x41, 0x05, 0x01, 0x00, 0x00, 0x00, 0x00,
	0x05, 0xa2, 0x03, 0x04, 0x40, 0xc0, 0x00, 0x27, 0x8d, 0x00, 0x00, 0x09,
	0x3a, 0x80, 0x00, 0x00, 0x00, 0x00, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x01,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x04,
	0x50, 0x80, 0x00, 0x27, 0x8d, 0x00, 0x00, 0x09, 0x3a, 0x80, 0x00, 0x00,
	0x00, 0x00, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x19, 0x05, 0x00, 0x00, 0x00, 0x00,
	0x23, 0x28, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x53, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x54,
};

struct world {
	struct dfa_config config;
	struct dfa_state state;
	struct dfa_compile compile;
	struct dfa_advert advert;
	int sets, dels;
};

static void advert_set(void *arg, const struct dfa_advert *advert)
{
	struct world *world = arg;

	world->advert = *advert;
	world->sets++;
}

static void advert_del(void *arg, uint32_t key)
{
	struct world *world = arg;

	assert_int_equal(key, 41);
	world->dels++;
}

static const struct dfa_compile_ops ops = {
	.advert_set = advert_set,
	.advert_del = advert_del,
};

static void put(struct world *world, const char *model, const char *json)
{
	struct df_error error = { 0 };
	struct df_obj *obj;

	if (df_obj_parse(&obj, model, json, strlen(json), &error))
		fail_msg("%s", error.text);
	assert_int_equal(dfa_compile_put(&world->compile, obj), 0);
	df_obj_put(obj);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	dfa_config_init(&world->config);
	dfa_state_init(&world->state);
	dfa_compile_init(&world->compile, &world->state, &world->config, &ops,
			 world);
	put(world, "router_interface", INTERFACE_JSON(""));
	put(world, "network", NETWORK_JSON);
	put(world, "router", ROUTER_JSON);
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

static void put_subnets(struct world *world)
{
	put(world, "subnet",
	    SUBNET1_JSON(",\"ipv6_ra_mode\":\"slaac\",\"dns_nameservers\":"
			 "[\"2001:db8::53\",\"192.0.2.53\"]"));
	put(world, "subnet",
	    SUBNET2_JSON(",\"ipv6_ra_mode\":\"dhcpv6-stateful\","
			 "\"dns_nameservers\":[\"2001:db8::53\","
			 "\"2001:db8::54\"]"));
}

static void a_subnet_without_a_mode_is_not_advertised(void **state)
{
	struct world *world = *state;

	put(world, "subnet", SUBNET1_JSON(""));
	assert_int_equal(world->advert.prefix_count, 0);
	put_subnets(world);
	assert_int_equal(world->advert.prefix_count, 2);
	put(world, "subnet", SUBNET1_JSON(""));
	assert_int_equal(world->advert.prefix_count, 1);
	put(world, "subnet", SUBNET2_JSON(""));
	assert_int_equal(world->advert.prefix_count, 0);
	/* Its addresses are announced all the same. */
	assert_int_equal(world->dels, 0);
	assert_int_equal(dfa_addrs_count(world->advert.addrs), 3);
}

static void modes_say_who_gives_what(void **state)
{
	static const struct {
		const char *json;
		bool is_auto, is_managed, has_other;
	} modes[] = {
		{ SUBNET1_JSON(",\"ipv6_ra_mode\":\"slaac\""),
		  true, false, false },
		{ SUBNET1_JSON(",\"ipv6_ra_mode\":\"dhcpv6-stateless\""),
		  true, false, true },
		{ SUBNET1_JSON(",\"ipv6_ra_mode\":\"dhcpv6-stateful\""),
		  false, true, true },
	};
	struct world *world = *state;

	for (size_t i = 0; i < DFA_ARRAY_SIZE(modes); i++) {
		put(world, "subnet", modes[i].json);
		assert_int_equal(world->advert.prefix_count, 1);
		assert_int_equal(world->advert.prefixes[0].is_auto,
				 modes[i].is_auto);
		assert_int_equal(world->advert.is_managed,
				 modes[i].is_managed);
		assert_int_equal(world->advert.has_other, modes[i].has_other);
	}
}

static void the_interval_is_that_of_the_interface(void **state)
{
	struct world *world = *state;

	put_subnets(world);
	assert_int_equal(world->advert.interval_s, 600);
	put(world, "router_interface", INTERFACE_JSON(",\"ra_interval\":30"));
	assert_int_equal(world->advert.interval_s, 30);
}

static void what_is_down_or_gone_is_not_advertised(void **state)
{
	struct world *world = *state;
	struct dfa_uuid id;

	put_subnets(world);
	put(world, "router_interface",
	    INTERFACE_JSON(",\"admin_state_up\":false"));
	assert_int_equal(world->dels, 1);
	put(world, "router_interface", INTERFACE_JSON(""));
	world->sets = 0;
	put(world, "router",
	    "{\"id\":\"" ROUTER "\",\"key\":51,\"admin_state_up\":false}");
	assert_int_equal(world->dels, 2);
	assert_int_equal(world->sets, 0);
	put(world, "router", ROUTER_JSON);
	assert_int_equal(world->sets, 1);
	dfa_uuid_parse(&id, NETWORK);
	assert_int_equal(dfa_compile_forget(&world->compile, &id), 0);
	assert_int_equal(world->dels, 3);
	assert_int_equal(world->compile.subnets.count, 0);
}

static void the_bytes_are_those_of_others(void **state)
{
	struct world *world = *state;
	uint8_t frame[DFA_ADVERT_MAX];
	size_t len;

	put_subnets(world);
	len = dfa_advert_build(frame, &world->advert, DFA_ADVERT_LIFETIME_S);
	assert_int_equal(len, sizeof(expected));
	assert_memory_equal(frame, expected, sizeof(expected));
	/* A farewell differs in the lifetimes, and the sum. */
	assert_int_equal(dfa_advert_build(frame, &world->advert, 0), len);
	assert_memory_not_equal(frame + 56, expected + 56, 2);
	assert_int_equal(frame[60] << 8 | frame[61], 0);
	assert_memory_equal(frame + 62, expected + 62, len - 62 - 36);
}

static void the_most_fits(void **state)
{
	struct dfa_advert advert = {
		.mtu = 1500,
		.prefix_count = DFA_ADVERT_PREFIXES,
		.dns_count = DFA_ADVERT_DNS,
		.domain_len = DFA_DOMAIN_MAX,
	};
	uint8_t frame[DFA_ADVERT_MAX];

	(void)state;
	assert_int_equal(dfa_advert_build(frame, &advert, 1), DFA_ADVERT_MAX);
	/* Every link takes it. */
	assert_true(DFA_ADVERT_MAX <= 14 + 1280);
}

static void the_domain_is_in_the_form_of_dns(void **state)
{
#define NAME63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"
	static const uint8_t option[] = {
		31, 3, 0, 0, 0, 0, 0x23, 0x28, 7, 'e', 'x', 'a', 'm', 'p', 'l',
		'e', 3, 'n', 'e', 't', 0, 0, 0, 0,
	};
	static const struct {
		const char *name;
		size_t len;
	} names[] = {
		{ "", 0 }, { ".", 0 }, { "a..b", 0 }, { ".a", 0 },
		{ "a", 3 }, { "a.", 3 }, { "example.net", 13 },
		{ NAME63, 65 }, { NAME63 "x", 0 },
		{ NAME63 "." NAME63 "." NAME63, 193 },
		{ NAME63 "." NAME63 "." NAME63 "." NAME63, 0 },
		{ "example.net.", 13 },
	};
	struct world *world = *state;
	uint8_t frame[DFA_ADVERT_MAX];
	char json[512];
	size_t len;

	put(world, "subnet", SUBNET1_JSON(",\"ipv6_ra_mode\":\"slaac\""));
	for (size_t i = 0; i < DFA_ARRAY_SIZE(names); i++) {
		snprintf(json, sizeof(json),
			 "{\"id\":\"" NETWORK "\",\"key\":11,\"mtu\":1442,"
			 "\"dns_domain\":\"%s\"}", names[i].name);
		put(world, "network", json);
		assert_int_equal(world->advert.domain_len, names[i].len);
	}
	len = dfa_advert_build(frame, &world->advert, DFA_ADVERT_LIFETIME_S);
	assert_memory_equal(frame + len - sizeof(option), option,
			    sizeof(option));
	put(world, "network", NETWORK_JSON);
	assert_int_equal(world->advert.domain_len, 0);
}

static void announcements_are_those_of_others(void **state)
{
	/* Made with scapy. */
	static const uint8_t arp[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x00, 0x00, 0x00,
		0x00, 0x41, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04,
		0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00, 0x41, 192, 0, 2, 1,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 192, 0, 2, 1,
	};
	static const uint8_t na[] = {
		0x33, 0x33, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00,
		0x00, 0x41, 0x86, 0xdd, 0x60, 0x00, 0x00, 0x00, 0x00, 0x20,
		0x3a, 0xff, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xff, 0x02,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x01, 0x88, 0x00, 0x78, 0xea, 0xa0, 0x00,
		0x00, 0x00, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x01,
		0x02, 0x00, 0x00, 0x00, 0x00, 0x41,
	};
	static const struct dfa_address ip4 = { AF_INET, { 192, 0, 2, 1 } };
	static const struct dfa_address ip6 = {
		AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 1 },
	};
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x41 };
	uint8_t frame[DFA_ANNOUNCE_MAX];

	(void)state;
	assert_int_equal(dfa_announce_build(frame, mac, &ip4), sizeof(arp));
	assert_memory_equal(frame, arp, sizeof(arp));
	assert_int_equal(dfa_announce_build(frame, mac, &ip6), sizeof(na));
	assert_memory_equal(frame, na, sizeof(na));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_subnet_without_a_mode_is_not_advertised),
		TEST(modes_say_who_gives_what),
		TEST(the_interval_is_that_of_the_interface),
		TEST(what_is_down_or_gone_is_not_advertised),
		TEST(the_bytes_are_those_of_others),
		TEST(the_domain_is_in_the_form_of_dns),
		cmocka_unit_test(announcements_are_those_of_others),
		cmocka_unit_test(the_most_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
