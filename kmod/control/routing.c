// SPDX-License-Identifier: GPL-2.0
/* Requests about routers, their interfaces and their routes. */
#include <linux/etherdevice.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "control/netlink_gen.h"
#include "control/request.h"
#include "control/routing.h"
#include "table/interface.h"
#include "table/route.h"
#include "table/router.h"

static void ip_read(struct in6_addr *ip, const struct nlattr *attr)
{
	if (nla_len(attr) == sizeof(struct in6_addr))
		*ip = nla_get_in6_addr(attr);
	else
		ipv6_addr_set_v4mapped(nla_get_in_addr(attr), ip);
}

/* Read an address of one station, of either family; false if it is none. */
bool df_ip_parse(struct in6_addr *ip, const struct nlattr *attr)
{
	ip_read(ip, attr);
	/* No IPv6 address stands for one of IPv4. */
	if (nla_len(attr) == sizeof(struct in6_addr) && ipv6_addr_v4mapped(ip))
		return false;
	return df_ip_is_unicast(ip);
}

/*
 * Read an address from what may be two attributes, of which one must be there.
 * If that fails, @message says why.
 */
bool df_ip_read_one(struct in6_addr *ip, const struct nlattr *ip4,
		    const struct nlattr *ip6, const char **message)
{
	if (!ip4 == !ip6) {
		*message = "One address is needed, of IPv4 or of IPv6";
		return false;
	}
	ip_read(ip, ip4 ? ip4 : ip6);
	if (ip6 && ipv6_addr_v4mapped(ip)) {
		*message = "The address is an IPv4-mapped one";
		return false;
	}
	return true;
}

/*
 * Read a prefix from what may be two attributes, of which one must be there,
 * and its length. Return what is wrong with it, or NULL.
 */
static const char *subnet_parse(struct df_subnet *subnet,
				const struct nlattr *ip4,
				const struct nlattr *ip6,
				const struct nlattr *len)
{
	const char *message;

	if (!df_ip_read_one(&subnet->ip, ip4, ip6, &message))
		return message;
	if (!len)
		return "The prefix length is missing";
	subnet->len = nla_get_u8(len);
	if (ip4 && subnet->len > 32)
		return "The prefix is longer than an IPv4 address";
	return NULL;
}

/* router */

static int router_set(struct df_net *dn, const void *conf,
		      struct df_refusal *why)
{
	return df_router_set(dn, conf, why);
}

int dragonflow_nl_router_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_ROUTER,
		.ntf = DF_CMD_ROUTER_NTF,
		.set = router_set,
	};
	struct df_router_conf conf = {};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_ROUTER_ID))
		return -EINVAL;
	conf.id = nla_get_u32(info->attrs[DF_A_ROUTER_ID]);
	if (info->attrs[DF_A_ROUTER_FLAGS])
		conf.flags = nla_get_u32(info->attrs[DF_A_ROUTER_FLAGS]);
	return df_request_new(info, &request, conf.id, &conf);
}

int dragonflow_nl_router_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_ROUTER,
		.ntf = DF_CMD_ROUTER_DEL_NTF,
		.del = df_router_del,
	};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_ROUTER_ID))
		return -EINVAL;
	return df_request_del(info, &request,
			      nla_get_u32(info->attrs[DF_A_ROUTER_ID]));
}

int dragonflow_nl_router_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DF_A_ROUTER_ID))
		return -EINVAL;
	return df_request_get(info, DF_KIND_ROUTER,
			      nla_get_u32(info->attrs[DF_A_ROUTER_ID]),
			      DF_CMD_ROUTER_GET);
}

int dragonflow_nl_router_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb)
{
	return df_request_dump(skb, cb, DF_KIND_ROUTER, DF_CMD_ROUTER_GET);
}

/* router interface */

static int address_parse(struct df_subnet *subnet, struct genl_info *info,
			 const struct nlattr *nest)
{
	struct nlattr *tb[DF_A_ROUTER_ADDRESS_MAX + 1];
	const struct nlattr *ip4, *ip6;
	const char *message;
	int err;

	err = nla_parse_nested(tb, DF_A_ROUTER_ADDRESS_PREFIX_LEN, nest,
			       dragonflow_router_address_nl_policy,
			       info->extack);
	if (err)
		return err;
	ip4 = tb[DF_A_ROUTER_ADDRESS_IP4];
	ip6 = tb[DF_A_ROUTER_ADDRESS_IP6];
	message = subnet_parse(subnet, ip4, ip6,
			       tb[DF_A_ROUTER_ADDRESS_PREFIX_LEN]);
	if (!message && !df_ip_parse(&subnet->ip, ip4 ?: ip6))
		message = "The address is not a unicast one";
	return message ? df_request_refuse(info, nest, message) : 0;
}

