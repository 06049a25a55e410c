/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: the database API
 *
 * A database holds entries: a key, a value, a topic and a version.
 *
 * - A key is printable ASCII, at most DF_DB_KEY_MAX bytes. Keys have no
 *   structure; related keys share a prefix that ends in '/'.
 * - A value is any bytes, zero included, at most the driver's value_max.
 * - A topic is what can be subscribed; an entry lives in exactly one. The empty
 *   topic is for entries that nobody follows. A put may move an entry to
 *   another topic; to the old topic's subscribers that is a deletion.
 * - A version is a number the driver gives at every put. It is between 1 and
 *   DF_DB_VERSION_MAX and never given twice to one key, even if the entry was
 *   deleted in between.
 *
 * The core stands between users and drivers. It checks arguments, queues
 * every answer and event, and calls users from the event loop, so a driver may
 * answer at any time, also from inside of the call that asked. It knows what
 * each subscriber has seen: a driver that lost its place just sends a snapshot
 * again, and the subscriber gets the differences.
 *
 * How to write a driver: Documentation/writing-a-driver.md. The conformance
 * suite selftests/db takes a URI and tests any of them.
 */
#ifndef DRAGONFLOW_DB_H
#define DRAGONFLOW_DB_H

#include "dragonflow.h"

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define DF_DB_ABI 1
#define DF_DB_KEY_MAX 512
#define DF_DB_VERSION_MAX (UINT64_MAX - 16)

/* What an operation expects of the entry, instead of a version. */
#define DF_DB_ABSENT 0
#define DF_DB_ANY UINT64_MAX
#define DF_DB_PRESENT (UINT64_MAX - 1)

struct df_db;
struct df_db_lease;
struct df_db_req;
struct df_db_sub;

/** enum df_db_op_type - what an operation of a transaction does */
enum df_db_op_type {
	DF_DB_PUT,	/* write the entry */
	DF_DB_DELETE,	/* remove it; with DF_DB_ANY it need not be there */
	DF_DB_CHECK,	/* only expect something of it */
	DF_DB_EMPTY,	/* expect that after the transaction no entry has a key
			 * with the prefix @key
			 */
};

/**
 * struct df_db_op - one operation
 * @type: what to do
 * @key: the entry; at most one PUT, DELETE or CHECK of a transaction names it
 * @topic: of a PUT, "" for none
 * @value: of a PUT
 * @len: bytes of @value
 * @expect: version that the entry must have before the transaction, or
 *	DF_DB_ABSENT, DF_DB_PRESENT, DF_DB_ANY
 */
struct df_db_op {
	enum df_db_op_type type;
	const char *key;
	const char *topic;
	const void *value;
	size_t len;
	uint64_t expect;
};

/**
 * struct df_db_entry - an entry, as it is read
 * @key: its key
 * @topic: its topic
 * @value: its value; a NUL that does not count follows
 * @len: bytes of @value
 * @version: its version
 */
struct df_db_entry {
	const char *key;
	const char *topic;
	const void *value;
	size_t len;
	uint64_t version;
};

/*
 * For users of databases. Strings are copied unless said otherwise.
 */

int df_db_open(struct df_db **out, const char *uri, struct event_base *base,
	       struct df_error *error);
/** As df_db_open(), but the database is not made if it is not there. */
int df_db_open_known(struct df_db **out, const char *uri,
		     struct event_base *base, struct df_error *error);
/** No callback comes after this. Leases end. Not from inside of a driver. */
void df_db_close(struct df_db *db);
/**
 * df_db_driver_dir - where drivers are looked for
 *
 * $DRAGONFLOW_DRIVER_DIR, or "dragonflow" beside the library, or the directory
 * that the library was built for.
 */
void df_db_driver_dir(char *dir, size_t size);
struct df_db_driver;
/** The driver for the scheme of @uri; it stays loaded. */
int df_db_driver_find(const struct df_db_driver **out, const char *uri,
		      struct df_error *error);

/** enum df_db_cap - what a driver can do beyond the contract */
enum df_db_cap {
	DF_DB_CAP_SUBSCRIBE_ALL = 1 << 0,	/* the topic "*" is every one */
};

unsigned int df_db_caps(const struct df_db *db);
size_t df_db_value_max(const struct df_db *db);
size_t df_db_ops_max(const struct df_db *db);

typedef void (*df_db_state_fn)(void *arg, bool up,
			       const struct df_error *error);
void df_db_on_state(struct df_db *db, df_db_state_fn fn, void *arg);

/**
 * df_db_read_fn - entries were read
 * @error: NULL after success
 * @entries: borrowed, sorted by key
 */
typedef void (*df_db_read_fn)(void *arg, const struct df_error *error,
			      const struct df_db_entry *entries, size_t count);
/** One entry or none. The request can be cancelled until the callback. */
struct df_db_req *df_db_get(struct df_db *db, const char *key,
			    df_db_read_fn fn, void *arg);
/** Every entry whose key has the prefix and, unless NULL, that is in @topic. */
struct df_db_req *df_db_list(struct df_db *db, const char *prefix,
			     const char *topic, df_db_read_fn fn, void *arg);

/**
 * df_db_commit_fn - a transaction ended
 * @error: NULL after success. -ESTALE: an expectation was not met, nothing was
 *	changed. -EINVAL, -E2BIG: refused. -ETIMEDOUT, -ENOTCONN: it may or may
 *	not have happened. -EIO, -EACCES, -ENOSPC: nothing was changed.
 * @conflict: with -ESTALE, index of an operation that was not met
 */
