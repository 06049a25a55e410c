// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "compile/compile.h"
#include "util.h"

struct dfa_network *dfa_network_find(const struct dfa_compile *compile,
				     const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->networks, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_network *network;

		network = dfa_container_of(node, struct dfa_network, node);
		if (dfa_uuid_equal(&network->id, id))
			return network;
	}
	return NULL;
}

struct dfa_network *dfa_network_ref(struct dfa_compile *compile,
				    const struct dfa_uuid *id)
{
	struct dfa_network *network = dfa_network_find(compile, id);

	if (network)
		return network;
	network = calloc(1, sizeof(*network));
	if (!network)
		return NULL;
	network->id = *id;
	dfa_list_init(&network->subnets);
	dfa_list_init(&network->ports);
	dfa_list_init(&network->interfaces);
	dfa_list_init(&network->claims);
	dfa_map_add(&compile->networks, &network->node, dfa_uuid_hash(id));
	return network;
}

void dfa_network_unref(struct dfa_compile *compile, struct dfa_network *network)
{
	if (network->key || !dfa_list_is_empty(&network->subnets) ||
	    !dfa_list_is_empty(&network->ports) ||
	    !dfa_list_is_empty(&network->interfaces) ||
	    !dfa_list_is_empty(&network->claims))
		return;
	dfa_map_del(&compile->networks, &network->node);
	dfa_network_free(network);
}

static void set_key(struct dfa_compile *compile, struct dfa_network *network,
		    uint32_t key)
{
	if (network->key)
		dfa_map_del(&compile->keys, &network->by_key);
	network->key = key;
	if (key)
		dfa_map_add(&compile->keys, &network->by_key,
			    dfa_hash_u64(key));
}

const struct dfa_network *
dfa_compile_network(const struct dfa_compile *compile, uint32_t key)
{
	const struct dfa_map_node *node;

	node = dfa_map_first(&compile->keys, dfa_hash_u64(key));
	for (; node; node = dfa_map_next(node)) {
		const struct dfa_network *network;

		network = dfa_container_of(node, struct dfa_network, by_key);
		if (network->key == key)
			return network;
	}
	return NULL;
}

void dfa_network_free(struct dfa_network *network)
{
	free(network->dns_domain);
	free(network);
}

/* vlan, flat and local networks do not travel in tunnels. */
static struct dfa_network_value network_value(const struct df_obj *obj)
{
	const char *type = df_obj_string(obj, "network_type");
	struct dfa_network_value value = { .vni = DFA_NO_VNI };

	if (type && (strcmp(type, "vxlan") == 0 ||
		     strcmp(type, "geneve") == 0) &&
	    df_obj_has(obj, "segmentation_id"))
		value.vni = (uint32_t)df_obj_u64(obj, "segmentation_id");
	if (df_obj_bool(obj, "vlan_transparent"))
		value.flags |= DRAGONFLOW_NETWORK_FLAG_VLAN_TRANSPARENT;
	if (df_obj_bool(obj, "on_demand"))
		value.flags |= DRAGONFLOW_NETWORK_FLAG_ON_DEMAND;
	return value;
}

static int compile_ports(struct dfa_compile *compile,
			 struct dfa_network *network)
{
	struct dfa_list *item = network->ports.next;
	int err = 0;

	for (; item != &network->ports && !err; item = item->next)
		err = dfa_port_compile(compile,
				       dfa_container_of(item, struct dfa_port,
							in_network));
	return err;
}

static int compile_interfaces(struct dfa_compile *compile,
			      struct dfa_network *network)
{
	struct dfa_list *item = network->interfaces.next;
	int err = 0;

	for (; item != &network->interfaces && !err; item = item->next)
		err = dfa_interface_compile(compile,
					    dfa_container_of(item,
							     struct dfa_interface,
							     in_network));
	return err;
}