static int addresses_parse(struct df_subnet *subnets, struct genl_info *info)
{
	const struct nlattr *attr;
	int left, err, i = 0;

	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), left) {
		if (nla_type(attr) != DF_A_ROUTER_INTERFACE_ADDRESS)
			continue;
		err = address_parse(&subnets[i++], info, attr);
		if (err)
			return err;
	}
	return 0;
}

static void interface_parse(struct df_interface_conf *conf,
			    struct nlattr **attrs)
{
	conf->id = nla_get_u32(attrs[DF_A_ROUTER_INTERFACE_ID]);
	conf->router = nla_get_u32(attrs[DF_A_ROUTER_INTERFACE_ROUTER]);
	conf->network = nla_get_u32(attrs[DF_A_ROUTER_INTERFACE_NETWORK]);
	ether_addr_copy(conf->mac, nla_data(attrs[DF_A_ROUTER_INTERFACE_MAC]));
	if (attrs[DF_A_ROUTER_INTERFACE_MTU])
		conf->mtu = nla_get_u32(attrs[DF_A_ROUTER_INTERFACE_MTU]);
	if (attrs[DF_A_ROUTER_INTERFACE_FLAGS])
		conf->flags = nla_get_u32(attrs[DF_A_ROUTER_INTERFACE_FLAGS]);
}

static int interface_set(struct df_net *dn, const void *conf,
			 struct df_refusal *why)
{
	return df_interface_set(dn, conf, why);
}

int dragonflow_nl_router_interface_new_doit(struct sk_buff *skb,
					    struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_INTERFACE,
		.ntf = DF_CMD_ROUTER_INTERFACE_NTF,
		.set = interface_set,
	};
	struct df_interface_conf conf = {};
	struct df_subnet *subnets;
	int count, err;

	if (GENL_REQ_ATTR_CHECK(info, DF_A_ROUTER_INTERFACE_ID) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_ROUTER_INTERFACE_ROUTER) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_ROUTER_INTERFACE_NETWORK) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_ROUTER_INTERFACE_MAC))
		return -EINVAL;
	interface_parse(&conf, info->attrs);
	count = df_request_count(info, DF_A_ROUTER_INTERFACE_ADDRESS);
	if (count > DRAGONFLOW_ADDRESSES_MAX)
		return df_request_refuse(info,
					 info->attrs[DF_A_ROUTER_INTERFACE_ADDRESS],
					 "The interface has too many addresses");
	subnets = kcalloc(count, sizeof(*subnets), GFP_KERNEL);
	if (!subnets)
		return -ENOMEM;
	err = addresses_parse(subnets, info);
	conf.subnets = subnets;
	conf.subnet_count = count;
	if (!err)
		err = df_request_new(info, &request, conf.id, &conf);
	kfree(subnets);
	return err;
}

int dragonflow_nl_router_interface_del_doit(struct sk_buff *skb,
					    struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_INTERFACE,
		.ntf = DF_CMD_ROUTER_INTERFACE_DEL_NTF,
		.del = df_interface_del,
	};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_ROUTER_INTERFACE_ID))
		return -EINVAL;
	return df_request_del(info, &request,
			      nla_get_u32(info->attrs[DF_A_ROUTER_INTERFACE_ID]));
}

int dragonflow_nl_router_interface_get_doit(struct sk_buff *skb,
					    struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DF_A_ROUTER_INTERFACE_ID))
		return -EINVAL;
	return df_request_get(info, DF_KIND_INTERFACE,
			      nla_get_u32(info->attrs[DF_A_ROUTER_INTERFACE_ID]),
			      DF_CMD_ROUTER_INTERFACE_GET);
}

int dragonflow_nl_router_interface_get_dumpit(struct sk_buff *skb,
					      struct netlink_callback *cb)
{
	return df_request_dump(skb, cb, DF_KIND_INTERFACE,
			       DF_CMD_ROUTER_INTERFACE_GET);
}

/* route */

static int nexthop_parse(struct df_nexthop_conf *nexthop,
			 const struct df_route_conf *route,
			 struct genl_info *info, const struct nlattr *nest)
{
	struct nlattr *tb[DF_A_NEXTHOP_MAX + 1], *gateway;
	bool is_ip6 = !ipv6_addr_v4mapped(&route->prefix.ip);
	int err;

