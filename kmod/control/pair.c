// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/ipv6.h>

#include "control/event.h"
#include "control/netlink_gen.h"
#include "control/pair.h"
#include "control/request.h"
#include "control/routing.h"

enum { MAPPED_LEN = 96 };

/* --- requests -------------------------------------------------------------- */

/* Is nothing behind the prefix, and can a port have what is within? */
static const char *pair_refusal(const struct df_pair *pair)
{
	struct in6_addr prefix;

	if (pair->len == 128 && !df_ip_is_unicast(&pair->ip))
		return "The address is not a unicast one";
	ipv6_addr_prefix(&prefix, &pair->ip, pair->len);
	if (!ipv6_addr_equal(&prefix, &pair->ip))
		return "The address has bits behind the prefix";
	return NULL;
}

static int pair_parse(struct df_pair *pair, struct genl_info *info,
		      const struct nlattr *nest, const u8 *mac)
{
	struct nlattr *tb[DF_A_ADDRESS_PAIR_MAX + 1];
	const struct nlattr *len;
	const char *message;
	bool is_ip4;
	int err;

	err = nla_parse_nested(tb, DF_A_ADDRESS_PAIR_MAX, nest,
			       dragonflow_address_pair_nl_policy,
			       info->extack);
	if (err)
		return err;
	if (!df_ip_read_one(&pair->ip, tb[DF_A_ADDRESS_PAIR_IP4],
			    tb[DF_A_ADDRESS_PAIR_IP6], &message))
		return df_request_refuse(info, nest, message);
	is_ip4 = tb[DF_A_ADDRESS_PAIR_IP4];
	len = tb[DF_A_ADDRESS_PAIR_PREFIX_LEN];
	if (is_ip4 && len && nla_get_u8(len) > 128 - MAPPED_LEN)
		return df_request_refuse(info, nest,
					 "The prefix is longer than an IPv4 address");
	pair->len = !len ? 128 : nla_get_u8(len) + (is_ip4 ? MAPPED_LEN : 0);
	message = pair_refusal(pair);
	if (message)
		return df_request_refuse(info, nest, message);
	if (tb[DF_A_ADDRESS_PAIR_MAC])
		mac = nla_data(tb[DF_A_ADDRESS_PAIR_MAC]);
	ether_addr_copy(pair->mac, mac);
	return 0;
}

static int hold_parse(struct df_hold_conf *hold, struct genl_info *info,
		      const struct nlattr *nest)
{
	struct nlattr *tb[DF_A_ADDRESS_HOLD_MAX + 1];
	const char *message;
	int err;

	err = nla_parse_nested(tb, DF_A_ADDRESS_HOLD_MAX, nest,
			       dragonflow_address_hold_nl_policy,
			       info->extack);
	if (err)
		return err;
	if (!df_ip_read_one(&hold->ip, tb[DF_A_ADDRESS_HOLD_IP4],
			    tb[DF_A_ADDRESS_HOLD_IP6], &message))
		return df_request_refuse(info, nest, message);
	if (!df_ip_is_unicast(&hold->ip))
		return df_request_refuse(info, nest,
					 "The address is not a unicast one");
	if (!tb[DF_A_ADDRESS_HOLD_MAC] || !tb[DF_A_ADDRESS_HOLD_SINCE])
		return df_request_refuse(info, nest,
					 "The MAC and the time are needed");
	if (tb[DF_A_ADDRESS_HOLD_ACTIVE])
		return df_request_refuse(info, nest,
					 "Which port is active follows from the time");
	hold->since = nla_get_u64(tb[DF_A_ADDRESS_HOLD_SINCE]);
	/* There is always a time after it. */
	if (!hold->since || hold->since > S64_MAX)
		return df_request_refuse(info, nest, "No such time");
	ether_addr_copy(hold->mac, nla_data(tb[DF_A_ADDRESS_HOLD_MAC]));
	return 0;
}

static int parse_all(struct df_pair *pair, struct df_hold_conf *hold,
		     struct genl_info *info, const u8 *mac)
{
	const struct nlattr *attr;
	int left, err = 0;

	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), left) {
		if (nla_type(attr) == DF_A_PORT_PAIR)
			err = pair_parse(pair++, info, attr, mac);
		else if (nla_type(attr) == DF_A_PORT_HOLD)
			err = hold_parse(hold++, info, attr);
		if (err)
			return err;
	}
	return 0;
}

