// SPDX-License-Identifier: GPL-2.0
/*
 * The tc filter that makes a device a port. It sits on the device's clsact
 * ingress, names the port and takes every packet: nothing goes on to the
 * hypervisor's own stack, and nothing passes while the port does not exist.
 *
 * On a device that carries tunnels, the underlay, it does the opposite: it takes
 * what is for one of the tunnels, when it is sure of that, and lets pass all else.
 */
#include <linux/module.h>
#include <linux/if_arp.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <net/netlink.h>
#include <net/pkt_cls.h>
#include <net/sch_generic.h>

#include "control/event.h"
#include "path/action.h"
#include "path/classifier.h"
#include "path/pipeline.h"
#include "path/tunnel.h"
#include "table/local.h"
#include "table/port.h"

/* The one filter of an instance; as with matchall, it is always this. */
#define HANDLE 1

/* How many ports a packet crosses within the transmission of one other. */
static DEFINE_PER_CPU(int, nesting);

/* An attachment that is no port's. */
static bool is_underlay(const struct df_attachment *attachment)
{
	return !READ_ONCE(attachment->port_id);
}

static void lose(struct df_local *local, u32 packets, u32 len,
		 enum dragonflow_drop_reason reason)
{
	df_stats_rx(local->stats, packets, len);
	df_stats_drop(local->stats, reason, packets);
}

/* Make @skb our own; without memory it is lost, and counted so. */
static noinline struct sk_buff *unshare(struct df_local *local,
					struct sk_buff *skb)
{
	u32 packets = df_skb_packets(skb);
	u32 len = df_skb_bytes(skb);

	skb = skb_share_check(skb, GFP_ATOMIC);
	if (!skb)
		lose(local, packets, len, DRAGONFLOW_DROP_REASON_NO_MEMORY);
	return skb;
}

static void drop(struct df_local *local, struct sk_buff *skb,
		 enum dragonflow_drop_reason reason)
{
	lose(local, df_skb_packets(skb), df_skb_bytes(skb), reason);
	kfree_skb(skb);
}

/* @skb is not shared. */
static void receive(const struct df_attachment *attachment,
		    struct df_local *local, struct sk_buff *skb, u32 tun_id)
{
	if (likely(this_cpu_inc_return(nesting) <= DF_NESTING))
		df_pipeline_receive(attachment->dn, local, skb, tun_id);
	else
		drop(local, skb, DRAGONFLOW_DROP_REASON_LOOP);
	this_cpu_dec(nesting);
}

static void receive_direct(const struct df_attachment *attachment,
			   struct df_local *local, struct sk_buff *skb,
			   const struct df_decap *decap,
			   const struct df_tunnel *tunnel)
{
	int reason = df_decap_pull(decap, tunnel, skb);

	if (unlikely(reason)) {
		drop(local, skb, reason);
		return;
	}
	df_stats_rx_direct(local->stats, df_skb_packets(skb));
	receive(attachment, local, skb, decap->vni);
}

static int classify_underlay(const struct df_attachment *attachment,
			     struct sk_buff *skb)
{
	const struct df_tunnel *tunnel;
	struct df_local *local;
	struct df_decap decap;

	if (!df_decap_match(&decap, skb))
		return TC_ACT_UNSPEC;
	list_for_each_entry_rcu(local, &attachment->dn->tunnels, of_tunnels) {
		tunnel = rcu_dereference_bh(local->tunnel);
		if (!tunnel || tunnel->udp_port != decap.udp_port)
			continue;
		if (!df_decap_is_ours(&decap, tunnel, skb))
			break;
		receive_direct(attachment, local, skb, &decap, tunnel);
		return TC_ACT_CONSUMED;
	}
	return TC_ACT_UNSPEC;
}

static int df_classify(struct sk_buff *skb, const struct tcf_proto *tp,
		       struct tcf_result *res)
{
	struct df_attachment *attachment = rcu_dereference_bh(tp->root);
	struct df_local *local;

	/* The filter is being made or has gone: as if there were none. */
	if (unlikely(!attachment))
		return TC_ACT_UNSPEC;
	local = rcu_dereference_bh(attachment->local);
	if (unlikely(!local)) {
		if (is_underlay(attachment))
			return classify_underlay(attachment, skb);
		this_cpu_inc(*attachment->dn->unbound_drops);
		return TC_ACT_SHOT;
	}
	if (unlikely(skb_shared(skb))) {
		skb = unshare(local, skb);
		if (!skb)
			return TC_ACT_CONSUMED;
	}
	receive(attachment, local, skb,
		local->is_tunnel ? df_tunnel_id(skb) : 0);
	return TC_ACT_CONSUMED;
}

