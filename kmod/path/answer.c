// SPDX-License-Identifier: GPL-2.0
/*
 * Answers: ARP replies, neighbour advertisements, echo replies, ICMP errors.
 * They go back out of the port that the packet came from and nowhere else, and
 * there are only so many of a kind for each port. So it is with packets that
 * the agent answers.
 */
#include <linux/etherdevice.h>
#include <linux/icmp.h>
#include <linux/if_arp.h>
#include <linux/icmpv6.h>
#include <net/addrconf.h>
#include <net/arp.h>
#include <net/icmp.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/ndisc.h>

#include "control/punt.h"
#include "path/action.h"
#include "path/answer.h"
#include "path/lookup.h"
#include "stage/trace.h"
#include "table/hold.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/port.h"

enum {
	ANSWER_TTL = 64,
	/* How much of a packet an error may quote, by what it may be long. */
	ICMP4_LEN_MAX = 576,
	ICMP6_LEN_MAX = IPV6_MIN_MTU,
	/* Type, length and address of a link-layer address option. */
	LLADDR_OPTION_LEN = 2 + ETH_ALEN,
};

/* Answers in a second, and at once. */
static const struct {
	u32 rate;
	u32 burst;
} limits[DF_BUCKET_COUNT] = {
	[DF_BUCKET_NEIGHBOUR] = { 1000, 1000 },
	[DF_BUCKET_ECHO] = { 1000, 1000 },
	[DF_BUCKET_TTL_EXCEEDED] = { 100, 100 },
	[DF_BUCKET_UNREACHABLE] = { 100, 100 },
	[DF_BUCKET_TOO_BIG] = { 100, 100 },
	/* Each wakes the agent up, who has all ports to serve. */
	[DF_BUCKET_PUNT] = { 10, 20 },
	/* Each makes flows walk, and the agents tell one another. */
	[DF_BUCKET_CLAIM] = { 20, 100 },
	/* Each makes the agent ask the database. */
	[DF_BUCKET_LOOKUP] = { 200, 200 },
};

/* ICMP's words for what went wrong. */
static const struct {
	u8 bucket;
	u8 type4, code4;
	u8 type6, code6;
} errors[] = {
	[DF_ANSWER_TTL_EXCEEDED] = {
		DF_BUCKET_TTL_EXCEEDED, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL,
		ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT,
	},
	[DF_ANSWER_NO_NETWORK] = {
		DF_BUCKET_UNREACHABLE, ICMP_DEST_UNREACH, ICMP_NET_UNREACH,
		ICMPV6_DEST_UNREACH, ICMPV6_NOROUTE,
	},
	[DF_ANSWER_NO_HOST] = {
		DF_BUCKET_UNREACHABLE, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH,
		ICMPV6_DEST_UNREACH, ICMPV6_ADDR_UNREACH,
	},
	[DF_ANSWER_NO_PORT] = {
		DF_BUCKET_UNREACHABLE, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH,
		ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH,
	},
	[DF_ANSWER_PROHIBITED] = {
		DF_BUCKET_UNREACHABLE, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED,
		ICMPV6_DEST_UNREACH, ICMPV6_ADM_PROHIBITED,
	},
	[DF_ANSWER_TOO_BIG] = {
		DF_BUCKET_TOO_BIG, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
		ICMPV6_PKT_TOOBIG, 0,
	},
};

/* Is there a token? Context: as the packet path. */
bool df_local_has_token(struct df_local *local, enum df_bucket_kind kind)
{
	bool has_token;

	spin_lock(&local->bucket_lock);
	has_token = df_bucket_tokens(&local->buckets[kind], limits[kind].rate,
				     limits[kind].burst, jiffies);
	spin_unlock(&local->bucket_lock);
	return has_token;
}

/* Take a token, if there is one. Context: packet path. */
bool df_local_take_token(struct df_local *local, enum df_bucket_kind kind)
{
	bool has_token;

	spin_lock(&local->bucket_lock);
	has_token = df_bucket_take(&local->buckets[kind], limits[kind].rate,
				   limits[kind].burst);
	spin_unlock(&local->bucket_lock);
	return has_token;
}

