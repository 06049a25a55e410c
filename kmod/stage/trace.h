/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Traces: a walk that only tells what it finds. A packet that is traced carries
 * a record, in which the stages write what only they know; what their results
 * are is written for all of them by the walk. One that is not costs each of
 * these functions a branch.
 */
#ifndef DF_STAGE_TRACE_H
#define DF_STAGE_TRACE_H

#include "stage/stage.h"

struct df_interface;
struct df_peer;
struct df_prefix;
struct df_route;
struct df_rule;

/**
 * struct df_trace_step - what was found out at one place; see the uAPI
 * @stage: where
 * @verdict: what was found
 * @reason: why the packet is dropped, or 0
 * @network: id, or 0, as all of these
 * @port: id
 * @router: id
 * @interface: id
 * @out_interface: id
 * @route: id
 * @group: id
 * @rule: id
 * @chassis: id
 * @mtu: limit, or 0
 * @tun_id: VNI; %DF_VNI_NONE for none
 * @has_prefix: @prefix and @prefix_len are set
 * @has_ip: @ip is set
 * @has_mac: @mac is set
 * @has_flow: there is a flow entry
 * @prefix_len: length of @prefix
 * @connection: the packet's part in one, or 0
 * @answer: what its sender is told, or 0
 * @action: how it leaves, or 0
 * @lookup: what is known about who has @ip or @mac, whom nobody is, or 0
 * @prefix: that was matched, IPv4 mapped
 * @ip: that is looked for, IPv4 mapped
 * @mac: that goes with it
 */
struct df_trace_step {
	enum dragonflow_trace_stage stage;
	enum dragonflow_trace_verdict verdict;
	u32 reason;
	u32 network;
	u32 port;
	u32 router;
	u32 interface;
	u32 out_interface;
	u32 route;
	u32 group;
	u32 rule;
	u32 chassis;
	u32 mtu;
	u32 tun_id;
	bool has_prefix : 1;
	bool has_ip : 1;
	bool has_mac : 1;
	bool has_flow : 1;
	u8 prefix_len;
	u8 connection;
	u8 answer;
	u8 action;
	u8 lookup;
	struct in6_addr prefix;
	struct in6_addr ip;
	u8 mac[ETH_ALEN];
};

/**
 * struct df_trace - the record of a walk
 * @scratch: a zone without connections, to ask conntrack for its opinion
 * @verdict: what becomes of the packet
 * @reason: why it is dropped, or 0
 * @lost: how many steps there was no room for
 * @count: used part of @steps
 * @spare: takes the place of a step that there is no room for
 * @steps: what was found out, in order
 */
struct df_trace {
	struct df_ct_zone *scratch;
	enum dragonflow_trace_verdict verdict;
	u32 reason;
	u32 lost;
	u32 count;
	struct df_trace_step spare;
	struct df_trace_step steps[DRAGONFLOW_TRACE_STEPS_MAX];
};

struct df_trace_step *df_trace_add(struct df_trace *trace,
				   enum dragonflow_trace_stage stage);
void df_trace_end(struct df_trace *trace, struct df_trace_step *step,
		  int reason);
void df_trace_result(struct df_pkt *pkt, enum dragonflow_trace_stage stage,
		     int reason);
void df_trace_claim(struct df_pkt *pkt, bool has_room);
void df_trace_wait(struct df_pkt *pkt, int reason);

void __df_trace_hop(struct df_pkt *pkt, const struct df_interface *interface);
void __df_trace_prefix(struct df_pkt *pkt, const struct df_prefix *prefix,
		       const struct df_route *route);
void __df_trace_nexthop(struct df_pkt *pkt, const struct df_interface *out,
			const struct in6_addr *gateway);
void __df_trace_rule(struct df_pkt *pkt, const struct df_rule *rule);
void __df_trace_lookup(struct df_pkt *pkt, const struct df_name *key,
		       bool is_absent);
void __df_trace_connection(struct df_pkt *pkt, const struct df_ct_ref *ref);

static inline bool df_pkt_is_traced(const struct df_pkt *pkt)
{
	return unlikely(pkt->trace);
}

/* The packet has come to a router by @interface. */
static inline void df_trace_hop(struct df_pkt *pkt,
				const struct df_interface *interface)
{
	if (df_pkt_is_traced(pkt))
		__df_trace_hop(pkt, interface);
}

/* There its destination is of @prefix, and maybe follows @route. */
static inline void df_trace_prefix(struct df_pkt *pkt,
				   const struct df_prefix *prefix,
				   const struct df_route *route)
{
	if (df_pkt_is_traced(pkt))
		__df_trace_prefix(pkt, prefix, route);
}

/* It leaves the router by @out, for the neighbour @gateway. */
static inline void df_trace_nexthop(struct df_pkt *pkt,
				    const struct df_interface *out,
				    const struct in6_addr *gateway)
{
	if (df_pkt_is_traced(pkt))
		__df_trace_nexthop(pkt, out, gateway);
}

/* Which rule allows it; NULL if none does. */
static inline void df_trace_rule(struct df_pkt *pkt, const struct df_rule *rule)
{
	if (df_pkt_is_traced(pkt) && rule)
		__df_trace_rule(pkt, rule);
}

/* Nobody is known to have an address; is it known that nobody has it? */
static inline void df_trace_lookup(struct df_pkt *pkt,
				   const struct df_name *key, bool is_absent)
{
	if (df_pkt_is_traced(pkt))
		__df_trace_lookup(pkt, key, is_absent);
}

/* Its place in a connection; one without would begin one. */
static inline void df_trace_connection(struct df_pkt *pkt,
				       const struct df_ct_ref *ref)
{
	if (df_pkt_is_traced(pkt))
		__df_trace_connection(pkt, ref);
}

#endif /* DF_STAGE_TRACE_H */
