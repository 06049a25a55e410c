// SPDX-License-Identifier: GPL-2.0
/*
 * A node stands for the addresses that begin with the bits on the way to it.
 * The next 6 bits lead to its children; prefixes that end before them are its
 * own. Those are numbered as in a heap: 1 is the prefix that adds no bit, 2n
 * and 2n + 1 add a 0 or a 1 to n. So the prefixes that match an address are the
 * 6 ancestors of its next bits, and the longest has the highest number.
 *
 * What a node has is told by two bitmaps and lies in one array without gaps.
 * Readers take no lock: a change that adds replaces one node by a larger copy,
 * together with all that hangs below it, in a single store.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/slab.h>

#include "lpm.h"

enum {
	STRIDE = 6,
	DEPTH_MAX = 128 / STRIDE + 1,
};

/**
 * struct df_lpm_node - one node, immutable but for its slots
 * @prefixes: which prefixes it has, by their number
 * @children: which children it has, by their 6 bits
 * @rcu: frees the node after the last reader
 * @slots: values of its prefixes, then its children, both in order; NULL for
 *	what has been removed while there was no memory for a smaller node
 */
struct df_lpm_node {
	u64 prefixes;
	u64 children;
	struct rcu_head rcu;
	void __rcu *slots[];
};

/* A place in the trie: the way to a prefix, as far as there are nodes. */
struct place {
	struct df_lpm_node *nodes[DEPTH_MAX];
	u8 bits[DEPTH_MAX];	/* that lead from the node to the next one */
	int depth;		/* of the node that the prefix belongs to */
	int found;		/* how many of @nodes there are */
	u8 number;		/* of the prefix in its node */
};

static u64 below(unsigned int bit)
{
	return (1ULL << bit) - 1;
}

static unsigned int prefix_slot(const struct df_lpm_node *node,
				unsigned int number)
{
	return hweight64(node->prefixes & below(number));
}

static unsigned int child_slot(const struct df_lpm_node *node,
			       unsigned int bits)
{
	return hweight64(node->prefixes) +
		hweight64(node->children & below(bits));
}

/* Take the next bits of @key. */
static unsigned int key_next(struct df_lpm_key *key)
{
	unsigned int bits = key->hi >> (64 - STRIDE);

	key->hi = key->hi << STRIDE | key->lo >> (64 - STRIDE);
	key->lo <<= STRIDE;
	return bits;
}

/* Numbers of the prefixes that match @bits. */
static u64 matching(unsigned int bits)
{
	return 1ULL << 1 | 1ULL << (2 | bits >> 5) | 1ULL << (4 | bits >> 4) |
		1ULL << (8 | bits >> 3) | 1ULL << (16 | bits >> 2) |
		1ULL << (32 | bits >> 1);
}

/* Numbers of the prefixes that add at most @len bits. */
static u64 not_longer(unsigned int len)
{
	return len >= STRIDE - 1 ? ~0ULL : below(2U << len);
}

/* Value of the longest prefix among those with the numbers @hits, or NULL. */
static void *longest_rcu(const struct df_lpm_node *node, u64 hits)
{
	unsigned int number;
	void *value;

	while (hits) {
		number = fls64(hits) - 1;
		value = rcu_dereference(node->slots[prefix_slot(node, number)]);
		if (value)
			return value;
		hits &= ~(1ULL << number);
	}
	return NULL;
}

/* Is there nothing below and at the node but the prefix that adds no bit? */
static bool is_default_only(const struct df_lpm_node *node)
{
	return node->prefixes == 1ULL << 1 && !node->children;
}

/**
 * df_lpm_find_rcu() - look up an address
 * @lpm: the prefixes
 * @key: the address
 * @max_len: prefixes of at most so many bits count
 *
 * GCC would call functions of a few instructions at each step.
 *
 * Return: the value of the longest prefix of @key, or NULL. Caller in RCU.
 */
__flatten
void *df_lpm_find_rcu(const struct df_lpm *lpm, const struct df_lpm_key *key,
		      u8 max_len)
{
	const struct df_lpm_node *node = rcu_dereference(lpm->root);
	struct df_lpm_key rest = *key;
	void *value, *best = NULL;
	int left = max_len;
	unsigned int bits;

	/* Most rules are about everybody. */
	if (node && is_default_only(node))
		return rcu_dereference(node->slots[0]);
	for (; node; left -= STRIDE) {
		bits = key_next(&rest);
		if (node->prefixes) {
			value = longest_rcu(node, node->prefixes &
					    matching(bits) & not_longer(left));
			if (value)
				best = value;
		}
		if (left < STRIDE || !(node->children >> bits & 1))
			break;
		node = rcu_dereference(node->slots[child_slot(node, bits)]);
	}
	return best;
}

