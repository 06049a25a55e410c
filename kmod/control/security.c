// SPDX-License-Identifier: GPL-2.0
/* Requests about security groups, their rules, and address sets. */
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "control/netlink.h"
#include "control/netlink_gen.h"
#include "control/request.h"
#include "control/routing.h"
#include "table/addrset.h"
#include "table/prefix.h"
#include "table/secgroup.h"

/* group */

static int group_set(struct df_net *dn, const void *conf,
		     struct df_refusal *why)
{
	return df_group_set(dn, conf, why);
}

int dragonflow_nl_security_group_new_doit(struct sk_buff *skb,
					  struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_GROUP,
		.ntf = DF_CMD_SECURITY_GROUP_NTF,
		.set = group_set,
	};
	struct df_group_conf conf = {};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_SECURITY_GROUP_ID))
		return -EINVAL;
	conf.id = nla_get_u32(info->attrs[DF_A_SECURITY_GROUP_ID]);
	if (info->attrs[DF_A_SECURITY_GROUP_FLAGS])
		conf.flags = nla_get_u32(info->attrs[DF_A_SECURITY_GROUP_FLAGS]);
	return df_request_new(info, &request, conf.id, &conf);
}

int dragonflow_nl_security_group_del_doit(struct sk_buff *skb,
					  struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_GROUP,
		.ntf = DF_CMD_SECURITY_GROUP_DEL_NTF,
		.del = df_group_del,
	};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_SECURITY_GROUP_ID))
		return -EINVAL;
	return df_request_del(info, &request,
			      nla_get_u32(info->attrs[DF_A_SECURITY_GROUP_ID]));
}

int dragonflow_nl_security_group_get_doit(struct sk_buff *skb,
					  struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DF_A_SECURITY_GROUP_ID))
		return -EINVAL;
	return df_request_get(info, DF_KIND_GROUP,
			      nla_get_u32(info->attrs[DF_A_SECURITY_GROUP_ID]),
			      DF_CMD_SECURITY_GROUP_GET);
}

int dragonflow_nl_security_group_get_dumpit(struct sk_buff *skb,
					    struct netlink_callback *cb)
{
	return df_request_dump(skb, cb, DF_KIND_GROUP,
			       DF_CMD_SECURITY_GROUP_GET);
}

/* rule */

static int rule_refuse(const struct genl_info *info, u16 attr,
		       const char *message)
{
	return df_request_refuse(info, info->attrs[attr], message);
}

static bool has_port_numbers(u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return true;
	}
	return false;
}

static int rule_parse_ports(struct df_rule_conf *conf,
			    const struct genl_info *info)
{
	struct nlattr *min = info->attrs[DF_A_SECURITY_GROUP_RULE_PORT_MIN];
	struct nlattr *max = info->attrs[DF_A_SECURITY_GROUP_RULE_PORT_MAX];

	if (!min && !max)
		return 0;
	if (!min || !max)
		return df_request_refuse(info, min ? min : max,
					 "Both ends of the port range are needed");
	if (!conf->has_protocol || !has_port_numbers(conf->protocol))
		return df_request_refuse(info, min,
					 "The protocol has no port numbers");
	conf->has_ports = true;
	conf->port_min = nla_get_u16(min);
	conf->port_max = nla_get_u16(max);
	if (conf->port_min > conf->port_max)
		return df_request_refuse(info, max,
					 "The port range ends before it begins");
	return 0;
}

static int rule_parse_icmp(struct df_rule_conf *conf,
			   const struct genl_info *info)
{
	struct nlattr *type = info->attrs[DF_A_SECURITY_GROUP_RULE_ICMP_TYPE];
	struct nlattr *code = info->attrs[DF_A_SECURITY_GROUP_RULE_ICMP_CODE];
	u8 icmp = conf->version == DRAGONFLOW_IP_VERSION_IP6 ? IPPROTO_ICMPV6 :
		IPPROTO_ICMP;

	if (!type)
		return code ? df_request_refuse(info, code,
						"An ICMP code needs a type") : 0;
	if (!conf->has_protocol || conf->protocol != icmp)
		return df_request_refuse(info, type,
					 "The protocol is not the version's ICMP");
	conf->has_type = true;
	conf->icmp_type = nla_get_u8(type);
	if (code) {
		conf->has_code = true;
		conf->icmp_code = nla_get_u8(code);
	}
	return 0;
}

/* Read a prefix, whose length may be left out. Return what is wrong, or NULL. */
static const char *prefix_parse(struct df_lpm_key *key, u8 *len,
				const struct nlattr *ip,
				const struct nlattr *prefix_len)
{
	bool is_ip6 = nla_len(ip) == sizeof(struct in6_addr);
	struct df_subnet subnet;

	subnet.len = is_ip6 ? 128 : 32;
	if (is_ip6)
		subnet.ip = nla_get_in6_addr(ip);
	else
		ipv6_addr_set_v4mapped(nla_get_in_addr(ip), &subnet.ip);
	if (is_ip6 && ipv6_addr_v4mapped(&subnet.ip))
		return "The address is an IPv4-mapped one";
	if (prefix_len && nla_get_u8(prefix_len) > subnet.len)
		return "The prefix is longer than an address";
	if (prefix_len)
		subnet.len = nla_get_u8(prefix_len);
	if (!df_subnet_is_masked(&subnet))
		return "Bits behind the prefix are not zero";
	df_lpm_key_set(key, &subnet.ip);
	*len = subnet.len;
	return NULL;
}

