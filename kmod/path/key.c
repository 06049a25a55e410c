// SPDX-License-Identifier: GPL-2.0
/*
 * From the bytes of a packet to its key. Nothing here allocates, waits or
 * knows an skb, so the same file is built in userspace for tests and fuzzing.
 *
 * Every packet of every port passes, and its sender may be hostile: no byte is
 * read before its presence was checked, and a packet that two readers could
 * understand differently has no key. The way of plain TCP and UDP over IPv4
 * comes first and straight; all others are out of its line.
 */

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/udp.h>

#include "key.h"

enum {
	MALFORMED = DRAGONFLOW_DROP_REASON_MALFORMED,
	TRUNCATED = DRAGONFLOW_DROP_REASON_TRUNCATED,
	VLAN_TAG_LEN = 4,
	ARP_BASE_LEN = 8,	/* up to and with the operation */
	ARP_SENDER_IP = 14,
	ARP_TARGET_IP = 24,
	ARP_ETHER_IP4_LEN = 28,
	IP4_MORE_FRAGMENTS = 0x2000,
	IP4_FRAGMENT_OFFSET = 0x1fff,
	IP6_MORE_FRAGMENTS = 1,
	IP6_FRAGMENT_OFFSET = 0xfff8,
	IP_LEN_MAX = 0xffff,
	EXT_LEN_MIN = 8,
	TCP_LEN_MIN = 20,
	TCP_OFFSET_AT = 12,
	TCP_FLAGS_AT = 13,
	UDP_LEN = 8,
	ICMP_LEN_MIN = 8,
	SCTP_LEN = 12,
	/* what is read of a packet, neighbour discovery apart */
	HEADERS_MAX = ETH_HLEN + 2 * VLAN_TAG_LEN + sizeof(struct ipv6hdr) +
		      DF_KEY_EXT_BYTES + TCP_LEN_MIN,
};

enum {
	ND_ROUTER_SOLICIT = 133,
	ND_ROUTER_ADVERT = 134,
	ND_NEIGHBOUR_SOLICIT = 135,
	ND_NEIGHBOUR_ADVERT = 136,
	ND_OPT_SOURCE_LLADDR = 1,
	ND_OPT_TARGET_LLADDR = 2,
	ND_OPT_UNIT = 8,
};

/* The kernel's helper for this has moved between headers; it is as cheap. */
static u16 be16_at(const u8 *at)
{
	return at[0] << 8 | at[1];
}

/*
 * The packet has no readable byte @need - 1. If it has one to be pulled, ask for
 * all that may be wanted next, too: pulling once is cheaper than twice.
 */
static noinline int lack(const struct df_pkt_bytes *pkt, u32 need)
{
	u32 most = HEADERS_MAX;

	if (need > pkt->len)
		return TRUNCATED;
	if (most > pkt->len)
		most = pkt->len;
	return -(int)(need > most ? need : most);
}

/* A header of @size bytes at @info->l4 has to be there as a whole. */
static noinline int l4_lack(const struct df_key *key,
			    const struct df_key_info *info,
			    const struct df_pkt_bytes *pkt, u32 size)
{
	if (info->l4 + size <= info->end)
		return lack(pkt, info->l4 + size);
	/* A first fragment that hides a part of its L4 header is an attack. */
	return key->ip_frag ? MALFORMED : TRUNCATED;
}

static __always_inline bool l4_has(const struct df_key_info *info,
				   const struct df_pkt_bytes *pkt, u32 size)
{
	u32 need = info->l4 + size;

	return likely(need <= info->end && need <= pkt->linear);
}

static __always_inline void key_set_ports(struct df_key *key, const u8 *ports)
{
	memcpy((u8 *)key + DF_KEY_SIZE_L3, ports,
	       DF_KEY_SIZE_CONNECTION - DF_KEY_SIZE_L3);
}

static int no_l4(struct df_key *key, struct df_key_info *info)
{
	key->l4_src = 0;
	key->l4_dst = 0;
	info->l4 = 0;
	return 0;
}

static __always_inline int parse_tcp(struct df_key *key,
				     struct df_key_info *info,
				     const struct df_pkt_bytes *pkt)
{
	const u8 *tcp = pkt->data + info->l4;
	u32 size;

	if (!l4_has(info, pkt, TCP_LEN_MIN))
		return l4_lack(key, info, pkt, TCP_LEN_MIN);
	size = (tcp[TCP_OFFSET_AT] & 0xf0) >> 2;
	/* The options are not read, but they have to be in this packet. */
	if (unlikely(size < TCP_LEN_MIN || info->l4 + size > info->end))
		return MALFORMED;
	key_set_ports(key, tcp);
	info->tcp_flags = tcp[TCP_FLAGS_AT];
	return 0;
}

