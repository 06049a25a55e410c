/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_CONTROL_H
#define DFA_CONTROL_H

#include <jansson.h>

#include "dragonflow.h"

struct event_base;
struct dfa_control;

/* A new reference; NULL if there is no memory. */
typedef json_t *(*dfa_control_fn)(void *arg, const json_t *request);

/**
 * struct dfa_control_cmd - something that can be asked for
 * @name: ends the table if NULL
 * @run: makes the members of the answer
 */
struct dfa_control_cmd {
	const char *name;
	dfa_control_fn run;
};

/**
 * dfa_control_open() - answer on a unix socket, in lines of JSON
 * @path: where; a socket that nobody listens at is replaced
 *
 * A request is an object with "cmd", its answer one with "ok" and what the
 * command gave, or with "error". Directories on the way are made.
 */
int dfa_control_open(struct dfa_control **out, struct event_base *base,
		     const char *path, const struct dfa_control_cmd *cmds,
		     void *arg, struct df_error *error);
/* Removes the socket. */
void dfa_control_close(struct dfa_control *control);

#endif
