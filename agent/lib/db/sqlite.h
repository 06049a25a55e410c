/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of the SQLite driver. */
#ifndef DF_LIB_DB_SQLITE_H
#define DF_LIB_DB_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "../db.h"

/** enum df_sqlite_stmt - the prepared statements */
enum df_sqlite_stmt {
	STMT_BEGIN,
	STMT_BEGIN_WRITE,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_GET,
	STMT_LIST,
	STMT_TOPIC,
	STMT_ALL,
	STMT_PREFIX,
	STMT_VERSION,
	STMT_PUT,
	STMT_DELETE,
	STMT_CHANGE,
	STMT_TRIM,
	STMT_BOUNDS,
	STMT_CHANGES,
	STMT_LEASED,
	STMT_COUNT,
};

struct df_sqlite_sub;
struct df_sqlite_lease;
struct df_sqlite_retry;

/**
 * struct df_sqlite - an open database file
 * @db: the core's side
 * @base: event loop
 * @sql: the connection
 * @stmts: prepared on @sql
 * @path: of the file; beside it are path.notify and path.leases/
 * @history: changes that are kept for readers
 * @position: last change that the subscriptions have been fed
 * @notify_fd: written to after every commit; wakes whoever watches it
 * @inotify_fd: wakes us
 * @watch_notify: watch on the file that writers touch after a commit
 * @watch_wal: watch on the log that a commit writes
 * @watch_leases: watch on the directory of the leases
 * @woken: event of @inotify_fd
 * @recheck: looks once more, after a commit that was seen but not announced
 * @mover: thread that moves the log into the file
 * @has_mover: is there one to be joined?
 * @is_mover_running: is it at work? Cleared by the thread.
 * @subs: subscriptions
 * @leases: leases of this handle
 * @retries: leases whose owner closed them, but that are locked still
 */
struct df_sqlite {
	struct df_db *db;
	struct event_base *base;
	sqlite3 *sql;
	struct sqlite3_stmt *stmts[STMT_COUNT];
	char *path;
	int64_t history;
	int64_t position;
	int notify_fd;
	int inotify_fd;
	int watch_notify;
	int watch_wal;
	int watch_leases;
	struct event *woken;
	struct event *recheck;
	pthread_t mover;
	bool has_mover;
	atomic_bool is_mover_running;
	LIST_HEAD(, df_sqlite_sub) subs;
	LIST_HEAD(, df_sqlite_lease) leases;
	LIST_HEAD(, df_sqlite_retry) retries;
};

/* sqlite.c */

/** Run a statement to its end; -errno of what SQLite says. */
int df_sqlite_run(struct df_sqlite *db, enum df_sqlite_stmt stmt);
/** As a negative errno. */
int df_sqlite_errno(int code);
/** The statement, bound to nothing, to be stepped and then reset. */
sqlite3_stmt *df_sqlite_stmt(struct df_sqlite *db, enum df_sqlite_stmt stmt);
/** Delete an entry, inside of a transaction. */
int df_sqlite_delete(struct df_sqlite *db, const char *key, const char *topic);
/** Wake everybody who watches the database. */
void df_sqlite_notify(struct df_sqlite *db);

/* sqlite_open.c */

int df_sqlite_open(void **out, struct df_db *db, const char *uri,
		   struct event_base *base, struct df_error *error);
void df_sqlite_close(void *priv);

/* sqlite_checkpoint.c */

void df_sqlite_checkpoint_init(struct df_sqlite *db);
void df_sqlite_checkpoint_fini(struct df_sqlite *db);

/* sqlite_watch.c */

int df_sqlite_watch(struct df_sqlite *db, struct df_error *error);
void df_sqlite_unwatch(struct df_sqlite *db);
int df_sqlite_subscribe(void **out, void *priv, struct df_db_sub *sub,
			const char *topic, struct df_error *error);
void df_sqlite_unsubscribe(void *priv, void *sub);

/* sqlite_lease.c */

int df_sqlite_lease_new(void **out, void *priv, struct df_db_lease *lease,
			unsigned int ttl_ms, struct df_error *error);
void df_sqlite_lease_free(void *priv, void *lease);
const char *df_sqlite_lease_name(void *lease);
/** Clean up after every owner that died. */
void df_sqlite_lease_sweep(struct df_sqlite *db);
/** The lease file was closed by a writer: its owner died or released it. */
void df_sqlite_lease_closed(struct df_sqlite *db, const char *name);
/** The lease file was removed: if it is ours, somebody took it from us. */
void df_sqlite_lease_removed(struct df_sqlite *db, const char *name);
void df_sqlite_lease_fini(struct df_sqlite *db);

#endif
