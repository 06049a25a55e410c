// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "table/addrset.h"
#include "table/ruleset.h"

void df_ruleset_init(struct df_ruleset *ruleset)
{
	INIT_LIST_HEAD(&ruleset->sets);
}

/* The first @len bits of an L4 number, left-aligned as the trie wants it. */
static struct df_lpm_key l4_key(u32 number)
{
	return (struct df_lpm_key) { .hi = (u64)number << (64 - DF_L4_BITS) };
}

/* What a rule says about the L4 header, as the first and last number. */
static void rule_range(const struct df_rule_conf *conf, u32 *first, u32 *last)
{
	u16 low = 0, high = U16_MAX;

	if (!conf->has_protocol) {
		*first = 0;
		*last = (1U << DF_L4_BITS) - 1;
		return;
	}
	if (conf->has_ports) {
		low = conf->port_min;
		high = conf->port_max;
	} else if (conf->has_type) {
		low = conf->icmp_type << 8;
		high = low | U8_MAX;
		if (conf->has_code)
			high = low |= conf->icmp_code;
	}
	*first = df_l4_number(conf->protocol, low);
	*last = df_l4_number(conf->protocol, high);
}

/* The largest block that begins at @first and ends by @last: its free bits. */
static int block_bits(u32 first, u32 last)
{
	int bits = first ? __ffs(first) : DF_L4_BITS;

	while (first + (1U << bits) - 1 > last)
		bits--;
	return bits;
}

/* How many blocks make up what the rule says about the L4 header. */
static int rule_blocks(const struct df_rule_conf *conf)
{
	u32 first, last;
	int count = 0;

	rule_range(conf, &first, &last);
	for (; first <= last; count++)
		first += 1U << block_bits(first, last);
	return count;
}

/**
 * df_rule_new() - a rule that is in no ruleset yet
 * @conf: what it says
 * @group: whose it will be
 *
 * Return: to be freed with kfree(), or NULL without memory.
 */
struct df_rule *df_rule_new(const struct df_rule_conf *conf,
			    struct df_group *group)
{
	struct df_rule *rule;

	rule = kzalloc(struct_size(rule, blocks, rule_blocks(conf)),
		       GFP_KERNEL_ACCOUNT);
	if (!rule)
		return NULL;
	rule->obj.id = conf->id;
	rule->conf = *conf;
	rule->group = group;
	return rule;
}

/* The point that @bits at @first make, which may be a new one. */
static struct df_point *remote_point(struct df_remote *remote, u32 first,
				     int bits)
{
	struct df_lpm_key key = l4_key(first);
	u8 len = DF_L4_BITS - bits;
	struct df_point *point;

	point = df_lpm_get(&remote->points, &key, len);
	if (point)
		return point;
	point = kzalloc(sizeof(*point), GFP_KERNEL_ACCOUNT);
	if (!point)
		return NULL;
	INIT_LIST_HEAD(&point->blocks);
	point->key = key;
	point->len = len;
	if (df_lpm_add(&remote->points, &point->key, point->len, point)) {
		kfree(point);
		return NULL;
	}
	return point;
}

static void block_del(struct df_remote *remote, struct df_block *block)
{
	struct df_point *point = block->point;
	struct df_block *other;

	list_del(&block->of_point);
	other = list_first_entry_or_null(&point->blocks, struct df_block,
					 of_point);
	if (other) {
		rcu_assign_pointer(point->rule, other->rule);
		return;
	}
	df_lpm_del(&remote->points, &point->key, point->len);
	kfree_rcu(point, rcu);
}

static int block_add(struct df_rule *rule, u32 first, int bits)
{
	struct df_point *point = remote_point(rule->remote, first, bits);
	struct df_block *block = &rule->blocks[rule->block_count];

	if (!point)
		return -ENOMEM;
	block->rule = rule;
	block->point = point;
	/* The first keeps the packets: what is published need not change. */
	if (list_empty(&point->blocks))
		rcu_assign_pointer(point->rule, rule);
	list_add_tail(&block->of_point, &point->blocks);
	rule->block_count++;
	return 0;
}

static void blocks_del(struct df_rule *rule)
{
	while (rule->block_count)
		block_del(rule->remote, &rule->blocks[--rule->block_count]);
}

static int blocks_add(struct df_rule *rule)
{
	u32 first, last;
	int bits, err;

	rule_range(&rule->conf, &first, &last);
	while (first <= last) {
		bits = block_bits(first, last);
		err = block_add(rule, first, bits);
		if (err) {
			blocks_del(rule);
			return err;
		}
		first += 1U << bits;
	}
	return 0;
}

