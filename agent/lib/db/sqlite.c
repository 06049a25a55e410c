// SPDX-License-Identifier: GPL-2.0
/*
 * The embedded database: one SQLite file for the processes of one host. This
 * file reads and writes entries; sqlite_open.c knows the file, sqlite_watch.c
 * the subscriptions, sqlite_lease.c the leases.
 *
 * Every call runs to its end at once: it takes microseconds, unless another
 * process is writing, and then the few milliseconds of that.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sqlite.h"

int df_sqlite_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -ETIMEDOUT;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_TOOBIG:
		return -E2BIG;
	default:
		return -EIO;
	}
}

sqlite3_stmt *df_sqlite_stmt(struct df_sqlite *db, enum df_sqlite_stmt stmt)
{
	sqlite3_reset(db->stmts[stmt]);
	return db->stmts[stmt];
}

int df_sqlite_run(struct df_sqlite *db, enum df_sqlite_stmt stmt)
{
	int code = sqlite3_step(db->stmts[stmt]);

	sqlite3_reset(db->stmts[stmt]);
	return df_sqlite_errno(code);
}

void df_sqlite_notify(struct df_sqlite *db)
{
	/* Should this fail, the log's own watch still wakes the others. */
	while (pwrite(db->notify_fd, "\n", 1, 0) < 0 && errno == EINTR)
		;
}

static void bind_text(sqlite3_stmt *stmt, int index, const char *text)
{
	sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

static const char *column_text(sqlite3_stmt *stmt, int index)
{
	const char *text = (const char *)sqlite3_column_text(stmt, index);

	return text ? text : "";
}

static void answer_error(struct df_sqlite *db, struct df_db_req *req, int err)
{
	df_db_req_fail(req, err, "%s: %s", db->path,
		       err == -ETIMEDOUT ?
		       "another process keeps it locked" :
		       sqlite3_errmsg(db->sql));
}

/* Rows of key, topic, value, version */
static void answer_rows(struct df_sqlite *db, struct df_db_req *req,
			sqlite3_stmt *stmt)
{
	int code;

	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct df_db_entry entry = {
			.key = column_text(stmt, 0),
			.topic = column_text(stmt, 1),
			.value = sqlite3_column_blob(stmt, 2),
			.len = sqlite3_column_bytes(stmt, 2),
			.version = sqlite3_column_int64(stmt, 3),
		};

		df_db_req_entry(req, &entry);
	}
	sqlite3_reset(stmt);
	if (code == SQLITE_DONE)
		df_db_req_done(req);
	else
		answer_error(db, req, df_sqlite_errno(code));
}

static void sqlite_get(void *priv, struct df_db_req *req, const char *key)
{
	struct df_sqlite *db = priv;
	sqlite3_stmt *stmt = df_sqlite_stmt(db, STMT_GET);

	bind_text(stmt, 1, key);
	answer_rows(db, req, stmt);
}

static void sqlite_list(void *priv, struct df_db_req *req, const char *prefix,
			const char *topic)
{
	struct df_sqlite *db = priv;
	sqlite3_stmt *stmt;

	stmt = df_sqlite_stmt(db, topic ? STMT_TOPIC : STMT_LIST);
	bind_text(stmt, 1, prefix);
	if (topic)
		bind_text(stmt, 2, topic);
	answer_rows(db, req, stmt);
}

/* Transactions */

/**
 * struct stored - what is there before an operation
 * @version: 0 if nothing
 * @topic: of the entry; a copy, as the row goes away
 */
struct stored {
	int64_t version;
	char topic[DF_DB_KEY_MAX + 1];
};

static int read_stored(struct df_sqlite *db, const char *key,
		       struct stored *stored)
{
	sqlite3_stmt *stmt = df_sqlite_stmt(db, STMT_GET);
	int code;

	bind_text(stmt, 1, key);
	code = sqlite3_step(stmt);
	stored->version = 0;
	stored->topic[0] = '\0';
	if (code == SQLITE_ROW) {
		stored->version = sqlite3_column_int64(stmt, 3);
		strncat(stored->topic, column_text(stmt, 1), DF_DB_KEY_MAX);
	}
	sqlite3_reset(stmt);
	return df_sqlite_errno(code);
}

static bool is_expected(const struct stored *stored, uint64_t expect)
{
	if (expect == DF_DB_ANY)
		return true;
	if (expect == DF_DB_PRESENT)
		return stored->version;
	return (uint64_t)stored->version == expect;
}

static int add_change(struct df_sqlite *db, const char *key, const char *topic,
		      const struct df_db_op *put, int64_t version)
{
	sqlite3_stmt *stmt;

	if (!*topic)
		return 0;
	stmt = df_sqlite_stmt(db, STMT_CHANGE);
	bind_text(stmt, 1, topic);
	bind_text(stmt, 2, key);
	if (put)
		sqlite3_bind_blob64(stmt, 3, put->len ? put->value : "",
				    put->len, SQLITE_STATIC);
	else
		sqlite3_bind_null(stmt, 3);
	sqlite3_bind_int64(stmt, 4, version);
	return df_sqlite_run(db, STMT_CHANGE);
}

