// SPDX-License-Identifier: GPL-2.0
/*
 * Sending without the tunnel device. What the device would put around a packet
 * is put around it here, and the packet goes to IP by the route that the device
 * has found before and left in its cache, where we find it. So the host's packet
 * filter, neighbours, fragmentation and transformations are IP's business, as
 * they are otherwise. What is not as usual goes through the device.
 */
#include <linux/random.h>
#include <net/dst_metadata.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sch_generic.h>
#include <net/udp.h>
#ifdef CONFIG_NET_XGRESS
#include <net/tcx.h>
#endif

#include "path/hash.h"
#include "path/key.h"
#include "path/tunnel.h"

enum {
	/* What a tunnel device passes on unsegmented. */
	ENCAP_GSO = SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_ECN |
		    SKB_GSO_TCP_FIXEDID | SKB_GSO_DODGY,
	/* With room for all headers. */
	ENCAP_LEN_MAX = IP_MAX_MTU - 128,
	/* Of addresses, ports, protocol, and one more: see hash.h. */
	ENCAP_SECRETS = 8 + 1 + 1 + 1,
};

/* What source ports are hashed by: others than who sends the packets see these. */
static u64 encap_secret[ENCAP_SECRETS] __ro_after_init;

void __init df_encap_init(void)
{
	get_random_bytes(encap_secret, sizeof(encap_secret));
}

/**
 * df_encap_set_hash() - give a packet the hash that its source port comes from
 * @skb: the packet
 * @key: what was parsed of it
 *
 * Whichever way it goes then: no one needs to dissect it once more. Fragments
 * of one packet have one hash, so they do not overtake each other.
 */
void df_encap_set_hash(struct sk_buff *skb, const struct df_key *key)
{
	const u64 *secret = encap_secret;
	u32 ports;
	u64 sum;

	if (skb->l4_hash || skb->sw_hash)
		return;
	ports = key->ip_frag ? 0 : (__force u32)key->l4_src << 16 |
				   (__force u32)key->l4_dst;
	sum = secret[8] + secret[9] * ports + secret[10] * key->ip_proto;
	if (key->eth_type == htons(ETH_P_IP))
		sum += secret[0] * key->src.word[0] +
		       secret[4] * key->dst.word[0];
	else if (key->eth_type == htons(ETH_P_IPV6))
		sum += df_hash_sum(secret, key->src.word, 8);
	else
		sum += df_hash_sum(secret, (const u32 *)key->eth_dst, 3);
	__skb_set_sw_hash(skb, sum >> 32, true);
}

/* May the packet have been made in a way that the tunnel device changes? */
static bool is_plain(const struct sk_buff *skb)
{
	return !skb->mark && !skb->encapsulation &&
	       !skb_vlan_tag_present(skb) && skb->len < ENCAP_LEN_MAX &&
	       !(skb_is_gso(skb) && skb_shinfo(skb)->gso_type & ~ENCAP_GSO);
}

static bool has_egress_filter(const struct net_device *dev)
{
#ifdef CONFIG_NET_XGRESS
	struct bpf_mprog_entry *entry = rcu_dereference_bh(dev->tcx_egress);

	/* A clsact without filters has an entry, too. */
	if (entry && (bpf_mprog_total(entry) ||
		      rcu_access_pointer(tcx_entry(entry)->miniq)))
		return true;
#elif defined(CONFIG_NET_CLS_ACT)
	if (rcu_access_pointer(dev->miniq_egress))
		return true;
#endif
#ifdef CONFIG_NETFILTER_EGRESS
	if (rcu_access_pointer(dev->nf_hooks_egress))
		return true;
#endif
	return false;
}

/* Does anyone look at what the tunnel device sends? */
static bool is_watched(const struct net_device *dev)
{
	const struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);

	return !list_empty(&dev->ptype_all) ||
	       rcu_dereference_bh(txq->qdisc)->enqueue ||
	       has_egress_filter(dev);
}

/* A tunnel can end in another namespace; what is for us never reaches IP. */
static bool is_straight(const struct net_device *dev,
			const struct df_tunnel *tunnel)
{
	return net_eq(dev_net(dev), dev_net(tunnel->dev)) &&
	       !(dev->flags & IFF_LOOPBACK);
}

/**
 * df_encap_find_route() - may a packet pass its tunnel device by, and whereto?
 * @route: result
 * @encap: how the packet is to be encapsulated
 * @tunnel: what the device would do
 * @skb: the packet, data at the network header
 *
 * Caller in RCU, BH off.
 * Return: true to go on with df_encap_xmit(); otherwise df_encap_set().
 */
bool df_encap_find_route(struct df_encap_route *route,
			 const struct df_encap *encap,
			 const struct df_tunnel *tunnel,
			 const struct sk_buff *skb)
{
	struct ip_tunnel_info *info = &encap->dst->u.tun_info;
	struct rtable *rt;

	if (!is_plain(skb) || is_watched(tunnel->dev))
		return false;
	if (info->mode & IP_TUNNEL_INFO_IPV6) {
		route->dst = dst_cache_get_ip6(&info->dst_cache,
					       &route->local6);
	} else {
		rt = dst_cache_get_ip4(&info->dst_cache, &route->local4);
		route->dst = rt ? &rt->dst : NULL;
	}
	if (unlikely(!route->dst))
		return false;
	if (unlikely(!is_straight(route->dst->dev, tunnel))) {
		dst_release(route->dst);
		return false;
	}
	return true;
}

