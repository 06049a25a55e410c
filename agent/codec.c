// SPDX-License-Identifier: GPL-2.0
#include "codec.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/dragonflow.h>
#include <linux/genetlink.h>

#include "util.h"

/* --- parts ----------------------------------------------------------------- */

static void put_address(struct nlmsghdr *nlh, uint16_t ip4, uint16_t ip6,
			const struct dfa_address *address)
{
	if (address->family == AF_INET)
		mnl_attr_put(nlh, ip4, 4, address->bytes);
	else if (address->family == AF_INET6)
		mnl_attr_put(nlh, ip6, 16, address->bytes);
}

static void put_u32(struct nlmsghdr *nlh, uint16_t type, uint32_t value)
{
	if (value)
		mnl_attr_put_u32(nlh, type, value);
}

static void remember(const struct nlattr **attrs, const struct nlattr *attr)
{
	if (mnl_attr_get_type(attr) < DFA_ATTRS)
		attrs[mnl_attr_get_type(attr)] = attr;
}

void dfa_codec_attrs(const struct nlmsghdr *nlh,
		     const struct nlattr *attrs[DFA_ATTRS])
{
	const struct nlattr *attr;

	memset(attrs, 0, DFA_ATTRS * sizeof(*attrs));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		remember(attrs, attr);
}

static void parse_nest(const struct nlattr *nest,
		       const struct nlattr *attrs[DFA_ATTRS])
{
	const struct nlattr *attr;

	memset(attrs, 0, DFA_ATTRS * sizeof(*attrs));
	mnl_attr_for_each_nested(attr, nest)
		remember(attrs, attr);
}

static uint32_t get_u32(const struct nlattr *attr, uint32_t absent)
{
	if (!attr || mnl_attr_get_payload_len(attr) != sizeof(uint32_t))
		return absent;
	return mnl_attr_get_u32(attr);
}

static uint8_t get_u8(const struct nlattr *attr)
{
	if (!attr || mnl_attr_get_payload_len(attr) != sizeof(uint8_t))
		return 0;
	return mnl_attr_get_u8(attr);
}

static void get_mac(uint8_t mac[6], const struct nlattr *attr)
{
	if (attr && mnl_attr_get_payload_len(attr) == 6)
		memcpy(mac, mnl_attr_get_payload(attr), 6);
}

static void get_address(struct dfa_address *address, const struct nlattr *ip4,
			const struct nlattr *ip6)
{
	if (ip4 && mnl_attr_get_payload_len(ip4) == 4) {
		address->family = AF_INET;
		memcpy(address->bytes, mnl_attr_get_payload(ip4), 4);
	} else if (ip6 && mnl_attr_get_payload_len(ip6) == 16) {
		address->family = AF_INET6;
		memcpy(address->bytes, mnl_attr_get_payload(ip6), 16);
	}
}

static uint64_t get_u64(const struct nlattr *attr)
{
	if (!attr || mnl_attr_get_payload_len(attr) != sizeof(uint64_t))
		return 0;
	return mnl_attr_get_u64(attr);
}

/*
 * The list of what @parse finds in the attributes; it returns false for those
 * that are something else.
 */
static int get_addrs(const struct nlmsghdr *nlh, struct dfa_addrs **addrs,
		     bool (*parse)(const struct nlattr *attr,
				   struct dfa_addr *addr))
{
	struct dfa_addr addr[DRAGONFLOW_ADDRESSES_MAX];
	const struct nlattr *attr;
	size_t count = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		struct dfa_addr one = { 0 };

		if (!parse(attr, &one))
			continue;
		if (count == DFA_ARRAY_SIZE(addr))
			return -EBADMSG;
		addr[count++] = one;
	}
	if (!count)
		return 0;
	*addrs = dfa_addrs_new(addr, count);
	return *addrs ? 0 : -ENOMEM;
}

/* --- network, port, chassis ------------------------------------------------ */

