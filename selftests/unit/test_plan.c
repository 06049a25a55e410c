// SPDX-License-Identifier: GPL-2.0
/*
 * The planner against a model of the kernel: a step that the kernel would
 * refuse is a failure, and so is a plan that does not end where it should.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include <linux/dragonflow.h>

#include "plan.h"
#include "util.h"
#include "plan_world.h"

static size_t run_plan(struct dfa_state *state, struct model *kernel)
{
	struct dfa_plan plan;
	size_t count;

	assert_int_equal(dfa_plan_make(&plan, state), 0);
	for (size_t i = 0; i < plan.count; i++) {
		const struct dfa_step *step = &plan.step[i];

		if (!model_run(kernel, step))
			fail_msg("seed %u: step %zu (%s %s %u) is refused",
				 seed, i, step->is_delete ? "DEL" : "NEW",
				 dfa_kind_name(step->kind), step->id);
		dfa_state_have(state, step->kind, step->id,
			       step->is_delete ? NULL : &step->value);
	}
	count = plan.count;
	dfa_plan_free(&plan);
	return count;
}

static void assert_same(const struct model *want, const struct model *have)
{
	for (enum dfa_kind kind = 0; kind < DFA_KINDS; kind++) {
		for (uint32_t id = 0; id < IDS; id++) {
			assert_int_equal(want->there[kind][id],
					 have->there[kind][id]);
			if (!want->there[kind][id])
				continue;
			assert_true(dfa_value_equal(kind,
						    &want->value[kind][id],
						    &have->value[kind][id]));
		}
	}
}

/* --- the tests ------------------------------------------------------------- */

static void any_world_becomes_any_other(void **unused)
{
	(void)unused;
	for (unsigned int round = 0; round < 3000; round++) {
		struct model kernel = { 0 }, want = { 0 };
		struct dfa_state state;

		seed = round;
		dfa_state_init(&state);
		random_world(&kernel, pick(240), false);
		random_world(&want, pick(240), false);
		set_all(&state, &kernel, dfa_state_have);
		set_all(&state, &want, dfa_state_wish);
		run_plan(&state, &kernel);
		assert_null(state.dirty);
		assert_same(&want, &kernel);
		assert_int_equal(run_plan(&state, &kernel), 0);
		dfa_state_fini(&state);
	}
}

static void a_world_changes_step_by_step(void **unused)
{
	(void)unused;
	for (unsigned int round = 0; round < 200; round++) {
		struct model kernel = { 0 }, want = { 0 };
		struct dfa_state state;

		seed = round;
		dfa_state_init(&state);
		for (unsigned int change = 0; change < 40; change++) {
			random_world(&want, 1 + pick(12), false);
			set_all(&state, &want, dfa_state_wish);
			run_plan(&state, &kernel);
			assert_null(state.dirty);
			assert_same(&want, &kernel);
		}
		dfa_state_fini(&state);
	}
}

/* Ids that are used for something else take a second plan. */
static void ids_may_be_mixed_up(void **unused)
{
	(void)unused;
	for (unsigned int round = 0; round < 3000; round++) {
		struct model kernel = { 0 }, want = { 0 };
		struct dfa_state state;

		seed = round;
		dfa_state_init(&state);
		random_world(&kernel, pick(240), true);
		random_world(&want, pick(240), true);
		set_all(&state, &kernel, dfa_state_have);
		set_all(&state, &want, dfa_state_wish);
		run_plan(&state, &kernel);
		run_plan(&state, &kernel);
		assert_null(state.dirty);
		assert_same(&want, &kernel);
		dfa_state_fini(&state);
	}
}

static union dfa_value vif(uint32_t network, uint8_t mac)
{
	return (union dfa_value){ .port = {
					  .type = DRAGONFLOW_PORT_TYPE_VIF,
					  .network = network,
					  .mac = { 2, 0, 0, 0, 0, mac },
				  } };
}

static union dfa_value network(uint32_t vni)
{
	return (union dfa_value){ .network = { .vni = vni } };
}

