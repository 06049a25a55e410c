// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "generation.h"
#include "table/chassis.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/lookup.h"
#include "table/network.h"
#include "table/peer.h"
#include "table/port.h"

static int network_check(struct df_net *dn, const struct df_network_conf *conf,
			 struct df_refusal *why)
{
	struct df_network *holder;

	if (conf->vni == DF_VNI_NONE)
		return 0;
	holder = xa_load(&dn->vnis, conf->vni);
	if (holder && holder->obj.id != conf->id)
		return df_refuse(why, -EEXIST, DF_A_NETWORK_VNI,
				 "Another network has this VNI");
	return 0;
}

static int network_add(struct df_net *dn, const struct df_network_conf *conf)
{
	struct df_network *network;
	int err;

	network = kzalloc(sizeof(*network), GFP_KERNEL_ACCOUNT);
	if (!network)
		return -ENOMEM;
	network->obj.id = conf->id;
	network->vni = conf->vni;
	network->flags = conf->flags;
	INIT_LIST_HEAD(&network->vifs);
	INIT_LIST_HEAD(&network->peers);
	INIT_LIST_HEAD(&network->interfaces);
	if (conf->vni != DF_VNI_NONE) {
		err = xa_err(xa_store(&dn->vnis, conf->vni, network,
				      GFP_KERNEL));
		if (err)
			goto err_network;
	}
	err = df_table_add(&dn->networks, &network->obj);
	if (err)
		goto err_vni;
	return 0;

err_vni:
	if (conf->vni != DF_VNI_NONE)
		xa_erase(&dn->vnis, conf->vni);
err_network:
	/* Packets may have found it by its VNI. */
	kfree_rcu(network, rcu);
	return err;
}

/* Give every peer of @network the encapsulation for @vni; all or none. */
static int network_prepare_peers(struct df_network *network, u32 vni)
{
	struct df_peer *peer;
	int err;

	list_for_each_entry(peer, &network->peers, of_network) {
		err = df_peer_prepare(peer, &peer->chassis->underlay, vni);
		if (err)
			goto err_prepare;
	}
	return 0;

err_prepare:
	list_for_each_entry(peer, &network->peers, of_network)
		df_peer_abort(peer);
	return err;
}

static int network_change_vni(struct df_net *dn, struct df_network *network,
			      u32 vni)
{
	u32 old = network->vni;
	struct df_peer *peer;
	int err;

	err = network_prepare_peers(network, vni);
	if (err)
		return err;
	if (vni != DF_VNI_NONE) {
		err = xa_err(xa_store(&dn->vnis, vni, network, GFP_KERNEL));
		if (err)
			goto err_peers;
	}
	if (old != DF_VNI_NONE)
		xa_erase(&dn->vnis, old);
	WRITE_ONCE(network->vni, vni);
	list_for_each_entry(peer, &network->peers, of_network)
		df_peer_commit(peer, peer->chassis->tunnel);
	return 0;

err_peers:
	list_for_each_entry(peer, &network->peers, of_network)
		df_peer_abort(peer);
	return err;
}

/**
 * df_network_set() - create a network, or change the one with this id
 * @dn: namespace, its lock held
 * @conf: what it shall be
 * @why: filled when the request breaks a rule
 *
 * Return: 0, or -errno; then nothing has changed.
 */
int df_network_set(struct df_net *dn, const struct df_network_conf *conf,
		   struct df_refusal *why)
{
	struct df_network *network;
	int err;

	lockdep_assert_held(&dn->lock);
	err = network_check(dn, conf, why);
	if (err)
		return err;
	network = df_network_find(dn, conf->id);
	if (!network)
		return network_add(dn, conf);
	if (network->vni != conf->vni) {
		err = network_change_vni(dn, network, conf->vni);
		if (err)
			return err;
	}
	WRITE_ONCE(network->flags, conf->flags);
	if (!df_network_is_on_demand(network))
		df_lookup_end_network(dn, conf->id);
	df_generation_move(dn, DF_GENERATION_NETWORK, conf->id);
	return 0;
}

static void network_remove(struct df_net *dn, struct df_network *network)
{
	if (network->vni != DF_VNI_NONE)
		xa_erase(&dn->vnis, network->vni);
	df_table_del(&dn->networks, &network->obj);
	df_lookup_end_network(dn, network->obj.id);
	df_generation_move(dn, DF_GENERATION_NETWORK, network->obj.id);
	kfree_rcu(network, rcu);
}

int df_network_del(struct df_net *dn, u32 id, struct df_refusal *why)
{
	struct df_network *network = df_network_find(dn, id);

	lockdep_assert_held(&dn->lock);
	if (!network)
		return df_refuse(why, -ENOENT, DF_A_NETWORK_ID,
				 "No network has this id");
	if (network->ports)
		return df_refuse(why, -EBUSY, DF_A_NETWORK_ID,
				 "The network has ports");
	if (network->interface_count)
		return df_refuse(why, -EBUSY, DF_A_NETWORK_ID,
				 "The network has router interfaces");
	network_remove(dn, network);
	return 0;
}

/* Tell the ports which destinations may be routers: after a change of those. */
void df_network_filter_macs(struct df_net *dn, struct df_network *network)
{
	const struct df_interface_state *state;
	const struct df_interface *interface;
	const struct df_port *port;
	unsigned long macs = 0;

	list_for_each_entry(interface, &network->interfaces, of_network) {
		state = rcu_dereference_protected(interface->state,
						  df_is_locked(dn));
		macs |= df_flow_mac_bit(state->mac_key.mac);
	}
	WRITE_ONCE(network->router_macs, macs);
	list_for_each_entry(port, &network->vifs, of_network)
		WRITE_ONCE(port->local->flows.router_macs, macs);
}

/* At the end of a namespace; ports and router interfaces are gone. */
void df_network_del_all(struct df_net *dn)
{
	struct df_network *network, *next;

	list_for_each_entry_safe(network, next, &dn->networks.list, obj.list)
		network_remove(dn, network);
}
