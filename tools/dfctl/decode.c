// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink messages as JSON. The members are named as the specification of the
 * family names its attributes, with '_' for '-'.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <libmnl/libmnl.h>
#include <linux/dragonflow.h>
#include <linux/genetlink.h>

#include "decode.h"
#include "dfctl.h"
#include "nl.h"

static const char *const port_types[] = { "0", "vif", "tunnel", "remote", NULL };
static const char *const flow_classes[] = { "0", "l2", "l3", "connection", NULL };
const char *const dfctl_fragments[] = { "none", "first", "later", NULL };
const char *const dfctl_actions[] = { "0", "output", "tunnel", "flood", "route", NULL };
const char *const dfctl_lookup_states[] = { "0", "pending", "absent", NULL };
static const char *const network_flags[] = { "vlan-transparent", "on-demand", NULL };
static const char *const down_flags[] = { "admin-down", NULL };
static const char *const port_flags[] = { "admin-down", "relay", "security", NULL };
static const char *const route_types[] = {
	"0", "unicast", "blackhole", "unreachable", "prohibit", NULL
};
static const char *const group_flags[] = { "stateless", "log-accept", "log-drop", NULL };
const char *const dfctl_directions[] = { "0", "ingress", "egress", NULL };
static const char *const ip_versions[] = { "0", "ip4", "ip6", NULL };
const char *const dfctl_drop_reasons[] = {
	"0", "malformed", "truncated", "source-multicast", "vlan", "admin-down",
	"unknown-network", "unknown-destination", "reflection", "no-device",
	"transmit", "no-memory", "loop", "router-input", "unroutable", "no-route",
	"blackhole", "prohibited", "no-neighbour", "ttl-exceeded", "too-big",
	"rate-limited", "neighbour-known", "neighbour-conflict", "no-agent",
	"policy-egress", "policy-ingress", "connection-invalid", "connection-limit",
	"spoofed-mac", "spoofed-ip", "spoofed-neighbour", "dhcp-server",
	"router-advertisement", "ether-type", "fragment-limit", "unresolved", NULL
};

static const struct attr_spec datapath_spec[] = {
	[DF_A_DATAPATH_VERSION] = { "version", TYPE_STRING },
	[DF_A_DATAPATH_FLOW_IDLE_MS] = { "flow_idle_ms", TYPE_U32 },
	[DF_A_DATAPATH_NETWORKS] = { "networks", TYPE_U32 },
	[DF_A_DATAPATH_PORTS] = { "ports", TYPE_U32 },
	[DF_A_DATAPATH_CHASSIS] = { "chassis", TYPE_U32 },
	[DF_A_DATAPATH_FLOWS] = { "flows", TYPE_U32 },
	[DF_A_DATAPATH_UNBOUND_DROPS] = { "unbound_drops", TYPE_U64 },
	[DF_A_DATAPATH_ROUTERS] = { "routers", TYPE_U32 },
	[DF_A_DATAPATH_ROUTER_INTERFACES] = { "router_interfaces", TYPE_U32 },
	[DF_A_DATAPATH_ROUTES] = { "routes", TYPE_U32 },
	[DF_A_DATAPATH_LOG_RATE] = { "log_rate", TYPE_U32 },
	[DF_A_DATAPATH_LOG_BURST] = { "log_burst", TYPE_U32 },
	[DF_A_DATAPATH_LOOKUPS] = { "lookups", TYPE_U32 },
};

static const struct attr_spec network_spec[] = {
	[DF_A_NETWORK_ID] = { "id", TYPE_U32 },
	[DF_A_NETWORK_VNI] = { "vni", TYPE_U32 },
	[DF_A_NETWORK_FLAGS] = { "flags", TYPE_FLAGS, .names = network_flags },
	[DF_A_NETWORK_PORTS] = { "ports", TYPE_U32 },
	[DF_A_NETWORK_CHASSIS] = { "chassis", TYPE_U32 },
	[DF_A_NETWORK_ROUTER_INTERFACES] = { "router_interfaces", TYPE_U32 },
};

static const struct attr_spec drop_spec[] = {
	[DF_A_DROP_REASON] = { "reason", TYPE_ENUM, .names = dfctl_drop_reasons },
	[DF_A_DROP_PACKETS] = { "packets", TYPE_U64 },
};

