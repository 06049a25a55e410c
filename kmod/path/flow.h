/* SPDX-License-Identifier: GPL-2.0 */
/* The flow cache: what was decided for the packets that look alike. */
#ifndef DF_PATH_FLOW_H
#define DF_PATH_FLOW_H

#include "df.h"
#include "path/ct.h"
#include "path/key.h"

struct df_local;
struct df_network;
struct df_peer;

/**
 * struct df_action - what is done with a packet
 * @type: what is done
 * @tun_id: VNI that the packet leaves with, for a tunnel
 * @mtu: larger IP packets do not go this way; 0 without a limit
 * @hops: routers that the packet has crossed: the TTL is decremented by it
 * @eth: Ethernet destination and source that it leaves with, if routed
 * @local: port to send by, for output
 * @peer: hypervisor to send to, for tunnel
 * @network: network to flood
 *
 * The pointers are good while the decision's generations are current.
 */
struct df_action {
	enum dragonflow_action_type type;
	u32 tun_id;
	union {
		struct df_local *local;
		struct df_peer *peer;
		struct df_network *network;
	};
	u16 mtu;
	u8 hops;
	u8 eth[2 * ETH_ALEN];
};

/**
 * struct df_decision - what the walk found out about a packet
 * @action: what is done
 * @generations: sum of the generations that the decision rests on, when it was
 *	made. They only grow: the sum is the same while all of them are
 * @slots: which they are
 * @slot_count: used part of @slots; above its length when there were more, and
 *	then the decision cannot be kept
 */
struct df_decision {
	struct df_action action;
	u32 generations;
	u16 slots[DF_FLOW_DEPENDENCIES];
	u8 slot_count;
};

/**
 * struct df_flow_owner - the flow entries of one in-port
 * @lock: protects the next 5 fields and insertion and removal of its entries;
 *	taken with BH off
 * @flows: the entries, those that make room first in front
 * @count: how many
 * @is_dead: the port is going; nothing may be inserted any more
 * @evictions: entries that made room within the jiffy @eviction_time
 * @eviction_time: jiffies
 * @limit: how many there may be; 0 without a cache
 * @key_len: how many bytes of a key its entries match on, at least
 * @is_judged: security groups judge some packets of the port: its entries
 *	match on the whole key
 * @is_guarded: the port has port security
 * @router_macs: the destination addresses, as bits, that may be routers: their
 *	entries match on the L3 header at least
 */
struct df_flow_owner {
	spinlock_t lock; /* see above */
	struct list_head flows;
	u32 count;
	bool is_dead;
	u32 evictions;
	unsigned long eviction_time;
	u32 limit;
	u8 key_len;
	bool is_judged;
	bool is_guarded;
	unsigned long router_macs;
};

/* From now on, the port's entries match on the whole key. */
static inline void df_flow_refine(struct df_flow_owner *owner)
{
	if (!READ_ONCE(owner->is_judged))
		WRITE_ONCE(owner->is_judged, true);
}

/* The bit that stands for an Ethernet address, and for others. */
static inline unsigned long df_flow_mac_bit(const u8 *mac)
{
	return 1UL << mac[ETH_ALEN - 1] % BITS_PER_LONG;
}

/*
 * How many bytes of a key the entry matches on. What is routed depends on the
 * IP addresses, whatever the port's class; an address that only looks like a
 * router's has finer entries than it needs, and is as well served.
 */
static inline u8 df_flow_key_len(const struct df_flow_owner *owner,
				 const struct df_key *key)
{
	u8 len = READ_ONCE(owner->key_len);

	if (READ_ONCE(owner->is_judged))
		return DF_KEY_SIZE_CONNECTION;
	if (len >= DF_KEY_SIZE_L3)
		return READ_ONCE(owner->is_guarded) && df_key_is_guarded(key) ?
			DF_KEY_SIZE_CONNECTION : len;
	if (READ_ONCE(owner->router_macs) & df_flow_mac_bit(key->eth_dst))
		len = DF_KEY_SIZE_L3;
	return len;
}

/**
 * struct df_flow - one entry
 * @node: entry in &df_net.flows
 * @key: zero beyond @key_len
 * @decision: what is done and what it rests on
 * @connections: as in &struct df_pkt; each with a reference
 * @key_len: how many bytes of @key take part
 * @connection_count: used part of @connections
 * @was_used: a packet came since the last look for the least recently used
 * @hash: of that part of @key
 * @list: entry in &df_flow_owner.flows; no reader looks at it
 * @owner: immutable
 * @packets: decided by the entry
 * @bytes: theirs
 * @created: jiffies
 * @used: jiffies of the last packet
 * @rcu: frees the entry after the last reader; once it is off @list
 */
struct df_flow {
	struct rhash_head node;
	struct df_key key;
	struct df_decision decision;
	u8 key_len;
	u8 connection_count;
	bool was_used;
	u32 hash;
	struct df_ct_ref connections[DF_CT_ZONES];
	union {
		struct list_head list;
		struct rcu_head rcu;
	};
	struct df_flow_owner *owner;
	atomic64_t packets;
	atomic64_t bytes;
	unsigned long created;
	unsigned long used;
};

/* What a new entry is made of: see &struct df_flow; @hash is of @hash_len bytes. */
struct df_flow_content {
	const struct df_key *key;
	u32 hash;
	u8 hash_len;
	const struct df_decision *decision;
	const struct df_ct_ref *connections;
	u8 connection_count;
};

int df_flow_cache_init(void);
void df_flow_cache_fini(void);
int df_flows_init(struct df_net *dn);
void df_flows_fini(struct df_net *dn);

void df_flow_owner_init(struct df_flow_owner *owner);
void df_flow_owner_configure(struct df_flow_owner *owner,
			     enum dragonflow_flow_class class, u32 limit,
			     bool is_guarded);
enum dragonflow_flow_class df_flow_class(u8 key_len);
void df_flow_owner_kill(struct df_net *dn, struct df_flow_owner *owner);
void df_flow_owner_flush(struct df_net *dn, struct df_flow_owner *owner);
void df_flow_owner_age(struct df_net *dn, struct df_flow_owner *owner);

struct df_flow *df_flow_find_rcu(struct df_net *dn, const struct df_key *key,
				 u8 key_len, u32 *hash);
bool df_flow_is_current(const struct df_net *dn, const struct df_flow *flow);
bool df_flow_add(struct df_net *dn, struct df_flow_owner *owner,
		 const struct df_flow_content *content, u32 change,
		 bool *evicted);

static inline void df_flow_account(struct df_flow *flow, u32 packets, u32 bytes)
{
	atomic64_add(packets, &flow->packets);
	atomic64_add(bytes, &flow->bytes);
	WRITE_ONCE(flow->used, jiffies);
	if (!READ_ONCE(flow->was_used))
		WRITE_ONCE(flow->was_used, true);
}

/* Reading all entries, in no particular order, across critical sections. */
void df_flow_walk_init(struct df_net *dn, struct rhashtable_iter *iter);

#endif /* DF_PATH_FLOW_H */
