// SPDX-License-Identifier: GPL-2.0
/* What a packet looks like, what a trace says about it, and a log. */
#include <linux/dragonflow.h>

#include "decode.h"

static const char *const stages[] = {
	"0", "parse", "flow", "admit", "guard", "egress", "respond", "route", "switch",
	"ingress", "output", "fit", "claim", "answer", "send", "lookup", NULL
};
static const char *const verdicts[] = {
	"0", "pass", "drop", "answer", "wait", "send", NULL
};
static const char *const connections[] = {
	"0", "new", "original", "reply", "related", NULL
};
static const char *const answers[] = {
	"0", "arp", "neighbour", "echo", "ttl-exceeded", "no-network", "no-host", "no-port",
	"prohibited", "too-big", "agent", NULL
};

const struct attr_spec dfctl_match_spec[DFCTL_MATCH_SPEC_SIZE] = {
	[DF_A_MATCH_TUNNEL_ID] = { "tunnel_id", TYPE_U32 },
	[DF_A_MATCH_ETH_SRC] = { "eth_src", TYPE_MAC },
	[DF_A_MATCH_ETH_DST] = { "eth_dst", TYPE_MAC },
	[DF_A_MATCH_ETH_TYPE] = { "eth_type", TYPE_HEX16 },
	[DF_A_MATCH_VLAN_TCI] = { "vlan_tci", TYPE_BE16 },
	[DF_A_MATCH_IP_PROTO] = { "ip_proto", TYPE_U8 },
	[DF_A_MATCH_IP_FRAGMENT] = { "ip_fragment", TYPE_ENUM, .names = dfctl_fragments },
	[DF_A_MATCH_IP4_SRC] = { "ip4_src", TYPE_IP4 },
	[DF_A_MATCH_IP4_DST] = { "ip4_dst", TYPE_IP4 },
	[DF_A_MATCH_IP6_SRC] = { "ip6_src", TYPE_IP6 },
	[DF_A_MATCH_IP6_DST] = { "ip6_dst", TYPE_IP6 },
	[DF_A_MATCH_L4_SRC] = { "l4_src", TYPE_BE16 },
	[DF_A_MATCH_L4_DST] = { "l4_dst", TYPE_BE16 },
};

static const struct attr_spec step_spec[] = {
	[DF_A_TRACE_STEP_STAGE] = { "stage", TYPE_ENUM, .names = stages },
	[DF_A_TRACE_STEP_VERDICT] = { "verdict", TYPE_ENUM, .names = verdicts },
	[DF_A_TRACE_STEP_REASON] = { "reason", TYPE_ENUM, .names = dfctl_drop_reasons },
	[DF_A_TRACE_STEP_NETWORK] = { "network", TYPE_U32 },
	[DF_A_TRACE_STEP_PORT] = { "port", TYPE_U32 },
	[DF_A_TRACE_STEP_ROUTER] = { "router", TYPE_U32 },
	[DF_A_TRACE_STEP_INTERFACE] = { "interface", TYPE_U32 },
	[DF_A_TRACE_STEP_OUT_INTERFACE] = { "out_interface", TYPE_U32 },
	[DF_A_TRACE_STEP_ROUTE] = { "route", TYPE_U32 },
	[DF_A_TRACE_STEP_PREFIX_IP4] = { "prefix_ip4", TYPE_IP4 },
	[DF_A_TRACE_STEP_PREFIX_IP6] = { "prefix_ip6", TYPE_IP6 },
	[DF_A_TRACE_STEP_PREFIX_LEN] = { "prefix_len", TYPE_U8 },
	[DF_A_TRACE_STEP_IP4] = { "ip4", TYPE_IP4 },
	[DF_A_TRACE_STEP_IP6] = { "ip6", TYPE_IP6 },
	[DF_A_TRACE_STEP_MAC] = { "mac", TYPE_MAC },
	[DF_A_TRACE_STEP_GROUP] = { "group", TYPE_U32 },
	[DF_A_TRACE_STEP_RULE] = { "rule", TYPE_U32 },
	[DF_A_TRACE_STEP_CONNECTION] = { "connection", TYPE_ENUM, .names = connections },
	[DF_A_TRACE_STEP_ANSWER] = { "answer", TYPE_ENUM, .names = answers },
	[DF_A_TRACE_STEP_ACTION] = { "action", TYPE_ENUM, .names = dfctl_actions },
	[DF_A_TRACE_STEP_CHASSIS] = { "chassis", TYPE_U32 },
	[DF_A_TRACE_STEP_TUNNEL_ID] = { "tunnel_id", TYPE_U32 },
	[DF_A_TRACE_STEP_MTU] = { "mtu", TYPE_U32 },
	[DF_A_TRACE_STEP_FLOW] = { "flow", TYPE_FLAG },
	[DF_A_TRACE_STEP_LOOKUP] = { "lookup", TYPE_ENUM, .names = dfctl_lookup_states },
};

const struct attr_spec dfctl_trace_spec[] = {
	[DF_A_TRACE_FRAME] = { "frame", TYPE_BYTES },
	[DF_A_TRACE_STEP] = { "step", TYPE_NEST, .multi = true, .nest = step_spec,
			      .nest_size = ARRAY_SIZE(step_spec) },
	[DF_A_TRACE_LOST] = { "lost", TYPE_U32 },
	[DF_A_TRACE_VERDICT] = { "verdict", TYPE_ENUM, .names = verdicts },
	[DF_A_TRACE_REASON] = { "reason", TYPE_ENUM, .names = dfctl_drop_reasons },
};

const size_t dfctl_trace_spec_size = ARRAY_SIZE(dfctl_trace_spec);

static const char *const log_verdicts[] = { "0", "accept", "drop", NULL };

const struct attr_spec dfctl_log_spec[] = {
	[DF_A_LOG_PORT] = { "port", TYPE_U32 },
	[DF_A_LOG_DIRECTION] = { "direction", TYPE_ENUM, .names = dfctl_directions },
	[DF_A_LOG_VERDICT] = { "verdict", TYPE_ENUM, .names = log_verdicts },
	[DF_A_LOG_GROUP] = { "group", TYPE_U32 },
	[DF_A_LOG_RULE] = { "rule", TYPE_U32 },
	[DF_A_LOG_NETWORK] = { "network", TYPE_U32 },
	[DF_A_LOG_MATCH] = { "match", TYPE_NEST, .nest = dfctl_match_spec,
			     .nest_size = DFCTL_MATCH_SPEC_SIZE },
	[DF_A_LOG_TIME_NS] = { "time_ns", TYPE_U64 },
	[DF_A_LOG_SUPPRESSED] = { "suppressed", TYPE_U32 },
};

const size_t dfctl_log_spec_size = ARRAY_SIZE(dfctl_log_spec);
