/* SPDX-License-Identifier: GPL-2.0 */
/* Whose an IP address is: those of ports and of router interfaces. */
#ifndef DF_TABLE_ADDRESS_H
#define DF_TABLE_ADDRESS_H

#include <linux/if_ether.h>
#include <linux/in6.h>

#include "df.h"

/* IPv4 addresses are kept as IPv4-mapped ones. */
struct df_address_key {
	u32 network;
	struct in6_addr ip;
};

enum df_name_kind {
	DF_NAME_IP,
	DF_NAME_MAC,
	DF_NAME_KINDS,
};

/* An address of either kind in a network; a MAC is the first bytes of @name. */
struct df_name {
	u32 network;
	u32 kind;
	struct in6_addr name;
};

static inline struct df_name df_name_of_ip(u32 network,
					   const struct in6_addr *ip)
{
	return (struct df_name) {
		.network = network,
		.kind = DF_NAME_IP,
		.name = *ip,
	};
}

static inline struct df_name df_name_of_mac(u32 network, const u8 *mac)
{
	struct df_name name = {
		.network = network,
		.kind = DF_NAME_MAC,
	};

	memcpy(&name.name, mac, ETH_ALEN);
	return name;
}

enum df_address_owner {
	DF_ADDRESS_PORT,
	DF_ADDRESS_INTERFACE,
	DF_ADDRESS_HOLD,
};

/**
 * struct df_address - one address; immutable, a part of its owner
 * @node: entry in &df_net.addresses
 * @key: network and IP
 * @owner: what it is a part of
 * @index: its place in the owner's array
 * @prefix_len: length of its subnet's prefix, of an interface
 *
 * There is one for each address of each remote port: mind its size.
 */
struct df_address {
	struct rhash_head node;
	struct df_address_key key;
	u8 owner;
	u8 index;
	u8 prefix_len;
};

static_assert(sizeof(struct df_address) <= 32);

/* The addresses of one owner. */
struct df_addresses {
	struct df_address *list;
	u8 count;
};

int df_addresses_init(struct df_net *dn);
void df_addresses_fini(struct df_net *dn);

struct df_address *df_address_find(struct df_net *dn, u32 network,
				   const struct in6_addr *ip);
bool df_ip_is_unicast(const struct in6_addr *ip);
bool df_address_is_free(struct df_net *dn, u32 network,
			const struct in6_addr *ip,
			const struct df_addresses *old);

int df_addresses_prepare(struct df_net *dn, const struct df_addresses *new);
void df_addresses_commit(struct df_net *dn, const struct df_addresses *new,
			 const struct df_addresses *old);
void df_addresses_abort(struct df_net *dn, const struct df_addresses *new);

#endif /* DF_TABLE_ADDRESS_H */
