// SPDX-License-Identifier: GPL-2.0
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "control/event.h"
#include "control/netlink.h"
#include "control/netlink_gen.h"
#include "control/pair.h"
#include "control/security.h"
#include "table/addrset.h"
#include "table/chassis.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/network.h"
#include "table/peer.h"
#include "table/port.h"
#include "table/route.h"
#include "table/router.h"
#include "table/secgroup.h"

static int network_fill(struct sk_buff *msg, const struct df_network *network)
{
	if (nla_put_u32(msg, DF_A_NETWORK_ID, network->obj.id) ||
	    nla_put_u32(msg, DF_A_NETWORK_FLAGS, network->flags) ||
	    nla_put_u32(msg, DF_A_NETWORK_PORTS, network->ports) ||
	    nla_put_u32(msg, DF_A_NETWORK_CHASSIS, network->peer_count) ||
	    nla_put_u32(msg, DF_A_NETWORK_ROUTER_INTERFACES,
			network->interface_count))
		return -EMSGSIZE;
	if (network->vni != DF_VNI_NONE &&
	    nla_put_u32(msg, DF_A_NETWORK_VNI, network->vni))
		return -EMSGSIZE;
	return 0;
}

static int put_u64(struct sk_buff *msg, int attr, u64 value)
{
	return nla_put_u64_64bit(msg, attr, value, DF_A_PORT_STATS_PAD);
}

