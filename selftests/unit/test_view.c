// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "view.h"

struct seen {
	int needed, unneeded;
	struct dfa_uuid last;
};

static void needed(void *arg, const struct dfa_uuid *network)
{
	struct seen *seen = arg;

	seen->needed++;
	seen->last = *network;
}

static void unneeded(void *arg, const struct dfa_uuid *network)
{
	struct seen *seen = arg;

	seen->unneeded++;
	seen->last = *network;
}

static const struct dfa_view_ops ops = {
	.network_needed = needed,
	.network_unneeded = unneeded,
};

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
	assert_int_equal(dfa_view_ports(&view, &network), 2);
	dfa_view_unbind(&view, &a);
	assert_int_equal(seen.unneeded, 0);
	dfa_view_unbind(&view, &b);
	assert_int_equal(seen.unneeded, 1);
	assert_int_equal(dfa_view_ports(&view, &network), 0);
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
	assert_int_equal(dfa_view_ports(&view, &network), 1);
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
	assert_int_equal(dfa_view_ports(&view, &new), 1);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_needed_while_it_has_ports),
		cmocka_unit_test(being_told_twice_counts_once),
		cmocka_unit_test(a_port_may_change_its_network),
		cmocka_unit_test(many_ports_keep_their_networks_apart),
		cmocka_unit_test(uuids_survive_parsing_and_printing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
