// SPDX-License-Identifier: GPL-2.0
/* The judge of the soak: what it lets pass, and what it does not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cm.h"

#include "probe.h"

enum { TICK_MS = 10, BOUND_MS = 1000, A = 1, B = 2, C = 3 };

static const uint8_t mac_b[6] = { 2, 0, 0, 0, 0, B };
static char *said;
static size_t said_len;
static FILE *to_judge, *to_us;

/* A case begins with nothing said, no pairs, and no flows. */
static int begin(void **state)
{
	int from, to;

	(void)state;
	judge_calm();
	for (from = 0; from < PORTS_MAX; from++)
		for (to = 0; to < PORTS_MAX; to++)
			judge_pair(from, to, FREE, 0);
	to_us = stdout;
	to_judge = open_memstream(&said, &said_len);
	assert_non_null(to_judge);
	stdout = to_judge;
	return 0;
}

static int end(void **state)
{
	(void)state;
	stdout = to_us;
	fclose(to_judge);
	free(said);
	return 0;
}

/* What the judge has said; "" is praise. */
static const char *verdict(void)
{
	fflush(to_judge);
	return said;
}

static void pass(int64_t ms)
{
	for (; ms > 0; ms -= TICK_MS) {
		judge_tick(TICK_MS);
		judge_check();
	}
}

static struct probe send_one(int from, int to, enum kind kind)
{
	struct probe probe = {
		.from = (uint8_t)from,
		.to = (uint8_t)to,
		.flow = NO_FLOW,
		.kind = kind,
	};

	judge_sends(&probe);
	return probe;
}

static void arrive(const struct probe *probe, int at)
{
	uint8_t frame[FRAME_MAX];

	probe_frame(frame, mac_b, mac_b, probe);
	judge_got(at, mac_b, probe, frame);
}

/* Everything from A to B arrives for a while. */
static void all_is_well(int64_t ms)
{
	for (; ms > 0; ms -= 100) {
		struct probe probe;

		probe = send_one(A, B, IP4);
		arrive(&probe, B);
		probe = send_one(A, B, IP6);
		arrive(&probe, B);
		probe = send_one(A, A, BROADCAST);
		arrive(&probe, B);
		pass(100);
	}
}

static void reached(void)
{
	judge_pair(A, B, REACH, BOUND_MS);
	all_is_well(2 * BOUND_MS);
	assert_string_equal(verdict(), "");
}

static void what_follows_the_model_is_fine(void **state)
{
	struct probe late;

	(void)state;
	/* of a change not all is expected at once, and nothing is of "may" */
	judge_pair(A, B, REACH, BOUND_MS);
	send_one(A, B, IP4);
	assert_int_equal(judge_waiting(), KINDS);
	all_is_well(2 * BOUND_MS);
	assert_int_equal(judge_waiting(), 0);
	judge_pair(A, B, DENY, BOUND_MS);
	late = send_one(A, B, IP4);
	pass(2 * BOUND_MS);
	arrive(&late, B);
	judge_pair(A, B, FREE, 0);
	late = send_one(A, B, IP4);
	arrive(&late, B);
	pass(10 * BOUND_MS);
	assert_string_equal(verdict(), "");
}

static void one_lost_packet_of_a_pair_is_seen(void **state)
{
	(void)state;
	reached();
	send_one(A, B, IP6);
	all_is_well(10 * BOUND_MS);
	assert_non_null(strstr(verdict(), "fail lost 1 -> 2: IPv6"));
}

static void one_broadcast_lost_by_one_port_is_seen(void **state)
{
	struct probe probe;

	(void)state;
	reached();
	judge_pair(A, C, REACH, BOUND_MS);
	for (int i = 0; i < 20; i++) {
		all_is_well(100);
		probe = send_one(A, C, IP4);
		arrive(&probe, C);
		probe = send_one(A, C, IP6);
		arrive(&probe, C);
		probe = send_one(A, A, BROADCAST);
		arrive(&probe, C);
		if (i != 15)
			arrive(&probe, B);
	}
	judge_pair(A, C, FREE, 0);
	all_is_well(10 * BOUND_MS);
	assert_non_null(strstr(verdict(), "fail lost 1 -> 2: broadcast"));
	assert_null(strstr(verdict(), "1 -> 3"));
}

