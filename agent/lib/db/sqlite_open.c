// SPDX-License-Identifier: GPL-2.0
/* The SQLite driver's file: finding, creating, checking and closing it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "sqlite.h"
#include "sqlite_uri.h"

/* "DfNb": says whose the file is, so that no other is written to. */
#define APPLICATION_ID 0x44664e62
#define LAYOUT 1
#define BUSY_MS 5000

static const char create_sql[] =
	"CREATE TABLE entries("
	" key TEXT PRIMARY KEY, topic TEXT NOT NULL, value BLOB NOT NULL,"
	" version INTEGER NOT NULL, lease TEXT) WITHOUT ROWID;"
	"CREATE INDEX entries_topic ON entries(topic) WHERE topic != '';"
	"CREATE INDEX entries_lease ON entries(lease) WHERE lease IS NOT NULL;"
	"CREATE TABLE changes("
	" seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, key TEXT NOT NULL,"
	" value BLOB, version INTEGER NOT NULL);"
	"CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"INSERT INTO counters VALUES('version', 0);";

/* Keys hold nothing above '~', so 0x7f ends every prefix. */
#define COLUMNS "SELECT key, topic, value, version FROM entries "
#define PREFIX "key >= ?1 AND key < ?1 || x'7f' "

static const char *const stmt_sql[STMT_COUNT] = {
	[STMT_BEGIN] = "BEGIN",
	[STMT_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[STMT_COMMIT] = "COMMIT",
	[STMT_ROLLBACK] = "ROLLBACK",
	[STMT_GET] = COLUMNS "WHERE key = ?1",
	[STMT_LIST] = COLUMNS "WHERE " PREFIX,
	[STMT_TOPIC] = COLUMNS "WHERE topic = ?2 AND topic != '' AND " PREFIX,
	[STMT_ALL] = COLUMNS "WHERE topic != ''",
	[STMT_PREFIX] = "SELECT 1 FROM entries WHERE " PREFIX "LIMIT 1",
	[STMT_VERSION] = "UPDATE counters SET value = value + 1"
		" WHERE name = 'version' RETURNING value",
	[STMT_PUT] = "INSERT OR REPLACE INTO entries VALUES(?1,?2,?3,?4,?5)",
	[STMT_DELETE] = "DELETE FROM entries WHERE key = ?1",
	[STMT_CHANGE] = "INSERT INTO changes(topic, key, value, version)"
		" VALUES(?1, ?2, ?3, ?4)",
	[STMT_TRIM] = "DELETE FROM changes WHERE"
		" seq <= (SELECT max(seq) FROM changes) - ?1",
	[STMT_BOUNDS] = "SELECT (SELECT min(seq) FROM changes),"
		" (SELECT max(seq) FROM changes)",
	[STMT_CHANGES] = "SELECT key, topic, value, version FROM changes"
		" WHERE seq > ?1 ORDER BY seq",
	[STMT_LEASED] = "SELECT key, topic FROM entries WHERE lease = ?1"
		" AND lease IS NOT NULL",
};

/*
 * Another process is writing, which takes milliseconds. Wait in small steps:
 * SQLite's own handler grows to 100 ms, which starves the one who waits longest.
 */
static int busy(void *arg, int count)
{
	struct timespec step = { .tv_nsec = 250 * 1000 };

	(void)arg;
	if (count >= BUSY_MS * 4)
		return 0;
	nanosleep(&step, NULL);
	return 1;
}

static int sql_error(struct df_sqlite *db, struct df_error *error, int code)
{
	int err = df_sqlite_errno(code);

	if (err == -EBADMSG)
		return df_db_error(error, err,
				   "%s is damaged, or not a database: %s",
				   db->path, sqlite3_errmsg(db->sql));
	return df_db_error(error, err, "%s: %s", db->path,
			   sqlite3_errmsg(db->sql));
}

static int run_sql(struct df_sqlite *db, const char *sql,
		   struct df_error *error)
{
	int code = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);

	return code ? sql_error(db, error, code) : 0;
}

static int read_pragma(struct df_sqlite *db, const char *sql, int64_t *value,
		       struct df_error *error)
{
	sqlite3_stmt *stmt;
	int code = sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL);

	if (!code)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW)
		*value = sqlite3_column_int64(stmt, 0);
	if (df_sqlite_errno(code))
		sql_error(db, error, code);
	sqlite3_finalize(stmt);
	return df_sqlite_errno(code);
}

static int create_layout(struct df_sqlite *db, struct df_error *error)
{
	char sql[128];
	int err;

	snprintf(sql, sizeof(sql),
		 "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT",
		 APPLICATION_ID, LAYOUT);
	err = run_sql(db, "BEGIN IMMEDIATE", error);
	if (!err)
		err = run_sql(db, create_sql, error);
	return err ? err : run_sql(db, sql, error);
}

/* Only reads: the file may be somebody else's. */
static int check_layout(struct df_sqlite *db, bool *is_new,
			struct df_error *error)
{
	int64_t application = 0;
	int64_t layout = 0;
	int64_t tables = 0;
	int err;

