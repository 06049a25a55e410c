// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_acct.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_ecache.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_l4proto.h>
#include <net/netfilter/nf_conntrack_labels.h>
#include <net/netfilter/nf_conntrack_timestamp.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "df.h"
#include "path/ct.h"

enum {
	/* FIN, SYN and RST: what changes a connection's state. */
	CT_TCP_EVENTS = 0x07,
	CT_TCP_RST = 0x04,
	/* So long a connection lasts after a reset that may be forged. */
	CT_RESET = 120 * HZ,
	/* A timeout need not be exact: it is renewed so many jiffies late. */
	CT_LATE = HZ,
};

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
 * @skb: a fragment, data at the network header; consumed on error
 * @is_ip6: it is IPv6
 * @largest: the length of the largest fragment, IP header included
 *
 * Context: packet path.
 * Return: 0 when @skb is the whole packet now; -EINPROGRESS when it was kept
 * for later; -ENOBUFS when too many of the port wait already; another -errno
 * when it was dropped.
 */
int df_ct_defrag(struct df_ct_zone *zone, struct sk_buff *skb, bool is_ip6,
		 u16 *largest)
{
	u32 user = IP_DEFRAG_CONNTRACK_IN + zone->id;
	struct net *net = zone->dn->net;
	u32 size = skb->truesize;
	int err;

	/* It will wait or grow, and must not be its sender's meanwhile. */
	if (skb_orphan_frags_rx(skb, GFP_ATOMIC)) {
		kfree_skb(skb);
		return -ENOMEM;
	}
	skb_orphan(skb);
	if (!df_ct_zone_hold_fragment(zone, is_ip6, size)) {
		kfree_skb(skb);
		return -ENOBUFS;
	}
	if (is_ip6) {
		memset(IP6CB(skb), 0, sizeof(struct inet6_skb_parm));
		err = nf_ct_frag6_gather(net, skb, user);
		if (err && err != -EINPROGRESS)
			kfree_skb(skb);
	} else {
		memset(IPCB(skb), 0, sizeof(struct inet_skb_parm));
		err = ip_defrag(net, skb, user);
	}
	if (err != -EINPROGRESS)
		df_ct_zone_let_go(zone, is_ip6, err ? size : skb->truesize);
	if (err)
		return err;
	*largest = is_ip6 ? IP6CB(skb)->frag_max_size :
		IPCB(skb)->frag_max_size;
	skb_clear_hash(skb);
	skb->ignore_df = 1;
	return 0;
}

/**
 * df_ct_trim() - cut what the link has padded a packet with
 * @skb: the packet, data at the network header
 * @is_ip6: it is IPv6
 *
 * Conntrack takes it for data.
 *
 * Return: 0, or a drop reason.
 */
