/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stages of the walk. Each answers one question about a first packet; it
 * reads tables and writes none. A stage returns 0 for the next one to go on, or
 * the reason to drop the packet; what the sender is told then is
 * &df_pkt.answer. An answer that is no error makes it return
 * %DF_STAGE_ANSWERED; one that somebody has to be looked for, whom nobody knows
 * yet, %DF_STAGE_LOOKUP.
 */
#ifndef DF_STAGE_H
#define DF_STAGE_H

#include <linux/skbuff.h>

#include "generation.h"
#include "path/ct.h"
#include "path/flow.h"
#include "table/hold.h"

struct df_address;
struct df_interface_state;
struct df_local;
struct df_network;
struct df_port;
struct df_trace;
struct nd_msg;

/*
 * What the sender of a packet is told, in place of or beside a delivery. A
 * packet that is punted is the agent's to answer.
 */
enum df_answer_kind {
	DF_ANSWER_NONE,
	DF_ANSWER_ARP,
	DF_ANSWER_NEIGHBOUR,
	DF_ANSWER_ECHO,
	DF_ANSWER_TTL_EXCEEDED,
	DF_ANSWER_NO_NETWORK,
	DF_ANSWER_NO_HOST,
	DF_ANSWER_NO_PORT,
	DF_ANSWER_PROHIBITED,
	DF_ANSWER_TOO_BIG,
	DF_ANSWER_PUNT,
};

/**
 * struct df_answer - what is sent back
 * @kind: which answer
 * @mtu: that would have been fine, for %DF_ANSWER_TOO_BIG
 * @punt: why the agent gets the packet, for %DF_ANSWER_PUNT
 * @address: that was asked for, for ARP and neighbour discovery
 * @from: the router interface that reports an error; NULL for the destination
 *	itself
 * @lookup: who is looked for, if the stage has returned %DF_STAGE_LOOKUP
 */
struct df_answer {
	enum df_answer_kind kind;
	u32 mtu;
	enum dragonflow_punt_reason punt;
	struct df_address *address;
	const struct df_interface_state *from;
	struct df_name lookup;
};

/*
 * What a stage returns instead of a reason to drop the packet: it is answered
 * and goes no further; it waits for its other fragments; it is whole now, and
 * has to begin anew; it waits until the agent knows who has an address.
 */
#define DF_STAGE_ANSWERED (-1)
#define DF_STAGE_TAKEN (-2)
#define DF_STAGE_AGAIN (-3)
#define DF_STAGE_LOOKUP (-4)

/**
 * struct df_pkt - a packet on its way through the pipeline
 * @dn: namespace
 * @skb: the packet, data at the network header
 * @packets: how many it counts as; what segments it later counts it anew
 * @largest_fragment: what it has come in, if that was fragments, and leaves in
 *	again: length of the largest, IP header included; otherwise 0
 * @in: the port that it came from
 * @in_port: configuration of @in; set for a walk
 * @key: what was parsed
 * @info: what else was parsed
 * @hash: of @hash_len bytes of @key, for the flow cache
 * @hash_len: 0 without a hash
 * @network: the network that it travels in; set by admit, changed by route
 * @out: the port that it goes to, NULL for every one; set by route or switch
 * @out_mac: the Ethernet address that it is sent to there, if routed
 * @out_state: the router interface that it leaves its last router by, or NULL
 * @answer: what the sender is told
 * @has_claim: it says that its sender has an address which others may have, too
 * @claim: that
 * @connections: those that it belongs to, at its sender's and receiver's port
 * @zones: of @connections
 * @connection_count: used part of both
 * @is_reset: it is to end those, which were established
 * @has_waited: it walks again; what the sender's groups made of it was counted
 * @may_copy: the second may be made like the first
 * @has_copy: it is
 * @decision: what the stages have decided so far
 * @trace: the record of a walk that has no effect, otherwise NULL; set for a
 *	walk
 *
 * The pointers are good for the RCU read-side section that all of it runs in.
 */
