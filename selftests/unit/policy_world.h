/* SPDX-License-Identifier: GPL-2.0 */
/* A hypervisor with ports that have security groups; what it is told and wants. */
#ifndef DFA_SELFTESTS_UNIT_POLICY_WORLD_H
#define DFA_SELFTESTS_UNIT_POLICY_WORLD_H

#define NETWORK "10000000-0000-4000-8000-000000000001"
#define PORT "30000000-0000-4000-8000-00000000000%d"
#define GROUP "60000000-0000-4000-8000-00000000000%d"
#define RULE "70000000-0000-4000-8000-00000000000%d"
#define ADDRESSES "80000000-0000-4000-8000-00000000000%d"
#define MEMBER "90000000-0000-8000-8000-00000000000%d"

enum { PORT_KEY = 30, GROUP_KEY = 60, RULE_KEY = 70, ADDRESSES_KEY = 80 };

struct world {
	struct dfa_config config;
	struct dfa_state state;
	struct dfa_compile compile;
};

static void local_set(void *arg, const struct dfa_local_port *port)
{
	(void)arg;
	assert_true(port->key);
}

static void local_del(void *arg, const struct dfa_uuid *id)
{
	(void)arg;
	assert_non_null(id);
}

static const struct dfa_compile_ops ops = {
	.local_set = local_set,
	.local_del = local_del,
};