static int rule_parse_remote(struct df_rule_conf *conf,
			     const struct genl_info *info)
{
	bool is_ip6 = conf->version == DRAGONFLOW_IP_VERSION_IP6;
	u16 other = is_ip6 ? DF_A_SECURITY_GROUP_RULE_IP4 :
		DF_A_SECURITY_GROUP_RULE_IP6;
	struct nlattr *len = info->attrs[DF_A_SECURITY_GROUP_RULE_PREFIX_LEN];
	struct nlattr *set = info->attrs[DF_A_SECURITY_GROUP_RULE_ADDRESS_SET];
	const char *message;
	struct nlattr *ip;

	if (info->attrs[other])
		return rule_refuse(info, other,
				   "The prefix is of the other IP version");
	ip = info->attrs[is_ip6 ? DF_A_SECURITY_GROUP_RULE_IP6 :
			 DF_A_SECURITY_GROUP_RULE_IP4];
	if (!ip && len)
		return df_request_refuse(info, len,
					 "A prefix length needs an address");
	if (set && ip)
		return df_request_refuse(info, set,
					 "A remote end is a prefix or a set, not both");
	if (set)
		conf->set = nla_get_u32(set);
	if (!ip)
		return 0;
	conf->has_prefix = true;
	message = prefix_parse(&conf->prefix, &conf->prefix_len, ip, len);
	return message ? df_request_refuse(info, len ? len : ip, message) : 0;
}

static int rule_parse(struct df_rule_conf *conf, const struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	int err;

	conf->id = nla_get_u32(attrs[DF_A_SECURITY_GROUP_RULE_ID]);
	conf->group = nla_get_u32(attrs[DF_A_SECURITY_GROUP_RULE_GROUP]);
	conf->direction =
		nla_get_u32(attrs[DF_A_SECURITY_GROUP_RULE_DIRECTION]);
	conf->version = nla_get_u32(attrs[DF_A_SECURITY_GROUP_RULE_VERSION]);
	if (attrs[DF_A_SECURITY_GROUP_RULE_PROTOCOL]) {
		conf->has_protocol = true;
		conf->protocol =
			nla_get_u8(attrs[DF_A_SECURITY_GROUP_RULE_PROTOCOL]);
	}
	err = rule_parse_ports(conf, info);
	if (!err)
		err = rule_parse_icmp(conf, info);
	if (!err)
		err = rule_parse_remote(conf, info);
	return err;
}

static int rule_set(struct df_net *dn, const void *conf,
		    struct df_refusal *why)
{
	return df_rule_set(dn, conf, why);
}

int dragonflow_nl_security_group_rule_new_doit(struct sk_buff *skb,
					       struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_RULE,
		.ntf = DF_CMD_SECURITY_GROUP_RULE_NTF,
		.set = rule_set,
	};
	struct df_rule_conf conf = {};
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DF_A_SECURITY_GROUP_RULE_ID) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_SECURITY_GROUP_RULE_GROUP) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_SECURITY_GROUP_RULE_DIRECTION) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_SECURITY_GROUP_RULE_VERSION))
		return -EINVAL;
	err = rule_parse(&conf, info);
	if (err)
		return err;
	return df_request_new(info, &request, conf.id, &conf);
}

int dragonflow_nl_security_group_rule_del_doit(struct sk_buff *skb,
					       struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_RULE,
		.ntf = DF_CMD_SECURITY_GROUP_RULE_DEL_NTF,
		.del = df_rule_del,
	};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_SECURITY_GROUP_RULE_ID))
		return -EINVAL;
	return df_request_del(info, &request,
			      nla_get_u32(info->attrs[DF_A_SECURITY_GROUP_RULE_ID]));
}

int dragonflow_nl_security_group_rule_get_doit(struct sk_buff *skb,
					       struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DF_A_SECURITY_GROUP_RULE_ID))
		return -EINVAL;
	return df_request_get(info, DF_KIND_RULE,
			      nla_get_u32(info->attrs[DF_A_SECURITY_GROUP_RULE_ID]),
			      DF_CMD_SECURITY_GROUP_RULE_GET);
}

int dragonflow_nl_security_group_rule_get_dumpit(struct sk_buff *skb,
						 struct netlink_callback *cb)
{
	return df_request_dump(skb, cb, DF_KIND_RULE,
			       DF_CMD_SECURITY_GROUP_RULE_GET);
}

/* address set */

