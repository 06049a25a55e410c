// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "compile/compile.h"
#include "util.h"

enum {
	DEVICE_ID_LEN = 11, /* of the port's id, behind "tap" */
};

struct dfa_port *dfa_port_find(const struct dfa_compile *compile,
			       const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->ports, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_port *port;

		port = dfa_container_of(node, struct dfa_port, node);
		if (dfa_uuid_equal(&port->id, id))
			return port;
	}
	return NULL;
}

static bool is_local(const struct dfa_port *port)
{
	return port->host && port->host->is_self;
}

/* Does it have a device here? */
static bool is_here(const struct dfa_port *port)
{
	return is_local(port) || (port->host && port->is_standby);
}

static void tell_local(const struct dfa_compile *compile,
		       const struct dfa_port *port)
{
	struct dfa_local_port local = {
		.id = port->id,
		.network_id = port->network->id,
		.claims = dfa_claim_find(compile, &port->id),
		.key = port->key,
		.network = port->network->key,
		.is_up = port->is_up && port->network->is_up,
		.is_standby = !is_local(port),
	};
	char text[DF_UUID_LEN + 1];

	dfa_uuid_print(text, &port->id);
	if (port->device)
		snprintf(local.device, sizeof(local.device), "%s",
			 port->device);
	else
		snprintf(local.device, sizeof(local.device), "tap%.*s",
			 DEVICE_ID_LEN, text);
	compile->ops->local_set(compile->arg, &local);
}

static void tell(const struct dfa_compile *compile, struct dfa_port *port,
		 bool here)
{
	if (here)
		tell_local(compile, port);
	else if (port->is_told)
		compile->ops->local_del(compile->arg, &port->id);
	port->is_told = here;
}

/* What the kernel is to have; false if nothing. */
static bool port_value(const struct dfa_port *port,
		       struct dfa_port_value *value)
{
	if (!port->host || !port->network->key)
		return false;
	if (port->host->is_self ? !port->is_judged : !port->host->value.tunnel)
		return false;

	*value = (struct dfa_port_value){
		.type = DRAGONFLOW_PORT_TYPE_VIF,
		.network = port->network->key,
		.addrs = port->addrs,
		.groups = port->group_ids,
	};
	memcpy(value->mac, port->mac, sizeof(value->mac));
	if (!port->is_up || !port->network->is_up)
		value->flags = DRAGONFLOW_PORT_FLAG_ADMIN_DOWN;
	if (port->host->is_self) {
		if (port->is_guarded)
			value->flags |= DRAGONFLOW_PORT_FLAG_SECURITY;
		value->connection_limit = port->connection_limit;
		return true;
	}
	value->type = DRAGONFLOW_PORT_TYPE_REMOTE;
	value->chassis = port->host->key;
	if (port->is_standby)
		value->flags |= DRAGONFLOW_PORT_FLAG_RELAY;
	return true;
}

static int set_user(struct dfa_compile *compile, struct dfa_port *port,
		    bool is_user)
{
	if (port->is_user == is_user)
		return 0;
	port->is_user = is_user;
	port->host->users += is_user ? 1 : (uint32_t)-1;
	return dfa_host_wish(compile, port->host);
}

static void set_parked(struct dfa_compile *compile, struct dfa_port *port,
		       bool is_parked)
{
	if (port->is_parked == is_parked)
		return;
	port->is_parked = is_parked;
	compile->parked += is_parked ? 1 : (size_t)-1;
}

/* @value is borrowed, but for its pairs. */
static int wish(struct dfa_compile *compile, const struct dfa_port *port,
		union dfa_value *value)
{
	int err;

	err = dfa_pairs_merge(&value->port.pairs, port->allowed,
			      dfa_claim_find(compile, &port->id));
	if (!err)
		err = dfa_state_wish(compile->state, DFA_PORT, port->key,
				     value);
	dfa_pairs_put(value->port.pairs);
	return err;
}

static int unwish(struct dfa_compile *compile, const struct dfa_port *port)
{
	return dfa_state_wish(compile->state, DFA_PORT, port->key, NULL);
}

int dfa_port_compile(struct dfa_compile *compile, struct dfa_port *port)
{
	union dfa_value value = { 0 };
	bool wanted, remote;
	int err;

	if (is_local(port)) {
		err = dfa_port_judge(port);
		if (err)
			return err;
	}
	wanted = port_value(port, &value.port);
	remote = wanted && !is_local(port);
	set_parked(compile, port, port->host && !wanted);
	err = wanted ? wish(compile, port, &value) : unwish(compile, port);
	if (!err)
		err = set_user(compile, port, remote);
	tell(compile, port, is_here(port));
	return err;
}

static int leave_host(struct dfa_compile *compile, struct dfa_port *port)
{
	struct dfa_host *host = port->host;
	int err;

	if (!host)
		return 0;
	err = set_user(compile, port, false);
	dfa_list_del(&port->in_host);
	port->host = NULL;
	dfa_host_unref(compile, host);
	return err;
}

