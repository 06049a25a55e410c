// SPDX-License-Identifier: GPL-2.0
/* Requests: decode, one call, answer. */
#include <linux/module.h>
#include <linux/etherdevice.h>
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "control/event.h"
#include "control/netlink.h"
#include "control/netlink_gen.h"
#include "control/pair.h"
#include "control/request.h"
#include "control/routing.h"
#include "control/walk.h"
#include "table/chassis.h"
#include "table/local.h"
#include "table/lookup.h"
#include "table/network.h"
#include "table/port.h"

/* datapath */

static int datapath_fill(struct sk_buff *msg, struct df_net *dn)
{
	u64 drops = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		drops += *per_cpu_ptr(dn->unbound_drops, cpu);
	if (nla_put_string(msg, DF_A_DATAPATH_VERSION, DF_VERSION) ||
	    nla_put_u32(msg, DF_A_DATAPATH_FLOW_IDLE_MS,
			READ_ONCE(dn->flow_idle_ms)) ||
	    nla_put_u32(msg, DF_A_DATAPATH_NETWORKS,
			READ_ONCE(dn->networks.count)) ||
	    nla_put_u32(msg, DF_A_DATAPATH_PORTS,
			READ_ONCE(dn->ports.count)) ||
	    nla_put_u32(msg, DF_A_DATAPATH_CHASSIS,
			READ_ONCE(dn->chassis.count)) ||
	    nla_put_u32(msg, DF_A_DATAPATH_ROUTERS,
			READ_ONCE(dn->routers.count)) ||
	    nla_put_u32(msg, DF_A_DATAPATH_ROUTER_INTERFACES,
			READ_ONCE(dn->interfaces.count)) ||
	    nla_put_u32(msg, DF_A_DATAPATH_ROUTES,
			READ_ONCE(dn->routes.count)) ||
	    nla_put_u32(msg, DF_A_DATAPATH_FLOWS,
			atomic_read(&dn->flow_count)) ||
	    nla_put_u32(msg, DF_A_DATAPATH_LOOKUPS, df_lookups_count(dn)) ||
	    nla_put_u32(msg, DF_A_DATAPATH_LOG_RATE, READ_ONCE(dn->log_rate)) ||
	    nla_put_u32(msg, DF_A_DATAPATH_LOG_BURST,
			READ_ONCE(dn->log_burst)) ||
	    nla_put_u64_64bit(msg, DF_A_DATAPATH_UNBOUND_DROPS, drops,
			      DF_A_DATAPATH_PAD))
		return -EMSGSIZE;
	return 0;
}

int dragonflow_nl_datapath_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	void *header;

	if (!msg)
		return -ENOMEM;
	header = genlmsg_put_reply(msg, info, &df_genl_family, 0,
				   DF_CMD_DATAPATH_GET);
	if (!header || datapath_fill(msg, df_info_net(info))) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}

int dragonflow_nl_datapath_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *rate = info->attrs[DF_A_DATAPATH_LOG_RATE];
	const struct nlattr *burst = info->attrs[DF_A_DATAPATH_LOG_BURST];
	struct df_net *dn = df_info_net(info);

	if (rate)
		WRITE_ONCE(dn->log_rate, nla_get_u32(rate));
	if (burst)
		WRITE_ONCE(dn->log_burst, nla_get_u32(burst));
	if ((rate || burst) && !info->attrs[DF_A_DATAPATH_FLOW_IDLE_MS])
		return 0;
	if (GENL_REQ_ATTR_CHECK(info, DF_A_DATAPATH_FLOW_IDLE_MS))
		return -EINVAL;
	WRITE_ONCE(dn->flow_idle_ms,
		   nla_get_u32(info->attrs[DF_A_DATAPATH_FLOW_IDLE_MS]));
	/* What was long ago may be too long ago now. */
	mod_delayed_work(df_workqueue, &dn->flow_gc, 0);
	return 0;
}

/* network */

static int network_set(struct df_net *dn, const void *conf,
		       struct df_refusal *why)
{
	return df_network_set(dn, conf, why);
}

