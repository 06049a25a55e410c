// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "generation.h"
#include "table/addrset.h"
#include "table/secgroup.h"

int df_secgroups_init(struct df_net *dn)
{
	struct df_table *const tables[] = {
		&dn->groups, &dn->rules, &dn->address_sets, &dn->members,
	};
	int i, err;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		err = df_table_init(tables[i]);
		if (err)
			goto err_tables;
	}
	return 0;

err_tables:
	while (i--)
		df_table_fini(tables[i]);
	return err;
}

void df_secgroups_fini(struct df_net *dn)
{
	df_table_fini(&dn->members);
	df_table_fini(&dn->address_sets);
	df_table_fini(&dn->rules);
	df_table_fini(&dn->groups);
}

/* What was decided for the ports that have the group is to be decided anew. */
void df_group_move_generations(struct df_net *dn, const struct df_group *group)
{
	const struct df_policy_entry *entry;

	list_for_each_entry(entry, &group->policies, of_group)
		df_generation_move(dn, DF_GENERATION_PORT, entry->port);
}

/* groups */

static int group_add(struct df_net *dn, const struct df_group_conf *conf)
{
	struct df_group *group;
	int i, err;

	group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group)
		return -ENOMEM;
	group->obj.id = conf->id;
	group->flags = conf->flags;
	INIT_LIST_HEAD(&group->policies);
	for (i = 0; i < ARRAY_SIZE(group->rulesets); i++)
		df_ruleset_init(&group->rulesets[i]);
	err = df_table_add(&dn->groups, &group->obj);
	if (err)
		kfree(group);
	return err;
}

/**
 * df_group_set() - create a security group; one that is there stays as it is
 * @dn: namespace, its lock held
 * @conf: what it shall be
 * @why: filled when the request breaks a rule
 *
 * Return: 0, or -errno and nothing has changed.
 */
int df_group_set(struct df_net *dn, const struct df_group_conf *conf,
		 struct df_refusal *why)
{
	struct df_group *group = df_group_find(dn, conf->id);

	lockdep_assert_held(&dn->lock);
	if (!group)
		return group_add(dn, conf);
	if ((group->flags ^ conf->flags) &
	    DRAGONFLOW_SECURITY_GROUP_FLAG_STATELESS)
		return df_refuse(why, -EINVAL, DF_A_SECURITY_GROUP_FLAGS,
				 "A group stays stateful or stateless");
	WRITE_ONCE(group->flags, conf->flags);
	return 0;
}

static void group_remove(struct df_net *dn, struct df_group *group)
{
	df_table_del(&dn->groups, &group->obj);
	kfree_rcu(group, rcu);
}

int df_group_del(struct df_net *dn, u32 id, struct df_refusal *why)
{
	struct df_group *group = df_group_find(dn, id);

	lockdep_assert_held(&dn->lock);
	if (!group)
		return df_refuse(why, -ENOENT, DF_A_SECURITY_GROUP_ID,
				 "No security group has this id");
	if (group->ports)
		return df_refuse(why, -EBUSY, DF_A_SECURITY_GROUP_ID,
				 "A port has the security group");
	if (group->rules)
		return df_refuse(why, -EBUSY, DF_A_SECURITY_GROUP_ID,
				 "The security group has rules");
	group_remove(dn, group);
	return 0;
}

/* rules */

static struct df_ruleset *rule_ruleset(const struct df_rule *rule)
{
	return df_group_ruleset(rule->group, rule->conf.direction,
				rule->conf.version ==
				DRAGONFLOW_IP_VERSION_IP6);
}

/* How many address sets do the rules of the group name? */
static int group_sets(const struct df_group *group)
{
	struct df_remote *remote;
	int i, count = 0;

	for (i = 0; i < ARRAY_SIZE(group->rulesets); i++)
		list_for_each_entry(remote, &group->rulesets[i].sets,
				    of_ruleset)
			count++;
	return count;
}

static int rule_check(struct df_net *dn, const struct df_rule_conf *conf,
		      struct df_refusal *why)
{
	struct df_group *group = df_group_find(dn, conf->group);
	bool is_ip6 = conf->version == DRAGONFLOW_IP_VERSION_IP6;
	struct df_address_set *set;

	if (!group)
		return df_refuse(why, -ENOENT, DF_A_SECURITY_GROUP_RULE_GROUP,
				 "No security group has this id");
	if (!conf->set)
		return 0;
	set = df_address_set_find(dn, conf->set);
	if (!set)
		return df_refuse(why, -ENOENT,
				 DF_A_SECURITY_GROUP_RULE_ADDRESS_SET,
				 "No address set has this id");
	if (group_sets(group) >= DRAGONFLOW_GROUP_SETS_MAX &&
	    !df_ruleset_names(df_group_ruleset(group, conf->direction, is_ip6),
			      set))
		return df_refuse(why, -ENOSPC,
				 DF_A_SECURITY_GROUP_RULE_ADDRESS_SET,
				 "The group's rules name too many address sets");
	return 0;
}

