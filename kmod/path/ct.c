// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_acct.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_l4proto.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "df.h"
#include "path/ct.h"

enum {
	/* The zones below are others': the host's own is 0. */
	CT_ZONE_FIRST = 0x1000,
	CT_ZONE_LAST = U16_MAX,
	/* FIN, SYN and RST: what changes a connection's state. */
	CT_TCP_EVENTS = 0x07,
	/* A timeout need not be exact: it is renewed so many jiffies late. */
	CT_LATE = HZ,
};

void df_ct_init(struct df_net *dn)
{
	ida_init(&dn->zones);
}

/* No port has a zone any more. Context: process, sleeps. */
void df_ct_fini(struct df_net *dn)
{
	if (ida_is_empty(&dn->zones))
		return;
	/* The zones' work is queued, and then done. */
	rcu_barrier();
	flush_workqueue(df_workqueue);
	ida_destroy(&dn->zones);
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
	int id;

	zone = kzalloc(sizeof(*zone), GFP_KERNEL_ACCOUNT);
	if (!zone)
		return NULL;
	id = ida_alloc_range(&dn->zones, CT_ZONE_FIRST, CT_ZONE_LAST,
			     GFP_KERNEL);
	if (id < 0)
		goto err_zone;
	nf_ct_zone_init(&nf_zone, id, NF_CT_DEFAULT_ZONE_DIR, 0);
	zone->template = nf_ct_tmpl_alloc(dn->net, &nf_zone, GFP_KERNEL);
	if (!zone->template)
		goto err_id;
	__set_bit(IPS_CONFIRMED_BIT, &zone->template->status);
	zone->dn = dn;
	zone->id = id;
	return zone;

err_id:
	ida_free(&dn->zones, id);
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

/* No packet knows the zone, and no connection is in it. */
void df_ct_zone_free_empty(struct df_ct_zone *zone)
{
	nf_ct_put(zone->template);
	ida_free(&zone->dn->zones, zone->id);
	kfree(zone);
}

/* The port is going: end its connections, once no packet sees the zone. */
void df_ct_zone_free(struct df_ct_zone *zone)
{
	if (!zone)
		return;
	INIT_RCU_WORK(&zone->work, zone_end);
	queue_rcu_work(df_workqueue, &zone->work);
}

static struct nf_conn *ref_ct(const struct df_ct_ref *ref)
{
	return (struct nf_conn *)(ref->nfct & NFCT_PTRMASK);
}

static enum ip_conntrack_info ref_info(const struct df_ct_ref *ref)
{
	return ref->nfct & NFCT_INFOMASK;
}

/* Take the connection off the packet. */
static void ref_take(struct df_ct_ref *ref, struct sk_buff *skb)
{
	ref->nfct = skb->_nfct;
	skb->_nfct = 0;
}

/**
 * df_ct_defrag() - wait for the other fragments of a packet
 * @zone: where: the fragments of one port are not another's
 * @skb: a fragment, data at the network header
 * @is_ip6: it is IPv6
 * @largest: the length of the largest fragment, IP header included
 *
 * Context: packet path.
 * Return: 0 when @skb is the whole packet now; -EINPROGRESS when it was kept
 * for later; another -errno when it was dropped.
 */
int df_ct_defrag(const struct df_ct_zone *zone, struct sk_buff *skb,
		 bool is_ip6, u16 *largest)
{
	u32 user = IP_DEFRAG_CONNTRACK_IN + zone->id;
	struct net *net = zone->dn->net;
	int err;

	if (is_ip6) {
		memset(IP6CB(skb), 0, sizeof(struct inet6_skb_parm));
		err = nf_ct_frag6_gather(net, skb, user);
		if (err && err != -EINPROGRESS)
			kfree_skb(skb);
	} else {
		memset(IPCB(skb), 0, sizeof(struct inet_skb_parm));
		err = ip_defrag(net, skb, user);
	}
	if (err)
		return err;
	*largest = is_ip6 ? IP6CB(skb)->frag_max_size :
		IPCB(skb)->frag_max_size;
	skb_clear_hash(skb);
	skb->ignore_df = 1;
	return 0;
}

/**
 * df_ct_track() - find a packet's connection, or begin one
 * @zone: where
 * @skb: the packet, data at the network header, not a fragment
 * @is_ip6: it is IPv6
 * @ref: its place, for df_ct_put(); none for the few packets, such as those of
 *	multicast listener discovery, that belong to no connection and are fine
 *
 * A connection that is new counts only after df_ct_confirm().
 * Context: packet path.
 * Return: 0, or a drop reason.
 */
int df_ct_track(const struct df_ct_zone *zone, struct sk_buff *skb,
		bool is_ip6, struct df_ct_ref *ref)
{
	struct nf_hook_state state = {
		.hook = NF_INET_PRE_ROUTING,
		.pf = is_ip6 ? NFPROTO_IPV6 : NFPROTO_IPV4,
		.net = zone->dn->net,
	};
	enum ip_conntrack_info info;
	struct nf_conn *ct;

	ref->nfct = 0;
	nf_reset_ct(skb);
	nf_conntrack_get(&zone->template->ct_general);
	nf_ct_set(skb, zone->template, IP_CT_NEW);
	if (nf_conntrack_in(skb, &state) != NF_ACCEPT) {
		nf_reset_ct(skb);
		return DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT;
	}
	ct = nf_ct_get(skb, &info);
	if (ct) {
		ref_take(ref, skb);
		return 0;
	}
	skb->_nfct = 0;
	return info == IP_CT_UNTRACKED ? 0 :
		DRAGONFLOW_DROP_REASON_CONNECTION_INVALID;
}

static void address_get(struct in6_addr *ip, const union nf_inet_addr *address,
			bool is_ip6)
{
	if (is_ip6)
		*ip = address->in6;
	else
		ipv6_addr_set_v4mapped(address->ip, ip);
}

/* The packet that the connection of @ref began with. */
void df_ct_origin(const struct df_ct_ref *ref, struct df_ct_origin *origin)
{
	const struct nf_conn *ct = ref_ct(ref);
	const struct nf_conntrack_tuple *tuple =
		&ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	bool is_ip6 = tuple->src.l3num == AF_INET6;

	origin->protocol = tuple->dst.protonum;
	if (origin->protocol == (is_ip6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		origin->l4 = tuple->dst.u.icmp.type << 8 |
			tuple->dst.u.icmp.code;
	else
		origin->l4 = ntohs(tuple->dst.u.all);
	address_get(&origin->src, &tuple->src.u3, is_ip6);
	address_get(&origin->dst, &tuple->dst.u3, is_ip6);
}

/* Does the packet begin a connection? */
bool df_ct_is_new(const struct df_ct_ref *ref)
{
	return !nf_ct_is_confirmed(ref_ct(ref));
}

/* Is it an error about a packet of the connection? */
bool df_ct_is_related(const struct df_ct_ref *ref)
{
	return ref_info(ref) % IP_CT_IS_REPLY == IP_CT_RELATED;
}

/* Does it come from where the connection began? So do errors about replies. */
bool df_ct_is_original(const struct df_ct_ref *ref)
{
	return CTINFO2DIR(ref_info(ref)) == IP_CT_DIR_ORIGINAL;
}

/**
 * df_ct_confirm() - let the connection that a packet begins be one
 * @ref: the packet's place; where another packet was faster, its connection
 * @skb: the packet
 *
 * Return: 0, or a drop reason.
 */
int df_ct_confirm(struct df_ct_ref *ref, struct sk_buff *skb)
{
	int err;

	if (!ref->nfct)
		return 0;
	skb->_nfct = ref->nfct;
	err = nf_conntrack_confirm(skb);
	ref_take(ref, skb);
	return err == NF_ACCEPT ? 0 : DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT;
}

/* End a connection. */
void df_ct_kill(const struct df_ct_ref *ref)
{
	nf_ct_kill(ref_ct(ref));
}

void df_ct_put(struct df_ct_ref *ref)
{
	if (ref->nfct)
		nf_ct_put(ref_ct(ref));
	ref->nfct = 0;
}

/* Is the connection at rest, and the packet nothing that moves it? */
static bool ct_is_steady(const struct nf_conn *ct, u8 tcp_flags)
{
	if (nf_ct_is_dying(ct) || nf_ct_is_expired(ct))
		return false;
	return nf_ct_protonum(ct) != IPPROTO_TCP ||
		(!(tcp_flags & CT_TCP_EVENTS) &&
		 READ_ONCE(ct->proto.tcp.state) == TCP_CONNTRACK_ESTABLISHED);
}

/**
 * df_ct_can_be_kept() - may a flow entry decide such packets from now on?
 * @ref: the packet's place in a connection that was confirmed
 * @tcp_flags: the packet's
 *
 * Only for protocols whose packets all say the same about the connection. Not
 * for ICMP: an entry does not tell the connections of two identifiers apart.
 *
 * Return: whether it may.
 */
bool df_ct_can_be_kept(const struct df_ct_ref *ref, u8 tcp_flags)
{
	const struct nf_conn *ct = ref_ct(ref);

	switch (nf_ct_protonum(ct)) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		return ref_info(ref) % IP_CT_IS_REPLY != IP_CT_RELATED &&
			ct_is_steady(ct, tcp_flags);
	default:
		return false;
	}
}

/* Another reference, for a flow entry. Its packets will not be checked. */
void df_ct_keep(struct df_ct_ref *ref)
{
	struct nf_conn *ct = ref_ct(ref);

	if (!ct)
		return;
	nf_conntrack_get(&ct->ct_general);
	if (nf_ct_protonum(ct) != IPPROTO_TCP)
		return;
	spin_lock_bh(&ct->lock);
	ct->proto.tcp.seen[0].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	ct->proto.tcp.seen[1].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	spin_unlock_bh(&ct->lock);
}

static u32 ct_timeout(const struct nf_conn *ct)
{
	struct net *net = nf_ct_net(ct);

	if (nf_ct_protonum(ct) == IPPROTO_TCP)
		return nf_tcp_pernet(net)->timeouts[TCP_CONNTRACK_ESTABLISHED];
	if (test_bit(IPS_SEEN_REPLY_BIT, &ct->status))
		return nf_udp_pernet(net)->timeouts[UDP_CT_REPLIED];
	return nf_udp_pernet(net)->timeouts[UDP_CT_UNREPLIED];
}

/**
 * df_ct_use() - let a flow entry decide a packet of its connection
 * @ref: the entry's
 * @tcp_flags: the packet's
 * @packets: how many it stands for
 * @bytes: its length
 *
 * Return: false when conntrack has to see the packet.
 */
bool df_ct_use(const struct df_ct_ref *ref, u8 tcp_flags, u32 packets,
	       u32 bytes)
{
	struct nf_conn *ct = ref_ct(ref);
	u32 timeout;

	if (unlikely(!ct_is_steady(ct, tcp_flags)))
		return false;
	timeout = nfct_time_stamp + ct_timeout(ct);
	if (timeout - READ_ONCE(ct->timeout) > CT_LATE &&
	    !test_bit(IPS_FIXED_TIMEOUT_BIT, &ct->status))
		WRITE_ONCE(ct->timeout, timeout);
	nf_ct_acct_add(ct, CTINFO2DIR(ref_info(ref)), packets, bytes);
	return true;
}
