// SPDX-License-Identifier: GPL-2.0
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/checksum.h>
#include <net/dst.h>
#include <net/pkt_sched.h>

#include "control/tracepoint.h"
#include "path/action.h"
#include "stage/trace.h"
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

static int count_sent(const struct df_pkt *pkt, const struct df_local *to,
		      int err, u32 packets, u32 len)
{
	if (likely(!err || err == NET_XMIT_CN)) {
		df_stats_tx(to->stats, packets, len);
		return 0;
	}
	df_stats_drop(pkt->in->stats, DRAGONFLOW_DROP_REASON_TRANSMIT, packets);
	return err;
}

/* Cut into fragments again what has come in such, data at the MAC header. */
static int transmit_fragments(struct sk_buff *skb, u16 largest)
{
	tc_skb_cb(skb)->mru = largest;
	return sch_frag_xmit_hook(skb, dev_queue_xmit);
}

/*
 * Hand @skb, its data at the network header, to the device of a port. It stands
 * for @packets: a copy no longer says itself for how many once another one of
 * them, with which it shares that number, has been cut.
 */
static int transmit(const struct df_pkt *pkt, struct sk_buff *skb,
		    struct df_local *to, u32 packets)
{
	struct net_device *dev = rcu_dereference(to->dev);
	u32 len;
	int err;

	if (unlikely(!dev)) {
		df_action_drop(pkt, skb, DRAGONFLOW_DROP_REASON_NO_DEVICE);
		return -ENODEV;
	}
	if (unlikely(!(dev->flags & IFF_UP))) {
		df_action_drop(pkt, skb, DRAGONFLOW_DROP_REASON_TRANSMIT);
		return -ENETDOWN;
	}
	trace_df_output(pkt->in->id, to->id, skb, dev);
	nf_reset_ct(skb);
	skb_push_rcsum(skb, skb->mac_len);
	len = skb->len;
	skb->skb_iif = skb->dev->ifindex;
	skb->dev = dev;
	skb_set_redirected(skb, true);
	if (unlikely(pkt->largest_fragment))
		err = transmit_fragments(skb, pkt->largest_fragment);
	else
		err = dev_queue_xmit(skb);
	return count_sent(pkt, to, err, packets, len);
}

/**
 * df_action_send() - send a packet of our own
 * @pkt: the packet that it answers, or one that has come by no port
 * @skb: what to send, one packet; data at the network header; consumed
 * @to: the port
 *
 * Return: 0; -errno or a code of NET_XMIT_* when it was dropped, and counted.
 */
int df_action_send(const struct df_pkt *pkt, struct sk_buff *skb,
		   struct df_local *to)
{
	return transmit(pkt, skb, to, 1);
}