int df_sqlite_delete(struct df_sqlite *db, const char *key, const char *topic)
{
	int err;

	bind_text(df_sqlite_stmt(db, STMT_DELETE), 1, key);
	err = df_sqlite_run(db, STMT_DELETE);
	return err ? err : add_change(db, key, topic, NULL, 0);
}

static int put_entry(struct df_sqlite *db, const struct df_db_op *op,
		     const struct stored *stored, int64_t version,
		     const char *lease)
{
	const char *topic = op->topic ? op->topic : "";
	sqlite3_stmt *stmt;
	int err = 0;

	if (strcmp(stored->topic, topic))
		err = add_change(db, op->key, stored->topic, NULL, 0);
	if (err)
		return err;
	stmt = df_sqlite_stmt(db, STMT_PUT);
	bind_text(stmt, 1, op->key);
	bind_text(stmt, 2, topic);
	sqlite3_bind_blob64(stmt, 3, op->len ? op->value : "", op->len,
			    SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 4, version);
	if (lease)
		bind_text(stmt, 5, lease);
	else
		sqlite3_bind_null(stmt, 5);
	err = df_sqlite_run(db, STMT_PUT);
	return err ? err : add_change(db, op->key, topic, op, version);
}

static int apply_op(struct df_sqlite *db, const struct df_db_op *op,
		    int64_t version, const char *lease)
{
	struct stored stored;
	int err;

	err = read_stored(db, op->key, &stored);
	if (err)
		return err;
	if (!is_expected(&stored, op->expect))
		return -ESTALE;
	switch (op->type) {
	case DF_DB_PUT:
		return put_entry(db, op, &stored, version, lease);
	case DF_DB_DELETE:
		return stored.version ?
		       df_sqlite_delete(db, op->key, stored.topic) : 0;
	case DF_DB_CHECK:
	case DF_DB_EMPTY:
		break;
	}
	return 0;
}

static int check_empty(struct df_sqlite *db, const char *prefix)
{
	sqlite3_stmt *stmt = df_sqlite_stmt(db, STMT_PREFIX);
	int code;

	bind_text(stmt, 1, prefix);
	code = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return code == SQLITE_ROW ? -ESTALE : df_sqlite_errno(code);
}

static int next_version(struct df_sqlite *db, int64_t *version)
{
	sqlite3_stmt *stmt = df_sqlite_stmt(db, STMT_VERSION);
	int code = sqlite3_step(stmt);

	if (code == SQLITE_ROW)
		*version = sqlite3_column_int64(stmt, 0);
	/* To its end: RETURNING gives the row before it is finished. */
	while (code == SQLITE_ROW)
		code = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return df_sqlite_errno(code);
}

static int trim(struct df_sqlite *db)
{
	sqlite3_bind_int64(df_sqlite_stmt(db, STMT_TRIM), 1, db->history);
	return df_sqlite_run(db, STMT_TRIM);
}

/* @at: the operation that failed */
static int apply_ops(struct df_sqlite *db, const struct df_db_op *ops,
		     size_t count, const char *lease, size_t *at)
{
	int64_t version = 0;
	int err;

	err = next_version(db, &version);
	for (*at = 0; !err && *at < count; ++*at) {
		if (ops[*at].type == DF_DB_EMPTY)
			continue;
		err = apply_op(db, &ops[*at], version, lease);
		if (err)
			return err;
	}
	for (*at = 0; !err && *at < count; ++*at) {
		if (ops[*at].type != DF_DB_EMPTY)
			continue;
		err = check_empty(db, ops[*at].key);
		if (err)
			return err;
	}
	return err ? err : trim(db);
}

static void sqlite_commit(void *priv, struct df_db_req *req,
			  const struct df_db_op *ops, size_t count,
			  void *lease)
{
	const char *name = lease ? df_sqlite_lease_name(lease) : NULL;
	struct df_sqlite *db = priv;
	size_t at = 0;
	int err;

	err = df_sqlite_run(db, STMT_BEGIN_WRITE);
	if (err) {
		answer_error(db, req, err);
		return;
	}
	err = apply_ops(db, ops, count, name, &at);
	if (!err)
		err = df_sqlite_run(db, STMT_COMMIT);
	if (!err) {
		df_sqlite_notify(db);
		df_db_req_done(req);
		return;
	}
	if (err == -ESTALE)
		df_db_req_conflict(req, at);
	else
		answer_error(db, req, err);
	/* SQLite may have rolled back by itself. */
	if (!sqlite3_get_autocommit(db->sql))
		df_sqlite_run(db, STMT_ROLLBACK);
}

extern const struct df_db_driver df_db_driver;

__attribute__((visibility("default")))
const struct df_db_driver df_db_driver = {
	.abi = DF_DB_ABI,
	.scheme = "sqlite",
	.caps = DF_DB_CAP_SUBSCRIBE_ALL,
	.value_max = 16 * 1024 * 1024,
	.ops_max = 1000000,
	.open = df_sqlite_open,
	.close = df_sqlite_close,
	.get = sqlite_get,
	.list = sqlite_list,
	.commit = sqlite_commit,
	.subscribe = df_sqlite_subscribe,
	.unsubscribe = df_sqlite_unsubscribe,
	.lease_new = df_sqlite_lease_new,
	.lease_free = df_sqlite_lease_free,
};
