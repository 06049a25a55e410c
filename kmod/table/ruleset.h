/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The rules of a security group for one direction and IP version, so arranged
 * that their number costs a packet nothing: it is looked up, never compared
 * with one rule after the other.
 *
 * Rules are grouped by their remote end. The remote ends that are prefixes are
 * in a trie, where any address is the prefix of no bits. Those that are address
 * sets are in a list, which is short: it has one element for each set that the
 * group names. What the rules of one remote end say about the L4 header is a
 * number of 24 bits, the protocol and the destination port, or the ICMP type and
 * code. A range of those is a few blocks that share their first bits, and these
 * are in a trie, too.
 */
#ifndef DF_TABLE_RULESET_H
#define DF_TABLE_RULESET_H

#include "table/lpm.h"
#include "table/object.h"

struct df_address_set;
struct df_group;

enum df_l4_size {
	DF_L4_BITS = 24,
};

/**
 * struct df_rule_conf - what a rule says
 * @id: of the rule
 * @group: id of its group
 * @direction: what the workload receives or sends
 * @version: IPv4 or IPv6
 * @has_protocol: @protocol counts
 * @has_ports: @port_min and @port_max count
 * @has_type: @icmp_type counts
 * @has_code: @icmp_code counts
 * @has_prefix: @prefix and @prefix_len count
 * @protocol: IP protocol
 * @icmp_type: ICMP type
 * @icmp_code: ICMP code
 * @port_min: lowest destination port
 * @port_max: highest destination port
 * @prefix_len: how many bits of @prefix
 * @prefix: of the remote end's address, left-aligned
 * @set: id of the address set of the remote end; 0 if there is none
 */
struct df_rule_conf {
	u32 id;
	u32 group;
	enum dragonflow_direction direction;
	enum dragonflow_ip_version version;
	bool has_protocol : 1;
	bool has_ports : 1;
	bool has_type : 1;
	bool has_code : 1;
	bool has_prefix : 1;
	u8 protocol;
	u8 icmp_type;
	u8 icmp_code;
	u16 port_min;
	u16 port_max;
	u8 prefix_len;
	struct df_lpm_key prefix;
	u32 set;
};

/**
 * struct df_ruleset - the rules of a group for one direction and IP version
 * @prefixes: &struct df_remote by prefix; readers: RCU, writers: the lock
 * @sets: &struct df_remote that are address sets; the same
 */
struct df_ruleset {
	struct df_lpm prefixes;
	struct list_head sets;
};

/**
 * struct df_remote - a remote end that rules name
 * @points: &struct df_point by L4 number; readers: RCU, writers: the lock
 * @group: whose rules, immutable
 * @set: the address set, NULL for a prefix; immutable
 * @key: the prefix, immutable
 * @len: its length, immutable
 * @users: rules; protected by the lock
 * @of_ruleset: entry in &df_ruleset.sets
 * @of_set: entry in &df_address_set.remotes
 * @rcu: frees this after the last reader
 */
struct df_remote {
	struct df_lpm points;
	struct df_group *group;
	struct df_address_set *set;
	struct df_lpm_key key;
	u8 len;
	u32 users;
	struct list_head of_ruleset;
	struct list_head of_set;
	struct rcu_head rcu;
};

/**
 * struct df_point - L4 numbers that begin with the same bits
 * @rule: one of those that allow them; readers: RCU, writers: the lock
 * @blocks: of all of those; protected by the lock
 * @key: the bits, immutable
 * @len: how many, immutable
 * @rcu: frees this after the last reader
 */
struct df_point {
	struct df_rule __rcu *rule;
	struct list_head blocks;
	struct df_lpm_key key;
	u8 len;
	struct rcu_head rcu;
};

/* A rule's part in a point. */
struct df_block {
	struct df_rule *rule;
	struct df_point *point;
	struct list_head of_point;
};

/**
 * struct df_rule - a rule; immutable once published
 * @obj: must be first
 * @conf: what it says
 * @group: whose, outlives the rule
 * @remote: its remote end
 * @matches: what it has allowed
 * @rcu: frees the rule after the last reader
 * @block_count: length of @blocks
 * @blocks: the L4 numbers that it allows
 */
struct df_rule {
	struct df_object obj;
	struct df_rule_conf conf;
	struct df_group *group;
	struct df_remote *remote;
	atomic64_t matches;
	struct rcu_head rcu;
	u8 block_count;
	struct df_block blocks[];
};

/* What a ruleset judges a packet by. */
struct df_rule_query {
	struct df_lpm_key remote;
	u32 l4;
	bool is_ip6;
};

/* The L4 number of a packet; @l4 is the destination port, or type and code. */
static inline u32 df_l4_number(u8 protocol, u16 l4)
{
	return (u32)protocol << 16 | l4;
}

void df_ruleset_init(struct df_ruleset *ruleset);
struct df_rule *df_rule_new(const struct df_rule_conf *conf,
			    struct df_group *group);
int df_ruleset_add(struct df_ruleset *ruleset, struct df_rule *rule,
		   struct df_address_set *set);
void df_ruleset_del(struct df_ruleset *ruleset, struct df_rule *rule);
bool df_ruleset_names(const struct df_ruleset *ruleset,
		      const struct df_address_set *set);
struct df_rule *df_ruleset_match_rcu(struct df_ruleset *ruleset,
				     const struct df_rule_query *query);

#endif /* DF_TABLE_RULESET_H */
