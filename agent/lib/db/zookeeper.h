/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside of the ZooKeeper driver. zookeeper_session.c owns libzookeeper's handle
 * and its threads; everything else runs on the event loop only.
 */
#ifndef DF_LIB_DB_ZOOKEEPER_H
#define DF_LIB_DB_ZOOKEEPER_H

#include <event2/event.h>
#include <sys/queue.h>
#include <zookeeper/zookeeper.h>

#include "../db.h"
#include "zookeeper_layout.h"
#include "zookeeper_uri.h"

/* The server's limit for a request is 1 MiB less a byte (jute.maxbuffer). */
#define DF_ZK_REQUEST_MAX 1000000
/* A transaction holds a value up to three times: entry, log, log of its topic */
#define DF_ZK_VALUE_MAX (256 * 1024)

struct df_zk_multi;
struct df_zk_session;
struct df_zk_wire;
struct df_zk_feed;
struct df_zk_lease;
struct df_zk_commit;
struct df_zk_request;
struct df_zk_reap;

/* Calls: one request to the server, and its answer (zookeeper_call.c) */

/** enum df_zk_call_type - those up to CHILDREN are repeated when they are lost */
enum df_zk_call_type {
	ZK_GET,
	ZK_EXISTS,
	ZK_CHILDREN,
	ZK_CREATE,
	ZK_DELETE,
	ZK_SET,
	ZK_MULTI,
};

enum df_zk_call_flag {
	ZK_WATCH = 1 << 0,	/* GET, EXISTS, CHILDREN: tell of the next change */
	ZK_SYNC = 1 << 1,	/* see what was committed before, by anybody */
	ZK_EARLY = 1 << 2,	/* for the start: before the database is ready */
	ZK_EPHEMERAL = 1 << 3,	/* CREATE */
	ZK_CONTAINER = 1 << 4,	/* CREATE: it goes when its last child does */
};

/**
 * struct df_zk_reply - what the server said
 * @rc: ZOK or what went wrong
 * @stat: of GET, EXISTS, SET, CHILDREN
 * @data: of GET, @len bytes
 * @names: of CHILDREN, @count
 * @multi: of MULTI, with its results
 */
struct df_zk_reply {
	int rc;
	struct Stat stat;
	char *data;
	size_t len;
	char **names;
	size_t count;
	const struct df_zk_multi *multi;
};

typedef void (*df_zk_reply_fn)(void *arg, const struct df_zk_reply *reply);

/**
 * struct df_zk_call - a request that is waiting to be sent, or for its answer
 * @wire: what libzookeeper works on, once it was sent
 * @owner: who can cancel it
 */
struct df_zk_call {
	TAILQ_ENTRY(df_zk_call) node;
	struct df_zk_wire *wire;
	enum df_zk_call_type type;
	unsigned int flags;
	char *path;
	char *data;
	size_t len;
	int version;
	struct df_zk_multi *multi;
	df_zk_reply_fn fn;
	void *arg;
	const void *owner;
};

TAILQ_HEAD(df_zk_calls, df_zk_call);

/* Handles */

enum {
	ZK_SLOTS = 16,
};

/**
 * struct df_zk_slot - a node of this session that each commit writes to
 *
 * A commit whose answer was lost is found out about by writing there: either
 * that write or the commit's finds the version that it expects.
 */
struct df_zk_slot {
	bool is_busy;
	bool is_created;
	unsigned int nr;
	int version;
};

/**
 * struct df_zk - an open database
 * @db: the core's side
 * @uri: where it is
 * @acl: of the nodes that are created
 * @session: with the servers; NULL while there is none
 * @is_up: is it connected?
 * @is_ready: and is the log known? Then @early is empty.
 * @is_long: it follows or leases something, so it is a candidate for janitor
 * @is_janitor: it is the one that cleans up after dead leases
 * @is_sweeping: it looks for dead leases; and again after that
 * @owned: leases that something was under, when it looked; @owned_count
 * @refusal: code 0, or why everything is refused
 * @early: calls of the start
 * @pending: calls that are not sent
 * @sent: calls that are not answered
 * @sent_count: how many these are
 * @log: as far as it is known
 * @log_version: of the node "log", which every commit expects
 * @is_rotating: the next segment is being opened
 * @id: of this handle; names its slots
 * @slots: for commits under way
 * @slots_made: nodes of slots so far
 * @known: directories that exist, @known_count
 * @commits_made: so far
 */
