// SPDX-License-Identifier: GPL-2.0
/*
 * Zones of conntrack: where the connections of a port are kept, and how many
 * that may be.
 *
 * Conntrack tells nobody without much ado when a connection goes. So what there
 * is at most is known, which is what there was at the last count and all that
 * have begun since; and as long as that is little, it is enough. When it comes
 * near the limit of a port, a work counts all connections of the namespace, not
 * more often than once in a second. It then also ends, of ports that really
 * have many, those connections that conntrack itself would give up for others
 * when its table is full: whose end was seen, and who never had an answer.
 */
#include <linux/slab.h>
#include <net/inet_frag.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_l4proto.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "df.h"
#include "path/ct.h"

enum {
	/* The zones below are others': the host's own is 0. */
	ZONE_FIRST = 0x1000,
	ZONE_LAST = U16_MAX,
	/* Counts are so far apart, in jiffies. */
	ZONE_COUNTS = HZ,
	/* The part of the memory for fragments that one port may have. */
	ZONE_FRAGMENTS = 8,
};

static void zone_count(struct work_struct *work);

void df_ct_init(struct df_net *dn)
{
	xa_init_flags(&dn->zones, XA_FLAGS_ALLOC);
	INIT_DELAYED_WORK(&dn->zone_count, zone_count);
}

/* No port has a zone any more. Context: process, sleeps. */
void df_ct_fini(struct df_net *dn)
{
	/* The zones' ends are queued, and then done. */
	if (!xa_empty(&dn->zones)) {
		rcu_barrier();
		flush_workqueue(df_workqueue);
	}
	cancel_delayed_work_sync(&dn->zone_count);
	xa_destroy(&dn->zones);
}

/**
 * df_ct_zone_new() - make a zone for a port
 * @dn: namespace
 *
 * Return: for df_ct_zone_free(); NULL without memory or when all are in use.
 */
struct df_ct_zone *df_ct_zone_new(struct df_net *dn)
{
	struct nf_conntrack_zone nf_zone;
	struct df_ct_zone *zone;
	u32 id;

	zone = kzalloc(sizeof(*zone), GFP_KERNEL_ACCOUNT);
	if (!zone)
		return NULL;
	zone->dn = dn;
	zone->limit = DF_CONNECTION_LIMIT;
	spin_lock_init(&zone->lock);
	if (xa_alloc(&dn->zones, &id, zone, XA_LIMIT(ZONE_FIRST, ZONE_LAST),
		     GFP_KERNEL))
		goto err_zone;
	nf_ct_zone_init(&nf_zone, id, NF_CT_DEFAULT_ZONE_DIR, 0);
	zone->template = nf_ct_tmpl_alloc(dn->net, &nf_zone, GFP_KERNEL);
	if (!zone->template)
		goto err_id;
	__set_bit(IPS_CONFIRMED_BIT, &zone->template->status);
	zone->id = id;
	return zone;

err_id:
	xa_erase(&dn->zones, id);
	synchronize_rcu();
err_zone:
	kfree(zone);
	return NULL;
}

static int is_of_zone(struct nf_conn *ct, void *data)
{
	const struct df_ct_zone *zone = data;

	return nf_ct_zone(ct)->id == zone->id;
}

static void zone_end(struct work_struct *work)
{
	struct df_ct_zone *zone = container_of(to_rcu_work(work),
					       struct df_ct_zone, work);
	struct nf_ct_iter_data iter = {
		.net = zone->dn->net,
		.data = zone,
	};

	/* Whoever gets the zone next must not inherit connections. */
	nf_ct_iterate_cleanup_net(is_of_zone, &iter);
	df_ct_zone_free_empty(zone);
}

/* No packet knows the zone, and no connection is in it. Context: process. */
void df_ct_zone_free_empty(struct df_ct_zone *zone)
{
	nf_ct_put(zone->template);
	xa_erase(&zone->dn->zones, zone->id);
	/* A count may have found it. */
	kfree_rcu(zone, work.rcu);
}

/* The port is going: end its connections, once no packet sees the zone. */
void df_ct_zone_free(struct df_ct_zone *zone)
{
	if (!zone)
		return;
	INIT_RCU_WORK(&zone->work, zone_end);
	queue_rcu_work(df_workqueue, &zone->work);
}

/* connections */

/* How many there are, at most. */
u32 df_ct_zone_connections(const struct df_ct_zone *zone)
{
	return READ_ONCE(zone->base) + atomic_read(&zone->begun);
}

/* Has the port as many as it may? */
bool df_ct_zone_is_full(const struct df_ct_zone *zone)
{
	return df_ct_zone_connections(zone) >= READ_ONCE(zone->limit);
}

/* Does the port have so many that others have to go? */
static bool zone_is_crowded(const struct df_ct_zone *zone, u32 connections)
{
	u32 limit = READ_ONCE(zone->limit);

	return connections >= limit - limit / 4;
}

/* Would conntrack itself give it up for others? */
static bool is_dispensable(const struct nf_conn *ct)
{
	if (!test_bit(IPS_ASSURED_BIT, &ct->status))
		return true;
	if (nf_ct_protonum(ct) != IPPROTO_TCP)
		return false;
	switch (READ_ONCE(ct->proto.tcp.state)) {
	case TCP_CONNTRACK_FIN_WAIT:
	case TCP_CONNTRACK_LAST_ACK:
	case TCP_CONNTRACK_TIME_WAIT:
	case TCP_CONNTRACK_CLOSE:
	case TCP_CONNTRACK_CLOSE_WAIT:
		return true;
	default:
		return false;
	}
}

