// SPDX-License-Identifier: GPL-2.0
/* Lookups: who has an address, nobody has it, and what is looked for. */
#include <linux/etherdevice.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "control/event.h"
#include "control/miss.h"
#include "control/netlink.h"
#include "control/netlink_gen.h"
#include "control/request.h"
#include "control/routing.h"
#include "control/walk.h"
#include "stage/stage.h"
#include "table/local.h"
#include "table/lookup.h"

enum {
	/* Network, an IPv6 address, port. */
	MISS_SIZE = 64,
};

static int put_name(struct sk_buff *msg, const struct df_name *key)
{
	if (nla_put_u32(msg, DF_A_LOOKUP_NETWORK, key->network))
		return -EMSGSIZE;
	if (key->kind == DF_NAME_MAC)
		return nla_put(msg, DF_A_LOOKUP_MAC, ETH_ALEN, &key->name);
	return df_ip_fill(msg, DF_A_LOOKUP_IP4, DF_A_LOOKUP_IP6, &key->name);
}

/* the question */

static struct sk_buff *miss_message(const struct df_pkt *pkt)
{
	struct sk_buff *msg = genlmsg_new(MISS_SIZE, GFP_ATOMIC | __GFP_NOWARN);
	void *header;

	if (!msg)
		return NULL;
	header = genlmsg_put(msg, 0, 0, &df_genl_family, 0, DF_CMD_LOOKUP_NTF);
	if (!header || put_name(msg, &pkt->answer.lookup) ||
	    nla_put_u32(msg, DF_A_LOOKUP_PORT, pkt->in->id)) {
		nlmsg_free(msg);
		return NULL;
	}
	genlmsg_end(msg, header);
	return msg;
}

/* What keeps the agent from being asked, or 0. */
int df_miss_refusal(const struct df_pkt *pkt)
{
	return genl_has_listeners(&df_genl_family, pkt->dn->net,
				  DRAGONFLOW_NLGRP_MISS) ?
		0 : DRAGONFLOW_DROP_REASON_NO_AGENT;
}

/**
 * df_miss() - ask the agent who has the address that a packet looks for
 * @pkt: the packet
 *
 * Whoever calls this sees to it that no port does so without limit.
 *
 * Return: 0, or the reason to drop the packet.
 */
int df_miss(const struct df_pkt *pkt)
{
	struct sk_buff *msg = miss_message(pkt);

	if (!msg)
		return DRAGONFLOW_DROP_REASON_NO_MEMORY;
	if (genlmsg_multicast_netns(&df_genl_family, pkt->dn->net, msg, 0,
				    DRAGONFLOW_NLGRP_MISS, GFP_ATOMIC))
		return DRAGONFLOW_DROP_REASON_NO_AGENT;
	return 0;
}

/* what the agent says of it */

/* Read who is looked for, from exactly one of three attributes. */
static int name_parse(struct df_lookup_conf *conf, struct genl_info *info)
{
	u32 network = nla_get_u32(info->attrs[DF_A_LOOKUP_NETWORK]);
	const struct nlattr *mac = info->attrs[DF_A_LOOKUP_MAC];
	const struct nlattr *ip4 = info->attrs[DF_A_LOOKUP_IP4];
	const struct nlattr *ip6 = info->attrs[DF_A_LOOKUP_IP6];
	const struct nlattr *name = mac ?: ip4 ?: ip6;
	struct in6_addr ip;

	if (!name) {
		NL_SET_ERR_MSG_MOD(info->extack, "No address is given");
		return -EINVAL;
	}
	if (!!mac + !!ip4 + !!ip6 > 1)
		return df_request_refuse(info, name,
					 "Only one address can be given");
	if (mac ? !is_valid_ether_addr(nla_data(mac)) : !df_ip_parse(&ip, name))
		return df_request_refuse(info, name,
					 "The address is not a unicast one");
	conf->attr = nla_type(name);
	conf->key = mac ? df_name_of_mac(network, nla_data(mac)) :
		df_name_of_ip(network, &ip);
	return 0;
}

/* Read whom a request is about, and do it. */
static int request(struct genl_info *info, struct df_lookup_conf *conf,
		   int (*call)(struct df_net *dn,
			       const struct df_lookup_conf *conf,
			       struct df_refusal *why))
{
	struct df_net *dn = df_info_net(info);
	struct df_refusal why = {};
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DF_A_LOOKUP_NETWORK))
		return -EINVAL;
	err = name_parse(conf, info);
	if (err)
		return err;
	mutex_lock(&dn->lock);
	err = call(dn, conf, &why);
	mutex_unlock(&dn->lock);
	return df_request_result(info, &why, err);
}

int dragonflow_nl_lookup_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct df_lookup_conf conf = {
		.is_exclusive = info->nlhdr->nlmsg_flags & NLM_F_EXCL,
	};

	if (GENL_REQ_ATTR_CHECK(info, DF_A_LOOKUP_TTL_MS))
		return -EINVAL;
	conf.ttl_ms = nla_get_u32(info->attrs[DF_A_LOOKUP_TTL_MS]);
	return request(info, &conf, df_lookup_set);
}

int dragonflow_nl_lookup_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct df_lookup_conf conf = {};

	return request(info, &conf, df_lookup_del);
}

/* what is looked for */

static int put_lookup(struct sk_buff *msg, const struct df_walk *walk,
		      const void *object)
{
	const struct df_lookup *lookup = object;
	unsigned long now = jiffies, expires = READ_ONCE(lookup->expires);

	if (put_name(msg, &lookup->key) ||
	    (lookup->port &&
	     nla_put_u32(msg, DF_A_LOOKUP_PORT, lookup->port)) ||
	    nla_put_u32(msg, DF_A_LOOKUP_STATE, READ_ONCE(lookup->state)) ||
	    nla_put_u32(msg, DF_A_LOOKUP_PACKETS,
			skb_queue_len_lockless(&lookup->packets)) ||
	    nla_put_u32(msg, DF_A_LOOKUP_TTL_MS,
			jiffies_to_msecs(time_after(expires, now) ?
					 expires - now : 0)))
		return -EMSGSIZE;
	return 0;
}

static bool is_wanted(const struct df_walk *walk, const void *object)
{
	const struct df_lookup *lookup = object;

	return !walk->wanted || lookup->key.network == walk->wanted;
}

static const struct df_walk_ops lookup_walk = {
	.cmd = DF_CMD_LOOKUP_GET,
	.filter = DF_A_LOOKUP_NETWORK,
	.init = df_lookups_walk_init,
	.is_wanted = is_wanted,
	.put = put_lookup,
};

int df_lookup_dump_start(struct netlink_callback *cb)
{
	return df_walk_start(cb, &lookup_walk);
}

int dragonflow_nl_lookup_get_dumpit(struct sk_buff *skb,
				    struct netlink_callback *cb)
{
	return df_walk_dump(skb, cb, &lookup_walk);
}