struct df_zk {
	struct df_db *db;
	struct event_base *base;
	struct df_zk_uri uri;
	struct ACL_vector acl;
	struct df_zk_session *session;
	struct event *connect_timer;
	struct event *request_timer;
	bool is_up;
	bool is_ready;
	bool is_closing;
	bool is_long;
	bool is_janitor;
	bool is_sweeping;
	bool is_sweeping_again;
	char **owned;
	size_t owned_count;
	bool is_rotating;
	struct df_error refusal;
	struct df_zk_calls early;
	struct df_zk_calls pending;
	struct df_zk_calls sent;
	size_t sent_count;
	struct df_zk_log log;
	int log_version;
	char id[DF_UUID_LEN + 1];
	struct df_zk_slot slots[ZK_SLOTS];
	unsigned int slots_made;
	void *known;
	size_t known_count;
	TAILQ_HEAD(, df_zk_request) requests;
	TAILQ_HEAD(, df_zk_commit) commits;
	unsigned int commits_made;
	LIST_HEAD(, df_zk_feed) feeds;
	LIST_HEAD(, df_zk_lease) leases;
	LIST_HEAD(, df_zk_reap) reaps;
	LIST_HEAD(, df_zk_purge) purges;
	LIST_HEAD(, df_zk_candidate) candidates;
};

/* zookeeper_session.c */

int df_zk_session_new(struct df_zk_session **out, struct df_zk *zk);
/** End it, so that its leases end; waits a moment for the server to know. */
void df_zk_session_free(struct df_zk_session *session);
/** Does its server not know it any more? */
bool df_zk_session_is_dead(const struct df_zk_session *session);
uint64_t df_zk_session_id(struct df_zk_session *session);
/** What the server agreed to. */
unsigned int df_zk_session_timeout(struct df_zk_session *session);
/** Hand what the threads have left to those who wait; for at most @ms. */
void df_zk_session_run(struct df_zk_session *session, int ms);
/** What libzookeeper said last of why there is no connection. */
void df_zk_session_reason(char *text, size_t size);

/* zookeeper_wire.c */

/** Send the call. A result other than ZOK: it was not. */
int df_zk_wire_send(struct df_zk_session *session, struct df_zk_call *call);
/** Do not touch the call any more. */
void df_zk_wire_detach(struct df_zk_wire *wire);
/** Tell libzookeeper that nobody wants to know of this node any more. */
void df_zk_session_unwatch(struct df_zk_session *session, const char *path);

/* zookeeper_call.c */

struct df_zk_call *df_zk_call_new(enum df_zk_call_type type,
				  unsigned int flags, const char *path);
/** Queue it; @call is freed with its answer. */
void df_zk_call(struct df_zk *zk, struct df_zk_call *call, const void *owner,
		df_zk_reply_fn fn, void *arg);
/** GET, EXISTS or CHILDREN */
void df_zk_read(struct df_zk *zk, enum df_zk_call_type type,
		unsigned int flags, const char *path, const void *owner,
		df_zk_reply_fn fn, void *arg);
/** CREATE, if lost until it is known; -1 version: it was there. */
void df_zk_create(struct df_zk *zk, unsigned int flags, const char *path,
		  const char *data, const void *owner, df_zk_reply_fn fn,
		  void *arg);
void df_zk_remove(struct df_zk *zk, const char *path, const void *owner,
		  df_zk_reply_fn fn, void *arg);
/** Nobody waits for calls of @owner any more. */
void df_zk_cancel(struct df_zk *zk, const void *owner);
/** Send what can be sent. */
void df_zk_pump(struct df_zk *zk);
void df_zk_answered(struct df_zk *zk, struct df_zk_call *call,
		    const struct df_zk_reply *reply);
/** The session has ended: calls go to the next one, or fail. */
void df_zk_calls_lost(struct df_zk *zk);
void df_zk_calls_fini(struct df_zk *zk);
/** Was the answer lost, so that it is not known what happened? */
static inline bool df_zk_is_lost(int rc)
{
	return rc == ZCONNECTIONLOSS || rc == ZOPERATIONTIMEOUT ||
	       rc == ZCLOSING || rc == ZINVALIDSTATE;
}

/* zookeeper_multi.c */

/** struct df_zk_multi - the operations of a transaction, and their results */
struct df_zk_multi {
	zoo_op_t *ops;
	zoo_op_result_t *results;
	size_t count;
	size_t room;
	size_t bytes;
	const struct ACL_vector *acl;
	char created[DF_ZK_PATH_MAX];
};

struct df_zk_multi *df_zk_multi_new(const struct ACL_vector *acl);
void df_zk_multi_free(struct df_zk_multi *multi);
void df_zk_multi_create(struct df_zk_multi *multi, const char *path,
			const void *data, size_t len);
