/* SPDX-License-Identifier: GPL-2.0 */
/* Other hypervisors. */
#ifndef DF_TABLE_CHASSIS_H
#define DF_TABLE_CHASSIS_H

#include "path/tunnel.h"
#include "table/object.h"

struct df_local;

struct df_chassis_conf {
	u32 id;
	u32 tunnel;
	struct df_underlay underlay;
};

/**
 * struct df_chassis - another hypervisor; packets only meet its peers
 * @obj: must be first
 * @tunnel: the port of type tunnel that leads to it; &df_net.lock
 * @underlay: where it is; protected by &df_net.lock
 * @peers: its &struct df_peer; protected by &df_net.lock
 * @networks: how many peers; protected by &df_net.lock
 * @rcu: frees the chassis after the last lookup
 */
struct df_chassis {
	struct df_object obj;
	struct df_local *tunnel;
	struct df_underlay underlay;
	struct list_head peers;
	u32 networks;
	struct rcu_head rcu;
};

int df_chassis_set(struct df_net *dn, const struct df_chassis_conf *conf,
		   struct df_refusal *why);
int df_chassis_del(struct df_net *dn, u32 id, struct df_refusal *why);
void df_chassis_del_all(struct df_net *dn);

static inline struct df_chassis *df_chassis_find(struct df_net *dn, u32 id)
{
	return (struct df_chassis *)df_table_find(&dn->chassis, id);
}

#endif /* DF_TABLE_CHASSIS_H */
