/* SPDX-License-Identifier: GPL-2.0 */
/* Logical routers. */
#ifndef DF_TABLE_ROUTER_H
#define DF_TABLE_ROUTER_H

#include "table/lpm.h"
#include "table/object.h"

struct df_router_conf {
	u32 id;
	u32 flags;
};

/**
 * struct df_router - a router
 * @obj: must be first
 * @flags: DRAGONFLOW_ROUTER_FLAG_*; changes in place
 * @interface_count: length of @interfaces; protected by &df_net.lock
 * @routes: how many routes were programmed; protected by &df_net.lock
 * @interfaces: its &struct df_interface; protected by &df_net.lock
 * @prefixes4: its &struct df_prefix of IPv4; readers: RCU,
 *	writers: &df_net.lock
 * @prefixes6: the same of IPv6
 * @rcu: frees the router after the last reader
 */
struct df_router {
	struct df_object obj;
	u32 flags;
	u32 interface_count;
	u32 routes;
	struct list_head interfaces;
	struct df_lpm prefixes4;
	struct df_lpm prefixes6;
	struct rcu_head rcu;
};

int df_router_set(struct df_net *dn, const struct df_router_conf *conf,
		  struct df_refusal *why);
int df_router_del(struct df_net *dn, u32 id, struct df_refusal *why);
void df_router_del_all(struct df_net *dn);

static inline struct df_router *df_router_find(struct df_net *dn, u32 id)
{
	return (struct df_router *)df_table_find(&dn->routers, id);
}

#endif /* DF_TABLE_ROUTER_H */
