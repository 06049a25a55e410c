// SPDX-License-Identifier: GPL-2.0
/*
 * Packets wait until the agent knows who has an address. The first one makes a
 * lookup, see table/lookup.h, and the agent is told. Each port has tokens for
 * that, and room for so many: what one tenant looks for others need not feel.
 *
 * In the end they walk again as if they came only now, or are dropped. A packet
 * that waits refers to nothing that could go meanwhile: neither device nor port,
 * nor the memory of its sender.
 */
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/dst.h>

#include "control/miss.h"
#include "path/action.h"
#include "path/answer.h"
#include "path/lookup.h"
#include "path/pipeline.h"
#include "stage/trace.h"
#include "table/local.h"
#include "table/lookup.h"
#include "table/port.h"

/*
 * What keeps the packet from waiting, or 0; @is_first is set if it is to make
 * the lookup. Somebody else may be about to do the same, or to fill it: this is
 * to spare work, and what counts is decided under a lock.
 */
static int refusal(const struct df_pkt *pkt, bool *is_first)
{
	const struct df_lookup *lookup;

	lookup = df_lookup_find_rcu(pkt->dn, &pkt->answer.lookup);
	*is_first = !lookup;
	if (lookup)
		return skb_queue_len_lockless(&lookup->packets) >=
			DRAGONFLOW_LOOKUP_PACKETS_MAX ?
			DRAGONFLOW_DROP_REASON_UNRESOLVED : 0;
	if (READ_ONCE(pkt->in->lookups.count) >= DRAGONFLOW_LOOKUPS_MAX)
		return DRAGONFLOW_DROP_REASON_RATE_LIMITED;
	return df_miss_refusal(pkt);
}

/* Tell the agent first: should it be quick, we find what it has said. */
static int ask(const struct df_pkt *pkt)
{
	bool is_first;
	int reason = refusal(pkt, &is_first);

	if (reason || !is_first)
		return reason;
	if (!df_local_take_token(pkt->in, DF_BUCKET_LOOKUP))
		return DRAGONFLOW_DROP_REASON_RATE_LIMITED;
	return df_miss(pkt);
}

static int hold(const struct df_pkt *pkt)
{
	struct sk_buff *skb = pkt->skb;

	if (skb_orphan_frags_rx(skb, GFP_ATOMIC))
		return DRAGONFLOW_DROP_REASON_NO_MEMORY;
	skb_orphan(skb);
	nf_reset_ct(skb);
	skb_dst_drop(skb);
	skb->dev = NULL;
	*df_skb_waiting(skb) = (struct df_waiting) {
		.port = pkt->in->id,
		.largest_fragment = pkt->largest_fragment,
	};
	return df_lookup_hold(pkt->dn, pkt->in, &pkt->answer.lookup, skb);
}

/**
 * df_lookup_wait() - let a packet wait until it is known who has an address
 * @pkt: the packet; its skb is consumed
 *
 * Context: packet path.
 */
void df_lookup_wait(struct df_pkt *pkt)
{
	int reason = ask(pkt);

	if (!reason)
		reason = hold(pkt);
	if (reason)
		df_action_drop(pkt, pkt->skb, reason);
}

/* Tell what df_lookup_wait() would do. */
void df_lookup_trace(struct df_pkt *pkt)
{
	bool is_first;
	int reason = refusal(pkt, &is_first);

	if (!reason && is_first &&
	    !df_local_has_token(pkt->in, DF_BUCKET_LOOKUP))
		reason = DRAGONFLOW_DROP_REASON_RATE_LIMITED;
	df_trace_wait(pkt, reason);
}

static void drop(struct df_net *dn, struct df_local *in, struct sk_buff *skb,
		 int reason)
{
	const struct df_pkt pkt = {
		.dn = dn,
		.in = in,
		.packets = df_skb_packets(skb),
	};

	df_action_drop(&pkt, skb, reason);
}

/* The port may be another one by now, or have another device. */
static void resume(struct df_net *dn, struct sk_buff *skb)
{
	const struct df_waiting waiting = *df_skb_waiting(skb);
	const struct df_port *port = df_port_find(dn, waiting.port);
	int reason = waiting.reason;
	struct df_local *in;

	if (!port || port->type != DRAGONFLOW_PORT_TYPE_VIF) {
		kfree_skb(skb);
		return;
	}
	in = port->local;
	skb->dev = rcu_dereference(in->dev);
	if (!reason && !skb->dev)
		reason = DRAGONFLOW_DROP_REASON_NO_DEVICE;
	if (reason) {
		drop(dn, in, skb, reason);
		return;
	}
	memset(skb->cb, 0, sizeof(skb->cb));
	df_pipeline_resume(dn, in, skb, waiting.largest_fragment);
}

/* Let go what waits no longer. */
void df_lookups_work(struct work_struct *work)
{
	struct df_net *dn = df_lookups_net(work);
	struct sk_buff *skb;

	/* What waits for its receiver at one processor overtakes at another. */
	migrate_disable();
	while ((skb = df_lookups_next(dn->lookups))) {
		/* As if it came from its device. */
		local_bh_disable();
		rcu_read_lock();
		resume(dn, skb);
		rcu_read_unlock();
		local_bh_enable();
		cond_resched();
	}
	migrate_enable();
}
