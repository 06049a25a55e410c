// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "generation.h"
#include "path/flow.h"
#include "path/hash.h"

enum {
	/* Entries looked at for one that has not been used. */
	FLOW_EVICTION_TRIES = 8,
	/*
	 * Entries that may make room within a jiffy. A workload that sends
	 * nothing twice gets walks beyond that, not a churn of memory.
	 */
	FLOW_EVICTIONS = 64,
	/* One of so many pages of the machine may hold entries. */
	FLOW_MEMORY_PART = 16,
	/* Entries handled between two openings of the owner's lock. */
	FLOW_BATCH = 64,
	/* Words of a key, and of that part of it that is matched on. */
	WORDS_L2 = DF_KEY_SIZE_L2 / sizeof(u32),
	WORDS_L3 = DF_KEY_SIZE_L3 / sizeof(u32),
	WORDS = DF_KEY_SIZE_CONNECTION / sizeof(u32),
};

static struct kmem_cache *flow_cache __ro_after_init;

/* What keys are hashed by, in all namespaces. */
static u64 flow_secret[WORDS + 1] __ro_after_init;

/*
 * Entries of all namespaces, those included that wait for their last reader.
 * They are made on behalf of packets, so no one's account bounds them: they may
 * take a small part of the machine's memory, and no more.
 */
static atomic_long_t flow_total = ATOMIC_LONG_INIT(0);
static long flow_total_limit __ro_after_init;

/* Keys are compared by 8 bytes, and 4 if these are left. */
static_assert(__alignof__(struct df_key) == sizeof(u64));
static_assert(DF_KEY_SIZE_L3 % sizeof(u64) == sizeof(u32));

/* What an entry is looked up by: the part of a key that takes part. */
struct flow_lookup {
	const struct df_key *key;
	u32 hash;
	u8 key_len;
};

static inline u32 key_hash(const struct df_key *key, u8 key_len)
{
	const u32 *words = (const u32 *)key;
	u64 sum = flow_secret[WORDS];

	sum += df_hash_sum(flow_secret, words, WORDS_L2);
	if (key_len > DF_KEY_SIZE_L2)
		sum += df_hash_sum(&flow_secret[WORDS_L2], &words[WORDS_L2],
				   WORDS_L3 - WORDS_L2);
	if (key_len > DF_KEY_SIZE_L3)
		sum += df_hash_sum(&flow_secret[WORDS_L3], &words[WORDS_L3],
				   WORDS - WORDS_L3);
	return sum >> 32;
}

static inline u32 flow_hash(const void *data, u32 len, u32 seed)
{
	const struct flow_lookup *lookup = data;

	return df_hash_seed(lookup->hash, seed);
}

static inline u32 flow_hash_entry(const void *data, u32 len, u32 seed)
{
	const struct df_flow *flow = data;

	return df_hash_seed(flow->hash, seed);
}

static inline int flow_differs(struct rhashtable_compare_arg *arg,
			       const void *data)
{
	const struct flow_lookup *lookup = arg->key;
	const struct df_flow *flow = data;
	const u64 *a = (const u64 *)lookup->key, *b = (const u64 *)&flow->key;
	long i = lookup->key_len / sizeof(u64);

	if (flow->hash != lookup->hash || flow->key_len != lookup->key_len)
		return 1;
	if (lookup->key_len % sizeof(u64) &&
	    *(const u32 *)&a[i] != *(const u32 *)&b[i])
		return 1;
	while (--i >= 0)
		if (a[i] != b[i])
			return 1;
	return 0;
}

static const struct rhashtable_params flow_params = {
	.head_offset = offsetof(struct df_flow, node),
	.hashfn = flow_hash,
	.obj_hashfn = flow_hash_entry,
	.obj_cmpfn = flow_differs,
	.key_len = sizeof(struct flow_lookup),
	.automatic_shrinking = true,
};