static int set_host(struct dfa_compile *compile, struct dfa_port *port,
		    const char *name)
{
	struct dfa_host *host = NULL;
	int err;

	if (name && name[0]) {
		host = dfa_host_ref(compile, name);
		if (!host)
			return -ENOMEM;
	}
	if (host == port->host)
		return 0;
	err = leave_host(compile, port);
	if (host) {
		port->host = host;
		dfa_list_add(&host->ports, &port->in_host);
	}
	return err;
}

int dfa_port_forget(struct dfa_compile *compile, struct dfa_port *port)
{
	struct dfa_network *network = port->network;
	int err;

	set_parked(compile, port, false);
	tell(compile, port, false);
	err = unwish(compile, port) ?: set_host(compile, port, NULL);
	if (!err)
		err = dfa_port_drop_groups(compile, port);
	if (err)
		return err;
	dfa_list_del(&port->in_network);
	dfa_network_unref(compile, network);
	dfa_map_del(&compile->ports, &port->node);
	dfa_addrs_put(port->addrs);
	dfa_pairs_put(port->allowed);
	free(port->device);
	free(port);
	return 0;
}

static struct dfa_port *add(struct dfa_compile *compile,
			    const struct dfa_uuid *id, uint32_t key,
			    const struct dfa_uuid *network_id)
{
	struct dfa_port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->network = dfa_network_ref(compile, network_id);
	if (!port->network) {
		free(port);
		return NULL;
	}
	port->id = *id;
	port->key = key;
	dfa_list_add(&port->network->ports, &port->in_network);
	dfa_list_init(&port->in_host);
	dfa_map_add(&compile->ports, &port->node, dfa_uuid_hash(id));
	return port;
}

/* The record of the port; a new one if it is another object than before. */
static int find_or_add(struct dfa_compile *compile, const struct dfa_uuid *id,
		       uint32_t key, const struct dfa_uuid *network_id,
		       struct dfa_port **out)
{
	struct dfa_port *port = dfa_port_find(compile, id);
	int err;

	if (port && (port->key != key ||
		     !dfa_uuid_equal(&port->network->id, network_id))) {
		err = dfa_port_forget(compile, port);
		if (err)
			return err;
		port = NULL;
	}
	if (!port)
		port = add(compile, id, key, network_id);
	if (!port)
		return -ENOMEM;
	*out = port;
	return 0;
}

static int set_device(struct dfa_port *port, const char *name)
{
	char *copy = NULL;

	if (name && port->device && strcmp(name, port->device) == 0)
		return 0;
	if (name) {
		copy = strdup(name);
		if (!copy)
			return -ENOMEM;
	}
	free(port->device);
	port->device = copy;
	return 0;
}

static bool is_self(const struct dfa_compile *compile, const char *host)
{
	return host && strcmp(host, compile->config->chassis) == 0;
}

int dfa_port_put(struct dfa_compile *compile, const struct df_obj *obj)
{
	const char *network_text = df_obj_string(obj, "network_id");
	struct dfa_uuid id, network_id;
	struct dfa_port *port;
	uint8_t mac[6];
	int err;

	if (!df_obj_key(obj) || dfa_uuid_parse(&id, df_obj_id(obj)) ||
	    !network_text || dfa_uuid_parse(&network_id, network_text) ||
	    df_obj_mac(obj, "mac_address", mac))
		return -EINVAL;
	err = find_or_add(compile, &id, df_obj_key(obj), &network_id, &port);
	if (err)
		return err;

	memcpy(port->mac, mac, sizeof(mac));
	port->connection_limit = (uint32_t)df_obj_u64(obj, "connection_limit");
	port->is_up = df_obj_bool(obj, "admin_state_up");
	port->is_guarded = df_obj_bool(obj, "port_security_enabled");
	port->is_standby = is_self(compile, df_obj_string(obj, "binding_standby_host"));
	err = set_host(compile, port, df_obj_string(obj, "binding_host"));
	if (!err)
		err = dfa_fixed_ips_parse(&port->addrs, obj, mac, false);
	if (!err)
		err = dfa_allowed_parse(&port->allowed, obj, mac);
	if (!err)
		err = set_device(port, is_here(port) ?
					       df_obj_string(obj,
							     "device_name") :
					       NULL);
	if (!err)
		err = is_local(port) ?
			      dfa_port_set_groups(compile, port,
						  df_obj_value(obj,
							       "security_groups")) :
			      dfa_port_drop_groups(compile, port);
	return err ?: dfa_port_compile(compile, port);
}

int dfa_port_del(struct dfa_compile *compile, const struct dfa_uuid *id)
{
	struct dfa_port *port = dfa_port_find(compile, id);

	return port ? dfa_port_forget(compile, port) : 0;
}
