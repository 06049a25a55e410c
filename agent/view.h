/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_VIEW_H
#define DFA_VIEW_H

/*
 * Which networks this hypervisor has to know, and why: those that a port bound
 * here belongs to. Pure: subscribing is left to others.
 */

#include "map.h"
#include "uuid.h"

/**
 * struct dfa_view_network - a network that is needed
 * @node: in &dfa_view.networks
 * @id: of the network
 * @ports: how many ports bound here belong to it; needed while above 0
 */
struct dfa_view_network {
	struct dfa_map_node node;
	struct dfa_uuid id;
	size_t ports;
};

struct dfa_view_ops {
	void (*network_needed)(void *arg, const struct dfa_uuid *network);
	void (*network_unneeded)(void *arg, const struct dfa_uuid *network);
};

struct dfa_view {
	struct dfa_map bindings;
	struct dfa_map networks;
	const struct dfa_view_ops *ops;
	void *arg;
};

void dfa_view_init(struct dfa_view *view, const struct dfa_view_ops *ops,
		   void *arg);
void dfa_view_fini(struct dfa_view *view);

/* A port is bound here, or has been and is told of again. */
int dfa_view_bind(struct dfa_view *view, const struct dfa_uuid *port,
		  const struct dfa_uuid *network);
void dfa_view_unbind(struct dfa_view *view, const struct dfa_uuid *port);

/* How many ports need the network; 0 if none does. */
size_t dfa_view_ports(const struct dfa_view *view,
		      const struct dfa_uuid *network);

#endif
