// SPDX-License-Identifier: GPL-2.0
/*
 * Claims: a packet says that a port has an address that others may have as well.
 * It changes a table, which packets do not: so it is put into a queue, from which
 * a work takes it within moments. There is room for so many, and each port here
 * has tokens: what one tenant does others need not feel.
 */
#include <linux/slab.h>

#include "path/answer.h"
#include "path/claim.h"
#include "path/tunnel.h"
#include "stage/trace.h"

enum {
	CLAIMS_MAX = 64,
};

/**
 * struct df_claims - claims that wait
 * @dn: namespace
 * @work: applies them
 * @lock: protects the rest; taken with BH off
 * @first: index of the oldest
 * @count: how many
 * @claim: a ring
 */
struct df_claims {
	struct df_net *dn;
	struct work_struct work;
	spinlock_t lock; /* see above */
	u32 first;
	u32 count;
	struct df_claim claim[CLAIMS_MAX];
};

struct df_claims *df_claims_new(struct df_net *dn, work_func_t work)
{
	struct df_claims *claims = kzalloc(sizeof(*claims), GFP_KERNEL_ACCOUNT);

	if (!claims)
		return NULL;
	claims->dn = dn;
	INIT_WORK(&claims->work, work);
	spin_lock_init(&claims->lock);
	return claims;
}

/* No packet comes any more. */
void df_claims_free(struct df_claims *claims)
{
	cancel_work_sync(&claims->work);
	kfree(claims);
}

struct df_net *df_claims_net(struct work_struct *work)
{
	return container_of(work, struct df_claims, work)->dn;
}

static bool push(struct df_claims *claims, const struct df_claim *claim)
{
	bool has_room;

	spin_lock(&claims->lock);
	has_room = claims->count < CLAIMS_MAX;
	if (has_room)
		claims->claim[(claims->first + claims->count++) % CLAIMS_MAX] =
			*claim;
	spin_unlock(&claims->lock);
	return has_room;
}

/* Tell that it would be heard, or not. */
static bool would_add(struct df_pkt *pkt)
{
	bool has_room = READ_ONCE(pkt->dn->claims->count) < CLAIMS_MAX &&
		(pkt->in->is_tunnel ||
		 df_local_has_token(pkt->in, DF_BUCKET_CLAIM));

	df_trace_claim(pkt, has_room);
	return has_room;
}

/**
 * df_claim_add() - see to it that a packet's claim is heard
 * @pkt: the packet, with a claim
 *
 * Context: packet path.
 *
 * Return: whether the packet may go on; if not, its port claims too much.
 */
bool df_claim_add(struct df_pkt *pkt)
{
	struct df_claims *claims = pkt->dn->claims;

	if (pkt->in->is_tunnel)
		df_tunnel_source(&pkt->claim.from, pkt->skb);
	if (!df_claim_is_news(pkt->dn, &pkt->claim))
		return true;
	if (df_pkt_is_traced(pkt))
		return would_add(pkt);
	/* Those of others had to pass here at the hypervisor that they are on. */
	if (!pkt->in->is_tunnel && !df_local_take_token(pkt->in, DF_BUCKET_CLAIM))
		return false;
	if (!push(claims, &pkt->claim))
		return false;
	queue_work(df_workqueue, &claims->work);
	return true;
}

/* Take the oldest claim out of the queue; false if there is none. */
bool df_claim_next(struct df_claims *claims, struct df_claim *claim)
{
	bool has_one;

	spin_lock_bh(&claims->lock);
	has_one = claims->count;
	if (has_one) {
		*claim = claims->claim[claims->first];
		claims->first = (claims->first + 1) % CLAIMS_MAX;
		claims->count--;
	}
	spin_unlock_bh(&claims->lock);
	return has_one;
}
