// SPDX-License-Identifier: GPL-2.0
/*
 * The SQLite driver's subscriptions. A writer records each change in the table
 * "changes" within its transaction, and touches path.notify afterwards. Readers
 * sleep on inotify. A writer that is killed between the two is noticed by its
 * write to the log; as that comes before the change can be read, the reader
 * looks once more a moment later.
 */
#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite.h"

/* Longer than a commit takes; too early is made up for by the next commit. */
#define RECHECK_MS 50
#define RETRY_MS 1000

/**
 * struct df_sqlite_sub - a subscription
 * @sub: the core's side
 * @topic: what it follows, or "*"
 */
struct df_sqlite_sub {
	LIST_ENTRY(df_sqlite_sub) node;
	struct df_db_sub *sub;
	char topic[];
};

static bool is_all(const struct df_sqlite_sub *sub)
{
	return !strcmp(sub->topic, "*");
}

static void read_row(sqlite3_stmt *stmt, struct df_db_entry *entry)
{
	entry->key = (const char *)sqlite3_column_text(stmt, 0);
	entry->topic = (const char *)sqlite3_column_text(stmt, 1);
	entry->value = sqlite3_column_blob(stmt, 2);
	entry->len = sqlite3_column_bytes(stmt, 2);
	entry->version = sqlite3_column_int64(stmt, 3);
}

static int feed_snapshot(struct df_sqlite *db, struct df_sqlite_sub *sub)
{
	enum df_sqlite_stmt which = is_all(sub) ? STMT_ALL : STMT_TOPIC;
	sqlite3_stmt *stmt = df_sqlite_stmt(db, which);
	struct df_db_entry entry;
	int code;

	if (!is_all(sub)) {
		sqlite3_bind_text(stmt, 1, "", 0, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, sub->topic, -1, SQLITE_STATIC);
	}
	df_db_sub_begin(sub->sub);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		read_row(stmt, &entry);
		df_db_sub_put(sub->sub, &entry);
	}
	sqlite3_reset(stmt);
	/* Cut short it is not a snapshot: the next one will be told apart. */
	if (code == SQLITE_DONE)
		df_db_sub_end(sub->sub);
	return df_sqlite_errno(code);
}

static int feed_changes(struct df_sqlite *db)
{
	sqlite3_stmt *stmt = df_sqlite_stmt(db, STMT_CHANGES);
	struct df_sqlite_sub *sub;
	struct df_db_entry entry;
	int code;

	sqlite3_bind_int64(stmt, 1, db->position);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		bool is_delete = sqlite3_column_type(stmt, 2) == SQLITE_NULL;

		read_row(stmt, &entry);
		LIST_FOREACH(sub, &db->subs, node) {
			if (!is_all(sub) && strcmp(sub->topic, entry.topic))
				continue;
			if (is_delete)
				df_db_sub_delete(sub->sub, entry.key,
						 entry.topic);
			else
				df_db_sub_put(sub->sub, &entry);
		}
	}
	sqlite3_reset(stmt);
	return df_sqlite_errno(code);
}

static int feed_snapshots(struct df_sqlite *db)
{
	struct df_sqlite_sub *sub;
	int err = 0;

	LIST_FOREACH(sub, &db->subs, node) {
		err = feed_snapshot(db, sub);
		if (err)
			break;
	}
	return err;
}

/* Inside of a read transaction: all of it sees one state. */
static int catch_up(struct df_sqlite *db)
{
	sqlite3_stmt *stmt = df_sqlite_stmt(db, STMT_BOUNDS);
	int64_t first;
	int64_t last;
	int err;

	err = df_sqlite_errno(sqlite3_step(stmt));
	first = sqlite3_column_int64(stmt, 0);
	last = sqlite3_column_int64(stmt, 1);
	sqlite3_reset(stmt);
	if (err || last == db->position)
		return err;
	if (LIST_EMPTY(&db->subs))
		err = 0;
	else if (db->position < first - 1 || db->position > last)
		err = feed_snapshots(db);
	else
		err = feed_changes(db);
	/* After a failure what was fed already is recognised the next time. */
	if (!err)
		db->position = last;
	return err;
}

static void say_state(struct df_sqlite *db, int err)
{
	struct timeval retry = { .tv_sec = RETRY_MS / 1000 };

	if (!err) {
		df_db_state(db->db, true, " ");
		return;
	}
	df_db_state(db->db, false, "%s: %s", db->path,
		    sqlite3_errmsg(db->sql));
	event_add(db->recheck, &retry);
}

/* @with: a new subscription, to be fed from the same state; or NULL */
static int read_changes(struct df_sqlite *db, struct df_sqlite_sub *with)
{
	int err;

	err = df_sqlite_run(db, STMT_BEGIN);
	if (err)
		return err;
	err = catch_up(db);
	if (!err && with)
		err = feed_snapshot(db, with);
	df_sqlite_run(db, err ? STMT_ROLLBACK : STMT_COMMIT);
	return err;
}

