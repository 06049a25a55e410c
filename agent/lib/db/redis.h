/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The Redis driver. A session is a connection to the master, which has our script
 * and a database of ours, and, for who follows something, a second one on which it
 * says that something changed: redis_session.c. What is asked meanwhile waits for
 * it, and is asked again if it is lost.
 */
#ifndef DF_LIB_DB_REDIS_H
#define DF_LIB_DB_REDIS_H

#include <event2/util.h>
#include <sys/queue.h>

#include "redis_layout.h"
#include "redis_link.h"
#include "redis_uri.h"

#define DF_REDIS_VALUE_MAX (1024 * 1024)
#define DF_REDIS_OPS_MAX 1000
/* Most words of a call: five for each operation, and what comes before them */
#define DF_REDIS_WORDS_MAX (DF_REDIS_OPS_MAX * 5 + 16)

/**
 * struct df_redis_reply - what became of a call
 * @code: 0, or what went wrong. -ENOTCONN: the answer was lost
 * @text: says why
 * @reply: the answer
 */
struct df_redis_reply {
	int code;
	const char *text;
	const struct redisReply *reply;
};

typedef void (*df_redis_reply_fn)(void *arg,
				  const struct df_redis_reply *reply);

/** enum df_redis_call_flags - what a call is like */
enum df_redis_call_flags {
	REDIS_ONCE = 1 << 0,	/* may not be repeated: tell that it was lost */
	REDIS_SETUP = 1 << 1,	/* makes the session, does not wait for it */
	REDIS_SCRIPT = 1 << 2,	/* of our script: the words are its arguments */
};

/**
 * struct df_redis_words - a command that is made
 * @bytes: what the words point to, if it is theirs
 */
struct df_redis_words {
	size_t count;
	const char **v;
	size_t *lens;
	char *bytes;
};

struct df_redis_lease;

TAILQ_HEAD(df_redis_calls, df_redis_call);
TAILQ_HEAD(df_redis_requests, df_redis_request);
LIST_HEAD(df_redis_subs, df_redis_sub);
LIST_HEAD(df_redis_leases, df_redis_lease);

/**
 * struct df_redis - an open database
 * @server: of those of the URI, the one that is asked, or asked about the master
 * @master: where that is
 * @failures: sessions that were lost or not made since one was there
 * @link: to the master, or, before it is known, to a sentinel
 * @hints: also to the master, for what it says by itself; NULL: not wanted
 * @sha: what the master calls our script
 * @is_ready: there is a session
 * @refusal: why there can be none, if its code is not 0
 * @reason: why the last one was lost
 * @retry: makes a session
 * @stall: looks whether the master has fallen silent
 * @ping: asks something when nothing was said for long, if somebody follows
 * @reap: ends leases of the dead
 * @calls: what is not answered; first what was sent, in the order of the answers
 */
struct df_redis {
	struct df_db *db;
	struct event_base *base;
	struct df_redis_uri uri;
	struct df_redis_net net;
	size_t server;
	struct df_uri_server master;
	unsigned int failures;
	struct df_redis_link *link;
	struct df_redis_link *hints;
	char sha[48];
	bool is_ready;
	struct df_error refusal;
	char reason[200];
	struct event *retry;
	struct event *stall;
	struct event *ping;
	struct event *reap;
	struct df_redis_calls calls;
	struct df_redis_requests requests;
	struct df_redis_subs subs;
	struct df_redis_leases leases;
};

void *df_redis_must(void *memory);
void df_redis_arm(struct event *timer, int64_t ms);
uint64_t df_redis_random(void);

/* redis.c: commands */

void df_redis_words_init(struct df_redis_words *words, size_t max);
void df_redis_words_add(struct df_redis_words *words, const void *word,
			size_t len);
void df_redis_words_text(struct df_redis_words *words, const char *text);
void df_redis_words_fini(struct df_redis_words *words);
/** Six digits that make what others could have made, too, different. */
const char *df_redis_digits(char digits[8]);

/* redis_session.c */

int df_redis_open(void **out, struct df_db *db, const char *uri,
		  struct event_base *base, struct df_error *error);
void df_redis_close(void *priv);
/** What the words point to is copied. */
void df_redis_send(struct df_redis *redis, const struct df_redis_words *words,
		   unsigned int flags, df_redis_reply_fn fn, void *arg);
/** The same for a few words of text, up to NULL. */
void df_redis_ask(struct df_redis *redis, unsigned int flags,
		  df_redis_reply_fn fn, void *arg, const char *const *words);
/** Nobody waits for calls of @arg any more. */
void df_redis_cancel(struct df_redis *redis, const void *arg);
/** The session is of no use any more. */
void df_redis_lost(struct df_redis *redis, const char *reason);

/* redis_setup.c */

/** With a new connection: find the master, and what database it has. */
void df_redis_setup(struct df_redis *redis);
/** That has been done, or cannot be done. */
void df_redis_ready(struct df_redis *redis);
void df_redis_refused(struct df_redis *redis, int code, const char *text);
/** Connect to @redis->master. */
void df_redis_connect(struct df_redis *redis);

/* redis.c */

/**
 * struct df_redis_request - what a user asked for, with a deadline
 * @end: frees it, without an answer
 */
struct df_redis_request {
	TAILQ_ENTRY(df_redis_request) node;
	struct df_redis *redis;
	struct df_db_req *req;
	struct event *timer;
	void (*end)(struct df_redis_request *request);
};

void df_redis_request_init(struct df_redis *redis,
			   struct df_redis_request *request,
			   struct df_db_req *req,
			   void (*end)(struct df_redis_request *request));
void df_redis_request_fini(struct df_redis_request *request);
/** There can be no session: @req was told so. */
bool df_redis_is_refused(struct df_redis *redis, struct df_db_req *req);
void df_redis_fail(struct df_redis *redis, struct df_db_req *req,
		   const struct df_redis_reply *reply);
void df_redis_ping(evutil_socket_t fd, short what, void *arg);

/* redis_commit.c */

void df_redis_commit(void *priv, struct df_db_req *req,
		     const struct df_db_op *ops, size_t count, void *lease);

/* redis_follow.c */

int df_redis_subscribe(void **out, void *priv, struct df_db_sub *sub,
		       const char *topic, struct df_error *error);
void df_redis_unsubscribe(void *priv, void *sub);
/** There is a new session: look what was missed. */
void df_redis_follow_start(struct df_redis *redis);
/** Be told what changes, if that is wanted and not so yet. */
void df_redis_hints_start(struct df_redis *redis);

/* redis_lease.c */

int df_redis_lease_new(void **out, void *priv, struct df_db_lease *lease,
		       unsigned int ttl_ms, struct df_error *error);
void df_redis_lease_free(void *priv, void *lease);
const char *df_redis_lease_name(const struct df_redis_lease *lease);
/** The leases of the dead are due. */
void df_redis_reap(evutil_socket_t fd, short what, void *arg);

#endif
