// SPDX-License-Identifier: GPL-2.0
/*
 * Which flows a change of routes concerns. A flow rests on the prefix that it
 * matched: whoever changes or removes that moves its generation. A prefix that
 * is new takes addresses away from the next shorter one. So that not all flows
 * of that one are walked anew, it is cut into blocks by the bits that follow
 * it, and a flow rests on the block of its destination, too.
 */
#include <linux/slab.h>
#include <net/ipv6.h>

#include "generation.h"
#include "table/prefix.h"

enum {
	BLOCK_BITS = 8,
	/* A prefix that takes more blocks than that takes all of them. */
	BLOCKS_MAX = 16,
};

/* Left-aligned, as the trie wants it. */
void df_lpm_key_set(struct df_lpm_key *key, const struct in6_addr *ip)
{
	if (ipv6_addr_v4mapped(ip)) {
		*key = df_lpm_key_ip4(ip->s6_addr32[3]);
	} else {
		key->hi = (u64)ntohl(ip->s6_addr32[0]) << 32 |
			ntohl(ip->s6_addr32[1]);
		key->lo = (u64)ntohl(ip->s6_addr32[2]) << 32 |
			ntohl(ip->s6_addr32[3]);
	}
}

void df_lpm_key_get(struct in6_addr *ip, const struct df_lpm_key *key,
		    bool is_ip6)
{
	if (is_ip6) {
		ip->s6_addr32[0] = htonl(key->hi >> 32);
		ip->s6_addr32[1] = htonl(lower_32_bits(key->hi));
		ip->s6_addr32[2] = htonl(key->lo >> 32);
		ip->s6_addr32[3] = htonl(lower_32_bits(key->lo));
	} else {
		ipv6_addr_set_v4mapped(htonl(key->hi >> 32), ip);
	}
}

static void key_mask(struct df_lpm_key *key, u8 len)
{
	key->hi &= len < 64 ? ~(~0ULL >> len) : ~0ULL;
	if (len <= 64)
		key->lo = 0;
	else if (len < 128)
		key->lo &= ~(~0ULL >> (len - 64));
}

/* Are all bits behind the prefix zero? */
bool df_subnet_is_masked(const struct df_subnet *subnet)
{
	struct df_lpm_key key, masked;

	df_lpm_key_set(&key, &subnet->ip);
	masked = key;
	key_mask(&masked, subnet->len);
	return key.hi == masked.hi && key.lo == masked.lo;
}

static struct df_lpm *router_lpm(struct df_router *router, bool is_ip6)
{
	return is_ip6 ? &router->prefixes6 : &router->prefixes4;
}

/* The prefix with exactly these bits, or NULL. Caller under the lock. */
struct df_prefix *df_prefix_find(struct df_router *router,
				 const struct df_subnet *subnet)
{
	bool is_ip6 = !ipv6_addr_v4mapped(&subnet->ip);
	struct df_lpm_key key;

	df_lpm_key_set(&key, &subnet->ip);
	key_mask(&key, subnet->len);
	return df_lpm_get(router_lpm(router, is_ip6), &key, subnet->len);
}

static struct df_prefix *prefix_new(struct df_net *dn,
				    struct df_router *router,
				    const struct df_subnet *subnet)
{
	struct df_prefix *prefix;
	int err;

	prefix = kzalloc(sizeof(*prefix), GFP_KERNEL_ACCOUNT);
	if (!prefix)
		return NULL;
	df_lpm_key_set(&prefix->key, &subnet->ip);
	key_mask(&prefix->key, subnet->len);
	prefix->len = subnet->len;
	prefix->is_ip6 = !ipv6_addr_v4mapped(&subnet->ip);
	prefix->serial = ++dn->prefix_serial;
	err = df_lpm_add(router_lpm(router, prefix->is_ip6), &prefix->key,
			 prefix->len, prefix);
	if (err) {
		kfree(prefix);
		return NULL;
	}
	return prefix;
}

/**
 * df_prefix_get() - use a prefix, which is made if need be
 * @dn: namespace, its lock held
 * @router: whose
 * @subnet: its bits, and perhaps more of an address
 *
 * A prefix that is new says nothing yet, and routes as if it were not there.
 * Return: to be returned by df_prefix_put(); NULL without memory.
 */
