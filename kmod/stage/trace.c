// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>

#include "stage/trace.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/network.h"
#include "table/peer.h"
#include "table/port.h"
#include "table/prefix.h"
#include "table/route.h"
#include "table/router.h"
#include "table/secgroup.h"

/**
 * df_trace_add() - a new step
 * @trace: the record
 * @stage: where
 *
 * Return: the step, which passes so far.
 */
struct df_trace_step *df_trace_add(struct df_trace *trace,
				   enum dragonflow_trace_stage stage)
{
	struct df_trace_step *step = &trace->spare;

	if (trace->count < ARRAY_SIZE(trace->steps))
		step = &trace->steps[trace->count++];
	else
		trace->lost++;
	*step = (struct df_trace_step) {
		.stage = stage,
		.verdict = DRAGONFLOW_TRACE_VERDICT_PASS,
		.tun_id = DF_VNI_NONE,
	};
	return step;
}

static struct df_trace_step *last(struct df_trace *trace)
{
	return !trace->lost && trace->count ?
		&trace->steps[trace->count - 1] : &trace->spare;
}

/* The step that was added last, if it is this stage's, or a new one. */
static struct df_trace_step *step_of(struct df_trace *trace,
				     enum dragonflow_trace_stage stage)
{
	struct df_trace_step *step = last(trace);

	return step->stage == stage ? step : df_trace_add(trace, stage);
}

/**
 * df_trace_end() - what a step has found is also what becomes of the packet
 * @trace: the record
 * @step: the step
 * @reason: what a stage has returned, not 0
 */
void df_trace_end(struct df_trace *trace, struct df_trace_step *step,
		  int reason)
{
	switch (reason) {
	case DF_STAGE_ANSWERED:
		step->verdict = DRAGONFLOW_TRACE_VERDICT_ANSWER;
		break;
	case DF_STAGE_TAKEN:
	case DF_STAGE_AGAIN:
	case DF_STAGE_LOOKUP:
		step->verdict = DRAGONFLOW_TRACE_VERDICT_WAIT;
		break;
	default:
		step->verdict = DRAGONFLOW_TRACE_VERDICT_DROP;
		step->reason = reason;
	}
	trace->verdict = step->verdict;
	trace->reason = step->reason;
}

static void set_mac(struct df_trace_step *step, const u8 *mac)
{
	step->has_mac = true;
	ether_addr_copy(step->mac, mac);
}

static void set_ip(struct df_trace_step *step, const struct in6_addr *ip)
{
	step->has_ip = true;
	step->ip = *ip;
}

/* Whose address a question is about. */
static void set_asked(struct df_trace_step *step, const struct df_pkt *pkt)
{
	struct df_address *address = pkt->answer.address;

	if (!address)
		return;
	set_ip(step, &address->key.ip);
	set_mac(step, df_address_mac(address));
	if (address->owner == DF_ADDRESS_INTERFACE)
		step->out_interface = df_address_interface(address)->obj.id;
	else
		step->port = df_address_holder(address)->obj.id;
}

static void set_output(struct df_trace_step *step, const struct df_pkt *pkt)
{
	const struct df_action *action = &pkt->decision.action;

	step->action = action->type;
	switch (action->type) {
	case DRAGONFLOW_ACTION_TYPE_OUTPUT:
		step->port = action->local->id;
		break;
	case DRAGONFLOW_ACTION_TYPE_TUNNEL:
		step->port = pkt->out->obj.id;
		step->chassis = action->peer->key.chassis;
		step->tun_id = action->tun_id;
		break;
	default:
		step->network = pkt->network->obj.id;
	}
}

/* What the walk knows after a stage. */
static void set_common(struct df_trace_step *step, const struct df_pkt *pkt,
		       bool has_passed)
{
	switch (step->stage) {
	case DRAGONFLOW_TRACE_STAGE_ADMIT:
	case DRAGONFLOW_TRACE_STAGE_GUARD:
	case DRAGONFLOW_TRACE_STAGE_EGRESS:
		step->port = pkt->in->id;
		step->network = pkt->network ? pkt->network->obj.id : 0;
		break;
	case DRAGONFLOW_TRACE_STAGE_RESPOND:
		set_asked(step, pkt);
		break;
	case DRAGONFLOW_TRACE_STAGE_ROUTE:
	case DRAGONFLOW_TRACE_STAGE_SWITCH:
		step->network = pkt->network->obj.id;
		fallthrough;
	case DRAGONFLOW_TRACE_STAGE_INGRESS:
		step->port = pkt->out ? pkt->out->obj.id : 0;
		break;
	case DRAGONFLOW_TRACE_STAGE_OUTPUT:
		if (has_passed)
			set_output(step, pkt);
		break;
	case DRAGONFLOW_TRACE_STAGE_FIT:
		step->mtu = pkt->decision.action.mtu;
		break;
	default:
		break;
	}
}

/**
 * df_trace_result() - a stage has decided
 * @pkt: packet that is traced
 * @stage: the stage
 * @reason: what it has returned
 */