static void start_state(struct dfa_state *state, const struct model *model)
{
	dfa_state_init(state);
	set_all(state, model, dfa_state_have);
	set_all(state, model, dfa_state_wish);
	assert_null(state->dirty);
}

static void model_add(struct model *model, enum dfa_kind kind, uint32_t id,
		      union dfa_value value)
{
	assert_true(model_new(model, kind, id, &value));
}

static void nothing_to_do_is_an_empty_plan(void **unused)
{
	struct model model = { 0 };
	struct dfa_state state;

	(void)unused;
	model_add(&model, DFA_NETWORK, 1, network(7));
	model_add(&model, DFA_PORT, 5, vif(1, 1));
	start_state(&state, &model);
	assert_int_equal(run_plan(&state, &model), 0);
	dfa_state_fini(&state);
}

static void a_moved_port_is_one_new(void **unused)
{
	struct model model = { 0 };
	struct dfa_state state;
	union dfa_value moved = vif(1, 1);
	struct dfa_plan plan;

	(void)unused;
	model_add(&model, DFA_PORT, 0,
		  (union dfa_value){
			  .port.type = DRAGONFLOW_PORT_TYPE_TUNNEL });
	model_add(&model, DFA_CHASSIS, 3, (union dfa_value){ 0 });
	model_add(&model, DFA_NETWORK, 1, network(7));
	model_add(&model, DFA_PORT, 5, vif(1, 1));
	start_state(&state, &model);

	moved.port.type = DRAGONFLOW_PORT_TYPE_REMOTE;
	moved.port.chassis = 3;
	dfa_state_wish(&state, DFA_PORT, 5, &moved);
	assert_int_equal(dfa_plan_make(&plan, &state), 0);
	assert_int_equal(plan.count, 1);
	assert_false(plan.step[0].is_delete);
	dfa_plan_free(&plan);
	dfa_state_fini(&state);
}

/* What is right is written once more, if that is asked for. */
static void what_is_renewed_is_written_once(void **unused)
{
	struct model model = { 0 };
	struct dfa_state state;

	(void)unused;
	model_add(&model, DFA_NETWORK, 1, network(7));
	model_add(&model, DFA_PORT, 5, vif(1, 1));
	start_state(&state, &model);
	dfa_state_renew(&state, DFA_PORT, 6);
	assert_int_equal(run_plan(&state, &model), 0);
	dfa_state_renew(&state, DFA_PORT, 5);
	assert_int_equal(state.dirty_count, 1);
	assert_int_equal(run_plan(&state, &model), 1);
	assert_int_equal(run_plan(&state, &model), 0);
	/* What goes meanwhile is not written before. */
	dfa_state_renew(&state, DFA_PORT, 5);
	dfa_state_wish(&state, DFA_PORT, 5, NULL);
	assert_int_equal(run_plan(&state, &model), 1);
	assert_false(model.there[DFA_PORT][5]);
	dfa_state_fini(&state);
}

static void swapped_macs_delete_one_port_only(void **unused)
{
	struct model model = { 0 };
	union dfa_value a = vif(1, 1), b = vif(1, 2);
	struct dfa_state state;

	(void)unused;
	model_add(&model, DFA_NETWORK, 1, network(7));
	model_add(&model, DFA_PORT, 5, a);
	model_add(&model, DFA_PORT, 6, b);
	start_state(&state, &model);
	dfa_state_wish(&state, DFA_PORT, 5, &b);
	dfa_state_wish(&state, DFA_PORT, 6, &a);
	assert_int_equal(run_plan(&state, &model), 3);
	assert_null(state.dirty);
	dfa_state_fini(&state);
}

