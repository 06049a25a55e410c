// SPDX-License-Identifier: GPL-2.0
/*
 * Security groups: logical objects in, wishes for kernel objects out.
 *
 *	port 1 (key 31), here --- group 1 (key 61), whose rules name
 *	port 2 (key 32), there -- group 2 (key 62) and address group 1 (key 81)
 */
#include <errno.h>
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

#include "compile/policy.h"
#include "util.h"

#include "policy_world.h"

static void groups_of_ports_here_are_wished(void **state)
{
	struct world *world = *state;

	put_all(world);
	assert_int_equal(wish(world, DFA_GROUP, 61)->group.flags, 0);
	assert_null(wish(world, DFA_GROUP, 62));
	assert_int_equal(dfa_ids_count(groups_of(world, 1)), 1);
	assert_true(dfa_ids_has(groups_of(world, 1), 61));
	assert_int_equal(rule(world, 1)->group, 61);
	assert_int_equal(rule(world, 1)->set, 62);
	assert_int_equal(rule(world, 2)->set, 81);
	assert_int_equal(count(world, DFA_SET), 2);
	assert_int_equal(count(world, DFA_MEMBER), 4);
	assert_true(is_member(world, 62, "10.0.0.2"));
	assert_true(is_member(world, 62, "2001:db8::2"));
	assert_true(is_member(world, 81, "10.9.0.0/16"));
	assert_true(is_member(world, 81, "2001:db8::/32"));
	assert_false(is_member(world, 61, "10.0.0.1"));
}

static void groups_of_other_ports_are_not(void **state)
{
	struct world *world = *state;

	put_group(world, 1, "");
	put_rule(world, 1, REMOTE_GROUP);
	put_port(world, 1, "there", "1");
	put_port(world, 2, "", "1");
	assert_int_equal(follow(world), 0);
	assert_int_equal(count(world, DFA_GROUP), 0);
	assert_int_equal(count(world, DFA_RULE), 0);
	put_port(world, 2, "here", "1");
	assert_int_equal(follow(world), 2);
	assert_int_equal(count(world, DFA_GROUP), 1);
}

static void a_group_may_name_itself(void **state)
{
	struct world *world = *state;

	put_group(world, 1, "");
	put_rule(world, 1,
		 ",\"remote_group_id\":\"60000000-0000-4000-8000-000000000001\"");
	put_member(world, 1, 1, "\"10.0.0.1\"");
	put_port(world, 1, "here", "1");
	assert_int_equal(follow(world), 1);
	assert_int_equal(rule(world, 1)->set, 61);
	assert_true(is_member(world, 61, "10.0.0.1"));
	put_port(world, 1, "here", "");
	assert_int_equal(follow(world), 0);
	assert_int_equal(count(world, DFA_SET), 0);
	assert_int_equal(count(world, DFA_MEMBER), 0);
}

static void a_stateless_group_says_so(void **state)
{
	struct world *world = *state;

	put_group(world, 1, ",\"stateful\":false");
	put_port(world, 1, "here", "1");
	follow(world);
	assert_int_equal(wish(world, DFA_GROUP, 61)->group.flags,
			 DRAGONFLOW_SECURITY_GROUP_FLAG_STATELESS);
}

static void a_group_says_what_it_logs(void **state)
{
	static const struct {
		const char *log;
		uint32_t flags;
	} cases[] = {
		{ ",\"log\":\"accept\"", DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_ACCEPT },
		{ ",\"log\":\"drop\"", DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_DROP },
		{ ",\"log\":\"all\",\"stateful\":false",
		  DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_ACCEPT |
		  DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_DROP |
		  DRAGONFLOW_SECURITY_GROUP_FLAG_STATELESS },
		{ ",\"log\":\"none\"", 0 },
		{ "", 0 },
	};
	struct world *world = *state;
	size_t i;

	put_port(world, 1, "here", "1");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_group(world, 1, cases[i].log);
		follow(world);
		assert_int_equal(wish(world, DFA_GROUP, 61)->group.flags,
				 cases[i].flags);
	}
}

