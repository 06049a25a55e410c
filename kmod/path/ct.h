/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections: what the module asks of nf_conntrack. Each port whose packets
 * belong to connections has a zone of its own.
 */
#ifndef DF_PATH_CT_H
#define DF_PATH_CT_H

#include <linux/atomic.h>
#include <linux/in6.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct df_net;
struct nf_conn;
struct sk_buff;

/* A packet crosses the zones of its sender's port and of its receiver's. */
#define DF_CT_ZONES 2

/**
 * struct df_ct_fragments - memory of fragments that wait for others, at most
 * @now: bytes of those that came since @since
 * @before: of those that came in the period before; the others have expired
 * @since: begin of the period, in jiffies
 */
struct df_ct_fragments {
	u32 now;
	u32 before;
	unsigned long since;
};

/**
 * struct df_ct_zone - where the connections of a port are kept
 * @dn: namespace
 * @template: what makes conntrack look there
 * @id: the zone, as conntrack(8) shows it
 * @limit: how many connections there may be
 * @begun: how many have ever begun
 * @base: to be added to @begun, it is how many there are at most; see zone.c
 * @mark: @begun at the begin of a count; for the work that counts
 * @found: what the count has found so far; the same
 * @lock: protects @fragments; taken by the packet path, nothing inside
 * @fragments: of IPv4 and of IPv6
 * @work: ends it, once no packet sees it any more
 */
struct df_ct_zone {
	struct df_net *dn;
	struct nf_conn *template;
	u16 id;
	u32 limit;
	atomic_t begun;
	u32 base;
	u32 mark;
	u32 found;
	spinlock_t lock; /* see above */
	struct df_ct_fragments fragments[2];
	struct rcu_work work;
};

/**
 * struct df_ct_ref - a packet's place in a connection
 * @nfct: as &sk_buff._nfct, and with a reference; 0 for none
 */
struct df_ct_ref {
	unsigned long nfct;
};

/**
 * struct df_ct_origin - the packet that a connection began with
 * @protocol: IP protocol
 * @l4: its destination port, or ICMP type and code
 * @src: its source; IPv4 addresses are mapped
 * @dst: its destination
 */
struct df_ct_origin {
	u8 protocol;
	u16 l4;
	struct in6_addr src;
	struct in6_addr dst;
};

/* zone.c */
void df_ct_init(struct df_net *dn);
void df_ct_fini(struct df_net *dn);

struct df_ct_zone *df_ct_zone_new(struct df_net *dn);
void df_ct_zone_free(struct df_ct_zone *zone);
void df_ct_zone_free_empty(struct df_ct_zone *zone);
u32 df_ct_zone_connections(const struct df_ct_zone *zone);
bool df_ct_zone_is_full(const struct df_ct_zone *zone);
bool df_ct_zone_has_room(struct df_ct_zone *zone);
bool df_ct_zone_can_hold(struct df_ct_zone *zone, bool is_ip6, u32 size);
bool df_ct_zone_hold_fragment(struct df_ct_zone *zone, bool is_ip6, u32 size);
void df_ct_zone_let_go(struct df_ct_zone *zone, bool is_ip6, u32 size);

/* ct_peek.c */
int df_ct_peek(struct df_ct_zone *zone, struct df_ct_zone *scratch,
	       struct sk_buff *skb, bool is_ip6, struct df_ct_ref *ref);

/* ct.c */
int df_ct_trim(struct sk_buff *skb, bool is_ip6);
int df_ct_defrag(struct df_ct_zone *zone, struct sk_buff *skb, bool is_ip6,
		 u16 *largest);
int df_ct_track(struct df_ct_zone *zone, struct sk_buff *skb, bool is_ip6,
		struct df_ct_ref *ref);
bool df_ct_copy(struct df_ct_zone *zone, const struct df_ct_ref *from,
		const struct sk_buff *skb, struct df_ct_ref *ref);
int df_ct_confirm_copy(struct df_ct_ref *ref, struct df_ct_zone *zone);
void df_ct_origin(const struct df_ct_ref *ref, struct df_ct_origin *origin);
bool df_ct_is_new(const struct df_ct_ref *ref);
bool df_ct_is_related(const struct df_ct_ref *ref);
bool df_ct_is_original(const struct df_ct_ref *ref);
int df_ct_confirm(struct df_ct_ref *ref, struct df_ct_zone *zone,
		  struct sk_buff *skb);
void df_ct_kill(const struct df_ct_ref *ref);
void df_ct_put(struct df_ct_ref *ref);

bool df_ct_can_be_kept(const struct df_ct_ref *ref, u8 tcp_flags);
void df_ct_relax(const struct df_ct_ref *ref);
bool df_ct_is_reset(const struct df_ct_ref *ref, u8 tcp_flags);
void df_ct_doubt(const struct df_ct_ref *ref);
bool df_ct_use(const struct df_ct_ref *ref, u8 tcp_flags, u32 packets,
	       u32 bytes);

#endif /* DF_PATH_CT_H */