static void a_vni_changes_hands_without_touching_ports(void **unused)
{
	struct model model = { 0 };
	union dfa_value seven = network(7), none = network(DFA_NO_VNI);
	struct dfa_state state;

	(void)unused;
	model_add(&model, DFA_NETWORK, 1, seven);
	model_add(&model, DFA_NETWORK, 2, none);
	model_add(&model, DFA_PORT, 5, vif(1, 1));
	start_state(&state, &model);
	dfa_state_wish(&state, DFA_NETWORK, 1, &none);
	dfa_state_wish(&state, DFA_NETWORK, 2, &seven);
	assert_int_equal(run_plan(&state, &model), 2);
	assert_null(state.dirty);
	dfa_state_fini(&state);
}

static void the_lower_id_of_two_equal_macs_wins(void **unused)
{
	struct model model = { 0 };
	union dfa_value a = vif(1, 1);
	struct dfa_state state;

	(void)unused;
	model_add(&model, DFA_NETWORK, 1, network(7));
	model_add(&model, DFA_PORT, 6, a);
	start_state(&state, &model);

	dfa_state_wish(&state, DFA_PORT, 5, &a);
	assert_int_equal(state.losers, 1);
	run_plan(&state, &model);
	assert_true(model.there[DFA_PORT][5]);
	assert_false(model.there[DFA_PORT][6]);

	dfa_state_wish(&state, DFA_PORT, 5, NULL);
	assert_int_equal(state.losers, 0);
	run_plan(&state, &model);
	assert_true(model.there[DFA_PORT][6]);
	assert_null(state.dirty);
	dfa_state_fini(&state);
}

static void the_loser_of_a_vni_keeps_its_local_ports(void **unused)
{
	struct model model = { 0 };
	union dfa_value seven = network(7), port = vif(2, 1);
	struct dfa_state state;

	(void)unused;
	dfa_state_init(&state);
	dfa_state_wish(&state, DFA_NETWORK, 2, &seven);
	dfa_state_wish(&state, DFA_PORT, 5, &port);
	dfa_state_wish(&state, DFA_NETWORK, 1, &seven);
	run_plan(&state, &model);
	assert_null(state.dirty);
	assert_int_equal(model.value[DFA_NETWORK][1].network.vni, 7);
	assert_int_equal(model.value[DFA_NETWORK][2].network.vni, DFA_NO_VNI);
	assert_true(model.there[DFA_PORT][5]);
	dfa_state_fini(&state);
}

static void what_was_forgotten_is_wanted_again(void **unused)
{
	struct model model = { 0 }, empty = { 0 };
	struct dfa_state state;

	(void)unused;
	model_add(&model, DFA_NETWORK, 1, network(7));
	model_add(&model, DFA_PORT, 5, vif(1, 1));
	start_state(&state, &model);
	dfa_state_forget(&state);
	assert_int_equal(run_plan(&state, &empty), 2);
	assert_same(&model, &empty);
	dfa_state_fini(&state);
}

static union dfa_value with_addresses(union dfa_value port, unsigned int set)
{
	port.port.addrs = pool[PORT_SETS][set];
	return port;
}

/* What is allowed is allowed from the first packet on. */
static void a_port_comes_after_all_that_its_groups_say(void **unused)
{
	static const enum dfa_kind order[] = {
		DFA_NETWORK, DFA_SET, DFA_MEMBER, DFA_GROUP, DFA_RULE, DFA_PORT,
	};
	union dfa_value values[DFA_KINDS] = {
		[DFA_NETWORK] = network(7),
		[DFA_MEMBER].member = { .set = 1, .prefix.family = AF_INET },
		[DFA_RULE].rule = { .group = 1, .set = 1 },
		[DFA_PORT] = vif(1, 1),
	};
	struct dfa_state state;
	struct dfa_plan plan;

	(void)unused;
	values[DFA_PORT].port.groups = group_pool[1];
	dfa_state_init(&state);
	for (size_t i = 0; i < DFA_ARRAY_SIZE(order); i++)
		dfa_state_wish(&state, order[i], 1, &values[order[i]]);
	assert_int_equal(dfa_plan_make(&plan, &state), 0);
	assert_int_equal(plan.count, DFA_ARRAY_SIZE(order));
	for (size_t i = 0; i < plan.count; i++)
		assert_int_equal(plan.step[i].kind, order[i]);
	dfa_plan_free(&plan);
	/* And the other way round. */
	dfa_state_forget(&state);
	for (size_t i = 0; i < DFA_ARRAY_SIZE(order); i++) {
		dfa_state_have(&state, order[i], 1, &values[order[i]]);
		dfa_state_wish(&state, order[i], 1, NULL);
	}
	assert_int_equal(dfa_plan_make(&plan, &state), 0);
	assert_int_equal(plan.count, DFA_ARRAY_SIZE(order));
	for (size_t i = 0; i < plan.count; i++)
		assert_int_equal(plan.step[plan.count - 1 - i].kind, order[i]);
	assert_int_equal(plan.step[3].value.member.set, 1);
	dfa_plan_free(&plan);
	dfa_state_fini(&state);
}

