// SPDX-License-Identifier: GPL-2.0
/*
 * Route: which way does a packet go that is for a router? Routers that follow
 * one another are crossed here and now, one by one, each with its TTL.
 */
#include <linux/etherdevice.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/jhash.h>
#include <net/ipv6.h>

#include "stage/trace.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/network.h"
#include "table/port.h"
#include "table/route.h"

/**
 * struct hop - a packet at a router
 * @interface: that it has come by
 * @dst: where it wants to go, IPv4 mapped
 * @key: the same for a lookup
 * @ttl: TTL or hop limit that it had at the first router
 * @count: routers that it has crossed
 */
struct hop {
	struct df_interface *interface;
	struct in6_addr dst;
	struct df_lpm_key key;
	u8 ttl;
	u8 count;
};

static int refuse(struct df_pkt *pkt, const struct hop *hop, int reason,
		  enum df_answer_kind kind)
{
	pkt->answer.kind = kind;
	pkt->answer.from = rcu_dereference(hop->interface->state);
	return reason;
}

static bool ip4_is_routable(const struct df_key *key)
{
	return !ipv4_is_multicast(key->dst.ip4) &&
		!ipv4_is_lbcast(key->dst.ip4) &&
		!ipv4_is_loopback(key->dst.ip4) &&
		!ipv4_is_zeronet(key->dst.ip4) &&
		!ipv4_is_linklocal_169(key->dst.ip4) &&
		!ipv4_is_multicast(key->src.ip4) &&
		!ipv4_is_lbcast(key->src.ip4) &&
		!ipv4_is_loopback(key->src.ip4) &&
		!ipv4_is_zeronet(key->src.ip4);
}

static bool ip6_is_routable(const struct df_key *key)
{
	const int no_unicast = IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL |
		IPV6_ADDR_LOOPBACK | IPV6_ADDR_MAPPED;

	return !ipv6_addr_any(&key->src.ip6) && !ipv6_addr_any(&key->dst.ip6) &&
		!(ipv6_addr_type(&key->src.ip6) & no_unicast) &&
		!(ipv6_addr_type(&key->dst.ip6) & no_unicast);
}

/* The packet is for the router itself. */
static int input(struct df_pkt *pkt, const struct hop *hop)
{
	const struct df_key *key = &pkt->key;
	u8 echo = df_pkt_is_ip6(pkt) ? ICMPV6_ECHO_REQUEST : ICMP_ECHO;

	if (df_pkt_is_icmp(pkt) &&
	    (key->ip_frag == DRAGONFLOW_IP_FRAGMENT_LATER ||
	     (key->l4_src == htons(echo) && !key->l4_dst))) {
		/* ICMP has no segments; the stack would complain. */
		if (skb_is_gso(pkt->skb))
			return DRAGONFLOW_DROP_REASON_MALFORMED;
		pkt->answer.kind = DF_ANSWER_ECHO;
		return DF_STAGE_ANSWERED;
	}
	if (key->ip_proto == IPPROTO_UDP)
		return refuse(pkt, hop, DRAGONFLOW_DROP_REASON_ROUTER_INPUT,
			      DF_ANSWER_NO_PORT);
	return DRAGONFLOW_DROP_REASON_ROUTER_INPUT;
}

/* Flows keep to their way: only what their entries match on counts. */
static u32 flow_hash(const struct df_pkt *pkt)
{
	const struct df_key *key = &pkt->key;
	u32 seed = key->ip_proto;

	if (!key->ip_frag &&
	    READ_ONCE(pkt->in->flows.key_len) == DF_KEY_SIZE_CONNECTION)
		seed ^= (__force u32)key->l4_src << 16 ^
			(__force u32)key->l4_dst;
	return jhash2(key->src.word, 2 * ARRAY_SIZE(key->src.word), seed);
}

