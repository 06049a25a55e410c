// SPDX-License-Identifier: GPL-2.0
/* What is told about security groups, their rules, and address sets. */
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "control/netlink_gen.h"
#include "control/security.h"
#include "table/addrset.h"
#include "table/prefix.h"
#include "table/secgroup.h"

int df_group_fill(struct sk_buff *msg, const struct df_group *group)
{
	if (nla_put_u32(msg, DF_A_SECURITY_GROUP_ID, group->obj.id) ||
	    nla_put_u32(msg, DF_A_SECURITY_GROUP_FLAGS, group->flags) ||
	    nla_put_u32(msg, DF_A_SECURITY_GROUP_RULES, group->rules) ||
	    nla_put_u32(msg, DF_A_SECURITY_GROUP_PORTS, group->ports))
		return -EMSGSIZE;
	return 0;
}

static int rule_l4_fill(struct sk_buff *msg, const struct df_rule_conf *conf)
{
	if (conf->has_protocol &&
	    nla_put_u8(msg, DF_A_SECURITY_GROUP_RULE_PROTOCOL, conf->protocol))
		return -EMSGSIZE;
	if (conf->has_ports &&
	    (nla_put_u16(msg, DF_A_SECURITY_GROUP_RULE_PORT_MIN,
			 conf->port_min) ||
	     nla_put_u16(msg, DF_A_SECURITY_GROUP_RULE_PORT_MAX,
			 conf->port_max)))
		return -EMSGSIZE;
	if (conf->has_type &&
	    nla_put_u8(msg, DF_A_SECURITY_GROUP_RULE_ICMP_TYPE,
		       conf->icmp_type))
		return -EMSGSIZE;
	if (conf->has_code &&
	    nla_put_u8(msg, DF_A_SECURITY_GROUP_RULE_ICMP_CODE,
		       conf->icmp_code))
		return -EMSGSIZE;
	return 0;
}

/* A prefix, its address as @attr4 or @attr6. */
static int prefix_fill(struct sk_buff *msg, int attr4, int attr6, int attr_len,
		       const struct df_member_conf *prefix)
{
	struct in6_addr ip;
	int err;

	df_lpm_key_get(&ip, &prefix->key, prefix->is_ip6);
	if (prefix->is_ip6)
		err = nla_put_in6_addr(msg, attr6, &ip);
	else
		err = nla_put_in_addr(msg, attr4, ip.s6_addr32[3]);
	return err ? err : nla_put_u8(msg, attr_len, prefix->len);
}

static int rule_remote_fill(struct sk_buff *msg,
			    const struct df_rule_conf *conf)
{
	const struct df_member_conf prefix = {
		.is_ip6 = conf->version == DRAGONFLOW_IP_VERSION_IP6,
		.key = conf->prefix,
		.len = conf->prefix_len,
	};

	if (conf->set)
		return nla_put_u32(msg, DF_A_SECURITY_GROUP_RULE_ADDRESS_SET,
				   conf->set);
	if (!conf->has_prefix)
		return 0;
	return prefix_fill(msg, DF_A_SECURITY_GROUP_RULE_IP4,
			   DF_A_SECURITY_GROUP_RULE_IP6,
			   DF_A_SECURITY_GROUP_RULE_PREFIX_LEN, &prefix);
}

int df_rule_fill(struct sk_buff *msg, const struct df_rule *rule)
{
	const struct df_rule_conf *conf = &rule->conf;

	if (nla_put_u32(msg, DF_A_SECURITY_GROUP_RULE_ID, conf->id) ||
	    nla_put_u32(msg, DF_A_SECURITY_GROUP_RULE_GROUP, conf->group) ||
	    nla_put_u32(msg, DF_A_SECURITY_GROUP_RULE_DIRECTION,
			conf->direction) ||
	    nla_put_u32(msg, DF_A_SECURITY_GROUP_RULE_VERSION,
			conf->version) ||
	    rule_l4_fill(msg, conf) || rule_remote_fill(msg, conf))
		return -EMSGSIZE;
	return nla_put_u64_64bit(msg, DF_A_SECURITY_GROUP_RULE_MATCHES,
				 atomic64_read(&rule->matches),
				 DF_A_SECURITY_GROUP_RULE_PAD);
}

int df_address_set_fill(struct sk_buff *msg, const struct df_address_set *set)
{
	if (nla_put_u32(msg, DF_A_ADDRESS_SET_ID, set->obj.id) ||
	    nla_put_u32(msg, DF_A_ADDRESS_SET_MEMBERS, set->member_count) ||
	    nla_put_u32(msg, DF_A_ADDRESS_SET_RULES, set->rules))
		return -EMSGSIZE;
	return 0;
}

int df_member_fill(struct sk_buff *msg, const struct df_member *member)
{
	const struct df_member_conf prefix = {
		.is_ip6 = member->is_ip6,
		.key = member->key,
		.len = member->len,
	};

	if (nla_put_u32(msg, DF_A_ADDRESS_SET_MEMBER_SET, member->set->obj.id))
		return -EMSGSIZE;
	return prefix_fill(msg, DF_A_ADDRESS_SET_MEMBER_IP4,
			   DF_A_ADDRESS_SET_MEMBER_IP6,
			   DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN, &prefix);
}
