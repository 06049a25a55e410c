// SPDX-License-Identifier: GPL-2.0
/*
 * When workloads are told of routers. Time, timers and chance are ours: what
 * libevent, clock_gettime() and random() do is done here, so that hours pass at
 * once, and the extremes are chosen.
 *
 *	ports 1, 2 --- network 11 --- interface 41
 *	port 3     --- network 12
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>
#include <event2/event.h>

#include "app/advert.h"
#include "app/ra.h"
#include "util.h"

enum {
	SENT_MAX = 4096,
	EVENTS_MAX = 64,
	ETH_TYPE = 12,
	ICMP6_TYPE = 14 + 40,
	RA_LIFETIME = ICMP6_TYPE + 6,
	TYPE_RA = 134,
	TYPE_NA = 136,
};

/* --- time and chance ------------------------------------------------------- */

struct event {
	event_callback_fn fn;
	void *arg;
	uint64_t due_ms;
	bool is_used;
	bool is_set;
};

/* Not from 0: the machine has been up for a while. */
static uint64_t now_ms = 5000;
static struct event events[EVENTS_MAX];
static long chance;

/* cppcheck-suppress-begin unusedFunction; the code under test calls them */
struct event *event_new(struct event_base *base, evutil_socket_t fd, short what,
			event_callback_fn fn, void *arg)
{
	(void)base;
	assert_int_equal(fd, -1);
	assert_int_equal(what, 0);
	for (size_t i = 0; i < EVENTS_MAX; i++) {
		if (events[i].is_used)
			continue;
		events[i] = (struct event){ .fn = fn, .arg = arg };
		events[i].is_used = true;
		return &events[i];
	}
	return NULL;
}

int event_add(struct event *event, const struct timeval *tv)
{
	assert_true(event->is_used);
	event->due_ms = now_ms + (uint64_t)tv->tv_sec * 1000 +
			(uint64_t)tv->tv_usec / 1000;
	event->is_set = true;
	return 0;
}

void event_free(struct event *event)
{
	assert_true(event->is_used);
	*event = (struct event){ 0 };
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	now->tv_sec = (time_t)(now_ms / 1000);
	now->tv_nsec = (long)(now_ms % 1000 * 1000000);
	return 0;
}

long random(void)
{
	return chance;
}
/* cppcheck-suppress-end unusedFunction */

/* Let time go on, and whatever is due happen. */
static void pass(uint64_t ms)
{
	uint64_t end = now_ms + ms;

	for (;;) {
		struct event *next = NULL;

		for (size_t i = 0; i < EVENTS_MAX; i++) {
			struct event *event = &events[i];

			if (event->is_set && event->due_ms <= end &&
			    (!next || event->due_ms < next->due_ms))
				next = event;
		}
		if (!next)
			break;
		now_ms = next->due_ms;
		next->is_set = false;
		next->fn(-1, 0, next->arg);
	}
	now_ms = end;
}

/* --- what is sent ---------------------------------------------------------- */

/**
 * struct sent - a frame that was sent
 * @at_ms: when
 * @port: out of which port
 * @type: of ICMPv6; 0 for ARP
 * @lifetime: of the router, in an advertisement
 * @mac: last byte of the source's
 */
struct sent {
	uint64_t at_ms;
	uint32_t port;
	uint8_t type;
	uint16_t lifetime;
	uint8_t mac;
};

struct world {
	struct dfa_ra ra;
	struct dfa_addrs *addrs;
	size_t count;
	struct sent sent[SENT_MAX];
};

static void note(void *arg, uint32_t port, const void *data, size_t len)
{
	struct world *world = arg;
	const uint8_t *frame = data;
	struct sent *sent = &world->sent[world->count++];

	assert_true(world->count < SENT_MAX && len >= 42);
	*sent = (struct sent){
		.at_ms = now_ms,
		.port = port,
		.mac = frame[11],
	};
	if (frame[ETH_TYPE] != 0x86)
		return;
	sent->type = frame[ICMP6_TYPE];
	if (sent->type == TYPE_RA)
		sent->lifetime = (uint16_t)(frame[RA_LIFETIME] << 8 |
					    frame[RA_LIFETIME + 1]);
}