static int df_cls_init(struct tcf_proto *tp)
{
	return 0;
}

/* Tell whoever watches that the port has or has lost its device. */
static void announce(struct df_net *dn, u32 port_id)
{
	struct df_port *port = df_port_find(dn, port_id);

	if (port)
		df_event(dn, DF_KIND_PORT, &port->obj, DF_CMD_PORT_NTF);
}

static void df_cls_destroy(struct tcf_proto *tp, bool rtnl_held,
			   struct netlink_ext_ack *extack)
{
	struct df_attachment *attachment = rtnl_dereference(tp->root);
	struct df_net *dn;

	if (!attachment)
		return;
	dn = attachment->dn;
	if (!is_underlay(attachment)) {
		mutex_lock(&dn->lock);
		df_attachment_del(dn, attachment);
		announce(dn, attachment->port_id);
		mutex_unlock(&dn->lock);
		netdev_reset_rx_headroom(attachment->dev);
	}
	RCU_INIT_POINTER(tp->root, NULL);
	kfree_rcu(attachment, rcu);
}

static void *df_cls_get(struct tcf_proto *tp, u32 handle)
{
	return handle == HANDLE ? rtnl_dereference(tp->root) : NULL;
}

static const struct nla_policy filter_policy[DF_A_FILTER_MAX + 1] = {
	[DF_A_FILTER_PORT] = NLA_POLICY_MIN(NLA_U32, 1),
	[DF_A_FILTER_UNDERLAY] = { .type = NLA_FLAG },
};

/* Read the port's id, or 0 for an underlay device, from TCA_OPTIONS. */
static int filter_parse(struct nlattr **tca, u32 *port_id,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[DF_A_FILTER_MAX + 1];
	struct nlattr *options = tca[TCA_OPTIONS];
	int err;

	if (!options) {
		NL_SET_ERR_MSG_MOD(extack, "The filter has no options");
		return -EINVAL;
	}
	/* tc does not mark its options as nested: parse what is inside. */
	err = __nla_parse(tb, DF_A_FILTER_MAX, nla_data(options),
			  nla_len(options), filter_policy, NL_VALIDATE_STRICT,
			  extack);
	if (err)
		return err;
	if (tb[DF_A_FILTER_PORT] && tb[DF_A_FILTER_UNDERLAY]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[DF_A_FILTER_UNDERLAY],
				    "An underlay device is no port");
		return -EINVAL;
	}
	if (!tb[DF_A_FILTER_PORT] && !tb[DF_A_FILTER_UNDERLAY]) {
		NL_SET_ERR_MSG_MOD(extack, "The filter does not name a port");
		return -EINVAL;
	}
	*port_id = tb[DF_A_FILTER_PORT] ?
		   nla_get_u32(tb[DF_A_FILTER_PORT]) : 0;
	return 0;
}

/* The device that @tp is on, if it is one that can be a port. */
static struct net_device *filter_device(const struct tcf_proto *tp,
					unsigned long base,
					struct netlink_ext_ack *extack)
{
	struct tcf_block *block = tp->chain->block;
	struct net_device *dev;

	if (tcf_block_shared(block)) {
		NL_SET_ERR_MSG_MOD(extack, "The block is shared by devices");
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (base != TC_H_MIN(TC_H_MIN_INGRESS) ||
	    strcmp(block->q->ops->id, "clsact")) {
		NL_SET_ERR_MSG_MOD(extack, "Only clsact ingress is supported");
		return ERR_PTR(-EOPNOTSUPP);
	}
	if (tp->chain->index) {
		NL_SET_ERR_MSG_MOD(extack, "Only chain 0 is supported");
		return ERR_PTR(-EOPNOTSUPP);
	}
	dev = qdisc_dev(block->q);
	if (dev->type != ARPHRD_ETHER) {
		NL_SET_ERR_MSG_MOD(extack, "The device is not Ethernet");
		return ERR_PTR(-EOPNOTSUPP);
	}
	return dev;
}

static int attach_error(int err, struct netlink_ext_ack *extack)
{
	if (err != -EBUSY)
		return err;
	NL_SET_ERR_MSG_MOD(extack, "Another device is this port");
	return -EEXIST;
}

/* Make a device the port that its attachment names. */
static int attach_port(struct df_attachment *attachment,
		       struct netlink_ext_ack *extack)
{
	struct df_net *dn = attachment->dn;
	int err;

