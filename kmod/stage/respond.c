// SPDX-License-Identifier: GPL-2.0
/*
 * Respond: is this ARP or neighbour discovery about an address that is known?
 * Then it is answered here, or nobody needs to hear of it, or it is a lie. What
 * is not known goes on like any other packet. Who looks for a router where there
 * is one is answered by the agent.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <net/addrconf.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/ndisc.h>

#include "stage/stage.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/network.h"
#include "table/port.h"

static struct df_address *find(const struct df_pkt *pkt,
			       const struct in6_addr *ip)
{
	return df_address_find(pkt->dn, pkt->network->obj.id, ip);
}

static bool is_own(const struct df_pkt *pkt, struct df_address *address)
{
	return address->owner == DF_ADDRESS_PORT &&
		df_address_port(address)->obj.id == pkt->in->id;
}

static bool is_down(struct df_address *address)
{
	if (address->owner == DF_ADDRESS_PORT)
		return df_port_is_down(df_address_port(address));
	return df_interface_is_down(df_address_interface_state(address));
}

/* Does the packet claim an address that belongs to another? */
static bool is_conflict(const struct df_pkt *pkt, const struct in6_addr *ip)
{
	struct df_address *address = find(pkt, ip);

	return address && !is_own(pkt, address);
}

static int solicit(struct df_pkt *pkt, const struct in6_addr *target,
		   enum df_answer_kind kind)
{
	struct df_address *address = find(pkt, target);

	if (!address)
		return 0;
	/* Others with this address would be found here. */
	if (is_own(pkt, address))
		return DRAGONFLOW_DROP_REASON_NEIGHBOUR_KNOWN;
	if (is_down(address))
		return DRAGONFLOW_DROP_REASON_ADMIN_DOWN;
	pkt->answer.kind = kind;
	pkt->answer.address = address;
	return DF_STAGE_ANSWERED;
}

/* An announcement to all; those who ask learn the same from us. */
static int announce(struct df_pkt *pkt, const struct in6_addr *ip)
{
	if (!is_multicast_ether_addr(pkt->key.eth_dst) || !find(pkt, ip))
		return 0;
	return DRAGONFLOW_DROP_REASON_NEIGHBOUR_KNOWN;
}

static int arp(struct df_pkt *pkt)
{
	struct in6_addr sender, target;

	ipv6_addr_set_v4mapped(pkt->key.src.ip4, &sender);
	ipv6_addr_set_v4mapped(pkt->key.dst.ip4, &target);
	if (is_conflict(pkt, &sender))
		return DRAGONFLOW_DROP_REASON_NEIGHBOUR_CONFLICT;
	switch (pkt->key.ip_proto) {
	case ARPOP_REQUEST:
		return solicit(pkt, &target, DF_ANSWER_ARP);
	case ARPOP_REPLY:
		return announce(pkt, &sender);
	}
	return 0;
}

/* Bytes of a message that the parser has seen to be there. */
static const struct nd_msg *nd_msg(const struct df_pkt *pkt)
{
	return (const struct nd_msg *)(skb_mac_header(pkt->skb) + pkt->info.l4);
}

static bool nd_checksum_is_right(const struct df_pkt *pkt)
{
	u32 len = pkt->info.end - pkt->info.l4;
	struct sk_buff *skb = pkt->skb;
	__wsum sum;

	if (skb->ip_summed == CHECKSUM_PARTIAL || skb_csum_unnecessary(skb))
		return true;
	sum = csum_partial(nd_msg(pkt), len, 0);
	return !csum_ipv6_magic(&pkt->key.src.ip6, &pkt->key.dst.ip6, len,
				IPPROTO_ICMPV6, sum);
}

/*
 * What RFC 4861 wants of all kinds of messages. They are not cut into segments,
 * whatever a virtual machine says: the stack would complain about the checksum.
 */
static bool nd_is_valid(const struct df_pkt *pkt)
{
	const struct ipv6hdr *ip6 = (const struct ipv6hdr *)pkt->skb->data;

	return ip6->hop_limit == 255 && !skb_is_gso(pkt->skb) && !pkt->key.l4_dst &&
		nd_checksum_is_right(pkt);
}

static int nd_solicitation(struct df_pkt *pkt)
{
	const struct in6_addr *src = &pkt->key.src.ip6;

	if (ipv6_addr_any(src)) {
		if (pkt->info.nd_lladdr ||
		    !ipv6_addr_is_solict_mult(&pkt->key.dst.ip6))
			return DRAGONFLOW_DROP_REASON_MALFORMED;
	} else if (is_conflict(pkt, src)) {
		return DRAGONFLOW_DROP_REASON_NEIGHBOUR_CONFLICT;
	}
	return solicit(pkt, &nd_msg(pkt)->target, DF_ANSWER_NEIGHBOUR);
}

static int nd_advertisement(struct df_pkt *pkt)
{
	const struct nd_msg *msg = nd_msg(pkt);

	if (msg->icmph.icmp6_solicited &&
	    ipv6_addr_is_multicast(&pkt->key.dst.ip6))
		return DRAGONFLOW_DROP_REASON_MALFORMED;
	if (is_conflict(pkt, &msg->target))
		return DRAGONFLOW_DROP_REASON_NEIGHBOUR_CONFLICT;
	return announce(pkt, &msg->target);
}

/* Without a router, or for a workload that is one, it goes on. */
static int router_solicitation(struct df_pkt *pkt)
{
	const struct in6_addr *src = &pkt->key.src.ip6;
	const u8 *mac = pkt->key.eth_dst;

	if (!READ_ONCE(pkt->network->interface_count) ||
	    (!is_multicast_ether_addr(mac) &&
	     !df_interface_find_mac(pkt->dn, pkt->network->obj.id, mac)))
		return 0;
	if (ipv6_addr_any(src) && pkt->info.nd_lladdr)
		return DRAGONFLOW_DROP_REASON_MALFORMED;
	if (is_conflict(pkt, src))
		return DRAGONFLOW_DROP_REASON_NEIGHBOUR_CONFLICT;
	pkt->answer.kind = DF_ANSWER_PUNT;
	pkt->answer.punt = DRAGONFLOW_PUNT_REASON_ROUTER_SOLICITATION;
	return DF_STAGE_ANSWERED;
}

int df_stage_respond(struct df_pkt *pkt)
{
	/* Each hypervisor answers its own: what a tunnel brings is not known. */
	if (!pkt->info.is_neighbour || pkt->in->is_tunnel || pkt->key.vlan_tci)
		return 0;
	if (!df_pkt_is_ip6(pkt))
		return arp(pkt);
	if (!nd_is_valid(pkt))
		return DRAGONFLOW_DROP_REASON_MALFORMED;
	if (pkt->key.l4_src == htons(NDISC_ROUTER_SOLICITATION))
		return router_solicitation(pkt);
	if (ipv6_addr_is_multicast(&nd_msg(pkt)->target))
		return DRAGONFLOW_DROP_REASON_MALFORMED;
	if (pkt->key.l4_src == htons(NDISC_NEIGHBOUR_SOLICITATION))
		return nd_solicitation(pkt);
	return nd_advertisement(pkt);
}
