/* SPDX-License-Identifier: GPL-2.0 */
/* Security groups, and what they make of a port. */
#ifndef DF_TABLE_SECGROUP_H
#define DF_TABLE_SECGROUP_H

#include "table/ruleset.h"

struct df_group_conf {
	u32 id;
	u32 flags;
};

/**
 * struct df_group - a security group
 * @obj: must be first
 * @flags: DRAGONFLOW_SECURITY_GROUP_FLAG_*; what is logged changes in place
 * @rules: how many it has; protected by &df_net.lock
 * @ports: how many have it; protected by &df_net.lock
 * @policies: &struct df_policy_entry of those ports; the same
 * @rulesets: its rules, by direction and version, see df_group_ruleset()
 * @rcu: frees the group after the last reader
 */
struct df_group {
	struct df_object obj;
	u32 flags;
	u32 rules;
	u32 ports;
	struct list_head policies;
	struct df_ruleset rulesets[4];
	struct rcu_head rcu;
};

/* A group of a port. */
struct df_policy_entry {
	struct df_group *group;
	u32 port;
	struct list_head of_group;
};

/**
 * struct df_policy - the groups of a port; immutable
 * @is_stateful: some of them are
 * @is_stateless: some are not
 * @rcu: frees this after the last reader
 * @count: length of @entries
 * @entries: the groups
 */
struct df_policy {
	bool is_stateful;
	bool is_stateless;
	struct rcu_head rcu;
	u32 count;
	struct df_policy_entry entries[];
};

static inline struct df_ruleset *
df_group_ruleset(struct df_group *group, enum dragonflow_direction direction,
		 bool is_ip6)
{
	return &group->rulesets[2 * (direction -
				     DRAGONFLOW_DIRECTION_INGRESS) + is_ip6];
}

static inline bool df_group_has(const struct df_group *group, u32 flag)
{
	return READ_ONCE(group->flags) & flag;
}

static inline bool df_group_is_stateless(const struct df_group *group)
{
	return df_group_has(group, DRAGONFLOW_SECURITY_GROUP_FLAG_STATELESS);
}

static inline struct df_group *df_group_find(struct df_net *dn, u32 id)
{
	return (struct df_group *)df_table_find(&dn->groups, id);
}

static inline struct df_rule *df_rule_find(struct df_net *dn, u32 id)
{
	return (struct df_rule *)df_table_find(&dn->rules, id);
}

int df_secgroups_init(struct df_net *dn);
void df_secgroups_fini(struct df_net *dn);
void df_secgroup_del_all(struct df_net *dn);

int df_group_set(struct df_net *dn, const struct df_group_conf *conf,
		 struct df_refusal *why);
int df_group_del(struct df_net *dn, u32 id, struct df_refusal *why);
void df_group_move_generations(struct df_net *dn, const struct df_group *group);

int df_rule_set(struct df_net *dn, const struct df_rule_conf *conf,
		struct df_refusal *why);
int df_rule_del(struct df_net *dn, u32 id, struct df_refusal *why);

struct df_policy *df_policy_new(struct df_net *dn, u32 port, const u32 *groups,
				u32 count);
void df_policy_free(struct df_policy *policy);
void df_policy_join(struct df_policy *policy);
void df_policy_leave(struct df_policy *policy);

#endif /* DF_TABLE_SECGROUP_H */