struct df_pkt {
	struct df_net *dn;
	struct sk_buff *skb;
	u32 packets;
	u16 largest_fragment;
	struct df_local *in;
	const struct df_port *in_port;
	struct df_key key;
	struct df_key_info info;
	u32 hash;
	u8 hash_len;
	struct df_network *network;
	struct df_port *out;
	const u8 *out_mac;
	const struct df_interface_state *out_state;
	struct df_answer answer;
	bool has_claim;
	struct df_claim claim;
	struct df_ct_ref connections[DF_CT_ZONES];
	struct df_ct_zone *zones[DF_CT_ZONES];
	u8 connection_count;
	bool is_reset;
	bool has_waited;
	bool may_copy;
	bool has_copy;
	struct df_decision decision;
	struct df_trace *trace;
};

/* Make the decision rest on an object. */
static inline void df_pkt_depend(struct df_pkt *pkt,
				 enum df_generation_kind kind, u32 id)
{
	struct df_decision *decision = &pkt->decision;
	u16 slot = df_generation_slot(kind, id);

	if (decision->slot_count < DF_FLOW_DEPENDENCIES) {
		decision->slots[decision->slot_count] = slot;
		decision->generations += df_generation_read(pkt->dn, slot);
	}
	if (decision->slot_count <= DF_FLOW_DEPENDENCIES)
		decision->slot_count++;
}

/* The decision is for this packet only. */
static inline void df_pkt_keep_nothing(struct df_pkt *pkt)
{
	pkt->decision.slot_count = DF_FLOW_DEPENDENCIES + 1;
}

/* The port that has a shared address, by the latest that is known, or NULL. */
static inline struct df_hold *df_pkt_holder(struct df_pkt *pkt,
					    const struct df_shared *shared)
{
	if (!shared)
		return NULL;
	df_pkt_depend(pkt, DF_GENERATION_SHARED, shared->serial);
	return rcu_dereference(shared->holder);
}

static inline bool df_pkt_is_ip4(const struct df_pkt *pkt)
{
	return pkt->key.eth_type == htons(ETH_P_IP);
}

static inline bool df_pkt_is_ip6(const struct df_pkt *pkt)
{
	return pkt->key.eth_type == htons(ETH_P_IPV6);
}

/* Its ICMP type, if it has one: see &df_key.l4_src. */
static inline bool df_pkt_is_icmp(const struct df_pkt *pkt)
{
	return pkt->key.ip_proto == (df_pkt_is_ip6(pkt) ? IPPROTO_ICMPV6 :
				     IPPROTO_ICMP);
}

/* A message of neighbour discovery that the parser has seen to be there. */
static inline const struct nd_msg *df_pkt_nd(const struct df_pkt *pkt)
{
	return (const struct nd_msg *)(skb_mac_header(pkt->skb) + pkt->info.l4);
}

int df_stage_admit(struct df_pkt *pkt);
int df_stage_guard(struct df_pkt *pkt);
int df_stage_egress(struct df_pkt *pkt);
int df_stage_respond(struct df_pkt *pkt);
int df_stage_route(struct df_pkt *pkt);
int df_stage_switch(struct df_pkt *pkt);
int df_stage_ingress(struct df_pkt *pkt);
int df_stage_output(struct df_pkt *pkt);
int df_stage_fit(struct df_pkt *pkt);

int df_pkt_look_up_ip(struct df_pkt *pkt, const struct df_network *network,
		      const struct in6_addr *ip);
int df_pkt_look_up_mac(struct df_pkt *pkt, const u8 *mac);
bool df_guard_is_needed(const struct df_pkt *pkt,
			enum dragonflow_direction direction);
bool df_policy_allows_copy(const struct df_pkt *pkt,
			   const struct df_port *port);
bool df_skb_is_too_big(const struct sk_buff *skb, __be16 type, u32 mtu);

#endif /* DF_STAGE_H */
