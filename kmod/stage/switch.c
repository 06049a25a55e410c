// SPDX-License-Identifier: GPL-2.0
/* Switch: which port of the network has the destination address? */
#include <linux/etherdevice.h>

#include "stage/stage.h"
#include "table/local.h"
#include "table/network.h"
#include "table/port.h"

/* Is @out where the packet came from: the same port, or another tunnel? */
static bool is_reflection(const struct df_pkt *pkt, const struct df_port *out)
{
	if (df_port_is_local(out))
		return out->local == pkt->in;
	return pkt->in->is_tunnel;
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
		return DRAGONFLOW_DROP_REASON_UNKNOWN_DESTINATION;
	df_pkt_depend(pkt, DF_GENERATION_PORT, out->obj.id);
	if (is_reflection(pkt, out))
		return DRAGONFLOW_DROP_REASON_REFLECTION;
	pkt->out = out;
	return 0;
}
