// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "view.h"

struct seen {
	int needed, unneeded;
	struct dfa_uuid last;
};

static void needed(void *arg, enum dfa_view_kind kind,
		   const struct dfa_uuid *id)
{
	struct seen *seen = arg;

	(void)kind;
	seen->needed++;
	seen->last = *id;
}

static void unneeded(void *arg, enum dfa_view_kind kind,
		     const struct dfa_uuid *id)
{
	struct seen *seen = arg;

	(void)kind;
	seen->unneeded++;
	seen->last = *id;
}

static const struct dfa_view_ops ops = {
	.needed = needed,
	.unneeded = unneeded,
};

static size_t ports(const struct dfa_view *view, const struct dfa_uuid *network)
{
	struct dfa_view_why why = { 0 };

	dfa_view_why(view, DFA_VIEW_NETWORK, network, &why);
	return why.ports;
}

static struct dfa_uuid uuid(uint8_t kind, uint8_t number)
{
	return (struct dfa_uuid){ .bytes = { kind, number } };
}

static void a_network_is_needed_while_it_has_ports(void **unused)
{
	struct dfa_uuid network = uuid(1, 1), a = uuid(2, 1), b = uuid(2, 2);
	struct seen seen = { 0 };
	struct dfa_view view;

	(void)unused;
	dfa_view_init(&view, &ops, &seen);
	dfa_view_bind(&view, &a, &network);
	assert_int_equal(seen.needed, 1);
	assert_true(dfa_uuid_equal(&seen.last, &network));
	dfa_view_bind(&view, &b, &network);
	assert_int_equal(seen.needed, 1);
	assert_int_equal(ports(&view, &network), 2);
	dfa_view_unbind(&view, &a);
	assert_int_equal(seen.unneeded, 0);
	dfa_view_unbind(&view, &b);
	assert_int_equal(seen.unneeded, 1);
	assert_int_equal(ports(&view, &network), 0);
	dfa_view_fini(&view);
}

static void being_told_twice_counts_once(void **unused)
{
	struct dfa_uuid network = uuid(1, 1), port = uuid(2, 1);
	struct seen seen = { 0 };
	struct dfa_view view;

	(void)unused;
	dfa_view_init(&view, &ops, &seen);
	dfa_view_bind(&view, &port, &network);
	dfa_view_bind(&view, &port, &network);
	assert_int_equal(ports(&view, &network), 1);
	dfa_view_unbind(&view, &port);
	dfa_view_unbind(&view, &port);
	assert_int_equal(seen.unneeded, 1);
	dfa_view_fini(&view);
}

static void a_port_may_change_its_network(void **unused)
{
	struct dfa_uuid old = uuid(1, 1), new = uuid(1, 2), port = uuid(2, 1);
	struct seen seen = { 0 };
	struct dfa_view view;

	(void)unused;
	dfa_view_init(&view, &ops, &seen);
	dfa_view_bind(&view, &port, &old);
	dfa_view_bind(&view, &port, &new);
	assert_int_equal(seen.needed, 2);
	assert_int_equal(seen.unneeded, 1);
	assert_true(dfa_uuid_equal(&seen.last, &old));
	assert_int_equal(ports(&view, &new), 1);
	dfa_view_fini(&view);
}

static void many_ports_keep_their_networks_apart(void **unused)
{
	struct seen seen = { 0 };
	struct dfa_view view;

	(void)unused;
	dfa_view_init(&view, &ops, &seen);
	for (unsigned int i = 0; i < 250; i++) {
		struct dfa_uuid port = uuid(2, (uint8_t)i);
		struct dfa_uuid network = uuid(1, (uint8_t)(i % 10));

		dfa_view_bind(&view, &port, &network);
	}
	assert_int_equal(seen.needed, 10);
	for (unsigned int i = 0; i < 250; i++) {
		struct dfa_uuid port = uuid(2, (uint8_t)i);

		dfa_view_unbind(&view, &port);
	}
	assert_int_equal(seen.unneeded, 10);
	dfa_view_fini(&view);
}

/* --- routers --------------------------------------------------------------- */

/*
 *	net 1 --- router 1 --- net 2 --- router 2 --- net 3
 *
 * as the topics tell it: interface NR is where network N and router R meet.
 */
enum { NET = 1, PORT, ROUTER, INTERFACE };

struct world {
	struct dfa_view view;
	struct seen seen;
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	dfa_view_init(&world->view, &ops, &world->seen);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	dfa_view_fini(&world->view);
	free(world);
	return 0;
}