/* Send @skb, whose data is at the network header, back. */
static void send_back(const struct df_pkt *pkt, struct sk_buff *skb)
{
	if (!df_action_send(pkt, skb, pkt->in))
		df_stats_answer(pkt->in->stats);
}

/* A frame to be filled, data and all of @len at the network header. */
static struct sk_buff *frame_new(const struct df_pkt *pkt, const u8 *src,
				 const u8 *dst, __be16 type, u32 len)
{
	struct net_device *dev = pkt->skb->dev;
	struct sk_buff *skb;
	struct ethhdr *eth;

	skb = alloc_skb(LL_RESERVED_SPACE(dev) + len + dev->needed_tailroom,
			GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reserve(skb, LL_RESERVED_SPACE(dev) - ETH_HLEN);
	skb->dev = dev;
	skb->protocol = type;
	skb_reset_mac_header(skb);
	eth = skb_put(skb, ETH_HLEN);
	ether_addr_copy(eth->h_dest, dst);
	ether_addr_copy(eth->h_source, src);
	eth->h_proto = type;
	skb_pull(skb, ETH_HLEN);
	skb_reset_network_header(skb);
	skb_reset_mac_len(skb);
	skb_put_zero(skb, len);
	return skb;
}

static struct sk_buff *arp_reply(const struct df_pkt *pkt)
{
	struct df_address *address = pkt->answer.address;
	const u8 *request = skb_mac_header(pkt->skb) + pkt->info.l3;
	const u8 *mac = df_address_mac(address);
	struct sk_buff *skb;
	struct arphdr *arp;
	u8 *at;

	skb = frame_new(pkt, mac, pkt->key.eth_src, htons(ETH_P_ARP),
			arp_hdr_len(pkt->skb->dev));
	if (!skb)
		return NULL;
	arp = (struct arphdr *)skb->data;
	arp->ar_hrd = htons(ARPHRD_ETHER);
	arp->ar_pro = htons(ETH_P_IP);
	arp->ar_hln = ETH_ALEN;
	arp->ar_pln = sizeof(__be32);
	arp->ar_op = htons(ARPOP_REPLY);
	at = (u8 *)(arp + 1);
	memcpy(at, mac, ETH_ALEN);
	at += ETH_ALEN;
	memcpy(at, &pkt->key.dst.ip4, sizeof(__be32));
	at += sizeof(__be32);
	/* Its own two addresses, as it has told them. */
	memcpy(at, request + sizeof(*arp), ETH_ALEN + sizeof(__be32));
	return skb;
}

static struct ipv6hdr *ip6_fill(struct sk_buff *skb,
				const struct in6_addr *src,
				const struct in6_addr *dst, u8 hop_limit)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)skb->data;

	ip6_flow_hdr(ip6, 0, 0);
	ip6->payload_len = htons(skb->len - sizeof(*ip6));
	ip6->nexthdr = IPPROTO_ICMPV6;
	ip6->hop_limit = hop_limit;
	ip6->saddr = *src;
	ip6->daddr = *dst;
	return ip6;
}

/* The checksum over what follows the header. */
static __sum16 icmp6_sum(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)skb->data;
	u32 len = skb->len - sizeof(*ip6);

	return csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len, IPPROTO_ICMPV6,
			       csum_partial(ip6 + 1, len, 0));
}

static struct sk_buff *neighbour_advertisement(const struct df_pkt *pkt)
{
	static const u8 all_nodes[ETH_ALEN] = { 0x33, 0x33, 0, 0, 0, 1 };
	struct df_address *address = pkt->answer.address;
	bool is_probe = ipv6_addr_any(&pkt->key.src.ip6);
	const u8 *mac = df_address_mac(address);
	struct sk_buff *skb;
	struct nd_msg *msg;

	skb = frame_new(pkt, mac, is_probe ? all_nodes : pkt->key.eth_src,
			htons(ETH_P_IPV6), sizeof(struct ipv6hdr) +
			sizeof(*msg) + LLADDR_OPTION_LEN);
	if (!skb)
		return NULL;
	msg = (struct nd_msg *)(ip6_fill(skb, &address->key.ip, is_probe ?
					 &in6addr_linklocal_allnodes :
					 &pkt->key.src.ip6, 255) + 1);
	msg->icmph.icmp6_type = NDISC_NEIGHBOUR_ADVERTISEMENT;
	msg->icmph.icmp6_router = address->owner == DF_ADDRESS_INTERFACE;
	msg->icmph.icmp6_solicited = !is_probe;
	msg->icmph.icmp6_override = 1;
	msg->target = address->key.ip;
	msg->opt[0] = ND_OPT_TARGET_LL_ADDR;
	msg->opt[1] = 1;
	memcpy(msg->opt + 2, mac, ETH_ALEN);
	msg->icmph.icmp6_cksum = icmp6_sum(skb);
	return skb;
}

