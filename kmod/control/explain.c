// SPDX-License-Identifier: GPL-2.0
/* Traces: what would become of a packet, and why. */
#include <linux/etherdevice.h>
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "control/netlink.h"
#include "control/netlink_gen.h"
#include "control/request.h"
#include "path/pipeline.h"
#include "path/tunnel.h"
#include "stage/trace.h"
#include "table/local.h"
#include "table/port.h"

enum {
	/* A step with all of its attributes, and some. */
	STEP_SIZE = 256,
};

/* the answer */

static int put_optional(struct sk_buff *msg, int attr, u32 value)
{
	return value ? nla_put_u32(msg, attr, value) : 0;
}

static int put_ids(struct sk_buff *msg, const struct df_trace_step *step)
{
	if (put_optional(msg, DF_A_TRACE_STEP_NETWORK, step->network) ||
	    put_optional(msg, DF_A_TRACE_STEP_PORT, step->port) ||
	    put_optional(msg, DF_A_TRACE_STEP_ROUTER, step->router) ||
	    put_optional(msg, DF_A_TRACE_STEP_INTERFACE, step->interface) ||
	    put_optional(msg, DF_A_TRACE_STEP_OUT_INTERFACE,
			 step->out_interface) ||
	    put_optional(msg, DF_A_TRACE_STEP_ROUTE, step->route) ||
	    put_optional(msg, DF_A_TRACE_STEP_GROUP, step->group) ||
	    put_optional(msg, DF_A_TRACE_STEP_RULE, step->rule) ||
	    put_optional(msg, DF_A_TRACE_STEP_CHASSIS, step->chassis))
		return -EMSGSIZE;
	return 0;
}

static int put_addresses(struct sk_buff *msg, const struct df_trace_step *step)
{
	if (step->has_prefix &&
	    (df_ip_fill(msg, DF_A_TRACE_STEP_PREFIX_IP4,
			DF_A_TRACE_STEP_PREFIX_IP6, &step->prefix) ||
	     nla_put_u8(msg, DF_A_TRACE_STEP_PREFIX_LEN, step->prefix_len)))
		return -EMSGSIZE;
	if (step->has_ip && df_ip_fill(msg, DF_A_TRACE_STEP_IP4,
				       DF_A_TRACE_STEP_IP6, &step->ip))
		return -EMSGSIZE;
	if (step->has_mac &&
	    nla_put(msg, DF_A_TRACE_STEP_MAC, ETH_ALEN, step->mac))
		return -EMSGSIZE;
	return 0;
}

static int put_facts(struct sk_buff *msg, const struct df_trace_step *step)
{
	if (put_optional(msg, DF_A_TRACE_STEP_CONNECTION, step->connection) ||
	    put_optional(msg, DF_A_TRACE_STEP_ANSWER, step->answer) ||
	    put_optional(msg, DF_A_TRACE_STEP_ACTION, step->action) ||
	    put_optional(msg, DF_A_TRACE_STEP_LOOKUP, step->lookup) ||
	    put_optional(msg, DF_A_TRACE_STEP_MTU, step->mtu))
		return -EMSGSIZE;
	if (step->tun_id != DF_VNI_NONE &&
	    nla_put_u32(msg, DF_A_TRACE_STEP_TUNNEL_ID, step->tun_id))
		return -EMSGSIZE;
	if (step->has_flow && nla_put_flag(msg, DF_A_TRACE_STEP_FLOW))
		return -EMSGSIZE;
	return 0;
}

