// SPDX-License-Identifier: GPL-2.0
#include <linux/if_vlan.h>
#include <linux/skbuff.h>

#include "control/tracepoint.h"
#include "path/action.h"
#include "path/answer.h"
#include "path/claim.h"
#include "path/pipeline.h"
#include "stage/trace.h"
#include "table/local.h"
#include "table/port.h"

/*
 * Kernels that clear what is on the stack would do so with all of &struct
 * df_pkt for each packet. The parser sets what a hit reads, and pkt_walk() the
 * rest before a stage sees it.
 */
#if __has_attribute(__uninitialized__)
#define NOT_CLEARED __attribute__((__uninitialized__))
#else
#define NOT_CLEARED
#endif

/* What is asked, in this order, and what a trace calls it. */
static const struct {
	int (*ask)(struct df_pkt *pkt);
	enum dragonflow_trace_stage name;
} stages[] = {
	{ df_stage_admit, DRAGONFLOW_TRACE_STAGE_ADMIT },
	{ df_stage_guard, DRAGONFLOW_TRACE_STAGE_GUARD },
	{ df_stage_egress, DRAGONFLOW_TRACE_STAGE_EGRESS },
	{ df_stage_respond, DRAGONFLOW_TRACE_STAGE_RESPOND },
	{ df_stage_route, DRAGONFLOW_TRACE_STAGE_ROUTE },
	{ df_stage_switch, DRAGONFLOW_TRACE_STAGE_SWITCH },
	{ df_stage_ingress, DRAGONFLOW_TRACE_STAGE_INGRESS },
	{ df_stage_output, DRAGONFLOW_TRACE_STAGE_OUTPUT },
	{ df_stage_fit, DRAGONFLOW_TRACE_STAGE_FIT },
};

/* Describe the packet, whose data is at the network header, to the parser. */
static void pkt_bytes(struct df_pkt_bytes *bytes, const struct sk_buff *skb)
{
	u32 mac_len = skb->data - skb_mac_header(skb);

	bytes->data = skb_mac_header(skb);
	bytes->linear = skb_headlen(skb) + mac_len;
	bytes->len = skb->len + mac_len;
	bytes->vlan_tci = 0;
	if (skb_vlan_tag_present(skb))
		bytes->vlan_tci = skb_vlan_tag_get(skb) | DF_KEY_VLAN_PRESENT;
	bytes->is_gso = skb_is_gso(skb);
}

/* Parse a packet that is not linear enough: @err bytes of it are wanted. */
static noinline int pkt_parse_paged(struct df_pkt *pkt, int err)
{
	struct sk_buff *skb = pkt->skb;
	struct df_pkt_bytes bytes;
	int i;

	for (i = 0; err < 0 && i < DF_KEY_PULLS; i++) {
		u32 mac_len = skb->data - skb_mac_header(skb);

		if (!pskb_may_pull(skb, -err - mac_len))
			return DRAGONFLOW_DROP_REASON_NO_MEMORY;
		pkt_bytes(&bytes, skb);
		err = df_key_parse(&pkt->key, &pkt->info, &bytes);
	}
	return err < 0 ? DRAGONFLOW_DROP_REASON_MALFORMED : err;
}

static int pkt_parse(struct df_pkt *pkt, u32 tun_id)
{
	struct df_pkt_bytes bytes;
	int err;

	pkt_bytes(&bytes, pkt->skb);
	err = df_key_parse(&pkt->key, &pkt->info, &bytes);
	if (unlikely(err < 0))
		err = pkt_parse_paged(pkt, err);
	if (unlikely(err))
		return err;
	pkt->key.in_port = pkt->in->id;
	pkt->key.tun_id = tun_id;
	return 0;
}

/* Let the connections that the packet begins be some, or drop it. */
static int pkt_confirm(struct df_pkt *pkt)
{
	int i, reason;

	if (pkt->has_copy) {
		reason = df_ct_confirm_copy(&pkt->connections[1],
					    pkt->zones[1]);
		if (unlikely(reason))
			return reason == -EEXIST ? DF_STAGE_AGAIN : reason;
	}
	for (i = 0; i < pkt->connection_count; i++) {
		reason = df_ct_confirm(&pkt->connections[i], pkt->zones[i],
				       pkt->skb);
		if (reason)
			return reason;
		if (unlikely(pkt->is_reset))
			df_ct_doubt(&pkt->connections[i]);
	}
	return 0;
}

static void pkt_put_connections(struct df_pkt *pkt)
{
	while (pkt->connection_count)
		df_ct_put(&pkt->connections[--pkt->connection_count]);
}

/* May what was decided be kept for packets that look the same? */
static bool pkt_can_be_kept(const struct df_pkt *pkt)
{
	int i;

	for (i = 0; i < pkt->connection_count; i++)
		if (!df_ct_can_be_kept(&pkt->connections[i],
				       pkt->info.tcp_flags))
			return false;
	return !pkt->info.is_neighbour;
}

