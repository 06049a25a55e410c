// SPDX-License-Identifier: GPL-2.0
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/dst.h>

#include "control/tracepoint.h"
#include "path/action.h"
#include "path/tunnel.h"
#include "table/local.h"
#include "table/network.h"
#include "table/peer.h"
#include "table/port.h"

/* Count, trace and free @skb, which is the packet or a copy of it. */
void df_action_drop(const struct df_pkt *pkt, struct sk_buff *skb,
		    enum dragonflow_drop_reason reason)
{
	df_stats_drop(pkt->in->stats, reason, pkt->packets);
	trace_df_drop(pkt->in->id, skb, reason);
	kfree_skb(skb);
}

static void count_sent(const struct df_pkt *pkt, const struct df_local *to,
		       int err, u32 len)
{
	if (likely(!err || err == NET_XMIT_CN))
		df_stats_tx(to->stats, pkt->packets, len);
	else
		df_stats_drop(pkt->in->stats, DRAGONFLOW_DROP_REASON_TRANSMIT,
			      pkt->packets);
}

/* Hand @skb, its data at the network header, to the device of a port. */
static void transmit(const struct df_pkt *pkt, struct sk_buff *skb,
		     struct df_local *to)
{
	struct net_device *dev = rcu_dereference(to->dev);
	u32 len;
	int err;

	if (unlikely(!dev)) {
		df_action_drop(pkt, skb, DRAGONFLOW_DROP_REASON_NO_DEVICE);
		return;
	}
	if (unlikely(!(dev->flags & IFF_UP))) {
		df_action_drop(pkt, skb, DRAGONFLOW_DROP_REASON_TRANSMIT);
		return;
	}
	trace_df_output(pkt->in->id, to->id, skb, dev);
	nf_reset_ct(skb);
	skb_push_rcsum(skb, skb->mac_len);
	len = skb->len;
	skb->skb_iif = skb->dev->ifindex;
	skb->dev = dev;
	skb_set_redirected(skb, true);
	err = dev_queue_xmit(skb);
	count_sent(pkt, to, err, len);
}

static void output(const struct df_pkt *pkt, struct sk_buff *skb,
		   struct df_local *to)
{
	/* What the tunnel that it came by said is of no concern any more. */
	skb_dst_drop(skb);
	transmit(pkt, skb, to);
}

/* Pass the tunnel's device by, if that makes no difference to anyone. */
static bool transmit_direct(const struct df_pkt *pkt, struct sk_buff *skb,
			    const struct df_local *to,
			    struct df_encap *encap)
{
	const struct df_tunnel *tunnel = rcu_dereference(to->tunnel);
	struct df_encap_route route;
	u32 len;
	int err;

	if (!tunnel || !(tunnel->dev->flags & IFF_UP) ||
	    !df_encap_find_route(&route, encap, tunnel, skb))
		return false;
	trace_df_output(pkt->in->id, to->id, skb, tunnel->dev);
	len = skb->len + skb->mac_len;
	err = df_encap_xmit(skb, &route, encap, tunnel);
	count_sent(pkt, to, err, len);
	df_stats_tx_direct(to->stats, pkt->packets);
	return true;
}

static void output_tunnel(const struct df_pkt *pkt, struct sk_buff *skb,
			  const struct df_peer *peer)
{
	struct df_encap *encap = rcu_dereference(peer->encap);
	struct df_local *to = rcu_dereference(peer->tunnel);

	if (unlikely(!encap)) {
		df_action_drop(pkt, skb, DRAGONFLOW_DROP_REASON_NO_DEVICE);
		return;
	}
	df_encap_set_hash(skb, &pkt->key);
	if (likely(transmit_direct(pkt, skb, to, encap)))
		return;
	df_encap_set(skb, encap);
	transmit(pkt, skb, to);
}

/* A copy to send, or NULL: then the packet's loss is counted. */
static struct sk_buff *copy(const struct df_pkt *pkt)
{
	struct sk_buff *skb = skb_clone(pkt->skb, GFP_ATOMIC);

	if (!skb)
		df_stats_drop(pkt->in->stats, DRAGONFLOW_DROP_REASON_NO_MEMORY,
			      pkt->packets);
	return skb;
}

static void flood_vifs(const struct df_pkt *pkt,
		       const struct df_network *network)
{
	const struct df_port *port;
	struct sk_buff *skb;

	list_for_each_entry_rcu(port, &network->vifs, of_network) {
		if (port->local == pkt->in || df_port_is_down(port) ||
		    !rcu_access_pointer(port->local->dev))
			continue;
		skb = copy(pkt);
		if (skb)
			output(pkt, skb, port->local);
	}
}

static void flood_peers(const struct df_pkt *pkt,
			const struct df_network *network)
{
	const struct df_peer *peer;
	struct sk_buff *skb;

	list_for_each_entry_rcu(peer, &network->peers, of_network) {
		if (!rcu_access_pointer(peer->encap))
			continue;
		skb = copy(pkt);
		if (skb)
			output_tunnel(pkt, skb, peer);
	}
}

/* Whoever sent it into the tunnel has sent it to all hypervisors. */
static void flood(const struct df_pkt *pkt, const struct df_network *network)
{
	flood_vifs(pkt, network);
	if (!pkt->in->is_tunnel)
		flood_peers(pkt, network);
	consume_skb(pkt->skb);
}

/**
 * df_action_execute() - do what was decided for a packet
 * @pkt: the packet; its skb is consumed
 * @decision: from a current flow entry or from a walk just made
 *
 * Context: packet path, the RCU read-side section of the decision.
 */
void df_action_execute(const struct df_pkt *pkt,
		       const struct df_decision *decision)
{
	const struct df_action *action = &decision->action;

	switch (action->type) {
	case DRAGONFLOW_ACTION_TYPE_OUTPUT:
		output(pkt, pkt->skb, action->local);
		break;
	case DRAGONFLOW_ACTION_TYPE_TUNNEL:
		output_tunnel(pkt, pkt->skb, action->peer);
		break;
	case DRAGONFLOW_ACTION_TYPE_FLOOD:
		flood(pkt, action->network);
		break;
	case DRAGONFLOW_ACTION_TYPE_ROUTE:
		break;
	}
}