static void rules_say_what_they_match(void **state)
{
	struct world *world = *state;
	const struct dfa_rule_value *value;

	put_all(world);
	put_rule(world, 3, ",\"protocol\":\"tcp\",\"port_range_min\":80,"
		 "\"port_range_max\":90,\"remote_ip_prefix\":\"10.0.0.0/8\"");
	value = rule(world, 3);
	assert_int_equal(value->direction, DRAGONFLOW_DIRECTION_INGRESS);
	assert_int_equal(value->version, DRAGONFLOW_IP_VERSION_IP4);
	assert_int_equal(value->protocol, 6);
	assert_true(value->has_ports);
	assert_int_equal(value->port_min, 80);
	assert_int_equal(value->port_max, 90);
	assert_int_equal(value->icmp_type, DFA_ANY);
	assert_int_equal(value->prefix.family, AF_INET);
	assert_int_equal(value->prefix_len, 8);
	assert_int_equal(value->set, 0);
	put_rule(world, 3, ",\"remote_ip_prefix\":\"0.0.0.0/0\"");
	assert_int_equal(rule(world, 3)->prefix.family, AF_UNSPEC);
	assert_int_equal(rule(world, 3)->protocol, DFA_ANY);
	assert_false(rule(world, 3)->has_ports);
}

static void rules_of_icmp_have_types_and_codes(void **state)
{
	struct world *world = *state;

	put_all(world);
	put_rule(world, 3, ",\"protocol\":\"icmp\"");
	assert_int_equal(rule(world, 3)->protocol, 1);
	assert_int_equal(rule(world, 3)->icmp_type, DFA_ANY);
	put_rule(world, 3, ",\"protocol\":\"icmp\",\"port_range_min\":0");
	assert_int_equal(rule(world, 3)->icmp_type, 0);
	assert_int_equal(rule(world, 3)->icmp_code, DFA_ANY);
	put_rule(world, 3, ",\"protocol\":\"1\",\"ethertype\":\"IPv6\","
		 "\"port_range_min\":1,\"port_range_max\":0");
	assert_int_equal(rule(world, 3)->version, DRAGONFLOW_IP_VERSION_IP6);
	assert_int_equal(rule(world, 3)->protocol, 58);
	assert_int_equal(rule(world, 3)->icmp_type, 1);
	assert_int_equal(rule(world, 3)->icmp_code, 0);
	assert_false(rule(world, 3)->has_ports);
}

static void a_change_is_one_message(void **state)
{
	struct world *world = *state;

	put_all(world);
	settle(world);
	put_member(world, 3, 2, "\"10.0.0.3\"");
	assert_int_equal(settle(world), 1);
	put_member(world, 3, 2, "\"10.0.0.3\",\"10.0.0.4\"");
	assert_int_equal(settle(world), 1);
	del(world, "security_group_member", MEMBER, 2);
	assert_int_equal(settle(world), 2); /* it has two addresses */
	put_rule(world, 1, REMOTE_GROUP ",\"protocol\":\"tcp\"");
	assert_int_equal(settle(world), 1);
	put_rule(world, 3, ",\"protocol\":\"udp\"");
	assert_int_equal(settle(world), 1);
	del(world, "security_group_rule", RULE, 3);
	assert_int_equal(settle(world), 1);
	put_addresses(world, 1, "\"10.9.0.0/16\",\"2001:db8::/33\"");
	assert_int_equal(settle(world), 2);
	put_group(world, 1, ",\"description\":\"x\"");
	put_port(world, 1, "here", "1");
	assert_int_equal(settle(world), 0);
}

static void an_address_stays_while_anybody_has_it(void **state)
{
	struct world *world = *state;

	put_all(world);
	put_member(world, 3, 2, "\"10.0.0.2\"");
	settle(world);
	put_member(world, 2, 2, "\"10.0.0.9\"");
	assert_true(is_member(world, 62, "10.0.0.2"));
	assert_false(is_member(world, 62, "2001:db8::2"));
	assert_int_equal(settle(world), 2);
	del(world, "security_group_member", MEMBER, 3);
	assert_false(is_member(world, 62, "10.0.0.2"));
	assert_int_equal(settle(world), 1);
}

