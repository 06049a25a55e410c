/* SPDX-License-Identifier: GPL-2.0 */
/* What the sender of a packet is told. */
#ifndef DF_PATH_ANSWER_H
#define DF_PATH_ANSWER_H

#include "table/local.h"

struct df_pkt;

bool df_local_has_token(struct df_local *local, enum df_bucket_kind kind);
bool df_local_take_token(struct df_local *local, enum df_bucket_kind kind);
void df_answer(struct df_pkt *pkt, int reason);
void df_answer_trace(struct df_pkt *pkt, int reason);

#endif /* DF_PATH_ANSWER_H */