static int drop_fill(struct sk_buff *msg, u32 reason, u64 packets)
{
	struct nlattr *nest = nla_nest_start(msg, DF_A_PORT_STATS_DROP);

	if (!nest ||
	    nla_put_u32(msg, DF_A_DROP_REASON, reason) ||
	    nla_put_u64_64bit(msg, DF_A_DROP_PACKETS, packets, DF_A_DROP_PAD))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int drops_fill(struct sk_buff *msg, const struct df_port_totals *totals)
{
	int i;

	for (i = 0; i < DF_DROP_REASON_COUNT; i++)
		if (totals->drops[i] && drop_fill(msg, i, totals->drops[i]))
			return -EMSGSIZE;
	return 0;
}

static int stats_fill(struct sk_buff *msg, const struct df_local *local)
{
	struct df_port_totals totals;
	struct nlattr *nest;

	df_stats_sum(&totals, local->stats);
	nest = nla_nest_start(msg, DF_A_PORT_STATS);
	if (!nest ||
	    put_u64(msg, DF_A_PORT_STATS_RX_PACKETS, totals.rx_packets) ||
	    put_u64(msg, DF_A_PORT_STATS_RX_BYTES, totals.rx_bytes) ||
	    put_u64(msg, DF_A_PORT_STATS_TX_PACKETS, totals.tx_packets) ||
	    put_u64(msg, DF_A_PORT_STATS_TX_BYTES, totals.tx_bytes) ||
	    put_u64(msg, DF_A_PORT_STATS_RX_DIRECT, totals.rx_direct) ||
	    put_u64(msg, DF_A_PORT_STATS_TX_DIRECT, totals.tx_direct) ||
	    put_u64(msg, DF_A_PORT_STATS_FLOW_HITS, totals.flow_hits) ||
	    put_u64(msg, DF_A_PORT_STATS_FLOW_MISSES, totals.flow_misses) ||
	    put_u64(msg, DF_A_PORT_STATS_FLOW_EVICTIONS,
		    totals.flow_evictions) ||
	    put_u64(msg, DF_A_PORT_STATS_ANSWERS, totals.answers) ||
	    put_u64(msg, DF_A_PORT_STATS_PUNTS, totals.punts))
		return -EMSGSIZE;
	if (drops_fill(msg, &totals))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int connections_fill(struct sk_buff *msg, const struct df_local *local)
{
	if (local->is_tunnel)
		return 0;
	if (nla_put_u32(msg, DF_A_PORT_CONNECTION_LIMIT,
			local->connection_limit))
		return -EMSGSIZE;
	return local->zone ? nla_put_u32(msg, DF_A_PORT_CONNECTIONS,
					 df_ct_zone_connections(local->zone)) : 0;
}

static int local_fill(struct sk_buff *msg, const struct df_net *dn,
		      const struct df_local *local)
{
	const struct net_device *dev;

	if (nla_put_u32(msg, DF_A_PORT_FLOW_CLASS, local->flow_class) ||
	    nla_put_u32(msg, DF_A_PORT_FLOW_LIMIT, local->flows.limit) ||
	    nla_put_u32(msg, DF_A_PORT_FLOWS, READ_ONCE(local->flows.count)) ||
	    connections_fill(msg, local))
		return -EMSGSIZE;
	dev = rcu_dereference_protected(local->dev, df_is_locked(dn));
	if (dev && nla_put_u32(msg, DF_A_PORT_IFINDEX, dev->ifindex))
		return -EMSGSIZE;
	return stats_fill(msg, local);
}

/* Write an address, as @attr4 or @attr6. */
int df_ip_fill(struct sk_buff *msg, int attr4, int attr6,
	       const struct in6_addr *ip)
{
	if (ipv6_addr_v4mapped(ip))
		return nla_put_in_addr(msg, attr4, ip->s6_addr32[3]);
	return nla_put_in6_addr(msg, attr6, ip);
}

static int port_addresses_fill(struct sk_buff *msg, const struct df_port *port)
{
	int i;

	for (i = 0; i < port->address_count; i++)
		if (df_ip_fill(msg, DF_A_PORT_IP4, DF_A_PORT_IP6,
			       &port->addresses[i].key.ip))
			return -EMSGSIZE;
	return 0;
}

static int port_groups_fill(struct sk_buff *msg, const struct df_port *port)
{
	u32 i;

	for (i = 0; port->policy && i < port->policy->count; i++)
		if (nla_put_u32(msg, DF_A_PORT_GROUP,
				port->policy->entries[i].group->obj.id))
			return -EMSGSIZE;
	return 0;
}

static int port_fill(struct sk_buff *msg, const struct df_net *dn,
		     const struct df_port *port)
{
	if (nla_put_u32(msg, DF_A_PORT_ID, port->obj.id) ||
	    nla_put_u32(msg, DF_A_PORT_TYPE, port->type) ||
	    nla_put_u32(msg, DF_A_PORT_FLAGS, port->flags))
		return -EMSGSIZE;
	if (port->network &&
	    (nla_put_u32(msg, DF_A_PORT_NETWORK, port->network->obj.id) ||
	     nla_put(msg, DF_A_PORT_MAC, ETH_ALEN, port->mac_key.mac)))
		return -EMSGSIZE;
	if (port_addresses_fill(msg, port) || df_pairs_fill(msg, port) ||
	    df_holds_fill(msg, dn, port) || port_groups_fill(msg, port))
		return -EMSGSIZE;
	if (df_port_is_local(port))
		return local_fill(msg, dn, port->local);
	if (nla_put_u32(msg, DF_A_PORT_CHASSIS, port->peer->key.chassis))
		return -EMSGSIZE;
	if (!df_network_is_on_demand(port->network))
		return 0;
	return nla_put_u32(msg, DF_A_PORT_IDLE_MS,
			   jiffies_to_msecs(jiffies - READ_ONCE(port->used)));
}

static int underlay4_fill(struct sk_buff *msg, const struct df_underlay *u)
{
	if (nla_put_in_addr(msg, DF_A_CHASSIS_REMOTE_IP4, u->remote4) ||
	    (u->local4 &&
	     nla_put_in_addr(msg, DF_A_CHASSIS_LOCAL_IP4, u->local4)))
		return -EMSGSIZE;
	return 0;
}

static int underlay6_fill(struct sk_buff *msg, const struct df_underlay *u)
{
	if (nla_put_in6_addr(msg, DF_A_CHASSIS_REMOTE_IP6, &u->remote6) ||
	    (!ipv6_addr_any(&u->local6) &&
	     nla_put_in6_addr(msg, DF_A_CHASSIS_LOCAL_IP6, &u->local6)))
		return -EMSGSIZE;
	return 0;
}

static int chassis_fill(struct sk_buff *msg, const struct df_chassis *chassis)
{
	if (nla_put_u32(msg, DF_A_CHASSIS_ID, chassis->obj.id) ||
	    nla_put_u32(msg, DF_A_CHASSIS_TUNNEL, chassis->tunnel->id) ||
	    nla_put_u32(msg, DF_A_CHASSIS_NETWORKS, chassis->networks))
		return -EMSGSIZE;
	if (chassis->underlay.family == AF_INET6)
		return underlay6_fill(msg, &chassis->underlay);
	return underlay4_fill(msg, &chassis->underlay);
}

static int router_fill(struct sk_buff *msg, const struct df_router *router)
{
	if (nla_put_u32(msg, DF_A_ROUTER_ID, router->obj.id) ||
	    nla_put_u32(msg, DF_A_ROUTER_FLAGS, router->flags) ||
	    nla_put_u32(msg, DF_A_ROUTER_INTERFACES,
			router->interface_count) ||
	    nla_put_u32(msg, DF_A_ROUTER_ROUTES, router->routes))
		return -EMSGSIZE;
	return 0;
}

static int router_address_fill(struct sk_buff *msg,
			       const struct df_address *address)
{
	struct nlattr *nest = nla_nest_start(msg, DF_A_ROUTER_INTERFACE_ADDRESS);

	if (!nest ||
	    df_ip_fill(msg, DF_A_ROUTER_ADDRESS_IP4, DF_A_ROUTER_ADDRESS_IP6,
		       &address->key.ip) ||
	    nla_put_u8(msg, DF_A_ROUTER_ADDRESS_PREFIX_LEN,
		       address->prefix_len))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int interface_fill(struct sk_buff *msg, const struct df_net *dn,
			  const struct df_interface *interface)
{
	const struct df_interface_state *state;
	int i;

	state = rcu_dereference_protected(interface->state, df_is_locked(dn));
	if (nla_put_u32(msg, DF_A_ROUTER_INTERFACE_ID, interface->obj.id) ||
	    nla_put_u32(msg, DF_A_ROUTER_INTERFACE_ROUTER,
			interface->router->obj.id) ||
	    nla_put_u32(msg, DF_A_ROUTER_INTERFACE_NETWORK,
			interface->network->obj.id) ||
	    nla_put(msg, DF_A_ROUTER_INTERFACE_MAC, ETH_ALEN,
		    state->mac_key.mac) ||
	    nla_put_u32(msg, DF_A_ROUTER_INTERFACE_FLAGS, state->flags) ||
	    nla_put_u32(msg, DF_A_ROUTER_INTERFACE_ROUTES, interface->routes))
		return -EMSGSIZE;
	if (state->mtu &&
	    nla_put_u32(msg, DF_A_ROUTER_INTERFACE_MTU, state->mtu))
		return -EMSGSIZE;
	for (i = 0; i < state->address_count; i++)
		if (router_address_fill(msg, &state->addresses[i]))
			return -EMSGSIZE;
	return 0;
}

static int nexthop_fill(struct sk_buff *msg, const struct df_nexthop *nexthop)
{
	struct nlattr *nest = nla_nest_start(msg, DF_A_ROUTE_NEXTHOP);

	if (!nest ||
	    nla_put_u32(msg, DF_A_NEXTHOP_INTERFACE,
			nexthop->interface->obj.id) ||
	    nla_put_u32(msg, DF_A_NEXTHOP_WEIGHT, nexthop->weight))
		return -EMSGSIZE;
	if (nexthop->has_gateway &&
	    df_ip_fill(msg, DF_A_NEXTHOP_IP4, DF_A_NEXTHOP_IP6,
		       &nexthop->gateway))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int route_prefix_fill(struct sk_buff *msg,
			     const struct df_prefix *prefix)
{
	struct in6_addr ip;

	df_lpm_key_get(&ip, &prefix->key, prefix->is_ip6);
	if (df_ip_fill(msg, DF_A_ROUTE_IP4, DF_A_ROUTE_IP6, &ip))
		return -EMSGSIZE;
	return nla_put_u8(msg, DF_A_ROUTE_PREFIX_LEN, prefix->len);
}

static int route_fill(struct sk_buff *msg, const struct df_route *route)
{
	int i;

	if (nla_put_u32(msg, DF_A_ROUTE_ID, route->obj.id) ||
	    nla_put_u32(msg, DF_A_ROUTE_ROUTER, route->router->obj.id) ||
	    nla_put_u32(msg, DF_A_ROUTE_TYPE, route->type) ||
	    route_prefix_fill(msg, route->prefix))
		return -EMSGSIZE;
	for (i = 0; i < route->nexthop_count; i++)
		if (nexthop_fill(msg, &route->nexthops[i]))
			return -EMSGSIZE;
	return 0;
}

/**
 * df_fill() - write the attributes of an object
 * @msg: message, genetlink header already there
 * @dn: namespace, its lock held
 * @kind: what @obj is
 * @obj: the object
 *
 * Return: 0, or -EMSGSIZE when @msg is too small.
 */
int df_fill(struct sk_buff *msg, struct df_net *dn, enum df_kind kind,
	    const struct df_object *obj)
{
	lockdep_assert_held(&dn->lock);
	switch (kind) {
	case DF_KIND_NETWORK:
		return network_fill(msg, (const struct df_network *)obj);
	case DF_KIND_PORT:
		return port_fill(msg, dn, (const struct df_port *)obj);
	case DF_KIND_CHASSIS:
		return chassis_fill(msg, (const struct df_chassis *)obj);
	case DF_KIND_ROUTER:
		return router_fill(msg, (const struct df_router *)obj);
	case DF_KIND_INTERFACE:
		return interface_fill(msg, dn,
				      (const struct df_interface *)obj);
	case DF_KIND_ROUTE:
		return route_fill(msg, (const struct df_route *)obj);
	case DF_KIND_GROUP:
		return df_group_fill(msg, (const struct df_group *)obj);
	case DF_KIND_RULE:
		return df_rule_fill(msg, (const struct df_rule *)obj);
	case DF_KIND_ADDRESS_SET:
		return df_address_set_fill(msg,
					   (const struct df_address_set *)obj);
	case DF_KIND_MEMBER:
		return df_member_fill(msg, (const struct df_member *)obj);
	}
	return -EINVAL;
}

/**
 * df_message_new() - an object in a message of its own
 * @dn: namespace, its lock held
 * @kind: what @obj is
 * @obj: the object
 * @cmd: command of the message
 * @info: the request that it answers, or NULL for a notification
 *
 * Return: the message or ERR_PTR().
 */
struct sk_buff *df_message_new(struct df_net *dn, enum df_kind kind,
			       const struct df_object *obj, u8 cmd,
			       const struct genl_info *info)
{
	struct sk_buff *msg = genlmsg_new(DF_MESSAGE_SIZE, GFP_KERNEL);
	void *header;
	int err;

	if (!msg)
		return ERR_PTR(-ENOMEM);
	header = genlmsg_put(msg, info ? info->snd_portid : 0,
			     info ? info->snd_seq : 0, &df_genl_family, 0, cmd);
	err = header ? df_fill(msg, dn, kind, obj) : -EMSGSIZE;
	if (err) {
		nlmsg_free(msg);
		return ERR_PTR(err);
	}
	genlmsg_end(msg, header);
	return msg;
}

/* Tell the namespace's listeners; a listener without room learns of the loss. */
void df_event(struct df_net *dn, enum df_kind kind,
	      const struct df_object *obj, u8 cmd)
{
	struct sk_buff *msg;

	if (!genl_has_listeners(&df_genl_family, dn->net,
				DRAGONFLOW_NLGRP_CONFIG))
		return;
	msg = df_message_new(dn, kind, obj, cmd, NULL);
	if (IS_ERR(msg)) {
		genl_set_err(&df_genl_family, dn->net, 0,
			     DRAGONFLOW_NLGRP_CONFIG, PTR_ERR(msg));
		return;
	}
	genlmsg_multicast_netns(&df_genl_family, dn->net, msg, 0,
				DRAGONFLOW_NLGRP_CONFIG, GFP_KERNEL);
}