int dragonflow_nl_network_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_NETWORK,
		.ntf = DF_CMD_NETWORK_NTF,
		.set = network_set,
	};
	struct df_network_conf conf = { .vni = DF_VNI_NONE };
	struct nlattr **attrs = info->attrs;

	if (GENL_REQ_ATTR_CHECK(info, DF_A_NETWORK_ID))
		return -EINVAL;
	conf.id = nla_get_u32(attrs[DF_A_NETWORK_ID]);
	if (attrs[DF_A_NETWORK_VNI])
		conf.vni = nla_get_u32(attrs[DF_A_NETWORK_VNI]);
	if (attrs[DF_A_NETWORK_FLAGS])
		conf.flags = nla_get_u32(attrs[DF_A_NETWORK_FLAGS]);
	return df_request_new(info, &request, conf.id, &conf);
}

int dragonflow_nl_network_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_NETWORK,
		.ntf = DF_CMD_NETWORK_DEL_NTF,
		.del = df_network_del,
	};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_NETWORK_ID))
		return -EINVAL;
	return df_request_del(info, &request,
			   nla_get_u32(info->attrs[DF_A_NETWORK_ID]));
}

int dragonflow_nl_network_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DF_A_NETWORK_ID))
		return -EINVAL;
	return df_request_get(info, DF_KIND_NETWORK,
			   nla_get_u32(info->attrs[DF_A_NETWORK_ID]),
			   DF_CMD_NETWORK_GET);
}

int dragonflow_nl_network_get_dumpit(struct sk_buff *skb,
				     struct netlink_callback *cb)
{
	return df_request_dump(skb, cb, DF_KIND_NETWORK, DF_CMD_NETWORK_GET);
}

/* port */

static int port_check_flags(struct genl_info *info,
			    enum dragonflow_port_type type)
{
	const struct nlattr *attr = info->attrs[DF_A_PORT_FLAGS];
	u32 flags = attr ? nla_get_u32(attr) : 0;

	if (flags & DRAGONFLOW_PORT_FLAG_RELAY &&
	    type != DRAGONFLOW_PORT_TYPE_REMOTE)
		return df_request_refuse(info, attr,
					 "Only a remote port can be relayed to");
	if (flags & DRAGONFLOW_PORT_FLAG_SECURITY &&
	    type != DRAGONFLOW_PORT_TYPE_VIF)
		return df_request_refuse(info, attr,
					 "Only a vif has port security");
	return 0;
}

/* Which attributes do ports of this type have beside id, type and flags? */
static int port_check_attrs(struct genl_info *info,
			    enum dragonflow_port_type type)
{
	static const struct {
		u16 attr;
		bool needed[DRAGONFLOW_PORT_TYPE_REMOTE + 1];
		bool allowed[DRAGONFLOW_PORT_TYPE_REMOTE + 1];
	} rules[] = {
		/*                          -  vif tun rem   -  vif tun rem */
		{ DF_A_PORT_NETWORK,    { 0, 1, 0, 1 }, { 0, 1, 0, 1 } },
		{ DF_A_PORT_MAC,        { 0, 1, 0, 1 }, { 0, 1, 0, 1 } },
		{ DF_A_PORT_CHASSIS,    { 0, 0, 0, 1 }, { 0, 0, 0, 1 } },
		{ DF_A_PORT_FLOW_CLASS, { 0, 0, 0, 0 }, { 0, 1, 1, 0 } },
		{ DF_A_PORT_FLOW_LIMIT, { 0, 0, 0, 0 }, { 0, 1, 1, 0 } },
		{ DF_A_PORT_IP4,        { 0, 0, 0, 0 }, { 0, 1, 0, 1 } },
		{ DF_A_PORT_IP6,        { 0, 0, 0, 0 }, { 0, 1, 0, 1 } },
		{ DF_A_PORT_PAIR,       { 0, 0, 0, 0 }, { 0, 1, 0, 1 } },
		{ DF_A_PORT_HOLD,       { 0, 0, 0, 0 }, { 0, 1, 0, 1 } },
		{ DF_A_PORT_GROUP,      { 0, 0, 0, 0 }, { 0, 1, 0, 0 } },
		{ DF_A_PORT_CONNECTION_LIMIT,
					{ 0, 0, 0, 0 }, { 0, 1, 0, 0 } },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		u16 attr = rules[i].attr;

		if (rules[i].needed[type] && GENL_REQ_ATTR_CHECK(info, attr))
			return -EINVAL;
		if (!rules[i].allowed[type] && info->attrs[attr]) {
			NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[attr],
					    "Ports of this type have no such attribute");
			return -EINVAL;
		}
	}
	return port_check_flags(info, type);
}

