// SPDX-License-Identifier: GPL-2.0
/*
 * Policy: do the security groups of a port allow the packet? Twice: for the
 * sender's port, before anything else is asked, and for the receiver's.
 *
 * Stateful groups judge connections: the packet that one began with, whichever
 * packet of it walks. So a walk also finds out whether a connection is still
 * allowed, and a change of rules has done with those that are not as soon as
 * their entries are no longer current.
 */
#include <linux/etherdevice.h>
#include <net/ipv6.h>

#include "control/log.h"
#include "stage/trace.h"
#include "table/addrset.h"
#include "table/local.h"
#include "table/port.h"
#include "table/prefix.h"
#include "table/secgroup.h"

/**
 * struct question - what the groups of a port are asked
 * @direction: of the packet that is judged
 * @query: its remote end and L4 number
 */
struct question {
	enum dragonflow_direction direction;
	struct df_rule_query query;
};

static void set_remote(struct question *question, const struct in6_addr *ip)
{
	df_lpm_key_set(&question->query.remote, ip);
}

/* Port numbers, and ICMP's type and code, are where the parser put them. */
static u16 pkt_l4(const struct df_pkt *pkt)
{
	const struct df_key *key = &pkt->key;

	if (df_pkt_is_icmp(pkt))
		return ntohs(key->l4_src) << 8 | (ntohs(key->l4_dst) & U8_MAX);
	return ntohs(key->l4_dst);
}

/* Ask about the packet itself. */
static void ask_packet(const struct df_pkt *pkt, struct question *question)
{
	const union df_key_ip *remote =
		question->direction == DRAGONFLOW_DIRECTION_EGRESS ?
		&pkt->key.dst : &pkt->key.src;

	question->query.is_ip6 = df_pkt_is_ip6(pkt);
	question->query.l4 = df_l4_number(pkt->key.ip_proto, pkt_l4(pkt));
	if (question->query.is_ip6)
		set_remote(question, &remote->ip6);
	else
		question->query.remote = df_lpm_key_ip4(remote->ip4);
}

/*
 * Ask about the packet that its connection began with: what was a reply is
 * judged by the rules of the other direction.
 */
static void ask_connection(const struct df_ct_ref *ref,
			   struct question *question)
{
	struct df_ct_origin origin;

	df_ct_origin(ref, &origin);
	if (!df_ct_is_original(ref))
		question->direction =
			question->direction == DRAGONFLOW_DIRECTION_EGRESS ?
			DRAGONFLOW_DIRECTION_INGRESS :
			DRAGONFLOW_DIRECTION_EGRESS;
	question->query.l4 = df_l4_number(origin.protocol, origin.l4);
	set_remote(question,
		   question->direction == DRAGONFLOW_DIRECTION_EGRESS ?
		   &origin.dst : &origin.src);
}

/* A rule that allows it, of the stateful groups or of the others. */
static struct df_rule *find_rule(struct df_pkt *pkt,
				 const struct df_policy *policy,
				 const struct question *question,
				 bool stateless)
{
	struct df_ruleset *ruleset;
	struct df_rule *rule = NULL;
	bool has_sets = false;
	u32 i;

	for (i = 0; i < policy->count && !rule; i++) {
		struct df_group *group = policy->entries[i].group;

		if (df_group_is_stateless(group) != stateless)
			continue;
		ruleset = df_group_ruleset(group, question->direction,
					   question->query.is_ip6);
		has_sets |= !list_empty(&ruleset->sets);
		rule = df_ruleset_match_rcu(ruleset, &question->query);
	}
	if (has_sets)
		df_pkt_depend(pkt, DF_GENERATION_MEMBER,
			      df_member_slot_id(&question->query.remote));
	df_trace_rule(pkt, rule);
	return rule;
}

static noinline void log_accept(const struct df_pkt *pkt,
				const struct df_port *port,
				enum dragonflow_direction direction,
				const struct df_rule *rule)
{
	const struct df_log_entry entry = {
		.port = port,
		.direction = direction,
		.verdict = DRAGONFLOW_LOG_VERDICT_ACCEPT,
		.group = rule->group->obj.id,
		.rule = rule->obj.id,
	};

	df_log(pkt, &entry);
}

