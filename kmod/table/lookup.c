// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/slab.h>

#include "table/hold.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/lookup.h"
#include "table/network.h"
#include "table/port.h"

enum {
	/* Memory of the packets that wait because of one port. */
	BYTES_MAX = 512 * 1024,
	/* Lookups that no port's packets have made. */
	UNOWNED_MAX = 4096,
	/* How many end while packets wait for the lock. */
	EXPIRE_AT_ONCE = 64,
};

/**
 * struct df_lookups - the lookups of a namespace
 * @dn: namespace
 * @lock: protects the rest, and see above; taken with BH off
 * @hash: all of them; readers: RCU
 * @lists: those of each state, the one that expires first in front
 * @count: how many
 * @unowned: how many of them no port's packets have made
 * @expire: ends those whose time is over; pending while there are any
 * @released: packets that wait no longer, in order
 * @resume: takes them from there
 */
struct df_lookups {
	struct df_net *dn;
	spinlock_t lock; /* see above */
	struct rhashtable hash;
	struct list_head lists[DRAGONFLOW_LOOKUP_STATE_ABSENT + 1];
	u32 count;
	u32 unowned;
	struct delayed_work expire;
	struct sk_buff_head released;
	struct work_struct resume;
};

static const struct rhashtable_params lookup_params = {
	.head_offset = offsetof(struct df_lookup, node),
	.key_offset = offsetof(struct df_lookup, key),
	.key_len = sizeof_field(struct df_lookup, key),
	.automatic_shrinking = true,
};

/* --- time ------------------------------------------------------------------- */

static bool is_over(const struct df_lookup *lookup)
{
	return time_after_eq(jiffies, READ_ONCE(lookup->expires));
}

static struct df_lookup *first(struct df_lookups *lookups, int state)
{
	return list_first_entry_or_null(&lookups->lists[state],
					struct df_lookup, list);
}

/* See to it that what expires next ends then. */
static void arm(struct df_lookups *lookups)
{
	unsigned long now = jiffies, delay = MAX_JIFFY_OFFSET;
	const struct df_lookup *lookup;
	int state;

	for (state = 0; state < ARRAY_SIZE(lookups->lists); state++) {
		lookup = first(lookups, state);
		if (!lookup)
			continue;
		delay = min(delay, time_after(lookup->expires, now) ?
			    lookup->expires - now : 0);
	}
	if (delay != MAX_JIFFY_OFFSET)
		mod_delayed_work(df_workqueue, &lookups->expire, delay);
}

/* Begin a state, for some time. Most are the last of their list to end. */
static void enter(struct df_lookups *lookups, struct df_lookup *lookup,
		  enum dragonflow_lookup_state state, u32 ms)
{
	struct list_head *list = &lookups->lists[state];
	struct df_lookup *before;

	WRITE_ONCE(lookup->expires, jiffies + msecs_to_jiffies(ms));
	WRITE_ONCE(lookup->state, state);
	list_for_each_entry_reverse(before, list, list)
		if (time_before_eq(before->expires, lookup->expires))
			break;
	list_add(&lookup->list, &before->list);
	if (first(lookups, state) == lookup)
		arm(lookups);
}

/* --- coming and going, under the lock ---------------------------------------- */

static struct df_lookup *find(struct df_lookups *lookups,
			      const struct df_name *key)
{
	return rhashtable_lookup_fast(&lookups->hash, key, lookup_params);
}

/* Packets wait no longer: they walk again, or @reason is why not. */
static void release(struct df_lookups *lookups, struct df_lookup *lookup,
		    int reason)
{
	struct sk_buff *skb;

	if (skb_queue_empty(&lookup->packets))
		return;
	skb_queue_walk(&lookup->packets, skb) {
		df_skb_waiting(skb)->reason = reason;
		lookup->owner->bytes -= skb->truesize;
	}
	skb_queue_splice_tail_init(&lookup->packets, &lookups->released);
	queue_work(df_workqueue, &lookups->resume);
}

static void end(struct df_lookups *lookups, struct df_lookup *lookup,
		int reason)
{
	release(lookups, lookup, reason);
	rhashtable_remove_fast(&lookups->hash, &lookup->node, lookup_params);
	list_del(&lookup->list);
	if (lookup->owner) {
		list_del(&lookup->of_owner);
		WRITE_ONCE(lookup->owner->count, lookup->owner->count - 1);
	} else {
		lookups->unowned--;
	}
	WRITE_ONCE(lookups->count, lookups->count - 1);
	kfree_rcu(lookup, rcu);
}

/* Its time is over, whether or not the work has come to it. */
static void expire(struct df_lookups *lookups, struct df_lookup *lookup)
{
	end(lookups, lookup, DRAGONFLOW_DROP_REASON_UNRESOLVED);
}