int df_flow_cache_init(void)
{
	get_random_bytes(flow_secret, sizeof(flow_secret));
	flow_cache = kmem_cache_create("dragonflow_flow",
				       sizeof(struct df_flow), 0, 0, NULL);
	flow_total_limit = totalram_pages() /
		FLOW_MEMORY_PART * (PAGE_SIZE / sizeof(struct df_flow));
	return flow_cache ? 0 : -ENOMEM;
}

void df_flow_cache_fini(void)
{
	kmem_cache_destroy(flow_cache);
}

int df_flows_init(struct df_net *dn)
{
	return rhashtable_init(&dn->flows, &flow_params);
}

/* The owners have been killed. */
void df_flows_fini(struct df_net *dn)
{
	rhashtable_destroy(&dn->flows);
}

void df_flow_owner_init(struct df_flow_owner *owner)
{
	spin_lock_init(&owner->lock);
	INIT_LIST_HEAD(&owner->flows);
}

static const u8 class_len[] = {
	[DRAGONFLOW_FLOW_CLASS_L2] = DF_KEY_SIZE_L2,
	[DRAGONFLOW_FLOW_CLASS_L3] = DF_KEY_SIZE_L3,
	[DRAGONFLOW_FLOW_CLASS_CONNECTION] = DF_KEY_SIZE_CONNECTION,
};

/* Entries of another class stay until they age: they are not found any more. */
void df_flow_owner_configure(struct df_flow_owner *owner,
			     enum dragonflow_flow_class class, u32 limit,
			     bool is_guarded)
{
	/* Port security judges the IP addresses of each packet. */
	if (is_guarded && class < DRAGONFLOW_FLOW_CLASS_L3)
		class = DRAGONFLOW_FLOW_CLASS_L3;
	WRITE_ONCE(owner->is_guarded, is_guarded);
	WRITE_ONCE(owner->key_len, class_len[class]);
	WRITE_ONCE(owner->limit, limit);
}

enum dragonflow_flow_class df_flow_class(u8 key_len)
{
	switch (key_len) {
	case DF_KEY_SIZE_L2:
		return DRAGONFLOW_FLOW_CLASS_L2;
	case DF_KEY_SIZE_L3:
		return DRAGONFLOW_FLOW_CLASS_L3;
	default:
		return DRAGONFLOW_FLOW_CLASS_CONNECTION;
	}
}

static void flow_free(struct df_flow *flow)
{
	while (flow->connection_count)
		df_ct_put(&flow->connections[--flow->connection_count]);
	kmem_cache_free(flow_cache, flow);
	atomic_long_dec(&flow_total);
}

static void flow_free_rcu(struct rcu_head *rcu)
{
	flow_free(container_of(rcu, struct df_flow, rcu));
}

static void flow_del_locked(struct df_net *dn, struct df_flow *flow)
{
	lockdep_assert_held(&flow->owner->lock);
	rhashtable_remove_fast(&dn->flows, &flow->node, flow_params);
	list_del(&flow->list);
	flow->owner->count--;
	atomic_dec(&dn->flow_count);
	call_rcu(&flow->rcu, flow_free_rcu);
}

/**
 * df_flow_owner_flush() - remove all entries of an in-port
 * @dn: namespace
 * @owner: the in-port's part in the cache
 *
 * Entries that packets add meanwhile may stay. Context: process.
 */
void df_flow_owner_flush(struct df_net *dn, struct df_flow_owner *owner)
{
	struct df_flow *flow;
	int batch, left;

	spin_lock_bh(&owner->lock);
	left = owner->count;
	spin_unlock_bh(&owner->lock);

	while (left > 0) {
		spin_lock_bh(&owner->lock);
		for (batch = 0; batch < FLOW_BATCH; batch++) {
			flow = list_first_entry_or_null(&owner->flows,
							struct df_flow, list);
			if (!flow) {
				left = 0;
				break;
			}
			flow_del_locked(dn, flow);
		}
		spin_unlock_bh(&owner->lock);
		left -= FLOW_BATCH;
		cond_resched();
	}
}

/* Remove all entries, for good. Context: process. */
void df_flow_owner_kill(struct df_net *dn, struct df_flow_owner *owner)
{
	spin_lock_bh(&owner->lock);
	owner->is_dead = true;
	spin_unlock_bh(&owner->lock);
	df_flow_owner_flush(dn, owner);
}

