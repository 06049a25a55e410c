/* SPDX-License-Identifier: GPL-2.0 */
/* Encapsulation through collect_md devices. Knows no table. */
#ifndef DF_PATH_TUNNEL_H
#define DF_PATH_TUNNEL_H

#include <linux/in6.h>
#include <linux/skbuff.h>
#include <linux/types.h>

struct metadata_dst;

/**
 * struct df_underlay - a pair of tunnel endpoints
 * @family: AF_INET or AF_INET6
 * @local4: our address, 0 to let routing choose
 * @remote4: theirs
 * @local6: our address, :: to let routing choose
 * @remote6: theirs
 */
struct df_underlay {
	sa_family_t family;
	__be32 local4;
	__be32 remote4;
	struct in6_addr local6;
	struct in6_addr remote6;
};

/**
 * struct df_encap - what a tunnel device is told about a packet
 * @dst: attached to the packet; this structure holds one reference
 * @rcu: drops it after the last reader
 */
struct df_encap {
	struct metadata_dst *dst;
	struct rcu_head rcu;
};

struct df_encap *df_encap_new(const struct df_underlay *underlay, u32 vni);
void df_encap_free(struct df_encap *encap);
void df_encap_set(struct sk_buff *skb, const struct df_encap *encap);
bool df_tunnel_id(const struct sk_buff *skb, u32 *vni);

#endif /* DF_PATH_TUNNEL_H */
