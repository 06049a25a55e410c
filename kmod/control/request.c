// SPDX-License-Identifier: GPL-2.0
/* What the requests of all kinds of objects have in common. */
#include <net/genetlink.h>
#include <net/sock.h>

#include "control/event.h"
#include "control/netlink.h"
#include "control/netlink_gen.h"
#include "control/request.h"
#include "table/object.h"

struct df_net *df_info_net(const struct genl_info *info)
{
	return df_net_get(genl_info_net((struct genl_info *)info));
}

/* The attribute that a refusal names, where it comes several times. */
static const struct nlattr *bad_attr(const struct genl_info *info,
				     const struct df_refusal *why)
{
	const struct nlattr *attr;
	int left, index = why->index;

	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), left)
		if (nla_type(attr) == why->attr && !index--)
			return attr;
	return info->attrs[why->attr];
}

/* Put a refusal where the caller's library finds it. */
int df_request_result(const struct genl_info *info,
		      const struct df_refusal *why, int err)
{
	if (err && why->message) {
		info->extack->_msg = why->message;
		if (why->attr)
			NL_SET_BAD_ATTR(info->extack, bad_attr(info, why));
	}
	return err;
}

/**
 * df_request_refuse() - refuse a request for what can be seen of it
 * @info: the request
 * @attr: the attribute that breaks a rule
 * @message: the rule
 *
 * Return: -EINVAL.
 */
int df_request_refuse(const struct genl_info *info, const struct nlattr *attr,
		      const char *message)
{
	info->extack->_msg = message;
	NL_SET_BAD_ATTR(info->extack, attr);
	return -EINVAL;
}

/* How often does an attribute come? */
int df_request_count(const struct genl_info *info, int type)
{
	const struct nlattr *attr;
	int left, count = 0;

	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), left)
		count += nla_type(attr) == type;
	return count;
}

static struct df_table *kind_table(struct df_net *dn, enum df_kind kind)
{
	switch (kind) {
	case DF_KIND_NETWORK:
		return &dn->networks;
	case DF_KIND_PORT:
		return &dn->ports;
	case DF_KIND_CHASSIS:
		return &dn->chassis;
	case DF_KIND_ROUTER:
		return &dn->routers;
	case DF_KIND_INTERFACE:
		return &dn->interfaces;
	case DF_KIND_ROUTE:
		return &dn->routes;
	case DF_KIND_GROUP:
		return &dn->groups;
	case DF_KIND_RULE:
		return &dn->rules;
	case DF_KIND_ADDRESS_SET:
		return &dn->address_sets;
	case DF_KIND_MEMBER:
		return &dn->members;
	}
	return NULL;
}

/* What a NEW is about, if it is there. */
static struct df_object *request_find(struct df_net *dn,
				      const struct df_request *request, u32 id,
				      const void *conf)
{
	if (request->find)
		return request->find(dn, conf);
	return df_table_find(kind_table(dn, request->kind), id);
}

/**
 * df_request_new() - create or replace an object
 * @info: the request
 * @request: what kind of request it is
 * @id: of the object, unless @request finds it
 * @conf: what it shall be
 *
 * Return: 0 or -errno, and then nothing has changed.
 */
int df_request_new(struct genl_info *info, const struct df_request *request,
		   u32 id, const void *conf)
{
	struct df_net *dn = df_info_net(info);
	struct df_refusal why = {};
	int err;

	mutex_lock(&dn->lock);
	if (info->nlhdr->nlmsg_flags & NLM_F_EXCL &&
	    request_find(dn, request, id, conf)) {
		err = df_refuse(&why, -EEXIST, 1, "The id is in use");
		goto out_unlock;
	}
	df_change_begin(dn);
	err = request->set(dn, conf, &why);
	df_change_end(dn);
	if (!err)
		df_event(dn, request->kind,
			 request_find(dn, request, id, conf), request->ntf);
out_unlock:
	mutex_unlock(&dn->lock);
	return df_request_result(info, &why, err);
}

/* Delete the object with this id. */
int df_request_del(struct genl_info *info, const struct df_request *request,
		   u32 id)
{
	struct df_net *dn = df_info_net(info);
	struct df_refusal why = {};
	struct sk_buff *event = NULL;
	struct df_object *obj;
	int err;

	mutex_lock(&dn->lock);
	obj = df_table_find(kind_table(dn, request->kind), id);
	if (obj && genl_has_listeners(&df_genl_family, dn->net,
				      DRAGONFLOW_NLGRP_CONFIG))
		event = df_message_new(dn, request->kind, obj, request->ntf,
				       NULL);
	df_change_begin(dn);
	err = request->del(dn, id, &why);
	df_change_end(dn);
	if (!IS_ERR_OR_NULL(event)) {
		if (err)
			nlmsg_free(event);
		else
			genlmsg_multicast_netns(&df_genl_family, dn->net, event,
						0, DRAGONFLOW_NLGRP_CONFIG,
						GFP_KERNEL);
	}
	mutex_unlock(&dn->lock);
	return df_request_result(info, &why, err);
}

/* Answer with the object that has this id. */
int df_request_get(struct genl_info *info, enum df_kind kind, u32 id, u8 cmd)
{
	struct df_net *dn = df_info_net(info);
	struct df_refusal why = {};
	struct df_object *obj;
	struct sk_buff *msg;

	mutex_lock(&dn->lock);
	obj = df_table_find(kind_table(dn, kind), id);
	msg = obj ? df_message_new(dn, kind, obj, cmd, info) : NULL;
	mutex_unlock(&dn->lock);
	if (!obj)
		return df_request_result(info, &why,
			      df_refuse(&why, -ENOENT, 1,
					"Nothing has this id"));
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	return genlmsg_reply(msg, info);
}

/* See to it that one object fits into a message of a dump. */
int df_request_dump_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = DF_MESSAGE_SIZE;
	return 0;
}

static int dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		    struct df_net *dn, enum df_kind kind, u8 cmd,
		    const struct df_object *obj)
{
	void *header;

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &df_genl_family, NLM_F_MULTI,
			     cmd);
	if (!header)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, header);
	if (df_fill(skb, dn, kind, obj)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/**
 * df_request_dump() - answer with all objects of a kind
 * @skb: to be filled
 * @cb: the dump; its args[0] is the id of the last object that was written
 * @kind: which kind
 * @cmd: command of the messages
 *
 * Return: bytes written or -errno.
 */
int df_request_dump(struct sk_buff *skb, struct netlink_callback *cb,
		    enum df_kind kind, u8 cmd)
{
	struct df_net *dn = df_net_get(sock_net(skb->sk));
	struct df_table *table = kind_table(dn, kind);
	struct df_object *obj;
	int err = 0;

	/* The policy is that of the request for one object. */
	if (nlmsg_attrlen(cb->nlh, GENL_HDRLEN)) {
		NL_SET_ERR_MSG_MOD(cb->extack, "A dump takes no attributes");
		return -EINVAL;
	}
	mutex_lock(&dn->lock);
	cb->seq = table->seq;
	obj = df_table_next(table, cb->args[0]);
	while (obj) {
		err = dump_one(skb, cb, dn, kind, cmd, obj);
		if (err)
			break;
		cb->args[0] = obj->id;
		obj = df_table_next(table, obj->id);
	}
	mutex_unlock(&dn->lock);
	return skb->len ? skb->len : err;
}
