// SPDX-License-Identifier: GPL-2.0
/* Claims: what is heard about who has a shared address. */
#include <linux/etherdevice.h>
#include <linux/timekeeping.h>
#include <net/ipv6.h>

#include "table/chassis.h"
#include "table/hold.h"
#include "table/peer.h"

/*
 * Is a remote port at the hypervisor with this underlay address? Caller in RCU or
 * under the lock.
 */
bool df_port_is_at(const struct df_port *port, const struct in6_addr *from)
{
	/* It may just change; then the answer is of no use for long. */
	struct df_underlay underlay = data_race(port->peer->chassis->underlay);
	struct in6_addr remote = underlay.remote6;

	if (underlay.family == AF_INET)
		ipv6_addr_set_v4mapped(underlay.remote4, &remote);
	return ipv6_addr_equal(&remote, from);
}

/*
 * Which remote port was it? That with the MAC, or of those that share it one at
 * the hypervisor that the packet came from: all of them are reached there.
 */
static struct df_port *remote_claimant(struct df_net *dn,
				       const struct df_claim *claim)
{
	struct df_port *port = df_port_find_mac(dn, claim->network, claim->mac);
	const struct df_shared *shared;
	const struct df_share *share;
	struct df_port *found = NULL;

	if (port)
		return port;
	shared = df_shared_find_mac(dn, claim->network, claim->mac);
	if (!shared)
		return NULL;
	list_for_each_entry(share, &shared->shares, list) {
		port = share->hold->port;
		if (!df_port_is_local(port) && df_port_is_at(port, &claim->from) &&
		    (!found || port->obj.id < found->obj.id))
			found = port;
	}
	return found;
}

static struct df_port *claimant(struct df_net *dn, const struct df_claim *claim)
{
	struct df_port *port = claim->port ? df_port_find(dn, claim->port) :
		remote_claimant(dn, claim);

	if (!port || port->mac_key.network != claim->network ||
	    port->type != (claim->port ? DRAGONFLOW_PORT_TYPE_VIF :
			   DRAGONFLOW_PORT_TYPE_REMOTE) ||
	    !df_port_may_have(port, &claim->ip, claim->mac))
		return NULL;
	return port;
}

/*
 * Clocks of hypervisors differ; who has heard of a claim says that his is later.
 */
static u64 later_than_all(const struct df_shared *shared)
{
	u64 now = ktime_to_ms(ktime_get_real());
	const struct df_share *share;

	list_for_each_entry(share, &shared->shares, list)
		now = max(now, share->hold->since + 1);
	return now;
}

/**
 * df_claim_apply() - a port has claimed an address
 * @dn: namespace, its lock held
 * @claim: what was heard
 * @claimed: who has it now, and who had it; zero if nothing has changed
 */
void df_claim_apply(struct df_net *dn, const struct df_claim *claim,
		    struct df_claimed *claimed)
{
	struct df_port *port = claimant(dn, claim);
	struct df_shared *shared;
	struct df_hold *hold, *old;

	lockdep_assert_held(&dn->lock);
	*claimed = (struct df_claimed) {};
	hold = port ? df_hold_get(dn, port, &claim->ip, claim->mac) : NULL;
	if (!hold)
		return;
	shared = hold->shares[DF_NAME_IP].shared;
	old = rcu_dereference_protected(shared->holder, df_is_locked(dn));
	if (old == hold && hold->since)
		return;
	hold->since = later_than_all(shared);
	df_hold_elect(dn, hold);
	if (hold != rcu_dereference_protected(shared->holder, df_is_locked(dn)))
		return;
	claimed->holder = port->obj.id;
	if (old && old->port != port)
		claimed->loser = old->port->obj.id;
}

/**
 * df_claim_is_news() - may a claim change anything?
 * @dn: namespace
 * @claim: what was heard
 *
 * Context: packet path, RCU.
 *
 * Return: whether it may; most say again what is known.
 */
bool df_claim_is_news(struct df_net *dn, const struct df_claim *claim)
{
	const struct df_shared *shared;
	const struct df_port *port;
	const struct df_hold *hold;

	shared = df_shared_find_ip(dn, claim->network, &claim->ip);
	hold = shared ? rcu_dereference(shared->holder) : NULL;
	if (!hold) {
		if (claim->port)
			return true;
		port = df_port_find_mac(dn, claim->network, claim->mac);
		return port && df_port_may_have(port, &claim->ip, claim->mac);
	}
	if (!READ_ONCE(hold->since) || !ether_addr_equal(hold->mac, claim->mac))
		return true;
	if (claim->port)
		return hold->port->obj.id != claim->port;
	return df_port_is_local(hold->port) || !df_port_is_at(hold->port, &claim->from);
}
