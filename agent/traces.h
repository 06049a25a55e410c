/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_TRACES_H
#define DFA_TRACES_H

/*
 * Traces for others: a packet that would leave another hypervisor for this one is
 * walked here, and what the module says about it is put into the database, where
 * it stays as long as the request does. Neither is looked into here: they are
 * messages between dfctl and the module.
 */

#include "dragonflow.h"
#include "uuid.h"

struct dfa_kernel;

enum {
	DFA_TRACES_MAX = 16,
};

/**
 * struct dfa_traces - requests that are answered
 * @lease: of the answers; NULL without any
 * @ids: of the requests
 * @count: used part of @ids
 * @in_flight: answers that are being written
 */
struct dfa_traces {
	struct df_nb *nb;
	struct df_lease *lease;
	struct dfa_uuid ids[DFA_TRACES_MAX];
	unsigned int count;
	unsigned int in_flight;
};

void dfa_traces_init(struct dfa_traces *traces, struct df_nb *nb);
/* Before the database is closed. */
void dfa_traces_fini(struct dfa_traces *traces);

/* Answer a request; @kernel is NULL while the module is not there. */
void dfa_traces_put(struct dfa_traces *traces, const struct df_obj *request,
		    struct dfa_kernel *kernel);
/* The request is gone, and so is its answer, with the last of them. */
void dfa_traces_del(struct dfa_traces *traces, const char *id);

#endif
