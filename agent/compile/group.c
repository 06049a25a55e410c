// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "compile/policy.h"
#include "util.h"

static struct dfa_group *find(const struct dfa_compile *compile,
			      enum dfa_group_kind kind,
			      const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->groups, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_group *group;

		group = dfa_container_of(node, struct dfa_group, node);
		if (group->kind == kind && dfa_uuid_equal(&group->id, id))
			return group;
	}
	return NULL;
}

struct dfa_group *dfa_group_ref(struct dfa_compile *compile,
				enum dfa_group_kind kind,
				const struct dfa_uuid *id)
{
	struct dfa_group *group = find(compile, kind, id);

	if (group)
		return group;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	group->kind = kind;
	group->id = *id;
	dfa_list_init(&group->ports);
	dfa_list_init(&group->rules);
	dfa_list_init(&group->named_by);
	dfa_list_init(&group->memberships);
	dfa_list_init(&group->elements);
	dfa_list_init(&group->in_needs);
	dfa_map_add(&compile->groups, &group->node, dfa_uuid_hash(id));
	return group;
}

void dfa_group_unref(struct dfa_compile *compile, struct dfa_group *group)
{
	if (group->key || group->is_followed ||
	    !dfa_list_is_empty(&group->ports) ||
	    !dfa_list_is_empty(&group->rules) ||
	    !dfa_list_is_empty(&group->named_by) ||
	    !dfa_list_is_empty(&group->memberships) ||
	    !dfa_list_is_empty(&group->in_needs))
		return;
	dfa_map_del(&compile->groups, &group->node);
	free(group);
}

void dfa_groups_free(struct dfa_compile *compile)
{
	struct dfa_map_iter iter = dfa_map_iter(&compile->groups);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&compile->groups, &iter))) {
		struct dfa_group *group;

		group = dfa_container_of(node, struct dfa_group, node);
		dfa_addrs_put(group->addrs);
		free(group);
	}
	iter = dfa_map_iter(&compile->rules);
	while ((node = dfa_map_iter_next(&compile->rules, &iter)))
		free(dfa_container_of(node, struct dfa_rule, node));
	iter = dfa_map_iter(&compile->memberships);
	while ((node = dfa_map_iter_next(&compile->memberships, &iter))) {
		struct dfa_membership *membership;

		membership = dfa_container_of(node, struct dfa_membership,
					      node);
		dfa_addrs_put(membership->addrs);
		free(membership);
	}
	iter = dfa_map_iter(&compile->elements);
	while ((node = dfa_map_iter_next(&compile->elements, &iter)))
		free(dfa_container_of(node, struct dfa_element, node));
	dfa_map_fini(&compile->groups);
	dfa_map_fini(&compile->rules);
	dfa_map_fini(&compile->memberships);
	dfa_map_fini(&compile->elements);
}

/* --- kernel objects --------------------------------------------------------- */

static int wish(struct dfa_compile *compile, const struct dfa_group *group,
		bool is_wanted)
{
	union dfa_value value = { 0 };

	if (group->kind != DFA_SECURITY_GROUP)
		return 0;
	if (group->is_stateless)
		value.group.flags = DRAGONFLOW_SECURITY_GROUP_FLAG_STATELESS;
	value.group.flags |= group->log;
	return dfa_state_wish(compile->state, DFA_GROUP, group->key,
			      is_wanted ? &value : NULL);
}

static int wish_set(struct dfa_compile *compile, struct dfa_group *group,
		    bool is_wanted)
{
	union dfa_value value = { 0 };

	if (group->is_set == is_wanted)
		return 0;
	group->is_set = is_wanted;
	return dfa_state_wish(compile->state, DFA_SET, group->key,
			      is_wanted ? &value : NULL) ?:
		       dfa_elements_compile(compile, group);
}

