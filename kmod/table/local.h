/* SPDX-License-Identifier: GPL-2.0 */
/* The part of a port that has a device on this hypervisor. */
#ifndef DF_TABLE_LOCAL_H
#define DF_TABLE_LOCAL_H

#include <linux/netdevice.h>

#include "df.h"
#include "path/ct.h"
#include "path/flow.h"
#include "path/tunnel.h"
#include "stats.h"
#include "table/lookup.h"

struct df_port;

/* What a port's packets bring about, each kind with tokens of its own. */
enum df_bucket_kind {
	DF_BUCKET_NEIGHBOUR,
	DF_BUCKET_ECHO,
	DF_BUCKET_TTL_EXCEEDED,
	DF_BUCKET_UNREACHABLE,
	DF_BUCKET_TOO_BIG,
	DF_BUCKET_PUNT,
	DF_BUCKET_CLAIM,
	DF_BUCKET_LOOKUP,
	DF_BUCKET_COUNT,
};

/**
 * struct df_log_limit - how much a port may have logged
 * @bucket: messages that are left
 * @suppressed: messages that were left out since the last one
 */
struct df_log_limit {
	struct df_bucket bucket;
	u32 suppressed;
};

/**
 * struct df_local - what a vif or tunnel port has beyond its configuration
 * @id: of the port, immutable
 * @is_tunnel: whether it is a tunnel, immutable
 * @users: chassis that are reached through it; protected by &df_net.lock
 * @list: entry in &df_net.locals
 * @of_tunnels: entry in &df_net.tunnels of a tunnel
 * @port: the configuration; readers: RCU, writers: &df_net.lock
 * @dev: the attached device or NULL; readers: RCU, writers: &df_net.lock. The
 *	device cannot go before its filter, and the filter clears this
 * @tunnel: what @dev puts around packets, if we can do the same; as @dev
 * @flow_class: what its entries were to match on; they may match on more:
 *	protected by &df_net.lock
 * @connection_limit: how many connections there may be; protected by
 *	&df_net.lock
 * @zone: where its connections are kept; set before the first port that has
 *	groups is published, and then for good
 * @stats: counters
 * @flows: its part in the flow cache
 * @bucket_lock: protects @buckets and @log; taken with BH off
 * @buckets: by &enum df_bucket_kind
 * @log: for the log of its security groups
 * @lookups: addresses that its packets made be looked for
 * @rcu: frees this after the last reader
 *
 * It stays when its port's configuration is replaced.
 */
struct df_local {
	u32 id;
	bool is_tunnel;
	u32 users;
	struct list_head list;
	struct list_head of_tunnels;
	struct df_port __rcu *port;
	struct net_device __rcu *dev;
	const struct df_tunnel __rcu *tunnel;
	enum dragonflow_flow_class flow_class;
	u32 connection_limit;
	struct df_ct_zone *zone;
	struct df_port_stats __percpu *stats;
	struct df_flow_owner flows;
	spinlock_t bucket_lock; /* see above */
	struct df_bucket buckets[DF_BUCKET_COUNT];
	struct df_log_limit log;
	struct df_lookup_owner lookups;
	struct rcu_head rcu;
};

/**
 * struct df_attachment - a device that has our filter
 * @dn: namespace of the device, immutable
 * @dev: immutable
 * @port_id: protected by &df_net.lock; 0 of an underlay device, immutable then
 * @local: the port, NULL while it does not exist; readers: RCU,
 *	writers: &df_net.lock
 * @is_tunnel: the device is one that @tunnel describes, immutable
 * @tunnel: immutable
 * @rcu: frees this after the last reader
 */
struct df_attachment {
	struct df_net *dn;
	struct net_device *dev;
	u32 port_id;
	struct df_local __rcu *local;
	bool is_tunnel;
	struct df_tunnel tunnel;
	struct rcu_head rcu;
};

struct df_local *df_local_new(u32 id, bool is_tunnel);
void df_local_add(struct df_net *dn, struct df_local *local);
void df_local_del(struct df_net *dn, struct df_local *local);
void df_local_free(struct df_local *local);
struct df_local *df_local_find(struct df_net *dn, u32 id);
void df_local_age_work(struct work_struct *work);

int df_attachment_add(struct df_net *dn, struct df_attachment *attachment);
int df_attachment_move(struct df_net *dn, struct df_attachment *attachment,
		       u32 port_id);
void df_attachment_del(struct df_net *dn, struct df_attachment *attachment);

#endif /* DF_TABLE_LOCAL_H */