/* Find one that is not over. */
static struct df_lookup *find_current(struct df_lookups *lookups,
				      const struct df_name *key)
{
	struct df_lookup *lookup = find(lookups, key);

	if (!lookup || !is_over(lookup))
		return lookup;
	expire(lookups, lookup);
	return NULL;
}

static void lookup_init(struct df_lookup *lookup, const struct df_name *key)
{
	lookup->key = *key;
	__skb_queue_head_init(&lookup->packets);
}

/* Make it one; it has no state yet. */
static int insert(struct df_lookups *lookups, struct df_lookup *lookup)
{
	if (rhashtable_insert_fast(&lookups->hash, &lookup->node,
				   lookup_params))
		return -ENOMEM;
	if (lookup->owner) {
		list_add_tail(&lookup->of_owner, &lookup->owner->lookups);
		WRITE_ONCE(lookup->owner->count, lookup->owner->count + 1);
	} else {
		lookups->unowned++;
	}
	WRITE_ONCE(lookups->count, lookups->count + 1);
	return 0;
}

/* End some of those whose time is over; false if there are no more. */
static bool expire_some(struct df_lookups *lookups)
{
	struct df_lookup *lookup;
	int state, count = 0;

	for (state = 0; state < ARRAY_SIZE(lookups->lists); state++) {
		while ((lookup = first(lookups, state)) && is_over(lookup)) {
			if (count++ == EXPIRE_AT_ONCE)
				return true;
			expire(lookups, lookup);
		}
	}
	arm(lookups);
	return false;
}

static void expire_work(struct work_struct *work)
{
	struct df_lookups *lookups = container_of(work, struct df_lookups,
						  expire.work);
	bool has_more;

	do {
		spin_lock_bh(&lookups->lock);
		has_more = expire_some(lookups);
		spin_unlock_bh(&lookups->lock);
		cond_resched();
	} while (has_more);
}

/* --- all of a namespace ------------------------------------------------------ */

/**
 * df_lookups_new() - the lookups of a namespace
 * @dn: namespace
 * @resume: takes the packets that wait no longer from df_lookups_next()
 *
 * Return: none yet; NULL without memory.
 */
struct df_lookups *df_lookups_new(struct df_net *dn, work_func_t resume)
{
	struct df_lookups *lookups;
	int state;

	lookups = kzalloc(sizeof(*lookups), GFP_KERNEL_ACCOUNT);
	if (!lookups)
		return NULL;
	lookups->dn = dn;
	spin_lock_init(&lookups->lock);
	for (state = 0; state < ARRAY_SIZE(lookups->lists); state++)
		INIT_LIST_HEAD(&lookups->lists[state]);
	__skb_queue_head_init(&lookups->released);
	INIT_DELAYED_WORK(&lookups->expire, expire_work);
	INIT_WORK(&lookups->resume, resume);
	if (rhashtable_init(&lookups->hash, &lookup_params)) {
		kfree(lookups);
		return NULL;
	}
	return lookups;
}

/* The ports and networks have gone, and no packet comes any more. */
void df_lookups_free(struct df_lookups *lookups)
{
	cancel_delayed_work_sync(&lookups->expire);
	cancel_work_sync(&lookups->resume);
	__skb_queue_purge(&lookups->released);
	rhashtable_destroy(&lookups->hash);
	kfree(lookups);
}

struct df_net *df_lookups_net(struct work_struct *resume)
{
	return container_of(resume, struct df_lookups, resume)->dn;
}

u32 df_lookups_count(const struct df_net *dn)
{
	return READ_ONCE(dn->lookups->count);
}

void df_lookups_walk_init(struct df_net *dn, struct rhashtable_iter *iter)
{
	rhashtable_walk_enter(&dn->lookups->hash, iter);
}

/* The next packet that waits no longer, or NULL. Context: may sleep. */
struct sk_buff *df_lookups_next(struct df_lookups *lookups)
{
	struct sk_buff *skb;

	spin_lock_bh(&lookups->lock);
	skb = __skb_dequeue(&lookups->released);
	spin_unlock_bh(&lookups->lock);
	return skb;
}

/* --- packets that wait ------------------------------------------------------- */

/* Nobody is, before the first of those who may have it is published. */
static bool is_held(const struct df_shared *shared)
{
	return shared && rcu_access_pointer(shared->holder);
}

/**
 * df_name_is_known() - is it known who has, or may have, an address?
 * @dn: namespace
 * @key: the address
 *
 * Return: whether it is. Caller in RCU or under the lock.
 */
