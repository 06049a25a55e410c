/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_APP_RA_H
#define DFA_APP_RA_H

/*
 * When workloads are told of the routers of their networks. Each port of this
 * hypervisor is a link of its own, with a timer of its own: to it alone go the
 * advertisements of all routers. The times are those of RFC 4861, 6.2 and 10.
 *
 * Each router interface has a timer for its announcements: gratuitous ARP, and
 * neighbour advertisements that override what is known. It sends them to all
 * ports when its MAC or its addresses are new, three times, a second apart; what
 * changes in a network within a second is announced when it is over.
 */

#include "compile/compile.h"

struct event_base;

typedef void (*dfa_ra_send_fn)(void *arg, uint32_t port, const void *frame,
			       size_t len);

/**
 * struct dfa_ra - the application
 * @base: event loop
 * @send: sends a frame out of a port
 * @arg: its argument
 * @networks: that have ports here or adverts, by kernel id
 * @ports: that work, by kernel id
 * @adverts: of router interfaces that work, by kernel id
 */
struct dfa_ra {
	struct event_base *base;
	dfa_ra_send_fn send;
	void *arg;
	struct dfa_map networks;
	struct dfa_map ports;
	struct dfa_map adverts;
};

void dfa_ra_init(struct dfa_ra *ra, struct event_base *base,
		 dfa_ra_send_fn send, void *arg);
/* Says farewell to nobody: the routers are still there. */
void dfa_ra_fini(struct dfa_ra *ra);

/* A port works, in this network; nothing happens if that is known. */
int dfa_ra_port_set(struct dfa_ra *ra, uint32_t port, uint32_t network);
void dfa_ra_port_del(struct dfa_ra *ra, uint32_t port);
/* A router interface works, and has this to say. */
int dfa_ra_advert_set(struct dfa_ra *ra, const struct dfa_advert *advert);
void dfa_ra_advert_del(struct dfa_ra *ra, uint32_t key);
/* A workload looks for a router. */
void dfa_ra_solicited(struct dfa_ra *ra, uint32_t port);

#endif