static struct df_remote *remote_find(const struct df_ruleset *ruleset,
				     const struct df_rule_conf *conf,
				     const struct df_address_set *set)
{
	struct df_remote *remote;

	if (!set)
		return df_lpm_get(&ruleset->prefixes, &conf->prefix,
				  conf->prefix_len);
	list_for_each_entry(remote, &ruleset->sets, of_ruleset)
		if (remote->set == set)
			return remote;
	return NULL;
}

/* Does a rule name the address set already? Caller under the lock. */
bool df_ruleset_names(const struct df_ruleset *ruleset,
		      const struct df_address_set *set)
{
	return remote_find(ruleset, NULL, set);
}

static struct df_remote *remote_new(struct df_ruleset *ruleset,
				    const struct df_rule *rule,
				    struct df_address_set *set)
{
	struct df_remote *remote;

	remote = kzalloc(sizeof(*remote), GFP_KERNEL_ACCOUNT);
	if (!remote)
		return NULL;
	remote->group = rule->group;
	remote->set = set;
	if (set) {
		list_add_tail_rcu(&remote->of_ruleset, &ruleset->sets);
		list_add_tail(&remote->of_set, &set->remotes);
		return remote;
	}
	remote->key = rule->conf.prefix;
	remote->len = rule->conf.prefix_len;
	if (df_lpm_add(&ruleset->prefixes, &remote->key, remote->len, remote)) {
		kfree(remote);
		return NULL;
	}
	return remote;
}

static void remote_put(struct df_ruleset *ruleset, struct df_remote *remote)
{
	if (--remote->users)
		return;
	if (remote->set) {
		list_del_rcu(&remote->of_ruleset);
		list_del(&remote->of_set);
	} else {
		df_lpm_del(&ruleset->prefixes, &remote->key, remote->len);
	}
	kfree_rcu(remote, rcu);
}

/**
 * df_ruleset_add() - let a rule take part
 * @ruleset: the rules of its group, direction and version
 * @rule: from df_rule_new()
 * @set: the address set that it names, or NULL
 *
 * Return: 0; -ENOMEM, and packets may have met the rule: it is to be freed
 * after a grace period.
 */
int df_ruleset_add(struct df_ruleset *ruleset, struct df_rule *rule,
		   struct df_address_set *set)
{
	int err;

	rule->remote = remote_find(ruleset, &rule->conf, set);
	if (!rule->remote)
		rule->remote = remote_new(ruleset, rule, set);
	if (!rule->remote)
		return -ENOMEM;
	rule->remote->users++;
	err = blocks_add(rule);
	if (err)
		remote_put(ruleset, rule->remote);
	return err;
}

/* Packets may still meet the rule until a grace period has passed. */
void df_ruleset_del(struct df_ruleset *ruleset, struct df_rule *rule)
{
	blocks_del(rule);
	remote_put(ruleset, rule->remote);
}

static struct df_rule *remote_match(struct df_remote *remote,
				    const struct df_lpm_key *l4)
{
	struct df_point *point = df_lpm_find_rcu(&remote->points, l4,
						 DF_L4_BITS);

	return point ? rcu_dereference(point->rule) : NULL;
}

/**
 * df_ruleset_match_rcu() - find a rule that allows a packet
 * @ruleset: the rules
 * @query: what they are asked
 *
 * Costs a lookup for each prefix of rules that the address has, from the
 * longest on, and for each address set. Context: RCU.
 * Return: a rule, good for the read-side section, or NULL.
 */
struct df_rule *df_ruleset_match_rcu(struct df_ruleset *ruleset,
				     const struct df_rule_query *query)
{
	struct df_lpm_key l4 = l4_key(query->l4);
	int len = query->is_ip6 ? 128 : 32;
	struct df_remote *remote;
	struct df_rule *rule;

	while (len >= 0) {
		remote = df_lpm_find_rcu(&ruleset->prefixes, &query->remote,
					 len);
		if (!remote)
			break;
		rule = remote_match(remote, &l4);
		if (rule)
			return rule;
		len = remote->len - 1;
	}
	list_for_each_entry_rcu(remote, &ruleset->sets, of_ruleset) {
		if (!df_address_set_has_rcu(remote->set, &query->remote,
					    query->is_ip6))
			continue;
		rule = remote_match(remote, &l4);
		if (rule)
			return rule;
	}
	return NULL;
}
