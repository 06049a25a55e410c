// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/dragonflow.h>

#include "compile/compile.h"
#include "util.h"

static const uint32_t tunnel_ports[DFA_ENCAP_TYPES] = {
	[DFA_ENCAP_VXLAN] = DFA_PORT_VXLAN,
	[DFA_ENCAP_GENEVE] = DFA_PORT_GENEVE,
};

static int wish_tunnel(struct dfa_compile *compile,
		       const struct dfa_encap *encap)
{
	union dfa_value value = {
		.port.type = DRAGONFLOW_PORT_TYPE_TUNNEL,
	};

	return dfa_state_wish(compile->state, DFA_PORT,
			      tunnel_ports[encap->type], &value);
}

int dfa_compile_tunnels(struct dfa_compile *compile)
{
	int err = 0;

	for (size_t i = 0; i < compile->config->encap_count && !err; i++)
		err = wish_tunnel(compile, &compile->config->encap[i]);
	return err;
}

static struct dfa_host *find_by_name(const struct dfa_compile *compile,
				     const char *name)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->hosts, dfa_hash_string(name));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_host *host;

		host = dfa_container_of(node, struct dfa_host, by_name);
		if (strcmp(host->name, name) == 0)
			return host;
	}
	return NULL;
}

struct dfa_host *dfa_host_ref(struct dfa_compile *compile, const char *name)
{
	struct dfa_host *host = find_by_name(compile, name);
	size_t size = strlen(name) + 1;

	if (host)
		return host;
	host = calloc(1, sizeof(*host) + size);
	if (!host)
		return NULL;
	memcpy(host->name, name, size);
	host->is_self = strcmp(name, compile->config->chassis) == 0;
	dfa_list_init(&host->ports);
	dfa_map_add(&compile->hosts, &host->by_name, dfa_hash_string(name));
	return host;
}

void dfa_host_unref(struct dfa_compile *compile, struct dfa_host *host)
{
	if (host->key || !dfa_list_is_empty(&host->ports))
		return;
	dfa_map_del(&compile->hosts, &host->by_name);
	free(host);
}

static struct dfa_host *find_by_id(const struct dfa_compile *compile,
				   const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->chassis, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_host *host;

		host = dfa_container_of(node, struct dfa_host, by_id);
		if (dfa_uuid_equal(&host->id, id))
			return host;
	}
	return NULL;
}

int dfa_host_wish(struct dfa_compile *compile, struct dfa_host *host)
{
	union dfa_value value = { .chassis = host->value };

	return dfa_state_wish(compile->state, DFA_CHASSIS, host->key,
			      host->users ? &value : NULL);
}

static bool parse_encap(const struct df_value *item, struct dfa_encap *encap)
{
	const char *type = df_value_string(df_value_member(item, "type"));
	struct df_ip ip;

	/* Our devices speak on the types' own UDP ports only. */
	if (!type || dfa_encap_type_parse(type, &encap->type) ||
	    df_value_member(item, "port") ||
	    df_value_ip(df_value_member(item, "ip"), &ip))
		return false;
	encap->address = (struct dfa_address){
		.family = ip.family == 4 ? AF_INET : AF_INET6,
	};
	memcpy(encap->address.bytes, ip.addr, ip.family == 4 ? 4 : 16);
	return true;
}

static const struct dfa_encap *own_encap(const struct dfa_config *config,
					 const struct dfa_encap *remote)
{
	for (size_t i = 0; i < config->encap_count; i++) {
		const struct dfa_encap *own = &config->encap[i];

		if (own->type == remote->type &&
		    own->address.family == remote->address.family)
			return own;
	}
	return NULL;
}

/* The first way that the remote offers and that we have, too. */
static struct dfa_chassis_value chassis_value(const struct dfa_compile *compile,
					      const struct df_obj *obj)
{
	const struct df_value *encaps = df_obj_value(obj, "encaps"), *item;
	size_t i;

	df_value_for_each(encaps, i, item) {
		struct dfa_encap remote = { 0 };
		const struct dfa_encap *own;

		if (!parse_encap(item, &remote))
			continue;
		own = own_encap(compile->config, &remote);
		if (own)
			return (struct dfa_chassis_value){
				.tunnel = tunnel_ports[own->type],
				.remote = remote.address,
				.local = own->address,
			};
	}
	return (struct dfa_chassis_value){ 0 };
}

static int compile_ports(struct dfa_compile *compile, struct dfa_host *host)
{
	struct dfa_list *item = host->ports.next;
	int err = 0;

	for (; item != &host->ports && !err; item = item->next)
		err = dfa_port_compile(compile,
				       dfa_container_of(item, struct dfa_port,
							in_host));
	return err;
}

static int forget(struct dfa_compile *compile, struct dfa_host *host)
{
	uint32_t key = host->key;
	int err;

	dfa_map_del(&compile->chassis, &host->by_id);
	host->value = (struct dfa_chassis_value){ 0 };
	err = compile_ports(compile, host);
	host->key = 0;
	if (!err)
		err = dfa_state_wish(compile->state, DFA_CHASSIS, key, NULL);
	dfa_host_unref(compile, host);
	return err;
}

/* Keys and names may pass from one object to another that is told of first. */
static int forget_others(struct dfa_compile *compile, const struct dfa_uuid *id,
			 uint32_t key, const char *name)
{
	struct dfa_host *host = find_by_id(compile, id);
	int err = 0;

	if (host && (strcmp(host->name, name) != 0 || host->key != key))
		err = forget(compile, host);
	if (err)
		return err;
	host = find_by_name(compile, name);
	if (host && host->key && !dfa_uuid_equal(&host->id, id))
		err = forget(compile, host);
	return err;
}

int dfa_chassis_put(struct dfa_compile *compile, const struct df_obj *obj)
{
	const char *name = df_obj_name(obj);
	uint32_t key = df_obj_key(obj);
	bool was_reachable, is_reachable;
	struct dfa_host *host;
	struct dfa_uuid id;
	int err;

	if (!key || !name[0] || dfa_uuid_parse(&id, df_obj_id(obj)))
		return -EINVAL;
	err = forget_others(compile, &id, key, name);
	if (err)
		return err;
	host = dfa_host_ref(compile, name);
	if (!host)
		return -ENOMEM;

	if (!host->key) {
		host->id = id;
		host->key = key;
		dfa_map_add(&compile->chassis, &host->by_id,
			    dfa_uuid_hash(&id));
	}
	was_reachable = host->value.tunnel;
	host->value = chassis_value(compile, obj);
	is_reachable = host->value.tunnel;
	if (was_reachable != is_reachable)
		return compile_ports(compile, host);
	return dfa_host_wish(compile, host);
}

int dfa_chassis_del(struct dfa_compile *compile, const struct dfa_uuid *id)
{
	struct dfa_host *host = find_by_id(compile, id);

	return host ? forget(compile, host) : 0;
}