static void an_address_changes_hands(void **unused)
{
	struct model model = { 0 };
	union dfa_value a = with_addresses(vif(1, 1), 3);
	union dfa_value b = with_addresses(vif(1, 2), 0);
	struct dfa_state state;

	(void)unused;
	model_add(&model, DFA_NETWORK, 1, network(7));
	model_add(&model, DFA_PORT, 5, a);
	model_add(&model, DFA_PORT, 6, b);
	start_state(&state, &model);
	a.port.addrs = pool[PORT_SETS][1];
	b.port.addrs = pool[PORT_SETS][2];
	dfa_state_wish(&state, DFA_PORT, 5, &a);
	dfa_state_wish(&state, DFA_PORT, 6, &b);
	/* Given up, taken, and the rest of what was to change. */
	assert_in_range(run_plan(&state, &model), 2, 3);
	assert_null(state.dirty);
	/* Addresses that nobody else takes cost nothing more. */
	a.port.addrs = pool[PORT_SETS][0];
	dfa_state_wish(&state, DFA_PORT, 5, &a);
	assert_int_equal(run_plan(&state, &model), 1);
	dfa_state_fini(&state);
}

static void a_subnet_changes_interfaces(void **unused)
{
	struct model model = { 0 };
	union dfa_value old = { .interface = { .addrs = pool[INTERFACE_SETS][1],
					       .router = 1,
					       .network = 1,
					       .mac = { 2, [5] = 1 } } };
	union dfa_value new = old;
	struct dfa_state state;

	(void)unused;
	model_add(&model, DFA_NETWORK, 1, network(7));
	model_add(&model, DFA_ROUTER, 1, (union dfa_value){ 0 });
	model_add(&model, DFA_INTERFACE, 5, old);
	start_state(&state, &model);
	new.interface.addrs = pool[INTERFACE_SETS][2];
	new.interface.mac[5] = 2;
	dfa_state_wish(&state, DFA_INTERFACE, 5, NULL);
	dfa_state_wish(&state, DFA_INTERFACE, 6, &new);
	assert_int_equal(run_plan(&state, &model), 3);
	assert_null(state.dirty);
	dfa_state_fini(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_do_is_an_empty_plan),
		cmocka_unit_test(a_moved_port_is_one_new),
		cmocka_unit_test(what_is_renewed_is_written_once),
		cmocka_unit_test(swapped_macs_delete_one_port_only),
		cmocka_unit_test(a_vni_changes_hands_without_touching_ports),
		cmocka_unit_test(the_lower_id_of_two_equal_macs_wins),
		cmocka_unit_test(the_loser_of_a_vni_keeps_its_local_ports),
		cmocka_unit_test(what_was_forgotten_is_wanted_again),
		cmocka_unit_test(a_port_comes_after_all_that_its_groups_say),
		cmocka_unit_test(an_address_changes_hands),
		cmocka_unit_test(a_subnet_changes_interfaces),
		cmocka_unit_test(any_world_becomes_any_other),
		cmocka_unit_test(a_world_changes_step_by_step),
		cmocka_unit_test(ids_may_be_mixed_up),
	};

	return cmocka_run_group_tests(tests, make_pool, free_pool);
}