static void run_flow(int flow, int64_t ms, bool is_outage)
{
	struct probe probe;

	for (; ms > 0; ms -= TICK_MS) {
		if (judge_steady_due(flow, &probe)) {
			judge_sends(&probe);
			if (!is_outage)
				arrive(&probe, B);
		}
		pass(TICK_MS);
	}
}

static void an_outage_of_200_ms_is_seen(void **state)
{
	int flow = judge_steady(A, B);

	(void)state;
	run_flow(flow, 5 * BOUND_MS, false);
	assert_string_equal(verdict(), "");
	run_flow(flow, 200, true);
	run_flow(flow, 10 * BOUND_MS, false);
	assert_non_null(strstr(verdict(), "fail lost 1 -> 2"));
}

static void stolen_time_excuses_a_delay_and_no_loss(void **state)
{
	struct probe probe;

	(void)state;
	reached();
	/* nobody ran for a minute: nothing was sent, nothing can be missing */
	judge_tick(60000);
	judge_check();
	all_is_well(BOUND_MS);
	assert_string_equal(verdict(), "");
	/* a packet that was sent before is given up like any other */
	probe = send_one(A, B, IP4);
	judge_tick(200);
	all_is_well(10 * BOUND_MS);
	assert_non_null(strstr(verdict(), "fail lost"));
	assert_null(strstr(verdict(), "twice"));
	arrive(&probe, B);
	assert_non_null(strstr(verdict(), "fail late"));
	assert_null(strstr(verdict(), "twice"));
}

static void a_packet_that_comes_twice_is_seen(void **state)
{
	struct probe probe;

	(void)state;
	reached();
	probe = send_one(A, B, IP4);
	arrive(&probe, B);
	arrive(&probe, B);
	assert_non_null(strstr(verdict(), "fail twice 1 -> 2: IPv4"));
}

static void what_must_not_arrive_is_seen(void **state)
{
	struct probe probe;

	(void)state;
	judge_pair(A, B, DENY, BOUND_MS);
	pass(2 * BOUND_MS);
	probe = send_one(A, A, BROADCAST);
	arrive(&probe, B);
	assert_non_null(strstr(verdict(), "fail leak 1 -> 2: broadcast"));
}

static void what_is_for_another_address_is_seen(void **state)
{
	static const uint8_t mac_c[6] = { 2, 0, 0, 0, 0, C };
	uint8_t frame[FRAME_MAX];
	struct probe probe;

	(void)state;
	reached();
	probe = send_one(A, C, IP4);
	probe_frame(frame, mac_b, mac_c, &probe);
	judge_got(B, mac_b, &probe, frame);
	assert_non_null(strstr(verdict(), "fail stray 1 -> 2"));
}

static void what_is_not_reached_in_time_is_seen(void **state)
{
	(void)state;
	judge_pair(A, B, REACH, BOUND_MS);
	pass(BOUND_MS);
	assert_string_equal(verdict(), "");
	pass(BOUND_MS);
	assert_non_null(strstr(verdict(), "fail unreachable 1 -> 2"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(what_follows_the_model_is_fine),
		CASE(one_lost_packet_of_a_pair_is_seen),
		CASE(one_broadcast_lost_by_one_port_is_seen),
		CASE(an_outage_of_200_ms_is_seen),
		CASE(stolen_time_excuses_a_delay_and_no_loss),
		CASE(a_packet_that_comes_twice_is_seen),
		CASE(what_must_not_arrive_is_seen),
		CASE(what_is_for_another_address_is_seen),
		CASE(what_is_not_reached_in_time_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
