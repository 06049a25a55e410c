// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "generation.h"
#include "table/hold.h"
#include "table/lookup.h"

static const struct rhashtable_params shared_params = {
	.head_offset = offsetof(struct df_shared, node),
	.key_offset = offsetof(struct df_shared, key),
	.key_len = sizeof_field(struct df_shared, key),
	.automatic_shrinking = true,
};

int df_holds_init(struct df_net *dn)
{
	return rhashtable_init(&dn->shared, &shared_params);
}

/* The ports have gone. */
void df_holds_fini(struct df_net *dn)
{
	rhashtable_destroy(&dn->shared);
}

/* --- shared addresses ------------------------------------------------------ */

static struct df_shared *shared_find(struct df_net *dn,
				     const struct df_name *key)
{
	return rhashtable_lookup_fast(&dn->shared, key, shared_params);
}

/* Borrow it, or NULL. Caller in RCU or under the lock. */
struct df_shared *df_shared_find_ip(struct df_net *dn, u32 network,
				    const struct in6_addr *ip)
{
	struct df_name key = df_name_of_ip(network, ip);

	return shared_find(dn, &key);
}

/* Likewise. */
struct df_shared *df_shared_find_mac(struct df_net *dn, u32 network,
				     const u8 *mac)
{
	struct df_name key = df_name_of_mac(network, mac);

	return shared_find(dn, &key);
}

static struct df_shared *shared_get(struct df_net *dn,
				    const struct df_name *key)
{
	struct df_shared *shared = shared_find(dn, key);

	if (shared) {
		shared->users++;
		return shared;
	}
	shared = kzalloc(sizeof(*shared), GFP_KERNEL_ACCOUNT);
	if (!shared)
		return NULL;
	shared->key = *key;
	shared->users = 1;
	shared->serial = ++dn->shared_serial;
	INIT_LIST_HEAD(&shared->shares);
	if (rhashtable_insert_fast(&dn->shared, &shared->node,
				   shared_params)) {
		kfree(shared);
		return NULL;
	}
	return shared;
}

static void shared_put(struct df_net *dn, struct df_shared *shared)
{
	if (--shared->users)
		return;
	rhashtable_remove_fast(&dn->shared, &shared->node, shared_params);
	df_generation_move(dn, DF_GENERATION_SHARED, shared->serial);
	kfree_rcu(shared, rcu);
}

/* A port that is down is none to choose; then who came last; then any one. */
static bool is_better(const struct df_hold *a, const struct df_hold *b)
{
	if (df_port_is_down(a->port) != df_port_is_down(b->port))
		return df_port_is_down(b->port);
	if (a->since != b->since)
		return a->since > b->since;
	return a->port->obj.id < b->port->obj.id;
}

/* Who has it now? */
static void elect(struct df_net *dn, struct df_shared *shared)
{
	struct df_hold *best = NULL, *old;
	const struct df_share *share;
	u32 candidates = 0;
	bool is_known;

	list_for_each_entry(share, &shared->shares, list) {
		candidates += !df_port_is_down(share->hold->port);
		if (!best || is_better(share->hold, best))
			best = share->hold;
	}
	is_known = best && (best->since || candidates <= 1);
	old = rcu_dereference_protected(shared->holder, df_is_locked(dn));
	if (best == old && is_known == shared->is_known)
		return;
	WRITE_ONCE(shared->is_known, is_known);
	rcu_assign_pointer(shared->holder, best);
	df_generation_move(dn, DF_GENERATION_SHARED, shared->serial);
	/* Who has waited for it is to find all of this. */
	if (best)
		df_lookup_end(dn, &shared->key);
}

static void touch(struct df_net *dn, const struct df_shared *shared)
{
	if (shared)
		df_generation_move(dn, DF_GENERATION_SHARED, shared->serial);
}

/*
 * Addresses have become somebody's own, who comes before those that share them:
 * what was decided by those is to be decided again.
 */
