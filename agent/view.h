/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_VIEW_H
#define DFA_VIEW_H

/*
 * Which networks and routers this hypervisor has to know, and why: as far as
 * packets of the ports bound here can go.
 *
 *	a network	that a port bound here belongs to, or
 *			that a router that is needed leads to
 *	a router	with an interface in a network that a port bound here
 *			belongs to, or
 *			whose address there is a next hop of a router that is
 *			needed
 *
 * So a router in a network that is only led to is not needed because of that:
 * nobody here can send to it. Pure: subscribing is left to others.
 */

#include "addrs.h"
#include "map.h"
#include "uuid.h"

enum dfa_view_kind {
	DFA_VIEW_NETWORK,
	DFA_VIEW_ROUTER,
};

struct dfa_view_ops {
	void (*needed)(void *arg, enum dfa_view_kind kind,
		       const struct dfa_uuid *id);
	void (*unneeded)(void *arg, enum dfa_view_kind kind,
			 const struct dfa_uuid *id);
};

/**
 * struct dfa_view - what is known of who leads where
 * @bindings: of ports bound here
 * @places: networks and routers that something is known of
 * @edges: router interfaces, as networks tell of them, and links, as routers do
 * @reached: places to go on from
 * @epoch: of the current search
 * @networks: how many networks are needed
 */
struct dfa_view {
	struct dfa_map bindings;
	struct dfa_map places;
	struct dfa_map edges;
	struct dfa_view_place *reached;
	unsigned int epoch;
	size_t networks;
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

/*
 * A network that is followed tells of an interface in it (of @addrs, which may
 * change), a router that is followed of a link to a network. What they told is
 * forgotten when they are not needed any more.
 */
int dfa_view_interface(struct dfa_view *view, const struct dfa_uuid *id,
		       const struct dfa_uuid *network,
		       const struct dfa_uuid *router, struct dfa_addrs *addrs);
int dfa_view_link(struct dfa_view *view, const struct dfa_uuid *id,
		  const struct dfa_uuid *network,
		  const struct dfa_uuid *router);
void dfa_view_interface_del(struct dfa_view *view, const struct dfa_uuid *id);
void dfa_view_link_del(struct dfa_view *view, const struct dfa_uuid *id);
/* The next hops of a router's routes; takes the reference over. */
int dfa_view_nexthops(struct dfa_view *view, const struct dfa_uuid *router,
		      struct dfa_addrs *nexthops);

/**
 * struct dfa_view_why - why a place is needed
 * @ports: how many ports bound here are in the network
 * @via: if none, the router (or of a router, the network) that it is known by
 */
struct dfa_view_why {
	size_t ports;
	struct dfa_uuid via;
};

/* False if it is not needed. */
bool dfa_view_why(const struct dfa_view *view, enum dfa_view_kind kind,
		  const struct dfa_uuid *id, struct dfa_view_why *why);

#endif
