/* SPDX-License-Identifier: GPL-2.0 */
/* State of one network namespace, and the limits that everything keeps to. */
#ifndef DF_H
#define DF_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rhashtable.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>

#include <uapi/linux/dragonflow.h>

#include "bucket.h"

#define DF_VERSION "0.1.0"

enum df_limits {
	DF_GENERATION_BITS = 12,
	/* A packet that crosses 3 routers rests on 15 objects. */
	DF_FLOW_DEPENDENCIES = 16,
	DF_ROUTERS = 8,
	DF_FLOW_LIMIT_VIF = 4096,
	DF_FLOW_LIMIT_TUNNEL = 65536,
	DF_FLOW_IDLE_MS = 10000,
	DF_CONNECTION_LIMIT = 16384,
	DF_NESTING = 4,
	/* As OpenStack has them. */
	DF_LOG_RATE = 100,
	DF_LOG_BURST = 25,
};

/**
 * struct df_table - objects of one kind, by id
 * @hash: readers: RCU, writers: &df_net.lock
 * @list: every object in order of creation; protected by &df_net.lock
 * @count: number of objects; written under &df_net.lock
 * @seq: moves when an object comes or goes, so that a dump knows of it
 */
struct df_table {
	struct rhashtable hash;
	struct list_head list;
	u32 count;
	u32 seq;
};

/**
 * struct df_object - what every programmed object begins with
 * @id: chosen by userspace, immutable
 * @node: entry in &df_table.hash
 * @list: entry in &df_table.list
 */
struct df_object {
	u32 id;
	struct rhash_head node;
	struct list_head list;
};

/**
 * struct df_net - a hypervisor: the state of one network namespace
 * @net: the namespace; its exit frees this
 * @lock: serialises all changes of configuration and of attached devices
 * @change: odd while a change is under way, see df_change_begin()
 * @networks: &struct df_network by id
 * @ports: &struct df_port by id
 * @chassis: &struct df_chassis by id
 * @routers: &struct df_router by id
 * @interfaces: &struct df_interface by id
 * @routes: &struct df_route by id
 * @groups: &struct df_group by id
 * @rules: &struct df_rule by id
 * @address_sets: &struct df_address_set by id
 * @members: &struct df_member by an id that only dumps use
 * @member_serial: of the member that was made last; protected by @lock
 * @vnis: network by VNI; readers: RCU, writers: @lock
 * @macs: port by network and MAC; readers: RCU, writers: @lock
 * @interface_macs: router interface by network and MAC; the same
 * @addresses: &struct df_address by network and IP; the same
 * @shared: &struct df_shared by network and IP or MAC; the same
 * @shared_serial: of the shared address that was made last; protected by @lock
 * @claims: what workloads say about shared addresses
 * @lookups: addresses of on-demand networks that nobody is known to have
 * @prefix_serial: of the prefix that was made last; protected by @lock
 * @peers: &struct df_peer by network and chassis; protected by @lock
 * @attachments: &struct df_attachment by port id; protected by @lock
 * @locals: &struct df_local of every port that can have a device; @lock
 * @tunnels: those of type tunnel; readers: RCU, writers: @lock
 * @generations: see generation.h
 * @zones: &struct df_ct_zone of its ports, by id; readers: RCU
 * @zone_count: counts their connections
 * @flows: the flow cache; readers: RCU, writers: the owner's lock
 * @flow_count: entries in @flows
 * @flow_idle_ms: entries without a packet for so long are removed
 * @flow_gc: removes them; pending only while there are entries
 * @log_rate: log messages in a second that each port may bring about
 * @log_burst: how many of these at once
 * @log_lock: protects @log_total; taken with BH off
 * @log_total: what all ports together have left
 * @unbound_drops: packets from devices whose port does not exist
 */
struct df_net {
	struct net *net;
	struct mutex lock; /* see above */
	u32 change;
	struct df_table networks;
	struct df_table ports;
	struct df_table chassis;
	struct df_table routers;
	struct df_table interfaces;
	struct df_table routes;
	struct df_table groups;
	struct df_table rules;
	struct df_table address_sets;
	struct df_table members;
	u32 member_serial;
	struct xarray vnis;
	struct rhashtable macs;
	struct rhashtable interface_macs;
	struct rhashtable addresses;
	struct rhashtable shared;
	u32 shared_serial;
	struct df_claims *claims;
	struct df_lookups *lookups;
	u32 prefix_serial;
	struct rhashtable peers;
	struct xarray attachments;
	struct list_head locals;
	struct list_head tunnels;
	u32 *generations;
	struct xarray zones;
	struct delayed_work zone_count;
	struct rhashtable flows;
	atomic_t flow_count;
	u32 flow_idle_ms;
	struct delayed_work flow_gc;
	u32 log_rate;
	u32 log_burst;
	spinlock_t log_lock; /* see above */
	struct df_bucket log_total;
	u64 __percpu *unbound_drops;
};

/**
 * struct df_refusal - why a request is refused
 * @message: the rule that it breaks, for a person
 * @attr: the attribute that breaks it, in the numbering of the object's
 *	attribute set; 0 when no single one does
 * @index: which one, of an attribute that comes several times
 */
struct df_refusal {
	const char *message;
	u16 attr;
	u16 index;
};

/* Fill @why and return @err, so that a refusal is one statement. */
static inline int df_refuse(struct df_refusal *why, int err, u16 attr,
			    const char *message)
{
	why->message = message;
	why->attr = attr;
	return err;
}

/**
 * df_change_begin() - mark that configuration is about to change
 * @dn: namespace, its lock held
 *
 * A walk of the pipeline that overlaps a change may have seen a part of it. Its
 * decision is good for its own packet, but must not be kept: the walk compares
 * the counter before and after, see df_change_read().
 */
static inline void df_change_begin(struct df_net *dn)
{
	lockdep_assert_held(&dn->lock);
	WRITE_ONCE(dn->change, dn->change + 1);
	/* The counter turns odd before anything is published. */
	smp_wmb();
}

/**
 * df_change_end() - mark that configuration is at rest again
 * @dn: namespace, its lock held
 */
static inline void df_change_end(struct df_net *dn)
{
	lockdep_assert_held(&dn->lock);
	/* Everything is published before the counter turns even. */
	smp_wmb();
	WRITE_ONCE(dn->change, dn->change + 1);
}

/* Read the counter before a walk. */
static inline u32 df_change_read(const struct df_net *dn)
{
	/* Pairs with df_change_end(): the walk's reads come after. */
	return smp_load_acquire(&dn->change);
}

/* Has nothing changed since df_change_read() returned @before? */
static inline bool df_change_is_none(const struct df_net *dn, u32 before)
{
	/* Pairs with df_change_begin(): the walk's reads come before. */
	smp_rmb();
	return !(before & 1) && READ_ONCE(dn->change) == before;
}

/* Is configuration only touched under the lock, as it must? For rcu_*(). */
#ifdef CONFIG_LOCKDEP
static inline bool df_is_locked(const struct df_net *dn)
{
	return lockdep_is_held(&dn->lock);
}
#else
static inline bool df_is_locked(const struct df_net *dn)
{
	return true;
}
#endif

/* Runs the work of all namespaces. */
extern struct workqueue_struct *df_workqueue;

struct df_net *df_net_get(const struct net *net);

#endif /* DF_H */
