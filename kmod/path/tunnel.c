// SPDX-License-Identifier: GPL-2.0
#include <linux/if_link.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/udp.h>
#include <net/dst_metadata.h>
#include <net/ip6_route.h>
#include <net/ip_tunnels.h>
#include <net/netlink.h>
#include <net/route.h>
#include <net/rtnetlink.h>

#include "path/tunnel.h"

/* Attributes that older headers do not know; their numbers are for ever. */
enum {
	GENEVE_PORT_RANGE = 15,
	GENEVE_GRO_HINT = 16,
	TUNNEL_ATTR_MAX = 64,
};

/* A kind of tunnel devices, in the words in which rtnetlink tells about it. */
static const struct tunnel_kind {
	const char *kind;
	u32 word;
	u16 port;
	u16 range;
	u16 metadata;
	u16 zero_csum6;
	u16 odd[5];	/* change what is on the wire; 0 ends */
	u16 port_min;
	u16 port_max;
} tunnel_kinds[] = {
	{
		.kind = "vxlan",
		.word = 0x08000000,
		.port = IFLA_VXLAN_PORT,
		.range = IFLA_VXLAN_PORT_RANGE,
		.metadata = IFLA_VXLAN_COLLECT_METADATA,
		.zero_csum6 = IFLA_VXLAN_UDP_ZERO_CSUM6_RX,
		.odd = { IFLA_VXLAN_GBP, IFLA_VXLAN_GPE, IFLA_VXLAN_REMCSUM_TX,
			 IFLA_VXLAN_REMCSUM_RX, IFLA_VXLAN_VNIFILTER },
	}, {
		.kind = "geneve",
		.word = ETH_P_TEB,
		.port = IFLA_GENEVE_PORT,
		.range = GENEVE_PORT_RANGE,
		.metadata = IFLA_GENEVE_COLLECT_METADATA,
		.zero_csum6 = IFLA_GENEVE_UDP_ZERO_CSUM6_RX,
		.odd = { IFLA_GENEVE_INNER_PROTO_INHERIT, GENEVE_GRO_HINT },
		.port_min = 1,
		.port_max = U16_MAX,
	},
};

/* An attribute that is there, and not zero if it has a value. */
static bool attr_is_set(const struct nlattr *attr)
{
	return attr && (!nla_len(attr) || nla_get_u8(attr));
}

static bool tunnel_parse(struct df_tunnel *tunnel,
			 const struct tunnel_kind *kind, struct nlattr **tb)
{
	const struct ifla_vxlan_port_range *range;
	int i;

	if (!tb[kind->port] || !attr_is_set(tb[kind->metadata]))
		return false;
	for (i = 0; i < ARRAY_SIZE(kind->odd) && kind->odd[i]; i++)
		if (attr_is_set(tb[kind->odd[i]]))
			return false;
	tunnel->word = cpu_to_be32(kind->word);
	tunnel->udp_port = nla_get_be16(tb[kind->port]);
	tunnel->zero_csum6 = attr_is_set(tb[kind->zero_csum6]);
	tunnel->port_min = kind->port_min;
	tunnel->port_max = kind->port_max;
	if (tb[kind->range]) {
		range = nla_data(tb[kind->range]);
		tunnel->port_min = be16_to_cpu(range->low);
		tunnel->port_max = be16_to_cpu(range->high);
	}
	return true;
}

static const struct tunnel_kind *tunnel_kind(const struct net_device *dev)
{
	const struct rtnl_link_ops *ops = dev->rtnl_link_ops;
	int i;

	if (!ops || !ops->fill_info)
		return NULL;
	/*
	 * Its packets may be those of another namespace. Older Geneve devices do
	 * not tell; whoever moves one does not give an underlay to it.
	 */
	if (ops->get_link_net && !net_eq(ops->get_link_net(dev), dev_net(dev)))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(tunnel_kinds); i++)
		if (!strcmp(ops->kind, tunnel_kinds[i].kind))
			return &tunnel_kinds[i];
	return NULL;
}

/**
 * df_tunnel_describe() - find out what a tunnel device does to a packet
 * @tunnel: result
 * @dev: any device; RTNL is held
 *
 * The drivers keep most of it for themselves, but tell rtnetlink.
 * Return: whether we can do the same.
 */
