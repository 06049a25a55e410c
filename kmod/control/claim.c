// SPDX-License-Identifier: GPL-2.0
#include <net/genetlink.h>

#include "control/claim.h"
#include "control/event.h"
#include "control/netlink.h"
#include "control/netlink_gen.h"
#include "control/pair.h"
#include "path/claim.h"

static int hold_message_fill(struct sk_buff *msg, struct df_net *dn,
			     const struct df_port *port)
{
	if (nla_put_u32(msg, DF_A_PORT_ID, port->obj.id) ||
	    nla_put_u32(msg, DF_A_PORT_NETWORK, port->mac_key.network))
		return -EMSGSIZE;
	return df_holds_fill(msg, dn, port);
}

static struct sk_buff *hold_message(struct df_net *dn,
				    const struct df_port *port)
{
	struct sk_buff *msg = genlmsg_new(DF_MESSAGE_SIZE, GFP_KERNEL);
	void *header;

	if (!msg)
		return NULL;
	header = genlmsg_put(msg, 0, 0, &df_genl_family, 0,
			     DF_CMD_PORT_HOLD_NTF);
	if (!header || hold_message_fill(msg, dn, port)) {
		nlmsg_free(msg);
		return NULL;
	}
	genlmsg_end(msg, header);
	return msg;
}

/* Tell what the port holds now; a listener without room learns of the loss. */
static void tell(struct df_net *dn, u32 id)
{
	const struct df_port *port = df_port_find(dn, id);
	struct sk_buff *msg;

	if (!port || !genl_has_listeners(&df_genl_family, dn->net,
					 DRAGONFLOW_NLGRP_HOLD))
		return;
	msg = hold_message(dn, port);
	if (msg)
		genlmsg_multicast_netns(&df_genl_family, dn->net, msg, 0,
					DRAGONFLOW_NLGRP_HOLD, GFP_KERNEL);
	else
		genl_set_err(&df_genl_family, dn->net, 0,
			     DRAGONFLOW_NLGRP_HOLD, -ENOMEM);
}

void df_claims_work(struct work_struct *work)
{
	struct df_net *dn = df_claims_net(work);
	struct df_claimed claimed;
	struct df_claim claim;

	while (df_claim_next(dn->claims, &claim)) {
		mutex_lock(&dn->lock);
		df_change_begin(dn);
		df_claim_apply(dn, &claim, &claimed);
		df_change_end(dn);
		if (claimed.loser)
			tell(dn, claimed.loser);
		if (claimed.holder)
			tell(dn, claimed.holder);
		mutex_unlock(&dn->lock);
	}
}