/* Turn the packet, or this fragment of it, into its answer. */
static bool echo(struct df_pkt *pkt)
{
	u32 l4 = pkt->info.l4 ? pkt->info.l4 - pkt->info.l3 : 0;
	struct sk_buff *skb = pkt->skb;
	struct ethhdr *eth;

	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		return false;
	skb->ip_summed = CHECKSUM_NONE;
	if (skb_ensure_writable(skb, l4 ? l4 + sizeof(struct icmphdr) :
				sizeof(struct ipv6hdr)))
		return false;
	eth = eth_hdr(skb);
	ether_addr_copy(eth->h_source, pkt->key.eth_dst);
	ether_addr_copy(eth->h_dest, pkt->key.eth_src);
	if (df_pkt_is_ip6(pkt)) {
		struct ipv6hdr *ip6 = (struct ipv6hdr *)skb->data;

		swap(ip6->saddr, ip6->daddr);
		ip6->hop_limit = ANSWER_TTL;
	} else {
		struct iphdr *ip = (struct iphdr *)skb->data;

		swap(ip->saddr, ip->daddr);
		ip->ttl = ANSWER_TTL;
		ip_send_check(ip);
	}
	if (l4) {
		/* Type and code are one word, the checksum is the next. */
		__be16 *word = (__be16 *)(skb->data + l4), old = *word;

		*word = htons((df_pkt_is_ip6(pkt) ? ICMPV6_ECHO_REPLY :
			       ICMP_ECHOREPLY) << 8);
		csum_replace2((__sum16 *)(word + 1), old, *word);
	}
	return true;
}

static bool ip4_is_one_station(__be32 ip)
{
	return !ipv4_is_zeronet(ip) && !ipv4_is_loopback(ip) &&
		!ipv4_is_multicast(ip) && !ipv4_is_lbcast(ip);
}

/* Is the packet an ICMP error itself, or may it be one? */
static bool is_error(const struct df_pkt *pkt)
{
	u32 type = ntohs(pkt->key.l4_src);

	if (!df_pkt_is_icmp(pkt))
		return false;
	if (df_pkt_is_ip6(pkt))
		return type < ICMPV6_ECHO_REQUEST;
	return type != ICMP_ECHO && type != ICMP_ECHOREPLY &&
		type < ICMP_TIMESTAMP;
}

/* May this packet be told of an error at all? RFC 1812, 4.3.2.7; RFC 4443, 2.4 */
static bool may_be_told(const struct df_pkt *pkt)
{
	const struct df_key *key = &pkt->key;

	if (key->ip_frag == DRAGONFLOW_IP_FRAGMENT_LATER ||
	    is_multicast_ether_addr(key->eth_dst) || is_error(pkt))
		return false;
	if (df_pkt_is_ip6(pkt))
		return !ipv6_addr_any(&key->src.ip6) &&
			!ipv6_addr_is_multicast(&key->src.ip6) &&
			!ipv6_addr_is_multicast(&key->dst.ip6);
	return ip4_is_one_station(key->src.ip4) &&
		ip4_is_one_station(key->dst.ip4);
}

/* How good is an address for a report to @to? */
static int rank(const struct df_address *address, const struct in6_addr *to)
{
	const struct in6_addr *ip = &address->key.ip;
	u8 len = address->prefix_len;

	if (ipv6_addr_v4mapped(ip) != ipv6_addr_v4mapped(to))
		return 0;
	if (ipv6_prefix_equal(ip, to, ipv6_addr_v4mapped(ip) ? len + 96 : len))
		return 3;
	return ipv6_addr_type(ip) & IPV6_ADDR_LINKLOCAL ? 1 : 2;
}