static void sets_follow_what_rules_name(void **state)
{
	struct world *world = *state;

	put_all(world);
	put_rule(world, 1, REMOTE_ADDRESSES);
	assert_int_equal(follow(world), 2);
	assert_null(wish(world, DFA_SET, 62));
	assert_false(is_member(world, 62, "10.0.0.2"));
	assert_int_equal(rule(world, 1)->set, 81);
	del(world, "security_group_rule", RULE, 2);
	assert_int_equal(follow(world), 2);
	assert_non_null(wish(world, DFA_SET, 81));
	put_rule(world, 1, "");
	assert_int_equal(follow(world), 1);
	assert_int_equal(count(world, DFA_SET), 0);
	assert_int_equal(count(world, DFA_MEMBER), 0);
	assert_int_equal(rule(world, 1)->set, 0);
}

/* The group's topic is read up to here: its remote's is not yet. */
static void read_group(struct world *world, enum dfa_group_kind kind,
		       const char *format, int nr)
{
	struct dfa_group *group;
	struct dfa_uuid id;
	char text[64];

	snprintf(text, sizeof(text), format, nr);
	assert_int_equal(dfa_uuid_parse(&id, text), 0);
	group = dfa_group_ref(&world->compile, kind, &id);
	group->is_followed = true;
	assert_int_equal(dfa_compile_group_read(&world->compile, group), 0);
}

static void a_port_waits_until_its_groups_were_read(void **state)
{
	struct world *world = *state;

	put_port(world, 1, "here", "1");
	assert_null(wish(world, DFA_PORT, 31));
	assert_int_equal(world->compile.parked, 1);
	put_group(world, 1, "");
	put_rule(world, 1, REMOTE_GROUP);
	read_group(world, DFA_SECURITY_GROUP, GROUP, 1);
	assert_null(wish(world, DFA_PORT, 31));
	put_group(world, 2, "");
	put_member(world, 2, 2, "\"10.0.0.2\"");
	assert_null(rule(world, 1));
	read_group(world, DFA_SECURITY_GROUP, GROUP, 2);
	assert_non_null(rule(world, 1));
	assert_true(dfa_ids_has(groups_of(world, 1), 61));
	assert_int_equal(world->compile.parked, 0);
}

static void a_port_keeps_its_groups_until_the_new_were_read(void **state)
{
	struct world *world = *state;

	put_all(world);
	put_port(world, 1, "here", "3");
	assert_true(dfa_ids_has(groups_of(world, 1), 61));
	put_group(world, 3, "");
	assert_true(dfa_ids_has(groups_of(world, 1), 61));
	assert_false(dfa_ids_has(groups_of(world, 1), 63));
	read_group(world, DFA_SECURITY_GROUP, GROUP, 3);
	assert_false(dfa_ids_has(groups_of(world, 1), 61));
	assert_true(dfa_ids_has(groups_of(world, 1), 63));
}

/* Topics come in no order: the port's own may say so last. */
static void a_group_that_is_deleted_stays_with_its_ports(void **state)
{
	struct world *world = *state;

	put_all(world);
	del(world, "security_group_rule", RULE, 1);
	del(world, "security_group_rule", RULE, 2);
	del(world, "security_group", GROUP, 1);
	assert_non_null(wish(world, DFA_GROUP, 61));
	assert_true(dfa_ids_has(groups_of(world, 1), 61));
	put_port(world, 1, "here", "");
	assert_int_equal(follow(world), 0);
	assert_null(wish(world, DFA_GROUP, 61));
	assert_int_equal(dfa_ids_count(groups_of(world, 1)), 0);
	assert_non_null(wish(world, DFA_PORT, 31));
}

static void an_address_group_that_nobody_needs_goes_at_once(void **state)
{
	struct world *world = *state;

	put_rule(world, 1, REMOTE_ADDRESSES);
	put_addresses(world, 1, "\"10.9.0.0/16\"");
	del(world, "address_group", ADDRESSES, 1);
	assert_int_equal(world->compile.elements.count, 0);
	del(world, "security_group_rule", RULE, 1);
	assert_int_equal(world->compile.groups.count, 0);
}

static void a_group_may_come_again_as_another(void **state)
{
	struct world *world = *state;

	put_all(world);
	put(world, "security_group", "{\"id\":\"" GROUP "\",\"key\":65}", 1);
	assert_null(wish(world, DFA_GROUP, 61));
	assert_non_null(wish(world, DFA_GROUP, 65));
	assert_true(dfa_ids_has(groups_of(world, 1), 65));
	assert_int_equal(rule(world, 1)->group, 65);
	put(world, "security_group", "{\"id\":\"" GROUP "\",\"key\":66}", 2);
	assert_null(wish(world, DFA_SET, 62));
	assert_false(is_member(world, 62, "10.0.0.2"));
	assert_true(is_member(world, 66, "10.0.0.2"));
	assert_int_equal(rule(world, 1)->set, 66);
}

