/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_RESOLVE_H
#define DFA_RESOLVE_H

/*
 * Who has an address of a network whose ports are not all known? Packets ask, of
 * each address once until there is an answer. Pure: the database is asked, ports are
 * followed and the kernel is told by others.
 *
 *	waits -> the database is asked -> nobody has it: the kernel is told
 *					\-> a port has it: that is followed, and
 *					    known: the kernel gets it, and lets go
 *					    of what waits by itself; or it is of
 *					    no use: the kernel is told that nobody
 *					    has it
 *
 * Of a question that fails nothing is said: in the kernel its packets wait no longer
 * than some seconds, and the next ones ask again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addrs.h"
#include "list.h"
#include "map.h"
#include "uuid.h"

enum {
	DFA_QUESTIONS_MAX = 1024,
	/* As many as the kernel lets a port have. */
	DFA_QUESTIONS_OF_PORT = 128,
	/* So many at a time: the others wait for these. */
	DFA_QUESTIONS_ASKED = 64,
};

/**
 * struct dfa_sought - what a packet is looking for
 * @network: kernel id
 * @port: kernel id of the port that it came from
 * @address: the address; no family: it is @mac
 * @mac: Ethernet address
 */
struct dfa_sought {
	uint32_t network;
	uint32_t port;
	struct dfa_address address;
	uint8_t mac[6];
};

enum dfa_question_state {
	DFA_QUESTION_WAITS,
	DFA_QUESTION_ASKED,
	DFA_QUESTION_FOUND,
};

/**
 * struct dfa_question - a question under way
 * @node: in &dfa_resolve.questions
 * @in_order: in &dfa_resolve.order
 * @resolve: that it belongs to
 * @sought: what is asked
 * @state: what it waits for
 * @found: the port that has it
 */
struct dfa_question {
	struct dfa_map_node node;
	struct dfa_list in_order;
	struct dfa_resolve *resolve;
	struct dfa_sought sought;
	enum dfa_question_state state;
	struct dfa_uuid found;
};

/**
 * struct dfa_resolve_ops - what answers are made of
 * @ask: ask the database; dfa_resolve_answer() or dfa_resolve_fail() is called when
 *	it has answered. Return: 0 or a negative errno.
 * @follow: follow the port; dfa_resolve_known() is called when all is known of it,
 *	or is to be. Return: > 0 if it was known before, 0, or a negative errno.
 * @leads: does the kernel have that port, or get it, with that address?
 * @deny: nobody has it
 */
struct dfa_resolve_ops {
	int (*ask)(void *arg, struct dfa_question *question);
	int (*follow)(void *arg, const struct dfa_question *question);
	bool (*leads)(void *arg, const struct dfa_question *question);
	void (*deny)(void *arg, const struct dfa_sought *sought);
};

/**
 * struct dfa_resolve - the questions
 * @questions: by what is sought
 * @order: the same, the oldest first
 * @under_way: how many the database was asked and has not answered
 * @is_open: it can be asked
 * @asked: how often packets asked for something that was not being asked already
 * @found: how many of these led to a port
 * @denied: how many to nobody
 * @failed: how many were not answered
 */
struct dfa_resolve {
	struct dfa_map questions;
	struct dfa_list order;
	const struct dfa_resolve_ops *ops;
	void *arg;
	unsigned int under_way;
	bool is_open;
	uint64_t asked;
	uint64_t found;
	uint64_t denied;
	uint64_t failed;
};

void dfa_resolve_init(struct dfa_resolve *resolve,
		      const struct dfa_resolve_ops *ops, void *arg);
/* No answer comes any more. */
void dfa_resolve_fini(struct dfa_resolve *resolve);

/* Whether the database can be asked; what was asked for meanwhile, is now. */
void dfa_resolve_open(struct dfa_resolve *resolve, bool is_open);
/* A packet looks for something. Return: 0 or -ENOMEM. */
int dfa_resolve_seek(struct dfa_resolve *resolve,
		     const struct dfa_sought *sought);
/* The database has said which port has it; NULL for nobody. Ends the question. */
void dfa_resolve_answer(struct dfa_question *question,
			const struct dfa_uuid *port);
/* The database could not say. Ends the question. */
void dfa_resolve_fail(struct dfa_question *question);
/* All is known of that port, or nothing will be. Return: was it asked for? */
bool dfa_resolve_known(struct dfa_resolve *resolve,
		       const struct dfa_uuid *port);

#endif