void df_trace_result(struct df_pkt *pkt, enum dragonflow_trace_stage stage,
		     int reason)
{
	struct df_trace_step *step = step_of(pkt->trace, stage);

	set_common(step, pkt, !reason);
	if (pkt->out_mac && stage == DRAGONFLOW_TRACE_STAGE_ROUTE && !reason)
		set_mac(step, pkt->out_mac);
	if (reason)
		df_trace_end(pkt->trace, step, reason);
}

/* The packet's claim is news; has its port tokens for it? */
void df_trace_claim(struct df_pkt *pkt, bool has_room)
{
	struct df_trace_step *step;

	step = df_trace_add(pkt->trace, DRAGONFLOW_TRACE_STAGE_CLAIM);
	step->network = pkt->claim.network;
	step->port = pkt->claim.port;
	set_ip(step, &pkt->claim.ip);
	set_mac(step, pkt->claim.mac);
	if (!has_room)
		df_trace_end(pkt->trace, step,
			     DRAGONFLOW_DROP_REASON_RATE_LIMITED);
}

static void set_name(struct df_trace_step *step, const struct df_name *name)
{
	if (name->kind == DF_NAME_IP)
		set_ip(step, &name->name);
	else
		set_mac(step, (const u8 *)&name->name);
}

/* The packet would wait for an address, or be dropped for @reason. */
void df_trace_wait(struct df_pkt *pkt, int reason)
{
	struct df_trace_step *step;

	step = df_trace_add(pkt->trace, DRAGONFLOW_TRACE_STAGE_LOOKUP);
	step->network = pkt->answer.lookup.network;
	set_name(step, &pkt->answer.lookup);
	df_trace_end(pkt->trace, step, reason ?: DF_STAGE_LOOKUP);
}

void __df_trace_hop(struct df_pkt *pkt, const struct df_interface *interface)
{
	struct df_trace_step *step;

	step = df_trace_add(pkt->trace, DRAGONFLOW_TRACE_STAGE_ROUTE);
	step->network = interface->network->obj.id;
	step->interface = interface->obj.id;
	step->router = interface->router->obj.id;
}

void __df_trace_prefix(struct df_pkt *pkt, const struct df_prefix *prefix,
		       const struct df_route *route)
{
	struct df_trace_step *step;

	step = step_of(pkt->trace, DRAGONFLOW_TRACE_STAGE_ROUTE);
	step->has_prefix = true;
	step->prefix_len = prefix->len;
	df_lpm_key_get(&step->prefix, &prefix->key, prefix->is_ip6);
	step->route = route ? route->obj.id : 0;
}

void __df_trace_nexthop(struct df_pkt *pkt, const struct df_interface *out,
			const struct in6_addr *gateway)
{
	struct df_trace_step *step;

	step = step_of(pkt->trace, DRAGONFLOW_TRACE_STAGE_ROUTE);
	step->out_interface = out->obj.id;
	set_ip(step, gateway);
}

/* Which of the two judges, when the packet is at a port. */
static enum dragonflow_trace_stage judge(const struct df_pkt *pkt)
{
	/* The receiver's judge the packet once it has one. */
	return pkt->out ? DRAGONFLOW_TRACE_STAGE_INGRESS :
		DRAGONFLOW_TRACE_STAGE_EGRESS;
}

void __df_trace_rule(struct df_pkt *pkt, const struct df_rule *rule)
{
	struct df_trace_step *step = step_of(pkt->trace, judge(pkt));

	step->rule = rule->obj.id;
	step->group = rule->group->obj.id;
}

void __df_trace_connection(struct df_pkt *pkt, const struct df_ct_ref *ref)
{
	struct df_trace_step *step = step_of(pkt->trace, judge(pkt));

	if (!ref->nfct)
		step->connection = DRAGONFLOW_TRACE_CONNECTION_NEW;
	else if (df_ct_is_related(ref))
		step->connection = DRAGONFLOW_TRACE_CONNECTION_RELATED;
	else if (df_ct_is_original(ref))
		step->connection = DRAGONFLOW_TRACE_CONNECTION_ORIGINAL;
	else
		step->connection = DRAGONFLOW_TRACE_CONNECTION_REPLY;
}

/* A MAC is looked for by switch, an address by route, or else by respond. */
void __df_trace_lookup(struct df_pkt *pkt, const struct df_name *key,
		       bool is_absent)
{
	enum dragonflow_trace_stage stage = DRAGONFLOW_TRACE_STAGE_SWITCH;
	struct df_trace_step *step;

	if (key->kind == DF_NAME_IP)
		stage = last(pkt->trace)->stage == DRAGONFLOW_TRACE_STAGE_ROUTE ?
			DRAGONFLOW_TRACE_STAGE_ROUTE :
			DRAGONFLOW_TRACE_STAGE_RESPOND;
	step = step_of(pkt->trace, stage);
	set_name(step, key);
	step->lookup = is_absent ? DRAGONFLOW_LOOKUP_STATE_ABSENT :
		DRAGONFLOW_LOOKUP_STATE_PENDING;
}