static int address_set_set(struct df_net *dn, const void *conf,
			   struct df_refusal *why)
{
	return df_address_set_set(dn, conf, why);
}

int dragonflow_nl_address_set_new_doit(struct sk_buff *skb,
				       struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_ADDRESS_SET,
		.ntf = DF_CMD_ADDRESS_SET_NTF,
		.set = address_set_set,
	};
	struct df_address_set_conf conf = {};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_ADDRESS_SET_ID))
		return -EINVAL;
	conf.id = nla_get_u32(info->attrs[DF_A_ADDRESS_SET_ID]);
	return df_request_new(info, &request, conf.id, &conf);
}

int dragonflow_nl_address_set_del_doit(struct sk_buff *skb,
				       struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_ADDRESS_SET,
		.ntf = DF_CMD_ADDRESS_SET_DEL_NTF,
		.del = df_address_set_del,
	};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_ADDRESS_SET_ID))
		return -EINVAL;
	return df_request_del(info, &request,
			      nla_get_u32(info->attrs[DF_A_ADDRESS_SET_ID]));
}

int dragonflow_nl_address_set_get_doit(struct sk_buff *skb,
				       struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DF_A_ADDRESS_SET_ID))
		return -EINVAL;
	return df_request_get(info, DF_KIND_ADDRESS_SET,
			      nla_get_u32(info->attrs[DF_A_ADDRESS_SET_ID]),
			      DF_CMD_ADDRESS_SET_GET);
}

int dragonflow_nl_address_set_get_dumpit(struct sk_buff *skb,
					 struct netlink_callback *cb)
{
	return df_request_dump(skb, cb, DF_KIND_ADDRESS_SET,
			       DF_CMD_ADDRESS_SET_GET);
}

/* member */

static int member_parse(struct df_member_conf *conf, struct genl_info *info)
{
	struct nlattr *ip4 = info->attrs[DF_A_ADDRESS_SET_MEMBER_IP4];
	struct nlattr *ip6 = info->attrs[DF_A_ADDRESS_SET_MEMBER_IP6];
	struct nlattr *len = info->attrs[DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN];
	const char *message;

	if (GENL_REQ_ATTR_CHECK(info, DF_A_ADDRESS_SET_MEMBER_SET))
		return -EINVAL;
	if (!ip4 == !ip6) {
		NL_SET_ERR_MSG(info->extack,
			       "One address is needed, of IPv4 or of IPv6");
		return -EINVAL;
	}
	conf->set = nla_get_u32(info->attrs[DF_A_ADDRESS_SET_MEMBER_SET]);
	conf->is_ip6 = ip6;
	message = prefix_parse(&conf->key, &conf->len, ip6 ? ip6 : ip4, len);
	return message ? df_request_refuse(info, len ? len : ip6 ? ip6 : ip4,
					   message) : 0;
}

static int member_set(struct df_net *dn, const void *conf,
		      struct df_refusal *why)
{
	return df_member_add(dn, conf, why);
}

/* The member's id, which is the module's own; 0 if there is none. */
static u32 member_id(struct genl_info *info, const struct df_member_conf *conf)
{
	struct df_net *dn = df_info_net(info);
	struct df_member *member;
	u32 id;

	mutex_lock(&dn->lock);
	member = df_member_find(dn, conf);
	id = member ? member->obj.id : 0;
	mutex_unlock(&dn->lock);
	return id;
}

static struct df_object *member_find(struct df_net *dn, const void *conf)
{
	struct df_member *member = df_member_find(dn, conf);

	return member ? &member->obj : NULL;
}

int dragonflow_nl_address_set_member_new_doit(struct sk_buff *skb,
					      struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_MEMBER,
		.ntf = DF_CMD_ADDRESS_SET_MEMBER_NTF,
		.set = member_set,
		.find = member_find,
	};
	struct df_member_conf conf = {};
	int err = member_parse(&conf, info);

	return err ? err : df_request_new(info, &request, 0, &conf);
}

int dragonflow_nl_address_set_member_del_doit(struct sk_buff *skb,
					      struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_MEMBER,
		.ntf = DF_CMD_ADDRESS_SET_MEMBER_DEL_NTF,
		.del = df_member_del,
	};
	struct df_member_conf conf = {};
	int err = member_parse(&conf, info);

	return err ? err : df_request_del(info, &request,
					  member_id(info, &conf));
}

int dragonflow_nl_address_set_member_get_doit(struct sk_buff *skb,
					      struct genl_info *info)
{
	struct df_member_conf conf = {};
	int err = member_parse(&conf, info);

	return err ? err : df_request_get(info, DF_KIND_MEMBER,
					  member_id(info, &conf),
					  DF_CMD_ADDRESS_SET_MEMBER_GET);
}

int dragonflow_nl_address_set_member_get_dumpit(struct sk_buff *skb,
						struct netlink_callback *cb)
{
	return df_request_dump(skb, cb, DF_KIND_MEMBER,
			       DF_CMD_ADDRESS_SET_MEMBER_GET);
}