/* All changes come from one writer at a time. */
static void *slot_get(void __rcu *const *slot)
{
	return rcu_dereference_protected(*slot, true);
}

static void place_find(struct place *place, const struct df_lpm *lpm,
		       const struct df_lpm_key *key, u8 len)
{
	struct df_lpm_node *node = rcu_dereference_protected(lpm->root, true);
	struct df_lpm_key rest = *key;
	unsigned int extra = len % STRIDE;
	int i;

	place->depth = len / STRIDE;
	place->found = 0;
	for (i = 0; i <= place->depth; i++) {
		unsigned int bits = key_next(&rest);

		place->bits[i] = bits;
		if (!node)
			continue;
		place->nodes[place->found++] = node;
		if (node->children >> bits & 1)
			node = slot_get(&node->slots[child_slot(node, bits)]);
		else
			node = NULL;
	}
	place->number = 1U << extra |
		place->bits[place->depth] >> (STRIDE - extra);
}

/* The slot of the prefix at @place, or NULL. */
static void __rcu **place_slot(const struct place *place)
{
	struct df_lpm_node *node;

	if (place->found <= place->depth)
		return NULL;
	node = place->nodes[place->depth];
	if (!(node->prefixes >> place->number & 1))
		return NULL;
	return &node->slots[prefix_slot(node, place->number)];
}

/* The place where the node at @depth hangs. */
static void __rcu **place_link(struct df_lpm *lpm, const struct place *place,
			       int depth)
{
	struct df_lpm_node *parent;

	if (!depth)
		return (void __rcu **)&lpm->root;
	parent = place->nodes[depth - 1];
	return &parent->slots[child_slot(parent, place->bits[depth - 1])];
}

static struct df_lpm_node *node_new(u64 prefixes, u64 children)
{
	size_t slots = hweight64(prefixes) + hweight64(children);
	struct df_lpm_node *node;

	node = kzalloc(struct_size(node, slots, slots), GFP_KERNEL_ACCOUNT |
		       __GFP_NOWARN);
	if (!node)
		return NULL;
	node->prefixes = prefixes;
	node->children = children;
	return node;
}

/* Fill @to with what @from has of it. Nobody sees @to yet. */
static void node_copy(struct df_lpm_node *to, const struct df_lpm_node *from)
{
	u64 left;

	for (left = to->prefixes & from->prefixes; left; left &= left - 1) {
		unsigned int number = __ffs64(left);

		RCU_INIT_POINTER(to->slots[prefix_slot(to, number)],
				 slot_get(&from->slots[prefix_slot(from, number)]));
	}
	for (left = to->children & from->children; left; left &= left - 1) {
		unsigned int bits = __ffs64(left);

		RCU_INIT_POINTER(to->slots[child_slot(to, bits)],
				 slot_get(&from->slots[child_slot(from, bits)]));
	}
}

/* Free nodes that nobody has seen, from @node down its only children. */
static void chain_free(struct df_lpm_node *node)
{
	struct df_lpm_node *next;

	for (; node; node = next) {
		next = node->children ? slot_get(&node->slots[0]) : NULL;
		kfree(node);
	}
}

/* Nodes for the part of the way that has none; NULL without memory. */
static struct df_lpm_node *chain_new(const struct place *place, int depth,
				     void *value)
{
	struct df_lpm_node *node, *child;
	int i;

	node = node_new(1ULL << place->number, 0);
	if (!node)
		return NULL;
	RCU_INIT_POINTER(node->slots[0], value);
	for (i = place->depth - 1; i >= depth; i--) {
		child = node;
		node = node_new(0, 1ULL << place->bits[i]);
		if (!node) {
			chain_free(child);
			return NULL;
		}
		RCU_INIT_POINTER(node->slots[0], child);
	}
	return node;
}

/*
 * Hang @chain below the last node on the way. A slot that has lost its child
 * for want of memory takes it as it is.
 */
static int chain_add(struct df_lpm *lpm, const struct place *place,
		     struct df_lpm_node *chain)
{
	struct df_lpm_node *old, *new;
	unsigned int bits;
	int last = place->found - 1;