static const struct attr_spec stats_spec[] = {
	[DF_A_PORT_STATS_RX_PACKETS] = { "rx_packets", TYPE_U64 },
	[DF_A_PORT_STATS_RX_BYTES] = { "rx_bytes", TYPE_U64 },
	[DF_A_PORT_STATS_TX_PACKETS] = { "tx_packets", TYPE_U64 },
	[DF_A_PORT_STATS_TX_BYTES] = { "tx_bytes", TYPE_U64 },
	[DF_A_PORT_STATS_RX_DIRECT] = { "rx_direct", TYPE_U64 },
	[DF_A_PORT_STATS_TX_DIRECT] = { "tx_direct", TYPE_U64 },
	[DF_A_PORT_STATS_FLOW_HITS] = { "flow_hits", TYPE_U64 },
	[DF_A_PORT_STATS_FLOW_MISSES] = { "flow_misses", TYPE_U64 },
	[DF_A_PORT_STATS_FLOW_EVICTIONS] = { "flow_evictions", TYPE_U64 },
	[DF_A_PORT_STATS_DROP] = { "drop", TYPE_NEST, .multi = true, .nest = drop_spec,
				   .nest_size = ARRAY_SIZE(drop_spec) },
	[DF_A_PORT_STATS_ANSWERS] = { "answers", TYPE_U64 },
	[DF_A_PORT_STATS_PUNTS] = { "punts", TYPE_U64 },
};

static const struct attr_spec pair_spec[] = {
	[DF_A_ADDRESS_PAIR_MAC] = { "mac", TYPE_MAC },
	[DF_A_ADDRESS_PAIR_IP4] = { "ip4", TYPE_IP4 },
	[DF_A_ADDRESS_PAIR_IP6] = { "ip6", TYPE_IP6 },
	[DF_A_ADDRESS_PAIR_PREFIX_LEN] = { "prefix_len", TYPE_U8 },
};

static const struct attr_spec hold_spec[] = {
	[DF_A_ADDRESS_HOLD_MAC] = { "mac", TYPE_MAC },
	[DF_A_ADDRESS_HOLD_IP4] = { "ip4", TYPE_IP4 },
	[DF_A_ADDRESS_HOLD_IP6] = { "ip6", TYPE_IP6 },
	[DF_A_ADDRESS_HOLD_SINCE] = { "since", TYPE_U64 },
	[DF_A_ADDRESS_HOLD_ACTIVE] = { "active", TYPE_FLAG },
};

static const struct attr_spec port_spec[] = {
	[DF_A_PORT_ID] = { "id", TYPE_U32 },
	[DF_A_PORT_TYPE] = { "type", TYPE_ENUM, .names = port_types },
	[DF_A_PORT_NETWORK] = { "network", TYPE_U32 },
	[DF_A_PORT_MAC] = { "mac", TYPE_MAC },
	[DF_A_PORT_CHASSIS] = { "chassis", TYPE_U32 },
	[DF_A_PORT_FLAGS] = { "flags", TYPE_FLAGS, .names = port_flags },
	[DF_A_PORT_FLOW_CLASS] = { "flow_class", TYPE_ENUM, .names = flow_classes },
	[DF_A_PORT_FLOW_LIMIT] = { "flow_limit", TYPE_U32 },
	[DF_A_PORT_CONNECTION_LIMIT] = { "connection_limit", TYPE_U32 },
	[DF_A_PORT_CONNECTIONS] = { "connections", TYPE_U32 },
	[DF_A_PORT_IFINDEX] = { "ifindex", TYPE_U32 },
	[DF_A_PORT_FLOWS] = { "flows", TYPE_U32 },
	[DF_A_PORT_STATS] = { "stats", TYPE_NEST, .nest = stats_spec,
			      .nest_size = ARRAY_SIZE(stats_spec) },
	[DF_A_PORT_IP4] = { "ip4", TYPE_IP4, .multi = true },
	[DF_A_PORT_IP6] = { "ip6", TYPE_IP6, .multi = true },
	[DF_A_PORT_PAIR] = { "pair", TYPE_NEST, .multi = true, .nest = pair_spec,
			     .nest_size = ARRAY_SIZE(pair_spec) },
	[DF_A_PORT_HOLD] = { "hold", TYPE_NEST, .multi = true, .nest = hold_spec,
			     .nest_size = ARRAY_SIZE(hold_spec) },
	[DF_A_PORT_GROUP] = { "group", TYPE_U32, .multi = true },
	[DF_A_PORT_IDLE_MS] = { "idle_ms", TYPE_U32 },
};