bool df_tunnel_describe(struct df_tunnel *tunnel, struct net_device *dev)
{
	const struct tunnel_kind *kind = tunnel_kind(dev);
	struct nlattr *tb[TUNNEL_ATTR_MAX + 1];
	struct sk_buff *msg;
	bool is_known;

	if (!kind)
		return false;
	msg = alloc_skb(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return false;
	tunnel->dev = dev;
	is_known = !dev->rtnl_link_ops->fill_info(msg, dev) &&
		   !nla_parse(tb, TUNNEL_ATTR_MAX, (struct nlattr *)msg->data,
			      msg->len, NULL, NULL) &&
		   tunnel_parse(tunnel, kind, tb);
	kfree_skb(msg);
	return is_known;
}

/* Until Linux 6.10 the flags of a tunnel key were one big-endian word. */
#ifdef IP_TUNNEL_DECLARE_FLAGS
static void key_set_id(struct ip_tunnel_key *key, bool checksum)
{
	__set_bit(IP_TUNNEL_KEY_BIT, key->tun_flags);
	if (checksum)
		__set_bit(IP_TUNNEL_CSUM_BIT, key->tun_flags);
}
#else
static void key_set_id(struct ip_tunnel_key *key, bool checksum)
{
	key->tun_flags |= TUNNEL_KEY;
	if (checksum)
		key->tun_flags |= TUNNEL_CSUM;
}
#endif

static void key_fill(struct ip_tunnel_key *key,
		     const struct df_underlay *underlay, u32 vni)
{
	key->tun_id = key32_to_tunnel_id(cpu_to_be32(vni));
	if (underlay->family == AF_INET6) {
		key->u.ipv6.src = underlay->local6;
		key->u.ipv6.dst = underlay->remote6;
	} else {
		key->u.ipv4.src = underlay->local4;
		key->u.ipv4.dst = underlay->remote4;
	}
	key->ttl = DF_TUNNEL_TTL;
	/* IPv6 has no header checksum of its own: UDP over it wants one. */
	key_set_id(key, underlay->family == AF_INET6);
}

/**
 * df_encap_new() - prepare the encapsulation towards one peer and network
 * @underlay: endpoints
 * @vni: the network's identifier on the wire
 *
 * Context: may sleep.
 * Return: to be released with df_encap_free(), or NULL without memory.
 */
struct df_encap *df_encap_new(const struct df_underlay *underlay, u32 vni)
{
	struct ip_tunnel_info *info;
	struct df_encap *encap;

	encap = kzalloc(sizeof(*encap), GFP_KERNEL_ACCOUNT);
	if (!encap)
		return NULL;
	encap->dst = metadata_dst_alloc(0, METADATA_IP_TUNNEL,
					GFP_KERNEL_ACCOUNT);
	if (!encap->dst)
		goto err_encap;
	info = &encap->dst->u.tun_info;
	info->mode = IP_TUNNEL_INFO_TX;
	if (underlay->family == AF_INET6)
		info->mode |= IP_TUNNEL_INFO_IPV6;
	key_fill(&info->key, underlay, vni);
	encap->vni = cpu_to_be32(vni << 8);
	atomic_set(&encap->ident, get_random_u16());
#ifdef CONFIG_DST_CACHE
	if (dst_cache_init(&info->dst_cache, GFP_KERNEL_ACCOUNT))
		goto err_dst;
#endif
	return encap;

#ifdef CONFIG_DST_CACHE
err_dst:
	metadata_dst_free(encap->dst);
#endif
err_encap:
	kfree(encap);
	return NULL;
}

static void encap_free_rcu(struct rcu_head *rcu)
{
	struct df_encap *encap = container_of(rcu, struct df_encap, rcu);

	/* Packets in flight hold references of their own. */
	dst_release(&encap->dst->dst);
	kfree(encap);
}

/* Release after the last reader; NULL is fine. */
void df_encap_free(struct df_encap *encap)
{
	if (encap)
		call_rcu(&encap->rcu, encap_free_rcu);
}

/* Tell the tunnel device where @skb goes. Caller in RCU. */
void df_encap_set(struct sk_buff *skb, const struct df_encap *encap)
{
	dst_hold(&encap->dst->dst);
	skb_dst_drop(skb);
	skb_dst_set(skb, &encap->dst->dst);
}

static struct dst_entry *find_route(struct net *net,
				    const struct ip_tunnel_info *info)
{
	struct flowi6 fl6 = {
		.daddr = info->key.u.ipv6.dst,
		.saddr = info->key.u.ipv6.src,
		.flowi6_proto = IPPROTO_UDP,
	};
	struct flowi4 fl4 = {
		.daddr = info->key.u.ipv4.dst,
		.saddr = info->key.u.ipv4.src,
		.flowi4_proto = IPPROTO_UDP,
	};
	struct rtable *rt;

	if (info->mode & IP_TUNNEL_INFO_IPV6)
		return ip6_route_output(net, NULL, &fl6);
	rt = ip_route_output_key(net, &fl4);
	return IS_ERR(rt) ? NULL : &rt->dst;
}

/**
 * df_encap_mtu() - how large a packet may be to go through a tunnel whole
 * @net: namespace of the underlay
 * @encap: the tunnel
 *
 * Context: packet path.
 * Return: bytes of the IP packet that is encapsulated; 0 if there is no way.
 */
u32 df_encap_mtu(struct net *net, const struct df_encap *encap)
{
	struct ip_tunnel_info *info = &encap->dst->u.tun_info;
	/* Ethernet, UDP, and the 8 bytes of VXLAN or Geneve. */
	u32 headers = ETH_HLEN + sizeof(struct udphdr) + 8, mtu = 0;
	struct dst_entry *dst = NULL;

#ifdef CONFIG_DST_CACHE
	/* What the last packet used, if it still is the way. */
	dst = dst_cache_get(&info->dst_cache);
#endif
	if (!dst)
		dst = find_route(net, info);
	headers += info->mode & IP_TUNNEL_INFO_IPV6 ? sizeof(struct ipv6hdr) :
		sizeof(struct iphdr);
	if (dst && !dst->error && dst_mtu(dst) > headers)
		mtu = dst_mtu(dst) - headers;
	dst_release(dst);
	return mtu;
}

/**
 * df_tunnel_id() - the network identifier that a packet arrived with
 * @skb: packet from a tunnel device
 *
 * Return: the VNI, or DF_VNI_NONE if the packet was not decapsulated.
 */
u32 df_tunnel_id(const struct sk_buff *skb)
{
	const struct ip_tunnel_info *info = skb_tunnel_info(skb);

	if (!info || info->mode & IP_TUNNEL_INFO_TX)
		return DF_VNI_NONE;
	return be32_to_cpu(tunnel_id_to_key32(info->key.tun_id));
}

/**
 * df_tunnel_mark() - make it look as if a packet had come out of a tunnel
 * @skb: the packet
 * @source: what df_tunnel_source() is to say
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int df_tunnel_mark(struct sk_buff *skb, const struct in6_addr *source)
{
	struct metadata_dst *dst;

	dst = metadata_dst_alloc(0, METADATA_IP_TUNNEL, GFP_KERNEL);
	if (!dst)
		return -ENOMEM;
	if (ipv6_addr_v4mapped(source)) {
		dst->u.tun_info.key.u.ipv4.src = source->s6_addr32[3];
	} else {
		dst->u.tun_info.key.u.ipv6.src = *source;
		dst->u.tun_info.mode = IP_TUNNEL_INFO_IPV6;
	}
	skb_dst_set(skb, &dst->dst);
	return 0;
}

/* The outer addresses of what was received without the device. */
static void outer_source(struct in6_addr *source, const struct sk_buff *skb)
{
	const void *outer = skb->head + skb->inner_network_header;
	const struct ipv6hdr *ip6 = outer;
	const struct iphdr *ip = outer;

	if (outer + sizeof(*ip) + DF_ENCAP_LEN > (void *)skb_mac_header(skb))
		return;
	if (ip->version == 4)
		ipv6_addr_set_v4mapped(ip->saddr, source);
	else if (outer + sizeof(*ip6) + DF_ENCAP_LEN <=
		 (void *)skb_mac_header(skb))
		*source = ip6->saddr;
}

/**
 * df_tunnel_source() - the underlay address that a packet has come from
 * @source: result, IPv4 mapped; :: if it is not known
 * @skb: packet from a tunnel device, or what df_decap_pull() made
 */
void df_tunnel_source(struct in6_addr *source, const struct sk_buff *skb)
{
	const struct ip_tunnel_info *info = skb_tunnel_info(skb);

	*source = in6addr_any;
	if (!info)
		outer_source(source, skb);
	else if (info->mode & IP_TUNNEL_INFO_TX)
		return;
	else if (info->mode & IP_TUNNEL_INFO_IPV6)
		*source = info->key.u.ipv6.src;
	else
		ipv6_addr_set_v4mapped(info->key.u.ipv4.src, source);
}
