/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The etcd driver. A session is a connection to one of the servers, which has
 * been told who we are and holds a database of ours: etcd_session.c. What is asked
 * meanwhile waits for it, and is asked again if it is lost.
 */
#ifndef DF_LIB_DB_ETCD_H
#define DF_LIB_DB_ETCD_H

#include <event2/util.h>
#include <sys/queue.h>

#include "etcd_http.h"
#include "etcd_uri.h"
#include "etcd_wire.h"

/* A request of etcd has at most 1.5 MiB; a value is in it twice. */
#define DF_ETCD_VALUE_MAX (256 * 1024)
#define DF_ETCD_REQUEST_MAX (1536 * 1024 - 4096)
#define DF_ETCD_OPS_MAX 1000

/**
 * struct df_etcd_reply - what became of a call
 * @code: 0, or what went wrong. -ENOTCONN: the answer was lost
 * @text: says why
 * @message: the answer
 */
struct df_etcd_reply {
	int code;
	const char *text;
	struct df_pb_part message;
};

typedef void (*df_etcd_reply_fn)(void *arg, const struct df_etcd_reply *reply);

/** enum df_etcd_call_flags - what a call is like */
enum df_etcd_call_flags {
	ETCD_ONCE = 1 << 0,	/* may not be repeated: tell that it was lost */
	ETCD_SETUP = 1 << 1,	/* makes the session, does not wait for it */
};

struct df_etcd_lease;
struct df_etcd_request;
struct df_etcd_rpc;

TAILQ_HEAD(df_etcd_rpcs, df_etcd_rpc);
TAILQ_HEAD(df_etcd_requests, df_etcd_request);
LIST_HEAD(df_etcd_subs, df_etcd_sub);
LIST_HEAD(df_etcd_leases, df_etcd_lease);

/**
 * struct df_etcd - an open database
 * @server: of those of the URI, the one that @http is a connection to
 * @failures: sessions that were lost or not made since one was there
 * @is_ready: there is a session
 * @refusal: why there can be none, if its code is not 0
 * @reason: why the last one was lost
 * @retry: makes a session
 * @stall: looks whether the server has fallen silent
 * @ping: asks something when nothing was said for long, if there are @subs
 * @revision: the latest that we know of
 * @is_bounded: the servers refused a transaction for how much it compares
 * @watch_ids: how many watches there were
 * @mark: where its commits leave their numbers
 * @rpcs: calls that are not answered
 * @stream: the watches of @subs
 */
struct df_etcd {
	struct df_db *db;
	struct event_base *base;
	struct df_etcd_uri uri;
	struct df_etcd_http *http;
	size_t server;
	unsigned int failures;
	bool is_ready;
	struct df_error refusal;
	char reason[200];
	struct event *retry;
	struct event *stall;
	struct event *ping;
	uint64_t revision;
	uint64_t watch_ids;
	bool is_bounded;
	unsigned char mark;
	struct df_etcd_rpcs rpcs;
	struct df_etcd_requests requests;
	struct df_etcd_subs subs;
	struct df_etcd_leases leases;
	struct df_etcd_call *stream;
};

void *df_etcd_must(void *memory);
void df_etcd_arm(struct event *timer, int64_t ms);
/** A number that nobody else has. */
uint64_t df_etcd_random(void);

/** It may stand in a key, before a space. */
bool df_etcd_is_topic(const char *topic);

/* etcd_session.c */

int df_etcd_open(void **out, struct df_db *db, const char *uri,
		 struct event_base *base, struct df_error *error);
void df_etcd_close(void *priv);
/** @message is taken over. */
void df_etcd_send(struct df_etcd *etcd, const char *method,
		  struct df_pb *message, unsigned int flags,
		  df_etcd_reply_fn fn, void *arg);
/** Nobody waits for calls of @arg any more. */
void df_etcd_cancel(struct df_etcd *etcd, const void *arg);
bool df_etcd_is_asking(const struct df_etcd *etcd, const void *arg);
/** The session is of no use any more. */
void df_etcd_lost(struct df_etcd *etcd, const char *reason);
void df_etcd_seen(struct df_etcd *etcd, uint64_t revision);