/**
 * df_pairs_parse() - read the allowed address pairs of a port, and its claims
 * @conf: the MAC is there; the result
 * @info: the request
 *
 * Follow with df_pairs_parse_free() in any case.
 *
 * Return: 0 or -errno.
 */
int df_pairs_parse(struct df_port_conf *conf, struct genl_info *info)
{
	int pair_count = df_request_count(info, DF_A_PORT_PAIR);
	int hold_count = df_request_count(info, DF_A_PORT_HOLD);
	struct df_hold_conf *holds;
	struct df_pair *pairs;

	if (pair_count > DRAGONFLOW_PAIRS_MAX)
		return df_request_refuse(info, info->attrs[DF_A_PORT_PAIR],
					 "The port has too many pairs");
	if (hold_count > DRAGONFLOW_HOLDS_MAX)
		return df_request_refuse(info, info->attrs[DF_A_PORT_HOLD],
					 "The port has too many claims");
	if (!pair_count && !hold_count)
		return 0;
	pairs = kcalloc(pair_count, sizeof(*pairs), GFP_KERNEL);
	conf->pairs = pairs;
	holds = kcalloc(hold_count, sizeof(*holds), GFP_KERNEL);
	conf->holds = holds;
	if (!pairs || !holds)
		return -ENOMEM;
	conf->pair_count = pair_count;
	conf->hold_count = hold_count;
	return parse_all(pairs, holds, info, conf->mac);
}

void df_pairs_parse_free(const struct df_port_conf *conf)
{
	kfree(conf->pairs);
	kfree(conf->holds);
}

/* --- answers --------------------------------------------------------------- */

static int pair_fill(struct sk_buff *msg, const struct df_pair *pair)
{
	struct nlattr *nest = nla_nest_start(msg, DF_A_PORT_PAIR);
	u8 len = pair->len;

	if (ipv6_addr_v4mapped(&pair->ip))
		len -= MAPPED_LEN;
	if (!nest || nla_put(msg, DF_A_ADDRESS_PAIR_MAC, ETH_ALEN, pair->mac) ||
	    df_ip_fill(msg, DF_A_ADDRESS_PAIR_IP4, DF_A_ADDRESS_PAIR_IP6,
		       &pair->ip) ||
	    nla_put_u8(msg, DF_A_ADDRESS_PAIR_PREFIX_LEN, len))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

int df_pairs_fill(struct sk_buff *msg, const struct df_port *port)
{
	int i;

	if (!port->pairs)
		return 0;
	for (i = 0; i < port->pairs->count; i++)
		if (pair_fill(msg, &port->pairs->pair[i]))
			return -EMSGSIZE;
	return 0;
}

static bool is_active(const struct df_net *dn, const struct df_hold *hold)
{
	const struct df_shared *shared = hold->shares[DF_NAME_IP].shared;

	return hold == rcu_dereference_protected(shared->holder,
						 df_is_locked(dn));
}

static int hold_fill(struct sk_buff *msg, const struct df_net *dn,
		     const struct df_hold *hold)
{
	struct nlattr *nest = nla_nest_start(msg, DF_A_PORT_HOLD);

	if (!nest || nla_put(msg, DF_A_ADDRESS_HOLD_MAC, ETH_ALEN, hold->mac) ||
	    df_ip_fill(msg, DF_A_ADDRESS_HOLD_IP4, DF_A_ADDRESS_HOLD_IP6,
		       &hold->address.key.ip) ||
	    nla_put_u64_64bit(msg, DF_A_ADDRESS_HOLD_SINCE, hold->since,
			      DF_A_ADDRESS_HOLD_PAD) ||
	    (is_active(dn, hold) &&
	     nla_put_flag(msg, DF_A_ADDRESS_HOLD_ACTIVE)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* What the port has claimed. */
int df_holds_fill(struct sk_buff *msg, const struct df_net *dn,
		  const struct df_port *port)
{
	const struct df_hold *hold;

	if (!port->pairs)
		return 0;
	list_for_each_entry(hold, &port->pairs->holds, list)
		if (hold->since && hold_fill(msg, dn, hold))
			return -EMSGSIZE;
	return 0;
}
