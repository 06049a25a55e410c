// SPDX-License-Identifier: GPL-2.0
/*
 * Moving SQLite's log into the file from time to time. That waits for the disk,
 * which on a busy machine takes up to seconds, so it has a thread and a
 * connection of its own: the event loop goes on meanwhile. Nothing else is done
 * in the thread.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "sqlite.h"

/* Pages (of 4 KiB) in the log: begin to move it; do not let it grow longer */
#define LOG_PAGES 1000
#define LOG_PAGES_MAX 16000

static void *move_log(void *arg)
{
	struct df_sqlite *db = arg;
	sqlite3 *sql = NULL;

	if (!sqlite3_open_v2(db->path, &sql, SQLITE_OPEN_READWRITE |
			     SQLITE_OPEN_NOMUTEX, NULL))
		sqlite3_wal_checkpoint_v2(sql, NULL,
					  SQLITE_CHECKPOINT_PASSIVE, NULL,
					  NULL);
	/* If it failed the log is longer the next time, and it is tried again. */
	sqlite3_close(sql);
	atomic_store(&db->is_mover_running, false);
	return NULL;
}

static void join(struct df_sqlite *db)
{
	if (db->has_mover)
		pthread_join(db->mover, NULL);
	db->has_mover = false;
}

static void start(struct df_sqlite *db)
{
	sigset_t all;
	sigset_t old;

	join(db);
	/* Signals are for the program's own threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	atomic_store(&db->is_mover_running, true);
	db->has_mover = !pthread_create(&db->mover, NULL, move_log, db);
	if (!db->has_mover)
		atomic_store(&db->is_mover_running, false);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static int committed(void *arg, sqlite3 *sql, const char *name, int pages)
{
	struct df_sqlite *db = arg;

	if (pages >= LOG_PAGES_MAX)
		sqlite3_wal_checkpoint_v2(sql, name,
					  SQLITE_CHECKPOINT_PASSIVE, NULL,
					  NULL);
	else if (pages >= LOG_PAGES && !atomic_load(&db->is_mover_running))
		start(db);
	return SQLITE_OK;
}

void df_sqlite_checkpoint_init(struct df_sqlite *db)
{
	sqlite3_wal_hook(db->sql, committed, db);
}

void df_sqlite_checkpoint_fini(struct df_sqlite *db)
{
	join(db);
}