static const struct attr_spec chassis_spec[] = {
	[DF_A_CHASSIS_ID] = { "id", TYPE_U32 },
	[DF_A_CHASSIS_TUNNEL] = { "tunnel", TYPE_U32 },
	[DF_A_CHASSIS_REMOTE_IP4] = { "remote_ip4", TYPE_IP4 },
	[DF_A_CHASSIS_REMOTE_IP6] = { "remote_ip6", TYPE_IP6 },
	[DF_A_CHASSIS_LOCAL_IP4] = { "local_ip4", TYPE_IP4 },
	[DF_A_CHASSIS_LOCAL_IP6] = { "local_ip6", TYPE_IP6 },
	[DF_A_CHASSIS_NETWORKS] = { "networks", TYPE_U32 },
};

static const struct attr_spec router_spec[] = {
	[DF_A_ROUTER_ID] = { "id", TYPE_U32 },
	[DF_A_ROUTER_FLAGS] = { "flags", TYPE_FLAGS, .names = down_flags },
	[DF_A_ROUTER_INTERFACES] = { "interfaces", TYPE_U32 },
	[DF_A_ROUTER_ROUTES] = { "routes", TYPE_U32 },
};

static const struct attr_spec router_address_spec[] = {
	[DF_A_ROUTER_ADDRESS_IP4] = { "ip4", TYPE_IP4 },
	[DF_A_ROUTER_ADDRESS_IP6] = { "ip6", TYPE_IP6 },
	[DF_A_ROUTER_ADDRESS_PREFIX_LEN] = { "prefix_len", TYPE_U8 },
};

static const struct attr_spec router_interface_spec[] = {
	[DF_A_ROUTER_INTERFACE_ID] = { "id", TYPE_U32 },
	[DF_A_ROUTER_INTERFACE_ROUTER] = { "router", TYPE_U32 },
	[DF_A_ROUTER_INTERFACE_NETWORK] = { "network", TYPE_U32 },
	[DF_A_ROUTER_INTERFACE_MAC] = { "mac", TYPE_MAC },
	[DF_A_ROUTER_INTERFACE_ADDRESS] = { "address", TYPE_NEST, .multi = true,
					    .nest = router_address_spec,
					    .nest_size = ARRAY_SIZE(router_address_spec) },
	[DF_A_ROUTER_INTERFACE_MTU] = { "mtu", TYPE_U32 },
	[DF_A_ROUTER_INTERFACE_FLAGS] = { "flags", TYPE_FLAGS, .names = down_flags },
	[DF_A_ROUTER_INTERFACE_ROUTES] = { "routes", TYPE_U32 },
};

static const struct attr_spec nexthop_spec[] = {
	[DF_A_NEXTHOP_INTERFACE] = { "interface", TYPE_U32 },
	[DF_A_NEXTHOP_IP4] = { "ip4", TYPE_IP4 },
	[DF_A_NEXTHOP_IP6] = { "ip6", TYPE_IP6 },
	[DF_A_NEXTHOP_WEIGHT] = { "weight", TYPE_U32 },
};

static const struct attr_spec route_spec[] = {
	[DF_A_ROUTE_ID] = { "id", TYPE_U32 },
	[DF_A_ROUTE_ROUTER] = { "router", TYPE_U32 },
	[DF_A_ROUTE_IP4] = { "ip4", TYPE_IP4 },
	[DF_A_ROUTE_IP6] = { "ip6", TYPE_IP6 },
	[DF_A_ROUTE_PREFIX_LEN] = { "prefix_len", TYPE_U8 },
	[DF_A_ROUTE_TYPE] = { "type", TYPE_ENUM, .names = route_types },
	[DF_A_ROUTE_NEXTHOP] = { "nexthop", TYPE_NEST, .multi = true,
				 .nest = nexthop_spec,
				 .nest_size = ARRAY_SIZE(nexthop_spec) },
};

