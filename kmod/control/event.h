/* SPDX-License-Identifier: GPL-2.0 */
/* Objects as messages: replies, dumps and notifications. */
#ifndef DF_CONTROL_EVENT_H
#define DF_CONTROL_EVENT_H

#include "df.h"

/* The kinds of objects that netlink reads and writes. */
enum df_kind {
	DF_KIND_NETWORK,
	DF_KIND_PORT,
	DF_KIND_CHASSIS,
	DF_KIND_ROUTER,
	DF_KIND_INTERFACE,
	DF_KIND_ROUTE,
	DF_KIND_GROUP,
	DF_KIND_RULE,
	DF_KIND_ADDRESS_SET,
	DF_KIND_MEMBER,
};

/* Room for any object: a port can have many addresses. */
#define DF_MESSAGE_SIZE	SKB_WITH_OVERHEAD(SZ_16K)

struct df_key;
struct genl_info;
struct in6_addr;
struct sk_buff;

int df_ip_fill(struct sk_buff *msg, int attr4, int attr6,
	       const struct in6_addr *ip);
int df_match_fill(struct sk_buff *msg, int attr, const struct df_key *key,
		  u8 len);

int df_fill(struct sk_buff *msg, struct df_net *dn, enum df_kind kind,
	    const struct df_object *obj);
struct sk_buff *df_message_new(struct df_net *dn, enum df_kind kind,
			       const struct df_object *obj, u8 cmd,
			       const struct genl_info *info);
void df_event(struct df_net *dn, enum df_kind kind,
	      const struct df_object *obj, u8 cmd);

#endif /* DF_CONTROL_EVENT_H */