struct df_prefix *df_prefix_get(struct df_net *dn, struct df_router *router,
				const struct df_subnet *subnet)
{
	struct df_prefix *prefix = df_prefix_find(router, subnet);

	lockdep_assert_held(&dn->lock);
	if (!prefix)
		prefix = prefix_new(dn, router, subnet);
	if (prefix)
		prefix->users++;
	return prefix;
}

/* One user less; the last has taken away what the prefix said. */
void df_prefix_put(struct df_router *router, struct df_prefix *prefix)
{
	if (--prefix->users)
		return;
	df_lpm_del(router_lpm(router, prefix->is_ip6), &prefix->key,
		   prefix->len);
	kfree_rcu(prefix, rcu);
}

static bool is_empty(const struct df_prefix *prefix)
{
	return !rcu_access_pointer(prefix->interface) &&
		!rcu_access_pointer(prefix->route);
}

/* The longest prefix of up to @max_len bits that says something, or NULL. */
static struct df_prefix *match_rcu(struct df_router *router,
				   const struct df_lpm_key *key, bool is_ip6,
				   int max_len)
{
	struct df_lpm *lpm = router_lpm(router, is_ip6);
	struct df_prefix *prefix;

	for (; max_len >= 0; max_len = prefix->len - 1) {
		prefix = df_lpm_find_rcu(lpm, key, max_len);
		if (!prefix || !is_empty(prefix))
			return prefix;
	}
	return NULL;
}

/* The longest prefix of an address, or NULL. Caller in RCU. */
struct df_prefix *df_prefix_match_rcu(struct df_router *router,
				      const struct df_lpm_key *key,
				      bool is_ip6)
{
	return match_rcu(router, key, is_ip6, is_ip6 ? 128 : 32);
}

/* The bits of @key that follow the first @len ones. */
static u32 bits_behind(const struct df_lpm_key *key, u8 len)
{
	u64 rest;

	if (!len)
		rest = key->hi;
	else if (len < 64)
		rest = key->hi << len | key->lo >> (64 - len);
	else
		rest = len < 128 ? key->lo << (len - 64) : 0;
	return rest >> (64 - BLOCK_BITS);
}

/* Which block of @prefix an address lies in, as the id of a generation. */
u32 df_prefix_block(const struct df_prefix *prefix,
		    const struct df_lpm_key *key)
{
	return prefix->serial << BLOCK_BITS | bits_behind(key, prefix->len);
}

/* Flows of the next shorter prefix belong to @prefix from now on. */
static void move_covering(struct df_net *dn, struct df_router *router,
			  const struct df_prefix *prefix)
{
	struct df_prefix *cover;
	int extra, count;
	u32 block;

	rcu_read_lock();
	cover = match_rcu(router, &prefix->key, prefix->is_ip6,
			  prefix->len - 1);
	rcu_read_unlock();
	if (!cover)
		return;
	extra = prefix->len - cover->len;
	count = extra < BLOCK_BITS ? 1 << (BLOCK_BITS - extra) : 1;
	if (count > BLOCKS_MAX) {
		df_generation_move(dn, DF_GENERATION_PREFIX, cover->serial);
		return;
	}
	block = df_prefix_block(cover, &prefix->key);
	while (count--)
		df_generation_move(dn, DF_GENERATION_BLOCK, block++);
}

/**
 * df_prefix_set() - change what a prefix says
 * @dn: namespace, its lock held
 * @router: whose prefix it is
 * @prefix: the prefix, used by the caller
 * @interface: whose subnet it is, or NULL
 * @route: what was programmed, or NULL
 */
void df_prefix_set(struct df_net *dn, struct df_router *router,
		   struct df_prefix *prefix, struct df_interface *interface,
		   struct df_route *route)
{
	bool was_empty = is_empty(prefix);

	lockdep_assert_held(&dn->lock);
	if (rcu_access_pointer(prefix->interface) == interface &&
	    rcu_access_pointer(prefix->route) == route)
		return;
	rcu_assign_pointer(prefix->interface, interface);
	rcu_assign_pointer(prefix->route, route);
	if (was_empty)
		move_covering(dn, router, prefix);
	else
		df_generation_move(dn, DF_GENERATION_PREFIX, prefix->serial);
}