/* etcd_setup.c */

/** With a new connection: say who we are, and see what database it is. */
void df_etcd_setup(struct df_etcd *etcd);
/** That has been done, or cannot be done. */
void df_etcd_ready(struct df_etcd *etcd);
void df_etcd_refused(struct df_etcd *etcd, int code, const char *text);

/* etcd.c */

/** Ask the server something, to see whether it is there. */
void df_etcd_ping(evutil_socket_t fd, short what, void *arg);

/**
 * struct df_etcd_request - what a user asked for, with a deadline
 * @end: frees it, without an answer
 */
struct df_etcd_request {
	TAILQ_ENTRY(df_etcd_request) node;
	struct df_etcd *etcd;
	struct df_db_req *req;
	struct event *timer;
	void (*end)(struct df_etcd_request *request);
};

void df_etcd_request_init(struct df_etcd *etcd, struct df_etcd_request *request,
			  struct df_db_req *req,
			  void (*end)(struct df_etcd_request *request));
void df_etcd_request_fini(struct df_etcd_request *request);
/** It gets on: its time begins anew. */
void df_etcd_request_extend(struct df_etcd_request *request);
/** There can be no session: @req was told so. */
bool df_etcd_is_refused(struct df_etcd *etcd, struct df_db_req *req);
void df_etcd_fail(struct df_etcd *etcd, struct df_db_req *req,
		  const struct df_etcd_reply *reply);

/* etcd_read.c */

/**
 * struct df_etcd_read - reads keys with a prefix, in pieces, as of one revision
 * @at: where the next piece begins; at first, what they begin with
 * @end: what is behind them all
 * @revision: 0 at first; that of the first piece
 * @limit: keys in the next piece
 */
struct df_etcd_read {
	struct df_etcd *etcd;
	struct df_etcd_key at;
	struct df_etcd_key end;
	uint64_t revision;
	unsigned int limit;
	/** A piece: @range is what it has. NULL: @reply says what went wrong */
	void (*piece)(struct df_etcd_read *read, struct df_etcd_range *range,
		      const struct df_etcd_reply *reply);
};

/** Begin; nothing is called back yet. */
void df_etcd_read_start(struct df_etcd_read *read, struct df_etcd *etcd,
			const struct df_etcd_key *prefix);
/** Go on behind the last key of a piece that has more. */
void df_etcd_read_more(struct df_etcd_read *read,
		       const struct df_etcd_kv *last);
void df_etcd_read_end(struct df_etcd_read *read);
void df_etcd_get(void *priv, struct df_db_req *req, const char *key);
void df_etcd_list(void *priv, struct df_db_req *req, const char *prefix,
		  const char *topic);

/* etcd_watch.c */

int df_etcd_subscribe(void **out, void *priv, struct df_db_sub *sub,
		      const char *topic, struct df_error *error);
void df_etcd_unsubscribe(void *priv, void *sub);
/** There is a new session: watch again. */
void df_etcd_watches_start(struct df_etcd *etcd);
void df_etcd_watches_stop(struct df_etcd *etcd);

/* etcd_commit.c */

void df_etcd_commit(void *priv, struct df_db_req *req,
		    const struct df_db_op *ops, size_t count, void *lease);
/** A lease that it waits for was granted, or was not. */
void df_etcd_commits_lease(struct df_etcd *etcd,
			   const struct df_etcd_lease *lease);

/* etcd_lease.c */

int df_etcd_lease_new(void **out, void *priv, struct df_db_lease *lease,
		      unsigned int ttl_ms, struct df_error *error);
void df_etcd_lease_free(void *priv, void *lease);
/** Its number; 0: it is not granted yet. */
uint64_t df_etcd_lease_id(const struct df_etcd_lease *lease);
bool df_etcd_lease_is_lost(const struct df_etcd_lease *lease);

#endif
