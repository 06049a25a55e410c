// SPDX-License-Identifier: GPL-2.0
/*
 * What ports may have beside their own addresses, and what of that they have
 * claimed: lists of it, and the wishes that the model becomes.
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

#include <linux/dragonflow.h>

#include "compile/compile.h"
#include "plan.h"

#define NETWORK "10000000-0000-4000-8000-000000000001"
#define PORT "20000000-0000-4000-8000-000000000001"
#define PORT_KEY 21

static struct dfa_pair pair(uint8_t host, uint8_t len, uint8_t mac,
			    uint64_t since)
{
	struct dfa_pair pair = {
		.since = since,
		.address = { .family = AF_INET, .bytes = { 10, 0, 0, host } },
		.prefix_len = len,
		.mac = { 2, [5] = mac },
	};

	return pair;
}

static struct dfa_pairs *list(size_t count, const struct dfa_pair *pairs)
{
	struct dfa_pair copy[8];
	struct dfa_pairs *made;

	memcpy(copy, pairs, count * sizeof(*pairs));
	made = dfa_pairs_new(copy, count);
	assert_non_null(made);
	return made;
}

#define LIST(...)                                                       \
	list(sizeof((struct dfa_pair[]){ __VA_ARGS__ }) /               \
		     sizeof(struct dfa_pair),                           \
	     (struct dfa_pair[]){ __VA_ARGS__ })

static void lists_are_sorted_and_say_nothing_twice(void **state)
{
	struct dfa_pairs *a = LIST(pair(9, 32, 1, 5), pair(8, 32, 1, 0),
				   pair(0, 24, 1, 0), pair(9, 32, 1, 7),
				   pair(8, 32, 1, 0), pair(8, 32, 2, 0));
	struct dfa_pairs *b = LIST(pair(8, 32, 2, 0), pair(0, 24, 1, 0),
				   pair(8, 32, 1, 0), pair(9, 32, 1, 7));

	(void)state;
	assert_int_equal(a->count, 4);
	assert_true(dfa_pairs_equal(a, b));
	/* Of a claim that comes twice the later one is left. */
	assert_int_equal(a->pair[3].since, 7);
	assert_false(dfa_pairs_equal(a, NULL));
	assert_true(dfa_pairs_equal(NULL, NULL));
	dfa_pairs_put(a);
	dfa_pairs_put(b);
}

static void later_claims_suffice(void **state)
{
	struct dfa_pairs *none = LIST(pair(0, 24, 1, 0));
	struct dfa_pairs *early = LIST(pair(0, 24, 1, 0), pair(9, 32, 1, 5));
	struct dfa_pairs *late = LIST(pair(0, 24, 1, 0), pair(9, 32, 1, 6),
				      pair(8, 32, 1, 9));
	struct dfa_pairs *other = LIST(pair(0, 25, 1, 0), pair(9, 32, 1, 6));

	(void)state;
	assert_true(dfa_pairs_suffice(late, early));
	assert_false(dfa_pairs_suffice(early, late));
	assert_true(dfa_pairs_suffice(early, none));
	assert_false(dfa_pairs_suffice(none, early));
	assert_false(dfa_pairs_suffice(other, early));
	assert_false(dfa_pairs_suffice(late, NULL));
	assert_true(dfa_pairs_suffice(NULL, NULL));
	dfa_pairs_put(none);
	dfa_pairs_put(early);
	dfa_pairs_put(late);
	dfa_pairs_put(other);
}

static void what_is_not_allowed_is_not_merged(void **state)
{
	struct dfa_pairs *allowed = LIST(pair(9, 32, 2, 0), pair(64, 26, 1, 0));
	struct dfa_pairs *claims = LIST(pair(9, 32, 2, 5), pair(9, 32, 1, 5),
					pair(70, 32, 1, 6), pair(63, 32, 1, 7));
	struct dfa_pairs *want = LIST(pair(9, 32, 2, 0), pair(64, 26, 1, 0),
				      pair(9, 32, 2, 5), pair(70, 32, 1, 6));
	struct dfa_pairs *merged, *only;

	(void)state;
	assert_int_equal(dfa_pairs_merge(&merged, claims, allowed), 0);
	assert_true(dfa_pairs_equal(merged, want));
	assert_int_equal(dfa_pairs_claims(&only, merged), 0);
	assert_int_equal(only->count, 2);
	dfa_pairs_put(only);
	dfa_pairs_put(merged);
	assert_int_equal(dfa_pairs_merge(&merged, claims, NULL), 0);
	assert_null(merged);
	assert_int_equal(dfa_pairs_claims(&only, allowed), 0);
	assert_null(only);
	dfa_pairs_put(allowed);
	dfa_pairs_put(claims);
	dfa_pairs_put(want);
}