static void port_parse(struct df_port_conf *conf, struct nlattr **attrs)
{
	conf->id = nla_get_u32(attrs[DF_A_PORT_ID]);
	conf->type = nla_get_u32(attrs[DF_A_PORT_TYPE]);
	conf->flow_class = DRAGONFLOW_FLOW_CLASS_L2;
	conf->flow_limit = conf->type == DRAGONFLOW_PORT_TYPE_TUNNEL ?
		DF_FLOW_LIMIT_TUNNEL : DF_FLOW_LIMIT_VIF;
	conf->connection_limit = DF_CONNECTION_LIMIT;
	if (attrs[DF_A_PORT_NETWORK])
		conf->network = nla_get_u32(attrs[DF_A_PORT_NETWORK]);
	if (attrs[DF_A_PORT_MAC])
		ether_addr_copy(conf->mac, nla_data(attrs[DF_A_PORT_MAC]));
	if (attrs[DF_A_PORT_CHASSIS])
		conf->chassis = nla_get_u32(attrs[DF_A_PORT_CHASSIS]);
	if (attrs[DF_A_PORT_FLAGS])
		conf->flags = nla_get_u32(attrs[DF_A_PORT_FLAGS]);
	if (attrs[DF_A_PORT_FLOW_CLASS])
		conf->flow_class = nla_get_u32(attrs[DF_A_PORT_FLOW_CLASS]);
	if (attrs[DF_A_PORT_FLOW_LIMIT])
		conf->flow_limit = nla_get_u32(attrs[DF_A_PORT_FLOW_LIMIT]);
	if (attrs[DF_A_PORT_CONNECTION_LIMIT])
		conf->connection_limit =
			nla_get_u32(attrs[DF_A_PORT_CONNECTION_LIMIT]);
}

/* Read the addresses into @addresses, which has room for all of them. */
static int port_parse_addresses(struct in6_addr *addresses,
				struct genl_info *info)
{
	const struct nlattr *attr;
	int left, i = 0;

	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), left) {
		switch (nla_type(attr)) {
		case DF_A_PORT_IP4:
		case DF_A_PORT_IP6:
			if (!df_ip_parse(&addresses[i++], attr))
				return df_request_refuse(info, attr,
							 "The address is not a unicast one");
		}
	}
	return 0;
}

/* Read the groups into @groups, which has room for all that are allowed. */
static int port_parse_groups(u32 *groups, struct genl_info *info)
{
	const struct nlattr *attr;
	int left, count = 0;

	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), left) {
		if (nla_type(attr) != DF_A_PORT_GROUP)
			continue;
		if (count == DRAGONFLOW_GROUPS_MAX)
			return df_request_refuse(info, attr,
						 "The port has too many security groups");
		groups[count++] = nla_get_u32(attr);
	}
	return count;
}

static int port_set(struct df_net *dn, const void *conf,
		    struct df_refusal *why)
{
	return df_port_set(dn, conf, why);
}

int dragonflow_nl_port_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_PORT,
		.ntf = DF_CMD_PORT_NTF,
		.set = port_set,
	};
	u32 groups[DRAGONFLOW_GROUPS_MAX];
	struct in6_addr *addresses = NULL;
	struct df_port_conf conf = {};
	int count, err;

	if (GENL_REQ_ATTR_CHECK(info, DF_A_PORT_ID) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_PORT_TYPE))
		return -EINVAL;
	port_parse(&conf, info->attrs);
	err = port_check_attrs(info, conf.type);
	if (err)
		return err;
	count = port_parse_groups(groups, info);
	if (count < 0)
		return count;
	conf.groups = groups;
	conf.group_count = count;
	count = df_request_count(info, DF_A_PORT_IP4) +
		df_request_count(info, DF_A_PORT_IP6);
	if (count > DRAGONFLOW_ADDRESSES_MAX) {
		NL_SET_ERR_MSG(info->extack, "The port has too many addresses");
		return -EINVAL;
	}
	if (count) {
		addresses = kcalloc(count, sizeof(*addresses), GFP_KERNEL);
		if (!addresses)
			return -ENOMEM;
		err = port_parse_addresses(addresses, info);
		conf.addresses = addresses;
		conf.address_count = count;
	}
	if (!err)
		err = df_pairs_parse(&conf, info);
	if (!err)
		err = df_request_new(info, &request, conf.id, &conf);
	df_pairs_parse_free(&conf);
	kfree(addresses);
	return err;
}

