// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "generation.h"
#include "table/chassis.h"
#include "table/hold.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/lookup.h"
#include "table/network.h"
#include "table/peer.h"
#include "table/port.h"
#include "table/secgroup.h"

static const struct rhashtable_params mac_params = {
	.head_offset = offsetof(struct df_port, mac),
	.key_offset = offsetof(struct df_port, mac_key),
	.key_len = sizeof_field(struct df_port, mac_key),
	.automatic_shrinking = true,
};

int df_ports_init(struct df_net *dn)
{
	int err;

	err = rhashtable_init(&dn->macs, &mac_params);
	if (err)
		return err;
	err = df_table_init(&dn->ports);
	if (err)
		rhashtable_destroy(&dn->macs);
	return err;
}

void df_ports_fini(struct df_net *dn)
{
	df_table_fini(&dn->ports);
	rhashtable_destroy(&dn->macs);
}

/* The port with this address, or NULL. Caller in RCU or under the lock. */
struct df_port *df_port_find_mac(struct df_net *dn, u32 network, const u8 *mac)
{
	struct df_mac_key key = { .network = network };

	ether_addr_copy(key.mac, mac);
	return rhashtable_lookup_fast(&dn->macs, &key, mac_params);
}

static bool port_is_tunnel(const struct df_port_conf *conf)
{
	return conf->type == DRAGONFLOW_PORT_TYPE_TUNNEL;
}

static int port_check_mac(struct df_net *dn, const struct df_port_conf *conf,
			  struct df_refusal *why)
{
	struct df_port *holder;

	if (!is_valid_ether_addr(conf->mac))
		return df_refuse(why, -EINVAL, DF_A_PORT_MAC,
				 "The MAC is a group address or zero");
	holder = df_port_find_mac(dn, conf->network, conf->mac);
	if (holder && holder->obj.id != conf->id)
		return df_refuse(why, -EEXIST, DF_A_PORT_MAC,
				 "Another port of the network has this MAC");
	if (df_interface_find_mac(dn, conf->network, conf->mac))
		return df_refuse(why, -EEXIST, DF_A_PORT_MAC,
				 "A router interface in the network has this MAC");
	return 0;
}

static const struct df_addresses no_addresses;

static struct df_addresses port_addresses(struct df_port *port)
{
	return port ? (struct df_addresses) {
		.list = port->addresses,
		.count = port->address_count,
	} : no_addresses;
}

/* Refuse an address, of which the message holds one attribute for each. */
static int refuse_address(struct df_refusal *why, int err,
			  const struct df_port_conf *conf, int at,
			  const char *message)
{
	bool is_ip4 = ipv6_addr_v4mapped(&conf->addresses[at]);
	int i;

	why->index = 0;
	for (i = 0; i < at; i++)
		why->index += is_ip4 ==
			ipv6_addr_v4mapped(&conf->addresses[i]);
	return df_refuse(why, err, is_ip4 ? DF_A_PORT_IP4 : DF_A_PORT_IP6,
			 message);
}

static int port_check_addresses(struct df_net *dn,
				const struct df_port_conf *conf,
				struct df_port *old, struct df_refusal *why)
{
	struct df_addresses has = port_addresses(old);
	int i, j;

	for (i = 0; i < conf->address_count; i++) {
		const struct in6_addr *ip = &conf->addresses[i];

		for (j = 0; j < i; j++)
			if (ipv6_addr_equal(&conf->addresses[j], ip))
				return refuse_address(why, -EINVAL, conf, i,
						      "The address is given twice");
		if (!df_address_is_free(dn, conf->network, ip, &has))
			return refuse_address(why, -EEXIST, conf, i,
					      "Another port or interface in the network has this address");
	}
	return 0;
}

static int port_check_groups(struct df_net *dn, const struct df_port_conf *conf,
			     struct df_refusal *why)
{
	int i, j;

	for (i = 0; i < conf->group_count; i++) {
		why->index = i;
		for (j = 0; j < i; j++)
			if (conf->groups[j] == conf->groups[i])
				return df_refuse(why, -EINVAL, DF_A_PORT_GROUP,
						 "The security group is given twice");
		if (!df_group_find(dn, conf->groups[i]))
			return df_refuse(why, -ENOENT, DF_A_PORT_GROUP,
					 "No security group has this id");
	}
	return 0;
}

