/* SPDX-License-Identifier: GPL-2.0 */
/* What security groups decide, told to whoever wants to know. */
#ifndef DF_CONTROL_LOG_H
#define DF_CONTROL_LOG_H

#include <linux/types.h>
#include <uapi/linux/dragonflow.h>

struct df_pkt;
struct df_port;

/**
 * struct df_log_entry - what was decided
 * @port: whose groups were asked
 * @direction: of the packet at that port
 * @verdict: what they say
 * @group: id of the group that wants it to be told
 * @rule: id of the rule, 0 for a drop
 */
struct df_log_entry {
	const struct df_port *port;
	enum dragonflow_direction direction;
	enum dragonflow_log_verdict verdict;
	u32 group;
	u32 rule;
};

void df_log(const struct df_pkt *pkt, const struct df_log_entry *entry);

#endif /* DF_CONTROL_LOG_H */