int dragonflow_nl_port_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_PORT,
		.ntf = DF_CMD_PORT_DEL_NTF,
		.del = df_port_del,
	};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_PORT_ID))
		return -EINVAL;
	return df_request_del(info, &request,
			   nla_get_u32(info->attrs[DF_A_PORT_ID]));
}

int dragonflow_nl_port_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DF_A_PORT_ID))
		return -EINVAL;
	return df_request_get(info, DF_KIND_PORT,
			   nla_get_u32(info->attrs[DF_A_PORT_ID]),
			   DF_CMD_PORT_GET);
}

int dragonflow_nl_port_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb)
{
	return df_request_dump(skb, cb, DF_KIND_PORT, DF_CMD_PORT_GET);
}

/* chassis */

static int chassis_refuse(struct genl_info *info, u16 attr, const char *message)
{
	return df_request_refuse(info, info->attrs[attr], message);
}

static bool is_unicast4(__be32 addr)
{
	return addr && !ipv4_is_multicast(addr) && !ipv4_is_lbcast(addr);
}

static bool is_unicast6(const struct in6_addr *addr)
{
	return !ipv6_addr_any(addr) && !ipv6_addr_is_multicast(addr);
}

static int underlay4_parse(struct df_underlay *underlay, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;

	underlay->family = AF_INET;
	underlay->remote4 = nla_get_in_addr(attrs[DF_A_CHASSIS_REMOTE_IP4]);
	if (!is_unicast4(underlay->remote4))
		return chassis_refuse(info, DF_A_CHASSIS_REMOTE_IP4,
				      "The address is not a unicast one");
	if (attrs[DF_A_CHASSIS_LOCAL_IP6])
		return chassis_refuse(info, DF_A_CHASSIS_LOCAL_IP6,
				      "Both addresses must be of one family");
	if (!attrs[DF_A_CHASSIS_LOCAL_IP4])
		return 0;
	underlay->local4 = nla_get_in_addr(attrs[DF_A_CHASSIS_LOCAL_IP4]);
	if (!is_unicast4(underlay->local4))
		return chassis_refuse(info, DF_A_CHASSIS_LOCAL_IP4,
				      "The address is not a unicast one");
	return 0;
}

static int underlay6_parse(struct df_underlay *underlay, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;

	underlay->family = AF_INET6;
	underlay->remote6 = nla_get_in6_addr(attrs[DF_A_CHASSIS_REMOTE_IP6]);
	if (!is_unicast6(&underlay->remote6))
		return chassis_refuse(info, DF_A_CHASSIS_REMOTE_IP6,
				      "The address is not a unicast one");
	if (attrs[DF_A_CHASSIS_LOCAL_IP4])
		return chassis_refuse(info, DF_A_CHASSIS_LOCAL_IP4,
				      "Both addresses must be of one family");
	if (!attrs[DF_A_CHASSIS_LOCAL_IP6])
		return 0;
	underlay->local6 = nla_get_in6_addr(attrs[DF_A_CHASSIS_LOCAL_IP6]);
	if (!is_unicast6(&underlay->local6))
		return chassis_refuse(info, DF_A_CHASSIS_LOCAL_IP6,
				      "The address is not a unicast one");
	return 0;
}

static int underlay_parse(struct df_underlay *underlay, struct genl_info *info)
{
	bool has4 = info->attrs[DF_A_CHASSIS_REMOTE_IP4];
	bool has6 = info->attrs[DF_A_CHASSIS_REMOTE_IP6];

	if (has4 && has6)
		return chassis_refuse(info, DF_A_CHASSIS_REMOTE_IP6,
				      "Only one remote address can be given");
	if (has6)
		return underlay6_parse(underlay, info);
	if (GENL_REQ_ATTR_CHECK(info, DF_A_CHASSIS_REMOTE_IP4))
		return -EINVAL;
	return underlay4_parse(underlay, info);
}