static int port_check_place(struct df_net *dn, const struct df_port_conf *conf,
			    struct df_port *old, struct df_refusal *why)
{
	int err;

	if (!df_network_find(dn, conf->network))
		return df_refuse(why, -ENOENT, DF_A_PORT_NETWORK,
				 "No network has this id");
	err = port_check_mac(dn, conf, why);
	if (!err)
		err = port_check_addresses(dn, conf, old, why);
	if (!err)
		err = df_pairs_check(conf, why);
	if (err)
		return err;
	if (conf->type == DRAGONFLOW_PORT_TYPE_REMOTE &&
	    !df_chassis_find(dn, conf->chassis))
		return df_refuse(why, -ENOENT, DF_A_PORT_CHASSIS,
				 "No chassis has this id");
	return port_check_groups(dn, conf, why);
}

static int port_check(struct df_net *dn, const struct df_port_conf *conf,
		      struct df_port *old, struct df_refusal *why)
{
	bool was_tunnel = old && old->type == DRAGONFLOW_PORT_TYPE_TUNNEL;

	if (old && was_tunnel != port_is_tunnel(conf))
		return df_refuse(why, -EINVAL, DF_A_PORT_TYPE,
				 "A tunnel stays a tunnel, and only that");
	return port_is_tunnel(conf) ? 0 : port_check_place(dn, conf, old, why);
}

static void port_put_place(struct df_net *dn, struct df_port *port)
{
	if (port->type == DRAGONFLOW_PORT_TYPE_REMOTE)
		df_peer_put(dn, port->peer);
	else
		df_local_del(dn, port->local);
}

/* Give @port the peer or local part that it leads to; from @old if it can. */
static int port_get_place(struct df_net *dn, const struct df_port_conf *conf,
			  struct df_port *port, const struct df_port *old)
{
	struct df_peer *peer;

	if (conf->type == DRAGONFLOW_PORT_TYPE_REMOTE) {
		peer = df_peer_get(dn, port->network,
				   df_chassis_find(dn, conf->chassis));
		if (IS_ERR(peer))
			return PTR_ERR(peer);
		port->peer = peer;
		return 0;
	}
	if (old && df_port_is_local(old)) {
		port->local = old->local;
		return 0;
	}
	port->local = df_local_new(conf->id, port_is_tunnel(conf));
	return port->local ? 0 : -ENOMEM;
}

/* Undo port_get_place() of a port that was never published. */
static void port_drop_place(struct df_net *dn, struct df_port *port,
			    const struct df_port *old)
{
	if (port->type == DRAGONFLOW_PORT_TYPE_REMOTE)
		df_peer_put(dn, port->peer);
	else if (!old || !df_port_is_local(old))
		df_local_free(port->local);
}

/* Connections and fragments have a place from the first groups on. */
static int port_get_zone(struct df_net *dn, const struct df_port *port)
{
	if (!port->policy || port->local->zone)
		return 0;
	port->local->zone = df_ct_zone_new(dn);
	return port->local->zone ? 0 : -ENOMEM;
}

static struct df_port *port_new(struct df_net *dn,
				const struct df_port_conf *conf,
				const struct df_port *old)
{
	struct df_port *port;
	int i, err;

	port = kzalloc(struct_size(port, addresses, conf->address_count),
		       GFP_KERNEL_ACCOUNT);
	if (!port)
		return ERR_PTR(-ENOMEM);
	port->obj.id = conf->id;
	port->type = conf->type;
	port->flags = conf->flags;
	port->used = old ? READ_ONCE(old->used) : jiffies;
	port->address_count = conf->address_count;
	for (i = 0; i < conf->address_count; i++)
		port->addresses[i] = (struct df_address) {
			.key.network = conf->network,
			.key.ip = conf->addresses[i],
			.owner = DF_ADDRESS_PORT,
			.index = i,
		};
	if (!port_is_tunnel(conf)) {
		port->network = df_network_find(dn, conf->network);
		port->mac_key.network = conf->network;
		ether_addr_copy(port->mac_key.mac, conf->mac);
	}
	err = -ENOMEM;
	if (conf->group_count) {
		port->policy = df_policy_new(dn, conf->id, conf->groups,
					     conf->group_count);
		if (!port->policy)
			goto err_port;
	}
	err = df_pairs_new(dn, port, conf, old);
	if (err)
		goto err_policy;
	err = port_get_place(dn, conf, port, old);
	if (err)
		goto err_pairs;
	err = port_get_zone(dn, port);
	if (err)
		goto err_place;
	return port;

err_place:
	port_drop_place(dn, port, old);
err_pairs:
	df_pairs_free(dn, port);
err_policy:
	df_policy_free(port->policy);
err_port:
	kfree(port);
	return ERR_PTR(err);
}

