/* SPDX-License-Identifier: GPL-2.0 */
/* Requests: what those of all kinds of objects have in common. */
#ifndef DF_CONTROL_REQUEST_H
#define DF_CONTROL_REQUEST_H

#include "control/event.h"

struct genl_info;
struct netlink_callback;
struct nlattr;
struct sk_buff;

/**
 * struct df_request - what tells the requests of one kind from another's
 * @kind: the kind of objects
 * @ntf: command of the notification
 * @set: creates or replaces, for a NEW
 * @del: deletes, for a DEL
 * @find: the object that a NEW is about, where that is not told by an id
 */
struct df_request {
	enum df_kind kind;
	u8 ntf;
	int (*set)(struct df_net *dn, const void *conf, struct df_refusal *why);
	int (*del)(struct df_net *dn, u32 id, struct df_refusal *why);
	struct df_object *(*find)(struct df_net *dn, const void *conf);
};

struct df_net *df_info_net(const struct genl_info *info);

int df_request_new(struct genl_info *info, const struct df_request *request,
		   u32 id, const void *conf);
int df_request_del(struct genl_info *info, const struct df_request *request,
		   u32 id);
int df_request_get(struct genl_info *info, enum df_kind kind, u32 id, u8 cmd);
int df_request_dump_start(struct netlink_callback *cb);
int df_request_dump(struct sk_buff *skb, struct netlink_callback *cb,
		    enum df_kind kind, u8 cmd);

int df_request_result(const struct genl_info *info,
		      const struct df_refusal *why, int err);
int df_request_refuse(const struct genl_info *info, const struct nlattr *attr,
		      const char *message);
/* packet.c */
struct sk_buff *df_frame_new(const struct nlattr *attr);

int df_request_count(const struct genl_info *info, int type);

#endif /* DF_CONTROL_REQUEST_H */
