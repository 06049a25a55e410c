/* SPDX-License-Identifier: GPL-2.0 */
/* Applying what workloads say about addresses that they share. */
#ifndef DF_CONTROL_CLAIM_H
#define DF_CONTROL_CLAIM_H

struct work_struct;

void df_claims_work(struct work_struct *work);

#endif /* DF_CONTROL_CLAIM_H */
