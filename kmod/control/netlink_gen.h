/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	uapi/dragonflow.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_DRAGONFLOW_GEN_H
#define _LINUX_DRAGONFLOW_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/dragonflow.h>

/* Common nested types */
extern const struct nla_policy dragonflow_address_hold_nl_policy[DF_A_ADDRESS_HOLD_ACTIVE + 1];
extern const struct nla_policy dragonflow_address_pair_nl_policy[DF_A_ADDRESS_PAIR_PREFIX_LEN + 1];
extern const struct nla_policy dragonflow_nexthop_nl_policy[DF_A_NEXTHOP_WEIGHT + 1];
extern const struct nla_policy dragonflow_router_address_nl_policy[DF_A_ROUTER_ADDRESS_PREFIX_LEN + 1];

extern const struct nla_policy dragonflow_datapath_get_nl_policy[DF_A_DATAPATH_PAD + 1];

extern const struct nla_policy dragonflow_datapath_set_nl_policy[DF_A_DATAPATH_LOG_BURST + 1];

extern const struct nla_policy dragonflow_network_new_nl_policy[DF_A_NETWORK_FLAGS + 1];

extern const struct nla_policy dragonflow_network_del_nl_policy[DF_A_NETWORK_ID + 1];

extern const struct nla_policy dragonflow_network_get_nl_policy[DF_A_NETWORK_ID + 1];

extern const struct nla_policy dragonflow_port_new_nl_policy[DF_A_PORT_CONNECTION_LIMIT + 1];

extern const struct nla_policy dragonflow_port_del_nl_policy[DF_A_PORT_ID + 1];

extern const struct nla_policy dragonflow_port_get_nl_policy[DF_A_PORT_ID + 1];

extern const struct nla_policy dragonflow_chassis_new_nl_policy[DF_A_CHASSIS_LOCAL_IP6 + 1];

extern const struct nla_policy dragonflow_chassis_del_nl_policy[DF_A_CHASSIS_ID + 1];

extern const struct nla_policy dragonflow_chassis_get_nl_policy[DF_A_CHASSIS_ID + 1];

extern const struct nla_policy dragonflow_flow_get_nl_policy[DF_A_FLOW_PORT + 1];

extern const struct nla_policy dragonflow_flow_flush_nl_policy[DF_A_FLOW_PORT + 1];

extern const struct nla_policy dragonflow_router_new_nl_policy[DF_A_ROUTER_FLAGS + 1];

extern const struct nla_policy dragonflow_router_del_nl_policy[DF_A_ROUTER_ID + 1];

extern const struct nla_policy dragonflow_router_get_nl_policy[DF_A_ROUTER_ID + 1];

extern const struct nla_policy dragonflow_router_interface_new_nl_policy[DF_A_ROUTER_INTERFACE_FLAGS + 1];

extern const struct nla_policy dragonflow_router_interface_del_nl_policy[DF_A_ROUTER_INTERFACE_ID + 1];

extern const struct nla_policy dragonflow_router_interface_get_nl_policy[DF_A_ROUTER_INTERFACE_ID + 1];

extern const struct nla_policy dragonflow_route_new_nl_policy[DF_A_ROUTE_NEXTHOP + 1];

extern const struct nla_policy dragonflow_route_del_nl_policy[DF_A_ROUTE_ID + 1];

extern const struct nla_policy dragonflow_route_get_nl_policy[DF_A_ROUTE_ID + 1];

extern const struct nla_policy dragonflow_packet_execute_nl_policy[DF_A_PACKET_FRAME + 1];

extern const struct nla_policy dragonflow_security_group_new_nl_policy[DF_A_SECURITY_GROUP_FLAGS + 1];

extern const struct nla_policy dragonflow_security_group_del_nl_policy[DF_A_SECURITY_GROUP_ID + 1];

extern const struct nla_policy dragonflow_security_group_get_nl_policy[DF_A_SECURITY_GROUP_ID + 1];

extern const struct nla_policy dragonflow_security_group_rule_new_nl_policy[DF_A_SECURITY_GROUP_RULE_ADDRESS_SET + 1];

extern const struct nla_policy dragonflow_security_group_rule_del_nl_policy[DF_A_SECURITY_GROUP_RULE_ID + 1];

extern const struct nla_policy dragonflow_security_group_rule_get_nl_policy[DF_A_SECURITY_GROUP_RULE_ID + 1];

extern const struct nla_policy dragonflow_address_set_new_nl_policy[DF_A_ADDRESS_SET_ID + 1];

extern const struct nla_policy dragonflow_address_set_del_nl_policy[DF_A_ADDRESS_SET_ID + 1];

extern const struct nla_policy dragonflow_address_set_get_nl_policy[DF_A_ADDRESS_SET_ID + 1];