/* The rule has let a packet, or a connection, begin. */
static void accept(const struct df_pkt *pkt, const struct df_port *port,
		   enum dragonflow_direction direction, struct df_rule *rule)
{
	/* When it began to wait, the same was said of it. */
	if (df_pkt_is_traced(pkt) ||
	    (pkt->has_waited && direction == DRAGONFLOW_DIRECTION_EGRESS))
		return;
	atomic64_inc(&rule->matches);
	if (unlikely(df_group_has(rule->group,
				  DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_ACCEPT)))
		log_accept(pkt, port, direction, rule);
}

/* No rule allows the packet; is one of the groups to tell? */
static int refuse(const struct df_pkt *pkt, const struct df_port *port,
		  enum dragonflow_direction direction)
{
	const struct df_policy *policy = port->policy;
	struct df_log_entry entry = {
		.port = port,
		.direction = direction,
		.verdict = DRAGONFLOW_LOG_VERDICT_DROP,
	};
	u32 i;

	for (i = 0; i < policy->count && !df_pkt_is_traced(pkt); i++) {
		if (!df_group_has(policy->entries[i].group,
				  DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_DROP))
			continue;
		entry.group = policy->entries[i].group->obj.id;
		df_log(pkt, &entry);
		break;
	}
	return direction == DRAGONFLOW_DIRECTION_EGRESS ?
		DRAGONFLOW_DROP_REASON_POLICY_EGRESS :
		DRAGONFLOW_DROP_REASON_POLICY_INGRESS;
}

/* Does the packet belong to connections at all? To many receivers, to none. */
static bool is_tracked(const struct df_pkt *pkt)
{
	return !is_multicast_ether_addr(pkt->key.eth_dst);
}

/*
 * What is a connection's first packet at the sender's port is also that at the
 * receiver's, if nothing odd is going on; then its rules are asked about the
 * packet itself, and conntrack does most of its work once for both. Nothing odd
 * it was if the connection can be confirmed: see pkt_confirm().
 */
static bool begins_at_both(struct df_pkt *pkt, const struct df_port *port,
			   const struct question *question)
{
	struct df_rule *rule;

	if (!pkt->may_copy || pkt->connection_count != 1)
		return false;
	rule = find_rule(pkt, port->policy, question, false);
	if (!rule || !df_ct_copy(port->local->zone, &pkt->connections[0],
				 pkt->skb, &pkt->connections[1]))
		return false;
	pkt->zones[pkt->connection_count++] = port->local->zone;
	pkt->has_copy = true;
	accept(pkt, port, question->direction, rule);
	return true;
}

/* Find its connection, or let it begin one; if it is traced, only look. */
static int track(struct df_pkt *pkt, const struct df_port *port,
		 struct df_ct_ref *ref)
{
	bool is_ip6 = df_pkt_is_ip6(pkt);
	int reason;

	if (!df_pkt_is_traced(pkt))
		return df_ct_track(port->local->zone, pkt->skb, is_ip6, ref);
	reason = df_ct_peek(port->local->zone, pkt->trace->scratch, pkt->skb,
			    is_ip6, ref);
	if (!reason)
		df_trace_connection(pkt, ref);
	return reason;
}

static int judge_connection(struct df_pkt *pkt, const struct df_port *port,
			    struct question *question)
{
	enum dragonflow_direction direction = question->direction;
	struct df_ct_ref *ref = &pkt->connections[pkt->connection_count];
	bool is_new = true;
	struct df_rule *rule;
	int reason;

	if (begins_at_both(pkt, port, question))
		return 0;
	if (is_tracked(pkt)) {
		reason = track(pkt, port, ref);
		if (reason)
			return reason;
		if (ref->nfct) {
			pkt->zones[pkt->connection_count++] = port->local->zone;
			is_new = df_ct_is_new(ref);
			if (!is_new)
				ask_connection(ref, question);
		}
	}
	rule = find_rule(pkt, port->policy, question, false);
	if (rule) {
		if (is_new)
			accept(pkt, port, direction, rule);
		return 0;
	}
	if (!is_new && !df_pkt_is_traced(pkt))
		df_ct_kill(ref);
	return refuse(pkt, port, direction);
}

