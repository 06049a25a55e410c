// SPDX-License-Identifier: GPL-2.0
#include <linux/etherdevice.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "generation.h"
#include "table/hold.h"
#include "table/interface.h"
#include "table/local.h"
#include "table/lookup.h"
#include "table/network.h"

static const struct rhashtable_params mac_params = {
	.head_offset = offsetof(struct df_interface_state, node),
	.key_offset = offsetof(struct df_interface_state, mac_key),
	.key_len = sizeof_field(struct df_interface_state, mac_key),
	.automatic_shrinking = true,
};

/* Without an interface there are no addresses. */
static const struct df_addresses no_addresses;

int df_interfaces_init(struct df_net *dn)
{
	int err;

	err = rhashtable_init(&dn->interface_macs, &mac_params);
	if (err)
		return err;
	err = df_table_init(&dn->interfaces);
	if (err)
		rhashtable_destroy(&dn->interface_macs);
	return err;
}

void df_interfaces_fini(struct df_net *dn)
{
	df_table_fini(&dn->interfaces);
	rhashtable_destroy(&dn->interface_macs);
}

static struct df_interface_state *find_mac(struct df_net *dn,
					   const struct df_mac_key *key)
{
	return rhashtable_lookup_fast(&dn->interface_macs, key, mac_params);
}

/* The interface with this address, or NULL. Caller in RCU or under the lock. */
struct df_interface *df_interface_find_mac(struct df_net *dn, u32 network,
					   const u8 *mac)
{
	struct df_mac_key key = { .network = network };
	struct df_interface_state *state;

	ether_addr_copy(key.mac, mac);
	state = find_mac(dn, &key);
	return state ? state->interface : NULL;
}

static struct df_interface_state *state_get(struct df_net *dn,
					    const struct df_interface *interface)
{
	return rcu_dereference_protected(interface->state, df_is_locked(dn));
}

static struct df_addresses state_addresses(struct df_interface_state *state)
{
	return (struct df_addresses) {
		.list = state->addresses,
		.count = state->address_count,
	};
}

static int check_mac(struct df_net *dn, const struct df_interface_conf *conf,
		     struct df_refusal *why)
{
	struct df_interface *holder;

	if (!is_valid_ether_addr(conf->mac))
		return df_refuse(why, -EINVAL, DF_A_ROUTER_INTERFACE_MAC,
				 "The MAC is a group address or zero");
	if (df_port_find_mac(dn, conf->network, conf->mac))
		return df_refuse(why, -EEXIST, DF_A_ROUTER_INTERFACE_MAC,
				 "A port of the network has this MAC");
	holder = df_interface_find_mac(dn, conf->network, conf->mac);
	if (holder && holder->obj.id != conf->id)
		return df_refuse(why, -EEXIST, DF_A_ROUTER_INTERFACE_MAC,
				 "Another interface in the network has this MAC");
	return 0;
}

static int check_subnet(struct df_net *dn, const struct df_interface_conf *conf,
			int i, const struct df_addresses *old,
			const char **message)
{
	const struct df_subnet *subnet = &conf->subnets[i];
	struct df_interface *holder;
	struct df_prefix *prefix;
	int j;

	for (j = 0; j < i; j++) {
		*message = "The address is given twice";
		if (ipv6_addr_equal(&conf->subnets[j].ip, &subnet->ip))
			return -EINVAL;
	}
	*message = "Another port or interface in the network has this address";
	if (!df_address_is_free(dn, conf->network, &subnet->ip, old))
		return -EEXIST;
	prefix = df_prefix_find(df_router_find(dn, conf->router), subnet);
	if (!prefix)
		return 0;
	holder = rcu_dereference_protected(prefix->interface, df_is_locked(dn));
	*message = "Another interface of the router has this subnet";
	return holder && holder->obj.id != conf->id ? -EEXIST : 0;
}

static int check_subnets(struct df_net *dn, const struct df_interface_conf *conf,
			 const struct df_interface *old,
			 struct df_refusal *why)
{
	struct df_addresses has = no_addresses;
	const char *message;
	int i, err;

	if (old)
		has = state_addresses(state_get(dn, old));
	for (i = 0; i < conf->subnet_count; i++) {
		err = check_subnet(dn, conf, i, &has, &message);
		if (err) {
			why->index = i;
			return df_refuse(why, err,
					 DF_A_ROUTER_INTERFACE_ADDRESS,
					 message);
		}
	}
	return 0;
}

static int check(struct df_net *dn, const struct df_interface_conf *conf,
		 const struct df_interface *old, struct df_refusal *why)
{
	int err;

	if (!df_router_find(dn, conf->router))
		return df_refuse(why, -ENOENT, DF_A_ROUTER_INTERFACE_ROUTER,
				 "No router has this id");
	if (!df_network_find(dn, conf->network))
		return df_refuse(why, -ENOENT, DF_A_ROUTER_INTERFACE_NETWORK,
				 "No network has this id");
	if (old && old->router->obj.id != conf->router)
		return df_refuse(why, -EINVAL, DF_A_ROUTER_INTERFACE_ROUTER,
				 "An interface stays with its router");
	if (old && old->network->obj.id != conf->network)
		return df_refuse(why, -EINVAL, DF_A_ROUTER_INTERFACE_NETWORK,
				 "An interface stays in its network");
	err = check_mac(dn, conf, why);
	return err ? err : check_subnets(dn, conf, old, why);
}

