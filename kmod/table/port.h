/* SPDX-License-Identifier: GPL-2.0 */
/* Logical ports. */
#ifndef DF_TABLE_PORT_H
#define DF_TABLE_PORT_H

#include <linux/if_ether.h>

#include "table/address.h"
#include "table/object.h"

struct df_local;
struct df_network;
struct df_pairs;
struct df_peer;
struct df_policy;

/**
 * struct df_pair - addresses that a port may have
 * @ip: address, or prefix with zeros behind it
 * @len: of the prefix; of an IPv4-mapped address, 96 more
 * @mac: that they go with
 */
struct df_pair {
	struct in6_addr ip;
	u8 len;
	u8 mac[ETH_ALEN];
};

/* An address that a port is known to have claimed, see &struct df_hold. */
struct df_hold_conf {
	struct in6_addr ip;
	u8 mac[ETH_ALEN];
	u64 since;
};

struct df_port_conf {
	u32 id;
	enum dragonflow_port_type type;
	u32 network;
	u8 mac[ETH_ALEN];
	u32 chassis;
	u32 flags;
	enum dragonflow_flow_class flow_class;
	u32 flow_limit;
	u32 connection_limit;
	const struct in6_addr *addresses;
	u8 address_count;
	const struct df_pair *pairs;
	u8 pair_count;
	const struct df_hold_conf *holds;
	u8 hold_count;
	const u32 *groups;
	u8 group_count;
};

/* What a vif or remote port is found by. */
struct df_mac_key {
	u32 network;
	u8 mac[ETH_ALEN];
	u16 zero;
};

/**
 * struct df_port - the configuration of a port; immutable once published
 * @obj: must be first
 * @type: what stands behind the port
 * @flags: DRAGONFLOW_PORT_FLAG_*
 * @address_count: length of @addresses
 * @mac: entry in &df_net.macs, unless a tunnel
 * @mac_key: network and MAC; zero for a tunnel
 * @network: NULL for a tunnel; outlives the port
 * @pairs: its allowed address pairs, NULL without; freed with the port
 * @local: of a vif or tunnel
 * @peer: of a remote port
 * @used: jiffies of when a packet was last decided to go to a remote port
 * @of_network: entry in &df_network.vifs of a vif
 * @policy: what its security groups make of it; NULL without any
 * @rcu: frees the port after the last reader
 * @addresses: its IP addresses
 */
struct df_port {
	struct df_object obj;
	u8 type;
	u8 flags;
	u8 address_count;
	struct rhash_head mac;
	struct df_mac_key mac_key;
	struct df_network *network;
	struct df_pairs *pairs;
	union {
		struct df_local *local;
		struct df_peer *peer;
	};
	unsigned long used;
	struct list_head of_network;
	struct df_policy *policy;
	struct rcu_head rcu;
	struct df_address addresses[];
};

int df_ports_init(struct df_net *dn);
void df_ports_fini(struct df_net *dn);

int df_port_set(struct df_net *dn, const struct df_port_conf *conf,
		struct df_refusal *why);
int df_port_del(struct df_net *dn, u32 id, struct df_refusal *why);
void df_port_del_all(struct df_net *dn, bool tunnels);
struct df_port *df_port_find_mac(struct df_net *dn, u32 network, const u8 *mac);

static inline struct df_port *df_port_find(struct df_net *dn, u32 id)
{
	return (struct df_port *)df_table_find(&dn->ports, id);
}

/* Whose address it is; caller in RCU. */
static inline struct df_port *df_address_port(struct df_address *address)
{
	return container_of(address - address->index, struct df_port,
			    addresses[0]);
}

static inline bool df_port_is_local(const struct df_port *port)
{
	return port->type != DRAGONFLOW_PORT_TYPE_REMOTE;
}

static inline bool df_port_is_down(const struct df_port *port)
{
	return port->flags & DRAGONFLOW_PORT_FLAG_ADMIN_DOWN;
}

/* A packet goes there. Written as rarely as that makes no difference. */
static inline void df_port_use(struct df_port *port)
{
	unsigned long now = jiffies;

	if (now - READ_ONCE(port->used) >= HZ)
		WRITE_ONCE(port->used, now);
}

/* Does it have port security? */
static inline bool df_port_is_guarded(const struct df_port *port)
{
	return port->flags & DRAGONFLOW_PORT_FLAG_SECURITY;
}

#endif /* DF_TABLE_PORT_H */