extern const struct nla_policy dragonflow_address_set_member_new_nl_policy[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN + 1];

extern const struct nla_policy dragonflow_address_set_member_del_nl_policy[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN + 1];

extern const struct nla_policy dragonflow_address_set_member_get_nl_policy[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN + 1];

extern const struct nla_policy dragonflow_trace_nl_policy[DF_A_TRACE_TRUST_CHECKSUMS + 1];

extern const struct nla_policy dragonflow_lookup_new_nl_policy[DF_A_LOOKUP_TTL_MS + 1];

extern const struct nla_policy dragonflow_lookup_del_nl_policy[DF_A_LOOKUP_MAC + 1];

extern const struct nla_policy dragonflow_lookup_get_nl_policy[DF_A_LOOKUP_NETWORK + 1];

/* Ops table for dragonflow */
extern const struct genl_ops dragonflow_nl_ops[39];

int dragonflow_nl_datapath_get_doit(struct sk_buff *skb,
				    struct genl_info *info);
int dragonflow_nl_datapath_set_doit(struct sk_buff *skb,
				    struct genl_info *info);
int dragonflow_nl_network_new_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_network_del_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_network_get_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_network_get_dumpit(struct sk_buff *skb,
				     struct netlink_callback *cb);
int dragonflow_nl_port_new_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_port_del_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_port_get_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_port_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int dragonflow_nl_chassis_new_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_chassis_del_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_chassis_get_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_chassis_get_dumpit(struct sk_buff *skb,
				     struct netlink_callback *cb);
int dragonflow_nl_flow_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb);
int dragonflow_nl_flow_flush_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_router_new_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_router_del_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_router_get_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_router_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb);
int dragonflow_nl_router_interface_new_doit(struct sk_buff *skb,
					    struct genl_info *info);
int dragonflow_nl_router_interface_del_doit(struct sk_buff *skb,
					    struct genl_info *info);
int dragonflow_nl_router_interface_get_doit(struct sk_buff *skb,
					    struct genl_info *info);
int dragonflow_nl_router_interface_get_dumpit(struct sk_buff *skb,
					      struct netlink_callback *cb);
int dragonflow_nl_route_new_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_route_del_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_route_get_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_route_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb);
int dragonflow_nl_packet_execute_doit(struct sk_buff *skb,
				      struct genl_info *info);
int dragonflow_nl_security_group_new_doit(struct sk_buff *skb,
					  struct genl_info *info);
int dragonflow_nl_security_group_del_doit(struct sk_buff *skb,
					  struct genl_info *info);
int dragonflow_nl_security_group_get_doit(struct sk_buff *skb,
					  struct genl_info *info);
int dragonflow_nl_security_group_get_dumpit(struct sk_buff *skb,
					    struct netlink_callback *cb);
int dragonflow_nl_security_group_rule_new_doit(struct sk_buff *skb,
					       struct genl_info *info);
int dragonflow_nl_security_group_rule_del_doit(struct sk_buff *skb,
					       struct genl_info *info);
int dragonflow_nl_security_group_rule_get_doit(struct sk_buff *skb,
					       struct genl_info *info);
int dragonflow_nl_security_group_rule_get_dumpit(struct sk_buff *skb,
						 struct netlink_callback *cb);
int dragonflow_nl_address_set_new_doit(struct sk_buff *skb,
				       struct genl_info *info);
int dragonflow_nl_address_set_del_doit(struct sk_buff *skb,
				       struct genl_info *info);
int dragonflow_nl_address_set_get_doit(struct sk_buff *skb,
				       struct genl_info *info);
int dragonflow_nl_address_set_get_dumpit(struct sk_buff *skb,
					 struct netlink_callback *cb);
int dragonflow_nl_address_set_member_new_doit(struct sk_buff *skb,
					      struct genl_info *info);
int dragonflow_nl_address_set_member_del_doit(struct sk_buff *skb,
					      struct genl_info *info);
int dragonflow_nl_address_set_member_get_doit(struct sk_buff *skb,
					      struct genl_info *info);
int dragonflow_nl_address_set_member_get_dumpit(struct sk_buff *skb,
						struct netlink_callback *cb);
int dragonflow_nl_trace_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_lookup_new_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_lookup_del_doit(struct sk_buff *skb, struct genl_info *info);
int dragonflow_nl_lookup_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb);

enum {
	DRAGONFLOW_NLGRP_CONFIG,
	DRAGONFLOW_NLGRP_PACKET,
	DRAGONFLOW_NLGRP_HOLD,
	DRAGONFLOW_NLGRP_LOG,
	DRAGONFLOW_NLGRP_MISS,
};

#endif /* _LINUX_DRAGONFLOW_GEN_H */
