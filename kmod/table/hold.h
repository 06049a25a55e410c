/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Addresses that are not one port's own: what its allowed address pairs let a
 * port have. Several may have the same, such as the virtual address of a pair of
 * routers; whoever has claimed it last holds it.
 */
#ifndef DF_TABLE_HOLD_H
#define DF_TABLE_HOLD_H

#include <linux/if_ether.h>

#include "table/address.h"
#include "table/interface.h"
#include "table/port.h"

struct df_hold;

/**
 * struct df_shared - an IP or Ethernet address that ports may have
 * @node: entry in &df_net.shared
 * @key: immutable
 * @serial: names its generation, immutable
 * @is_known: it is certain that @holder has it: it was claimed, or there is no
 *	other; readers: RCU, writers: &df_net.lock
 * @shares: those of all who may have it; protected by &df_net.lock
 * @users: their number, those included that are not in @shares yet; the same
 * @holder: the best of them; readers: RCU, writers: &df_net.lock
 * @rcu: frees it after the last reader
 */
struct df_shared {
	struct rhash_head node;
	struct df_name key;
	u32 serial;
	bool is_known;
	struct list_head shares;
	u32 users;
	struct df_hold __rcu *holder;
	struct rcu_head rcu;
};

/**
 * struct df_share - one port's part in a shared address
 * @list: entry in &df_shared.shares
 * @shared: immutable
 * @hold: immutable
 */
struct df_share {
	struct list_head list;
	struct df_shared *shared;
	struct df_hold *hold;
};

/**
 * struct df_hold - an IP address that a port may have, and with which MAC
 * @address: network and IP; not in &df_net.addresses
 * @mac: immutable
 * @port: immutable: a replacement of the port has holds of its own
 * @since: when it was claimed, 0 for never; protected by &df_net.lock
 * @shares: by &enum df_name_kind; one without &df_share.shared: the MAC is the
 *	port's own
 * @list: entry in &df_pairs.holds
 * @rcu: frees it after the last reader
 */
struct df_hold {
	struct df_address address;
	u8 mac[ETH_ALEN];
	struct df_port *port;
	u64 since;
	struct df_share shares[DF_NAME_KINDS];
	struct list_head list;
	struct rcu_head rcu;
};

/**
 * struct df_pairs - the allowed address pairs of a port
 * @holds: its &struct df_hold; protected by &df_net.lock
 * @hold_count: length of @holds
 * @rcu: frees it after the last reader
 * @count: length of @pair
 * @pair: immutable
 */
struct df_pairs {
	struct list_head holds;
	u32 hold_count;
	struct rcu_head rcu;
	u8 count;
	struct df_pair pair[];
};

/**
 * struct df_claim - that a port has an address, as it was heard on the way of a
 *	packet
 * @network: id of the network
 * @port: id of the port, 0 of one on another hypervisor
 * @from: underlay address of that, or ::
 * @ip: IP address
 * @mac: the Ethernet address that goes with it
 */
struct df_claim {
	u32 network;
	u32 port;
	struct in6_addr from;
	struct in6_addr ip;
	u8 mac[ETH_ALEN];
};

/* Ids of those whom a claim has made, and who was before, or 0. */
struct df_claimed {
	u32 holder;
	u32 loser;
};

int df_holds_init(struct df_net *dn);
void df_holds_fini(struct df_net *dn);

int df_pairs_check(const struct df_port_conf *conf, struct df_refusal *why);
int df_pairs_new(struct df_net *dn, struct df_port *port,
		 const struct df_port_conf *conf, const struct df_port *old);
void df_pairs_free(struct df_net *dn, struct df_port *port);
void df_pairs_publish(struct df_net *dn, struct df_port *port,
		      struct df_port *old);
void df_shared_touch(struct df_net *dn, const struct df_addresses *addresses,
		     u32 network, const u8 *mac);

bool df_port_may_use(const struct df_port *port, const u8 *mac);
bool df_port_may_have(const struct df_port *port, const struct in6_addr *ip,
		      const u8 *mac);
struct df_shared *df_shared_find_ip(struct df_net *dn, u32 network,
				    const struct in6_addr *ip);
struct df_shared *df_shared_find_mac(struct df_net *dn, u32 network,
				     const u8 *mac);
struct df_hold *df_hold_get(struct df_net *dn, struct df_port *port,
			    const struct in6_addr *ip, const u8 *mac);
void df_hold_elect(struct df_net *dn, struct df_hold *hold);

/* claim.c */
bool df_port_is_at(const struct df_port *port, const struct in6_addr *from);
bool df_claim_is_news(struct df_net *dn, const struct df_claim *claim);
void df_claim_apply(struct df_net *dn, const struct df_claim *claim,
		    struct df_claimed *claimed);

static inline struct df_hold *df_address_hold(struct df_address *address)
{
	return container_of(address, struct df_hold, address);
}

/* The port that has the address, which is no router's. Caller in RCU. */
static inline struct df_port *df_address_holder(struct df_address *address)
{
	return address->owner == DF_ADDRESS_HOLD ?
		df_address_hold(address)->port : df_address_port(address);
}

/* The Ethernet address that goes with an address. Caller in RCU. */
static inline const u8 *df_address_mac(struct df_address *address)
{
	switch (address->owner) {
	case DF_ADDRESS_INTERFACE:
		return df_address_interface_state(address)->mac_key.mac;
	case DF_ADDRESS_HOLD:
		return df_address_hold(address)->mac;
	default:
		return df_address_port(address)->mac_key.mac;
	}
}

#endif /* DF_TABLE_HOLD_H */
