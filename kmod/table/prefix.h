/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a router knows about the addresses that begin with some bits: an
 * interface whose subnet they are, a route that was programmed, or both.
 */
#ifndef DF_TABLE_PREFIX_H
#define DF_TABLE_PREFIX_H

#include <linux/in6.h>

#include "table/lpm.h"
#include "table/router.h"

struct df_interface;
struct df_route;

/**
 * struct df_prefix - a prefix of a router
 * @key: its bits, immutable
 * @len: how many, immutable
 * @is_ip6: immutable
 * @serial: tells it from every other one of the namespace, those too that were
 *	before; immutable
 * @users: what keeps it; protected by &df_net.lock
 * @addresses: how many addresses the interface has in it; &df_net.lock
 * @interface: whose subnet it is, or NULL; readers: RCU,
 *	writers: &df_net.lock
 * @route: what was programmed, or NULL; the same
 * @rcu: frees the prefix after the last reader
 */
struct df_prefix {
	struct df_lpm_key key;
	u8 len;
	bool is_ip6;
	u32 serial;
	u32 users;
	u32 addresses;
	struct df_interface __rcu *interface;
	struct df_route __rcu *route;
	struct rcu_head rcu;
};

/* An address or prefix as programmed; IPv4 is mapped. */
struct df_subnet {
	struct in6_addr ip;
	u8 len;
};

/* Left-aligned, as the trie wants it. */
static inline struct df_lpm_key df_lpm_key_ip4(__be32 ip)
{
	return (struct df_lpm_key) { .hi = (u64)ntohl(ip) << 32 };
}

void df_lpm_key_set(struct df_lpm_key *key, const struct in6_addr *ip);
void df_lpm_key_get(struct in6_addr *ip, const struct df_lpm_key *key,
		    bool is_ip6);
bool df_subnet_is_masked(const struct df_subnet *subnet);

struct df_prefix *df_prefix_find(struct df_router *router,
				 const struct df_subnet *subnet);
struct df_prefix *df_prefix_get(struct df_net *dn, struct df_router *router,
				const struct df_subnet *subnet);
void df_prefix_put(struct df_router *router, struct df_prefix *prefix);
void df_prefix_set(struct df_net *dn, struct df_router *router,
		   struct df_prefix *prefix, struct df_interface *interface,
		   struct df_route *route);

struct df_prefix *df_prefix_match_rcu(struct df_router *router,
				      const struct df_lpm_key *key,
				      bool is_ip6);
u32 df_prefix_block(const struct df_prefix *prefix,
		    const struct df_lpm_key *key);

#endif /* DF_TABLE_PREFIX_H */