static __always_inline int parse_udp(struct df_key *key,
				     struct df_key_info *info,
				     const struct df_pkt_bytes *pkt)
{
	const u8 *udp = pkt->data + info->l4;
	u32 size;

	if (!l4_has(info, pkt, UDP_LEN))
		return l4_lack(key, info, pkt, UDP_LEN);
	size = be16_at(udp + offsetof(struct udphdr, len));
	/* A first fragment carries the length of the whole datagram. */
	if (unlikely(size < UDP_LEN ||
		     (info->l4 + size > info->end && !key->ip_frag)) &&
	    !pkt->is_gso)
		return MALFORMED;
	key_set_ports(key, udp);
	return 0;
}

static noinline int parse_sctp(struct df_key *key, struct df_key_info *info,
			       const struct df_pkt_bytes *pkt)
{
	if (!l4_has(info, pkt, SCTP_LEN))
		return l4_lack(key, info, pkt, SCTP_LEN);
	key_set_ports(key, pkt->data + info->l4);
	return 0;
}

static noinline int parse_icmp(struct df_key *key, struct df_key_info *info,
			       const struct df_pkt_bytes *pkt)
{
	const u8 *icmp = pkt->data + info->l4;

	if (!l4_has(info, pkt, ICMP_LEN_MIN))
		return l4_lack(key, info, pkt, ICMP_LEN_MIN);
	key->l4_src = htons(icmp[0]);
	key->l4_dst = htons(icmp[1]);
	return 0;
}

/* Fixed part of a neighbour discovery message, 0 for other ICMPv6 types. */
static u32 nd_size(u8 type)
{
	switch (type) {
	case ND_ROUTER_SOLICIT:
		return 8;
	case ND_ROUTER_ADVERT:
		return 16;
	case ND_NEIGHBOUR_SOLICIT:
	case ND_NEIGHBOUR_ADVERT:
		return 24;
	}
	return 0;
}

static int parse_nd(const struct df_key *key, struct df_key_info *info,
		    const struct df_pkt_bytes *pkt, u32 size)
{
	u32 at, len;

	/* RFC 6980: neighbour discovery does not come in fragments. */
	if (key->ip_frag || info->end - info->l4 > DF_KEY_ND_BYTES)
		return MALFORMED;
	if (info->l4 + size > info->end)
		return TRUNCATED;
	if (pkt->linear < info->end)
		return lack(pkt, info->end);
	info->is_neighbour = size != nd_size(ND_ROUTER_ADVERT);
	for (at = info->l4 + size; at < info->end; at += len) {
		if (info->end - at < ND_OPT_UNIT)
			return TRUNCATED;
		len = pkt->data[at + 1] * ND_OPT_UNIT;
		if (!len || len > info->end - at)
			return MALFORMED;
		if (pkt->data[at] != ND_OPT_SOURCE_LLADDR &&
		    pkt->data[at] != ND_OPT_TARGET_LLADDR)
			continue;
		if (info->nd_lladdr)	/* readers could choose another */
			return MALFORMED;
		info->nd_lladdr = at + 2;
	}
	return 0;
}

static noinline int parse_icmp6(struct df_key *key, struct df_key_info *info,
				const struct df_pkt_bytes *pkt)
{
	int err = parse_icmp(key, info, pkt);
	u32 size;

	if (err)
		return err;
	size = nd_size(pkt->data[info->l4]);
	return size ? parse_nd(key, info, pkt, size) : 0;
}

/* Not IP, or not understood: only the fields of class l2 are set. */
static noinline int parse_l2(struct df_key *key, struct df_key_info *info,
			     const struct df_pkt_bytes *pkt, u32 off)
{
	u16 size = ntohs(key->eth_type);

	memset((u8 *)key + DF_KEY_SIZE_L2, 0, sizeof(*key) - DF_KEY_SIZE_L2);
	info->l3 = 0;
	info->end = pkt->len;
	/* 802.3: what looks like a type is the length of what follows. */
	if (size <= ETH_DATA_LEN && size > pkt->len - off)
		return MALFORMED;
	return 0;
}

