/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_COMPILE_POLICY_H
#define DFA_COMPILE_POLICY_H

/*
 * Security groups, their rules and members, and address groups.
 *
 * A security group is in the kernel while a port bound here has it, with its
 * rules. The addresses of a group, of either kind, are there as a set while a
 * rule that is there names it. Rules wait for the set that they name, and ports
 * for their groups, until all that belongs to them was read: what is allowed is
 * allowed from the first packet on.
 */

#include "compile/compile.h"

enum dfa_group_kind {
	DFA_SECURITY_GROUP,
	DFA_ADDRESS_GROUP,
};

/**
 * struct dfa_group - record of a security group or an address group
 * @node: in &dfa_compile.groups
 * @kind: which of them
 * @id: of the object
 * @key: kernel id, also of its set; 0 until the object has arrived
 * @ports: bound here that have it, by &dfa_port_group.in_group
 * @rules: of it, by &dfa_rule.in_group
 * @named_by: rules whose remote it is, by &dfa_rule.in_remote
 * @namers: how many of them belong to groups that have ports
 * @memberships: of ports anywhere, by &dfa_membership.in_group
 * @addrs: of an address group, what it holds
 * @elements: of its set, by &dfa_element.in_group
 * @in_needs: in &dfa_compile.needs while its topic may have to come or go
 * @is_stateless: its rules judge every packet
 * @log: which DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_* it has
 * @is_set: the kernel is to have its addresses
 * @is_read: its topic was read once
 * @is_ready: so were those of all groups that its rules name
 * @is_followed: its topic is
 */
struct dfa_group {
	struct dfa_map_node node;
	enum dfa_group_kind kind;
	struct dfa_uuid id;
	uint32_t key;
	struct dfa_list ports;
	struct dfa_list rules;
	struct dfa_list named_by;
	size_t namers;
	struct dfa_list memberships;
	struct dfa_addrs *addrs;
	struct dfa_list elements;
	struct dfa_list in_needs;
	bool is_stateless;
	uint32_t log;
	bool is_set;
	bool is_read;
	bool is_ready;
	bool is_followed;
};

/**
 * struct dfa_rule - record of a rule
 * @node: in &dfa_compile.rules
 * @in_group: in &dfa_group.rules
 * @in_remote: in &dfa_group.named_by of @remote
 * @group: that it belongs to
 * @remote: that it names, or NULL
 * @id: of the object
 * @key: kernel id
 * @value: what the kernel is to have, but for the ids of others
 */
struct dfa_rule {
	struct dfa_map_node node;
	struct dfa_list in_group;
	struct dfa_list in_remote;
	struct dfa_group *group;
	struct dfa_group *remote;
	struct dfa_uuid id;
	uint32_t key;
	struct dfa_rule_value value;
};

/**
 * struct dfa_membership - that a port somewhere has a security group
 * @node: in &dfa_compile.memberships
 * @in_group: in &dfa_group.memberships
 * @group: the security group
 * @id: of the object
 * @addrs: of the port
 */
struct dfa_membership {
	struct dfa_map_node node;
	struct dfa_list in_group;
	struct dfa_group *group;
	struct dfa_uuid id;
	struct dfa_addrs *addrs;
};

/**
 * struct dfa_element - a prefix that is in a group
 * @node: in &dfa_compile.elements
 * @in_group: in &dfa_group.elements
 * @group: the group
 * @addr: the prefix
 * @users: how many members have it: an address may move, or be shared
 */
struct dfa_element {
	struct dfa_map_node node;
	struct dfa_list in_group;
	struct dfa_group *group;
	struct dfa_addr addr;
	size_t users;
};

/**
 * struct dfa_port_group - that a port bound here has a security group
 * @in_group: in &dfa_group.ports
 * @group: the group
 * @port: the port
 */
struct dfa_port_group {
	struct dfa_list in_group;
	struct dfa_group *group;
	struct dfa_port *port;
};

static inline bool dfa_group_has_ports(const struct dfa_group *group)
{
	return !dfa_list_is_empty(&group->ports);
}

/* Does this hypervisor have to know it? */
static inline bool dfa_group_is_needed(const struct dfa_group *group)
{
	return dfa_group_has_ports(group) || group->namers;
}

/* --- for who follows topics ------------------------------------------------- */

/*
 * One of the groups that may have come to be needed, or not to be any more; NULL
 * if there are no more. To be unreferenced afterwards.
 */
struct dfa_group *dfa_compile_next_need(struct dfa_compile *compile);
/* All objects of its topic have been put. */
int dfa_compile_group_read(struct dfa_compile *compile,
			   struct dfa_group *group);
/* It is not followed any more: forget what its topic told. */
int dfa_compile_forget_group(struct dfa_compile *compile,
			     struct dfa_group *group);
/* Free the record if nothing needs it. */
void dfa_group_unref(struct dfa_compile *compile, struct dfa_group *group);

/* --- between the files of this directory ------------------------------------ */

int dfa_security_group_put(struct dfa_compile *compile,
			   const struct df_obj *obj);
int dfa_security_group_del(struct dfa_compile *compile,
			   const struct dfa_uuid *id);
int dfa_address_group_put(struct dfa_compile *compile,
			  const struct df_obj *obj);
int dfa_address_group_del(struct dfa_compile *compile,
			  const struct dfa_uuid *id);
struct dfa_group *dfa_group_ref(struct dfa_compile *compile,
				enum dfa_group_kind kind,
				const struct dfa_uuid *id);
/* Make the kernel objects follow what the record says. */
int dfa_group_compile(struct dfa_compile *compile, struct dfa_group *group);
/* A port bound here was the first to have it, or the last. */
int dfa_group_ports_changed(struct dfa_compile *compile,
			    struct dfa_group *group);
/* A rule of a group that has ports names it, or does not any more. */
int dfa_group_name(struct dfa_compile *compile, struct dfa_group *group,
		   bool is_named);
void dfa_groups_free(struct dfa_compile *compile);

int dfa_rule_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_rule_del(struct dfa_compile *compile, const struct dfa_uuid *id);
int dfa_rule_compile(struct dfa_compile *compile, const struct dfa_rule *rule);
int dfa_rule_forget(struct dfa_compile *compile, struct dfa_rule *rule);

int dfa_membership_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_membership_del(struct dfa_compile *compile, const struct dfa_uuid *id);
int dfa_membership_forget(struct dfa_compile *compile,
			  struct dfa_membership *membership);
/* Replace *@addrs, which are some of the group's; takes @now over. */
int dfa_group_set_addrs(struct dfa_compile *compile, struct dfa_group *group,
			struct dfa_addrs **addrs, struct dfa_addrs *now);
/* All elements come to the kernel, or go. */
int dfa_elements_compile(struct dfa_compile *compile, struct dfa_group *group);
/* The prefixes of a list of them */
int dfa_prefixes_parse(struct dfa_addrs **addrs, const struct df_value *list);

#endif
