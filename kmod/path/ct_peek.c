// SPDX-License-Identifier: GPL-2.0
/*
 * To look at connections without any effect on them: what conntrack does with a
 * packet in order to find its connection, and nothing of the rest.
 */
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "df.h"
#include "path/ct.h"

static struct nf_conntrack_tuple_hash *
find(const struct df_ct_zone *zone, const struct nf_conntrack_tuple *tuple)
{
	return nf_conntrack_find_get(zone->dn->net, nf_ct_zone(zone->template),
				     tuple);
}

static void set_ref(struct df_ct_ref *ref, struct nf_conn *ct,
		    enum ip_conntrack_info info)
{
	ref->nfct = (unsigned long)ct | info;
}

/* Is it an ICMP message that quotes another packet? */
static bool is_error(const struct nf_conntrack_tuple *tuple)
{
	u8 type = tuple->dst.u.icmp.type;

	switch (tuple->dst.protonum) {
	case IPPROTO_ICMP:
		return tuple->src.l3num == AF_INET &&
			(type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
			 type == ICMP_TIME_EXCEEDED || type == ICMP_REDIRECT ||
			 type == ICMP_PARAMETERPROB);
	case IPPROTO_ICMPV6:
		return tuple->src.l3num == AF_INET6 && type < ICMPV6_ECHO_REQUEST;
	default:
		return false;
	}
}

/* An error belongs to the connection of the packet that it quotes. */
static bool find_quoted(const struct df_ct_zone *zone, struct sk_buff *skb,
			const struct nf_conntrack_tuple *outer,
			struct df_ct_ref *ref)
{
	u32 at = skb_transport_offset(skb) + sizeof(struct icmphdr);
	struct nf_conntrack_tuple quoted, tuple;
	struct nf_conntrack_tuple_hash *hash;
	enum ip_conntrack_dir dir;
	struct nf_conn *ct;

	if (!nf_ct_get_tuplepr(skb, at, outer->src.l3num, zone->dn->net,
			       &quoted) ||
	    !nf_ct_invert_tuple(&tuple, &quoted))
		return false;
	hash = find(zone, &tuple);
	if (!hash)
		return false;
	ct = nf_ct_tuplehash_to_ctrack(hash);
	dir = NF_CT_DIRECTION(hash);
	if (!nf_inet_addr_cmp(&outer->dst.u3, &ct->tuplehash[dir].tuple.dst.u3)) {
		nf_ct_put(ct);
		return false;
	}
	set_ref(ref, ct, dir == IP_CT_DIR_REPLY ?
		IP_CT_RELATED + IP_CT_IS_REPLY : IP_CT_RELATED);
	return true;
}

static bool find_own(const struct df_ct_zone *zone,
		     const struct nf_conntrack_tuple *tuple,
		     struct df_ct_ref *ref)
{
	struct nf_conntrack_tuple_hash *hash = find(zone, tuple);
	struct nf_conn *ct;

	if (!hash)
		return false;
	ct = nf_ct_tuplehash_to_ctrack(hash);
	if (NF_CT_DIRECTION(hash) == IP_CT_DIR_REPLY)
		set_ref(ref, ct, IP_CT_ESTABLISHED_REPLY);
	else if (test_bit(IPS_SEEN_REPLY_BIT, &ct->status))
		set_ref(ref, ct, IP_CT_ESTABLISHED);
	else
		set_ref(ref, ct, IP_CT_NEW);
	return true;
}

static bool has_room(const struct df_ct_zone *zone)
{
	return !nf_conntrack_max ||
		nf_conntrack_count(zone->dn->net) < nf_conntrack_max;
}

/**
 * df_ct_peek() - find out what df_ct_track() would find, without effect
 * @zone: where
 * @scratch: a zone without connections: to ask conntrack there whether the
 *	packet could begin one touches no other
 * @skb: the packet, data at the network header, transport header set, not a
 *	fragment
 * @is_ip6: it is IPv6
 * @ref: its place, for df_ct_put(); none if it belongs to no connection
 *
 * A table that is full is taken for one where nothing can begin: whom conntrack
 * would end for the packet is not asked.
 *
 * What conntrack thinks of a packet's place within its connection, such as in
 * the window of TCP, it only says while it moves the connection: not asked.
 *
 * Context: as the packet path.
 * Return: 0, or a drop reason.
 */
int df_ct_peek(struct df_ct_zone *zone, struct df_ct_zone *scratch,
	       struct sk_buff *skb, bool is_ip6, struct df_ct_ref *ref)
{
	struct nf_conntrack_tuple tuple;
	struct df_ct_ref unused;
	int reason;

	ref->nfct = 0;
	reason = df_ct_trim(skb, is_ip6);
	if (reason)
		return reason;
	if (nf_ct_get_tuplepr(skb, skb_network_offset(skb),
			      is_ip6 ? NFPROTO_IPV6 : NFPROTO_IPV4,
			      zone->dn->net, &tuple)) {
		if (is_error(&tuple) ? find_quoted(zone, skb, &tuple, ref) :
		    find_own(zone, &tuple, ref))
			return 0;
	}
	if (!has_room(zone))
		return DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT;
	reason = df_ct_track(scratch, skb, is_ip6, &unused);
	if (reason)
		return reason;
	if (unused.nfct && df_ct_zone_is_full(zone))
		reason = DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT;
	df_ct_put(&unused);
	return reason;
}
