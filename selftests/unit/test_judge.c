// SPDX-License-Identifier: GPL-2.0
/* The judge of the soak: what it lets pass, and what it does not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cm.h"

#include "probe.h"

enum { TICK_MS = 10, BOUND_MS = 1000, A = 1, B = 2, C = 3, SHARED = PORTS_MAX };

static char *said;
static size_t said_len;
static FILE *to_judge, *to_us;

/* A case begins with nothing said, no pairs, and no flows. */
static int begin(void **state)
{
	enum kind kind;
	int from, to;

	(void)state;
	judge_calm();
	for (from = 0; from < PORTS_MAX; from++)
		for (to = 0; to < TARGETS_MAX; to++)
			for (kind = 0; kind < LINKS; kind++)
				judge_link(from, to, kind, FREE, 0, 0);
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

/* Whatever is sent between them as long as nobody answers. */
static void judge_pair(int from, int to, enum state state)
{
	enum kind kind;

	for (kind = IP4; kind <= BROADCAST; kind++)
		judge_link(from, to, kind, state, state == FREE ? 0 : BOUND_MS,
			   state == REACH ? 1ULL << to : 0);
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
	judge_got(at, true, probe);
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
	judge_pair(A, B, REACH);
	all_is_well(2 * BOUND_MS);
	assert_string_equal(verdict(), "");
}

static void what_follows_the_model_is_fine(void **state)
{
	struct probe late;

	(void)state;
	/* of a change not all is expected at once, and nothing is of "may" */
	judge_pair(A, B, REACH);
	send_one(A, B, IP4);
	assert_int_equal(judge_waiting(), 3);
	all_is_well(2 * BOUND_MS);
	assert_int_equal(judge_waiting(), 0);
	judge_pair(A, B, DENY);
	late = send_one(A, B, IP4);
	pass(2 * BOUND_MS);
	arrive(&late, B);
	judge_pair(A, B, FREE);
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
	judge_pair(A, C, REACH);
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
	judge_pair(A, C, FREE);
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
	judge_pair(A, B, DENY);
	pass(2 * BOUND_MS);
	probe = send_one(A, A, BROADCAST);
	arrive(&probe, B);
	assert_non_null(strstr(verdict(), "fail leak 1 -> 2: broadcast"));
}

static void what_is_for_another_address_is_seen(void **state)
{
	struct probe probe;

	(void)state;
	reached();
	probe = send_one(A, B, IP4);
	judge_got(B, false, &probe);
	assert_non_null(strstr(verdict(), "fail stray 1 -> 2: IPv4 to 2"));
	probe = send_one(A, B, IP6);
	judge_got(C, false, &probe);
	assert_non_null(strstr(verdict(), "fail stray 1 -> 3: IPv6 to 2"));
}

/* Addresses are used again: the one who has them now may get it, as may be. */
static void an_address_that_is_anothers_by_now_is_his(void **state)
{
	struct probe probe;

	(void)state;
	judge_pair(A, B, DENY);
	judge_pair(A, C, FREE);
	pass(BOUND_MS + TICK_MS);
	probe = send_one(A, B, IP4);
	judge_got(C, true, &probe);
	assert_string_equal(verdict(), "");
	judge_pair(A, C, DENY);
	pass(BOUND_MS + TICK_MS);
	probe = send_one(A, B, IP4);
	judge_got(C, true, &probe);
	assert_non_null(strstr(verdict(), "fail leak 1 -> 3: IPv4 to 2"));
}

static void what_policy_denies_one_family_the_other_may(void **state)
{
	struct probe probe;

	(void)state;
	judge_pair(A, B, REACH);
	judge_link(A, B, IP6, DENY, BOUND_MS, 0);
	judge_link(A, B, ANYTHING, FREE, 0, 0);
	for (int i = 0; i < 20; i++) {
		probe = send_one(A, B, IP4);
		arrive(&probe, B);
		probe = send_one(A, A, BROADCAST);
		arrive(&probe, B);
		send_one(A, B, IP6);
		pass(100);
	}
	assert_string_equal(verdict(), "");
	probe = send_one(A, B, IP6);
	arrive(&probe, B);
	assert_non_null(strstr(verdict(), "fail leak 1 -> 2: IPv6"));
}

static void of_what_is_walled_off_nothing_may_arrive(void **state)
{
	struct probe probe;

	(void)state;
	judge_pair(A, B, REACH);
	judge_link(A, C, ANYTHING, DENY, BOUND_MS, 0);
	pass(BOUND_MS / 2);
	probe = send_one(A, B, IP4);
	judge_got(C, true, &probe);
	assert_string_equal(verdict(), "");
	pass(BOUND_MS);
	judge_pair(A, B, FREE);
	probe = send_one(A, B, IP4);
	judge_got(C, true, &probe);
	assert_non_null(strstr(verdict(), "fail leak 1 -> 3: IPv4 to 2"));
	assert_non_null(strstr(verdict(), "as all was"));
}

static void send_shared(int at, int64_t ms)
{
	struct probe probe;

	for (; ms > 0; ms -= 100) {
		probe = send_one(A, SHARED, IP4);
		arrive(&probe, at);
		pass(100);
	}
}

static void what_is_shared_arrives_at_one_of_those_who_may_have_it(void **state)
{
	struct probe probe;

	(void)state;
	/* what is sent to their own addresses is another matter */
	judge_link(A, B, IP4, DENY, BOUND_MS, 0);
	judge_link(A, C, IP4, DENY, BOUND_MS, 0);
	pass(2 * BOUND_MS);
	judge_link(A, SHARED, IP4, REACH, BOUND_MS, 1 << B | 1 << C);
	send_shared(B, BOUND_MS);
	send_shared(C, 2 * BOUND_MS);
	judge_link(A, SHARED, IP4, REACH, BOUND_MS, 1 << C);
	/* he had it until now */
	send_shared(B, BOUND_MS / 2);
	send_shared(C, 2 * BOUND_MS);
	assert_string_equal(verdict(), "");
	send_one(A, SHARED, IP4);
	send_shared(C, 10 * BOUND_MS);
	assert_non_null(strstr(verdict(), "fail lost 1 -> 48: IPv4"));
	probe = send_one(A, SHARED, IP4);
	judge_got(B, true, &probe);
	assert_non_null(strstr(verdict(), "fail stray 1 -> 2: IPv4 to 48"));
	assert_null(strstr(verdict(), "leak"));
}

static void an_answer_that_is_lost_is_seen(void **state)
{
	struct probe probe;

	(void)state;
	judge_link(B, A, REPLY4, REACH, BOUND_MS, 1 << A);
	for (int i = 0; i < 20; i++) {
		probe = send_one(B, A, REPLY4);
		arrive(&probe, A);
		pass(100);
	}
	assert_string_equal(verdict(), "");
	send_one(B, A, REPLY4);
	for (int i = 0; i < 100; i++) {
		probe = send_one(B, A, REPLY4);
		arrive(&probe, A);
		pass(100);
	}
	assert_non_null(strstr(verdict(), "fail lost 2 -> 1: answer by IPv4"));
}

/* A frame is for who has both of its addresses. */
static void frames_say_who_they_are_for(void **state)
{
	struct ends a = { .mac = { 2, [5] = A }, .ip4 = { 192, 0, 2, A } }, b = a, c;
	struct probe probe = { .from = A, .to = B, .flow = NO_FLOW }, parsed;
	uint8_t frame[FRAME_MAX];
	size_t len;

	(void)state;
	b.mac[5] = B;
	b.ip4[3] = B;
	b.ip6[15] = B;
	c = b;
	for (probe.kind = IP4; probe.kind <= IP6; probe.kind++) {
		len = probe_frame(frame, &a, &b, &probe);
		assert_true(probe_parse(&parsed, frame, len));
		assert_int_equal(parsed.to, B);
		assert_true(frame_is_for(frame, len, &b));
		/* an error that quotes it is not it */
		frame[14 + (probe.kind == IP4 ? 9 : 6)] = 1;
		assert_false(probe_parse(&parsed, frame, len));
		assert_false(frame_is_for(frame, len, &a));
		c = b;
		c.mac[5] = C;
		assert_false(frame_is_for(frame, len, &c));
		c = b;
		c.ip4[3] = C;
		c.ip6[15] = C;
		assert_false(frame_is_for(frame, len, &c));
	}
}

static void what_is_not_reached_in_time_is_seen(void **state)
{
	(void)state;
	judge_pair(A, B, REACH);
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
		CASE(an_address_that_is_anothers_by_now_is_his),
		CASE(what_policy_denies_one_family_the_other_may),
		CASE(of_what_is_walled_off_nothing_may_arrive),
		CASE(what_is_shared_arrives_at_one_of_those_who_may_have_it),
		CASE(an_answer_that_is_lost_is_seen),
		CASE(frames_say_who_they_are_for),
		CASE(what_is_not_reached_in_time_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