void df_shared_touch(struct df_net *dn, const struct df_addresses *addresses,
		     u32 network, const u8 *mac)
{
	int i;

	if (!atomic_read(&dn->shared.nelems))
		return;
	touch(dn, df_shared_find_mac(dn, network, mac));
	for (i = 0; i < addresses->count; i++)
		touch(dn, df_shared_find_ip(dn, network,
					    &addresses->list[i].key.ip));
}

/* --- holds ----------------------------------------------------------------- */

static bool pair_has(const struct df_pair *pair, const struct in6_addr *ip)
{
	/* No IPv6 prefix has IPv4 addresses. */
	if (ipv6_addr_v4mapped(ip) != ipv6_addr_v4mapped(&pair->ip))
		return false;
	return ipv6_prefix_equal(ip, &pair->ip, pair->len);
}

static bool pairs_allow(const struct df_pairs *pairs, const struct in6_addr *ip,
			const u8 *mac)
{
	int i;

	for (i = 0; i < pairs->count; i++)
		if (pair_has(&pairs->pair[i], ip) &&
		    (!mac || ether_addr_equal(pairs->pair[i].mac, mac)))
			return true;
	return false;
}

/**
 * df_port_may_have() - do the pairs of a port allow an address?
 * @port: the port
 * @ip: address
 * @mac: that it goes with, NULL for any
 *
 * Return: whether they do. Caller in RCU or under the lock.
 */
bool df_port_may_have(const struct df_port *port, const struct in6_addr *ip,
		      const u8 *mac)
{
	return port->pairs && pairs_allow(port->pairs, ip, mac);
}

/* Do the pairs of a port allow an Ethernet address? Likewise. */
bool df_port_may_use(const struct df_port *port, const u8 *mac)
{
	int i;

	for (i = 0; port->pairs && i < port->pairs->count; i++)
		if (ether_addr_equal(port->pairs->pair[i].mac, mac))
			return true;
	return false;
}

static struct df_hold *hold_find(const struct df_pairs *pairs,
				 const struct in6_addr *ip, const u8 *mac)
{
	struct df_hold *hold;

	list_for_each_entry(hold, &pairs->holds, list)
		if (ipv6_addr_equal(&hold->address.key.ip, ip) &&
		    ether_addr_equal(hold->mac, mac))
			return hold;
	return NULL;
}

static bool share_get(struct df_net *dn, struct df_hold *hold,
		      const struct df_name *key)
{
	struct df_share *share = &hold->shares[key->kind];

	share->hold = hold;
	share->shared = shared_get(dn, key);
	return share->shared;
}

/* A hold that nobody finds yet; see hold_link(). */
static struct df_hold *hold_new(struct df_net *dn, struct df_port *port,
				const struct in6_addr *ip, const u8 *mac)
{
	u32 network = port->mac_key.network;
	struct df_name keys[] = {
		df_name_of_ip(network, ip), df_name_of_mac(network, mac),
	};
	struct df_hold *hold = kzalloc(sizeof(*hold), GFP_KERNEL_ACCOUNT);

	if (!hold)
		return NULL;
	hold->address.key.network = network;
	hold->address.key.ip = *ip;
	hold->address.owner = DF_ADDRESS_HOLD;
	ether_addr_copy(hold->mac, mac);
	hold->port = port;
	if (!share_get(dn, hold, &keys[DF_NAME_IP]))
		goto err_hold;
	if (!ether_addr_equal(mac, port->mac_key.mac) &&
	    !share_get(dn, hold, &keys[DF_NAME_MAC]))
		goto err_ip;
	list_add_tail(&hold->list, &port->pairs->holds);
	port->pairs->hold_count++;
	return hold;

err_ip:
	shared_put(dn, hold->shares[DF_NAME_IP].shared);
err_hold:
	kfree(hold);
	return NULL;
}

static void hold_link(struct df_hold *hold)
{
	int i;

	for (i = 0; i < DF_NAME_KINDS; i++)
		if (hold->shares[i].shared)
			list_add_tail(&hold->shares[i].list,
				      &hold->shares[i].shared->shares);
}