/* Which address reports; false if there is none of the family. */
static bool choose_source(struct in6_addr *src, const struct df_pkt *pkt)
{
	const struct df_interface_state *from = pkt->answer.from;
	const struct df_key *key = &pkt->key;
	struct in6_addr to = key->src.ip6;
	int i, best = 0;

	/* As the destination would, with whom the sender speaks. */
	*src = key->dst.ip6;
	if (df_pkt_is_ip4(pkt)) {
		ipv6_addr_set_v4mapped(key->src.ip4, &to);
		ipv6_addr_set_v4mapped(key->dst.ip4, src);
	}
	if (!from)
		return true;
	for (i = 0; i < from->address_count; i++) {
		int this = rank(&from->addresses[i], &to);

		if (this <= best)
			continue;
		best = this;
		*src = from->addresses[i].key.ip;
	}
	return best;
}

static struct sk_buff *icmp4_error(const struct df_pkt *pkt,
				   const struct in6_addr *src)
{
	const struct iphdr *old = (const struct iphdr *)pkt->skb->data;
	u32 head = sizeof(struct iphdr) + sizeof(struct icmphdr);
	u32 quote = min_t(u32, pkt->info.end - pkt->info.l3,
			  ICMP4_LEN_MAX - head);
	struct icmphdr *icmp;
	struct sk_buff *skb;
	struct iphdr *ip;

	skb = frame_new(pkt, pkt->key.eth_dst, pkt->key.eth_src,
			htons(ETH_P_IP), head + quote);
	if (!skb)
		return NULL;
	ip = (struct iphdr *)skb->data;
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = (old->tos & INET_ECN_MASK) | IPTOS_PREC_INTERNETCONTROL;
	ip->tot_len = htons(skb->len);
	ip->frag_off = htons(IP_DF);
	ip->ttl = ANSWER_TTL;
	ip->protocol = IPPROTO_ICMP;
	ip->saddr = src->s6_addr32[3];
	ip->daddr = pkt->key.src.ip4;
	ip_send_check(ip);
	icmp = (struct icmphdr *)(ip + 1);
	icmp->type = errors[pkt->answer.kind].type4;
	icmp->code = errors[pkt->answer.kind].code4;
	icmp->un.frag.mtu = htons(pkt->answer.mtu);
	if (skb_copy_bits(pkt->skb, 0, icmp + 1, quote)) {
		kfree_skb(skb);
		return NULL;
	}
	icmp->checksum = ip_compute_csum(icmp, sizeof(*icmp) + quote);
	return skb;
}

static struct sk_buff *icmp6_error(const struct df_pkt *pkt,
				   const struct in6_addr *src)
{
	u32 head = sizeof(struct ipv6hdr) + sizeof(struct icmp6hdr);
	u32 quote = min_t(u32, pkt->info.end - pkt->info.l3,
			  ICMP6_LEN_MAX - head);
	struct icmp6hdr *icmp;
	struct sk_buff *skb;

	skb = frame_new(pkt, pkt->key.eth_dst, pkt->key.eth_src,
			htons(ETH_P_IPV6), head + quote);
	if (!skb)
		return NULL;
	icmp = (struct icmp6hdr *)(ip6_fill(skb, src, &pkt->key.src.ip6,
					    ANSWER_TTL) + 1);
	icmp->icmp6_type = errors[pkt->answer.kind].type6;
	icmp->icmp6_code = errors[pkt->answer.kind].code6;
	icmp->icmp6_mtu = htonl(pkt->answer.mtu);
	if (skb_copy_bits(pkt->skb, 0, icmp + 1, quote)) {
		kfree_skb(skb);
		return NULL;
	}
	icmp->icmp6_cksum = icmp6_sum(skb);
	return skb;
}

/* Tell the sender what went wrong, if one may. */
static void report(const struct df_pkt *pkt)
{
	struct in6_addr src;
	struct sk_buff *skb;

	if (!may_be_told(pkt) || !choose_source(&src, pkt) ||
	    !df_local_take_token(pkt->in, errors[pkt->answer.kind].bucket))
		return;
	skb = df_pkt_is_ip6(pkt) ? icmp6_error(pkt, &src) :
		icmp4_error(pkt, &src);
	if (skb)
		send_back(pkt, skb);
	else
		df_stats_drop(pkt->in->stats,
			      DRAGONFLOW_DROP_REASON_NO_MEMORY, 1);
}

