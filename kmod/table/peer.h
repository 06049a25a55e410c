/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Peers: a hypervisor as seen by one network. One exists while the hypervisor
 * holds ports of the network; it is what those ports lead to, and what
 * broadcast is replicated to.
 */
#ifndef DF_TABLE_PEER_H
#define DF_TABLE_PEER_H

#include "df.h"

struct df_chassis;
struct df_encap;
struct df_local;
struct df_network;

struct df_peer_key {
	u32 network;
	u32 chassis;
};

/**
 * struct df_peer - a hypervisor that holds ports of a network
 * @node: entry in &df_net.peers
 * @key: ids of the two, immutable
 * @ports: how many ports it holds; protected by &df_net.lock
 * @network: immutable; outlives the peer
 * @chassis: immutable; outlives the peer
 * @of_network: entry in &df_network.peers
 * @of_chassis: entry in &df_chassis.peers; protected by &df_net.lock
 * @tunnel: the port to send by; readers: RCU, writers: &df_net.lock
 * @encap: what the tunnel device is told, NULL for a network without VNI;
 *	readers: RCU, writers: &df_net.lock
 * @next: what @encap is about to become; protected by &df_net.lock
 * @rcu: frees the peer after the last reader
 */
struct df_peer {
	struct rhash_head node;
	struct df_peer_key key;
	u32 ports;
	struct df_network *network;
	struct df_chassis *chassis;
	struct list_head of_network;
	struct list_head of_chassis;
	struct df_local __rcu *tunnel;
	struct df_encap __rcu *encap;
	struct df_encap *next;
	struct rcu_head rcu;
};

int df_peers_init(struct df_net *dn);
void df_peers_fini(struct df_net *dn);

struct df_peer *df_peer_get(struct df_net *dn, struct df_network *network,
			    struct df_chassis *chassis);
void df_peer_put(struct df_net *dn, struct df_peer *peer);

struct df_underlay;
int df_peer_prepare(struct df_peer *peer, const struct df_underlay *underlay,
		    u32 vni);
void df_peer_commit(struct df_peer *peer, struct df_local *tunnel);
void df_peer_abort(struct df_peer *peer);

#endif /* DF_TABLE_PEER_H */
