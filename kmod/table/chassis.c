// SPDX-License-Identifier: GPL-2.0
#include <linux/slab.h>

#include "table/chassis.h"
#include "table/local.h"
#include "table/network.h"
#include "table/peer.h"
#include "table/port.h"

/* The tunnel that @conf names, counted as used, or NULL with @why filled. */
static struct df_local *chassis_tunnel(struct df_net *dn,
				       const struct df_chassis_conf *conf,
				       struct df_refusal *why, int *err)
{
	struct df_port *port = df_port_find(dn, conf->tunnel);

	if (!port) {
		*err = df_refuse(why, -ENOENT, DF_A_CHASSIS_TUNNEL,
				 "No port has this id");
		return NULL;
	}
	if (port->type != DRAGONFLOW_PORT_TYPE_TUNNEL) {
		*err = df_refuse(why, -EINVAL, DF_A_CHASSIS_TUNNEL,
				 "The port is not a tunnel");
		return NULL;
	}
	return port->local;
}

static int chassis_add(struct df_net *dn, const struct df_chassis_conf *conf,
		       struct df_local *tunnel)
{
	struct df_chassis *chassis;
	int err;

	chassis = kzalloc(sizeof(*chassis), GFP_KERNEL_ACCOUNT);
	if (!chassis)
		return -ENOMEM;
	chassis->obj.id = conf->id;
	chassis->underlay = conf->underlay;
	chassis->tunnel = tunnel;
	INIT_LIST_HEAD(&chassis->peers);
	err = df_table_add(&dn->chassis, &chassis->obj);
	if (err) {
		kfree(chassis);
		return err;
	}
	tunnel->users++;
	return 0;
}

static int chassis_change(struct df_chassis *chassis,
			  const struct df_chassis_conf *conf,
			  struct df_local *tunnel)
{
	struct df_peer *peer;
	int err;

	list_for_each_entry(peer, &chassis->peers, of_chassis) {
		err = df_peer_prepare(peer, &conf->underlay,
				      peer->network->vni);
		if (err)
			goto err_prepare;
	}
	list_for_each_entry(peer, &chassis->peers, of_chassis)
		df_peer_commit(peer, tunnel);
	chassis->underlay = conf->underlay;
	chassis->tunnel->users--;
	chassis->tunnel = tunnel;
	tunnel->users++;
	return 0;

err_prepare:
	list_for_each_entry(peer, &chassis->peers, of_chassis)
		df_peer_abort(peer);
	return err;
}

/**
 * df_chassis_set() - create a chassis, or change the one with this id
 * @dn: namespace, its lock held
 * @conf: what it shall be
 * @why: filled when the request breaks a rule
 *
 * Packets that flow entries send to it follow a change at once: the entries
 * name the peer, and the peer is told.
 *
 * Return: 0, or -errno; then nothing has changed.
 */
int df_chassis_set(struct df_net *dn, const struct df_chassis_conf *conf,
		   struct df_refusal *why)
{
	struct df_chassis *chassis;
	struct df_local *tunnel;
	int err = 0;

	lockdep_assert_held(&dn->lock);
	tunnel = chassis_tunnel(dn, conf, why, &err);
	if (!tunnel)
		return err;
	chassis = df_chassis_find(dn, conf->id);
	if (!chassis)
		return chassis_add(dn, conf, tunnel);
	return chassis_change(chassis, conf, tunnel);
}

static void chassis_remove(struct df_net *dn, struct df_chassis *chassis)
{
	chassis->tunnel->users--;
	df_table_del(&dn->chassis, &chassis->obj);
	kfree_rcu(chassis, rcu);
}

int df_chassis_del(struct df_net *dn, u32 id, struct df_refusal *why)
{
	struct df_chassis *chassis = df_chassis_find(dn, id);

	lockdep_assert_held(&dn->lock);
	if (!chassis)
		return df_refuse(why, -ENOENT, DF_A_CHASSIS_ID,
				 "No chassis has this id");
	if (chassis->networks)
		return df_refuse(why, -EBUSY, DF_A_CHASSIS_ID,
				 "The chassis holds ports");
	chassis_remove(dn, chassis);
	return 0;
}

/* At the end of a namespace; remote ports are gone, tunnels are not yet. */
void df_chassis_del_all(struct df_net *dn)
{
	struct df_chassis *chassis, *next;

	list_for_each_entry_safe(chassis, next, &dn->chassis.list, obj.list)
		chassis_remove(dn, chassis);
}