static void a_port_that_leaves_takes_its_groups_along(void **state)
{
	struct world *world = *state;

	put_all(world);
	put_port(world, 2, "here", "12");
	assert_int_equal(follow(world), 3);
	put_port(world, 1, "there", "1");
	assert_int_equal(follow(world), 3);
	assert_non_null(wish(world, DFA_GROUP, 61));
	del(world, "port", PORT, 2);
	assert_int_equal(follow(world), 0);
	assert_int_equal(count(world, DFA_GROUP), 0);
	assert_int_equal(count(world, DFA_RULE), 0);
	assert_int_equal(count(world, DFA_SET), 0);
	assert_int_equal(count(world, DFA_MEMBER), 0);
	assert_int_equal(world->compile.groups.count, 0);
	assert_int_equal(world->compile.rules.count, 0);
	assert_int_equal(world->compile.memberships.count, 0);
	assert_int_equal(world->compile.elements.count, 0);
}

/* What the next agent reads back is what it wants. */
static void members_are_known_by_their_prefix(void **state)
{
	struct world *world = *state, *next;
	struct dfa_map_iter iter;
	struct dfa_map_node *node;
	void *other;

	put_all(world);
	settle(world);
	setup(&other);
	next = other;
	iter = dfa_map_iter(&world->state.by_id);
	while ((node = dfa_map_iter_next(&world->state.by_id, &iter))) {
		const struct dfa_object *object;
		uint32_t id;

		object = dfa_container_of(node, struct dfa_object, by_id);
		id = object->id;
		if (object->kind == DFA_MEMBER)
			id = dfa_state_member(&next->state,
					      &object->have.member);
		assert_int_equal(dfa_state_have(&next->state, object->kind, id,
						&object->have), 0);
	}
	put_all(next);
	assert_int_equal(next->state.dirty_count, 0);
	teardown(&other);
}

static void what_is_not_what_it_should_be_is_refused(void **state)
{
	static const char *const bad[] = {
		"{\"id\":\"70000000-0000-4000-8000-000000000001\"}",
		"{\"id\":\"70000000-0000-4000-8000-000000000001\",\"key\":1,\"direction\":\"egress\"}",
		"{\"id\":\"70000000-0000-4000-8000-000000000001\",\"key\":1,\"security_group_id\":\"60000000-0000-4000-8000-000000000001\"}",
		"{\"id\":\"70000000-0000-4000-8000-000000000001\",\"key\":1,\"security_group_id\":\"60000000-0000-4000-8000-000000000001\",\"direction\":\"egress\",\"protocol\":\"x\"}",
	};
	struct world *world = *state;
	struct df_obj *obj;

	for (size_t i = 0; i < DFA_ARRAY_SIZE(bad); i++) {
		assert_int_equal(df_obj_parse(&obj, "security_group_rule",
					      bad[i], strlen(bad[i]), NULL), 0);
		assert_int_equal(dfa_compile_put(&world->compile, obj),
				 -EINVAL);
		df_obj_put(obj);
	}
	assert_int_equal(world->compile.rules.count, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(groups_of_ports_here_are_wished),
		test(groups_of_other_ports_are_not),
		test(a_group_may_name_itself),
		test(a_stateless_group_says_so),
		test(a_group_says_what_it_logs),
		test(rules_say_what_they_match),
		test(rules_of_icmp_have_types_and_codes),
		test(a_change_is_one_message),
		test(an_address_stays_while_anybody_has_it),
		test(sets_follow_what_rules_name),
		test(a_port_waits_until_its_groups_were_read),
		test(a_port_keeps_its_groups_until_the_new_were_read),
		test(a_group_that_is_deleted_stays_with_its_ports),
		test(an_address_group_that_nobody_needs_goes_at_once),
		test(a_group_may_come_again_as_another),
		test(a_port_that_leaves_takes_its_groups_along),
		test(members_are_known_by_their_prefix),
		test(what_is_not_what_it_should_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
