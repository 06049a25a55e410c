/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_CLAIMS_H
#define DFA_CLAIMS_H

/*
 * Tells the database what ports here have claimed of the addresses that others
 * may have, too: for the hypervisors that do not hear it themselves, and for
 * those that come later.
 */

#include <event2/event.h>

#include "compile/compile.h"

/**
 * struct dfa_claims - what ports have claimed, and who knows
 * @nb: borrowed; NULL while it is away: of each port the latest claims wait
 * @ports: by kernel id
 * @work: writes what is news
 * @in_flight: commits that are not done
 * @delay_ms: before the next try
 * @is_ready: what the database says has been read
 */
struct dfa_claims {
	struct df_nb *nb;
	struct dfa_map ports;
	struct event *work;
	unsigned int in_flight;
	unsigned int delay_ms;
	bool is_ready;
};

int dfa_claims_init(struct dfa_claims *claims, struct event_base *base);
void dfa_claims_fini(struct dfa_claims *claims);
/* The database is there, or it is away (NULL). */
void dfa_claims_database(struct dfa_claims *claims, struct df_nb *nb);

/* A port is bound here, or has changed, or is not bound here any more. */
int dfa_claims_port_set(struct dfa_claims *claims,
			const struct dfa_local_port *port);
void dfa_claims_port_del(struct dfa_claims *claims, uint32_t port);
/* The kernel says what a port has claimed, and which of that leads to it. */
int dfa_claims_heard(struct dfa_claims *claims, uint32_t port,
		     const struct dfa_pairs *heard);
/* From now on it is known what the database has. */
void dfa_claims_ready(struct dfa_claims *claims);

#endif
