/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of addresses that rules name. */
#ifndef DF_TABLE_ADDRSET_H
#define DF_TABLE_ADDRSET_H

#include "table/lpm.h"
#include "table/object.h"

/**
 * struct df_address_set - a set
 * @obj: must be first
 * @members4: its &struct df_member of IPv4; readers: RCU, writers: the lock
 * @members6: the same of IPv6
 * @member_count: how many of both; protected by &df_net.lock
 * @rules: how many name it; protected by &df_net.lock
 * @remotes: &struct df_remote of the rules that name it; the same
 * @rcu: frees the set after the last reader
 */
struct df_address_set {
	struct df_object obj;
	struct df_lpm members4;
	struct df_lpm members6;
	u32 member_count;
	u32 rules;
	struct list_head remotes;
	struct rcu_head rcu;
};

struct df_address_set_conf {
	u32 id;
};

struct df_member_conf {
	u32 set;
	bool is_ip6;
	struct df_lpm_key key;
	u8 len;
};

/**
 * struct df_member - a prefix that a set holds; immutable
 * @obj: must be first; its id is the module's own
 * @set: whose, outlives it
 * @key: the prefix, left-aligned
 * @len: its length
 * @is_ip6: its family
 * @rcu: frees the member after the last reader
 */
struct df_member {
	struct df_object obj;
	struct df_address_set *set;
	struct df_lpm_key key;
	u8 len;
	bool is_ip6;
	struct rcu_head rcu;
};

int df_address_set_set(struct df_net *dn, const struct df_address_set_conf *conf,
		       struct df_refusal *why);
int df_address_set_del(struct df_net *dn, u32 id, struct df_refusal *why);
void df_address_set_del_all(struct df_net *dn);

struct df_member *df_member_find(struct df_net *dn,
				 const struct df_member_conf *conf);
int df_member_add(struct df_net *dn, const struct df_member_conf *conf,
		  struct df_refusal *why);
int df_member_del(struct df_net *dn, u32 id, struct df_refusal *why);

u32 df_member_slot_id(const struct df_lpm_key *key);

static inline struct df_address_set *df_address_set_find(struct df_net *dn,
							 u32 id)
{
	return (struct df_address_set *)df_table_find(&dn->address_sets, id);
}

/* Does the set hold an address? Caller in RCU. */
static inline bool df_address_set_has_rcu(const struct df_address_set *set,
					  const struct df_lpm_key *address,
					  bool is_ip6)
{
	return is_ip6 ? df_lpm_find_rcu(&set->members6, address, 128) :
		df_lpm_find_rcu(&set->members4, address, 32);
}

#endif /* DF_TABLE_ADDRSET_H */
