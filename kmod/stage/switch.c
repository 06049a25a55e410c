// SPDX-License-Identifier: GPL-2.0
/* Switch: which port of the network has the destination address? */
#include <linux/etherdevice.h>
#include <net/dst.h>
#include <net/ipv6.h>

#include "path/tunnel.h"
#include "stage/stage.h"
#include "table/local.h"
#include "table/network.h"
#include "table/port.h"

/*
 * Is the packet late, for a port that was here and is now elsewhere? No entry is
 * kept: it would not know any more where a packet came from, and two who take
 * each other for the place would go on for ever.
 */
static bool may_relay(struct df_pkt *pkt, const struct df_port *out)
{
	struct in6_addr from;

	if (!(out->flags & DRAGONFLOW_PORT_FLAG_RELAY))
		return false;
	df_tunnel_source(&from, pkt->skb);
	if (ipv6_addr_any(&from) || df_port_is_at(out, &from))
		return false;
	df_pkt_keep_nothing(pkt);
	/* The next tunnel is not to find what the last one said. */
	skb_dst_drop(pkt->skb);
	return true;
}

/* Is @out where the packet came from: the same port, or another tunnel? */
static bool is_reflection(struct df_pkt *pkt, const struct df_port *out)
{
	if (df_port_is_local(out))
		return out->local == pkt->in;
	return pkt->in->is_tunnel && !may_relay(pkt, out);
}

/* The port that has the destination address; its own, or shared. */
static struct df_port *find(struct df_pkt *pkt)
{
	const u8 *mac = pkt->key.eth_dst;
	u32 network = pkt->network->obj.id;
	struct df_port *port = df_port_find_mac(pkt->dn, network, mac);
	const struct df_hold *hold;

	if (port)
		return port;
	hold = df_pkt_holder(pkt, df_shared_find_mac(pkt->dn, network, mac));
	return hold ? hold->port : NULL;
}

int df_stage_switch(struct df_pkt *pkt)
{
	struct df_port *out;

	/* A router has found its neighbour. */
	if (pkt->out)
		return 0;
	if (is_multicast_ether_addr(pkt->key.eth_dst))
		return 0;
	out = find(pkt);
	if (!out)
		return df_pkt_look_up_mac(pkt, pkt->key.eth_dst) ?:
			DRAGONFLOW_DROP_REASON_UNKNOWN_DESTINATION;
	df_pkt_depend(pkt, DF_GENERATION_PORT, out->obj.id);
	if (is_reflection(pkt, out))
		return DRAGONFLOW_DROP_REASON_REFLECTION;
	pkt->out = out;
	return 0;
}
