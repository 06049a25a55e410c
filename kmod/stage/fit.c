// SPDX-License-Identifier: GPL-2.0
/* Fit: is the packet small enough for its way? */
#include <linux/netdevice.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "path/tunnel.h"
#include "stage/stage.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/peer.h"

/* What the way allows, 0 for no limit that we know. */
static u32 way_mtu(const struct df_pkt *pkt)
{
	const struct df_action *action = &pkt->decision.action;
	const struct df_encap *encap;
	const struct net_device *dev;

	if (action->type == DRAGONFLOW_ACTION_TYPE_TUNNEL) {
		encap = rcu_dereference(action->peer->encap);
		return encap ? df_encap_mtu(pkt->dn->net, encap) : 0;
	}
	/* A switch does not care how large the frames are that it passes on. */
	dev = rcu_dereference(action->local->dev);
	return action->hops && dev ? READ_ONCE(dev->mtu) : 0;
}

/**
 * df_skb_is_too_big() - must a packet not go where this is the limit?
 * @skb: packet, data at the IP header
 * @type: EtherType, of IPv4 or IPv6
 * @mtu: limit
 *
 * A packet that stands for many is as large as one of those. An IPv4 packet
 * that allows to be cut into fragments may go: its encapsulation is cut.
 *
 * Return: whether it is too big.
 */
bool df_skb_is_too_big(const struct sk_buff *skb, __be16 type, u32 mtu)
{
	if (skb->len <= mtu)
		return false;
	if (type == htons(ETH_P_IP) &&
	    !(((const struct iphdr *)skb->data)->frag_off & htons(IP_DF)))
		return false;
	return !skb_is_gso(skb) || !skb_gso_validate_network_len(skb, mtu);
}

/* The fragments of a packet that was put together count, not the whole. */
static bool is_too_big(const struct df_pkt *pkt, u32 mtu)
{
	if (pkt->largest_fragment)
		return df_pkt_is_ip6(pkt) && pkt->largest_fragment > mtu;
	return df_skb_is_too_big(pkt->skb, pkt->key.eth_type, mtu);
}

int df_stage_fit(struct df_pkt *pkt)
{
	struct df_action *action = &pkt->decision.action;
	u32 mtu;

	if (action->type == DRAGONFLOW_ACTION_TYPE_FLOOD ||
	    pkt->key.vlan_tci || !(df_pkt_is_ip4(pkt) || df_pkt_is_ip6(pkt)))
		return 0;
	mtu = way_mtu(pkt);
	if (pkt->out_state && pkt->out_state->mtu)
		mtu = min_not_zero(mtu, pkt->out_state->mtu);
	if (!mtu)
		return 0;
	/* Less than that is a matter of the link below IPv6. */
	if (df_pkt_is_ip6(pkt))
		mtu = max_t(u32, mtu, IPV6_MIN_MTU);
	action->mtu = min_t(u32, mtu, U16_MAX);
	if (!is_too_big(pkt, action->mtu))
		return 0;
	pkt->answer.kind = DF_ANSWER_TOO_BIG;
	pkt->answer.mtu = action->mtu;
	return DRAGONFLOW_DROP_REASON_TOO_BIG;
}
