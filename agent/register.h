/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_REGISTER_H
#define DFA_REGISTER_H

#include <event2/event.h>

#include "config.h"
#include "dragonflow.h"

/**
 * struct dfa_register_ops - how the registration went
 * @done: the chassis is there, and the agent object says that we live
 * @refused: another agent lives on under this name
 * @failed: it did not work, and is tried again
 */
struct dfa_register_ops {
	void (*done)(void *arg);
	void (*refused)(void *arg, const char *why);
	void (*failed)(void *arg, const char *why);
};

/**
 * struct dfa_register - announces this hypervisor to the others
 *
 * The chassis object outlives the agent: others go on sending to this
 * hypervisor, which goes on forwarding. The agent object says that somebody
 * is here to take changes; it is held by a lease.
 *
 * @chassis: as stored; NULL until it was found or created
 * @lease: of the agent object
 * @deadline_ms: until then an agent object may be what a predecessor left
 * @has_waited: this was told
 * @last_code: of the last failure, which was told
 * @is_done: registered
 */
struct dfa_register {
	struct df_nb *nb;
	const struct dfa_config *config;
	const struct dfa_register_ops *ops;
	void *arg;
	struct event *work;
	struct df_obj *chassis;
	struct df_obj *agent;
	struct df_lease *lease;
	long long deadline_ms;
	long long started_at;
	bool has_waited;
	int last_code;
	bool is_done;
};

int dfa_register_init(struct dfa_register *reg, struct event_base *base,
		      const struct dfa_config *config,
		      const struct dfa_register_ops *ops, void *arg);
void dfa_register_start(struct dfa_register *reg, struct df_nb *nb);
/* Before the database is closed, so that the agent object goes at once. */
void dfa_register_fini(struct dfa_register *reg);

#endif