static int chassis_set(struct df_net *dn, const void *conf,
		       struct df_refusal *why)
{
	return df_chassis_set(dn, conf, why);
}

int dragonflow_nl_chassis_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_CHASSIS,
		.ntf = DF_CMD_CHASSIS_NTF,
		.set = chassis_set,
	};
	struct df_chassis_conf conf = {};
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DF_A_CHASSIS_ID) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_CHASSIS_TUNNEL))
		return -EINVAL;
	conf.id = nla_get_u32(info->attrs[DF_A_CHASSIS_ID]);
	conf.tunnel = nla_get_u32(info->attrs[DF_A_CHASSIS_TUNNEL]);
	err = underlay_parse(&conf.underlay, info);
	if (err)
		return err;
	return df_request_new(info, &request, conf.id, &conf);
}

int dragonflow_nl_chassis_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	static const struct df_request request = {
		.kind = DF_KIND_CHASSIS,
		.ntf = DF_CMD_CHASSIS_DEL_NTF,
		.del = df_chassis_del,
	};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_CHASSIS_ID))
		return -EINVAL;
	return df_request_del(info, &request,
			   nla_get_u32(info->attrs[DF_A_CHASSIS_ID]));
}

int dragonflow_nl_chassis_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	if (GENL_REQ_ATTR_CHECK(info, DF_A_CHASSIS_ID))
		return -EINVAL;
	return df_request_get(info, DF_KIND_CHASSIS,
			   nla_get_u32(info->attrs[DF_A_CHASSIS_ID]),
			   DF_CMD_CHASSIS_GET);
}

int dragonflow_nl_chassis_get_dumpit(struct sk_buff *skb,
				     struct netlink_callback *cb)
{
	return df_request_dump(skb, cb, DF_KIND_CHASSIS, DF_CMD_CHASSIS_GET);
}

/* family */

static const struct genl_multicast_group multicast_groups[] = {
	[DRAGONFLOW_NLGRP_CONFIG] = { .name = DRAGONFLOW_MCGRP_CONFIG },
	/* Workloads' packets are not for everybody. */
	[DRAGONFLOW_NLGRP_PACKET] = {
		.name = DRAGONFLOW_MCGRP_PACKET,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
	[DRAGONFLOW_NLGRP_HOLD] = { .name = DRAGONFLOW_MCGRP_HOLD },
	[DRAGONFLOW_NLGRP_LOG] = {
		.name = DRAGONFLOW_MCGRP_LOG,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
	/* Packets wait for who listens. */
	[DRAGONFLOW_NLGRP_MISS] = {
		.name = DRAGONFLOW_MCGRP_MISS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

/* The generated operations, and what the spec cannot say about them. */
static struct genl_ops ops[ARRAY_SIZE(dragonflow_nl_ops)] __ro_after_init;

struct genl_family df_genl_family __ro_after_init = {
	.name = DRAGONFLOW_FAMILY_NAME,
	.version = DRAGONFLOW_FAMILY_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	/* From here on the core refuses NLM_F_EXCL, which NEW has a use for. */
	.resv_start_op = __DF_CMD_MAX,
	.mcgrps = multicast_groups,
	.n_mcgrps = ARRAY_SIZE(multicast_groups),
};

int __init df_netlink_init(void)
{
	int i;

	memcpy(ops, dragonflow_nl_ops, sizeof(ops));
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		switch (ops[i].cmd) {
		case DF_CMD_FLOW_GET:
			ops[i].start = df_flow_dump_start;
			ops[i].done = df_walk_done;
			break;
		case DF_CMD_LOOKUP_GET:
			ops[i].start = df_lookup_dump_start;
			ops[i].done = df_walk_done;
			break;
		default:
			ops[i].start = df_request_dump_start;
		}
	}
	return genl_register_family(&df_genl_family);
}

void df_netlink_fini(void)
{
	genl_unregister_family(&df_genl_family);
}