static enum df_bucket_kind reply_bucket(enum df_answer_kind kind)
{
	switch (kind) {
	case DF_ANSWER_ECHO:
		return DF_BUCKET_ECHO;
	case DF_ANSWER_PUNT:
		return DF_BUCKET_PUNT;
	default:
		return DF_BUCKET_NEIGHBOUR;
	}
}

/* Answer what asks for it; the packet is consumed. */
static void reply(struct df_pkt *pkt)
{
	bool is_echo = pkt->answer.kind == DF_ANSWER_ECHO;
	struct sk_buff *skb = NULL;

	if (!df_local_take_token(pkt->in, reply_bucket(pkt->answer.kind))) {
		df_action_drop(pkt, pkt->skb,
			       DRAGONFLOW_DROP_REASON_RATE_LIMITED);
		return;
	}
	if (pkt->answer.kind == DF_ANSWER_PUNT) {
		df_punt(pkt);
		return;
	}
	if (is_echo) {
		if (echo(pkt))
			skb = pkt->skb;
	} else if (pkt->answer.kind == DF_ANSWER_ARP) {
		skb = arp_reply(pkt);
	} else {
		skb = neighbour_advertisement(pkt);
	}
	if (!skb) {
		df_action_drop(pkt, pkt->skb, DRAGONFLOW_DROP_REASON_NO_MEMORY);
		return;
	}
	if (!is_echo)
		consume_skb(pkt->skb);
	send_back(pkt, skb);
}

/**
 * df_answer() - end a packet's way, and tell its sender if a stage wants that
 * @pkt: the packet; its skb is consumed
 * @reason: what the stage has returned, not 0
 *
 * One that waits, for somebody who is looked for, is at its end for now.
 */
void df_answer(struct df_pkt *pkt, int reason)
{
	if (reason == DF_STAGE_ANSWERED) {
		reply(pkt);
		return;
	}
	if (reason == DF_STAGE_LOOKUP) {
		df_lookup_wait(pkt);
		return;
	}
	if (pkt->answer.kind != DF_ANSWER_NONE)
		report(pkt);
	df_action_drop(pkt, pkt->skb, reason);
}

/* A trace tells them by the same numbers. */
static_assert(DRAGONFLOW_ANSWER_ARP == (int)DF_ANSWER_ARP);
static_assert(DRAGONFLOW_ANSWER_TOO_BIG == (int)DF_ANSWER_TOO_BIG);
static_assert(DRAGONFLOW_ANSWER_AGENT == (int)DF_ANSWER_PUNT);

/* What keeps the packet from being answered as it should, or 0. */
static int reply_refusal(const struct df_pkt *pkt)
{
	if (!df_local_has_token(pkt->in, reply_bucket(pkt->answer.kind)))
		return DRAGONFLOW_DROP_REASON_RATE_LIMITED;
	return pkt->answer.kind == DF_ANSWER_PUNT ? df_punt_refusal(pkt) : 0;
}

/**
 * df_answer_trace() - tell what df_answer() would do
 * @pkt: packet that is traced
 * @reason: what the stage has returned, not 0
 */
void df_answer_trace(struct df_pkt *pkt, int reason)
{
	struct df_trace_step *step;
	struct in6_addr src;

	if (reason == DF_STAGE_LOOKUP) {
		df_lookup_trace(pkt);
		return;
	}
	if (pkt->answer.kind == DF_ANSWER_NONE)
		return;
	if (reason != DF_STAGE_ANSWERED &&
	    (!may_be_told(pkt) || !choose_source(&src, pkt) ||
	     !df_local_has_token(pkt->in, errors[pkt->answer.kind].bucket)))
		return;
	step = df_trace_add(pkt->trace, DRAGONFLOW_TRACE_STAGE_ANSWER);
	step->answer = pkt->answer.kind;
	step->port = pkt->in->id;
	step->mtu = pkt->answer.mtu;
	if (reason != DF_STAGE_ANSWERED) {
		step->has_ip = true;
		step->ip = src;
		return;
	}
	reason = reply_refusal(pkt);
	if (reason)
		df_trace_end(pkt->trace, step, reason);
}
