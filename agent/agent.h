/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_AGENT_H
#define DFA_AGENT_H

#include <time.h>

#include "app/ra.h"
#include "apply.h"
#include "attach.h"
#include "cache.h"
#include "claims.h"
#include "compile/compile.h"
#include "config.h"
#include "control.h"
#include "ondemand.h"
#include "packet.h"
#include "register.h"
#include "status.h"
#include "topics.h"
#include "traces.h"

/**
 * struct dfa_agent - everything of a running agent
 * @config: borrowed
 * @packet: to and from workloads; NULL while the module is not there
 * @is_database_up: as far as it is known
 * @reopen: tries to open it again; @nb is NULL until that works
 * @database_error: why it is not there, or cannot be used; empty if it can
 * @exit_code: what the process ends with
 */
struct dfa_agent {
	const struct dfa_config *config;
	struct event_base *base;
	struct df_nb *nb;
	struct dfa_state state;
	struct dfa_compile compile;
	struct dfa_cache cache;
	struct dfa_topics topics;
	struct dfa_apply apply;
	struct dfa_attach attach;
	struct dfa_packet *packet;
	struct dfa_ra ra;
	struct dfa_status status;
	struct dfa_claims claims;
	struct dfa_traces traces;
	struct dfa_ondemand ondemand;
	struct dfa_register reg;
	struct dfa_control *control;
	struct event *watchdog;
	struct event *reopen;
	struct timespec started;
	bool has_kernel;
	bool is_database_up;
	char database_error[512];
	int exit_code;
};

int dfa_agent_start(struct dfa_agent *agent, struct event_base *base,
		    const struct dfa_config *config, struct df_error *error);
/* Leaves the datapath as it is: it goes on forwarding. */
void dfa_agent_stop(struct dfa_agent *agent);

/* report.c: what the control socket tells */
extern const struct dfa_control_cmd dfa_report_cmds[];
/* Why a port bound here does not work; NULL if it does. */
const char *dfa_report_reason(const struct dfa_agent *agent,
			      const struct dfa_local *local);

#endif
