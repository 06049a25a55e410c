/* SPDX-License-Identifier: GPL-2.0 */
/* What the sender of a packet is told. */
#ifndef DF_PATH_ANSWER_H
#define DF_PATH_ANSWER_H

#include "table/local.h"

struct df_pkt;

bool df_bucket_take(struct df_local *local, enum df_bucket_kind kind);
void df_answer(struct df_pkt *pkt, int reason);

#endif /* DF_PATH_ANSWER_H */
