// SPDX-License-Identifier: GPL-2.0
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "control/netlink.h"
#include "control/walk.h"
#include "table/network.h"

static struct df_walk *walk_of(const struct netlink_callback *cb)
{
	return (struct df_walk *)cb->args[0];
}

/* Begin a dump; the request has been validated. Return: 0 or -ENOMEM. */
int df_walk_start(struct netlink_callback *cb, const struct df_walk_ops *ops)
{
	const struct nlattr *filter;
	struct df_walk *walk;

	walk = kzalloc(sizeof(*walk), GFP_KERNEL);
	if (!walk)
		return -ENOMEM;
	walk->dn = df_net_get(sock_net(cb->skb->sk));
	filter = nlmsg_find_attr(cb->nlh, GENL_HDRLEN, ops->filter);
	if (filter)
		walk->wanted = nla_get_u32(filter);
	ops->init(walk->dn, &walk->iter);
	cb->args[0] = (long)walk;
	return 0;
}

static int dump_object(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct df_walk_ops *ops, const void *object)
{
	void *header;

	if (!ops->is_wanted(walk_of(cb), object))
		return 0;
	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &df_genl_family, NLM_F_MULTI,
			     ops->cmd);
	if (!header)
		return -EMSGSIZE;
	if (ops->put(skb, walk_of(cb), object)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/* Fill a message with as many as fit. Return: like netlink_dump_control.dump. */
int df_walk_dump(struct sk_buff *skb, struct netlink_callback *cb,
		 const struct df_walk_ops *ops)
{
	struct rhashtable_iter *iter = &walk_of(cb)->iter;
	void *object;
	int err = 0;

	rhashtable_walk_start(iter);
	object = rhashtable_walk_peek(iter);
	while (object) {
		/* The table was resized: they may come twice. */
		if (!IS_ERR(object))
			err = dump_object(skb, cb, ops, object);
		else if (PTR_ERR(object) != -EAGAIN)
			err = PTR_ERR(object);
		if (err)
			break;
		object = rhashtable_walk_next(iter);
	}
	rhashtable_walk_stop(iter);
	return skb->len ? skb->len : err;
}

int df_walk_done(struct netlink_callback *cb)
{
	rhashtable_walk_exit(&walk_of(cb)->iter);
	kfree(walk_of(cb));
	return 0;
}
