/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_STATUS_H
#define DFA_STATUS_H

#include <event2/event.h>

#include "dragonflow.h"
#include "map.h"
#include "uuid.h"

/**
 * struct dfa_status - tells the database whether the ports here work
 * @nb: borrowed; NULL while it is away: of each port the latest report waits
 * @chassis: name of this hypervisor
 * @reports: one for every port that is, or was a moment ago, bound here
 * @work: writes what is to be written
 * @in_flight: commits that are not done
 * @delay_ms: before the next try
 */
struct dfa_status {
	struct df_nb *nb;
	const char *chassis;
	struct dfa_map reports;
	struct event *work;
	unsigned int in_flight;
	unsigned int delay_ms;
};

int dfa_status_init(struct dfa_status *status, struct event_base *base,
		    const char *chassis);
void dfa_status_fini(struct dfa_status *status);
/* The database is there, or it is away (NULL). */
void dfa_status_database(struct dfa_status *status, struct df_nb *nb);

/* @reason: why it is down, a constant; NULL if it is up */
void dfa_status_set(struct dfa_status *status, const struct dfa_uuid *port,
		    const char *reason);
/*
 * A port is not bound here any more. If it is bound elsewhere, or deleted, its
 * status is not ours to change; if it is bound nowhere, it is down.
 */
void dfa_status_leave(struct dfa_status *status, const struct dfa_uuid *port);

#endif
