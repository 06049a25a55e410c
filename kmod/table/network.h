/* SPDX-License-Identifier: GPL-2.0 */
/* Logical networks. */
#ifndef DF_TABLE_NETWORK_H
#define DF_TABLE_NETWORK_H

#include "path/tunnel.h"
#include "table/object.h"

struct df_network_conf {
	u32 id;
	u32 vni;
	u32 flags;
};

/**
 * struct df_network - a logical network
 * @obj: must be first
 * @vni: on the wire, or DF_VNI_NONE; changes in place
 * @flags: DRAGONFLOW_NETWORK_FLAG_*; changes in place
 * @ports: ports in the network; protected by &df_net.lock
 * @vifs: its &struct df_port with a device here; readers: RCU,
 *	writers: &df_net.lock
 * @peer_count: length of @peers; protected by &df_net.lock
 * @peers: its &struct df_peer; readers: RCU, writers: &df_net.lock
 * @interface_count: length of @interfaces; written under &df_net.lock
 * @interfaces: its &struct df_interface; protected by &df_net.lock
 * @router_macs: for each MAC of @interfaces the bit that df_flow_mac_bit()
 *	says; protected by &df_net.lock
 * @rcu: frees the network after the last reader
 */
struct df_network {
	struct df_object obj;
	u32 vni;
	u32 flags;
	u32 ports;
	u32 peer_count;
	struct list_head vifs;
	struct list_head peers;
	u32 interface_count;
	struct list_head interfaces;
	unsigned long router_macs;
	struct rcu_head rcu;
};

int df_network_set(struct df_net *dn, const struct df_network_conf *conf,
		   struct df_refusal *why);
int df_network_del(struct df_net *dn, u32 id, struct df_refusal *why);
void df_network_del_all(struct df_net *dn);
void df_network_filter_macs(struct df_net *dn, struct df_network *network);

static inline struct df_network *df_network_find(struct df_net *dn, u32 id)
{
	return (struct df_network *)df_table_find(&dn->networks, id);
}

/* Are there ports that become known when they are looked for? */
static inline bool df_network_is_on_demand(const struct df_network *network)
{
	return READ_ONCE(network->flags) & DRAGONFLOW_NETWORK_FLAG_ON_DEMAND;
}

/* Caller in RCU. */
static inline struct df_network *df_network_find_vni(struct df_net *dn, u32 vni)
{
	return xa_load(&dn->vnis, vni);
}

#endif /* DF_TABLE_NETWORK_H */