/* Those of a type out of a port are moved to the front. Return: how many. */
static size_t keep(struct world *world, uint32_t port, uint8_t type)
{
	size_t kept = 0;

	for (size_t i = 0; i < world->count; i++) {
		if (world->sent[i].port == port && world->sent[i].type == type)
			world->sent[kept++] = world->sent[i];
	}
	world->count = 0;
	return kept;
}

static void check_gap(const struct world *world, size_t i, uint64_t ms)
{
	assert_int_equal(world->sent[i].at_ms - world->sent[i - 1].at_ms, ms);
}

/* --- the world ------------------------------------------------------------- */

static struct dfa_advert advert_of(const struct world *world)
{
	return (struct dfa_advert){
		.key = 41,
		.network = 11,
		.addrs = world->addrs,
		.mac = { 2, 0, 0, 0, 0, 0x41 },
		.interval_s = 600,
		.mtu = 1450,
		.prefix_count = 1,
		.prefixes = { { .address = { AF_INET6, { 0x20, 1, 0xd, 0xb8 } },
				.len = 64, .is_auto = true } },
	};
}

static struct dfa_addrs *addrs_new(uint8_t last)
{
	struct dfa_addr addr[] = {
		{ .address = { AF_INET, { 192, 0, 2, last } },
		  .prefix_len = 24 },
		{ .address = { AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = last } },
		  .prefix_len = 64 },
	};

	return dfa_addrs_new(addr, DFA_ARRAY_SIZE(addr));
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	chance = 0;
	dfa_ra_init(&world->ra, NULL, note, world);
	world->addrs = addrs_new(1);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	dfa_ra_fini(&world->ra);
	dfa_addrs_put(world->addrs);
	for (size_t i = 0; i < EVENTS_MAX; i++)
		assert_false(events[i].is_used);
	free(world);
	return 0;
}

static void set_advert(struct world *world, const struct dfa_advert *advert)
{
	assert_int_equal(dfa_ra_advert_set(&world->ra, advert), 0);
}

static void set_port(struct world *world, uint32_t port, uint32_t network)
{
	assert_int_equal(dfa_ra_port_set(&world->ra, port, network), 0);
}

/* Ports 1 and 2 with a router, port 3 without; what is new is over. */
static void begin(struct world *world, unsigned int interval_s)
{
	struct dfa_advert advert = advert_of(world);

	advert.interval_s = (uint16_t)interval_s;
	set_advert(world, &advert);
	set_port(world, 1, 11);
	set_port(world, 2, 11);
	set_port(world, 3, 12);
	pass(33000);
	world->count = 0;
}

/* --- advertisements -------------------------------------------------------- */

static void what_is_new_is_said_at_once_and_again_soon(void **state)
{
	struct world *world = *state;
	struct dfa_advert advert = advert_of(world);
	uint64_t begin_ms = now_ms;

	chance = 13000; /* the latest */
	set_advert(world, &advert);
	set_port(world, 1, 11);
	pass(32000);
	assert_int_equal(keep(world, 1, TYPE_RA), 3);
	assert_int_equal(world->sent[0].at_ms, begin_ms);
	assert_int_equal(world->sent[0].lifetime, DFA_ADVERT_LIFETIME_S);
	check_gap(world, 1, 16000);
	check_gap(world, 2, 16000);
	chance = 0; /* the soonest */
	set_port(world, 2, 11);
	pass(6000);
	assert_int_equal(keep(world, 2, TYPE_RA), 3);
	check_gap(world, 1, 3000);
	check_gap(world, 2, 3000);
}

