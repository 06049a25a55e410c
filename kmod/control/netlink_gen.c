// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	uapi/dragonflow.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink_gen.h"

#include <uapi/linux/dragonflow.h>

/* Integer value ranges */
static struct netlink_range_validation df_a_datapath_flow_idle_ms_range = {
	.min	= 100ULL,
	.max	= 3600000ULL,
};

static struct netlink_range_validation df_a_datapath_log_rate_range = {
	.min	= 1ULL,
	.max	= 1000000ULL,
};

static struct netlink_range_validation df_a_datapath_log_burst_range = {
	.min	= 1ULL,
	.max	= 1000000ULL,
};

static struct netlink_range_validation df_a_network_vni_range = {
	.max	= DRAGONFLOW_VNI_MAX,
};

static struct netlink_range_validation df_a_port_flow_limit_range = {
	.max	= DRAGONFLOW_FLOW_LIMIT_MAX,
};

static struct netlink_range_validation df_a_port_connection_limit_range = {
	.min	= 1ULL,
	.max	= DRAGONFLOW_CONNECTION_LIMIT_MAX,
};

static struct netlink_range_validation df_a_router_interface_mtu_range = {
	.min	= 68ULL,
	.max	= 65535ULL,
};

static struct netlink_range_validation df_a_trace_tunnel_id_range = {
	.max	= DRAGONFLOW_VNI_MAX,
};

static struct netlink_range_validation df_a_lookup_ttl_ms_range = {
	.min	= 1ULL,
	.max	= DRAGONFLOW_LOOKUP_TTL_MS_MAX,
};

/* Common nested types */
const struct nla_policy dragonflow_address_hold_nl_policy[DF_A_ADDRESS_HOLD_ACTIVE + 1] = {
	[DF_A_ADDRESS_HOLD_MAC] = NLA_POLICY_EXACT_LEN(6),
	[DF_A_ADDRESS_HOLD_IP4] = { .type = NLA_U32, },
	[DF_A_ADDRESS_HOLD_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_ADDRESS_HOLD_SINCE] = { .type = NLA_U64, },
	[DF_A_ADDRESS_HOLD_ACTIVE] = { .type = NLA_FLAG, },
};

const struct nla_policy dragonflow_address_pair_nl_policy[DF_A_ADDRESS_PAIR_PREFIX_LEN + 1] = {
	[DF_A_ADDRESS_PAIR_MAC] = NLA_POLICY_EXACT_LEN(6),
	[DF_A_ADDRESS_PAIR_IP4] = { .type = NLA_U32, },
	[DF_A_ADDRESS_PAIR_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_ADDRESS_PAIR_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
};

const struct nla_policy dragonflow_nexthop_nl_policy[DF_A_NEXTHOP_WEIGHT + 1] = {
	[DF_A_NEXTHOP_INTERFACE] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_NEXTHOP_IP4] = { .type = NLA_U32, },
	[DF_A_NEXTHOP_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_NEXTHOP_WEIGHT] = NLA_POLICY_RANGE(NLA_U32, 1, DRAGONFLOW_NEXTHOP_WEIGHT_MAX),
};