/* Let @rule take part. */
static int rule_publish(struct df_net *dn, struct df_rule *rule)
{
	struct df_address_set *set = NULL;
	int err;

	if (rule->conf.set)
		set = df_address_set_find(dn, rule->conf.set);
	err = df_ruleset_add(rule_ruleset(rule), rule, set);
	if (err)
		return err;
	if (set)
		set->rules++;
	rule->group->rules++;
	return 0;
}

static void rule_retract(struct df_net *dn, struct df_rule *rule)
{
	struct df_address_set *set = rule->remote->set;

	df_ruleset_del(rule_ruleset(rule), rule);
	if (set)
		set->rules--;
	rule->group->rules--;
	df_group_move_generations(dn, rule->group);
}

/**
 * df_rule_set() - create a rule, or replace the one with this id
 * @dn: namespace, its lock held
 * @conf: what it shall say
 * @why: filled when the request breaks a rule
 *
 * Return: 0, or -errno and nothing has changed.
 */
int df_rule_set(struct df_net *dn, const struct df_rule_conf *conf,
		struct df_refusal *why)
{
	struct df_rule *rule, *old;
	int err;

	lockdep_assert_held(&dn->lock);
	err = rule_check(dn, conf, why);
	if (err)
		return err;
	rule = df_rule_new(conf, df_group_find(dn, conf->group));
	if (!rule)
		return -ENOMEM;
	err = rule_publish(dn, rule);
	if (err)
		goto err_rule;
	old = df_rule_find(dn, conf->id);
	if (old) {
		df_table_replace(&dn->rules, &old->obj, &rule->obj);
		rule_retract(dn, old);
		kfree_rcu(old, rcu);
	} else {
		err = df_table_add(&dn->rules, &rule->obj);
		if (err)
			goto err_publish;
	}
	df_group_move_generations(dn, rule->group);
	return 0;

err_publish:
	rule_retract(dn, rule);
err_rule:
	/* Packets may have met it for a moment. */
	kfree_rcu(rule, rcu);
	return err;
}

static void rule_remove(struct df_net *dn, struct df_rule *rule)
{
	df_table_del(&dn->rules, &rule->obj);
	rule_retract(dn, rule);
	kfree_rcu(rule, rcu);
}

int df_rule_del(struct df_net *dn, u32 id, struct df_refusal *why)
{
	struct df_rule *rule = df_rule_find(dn, id);

	lockdep_assert_held(&dn->lock);
	if (!rule)
		return df_refuse(why, -ENOENT, DF_A_SECURITY_GROUP_RULE_ID,
				 "No rule has this id");
	rule_remove(dn, rule);
	return 0;
}

/* At the end of a namespace; ports are gone. */
void df_secgroup_del_all(struct df_net *dn)
{
	struct df_group *group, *next_group;
	struct df_rule *rule, *next;

	list_for_each_entry_safe(rule, next, &dn->rules.list, obj.list)
		rule_remove(dn, rule);
	list_for_each_entry_safe(group, next_group, &dn->groups.list, obj.list)
		group_remove(dn, group);
	df_address_set_del_all(dn);
}

/* policies */

/**
 * df_policy_new() - what some groups make of a port
 * @dn: namespace, its lock held
 * @port: id of the port
 * @groups: ids of the groups, which exist
 * @count: how many; at least one
 *
 * Return: for df_policy_join() or df_policy_free(); NULL without memory.
 */
struct df_policy *df_policy_new(struct df_net *dn, u32 port, const u32 *groups,
				u32 count)
{
	struct df_policy *policy;
	u32 i;

	lockdep_assert_held(&dn->lock);
	policy = kzalloc(struct_size(policy, entries, count),
			 GFP_KERNEL_ACCOUNT);
	if (!policy)
		return NULL;
	policy->count = count;
	for (i = 0; i < count; i++) {
		struct df_group *group = df_group_find(dn, groups[i]);

		policy->entries[i].group = group;
		policy->entries[i].port = port;
		if (df_group_is_stateless(group))
			policy->is_stateless = true;
		else
			policy->is_stateful = true;
	}
	return policy;
}

/* Packets may still see it. */
void df_policy_free(struct df_policy *policy)
{
	if (policy)
		kfree_rcu(policy, rcu);
}

/* The port of @policy, which may be NULL, has its groups from now on. */
void df_policy_join(struct df_policy *policy)
{
	u32 i;

	for (i = 0; policy && i < policy->count; i++) {
		struct df_policy_entry *entry = &policy->entries[i];

		list_add_tail(&entry->of_group, &entry->group->policies);
		entry->group->ports++;
	}
}

/* The port has them no more. */
void df_policy_leave(struct df_policy *policy)
{
	u32 i;

	for (i = 0; policy && i < policy->count; i++) {
		struct df_policy_entry *entry = &policy->entries[i];

		list_del(&entry->of_group);
		entry->group->ports--;
	}
}