static void bind_port(struct world *world, uint8_t port, uint8_t net)
{
	struct dfa_uuid id = uuid(PORT, port), network = uuid(NET, net);

	assert_int_equal(dfa_view_bind(&world->view, &id, &network), 0);
}

static void unbind_port(struct world *world, uint8_t port)
{
	struct dfa_uuid id = uuid(PORT, port);

	dfa_view_unbind(&world->view, &id);
}

static struct dfa_addrs *address(uint8_t net, uint8_t host)
{
	struct dfa_addr addr = {
		.address = { .family = AF_INET, .bytes = { 10, net, 0, host } },
	};

	return dfa_addrs_new(&addr, 1);
}

/* The network tells of its interface: its address ends with the router. */
static void interface_at(struct world *world, uint8_t net, uint8_t router,
			 uint8_t host)
{
	struct dfa_uuid id = uuid(INTERFACE, (uint8_t)(net * 16 + router));
	struct dfa_uuid network = uuid(NET, net), r = uuid(ROUTER, router);
	struct dfa_addrs *addrs = address(net, host);

	assert_int_equal(dfa_view_interface(&world->view, &id, &network, &r,
					    addrs), 0);
	dfa_addrs_put(addrs);
}

static void interface(struct world *world, uint8_t net, uint8_t router)
{
	interface_at(world, net, router, router);
}

static void link_to(struct world *world, uint8_t net, uint8_t router)
{
	struct dfa_uuid id = uuid(INTERFACE, (uint8_t)(net * 16 + router));
	struct dfa_uuid network = uuid(NET, net), r = uuid(ROUTER, router);

	assert_int_equal(dfa_view_link(&world->view, &id, &network, &r), 0);
}

static void no_interface(struct world *world, uint8_t net, uint8_t router)
{
	struct dfa_uuid id = uuid(INTERFACE, (uint8_t)(net * 16 + router));

	dfa_view_interface_del(&world->view, &id);
}

static void no_link(struct world *world, uint8_t net, uint8_t router)
{
	struct dfa_uuid id = uuid(INTERFACE, (uint8_t)(net * 16 + router));

	dfa_view_link_del(&world->view, &id);
}

/* Router @of has a route by router @by (0: none) in network @net. */
static void route(struct world *world, uint8_t of, uint8_t net, uint8_t by)
{
	struct dfa_uuid id = uuid(ROUTER, of);

	assert_int_equal(dfa_view_nexthops(&world->view, &id,
					   by ? address(net, by) : NULL), 0);
}

static bool is_needed(struct world *world, enum dfa_view_kind kind, uint8_t nr)
{
	struct dfa_uuid id = uuid(kind == DFA_VIEW_NETWORK ? NET : ROUTER, nr);
	struct dfa_view_why why;

	return dfa_view_why(&world->view, kind, &id, &why);
}

/* Networks and routers by number, as bits: 0x6 is 1 and 2. */
static void check_needed(struct world *world, unsigned int networks,
			 unsigned int routers)
{
	for (uint8_t nr = 1; nr < 8; nr++) {
		assert_int_equal(is_needed(world, DFA_VIEW_NETWORK, nr),
				 networks >> nr & 1);
		assert_int_equal(is_needed(world, DFA_VIEW_ROUTER, nr),
				 routers >> nr & 1);
	}
	assert_int_equal(world->seen.needed - world->seen.unneeded,
			 __builtin_popcount(networks) +
				 __builtin_popcount(routers));
}

/* What the topics of the picture tell, as they come to be followed. */
static void tell(struct world *world)
{
	interface(world, 1, 1);
	link_to(world, 1, 1);
	link_to(world, 2, 1);
	interface(world, 2, 1);
	interface(world, 2, 2);
}

static void a_router_of_a_local_network_leads_on(void **state)
{
	struct world *world = *state;
	struct dfa_uuid two = uuid(NET, 2), one = uuid(ROUTER, 1);
	struct dfa_view_why why;

	bind_port(world, 1, 1);
	check_needed(world, 0x2, 0);
	interface(world, 1, 1);
	check_needed(world, 0x2, 0x2);
	link_to(world, 1, 1);
	link_to(world, 2, 1);
	check_needed(world, 0x6, 0x2);
	assert_true(dfa_view_why(&world->view, DFA_VIEW_NETWORK, &two, &why));
	assert_int_equal(why.ports, 0);
	assert_true(dfa_uuid_equal(&why.via, &one));
}

static void a_router_of_a_network_led_to_is_not_needed(void **state)
{
	struct world *world = *state;

	bind_port(world, 1, 1);
	tell(world);
	check_needed(world, 0x6, 0x2);
	/* A port there makes it reachable from here. */
	bind_port(world, 2, 2);
	check_needed(world, 0x6, 0x6);
	unbind_port(world, 2);
	check_needed(world, 0x6, 0x2);
}

