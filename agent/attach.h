/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_ATTACH_H
#define DFA_ATTACH_H

#include <event2/event.h>

#include "compile/compile.h"
#include "netdev.h"

/**
 * struct dfa_local - a port that is bound here, or a tunnel port, and its device
 * @by_id: in &dfa_attach.by_id; not of a tunnel
 * @by_device: in &dfa_attach.by_device
 * @port: what the model says
 * @tunnel: kind of device that is ours to make; NULL of a bound port
 * @ifindex: of the device; 0 while there is none
 * @is_attached: the device has the filter that names the port
 * @err: why not, if it could not be given one
 */
struct dfa_local {
	struct dfa_map_node by_id;
	struct dfa_map_node by_device;
	struct dfa_local_port port;
	const char *tunnel;
	int ifindex;
	bool is_attached;
	int err;
};

/* @changed: what a local port's status depends on has changed */
struct dfa_attach_ops {
	void (*changed)(void *arg, const struct dfa_local *local);
};

/**
 * struct dfa_attach - brings ports and devices together
 * @state: borrowed; tells which ports the kernel has
 * @config: borrowed; has the addresses that tunnels are sent from
 * @underlay: the devices that have them
 * @underlay_count: how many devices
 * @underlay_err: of the last attempt to attach them
 * @links: devices of the namespace by ifindex
 * @is_connected: the module is there
 * @can_reap: it is known which ports are bound here
 */
struct dfa_attach {
	struct dfa_netdev *netdev;
	const struct dfa_state *state;
	const struct dfa_attach_ops *ops;
	void *arg;
	struct event *retry;
	const struct dfa_config *config;
	int underlay[DFA_MAX_ENCAPS];
	size_t underlay_count;
	int underlay_err;
	struct dfa_map by_id;
	struct dfa_map by_device;
	struct dfa_map links;
	unsigned int delay_ms;
	bool is_connected;
	bool can_reap;
};

int dfa_attach_init(struct dfa_attach *attach, struct event_base *base,
		    const struct dfa_state *state,
		    const struct dfa_attach_ops *ops, void *arg);
void dfa_attach_fini(struct dfa_attach *attach);

/* Make and attach the tunnel devices of the configuration; borrows it. */
int dfa_attach_tunnels(struct dfa_attach *attach,
		       const struct dfa_config *config);
/* The module is there: attach everything. */
void dfa_attach_connected(struct dfa_attach *attach);
/* Remove the filters of devices whose port the kernel does not have here. */
void dfa_attach_reap(struct dfa_attach *attach);

int dfa_attach_set(struct dfa_attach *attach, const struct dfa_local_port *port);
void dfa_attach_del(struct dfa_attach *attach, const struct dfa_uuid *id);
/* Name of an underlay device; are packets for tunnels taken there? */
const char *dfa_attach_underlay(const struct dfa_attach *attach, size_t i,
				bool *attached);
struct dfa_local *dfa_attach_find(const struct dfa_attach *attach,
				  const struct dfa_uuid *id);

#endif