static void recheck(evutil_socket_t fd, short events, void *arg)
{
	struct df_sqlite *db = arg;

	(void)fd;
	(void)events;
	say_state(db, read_changes(db, NULL));
}

static void on_commit(struct df_sqlite *db, bool is_announced)
{
	struct timeval later = { .tv_usec = RECHECK_MS * 1000 };
	int64_t before = db->position;
	int err;

	if (LIST_EMPTY(&db->subs))
		return;
	err = read_changes(db, NULL);
	if (!err && is_announced)
		event_del(db->recheck);
	else if (!err && db->position == before)
		event_add(db->recheck, &later);
	say_state(db, err);
}

static void read_events(struct df_sqlite *db, const char *buf, ssize_t len,
			bool *is_written, bool *is_announced)
{
	const struct inotify_event *event;
	const char *at;

	for (at = buf; at < buf + len; at += sizeof(*event) + event->len) {
		event = (const struct inotify_event *)at;
		if (event->mask & IN_Q_OVERFLOW) {
			*is_announced = true;
			df_sqlite_lease_sweep(db);
		} else if (event->wd == db->watch_notify) {
			*is_announced = true;
		} else if (event->wd == db->watch_wal) {
			*is_written = true;
		} else if (event->wd == db->watch_leases && event->len) {
			if (event->mask & IN_DELETE)
				df_sqlite_lease_removed(db, event->name);
			else
				df_sqlite_lease_closed(db, event->name);
		}
	}
}

static void woken(evutil_socket_t fd, short events, void *arg)
{
	char buf[8192] __attribute__((aligned(8)));
	struct df_sqlite *db = arg;
	bool is_announced = false;
	bool is_written = false;
	ssize_t len;

	(void)events;
	while ((len = read(fd, buf, sizeof(buf))) > 0)
		read_events(db, buf, len, &is_written, &is_announced);
	if (is_announced || is_written)
		on_commit(db, is_announced);
}

static int add_watch(struct df_sqlite *db, const char *suffix, uint32_t mask,
		     int *watch, struct df_error *error)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s", db->path, suffix);
	*watch = inotify_add_watch(db->inotify_fd, path, mask);
	if (*watch < 0)
		return df_db_error(error, -errno, "cannot watch %.300s: %s",
				   path, strerror(errno));
	return 0;
}

static int add_watches(struct df_sqlite *db, struct df_error *error)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s.leases", db->path);
	if (mkdir(path, 0770) && errno != EEXIST)
		return df_db_error(error, -errno, "cannot create %.300s: %s",
				   path, strerror(errno));
	/* The log exists from the first read on, and as long as we do. */
	err = read_changes(db, NULL);
	if (err)
		return df_db_error(error, err, "%s: %s", db->path,
				   sqlite3_errmsg(db->sql));
	err = add_watch(db, ".notify", IN_MODIFY, &db->watch_notify, error);
	if (!err)
		err = add_watch(db, "-wal", IN_MODIFY, &db->watch_wal, error);
	if (!err)
		err = add_watch(db, ".leases", IN_CLOSE_WRITE | IN_DELETE,
				&db->watch_leases, error);
	return err;
}

int df_sqlite_watch(struct df_sqlite *db, struct df_error *error)
{
	db->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (db->inotify_fd < 0)
		return df_db_error(error, -errno,
				   "cannot watch %s with inotify: %s",
				   db->path, strerror(errno));
	db->woken = event_new(db->base, db->inotify_fd, EV_READ | EV_PERSIST,
			      woken, db);
	db->recheck = evtimer_new(db->base, recheck, db);
	if (!db->woken || !db->recheck || event_add(db->woken, NULL))
		return df_db_error(error, -ENOMEM, "out of memory");
	return add_watches(db, error);
}

void df_sqlite_unwatch(struct df_sqlite *db)
{
	if (db->woken)
		event_free(db->woken);
	if (db->recheck)
		event_free(db->recheck);
	if (db->inotify_fd >= 0)
		close(db->inotify_fd);
}

int df_sqlite_subscribe(void **out, void *priv, struct df_db_sub *core,
			const char *topic, struct df_error *error)
{
	struct df_sqlite *db = priv;
	struct df_sqlite_sub *sub;
	int err;

	sub = calloc(1, sizeof(*sub) + strlen(topic) + 1);
	if (!sub)
		return df_db_error(error, -ENOMEM, "out of memory");
	strcpy(sub->topic, topic);
	sub->sub = core;
	err = read_changes(db, sub);
	if (err) {
		free(sub);
		return df_db_error(error, err, "%s: %s", db->path,
				   sqlite3_errmsg(db->sql));
	}
	LIST_INSERT_HEAD(&db->subs, sub, node);
	*out = sub;
	return 0;
}

void df_sqlite_unsubscribe(void *priv, void *sub)
{
	struct df_sqlite_sub *old = sub;

	(void)priv;
	LIST_REMOVE(old, node);
	free(old);
}
