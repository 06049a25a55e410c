/* SPDX-License-Identifier: GPL-2.0 */
/* Router interfaces. */
#ifndef DF_TABLE_INTERFACE_H
#define DF_TABLE_INTERFACE_H

#include <linux/if_ether.h>

#include "table/address.h"
#include "table/object.h"
#include "table/port.h"
#include "table/prefix.h"
#include "table/router.h"

struct df_network;

struct df_interface_conf {
	u32 id;
	u32 router;
	u32 network;
	u8 mac[ETH_ALEN];
	u32 mtu;
	u32 flags;
	const struct df_subnet *subnets;
	u8 subnet_count;
};

/**
 * struct df_interface_state - what a replacement of an interface replaces;
 *	immutable once published
 * @node: entry in &df_net.interface_macs
 * @mac_key: network and MAC
 * @interface: whose it is
 * @mtu: for packets into the network, 0 without
 * @flags: DRAGONFLOW_ROUTER_INTERFACE_FLAG_*
 * @rcu: frees it after the last reader
 * @address_count: length of @addresses
 * @addresses: its addresses
 */
struct df_interface_state {
	struct rhash_head node;
	struct df_mac_key mac_key;
	struct df_interface *interface;
	u32 mtu;
	u32 flags;
	struct rcu_head rcu;
	u8 address_count;
	struct df_address addresses[];
};

/**
 * struct df_interface - where a router and a network meet
 * @obj: must be first
 * @router: immutable; outlives the interface
 * @network: immutable; outlives the interface
 * @state: readers: RCU, writers: &df_net.lock
 * @of_router: entry in &df_router.interfaces; protected by &df_net.lock
 * @of_network: entry in &df_network.interfaces; protected by &df_net.lock
 * @routes: next hops that lead through it; protected by &df_net.lock
 * @rcu: frees the interface after the last reader
 */
struct df_interface {
	struct df_object obj;
	struct df_router *router;
	struct df_network *network;
	struct df_interface_state __rcu *state;
	struct list_head of_router;
	struct list_head of_network;
	u32 routes;
	struct rcu_head rcu;
};

int df_interfaces_init(struct df_net *dn);
void df_interfaces_fini(struct df_net *dn);

int df_interface_set(struct df_net *dn, const struct df_interface_conf *conf,
		     struct df_refusal *why);
int df_interface_del(struct df_net *dn, u32 id, struct df_refusal *why);
void df_interface_del_all(struct df_net *dn);
struct df_interface *df_interface_find_mac(struct df_net *dn, u32 network,
					   const u8 *mac);

static inline struct df_interface *df_interface_find(struct df_net *dn, u32 id)
{
	return (struct df_interface *)df_table_find(&dn->interfaces, id);
}

/* Whose address it is; caller in RCU. */
static inline const struct df_interface_state *
df_address_interface_state(const struct df_address *address)
{
	return container_of(address - address->index,
			    struct df_interface_state, addresses[0]);
}

static inline struct df_interface *
df_address_interface(const struct df_address *address)
{
	return df_address_interface_state(address)->interface;
}

/* Is the interface, in this state, down, be it with its router? */
static inline bool
df_interface_is_down(const struct df_interface_state *state)
{
	return state->flags & DRAGONFLOW_ROUTER_INTERFACE_FLAG_ADMIN_DOWN ||
		READ_ONCE(state->interface->router->flags) &
		DRAGONFLOW_ROUTER_FLAG_ADMIN_DOWN;
}

#endif /* DF_TABLE_INTERFACE_H */
