/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lookups: addresses of on-demand networks that nobody is known to have. Either
 * the agent was asked, and packets wait for what it says; or it has said that
 * nobody has the address. They are made by packets, without &df_net.lock.
 */
#ifndef DF_TABLE_LOOKUP_H
#define DF_TABLE_LOOKUP_H

#include <linux/skbuff.h>

#include "table/address.h"

struct df_local;

/**
 * struct df_lookup_owner - what a port has brought about
 * @lookups: those that its packets have made
 * @count: length of @lookups
 * @bytes: memory of the packets that wait in them, whosoever they are
 * @is_dead: the port is going; it makes none any more
 *
 * Protected by &df_lookups.lock.
 */
struct df_lookup_owner {
	struct list_head lookups;
	u32 count;
	u32 bytes;
	bool is_dead;
};

/**
 * struct df_lookup - an address that nobody is known to have
 * @node: entry in &df_lookups.hash
 * @key: immutable
 * @state: readers: RCU
 * @expires: jiffies; readers: RCU
 * @owner: of the port whose packet has made it; NULL if none has
 * @port: id of that, or 0; immutable
 * @of_owner: entry in &df_lookup_owner.lookups
 * @list: entry in one of &df_lookups.lists
 * @packets: those that wait, in order, see &struct df_waiting
 * @rcu: frees it after the last reader
 *
 * Written under &df_lookups.lock.
 */
struct df_lookup {
	struct rhash_head node;
	struct df_name key;
	enum dragonflow_lookup_state state;
	unsigned long expires;
	struct df_lookup_owner *owner;
	u32 port;
	struct list_head of_owner;
	struct list_head list;
	struct sk_buff_head packets;
	struct rcu_head rcu;
};

/**
 * struct df_waiting - &sk_buff.cb of a packet that waits
 * @port: id of the port that it came from
 * @reason: to drop it in the end; 0 to let it walk again
 * @largest_fragment: as in &struct df_pkt
 */
struct df_waiting {
	u32 port;
	int reason;
	u16 largest_fragment;
};

static inline struct df_waiting *df_skb_waiting(struct sk_buff *skb)
{
	BUILD_BUG_ON(sizeof(struct df_waiting) > sizeof(skb->cb));
	return (struct df_waiting *)skb->cb;
}

/*
 * What LOOKUP_NEW says: nobody has an address, for so long. @attr is that which
 * names it.
 */
struct df_lookup_conf {
	struct df_name key;
	u32 ttl_ms;
	bool is_exclusive;
	u16 attr;
};

struct df_lookups *df_lookups_new(struct df_net *dn, work_func_t resume);
void df_lookups_free(struct df_lookups *lookups);
struct df_net *df_lookups_net(struct work_struct *resume);
u32 df_lookups_count(const struct df_net *dn);
void df_lookups_walk_init(struct df_net *dn, struct rhashtable_iter *iter);

bool df_name_is_known(struct df_net *dn, const struct df_name *key);
struct df_lookup *df_lookup_find_rcu(struct df_net *dn,
				     const struct df_name *key);
int df_lookup_hold(struct df_net *dn, struct df_local *in,
		   const struct df_name *key, struct sk_buff *skb);
struct sk_buff *df_lookups_next(struct df_lookups *lookups);

int df_lookup_set(struct df_net *dn, const struct df_lookup_conf *conf,
		  struct df_refusal *why);
int df_lookup_del(struct df_net *dn, const struct df_lookup_conf *conf,
		  struct df_refusal *why);
void df_lookup_end(struct df_net *dn, const struct df_name *key);
void df_lookup_end_all(struct df_net *dn, u32 network, const u8 *mac,
		       const struct df_addresses *addresses);
void df_lookup_end_network(struct df_net *dn, u32 network);
void df_lookup_owner_init(struct df_lookup_owner *owner);
void df_lookup_owner_kill(struct df_net *dn, struct df_lookup_owner *owner);

#endif /* DF_TABLE_LOOKUP_H */
