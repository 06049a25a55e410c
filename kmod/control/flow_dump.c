// SPDX-License-Identifier: GPL-2.0
/* The flow cache as messages. */
#include <net/genetlink.h>
#include <net/sock.h>

#include "control/event.h"
#include "control/netlink.h"
#include "control/netlink_gen.h"
#include "control/walk.h"
#include "path/flow.h"
#include "table/local.h"
#include "table/network.h"
#include "table/peer.h"

static int put_l2(struct sk_buff *msg, const struct df_key *key)
{
	if (key->tun_id &&
	    nla_put_u32(msg, DF_A_MATCH_TUNNEL_ID, key->tun_id))
		return -EMSGSIZE;
	if (nla_put(msg, DF_A_MATCH_ETH_SRC, ETH_ALEN, key->eth_src) ||
	    nla_put(msg, DF_A_MATCH_ETH_DST, ETH_ALEN, key->eth_dst) ||
	    nla_put_be16(msg, DF_A_MATCH_ETH_TYPE, key->eth_type))
		return -EMSGSIZE;
	if (key->vlan_tci &&
	    nla_put_be16(msg, DF_A_MATCH_VLAN_TCI, key->vlan_tci))
		return -EMSGSIZE;
	return 0;
}

static int put_l3(struct sk_buff *msg, const struct df_key *key)
{
	switch (key->eth_type) {
	case htons(ETH_P_IPV6):
		if (nla_put_in6_addr(msg, DF_A_MATCH_IP6_SRC, &key->src.ip6) ||
		    nla_put_in6_addr(msg, DF_A_MATCH_IP6_DST, &key->dst.ip6))
			return -EMSGSIZE;
		break;
	case htons(ETH_P_IP):
	case htons(ETH_P_ARP):
		if (nla_put_in_addr(msg, DF_A_MATCH_IP4_SRC, key->src.ip4) ||
		    nla_put_in_addr(msg, DF_A_MATCH_IP4_DST, key->dst.ip4))
			return -EMSGSIZE;
		break;
	default:
		return 0;
	}
	if (nla_put_u8(msg, DF_A_MATCH_IP_PROTO, key->ip_proto) ||
	    nla_put_u8(msg, DF_A_MATCH_IP_FRAGMENT, key->ip_frag))
		return -EMSGSIZE;
	return 0;
}

/**
 * df_match_fill() - write the fields of a packet
 * @msg: message
 * @attr: the nest that they are put into
 * @key: the packet
 * @len: how many bytes of @key count
 *
 * Return: 0, or -EMSGSIZE when @msg is too small.
 */