static noinline int parse_arp(struct df_key *key, struct df_key_info *info,
			      const struct df_pkt_bytes *pkt, u32 off)
{
	const u8 *arp = pkt->data + off;
	u16 operation;

	if (pkt->linear < off + ARP_BASE_LEN)
		return lack(pkt, off + ARP_BASE_LEN);
	if (be16_at(arp) != ARPHRD_ETHER ||
	    be16_at(arp + 2) != ETH_P_IP)
		return parse_l2(key, info, pkt, off);
	if (arp[4] != ETH_ALEN || arp[5] != sizeof(key->src.ip4))
		return MALFORMED;
	if (pkt->linear < off + ARP_ETHER_IP4_LEN)
		return lack(pkt, off + ARP_ETHER_IP4_LEN);

	memset((u8 *)key + DF_KEY_SIZE_L2, 0, sizeof(*key) - DF_KEY_SIZE_L2);
	operation = be16_at(arp + 6);
	key->ip_proto = operation <= U8_MAX ? operation : 0;
	memcpy(&key->src.ip4, arp + ARP_SENDER_IP, sizeof(key->src.ip4));
	memcpy(&key->dst.ip4, arp + ARP_TARGET_IP, sizeof(key->dst.ip4));
	info->end = pkt->len;
	info->is_neighbour = true;
	return 0;
}

/*
 * No first fragment that holds its whole L4 header leaves room for a later
 * one that begins inside of it.
 */
static bool fragment_overlaps_l4(u8 proto, u32 offset)
{
	switch (proto) {
	case IPPROTO_TCP:
		return offset < TCP_LEN_MIN;
	case IPPROTO_SCTP:
		return offset < SCTP_LEN;
	}
	return false;
}

/*
 * Classify a fragment that begins at byte @offset of its packet, which would
 * be at least @total bytes long by the field that tells its length.
 */
static int parse_fragment(struct df_key *key, u32 offset, u32 total)
{
	if (total > IP_LEN_MAX)
		return MALFORMED;
	if (!offset) {
		key->ip_frag = DRAGONFLOW_IP_FRAGMENT_FIRST;
		return 0;
	}
	if (fragment_overlaps_l4(key->ip_proto, offset))
		return MALFORMED;
	key->ip_frag = DRAGONFLOW_IP_FRAGMENT_LATER;
	return 0;
}

static noinline int parse_l4_rare(struct df_key *key, struct df_key_info *info,
				  const struct df_pkt_bytes *pkt)
{
	bool is_ip6 = key->eth_type == htons(ETH_P_IPV6);

	switch (key->ip_proto) {
	case IPPROTO_ICMP:
		if (!is_ip6)
			return parse_icmp(key, info, pkt);
		break;
	case IPPROTO_ICMPV6:
		if (is_ip6)
			return parse_icmp6(key, info, pkt);
		break;
	case IPPROTO_SCTP:
		return parse_sctp(key, info, pkt);
	}
	return no_l4(key, info);
}

static __always_inline int parse_l4(struct df_key *key,
				    struct df_key_info *info,
				    const struct df_pkt_bytes *pkt, u8 proto)
{
	if (likely(proto == IPPROTO_TCP))
		return parse_tcp(key, info, pkt);
	if (likely(proto == IPPROTO_UDP))
		return parse_udp(key, info, pkt);
	return parse_l4_rare(key, info, pkt);
}

/* The same out of line, and for what may be a fragment. */
static noinline int parse_fragment_l4(struct df_key *key,
				      struct df_key_info *info,
				      const struct df_pkt_bytes *pkt)
{
	if (key->ip_frag == DRAGONFLOW_IP_FRAGMENT_LATER)
		return no_l4(key, info);
	return parse_l4(key, info, pkt, key->ip_proto);
}

static noinline int parse_ip4_fragment(struct df_key *key,
				       struct df_key_info *info,
				       const struct df_pkt_bytes *pkt,
				       u32 fragment)
{
	u32 offset = (fragment & IP4_FRAGMENT_OFFSET) << 3;
	int err;

	err = parse_fragment(key, offset, offset + info->end - info->l3);
	return err ? err : parse_fragment_l4(key, info, pkt);
}

/* Not a fragment, as far as is known. */
static __always_inline void key_set_proto(struct df_key *key, u8 proto)
{
	__le32 bytes = cpu_to_le32(proto);

	/* Also ip_frag and pad: one store for them all. */
	memcpy((u8 *)key + offsetof(struct df_key, ip_proto), &bytes,
	       sizeof(bytes));
}

/* Version 4 and a header length of five words or more. */
static __always_inline bool is_ip4_start(u8 first)
{
	return first >= 0x45 && first <= 0x4f;
}