/* --- the model ------------------------------------------------------------- */

struct world {
	struct dfa_config config;
	struct dfa_state state;
	struct dfa_compile compile;
	struct dfa_pairs *told;
};

static void local_set(void *arg, const struct dfa_local_port *port)
{
	struct world *world = arg;

	dfa_pairs_put(world->told);
	world->told = dfa_pairs_get(port->claims);
}

static void local_del(void *arg, const struct dfa_uuid *id)
{
	(void)arg;
	(void)id;
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
	dfa_pairs_put(world->told);
	free(world);
	return 0;
}

static void put(struct world *world, const char *model, const char *json)
{
	struct df_error error = { 0 };
	struct df_obj *obj;

	if (df_obj_parse(&obj, model, json, strlen(json), &error))
		fail_msg("%s", error.text);
	assert_int_equal(dfa_compile_put(&world->compile, obj), 0);
	df_obj_put(obj);
}

static void put_network(struct world *world)
{
	put(world, "network",
	    "{\"id\":\"" NETWORK "\",\"key\":11,\"segmentation_id\":77}");
}

static void put_port(struct world *world, const char *pairs)
{
	char json[1024];

	snprintf(json, sizeof(json),
		 "{\"id\":\"" PORT "\",\"key\":21,\"network_id\":\"" NETWORK
		 "\",\"mac_address\":\"02:00:00:00:00:01\",\"binding_host\":"
		 "\"here\",\"allowed_address_pairs\":[%s]}",
		 pairs);
	put(world, "port", json);
}

static void put_claims(struct world *world, const char *claims)
{
	char json[1024];

	snprintf(json, sizeof(json),
		 "{\"id\":\"" PORT "\",\"network_id\":\"" NETWORK
		 "\",\"claims\":[%s]}",
		 claims);
	put(world, "port_claims", json);
}

#define PREFIX "{\"ip_address\":\"10.0.0.64/26\"}"
#define OTHER_MAC "{\"ip_address\":\"10.0.0.9\",\"mac_address\":\"02:00:00:00:00:02\"}"
#define CLAIM(ip, since)                                            \
	"{\"ip_address\":\"" ip "\",\"mac_address\":"               \
	"\"02:00:00:00:00:01\",\"since\":" #since "}"

static const struct dfa_pairs *wished(struct world *world)
{
	const struct dfa_object *object;

	object = dfa_state_find(&world->state, DFA_PORT, PORT_KEY);
	assert_non_null(object);
	assert_true(object->wished);
	return object->wish.port.pairs;
}

static void expect(struct world *world, struct dfa_pairs *want)
{
	assert_true(dfa_pairs_equal(wished(world), want));
	dfa_pairs_put(want);
}

static void pairs_have_the_ports_mac_by_default(void **state)
{
	struct world *world = *state;

	put_network(world);
	put_port(world, PREFIX "," OTHER_MAC);
	expect(world, LIST(pair(64, 26, 1, 0), pair(9, 32, 2, 0)));
	put_port(world, "");
	assert_null(wished(world));
}

static void claims_come_before_or_after_their_port(void **state)
{
	struct world *world = *state;

	put_claims(world, CLAIM("10.0.0.70", 5) "," CLAIM("10.0.0.9", 6));
	put_network(world);
	put_port(world, PREFIX "," OTHER_MAC);
	expect(world, LIST(pair(64, 26, 1, 0), pair(9, 32, 2, 0),
			   pair(70, 32, 1, 5)));
	/* Who writes them is told what is there. */
	assert_int_equal(world->told->count, 2);
	put_claims(world, CLAIM("10.0.0.71", 7));
	expect(world, LIST(pair(64, 26, 1, 0), pair(9, 32, 2, 0),
			   pair(71, 32, 1, 7)));
	assert_int_equal(dfa_compile_del(&world->compile, "port_claims", PORT),
			 0);
	expect(world, LIST(pair(64, 26, 1, 0), pair(9, 32, 2, 0)));
}