static void pkt_keep(struct df_pkt *pkt, u32 change)
{
	const struct df_flow_content content = {
		.key = &pkt->key,
		.hash = pkt->hash,
		.hash_len = pkt->hash_len,
		.decision = &pkt->decision,
		.connections = pkt->connections,
		.connection_count = pkt->connection_count,
	};
	bool evicted = false;

	if (!pkt_can_be_kept(pkt) ||
	    !df_flow_add(pkt->dn, &pkt->in->flows, &content, change, &evicted))
		return;
	/* The entry has their references now. */
	pkt->connection_count = 0;
	if (evicted)
		df_stats_eviction(pkt->in->stats);
}

/* Nothing is known of it yet but what was parsed. */
static void pkt_begin(struct df_pkt *pkt)
{
	pkt->out = NULL;
	pkt->out_state = NULL;
	pkt->has_claim = false;
	pkt->answer = (struct df_answer) { .kind = DF_ANSWER_NONE };
	pkt->connection_count = 0;
	pkt->has_copy = false;
	pkt->decision = (struct df_decision) { .slot_count = 0 };
}

/* See to it that its claim is heard; or else it is dropped. */
static int pkt_claim(struct df_pkt *pkt, int reason)
{
	if (likely(!pkt->has_claim) || df_claim_add(pkt))
		return reason;
	/* Who was to be answered is not to be sent an error instead. */
	pkt->answer.kind = DF_ANSWER_NONE;
	return DRAGONFLOW_DROP_REASON_RATE_LIMITED;
}

static int pkt_decide(struct df_pkt *pkt)
{
	int i, reason = 0;

	pkt_begin(pkt);
	for (i = 0; i < ARRAY_SIZE(stages) && !reason; i++)
		reason = stages[i].ask(pkt);
	reason = pkt_claim(pkt, reason);
	return reason ? reason : pkt_confirm(pkt);
}

/* Remember that there is still a use for what is known of another hypervisor. */
static void pkt_note_use(const struct df_pkt *pkt)
{
	if (pkt->out && !df_port_is_local(pkt->out))
		df_port_use(pkt->out);
}

/* Ask the stages, keep what they decide and do it. */
static noinline void pkt_walk(struct df_pkt *pkt)
{
	u32 change = df_change_read(pkt->dn);
	int reason;

	trace_df_miss(pkt->in->id, pkt->skb, pkt->key.tun_id);
	pkt->trace = NULL;
	pkt->in_port = rcu_dereference(pkt->in->port);
	pkt->may_copy = true;
	reason = pkt_decide(pkt);
	if (unlikely(reason == DF_STAGE_AGAIN)) {
		/*
		 * The last fragment made it whole: it is none any more. Or the
		 * receiver's zone knows a connection that the sender's does not.
		 */
		pkt_put_connections(pkt);
		pkt->may_copy = false;
		pkt->hash_len = 0;
		reason = pkt_parse(pkt, pkt->key.tun_id);
		if (!reason)
			reason = pkt_decide(pkt);
		if (reason == DF_STAGE_AGAIN)
			reason = DRAGONFLOW_DROP_REASON_MALFORMED;
	}
	if (!reason) {
		pkt_keep(pkt, change);
		pkt_note_use(pkt);
	}
	pkt_put_connections(pkt);
	if (!reason)
		df_action_execute(pkt, &pkt->decision);
	else if (reason != DF_STAGE_TAKEN)
		df_answer(pkt, reason);
}

/* Do the connections of an entry let it decide the packet? */
static bool pkt_use_connections(const struct df_pkt *pkt,
				const struct df_flow *flow, u32 len)
{
	int i;

	for (i = 0; i < flow->connection_count; i++)
		if (!df_ct_use(&flow->connections[i], pkt->info.tcp_flags,
			       pkt->packets, len))
			return false;
	return true;
}

/* Does the packet have no entry but for being a reset of its connections? */
static bool pkt_is_reset(const struct df_pkt *pkt, const struct df_flow *flow)
{
	int i;

	for (i = 0; flow && i < flow->connection_count; i++)
		if (!df_ct_is_reset(&flow->connections[i],
				    pkt->info.tcp_flags))
			return false;
	return flow && flow->connection_count;
}

/**
 * df_pipeline_receive() - a packet has come from a port
 * @dn: namespace
 * @in: the port
 * @skb: not shared, data at the network header; consumed
 * @tun_id: VNI that it came with; 0 if not by a tunnel
 *
 * Context: softirq or BH off, RCU read-side section.
 */
void df_pipeline_receive(struct df_net *dn, struct df_local *in,
			 struct sk_buff *skb, u32 tun_id)
{
	struct df_pkt pkt NOT_CLEARED;
	struct df_flow *flow;
	int reason;
	u32 len;

