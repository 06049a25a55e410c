/* SPDX-License-Identifier: GPL-2.0 */
/* Allowed address pairs, and what is held by them, as attributes. */
#ifndef DF_CONTROL_PAIR_H
#define DF_CONTROL_PAIR_H

#include "table/hold.h"

struct genl_info;
struct sk_buff;

int df_pairs_parse(struct df_port_conf *conf, struct genl_info *info);
void df_pairs_parse_free(const struct df_port_conf *conf);
int df_pairs_fill(struct sk_buff *msg, const struct df_port *port);
int df_holds_fill(struct sk_buff *msg, const struct df_net *dn,
		  const struct df_port *port);

#endif /* DF_CONTROL_PAIR_H */