static void put_network(struct nlmsghdr *nlh, const union dfa_value *value)
{
	if (value->network.vni != DFA_NO_VNI)
		mnl_attr_put_u32(nlh, DF_A_NETWORK_VNI, value->network.vni);
	put_u32(nlh, DF_A_NETWORK_FLAGS, value->network.flags);
}

static int parse_network(const struct nlmsghdr *nlh, uint32_t *id,
			 union dfa_value *value)
{
	const struct nlattr *attrs[DFA_ATTRS];

	dfa_codec_attrs(nlh, attrs);
	*id = get_u32(attrs[DF_A_NETWORK_ID], 0);
	value->network.vni = get_u32(attrs[DF_A_NETWORK_VNI], DFA_NO_VNI);
	value->network.flags = get_u32(attrs[DF_A_NETWORK_FLAGS], 0);
	return 0;
}

static void put_pair(struct nlmsghdr *nlh, const struct dfa_pair *pair)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, DF_A_PORT_PAIR);

	mnl_attr_put(nlh, DF_A_ADDRESS_PAIR_MAC, 6, pair->mac);
	put_address(nlh, DF_A_ADDRESS_PAIR_IP4, DF_A_ADDRESS_PAIR_IP6,
		    &pair->address);
	mnl_attr_put_u8(nlh, DF_A_ADDRESS_PAIR_PREFIX_LEN, pair->prefix_len);
	mnl_attr_nest_end(nlh, nest);
}

static void put_hold(struct nlmsghdr *nlh, const struct dfa_pair *pair)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, DF_A_PORT_HOLD);

	mnl_attr_put(nlh, DF_A_ADDRESS_HOLD_MAC, 6, pair->mac);
	put_address(nlh, DF_A_ADDRESS_HOLD_IP4, DF_A_ADDRESS_HOLD_IP6,
		    &pair->address);
	mnl_attr_put_u64(nlh, DF_A_ADDRESS_HOLD_SINCE, pair->since);
	mnl_attr_nest_end(nlh, nest);
}

static void put_pairs(struct nlmsghdr *nlh, const struct dfa_pairs *pairs)
{
	for (size_t i = 0; i < dfa_pairs_count(pairs); i++) {
		if (pairs->pair[i].since)
			put_hold(nlh, &pairs->pair[i]);
		else
			put_pair(nlh, &pairs->pair[i]);
	}
}

static void parse_pair(struct dfa_pair *pair, const struct nlattr *nest)
{
	const struct nlattr *attrs[DFA_ATTRS];

	parse_nest(nest, attrs);
	get_mac(pair->mac, attrs[DF_A_ADDRESS_PAIR_MAC]);
	get_address(&pair->address, attrs[DF_A_ADDRESS_PAIR_IP4],
		    attrs[DF_A_ADDRESS_PAIR_IP6]);
	pair->prefix_len = get_u8(attrs[DF_A_ADDRESS_PAIR_PREFIX_LEN]);
}

/* A claim without a time would look like something that is allowed. */
static bool parse_hold(struct dfa_pair *pair, const struct nlattr *nest)
{
	const struct nlattr *attrs[DFA_ATTRS];

	parse_nest(nest, attrs);
	get_mac(pair->mac, attrs[DF_A_ADDRESS_HOLD_MAC]);
	get_address(&pair->address, attrs[DF_A_ADDRESS_HOLD_IP4],
		    attrs[DF_A_ADDRESS_HOLD_IP6]);
	pair->prefix_len = pair->address.family == AF_INET ? 32 : 128;
	pair->since = get_u64(attrs[DF_A_ADDRESS_HOLD_SINCE]);
	pair->is_active = attrs[DF_A_ADDRESS_HOLD_ACTIVE];
	return pair->since;
}