/** Its name ends in a number that the server chooses. */
void df_zk_multi_append(struct df_zk_multi *multi, const char *path,
			const void *data, size_t len);
void df_zk_multi_set(struct df_zk_multi *multi, const char *path,
		     const void *data, size_t len, int version);
void df_zk_multi_delete(struct df_zk_multi *multi, const char *path,
			int version);
void df_zk_multi_check(struct df_zk_multi *multi, const char *path,
		       int version);

/* zookeeper_dirs.c */

/**
 * df_zk_known - directories that are known to exist
 *
 * The server removes one when its last child goes, so this may be wrong: then a
 * transaction fails, and df_zk_known_clear() makes us look.
 */
bool df_zk_known(struct df_zk *zk, const char *path);
void df_zk_known_add(struct df_zk *zk, const char *path);
void df_zk_known_clear(struct df_zk *zk);
/** Forget the directories in which @path is, and itself. */
void df_zk_known_del(struct df_zk *zk, const char *path);
/** Create the directories in which @path is; @fn is called for each. */
size_t df_zk_make_dirs(struct df_zk *zk, const char *path, const void *owner,
		       df_zk_reply_fn fn, void *arg);

/* zookeeper_start.c */

int df_zk_open(void **out, struct df_db *db, const char *uri,
	       struct event_base *base, struct df_error *error);
void df_zk_close(void *priv);
/** The session's news: it is connected, or not, or at its end. */
void df_zk_on_up(struct df_zk *zk);
void df_zk_on_down(struct df_zk *zk);
void df_zk_on_end(struct df_zk *zk, int rc);
/** A watched node changed. */
void df_zk_on_watch(struct df_zk *zk, const char *path);

/* zookeeper_log.c */

/** Read the node "log" when the session begins. */
void df_zk_log_start(struct df_zk *zk);
/** Read it again. */
void df_zk_log_refresh(struct df_zk *zk);
/** A commit was given number @nr of the segment: is it the last? */
void df_zk_log_written(struct df_zk *zk, uint32_t segment, uint32_t nr);

/* zookeeper.c */

/** enum df_zk_end - why a request ends before it is done */
enum df_zk_end {
	ZK_END_LATE,	/* its time is over */
	ZK_END_REFUSED,	/* the database refuses everything */
	ZK_END_CLOSED,	/* nobody wants an answer any more */
};

/**
 * struct df_zk_request - something that is answered within a time
 * @req: whom the answer is for
 * @goes_on: was there progress since it was asked last? Then it has time again;
 *	may be NULL
 * @end: frees the whole
 */
struct df_zk_request {
	TAILQ_ENTRY(df_zk_request) node;
	struct df_zk *zk;
	struct df_db_req *req;
	int64_t until_ms;
	bool (*goes_on)(struct df_zk_request *request);
	void (*end)(struct df_zk_request *request);
};

void df_zk_request_init(struct df_zk *zk, struct df_zk_request *request,
			struct df_db_req *req,
			void (*end)(struct df_zk_request *request));
void df_zk_request_fini(struct df_zk_request *request);
void df_zk_request_timer(evutil_socket_t fd, short events, void *arg);
/** End all. */
void df_zk_requests_end(struct df_zk *zk, enum df_zk_end why);
/** Answer with what @rc means. */
void df_zk_fail(struct df_zk *zk, struct df_db_req *req, int rc);
int df_zk_errno(int rc);
const char *df_zk_strerror(int rc);
int64_t df_zk_now_ms(void);

/* zookeeper_purge.c */

/** Delete the node and what is below it, without hurry. */
void df_zk_purge(struct df_zk *zk, const char *path);
void df_zk_purges_fini(struct df_zk *zk);

/* zookeeper_walk.c */

/** enum df_zk_tree - what kind of tree is walked */
enum df_zk_tree {
	ZK_TREE_KEYS,	/* "k", or a directory in there */
	ZK_TREE_FLAT,	/* buckets with keys in them */
	ZK_TREE_TOPICS,	/* buckets with topics in them, and those are FLAT */
};

/**
 * struct df_zk_walk - reads a tree
 * @found: a key
 * @dir: a directory, above those that it is in; may be NULL
 * @done: all were, or @rc is not ZOK; may free this
 * @exists: is there something at the path where it began?
 */
struct df_zk_walk {
	struct df_zk *zk;
	enum df_zk_tree tree;
	const char *partial;
	bool exists;
	int pending;
	int rc;
	void (*found)(struct df_zk_walk *walk, const char *key);
	void (*dir)(struct df_zk_walk *walk, const char *path);
	void (*done)(struct df_zk_walk *walk);
	LIST_HEAD(, df_zk_step) steps;
};

