// SPDX-License-Identifier: GPL-2.0
/*
 * Entries of the database as an agent reads them back, whoever wrote them:
 *	+KEY VALUE	an entry was put
 *	-KEY		it was deleted
 *	!		the kernel is made to follow
 * Whatever the entries say, the plan must come to an end, ask the kernel for
 * nothing that it refuses on principle, and leave nothing behind when all
 * entries are gone.
 */
#include "app/advert.h"
#include "compile/policy.h"
#include "fuzz.h"
#include "nb.h"
#include "plan.h"
#include "view.h"

enum { ENTRIES_MAX = 64 };

struct world {
	struct dfa_config config;
	struct dfa_state state;
	struct dfa_compile compile;
	struct dfa_view view;
	char *keys[ENTRIES_MAX];
	size_t count;
};

static void local_set(void *arg, const struct dfa_local_port *port)
{
	(void)arg;
	require(port->key && memchr(port->device, '\0', sizeof(port->device)));
}

static void local_del(void *arg, const struct dfa_uuid *id)
{
	(void)arg;
	(void)id;
}

static void advert_set(void *arg, const struct dfa_advert *advert)
{
	uint8_t frame[DFA_ADVERT_MAX];

	(void)arg;
	require(advert->key && advert->network && advert->prefix_count);
	require(dfa_advert_build(frame, advert, 1) <= sizeof(frame));
}

static void advert_del(void *arg, uint32_t key)
{
	(void)arg;
	require(key);
}

static void place_told(void *arg, enum dfa_view_kind kind, const struct dfa_uuid *place)
{
	(void)arg;
	(void)kind;
	(void)place;
}

static const struct dfa_compile_ops compile_ops = {
	.local_set = local_set,
	.local_del = local_del,
	.advert_set = advert_set,
	.advert_del = advert_del,
};

static const struct dfa_view_ops view_ops = {
	.needed = place_told,
	.unneeded = place_told,
};

static void world_init(struct world *world)
{
	memset(world, 0, sizeof(*world));
	dfa_config_init(&world->config);
	require(!dfa_config_set(&world->config, "chassis", "here", NULL));
	require(!dfa_config_set(&world->config, "encap", "vxlan:192.0.2.1", NULL));
	require(!dfa_config_set(&world->config, "encap", "geneve:2001:db8::1", NULL));
	dfa_state_init(&world->state);
	dfa_compile_init(&world->compile, &world->state, &world->config, &compile_ops, world);
	dfa_view_init(&world->view, &view_ops, world);
	require(!dfa_compile_tunnels(&world->compile));
}

static void world_fini(struct world *world)
{
	dfa_view_fini(&world->view);
	dfa_compile_fini(&world->compile);
	dfa_state_fini(&world->state);
	dfa_config_fini(&world->config);
}

static bool is_there(const struct dfa_state *state, enum dfa_kind kind, uint32_t id)
{
	const struct dfa_object *object = dfa_state_find(state, kind, id);

	return object && object->had;
}

/* What the module says no to, whatever else it holds. */
static void check_step(const struct dfa_state *state, const struct dfa_step *step)
{
	const struct dfa_object *holder;

	require(step->id && step->kind < DFA_KINDS);
	if (step->is_delete) {
		require(is_there(state, step->kind, step->id));
		return;
	}
	holder = dfa_state_holder(state, step->kind, &step->value);
	require(!holder || holder->id == step->id);
	if (step->kind == DFA_CHASSIS)
		require(is_there(state, DFA_PORT, step->value.chassis.tunnel));
	if (step->kind != DFA_PORT)
		return;
	if (step->value.port.network)
		require(is_there(state, DFA_NETWORK, step->value.port.network));
	if (step->value.port.chassis)
		require(is_there(state, DFA_CHASSIS, step->value.port.chassis));
}

/* The topics of groups are followed as they are needed, and read at once. */
static void follow_groups(struct dfa_compile *compile)
{
	struct dfa_group *group;

	while ((group = dfa_compile_next_need(compile))) {
		bool is_needed = dfa_group_is_needed(group);

		if (is_needed == group->is_followed) {
			dfa_group_unref(compile, group);
		} else if (is_needed) {
			group->is_followed = true;
			require(!dfa_compile_group_read(compile, group));
		} else {
			require(!dfa_compile_forget_group(compile, group));
		}
	}
}

static void follow(struct dfa_state *state)
{
	size_t rounds = state->dirty_count + 2;
	struct dfa_plan plan;
	size_t i;

	while (state->dirty) {
		require(rounds--);
		require(!dfa_plan_make(&plan, state));
		require(plan.count);
		for (i = 0; i < plan.count; i++) {
			const struct dfa_step *step = &plan.step[i];

			check_step(state, step);
			require(!dfa_state_have(state, step->kind, step->id,
						step->is_delete ? NULL : &step->value));
		}
		dfa_plan_free(&plan);
	}
}

static void put(struct world *world, char *key, const char *value)
{
	struct df_db_entry entry = { .key = key, .topic = "", .value = value };
	struct dfa_uuid port, network;
	struct df_error error = { 0 };
	struct df_obj *obj;
	const char *id;

	entry.len = strlen(value);
	if (world->count == ENTRIES_MAX || df_nb_decode(&obj, &entry, &error)) {
		require(world->count == ENTRIES_MAX || *error.text);
		return;
	}
	id = df_obj_string(obj, "network_id");
	if (id && !dfa_uuid_parse(&port, df_obj_id(obj)) && !dfa_uuid_parse(&network, id))
		require(!dfa_view_bind(&world->view, &port, &network));
	dfa_compile_put(&world->compile, obj);
	df_obj_put(obj);
	world->keys[world->count++] = strdup(key);
}

static void delete(struct world *world, const char *key)
{
	const struct df_model *model;
	struct dfa_uuid uuid;
	const char *id;

	if (df_key_split(key, &model, &id))
		return;
	dfa_compile_del(&world->compile, model->name, id);
	if (!dfa_uuid_parse(&uuid, id))
		dfa_view_unbind(&world->view, &uuid);
}

static void run_line(struct world *world, char *line)
{
	char *value = strchr(line, ' ');

	if (value)
		*value++ = '\0';
	if (*line == '+' && value)
		put(world, line + 1, value);
	else if (*line == '-')
		delete(world, line + 1);
	else if (*line == '!')
		follow(&world->state);
	follow_groups(&world->compile);
}

static void delete_all(struct world *world)
{
	size_t i;

	for (i = 0; i < world->count; i++) {
		delete(world, world->keys[i]);
		follow_groups(&world->compile);
		free(world->keys[i]);
	}
	follow(&world->state);
	require(!world->compile.parked && !world->state.losers);
	require(!world->state.have_count[DFA_NETWORK] && !world->state.have_count[DFA_CHASSIS]);
	require(!world->state.have_count[DFA_GROUP] && !world->state.have_count[DFA_RULE]);
	require(!world->state.have_count[DFA_SET] && !world->state.have_count[DFA_MEMBER]);
	require(!world->compile.elements.count && !world->compile.groups.count);
	/* The tunnels stay. */
	require(world->state.have_count[DFA_PORT] == 2);
	require(!world->view.bindings.count && !world->view.networks);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct world world;
	char *line;

	world_init(&world);
	while ((line = fuzz_line(&input, &size))) {
		run_line(&world, line);
		free(line);
	}
	delete_all(&world);
	world_fini(&world);
	return 0;
}