static const struct attr_spec security_group_spec[] = {
	[DF_A_SECURITY_GROUP_ID] = { "id", TYPE_U32 },
	[DF_A_SECURITY_GROUP_FLAGS] = { "flags", TYPE_FLAGS, .names = group_flags },
	[DF_A_SECURITY_GROUP_RULES] = { "rules", TYPE_U32 },
	[DF_A_SECURITY_GROUP_PORTS] = { "ports", TYPE_U32 },
};

static const struct attr_spec security_group_rule_spec[] = {
	[DF_A_SECURITY_GROUP_RULE_ID] = { "id", TYPE_U32 },
	[DF_A_SECURITY_GROUP_RULE_GROUP] = { "group", TYPE_U32 },
	[DF_A_SECURITY_GROUP_RULE_DIRECTION] = { "direction", TYPE_ENUM,
						 .names = dfctl_directions },
	[DF_A_SECURITY_GROUP_RULE_VERSION] = { "version", TYPE_ENUM, .names = ip_versions },
	[DF_A_SECURITY_GROUP_RULE_PROTOCOL] = { "protocol", TYPE_U8 },
	[DF_A_SECURITY_GROUP_RULE_PORT_MIN] = { "port_min", TYPE_U16 },
	[DF_A_SECURITY_GROUP_RULE_PORT_MAX] = { "port_max", TYPE_U16 },
	[DF_A_SECURITY_GROUP_RULE_ICMP_TYPE] = { "icmp_type", TYPE_U8 },
	[DF_A_SECURITY_GROUP_RULE_ICMP_CODE] = { "icmp_code", TYPE_U8 },
	[DF_A_SECURITY_GROUP_RULE_IP4] = { "ip4", TYPE_IP4 },
	[DF_A_SECURITY_GROUP_RULE_IP6] = { "ip6", TYPE_IP6 },
	[DF_A_SECURITY_GROUP_RULE_PREFIX_LEN] = { "prefix_len", TYPE_U8 },
	[DF_A_SECURITY_GROUP_RULE_ADDRESS_SET] = { "address_set", TYPE_U32 },
	[DF_A_SECURITY_GROUP_RULE_MATCHES] = { "matches", TYPE_U64 },
};

static const struct attr_spec address_set_spec[] = {
	[DF_A_ADDRESS_SET_ID] = { "id", TYPE_U32 },
	[DF_A_ADDRESS_SET_MEMBERS] = { "members", TYPE_U32 },
	[DF_A_ADDRESS_SET_RULES] = { "rules", TYPE_U32 },
};

static const struct attr_spec address_set_member_spec[] = {
	[DF_A_ADDRESS_SET_MEMBER_SET] = { "set", TYPE_U32 },
	[DF_A_ADDRESS_SET_MEMBER_IP4] = { "ip4", TYPE_IP4 },
	[DF_A_ADDRESS_SET_MEMBER_IP6] = { "ip6", TYPE_IP6 },
	[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN] = { "prefix_len", TYPE_U8 },
};

static const struct attr_spec action_spec[] = {
	[DF_A_ACTION_TYPE] = { "type", TYPE_ENUM, .names = dfctl_actions },
	[DF_A_ACTION_PORT] = { "port", TYPE_U32 },
	[DF_A_ACTION_CHASSIS] = { "chassis", TYPE_U32 },
	[DF_A_ACTION_NETWORK] = { "network", TYPE_U32 },
	[DF_A_ACTION_TUNNEL_ID] = { "tunnel_id", TYPE_U32 },
	[DF_A_ACTION_ETH_SRC] = { "eth_src", TYPE_MAC },
	[DF_A_ACTION_ETH_DST] = { "eth_dst", TYPE_MAC },
	[DF_A_ACTION_HOPS] = { "hops", TYPE_U32 },
	[DF_A_ACTION_MTU] = { "mtu", TYPE_U32 },
};