/* Is the packet one that groups judge? */
static bool is_judged(const struct df_pkt *pkt, const struct df_port *port)
{
	return port->policy && !pkt->info.is_neighbour &&
		(df_pkt_is_ip4(pkt) || df_pkt_is_ip6(pkt));
}

static enum dragonflow_drop_reason fragment_reason(int err)
{
	switch (err) {
	case -ENOBUFS:
		return DRAGONFLOW_DROP_REASON_FRAGMENT_LIMIT;
	case -ENOMEM:
		return DRAGONFLOW_DROP_REASON_NO_MEMORY;
	default:
		return DRAGONFLOW_DROP_REASON_MALFORMED;
	}
}

/* Rules are about L4 headers, which most fragments have not. */
static int wait_for_fragments(struct df_pkt *pkt, const struct df_port *port)
{
	struct df_ct_zone *zone = port->local->zone;
	bool is_ip6 = df_pkt_is_ip6(pkt);
	int err;

	if (df_pkt_is_traced(pkt))
		return df_ct_zone_can_hold(zone, is_ip6, pkt->skb->truesize) ?
			DF_STAGE_TAKEN : DRAGONFLOW_DROP_REASON_FRAGMENT_LIMIT;
	err = df_ct_defrag(zone, pkt->skb, is_ip6, &pkt->largest_fragment);
	if (!err)
		return DF_STAGE_AGAIN;
	if (err != -EINPROGRESS)
		df_stats_drop(pkt->in->stats, fragment_reason(err),
			      pkt->packets);
	return DF_STAGE_TAKEN;
}

static int judge(struct df_pkt *pkt, const struct df_port *port,
		 enum dragonflow_direction direction)
{
	struct question question = { .direction = direction };
	struct df_rule *rule;

	if (!is_judged(pkt, port))
		return 0;
	if (!df_pkt_is_traced(pkt))
		df_flow_refine(&pkt->in->flows);
	if (df_guard_is_needed(pkt, direction))
		return 0;
	if (pkt->key.ip_frag != DRAGONFLOW_IP_FRAGMENT_NONE && is_tracked(pkt))
		return wait_for_fragments(pkt, port);
	ask_packet(pkt, &question);
	if (port->policy->is_stateless) {
		rule = find_rule(pkt, port->policy, &question, true);
		if (rule) {
			accept(pkt, port, direction, rule);
			return 0;
		}
	}
	if (!port->policy->is_stateful)
		return refuse(pkt, port, direction);
	return judge_connection(pkt, port, &question);
}

int df_stage_egress(struct df_pkt *pkt)
{
	return judge(pkt, pkt->in_port, DRAGONFLOW_DIRECTION_EGRESS);
}

int df_stage_ingress(struct df_pkt *pkt)
{
	if (!pkt->out || !df_port_is_local(pkt->out))
		return 0;
	return judge(pkt, pkt->out, DRAGONFLOW_DIRECTION_INGRESS);
}

/**
 * df_policy_allows_copy() - may a port have a copy of a flooded packet?
 * @pkt: the packet
 * @port: the port
 *
 * Many receivers make no connection: each packet is judged by itself.
 *
 * Return: whether it may.
 */
bool df_policy_allows_copy(const struct df_pkt *pkt, const struct df_port *port)
{
	struct question question = {
		.direction = DRAGONFLOW_DIRECTION_INGRESS,
	};
	struct df_ruleset *ruleset;
	u32 i;

	if (!is_judged(pkt, port) || df_guard_is_needed(pkt, question.direction))
		return true;
	ask_packet(pkt, &question);
	for (i = 0; i < port->policy->count; i++) {
		ruleset = df_group_ruleset(port->policy->entries[i].group,
					   question.direction,
					   question.query.is_ip6);
		if (df_ruleset_match_rcu(ruleset, &question.query))
			return true;
	}
	return false;
}