/* Choose who has the addresses of @hold: it has changed, or comes or goes. */
void df_hold_elect(struct df_net *dn, struct df_hold *hold)
{
	int i;

	for (i = 0; i < DF_NAME_KINDS; i++)
		if (hold->shares[i].shared)
			elect(dn, hold->shares[i].shared);
}

static void hold_free(struct df_net *dn, struct df_hold *hold)
{
	int i;

	for (i = 0; i < DF_NAME_KINDS; i++)
		if (hold->shares[i].shared)
			shared_put(dn, hold->shares[i].shared);
	list_del(&hold->list);
	kfree_rcu(hold, rcu);
}

static void hold_unlink(struct df_net *dn, struct df_hold *hold)
{
	int i;

	for (i = 0; i < DF_NAME_KINDS; i++)
		if (hold->shares[i].shared)
			list_del(&hold->shares[i].list);
	df_hold_elect(dn, hold);
	hold_free(dn, hold);
}

static bool is_single(const struct df_pair *pair)
{
	return pair->len == 128;
}

/* Does the hold come and go with claims, and not with the port? */
static bool is_learned(const struct df_pairs *pairs, const struct df_hold *hold)
{
	int i;

	for (i = 0; i < pairs->count; i++)
		if (is_single(&pairs->pair[i]) &&
		    pair_has(&pairs->pair[i], &hold->address.key.ip) &&
		    ether_addr_equal(pairs->pair[i].mac, hold->mac))
			return false;
	return true;
}

/* That of the addresses within prefixes that was claimed first. */
static struct df_hold *oldest(const struct df_pairs *pairs)
{
	struct df_hold *hold, *found = NULL;

	list_for_each_entry(hold, &pairs->holds, list)
		if (is_learned(pairs, hold) &&
		    (!found || hold->since < found->since))
			found = hold;
	return found;
}

/* --- pairs ----------------------------------------------------------------- */

static bool pair_equal(const struct df_pair *a, const struct df_pair *b)
{
	return a->len == b->len && ipv6_addr_equal(&a->ip, &b->ip) &&
		ether_addr_equal(a->mac, b->mac);
}

/* What can be wrong with pairs and holds that are right by themselves? */
int df_pairs_check(const struct df_port_conf *conf, struct df_refusal *why)
{
	int i, j;

	for (i = 0; i < conf->pair_count; i++) {
		why->index = i;
		if (!is_valid_ether_addr(conf->pairs[i].mac))
			return df_refuse(why, -EINVAL, DF_A_PORT_PAIR,
					 "The MAC is a group address or zero");
		for (j = 0; j < i; j++)
			if (pair_equal(&conf->pairs[i], &conf->pairs[j]))
				return df_refuse(why, -EINVAL, DF_A_PORT_PAIR,
						 "The pair is given twice");
	}
	for (i = 0; i < conf->hold_count; i++) {
		const struct df_hold_conf *hold = &conf->holds[i];

		for (j = 0; j < conf->pair_count; j++)
			if (pair_has(&conf->pairs[j], &hold->ip) &&
			    ether_addr_equal(conf->pairs[j].mac, hold->mac))
				break;
		why->index = i;
		if (j == conf->pair_count)
			return df_refuse(why, -EINVAL, DF_A_PORT_HOLD,
					 "No pair of the port allows the address");
	}
	why->index = 0;
	return 0;
}

/* Have the hold, since @since at least. Not for want of room is no failure. */
static int pairs_add(struct df_net *dn, struct df_port *port,
		     const struct in6_addr *ip, const u8 *mac, u64 since)
{
	struct df_hold *hold = hold_find(port->pairs, ip, mac);

	if (!hold) {
		if (port->pairs->hold_count == DRAGONFLOW_HOLDS_MAX)
			return 0;
		hold = hold_new(dn, port, ip, mac);
	}
	if (!hold)
		return -ENOMEM;
	hold->since = max(hold->since, since);
	return 0;
}