static const struct attr_spec flow_spec[] = {
	[DF_A_FLOW_PORT] = { "port", TYPE_U32 },
	[DF_A_FLOW_CLASS] = { "class", TYPE_ENUM, .names = flow_classes },
	[DF_A_FLOW_MATCH] = { "match", TYPE_NEST, .nest = dfctl_match_spec,
			      .nest_size = DFCTL_MATCH_SPEC_SIZE },
	[DF_A_FLOW_ACTION] = { "action", TYPE_NEST, .multi = true, .nest = action_spec,
			       .nest_size = ARRAY_SIZE(action_spec) },
	[DF_A_FLOW_PACKETS] = { "packets", TYPE_U64 },
	[DF_A_FLOW_BYTES] = { "bytes", TYPE_U64 },
	[DF_A_FLOW_AGE_MS] = { "age_ms", TYPE_U64 },
	[DF_A_FLOW_IDLE_MS] = { "idle_ms", TYPE_U64 },
	[DF_A_FLOW_STALE] = { "stale", TYPE_FLAG },
};

static const struct attr_spec lookup_spec[] = {
	[DF_A_LOOKUP_NETWORK] = { "network", TYPE_U32 },
	[DF_A_LOOKUP_IP4] = { "ip4", TYPE_IP4 },
	[DF_A_LOOKUP_IP6] = { "ip6", TYPE_IP6 },
	[DF_A_LOOKUP_MAC] = { "mac", TYPE_MAC },
	[DF_A_LOOKUP_PORT] = { "port", TYPE_U32 },
	[DF_A_LOOKUP_STATE] = { "state", TYPE_ENUM, .names = dfctl_lookup_states },
	[DF_A_LOOKUP_PACKETS] = { "packets", TYPE_U32 },
	[DF_A_LOOKUP_TTL_MS] = { "ttl_ms", TYPE_U32 },
};

#define MESSAGE(spec, event) { spec, ARRAY_SIZE(spec), event }

static const struct {
	const struct attr_spec *spec;
	size_t size;
	const char *event;
} messages[] = {
	[DF_CMD_DATAPATH_GET] = { datapath_spec, ARRAY_SIZE(datapath_spec), NULL },
	[DF_CMD_NETWORK_GET] = { network_spec, ARRAY_SIZE(network_spec), NULL },
	[DF_CMD_PORT_GET] = { port_spec, ARRAY_SIZE(port_spec), NULL },
	[DF_CMD_CHASSIS_GET] = { chassis_spec, ARRAY_SIZE(chassis_spec), NULL },
	[DF_CMD_ROUTER_GET] = { router_spec, ARRAY_SIZE(router_spec), NULL },
	[DF_CMD_ROUTER_INTERFACE_GET] = { router_interface_spec,
					  ARRAY_SIZE(router_interface_spec), NULL },
	[DF_CMD_ROUTE_GET] = { route_spec, ARRAY_SIZE(route_spec), NULL },
	[DF_CMD_FLOW_GET] = { flow_spec, ARRAY_SIZE(flow_spec), NULL },
	[DF_CMD_NETWORK_NTF] = { network_spec, ARRAY_SIZE(network_spec), "network" },
	[DF_CMD_NETWORK_DEL_NTF] = { network_spec, ARRAY_SIZE(network_spec), "network-del" },
	[DF_CMD_PORT_NTF] = { port_spec, ARRAY_SIZE(port_spec), "port" },
	[DF_CMD_PORT_DEL_NTF] = { port_spec, ARRAY_SIZE(port_spec), "port-del" },
	[DF_CMD_CHASSIS_NTF] = { chassis_spec, ARRAY_SIZE(chassis_spec), "chassis" },
	[DF_CMD_CHASSIS_DEL_NTF] = { chassis_spec, ARRAY_SIZE(chassis_spec), "chassis-del" },
	[DF_CMD_ROUTER_NTF] = { router_spec, ARRAY_SIZE(router_spec), "router" },
	[DF_CMD_ROUTER_DEL_NTF] = { router_spec, ARRAY_SIZE(router_spec), "router-del" },
	[DF_CMD_ROUTER_INTERFACE_NTF] = { router_interface_spec,
					  ARRAY_SIZE(router_interface_spec), "router-interface" },
	[DF_CMD_ROUTER_INTERFACE_DEL_NTF] = { router_interface_spec,
					      ARRAY_SIZE(router_interface_spec),
					      "router-interface-del" },
	[DF_CMD_ROUTE_NTF] = { route_spec, ARRAY_SIZE(route_spec), "route" },
	[DF_CMD_PORT_HOLD_NTF] = { port_spec, ARRAY_SIZE(port_spec), "port-hold" },
	[DF_CMD_ROUTE_DEL_NTF] = { route_spec, ARRAY_SIZE(route_spec), "route-del" },
	[DF_CMD_SECURITY_GROUP_GET] = MESSAGE(security_group_spec, NULL),
	[DF_CMD_SECURITY_GROUP_NTF] = MESSAGE(security_group_spec, "security-group"),
	[DF_CMD_SECURITY_GROUP_DEL_NTF] = MESSAGE(security_group_spec,
						"security-group-del"),
	[DF_CMD_SECURITY_GROUP_RULE_GET] = MESSAGE(security_group_rule_spec, NULL),
	[DF_CMD_SECURITY_GROUP_RULE_NTF] = MESSAGE(security_group_rule_spec, "security-group-rule"),
	[DF_CMD_SECURITY_GROUP_RULE_DEL_NTF] = MESSAGE(security_group_rule_spec,
						"security-group-rule-del"),
	[DF_CMD_ADDRESS_SET_GET] = MESSAGE(address_set_spec, NULL),
	[DF_CMD_ADDRESS_SET_NTF] = MESSAGE(address_set_spec, "address-set"),
	[DF_CMD_ADDRESS_SET_DEL_NTF] = MESSAGE(address_set_spec, "address-set-del"),
	[DF_CMD_ADDRESS_SET_MEMBER_GET] = MESSAGE(address_set_member_spec, NULL),
	[DF_CMD_ADDRESS_SET_MEMBER_NTF] = MESSAGE(address_set_member_spec, "address-set-member"),
	[DF_CMD_ADDRESS_SET_MEMBER_DEL_NTF] = MESSAGE(address_set_member_spec,
						"address-set-member-del"),
	[DF_CMD_LOOKUP_GET] = MESSAGE(lookup_spec, NULL),
};

