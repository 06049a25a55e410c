// SPDX-License-Identifier: GPL-2.0
/*
 * Guard: is what a workload says of itself true? With port security it sends
 * from the addresses of its port and of the port's pairs, each IP address with
 * the MAC that it goes with, and claims no other; it is no router and gives
 * addresses to nobody. What cannot be judged is dropped.
 *
 * A workload that starts has no address yet. What it sends to get one passes,
 * and the rules of security groups are not asked about it.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/igmp.h>
#include <linux/in.h>
#include <net/addrconf.h>
#include <net/ipv6.h>
#include <net/ndisc.h>

#include "stage/stage.h"
#include "table/hold.h"
#include "table/port.h"

enum {
	SPOOFED_MAC = DRAGONFLOW_DROP_REASON_SPOOFED_MAC,
	SPOOFED_IP = DRAGONFLOW_DROP_REASON_SPOOFED_IP,
	SPOOFED_NEIGHBOUR = DRAGONFLOW_DROP_REASON_SPOOFED_NEIGHBOUR,
};

/* --- what the port has ------------------------------------------------------ */

static bool has_mac(const struct df_port *port, const u8 *mac)
{
	return ether_addr_equal(port->mac_key.mac, mac) ||
		df_port_may_use(port, mac);
}

/* The link-local address that a workload makes of its MAC. */
static bool is_link_local_of(const struct in6_addr *ip, const u8 *mac)
{
	u8 eui[8];

	if (ip->s6_addr32[0] != htonl(0xfe800000) || ip->s6_addr32[1])
		return false;
	addrconf_addr_eui48(eui, mac);
	return !memcmp(&ip->s6_addr[8], eui, sizeof(eui));
}

/* Does the packet's port have the address, with the packet's MAC? */
static bool has(const struct df_pkt *pkt, const struct in6_addr *ip)
{
	const struct df_port *port = pkt->in_port;
	const u8 *mac = pkt->key.eth_src;
	int i;

	if (ether_addr_equal(port->mac_key.mac, mac))
		for (i = 0; i < port->address_count; i++)
			if (ipv6_addr_equal(&port->addresses[i].key.ip, ip))
				return true;
	return is_link_local_of(ip, mac) || df_port_may_have(port, ip, mac);
}

/* The same of an address in an IPv6 header or message, where none is mapped. */
static bool has_ip6(const struct df_pkt *pkt, const struct in6_addr *ip)
{
	return !ipv6_addr_v4mapped(ip) && has(pkt, ip);
}

/* --- what every workload needs ---------------------------------------------- */

static bool is_udp(const struct df_pkt *pkt, u16 src, u16 dst)
{
	return pkt->key.ip_proto == IPPROTO_UDP &&
		pkt->key.ip_frag == DRAGONFLOW_IP_FRAGMENT_NONE &&
		pkt->key.l4_src == htons(src) && pkt->key.l4_dst == htons(dst);
}

static bool is_dhcp_question(const struct df_pkt *pkt)
{
	return df_pkt_is_ip6(pkt) ?
		is_udp(pkt, DF_KEY_DHCP6_CLIENT, DF_KEY_DHCP6_SERVER) :
		is_udp(pkt, DF_KEY_DHCP4_CLIENT, DF_KEY_DHCP4_SERVER);
}

static bool is_dhcp_answer(const struct df_pkt *pkt)
{
	return df_pkt_is_ip6(pkt) ?
		is_udp(pkt, DF_KEY_DHCP6_SERVER, DF_KEY_DHCP6_CLIENT) :
		is_udp(pkt, DF_KEY_DHCP4_SERVER, DF_KEY_DHCP4_CLIENT);
}

static bool is_icmp6(const struct df_pkt *pkt)
{
	return df_pkt_is_ip6(pkt) && df_pkt_is_icmp(pkt) &&
		pkt->key.ip_frag == DRAGONFLOW_IP_FRAGMENT_NONE;
}

static bool is_igmp(const struct df_pkt *pkt)
{
	return df_pkt_is_ip4(pkt) && pkt->key.ip_proto == IPPROTO_IGMP &&
		pkt->key.ip_frag == DRAGONFLOW_IP_FRAGMENT_NONE &&
		ipv4_is_multicast(pkt->key.dst.ip4);
}

/* Says which groups its sender listens to. */
static bool is_membership6(const struct df_pkt *pkt)
{
	if (!is_icmp6(pkt))
		return false;
	switch (ntohs(pkt->key.l4_src)) {
	case ICMPV6_MGM_REPORT:
	case ICMPV6_MGM_REDUCTION:
	case ICMPV6_MLD2_REPORT:
		return true;
	}
	return false;
}

/**
 * df_guard_is_needed() - does a workload need the packet, whatever it is for?
 * @pkt: the packet, of IP
 * @direction: whether the workload sends or receives it
 *
 * That is what it gets its addresses by, and says and is asked which groups it
 * listens to. Neighbour discovery is no matter of rules in any case.
 *
 * Return: whether it does.
 */
bool df_guard_is_needed(const struct df_pkt *pkt,
			enum dragonflow_direction direction)
{
	if (is_igmp(pkt))
		return true;
	if (direction == DRAGONFLOW_DIRECTION_EGRESS)
		return is_dhcp_question(pkt) || is_membership6(pkt);
	return is_dhcp_answer(pkt) ||
		(is_icmp6(pkt) && pkt->key.l4_src == htons(ICMPV6_MGM_QUERY));
}

