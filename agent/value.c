// SPDX-License-Identifier: GPL-2.0
/* What kernel objects say, as far as it can be held, let go and compared. */
#include "state.h"

#include <string.h>

#include <linux/dragonflow.h>

struct dfa_addrs **dfa_value_addrs(enum dfa_kind kind, union dfa_value *value)
{
	switch (kind) {
	case DFA_PORT:
		return &value->port.addrs;
	case DFA_INTERFACE:
		return &value->interface.addrs;
	case DFA_ROUTE:
		return &value->route.nexthops;
	default:
		return NULL;
	}
}

void dfa_value_get(enum dfa_kind kind, union dfa_value *value)
{
	struct dfa_addrs **addrs = dfa_value_addrs(kind, value);

	if (addrs)
		dfa_addrs_get(*addrs);
	if (kind == DFA_PORT) {
		dfa_pairs_get(value->port.pairs);
		dfa_ids_get(value->port.groups);
	}
}

void dfa_value_put(enum dfa_kind kind, union dfa_value *value)
{
	struct dfa_addrs **addrs = dfa_value_addrs(kind, value);

	if (addrs)
		dfa_addrs_put(*addrs);
	if (kind == DFA_PORT) {
		dfa_pairs_put(value->port.pairs);
		dfa_ids_put(value->port.groups);
	}
}

/* But for what it may have. */
static bool port_equal(const struct dfa_port_value *a,
		       const struct dfa_port_value *b)
{
	return a->type == b->type && a->flags == b->flags &&
	       a->network == b->network && a->chassis == b->chassis &&
	       a->connection_limit == b->connection_limit &&
	       memcmp(a->mac, b->mac, 6) == 0 &&
	       dfa_addrs_equal(a->addrs, b->addrs) &&
	       dfa_ids_equal(a->groups, b->groups);
}

static bool chassis_equal(const struct dfa_chassis_value *a,
			  const struct dfa_chassis_value *b)
{
	return a->tunnel == b->tunnel &&
	       dfa_address_equal(&a->remote, &b->remote) &&
	       dfa_address_equal(&a->local, &b->local);
}

static bool interface_equal(const struct dfa_interface_value *a,
			    const struct dfa_interface_value *b)
{
	return a->router == b->router && a->network == b->network &&
	       a->mtu == b->mtu && a->flags == b->flags &&
	       memcmp(a->mac, b->mac, 6) == 0 &&
	       dfa_addrs_equal(a->addrs, b->addrs);
}

static bool route_equal(const struct dfa_route_value *a,
			const struct dfa_route_value *b)
{
	return a->router == b->router && a->prefix_len == b->prefix_len &&
	       a->type == b->type &&
	       dfa_address_equal(&a->prefix, &b->prefix) &&
	       dfa_addrs_equal(a->nexthops, b->nexthops);
}

static bool rule_equal(const struct dfa_rule_value *a,
		       const struct dfa_rule_value *b)
{
	return a->group == b->group && a->set == b->set &&
	       a->prefix_len == b->prefix_len &&
	       dfa_address_equal(&a->prefix, &b->prefix) &&
	       a->direction == b->direction && a->version == b->version &&
	       a->protocol == b->protocol && a->icmp_type == b->icmp_type &&
	       a->icmp_code == b->icmp_code && a->has_ports == b->has_ports &&
	       a->port_min == b->port_min && a->port_max == b->port_max;
}

bool dfa_value_equal(enum dfa_kind kind, const union dfa_value *a,
		     const union dfa_value *b)
{
	switch (kind) {
	case DFA_NETWORK:
		return a->network.vni == b->network.vni &&
		       a->network.flags == b->network.flags;
	case DFA_PORT:
		return port_equal(&a->port, &b->port) &&
		       dfa_pairs_equal(a->port.pairs, b->port.pairs);
	case DFA_CHASSIS:
		return chassis_equal(&a->chassis, &b->chassis);
	case DFA_ROUTER:
		return a->router.flags == b->router.flags;
	case DFA_INTERFACE:
		return interface_equal(&a->interface, &b->interface);
	case DFA_ROUTE:
		return route_equal(&a->route, &b->route);
	case DFA_GROUP:
		return a->group.flags == b->group.flags;
	case DFA_RULE:
		return rule_equal(&a->rule, &b->rule);
	case DFA_SET:
	case DFA_MEMBER:
		return true; /* as the id is */
	case DFA_KINDS:
		break;
	}
	return false;
}

bool dfa_value_suffices(enum dfa_kind kind, const union dfa_value *have,
			const union dfa_value *want)
{
	if (kind == DFA_PORT)
		return port_equal(&have->port, &want->port) &&
		       dfa_pairs_suffice(have->port.pairs, want->port.pairs);
	return dfa_value_equal(kind, have, want);
}
