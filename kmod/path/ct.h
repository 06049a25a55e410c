/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections: what the module asks of nf_conntrack. Each port whose packets
 * belong to connections has a zone of its own.
 */
#ifndef DF_PATH_CT_H
#define DF_PATH_CT_H

#include <linux/in6.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct df_net;
struct nf_conn;
struct sk_buff;

/* A packet crosses the zones of its sender's port and of its receiver's. */
#define DF_CT_ZONES 2

/**
 * struct df_ct_zone - where the connections of a port are kept
 * @dn: namespace
 * @template: what makes conntrack look there
 * @id: the zone, as conntrack(8) shows it
 * @work: ends it, once no packet sees it any more
 */
struct df_ct_zone {
	struct df_net *dn;
	struct nf_conn *template;
	u16 id;
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

void df_ct_init(struct df_net *dn);
void df_ct_fini(struct df_net *dn);

struct df_ct_zone *df_ct_zone_new(struct df_net *dn);
void df_ct_zone_free(struct df_ct_zone *zone);
void df_ct_zone_free_empty(struct df_ct_zone *zone);

int df_ct_defrag(const struct df_ct_zone *zone, struct sk_buff *skb,
		 bool is_ip6, u16 *largest);
int df_ct_track(const struct df_ct_zone *zone, struct sk_buff *skb,
		bool is_ip6, struct df_ct_ref *ref);
int df_ct_peek(const struct df_ct_zone *zone, const struct df_ct_zone *scratch,
	       struct sk_buff *skb, bool is_ip6, struct df_ct_ref *ref);
void df_ct_origin(const struct df_ct_ref *ref, struct df_ct_origin *origin);
bool df_ct_is_new(const struct df_ct_ref *ref);
bool df_ct_is_related(const struct df_ct_ref *ref);
bool df_ct_is_original(const struct df_ct_ref *ref);
int df_ct_confirm(struct df_ct_ref *ref, struct sk_buff *skb);
void df_ct_kill(const struct df_ct_ref *ref);
void df_ct_put(struct df_ct_ref *ref);

bool df_ct_can_be_kept(const struct df_ct_ref *ref, u8 tcp_flags);
void df_ct_keep(struct df_ct_ref *ref);
bool df_ct_use(const struct df_ct_ref *ref, u8 tcp_flags, u32 packets,
	       u32 bytes);

#endif /* DF_PATH_CT_H */