/* Find the interface that leads on, and whom to look for there. */
static int find_nexthop(struct df_pkt *pkt, const struct hop *hop,
			struct df_interface **out, struct in6_addr *gateway)
{
	const struct df_nexthop *nexthop;
	const struct df_prefix *prefix;
	const struct df_route *route;

	prefix = df_prefix_match_rcu(hop->interface->router, &hop->key,
				     df_pkt_is_ip6(pkt));
	if (!prefix)
		goto no_route;
	df_pkt_depend(pkt, DF_GENERATION_PREFIX, prefix->serial);
	df_pkt_depend(pkt, DF_GENERATION_BLOCK,
		      df_prefix_block(prefix, &hop->key));
	*gateway = hop->dst;
	*out = rcu_dereference(prefix->interface);
	route = rcu_dereference(prefix->route);
	df_trace_prefix(pkt, prefix, *out ? NULL : route);
	if (*out)
		return 0;
	if (!route)
		goto no_route;
	switch ((enum dragonflow_route_type)route->type) {
	case DRAGONFLOW_ROUTE_TYPE_BLACKHOLE:
		return DRAGONFLOW_DROP_REASON_BLACKHOLE;
	case DRAGONFLOW_ROUTE_TYPE_PROHIBIT:
		return refuse(pkt, hop, DRAGONFLOW_DROP_REASON_PROHIBITED,
			      DF_ANSWER_PROHIBITED);
	case DRAGONFLOW_ROUTE_TYPE_UNREACHABLE:
		return refuse(pkt, hop, DRAGONFLOW_DROP_REASON_NO_ROUTE,
			      DF_ANSWER_NO_HOST);
	case DRAGONFLOW_ROUTE_TYPE_UNICAST:
		break;
	}
	nexthop = df_route_choose(route, flow_hash(pkt));
	*out = nexthop->interface;
	if (nexthop->has_gateway)
		*gateway = nexthop->gateway;
	return 0;

no_route:
	return refuse(pkt, hop, DRAGONFLOW_DROP_REASON_NO_ROUTE,
		      DF_ANSWER_NO_NETWORK);
}

/* Is @address, which may be NULL, one of the router itself? */
static bool is_of_router(const struct hop *hop, struct df_address *address)
{
	return address && address->owner == DF_ADDRESS_INTERFACE &&
		df_address_interface(address)->router == hop->interface->router;
}

/* Whose address is it? It may be one that ports share. */
static struct df_address *find_neighbour(struct df_pkt *pkt,
					 const struct df_interface *out,
					 const struct in6_addr *ip)
{
	u32 network = out->network->obj.id;
	struct df_address *address = df_address_find(pkt->dn, network, ip);
	struct df_hold *hold;

	if (address)
		return address;
	hold = df_pkt_holder(pkt, df_shared_find_ip(pkt->dn, network, ip));
	return hold ? &hold->address : NULL;
}

/*
 * Cross one router. The packet is at its port then, or, and that is all that
 * @hop says, at the next router.
 */
static int cross(struct df_pkt *pkt, struct hop *hop)
{
	struct df_interface *out;
	struct df_address *address;
	struct in6_addr gateway;
	int err;

	err = find_nexthop(pkt, hop, &out, &gateway);
	if (err)
		return err;
	df_trace_nexthop(pkt, out, &gateway);
	df_pkt_depend(pkt, DF_GENERATION_INTERFACE, out->obj.id);
	pkt->out_state = rcu_dereference(out->state);
	if (df_interface_is_down(pkt->out_state))
		return refuse(pkt, hop, DRAGONFLOW_DROP_REASON_ADMIN_DOWN,
			      DF_ANSWER_NO_NETWORK);
	address = find_neighbour(pkt, out, &gateway);
	if (is_of_router(hop, address) && ipv6_addr_equal(&gateway, &hop->dst))
		return input(pkt, hop);
	if (hop->ttl <= hop->count + 1)
		return refuse(pkt, hop, DRAGONFLOW_DROP_REASON_TTL_EXCEEDED,
			      DF_ANSWER_TTL_EXCEEDED);
	err = address ? 0 : df_pkt_look_up_ip(pkt, out->network, &gateway);
	if (err)
		return err;
	if (!address || is_of_router(hop, address))
		return refuse(pkt, hop, DRAGONFLOW_DROP_REASON_NO_NEIGHBOUR,
			      DF_ANSWER_NO_HOST);
	hop->count++;
	if (address->owner == DF_ADDRESS_INTERFACE) {
		hop->interface = df_address_interface(address);
		return 0;
	}
	pkt->network = out->network;
	pkt->out = df_address_holder(address);
	pkt->out_mac = df_address_mac(address);
	df_pkt_depend(pkt, DF_GENERATION_PORT, pkt->out->obj.id);
	/* Who reports what goes wrong from here on. */
	pkt->answer.from = rcu_dereference(hop->interface->state);
	return 0;
}

