/* SPDX-License-Identifier: GPL-2.0 */
/* Asking the agent who has an address: the way up, for the packet path. */
#ifndef DF_CONTROL_MISS_H
#define DF_CONTROL_MISS_H

struct df_pkt;

int df_miss_refusal(const struct df_pkt *pkt);
int df_miss(const struct df_pkt *pkt);

#endif /* DF_CONTROL_MISS_H */
