// SPDX-License-Identifier: GPL-2.0
/*
 * Lookups: where a stage does not know who has an address, of a network whose
 * ports are known on demand. What the packet waits in is made once the stages
 * have been asked, see path/lookup.c.
 */
#include <linux/etherdevice.h>

#include "stage/trace.h"
#include "table/local.h"
#include "table/lookup.h"
#include "table/network.h"

/* Return: 0 if there is no use in asking, or %DF_STAGE_LOOKUP. */
static int look_up(struct df_pkt *pkt, const struct df_name *key)
{
	const struct df_lookup *lookup;
	bool is_absent;

	if (df_name_is_known(pkt->dn, key))
		return 0;
	lookup = df_lookup_find_rcu(pkt->dn, key);
	is_absent = lookup && READ_ONCE(lookup->state) ==
		DRAGONFLOW_LOOKUP_STATE_ABSENT;
	df_trace_lookup(pkt, key, is_absent);
	if (is_absent)
		return 0;
	pkt->answer.lookup = *key;
	return DF_STAGE_LOOKUP;
}

/* Those of other hypervisors look for whom they send to themselves. */
static bool may_ask(const struct df_pkt *pkt, const struct df_network *network)
{
	return df_network_is_on_demand(network) && !pkt->in->is_tunnel;
}

/**
 * df_pkt_look_up_ip() - nobody is known to have an IP address
 * @pkt: the packet that is for it, or asks for it
 * @network: the network of the address
 * @ip: the address, IPv4 mapped
 *
 * Return: 0 if that is all there is to it; %DF_STAGE_LOOKUP if somebody is to
 * be looked for, and then the stage returns that.
 */
int df_pkt_look_up_ip(struct df_pkt *pkt, const struct df_network *network,
		      const struct in6_addr *ip)
{
	struct df_name key = df_name_of_ip(network->obj.id, ip);

	if (!may_ask(pkt, network) || !df_ip_is_unicast(ip))
		return 0;
	return look_up(pkt, &key);
}

/* Likewise, an Ethernet address of the packet's network. */
int df_pkt_look_up_mac(struct df_pkt *pkt, const u8 *mac)
{
	struct df_name key = df_name_of_mac(pkt->network->obj.id, mac);

	if (!may_ask(pkt, pkt->network) || !is_valid_ether_addr(mac))
		return 0;
	return look_up(pkt, &key);
}