/* Is the packet for an address that the router has at this interface? */
static bool is_input(const struct df_pkt *pkt, const struct hop *hop)
{
	return is_of_router(hop, df_address_find(pkt->dn,
						 hop->interface->network->obj.id,
						 &hop->dst));
}

/* From router to router, until the packet is at a port. */
static int cross_all(struct df_pkt *pkt, struct hop *hop)
{
	const struct df_interface_state *state;
	int err;

	while (!pkt->out) {
		if (hop->count >= DF_ROUTERS)
			return DRAGONFLOW_DROP_REASON_LOOP;
		df_trace_hop(pkt, hop->interface);
		df_pkt_depend(pkt, DF_GENERATION_INTERFACE,
			      hop->interface->obj.id);
		state = rcu_dereference(hop->interface->state);
		if (df_interface_is_down(state))
			return DRAGONFLOW_DROP_REASON_ADMIN_DOWN;
		if (is_input(pkt, hop))
			return input(pkt, hop);
		if (!(df_pkt_is_ip6(pkt) ? ip6_is_routable(&pkt->key) :
		      ip4_is_routable(&pkt->key)))
			return DRAGONFLOW_DROP_REASON_UNROUTABLE;
		err = cross(pkt, hop);
		if (err)
			return err;
	}
	return 0;
}

/* The router interface that the packet is for, or NULL. */
static struct df_interface *find_interface(const struct df_pkt *pkt)
{
	const u8 *mac = pkt->key.eth_dst;

	if (!(READ_ONCE(pkt->network->router_macs) & df_flow_mac_bit(mac)))
		return NULL;
	return df_interface_find_mac(pkt->dn, pkt->network->obj.id, mac);
}

int df_stage_route(struct df_pkt *pkt)
{
	struct df_action *action = &pkt->decision.action;
	struct hop hop = { .count = 0 };
	int err;

	/* Whoever sent it into the tunnel has routed it. */
	if (pkt->in->is_tunnel || is_multicast_ether_addr(pkt->key.eth_dst))
		return 0;
	hop.interface = find_interface(pkt);
	if (!hop.interface)
		return 0;
	if (pkt->key.vlan_tci || !(df_pkt_is_ip4(pkt) || df_pkt_is_ip6(pkt)))
		return DRAGONFLOW_DROP_REASON_ROUTER_INPUT;
	if (df_pkt_is_ip6(pkt)) {
		hop.dst = pkt->key.dst.ip6;
		hop.ttl = ((const struct ipv6hdr *)pkt->skb->data)->hop_limit;
	} else {
		ipv6_addr_set_v4mapped(pkt->key.dst.ip4, &hop.dst);
		hop.ttl = ((const struct iphdr *)pkt->skb->data)->ttl;
	}
	df_lpm_key_set(&hop.key, &hop.dst);
	err = cross_all(pkt, &hop);
	if (err)
		return err;
	action->hops = hop.count;
	ether_addr_copy(action->eth, pkt->out_mac);
	ether_addr_copy(action->eth + ETH_ALEN, pkt->out_state->mac_key.mac);
	return 0;
}