/* Remove the entries that no packet has used for a while. Context: process. */
void df_flow_owner_age(struct df_net *dn, struct df_flow_owner *owner)
{
	unsigned long idle = msecs_to_jiffies(READ_ONCE(dn->flow_idle_ms));
	struct df_flow *flow;
	int batch, left;

	spin_lock_bh(&owner->lock);
	left = owner->count;
	spin_unlock_bh(&owner->lock);

	while (left > 0) {
		spin_lock_bh(&owner->lock);
		for (batch = 0; batch < FLOW_BATCH && left > 0; batch++) {
			flow = list_first_entry_or_null(&owner->flows,
							struct df_flow, list);
			if (!flow) {
				left = 0;
				break;
			}
			left--;
			if (time_after(jiffies, READ_ONCE(flow->used) + idle))
				flow_del_locked(dn, flow);
			else
				list_move_tail(&flow->list, &owner->flows);
		}
		spin_unlock_bh(&owner->lock);
		cond_resched();
	}
}

/*
 * Borrow the entry for these packets, or NULL, and tell their hash. GCC would
 * call functions of one instruction here, and leave all that they are told in
 * memory.
 */
__flatten
struct df_flow *df_flow_find_rcu(struct df_net *dn, const struct df_key *key,
				 u8 key_len, u32 *hash)
{
	struct flow_lookup lookup = {
		.key = key,
		.hash = key_hash(key, key_len),
		.key_len = key_len,
	};

	*hash = lookup.hash;
	return rhashtable_lookup(&dn->flows, &lookup, flow_params);
}

/* Does everything that @flow rests on stand as it did? Caller in RCU. */
bool df_flow_is_current(const struct df_net *dn, const struct df_flow *flow)
{
	const struct df_decision *decision = &flow->decision;
	u32 generations = 0;
	int i;

	for (i = 0; i < decision->slot_count; i++)
		generations += df_generation_read(dn, decision->slots[i]);
	return generations == decision->generations;
}

/* Remove an entry that has not been used lately, or else the oldest. */
static void flow_evict_locked(struct df_net *dn, struct df_flow_owner *owner)
{
	struct df_flow *flow;
	int tries;

	for (tries = 0; tries < FLOW_EVICTION_TRIES; tries++) {
		flow = list_first_entry(&owner->flows, struct df_flow, list);
		if (!READ_ONCE(flow->was_used))
			break;
		WRITE_ONCE(flow->was_used, false);
		list_move_tail(&flow->list, &owner->flows);
	}
	flow = list_first_entry(&owner->flows, struct df_flow, list);
	flow_del_locked(dn, flow);
}

static struct df_flow *flow_new(struct df_flow_owner *owner,
				const struct df_flow_content *content)
{
	u8 key_len = df_flow_key_len(owner, content->key);
	struct df_flow *flow;
	int i;

	if (atomic_long_inc_return(&flow_total) > flow_total_limit)
		goto err_total;
	flow = kmem_cache_alloc(flow_cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!flow)
		goto err_total;
	flow->key = *content->key;
	if (key_len < sizeof(flow->key))
		memset((u8 *)&flow->key + key_len, 0,
		       sizeof(flow->key) - key_len);
	flow->key_len = key_len;
	flow->hash = key_len == content->hash_len ? content->hash :
		key_hash(&flow->key, key_len);
	flow->decision = *content->decision;
	flow->connection_count = content->connection_count;
	for (i = 0; i < flow->connection_count; i++) {
		flow->connections[i] = content->connections[i];
		df_ct_relax(&flow->connections[i]);
	}
	flow->owner = owner;
	flow->was_used = false;
	atomic64_set(&flow->packets, 0);
	atomic64_set(&flow->bytes, 0);
	flow->created = jiffies;
	flow->used = flow->created;
	return flow;

err_total:
	atomic_long_dec(&flow_total);
	return NULL;
}

