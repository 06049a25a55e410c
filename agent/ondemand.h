/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_ONDEMAND_H
#define DFA_ONDEMAND_H

/*
 * Networks that are not read whole: what their packets look for is asked of the
 * database, followed, and forgotten when it is not used any more. What resolve.h,
 * miss.h, aging.h and topics.h do is put together here.
 */

#include "aging.h"
#include "miss.h"
#include "resolve.h"

struct dfa_agent;

/**
 * struct dfa_ondemand - what is looked for, and what was
 * @agent: that it is a part of
 * @miss: what packets look for; NULL while the module is not there
 * @resolve: the questions of the moment
 * @aging: ports that were looked for
 * @problem: why the last question was not answered; empty if it was
 */
struct dfa_ondemand {
	struct dfa_agent *agent;
	struct dfa_miss *miss;
	struct dfa_resolve resolve;
	struct dfa_aging aging;
	char problem[512];
};

int dfa_ondemand_init(struct dfa_ondemand *ondemand, struct dfa_agent *agent);
/* No packet is heard any more. */
void dfa_ondemand_stop(struct dfa_ondemand *ondemand);
/* After the database was closed. */
void dfa_ondemand_fini(struct dfa_ondemand *ondemand);

/* The module is there, and may be another than before. */
void dfa_ondemand_connected(struct dfa_ondemand *ondemand);
/* The database is there or away, or the topology was read. */
void dfa_ondemand_database(struct dfa_ondemand *ondemand);

/* As struct dfa_topics_ops wants them; @arg: the agent. */
void dfa_ondemand_sought(void *arg, struct dfa_aged *aged);
void dfa_ondemand_port_known(void *arg, const struct dfa_uuid *port);

#endif