static int wish(struct dfa_compile *compile, const struct dfa_network *network)
{
	union dfa_value value = { .network = network->value };

	return dfa_state_wish(compile->state, DFA_NETWORK, network->key,
			      &value);
}

static int unwish(struct dfa_compile *compile, uint32_t key)
{
	return dfa_state_wish(compile->state, DFA_NETWORK, key, NULL);
}

/* Return: 1 if it is another than before, 0, or -ENOMEM. */
static int set_domain(struct dfa_network *network, const struct df_obj *obj)
{
	const char *name = df_obj_string(obj, "dns_domain");
	const char *old = network->dns_domain;
	char *copy = NULL;

	if (name && old ? strcmp(name, old) == 0 : name == old)
		return 0;
	if (name) {
		copy = strdup(name);
		if (!copy)
			return -ENOMEM;
	}
	free(network->dns_domain);
	network->dns_domain = copy;
	return 1;
}

int dfa_network_put(struct dfa_compile *compile, const struct df_obj *obj)
{
	bool is_up = df_obj_bool(obj, "admin_state_up");
	uint32_t key = df_obj_key(obj), old_key;
	struct dfa_network *network;
	bool affects_ports, affects_interfaces;
	struct dfa_uuid id;
	uint16_t mtu;
	int err;

	if (!key || dfa_uuid_parse(&id, df_obj_id(obj)))
		return -EINVAL;
	network = dfa_network_ref(compile, &id);
	if (!network)
		return -ENOMEM;

	old_key = network->key;
	err = set_domain(network, obj);
	if (err < 0)
		return err;
	mtu = (uint16_t)df_obj_u64(obj, "mtu");
	affects_ports = old_key != key || network->is_up != is_up;
	affects_interfaces = affects_ports || err || network->mtu != mtu;
	set_key(compile, network, key);
	network->is_up = is_up;
	network->mtu = mtu;
	network->value = network_value(obj);
	err = wish(compile, network);
	if (!err && affects_ports)
		err = compile_ports(compile, network);
	if (!err && affects_interfaces)
		err = compile_interfaces(compile, network);
	if (!err && old_key && old_key != key)
		err = unwish(compile, old_key);
	return err;
}

int dfa_network_del(struct dfa_compile *compile, const struct dfa_uuid *id)
{
	struct dfa_network *network = dfa_network_find(compile, id);
	uint32_t key;
	int err;

	if (!network || !network->key)
		return 0;
	key = network->key;
	set_key(compile, network, 0);
	err = compile_ports(compile, network) ?:
		      compile_interfaces(compile, network) ?:
		      unwish(compile, key);
	dfa_network_unref(compile, network);
	return err;
}

int dfa_compile_forget_port(struct dfa_compile *compile,
			    const struct dfa_uuid *id)
{
	return dfa_port_del(compile, id) ?: dfa_claim_del(compile, id);
}

int dfa_compile_forget(struct dfa_compile *compile, const struct dfa_uuid *id)
{
	struct dfa_network *network = dfa_network_find(compile, id);
	int err = 0;

	if (!network)
		return 0;
	/* The last one in it must not take the record away. */
	if (!network->key)
		set_key(compile, network, UINT32_MAX);
	while (!dfa_list_is_empty(&network->subnets))
		dfa_subnet_forget(compile,
				  dfa_container_of(network->subnets.next,
						   struct dfa_subnet,
						   in_network));
	while (!dfa_list_is_empty(&network->claims))
		dfa_claim_forget(compile,
				 dfa_container_of(network->claims.next,
						  struct dfa_claim,
						  in_network));
	while (!err && !dfa_list_is_empty(&network->ports))
		err = dfa_port_forget(compile,
				      dfa_container_of(network->ports.next,
						       struct dfa_port,
						       in_network));
	while (!err && !dfa_list_is_empty(&network->interfaces))
		err = dfa_interface_forget(compile,
					   dfa_container_of(network->interfaces.next,
							    struct dfa_interface,
							    in_network));
	return err ?: dfa_network_del(compile, id);
}