static int pairs_fill(struct df_net *dn, struct df_port *port,
		      const struct df_port_conf *conf,
		      const struct df_port *old)
{
	const struct df_hold *hold;
	int i, err = 0;

	for (i = 0; i < conf->pair_count && !err; i++)
		if (is_single(&conf->pairs[i]))
			err = pairs_add(dn, port, &conf->pairs[i].ip,
					conf->pairs[i].mac, 0);
	for (i = 0; i < conf->hold_count && !err; i++)
		err = pairs_add(dn, port, &conf->holds[i].ip,
				conf->holds[i].mac, conf->holds[i].since);
	if (err || !old || !old->pairs || old->network != port->network)
		return err;
	/* What it has claimed before, as far as it still may. */
	list_for_each_entry(hold, &old->pairs->holds, list) {
		if (!hold->since ||
		    !pairs_allow(port->pairs, &hold->address.key.ip, hold->mac))
			continue;
		err = pairs_add(dn, port, &hold->address.key.ip, hold->mac,
				hold->since);
		if (err)
			break;
	}
	return err;
}

/**
 * df_pairs_new() - give a port that is not published yet its pairs
 * @dn: namespace, its lock held
 * @port: the port, its network and MAC set
 * @conf: what it shall be
 * @old: the port that it replaces, or NULL
 *
 * Follow with df_pairs_publish() or df_pairs_free().
 *
 * Return: 0 or -ENOMEM, and then there is nothing to undo.
 */
int df_pairs_new(struct df_net *dn, struct df_port *port,
		 const struct df_port_conf *conf, const struct df_port *old)
{
	struct df_pairs *pairs;
	int err;

	if (!conf->pair_count)
		return 0;
	pairs = kzalloc(struct_size(pairs, pair, conf->pair_count),
			GFP_KERNEL_ACCOUNT);
	if (!pairs)
		return -ENOMEM;
	INIT_LIST_HEAD(&pairs->holds);
	pairs->count = conf->pair_count;
	memcpy(pairs->pair, conf->pairs,
	       conf->pair_count * sizeof(*conf->pairs));
	port->pairs = pairs;
	err = pairs_fill(dn, port, conf, old);
	if (err)
		df_pairs_free(dn, port);
	return err;
}

/* Free the pairs of a port that was not published, or has gone. */
void df_pairs_free(struct df_net *dn, struct df_port *port)
{
	struct df_hold *hold, *next;

	if (!port->pairs)
		return;
	list_for_each_entry_safe(hold, next, &port->pairs->holds, list)
		hold_free(dn, hold);
	kfree_rcu(port->pairs, rcu);
}

/**
 * df_pairs_publish() - the pairs of a port take the place of another's
 * @dn: namespace, its lock held
 * @port: the new one, or NULL
 * @old: the old one, or NULL; its pairs are freed after the last reader
 */
void df_pairs_publish(struct df_net *dn, struct df_port *port,
		      struct df_port *old)
{
	struct df_hold *hold, *next;

	if (port && port->pairs)
		list_for_each_entry(hold, &port->pairs->holds, list)
			hold_link(hold);
	if (old && old->pairs) {
		list_for_each_entry_safe(hold, next, &old->pairs->holds, list)
			hold_unlink(dn, hold);
		kfree_rcu(old->pairs, rcu);
	}
	if (port && port->pairs)
		list_for_each_entry(hold, &port->pairs->holds, list)
			df_hold_elect(dn, hold);
}

/**
 * df_hold_get() - the hold that a claim is about
 * @dn: namespace, its lock held
 * @port: the port, which may have the address
 * @ip: address
 * @mac: that it goes with
 *
 * If the address is one of a prefix, the port may not have had it until now.
 *
 * Return: the hold, borrowed; NULL without room or memory.
 */
struct df_hold *df_hold_get(struct df_net *dn, struct df_port *port,
			    const struct in6_addr *ip, const u8 *mac)
{
	struct df_hold *hold = hold_find(port->pairs, ip, mac);

	if (hold)
		return hold;
	if (port->pairs->hold_count == DRAGONFLOW_HOLDS_MAX) {
		hold = oldest(port->pairs);
		if (!hold)
			return NULL;
		port->pairs->hold_count--;
		hold_unlink(dn, hold);
	}
	hold = hold_new(dn, port, ip, mac);
	if (hold)
		hold_link(hold);
	return hold;
}
