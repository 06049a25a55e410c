// SPDX-License-Identifier: GPL-2.0
/*
 * Questions that packets ask, and what becomes of them. The database, what is
 * followed and what the kernel is told are the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "resolve.h"
#include "util.h"

enum { ASKED_MAX = 4096 };

static const struct dfa_uuid port_a = { { 0xaa } }, port_b = { { 0xbb } };

/**
 * struct world - what was asked and said
 * @asked: the questions that the database has not answered
 * @ask_error: of the next question
 * @follow: what following a port returns
 * @leads: whether the port that is followed leads there
 * @followed: how often a port was to be followed
 * @denied: of what the kernel was told that nobody has it
 */
struct world {
	struct dfa_resolve resolve;
	struct dfa_question *asked[ASKED_MAX];
	size_t count;
	int ask_error;
	int follow;
	bool leads;
	size_t followed;
	struct dfa_sought denied[ASKED_MAX];
	size_t denials;
};

static int ask(void *arg, struct dfa_question *question)
{
	struct world *world = arg;

	if (world->ask_error)
		return world->ask_error;
	world->asked[world->count++] = question;
	return 0;
}

static int follow(void *arg, const struct dfa_question *question)
{
	struct world *world = arg;

	assert_int_equal(question->state, DFA_QUESTION_FOUND);
	world->followed++;
	return world->follow;
}

static bool leads(void *arg, const struct dfa_question *question)
{
	const struct world *world = arg;

	(void)question;
	return world->leads;
}

static void deny(void *arg, const struct dfa_sought *sought)
{
	struct world *world = arg;

	world->denied[world->denials++] = *sought;
}

static const struct dfa_resolve_ops ops = {
	.ask = ask,
	.follow = follow,
	.leads = leads,
	.deny = deny,
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	dfa_resolve_init(&world->resolve, &ops, world);
	dfa_resolve_open(&world->resolve, true);
	world->leads = true;
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	dfa_resolve_fini(&world->resolve);
	free(world);
	return 0;
}

/* 10.0.x.y with @nr, asked by @port */
static struct dfa_sought address(uint32_t port, uint32_t nr)
{
	return (struct dfa_sought){
		.network = 11,
		.port = port,
		.address = { AF_INET, { 10, 0, (uint8_t)(nr >> 8), (uint8_t)nr } },
	};
}

static void seek(struct world *world, const struct dfa_sought *sought)
{
	assert_int_equal(dfa_resolve_seek(&world->resolve, sought), 0);
}

static void seek_address(struct world *world, uint32_t port, uint32_t nr)
{
	const struct dfa_sought sought = address(port, nr);

	seek(world, &sought);
}

/* The oldest that the database has not answered */
static struct dfa_question *next(struct world *world)
{
	struct dfa_question *question = world->asked[0];

	assert_true(world->count > 0);
	memmove(world->asked, world->asked + 1,
		--world->count * sizeof(*world->asked));
	return question;
}

static size_t under_way(const struct world *world)
{
	return world->resolve.questions.count;
}

/* --- */

static void one_question_of_each_address(void **state)
{
	struct world *world = *state;
	struct dfa_sought mac = { .network = 11, .mac = { 2, 0, 0, 0, 0, 1 } };
	struct dfa_sought other = address(2, 1);

	seek_address(world, 1, 1);
	seek_address(world, 1, 1);
	seek_address(world, 2, 1);
	assert_int_equal(world->count, 1);
	other.network = 12;
	seek(world, &other);
	seek(world, &mac);
	mac.mac[5] = 2;
	seek(world, &mac);
	other = address(2, 1);
	other.address.family = AF_INET6;
	seek(world, &other);
	assert_int_equal(world->count, 5);
	assert_int_equal(world->resolve.asked, 5);
}

static void nobody_is_told_to_the_kernel(void **state)
{
	struct world *world = *state;

	seek_address(world, 1, 1);
	dfa_resolve_answer(next(world), NULL);
	assert_int_equal(world->denials, 1);
	assert_int_equal(world->denied[0].network, 11);
	assert_int_equal(world->denied[0].address.bytes[3], 1);
	assert_int_equal(world->resolve.denied, 1);
	assert_int_equal(under_way(world), 0);
	/* It may be asked again. */
	seek_address(world, 1, 1);
	assert_int_equal(world->count, 1);
}

static void a_failure_says_nothing(void **state)
{
	struct world *world = *state;

	seek_address(world, 1, 1);
	dfa_resolve_fail(next(world));
	world->ask_error = -1;
	seek_address(world, 1, 1);
	assert_int_equal(world->denials, 0);
	assert_int_equal(world->resolve.failed, 2);
	assert_int_equal(under_way(world), 0);
	assert_int_equal(world->resolve.under_way, 0);
}

static void a_port_is_waited_for(void **state)
{
	struct world *world = *state;

	seek_address(world, 1, 1);
	seek_address(world, 1, 2);
	dfa_resolve_answer(next(world), &port_a);
	dfa_resolve_answer(next(world), &port_a);
	assert_int_equal(world->followed, 2);
	assert_int_equal(under_way(world), 2);
	seek_address(world, 1, 1);
	assert_int_equal(world->count, 0);
	assert_false(dfa_resolve_known(&world->resolve, &port_b));
	assert_int_equal(under_way(world), 2);
	assert_true(dfa_resolve_known(&world->resolve, &port_a));
	assert_int_equal(under_way(world), 0);
	assert_int_equal(world->resolve.found, 2);
	assert_int_equal(world->denials, 0);
	assert_false(dfa_resolve_known(&world->resolve, &port_a));
}

