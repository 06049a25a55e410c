/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stages of the walk. Each answers one question about a first packet; it
 * reads tables and writes none. A stage returns 0 for the next one to go on, or
 * the reason to drop the packet.
 */
#ifndef DF_STAGE_H
#define DF_STAGE_H

#include "generation.h"
#include "path/flow.h"

struct df_local;
struct df_network;
struct df_port;
struct sk_buff;

/**
 * struct df_pkt - a packet on its way through the pipeline
 * @dn: namespace
 * @skb: the packet, data at the network header
 * @packets: how many it counts as; what segments it later counts it anew
 * @in: the port that it came from
 * @in_port: configuration of @in; set for a walk
 * @key: what was parsed
 * @info: what else was parsed
 * @network: the network that it travels in; set by admit
 * @out: the port that it goes to, NULL for every one; set by switch
 * @decision: what the stages have decided so far
 *
 * The pointers are good for the RCU read-side section that all of it runs in.
 */
struct df_pkt {
	struct df_net *dn;
	struct sk_buff *skb;
	u32 packets;
	struct df_local *in;
	const struct df_port *in_port;
	struct df_key key;
	struct df_key_info info;
	struct df_network *network;
	struct df_port *out;
	struct df_decision decision;
};

/* Make the decision rest on an object. */
static inline void df_pkt_depend(struct df_pkt *pkt,
				 enum df_generation_kind kind, u32 id)
{
	struct df_decision *decision = &pkt->decision;
	u16 slot = df_generation_slot(kind, id);
	u8 i = decision->slot_count++;

	decision->slots[i] = slot;
	decision->generations[i] = df_generation_read(pkt->dn, slot);
}

int df_stage_admit(struct df_pkt *pkt);
int df_stage_switch(struct df_pkt *pkt);
int df_stage_output(struct df_pkt *pkt);

#endif /* DF_STAGE_H */