static uint64_t attr_number(const struct nlattr *attr)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case sizeof(uint8_t):
		return mnl_attr_get_u8(attr);
	case sizeof(uint16_t):
		return mnl_attr_get_u16(attr);
	case sizeof(uint32_t):
		return mnl_attr_get_u32(attr);
	case sizeof(uint64_t):
		return mnl_attr_get_u64(attr);
	default:
		return 0;
	}
}

/* The name of a value; a value from a newer kernel is shown as a number. */
static json_t *enum_json(const char *const *names, uint64_t value)
{
	uint64_t i;

	for (i = 0; names[i]; i++) {
		if (i == value)
			return json_string(names[i]);
	}
	return json_sprintf("%llu", (unsigned long long)value);
}

static json_t *flags_json(const char *const *names, uint64_t value)
{
	json_t *array = json_array();
	unsigned int bit, known = 0;

	while (names[known])
		known++;
	for (bit = 0; value; bit++, value >>= 1) {
		if (!(value & 1))
			continue;
		json_array_append_new(array, bit < known ? json_string(names[bit]) :
				      json_sprintf("bit-%u", bit));
	}
	return array;
}

static json_t *address_json(const struct nlattr *attr, int family)
{
	char text[INET6_ADDRSTRLEN] = "?";
	size_t len = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	if (mnl_attr_get_payload_len(attr) == len)
		inet_ntop(family, mnl_attr_get_payload(attr), text, sizeof(text));
	return json_string(text);
}

static json_t *mac_json(const struct nlattr *attr)
{
	const uint8_t *mac = mnl_attr_get_payload(attr);

	if (mnl_attr_get_payload_len(attr) != 6)
		return json_string("?");
	return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
			    mac[3], mac[4], mac[5]);
}