static void put(struct world *world, const char *model, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void put(struct world *world, const char *model, const char *format, ...)
{
	struct df_error error = { 0 };
	struct df_obj *obj;
	char json[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(json, sizeof(json), format, args);
	va_end(args);
	if (df_obj_parse(&obj, model, json, strlen(json), &error))
		fail_msg("%s", error.text);
	assert_int_equal(dfa_compile_put(&world->compile, obj), 0);
	df_obj_put(obj);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	dfa_config_init(&world->config);
	dfa_config_set(&world->config, "chassis", "here", NULL);
	dfa_state_init(&world->state);
	dfa_compile_init(&world->compile, &world->state, &world->config, &ops,
			 world);
	put(world, "network",
	    "{\"id\":\"" NETWORK "\",\"key\":11,\"segmentation_id\":1}");
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	dfa_compile_fini(&world->compile);
	dfa_state_fini(&world->state);
	dfa_config_fini(&world->config);
	free(world);
	return 0;
}

/* @groups: digits of the groups that it has */
static void put_port(struct world *world, int nr, const char *host,
		     const char *groups)
{
	char list[512] = "";

	for (; *groups; groups++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list),
			 "%s\"" GROUP "\"", *list ? "," : "", *groups - '0');
	put(world, "port",
	    "{\"id\":\"" PORT "\",\"key\":%d,\"network_id\":\"" NETWORK
	    "\",\"mac_address\":\"02:00:00:00:00:0%d\",\"binding_host\":\"%s\""
	    ",\"security_groups\":[%s]}", nr, PORT_KEY + nr, nr, host, list);
}

static void put_group(struct world *world, int nr, const char *more)
{
	put(world, "security_group", "{\"id\":\"" GROUP "\",\"key\":%d%s}", nr,
	    GROUP_KEY + nr, more);
}

static void put_addresses(struct world *world, int nr, const char *list)
{
	put(world, "address_group",
	    "{\"id\":\"" ADDRESSES "\",\"key\":%d,\"addresses\":[%s]}", nr,
	    ADDRESSES_KEY + nr, list);
}

/* A rule of group 1 */
static void put_rule(struct world *world, int nr, const char *more)
{
	put(world, "security_group_rule",
	    "{\"id\":\"" RULE "\",\"key\":%d,\"security_group_id\":\"" GROUP
	    "\",\"direction\":\"ingress\"%s}", nr, RULE_KEY + nr, 1, more);
}

static void put_member(struct world *world, int nr, int group,
		       const char *addresses)
{
	put(world, "security_group_member",
	    "{\"id\":\"" MEMBER "\",\"security_group_id\":\"" GROUP
	    "\",\"port_id\":\"" PORT "\",\"addresses\":[%s]}", nr, group, nr,
	    addresses);
}

static void del(struct world *world, const char *model, const char *id, int nr)
{
	char text[64];

	snprintf(text, sizeof(text), id, nr);
	assert_int_equal(dfa_compile_del(&world->compile, model, text), 0);
}

#define REMOTE_GROUP ",\"remote_group_id\":\"60000000-0000-4000-8000-000000000002\""
#define REMOTE_ADDRESSES \
	",\"remote_address_group_id\":\"80000000-0000-4000-8000-000000000001\""

static int forget(struct world *world, struct dfa_group *group)
{
	return dfa_compile_forget_group(&world->compile, group);
}

/*
 * What topics.c does: follow and forget. Returns how many groups are followed;
 * nobody tells more of them than was put already.
 */
static size_t follow(struct world *world)
{
	struct dfa_map_iter iter;
	struct dfa_map_node *node;
	struct dfa_group *group;
	size_t count = 0;

	while ((group = dfa_compile_next_need(&world->compile))) {
		bool is_needed = dfa_group_is_needed(group);

		if (is_needed == group->is_followed) {
			dfa_group_unref(&world->compile, group);
		} else if (is_needed) {
			group->is_followed = true;
			assert_int_equal(dfa_compile_group_read(&world->compile,
								group), 0);
		} else {
			assert_int_equal(forget(world, group), 0);
		}
	}
	iter = dfa_map_iter(&world->compile.groups);
	while ((node = dfa_map_iter_next(&world->compile.groups, &iter)))
		count += dfa_container_of(node, struct dfa_group,
					  node)->is_followed;
	return count;
}

static const union dfa_value *wish(struct world *world, enum dfa_kind kind,
				   uint32_t id)
{
	const struct dfa_object *object;

	object = dfa_state_find(&world->state, kind, id);
	return object && object->wished ? &object->wish : NULL;
}

static const struct dfa_rule_value *rule(struct world *world, int nr)
{
	const union dfa_value *value = wish(world, DFA_RULE, RULE_KEY + nr);

	return value ? &value->rule : NULL;
}

static const struct dfa_ids *groups_of(struct world *world, int port)
{
	const union dfa_value *value = wish(world, DFA_PORT, PORT_KEY + port);

	return value ? value->port.groups : NULL;
}

/* Is the prefix wished for in the set? */
static bool is_member(struct world *world, uint32_t set, const char *text)
{
	struct dfa_member_value member = { .set = set };
	const union dfa_value *value;
	struct df_ip ip;

	assert_int_equal(df_ip_parse(&ip, text), 0);
	dfa_address_from_ip(&member.prefix, &ip);
	member.prefix_len = ip.prefix;
	value = wish(world, DFA_MEMBER,
		     dfa_state_member(&world->state, &member));
	return value && value->member.set == set;
}

static size_t count(struct world *world, enum dfa_kind kind)
{
	return world->state.wish_count[kind];
}

/* The kernel gets what is wanted; how many messages that takes. */
static size_t settle(struct world *world)
{
	size_t messages = 0;
	union dfa_value value;

	while (world->state.dirty) {
		const struct dfa_object *object = world->state.dirty;
		bool wanted = dfa_object_want(object, &value);

		assert_int_equal(dfa_state_have(&world->state, object->kind,
						object->id,
						wanted ? &value : NULL), 0);
		messages++;
	}
	return messages;
}

/* Port 1 is here, its group lets in group 2 and address group 1. */
static void put_all(struct world *world)
{
	put_group(world, 1, "");
	put_group(world, 2, "");
	put_addresses(world, 1, "\"10.9.0.0/16\",\"2001:db8::/32\"");
	put_rule(world, 1, REMOTE_GROUP);
	put_rule(world, 2, REMOTE_ADDRESSES ",\"ethertype\":\"IPv6\"");
	put_member(world, 1, 1, "\"10.0.0.1\"");
	put_member(world, 2, 2, "\"10.0.0.2\",\"2001:db8::2\"");
	put_port(world, 1, "here", "1");
	assert_int_equal(follow(world), 3);
}

#endif