/*
 * Make @port findable by its addresses; @old may hold the same. On failure it
 * is not, and @old still is.
 */
static int port_publish_mac(struct df_net *dn, struct df_port *port,
			    struct df_port *old)
{
	if (!port->network)
		return 0;
	if (old && !memcmp(&old->mac_key, &port->mac_key, sizeof(port->mac_key)))
		return rhashtable_replace_fast(&dn->macs, &old->mac,
					       &port->mac, mac_params);
	return rhashtable_insert_fast(&dn->macs, &port->mac, mac_params);
}

static void port_retract_mac(struct df_net *dn, struct df_port *port)
{
	if (port->network)
		rhashtable_remove_fast(&dn->macs, &port->mac, mac_params);
}

static int port_publish(struct df_net *dn, struct df_port *port,
			struct df_port *old)
{
	struct df_addresses addresses = port_addresses(port);
	struct df_addresses had = port_addresses(old);
	int err;

	err = df_addresses_prepare(dn, &addresses);
	if (err)
		return err;
	err = port_publish_mac(dn, port, old);
	if (err) {
		df_addresses_abort(dn, &addresses);
		return err;
	}
	df_addresses_commit(dn, &addresses, &had);
	df_pairs_publish(dn, port, old);
	if (port->network)
		df_shared_touch(dn, &addresses, port->mac_key.network,
				port->mac_key.mac);
	return 0;
}

/* Who has waited for its addresses is to find all in place, also its device. */
static void port_end_lookups(struct df_net *dn, struct df_port *port)
{
	const struct df_addresses addresses = port_addresses(port);

	if (port->network)
		df_lookup_end_all(dn, port->mac_key.network, port->mac_key.mac,
				  &addresses);
}

static void port_join_network(struct df_port *port)
{
	if (!port->network)
		return;
	port->network->ports++;
	if (port->type == DRAGONFLOW_PORT_TYPE_VIF)
		list_add_tail_rcu(&port->of_network, &port->network->vifs);
}

static void port_leave_network(struct df_port *port)
{
	if (!port->network)
		return;
	port->network->ports--;
	if (port->type == DRAGONFLOW_PORT_TYPE_VIF)
		list_del_rcu(&port->of_network);
}

/* Put @port where @old was; a flood meets one of the two, never both. */
static void port_move_network(struct df_port *port, struct df_port *old)
{
	if (port->network == old->network &&
	    port->type == DRAGONFLOW_PORT_TYPE_VIF &&
	    old->type == DRAGONFLOW_PORT_TYPE_VIF) {
		list_replace_rcu(&old->of_network, &port->of_network);
		return;
	}
	port_leave_network(old);
	port_join_network(port);
}

static void port_configure(struct df_port *port,
			   const struct df_port_conf *conf)
{
	if (!df_port_is_local(port))
		return;
	df_flow_owner_configure(&port->local->flows, conf->flow_class,
				conf->flow_limit, df_port_is_guarded(port));
	port->local->flow_class = conf->flow_class;
	port->local->connection_limit = conf->connection_limit;
	if (port->local->zone)
		WRITE_ONCE(port->local->zone->limit, conf->connection_limit);
	if (port->network)
		WRITE_ONCE(port->local->flows.router_macs,
			   port->network->router_macs);
	rcu_assign_pointer(port->local->port, port);
}