static json_t *bytes_json(const struct nlattr *attr)
{
	const uint8_t *bytes = mnl_attr_get_payload(attr);
	size_t i, len = mnl_attr_get_payload_len(attr);
	char *text = dfctl_alloc(2 * len + 1);
	json_t *string;

	for (i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	string = json_string(text);
	free(text);
	return string;
}

static json_t *string_json(const struct nlattr *attr)
{
	const char *text = mnl_attr_get_payload(attr);
	size_t len = strnlen(text, mnl_attr_get_payload_len(attr));
	json_t *string = json_stringn(text, len);

	return string ? string : json_string("?");
}

static json_t *nest_json(const struct attr_spec *spec, const struct nlattr *nest);

static json_t *attr_json(const struct attr_spec *spec, const struct nlattr *attr)
{
	switch (spec->type) {
	case TYPE_U8:
	case TYPE_U16:
	case TYPE_U32:
	case TYPE_U64:
		return json_integer((json_int_t)attr_number(attr));
	case TYPE_BE16:
		return json_integer(ntohs((uint16_t)attr_number(attr)));
	case TYPE_HEX16:
		return json_sprintf("0x%04x", ntohs((uint16_t)attr_number(attr)));
	case TYPE_ENUM:
		return enum_json(spec->names, attr_number(attr));
	case TYPE_FLAGS:
		return flags_json(spec->names, attr_number(attr));
	case TYPE_FLAG:
		return json_true();
	case TYPE_STRING:
		return string_json(attr);
	case TYPE_MAC:
		return mac_json(attr);
	case TYPE_BYTES:
		return bytes_json(attr);
	case TYPE_IP4:
		return address_json(attr, AF_INET);
	case TYPE_IP6:
		return address_json(attr, AF_INET6);
	case TYPE_NEST:
		return nest_json(spec, attr);
	}
	return json_null();
}

/* An attribute that this program does not know is from a newer kernel. */
static void attr_add(json_t *object, const struct attr_spec *specs, size_t size,
		     const struct nlattr *attr)
{
	uint16_t type = mnl_attr_get_type(attr);
	const struct attr_spec *spec = &specs[type];
	json_t *array;

	if (type >= size || !spec->name)
		return;
	if (!spec->multi) {
		json_object_set_new(object, spec->name, attr_json(spec, attr));
		return;
	}
	array = json_object_get(object, spec->name);
	if (!array) {
		json_object_set_new(object, spec->name, json_array());
		array = json_object_get(object, spec->name);
	}
	json_array_append_new(array, attr_json(spec, attr));
}

static json_t *nest_json(const struct attr_spec *spec, const struct nlattr *nest)
{
	json_t *object = json_object();
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		attr_add(object, spec->nest, spec->nest_size, attr);
	return object;
}

/* The table of a command's messages; NULL if there is none. */
static const struct attr_spec *message_spec(uint8_t cmd, size_t *size)
{
	if (cmd == DF_CMD_TRACE) {
		*size = dfctl_trace_spec_size;
		return dfctl_trace_spec;
	}
	if (cmd == DF_CMD_LOG_NTF) {
		*size = dfctl_log_spec_size;
		return dfctl_log_spec;
	}
	if (cmd >= ARRAY_SIZE(messages))
		return NULL;
	*size = messages[cmd].size;
	return messages[cmd].spec;
}

/* What a command notifies of; NULL if it is a reply. */
static const char *message_event(uint8_t cmd)
{
	if (cmd == DF_CMD_LOG_NTF)
		return "log";
	return cmd < ARRAY_SIZE(messages) ? messages[cmd].event : NULL;
}

/**
 * dfctl_nl_decode - a message of the family as a JSON object
 * @nlh: the message
 * @event: set to what it notifies of, or to NULL for a reply; may be NULL
 *
 * Return: the object, NULL for a message that is none of the family's.
 */
json_t *dfctl_nl_decode(const struct nlmsghdr *nlh, const char **event)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct attr_spec *spec = NULL;
	const struct nlattr *attr;
	json_t *object;
	size_t size;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*genl))
		spec = message_spec(genl->cmd, &size);
	if (!spec)
		return NULL;
	object = json_object();
	mnl_attr_for_each(attr, nlh, sizeof(*genl))
		attr_add(object, spec, size, attr);
	if (event)
		*event = message_event(genl->cmd);
	return object;
}