/* May another entry make room within this jiffy? */
static bool flow_may_evict_locked(struct df_flow_owner *owner)
{
	if (time_after(jiffies, owner->eviction_time)) {
		owner->eviction_time = jiffies;
		owner->evictions = 0;
	}
	return owner->evictions++ < FLOW_EVICTIONS;
}

/*
 * Would there be no room for another one? So that nothing is made for a sender
 * that gets none; a guess, as the lock is not held.
 */
static bool flow_is_full(const struct df_flow_owner *owner)
{
	return READ_ONCE(owner->count) >= READ_ONCE(owner->limit) &&
		READ_ONCE(owner->evictions) >= FLOW_EVICTIONS &&
		!time_after(jiffies, READ_ONCE(owner->eviction_time));
}

/* Make room in a full house: 1 if another one had to go. */
static int flow_make_room_locked(struct df_net *dn,
				 const struct flow_lookup *lookup,
				 struct df_flow_owner *owner)
{
	/* One that is to be replaced makes room by itself. */
	if (rhashtable_lookup(&dn->flows, lookup, flow_params))
		return 0;
	if (!flow_may_evict_locked(owner))
		return -ENOSPC;
	flow_evict_locked(dn, owner);
	/* A lowered limit is reached step by step. */
	if (owner->count >= READ_ONCE(owner->limit) && owner->count)
		flow_evict_locked(dn, owner);
	return 1;
}

/* Insert @flow, in the place of an older one: 1 if another one had to go. */
static int flow_insert_locked(struct df_net *dn, struct df_flow *flow)
{
	struct df_flow_owner *owner = flow->owner;
	struct flow_lookup lookup = {
		.key = &flow->key,
		.hash = flow->hash,
		.key_len = flow->key_len,
	};
	struct df_flow *old;
	int evicted = 0;

	if (owner->count >= READ_ONCE(owner->limit)) {
		evicted = flow_make_room_locked(dn, &lookup, owner);
		if (evicted < 0)
			return evicted;
	}
	old = rhashtable_lookup_get_insert_key(&dn->flows, &lookup, &flow->node,
					       flow_params);
	if (unlikely(old && !IS_ERR(old))) {
		flow_del_locked(dn, old);
		old = rhashtable_lookup_get_insert_key(&dn->flows, &lookup,
						       &flow->node,
						       flow_params);
	}
	return old ? -ENOMEM : evicted;
}

/**
 * df_flow_add() - keep a decision
 * @dn: namespace
 * @owner: the in-port's part in the cache
 * @content: what it is made of; if it is kept, so are the references
 * @change: df_change_read() from before the walk
 * @evicted: set if another entry had to make room
 *
 * Nothing is kept when configuration has changed since, when the decision rests
 * on too much, when the port is going, when it has no cache, or without memory.
 * Context: packet path.
 * Return: whether it is kept.
 */
bool df_flow_add(struct df_net *dn, struct df_flow_owner *owner,
		 const struct df_flow_content *content, u32 change,
		 bool *evicted)
{
	struct df_flow *flow;
	int room;

	if (!READ_ONCE(owner->limit) || flow_is_full(owner) ||
	    content->decision->slot_count > DF_FLOW_DEPENDENCIES)
		return false;
	flow = flow_new(owner, content);
	if (!flow)
		return false;

	spin_lock(&owner->lock);
	if (owner->is_dead || !df_change_is_none(dn, change))
		goto err_unlock;
	room = flow_insert_locked(dn, flow);
	if (room < 0)
		goto err_unlock;
	list_add_tail(&flow->list, &owner->flows);
	owner->count++;
	spin_unlock(&owner->lock);

	*evicted = room;
	if (atomic_inc_return(&dn->flow_count) == 1)
		queue_delayed_work(df_workqueue, &dn->flow_gc, HZ);
	return true;

err_unlock:
	spin_unlock(&owner->lock);
	/* The references are still the caller's. */
	flow->connection_count = 0;
	flow_free(flow);
	return false;
}

void df_flow_walk_init(struct df_net *dn, struct rhashtable_iter *iter)
{
	rhashtable_walk_enter(&dn->flows, iter);
}
