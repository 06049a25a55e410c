/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core of the database layer, between drivers and users: queues every
 * answer and event, and delivers them from the event loop, never from inside
 * of a call.
 */
#ifndef DF_LIB_CORE_H
#define DF_LIB_CORE_H

#include <sys/queue.h>

#include "db.h"

/**
 * struct delivery - something to call a user for, in the order of the queue
 * @run: calls the user, and frees
 * @drop: only frees
 */
struct delivery {
	TAILQ_ENTRY(delivery) node;
	void (*run)(struct delivery *delivery);
	void (*drop)(struct delivery *delivery);
};

/**
 * struct df_db - an open database
 * @refs: the user, and the delivery that runs
 * @driver: its driver
 * @priv: the driver's own
 * @deliver: runs @queue
 * @queue: what users are not told yet
 * @reqs: requests that are not delivered
 * @subs: subscriptions that are not ended
 * @leases: leases that are not freed
 * @state_fn: told of @is_up, with @state_arg
 * @is_known: opened by df_db_open_known()
 */
struct df_db {
	int refs;
	const struct df_db_driver *driver;
	void *priv;
	struct event *deliver;
	TAILQ_HEAD(, delivery) queue;
	LIST_HEAD(, df_db_req) reqs;
	LIST_HEAD(, df_db_sub) subs;
	LIST_HEAD(, df_db_lease) leases;
	df_db_state_fn state_fn;
	void *state_arg;
	bool is_up;
	bool is_known;
};

/** Aborts if there is no memory: an answer or event must not be lost. */
void *df_core_must(void *memory);
void df_core_queue(struct df_db *db, struct delivery *delivery,
		   void (*run)(struct delivery *delivery),
		   void (*drop)(struct delivery *delivery));
/** One allocation (of which @to->key is the start): key, topic, value, each
 * with a NUL behind it.
 */
void df_core_copy_entry(struct df_db_entry *to,
			const struct df_db_entry *from);
/** What the driver knows the lease by; NULL for none. */
void *df_core_lease_priv(const struct df_db_lease *lease);
/** Can it be a key (or a topic)? */
bool df_core_is_key(const char *key);

#endif