/**
 * df_zk_walk_start - walk from @path on
 * @prefix: of KEYS: what keys in there begin with, up to a '/'
 * @partial: of KEYS: what comes then; borrowed
 */
void df_zk_walk_start(struct df_zk_walk *walk, const char *path,
		      const char *prefix, const char *partial);
void df_zk_walk_stop(struct df_zk_walk *walk);

/* zookeeper_map.c */

/** struct df_zk_map - entries by key */
struct df_zk_map {
	void *root;
	size_t count;
};

/** Unless a newer version is there. */
void df_zk_map_put(struct df_zk_map *map, const struct df_db_entry *entry);
void df_zk_map_del(struct df_zk_map *map, const char *key, uint64_t version);
void df_zk_map_each(struct df_zk_map *map,
		    void (*fn)(const struct df_db_entry *entry, void *arg),
		    void *arg);
void df_zk_map_fini(struct df_zk_map *map);

/* zookeeper_feed.c */

struct df_zk_feed *df_zk_feed_new(struct df_zk *zk, const char *topic,
				  const char *prefix, struct df_db_sub *sub);
/** The snapshot is in @map, or @rc says why not; this ends the feed. */
void df_zk_feed_on_done(struct df_zk_feed *feed,
			void (*fn)(void *arg, int rc, struct df_zk_map *map),
			void *arg);
void df_zk_feed_free(struct df_zk_feed *feed);
/** How many answers it has got. */
unsigned long df_zk_feed_answers(const struct df_zk_feed *feed);
/** A node that a feed may wait for was created; NULL: all have to look. */
void df_zk_feeds_watch(struct df_zk *zk, const char *path);
/** Nobody waits for this record any more, unless another feed does. */
void df_zk_tail_unwatch(struct df_zk *zk, const char *path);
/** The node "log" was read: there may be another segment. */
void df_zk_feeds_log(struct df_zk *zk);
int df_zk_subscribe(void **out, void *priv, struct df_db_sub *sub,
		    const char *topic, struct df_error *error);
void df_zk_unsubscribe(void *priv, void *sub);

/* zookeeper_commit.c */

void df_zk_commit(void *priv, struct df_db_req *req,
		  const struct df_db_op *ops, size_t count, void *lease);
/**
 * df_zk_commit_reap - delete what is under a lease, in a transaction
 * @ops: deletions; the caller's until @fn
 * @lease: entries that are not under it stay
 * @fn: called with ZOK or what went wrong
 */
void df_zk_commit_reap(struct df_zk *zk, const struct df_db_op *ops,
		       size_t count, const char *lease,
		       void (*fn)(void *arg, int rc), void *arg);
/** Nobody waits for reaps of @arg any more. */
void df_zk_commits_cancel(struct df_zk *zk, const void *arg);

/* zookeeper_slot.c */

/** They are gone with their session. */
void df_zk_slots_lost(struct df_zk *zk);

/* zookeeper_lease.c */

int df_zk_lease_new(void **out, void *priv, struct df_db_lease *lease,
		    unsigned int ttl_ms, struct df_error *error);
void df_zk_lease_free(void *priv, void *lease);
const char *df_zk_lease_name(const struct df_zk_lease *lease);
bool df_zk_lease_is_alive(const struct df_zk *zk, const char *name);
/** The session has ended, and with it its leases. */
void df_zk_leases_lost(struct df_zk *zk);

/* zookeeper_heir.c */

/** A name for a lease of this process */
void df_zk_heir_name(char name[DF_ZK_LEASE_MAX + 1]);
/** This process. */
void df_zk_owner_self(struct df_zk_owner *owner);
/** End the leases of processes of this machine that are dead. */
void df_zk_heir_start(struct df_zk *zk);
void df_zk_heir_fini(struct df_zk *zk);

/* zookeeper_janitor.c */

void df_zk_janitor_start(struct df_zk *zk);
/** A node below the root changed. */
void df_zk_janitor_watch(struct df_zk *zk, const char *name);
void df_zk_janitor_fini(struct df_zk *zk);

/* zookeeper_reap.c */

/** Delete what is under the lease; and end it before, if it has not. */
void df_zk_reap(struct df_zk *zk, const char *lease, bool is_own);
bool df_zk_is_reaped(const struct df_zk *zk, const char *lease);
void df_zk_reaps_fini(struct df_zk *zk);

#endif