static int put_step(struct sk_buff *msg, const struct df_trace_step *step)
{
	struct nlattr *nest = nla_nest_start(msg, DF_A_TRACE_STEP);

	if (!nest ||
	    nla_put_u32(msg, DF_A_TRACE_STEP_STAGE, step->stage) ||
	    nla_put_u32(msg, DF_A_TRACE_STEP_VERDICT, step->verdict) ||
	    put_optional(msg, DF_A_TRACE_STEP_REASON, step->reason) ||
	    put_ids(msg, step) || put_addresses(msg, step) ||
	    put_facts(msg, step))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_trace(struct sk_buff *msg, const struct df_trace *trace,
		     const struct sk_buff *skb)
{
	u32 i;

	for (i = 0; i < trace->count; i++)
		if (put_step(msg, &trace->steps[i]))
			return -EMSGSIZE;
	if (put_optional(msg, DF_A_TRACE_LOST, trace->lost) ||
	    nla_put_u32(msg, DF_A_TRACE_VERDICT, trace->verdict) ||
	    put_optional(msg, DF_A_TRACE_REASON, trace->reason))
		return -EMSGSIZE;
	if (trace->verdict != DRAGONFLOW_TRACE_VERDICT_SEND)
		return 0;
	return nla_put(msg, DF_A_TRACE_FRAME, skb->len + skb_mac_header_len(skb),
		       skb_mac_header(skb));
}

static int answer(struct genl_info *info, const struct df_trace *trace,
		  const struct sk_buff *skb)
{
	struct sk_buff *msg;
	void *header;

	msg = genlmsg_new(trace->count * STEP_SIZE + skb->len + STEP_SIZE,
			  GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	header = genlmsg_put_reply(msg, info, &df_genl_family, 0, DF_CMD_TRACE);
	if (!header || put_trace(msg, trace, skb)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return genlmsg_reply(msg, info);
}

/* the question */

static int refuse(struct genl_info *info, int err, int attr, const char *why)
{
	df_request_refuse(info, info->attrs[attr], why);
	return err;
}

/* The underlay address that the packet comes from, :: without one. */
static int source_parse(struct in6_addr *source, struct genl_info *info)
{
	const struct nlattr *ip4 = info->attrs[DF_A_TRACE_SOURCE_IP4];
	const struct nlattr *ip6 = info->attrs[DF_A_TRACE_SOURCE_IP6];

	*source = in6addr_any;
	if (ip4 && ip6)
		return refuse(info, -EINVAL, DF_A_TRACE_SOURCE_IP6,
			      "Only one source address can be given");
	if (ip4)
		ipv6_addr_set_v4mapped(nla_get_in_addr(ip4), source);
	if (ip6)
		*source = nla_get_in6_addr(ip6);
	return 0;
}

/* Does what was given go together with the type of the port? */
static int check_port(struct genl_info *info, const struct df_port *port)
{
	static const int tunnel_attrs[] = {
		DF_A_TRACE_TUNNEL_ID, DF_A_TRACE_SOURCE_IP4,
		DF_A_TRACE_SOURCE_IP6,
	};
	int i;

	if (!port)
		return refuse(info, -ENOENT, DF_A_TRACE_PORT,
			      "Nothing has this id");
	if (!df_port_is_local(port))
		return refuse(info, -EOPNOTSUPP, DF_A_TRACE_PORT,
			      "The port is on another hypervisor");
	if (port->type == DRAGONFLOW_PORT_TYPE_TUNNEL)
		return GENL_REQ_ATTR_CHECK(info, DF_A_TRACE_TUNNEL_ID) ?
			-EINVAL : 0;
	for (i = 0; i < ARRAY_SIZE(tunnel_attrs); i++)
		if (info->attrs[tunnel_attrs[i]])
			return refuse(info, -EINVAL, tunnel_attrs[i],
				      "The port is no tunnel");
	return 0;
}

/* A frame as its port would receive it. */
static struct sk_buff *frame_new(struct df_net *dn, struct genl_info *info)
{
	struct in6_addr source;
	struct sk_buff *skb;
	int err;

	if (nla_len(info->attrs[DF_A_TRACE_FRAME]) < ETH_HLEN)
		return ERR_PTR(refuse(info, -EINVAL, DF_A_TRACE_FRAME,
				      "The frame has no Ethernet header"));
	if (nla_len(info->attrs[DF_A_TRACE_FRAME]) > DRAGONFLOW_FRAME_MAX)
		return ERR_PTR(refuse(info, -EINVAL, DF_A_TRACE_FRAME,
				      "The frame is too long"));
	err = source_parse(&source, info);
	if (err)
		return ERR_PTR(err);
	skb = df_frame_new(info->attrs[DF_A_TRACE_FRAME]);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	skb->dev = dn->net->loopback_dev;
	if (info->attrs[DF_A_TRACE_TRUST_CHECKSUMS])
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (info->attrs[DF_A_TRACE_TUNNEL_ID] && df_tunnel_mark(skb, &source)) {
		kfree_skb(skb);
		return ERR_PTR(-ENOMEM);
	}
	return skb;
}

static int walk(struct df_net *dn, struct genl_info *info, struct sk_buff *skb,
		struct df_trace *trace)
{
	const struct nlattr *tun_id = info->attrs[DF_A_TRACE_TUNNEL_ID];
	struct df_port *port;
	int err;

	/* As if it were on its way through the pipeline. */
	local_bh_disable();
	rcu_read_lock();
	port = df_port_find(dn, nla_get_u32(info->attrs[DF_A_TRACE_PORT]));
	err = check_port(info, port);
	if (!err)
		df_pipeline_trace(dn, port->local, skb,
				  tun_id ? nla_get_u32(tun_id) : 0, trace);
	rcu_read_unlock();
	local_bh_enable();
	return err;
}

static struct df_trace *trace_new(struct df_net *dn)
{
	struct df_trace *trace = kvzalloc(sizeof(*trace),
					  GFP_KERNEL | __GFP_NOWARN);

	if (!trace)
		return NULL;
	trace->scratch = df_ct_zone_new(dn);
	if (trace->scratch)
		return trace;
	kvfree(trace);
	return NULL;
}

int dragonflow_nl_trace_doit(struct sk_buff *request, struct genl_info *info)
{
	struct df_net *dn = df_info_net(info);
	struct df_trace *trace;
	struct sk_buff *skb;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, DF_A_TRACE_PORT) ||
	    GENL_REQ_ATTR_CHECK(info, DF_A_TRACE_FRAME))
		return -EINVAL;
	skb = frame_new(dn, info);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	trace = trace_new(dn);
	err = trace ? walk(dn, info, skb, trace) : -ENOMEM;
	if (!err)
		err = answer(info, trace, skb);
	if (trace)
		df_ct_zone_free_empty(trace->scratch);
	kvfree(trace);
	kfree_skb(skb);
	return err;
}
