// SPDX-License-Identifier: GPL-2.0
/* Packets to the agent, and frames that it sends. */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <net/genetlink.h>
#include <net/pkt_sched.h>

#include "control/netlink.h"
#include "control/netlink_gen.h"
#include "control/punt.h"
#include "control/request.h"
#include "control/tracepoint.h"
#include "path/action.h"
#include "table/local.h"
#include "table/port.h"

/* punt */

static struct sk_buff *punt_message(const struct df_pkt *pkt)
{
	u32 mac_len = pkt->skb->data - skb_mac_header(pkt->skb);
	u32 len = pkt->skb->len + mac_len;
	struct nlattr *frame;
	struct sk_buff *msg;
	void *header;

	msg = genlmsg_new(2 * nla_total_size(sizeof(u32)) +
			  nla_total_size(len), GFP_ATOMIC);
	if (!msg)
		return NULL;
	header = genlmsg_put(msg, 0, 0, &df_genl_family, 0,
			     DF_CMD_PACKET_PUNT);
	if (!header ||
	    nla_put_u32(msg, DF_A_PACKET_PORT, pkt->in->id) ||
	    nla_put_u32(msg, DF_A_PACKET_REASON, pkt->answer.punt))
		goto err_free;
	frame = nla_reserve(msg, DF_A_PACKET_FRAME, len);
	if (!frame || skb_copy_bits(pkt->skb, -(int)mac_len, nla_data(frame),
				    len))
		goto err_free;
	genlmsg_end(msg, header);
	return msg;

err_free:
	nlmsg_free(msg);
	return NULL;
}

/* What keeps a packet from being handed to the agent, or 0. */
int df_punt_refusal(const struct df_pkt *pkt)
{
	if (!genl_has_listeners(&df_genl_family, pkt->dn->net,
				DRAGONFLOW_NLGRP_PACKET))
		return DRAGONFLOW_DROP_REASON_NO_AGENT;
	if (df_skb_bytes(pkt->skb) > DRAGONFLOW_FRAME_MAX)
		return DRAGONFLOW_DROP_REASON_TOO_BIG;
	return 0;
}

/* Return: 0, or the reason to drop the packet. */
static int punt(const struct df_pkt *pkt)
{
	struct sk_buff *skb = pkt->skb, *msg;
	struct net *net = pkt->dn->net;
	int reason = df_punt_refusal(pkt);

	if (reason)
		return reason;
	if (skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb))
		return DRAGONFLOW_DROP_REASON_NO_MEMORY;
	msg = punt_message(pkt);
	if (!msg)
		return DRAGONFLOW_DROP_REASON_NO_MEMORY;
	if (genlmsg_multicast_netns(&df_genl_family, net, msg, 0,
				    DRAGONFLOW_NLGRP_PACKET, GFP_ATOMIC))
		return DRAGONFLOW_DROP_REASON_NO_AGENT;
	return 0;
}

/**
 * df_punt() - hand a packet to the agent
 * @pkt: the packet, its answer says why; its skb is consumed
 *
 * Whoever calls this sees to it that no port does so without limit.
 */
void df_punt(const struct df_pkt *pkt)
{
	int reason = punt(pkt);

	if (reason) {
		df_action_drop(pkt, pkt->skb, reason);
		return;
	}
	df_stats_punt(pkt->in->stats);
	trace_df_punt(pkt->in->id, pkt->skb, pkt->answer.punt);
	consume_skb(pkt->skb);
}

/* execute */

/**
 * df_frame_new() - a frame as it would have been received
 * @attr: the frame, at least an Ethernet header
 *
 * Return: the packet, linear, data at the network header; NULL without memory.
 */
struct sk_buff *df_frame_new(const struct nlattr *attr)
{
	u32 headroom = NET_SKB_PAD + NET_IP_ALIGN;
	struct sk_buff *skb;