static __always_inline void key_set_ip4(union df_key_ip *ip, const u8 *addr)
{
	memcpy(&ip->ip4, addr, sizeof(ip->ip4));
	ip->word[1] = 0;
	ip->word[2] = 0;
	ip->word[3] = 0;
}

static __always_inline int parse_ip4(struct df_key *key,
				     struct df_key_info *info,
				     const struct df_pkt_bytes *pkt, u32 off)
{
	const u8 *ip = pkt->data + off;
	u32 size, total, fragment;
	u8 proto;

	if (unlikely(pkt->linear < off + sizeof(struct iphdr)))
		return lack(pkt, off + sizeof(struct iphdr));
	size = (ip[0] & 0xf) << 2;
	total = be16_at(ip + offsetof(struct iphdr, tot_len));
	if (unlikely(pkt->is_gso))
		total = pkt->len - off;
	if (unlikely(!is_ip4_start(ip[0]) ||
		     total < size || total > pkt->len - off))
		return MALFORMED;

	proto = ip[offsetof(struct iphdr, protocol)];
	key_set_proto(key, proto);
	key_set_ip4(&key->src, ip + offsetof(struct iphdr, saddr));
	key_set_ip4(&key->dst, ip + offsetof(struct iphdr, daddr));
	info->l4 = off + size;
	info->end = off + total;

	fragment = be16_at(ip + offsetof(struct iphdr, frag_off)) &
		   (IP4_MORE_FRAGMENTS | IP4_FRAGMENT_OFFSET);
	if (unlikely(fragment))
		return parse_ip4_fragment(key, info, pkt, fragment);
	return parse_l4(key, info, pkt, proto);
}

/* At @info->l4 is a fragment header; the caller steps over it. */
static int parse_ip6_fragment(struct df_key *key,
			      const struct df_key_info *info, const u8 *ext)
{
	u32 fragment = be16_at(ext + 2);
	u32 offset = fragment & IP6_FRAGMENT_OFFSET;
	u32 begin = info->l3 + sizeof(struct ipv6hdr);

	/* RFC 6946: both zero is a packet that is whole. */
	if (!offset && !(fragment & IP6_MORE_FRAGMENTS))
		return 0;
	/* What the reassembled packet's payload length would be at least. */
	return parse_fragment(key, offset,
			      offset + info->end - begin - EXT_LEN_MIN);
}

static bool is_ip6_extension(u8 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING ||
	       proto == IPPROTO_FRAGMENT || proto == IPPROTO_AH ||
	       proto == IPPROTO_DSTOPTS;
}

static u32 ip6_extension_size(u8 proto, const u8 *ext)
{
	switch (proto) {
	case IPPROTO_FRAGMENT:
		return EXT_LEN_MIN;
	case IPPROTO_AH:
		return (ext[1] + 2) << 2;
	}
	return (ext[1] + 1) << 3;
}

/*
 * Walk the extension headers: leaves @key->ip_proto at the first protocol that
 * is none, and @info->l4 behind the last header.
 */
static int walk_ip6_extensions(struct df_key *key, struct df_key_info *info,
			       const struct df_pkt_bytes *pkt)
{
	u32 begin = info->l4;
	u32 at = begin;
	bool fragmented = false;
	unsigned int n;

	for (n = 0; is_ip6_extension(key->ip_proto); n++) {
		u8 proto = key->ip_proto;
		const u8 *ext = pkt->data + at;
		u32 size;
		int err;

		/* Hop-by-hop options are the first or not at all. */
		if (n == DF_KEY_EXT_HEADERS || (proto == IPPROTO_HOPOPTS && n))
			return MALFORMED;
		if (at + EXT_LEN_MIN > info->end)
			return key->ip_frag ? MALFORMED : TRUNCATED;
		if (pkt->linear < at + EXT_LEN_MIN)
			return lack(pkt, at + EXT_LEN_MIN);

		size = ip6_extension_size(proto, ext);
		if (at + size > info->end ||
		    at + size - begin > DF_KEY_EXT_BYTES)
			return MALFORMED;

		key->ip_proto = ext[0];
		at += size;
		if (proto != IPPROTO_FRAGMENT)
			continue;
		if (fragmented)
			return MALFORMED;
		fragmented = true;
		err = parse_ip6_fragment(key, info, ext);
		if (err || key->ip_frag == DRAGONFLOW_IP_FRAGMENT_LATER)
			return err;
	}
	info->l4 = at;
	return 0;
}