static void push_header(struct sk_buff *skb, const struct df_encap *encap,
			const struct df_tunnel *tunnel, __be16 source)
{
	struct df_encap_header *header = __skb_push(skb, sizeof(*header));

	skb_reset_transport_header(skb);
	header->udp.source = source;
	header->udp.dest = tunnel->udp_port;
	header->udp.len = cpu_to_be16(skb->len);
	header->udp.check = 0;
	header->word = tunnel->word;
	header->vni = encap->vni;
}

static void push_ip4(struct sk_buff *skb, const struct df_encap_route *route,
		     struct df_encap *encap, u8 tos)
{
	const struct ip_tunnel_key *key = &encap->dst->u.tun_info.key;
	u32 segments = skb_shinfo(skb)->gso_segs ?: 1;
	struct iphdr *ip;

	ip = __skb_push(skb, sizeof(*ip));
	skb_reset_network_header(skb);
	*(__be16 *)ip = htons(0x4500 | tos);
	ip->frag_off = 0;
	ip->ttl = key->ttl;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = route->local4;
	ip->daddr = key->u.ipv4.dst;
	/* Each segment of a GSO packet gets one. */
	ip->id = htons(atomic_fetch_add(segments, &encap->ident));
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
}

static void push_ip6(struct sk_buff *skb, const struct df_encap_route *route,
		     const struct ip_tunnel_key *key, u8 tos)
{
	struct ipv6hdr *ip;

	udp6_set_csum(false, skb, &route->local6, &key->u.ipv6.dst, skb->len);
	ip = __skb_push(skb, sizeof(*ip));
	skb_reset_network_header(skb);
	ip6_flow_hdr(ip, tos, 0);
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = key->ttl;
	ip->saddr = route->local6;
	ip->daddr = key->u.ipv6.dst;
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
}

/*
 * Tell the device that sends it what it is to do within the packet, if there is
 * something: otherwise nobody looks at the inner headers.
 */
static int set_offloads(struct sk_buff *skb, bool is_ip6)
{
	int err;

	if (!skb_is_gso(skb) && skb->ip_summed != CHECKSUM_PARTIAL) {
		skb->ip_summed = CHECKSUM_NONE;
		return 0;
	}
	err = iptunnel_handle_offloads(skb, is_ip6 ? SKB_GSO_UDP_TUNNEL_CSUM :
						     SKB_GSO_UDP_TUNNEL);
	skb_set_inner_protocol(skb, htons(ETH_P_TEB));
	return err;
}

/* Put everything around @skb; fails for want of memory. */
static int encapsulate(struct sk_buff *skb, const struct df_encap_route *route,
		       struct df_encap *encap, const struct df_tunnel *tunnel)
{
	const struct ip_tunnel_info *info = &encap->dst->u.tun_info;
	bool is_ip6 = info->mode & IP_TUNNEL_INFO_IPV6;
	__be16 source;
	int err;
	u8 tos;

	tos = ip_tunnel_ecn_encap(0, ip_hdr(skb), skb);
	/* Its header is where it was. */
	skb_postpush_rcsum(skb, __skb_push(skb, skb->mac_len), skb->mac_len);
	source = udp_flow_src_port(dev_net(tunnel->dev), skb, tunnel->port_min,
				   tunnel->port_max, true);
	err = skb_cow_head(skb, LL_RESERVED_SPACE(route->dst->dev) +
			   DF_ENCAP_LEN +
			   (is_ip6 ? sizeof(struct ipv6hdr) :
				     sizeof(struct iphdr)));
	if (err)
		return err;
	err = set_offloads(skb, is_ip6);
	if (err)
		return err;
	skb_scrub_packet(skb, false);
	push_header(skb, encap, tunnel, source);
	if (is_ip6)
		push_ip6(skb, route, &info->key, tos);
	else
		push_ip4(skb, route, encap, tos);
	return 0;
}

/**
 * df_encap_xmit() - encapsulate a packet and hand it to IP
 * @skb: the packet, data at the network header; consumed
 * @route: from df_encap_find_route(); its reference is consumed
 * @encap: how to encapsulate
 * @tunnel: what the tunnel device would do; it counts the packet
 *
 * Return: what ip_local_out() does, or -ENOMEM.
 */
int df_encap_xmit(struct sk_buff *skb, const struct df_encap_route *route,
		  struct df_encap *encap, const struct df_tunnel *tunnel)
{
	struct net *net = dev_net(tunnel->dev);
	int err, len = skb->len;

	err = encapsulate(skb, route, encap, tunnel);
	if (unlikely(err)) {
		dst_release(route->dst);
		kfree_skb(skb);
		return err;
	}
	skb_dst_set(skb, route->dst);
	skb_set_redirected(skb, true);
	if (encap->dst->u.tun_info.mode & IP_TUNNEL_INFO_IPV6)
		err = ip6_local_out(net, NULL, skb);
	else
		err = ip_local_out(net, NULL, skb);
	iptunnel_xmit_stats(tunnel->dev, net_xmit_eval(err) ? 0 : len);
	return err;
}