int dfa_codec_pairs(const struct nlmsghdr *nlh, struct dfa_pairs **pairs)
{
	struct dfa_pair pair[DRAGONFLOW_PAIRS_MAX + DRAGONFLOW_HOLDS_MAX];
	const struct nlattr *attr;
	size_t count = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type != DF_A_PORT_PAIR && type != DF_A_PORT_HOLD)
			continue;
		if (count == DFA_ARRAY_SIZE(pair))
			return -EBADMSG;
		pair[count] = (struct dfa_pair){ 0 };
		if (type == DF_A_PORT_PAIR)
			parse_pair(&pair[count++], attr);
		else if (!parse_hold(&pair[count++], attr))
			return -EBADMSG;
	}
	if (!count)
		return 0;
	*pairs = dfa_pairs_new(pair, count);
	return *pairs ? 0 : -ENOMEM;
}

static void put_port(struct nlmsghdr *nlh, const union dfa_value *value)
{
	const struct dfa_port_value *port = &value->port;

	mnl_attr_put_u32(nlh, DF_A_PORT_TYPE, port->type);
	if (port->type == DRAGONFLOW_PORT_TYPE_TUNNEL)
		return;
	mnl_attr_put_u32(nlh, DF_A_PORT_NETWORK, port->network);
	mnl_attr_put(nlh, DF_A_PORT_MAC, 6, port->mac);
	if (port->type == DRAGONFLOW_PORT_TYPE_REMOTE)
		mnl_attr_put_u32(nlh, DF_A_PORT_CHASSIS, port->chassis);
	put_u32(nlh, DF_A_PORT_FLAGS, port->flags);
	put_u32(nlh, DF_A_PORT_CONNECTION_LIMIT, port->connection_limit);
	for (size_t i = 0; i < dfa_addrs_count(port->addrs); i++)
		put_address(nlh, DF_A_PORT_IP4, DF_A_PORT_IP6,
			    &port->addrs->addr[i].address);
	put_pairs(nlh, port->pairs);
	for (size_t i = 0; i < dfa_ids_count(port->groups); i++)
		mnl_attr_put_u32(nlh, DF_A_PORT_GROUP, port->groups->id[i]);
}

static bool parse_port_address(const struct nlattr *attr, struct dfa_addr *addr)
{
	uint16_t type = mnl_attr_get_type(attr);

	get_address(&addr->address, type == DF_A_PORT_IP4 ? attr : NULL,
		    type == DF_A_PORT_IP6 ? attr : NULL);
	return addr->address.family != AF_UNSPEC;
}

static int get_groups(const struct nlmsghdr *nlh, struct dfa_ids **groups)
{
	uint32_t id[DRAGONFLOW_GROUPS_MAX];
	const struct nlattr *attr;
	size_t count = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != DF_A_PORT_GROUP)
			continue;
		if (count == DFA_ARRAY_SIZE(id))
			return -EBADMSG;
		id[count++] = get_u32(attr, 0);
	}
	if (!count)
		return 0;
	*groups = dfa_ids_new(id, count);
	return *groups ? 0 : -ENOMEM;
}

static int parse_port(const struct nlmsghdr *nlh, uint32_t *id,
		      union dfa_value *value)
{
	struct dfa_port_value *port = &value->port;
	const struct nlattr *attrs[DFA_ATTRS];

	dfa_codec_attrs(nlh, attrs);
	*id = get_u32(attrs[DF_A_PORT_ID], 0);
	port->type = (uint8_t)get_u32(attrs[DF_A_PORT_TYPE], 0);
	port->network = get_u32(attrs[DF_A_PORT_NETWORK], 0);
	port->chassis = get_u32(attrs[DF_A_PORT_CHASSIS], 0);
	port->flags = (uint8_t)get_u32(attrs[DF_A_PORT_FLAGS], 0);
	port->connection_limit = get_u32(attrs[DF_A_PORT_CONNECTION_LIMIT], 0);
	get_mac(port->mac, attrs[DF_A_PORT_MAC]);
	return get_addrs(nlh, &port->addrs, parse_port_address) ?:
	       get_groups(nlh, &port->groups) ?:
	       dfa_codec_pairs(nlh, &port->pairs);
}