	attachment->is_tunnel = df_tunnel_describe(&attachment->tunnel,
						   attachment->dev);
	mutex_lock(&dn->lock);
	err = df_attachment_add(dn, attachment);
	if (!err)
		announce(dn, attachment->port_id);
	mutex_unlock(&dn->lock);
	/* So that what it receives need not be copied to be encapsulated. */
	if (!err)
		netdev_set_rx_headroom(attachment->dev, DF_TUNNEL_HEADROOM);
	return attach_error(err, extack);
}

static int attach(struct tcf_proto *tp, struct net_device *dev, u32 port_id,
		  struct netlink_ext_ack *extack)
{
	struct df_attachment *attachment;
	int err = 0;

	attachment = kzalloc(sizeof(*attachment), GFP_KERNEL_ACCOUNT);
	if (!attachment)
		return -ENOMEM;
	attachment->dn = df_net_get(dev_net(dev));
	attachment->dev = dev;
	attachment->port_id = port_id;
	if (!is_underlay(attachment))
		err = attach_port(attachment, extack);
	if (err) {
		kfree(attachment);
		return err;
	}
	rcu_assign_pointer(tp->root, attachment);
	return 0;
}

/* The device becomes another port; it is never without its filter. */
static int reattach(struct df_attachment *attachment, u32 port_id,
		    struct netlink_ext_ack *extack)
{
	struct df_net *dn = attachment->dn;
	u32 old_id = attachment->port_id;
	int err;

	if (old_id == port_id)
		return 0;
	if (!old_id || !port_id) {
		NL_SET_ERR_MSG_MOD(extack,
				   "A port and an underlay device stay what they are");
		return -EINVAL;
	}
	mutex_lock(&dn->lock);
	err = df_attachment_move(dn, attachment, port_id);
	if (!err) {
		announce(dn, old_id);
		announce(dn, port_id);
	}
	mutex_unlock(&dn->lock);
	return attach_error(err, extack);
}

static int df_cls_change(struct net *net, struct sk_buff *in_skb,
			 struct tcf_proto *tp, unsigned long base, u32 handle,
			 struct nlattr **tca, void **arg, u32 flags,
			 struct netlink_ext_ack *extack)
{
	struct df_attachment *attachment = rtnl_dereference(tp->root);
	struct net_device *dev;
	u32 port_id;
	int err;

	err = filter_parse(tca, &port_id, extack);
	if (err)
		return err;
	dev = filter_device(tp, base, extack);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	if (attachment && !*arg) {
		NL_SET_ERR_MSG_MOD(extack, "The device has the filter already");
		return -EEXIST;
	}
	if (attachment)
		err = reattach(attachment, port_id, extack);
	else
		err = attach(tp, dev, port_id, extack);
	if (!err)
		*arg = rtnl_dereference(tp->root);
	return err;
}

static int df_cls_delete(struct tcf_proto *tp, void *arg, bool *last,
			 bool rtnl_held, struct netlink_ext_ack *extack)
{
	/* The core goes on to destroy the instance. */
	*last = true;
	return 0;
}

static void df_cls_walk(struct tcf_proto *tp, struct tcf_walker *walker,
			bool rtnl_held)
{
	struct df_attachment *attachment = rtnl_dereference(tp->root);

	if (walker->count < walker->skip)
		goto skip;
	if (!attachment)
		return;
	if (walker->fn(tp, attachment, walker) < 0)
		walker->stop = 1;
skip:
	walker->count++;
}

static int df_cls_dump(struct net *net, struct tcf_proto *tp, void *arg,
		       struct sk_buff *skb, struct tcmsg *msg, bool rtnl_held)
{
	const struct df_attachment *attachment = arg;
	struct nlattr *options;

	if (!attachment)
		return skb->len;
	msg->tcm_handle = HANDLE;
	options = nla_nest_start(skb, TCA_OPTIONS);
	if (!options)
		return -1;
	if (is_underlay(attachment) ?
	    nla_put_flag(skb, DF_A_FILTER_UNDERLAY) :
	    nla_put_u32(skb, DF_A_FILTER_PORT, attachment->port_id)) {
		nla_nest_cancel(skb, options);
		return -1;
	}
	nla_nest_end(skb, options);
	return skb->len;
}

static struct tcf_proto_ops df_classifier_ops = {
	.kind = "dragonflow",
	.classify = df_classify,
	.init = df_cls_init,
	.destroy = df_cls_destroy,
	.get = df_cls_get,
	.change = df_cls_change,
	.delete = df_cls_delete,
	.walk = df_cls_walk,
	.dump = df_cls_dump,
	.owner = THIS_MODULE,
};

int df_classifier_init(void)
{
	return register_tcf_proto_ops(&df_classifier_ops);
}

void df_classifier_fini(void)
{
	unregister_tcf_proto_ops(&df_classifier_ops);
}
