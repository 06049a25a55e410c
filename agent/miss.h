/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_MISS_H
#define DFA_MISS_H

/*
 * Addresses that packets wait for: the module asks who has them. A socket of its own:
 * what does not fit into it is lost, and asked again.
 */

#include "resolve.h"

struct dfa_kernel;
struct dfa_miss;
struct event_base;

typedef void (*dfa_miss_fn)(void *arg, const struct dfa_sought *sought);

/* Listen to the module that @kernel talks to. Return: 0 or a negative errno. */
int dfa_miss_open(struct dfa_miss **out, struct event_base *base,
		  const struct dfa_kernel *kernel, dfa_miss_fn sought,
		  void *arg);
void dfa_miss_close(struct dfa_miss *miss);

/* Read what has been received, messages of that family. */
void dfa_miss_parse(const void *buf, size_t size, uint16_t family,
		    dfa_miss_fn sought, void *arg);

/* Nobody has it, for so long; a refusal is logged, and that is all. */
void dfa_miss_deny(struct dfa_miss *miss, const struct dfa_sought *sought,
		   uint32_t ttl_ms);

#endif
