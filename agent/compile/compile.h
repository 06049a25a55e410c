/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_COMPILE_H
#define DFA_COMPILE_H

/*
 * Logical objects become wishes for kernel objects. Pure.
 *
 * What refers to something holds a pointer to its record, which exists from
 * the first reference on, whether the object itself has arrived or not. So
 * objects may come in any order, and a change recompiles what depends on it
 * and nothing else.
 */

#include <net/if.h>

#include "config.h"
#include "dragonflow.h"
#include "map.h"
#include "state.h"
#include "uuid.h"

/* A doubly linked list; an empty one points to itself. */
struct dfa_list {
	struct dfa_list *next, *prev;
};

/**
 * struct dfa_network - record of a logical network
 * @node: in &dfa_compile.networks
 * @ports: its ports, by &dfa_port.in_network
 * @id: of the object
 * @key: kernel id; 0 until the object has arrived
 * @value: what the kernel is to have
 * @is_up: admin_state_up
 */
struct dfa_network {
	struct dfa_map_node node;
	struct dfa_list ports;
	struct dfa_uuid id;
	uint32_t key;
	struct dfa_network_value value;
	bool is_up;
};

/**
 * struct dfa_host - record of a chassis
 * @by_name: in &dfa_compile.hosts
 * @by_id: in &dfa_compile.chassis once the object has arrived
 * @ports: bound there, by &dfa_port.in_host
 * @id: of the object
 * @key: kernel id; 0 until the object has arrived
 * @users: ports that are compiled to lead there
 * @value: what the kernel is to have; no tunnel: it cannot be reached
 * @is_self: it is this hypervisor
 * @name: as ports name it in binding_host
 */
struct dfa_host {
	struct dfa_map_node by_name;
	struct dfa_map_node by_id;
	struct dfa_list ports;
	struct dfa_uuid id;
	uint32_t key;
	uint32_t users;
	struct dfa_chassis_value value;
	bool is_self;
	char name[];
};

/**
 * struct dfa_port - record of a logical port
 * @node: in &dfa_compile.ports
 * @in_network: in &dfa_network.ports
 * @in_host: in &dfa_host.ports while bound
 * @network: that it belongs to
 * @host: that it is bound to, or NULL
 * @device: name of its device here, if it has a particular one
 * @id: of the object
 * @key: kernel id
 * @mac: Ethernet address
 * @is_up: admin_state_up
 * @is_user: counted in &dfa_host.users
 * @is_parked: bound, but what it refers to has not arrived or is unreachable
 */
struct dfa_port {
	struct dfa_map_node node;
	struct dfa_list in_network;
	struct dfa_list in_host;
	struct dfa_network *network;
	struct dfa_host *host;
	char *device;
	struct dfa_uuid id;
	uint32_t key;
	uint8_t mac[6];
	bool is_up : 1;
	bool is_user : 1;
	bool is_parked : 1;
};

/**
 * struct dfa_local_port - a port that is bound here, for those who look for its
 *	device
 */
struct dfa_local_port {
	struct dfa_uuid id;
	uint32_t key;
	bool is_up; /* the port's and its network's admin_state_up */
	char device[IFNAMSIZ];
};

/**
 * struct dfa_compile_ops - told of ports that are bound here
 * @local_set: one is, or has changed
 * @local_del: one is not any more
 */
struct dfa_compile_ops {
	void (*local_set)(void *arg, const struct dfa_local_port *port);
	void (*local_del)(void *arg, const struct dfa_uuid *id);
};

struct dfa_compile {
	struct dfa_state *state;
	const struct dfa_config *config;
	const struct dfa_compile_ops *ops;
	void *arg;
	struct dfa_map networks;
	struct dfa_map hosts;
	struct dfa_map chassis;
	struct dfa_map ports;
	size_t parked;
};

void dfa_compile_init(struct dfa_compile *compile, struct dfa_state *state,
		      const struct dfa_config *config,
		      const struct dfa_compile_ops *ops, void *arg);
void dfa_compile_fini(struct dfa_compile *compile);

/* The tunnel ports of the configuration. */
int dfa_compile_tunnels(struct dfa_compile *compile);

/*
 * An object has come or changed, or is gone. Models that need no kernel object
 * are ignored. Return: 0, -EINVAL if the object is not what it should be, or
 * -ENOMEM.
 */
int dfa_compile_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_compile_del(struct dfa_compile *compile, const char *model,
		    const char *id);
/* A network is not followed any more: forget it and its ports. */
int dfa_compile_forget(struct dfa_compile *compile, const struct dfa_uuid *id);

/* --- between the files of this directory ----------------------------------- */

int dfa_network_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_network_del(struct dfa_compile *compile, const struct dfa_uuid *id);
struct dfa_network *dfa_network_find(const struct dfa_compile *compile,
				     const struct dfa_uuid *id);
struct dfa_network *dfa_network_ref(struct dfa_compile *compile,
				    const struct dfa_uuid *id);
/* Free the record if nothing needs it. */
void dfa_network_unref(struct dfa_compile *compile,
		       struct dfa_network *network);

int dfa_chassis_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_chassis_del(struct dfa_compile *compile, const struct dfa_uuid *id);
struct dfa_host *dfa_host_ref(struct dfa_compile *compile, const char *name);
void dfa_host_unref(struct dfa_compile *compile, struct dfa_host *host);
/* Make the kernel object follow what the record says. */
int dfa_host_wish(struct dfa_compile *compile, struct dfa_host *host);

int dfa_port_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_port_del(struct dfa_compile *compile, const struct dfa_uuid *id);
/* Make the kernel object follow what the record and its references say. */
int dfa_port_compile(struct dfa_compile *compile, struct dfa_port *port);
int dfa_port_forget(struct dfa_compile *compile, struct dfa_port *port);

static inline void dfa_list_init(struct dfa_list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool dfa_list_is_empty(const struct dfa_list *list)
{
	return list->next == list;
}

static inline void dfa_list_add(struct dfa_list *list, struct dfa_list *item)
{
	item->next = list;
	item->prev = list->prev;
	list->prev->next = item;
	list->prev = item;
}

static inline void dfa_list_del(struct dfa_list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	dfa_list_init(item);
}

#endif