static void check_period(struct world *world, unsigned int interval_s,
			 uint64_t least_ms, uint64_t most_ms)
{
	size_t count;

	begin(world, interval_s);
	chance = 0;
	pass(interval_s * 4000);
	count = keep(world, 1, TYPE_RA);
	assert_true(count >= 4);
	for (size_t i = 2; i < count; i++)
		check_gap(world, i, least_ms);
	chance = (long)(most_ms - least_ms);
	pass(interval_s * 4000);
	count = keep(world, 1, TYPE_RA);
	assert_true(count >= 3);
	for (size_t i = 2; i < count; i++)
		check_gap(world, i, most_ms);
}

static void later_ones_are_as_far_apart_as_is_wanted(void **state)
{
	struct world *world = *state;

	check_period(world, 600, 200000, 600000);
	check_period(world, 1800, 600000, 1800000);
	check_period(world, 9, 3000, 9000);
	check_period(world, 4, 3000, 4000);
}

static void a_shorter_interval_holds_at_once(void **state)
{
	struct world *world = *state;
	struct dfa_advert advert = advert_of(world);

	begin(world, 600);
	advert.interval_s = 4;
	chance = 1000;
	set_advert(world, &advert);
	pass(12000);
	assert_true(keep(world, 1, TYPE_RA) >= 3);
}

static void a_solicitation_is_answered_within_half_a_second(void **state)
{
	struct world *world = *state;
	uint64_t asked_ms;

	begin(world, 600);
	asked_ms = now_ms;
	chance = 500;
	dfa_ra_solicited(&world->ra, 1);
	pass(500);
	assert_int_equal(world->count, 1);
	assert_int_equal(keep(world, 1, TYPE_RA), 1);
	assert_int_equal(world->sent[0].at_ms, asked_ms + 500);
	/* There is no such port, or no router. */
	dfa_ra_solicited(&world->ra, 3);
	dfa_ra_solicited(&world->ra, 99);
	pass(2000);
	assert_int_equal(world->count, 0);
}

static void however_often_one_asks_there_are_3_seconds_between(void **state)
{
	struct world *world = *state;
	size_t count;

	begin(world, 600);
	chance = 0;
	for (int i = 0; i < 300; i++) {
		dfa_ra_solicited(&world->ra, 1);
		pass(100);
	}
	count = keep(world, 1, TYPE_RA);
	assert_int_equal(count, 11);
	for (size_t i = 1; i < count; i++)
		check_gap(world, i, 3000);
}

static void a_router_that_goes_says_farewell_once(void **state)
{
	struct world *world = *state;

	begin(world, 600);
	dfa_ra_advert_del(&world->ra, 41);
	assert_int_equal(world->count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(world->sent[i].type, TYPE_RA);
		assert_int_equal(world->sent[i].lifetime, 0);
		assert_int_not_equal(world->sent[i].port, 3);
	}
	pass(3600000);
	assert_int_equal(world->count, 2);
}

static void one_without_prefixes_any_more_says_farewell(void **state)
{
	struct world *world = *state;
	struct dfa_advert advert = advert_of(world);

	begin(world, 600);
	advert.prefix_count = 0;
	set_advert(world, &advert);
	set_advert(world, &advert);
	assert_int_equal(world->count, 2);
	assert_int_equal(world->sent[0].lifetime, 0);
	pass(3600000);
	assert_int_equal(world->count, 2);
	dfa_ra_advert_del(&world->ra, 41);
	assert_int_equal(world->count, 2);
}

static void an_end_of_the_agent_is_none_of_the_router(void **state)
{
	struct world *world = *state;

	begin(world, 600);
	dfa_ra_fini(&world->ra);
	assert_int_equal(world->count, 0);
	dfa_ra_init(&world->ra, NULL, note, world);
}

static void a_port_hears_of_the_network_that_it_is_in(void **state)
{
	struct world *world = *state;

	begin(world, 600);
	set_port(world, 1, 12);
	set_port(world, 3, 11);
	pass(4000);
	assert_int_equal(keep(world, 3, TYPE_RA), 2);
	dfa_ra_port_del(&world->ra, 2);
	dfa_ra_port_del(&world->ra, 2);
	dfa_ra_advert_del(&world->ra, 41);
	assert_int_equal(world->count, 1);
	assert_int_equal(world->sent[0].port, 3);
}