static void a_network_that_is_not_followed_takes_all_along(void **state)
{
	struct world *world = *state;
	struct dfa_uuid id;

	assert_int_equal(dfa_uuid_parse(&id, NETWORK), 0);
	put_network(world);
	put_claims(world, CLAIM("10.0.0.70", 5));
	put_port(world, PREFIX);
	assert_int_equal(dfa_compile_forget(&world->compile, &id), 0);
	assert_int_equal(world->compile.claims.count, 0);
	assert_int_equal(world->compile.networks.count, 0);
	assert_int_equal(world->state.by_id.count, 0);
}

/* What the kernel has heard before the database need not be written. */
static void what_the_kernel_knows_is_not_written(void **state)
{
	struct world *world = *state;
	struct dfa_object *object;
	struct dfa_pairs *heard = LIST(pair(70, 32, 1, 8));
	struct dfa_plan plan;

	put_network(world);
	put_port(world, PREFIX);
	object = dfa_state_find(&world->state, DFA_PORT, PORT_KEY);
	assert_int_equal(dfa_state_have(&world->state, DFA_PORT, PORT_KEY,
					&object->wish),
			 0);
	object = dfa_state_find(&world->state, DFA_NETWORK, 11);
	assert_int_equal(dfa_state_have(&world->state, DFA_NETWORK, 11,
					&object->wish),
			 0);
	assert_int_equal(dfa_state_heard(&world->state, PORT_KEY, heard), 0);
	put_claims(world, CLAIM("10.0.0.70", 8));
	assert_int_equal(dfa_plan_make(&plan, &world->state), 0);
	assert_int_equal(plan.count, 0);
	dfa_plan_free(&plan);
	/* But what it does not know is. */
	put_claims(world, CLAIM("10.0.0.70", 9));
	assert_int_equal(dfa_plan_make(&plan, &world->state), 0);
	assert_int_equal(plan.count, 1);
	dfa_plan_free(&plan);
	assert_int_equal(dfa_state_heard(&world->state, 99, heard), 0);
	dfa_pairs_put(heard);
}

/* Who hears of a claim lets go of nothing else that the port has. */
static void claims_leave_the_groups_of_a_port_alone(void **state)
{
	struct world *world = *state;
	struct dfa_pairs *heard = LIST(pair(70, 32, 1, 8));
	uint32_t group = 7;
	union dfa_value value;
	const struct dfa_object *object;

	put_network(world);
	put_port(world, PREFIX);
	value = dfa_state_find(&world->state, DFA_PORT, PORT_KEY)->wish;
	dfa_value_get(DFA_PORT, &value);
	value.port.groups = dfa_ids_new(&group, 1);
	assert_int_equal(dfa_state_have(&world->state, DFA_PORT, PORT_KEY,
					&value),
			 0);
	dfa_value_put(DFA_PORT, &value);
	assert_int_equal(dfa_state_heard(&world->state, PORT_KEY, heard), 0);
	object = dfa_state_find(&world->state, DFA_PORT, PORT_KEY);
	assert_int_equal(object->have.port.groups->refs, 1);
	assert_true(dfa_ids_has(object->have.port.groups, group));
	dfa_pairs_put(heard);
}

#define WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_sorted_and_say_nothing_twice),
		cmocka_unit_test(later_claims_suffice),
		cmocka_unit_test(what_is_not_allowed_is_not_merged),
		WORLD(pairs_have_the_ports_mac_by_default),
		WORLD(claims_come_before_or_after_their_port),
		WORLD(a_network_that_is_not_followed_takes_all_along),
		WORLD(what_the_kernel_knows_is_not_written),
		WORLD(claims_leave_the_groups_of_a_port_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