	if (last < 0) {
		rcu_assign_pointer(lpm->root, chain);
		return 0;
	}
	old = place->nodes[last];
	bits = place->bits[last];
	if (old->children >> bits & 1) {
		rcu_assign_pointer(old->slots[child_slot(old, bits)], chain);
		return 0;
	}
	new = node_new(old->prefixes, old->children | 1ULL << bits);
	if (!new)
		return -ENOMEM;
	node_copy(new, old);
	RCU_INIT_POINTER(new->slots[child_slot(new, bits)], chain);
	rcu_assign_pointer(*place_link(lpm, place, last), new);
	kfree_rcu(old, rcu);
	return 0;
}

/* The node is there, the prefix is not. */
static int prefix_add(struct df_lpm *lpm, const struct place *place,
		      void *value)
{
	struct df_lpm_node *old = place->nodes[place->depth], *new;

	new = node_new(old->prefixes | 1ULL << place->number, old->children);
	if (!new)
		return -ENOMEM;
	node_copy(new, old);
	RCU_INIT_POINTER(new->slots[prefix_slot(new, place->number)], value);
	rcu_assign_pointer(*place_link(lpm, place, place->depth), new);
	kfree_rcu(old, rcu);
	return 0;
}

/**
 * df_lpm_add() - add a prefix
 * @lpm: the prefixes
 * @key: its bits; those beyond @len are zero
 * @len: how many
 * @value: not NULL
 *
 * Context: may sleep.
 * Return: 0; -EEXIST if it is there; -ENOMEM, and nothing has changed.
 */
int df_lpm_add(struct df_lpm *lpm, const struct df_lpm_key *key, u8 len,
	       void *value)
{
	struct df_lpm_node *chain;
	struct place place;
	void __rcu **slot;

	place_find(&place, lpm, key, len);
	slot = place_slot(&place);
	if (slot) {
		if (slot_get(slot))
			return -EEXIST;
		rcu_assign_pointer(*slot, value);
		return 0;
	}
	if (place.found > place.depth)
		return prefix_add(lpm, &place, value);
	chain = chain_new(&place, place.found, value);
	if (!chain)
		return -ENOMEM;
	if (chain_add(lpm, &place, chain)) {
		chain_free(chain);
		return -ENOMEM;
	}
	return 0;
}

/* What is left of a node's bitmaps without the slots that are empty. */
static void node_used(const struct df_lpm_node *node, u64 *prefixes,
		      u64 *children)
{
	u64 left;

	*prefixes = node->prefixes;
	*children = node->children;
	for (left = *prefixes; left; left &= left - 1)
		if (!slot_get(&node->slots[prefix_slot(node, __ffs64(left))]))
			*prefixes &= ~(left & -left);
	for (left = *children; left; left &= left - 1)
		if (!slot_get(&node->slots[child_slot(node, __ffs64(left))]))
			*children &= ~(left & -left);
}

/**
 * df_lpm_del() - remove a prefix
 * @lpm: the prefixes
 * @key: its bits
 * @len: how many
 *
 * Readers may still find its value until a grace period has passed. Without
 * memory for smaller nodes the old ones stay, with empty slots, so this cannot
 * fail. Context: may sleep.
 */
void df_lpm_del(struct df_lpm *lpm, const struct df_lpm_key *key, u8 len)
{
	struct df_lpm_node *old = NULL, *new;
	u64 prefixes, children;
	struct place place;
	void __rcu **slot;
	int depth;

	place_find(&place, lpm, key, len);
	slot = place_slot(&place);
	if (!slot)
		return;
	RCU_INIT_POINTER(*slot, NULL);
	/* A node without anything goes, so that no prefix is no node. */
	for (depth = place.depth; depth >= 0; depth--) {
		old = place.nodes[depth];
		node_used(old, &prefixes, &children);
		if (prefixes || children)
			break;
		RCU_INIT_POINTER(*place_link(lpm, &place, depth), NULL);
		kfree_rcu(old, rcu);
	}
	if (depth < 0)
		return;
	new = node_new(prefixes, children);
	if (!new)
		return;
	node_copy(new, old);
	rcu_assign_pointer(*place_link(lpm, &place, depth), new);
	kfree_rcu(old, rcu);
}

/* The value of exactly this prefix, or NULL. Caller is the writer. */
void *df_lpm_get(const struct df_lpm *lpm, const struct df_lpm_key *key, u8 len)
{
	struct place place;
	void __rcu **slot;

	place_find(&place, lpm, key, len);
	slot = place_slot(&place);
	return slot ? slot_get(slot) : NULL;
}