typedef void (*df_db_commit_fn)(void *arg, const struct df_error *error,
				size_t conflict);
/** @ops and what they point to stay the caller's and unchanged until @fn.
 * @lease: puts disappear with it; NULL for ever
 */
struct df_db_req *df_db_commit(struct df_db *db, const struct df_db_op *ops,
			       size_t count, struct df_db_lease *lease,
			       df_db_commit_fn fn, void *arg);
/** Its callback will not come; a transaction may happen nevertheless. */
void df_db_cancel(struct df_db_req *req);

/** enum df_db_event_type - what a subscriber is told */
enum df_db_event_type {
	DF_DB_EVENT_PUT,
	DF_DB_EVENT_DELETE,
	DF_DB_EVENT_SYNCED,
};

/** @entry: NULL with SYNCED; with DELETE only the key and the topic */
typedef void (*df_db_event_fn)(void *arg, enum df_db_event_type type,
			       const struct df_db_entry *entry);
int df_db_subscribe(struct df_db_sub **out, struct df_db *db,
		    const char *topic, df_db_event_fn fn, void *arg,
		    struct df_error *error);
void df_db_unsubscribe(struct df_db_sub *sub);

int df_db_lease_new(struct df_db_lease **out, struct df_db *db,
		    unsigned int ttl_ms, df_done_fn lost, void *arg,
		    struct df_error *error);
/** Its entries are deleted. */
void df_db_lease_free(struct df_db_lease *lease);

/*
 * For drivers
 */

/**
 * struct df_db_driver - a driver; its shared object exports one as
 *	"df_db_driver"
 * @abi: DF_DB_ABI
 * @scheme: of the URIs; the shared object is dragonflow/<scheme>.so
 * @caps: enum df_db_cap
 * @value_max: most bytes of a value
 * @ops_max: most operations of a transaction
 * @open: what @out is set to is handed to all others as @priv
 * @close: answer nothing any more; end the leases and subscriptions left
 * @get: answer with df_db_req_entry() for the entry, if it is there, and
 *	df_db_req_done()
 * @list: the same for all entries with the key prefix (and in the topic, unless
 *	it is NULL); a consistent snapshot, in any order
 * @commit: all or nothing, visible to every later get and list before
 *	df_db_req_done(). @lease is what @lease_new gave, or NULL. Its arguments
 *	stay valid until the answer.
 * @subscribe: feed @sub from now on: see df_db_sub_begin()
 * @unsubscribe: do not touch the df_db_sub any more
 * @lease_new: entries put under the lease disappear soon after this process
 *	dies, but not the entry that another lease or no lease put since then
 * @lease_free: delete its entries and forget it
 *
 * open, subscribe and lease_new refuse only what can be known at once; a server
 * that is not reached is waited for, said with df_db_state(), and requests are
 * answered with -ENOTCONN after a time of the driver's choice.
 */
struct df_db_driver {
	unsigned int abi;
	const char *scheme;
	unsigned int caps;
	size_t value_max;
	size_t ops_max;
	int (*open)(void **out, struct df_db *db, const char *uri,
		    struct event_base *base, struct df_error *error);
	void (*close)(void *priv);
	void (*get)(void *priv, struct df_db_req *req, const char *key);
	void (*list)(void *priv, struct df_db_req *req, const char *prefix,
		     const char *topic);
	void (*commit)(void *priv, struct df_db_req *req,
		       const struct df_db_op *ops, size_t count, void *lease);
	int (*subscribe)(void **out, void *priv, struct df_db_sub *sub,
			 const char *topic, struct df_error *error);
	void (*unsubscribe)(void *priv, void *sub);
	int (*lease_new)(void **out, void *priv, struct df_db_lease *lease,
			 unsigned int ttl_ms, struct df_error *error);
	void (*lease_free)(void *priv, void *lease);
};

/** One entry of the answer; copied. */
void df_db_req_entry(struct df_db_req *req, const struct df_db_entry *entry);
/** The answer is complete; @req must not be used any more. */
void df_db_req_done(struct df_db_req *req);
/** The answer is a failure. */
void df_db_req_fail(struct df_db_req *req, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** The answer to a commit: operation @index was not met. */
void df_db_req_conflict(struct df_db_req *req, size_t index);

/*
 * Feeding a subscription: begin, a put for every entry of the topic, end; then
 * put and delete as commits happen, in their order. If changes were lost, begin
 * again. What the subscriber has already is not delivered again.
 */
void df_db_sub_begin(struct df_db_sub *sub);
void df_db_sub_put(struct df_db_sub *sub, const struct df_db_entry *entry);
void df_db_sub_delete(struct df_db_sub *sub, const char *key,
		      const char *topic);
void df_db_sub_end(struct df_db_sub *sub);

/** Was it opened by df_db_open_known()? Then open makes no file. */
bool df_db_is_known(const struct df_db *db);
/** The database is (not) there; saying the same twice is said once. */
void df_db_state(struct df_db *db, bool up, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** A lease ended by itself; the driver still gets lease_free for it. */
void df_db_lease_lost(struct df_db_lease *lease, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/** Fill @error, if it is not NULL; returns @code. */
int df_db_error(struct df_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
