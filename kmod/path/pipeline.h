/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DF_PATH_PIPELINE_H
#define DF_PATH_PIPELINE_H

#include <linux/types.h>

struct df_local;
struct df_net;
struct df_trace;
struct sk_buff;

void df_pipeline_receive(struct df_net *dn, struct df_local *in,
			 struct sk_buff *skb, u32 tun_id);
void df_pipeline_resume(struct df_net *dn, struct df_local *in,
			struct sk_buff *skb, u16 largest_fragment);
void df_pipeline_trace(struct df_net *dn, struct df_local *in,
		       struct sk_buff *skb, u32 tun_id, struct df_trace *trace);

#endif /* DF_PATH_PIPELINE_H */
