// SPDX-License-Identifier: GPL-2.0
/*
 * Receiving without the tunnel device: what the underlay device has received is
 * taken out of its outer headers at once. Only what the host would certainly
 * have handed to the tunnel device is taken. Of everything else nothing is
 * touched: the underlay device is how the host is reached.
 */
#include <linux/hash.h>
#include <linux/if_vlan.h>
#include <linux/inetdevice.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <net/addrconf.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>
#include <net/udp.h>
#include <net/xfrm.h>
#ifdef CONFIG_NET_XGRESS
#include <net/tcx.h>
#endif

#include "path/tunnel.h"

enum {
	/* Ethernet, and enough of what follows to know its congestion mark. */
	INNER_MIN = ETH_HLEN + sizeof(struct iphdr),
	/* Senders that a processor knows, 2 to this. */
	SENDER_BITS = 6,
};

/**
 * struct sender - one whose packets are for us
 * @net_cookie: namespace of the host that it sends to
 * @saddr: its address, of no one here
 * @daddr: an address of ours
 * @genid: as which this was true
 *
 * To ask the host's tables for both addresses is a third of what receiving
 * costs. They say the same until an address or route changes, which the host
 * counts to outdate the routes that it has cached, and so do we.
 */
struct sender {
	u64 net_cookie;
	__be32 saddr;
	__be32 daddr;
	int genid;
};

static DEFINE_PER_CPU(struct sender[1 << SENDER_BITS], senders);

/* Is this the header of a whole datagram, without any option? */
static bool match_ip4(struct df_decap *decap, struct sk_buff *skb)
{
	const struct iphdr *ip;

	decap->ip_len = sizeof(*ip);
	if (!pskb_may_pull(skb, sizeof(*ip) + DF_ENCAP_LEN))
		return false;
	ip = ip_hdr(skb);
	decap->len = ntohs(ip->tot_len);
	return ip->version == 4 && ip->ihl == 5 &&
	       ip->protocol == IPPROTO_UDP && !ip_is_fragment(ip) &&
	       decap->len <= skb->len && !ip_fast_csum(ip, ip->ihl);
}

static bool match_ip6(struct df_decap *decap, struct sk_buff *skb)
{
	const struct ipv6hdr *ip;

	decap->ip_len = sizeof(*ip);
	if (!pskb_may_pull(skb, sizeof(*ip) + DF_ENCAP_LEN))
		return false;
	ip = ipv6_hdr(skb);
	decap->len = sizeof(*ip) + ntohs(ip->payload_len);
	return ip->version == 6 && ip->nexthdr == IPPROTO_UDP &&
	       decap->len <= skb->len &&
	       !(ipv6_addr_type(&ip->daddr) & IPV6_ADDR_LINKLOCAL) &&
	       !(ipv6_addr_type(&ip->saddr) & IPV6_ADDR_LINKLOCAL);
}

/*
 * Segments of one packet in a tunnel are one packet. Datagrams that were merged
 * are not, and the host takes them apart again.
 */
static bool is_one_datagram(const struct sk_buff *skb)
{
	return !skb_is_gso(skb) || skb_shinfo(skb)->gso_type &
	       (SKB_GSO_UDP_TUNNEL | SKB_GSO_UDP_TUNNEL_CSUM);
}

/**
 * df_decap_match() - may a packet be one for a tunnel, by its outer headers?
 * @decap: result
 * @skb: packet from an underlay device, data at the network header; only its
 *	data may be moved together
 *
 * Return: true to go on; then nobody else has @skb.
 */
bool df_decap_match(struct df_decap *decap, struct sk_buff *skb)
{
	const struct df_encap_header *header;

	if (skb->pkt_type != PACKET_HOST || skb_vlan_tag_present(skb) ||
	    skb_shared(skb) || !is_one_datagram(skb))
		return false;
	if (skb->protocol == htons(ETH_P_IP)) {
		if (!match_ip4(decap, skb))
			return false;
	} else if (skb->protocol != htons(ETH_P_IPV6) ||
		   !match_ip6(decap, skb)) {
		return false;
	}
	header = (void *)skb_network_header(skb) + decap->ip_len;
	decap->udp_port = header->udp.dest;
	decap->word = header->word;
	decap->vni = be32_to_cpu(header->vni) >> 8;
	decap->is_plain = !(header->vni & htonl(0xff)) &&
			  decap->len >= decap->ip_len + DF_ENCAP_LEN + INNER_MIN;
	decap->has_csum = header->udp.check;
	return ntohs(header->udp.len) == decap->len - decap->ip_len;
}