static void a_next_hop_is_needed(void **state)
{
	struct world *world = *state;

	bind_port(world, 1, 1);
	tell(world);
	route(world, 1, 2, 2);
	check_needed(world, 0x6, 0x6);
	link_to(world, 2, 2);
	link_to(world, 3, 2);
	check_needed(world, 0xe, 0x6);
	/* And on from there. */
	interface(world, 3, 3);
	check_needed(world, 0xe, 0x6);
	route(world, 2, 3, 3);
	check_needed(world, 0xe, 0xe);
	route(world, 1, 2, 0);
	check_needed(world, 0x6, 0x2);
}

static void a_next_hop_may_appear_later(void **state)
{
	struct world *world = *state;

	bind_port(world, 1, 1);
	interface(world, 1, 1);
	route(world, 1, 2, 2);
	link_to(world, 2, 1);
	check_needed(world, 0x6, 0x2);
	interface_at(world, 2, 2, 9);
	check_needed(world, 0x6, 0x2);
	interface_at(world, 2, 2, 2);
	check_needed(world, 0x6, 0x6);
	interface_at(world, 2, 2, 9);
	check_needed(world, 0x6, 0x2);
}

static void everything_goes_with_the_last_port(void **state)
{
	struct world *world = *state;

	bind_port(world, 1, 1);
	bind_port(world, 2, 1);
	tell(world);
	route(world, 1, 2, 2);
	link_to(world, 3, 2);
	unbind_port(world, 1);
	check_needed(world, 0xe, 0x6);
	unbind_port(world, 2);
	check_needed(world, 0, 0);
	assert_int_equal(world->view.places.count, 0);
	assert_int_equal(world->view.edges.count, 0);
	/* Nothing is remembered of what is not followed. */
	bind_port(world, 1, 1);
	check_needed(world, 0x2, 0);
}

static void either_end_may_go_first(void **state)
{
	struct world *world = *state;

	bind_port(world, 1, 1);
	tell(world);
	no_link(world, 2, 1);
	check_needed(world, 0x2, 0x2);
	link_to(world, 2, 1);
	check_needed(world, 0x6, 0x2);
	no_interface(world, 1, 1);
	check_needed(world, 0x2, 0);
	interface(world, 1, 1);
	check_needed(world, 0x2, 0x2);
}

static void a_change_that_takes_nothing_away_costs_nothing(void **state)
{
	struct world *world = *state;
	int before;

	bind_port(world, 1, 1);
	tell(world);
	before = world->seen.unneeded;
	tell(world);
	interface_at(world, 1, 1, 7);
	route(world, 1, 2, 7);
	route(world, 1, 2, 0);
	check_needed(world, 0x6, 0x2);
	assert_int_equal(world->seen.unneeded, before);
}

static void rings_of_routers_go_too(void **state)
{
	struct world *world = *state;

	bind_port(world, 1, 1);
	for (uint8_t router = 1; router < 4; router++) {
		interface(world, 1, router);
		link_to(world, 1, router);
		link_to(world, router + 1, router);
		interface(world, router + 1, router);
		route(world, router, 1, router % 3 + 1);
	}
	check_needed(world, 0x1e, 0xe);
	unbind_port(world, 1);
	check_needed(world, 0, 0);
	assert_int_equal(world->view.places.count, 0);
}

static void uuids_survive_parsing_and_printing(void **unused)
{
	static const char text[] = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
	char printed[DF_UUID_LEN + 1];
	struct dfa_uuid id;

	(void)unused;
	assert_int_equal(dfa_uuid_parse(&id, text), 0);
	dfa_uuid_print(printed, &id);
	assert_string_equal(printed, text);
	assert_int_not_equal(dfa_uuid_parse(&id, "0f1e2d3c"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_needed_while_it_has_ports),
		cmocka_unit_test(being_told_twice_counts_once),
		cmocka_unit_test(a_port_may_change_its_network),
		cmocka_unit_test(many_ports_keep_their_networks_apart),
		TEST(a_router_of_a_local_network_leads_on),
		TEST(a_router_of_a_network_led_to_is_not_needed),
		TEST(a_next_hop_is_needed),
		TEST(a_next_hop_may_appear_later),
		TEST(everything_goes_with_the_last_port),
		TEST(either_end_may_go_first),
		TEST(a_change_that_takes_nothing_away_costs_nothing),
		TEST(rings_of_routers_go_too),
		cmocka_unit_test(uuids_survive_parsing_and_printing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