static int compile_rules(struct dfa_compile *compile, struct dfa_group *group)
{
	struct dfa_list *item = group->rules.next;
	int err = 0;

	for (; item != &group->rules && !err; item = item->next)
		err = dfa_rule_compile(compile,
				       dfa_container_of(item, struct dfa_rule,
							in_group));
	for (item = group->named_by.next; item != &group->named_by && !err;
	     item = item->next)
		err = dfa_rule_compile(compile,
				       dfa_container_of(item, struct dfa_rule,
							in_remote));
	return err;
}

static int compile_ports(struct dfa_compile *compile, struct dfa_group *group)
{
	struct dfa_list *item = group->ports.next;
	int err = 0;

	for (; item != &group->ports && !err; item = item->next) {
		const struct dfa_port_group *had;

		had = dfa_container_of(item, struct dfa_port_group, in_group);
		err = dfa_port_compile(compile, had->port);
	}
	return err;
}

int dfa_group_compile(struct dfa_compile *compile, struct dfa_group *group)
{
	if (!group->key)
		return 0;
	return wish(compile, group, dfa_group_has_ports(group)) ?:
		       wish_set(compile, group, group->namers);
}

/* 0: the object is gone. */
static int set_key(struct dfa_compile *compile, struct dfa_group *group,
		   uint32_t key)
{
	int err = 0;

	if (group->key == key)
		return 0;
	if (group->key)
		err = wish_set(compile, group, false) ?:
			      wish(compile, group, false);
	group->key = key;
	return err ?: dfa_group_compile(compile, group) ?:
		      compile_rules(compile, group) ?:
		      compile_ports(compile, group);
}

/* --- needs ------------------------------------------------------------------ */

static void need(struct dfa_compile *compile, struct dfa_group *group)
{
	if (dfa_list_is_empty(&group->in_needs) &&
	    dfa_group_is_needed(group) != group->is_followed)
		dfa_list_add(&compile->needs, &group->in_needs);
}

struct dfa_group *dfa_compile_next_need(struct dfa_compile *compile)
{
	struct dfa_group *group;

	if (dfa_list_is_empty(&compile->needs))
		return NULL;
	group = dfa_container_of(compile->needs.next, struct dfa_group,
				 in_needs);
	dfa_list_del(&group->in_needs);
	return group;
}

int dfa_group_name(struct dfa_compile *compile, struct dfa_group *group,
		   bool is_named)
{
	group->namers += is_named ? 1 : (size_t)-1;
	need(compile, group);
	return dfa_group_compile(compile, group);
}

int dfa_group_ports_changed(struct dfa_compile *compile,
			    struct dfa_group *group)
{
	struct dfa_list *item = group->rules.next;
	int err = 0;

	need(compile, group);
	for (; item != &group->rules && !err; item = item->next) {
		const struct dfa_rule *rule;

		rule = dfa_container_of(item, struct dfa_rule, in_group);
		if (rule->remote)
			err = dfa_group_name(compile, rule->remote,
					     dfa_group_has_ports(group));
		if (!err)
			err = dfa_rule_compile(compile, rule);
	}
	return err ?: dfa_group_compile(compile, group);
}

/* --- what was read ---------------------------------------------------------- */

static bool is_complete(const struct dfa_group *group)
{
	const struct dfa_list *item = group->rules.next;

	for (; item != &group->rules; item = item->next) {
		const struct dfa_rule *rule;

		rule = dfa_container_of(item, struct dfa_rule, in_group);
		if (rule->remote && !rule->remote->is_read)
			return false;
	}
	return group->is_read;
}

static int check_ready(struct dfa_compile *compile, struct dfa_group *group)
{
	if (group->is_ready || !is_complete(group))
		return 0;
	group->is_ready = true;
	return compile_ports(compile, group);
}

int dfa_compile_group_read(struct dfa_compile *compile, struct dfa_group *group)
{
	struct dfa_list *item = group->named_by.next;
	int err;

	if (group->is_read)
		return 0;
	group->is_read = true;
	err = compile_rules(compile, group) ?: check_ready(compile, group);
	for (; item != &group->named_by && !err; item = item->next) {
		const struct dfa_rule *rule;

		rule = dfa_container_of(item, struct dfa_rule, in_remote);
		err = check_ready(compile, rule->group);
	}
	return err;
}