static int port_add(struct df_net *dn, struct df_port *port,
		    const struct df_port_conf *conf)
{
	int err;

	err = df_table_add(&dn->ports, &port->obj);
	if (err)
		return err;
	err = port_publish(dn, port, NULL);
	if (err) {
		df_table_del(&dn->ports, &port->obj);
		return err;
	}
	port_join_network(port);
	df_policy_join(port->policy);
	port_configure(port, conf);
	if (df_port_is_local(port))
		df_local_add(dn, port->local);
	df_generation_move(dn, DF_GENERATION_PORT, conf->id);
	return 0;
}

static int port_replace(struct df_net *dn, struct df_port *port,
			struct df_port *old, const struct df_port_conf *conf)
{
	bool same_mac = !memcmp(&old->mac_key, &port->mac_key,
				sizeof(port->mac_key));
	int err;

	err = port_publish(dn, port, old);
	if (err)
		return err;
	df_table_replace(&dn->ports, &old->obj, &port->obj);
	if (!same_mac)
		port_retract_mac(dn, old);
	port_move_network(port, old);
	df_policy_join(port->policy);
	df_policy_leave(old->policy);
	port_configure(port, conf);
	if (df_port_is_local(port) && !df_port_is_local(old))
		df_local_add(dn, port->local);
	df_generation_move(dn, DF_GENERATION_PORT, conf->id);

	if (!df_port_is_local(old) || !df_port_is_local(port))
		port_put_place(dn, old);
	df_policy_free(old->policy);
	kfree_rcu(old, rcu);
	return 0;
}

/**
 * df_port_set() - create a port, or replace the one with this id
 * @dn: namespace, its lock held
 * @conf: what it shall be
 * @why: filled when the request breaks a rule
 *
 * A vif or tunnel keeps its device, counters and flow entries.
 *
 * Return: 0, or -errno; then nothing has changed.
 */
int df_port_set(struct df_net *dn, const struct df_port_conf *conf,
		struct df_refusal *why)
{
	struct df_port *port, *old;
	int err;

	lockdep_assert_held(&dn->lock);
	old = df_port_find(dn, conf->id);
	err = port_check(dn, conf, old, why);
	if (err)
		return err;
	port = port_new(dn, conf, old);
	if (IS_ERR(port))
		return PTR_ERR(port);
	if (old)
		err = port_replace(dn, port, old, conf);
	else
		err = port_add(dn, port, conf);
	if (err) {
		port_drop_place(dn, port, old);
		df_pairs_free(dn, port);
		/* Packets may have found it for a moment. */
		df_policy_free(port->policy);
		kfree_rcu(port, rcu);
		return err;
	}
	port_end_lookups(dn, port);
	return 0;
}

static void port_remove(struct df_net *dn, struct df_port *port)
{
	struct df_addresses addresses = port_addresses(port);

	df_table_del(&dn->ports, &port->obj);
	df_addresses_commit(dn, &no_addresses, &addresses);
	df_pairs_publish(dn, NULL, port);
	port_retract_mac(dn, port);
	port_leave_network(port);
	df_policy_leave(port->policy);
	df_generation_move(dn, DF_GENERATION_PORT, port->obj.id);
	port_put_place(dn, port);
	df_policy_free(port->policy);
	kfree_rcu(port, rcu);
}

int df_port_del(struct df_net *dn, u32 id, struct df_refusal *why)
{
	struct df_port *port = df_port_find(dn, id);

	lockdep_assert_held(&dn->lock);
	if (!port)
		return df_refuse(why, -ENOENT, DF_A_PORT_ID,
				 "No port has this id");
	if (port->type == DRAGONFLOW_PORT_TYPE_TUNNEL && port->local->users)
		return df_refuse(why, -EBUSY, DF_A_PORT_ID,
				 "A chassis is reached through the tunnel");
	port_remove(dn, port);
	return 0;
}

/* At the end of a namespace: vifs and remote ports, or the tunnels. */
void df_port_del_all(struct df_net *dn, bool tunnels)
{
	struct df_port *port, *next;

	list_for_each_entry_safe(port, next, &dn->ports.list, obj.list)
		if (tunnels == !port->network)
			port_remove(dn, port);
}