static void output(const struct df_pkt *pkt, struct sk_buff *skb,
		   struct df_local *to)
{
	/* What the tunnel that it came by said is of no concern any more. */
	skb_dst_drop(skb);
	transmit(pkt, skb, to, pkt->packets);
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
	count_sent(pkt, to, err, pkt->packets, len);
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
	if (likely(!pkt->largest_fragment) &&
	    likely(transmit_direct(pkt, skb, to, encap)))
		return;
	df_encap_set(skb, encap);
	transmit(pkt, skb, to, pkt->packets);
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

/* Is the port one that gets what is flooded, if its groups allow it? */
static bool is_receiver(const struct df_pkt *pkt, const struct df_port *port)
{
	return port->local != pkt->in && !df_port_is_down(port) &&
		rcu_access_pointer(port->local->dev);
}

static void flood_vifs(const struct df_pkt *pkt,
		       const struct df_network *network)
{
	const struct df_port *port;
	struct sk_buff *skb;

	list_for_each_entry_rcu(port, &network->vifs, of_network) {
		if (!is_receiver(pkt, port))
			continue;
		if (!df_policy_allows_copy(pkt, port)) {
			df_stats_drop(pkt->in->stats,
				      DRAGONFLOW_DROP_REASON_POLICY_INGRESS,
				      pkt->packets);
			continue;
		}
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

/*
 * Whoever sent it into the tunnel has sent it to all hypervisors. Apart, as
 * routing is, so that others need not save registers for it.
 */
static noinline void flood(const struct df_pkt *pkt, const struct df_network *network)
{
	flood_vifs(pkt, network);
	if (!pkt->in->is_tunnel)
		flood_peers(pkt, network);
	consume_skb(pkt->skb);
}

/* Can the headers be written to, up to the IP header's end? */
static bool make_writable(struct sk_buff *skb, unsigned int len)
{
	return likely(!skb_cloned(skb) || skb_clone_writable(skb, len)) ||
		!pskb_expand_head(skb, 0, 0, GFP_ATOMIC);
}

static void decrement_ttl4(struct iphdr *ip, u8 hops)
{
	/* The two bytes of the TTL and the protocol make one word. */
	__be16 *word = (__be16 *)&ip->ttl;
	__be16 old = *word;

	ip->ttl -= hops;
	/* The header's sum is as it was, and so is the sum over it. */
	csum_replace2(&ip->check, old, *word);
}

static void decrement_ttl6(struct sk_buff *skb, u8 hops)
{
	struct ipv6hdr *ip6 = (struct ipv6hdr *)skb->data;
	__be16 *word = (__be16 *)&ip6->nexthdr;
	__wsum old = (__force __wsum)*word, new;

	ip6->hop_limit -= hops;
	new = (__force __wsum)*word;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->csum = csum_add(csum_sub(skb->csum, old), new);
}

/* Make the packet one that the last of the routers has sent. */
static noinline bool route(const struct df_pkt *pkt,
			   const struct df_action *action)
{
	bool is_ip6 = df_pkt_is_ip6(pkt);
	struct sk_buff *skb = pkt->skb;

	if (!make_writable(skb, is_ip6 ? sizeof(struct ipv6hdr) :
			   sizeof(struct iphdr)))
		return false;
	memcpy(skb_mac_header(skb), action->eth, sizeof(action->eth));
	if (is_ip6)
		decrement_ttl6(skb, action->hops);
	else
		decrement_ttl4((struct iphdr *)skb->data, action->hops);
	return true;
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

	if (action->hops && unlikely(!route(pkt, action))) {
		df_action_drop(pkt, pkt->skb, DRAGONFLOW_DROP_REASON_NO_MEMORY);
		return;
	}
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
		/* Not a way to go: see &df_action.hops. */
		break;
	}
}

static struct df_trace_step *trace_output(struct df_pkt *pkt,
					  const struct df_local *to)
{
	const struct net_device *dev = rcu_dereference(to->dev);
	struct df_trace_step *step;

	step = df_trace_add(pkt->trace, DRAGONFLOW_TRACE_STAGE_SEND);
	step->action = DRAGONFLOW_ACTION_TYPE_OUTPUT;
	step->port = to->id;
	step->verdict = DRAGONFLOW_TRACE_VERDICT_SEND;
	if (!dev)
		df_trace_end(pkt->trace, step,
			     DRAGONFLOW_DROP_REASON_NO_DEVICE);
	else if (!(dev->flags & IFF_UP))
		df_trace_end(pkt->trace, step, DRAGONFLOW_DROP_REASON_TRANSMIT);
	return step;
}

static void trace_tunnel(struct df_pkt *pkt, const struct df_peer *peer)
{
	const struct df_local *to = rcu_dereference(peer->tunnel);
	struct df_trace_step *step;

	if (rcu_access_pointer(peer->encap)) {
		step = trace_output(pkt, to);
	} else {
		step = df_trace_add(pkt->trace, DRAGONFLOW_TRACE_STAGE_SEND);
		df_trace_end(pkt->trace, step,
			     DRAGONFLOW_DROP_REASON_NO_DEVICE);
	}
	step->action = DRAGONFLOW_ACTION_TYPE_TUNNEL;
	step->chassis = peer->key.chassis;
	step->tun_id = READ_ONCE(peer->network->vni);
}

static void trace_flood(struct df_pkt *pkt, const struct df_network *network)
{
	const struct df_port *port;
	const struct df_peer *peer;
	struct df_trace_step *step;

	list_for_each_entry_rcu(port, &network->vifs, of_network) {
		if (!is_receiver(pkt, port))
			continue;
		if (df_policy_allows_copy(pkt, port)) {
			trace_output(pkt, port->local);
			continue;
		}
		step = df_trace_add(pkt->trace, DRAGONFLOW_TRACE_STAGE_SEND);
		step->port = port->obj.id;
		df_trace_end(pkt->trace, step,
			     DRAGONFLOW_DROP_REASON_POLICY_INGRESS);
	}
	if (!pkt->in->is_tunnel)
		list_for_each_entry_rcu(peer, &network->peers, of_network)
			if (rcu_access_pointer(peer->encap))
				trace_tunnel(pkt, peer);
	/* Whatever becomes of a copy. */
	pkt->trace->verdict = DRAGONFLOW_TRACE_VERDICT_SEND;
	pkt->trace->reason = 0;
}

/**
 * df_action_trace() - tell what df_action_execute() would do
 * @pkt: packet that is traced and has been decided; becomes what would leave
 */
void df_action_trace(struct df_pkt *pkt)
{
	const struct df_action *action = &pkt->decision.action;

	pkt->trace->verdict = DRAGONFLOW_TRACE_VERDICT_SEND;
	if (action->hops)
		route(pkt, action);
	switch (action->type) {
	case DRAGONFLOW_ACTION_TYPE_OUTPUT:
		trace_output(pkt, action->local);
		break;
	case DRAGONFLOW_ACTION_TYPE_TUNNEL:
		trace_tunnel(pkt, action->peer);
		break;
	case DRAGONFLOW_ACTION_TYPE_FLOOD:
		trace_flood(pkt, action->network);
		break;
	case DRAGONFLOW_ACTION_TYPE_ROUTE:
		/* Not a way to go: see &df_action.hops. */
		break;
	}
}