/* Link-local addresses mean another link at each interface: no route. */
static bool has_route(const struct df_address *address)
{
	return !(ipv6_addr_type(&address->key.ip) & IPV6_ADDR_LINKLOCAL);
}

static struct df_subnet subnet_of(const struct df_address *address)
{
	return (struct df_subnet) {
		.ip = address->key.ip,
		.len = address->prefix_len,
	};
}

/* Return the prefixes of the first @count addresses of @state. */
static void put_prefixes(struct df_interface_state *state, int count)
{
	struct df_router *router = state->interface->router;
	struct df_subnet subnet;
	int i;

	for (i = 0; i < count; i++) {
		if (!has_route(&state->addresses[i]))
			continue;
		subnet = subnet_of(&state->addresses[i]);
		df_prefix_put(router, df_prefix_find(router, &subnet));
	}
}

static int get_prefixes(struct df_net *dn, struct df_interface_state *state)
{
	struct df_subnet subnet;
	int i;

	for (i = 0; i < state->address_count; i++) {
		if (!has_route(&state->addresses[i]))
			continue;
		subnet = subnet_of(&state->addresses[i]);
		if (!df_prefix_get(dn, state->interface->router, &subnet)) {
			put_prefixes(state, i);
			return -ENOMEM;
		}
	}
	return 0;
}

/* The subnets of @state are the interface's from now on, or no more. */
static void set_prefixes(struct df_net *dn, struct df_interface_state *state,
			 bool are_its)
{
	struct df_router *router = state->interface->router;
	struct df_subnet subnet;
	struct df_prefix *prefix;
	int i;

	for (i = 0; i < state->address_count; i++) {
		if (!has_route(&state->addresses[i]))
			continue;
		subnet = subnet_of(&state->addresses[i]);
		prefix = df_prefix_find(router, &subnet);
		prefix->addresses += are_its ? 1 : -1;
		df_prefix_set(dn, router, prefix,
			      prefix->addresses ? state->interface : NULL,
			      rcu_dereference_protected(prefix->route,
							df_is_locked(dn)));
	}
}

static struct df_interface_state *
state_new(struct df_interface *interface, const struct df_interface_conf *conf)
{
	struct df_interface_state *state;
	int i;

	state = kzalloc(struct_size(state, addresses, conf->subnet_count),
			GFP_KERNEL_ACCOUNT);
	if (!state)
		return NULL;
	state->interface = interface;
	state->mac_key.network = conf->network;
	ether_addr_copy(state->mac_key.mac, conf->mac);
	state->mtu = conf->mtu;
	state->flags = conf->flags;
	state->address_count = conf->subnet_count;
	for (i = 0; i < conf->subnet_count; i++)
		state->addresses[i] = (struct df_address) {
			.key.network = conf->network,
			.key.ip = conf->subnets[i].ip,
			.owner = DF_ADDRESS_INTERFACE,
			.index = i,
			.prefix_len = conf->subnets[i].len,
		};
	return state;
}

/* Publish what of @state is new; all of it or nothing. */
static int state_prepare(struct df_net *dn, struct df_interface_state *state)
{
	struct df_addresses addresses = state_addresses(state);
	int err;

	err = get_prefixes(dn, state);
	if (err)
		return err;
	err = df_addresses_prepare(dn, &addresses);
	if (err)
		goto err_prefixes;
	if (find_mac(dn, &state->mac_key))
		return 0;
	err = rhashtable_insert_fast(&dn->interface_macs, &state->node,
				     mac_params);
	if (err)
		goto err_addresses;
	return 0;

err_addresses:
	df_addresses_abort(dn, &addresses);
err_prefixes:
	put_prefixes(state, state->address_count);
	return err;
}

static void state_abort(struct df_net *dn, struct df_interface_state *state)
{
	struct df_addresses addresses = state_addresses(state);

	if (find_mac(dn, &state->mac_key) == state)
		rhashtable_remove_fast(&dn->interface_macs, &state->node,
				       mac_params);
	df_addresses_abort(dn, &addresses);
	put_prefixes(state, state->address_count);
}

/* Put a prepared state in the place of @old, which may be NULL. */
static void state_commit(struct df_net *dn, struct df_interface_state *state,
			 struct df_interface_state *old)
{
	struct df_addresses addresses = state_addresses(state);
	struct df_addresses had = no_addresses;
	struct df_interface_state *holder = find_mac(dn, &state->mac_key);