bool df_name_is_known(struct df_net *dn, const struct df_name *key)
{
	const u8 *mac = (const u8 *)&key->name;

	if (key->kind == DF_NAME_IP)
		return df_address_find(dn, key->network, &key->name) ||
			is_held(df_shared_find_ip(dn, key->network,
						  &key->name));
	return df_port_find_mac(dn, key->network, mac) ||
		df_interface_find_mac(dn, key->network, mac) ||
		is_held(df_shared_find_mac(dn, key->network, mac));
}

/* The lookup of an address, unless its time is over; or NULL. */
struct df_lookup *df_lookup_find_rcu(struct df_net *dn,
				     const struct df_name *key)
{
	struct df_lookup *lookup = find(dn->lookups, key);

	return lookup && !is_over(lookup) ? lookup : NULL;
}

/* Would whoever comes now make a lookup? */
static bool is_needed(struct df_net *dn, const struct df_name *key)
{
	const struct df_network *network = df_network_find(dn, key->network);

	return network && df_network_is_on_demand(network) &&
		!df_name_is_known(dn, key);
}

/* A lookup for a packet of @in; or NULL, and @reason is set. */
static struct df_lookup *add(struct df_lookups *lookups, struct df_local *in,
			     const struct df_name *key, int *reason)
{
	struct df_lookup *lookup;

	*reason = DRAGONFLOW_DROP_REASON_RATE_LIMITED;
	if (in->lookups.is_dead ||
	    in->lookups.count >= DRAGONFLOW_LOOKUPS_MAX)
		return NULL;
	*reason = DRAGONFLOW_DROP_REASON_NO_MEMORY;
	lookup = kzalloc(sizeof(*lookup), GFP_ATOMIC | __GFP_NOWARN);
	if (!lookup)
		return NULL;
	lookup_init(lookup, key);
	lookup->owner = &in->lookups;
	lookup->port = in->id;
	if (insert(lookups, lookup)) {
		kfree(lookup);
		return NULL;
	}
	enter(lookups, lookup, DRAGONFLOW_LOOKUP_STATE_PENDING,
	      DRAGONFLOW_LOOKUP_WAIT_MS);
	return lookup;
}

static int hold(struct df_lookups *lookups, struct df_local *in,
		const struct df_name *key, struct sk_buff *skb)
{
	struct df_lookup *lookup = find_current(lookups, key);
	int reason;

	/*
	 * Whoever publishes an address ends its lookup afterwards. Either he
	 * comes after us and finds the packet, or we find what he has published.
	 */
	if (!is_needed(lookups->dn, key) ||
	    (lookup && lookup->state == DRAGONFLOW_LOOKUP_STATE_ABSENT)) {
		__skb_queue_tail(&lookups->released, skb);
		queue_work(df_workqueue, &lookups->resume);
		return 0;
	}
	if (!lookup)
		lookup = add(lookups, in, key, &reason);
	if (!lookup)
		return reason;
	if (skb_queue_len(&lookup->packets) >= DRAGONFLOW_LOOKUP_PACKETS_MAX ||
	    lookup->owner->bytes + skb->truesize > BYTES_MAX)
		return DRAGONFLOW_DROP_REASON_UNRESOLVED;
	lookup->owner->bytes += skb->truesize;
	__skb_queue_tail(&lookup->packets, skb);
	return 0;
}

/**
 * df_lookup_hold() - let a packet wait until it is known who has an address
 * @dn: namespace
 * @in: the port that it came from
 * @key: the address
 * @skb: the packet, with its &struct df_waiting; belongs to the lookup then
 *
 * If that is known by now, the packet does not wait, but walks again.
 * Context: packet path.
 *
 * Return: 0, or the reason to drop it.
 */
int df_lookup_hold(struct df_net *dn, struct df_local *in,
		   const struct df_name *key, struct sk_buff *skb)
{
	int reason;

	spin_lock(&dn->lookups->lock);
	reason = hold(dn->lookups, in, key, skb);
	spin_unlock(&dn->lookups->lock);
	return reason;
}

/* --- what becomes known ------------------------------------------------------ */

static int set_check(struct df_net *dn, const struct df_lookup_conf *conf,
		     struct df_refusal *why)
{
	const struct df_network *network;

	network = df_network_find(dn, conf->key.network);
	if (!network)
		return df_refuse(why, -ENOENT, DF_A_LOOKUP_NETWORK,
				 "No network has this id");
	if (!df_network_is_on_demand(network))
		return df_refuse(why, -EINVAL, DF_A_LOOKUP_NETWORK,
				 "The network is not an on-demand one");
	if (df_name_is_known(dn, &conf->key))
		return df_refuse(why, -EEXIST, conf->attr,
				 "A port or router interface has this address");
	return 0;
}

