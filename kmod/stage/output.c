// SPDX-License-Identifier: GPL-2.0
/* Output: how does the packet get to where it goes? */
#include "stage/stage.h"
#include "table/network.h"
#include "table/port.h"

int df_stage_output(struct df_pkt *pkt)
{
	const struct df_port *out = pkt->out;
	struct df_action *action = &pkt->decision.action;

	if (!out) {
		action->type = DRAGONFLOW_ACTION_TYPE_FLOOD;
		action->network = pkt->network;
	} else if (df_port_is_down(out)) {
		return DRAGONFLOW_DROP_REASON_ADMIN_DOWN;
	} else if (df_port_is_local(out)) {
		action->type = DRAGONFLOW_ACTION_TYPE_OUTPUT;
		action->local = out->local;
	} else {
		action->type = DRAGONFLOW_ACTION_TYPE_TUNNEL;
		action->tun_id = READ_ONCE(pkt->network->vni);
		action->peer = out->peer;
	}
	return 0;
}
