/* SPDX-License-Identifier: GPL-2.0 */
/* Executing a decision. */
#ifndef DF_PATH_ACTION_H
#define DF_PATH_ACTION_H

#include <linux/ip.h>
#include <linux/ipv6.h>

#include "stage/stage.h"

void df_action_execute(const struct df_pkt *pkt,
		       const struct df_decision *decision);
void df_action_trace(struct df_pkt *pkt);
void df_action_drop(const struct df_pkt *pkt, struct sk_buff *skb,
		    enum dragonflow_drop_reason reason);
int df_action_send(const struct df_pkt *pkt, struct sk_buff *skb,
		   struct df_local *to);

/* How many packets @skb stands for. */
static inline u32 df_skb_packets(const struct sk_buff *skb)
{
	return max_t(u32, 1, skb_shinfo(skb)->gso_segs);
}

/* Its length from the Ethernet header on; data is at the network header. */
static inline u32 df_skb_bytes(const struct sk_buff *skb)
{
	return skb->len + (skb->data - skb_mac_header(skb));
}

/* TTL or hop limit; the parser has seen the byte. */
static inline u8 df_pkt_ttl(const struct df_pkt *pkt)
{
	const u8 *ip = pkt->skb->data;

	return df_pkt_is_ip6(pkt) ? ip[offsetof(struct ipv6hdr, hop_limit)] :
		ip[offsetof(struct iphdr, ttl)];
}

/*
 * What a decision does not match on and still matters for a packet: whether it
 * is neighbour discovery, its size, and its TTL. A packet that it is not made
 * for walks.
 */
static inline bool df_action_suits(const struct df_pkt *pkt,
				   const struct df_action *action)
{
	/* Others to the same group may have an entry of class l2. */
	if (unlikely(pkt->info.is_neighbour))
		return false;
	if (unlikely(pkt->skb->len > action->mtu && action->mtu &&
		     df_skb_is_too_big(pkt->skb, pkt->key.eth_type,
				       action->mtu)))
		return false;
	return !action->hops || likely(df_pkt_ttl(pkt) > action->hops);
}

#endif /* DF_PATH_ACTION_H */