static noinline int parse_ip6_extensions(struct df_key *key,
					 struct df_key_info *info,
					 const struct df_pkt_bytes *pkt)
{
	int err = walk_ip6_extensions(key, info, pkt);

	return err ? err : parse_fragment_l4(key, info, pkt);
}

static __always_inline int parse_ip6(struct df_key *key,
				     struct df_key_info *info,
				     const struct df_pkt_bytes *pkt, u32 off)
{
	const u8 *ip = pkt->data + off;
	u32 begin = off + sizeof(struct ipv6hdr);
	u32 payload, first;
	u8 proto;

	if (unlikely(pkt->linear < begin))
		return lack(pkt, begin);
	first = be16_at(ip);
	proto = ip[offsetof(struct ipv6hdr, nexthdr)];
	payload = be16_at(ip + offsetof(struct ipv6hdr, payload_len));
	if (unlikely(pkt->is_gso))
		payload = pkt->len - begin;
	/* Without a length there can be no options, or it is a jumbogram. */
	if (unlikely(first >> 12 != 6 || payload > pkt->len - begin ||
		     (!payload && proto == IPPROTO_HOPOPTS)))
		return MALFORMED;

	key_set_proto(key, proto);
	memcpy((u8 *)key + offsetof(struct df_key, src),
	       ip + offsetof(struct ipv6hdr, saddr), 2 * sizeof(key->src));
	info->l4 = begin;
	info->end = begin + payload;

	if (unlikely(is_ip6_extension(proto)))
		return parse_ip6_extensions(key, info, pkt);
	return parse_l4(key, info, pkt, proto);
}

static __always_inline int parse_l3(struct df_key *key,
				    struct df_key_info *info,
				    const struct df_pkt_bytes *pkt, u32 off)
{
	__be16 type = key->eth_type;

	info->l3 = off;
	info->l4 = 0;
	info->nd_lladdr = 0;
	info->tcp_flags = 0;
	info->is_neighbour = false;
	if (likely(type == htons(ETH_P_IP)))
		return parse_ip4(key, info, pkt, off);
	if (likely(type == htons(ETH_P_IPV6)))
		return parse_ip6(key, info, pkt, off);
	if (type == htons(ETH_P_ARP))
		return parse_arp(key, info, pkt, off);
	return parse_l2(key, info, pkt, off);
}

static bool is_vlan(__be16 type)
{
	return type == htons(ETH_P_8021Q) || type == htons(ETH_P_8021AD);
}

/*
 * Step over the VLAN tags in the frame. With the one that is kept beside it at
 * most two are; behind more the frame is opaque.
 */
static noinline int parse_vlan(struct df_key *key, struct df_key_info *info,
			       const struct df_pkt_bytes *pkt)
{
	unsigned int tags = key->vlan_tci ? 1 : 0;
	u32 off = ETH_HLEN;

	for (; tags < 2 && is_vlan(key->eth_type); tags++) {
		if (pkt->linear < off + VLAN_TAG_LEN)
			return lack(pkt, off + VLAN_TAG_LEN);
		if (!tags)
			key->vlan_tci = htons(be16_at(pkt->data + off) |
					      DF_KEY_VLAN_PRESENT);
		memcpy(&key->eth_type, pkt->data + off + 2,
		       sizeof(key->eth_type));
		off += VLAN_TAG_LEN;
	}
	return parse_l3(key, info, pkt, off);
}

/**
 * df_key_parse() - read the fields that a flow entry may match on
 * @key: every byte but @in_port and @tun_id is set, on success
 * @info: all of it is set, on success
 * @pkt: the packet
 *
 * Return: 0; or a positive enum dragonflow_drop_reason, which is malformed or
 * truncated; or -n if the first n bytes of the packet, which has so many, must
 * be readable: pull them and parse again. Every time more are asked for, so
 * this ends, and after %DF_KEY_PULLS times at the latest.
 */
int df_key_parse(struct df_key *key, struct df_key_info *info,
		 const struct df_pkt_bytes *pkt)
{
	if (unlikely(pkt->linear < ETH_HLEN))
		return lack(pkt, ETH_HLEN);
	memcpy((u8 *)key + offsetof(struct df_key, eth_dst), pkt->data,
	       ETH_HLEN);
	key->vlan_tci = htons(pkt->vlan_tci);
	if (unlikely(is_vlan(key->eth_type)))
		return parse_vlan(key, info, pkt);
	return parse_l3(key, info, pkt, ETH_HLEN);
}
