// SPDX-License-Identifier: GPL-2.0
/*
 * Respond: is this ARP or neighbour discovery about an address that is known?
 * Then it is answered here, or nobody needs to hear of it, or it is a lie. What
 * is not known goes on like any other packet. Who looks for a router where there
 * is one is answered by the agent.
 *
 * An address that ports share is known once one of them has said that it has it.
 * That is a claim, and everybody is to hear it.
 */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <net/addrconf.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/ndisc.h>

#include "stage/stage.h"
#include "table/hold.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/network.h"
#include "table/port.h"

/* Whose own address it is. */
static struct df_address *find_own(const struct df_pkt *pkt,
				   const struct in6_addr *ip)
{
	return df_address_find(pkt->dn, pkt->network->obj.id, ip);
}

/* Whose address it is; of those that share it, if that is certain. */
static struct df_address *find(const struct df_pkt *pkt,
			       const struct in6_addr *ip)
{
	struct df_address *address = find_own(pkt, ip);
	const struct df_shared *shared;
	struct df_hold *hold;

	if (address)
		return address;
	shared = df_shared_find_ip(pkt->dn, pkt->network->obj.id, ip);
	if (!shared || !READ_ONCE(shared->is_known))
		return NULL;
	hold = rcu_dereference(shared->holder);
	return hold ? &hold->address : NULL;
}

static bool is_own(const struct df_pkt *pkt, struct df_address *address)
{
	return address->owner != DF_ADDRESS_INTERFACE &&
		df_address_holder(address)->obj.id == pkt->in->id;
}

static bool is_down(struct df_address *address)
{
	if (address->owner != DF_ADDRESS_INTERFACE)
		return df_port_is_down(df_address_holder(address));
	return df_interface_is_down(df_address_interface_state(address));
}

/*
 * May the packet's sender come to have the address? Others who have it now are
 * asked themselves: they may be gone without a word, and he about to follow.
 */
static bool may_succeed(const struct df_pkt *pkt, struct df_address *address)
{
	return address->owner == DF_ADDRESS_HOLD &&
		df_port_may_have(pkt->in_port, &address->key.ip, NULL);
}

/* Does the packet claim an address that belongs to another? */
static bool is_conflict(const struct df_pkt *pkt, const struct in6_addr *ip)
{
	struct df_address *address;

	if (pkt->has_claim)
		return false;
	address = find(pkt, ip);
	return address && !is_own(pkt, address);
}

static int solicit(struct df_pkt *pkt, const struct in6_addr *target,
		   enum df_answer_kind kind)
{
	struct df_address *address = find(pkt, target);

	if (!address)
		return df_pkt_look_up_ip(pkt, pkt->network, target);
	if (may_succeed(pkt, address))
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
	if (!is_multicast_ether_addr(pkt->key.eth_dst) || pkt->has_claim ||
	    !find(pkt, ip))
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

static bool nd_checksum_is_right(const struct df_pkt *pkt)
{
	u32 len = pkt->info.end - pkt->info.l4;
	struct sk_buff *skb = pkt->skb;
	__wsum sum;

	if (skb->ip_summed == CHECKSUM_PARTIAL || skb_csum_unnecessary(skb))
		return true;
	sum = csum_partial(df_pkt_nd(pkt), len, 0);
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
	return solicit(pkt, &df_pkt_nd(pkt)->target, DF_ANSWER_NEIGHBOUR);
}

static int nd_advertisement(struct df_pkt *pkt)
{
	const struct nd_msg *msg = df_pkt_nd(pkt);

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

/*
 * What a message says that its sender has: an address, and the Ethernet address
 * that goes with it. NULL if it says nothing of the kind.
 */
static const u8 *claimed(const struct df_pkt *pkt, struct in6_addr *ip)
{
	const u8 *frame = skb_mac_header(pkt->skb);
	bool has_option = pkt->info.nd_lladdr;
	const u8 *option = frame + pkt->info.nd_lladdr;

	if (!df_pkt_is_ip6(pkt)) {
		ipv6_addr_set_v4mapped(pkt->key.src.ip4, ip);
		return pkt->key.src.ip4 && pkt->info.l3 ?
			frame + pkt->info.l3 + sizeof(struct arphdr) : NULL;
	}
	switch (ntohs(pkt->key.l4_src)) {
	case NDISC_NEIGHBOUR_ADVERTISEMENT:
		*ip = df_pkt_nd(pkt)->target;
		return has_option ? option : pkt->key.eth_src;
	case NDISC_NEIGHBOUR_SOLICITATION:
		*ip = pkt->key.src.ip6;
		return has_option && !ipv6_addr_any(ip) ? option : NULL;
	}
	return NULL;
}

/* Remember a claim that the sender may make. */
static void hear(struct df_pkt *pkt)
{
	struct df_claim *claim = &pkt->claim;
	const u8 *mac = claimed(pkt, &claim->ip);

	if (!mac || !ether_addr_equal(mac, pkt->key.eth_src) ||
	    find_own(pkt, &claim->ip))
		return;
	/* Which port a packet out of a tunnel is of is found out later. */
	if (!pkt->in->is_tunnel &&
	    !df_port_may_have(pkt->in_port, &claim->ip, mac))
		return;
	claim->network = pkt->network->obj.id;
	claim->port = pkt->in->is_tunnel ? 0 : pkt->in->id;
	claim->from = in6addr_any;
	ether_addr_copy(claim->mac, mac);
	pkt->has_claim = true;
}

int df_stage_respond(struct df_pkt *pkt)
{
	if (!pkt->info.is_neighbour || pkt->key.vlan_tci)
		return 0;
	if (df_pkt_is_ip6(pkt) && !nd_is_valid(pkt))
		return pkt->in->is_tunnel ? 0 : DRAGONFLOW_DROP_REASON_MALFORMED;
	hear(pkt);
	/* Each hypervisor answers its own. */
	if (pkt->in->is_tunnel)
		return 0;
	if (!df_pkt_is_ip6(pkt))
		return arp(pkt);
	if (pkt->key.l4_src == htons(NDISC_ROUTER_SOLICITATION))
		return router_solicitation(pkt);
	if (ipv6_addr_is_multicast(&df_pkt_nd(pkt)->target))
		return DRAGONFLOW_DROP_REASON_MALFORMED;
	if (pkt->key.l4_src == htons(NDISC_NEIGHBOUR_SOLICITATION))
		return nd_solicitation(pkt);
	return nd_advertisement(pkt);
}