static void put_chassis(struct nlmsghdr *nlh, const union dfa_value *value)
{
	mnl_attr_put_u32(nlh, DF_A_CHASSIS_TUNNEL, value->chassis.tunnel);
	put_address(nlh, DF_A_CHASSIS_REMOTE_IP4, DF_A_CHASSIS_REMOTE_IP6,
		    &value->chassis.remote);
	put_address(nlh, DF_A_CHASSIS_LOCAL_IP4, DF_A_CHASSIS_LOCAL_IP6,
		    &value->chassis.local);
}

static int parse_chassis(const struct nlmsghdr *nlh, uint32_t *id,
			 union dfa_value *value)
{
	const struct nlattr *attrs[DFA_ATTRS];

	dfa_codec_attrs(nlh, attrs);
	*id = get_u32(attrs[DF_A_CHASSIS_ID], 0);
	value->chassis.tunnel = get_u32(attrs[DF_A_CHASSIS_TUNNEL], 0);
	get_address(&value->chassis.remote, attrs[DF_A_CHASSIS_REMOTE_IP4],
		    attrs[DF_A_CHASSIS_REMOTE_IP6]);
	get_address(&value->chassis.local, attrs[DF_A_CHASSIS_LOCAL_IP4],
		    attrs[DF_A_CHASSIS_LOCAL_IP6]);
	return 0;
}

/* --- router, router interface, route --------------------------------------- */

static void put_router(struct nlmsghdr *nlh, const union dfa_value *value)
{
	put_u32(nlh, DF_A_ROUTER_FLAGS, value->router.flags);
}

static int parse_router(const struct nlmsghdr *nlh, uint32_t *id,
			union dfa_value *value)
{
	const struct nlattr *attrs[DFA_ATTRS];

	dfa_codec_attrs(nlh, attrs);
	*id = get_u32(attrs[DF_A_ROUTER_ID], 0);
	value->router.flags = get_u32(attrs[DF_A_ROUTER_FLAGS], 0);
	return 0;
}

static void put_interface(struct nlmsghdr *nlh, const union dfa_value *value)
{
	const struct dfa_interface_value *interface = &value->interface;
	const struct dfa_addr *addr;
	struct nlattr *nest;

	mnl_attr_put_u32(nlh, DF_A_ROUTER_INTERFACE_ROUTER, interface->router);
	mnl_attr_put_u32(nlh, DF_A_ROUTER_INTERFACE_NETWORK,
			 interface->network);
	mnl_attr_put(nlh, DF_A_ROUTER_INTERFACE_MAC, 6, interface->mac);
	if (interface->mtu)
		mnl_attr_put_u32(nlh, DF_A_ROUTER_INTERFACE_MTU,
				 interface->mtu);
	put_u32(nlh, DF_A_ROUTER_INTERFACE_FLAGS, interface->flags);
	for (size_t i = 0; i < dfa_addrs_count(interface->addrs); i++) {
		addr = &interface->addrs->addr[i];
		nest = mnl_attr_nest_start(nlh, DF_A_ROUTER_INTERFACE_ADDRESS);
		put_address(nlh, DF_A_ROUTER_ADDRESS_IP4,
			    DF_A_ROUTER_ADDRESS_IP6, &addr->address);
		mnl_attr_put_u8(nlh, DF_A_ROUTER_ADDRESS_PREFIX_LEN,
				addr->prefix_len);
		mnl_attr_nest_end(nlh, nest);
	}
}

static bool parse_interface_address(const struct nlattr *attr,
				    struct dfa_addr *addr)
{
	const struct nlattr *attrs[DFA_ATTRS];

	if (mnl_attr_get_type(attr) != DF_A_ROUTER_INTERFACE_ADDRESS)
		return false;
	parse_nest(attr, attrs);
	get_address(&addr->address, attrs[DF_A_ROUTER_ADDRESS_IP4],
		    attrs[DF_A_ROUTER_ADDRESS_IP6]);
	addr->prefix_len = get_u8(attrs[DF_A_ROUTER_ADDRESS_PREFIX_LEN]);
	return true;
}