	skb = alloc_skb(headroom + nla_len(attr), GFP_KERNEL);
	if (!skb)
		return NULL;
	skb_reserve(skb, headroom);
	skb_put_data(skb, nla_data(attr), nla_len(attr));
	skb_reset_mac_header(skb);
	skb->protocol = eth_hdr(skb)->h_proto;
	if (!eth_proto_is_802_3(skb->protocol))
		skb->protocol = htons(ETH_P_802_2);
	__skb_pull(skb, ETH_HLEN);
	skb_reset_network_header(skb);
	skb_reset_mac_len(skb);
	return skb;
}

/* The same that is asked of frames that workloads send. */
static const char *frame_refusal(const struct nlattr *attr)
{
	struct df_pkt_bytes bytes = {
		.data = nla_data(attr),
		.linear = nla_len(attr),
		.len = nla_len(attr),
	};
	struct df_key_info info;
	struct df_key key;

	if (nla_len(attr) > DRAGONFLOW_FRAME_MAX)
		return "The frame is too long";
	if (df_key_parse(&key, &info, &bytes))
		return "The frame is truncated or malformed";
	if (!is_valid_ether_addr(key.eth_src))
		return "The source address is not a unicast one";
	return NULL;
}

/* Find out which device a frame leaves by, and what keeps it from that. */
static int choose_device(struct sk_buff *skb, const struct df_port *port,
			 struct df_refusal *why)
{
	struct net_device *dev;
	u32 len = skb->len;

	if (!port)
		return df_refuse(why, -ENOENT, DF_A_PACKET_PORT,
				 "Nothing has this id");
	if (port->type != DRAGONFLOW_PORT_TYPE_VIF)
		return df_refuse(why, -EOPNOTSUPP, DF_A_PACKET_PORT,
				 "The port is no vif");
	dev = rcu_dereference(port->local->dev);
	if (!dev)
		return df_refuse(why, -ENODEV, DF_A_PACKET_PORT,
				 "No device is attached to the port");
	if (df_port_is_down(port) || !(dev->flags & IFF_UP))
		return df_refuse(why, -ENETDOWN, DF_A_PACKET_PORT,
				 "The port or its device is down");
	if (eth_type_vlan(skb->protocol))
		len -= VLAN_HLEN;
	if (len > READ_ONCE(dev->mtu))
		return df_refuse(why, -EMSGSIZE, DF_A_PACKET_FRAME,
				 "The frame is longer than the device allows");
	skb->dev = dev;
	return 0;
}

/* Send @skb, which is consumed. */
static int execute(struct df_net *dn, u32 id, struct sk_buff *skb,
		   struct df_refusal *why)
{
	struct df_pkt pkt = { .dn = dn, .skb = skb, .packets = 1 };
	struct df_port *port;
	int err;

	/* As if it were on its way through the pipeline. */
	local_bh_disable();
	rcu_read_lock();
	port = df_port_find(dn, id);
	err = choose_device(skb, port, why);
	if (err) {
		kfree_skb(skb);
		goto out_unlock;
	}
	pkt.in = port->local;
	err = df_action_send(&pkt, skb, pkt.in);
	if (err > 0)
		err = net_xmit_errno(err);
out_unlock:
	rcu_read_unlock();
	local_bh_enable();
	return err;
}

int dragonflow_nl_packet_execute_doit(struct sk_buff *request,
				      struct genl_info *info)
{
	struct df_refusal why = {};
	const struct nlattr *frame;
	struct sk_buff *skb;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DF_A_PACKET_PORT) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_PACKET_FRAME))
		return -EINVAL;
	frame = info->attrs[DF_A_PACKET_FRAME];
	why.message = frame_refusal(frame);
	if (why.message)
		return df_request_refuse(info, frame, why.message);
	skb = df_frame_new(frame);
	if (!skb)
		return -ENOMEM;
	err = execute(df_info_net(info),
		      nla_get_u32(info->attrs[DF_A_PACKET_PORT]), skb, &why);
	if (err && why.message) {
		info->extack->_msg = why.message;
		NL_SET_BAD_ATTR(info->extack, info->attrs[why.attr]);
	}
	return err;
}