int dfa_compile_forget_group(struct dfa_compile *compile,
			     struct dfa_group *group)
{
	int err = 0;

	group->is_followed = true; /* keeps the record until the end */
	group->is_read = false;
	group->is_ready = false;
	while (!err && !dfa_list_is_empty(&group->rules))
		err = dfa_rule_forget(compile,
				      dfa_container_of(group->rules.next,
						       struct dfa_rule,
						       in_group));
	while (!err && !dfa_list_is_empty(&group->memberships)) {
		struct dfa_membership *membership;

		membership = dfa_container_of(group->memberships.next,
					      struct dfa_membership, in_group);
		err = dfa_membership_forget(compile, membership);
	}
	err = err ?: dfa_group_set_addrs(compile, group, &group->addrs, NULL) ?:
		     set_key(compile, group, 0);
	group->is_followed = false;
	dfa_group_unref(compile, group);
	return err;
}

/* --- objects ---------------------------------------------------------------- */

static int put(struct dfa_compile *compile, enum dfa_group_kind kind,
	       const struct df_obj *obj, struct dfa_group **out)
{
	struct dfa_group *group;
	struct dfa_uuid id;

	if (!df_obj_key(obj) || dfa_uuid_parse(&id, df_obj_id(obj)))
		return -EINVAL;
	group = dfa_group_ref(compile, kind, &id);
	if (!group)
		return -ENOMEM;
	*out = group;
	return 0;
}

/*
 * Of what is deleted while it is needed, somebody is about to be told that he
 * does not need it any more: then it is forgotten.
 */
static int del(struct dfa_compile *compile, enum dfa_group_kind kind,
	       const struct dfa_uuid *id)
{
	struct dfa_group *group = find(compile, kind, id);
	int err;

	if (!group || dfa_group_is_needed(group))
		return 0;
	err = dfa_group_set_addrs(compile, group, &group->addrs, NULL) ?:
		      set_key(compile, group, 0);
	dfa_group_unref(compile, group);
	return err;
}

static uint32_t log_flags(const struct df_obj *obj)
{
	const char *log = df_obj_string(obj, "log");
	uint32_t flags = 0;

	if (!strcmp(log, "accept") || !strcmp(log, "all"))
		flags |= DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_ACCEPT;
	if (!strcmp(log, "drop") || !strcmp(log, "all"))
		flags |= DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_DROP;
	return flags;
}

int dfa_security_group_put(struct dfa_compile *compile,
			   const struct df_obj *obj)
{
	struct dfa_group *group;
	int err = put(compile, DFA_SECURITY_GROUP, obj, &group);

	if (err)
		return err;
	group->is_stateless = !df_obj_bool(obj, "stateful");
	group->log = log_flags(obj);
	return set_key(compile, group, df_obj_key(obj)) ?:
		       dfa_group_compile(compile, group);
}

int dfa_security_group_del(struct dfa_compile *compile,
			   const struct dfa_uuid *id)
{
	return del(compile, DFA_SECURITY_GROUP, id);
}

int dfa_address_group_put(struct dfa_compile *compile, const struct df_obj *obj)
{
	struct dfa_addrs *addrs;
	struct dfa_group *group;
	int err = put(compile, DFA_ADDRESS_GROUP, obj, &group);

	if (!err)
		err = dfa_prefixes_parse(&addrs, df_obj_value(obj, "addresses"));
	if (err)
		return err;
	return dfa_group_set_addrs(compile, group, &group->addrs, addrs) ?:
		       set_key(compile, group, df_obj_key(obj));
}

int dfa_address_group_del(struct dfa_compile *compile,
			  const struct dfa_uuid *id)
{
	return del(compile, DFA_ADDRESS_GROUP, id);
}