	if (old)
		had = state_addresses(old);
	rcu_assign_pointer(state->interface->state, state);
	if (holder != state)
		rhashtable_replace_fast(&dn->interface_macs, &holder->node,
					&state->node, mac_params);
	df_addresses_commit(dn, &addresses, &had);
	df_shared_touch(dn, &addresses, state->mac_key.network,
			state->mac_key.mac);
	set_prefixes(dn, state, true);
	df_lookup_end_all(dn, state->mac_key.network, state->mac_key.mac,
			  &addresses);
}

/* Take @state away, but for what a newer one has taken over. */
static void state_retire(struct df_net *dn, struct df_interface_state *state)
{
	if (find_mac(dn, &state->mac_key) == state)
		rhashtable_remove_fast(&dn->interface_macs, &state->node,
				       mac_params);
	set_prefixes(dn, state, false);
	put_prefixes(state, state->address_count);
}

static int interface_add(struct df_net *dn, const struct df_interface_conf *conf)
{
	struct df_interface_state *state;
	struct df_interface *interface;
	int err = -ENOMEM;

	interface = kzalloc(sizeof(*interface), GFP_KERNEL_ACCOUNT);
	if (!interface)
		return -ENOMEM;
	interface->obj.id = conf->id;
	interface->router = df_router_find(dn, conf->router);
	interface->network = df_network_find(dn, conf->network);
	state = state_new(interface, conf);
	if (!state)
		goto err_interface;
	RCU_INIT_POINTER(interface->state, state);
	err = state_prepare(dn, state);
	if (err)
		goto err_state;
	err = df_table_add(&dn->interfaces, &interface->obj);
	if (err)
		goto err_prepare;
	list_add_tail(&interface->of_router, &interface->router->interfaces);
	interface->router->interface_count++;
	list_add_tail(&interface->of_network, &interface->network->interfaces);
	WRITE_ONCE(interface->network->interface_count,
		   interface->network->interface_count + 1);
	state_commit(dn, state, NULL);
	return 0;

err_prepare:
	state_abort(dn, state);
err_state:
	/* Packets may have found them for a moment. */
	kfree_rcu(state, rcu);
err_interface:
	kfree_rcu(interface, rcu);
	return err;
}

static int interface_change(struct df_net *dn, struct df_interface *interface,
			    const struct df_interface_conf *conf)
{
	struct df_interface_state *old = state_get(dn, interface), *state;
	int err;

	state = state_new(interface, conf);
	if (!state)
		return -ENOMEM;
	err = state_prepare(dn, state);
	if (err) {
		kfree_rcu(state, rcu);
		return err;
	}
	state_commit(dn, state, old);
	state_retire(dn, old);
	kfree_rcu(old, rcu);
	return 0;
}

/**
 * df_interface_set() - create a router interface, or replace the one with
 *	this id
 * @dn: namespace, its lock held
 * @conf: what it shall be
 * @why: filled when the request breaks a rule
 *
 * Return: 0, or -errno and nothing has changed.
 */
int df_interface_set(struct df_net *dn, const struct df_interface_conf *conf,
		     struct df_refusal *why)
{
	struct df_interface *interface = df_interface_find(dn, conf->id);
	int err;

	lockdep_assert_held(&dn->lock);
	err = check(dn, conf, interface, why);
	if (err)
		return err;
	if (interface)
		err = interface_change(dn, interface, conf);
	else
		err = interface_add(dn, conf);
	if (err)
		return err;
	df_network_filter_macs(dn, df_network_find(dn, conf->network));
	df_generation_move(dn, DF_GENERATION_INTERFACE, conf->id);
	return 0;
}

static void interface_remove(struct df_net *dn, struct df_interface *interface)
{
	struct df_interface_state *state = state_get(dn, interface);
	struct df_addresses addresses = state_addresses(state);

	df_table_del(&dn->interfaces, &interface->obj);
	list_del(&interface->of_router);
	interface->router->interface_count--;
	list_del(&interface->of_network);
	WRITE_ONCE(interface->network->interface_count,
		   interface->network->interface_count - 1);
	df_addresses_commit(dn, &no_addresses, &addresses);
	state_retire(dn, state);
	df_network_filter_macs(dn, interface->network);
	df_generation_move(dn, DF_GENERATION_INTERFACE, interface->obj.id);
	kfree_rcu(state, rcu);
	kfree_rcu(interface, rcu);
}

int df_interface_del(struct df_net *dn, u32 id, struct df_refusal *why)
{
	struct df_interface *interface = df_interface_find(dn, id);

	lockdep_assert_held(&dn->lock);
	if (!interface)
		return df_refuse(why, -ENOENT, DF_A_ROUTER_INTERFACE_ID,
				 "No router interface has this id");
	if (interface->routes)
		return df_refuse(why, -EBUSY, DF_A_ROUTER_INTERFACE_ID,
				 "A route leads through the interface");
	interface_remove(dn, interface);
	return 0;
}

/* At the end of a namespace; the routes are gone. */
void df_interface_del_all(struct df_net *dn)
{
	struct df_interface *interface, *next;

	list_for_each_entry_safe(interface, next, &dn->interfaces.list,
				 obj.list)
		interface_remove(dn, interface);
}
