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

enum {
	IDS = 12, /* ids of a kind; small, so that they meet often */
	KEYS = 6, /* MACs and VNIs */
	TUNNELS = 2,
};

struct model {
	bool there[DFA_KINDS][IDS];
	union dfa_value value[DFA_KINDS][IDS];
};

static unsigned int seed;

static unsigned int pick(unsigned int n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

static bool is_tunnel(const union dfa_value *value)
{
	return value->port.type == DRAGONFLOW_PORT_TYPE_TUNNEL;
}

/* --- what the kernel accepts ----------------------------------------------- */

static bool is_port_there(const struct model *model, uint32_t id, bool tunnel)
{
	return model->there[DFA_PORT][id] &&
	       is_tunnel(&model->value[DFA_PORT][id]) == tunnel;
}

static bool accepts_port(const struct model *model, uint32_t id,
			 const union dfa_value *value)
{
	if (model->there[DFA_PORT][id] &&
	    is_tunnel(&model->value[DFA_PORT][id]) != is_tunnel(value))
		return false;
	if (is_tunnel(value))
		return true;
	if (!model->there[DFA_NETWORK][value->port.network])
		return false;
	if (value->port.type == DRAGONFLOW_PORT_TYPE_REMOTE &&
	    !model->there[DFA_CHASSIS][value->port.chassis])
		return false;

	for (uint32_t i = 0; i < IDS; i++) {
		const union dfa_value *other = &model->value[DFA_PORT][i];

		if (i != id && is_port_there(model, i, false) &&
		    other->port.network == value->port.network &&
		    memcmp(other->port.mac, value->port.mac, 6) == 0)
			return false;
	}
	return true;
}

static bool accepts_network(const struct model *model, uint32_t id,
			    const union dfa_value *value)
{
	for (uint32_t i = 0; i < IDS; i++) {
		if (i != id && model->there[DFA_NETWORK][i] &&
		    value->network.vni != DFA_NO_VNI &&
		    model->value[DFA_NETWORK][i].network.vni ==
			    value->network.vni)
			return false;
	}
	return true;
}

static bool accepts_new(const struct model *model, enum dfa_kind kind,
			uint32_t id, const union dfa_value *value)
{
	if (kind == DFA_PORT)
		return accepts_port(model, id, value);
	if (kind == DFA_NETWORK)
		return accepts_network(model, id, value);
	return is_port_there(model, value->chassis.tunnel, true);
}

static bool accepts_delete(const struct model *model, enum dfa_kind kind,
			   uint32_t id)
{
	if (!model->there[kind][id])
		return false;

	for (uint32_t i = 0; i < IDS; i++) {
		const union dfa_value *port = &model->value[DFA_PORT][i];

		if (kind == DFA_NETWORK && is_port_there(model, i, false) &&
		    port->port.network == id)
			return false;
		if (kind == DFA_CHASSIS && is_port_there(model, i, false) &&
		    port->port.type == DRAGONFLOW_PORT_TYPE_REMOTE &&
		    port->port.chassis == id)
			return false;
		if (kind == DFA_PORT && model->there[DFA_CHASSIS][i] &&
		    model->value[DFA_CHASSIS][i].chassis.tunnel == id)
			return false;
	}
	return true;
}

static bool model_new(struct model *model, enum dfa_kind kind, uint32_t id,
		      const union dfa_value *value)
{
	if (!accepts_new(model, kind, id, value))
		return false;
	model->there[kind][id] = true;
	model->value[kind][id] = *value;
	return true;
}

static bool model_run(struct model *model, const struct dfa_step *step)
{
	if (!step->is_delete)
		return model_new(model, step->kind, step->id, &step->value);
	if (!accepts_delete(model, step->kind, step->id))
		return false;
	model->there[step->kind][step->id] = false;
	return true;
}

/* --- random worlds --------------------------------------------------------- */

static union dfa_value random_port(bool odd_types)
{
	union dfa_value value = { 0 };
	/* The second tunnel id is sometimes misused as an ordinary one. */
	unsigned int types = odd_types ? 3 : 2;

	value.port.type = DRAGONFLOW_PORT_TYPE_REMOTE;
	if (pick(types) == 0)
		value.port.type = DRAGONFLOW_PORT_TYPE_VIF;
	if (odd_types && pick(3) == 0)
		value.port.type = DRAGONFLOW_PORT_TYPE_TUNNEL;
	if (is_tunnel(&value))
		return value;
	value.port.network = pick(IDS);
	value.port.mac[0] = 2;
	value.port.mac[5] = (uint8_t)pick(KEYS);
	value.port.flags = (uint8_t)pick(2);
	if (value.port.type == DRAGONFLOW_PORT_TYPE_REMOTE)
		value.port.chassis = pick(IDS);
	return value;
}

static union dfa_value random_value(enum dfa_kind kind, uint32_t id,
				    bool odd_types)
{
	union dfa_value value = { 0 };

	if (kind == DFA_PORT && id < TUNNELS && !odd_types) {
		value.port.type = DRAGONFLOW_PORT_TYPE_TUNNEL;
		return value;
	}
	if (kind == DFA_PORT)
		return random_port(odd_types);
	if (kind == DFA_NETWORK) {
		value.network.vni = pick(4) ? pick(KEYS) : DFA_NO_VNI;
		value.network.flags = pick(2);
		return value;
	}
	value.chassis.tunnel = pick(odd_types ? IDS : TUNNELS);
	value.chassis.remote.family = AF_INET;
	value.chassis.remote.bytes[3] = (uint8_t)pick(IDS);
	return value;
}

/* Grows a world by what the kernel would accept, in any order that works. */
static void random_world(struct model *model, unsigned int tries,
			 bool odd_types)
{
	while (tries--) {
		static const enum dfa_kind kinds[] = {
			DFA_PORT, DFA_PORT, DFA_PORT, DFA_NETWORK, DFA_CHASSIS,
		};
		enum dfa_kind kind = kinds[pick(DFA_ARRAY_SIZE(kinds))];
		uint32_t id = pick(IDS);
		union dfa_value value = random_value(kind, id, odd_types);
		struct dfa_step del = { .is_delete = true,
					.kind = kind,
					.id = id };

		if (pick(8) == 0)
			model_run(model, &del);
		else
			model_new(model, kind, id, &value);
	}
}

static void set_all(struct dfa_state *state, const struct model *model,
		    int (*set)(struct dfa_state *, enum dfa_kind, uint32_t,
			       const union dfa_value *))
{
	for (enum dfa_kind kind = 0; kind < DFA_KINDS; kind++) {
		for (uint32_t id = 0; id < IDS; id++) {
			const union dfa_value *value = NULL;

			if (model->there[kind][id])
				value = &model->value[kind][id];
			assert_int_equal(set(state, kind, id, value), 0);
		}
	}
}

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
		random_world(&kernel, pick(120), false);
		random_world(&want, pick(120), false);
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

/* Ids that change between tunnel and ordinary port take a second plan. */
static void port_types_may_be_mixed_up(void **unused)
{
	(void)unused;
	for (unsigned int round = 0; round < 3000; round++) {
		struct model kernel = { 0 }, want = { 0 };
		struct dfa_state state;

		seed = round;
		dfa_state_init(&state);
		random_world(&kernel, pick(120), true);
		random_world(&want, pick(120), true);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_do_is_an_empty_plan),
		cmocka_unit_test(a_moved_port_is_one_new),
		cmocka_unit_test(swapped_macs_delete_one_port_only),
		cmocka_unit_test(a_vni_changes_hands_without_touching_ports),
		cmocka_unit_test(the_lower_id_of_two_equal_macs_wins),
		cmocka_unit_test(the_loser_of_a_vni_keeps_its_local_ports),
		cmocka_unit_test(what_was_forgotten_is_wanted_again),
		cmocka_unit_test(any_world_becomes_any_other),
		cmocka_unit_test(a_world_changes_step_by_step),
		cmocka_unit_test(port_types_may_be_mixed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
