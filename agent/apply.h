/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_APPLY_H
#define DFA_APPLY_H

#include <event2/event.h>

#include "kernel.h"
#include "plan.h"

/**
 * struct dfa_apply_ops - what the reconciler tells
 * @object_done: the kernel has the object as it is wanted, or does not have it
 *	any more
 * @connected: the module is there, and was asked what it has
 * @ran: everything that was to do was tried
 * @read: the state says what the kernel has, by its own word
 */
struct dfa_apply_ops {
	void (*object_done)(void *arg, enum dfa_kind kind, uint32_t id);
	void (*connected)(void *arg);
	void (*ran)(void *arg);
	void (*read)(void *arg);
};

/**
 * struct dfa_apply - brings the kernel to where the state wants it
 * @state: borrowed
 * @kernel: the module's family; NULL while it is not loaded
 * @watch: tells when families come and go
 * @work: runs what is to do, or tries again
 * @plan: being run, from @next on
 * @failed: steps of @plan that were refused
 * @delay_ms: before the next try
 * @is_ready: all topics have been read once, so what is not wanted can go
 * @is_first: nothing was reconciled since the kernel was asked
 * @needs_dump: the kernel has something else than we believe
 * @written: objects written (and not deleted) since the start
 * @deleted: objects deleted since the start
 * @refused: requests refused since the start
 * @first_written: objects written by the first reconciliation
 * @first_deleted: objects deleted by it
 * @first_done: there has been one
 * @last_error: the last refusal in words
 */
struct dfa_apply {
	struct event_base *base;
	struct dfa_state *state;
	const struct dfa_apply_ops *ops;
	void *arg;
	struct dfa_kernel *kernel;
	int watch_fd;
	struct event *watch;
	struct event *work;
	struct dfa_plan plan;
	size_t next;
	bool *failed;
	unsigned int delay_ms;
	bool is_ready;
	bool is_first;
	bool needs_dump;
	uint64_t written;
	uint64_t deleted;
	uint64_t refused;
	size_t first_written;
	size_t first_deleted;
	bool first_done;
	char last_error[256];
};

int dfa_apply_init(struct dfa_apply *apply, struct event_base *base,
		   struct dfa_state *state, const struct dfa_apply_ops *ops,
		   void *arg);
void dfa_apply_fini(struct dfa_apply *apply);

/* Look for the module and read back what it has. */
void dfa_apply_connect(struct dfa_apply *apply);
/* From now on what is not wanted may be deleted. */
void dfa_apply_ready(struct dfa_apply *apply);
/* The kernel may have something else than we believe: read it back soon. */
void dfa_apply_reread(struct dfa_apply *apply);
/* The state may have changed: run soon. */
void dfa_apply_kick(struct dfa_apply *apply);

#endif
