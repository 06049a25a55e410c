/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Encapsulation: through collect_md devices, and beside them. Knows no table.
 * tunnel.c deals with the devices, encap.c sends and decap.c receives without.
 */
#ifndef DF_PATH_TUNNEL_H
#define DF_PATH_TUNNEL_H

#include <linux/in6.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/udp.h>

#include <uapi/linux/dragonflow.h>

struct df_key;
struct dst_entry;
struct metadata_dst;
struct net;
struct net_device;

/* Of a network without an identifier on the wire; above every valid one. */
#define DF_VNI_NONE U32_MAX

enum {
	/* Time to live, or hop limit, of what we send. */
	DF_TUNNEL_TTL = 64,
	/* Room for all headers: Ethernet with a tag, IPv6, UDP, Geneve. */
	DF_TUNNEL_HEADROOM = 96,
};

/**
 * struct df_encap_header - what comes between IP and the packet
 * @udp: UDP header
 * @word: says that a VNI and an Ethernet frame follow, see &df_tunnel.word
 * @vni: in the upper 24 bits
 */
struct df_encap_header {
	struct udphdr udp;
	__be32 word;
	__be32 vni;
};

#define DF_ENCAP_LEN	((u32)sizeof(struct df_encap_header))

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
 * struct df_tunnel - what a tunnel device puts around a packet
 * @dev: the device
 * @word: first word behind the UDP header
 * @udp_port: that it sends to and receives at
 * @port_min: lowest source port
 * @port_max: highest source port; not above @port_min for the host's own range
 * @zero_csum6: it receives over IPv6 without a checksum
 *
 * All of it is fixed when the device is made.
 */
struct df_tunnel {
	struct net_device *dev;
	__be32 word;
	__be16 udp_port;
	u16 port_min;
	u16 port_max;
	bool zero_csum6;
};

/**
 * struct df_encap - what a tunnel device is told about a packet
 * @dst: attached to the packet; this structure holds one reference. The tunnel
 *	device keeps the route in its cache, and so do we
 * @vni: second word behind the UDP header
 * @ident: of the last IPv4 packet that was sent without the device
 * @rcu: drops it after the last reader
 */
struct df_encap {
	struct metadata_dst *dst;
	__be32 vni;
	atomic_t ident;
	struct rcu_head rcu;
};

/**
 * struct df_encap_route - where an encapsulated packet goes; for this packet
 * @dst: the route, referenced
 * @local4: source address, or
 * @local6: source address
 */
struct df_encap_route {
	struct dst_entry *dst;
	union {
		__be32 local4;
		struct in6_addr local6;
	};
};

/**
 * struct df_decap - what the outer headers of a packet say
 * @ip_len: length of the IP header, which is without options
 * @len: from the IP header to the end of the datagram
 * @udp_port: destination port
 * @word: what follows UDP, see &df_encap_header.word
 * @vni: its VNI
 * @is_plain: there is room for a packet, and nothing we do not know
 * @has_csum: there is a UDP checksum
 */
struct df_decap {
	u32 ip_len;
	u32 len;
	__be16 udp_port;
	__be32 word;
	u32 vni;
	bool is_plain;
	bool has_csum;
};

bool df_tunnel_describe(struct df_tunnel *tunnel, struct net_device *dev);

void df_encap_init(void);
struct df_encap *df_encap_new(const struct df_underlay *underlay, u32 vni);
void df_encap_free(struct df_encap *encap);
void df_encap_set(struct sk_buff *skb, const struct df_encap *encap);
void df_encap_set_hash(struct sk_buff *skb, const struct df_key *key);
bool df_encap_find_route(struct df_encap_route *route,
			 const struct df_encap *encap,
			 const struct df_tunnel *tunnel,
			 const struct sk_buff *skb);
int df_encap_xmit(struct sk_buff *skb, const struct df_encap_route *route,
		  struct df_encap *encap, const struct df_tunnel *tunnel);
u32 df_encap_mtu(struct net *net, const struct df_encap *encap);
u32 df_tunnel_id(const struct sk_buff *skb);
int df_tunnel_mark(struct sk_buff *skb, const struct in6_addr *source);
void df_tunnel_source(struct in6_addr *source, const struct sk_buff *skb);

bool df_decap_match(struct df_decap *decap, struct sk_buff *skb);
bool df_decap_is_ours(const struct df_decap *decap,
		      const struct df_tunnel *tunnel,
		      const struct sk_buff *skb);
int df_decap_pull(const struct df_decap *decap, const struct df_tunnel *tunnel,
		  struct sk_buff *skb);

#endif /* DF_PATH_TUNNEL_H */
