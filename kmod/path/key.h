/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DF_KEY_H
#define _DF_KEY_H

#include <linux/build_bug.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/dragonflow.h>

/* Set in &df_key.vlan_tci whenever the frame has a tag, in place of DEI. */
#define DF_KEY_VLAN_PRESENT	0x1000

/*
 * What one packet may make the parser look at. Whoever exceeds it is refused
 * as malformed: no honest sender comes near.
 */
enum df_key_limit {
	DF_KEY_EXT_HEADERS = 8,		/* IPv6 extension headers */
	DF_KEY_EXT_BYTES = 256,		/* of all of them together */
	DF_KEY_ND_BYTES = 2048,		/* neighbour discovery message */
	DF_KEY_PULLS = 2,		/* times that more bytes are asked for */
};

/**
 * union df_key_ip - an IPv4 address, zero filled, or an IPv6 address
 * @ip4: IPv4; the three words behind it are zero
 * @ip6: IPv6
 * @word: the same as words
 */
union df_key_ip {
	__be32 ip4;
	struct in6_addr ip6;
	__u32 word[4];
};

/**
 * struct df_key - the fields of a packet that a flow entry may match on
 * @in_port: id of the port the packet came from, filled by the caller
 * @tun_id: VNI the packet arrived with, otherwise 0, filled by the caller
 * @eth_dst: Ethernet destination
 * @eth_src: Ethernet source
 * @eth_type: EtherType behind at most two VLAN tags, or the 802.3 length
 * @vlan_tci: tag of the outermost VLAN with %DF_KEY_VLAN_PRESENT, otherwise 0
 * @ip_proto: protocol behind IPv6 extension headers, or the ARP operation
 *            (0 if that is beyond 255)
 * @ip_frag: enum dragonflow_ip_fragment
 * @pad: zero
 * @src: source, or ARP sender address
 * @dst: destination, or ARP target address
 * @l4_src: source port, or ICMP type
 * @l4_dst: destination port, or ICMP code
 *
 * The classes that a flow entry can have are prefixes of this, and every byte
 * is always set: entries are hashed and compared as so many bytes.
 */
struct df_key {
	__u32 in_port;
	__u32 tun_id;
	__u8 eth_dst[ETH_ALEN];
	__u8 eth_src[ETH_ALEN];
	__be16 eth_type;
	__be16 vlan_tci;
	__u8 ip_proto;
	__u8 ip_frag;
	__u16 pad;
	union df_key_ip src;
	union df_key_ip dst;
	__be16 l4_src;
	__be16 l4_dst;
} __aligned(8);

/* What port security knows DHCP by: the UDP ports of both ends. */
enum df_key_dhcp_port {
	DF_KEY_DHCP4_SERVER = 67,
	DF_KEY_DHCP4_CLIENT = 68,
	DF_KEY_DHCP6_CLIENT = 546,
	DF_KEY_DHCP6_SERVER = 547,
};

/* How many bytes of a key the entries of a class match on. */
enum df_key_class_size {
	DF_KEY_SIZE_L2 = offsetof(struct df_key, ip_proto),
	DF_KEY_SIZE_L3 = offsetof(struct df_key, l4_src),
	DF_KEY_SIZE_CONNECTION = sizeof(struct df_key),
};

static_assert(DF_KEY_SIZE_L2 == 24);
static_assert(DF_KEY_SIZE_L3 == 60);
static_assert(DF_KEY_SIZE_CONNECTION == 64);

/**
 * struct df_key_info - what else the parser learnt; no entry matches on it
 * @l3: offset of the IP header, or of an Ethernet/IPv4 ARP header; 0 if there
 *      is none
 * @l4: offset of the L4 header that was parsed; 0 if there is none
 * @nd_lladdr: offset of the Ethernet address in the link-layer address option
 *             of a neighbour discovery message; 0 if it has none
 * @tcp_flags: the byte that holds FIN, SYN, RST, PSH, ACK, URG; otherwise 0
 * @is_neighbour: ARP, a neighbour solicitation or advertisement, a router
 *                solicitation. What becomes of it depends on more than a key
 *                holds, and no entry is for it
 * @end: offset behind the last byte of the IP packet, where padding begins;
 *       behind the last byte of the frame if it is not IP
 */
struct df_key_info {
	__u16 l3;
	__u16 l4;
	__u16 nd_lladdr;
	__u8 tcp_flags;
	bool is_neighbour;
	__u32 end;
};

/**
 * struct df_pkt_bytes - a packet as the parser sees it
 * @data: starts at the Ethernet header
 * @linear: bytes that can be read at @data
 * @len: bytes of the whole packet, the paged ones too; at least @linear
 * @vlan_tci: TCI of a tag that is kept beside the bytes, host order, with
 *            %DF_KEY_VLAN_PRESENT; otherwise 0
 * @is_gso: the packet stands for many: its length fields say nothing
 */
struct df_pkt_bytes {
	const __u8 *data;
	__u32 linear;
	__u32 len;
	__u16 vlan_tci;
	bool is_gso;
};

/*
 * May port security judge the packet by its L4 header? Otherwise what L3 says
 * of packets is all that it tells them apart by.
 */
static inline bool df_key_is_guarded(const struct df_key *key)
{
	if (key->ip_proto != IPPROTO_UDP)
		return key->ip_proto == IPPROTO_ICMPV6;
	return key->l4_src == htons(DF_KEY_DHCP4_SERVER) ||
		key->l4_src == htons(DF_KEY_DHCP6_SERVER) ||
		key->l4_dst == htons(DF_KEY_DHCP4_CLIENT) ||
		key->l4_dst == htons(DF_KEY_DHCP6_CLIENT);
}

int df_key_parse(struct df_key *key, struct df_key_info *info,
		 const struct df_pkt_bytes *pkt);

#endif /* _DF_KEY_H */
