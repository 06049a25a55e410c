// SPDX-License-Identifier: GPL-2.0
/*
 * What must be unique makes the order interesting. If A wants what B holds, B
 * has to move first, and if C holds what B wants, C before that. Nobody wants
 * what another one wants, and nobody holds what another one holds, so these
 * are simple chains, or rings. A ring is opened by making one member let go.
 */
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "util.h"

enum mark {
	MARK_NONE,
	MARK_CHAIN, /* in the chain that is being resolved */
	MARK_PLANNED, /* its steps, at least those that let go, are in the plan */
};

struct planner {
	struct dfa_plan plan;
	struct dfa_state *state;
	struct dfa_object **chain;
	size_t chain_size;
};

int dfa_plan_add(struct dfa_plan *plan, const struct dfa_step *step)
{
	if (plan->count == plan->size) {
		size_t size = plan->size ? plan->size * 2 : 16;
		struct dfa_step *grown;

		grown = realloc(plan->step, size * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		plan->step = grown;
		plan->size = size;
	}
	plan->step[plan->count] = *step;
	if (!step->is_delete)
		dfa_value_get(step->kind, &plan->step[plan->count].value);
	plan->count++;
	return 0;
}

static int add_new(struct planner *planner, struct dfa_object *object,
		   const union dfa_value *value)
{
	object->mark = MARK_PLANNED;
	return dfa_plan_add(&planner->plan, &(struct dfa_step){
					 .kind = object->kind,
					 .id = object->id,
					 .value = *value,
				 });
}

static int add_delete(struct planner *planner, struct dfa_object *object)
{
	struct dfa_step step = {
		.is_delete = true,
		.kind = object->kind,
		.id = object->id,
	};

	if (object->kind == DFA_MEMBER)
		step.value = object->have;
	object->mark = MARK_PLANNED;
	return dfa_plan_add(&planner->plan, &step);
}

/* Of nobody else, as it is made of the interface's id. */
static void set_odd_mac(struct dfa_interface_value *value, uint32_t id)
{
	value->mac[0] = 2;
	value->mac[1] = 0xdf;
	memcpy(value->mac + 2, &id, sizeof(id));
}

/* Nothing refers to it. */
static bool is_let_go_by_delete(const struct dfa_object *object)
{
	return object->kind == DFA_PORT || object->kind == DFA_ROUTE;
}

/* Give up the unique key, in a way that the references to it survive. */
static int let_go(struct planner *planner, struct dfa_object *object)
{
	union dfa_value value = object->have;

	if (is_let_go_by_delete(object))
		return add_delete(planner, object);
	if (object->kind == DFA_INTERFACE) {
		set_odd_mac(&value.interface, object->id);
		/* Others may have taken them by now. */
		value.interface.addrs = NULL;
	} else {
		value.network.vni = DFA_NO_VNI;
	}
	return add_new(planner, object, &value);
}

static int chain_push(struct planner *planner, size_t *len,
		      struct dfa_object *object)
{
	if (*len == planner->chain_size) {
		size_t size = *len ? *len * 2 : 16;
		struct dfa_object **grown;

		grown = realloc(planner->chain, size * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		planner->chain = grown;
		planner->chain_size = size;
	}
	object->mark = MARK_CHAIN;
	planner->chain[(*len)++] = object;
	return 0;
}

/*
 * Collect who has to move before @object can, the last one first to move; who
 * lets go without moving is planned at once.
 */
static int follow_chain(struct planner *planner, struct dfa_object *object,
			size_t *len)
{
	union dfa_value want;
	int err;

	while (dfa_object_want(object, &want)) {
		struct dfa_object *holder;

		err = chain_push(planner, len, object);
		if (err)
			return err;
		holder = dfa_state_holder(planner->state, object->kind, &want);
		if (!holder || holder == object ||
		    holder->mark == MARK_PLANNED)
			return 0;
		/* Closed to a ring, which only the first member can do. */
		if (holder->mark == MARK_CHAIN) {
			err = let_go(planner, holder);
			holder->mark = MARK_CHAIN;
			return err;
		}
		object = holder;
	}
	return let_go(planner, object);
}

static int plan_new(struct planner *planner, struct dfa_object *object)
{
	union dfa_value want;
	size_t len = 0;
	int err;

	err = follow_chain(planner, object, &len);
	while (!err && len > 0) {
		object = planner->chain[--len];
		dfa_object_want(object, &want);
		err = add_new(planner, object, &want);
	}
	return err;
}

static bool is_tunnel(const union dfa_value *value)
{
	return value->port.type == DRAGONFLOW_PORT_TYPE_TUNNEL;
}

/**
 * struct rank - objects that are made together
 * @kind: of all of them
 * @is_tunnel: of ports, whether it is the tunnels or the others
 */
struct rank {
	enum dfa_kind kind;
	bool is_tunnel;
};

static bool is_of_rank(const struct dfa_object *object,
		       const union dfa_value *value, const struct rank *rank)
{
	return object->kind == rank->kind &&
	       (rank->kind != DFA_PORT || is_tunnel(value) == rank->is_tunnel);
}

static int plan_news(struct planner *planner, const struct rank *rank)
{
	struct dfa_object *object = planner->state->dirty;
	union dfa_value want;
	int err = 0;

	for (; object && !err; object = object->dirty_next) {
		if (object->mark == MARK_PLANNED ||
		    !dfa_object_want(object, &want))
			continue;
		if (is_of_rank(object, &want, rank))
			err = plan_new(planner, object);
	}
	return err;
}

/* Some are deleted already, as they let go. */
static int plan_deletes(struct planner *planner, const struct rank *rank)
{
	struct dfa_object *object = planner->state->dirty;
	union dfa_value want;
	int err = 0;

	for (; object && !err; object = object->dirty_next) {
		if (!object->had || dfa_object_want(object, &want) ||
		    !is_of_rank(object, &object->have, rank))
			continue;
		if (is_let_go_by_delete(object) &&
		    object->mark == MARK_PLANNED)
			continue;
		err = add_delete(planner, object);
	}
	return err;
}

static bool leads_through(const struct dfa_addrs *nexthops, uint32_t interface)
{
	for (size_t i = 0; i < dfa_addrs_count(nexthops); i++) {
		if (nexthops->addr[i].interface == interface)
			return true;
	}
	return false;
}

static bool uses_group(const struct dfa_object *user, uint32_t id)
{
	if (user->kind == DFA_PORT)
		return dfa_ids_has(user->have.port.groups, id);
	return user->kind == DFA_RULE && user->have.rule.group == id;
}

static bool uses(const struct dfa_object *user, const struct dfa_object *used)
{
	if (used->kind == DFA_GROUP)
		return uses_group(user, used->id);
	if (user->kind == DFA_CHASSIS)
		return used->kind == DFA_PORT &&
		       user->have.chassis.tunnel == used->id;
	if (user->kind == DFA_ROUTE)
		return used->kind == DFA_INTERFACE &&
		       leads_through(user->have.route.nexthops, used->id);
	return user->kind == DFA_PORT && used->kind == DFA_CHASSIS &&
	       !is_tunnel(&user->have) && user->have.port.chassis == used->id;
}

static int delete_users(struct planner *planner, struct dfa_object *used,
			int (*del)(struct planner *, struct dfa_object *))
{
	struct dfa_map_iter iter = dfa_map_iter(&planner->state->by_id);
	struct dfa_map_node *node;
	int err = 0;

	while (!err &&
	       (node = dfa_map_iter_next(&planner->state->by_id, &iter))) {
		struct dfa_object *user;

		user = dfa_container_of(node, struct dfa_object, by_id);
		if (user->had && user->mark == MARK_NONE && uses(user, used))
			err = del(planner, user);
	}
	return err;
}

static int delete_chassis(struct planner *planner, struct dfa_object *chassis)
{
	int err = delete_users(planner, chassis, add_delete);

	return err ?: add_delete(planner, chassis);
}

static bool stays_itself(const struct dfa_object *object,
			 const union dfa_value *want)
{
	const union dfa_value *have = &object->have;

	if (object->kind == DFA_PORT)
		return is_tunnel(want) == is_tunnel(have);
	if (object->kind == DFA_INTERFACE)
		return want->interface.router == have->interface.router &&
		       want->interface.network == have->interface.network;
	if (object->kind == DFA_ROUTE)
		return want->route.router == have->route.router &&
		       want->route.prefix_len == have->route.prefix_len &&
		       dfa_address_equal(&want->route.prefix,
					 &have->route.prefix);
	if (object->kind == DFA_GROUP)
		return !((want->group.flags ^ have->group.flags) &
			 DRAGONFLOW_SECURITY_GROUP_FLAG_STATELESS);
	if (object->kind == DFA_RULE)
		return want->rule.group == have->rule.group;
	return true;
}

/*
 * For the kernel, a tunnel stays a tunnel, an interface keeps its router and
 * network, a route its router and prefix, a security group stays stateful or not,
 * and a rule keeps its group. Should an id be used otherwise than before, the old
 * object goes first, with everything that leads through it.
 */
static int plan_changes_of_nature(struct planner *planner)
{
	struct dfa_object *object = planner->state->dirty;
	union dfa_value want;
	int err = 0;

	for (; object && !err; object = object->dirty_next) {
		if (!object->had || object->mark == MARK_PLANNED ||
		    !dfa_object_want(object, &want) ||
		    stays_itself(object, &want))
			continue;
		if (object->kind == DFA_INTERFACE || object->kind == DFA_GROUP)
			err = delete_users(planner, object, add_delete);
		else if (object->kind == DFA_PORT && is_tunnel(&object->have))
			err = delete_users(planner, object, delete_chassis);
		if (!err)
			err = add_delete(planner, object);
	}
	return err;
}

static int plan_all(struct planner *planner)
{
	static const struct rank order[] = {
		{ DFA_PORT, true },
		{ DFA_CHASSIS, false },
		{ DFA_NETWORK, false },
		{ DFA_SET, false },
		{ DFA_MEMBER, false },
		{ DFA_GROUP, false },
		{ DFA_RULE, false },
		{ DFA_ROUTER, false },
		/* Who takes a MAC from a port makes that port move now. */
		{ DFA_INTERFACE, false },
		{ DFA_PORT, false },
		{ DFA_ROUTE, false },
	};
	int err = plan_changes_of_nature(planner);

	/* What was torn down is wanted again: by the next plan. */
	if (planner->plan.count)
		return err;
	if (!err)
		err = dfa_plan_releases(&planner->plan, planner->state);

	for (size_t i = 0; i < DFA_ARRAY_SIZE(order) && !err; i++)
		err = plan_news(planner, &order[i]);
	for (size_t i = DFA_ARRAY_SIZE(order); i > 0 && !err; i--)
		err = plan_deletes(planner, &order[i - 1]);
	return err;
}

static void clear_marks(struct planner *planner)
{
	struct dfa_object *object = planner->state->dirty;

	for (; object; object = object->dirty_next)
		object->mark = MARK_NONE;
	for (size_t i = 0; i < planner->plan.count; i++) {
		const struct dfa_step *step = &planner->plan.step[i];

		object = dfa_state_find(planner->state, step->kind, step->id);
		if (object)
			object->mark = MARK_NONE;
	}
}

int dfa_plan_make(struct dfa_plan *plan, struct dfa_state *state)
{
	struct planner planner = { .state = state };
	int err = plan_all(&planner);

	clear_marks(&planner);
	free(planner.chain);
	if (err) {
		dfa_plan_free(&planner.plan);
		return err;
	}
	*plan = planner.plan;
	return 0;
}

void dfa_plan_free(struct dfa_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		struct dfa_step *step = &plan->step[i];

		if (!step->is_delete)
			dfa_value_put(step->kind, &step->value);
	}
	free(plan->step);
	*plan = (struct dfa_plan){ 0 };
}