static int parse_interface(const struct nlmsghdr *nlh, uint32_t *id,
			   union dfa_value *value)
{
	struct dfa_interface_value *interface = &value->interface;
	const struct nlattr *attrs[DFA_ATTRS];

	dfa_codec_attrs(nlh, attrs);
	*id = get_u32(attrs[DF_A_ROUTER_INTERFACE_ID], 0);
	interface->router = get_u32(attrs[DF_A_ROUTER_INTERFACE_ROUTER], 0);
	interface->network = get_u32(attrs[DF_A_ROUTER_INTERFACE_NETWORK], 0);
	interface->mtu = get_u32(attrs[DF_A_ROUTER_INTERFACE_MTU], 0);
	interface->flags =
		(uint8_t)get_u32(attrs[DF_A_ROUTER_INTERFACE_FLAGS], 0);
	get_mac(interface->mac, attrs[DF_A_ROUTER_INTERFACE_MAC]);
	return get_addrs(nlh, &interface->addrs, parse_interface_address);
}

static void put_route(struct nlmsghdr *nlh, const union dfa_value *value)
{
	const struct dfa_route_value *route = &value->route;
	const struct dfa_addr *nexthop;
	struct nlattr *nest;

	mnl_attr_put_u32(nlh, DF_A_ROUTE_ROUTER, route->router);
	put_address(nlh, DF_A_ROUTE_IP4, DF_A_ROUTE_IP6, &route->prefix);
	mnl_attr_put_u8(nlh, DF_A_ROUTE_PREFIX_LEN, route->prefix_len);
	mnl_attr_put_u32(nlh, DF_A_ROUTE_TYPE, route->type);
	for (size_t i = 0; i < dfa_addrs_count(route->nexthops); i++) {
		nexthop = &route->nexthops->addr[i];
		nest = mnl_attr_nest_start(nlh, DF_A_ROUTE_NEXTHOP);
		mnl_attr_put_u32(nlh, DF_A_NEXTHOP_INTERFACE,
				 nexthop->interface);
		put_address(nlh, DF_A_NEXTHOP_IP4, DF_A_NEXTHOP_IP6,
			    &nexthop->address);
		mnl_attr_nest_end(nlh, nest);
	}
}

static bool parse_nexthop(const struct nlattr *attr, struct dfa_addr *addr)
{
	const struct nlattr *attrs[DFA_ATTRS];

	if (mnl_attr_get_type(attr) != DF_A_ROUTE_NEXTHOP)
		return false;
	parse_nest(attr, attrs);
	addr->interface = get_u32(attrs[DF_A_NEXTHOP_INTERFACE], 0);
	get_address(&addr->address, attrs[DF_A_NEXTHOP_IP4],
		    attrs[DF_A_NEXTHOP_IP6]);
	return true;
}

static int parse_route(const struct nlmsghdr *nlh, uint32_t *id,
		       union dfa_value *value)
{
	struct dfa_route_value *route = &value->route;
	const struct nlattr *attrs[DFA_ATTRS];

	dfa_codec_attrs(nlh, attrs);
	*id = get_u32(attrs[DF_A_ROUTE_ID], 0);
	route->router = get_u32(attrs[DF_A_ROUTE_ROUTER], 0);
	get_address(&route->prefix, attrs[DF_A_ROUTE_IP4],
		    attrs[DF_A_ROUTE_IP6]);
	route->prefix_len = get_u8(attrs[DF_A_ROUTE_PREFIX_LEN]);
	route->type = (uint8_t)get_u32(attrs[DF_A_ROUTE_TYPE],
				       DRAGONFLOW_ROUTE_TYPE_UNICAST);
	return get_addrs(nlh, &route->nexthops, parse_nexthop);
}

/* --- address set, member, security group, rule ----------------------------- */

static void put_set(struct nlmsghdr *nlh, const union dfa_value *value)
{
	(void)nlh;
	(void)value;
}

static int parse_set(const struct nlmsghdr *nlh, uint32_t *id,
		     union dfa_value *value)
{
	const struct nlattr *attrs[DFA_ATTRS];

