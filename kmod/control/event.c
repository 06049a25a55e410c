// SPDX-License-Identifier: GPL-2.0
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "control/event.h"
#include "control/netlink.h"
#include "control/netlink_gen.h"
#include "table/chassis.h"
#include "table/local.h"
#include "table/network.h"
#include "table/peer.h"
#include "table/port.h"

static int network_fill(struct sk_buff *msg, const struct df_network *network)
{
	if (nla_put_u32(msg, DF_A_NETWORK_ID, network->obj.id) ||
	    nla_put_u32(msg, DF_A_NETWORK_FLAGS, network->flags) ||
	    nla_put_u32(msg, DF_A_NETWORK_PORTS, network->ports) ||
	    nla_put_u32(msg, DF_A_NETWORK_CHASSIS, network->peer_count))
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

static int stats_fill(struct sk_buff *msg, const struct df_local *local)
{
	struct df_port_totals totals;
	struct nlattr *nest;
	int i;

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
		    totals.flow_evictions))
		return -EMSGSIZE;
	for (i = 0; i < DF_DROP_REASON_COUNT; i++)
		if (totals.drops[i] && drop_fill(msg, i, totals.drops[i]))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int local_fill(struct sk_buff *msg, const struct df_net *dn,
		      const struct df_local *local)
{
	const struct net_device *dev;

	if (nla_put_u32(msg, DF_A_PORT_FLOW_CLASS,
			df_flow_class(local->flows.key_len)) ||
	    nla_put_u32(msg, DF_A_PORT_FLOW_LIMIT, local->flows.limit) ||
	    nla_put_u32(msg, DF_A_PORT_FLOWS, READ_ONCE(local->flows.count)))
		return -EMSGSIZE;
	dev = rcu_dereference_protected(local->dev, df_is_locked(dn));
	if (dev && nla_put_u32(msg, DF_A_PORT_IFINDEX, dev->ifindex))
		return -EMSGSIZE;
	return stats_fill(msg, local);
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
	if (df_port_is_local(port))
		return local_fill(msg, dn, port->local);
	return nla_put_u32(msg, DF_A_PORT_CHASSIS, port->peer->key.chassis);
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
	struct sk_buff *msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
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
