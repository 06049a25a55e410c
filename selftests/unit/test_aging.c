// SPDX-License-Identifier: GPL-2.0
/*
 * What is forgotten, and when. Time and the timer are ours, and so is the kernel:
 * it says when packets of a flow were last decided about.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <event2/event.h>

#include "aging.h"
#include "util.h"

enum {
	AGE_S = 600,
	AGE_MS = AGE_S * 1000,
	STEP_MS = AGE_MS / 4,
	PORTS = 1000,
};

/* --- time ------------------------------------------------------------------ */

struct event {
	event_callback_fn fn;
	void *arg;
	uint64_t due_ms;
	bool is_set;
};

static uint64_t now_ms;
static struct event timer;

/* cppcheck-suppress-begin unusedFunction; the code under test calls them */
struct event *event_new(struct event_base *base, evutil_socket_t fd, short what,
			event_callback_fn fn, void *arg)
{
	(void)base;
	(void)fd;
	(void)what;
	timer = (struct event){ .fn = fn, .arg = arg };
	return &timer;
}

int event_add(struct event *event, const struct timeval *tv)
{
	event->due_ms = now_ms + (uint64_t)tv->tv_sec * 1000 +
			(uint64_t)tv->tv_usec / 1000;
	event->is_set = true;
	return 0;
}

void event_free(struct event *event)
{
	event->is_set = false;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	now->tv_sec = (time_t)(now_ms / 1000);
	now->tv_nsec = (long)(now_ms % 1000 * 1000000);
	return 0;
}
/* cppcheck-suppress-end unusedFunction */

/* --- the world ------------------------------------------------------------- */

/**
 * struct port - something that was looked for
 * @decided_ms: when the kernel last decided about it
 * @has_packets: the next packet comes at once, whenever it has to be decided
 * @is_unknown: the kernel does not have it
 * @is_forgotten: in the end
 */
struct port {
	struct dfa_aged aged;
	uint64_t decided_ms;
	bool has_packets;
	bool is_unknown;
	bool is_forgotten;
	uint64_t forgotten_ms;
	int renewals;
};

struct world {
	struct dfa_aging aging;
	struct port port[PORTS];
	size_t asked;
};

static struct port *port_of(const struct dfa_aged *aged)
{
	return (struct port *)dfa_container_of(aged, const struct port, aged);
}

static int idle(void *arg, const struct dfa_aged *aged, uint64_t *idle_ms)
{
	const struct port *port = port_of(aged);
	struct world *world = arg;

	world->asked++;
	if (port->is_unknown)
		return -ENOENT;
	*idle_ms = now_ms - port->decided_ms;
	return 0;
}

static void renew(void *arg, struct dfa_aged *aged)
{
	struct port *port = port_of(aged);

	(void)arg;
	port->renewals++;
	if (port->has_packets)
		port->decided_ms = now_ms + 1;
}

static void forget(void *arg, struct dfa_aged *aged)
{
	struct port *port = port_of(aged);

	(void)arg;
	assert_false(port->is_forgotten);
	port->is_forgotten = true;
	port->forgotten_ms = now_ms;
	dfa_list_del(&aged->in_line);
}

static const struct dfa_aging_ops ops = {
	.idle = idle,
	.renew = renew,
	.forget = forget,
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	now_ms = 5000;
	assert_int_equal(dfa_aging_init(&world->aging, NULL, AGE_S, &ops, world),
			 0);
	for (size_t i = 0; i < PORTS; i++)
		dfa_list_init(&world->port[i].aged.in_line);
	dfa_aging_pause(&world->aging, false);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	dfa_aging_fini(&world->aging);
	free(world);
	return 0;
}

static struct port *add(struct world *world, size_t i)
{
	world->port[i].decided_ms = now_ms;
	dfa_aging_add(&world->aging, &world->port[i].aged);
	return &world->port[i];
}