	err = read_pragma(db, "PRAGMA application_id", &application, error);
	if (!err)
		err = read_pragma(db, "PRAGMA user_version", &layout, error);
	if (!err)
		err = read_pragma(db, "SELECT count(*) FROM sqlite_schema",
				  &tables, error);
	if (err)
		return err;
	*is_new = !application && !layout && !tables;
	if (*is_new)
		return 0;
	if (application != APPLICATION_ID)
		return df_db_error(error, -EBADMSG,
				   "%s is a database of another program",
				   db->path);
	if (layout != LAYOUT)
		return df_db_error(error, -EPROTO,
				   "%s was written by a newer version (layout %d, this one knows %d)",
				   db->path, (int)layout, LAYOUT);
	return 0;
}

static int cannot_open(const struct df_sqlite *db, struct df_error *error)
{
	return df_db_error(error, -errno, "cannot open %s: %s", db->path,
			   strerror(errno));
}

static int open_sql(struct df_sqlite *db, bool is_durable,
		    struct df_error *error)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	bool is_new = false;
	int err;
	int fd;

	/*
	 * Only a new file may be opened beside SQLite: closing an existing one
	 * would drop the locks of this process's other handles.
	 */
	fd = open(db->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	if (fd >= 0)
		close(fd);
	else if (errno != EEXIST || access(db->path, R_OK | W_OK))
		return cannot_open(db, error);
	err = sqlite3_open_v2(db->path, &db->sql, flags, NULL);
	if (err)
		return sql_error(db, error, err);
	sqlite3_busy_handler(db->sql, busy, NULL);
	err = check_layout(db, &is_new, error);
	if (!err && sqlite3_db_readonly(db->sql, "main"))
		err = df_db_error(error, -EACCES, "%s cannot be written to",
				  db->path);
	if (!err)
		err = run_sql(db, "PRAGMA journal_mode=WAL", error);
	if (!err)
		err = run_sql(db, is_durable ? "PRAGMA synchronous=FULL" :
			      "PRAGMA synchronous=NORMAL", error);
	return !err && is_new ? create_layout(db, error) : err;
}

static int prepare(struct df_sqlite *db, struct df_error *error)
{
	int code;
	int i;

	for (i = 0; i < STMT_COUNT; i++) {
		code = sqlite3_prepare_v3(db->sql, stmt_sql[i], -1,
					  SQLITE_PREPARE_PERSISTENT,
					  &db->stmts[i], NULL);
		if (code)
			return sql_error(db, error, code);
	}
	return 0;
}

static int open_notify(struct df_sqlite *db, struct df_error *error)
{
	char *path;

	if (asprintf(&path, "%s.notify", db->path) < 0)
		return df_db_error(error, -ENOMEM, "out of memory");
	db->notify_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
	if (db->notify_fd < 0)
		df_db_error(error, -errno, "cannot open %s: %s", path,
			    strerror(errno));
	free(path);
	return db->notify_fd < 0 ? -errno : 0;
}

static int open_files(struct df_sqlite *db, bool is_durable,
		      struct df_error *error)
{
	int err;

	/* Beside a file that is missed none is made. */
	if (df_db_is_known(db->db) && access(db->path, R_OK | W_OK))
		return cannot_open(db, error);
	err = open_notify(db, error);
	if (err)
		return err;
	/* One process at a time creates the file and switches its mode. */
	while (flock(db->notify_fd, LOCK_EX) && errno == EINTR)
		;
	err = open_sql(db, is_durable, error);
	if (!err)
		err = prepare(db, error);
	flock(db->notify_fd, LOCK_UN);
	return err;
}

int df_sqlite_open(void **out, struct df_db *core, const char *uri,
		   struct event_base *base, struct df_error *error)
{
	struct df_sqlite *db = calloc(1, sizeof(*db));
	struct df_sqlite_uri parsed;
	int err;

	if (!db)
		return df_db_error(error, -ENOMEM, "out of memory");
	db->db = core;
	db->base = base;
	db->notify_fd = -1;
	db->inotify_fd = -1;
	err = df_sqlite_uri_parse(&parsed, uri, error);
	if (!err) {
		db->path = parsed.path;
		db->history = parsed.history;
		err = open_files(db, parsed.is_durable, error);
	}
	if (!err)
		err = df_sqlite_watch(db, error);
	if (err) {
		df_sqlite_close(db);
		return err;
	}
	df_sqlite_checkpoint_init(db);
	df_sqlite_lease_sweep(db);
	*out = db;
	return 0;
}

void df_sqlite_close(void *priv)
{
	struct df_sqlite *db = priv;
	int i;

	df_sqlite_lease_fini(db);
	df_sqlite_unwatch(db);
	df_sqlite_checkpoint_fini(db);
	for (i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(db->stmts[i]);
	sqlite3_close(db->sql);
	if (db->notify_fd >= 0)
		close(db->notify_fd);
	free(db->path);
	free(db);
}
