/* SPDX-License-Identifier: GPL-2.0 */
/* Handing packets to the agent: the way up, for the packet path. */
#ifndef DF_CONTROL_PUNT_H
#define DF_CONTROL_PUNT_H

struct df_pkt;

int df_punt_refusal(const struct df_pkt *pkt);
void df_punt(const struct df_pkt *pkt);

#endif /* DF_CONTROL_PUNT_H */