static void pass(uint64_t ms)
{
	uint64_t end = now_ms + ms;

	while (timer.is_set && timer.due_ms <= end) {
		now_ms = timer.due_ms;
		timer.is_set = false;
		timer.fn(-1, 0, timer.arg);
	}
	now_ms = end;
}

/* --- */

static void what_is_not_used_goes_after_its_age(void **state)
{
	struct port *port = add(*state, 0);

	pass(AGE_MS - 1);
	assert_false(port->is_forgotten);
	assert_true(port->renewals > 0);
	assert_in_range(dfa_aged_idle_ms(&port->aged), AGE_MS - 1, AGE_MS - 1);
	pass(STEP_MS);
	assert_true(port->is_forgotten);
	assert_in_range(port->forgotten_ms, 5000 + AGE_MS, 5000 + AGE_MS + 100);
}

/* Its packets need no decision, so the kernel knows nothing of them. */
static void a_flow_is_found_out_about(void **state)
{
	struct port *port = add(*state, 0);

	port->has_packets = true;
	pass(100 * (uint64_t)AGE_MS);
	assert_false(port->is_forgotten);
	/* One at half the age, each time */
	assert_in_range(port->renewals, 100, 250);
	port->has_packets = false;
	pass(2 * AGE_MS);
	assert_true(port->is_forgotten);
}

static void what_is_decided_often_is_not_renewed(void **state)
{
	struct port *port = add(*state, 0);

	for (int i = 0; i < 100; i++) {
		pass(AGE_MS / 5);
		port->decided_ms = now_ms;
	}
	assert_false(port->is_forgotten);
	assert_int_equal(port->renewals, 0);
}

static void what_the_kernel_does_not_have_goes_as_well(void **state)
{
	struct port *port = add(*state, 0);

	port->is_unknown = true;
	pass(AGE_MS - 1);
	assert_false(port->is_forgotten);
	pass(2 * STEP_MS);
	assert_true(port->is_forgotten);
}

/* However long it was not looked at: first its packets are made to be decided. */
static void nothing_goes_because_of_a_pause(void **state)
{
	struct world *world = *state;
	struct port *used = add(world, 0), *unused = add(world, 1);

	pass(AGE_MS * 3 / 5);
	used->decided_ms = now_ms;
	dfa_aging_pause(&world->aging, true);
	pass(50 * (uint64_t)AGE_MS);
	assert_false(used->is_forgotten || unused->is_forgotten);
	used->has_packets = true;
	dfa_aging_pause(&world->aging, false);
	pass(2 * AGE_MS);
	assert_false(used->is_forgotten);
	assert_true(unused->is_forgotten);
}

static void many_are_looked_at_in_turns(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < PORTS; i++)
		add(world, i)->has_packets = i % 2;
	pass(STEP_MS + 10);
	assert_in_range(world->asked, 1, 2 * 64);
	pass(STEP_MS - 1000);
	assert_int_equal(world->asked, PORTS);
	pass(AGE_MS);
	for (size_t i = 0; i < PORTS; i++)
		assert_int_equal(world->port[i].is_forgotten, !(i % 2));
}

static void what_is_taken_out_is_left_alone(void **state)
{
	struct world *world = *state;
	struct port *port = add(world, 0), *other = add(world, 1);

	pass(AGE_MS / 2 + 100);
	dfa_list_del(&port->aged.in_line);
	pass(2 * AGE_MS);
	assert_false(port->is_forgotten);
	assert_true(other->is_forgotten);
	/* The line was empty: the timer runs again. */
	add(world, 2);
	add(world, 0);
	pass(2 * AGE_MS);
	assert_true(port->is_forgotten && world->port[2].is_forgotten);
}

#define aging_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		aging_test(what_is_not_used_goes_after_its_age),
		aging_test(a_flow_is_found_out_about),
		aging_test(what_is_decided_often_is_not_renewed),
		aging_test(what_the_kernel_does_not_have_goes_as_well),
		aging_test(nothing_goes_because_of_a_pause),
		aging_test(many_are_looked_at_in_turns),
		aging_test(what_is_taken_out_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
