// SPDX-License-Identifier: GPL-2.0
/*
 * The log of security groups: messages to a multicast group. A workload decides
 * how many there would be, so each port has so many of them, all ports together
 * have, and without anybody who listens there are none.
 */
#include <linux/ktime.h>
#include <net/genetlink.h>

#include "control/event.h"
#include "control/log.h"
#include "control/netlink.h"
#include "control/netlink_gen.h"
#include "stage/stage.h"
#include "table/local.h"
#include "table/network.h"
#include "table/port.h"

enum {
	/* Of all ports together, in a second and at once. */
	TOTAL_RATE = 10000,
	TOTAL_BURST = 1000,
	LOG_SIZE = 384,
};

/* May the port bring about a message? What was left out is told by the next. */
static bool may_log(struct df_net *dn, struct df_local *local, u32 *suppressed)
{
	struct df_log_limit *limit = &local->log;
	bool may;

	spin_lock(&local->bucket_lock);
	may = df_bucket_take(&limit->bucket, READ_ONCE(dn->log_rate),
			     READ_ONCE(dn->log_burst));
	if (may) {
		spin_lock(&dn->log_lock);
		may = df_bucket_take(&dn->log_total, TOTAL_RATE, TOTAL_BURST);
		spin_unlock(&dn->log_lock);
	}
	*suppressed = limit->suppressed;
	if (may)
		limit->suppressed = 0;
	else if (limit->suppressed < U32_MAX)
		limit->suppressed++;
	spin_unlock(&local->bucket_lock);
	return may;
}

/* The message, and those that it was to tell of, did not reach everybody. */
static void lost(struct df_local *local, u32 suppressed)
{
	spin_lock(&local->bucket_lock);
	if (local->log.suppressed < U32_MAX - suppressed - 1)
		local->log.suppressed += suppressed + 1;
	spin_unlock(&local->bucket_lock);
}

static int put_entry(struct sk_buff *msg, const struct df_pkt *pkt,
		     const struct df_log_entry *entry, u32 suppressed)
{
	if (nla_put_u32(msg, DF_A_LOG_PORT, entry->port->obj.id) ||
	    nla_put_u32(msg, DF_A_LOG_DIRECTION, entry->direction) ||
	    nla_put_u32(msg, DF_A_LOG_VERDICT, entry->verdict) ||
	    nla_put_u32(msg, DF_A_LOG_GROUP, entry->group) ||
	    (entry->rule && nla_put_u32(msg, DF_A_LOG_RULE, entry->rule)) ||
	    nla_put_u32(msg, DF_A_LOG_NETWORK, pkt->network->obj.id) ||
	    df_match_fill(msg, DF_A_LOG_MATCH, &pkt->key, sizeof(pkt->key)) ||
	    nla_put_u64_64bit(msg, DF_A_LOG_TIME_NS, ktime_get_real_ns(),
			      DF_A_LOG_PAD) ||
	    (suppressed &&
	     nla_put_u32(msg, DF_A_LOG_SUPPRESSED, suppressed)))
		return -EMSGSIZE;
	return 0;
}

static int send(const struct df_pkt *pkt, const struct df_log_entry *entry,
		u32 suppressed)
{
	struct sk_buff *msg = genlmsg_new(LOG_SIZE, GFP_ATOMIC);
	void *header;

	if (!msg)
		return -ENOMEM;
	header = genlmsg_put(msg, 0, 0, &df_genl_family, 0, DF_CMD_LOG_NTF);
	if (!header || put_entry(msg, pkt, entry, suppressed)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, header);
	return genlmsg_multicast_netns(&df_genl_family, pkt->dn->net, msg, 0,
				       DRAGONFLOW_NLGRP_LOG, GFP_ATOMIC);
}

/**
 * df_log() - tell what the groups of a port have decided
 * @pkt: about this packet, which is in a network
 * @entry: that
 *
 * Context: packet path.
 */
void df_log(const struct df_pkt *pkt, const struct df_log_entry *entry)
{
	struct df_local *local = entry->port->local;
	u32 suppressed;

	if (!genl_has_listeners(&df_genl_family, pkt->dn->net,
				DRAGONFLOW_NLGRP_LOG))
		return;
	if (may_log(pkt->dn, local, &suppressed) &&
	    send(pkt, entry, suppressed))
		lost(local, suppressed);
}
