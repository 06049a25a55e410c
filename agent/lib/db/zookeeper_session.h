/* SPDX-License-Identifier: GPL-2.0 */
/* Between zookeeper_session.c and zookeeper_wire.c: what both threads see. */
#ifndef DF_LIB_DB_ZOOKEEPER_SESSION_H
#define DF_LIB_DB_ZOOKEEPER_SESSION_H

#include <pthread.h>

#include "zookeeper.h"

/**
 * struct df_zk_wire - something that crosses from a thread to the event loop
 * @session: whose it is
 * @call: who waits; only the event loop looks
 * @multi: of MULTI, until libzookeeper is done with it
 * @event: 0, or a session's event
 * @state: of a session's event
 * @path: of a watch's event
 */
struct df_zk_wire {
	TAILQ_ENTRY(df_zk_wire) node;
	struct df_zk_session *session;
	struct df_zk_call *call;
	struct df_zk_multi *multi;
	int event;
	int state;
	char *path;
	struct df_zk_reply reply;
};

TAILQ_HEAD(df_zk_wires, df_zk_wire);

/**
 * struct df_zk_session - a handle of libzookeeper
 * @refs: the event loop and the thread
 * @zk: whose it is; only the event loop looks
 * @lock: protects the next 7
 * @handle: libzookeeper's, once the thread has opened it
 * @err: why it could not
 * @is_ending: the thread shall close it
 * @is_ended: it has
 * @is_left: the event loop does not look any more
 * @sent: what libzookeeper has
 * @done: what the event loop has to look at
 * @wake: written to when @done is not empty
 */
struct df_zk_session {
	int refs;
	struct df_zk *zk;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	zhandle_t *handle;
	int err;
	bool is_ending;
	bool is_ended;
	bool is_left;
	struct df_zk_wires sent;
	struct df_zk_wires done;
	int wake;
	struct event *woken;
	char *servers;
	char *auth;
	unsigned int timeout_ms;
	bool is_dead;
};

/* zookeeper_wire.c */

struct df_zk_wire *df_zk_wire_new(struct df_zk_session *session);
void df_zk_wires_free(struct df_zk_wires *wires);
void df_zk_wire_free(struct df_zk_wire *wire);
/** Let the event loop look at it, unless it has gone; with the lock. */
void df_zk_wire_queue(struct df_zk_session *session, struct df_zk_wire *wire);

/* zookeeper_session.c */

/** What libzookeeper calls when the session or a watched node changes. */
void df_zk_session_event(zhandle_t *handle, int type, int state,
			 const char *path, void *context);

#endif