const struct nla_policy dragonflow_router_address_nl_policy[DF_A_ROUTER_ADDRESS_PREFIX_LEN + 1] = {
	[DF_A_ROUTER_ADDRESS_IP4] = { .type = NLA_U32, },
	[DF_A_ROUTER_ADDRESS_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_ROUTER_ADDRESS_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
};

/* DF_CMD_DATAPATH_GET - do */
const struct nla_policy dragonflow_datapath_get_nl_policy[DF_A_DATAPATH_PAD + 1] = {
};

/* DF_CMD_DATAPATH_SET - do */
const struct nla_policy dragonflow_datapath_set_nl_policy[DF_A_DATAPATH_LOG_BURST + 1] = {
	[DF_A_DATAPATH_FLOW_IDLE_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &df_a_datapath_flow_idle_ms_range),
	[DF_A_DATAPATH_LOG_RATE] = NLA_POLICY_FULL_RANGE(NLA_U32, &df_a_datapath_log_rate_range),
	[DF_A_DATAPATH_LOG_BURST] = NLA_POLICY_FULL_RANGE(NLA_U32, &df_a_datapath_log_burst_range),
};

/* DF_CMD_NETWORK_NEW - do */
const struct nla_policy dragonflow_network_new_nl_policy[DF_A_NETWORK_FLAGS + 1] = {
	[DF_A_NETWORK_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_NETWORK_VNI] = NLA_POLICY_FULL_RANGE(NLA_U32, &df_a_network_vni_range),
	[DF_A_NETWORK_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x3),
};

/* DF_CMD_NETWORK_DEL - do */
const struct nla_policy dragonflow_network_del_nl_policy[DF_A_NETWORK_ID + 1] = {
	[DF_A_NETWORK_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_NETWORK_GET - do */
const struct nla_policy dragonflow_network_get_nl_policy[DF_A_NETWORK_ID + 1] = {
	[DF_A_NETWORK_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_PORT_NEW - do */
const struct nla_policy dragonflow_port_new_nl_policy[DF_A_PORT_CONNECTION_LIMIT + 1] = {
	[DF_A_PORT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_PORT_TYPE] = NLA_POLICY_RANGE(NLA_U32, 1, 3),
	[DF_A_PORT_NETWORK] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_PORT_MAC] = NLA_POLICY_EXACT_LEN(6),
	[DF_A_PORT_CHASSIS] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_PORT_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x7),
	[DF_A_PORT_FLOW_CLASS] = NLA_POLICY_RANGE(NLA_U32, 1, 3),
	[DF_A_PORT_FLOW_LIMIT] = NLA_POLICY_FULL_RANGE(NLA_U32, &df_a_port_flow_limit_range),
	[DF_A_PORT_IP4] = { .type = NLA_U32, },
	[DF_A_PORT_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_PORT_PAIR] = NLA_POLICY_NESTED(dragonflow_address_pair_nl_policy),
	[DF_A_PORT_HOLD] = NLA_POLICY_NESTED(dragonflow_address_hold_nl_policy),
	[DF_A_PORT_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_PORT_CONNECTION_LIMIT] = NLA_POLICY_FULL_RANGE(NLA_U32, &df_a_port_connection_limit_range),
};

/* DF_CMD_PORT_DEL - do */
const struct nla_policy dragonflow_port_del_nl_policy[DF_A_PORT_ID + 1] = {
	[DF_A_PORT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_PORT_GET - do */
const struct nla_policy dragonflow_port_get_nl_policy[DF_A_PORT_ID + 1] = {
	[DF_A_PORT_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_CHASSIS_NEW - do */
const struct nla_policy dragonflow_chassis_new_nl_policy[DF_A_CHASSIS_LOCAL_IP6 + 1] = {
	[DF_A_CHASSIS_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_CHASSIS_TUNNEL] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_CHASSIS_REMOTE_IP4] = { .type = NLA_U32, },
	[DF_A_CHASSIS_REMOTE_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_CHASSIS_LOCAL_IP4] = { .type = NLA_U32, },
	[DF_A_CHASSIS_LOCAL_IP6] = NLA_POLICY_EXACT_LEN(16),
};

/* DF_CMD_CHASSIS_DEL - do */
const struct nla_policy dragonflow_chassis_del_nl_policy[DF_A_CHASSIS_ID + 1] = {
	[DF_A_CHASSIS_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_CHASSIS_GET - do */
const struct nla_policy dragonflow_chassis_get_nl_policy[DF_A_CHASSIS_ID + 1] = {
	[DF_A_CHASSIS_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_FLOW_GET - do */
const struct nla_policy dragonflow_flow_get_nl_policy[DF_A_FLOW_PORT + 1] = {
	[DF_A_FLOW_PORT] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_FLOW_FLUSH - do */
const struct nla_policy dragonflow_flow_flush_nl_policy[DF_A_FLOW_PORT + 1] = {
	[DF_A_FLOW_PORT] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_ROUTER_NEW - do */
const struct nla_policy dragonflow_router_new_nl_policy[DF_A_ROUTER_FLAGS + 1] = {
	[DF_A_ROUTER_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_ROUTER_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1),
};

/* DF_CMD_ROUTER_DEL - do */
const struct nla_policy dragonflow_router_del_nl_policy[DF_A_ROUTER_ID + 1] = {
	[DF_A_ROUTER_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_ROUTER_GET - do */
const struct nla_policy dragonflow_router_get_nl_policy[DF_A_ROUTER_ID + 1] = {
	[DF_A_ROUTER_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_ROUTER_INTERFACE_NEW - do */
const struct nla_policy dragonflow_router_interface_new_nl_policy[DF_A_ROUTER_INTERFACE_FLAGS + 1] = {
	[DF_A_ROUTER_INTERFACE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_ROUTER_INTERFACE_ROUTER] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_ROUTER_INTERFACE_NETWORK] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_ROUTER_INTERFACE_MAC] = NLA_POLICY_EXACT_LEN(6),
	[DF_A_ROUTER_INTERFACE_ADDRESS] = NLA_POLICY_NESTED(dragonflow_router_address_nl_policy),
	[DF_A_ROUTER_INTERFACE_MTU] = NLA_POLICY_FULL_RANGE(NLA_U32, &df_a_router_interface_mtu_range),
	[DF_A_ROUTER_INTERFACE_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x1),
};

/* DF_CMD_ROUTER_INTERFACE_DEL - do */
const struct nla_policy dragonflow_router_interface_del_nl_policy[DF_A_ROUTER_INTERFACE_ID + 1] = {
	[DF_A_ROUTER_INTERFACE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_ROUTER_INTERFACE_GET - do */
const struct nla_policy dragonflow_router_interface_get_nl_policy[DF_A_ROUTER_INTERFACE_ID + 1] = {
	[DF_A_ROUTER_INTERFACE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_ROUTE_NEW - do */
const struct nla_policy dragonflow_route_new_nl_policy[DF_A_ROUTE_NEXTHOP + 1] = {
	[DF_A_ROUTE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_ROUTE_ROUTER] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_ROUTE_IP4] = { .type = NLA_U32, },
	[DF_A_ROUTE_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_ROUTE_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[DF_A_ROUTE_TYPE] = NLA_POLICY_RANGE(NLA_U32, 1, 4),
	[DF_A_ROUTE_NEXTHOP] = NLA_POLICY_NESTED(dragonflow_nexthop_nl_policy),
};

/* DF_CMD_ROUTE_DEL - do */
const struct nla_policy dragonflow_route_del_nl_policy[DF_A_ROUTE_ID + 1] = {
	[DF_A_ROUTE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_ROUTE_GET - do */
const struct nla_policy dragonflow_route_get_nl_policy[DF_A_ROUTE_ID + 1] = {
	[DF_A_ROUTE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_PACKET_EXECUTE - do */
const struct nla_policy dragonflow_packet_execute_nl_policy[DF_A_PACKET_FRAME + 1] = {
	[DF_A_PACKET_PORT] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_PACKET_FRAME] = { .type = NLA_BINARY, },
};

/* DF_CMD_SECURITY_GROUP_NEW - do */
const struct nla_policy dragonflow_security_group_new_nl_policy[DF_A_SECURITY_GROUP_FLAGS + 1] = {
	[DF_A_SECURITY_GROUP_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_SECURITY_GROUP_FLAGS] = NLA_POLICY_MASK(NLA_U32, 0x7),
};

/* DF_CMD_SECURITY_GROUP_DEL - do */
const struct nla_policy dragonflow_security_group_del_nl_policy[DF_A_SECURITY_GROUP_ID + 1] = {
	[DF_A_SECURITY_GROUP_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_SECURITY_GROUP_GET - do */
const struct nla_policy dragonflow_security_group_get_nl_policy[DF_A_SECURITY_GROUP_ID + 1] = {
	[DF_A_SECURITY_GROUP_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_SECURITY_GROUP_RULE_NEW - do */
const struct nla_policy dragonflow_security_group_rule_new_nl_policy[DF_A_SECURITY_GROUP_RULE_ADDRESS_SET + 1] = {
	[DF_A_SECURITY_GROUP_RULE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_SECURITY_GROUP_RULE_GROUP] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_SECURITY_GROUP_RULE_DIRECTION] = NLA_POLICY_RANGE(NLA_U32, 1, 2),
	[DF_A_SECURITY_GROUP_RULE_VERSION] = NLA_POLICY_RANGE(NLA_U32, 1, 2),
	[DF_A_SECURITY_GROUP_RULE_PROTOCOL] = { .type = NLA_U8, },
	[DF_A_SECURITY_GROUP_RULE_PORT_MIN] = { .type = NLA_U16, },
	[DF_A_SECURITY_GROUP_RULE_PORT_MAX] = { .type = NLA_U16, },
	[DF_A_SECURITY_GROUP_RULE_ICMP_TYPE] = { .type = NLA_U8, },
	[DF_A_SECURITY_GROUP_RULE_ICMP_CODE] = { .type = NLA_U8, },
	[DF_A_SECURITY_GROUP_RULE_IP4] = { .type = NLA_U32, },
	[DF_A_SECURITY_GROUP_RULE_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_SECURITY_GROUP_RULE_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[DF_A_SECURITY_GROUP_RULE_ADDRESS_SET] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_SECURITY_GROUP_RULE_DEL - do */
const struct nla_policy dragonflow_security_group_rule_del_nl_policy[DF_A_SECURITY_GROUP_RULE_ID + 1] = {
	[DF_A_SECURITY_GROUP_RULE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_SECURITY_GROUP_RULE_GET - do */
const struct nla_policy dragonflow_security_group_rule_get_nl_policy[DF_A_SECURITY_GROUP_RULE_ID + 1] = {
	[DF_A_SECURITY_GROUP_RULE_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_ADDRESS_SET_NEW - do */
const struct nla_policy dragonflow_address_set_new_nl_policy[DF_A_ADDRESS_SET_ID + 1] = {
	[DF_A_ADDRESS_SET_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_ADDRESS_SET_DEL - do */
const struct nla_policy dragonflow_address_set_del_nl_policy[DF_A_ADDRESS_SET_ID + 1] = {
	[DF_A_ADDRESS_SET_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_ADDRESS_SET_GET - do */
const struct nla_policy dragonflow_address_set_get_nl_policy[DF_A_ADDRESS_SET_ID + 1] = {
	[DF_A_ADDRESS_SET_ID] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* DF_CMD_ADDRESS_SET_MEMBER_NEW - do */
const struct nla_policy dragonflow_address_set_member_new_nl_policy[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN + 1] = {
	[DF_A_ADDRESS_SET_MEMBER_SET] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_ADDRESS_SET_MEMBER_IP4] = { .type = NLA_U32, },
	[DF_A_ADDRESS_SET_MEMBER_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
};

/* DF_CMD_ADDRESS_SET_MEMBER_DEL - do */
const struct nla_policy dragonflow_address_set_member_del_nl_policy[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN + 1] = {
	[DF_A_ADDRESS_SET_MEMBER_SET] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_ADDRESS_SET_MEMBER_IP4] = { .type = NLA_U32, },
	[DF_A_ADDRESS_SET_MEMBER_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
};

/* DF_CMD_ADDRESS_SET_MEMBER_GET - do */
const struct nla_policy dragonflow_address_set_member_get_nl_policy[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN + 1] = {
	[DF_A_ADDRESS_SET_MEMBER_SET] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_ADDRESS_SET_MEMBER_IP4] = { .type = NLA_U32, },
	[DF_A_ADDRESS_SET_MEMBER_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
};

/* DF_CMD_TRACE - do */
const struct nla_policy dragonflow_trace_nl_policy[DF_A_TRACE_TRUST_CHECKSUMS + 1] = {
	[DF_A_TRACE_PORT] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_TRACE_FRAME] = { .type = NLA_BINARY, },
	[DF_A_TRACE_TUNNEL_ID] = NLA_POLICY_FULL_RANGE(NLA_U32, &df_a_trace_tunnel_id_range),
	[DF_A_TRACE_SOURCE_IP4] = { .type = NLA_U32, },
	[DF_A_TRACE_SOURCE_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_TRACE_TRUST_CHECKSUMS] = { .type = NLA_FLAG, },
};

/* DF_CMD_LOOKUP_NEW - do */
const struct nla_policy dragonflow_lookup_new_nl_policy[DF_A_LOOKUP_TTL_MS + 1] = {
	[DF_A_LOOKUP_NETWORK] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_LOOKUP_IP4] = { .type = NLA_U32, },
	[DF_A_LOOKUP_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_LOOKUP_MAC] = NLA_POLICY_EXACT_LEN(6),
	[DF_A_LOOKUP_TTL_MS] = NLA_POLICY_FULL_RANGE(NLA_U32, &df_a_lookup_ttl_ms_range),
};

/* DF_CMD_LOOKUP_DEL - do */
const struct nla_policy dragonflow_lookup_del_nl_policy[DF_A_LOOKUP_MAC + 1] = {
	[DF_A_LOOKUP_NETWORK] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_LOOKUP_IP4] = { .type = NLA_U32, },
	[DF_A_LOOKUP_IP6] = NLA_POLICY_EXACT_LEN(16),
	[DF_A_LOOKUP_MAC] = NLA_POLICY_EXACT_LEN(6),
};

/* DF_CMD_LOOKUP_GET - do */
const struct nla_policy dragonflow_lookup_get_nl_policy[DF_A_LOOKUP_NETWORK + 1] = {
	[DF_A_LOOKUP_NETWORK] = NLA_POLICY_MIN(NLA_U32, 1),
};

/* Ops table for dragonflow */
const struct genl_ops dragonflow_nl_ops[39] = {
	{
		.cmd		= DF_CMD_DATAPATH_GET,
		.doit		= dragonflow_nl_datapath_get_doit,
		.policy		= dragonflow_datapath_get_nl_policy,
		.maxattr	= DF_A_DATAPATH_PAD,
	},
	{
		.cmd		= DF_CMD_DATAPATH_SET,
		.doit		= dragonflow_nl_datapath_set_doit,
		.policy		= dragonflow_datapath_set_nl_policy,
		.maxattr	= DF_A_DATAPATH_LOG_BURST,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_NETWORK_NEW,
		.doit		= dragonflow_nl_network_new_doit,
		.policy		= dragonflow_network_new_nl_policy,
		.maxattr	= DF_A_NETWORK_FLAGS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_NETWORK_DEL,
		.doit		= dragonflow_nl_network_del_doit,
		.policy		= dragonflow_network_del_nl_policy,
		.maxattr	= DF_A_NETWORK_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_NETWORK_GET,
		.doit		= dragonflow_nl_network_get_doit,
		.dumpit		= dragonflow_nl_network_get_dumpit,
		.policy		= dragonflow_network_get_nl_policy,
		.maxattr	= DF_A_NETWORK_ID,
	},
	{
		.cmd		= DF_CMD_PORT_NEW,
		.doit		= dragonflow_nl_port_new_doit,
		.policy		= dragonflow_port_new_nl_policy,
		.maxattr	= DF_A_PORT_CONNECTION_LIMIT,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_PORT_DEL,
		.doit		= dragonflow_nl_port_del_doit,
		.policy		= dragonflow_port_del_nl_policy,
		.maxattr	= DF_A_PORT_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_PORT_GET,
		.doit		= dragonflow_nl_port_get_doit,
		.dumpit		= dragonflow_nl_port_get_dumpit,
		.policy		= dragonflow_port_get_nl_policy,
		.maxattr	= DF_A_PORT_ID,
	},
	{
		.cmd		= DF_CMD_CHASSIS_NEW,
		.doit		= dragonflow_nl_chassis_new_doit,
		.policy		= dragonflow_chassis_new_nl_policy,
		.maxattr	= DF_A_CHASSIS_LOCAL_IP6,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_CHASSIS_DEL,
		.doit		= dragonflow_nl_chassis_del_doit,
		.policy		= dragonflow_chassis_del_nl_policy,
		.maxattr	= DF_A_CHASSIS_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_CHASSIS_GET,
		.doit		= dragonflow_nl_chassis_get_doit,
		.dumpit		= dragonflow_nl_chassis_get_dumpit,
		.policy		= dragonflow_chassis_get_nl_policy,
		.maxattr	= DF_A_CHASSIS_ID,
	},
	{
		.cmd		= DF_CMD_FLOW_GET,
		.dumpit		= dragonflow_nl_flow_get_dumpit,
		.policy		= dragonflow_flow_get_nl_policy,
		.maxattr	= DF_A_FLOW_PORT,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_FLOW_FLUSH,
		.doit		= dragonflow_nl_flow_flush_doit,
		.policy		= dragonflow_flow_flush_nl_policy,
		.maxattr	= DF_A_FLOW_PORT,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_ROUTER_NEW,
		.doit		= dragonflow_nl_router_new_doit,
		.policy		= dragonflow_router_new_nl_policy,
		.maxattr	= DF_A_ROUTER_FLAGS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_ROUTER_DEL,
		.doit		= dragonflow_nl_router_del_doit,
		.policy		= dragonflow_router_del_nl_policy,
		.maxattr	= DF_A_ROUTER_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_ROUTER_GET,
		.doit		= dragonflow_nl_router_get_doit,
		.dumpit		= dragonflow_nl_router_get_dumpit,
		.policy		= dragonflow_router_get_nl_policy,
		.maxattr	= DF_A_ROUTER_ID,
	},
	{
		.cmd		= DF_CMD_ROUTER_INTERFACE_NEW,
		.doit		= dragonflow_nl_router_interface_new_doit,
		.policy		= dragonflow_router_interface_new_nl_policy,
		.maxattr	= DF_A_ROUTER_INTERFACE_FLAGS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_ROUTER_INTERFACE_DEL,
		.doit		= dragonflow_nl_router_interface_del_doit,
		.policy		= dragonflow_router_interface_del_nl_policy,
		.maxattr	= DF_A_ROUTER_INTERFACE_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_ROUTER_INTERFACE_GET,
		.doit		= dragonflow_nl_router_interface_get_doit,
		.dumpit		= dragonflow_nl_router_interface_get_dumpit,
		.policy		= dragonflow_router_interface_get_nl_policy,
		.maxattr	= DF_A_ROUTER_INTERFACE_ID,
	},
	{
		.cmd		= DF_CMD_ROUTE_NEW,
		.doit		= dragonflow_nl_route_new_doit,
		.policy		= dragonflow_route_new_nl_policy,
		.maxattr	= DF_A_ROUTE_NEXTHOP,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_ROUTE_DEL,
		.doit		= dragonflow_nl_route_del_doit,
		.policy		= dragonflow_route_del_nl_policy,
		.maxattr	= DF_A_ROUTE_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_ROUTE_GET,
		.doit		= dragonflow_nl_route_get_doit,
		.dumpit		= dragonflow_nl_route_get_dumpit,
		.policy		= dragonflow_route_get_nl_policy,
		.maxattr	= DF_A_ROUTE_ID,
	},
	{
		.cmd		= DF_CMD_PACKET_EXECUTE,
		.doit		= dragonflow_nl_packet_execute_doit,
		.policy		= dragonflow_packet_execute_nl_policy,
		.maxattr	= DF_A_PACKET_FRAME,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_SECURITY_GROUP_NEW,
		.doit		= dragonflow_nl_security_group_new_doit,
		.policy		= dragonflow_security_group_new_nl_policy,
		.maxattr	= DF_A_SECURITY_GROUP_FLAGS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_SECURITY_GROUP_DEL,
		.doit		= dragonflow_nl_security_group_del_doit,
		.policy		= dragonflow_security_group_del_nl_policy,
		.maxattr	= DF_A_SECURITY_GROUP_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_SECURITY_GROUP_GET,
		.doit		= dragonflow_nl_security_group_get_doit,
		.dumpit		= dragonflow_nl_security_group_get_dumpit,
		.policy		= dragonflow_security_group_get_nl_policy,
		.maxattr	= DF_A_SECURITY_GROUP_ID,
	},
	{
		.cmd		= DF_CMD_SECURITY_GROUP_RULE_NEW,
		.doit		= dragonflow_nl_security_group_rule_new_doit,
		.policy		= dragonflow_security_group_rule_new_nl_policy,
		.maxattr	= DF_A_SECURITY_GROUP_RULE_ADDRESS_SET,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_SECURITY_GROUP_RULE_DEL,
		.doit		= dragonflow_nl_security_group_rule_del_doit,
		.policy		= dragonflow_security_group_rule_del_nl_policy,
		.maxattr	= DF_A_SECURITY_GROUP_RULE_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_SECURITY_GROUP_RULE_GET,
		.doit		= dragonflow_nl_security_group_rule_get_doit,
		.dumpit		= dragonflow_nl_security_group_rule_get_dumpit,
		.policy		= dragonflow_security_group_rule_get_nl_policy,
		.maxattr	= DF_A_SECURITY_GROUP_RULE_ID,
	},
	{
		.cmd		= DF_CMD_ADDRESS_SET_NEW,
		.doit		= dragonflow_nl_address_set_new_doit,
		.policy		= dragonflow_address_set_new_nl_policy,
		.maxattr	= DF_A_ADDRESS_SET_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_ADDRESS_SET_DEL,
		.doit		= dragonflow_nl_address_set_del_doit,
		.policy		= dragonflow_address_set_del_nl_policy,
		.maxattr	= DF_A_ADDRESS_SET_ID,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_ADDRESS_SET_GET,
		.doit		= dragonflow_nl_address_set_get_doit,
		.dumpit		= dragonflow_nl_address_set_get_dumpit,
		.policy		= dragonflow_address_set_get_nl_policy,
		.maxattr	= DF_A_ADDRESS_SET_ID,
	},
	{
		.cmd		= DF_CMD_ADDRESS_SET_MEMBER_NEW,
		.doit		= dragonflow_nl_address_set_member_new_doit,
		.policy		= dragonflow_address_set_member_new_nl_policy,
		.maxattr	= DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_ADDRESS_SET_MEMBER_DEL,
		.doit		= dragonflow_nl_address_set_member_del_doit,
		.policy		= dragonflow_address_set_member_del_nl_policy,
		.maxattr	= DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_ADDRESS_SET_MEMBER_GET,
		.doit		= dragonflow_nl_address_set_member_get_doit,
		.dumpit		= dragonflow_nl_address_set_member_get_dumpit,
		.policy		= dragonflow_address_set_member_get_nl_policy,
		.maxattr	= DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN,
	},
	{
		.cmd		= DF_CMD_TRACE,
		.doit		= dragonflow_nl_trace_doit,
		.policy		= dragonflow_trace_nl_policy,
		.maxattr	= DF_A_TRACE_TRUST_CHECKSUMS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_LOOKUP_NEW,
		.doit		= dragonflow_nl_lookup_new_doit,
		.policy		= dragonflow_lookup_new_nl_policy,
		.maxattr	= DF_A_LOOKUP_TTL_MS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_LOOKUP_DEL,
		.doit		= dragonflow_nl_lookup_del_doit,
		.policy		= dragonflow_lookup_del_nl_policy,
		.maxattr	= DF_A_LOOKUP_MAC,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= DF_CMD_LOOKUP_GET,
		.dumpit		= dragonflow_nl_lookup_get_dumpit,
		.policy		= dragonflow_lookup_get_nl_policy,
		.maxattr	= DF_A_LOOKUP_NETWORK,
	},
};

