/* SPDX-License-Identifier: GPL-2.0 */
/* What workloads say about addresses that they share. */
#ifndef DF_PATH_CLAIM_H
#define DF_PATH_CLAIM_H

#include <linux/workqueue.h>

#include "table/hold.h"

struct df_pkt;

struct df_claims *df_claims_new(struct df_net *dn, work_func_t work);
void df_claims_free(struct df_claims *claims);
struct df_net *df_claims_net(struct work_struct *work);
bool df_claim_add(struct df_pkt *pkt);
bool df_claim_next(struct df_claims *claims, struct df_claim *claim);

#endif /* DF_PATH_CLAIM_H */