	pkt.dn = dn;
	pkt.in = in;
	pkt.skb = skb;
	pkt.packets = df_skb_packets(skb);
	pkt.largest_fragment = 0;
	len = df_skb_bytes(skb);
	df_stats_rx(in->stats, pkt.packets, len);

	reason = pkt_parse(&pkt, tun_id);
	if (unlikely(reason)) {
		df_action_drop(&pkt, skb, reason);
		return;
	}
	pkt.hash_len = df_flow_key_len(&in->flows, &pkt.key);
	flow = df_flow_find_rcu(dn, &pkt.key, pkt.hash_len, &pkt.hash);
	if (likely(flow && df_flow_is_current(dn, flow) &&
		   df_action_suits(&pkt, &flow->decision.action) &&
		   (!flow->connection_count ||
		    pkt_use_connections(&pkt, flow, len)))) {
		df_stats_hit(in->stats);
		df_flow_account(flow, pkt.packets, len);
		df_action_execute(&pkt, &flow->decision);
		return;
	}
	df_stats_miss(in->stats);
	pkt.is_reset = pkt_is_reset(&pkt, flow);
	pkt.has_waited = false;
	pkt_walk(&pkt);
}

/**
 * df_pipeline_resume() - a packet that has waited goes on
 * @dn: namespace
 * @in: the port that it came from, a vif
 * @skb: as it began to wait, but for its device; consumed
 * @largest_fragment: as in &struct df_pkt
 *
 * It walks, and was counted when it came.
 *
 * Context: softirq or BH off, RCU read-side section.
 */
void df_pipeline_resume(struct df_net *dn, struct df_local *in,
			struct sk_buff *skb, u16 largest_fragment)
{
	struct df_pkt pkt = {
		.dn = dn,
		.in = in,
		.skb = skb,
		.packets = df_skb_packets(skb),
		.largest_fragment = largest_fragment,
		.has_waited = true,
	};
	int reason = pkt_parse(&pkt, 0);

	if (unlikely(reason))
		df_action_drop(&pkt, skb, reason);
	else
		pkt_walk(&pkt);
}

static void trace_flow(struct df_pkt *pkt)
{
	struct df_flow_owner *owner = &pkt->in->flows;
	struct df_trace_step *step;
	struct df_flow *flow;
	u32 hash;

	step = df_trace_add(pkt->trace, DRAGONFLOW_TRACE_STAGE_FLOW);
	flow = df_flow_find_rcu(pkt->dn, &pkt->key,
				df_flow_key_len(owner, &pkt->key), &hash);
	step->has_flow = flow && df_flow_is_current(pkt->dn, flow) &&
		df_action_suits(pkt, &flow->decision.action);
}

static int trace_parse(struct df_pkt *pkt, u32 tun_id)
{
	struct df_trace_step *step;
	int reason = pkt_parse(pkt, tun_id);

	step = df_trace_add(pkt->trace, DRAGONFLOW_TRACE_STAGE_PARSE);
	step->port = pkt->in->id;
	if (pkt->in->is_tunnel)
		step->tun_id = tun_id;
	if (reason)
		df_trace_end(pkt->trace, step, reason);
	return reason;
}

/* As pkt_decide(), but no connection begins. */
static int trace_decide(struct df_pkt *pkt)
{
	int i, reason = 0;

	pkt_begin(pkt);
	for (i = 0; i < ARRAY_SIZE(stages) && !reason; i++) {
		reason = stages[i].ask(pkt);
		df_trace_result(pkt, stages[i].name, reason);
	}
	return pkt_claim(pkt, reason);
}

/**
 * df_pipeline_trace() - tell what would become of a packet
 * @dn: namespace
 * @in: the port that it comes from
 * @skb: not shared, linear, data at the network header; as it would leave
 *	afterwards, if it would
 * @tun_id: VNI that it comes with; 0 if not by a tunnel
 * @trace: the record, empty
 *
 * It walks, whether there is a flow entry or not: that says the same. Nothing
 * is sent, counted or kept.
 *
 * Context: BH off, RCU read-side section.
 */
void df_pipeline_trace(struct df_net *dn, struct df_local *in,
		       struct sk_buff *skb, u32 tun_id, struct df_trace *trace)
{
	struct df_pkt pkt = {
		.dn = dn,
		.in = in,
		.in_port = rcu_dereference(in->port),
		.skb = skb,
		.packets = 1,
		.trace = trace,
	};
	int reason;

	if (trace_parse(&pkt, tun_id))
		return;
	skb_set_transport_header(skb, pkt.info.l4 ?
				 pkt.info.l4 - skb_mac_header_len(skb) : 0);
	trace_flow(&pkt);
	reason = trace_decide(&pkt);
	pkt_put_connections(&pkt);
	if (!reason)
		df_action_trace(&pkt);
	else if (reason != DF_STAGE_TAKEN)
		df_answer_trace(&pkt, reason);
}
