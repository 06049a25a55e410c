/* SPDX-License-Identifier: GPL-2.0 */
/* What the sender of a packet is told. */
#ifndef DF_PATH_ANSWER_H
#define DF_PATH_ANSWER_H

struct df_pkt;

void df_answer(struct df_pkt *pkt, int reason);

#endif /* DF_PATH_ANSWER_H */
