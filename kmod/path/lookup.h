/* SPDX-License-Identifier: GPL-2.0 */
/* Packets that wait until the agent knows who has an address. */
#ifndef DF_PATH_LOOKUP_H
#define DF_PATH_LOOKUP_H

#include <linux/workqueue.h>

struct df_pkt;

void df_lookup_wait(struct df_pkt *pkt);
void df_lookup_trace(struct df_pkt *pkt);
void df_lookups_work(struct work_struct *work);

#endif /* DF_PATH_LOOKUP_H */