static void two_routers_speak_at_the_same_time(void **state)
{
	struct world *world = *state;
	struct dfa_advert other = advert_of(world);

	begin(world, 600);
	other.key = 42;
	other.mac[5] = 0x42;
	other.interval_s = 9;
	set_advert(world, &other);
	pass(0);
	assert_int_equal(keep(world, 1, TYPE_RA), 2);
	assert_int_equal(world->sent[0].mac, 0x41);
	assert_int_equal(world->sent[1].mac, 0x42);
	/* The shorter interval is that of both. */
	chance = 6000;
	pass(60000);
	assert_true(keep(world, 1, TYPE_RA) >= 10);
}

/* --- announcements --------------------------------------------------------- */

static void addresses_are_announced_three_times(void **state)
{
	struct world *world = *state;
	struct dfa_advert advert = advert_of(world);

	advert.prefix_count = 0;
	set_port(world, 1, 11);
	set_port(world, 2, 11);
	set_port(world, 3, 12);
	set_advert(world, &advert);
	pass(3600000);
	/* 3 times, 2 addresses, 2 ports, and nothing else. */
	assert_int_equal(world->count, 12);
	assert_int_equal(keep(world, 2, TYPE_NA), 3);
	check_gap(world, 1, 1000);
	check_gap(world, 2, 1000);
	set_advert(world, &advert);
	pass(3600000);
	assert_int_equal(world->count, 0);
}

static void another_address_or_mac_is_announced(void **state)
{
	struct world *world = *state;
	struct dfa_advert advert = advert_of(world);
	uint64_t changed_ms;

	begin(world, 600);
	advert.addrs = addrs_new(2);
	set_advert(world, &advert);
	pass(3000);
	assert_int_equal(keep(world, 1, 0), 3);
	dfa_addrs_put(advert.addrs);
	advert.addrs = world->addrs;
	advert.mac[5] = 0x99;
	changed_ms = now_ms;
	set_advert(world, &advert);
	/* The router is known by its link-local address, and that is new. */
	assert_int_equal(world->count, 2);
	assert_int_equal(world->sent[0].lifetime, 0);
	assert_int_equal(world->sent[0].mac, 0x41);
	pass(3000);
	assert_int_equal(keep(world, 1, 0), 3);
	assert_int_equal(world->sent[0].at_ms, changed_ms);
	assert_int_equal(world->sent[0].mac, 0x99);
}

static void quick_changes_are_announced_once_in_a_second(void **state)
{
	struct world *world = *state;
	struct dfa_advert advert = advert_of(world);
	size_t count;

	begin(world, 600);
	for (uint8_t i = 0; i < 50; i++) {
		advert.mac[5] = i;
		/* As an interface that is deleted and made anew. */
		advert.key = 100u + i;
		if (i)
			dfa_ra_advert_del(&world->ra, advert.key - 1);
		set_advert(world, &advert);
		pass(100);
	}
	pass(5000);
	count = keep(world, 1, 0);
	assert_in_range(count, 7, 8);
	for (size_t i = 1; i < count; i++)
		check_gap(world, i, 1000);
	assert_int_equal(world->sent[count - 1].mac, 49);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_new_is_said_at_once_and_again_soon),
		TEST(later_ones_are_as_far_apart_as_is_wanted),
		TEST(a_shorter_interval_holds_at_once),
		TEST(a_solicitation_is_answered_within_half_a_second),
		TEST(however_often_one_asks_there_are_3_seconds_between),
		TEST(a_router_that_goes_says_farewell_once),
		TEST(one_without_prefixes_any_more_says_farewell),
		TEST(an_end_of_the_agent_is_none_of_the_router),
		TEST(a_port_hears_of_the_network_that_it_is_in),
		TEST(two_routers_speak_at_the_same_time),
		TEST(addresses_are_announced_three_times),
		TEST(another_address_or_mac_is_announced),
		TEST(quick_changes_are_announced_once_in_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