/* Say it of the lookup that there is, or of @fresh, which is used up then. */
static int set(struct df_lookups *lookups, const struct df_lookup_conf *conf,
	       struct df_lookup **fresh, struct df_refusal *why)
{
	struct df_lookup *lookup = find_current(lookups, &conf->key);

	if (lookup && conf->is_exclusive)
		return df_refuse(why, -EEXIST, conf->attr,
				 "The address is looked for, or absent, already");
	if (lookup) {
		list_del(&lookup->list);
	} else {
		if (lookups->unowned >= UNOWNED_MAX)
			return df_refuse(why, -ENOSPC, 0,
					 "There are too many lookups");
		if (insert(lookups, *fresh))
			return -ENOMEM;
		swap(lookup, *fresh);
	}
	enter(lookups, lookup, DRAGONFLOW_LOOKUP_STATE_ABSENT, conf->ttl_ms);
	release(lookups, lookup, 0);
	return 0;
}

/**
 * df_lookup_set() - nobody has an address
 * @dn: namespace, its lock held
 * @conf: which, and for how long
 * @why: filled when the request breaks a rule
 *
 * Return: 0 or -errno.
 */
int df_lookup_set(struct df_net *dn, const struct df_lookup_conf *conf,
		  struct df_refusal *why)
{
	struct df_lookup *fresh;
	int err;

	lockdep_assert_held(&dn->lock);
	err = set_check(dn, conf, why);
	if (err)
		return err;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	lookup_init(fresh, &conf->key);
	spin_lock_bh(&dn->lookups->lock);
	err = set(dn->lookups, conf, &fresh, why);
	spin_unlock_bh(&dn->lookups->lock);
	kfree(fresh);
	return err;
}

/* What is known about an address is to be forgotten. Caller under the lock. */
int df_lookup_del(struct df_net *dn, const struct df_lookup_conf *conf,
		  struct df_refusal *why)
{
	struct df_lookups *lookups = dn->lookups;
	struct df_lookup *lookup;

	lockdep_assert_held(&dn->lock);
	spin_lock_bh(&lookups->lock);
	lookup = find_current(lookups, &conf->key);
	if (lookup)
		end(lookups, lookup, 0);
	spin_unlock_bh(&lookups->lock);
	return lookup ? 0 : df_refuse(why, -ENOENT, conf->attr,
				      "The address is not looked for");
}

static void end_locked(struct df_lookups *lookups, const struct df_name *key)
{
	struct df_lookup *lookup = find(lookups, key);

	if (lookup)
		end(lookups, lookup, 0);
}

/* Somebody has an address from now on: it was published. */
void df_lookup_end(struct df_net *dn, const struct df_name *key)
{
	spin_lock_bh(&dn->lookups->lock);
	end_locked(dn->lookups, key);
	spin_unlock_bh(&dn->lookups->lock);
}

/* Likewise, a MAC and IP addresses. */
void df_lookup_end_all(struct df_net *dn, u32 network, const u8 *mac,
		       const struct df_addresses *addresses)
{
	struct df_name key = df_name_of_mac(network, mac);
	struct df_lookups *lookups = dn->lookups;
	int i;

	spin_lock_bh(&lookups->lock);
	if (!lookups->count)
		goto out_unlock;
	end_locked(lookups, &key);
	for (i = 0; i < addresses->count; i++) {
		key = df_name_of_ip(network, &addresses->list[i].key.ip);
		end_locked(lookups, &key);
	}
out_unlock:
	spin_unlock_bh(&lookups->lock);
}

/* A network has gone, or is not on demand any more. */
void df_lookup_end_network(struct df_net *dn, u32 network)
{
	struct df_lookups *lookups = dn->lookups;
	struct df_lookup *lookup, *next;
	int state;

	spin_lock_bh(&lookups->lock);
	for (state = 0; state < ARRAY_SIZE(lookups->lists); state++)
		list_for_each_entry_safe(lookup, next, &lookups->lists[state],
					 list)
			if (lookup->key.network == network)
				end(lookups, lookup, 0);
	spin_unlock_bh(&lookups->lock);
}

void df_lookup_owner_init(struct df_lookup_owner *owner)
{
	INIT_LIST_HEAD(&owner->lookups);
}

/*
 * A port goes, and its lookups with it. Packets of others that wait in them make
 * lookups of their own: all walk again, and those of the port find it gone.
 */
void df_lookup_owner_kill(struct df_net *dn, struct df_lookup_owner *owner)
{
	struct df_lookup *lookup, *next;

	spin_lock_bh(&dn->lookups->lock);
	owner->is_dead = true;
	list_for_each_entry_safe(lookup, next, &owner->lookups, of_owner)
		end(dn->lookups, lookup, 0);
	spin_unlock_bh(&dn->lookups->lock);
}