int df_ct_trim(struct sk_buff *skb, bool is_ip6)
{
	u32 len;

	if (is_ip6)
		len = sizeof(struct ipv6hdr) +
			ntohs(((struct ipv6hdr *)skb->data)->payload_len);
	else
		len = ntohs(((struct iphdr *)skb->data)->tot_len);
	if (likely(skb->len == len) || skb_is_gso(skb))
		return 0;
	return pskb_trim_rcsum(skb, len) ? DRAGONFLOW_DROP_REASON_NO_MEMORY : 0;
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
int df_ct_track(struct df_ct_zone *zone, struct sk_buff *skb, bool is_ip6,
		struct df_ct_ref *ref)
{
	struct nf_hook_state state = {
		.hook = NF_INET_PRE_ROUTING,
		.pf = is_ip6 ? NFPROTO_IPV6 : NFPROTO_IPV4,
		.net = zone->dn->net,
	};
	enum ip_conntrack_info info;
	struct nf_conn *ct;
	int reason;

	ref->nfct = 0;
	reason = df_ct_trim(skb, is_ip6);
	if (unlikely(reason))
		return reason;
	nf_reset_ct(skb);
	nf_conntrack_get(&zone->template->ct_general);
	nf_ct_set(skb, zone->template, IP_CT_NEW);
	if (nf_conntrack_in(skb, &state) != NF_ACCEPT) {
		nf_reset_ct(skb);
		return DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT;
	}
	ct = nf_ct_get(skb, &info);
	if (ct && !nf_ct_is_confirmed(ct) && !df_ct_zone_has_room(zone)) {
		nf_reset_ct(skb);
		return DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT;
	}
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

/* What conntrack gives each connection beside itself, if it is told to. */
static bool ct_extend(struct nf_conn *ct)
{
	nf_ct_acct_ext_add(ct, GFP_ATOMIC);
	nf_ct_tstamp_ext_add(ct, GFP_ATOMIC);
	nf_ct_labels_ext_add(ct);
	return !IS_ENABLED(CONFIG_NF_CONNTRACK_EVENTS) ||
		nf_ct_ecache_ext_add(ct, 0, 0, GFP_ATOMIC);
}

/**
 * df_ct_copy() - begin in another zone, too, what a packet begins in one
 * @zone: the other
 * @from: the packet's place in the one, where it has not been confirmed yet
 * @skb: the packet
 * @ref: its place in @zone, which is new as well
 *
 * As df_ct_track(), for two thirds of the cost: the packet is not parsed and
 * checked once more, and nobody is asked whether @zone knows the connection
 * already. That comes out at df_ct_confirm_copy().
 *
 * Return: false when that cannot be done, and @ref is as before.
 */
bool df_ct_copy(struct df_ct_zone *zone, const struct df_ct_ref *from,
		const struct sk_buff *skb, struct df_ct_ref *ref)
{
	const struct nf_conn *like = ref_ct(from);
	struct nf_conn *ct;

	/* Not what a helper expects, or will listen to. */
	if (nf_ct_is_confirmed(like) || ref_info(from) != IP_CT_NEW ||
	    nfct_help(like) || !df_ct_zone_has_room(zone))
		return false;
	ct = nf_conntrack_alloc(zone->dn->net, nf_ct_zone(zone->template),
				&like->tuplehash[IP_CT_DIR_ORIGINAL].tuple,
				&like->tuplehash[IP_CT_DIR_REPLY].tuple,
				GFP_ATOMIC);
	if (IS_ERR(ct))
		return false;
	if (!ct_extend(ct)) {
		nf_conntrack_free(ct);
		return false;
	}
	ct->proto = like->proto;
	ct->timeout = like->timeout;
	nf_ct_acct_add(ct, IP_CT_DIR_ORIGINAL, 1, skb->len);
	/* Who finds it by what it was before sees a reference only now. */
	smp_wmb();
	refcount_set(&ct->ct_general.use, 1);
	ref->nfct = (unsigned long)ct | IP_CT_NEW;
	return true;
}

/**
 * df_ct_confirm_copy() - let a copy be a connection
 * @ref: of df_ct_copy(); df_ct_confirm() is still to be called
 * @zone: of the connection
 *
 * Return: 0; -EEXIST when the zone knows the connection already; or a drop
 * reason.
 */
int df_ct_confirm_copy(struct df_ct_ref *ref, struct df_ct_zone *zone)
{
	struct nf_conn *ct = ref_ct(ref);
	struct nf_conn_tstamp *tstamp = nf_conn_tstamp_find(ct);
	int err;

	ct->timeout += nfct_time_stamp;
	if (tstamp)
		tstamp->start = ktime_get_real_ns();
	__set_bit(IPS_CONFIRMED_BIT, &ct->status);
	err = nf_conntrack_hash_check_insert(ct);
	if (!err) {
		nf_conntrack_event_cache(IPCT_NEW, ct);
		atomic_inc(&zone->begun);
		return 0;
	}
	__clear_bit(IPS_CONFIRMED_BIT, &ct->status);
	return err == -EEXIST ? err : DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT;
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
 * @zone: of the connection
 * @skb: the packet
 *
 * Return: 0, or a drop reason.
 */
int df_ct_confirm(struct df_ct_ref *ref, struct df_ct_zone *zone,
		  struct sk_buff *skb)
{
	bool is_new = !nf_ct_is_confirmed(ref_ct(ref));
	int err;

	skb->_nfct = ref->nfct;
	err = nf_conntrack_confirm(skb);
	ref_take(ref, skb);
	if (err != NF_ACCEPT)
		return DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT;
	if (is_new)
		atomic_inc(&zone->begun);
	return 0;
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

/*
 * Has a UDP connection been answered for a while, and conntrack not been told?
 * One more packet for it, and the connection is assured: it lives longer, and is
 * not the first to go when the table is full.
 */
static bool udp_is_due(const struct nf_conn *ct)
{
	unsigned long status = READ_ONCE(ct->status);

	return status & IPS_SEEN_REPLY &&
		!(status & (IPS_ASSURED | IPS_NAT_CLASH)) &&
		time_after(jiffies, READ_ONCE(ct->proto.udp.stream_ts));
}

/* Is the connection at rest, and the packet nothing that moves it? */
static bool ct_is_steady(const struct nf_conn *ct, u8 tcp_flags)
{
	if (nf_ct_is_dying(ct) || nf_ct_is_expired(ct))
		return false;
	if (nf_ct_protonum(ct) != IPPROTO_TCP)
		return !udp_is_due(ct);
	return !(tcp_flags & CT_TCP_EVENTS) &&
		READ_ONCE(ct->proto.tcp.state) == TCP_CONNTRACK_ESTABLISHED;
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

/* A flow entry takes over: its packets will not be checked any more. */
void df_ct_relax(const struct df_ct_ref *ref)
{
	struct nf_conn *ct = ref_ct(ref);
	int i;

	if (nf_ct_protonum(ct) != IPPROTO_TCP)
		return;
	spin_lock_bh(&ct->lock);
	for (i = 0; i < IP_CT_DIR_MAX; i++) {
		u8 *flags = &ct->proto.tcp.seen[i].flags;

		/* No reset is compared with what was acknowledged long ago. */
		*flags &= ~IP_CT_TCP_FLAG_MAXACK_SET;
		*flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	}
	spin_unlock_bh(&ct->lock);
}

/**
 * df_ct_is_reset() - is a packet only not a flow entry's because it is a reset?
 * @ref: the entry's
 * @tcp_flags: the packet's
 *
 * Return: whether; then df_ct_doubt() is to be called after the walk.
 */
bool df_ct_is_reset(const struct df_ct_ref *ref, u8 tcp_flags)
{
	return tcp_flags & CT_TCP_RST &&
		ct_is_steady(ref_ct(ref), tcp_flags & ~CT_TCP_EVENTS);
}

/**
 * df_ct_doubt() - believe a reset, but not altogether
 * @ref: the connection, which was established
 *
 * Who receives a reset heeds it only if its number is right. Conntrack has not
 * seen enough to know that, and has taken the connection for closed; if it is
 * not, the next packet says so. Otherwise it ends soon.
 */
void df_ct_doubt(const struct df_ct_ref *ref)
{
	struct nf_conn *ct = ref_ct(ref);

	spin_lock_bh(&ct->lock);
	if (ct->proto.tcp.state == TCP_CONNTRACK_CLOSE)
		ct->proto.tcp.state = TCP_CONNTRACK_ESTABLISHED;
	spin_unlock_bh(&ct->lock);
	WRITE_ONCE(ct->timeout, nfct_time_stamp + CT_RESET);
}

static u32 ct_timeout(const struct nf_conn *ct)
{
	struct net *net = nf_ct_net(ct);

	if (nf_ct_protonum(ct) == IPPROTO_TCP)
		return nf_tcp_pernet(net)->timeouts[TCP_CONNTRACK_ESTABLISHED];
	if (test_bit(IPS_ASSURED_BIT, &ct->status))
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