	err = nla_parse_nested(tb, DF_A_NEXTHOP_WEIGHT, nest,
			       dragonflow_nexthop_nl_policy, info->extack);
	if (err)
		return err;
	if (!tb[DF_A_NEXTHOP_INTERFACE])
		return df_request_refuse(info, nest,
					 "The next hop names no interface");
	if (tb[is_ip6 ? DF_A_NEXTHOP_IP4 : DF_A_NEXTHOP_IP6])
		return df_request_refuse(info, nest,
					 "The gateway is of another family than the route");
	nexthop->interface = nla_get_u32(tb[DF_A_NEXTHOP_INTERFACE]);
	nexthop->weight = 1;
	if (tb[DF_A_NEXTHOP_WEIGHT])
		nexthop->weight = nla_get_u32(tb[DF_A_NEXTHOP_WEIGHT]);
	gateway = tb[is_ip6 ? DF_A_NEXTHOP_IP6 : DF_A_NEXTHOP_IP4];
	nexthop->has_gateway = gateway;
	if (gateway && !df_ip_parse(&nexthop->gateway, gateway))
		return df_request_refuse(info, nest,
					 "The gateway is not a unicast address");
	return 0;
}

static int nexthops_parse(struct df_nexthop_conf *nexthops,
			  const struct df_route_conf *route,
			  struct genl_info *info)
{
	const struct nlattr *attr;
	int left, err, i = 0;

	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), left) {
		if (nla_type(attr) != DF_A_ROUTE_NEXTHOP)
			continue;
		err = nexthop_parse(&nexthops[i++], route, info, attr);
		if (err)
			return err;
	}
	return 0;
}

static int route_parse(struct df_route_conf *conf, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	const char *message;

	conf->id = nla_get_u32(attrs[DF_A_ROUTE_ID]);
	conf->router = nla_get_u32(attrs[DF_A_ROUTE_ROUTER]);
	conf->type = DRAGONFLOW_ROUTE_TYPE_UNICAST;
	if (attrs[DF_A_ROUTE_TYPE])
		conf->type = nla_get_u32(attrs[DF_A_ROUTE_TYPE]);
	message = subnet_parse(&conf->prefix, attrs[DF_A_ROUTE_IP4],
			       attrs[DF_A_ROUTE_IP6],
			       attrs[DF_A_ROUTE_PREFIX_LEN]);
	if (!message && !df_subnet_is_masked(&conf->prefix))
		message = "Bits behind the prefix are not zero";
	return message ? df_request_refuse(info, attrs[DF_A_ROUTE_PREFIX_LEN],
					   message) : 0;
}

/* How many next hops the route has, or -errno if it must not. */
static int nexthops_count(const struct df_route_conf *conf,
			  struct genl_info *info)
{
	int count = df_request_count(info, DF_A_ROUTE_NEXTHOP);
	const struct nlattr *attr = info->attrs[DF_A_ROUTE_NEXTHOP];

	if (conf->type != DRAGONFLOW_ROUTE_TYPE_UNICAST)
		return !count ? 0 :
			df_request_refuse(info, attr,
					  "Only a unicast route has next hops");
	if (GENL_REQ_ATTR_CHECK(info, DF_A_ROUTE_NEXTHOP))
		return -EINVAL;
	if (count > DRAGONFLOW_NEXTHOPS_MAX)
		return df_request_refuse(info, attr,
					 "The route has too many next hops");
	return count;
}

static int route_set(struct df_net *dn, const void *conf,
		     struct df_refusal *why)
{
	return df_route_set(dn, conf, why);
}

int dragonflow_nl_route_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_ROUTE,
		.ntf = DF_CMD_ROUTE_NTF,
		.set = route_set,
	};
	struct df_nexthop_conf *nexthops;
	struct df_route_conf conf = {};
	int count, err;

	if (GENL_REQ_ATTR_CHECK(info, DF_A_ROUTE_ID) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_ROUTE_ROUTER) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_ROUTE_PREFIX_LEN))
		return -EINVAL;
	err = route_parse(&conf, info);
	if (err)
		return err;
	count = nexthops_count(&conf, info);
	if (count < 0)
		return count;
	nexthops = kcalloc(count, sizeof(*nexthops), GFP_KERNEL);
	if (!nexthops)
		return -ENOMEM;
	err = nexthops_parse(nexthops, &conf, info);
	conf.nexthops = nexthops;
	conf.nexthop_count = count;
	if (!err)
		err = df_request_new(info, &request, conf.id, &conf);
	kfree(nexthops);
	return err;
}

int dragonflow_nl_route_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_ROUTE,
		.ntf = DF_CMD_ROUTE_DEL_NTF,
		.del = df_route_del,
	};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_ROUTE_ID))
		return -EINVAL;
	return df_request_del(info, &request,
			      nla_get_u32(info->attrs[DF_A_ROUTE_ID]));
}

int dragonflow_nl_route_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DF_A_ROUTE_ID))
		return -EINVAL;
	return df_request_get(info, DF_KIND_ROUTE,
			      nla_get_u32(info->attrs[DF_A_ROUTE_ID]),
			      DF_CMD_ROUTE_GET);
}

int dragonflow_nl_route_get_dumpit(struct sk_buff *skb,
				   struct netlink_callback *cb)
{
	return df_request_dump(skb, cb, DF_KIND_ROUTE, DF_CMD_ROUTE_GET);
}