static bool has_ingress_hook(const struct net_device *dev)
{
#ifdef CONFIG_NETFILTER_INGRESS
	return rcu_access_pointer(dev->nf_hooks_ingress);
#else
	return false;
#endif
}

/* Are there programs before the filter that makes the device a port? */
static bool has_ingress_program(const struct net_device *dev)
{
#ifdef CONFIG_NET_XGRESS
	struct bpf_mprog_entry *entry = rcu_dereference_bh(dev->tcx_ingress);

	return entry && bpf_mprog_total(entry);
#else
	return false;
#endif
}

/* Does the host's packet filter look at what the host receives? */
static bool is_filtered(const struct net *net, bool is_ip6)
{
#ifdef CONFIG_NETFILTER
	struct nf_hook_entries __rcu * const *hooks =
		is_ip6 ? net->nf.hooks_ipv6 : net->nf.hooks_ipv4;

	if (rcu_access_pointer(hooks[NF_INET_PRE_ROUTING]) ||
	    rcu_access_pointer(hooks[NF_INET_LOCAL_IN]))
		return true;
#endif
#ifdef CONFIG_XFRM
	return READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_IN]) ||
	       READ_ONCE(net->xfrm.policy_default[XFRM_POLICY_IN]) ==
	       XFRM_USERPOLICY_BLOCK;
#else
	return false;
#endif
}

/*
 * Would anyone else have what the underlay device receives before the host: its
 * own packet filter, a bridge or the like, another routing domain?
 */
static bool is_diverted(const struct net_device *dev)
{
	return has_ingress_hook(dev) || rcu_access_pointer(dev->rx_handler) ||
	       netif_is_l3_slave(dev);
}

/* Does anyone look at what the tunnel device receives? */
static bool is_watched(const struct net_device *dev)
{
	return !list_empty(&dev->ptype_all) ||
	       rcu_access_pointer(dev->xdp_prog) || has_ingress_hook(dev) ||
	       has_ingress_program(dev);
}

/* Is one address that of another, the other one of ours? */
static bool is_from_another4(const struct iphdr *ip, struct net *net)
{
	return !ipv4_is_loopback(ip->daddr) && !ipv4_is_zeronet(ip->saddr) &&
	       !ipv4_is_loopback(ip->saddr) && !ipv4_is_multicast(ip->saddr) &&
	       !ipv4_is_lbcast(ip->saddr) &&
	       __ip_dev_find(net, ip->daddr, false) &&
	       !__ip_dev_find(net, ip->saddr, false);
}

static bool is_known4(const struct iphdr *ip, struct net *net)
{
	u32 slot = hash_32((__force u32)ip->saddr, SENDER_BITS);
	struct sender *sender = this_cpu_ptr(&senders[slot]);
	struct sender wanted = {
		.net_cookie = net->net_cookie,
		.saddr = ip->saddr,
		.daddr = ip->daddr,
		.genid = rt_genid_ipv4(net),
	};

	if (likely(sender->saddr == wanted.saddr &&
		   sender->daddr == wanted.daddr &&
		   sender->genid == wanted.genid &&
		   sender->net_cookie == wanted.net_cookie))
		return true;
	/* What is looked up is not older than the generation. */
	smp_rmb();
	if (!is_from_another4(ip, net))
		return false;
	*sender = wanted;
	return true;
}

/* Is it sent to us, by another, and would the host not ask from where? */
static bool is_for_us4(const struct sk_buff *skb, struct net *net)
{
	struct in_device *in_dev = __in_dev_get_rcu(skb->dev);

	return in_dev && IN_DEV_RPFILTER(in_dev) != 1 &&
	       is_known4(ip_hdr(skb), net);
}

static bool is_for_us6(const struct sk_buff *skb, struct net *net)
{
	const struct inet6_dev *in6_dev = __in6_dev_get(skb->dev);

	return in6_dev && !READ_ONCE(in6_dev->cnf.disable_ipv6) &&
	       !ipv6_addr_loopback(&ipv6_hdr(skb)->daddr) &&
	       ipv6_addr_type(&ipv6_hdr(skb)->saddr) & IPV6_ADDR_UNICAST &&
	       !ipv6_addr_loopback(&ipv6_hdr(skb)->saddr) &&
	       ipv6_chk_addr(net, &ipv6_hdr(skb)->daddr, NULL, 0);
}

