/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DF_CONTROL_NETLINK_H
#define DF_CONTROL_NETLINK_H

#include <net/genetlink.h>

extern struct genl_family df_genl_family;

int df_netlink_init(void);
void df_netlink_fini(void);

int df_flow_dump_start(struct netlink_callback *cb);
int df_lookup_dump_start(struct netlink_callback *cb);

#endif /* DF_CONTROL_NETLINK_H */
