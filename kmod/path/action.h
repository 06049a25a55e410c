/* SPDX-License-Identifier: GPL-2.0 */
/* Executing a decision. */
#ifndef DF_PATH_ACTION_H
#define DF_PATH_ACTION_H

#include "stage/stage.h"

void df_action_execute(const struct df_pkt *pkt,
		       const struct df_decision *decision);
void df_action_drop(const struct df_pkt *pkt, struct sk_buff *skb,
		    enum dragonflow_drop_reason reason);

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

#endif /* DF_PATH_ACTION_H */
