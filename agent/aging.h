/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_AGING_H
#define DFA_AGING_H

/*
 * What is used no more is forgotten: ports that were looked for once. The kernel
 * tells when it last had to decide about one. What it has decided before, it need not
 * decide, so before something is forgotten it is written anew: then the kernel
 * decides again, if packets still come.
 *
 *	used ... half the age ... the whole age
 *	          renewed ------> since then nothing: forgotten
 */

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "list.h"

/**
 * struct dfa_aged - something that is forgotten when it is not used
 * @in_line: in &dfa_aging.line, or alone
 * @due_ms: when it is looked at next
 * @seen_ms: when it was last known to be used
 * @renewed_ms: when the kernel was last made to decide again; 0: never
 */
struct dfa_aged {
	struct dfa_list in_line;
	uint64_t due_ms;
	uint64_t seen_ms;
	uint64_t renewed_ms;
};

/**
 * struct dfa_aging_ops - how it is found out
 * @idle: for how many ms nothing was decided about it. Return: 0, or a negative
 *	errno if that is not known
 * @renew: make the kernel decide again
 * @forget: it is not used
 */
struct dfa_aging_ops {
	int (*idle)(void *arg, const struct dfa_aged *aged, uint64_t *idle_ms);
	void (*renew)(void *arg, struct dfa_aged *aged);
	void (*forget)(void *arg, struct dfa_aged *aged);
};

/**
 * struct dfa_aging - what is looked at from time to time
 * @line: the next one first
 * @timer: looks at it
 * @age_ms: after this time it is forgotten
 * @is_paused: what was forgotten could not be found again
 */
struct dfa_aging {
	struct dfa_list line;
	struct event *timer;
	const struct dfa_aging_ops *ops;
	void *arg;
	uint64_t age_ms;
	bool is_paused;
};

int dfa_aging_init(struct dfa_aging *aging, struct event_base *base,
		   uint32_t age_s, const struct dfa_aging_ops *ops, void *arg);
void dfa_aging_fini(struct dfa_aging *aging);

/* Begin, as if it was used just now; to end, take it out of the line. */
void dfa_aging_add(struct dfa_aging *aging, struct dfa_aged *aged);
void dfa_aging_pause(struct dfa_aging *aging, bool is_paused);

/* For how long it has not been used, as far as is known. */
uint64_t dfa_aged_idle_ms(const struct dfa_aged *aged);

#endif
