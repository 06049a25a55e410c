// SPDX-License-Identifier: GPL-2.0
/*
 * Which flows a change of members concerns: those with an end at the address
 * that comes or goes. They rest on a generation of the address, so that the
 * members of a large set can come and go all the time. A member that is more
 * than one address concerns all flows of the ports whose rules name the set.
 */
#include <linux/jhash.h>
#include <linux/slab.h>

#include "generation.h"
#include "table/addrset.h"
#include "table/ruleset.h"
#include "table/secgroup.h"

/* What stands for an address among the generations. */
u32 df_member_slot_id(const struct df_lpm_key *key)
{
	return jhash2((const u32 *)key, sizeof(*key) / sizeof(u32), 0);
}

static int set_add(struct df_net *dn, u32 id)
{
	struct df_address_set *set;
	int err;

	set = kzalloc(sizeof(*set), GFP_KERNEL_ACCOUNT);
	if (!set)
		return -ENOMEM;
	set->obj.id = id;
	INIT_LIST_HEAD(&set->remotes);
	err = df_table_add(&dn->address_sets, &set->obj);
	if (err)
		kfree(set);
	return err;
}

/**
 * df_address_set_set() - create an address set; one that is there stays
 * @dn: namespace, its lock held
 * @conf: which one
 * @why: unused: there is no rule to break
 *
 * Return: 0, or -errno and nothing has changed.
 */
int df_address_set_set(struct df_net *dn, const struct df_address_set_conf *conf,
		       struct df_refusal *why)
{
	lockdep_assert_held(&dn->lock);
	return df_address_set_find(dn, conf->id) ? 0 : set_add(dn, conf->id);
}

int df_address_set_del(struct df_net *dn, u32 id, struct df_refusal *why)
{
	struct df_address_set *set = df_address_set_find(dn, id);

	lockdep_assert_held(&dn->lock);
	if (!set)
		return df_refuse(why, -ENOENT, DF_A_ADDRESS_SET_ID,
				 "No address set has this id");
	if (set->rules)
		return df_refuse(why, -EBUSY, DF_A_ADDRESS_SET_ID,
				 "A rule names the address set");
	if (set->member_count)
		return df_refuse(why, -EBUSY, DF_A_ADDRESS_SET_ID,
				 "The address set has members");
	df_table_del(&dn->address_sets, &set->obj);
	kfree_rcu(set, rcu);
	return 0;
}

static struct df_lpm *set_lpm(struct df_address_set *set, bool is_ip6)
{
	return is_ip6 ? &set->members6 : &set->members4;
}

/* The member that is exactly this, or NULL. */
struct df_member *df_member_find(struct df_net *dn,
				 const struct df_member_conf *conf)
{
	struct df_address_set *set = df_address_set_find(dn, conf->set);

	lockdep_assert_held(&dn->lock);
	return set ? df_lpm_get(set_lpm(set, conf->is_ip6), &conf->key,
				conf->len) : NULL;
}

static void member_move_generations(struct df_net *dn,
				    const struct df_member *member)
{
	const struct df_remote *remote;

	if (member->len == (member->is_ip6 ? 128 : 32)) {
		df_generation_move(dn, DF_GENERATION_MEMBER,
				   df_member_slot_id(&member->key));
		return;
	}
	list_for_each_entry(remote, &member->set->remotes, of_set)
		df_group_move_generations(dn, remote->group);
}

/* An id that no member has: only a dump asks for it. */
static u32 member_new_id(struct df_net *dn)
{
	do
		dn->member_serial++;
	while (!dn->member_serial ||
	       df_table_find(&dn->members, dn->member_serial));
	return dn->member_serial;
}

/**
 * df_member_add() - add a member to a set; does nothing if it is there
 * @dn: namespace, its lock held
 * @conf: which one
 * @why: filled when the request breaks a rule
 *
 * Return: 0, or -errno and nothing has changed.
 */
int df_member_add(struct df_net *dn, const struct df_member_conf *conf,
		  struct df_refusal *why)
{
	struct df_address_set *set = df_address_set_find(dn, conf->set);
	struct df_member *member;
	int err;

	lockdep_assert_held(&dn->lock);
	if (!set)
		return df_refuse(why, -ENOENT, DF_A_ADDRESS_SET_MEMBER_SET,
				 "No address set has this id");
	if (df_member_find(dn, conf))
		return 0;
	member = kzalloc(sizeof(*member), GFP_KERNEL_ACCOUNT);
	if (!member)
		return -ENOMEM;
	member->obj.id = member_new_id(dn);
	member->set = set;
	member->key = conf->key;
	member->len = conf->len;
	member->is_ip6 = conf->is_ip6;
	err = df_table_add(&dn->members, &member->obj);
	if (err)
		goto err_member;
	err = df_lpm_add(set_lpm(set, conf->is_ip6), &member->key, member->len,
			 member);
	if (err)
		goto err_table;
	set->member_count++;
	member_move_generations(dn, member);
	return 0;

err_table:
	df_table_del(&dn->members, &member->obj);
err_member:
	kfree_rcu(member, rcu);
	return err;
}

static void member_remove(struct df_net *dn, struct df_member *member)
{
	df_lpm_del(set_lpm(member->set, member->is_ip6), &member->key,
		   member->len);
	df_table_del(&dn->members, &member->obj);
	member->set->member_count--;
	member_move_generations(dn, member);
	kfree_rcu(member, rcu);
}

/* Take the member with this id of the module's own from its set. */
int df_member_del(struct df_net *dn, u32 id, struct df_refusal *why)
{
	struct df_member *member;

	lockdep_assert_held(&dn->lock);
	member = (struct df_member *)df_table_find(&dn->members, id);
	if (!member)
		return df_refuse(why, -ENOENT, DF_A_ADDRESS_SET_MEMBER_SET,
				 "The address set has no such member");
	member_remove(dn, member);
	return 0;
}

/* At the end of a namespace; rules are gone. */
void df_address_set_del_all(struct df_net *dn)
{
	struct df_address_set *set, *next_set;
	struct df_member *member, *next;

	list_for_each_entry_safe(member, next, &dn->members.list, obj.list)
		member_remove(dn, member);
	list_for_each_entry_safe(set, next_set, &dn->address_sets.list,
				 obj.list) {
		df_table_del(&dn->address_sets, &set->obj);
		kfree_rcu(set, rcu);
	}
}