	(void)value;
	dfa_codec_attrs(nlh, attrs);
	*id = get_u32(attrs[DF_A_ADDRESS_SET_ID], 0);
	return 0;
}

static void put_member(struct nlmsghdr *nlh, const union dfa_value *value)
{
	mnl_attr_put_u32(nlh, DF_A_ADDRESS_SET_MEMBER_SET, value->member.set);
	put_address(nlh, DF_A_ADDRESS_SET_MEMBER_IP4,
		    DF_A_ADDRESS_SET_MEMBER_IP6, &value->member.prefix);
	mnl_attr_put_u8(nlh, DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN,
			value->member.prefix_len);
}

/* It is told as a thing of the set: the family has no id of members. */
static int parse_member(const struct nlmsghdr *nlh, uint32_t *id,
			union dfa_value *value)
{
	struct dfa_member_value *member = &value->member;
	const struct nlattr *attrs[DFA_ATTRS], *len;

	dfa_codec_attrs(nlh, attrs);
	*id = get_u32(attrs[DF_A_ADDRESS_SET_MEMBER_SET], 0);
	member->set = *id;
	get_address(&member->prefix, attrs[DF_A_ADDRESS_SET_MEMBER_IP4],
		    attrs[DF_A_ADDRESS_SET_MEMBER_IP6]);
	if (member->prefix.family == AF_UNSPEC)
		return -EBADMSG;
	len = attrs[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN];
	member->prefix_len = len ? get_u8(len) :
			     member->prefix.family == AF_INET ? 32 : 128;
	return 0;
}

static void put_group(struct nlmsghdr *nlh, const union dfa_value *value)
{
	put_u32(nlh, DF_A_SECURITY_GROUP_FLAGS, value->group.flags);
}

static int parse_group(const struct nlmsghdr *nlh, uint32_t *id,
		       union dfa_value *value)
{
	const struct nlattr *attrs[DFA_ATTRS];

	dfa_codec_attrs(nlh, attrs);
	*id = get_u32(attrs[DF_A_SECURITY_GROUP_ID], 0);
	value->group.flags = get_u32(attrs[DF_A_SECURITY_GROUP_FLAGS], 0);
	return 0;
}

static void put_u8_if(struct nlmsghdr *nlh, uint16_t type, int16_t number)
{
	if (number != DFA_ANY)
		mnl_attr_put_u8(nlh, type, (uint8_t)number);
}

static void put_rule(struct nlmsghdr *nlh, const union dfa_value *value)
{
	const struct dfa_rule_value *rule = &value->rule;

	mnl_attr_put_u32(nlh, DF_A_SECURITY_GROUP_RULE_GROUP, rule->group);
	mnl_attr_put_u32(nlh, DF_A_SECURITY_GROUP_RULE_DIRECTION, rule->direction);
	mnl_attr_put_u32(nlh, DF_A_SECURITY_GROUP_RULE_VERSION, rule->version);
	put_u8_if(nlh, DF_A_SECURITY_GROUP_RULE_PROTOCOL, rule->protocol);
	put_u8_if(nlh, DF_A_SECURITY_GROUP_RULE_ICMP_TYPE, rule->icmp_type);
	put_u8_if(nlh, DF_A_SECURITY_GROUP_RULE_ICMP_CODE, rule->icmp_code);
	if (rule->has_ports) {
		mnl_attr_put_u16(nlh, DF_A_SECURITY_GROUP_RULE_PORT_MIN, rule->port_min);
		mnl_attr_put_u16(nlh, DF_A_SECURITY_GROUP_RULE_PORT_MAX, rule->port_max);
	}
	if (rule->set)
		mnl_attr_put_u32(nlh, DF_A_SECURITY_GROUP_RULE_ADDRESS_SET,
				 rule->set);
	if (rule->prefix.family == AF_UNSPEC)
		return;
	put_address(nlh, DF_A_SECURITY_GROUP_RULE_IP4,
		    DF_A_SECURITY_GROUP_RULE_IP6, &rule->prefix);
	mnl_attr_put_u8(nlh, DF_A_SECURITY_GROUP_RULE_PREFIX_LEN,
			rule->prefix_len);
}