int df_match_fill(struct sk_buff *msg, int attr, const struct df_key *key,
		  u8 len)
{
	struct nlattr *nest = nla_nest_start(msg, attr);

	if (!nest || put_l2(msg, key))
		return -EMSGSIZE;
	if (len >= DF_KEY_SIZE_L3 && put_l3(msg, key))
		return -EMSGSIZE;
	if (len >= DF_KEY_SIZE_CONNECTION &&
	    (nla_put_be16(msg, DF_A_MATCH_L4_SRC, key->l4_src) ||
	     nla_put_be16(msg, DF_A_MATCH_L4_DST, key->l4_dst)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_action_target(struct sk_buff *msg,
			     const struct df_action *action)
{
	switch (action->type) {
	case DRAGONFLOW_ACTION_TYPE_OUTPUT:
		return nla_put_u32(msg, DF_A_ACTION_PORT, action->local->id);
	case DRAGONFLOW_ACTION_TYPE_TUNNEL:
		if (nla_put_u32(msg, DF_A_ACTION_CHASSIS,
				action->peer->key.chassis))
			return -EMSGSIZE;
		return nla_put_u32(msg, DF_A_ACTION_TUNNEL_ID, action->tun_id);
	case DRAGONFLOW_ACTION_TYPE_FLOOD:
		return nla_put_u32(msg, DF_A_ACTION_NETWORK,
				   action->network->obj.id);
	case DRAGONFLOW_ACTION_TYPE_ROUTE:
		break;
	}
	return 0;
}

/* What is done before the packet goes anywhere. */
static int put_route(struct sk_buff *msg, const struct df_action *action)
{
	struct nlattr *nest = nla_nest_start(msg, DF_A_FLOW_ACTION);

	if (!nest ||
	    nla_put_u32(msg, DF_A_ACTION_TYPE, DRAGONFLOW_ACTION_TYPE_ROUTE) ||
	    nla_put(msg, DF_A_ACTION_ETH_DST, ETH_ALEN, action->eth) ||
	    nla_put(msg, DF_A_ACTION_ETH_SRC, ETH_ALEN,
		    action->eth + ETH_ALEN) ||
	    nla_put_u32(msg, DF_A_ACTION_HOPS, action->hops))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_action(struct sk_buff *msg, const struct df_action *action)
{
	struct nlattr *nest;

	if (action->hops && put_route(msg, action))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, DF_A_FLOW_ACTION);
	if (!nest || nla_put_u32(msg, DF_A_ACTION_TYPE, action->type) ||
	    put_action_target(msg, action) ||
	    (action->mtu &&
	     nla_put_u32(msg, DF_A_ACTION_MTU, action->mtu)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_u64(struct sk_buff *msg, int attr, u64 value)
{
	return nla_put_u64_64bit(msg, attr, value, DF_A_FLOW_PAD);
}

static int put_flow(struct sk_buff *msg, const struct df_walk *walk,
		    const void *object)
{
	const struct df_flow *flow = object;
	unsigned long now = jiffies;

	if (nla_put_u32(msg, DF_A_FLOW_PORT, flow->key.in_port) ||
	    nla_put_u32(msg, DF_A_FLOW_CLASS, df_flow_class(flow->key_len)) ||
	    df_match_fill(msg, DF_A_FLOW_MATCH, &flow->key, flow->key_len) ||
	    put_u64(msg, DF_A_FLOW_PACKETS, atomic64_read(&flow->packets)) ||
	    put_u64(msg, DF_A_FLOW_BYTES, atomic64_read(&flow->bytes)) ||
	    put_u64(msg, DF_A_FLOW_AGE_MS,
		    jiffies_to_msecs(now - flow->created)) ||
	    put_u64(msg, DF_A_FLOW_IDLE_MS,
		    jiffies_to_msecs(now - min(READ_ONCE(flow->used), now))))
		return -EMSGSIZE;
	/* What a stale entry points to may be gone. */
	if (!df_flow_is_current(walk->dn, flow))
		return nla_put_flag(msg, DF_A_FLOW_STALE);
	return put_action(msg, &flow->decision.action);
}

static bool is_wanted(const struct df_walk *walk, const void *object)
{
	const struct df_flow *flow = object;

	return !walk->wanted || flow->key.in_port == walk->wanted;
}

static const struct df_walk_ops flow_walk = {
	.cmd = DF_CMD_FLOW_GET,
	.filter = DF_A_FLOW_PORT,
	.init = df_flow_walk_init,
	.is_wanted = is_wanted,
	.put = put_flow,
};

int df_flow_dump_start(struct netlink_callback *cb)
{
	return df_walk_start(cb, &flow_walk);
}

int dragonflow_nl_flow_get_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb)
{
	return df_walk_dump(skb, cb, &flow_walk);
}

int dragonflow_nl_flow_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct df_net *dn = df_net_get(genl_info_net(info));
	const struct nlattr *port = info->attrs[DF_A_FLOW_PORT];
	struct df_local *local;
	int err = 0;

	mutex_lock(&dn->lock);
	if (port) {
		local = df_local_find(dn, nla_get_u32(port));
		if (local) {
			df_flow_owner_flush(dn, &local->flows);
		} else {
			NL_SET_ERR_MSG_ATTR(info->extack, port,
					    "No vif or tunnel has this id");
			err = -ENOENT;
		}
	} else {
		list_for_each_entry(local, &dn->locals, list)
			df_flow_owner_flush(dn, &local->flows);
	}
	mutex_unlock(&dn->lock);
	return err;
}
