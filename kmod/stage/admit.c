// SPDX-License-Identifier: GPL-2.0
/* Admit: may the packet enter, and which network does it enter? */
#include <linux/etherdevice.h>

#include "stage/stage.h"
#include "table/local.h"
#include "table/network.h"
#include "table/port.h"

static bool vlan_is_denied(const struct df_pkt *pkt)
{
	return pkt->key.vlan_tci &&
	       !(READ_ONCE(pkt->network->flags) &
		 DRAGONFLOW_NETWORK_FLAG_VLAN_TRANSPARENT);
}

int df_stage_admit(struct df_pkt *pkt)
{
	const struct df_port *port = pkt->in_port;

	df_pkt_depend(pkt, DF_GENERATION_PORT, pkt->in->id);
	if (df_port_is_down(port))
		return DRAGONFLOW_DROP_REASON_ADMIN_DOWN;
	if (!is_valid_ether_addr(pkt->key.eth_src))
		return DRAGONFLOW_DROP_REASON_SOURCE_MULTICAST;

	pkt->network = port->network;
	if (!pkt->network)
		pkt->network = df_network_find_vni(pkt->dn, pkt->key.tun_id);
	if (!pkt->network)
		return DRAGONFLOW_DROP_REASON_UNKNOWN_NETWORK;
	df_pkt_depend(pkt, DF_GENERATION_NETWORK, pkt->network->obj.id);
	if (vlan_is_denied(pkt))
		return DRAGONFLOW_DROP_REASON_VLAN;
	return 0;
}