static int16_t get_u8_if(const struct nlattr *attr)
{
	return attr ? get_u8(attr) : DFA_ANY;
}

static uint16_t get_u16(const struct nlattr *attr)
{
	if (!attr || mnl_attr_get_payload_len(attr) != sizeof(uint16_t))
		return 0;
	return mnl_attr_get_u16(attr);
}

static int parse_rule(const struct nlmsghdr *nlh, uint32_t *id,
		      union dfa_value *value)
{
	struct dfa_rule_value *rule = &value->rule;
	const struct nlattr *attrs[DFA_ATTRS];

	dfa_codec_attrs(nlh, attrs);
	*id = get_u32(attrs[DF_A_SECURITY_GROUP_RULE_ID], 0);
	rule->group = get_u32(attrs[DF_A_SECURITY_GROUP_RULE_GROUP], 0);
	rule->set = get_u32(attrs[DF_A_SECURITY_GROUP_RULE_ADDRESS_SET], 0);
	rule->direction = (uint8_t)get_u32(attrs[DF_A_SECURITY_GROUP_RULE_DIRECTION], 0);
	rule->version = (uint8_t)get_u32(attrs[DF_A_SECURITY_GROUP_RULE_VERSION], 0);
	rule->protocol = get_u8_if(attrs[DF_A_SECURITY_GROUP_RULE_PROTOCOL]);
	rule->icmp_type = get_u8_if(attrs[DF_A_SECURITY_GROUP_RULE_ICMP_TYPE]);
	rule->icmp_code = get_u8_if(attrs[DF_A_SECURITY_GROUP_RULE_ICMP_CODE]);
	rule->has_ports = attrs[DF_A_SECURITY_GROUP_RULE_PORT_MIN];
	rule->port_min = get_u16(attrs[DF_A_SECURITY_GROUP_RULE_PORT_MIN]);
	rule->port_max = get_u16(attrs[DF_A_SECURITY_GROUP_RULE_PORT_MAX]);
	get_address(&rule->prefix, attrs[DF_A_SECURITY_GROUP_RULE_IP4],
		    attrs[DF_A_SECURITY_GROUP_RULE_IP6]);
	rule->prefix_len = get_u8(attrs[DF_A_SECURITY_GROUP_RULE_PREFIX_LEN]);
	return 0;
}

#define CODEC(noun, function)                                      \
	{                                                          \
		.cmd_new = DF_CMD_##noun##_NEW,                    \
		.cmd_del = DF_CMD_##noun##_DEL,                    \
		.cmd_get = DF_CMD_##noun##_GET,                    \
		.id_attr = DF_A_##noun##_ID, .put = put_##function, \
		.parse = parse_##function,                         \
	}

const struct dfa_codec dfa_codecs[DFA_KINDS] = {
	[DFA_NETWORK] = CODEC(NETWORK, network),
	[DFA_PORT] = CODEC(PORT, port),
	[DFA_CHASSIS] = CODEC(CHASSIS, chassis),
	[DFA_ROUTER] = CODEC(ROUTER, router),
	[DFA_INTERFACE] = CODEC(ROUTER_INTERFACE, interface),
	[DFA_ROUTE] = CODEC(ROUTE, route),
	[DFA_SET] = CODEC(ADDRESS_SET, set),
	[DFA_MEMBER] = {
		.cmd_new = DF_CMD_ADDRESS_SET_MEMBER_NEW,
		.cmd_del = DF_CMD_ADDRESS_SET_MEMBER_DEL,
		.cmd_get = DF_CMD_ADDRESS_SET_MEMBER_GET,
		.put = put_member,
		.parse = parse_member,
	},
	[DFA_GROUP] = CODEC(SECURITY_GROUP, group),
	[DFA_RULE] = CODEC(SECURITY_GROUP_RULE, rule),
};