/**
 * df_decap_is_ours() - would the host hand the packet to this tunnel's device?
 * @decap: of the packet
 * @tunnel: a tunnel with the packet's UDP port
 * @skb: the packet
 *
 * Caller in RCU, BH off. The core waits for that after it has put down a device
 * and before it takes it apart: so one that is up stays whole for us.
 * Return: true to go on with df_decap_pull().
 */
bool df_decap_is_ours(const struct df_decap *decap,
		      const struct df_tunnel *tunnel, const struct sk_buff *skb)
{
	bool is_ip6 = decap->ip_len == sizeof(struct ipv6hdr);
	struct net *net = dev_net(tunnel->dev);

	if (!decap->is_plain || decap->word != tunnel->word ||
	    !(tunnel->dev->flags & IFF_UP) || is_watched(tunnel->dev) ||
	    is_diverted(skb->dev) || is_filtered(net, is_ip6) ||
	    secpath_exists(skb))
		return false;
	if (!is_ip6)
		return is_for_us4(skb, net);
	return (decap->has_csum || tunnel->zero_csum6) && is_for_us6(skb, net);
}

static void count_received(struct net_device *dev, u32 len)
{
#ifdef DF_HAVE_DSTATS_RX
	if (dev->pcpu_stat_type == NETDEV_PCPU_STAT_DSTATS) {
		dev_dstats_rx_add(dev, len);
		return;
	}
#endif
	dev_sw_netstats_rx_add(dev, len);
}

/* Check the UDP checksum; data at the UDP header. */
static __sum16 check_csum(struct sk_buff *skb, bool is_ip6)
{
	struct udphdr *udp = udp_hdr(skb);

	if (is_ip6)
		return skb_checksum_validate_zero_check(skb, IPPROTO_UDP,
							udp->check,
							ip6_compute_pseudo);
	return skb_checksum_validate_zero_check(skb, IPPROTO_UDP, udp->check,
						inet_compute_pseudo);
}

/* The inner packet's congestion mark is the worse of the two. */
static bool take_ecn(struct sk_buff *skb, u32 outer, bool is_ip6)
{
	const void *ip = skb->head + outer;

	return (is_ip6 ? IP6_ECN_decapsulate(ip, skb) :
			 IP_ECN_decapsulate(ip, skb)) <= 1;
}

/* Make @skb, data at the inner Ethernet header, one of the tunnel device's. */
static bool become_inner(struct sk_buff *skb, const struct df_tunnel *tunnel,
			 u32 outer, bool is_ip6)
{
	skb_reset_mac_header(skb);
	skb->protocol = eth_type_trans(skb, tunnel->dev);
	skb_postpull_rcsum(skb, eth_hdr(skb), ETH_HLEN);
	skb_reset_network_header(skb);
	if (!take_ecn(skb, outer, is_ip6)) {
		DEV_STATS_INC(tunnel->dev, rx_frame_errors);
		DEV_STATS_INC(tunnel->dev, rx_errors);
		return false;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		skb_set_transport_header(skb, skb_checksum_start_offset(skb));
	else
		skb_reset_transport_header(skb);
	skb_reset_mac_len(skb);
	count_received(tunnel->dev, skb->len);
	return true;
}

/**
 * df_decap_pull() - take a packet out of its outer headers
 * @decap: of the packet
 * @tunnel: of the packet
 * @skb: not shared; data at the outer network header, then at the inner one
 *
 * Return: 0, or why to drop the packet.
 */
int df_decap_pull(const struct df_decap *decap, const struct df_tunnel *tunnel,
		  struct sk_buff *skb)
{
	bool is_ip6 = decap->ip_len == sizeof(struct ipv6hdr);
	u32 outer;

	if (decap->len < skb->len && pskb_trim_rcsum(skb, decap->len))
		return DRAGONFLOW_DROP_REASON_NO_MEMORY;
	skb_pull_rcsum(skb, decap->ip_len);
	skb_reset_transport_header(skb);
	if (check_csum(skb, is_ip6))
		return DRAGONFLOW_DROP_REASON_MALFORMED;
	if (__iptunnel_pull_header(skb, DF_ENCAP_LEN, htons(ETH_P_TEB), true,
				   false) ||
	    !pskb_may_pull(skb, INNER_MIN))
		return DRAGONFLOW_DROP_REASON_NO_MEMORY;
	outer = skb->network_header;
	/* For df_tunnel_source(). */
	skb->inner_network_header = outer;
	return become_inner(skb, tunnel, outer, is_ip6) ?
		0 : DRAGONFLOW_DROP_REASON_MALFORMED;
}