/* Count a connection, or end it: conntrack does what is returned. */
static int count_one(struct nf_conn *ct, struct df_net *dn, bool dispensable)
{
	struct df_ct_zone *zone;
	int end = 0;

	if (is_dispensable(ct) != dispensable)
		return 0;
	rcu_read_lock();
	zone = xa_load(&dn->zones, nf_ct_zone(ct)->id);
	if (zone) {
		end = dispensable && zone_is_crowded(zone, zone->found);
		zone->found += !end;
	}
	rcu_read_unlock();
	return end;
}

static int count_lasting(struct nf_conn *ct, void *data)
{
	return count_one(ct, data, false);
}

/* Which of them stay is by chance: by their hashes. */
static int count_dispensable(struct nf_conn *ct, void *data)
{
	return count_one(ct, data, true);
}

static void zone_count(struct work_struct *work)
{
	struct df_net *dn = container_of(to_delayed_work(work), struct df_net,
					 zone_count);
	struct nf_ct_iter_data iter = {
		.net = dn->net,
		.data = dn,
	};
	struct df_ct_zone *zone;
	unsigned long id;

	rcu_read_lock();
	xa_for_each(&dn->zones, id, zone) {
		zone->mark = atomic_read(&zone->begun);
		zone->found = 0;
	}
	rcu_read_unlock();
	/*
	 * First those that stay, to know how much room is left for others. What
	 * begins or changes meanwhile may be counted twice, or not at all: the
	 * next count knows.
	 */
	nf_ct_iterate_cleanup_net(count_lasting, &iter);
	nf_ct_iterate_cleanup_net(count_dispensable, &iter);
	rcu_read_lock();
	xa_for_each(&dn->zones, id, zone)
		WRITE_ONCE(zone->base, zone->found - zone->mark);
	rcu_read_unlock();
}

/* May another connection begin? Context: packet path. */
bool df_ct_zone_has_room(struct df_ct_zone *zone)
{
	if (likely(!zone_is_crowded(zone, df_ct_zone_connections(zone))))
		return true;
	queue_delayed_work(df_workqueue, &zone->dn->zone_count, ZONE_COUNTS);
	return !df_ct_zone_is_full(zone);
}

/* fragments */

/* After so long a fragment does not wait any more. */
static unsigned long fragments_timeout(const struct net *net, bool is_ip6)
{
	return is_ip6 ? IPV6_FRAG_TIMEOUT :
		READ_ONCE(net->ipv4.fqdir->timeout);
}

static u32 fragments_limit(const struct net *net, bool is_ip6)
{
	unsigned long limit = is_ip6 ? IPV6_FRAG_HIGH_THRESH :
		READ_ONCE(net->ipv4.fqdir->high_thresh);

	return limit / ZONE_FRAGMENTS;
}

static void fragments_expire(struct df_ct_fragments *fragments,
			     const struct net *net, bool is_ip6)
{
	unsigned long timeout = fragments_timeout(net, is_ip6);
	unsigned long age = jiffies - fragments->since;

	if (age < timeout)
		return;
	fragments->before = age < 2 * timeout ? fragments->now : 0;
	fragments->now = 0;
	fragments->since = jiffies;
}

static bool fragments_fit(const struct df_ct_fragments *fragments,
			  const struct net *net, bool is_ip6, u32 size)
{
	return fragments->now + fragments->before + size <=
		fragments_limit(net, is_ip6);
}

/* What df_ct_zone_hold_fragment() would say, without effect. */
bool df_ct_zone_can_hold(struct df_ct_zone *zone, bool is_ip6, u32 size)
{
	const struct net *net = zone->dn->net;
	struct df_ct_fragments fragments;

	spin_lock(&zone->lock);
	fragments = zone->fragments[is_ip6];
	spin_unlock(&zone->lock);
	fragments_expire(&fragments, net, is_ip6);
	return fragments_fit(&fragments, net, is_ip6, size);
}

/**
 * df_ct_zone_hold_fragment() - may another fragment wait?
 * @zone: of its port
 * @is_ip6: it is IPv6
 * @size: its memory
 *
 * All ports share what the kernel has for fragments. One has a part of it, so
 * that the others' packets become whole whatever it sends.
 *
 * Return: whether it may; df_ct_zone_let_go() when it does not any more.
 */
bool df_ct_zone_hold_fragment(struct df_ct_zone *zone, bool is_ip6, u32 size)
{
	struct df_ct_fragments *fragments = &zone->fragments[is_ip6];
	const struct net *net = zone->dn->net;
	bool may;

	spin_lock(&zone->lock);
	fragments_expire(fragments, net, is_ip6);
	may = fragments_fit(fragments, net, is_ip6, size);
	if (may)
		fragments->now += size;
	spin_unlock(&zone->lock);
	return may;
}

/* Fragments of so much memory have become a packet, or were dropped. */
void df_ct_zone_let_go(struct df_ct_zone *zone, bool is_ip6, u32 size)
{
	struct df_ct_fragments *fragments = &zone->fragments[is_ip6];
	u32 now;

	spin_lock(&zone->lock);
	now = min(size, fragments->now);
	fragments->now -= now;
	fragments->before -= min(size - now, fragments->before);
	spin_unlock(&zone->lock);
}