/*
 * May the packet come from no address at all? Entries need not tell it from
 * others that do: there is none for it.
 */
static bool is_of_starter(struct df_pkt *pkt)
{
	const struct in6_addr *dst = &pkt->key.dst.ip6;

	df_pkt_keep_nothing(pkt);
	if (df_pkt_is_ip4(pkt))
		return is_igmp(pkt) ||
			(is_dhcp_question(pkt) &&
			 pkt->key.dst.ip4 == htonl(INADDR_BROADCAST));
	if (!is_icmp6(pkt) || !ipv6_addr_is_multicast(dst) ||
	    IPV6_ADDR_MC_SCOPE(dst) != IPV6_ADDR_SCOPE_LINKLOCAL)
		return false;
	return is_membership6(pkt) ||
		pkt->key.l4_src == htons(NDISC_NEIGHBOUR_SOLICITATION) ||
		pkt->key.l4_src == htons(NDISC_ROUTER_SOLICITATION);
}

/* --- what a packet says ----------------------------------------------------- */

/* A client may not ask where the answer comes from: both ports tell a server. */
static int servers(const struct df_pkt *pkt)
{
	const struct df_key *key = &pkt->key;
	bool is_ip6 = df_pkt_is_ip6(pkt);

	if (key->ip_proto != IPPROTO_UDP ||
	    key->ip_frag == DRAGONFLOW_IP_FRAGMENT_LATER)
		return 0;
	if (key->l4_src == htons(is_ip6 ? DF_KEY_DHCP6_SERVER :
				 DF_KEY_DHCP4_SERVER) ||
	    key->l4_dst == htons(is_ip6 ? DF_KEY_DHCP6_CLIENT :
				 DF_KEY_DHCP4_CLIENT))
		return DRAGONFLOW_DROP_REASON_DHCP_SERVER;
	return 0;
}

static int ip4(struct df_pkt *pkt)
{
	struct in6_addr src;

	ipv6_addr_set_v4mapped(pkt->key.src.ip4, &src);
	if (!has(pkt, &src) && (pkt->key.src.ip4 || !is_of_starter(pkt)))
		return SPOOFED_IP;
	return servers(pkt);
}

/*
 * A question that names no sender is one for an address of his own; whoever is
 * about to take it would believe that there is another.
 */
static bool nd_is_true(const struct df_pkt *pkt)
{
	const u8 *lladdr = skb_mac_header(pkt->skb) + pkt->info.nd_lladdr;

	if (pkt->info.nd_lladdr && !ether_addr_equal(lladdr, pkt->key.eth_src))
		return false;
	switch (ntohs(pkt->key.l4_src)) {
	case NDISC_NEIGHBOUR_SOLICITATION:
		return !ipv6_addr_any(&pkt->key.src.ip6) ||
			has_ip6(pkt, &df_pkt_nd(pkt)->target);
	case NDISC_NEIGHBOUR_ADVERTISEMENT:
		return has_ip6(pkt, &df_pkt_nd(pkt)->target);
	}
	return true;
}

static int ip6(struct df_pkt *pkt)
{
	const struct in6_addr *src = &pkt->key.src.ip6;

	if (!has_ip6(pkt, src) && (!ipv6_addr_any(src) || !is_of_starter(pkt)))
		return SPOOFED_IP;
	if (!df_pkt_is_icmp(pkt) ||
	    pkt->key.ip_frag == DRAGONFLOW_IP_FRAGMENT_LATER)
		return servers(pkt);
	switch (ntohs(pkt->key.l4_src)) {
	case NDISC_ROUTER_ADVERTISEMENT:
	case NDISC_REDIRECT:
		return DRAGONFLOW_DROP_REASON_ROUTER_ADVERTISEMENT;
	}
	return pkt->info.is_neighbour && !nd_is_true(pkt) ?
		SPOOFED_NEIGHBOUR : 0;
}

static int arp(const struct df_pkt *pkt)
{
	const u8 *sender = skb_mac_header(pkt->skb) + pkt->info.l3 +
		sizeof(struct arphdr);
	__be32 ip = pkt->key.src.ip4;
	struct in6_addr address;

	/* Of other kinds of addresses. */
	if (!pkt->info.l3)
		return DRAGONFLOW_DROP_REASON_ETHER_TYPE;
	/* As with neighbour discovery, who names no sender asks for his own. */
	if (!ip && pkt->key.ip_proto == ARPOP_REQUEST)
		ip = pkt->key.dst.ip4;
	ipv6_addr_set_v4mapped(ip, &address);
	return ether_addr_equal(sender, pkt->key.eth_src) &&
		has(pkt, &address) ? 0 : SPOOFED_NEIGHBOUR;
}

int df_stage_guard(struct df_pkt *pkt)
{
	if (!df_port_is_guarded(pkt->in_port))
		return 0;
	if (!has_mac(pkt->in_port, pkt->key.eth_src))
		return SPOOFED_MAC;
	switch (ntohs(pkt->key.eth_type)) {
	case ETH_P_IP:
		return ip4(pkt);
	case ETH_P_IPV6:
		return ip6(pkt);
	case ETH_P_ARP:
		return arp(pkt);
	default:
		return DRAGONFLOW_DROP_REASON_ETHER_TYPE;
	}
}