static void a_port_of_no_use_is_nobody(void **state)
{
	struct world *world = *state;

	world->leads = false;
	seek_address(world, 1, 1);
	dfa_resolve_answer(next(world), &port_a);
	assert_true(dfa_resolve_known(&world->resolve, &port_a));
	assert_int_equal(world->denials, 1);
	world->follow = 1;
	seek_address(world, 1, 1);
	dfa_resolve_answer(next(world), &port_a);
	assert_int_equal(world->denials, 2);
	assert_int_equal(under_way(world), 0);
}

static void a_port_that_is_known_needs_no_waiting(void **state)
{
	struct world *world = *state;

	world->follow = 1;
	seek_address(world, 1, 1);
	dfa_resolve_answer(next(world), &port_a);
	assert_int_equal(world->resolve.found, 1);
	assert_int_equal(under_way(world), 0);
}

static void what_cannot_be_followed_failed(void **state)
{
	struct world *world = *state;

	world->follow = -1;
	seek_address(world, 1, 1);
	dfa_resolve_answer(next(world), &port_a);
	assert_int_equal(world->resolve.failed, 1);
	assert_int_equal(world->denials, 0);
	assert_int_equal(under_way(world), 0);
}

static void so_many_at_a_time_and_in_order(void **state)
{
	struct world *world = *state;

	for (uint32_t nr = 0; nr < 100; nr++)
		seek_address(world, 1, nr);
	assert_int_equal(world->count, DFA_QUESTIONS_ASKED);
	assert_int_equal(under_way(world), 100);
	dfa_resolve_answer(next(world), NULL);
	dfa_resolve_fail(next(world));
	dfa_resolve_answer(next(world), &port_a);
	assert_int_equal(world->count, DFA_QUESTIONS_ASKED);
	for (uint8_t nr = 3; nr < 100; nr++) {
		struct dfa_question *question = next(world);

		assert_int_equal(question->sought.address.bytes[3], nr);
		dfa_resolve_answer(question, NULL);
	}
	assert_int_equal(world->count, 0);
	assert_int_equal(world->resolve.under_way, 0);
}

static void without_a_database_they_wait(void **state)
{
	struct world *world = *state;

	dfa_resolve_open(&world->resolve, false);
	seek_address(world, 1, 1);
	seek_address(world, 1, 1);
	seek_address(world, 1, 2);
	assert_int_equal(world->count, 0);
	assert_int_equal(world->denials, 0);
	dfa_resolve_open(&world->resolve, true);
	assert_int_equal(world->count, 2);
}

/* What waits longest is asked by nobody any more. */
static void a_port_has_its_share(void **state)
{
	struct world *world = *state;

	dfa_resolve_open(&world->resolve, false);
	seek_address(world, 2, 5000);
	for (uint32_t nr = 0; nr < 500; nr++)
		seek_address(world, 1, nr);
	assert_int_equal(under_way(world), 1 + DFA_QUESTIONS_OF_PORT);
	assert_int_equal(world->resolve.failed, 500 - DFA_QUESTIONS_OF_PORT);
	dfa_resolve_open(&world->resolve, true);
	assert_int_equal(next(world)->sought.port, 2);
	assert_int_equal(next(world)->sought.address.bytes[3],
			 (500 - DFA_QUESTIONS_OF_PORT) & 0xff);
}

static void all_ports_have_theirs(void **state)
{
	struct world *world = *state;

	dfa_resolve_open(&world->resolve, false);
	for (uint32_t nr = 0; nr < 3000; nr++)
		seek_address(world, 1 + nr / 100, nr);
	assert_int_equal(under_way(world), DFA_QUESTIONS_MAX);
}

/* Nothing of those can be dropped: what comes then has to ask again. */
static void what_is_found_stays(void **state)
{
	struct world *world = *state;

	for (uint32_t nr = 0; nr < DFA_QUESTIONS_OF_PORT; nr++) {
		seek_address(world, 1, nr);
		dfa_resolve_answer(next(world), &port_a);
	}
	seek_address(world, 1, 1000);
	assert_int_equal(world->count, 0);
	assert_int_equal(world->resolve.failed, 1);
	seek_address(world, 2, 1000);
	assert_int_equal(world->count, 1);
	assert_true(dfa_resolve_known(&world->resolve, &port_a));
	assert_int_equal(world->resolve.found, DFA_QUESTIONS_OF_PORT);
	seek_address(world, 1, 1001);
	assert_int_equal(world->count, 2);
}

#define resolve_test(name) \
	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		resolve_test(one_question_of_each_address),
		resolve_test(nobody_is_told_to_the_kernel),
		resolve_test(a_failure_says_nothing),
		resolve_test(a_port_is_waited_for),
		resolve_test(a_port_of_no_use_is_nobody),
		resolve_test(a_port_that_is_known_needs_no_waiting),
		resolve_test(what_cannot_be_followed_failed),
		resolve_test(so_many_at_a_time_and_in_order),
		resolve_test(without_a_database_they_wait),
		resolve_test(a_port_has_its_share),
		resolve_test(all_ports_have_theirs),
		resolve_test(what_is_found_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
