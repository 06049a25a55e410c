// SPDX-License-Identifier: GPL-2.0
/*
 * The SQLite driver's leases. The owner keeps path.leases/<name> open and
 * locked. However it dies, the kernel closes the file, which wakes everybody
 * who watches the directory; whoever gets the lock then deletes the entries and
 * the file. Nobody watching: the next one to open the database does it.
 */
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sqlite.h"

/* A file is not a lease until it is locked, which a new one is not yet. */
#define NEW_PREFIX "new-"
#define NEW_MAX_AGE_S 60
#define RETRY_FIRST_MS 5
#define RETRY_MAX 9

/**
 * struct df_sqlite_lease - a lease of this handle
 * @lease: the core's side
 * @fd: its file, locked
 * @name: its name, as entries hold it
 */
struct df_sqlite_lease {
	LIST_ENTRY(df_sqlite_lease) node;
	struct df_db_lease *lease;
	int fd;
	char name[DF_UUID_LEN + 1];
};

/**
 * struct df_sqlite_retry - a lease that was closed, but is locked still
 *
 * The kernel tells of the close just before it drops the lock. Or somebody else
 * holds the lock to clean up, and may die doing so.
 */
struct df_sqlite_retry {
	LIST_ENTRY(df_sqlite_retry) node;
	struct df_sqlite *db;
	struct event *timer;
	int tries;
	char name[NAME_MAX + 1];
};

const char *df_sqlite_lease_name(void *lease)
{
	return ((struct df_sqlite_lease *)lease)->name;
}

static int lease_dir(const struct df_sqlite *db)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s.leases", db->path);
	return open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
}

static int delete_leased(struct df_sqlite *db, const char *name)
{
	sqlite3_stmt *stmt = df_sqlite_stmt(db, STMT_LEASED);
	int code;
	int err;

	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		char *key = strdup((const char *)sqlite3_column_text(stmt, 0));
		char *topic = strdup((const char *)sqlite3_column_text(stmt,
								       1));

		/* The row goes away: look for the first one again. */
		sqlite3_reset(stmt);
		err = key && topic ? df_sqlite_delete(db, key, topic) :
				     -ENOMEM;
		free(key);
		free(topic);
		if (err)
			return err;
	}
	sqlite3_reset(stmt);
	return df_sqlite_errno(code);
}

/* Delete the entries of the lease in one transaction. */
static int end_lease(struct df_sqlite *db, const char *name)
{
	int err;

	err = df_sqlite_run(db, STMT_BEGIN_WRITE);
	if (err)
		return err;
	err = delete_leased(db, name);
	if (!err)
		err = df_sqlite_run(db, STMT_COMMIT);
	if (!sqlite3_get_autocommit(db->sql))
		df_sqlite_run(db, STMT_ROLLBACK);
	if (!err)
		df_sqlite_notify(db);
	return err;
}

/* 0: it is gone. -EAGAIN: somebody holds it. */
static int try_end(struct df_sqlite *db, int dir, const char *name)
{
	struct stat st;
	int err = 0;
	int fd;

	/* Reading, so that closing it looks different from an owner's death. */
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB))
		err = -EAGAIN;
	else if (fstat(fd, &st) || !st.st_nlink)
		err = 0;
	else
		err = end_lease(db, name) ? -EAGAIN :
		      unlinkat(dir, name, 0) ? -errno : 0;
	close(fd);
	return err;
}

/* Leftovers of who died between creating and locking the file */
static void remove_old_new(int dir, const char *name)
{
	struct stat st;

	if (!fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) &&
	    st.st_mtime + NEW_MAX_AGE_S < time(NULL))
		unlinkat(dir, name, 0);
}

void df_sqlite_lease_sweep(struct df_sqlite *db)
{
	int fd = lease_dir(db);
	struct dirent *entry;
	DIR *dir = NULL;

	if (fd >= 0)
		dir = fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (!strncmp(entry->d_name, NEW_PREFIX, strlen(NEW_PREFIX)))
			remove_old_new(fd, entry->d_name);
		else
			try_end(db, fd, entry->d_name);
	}
	closedir(dir);
}

static void retry_free(struct df_sqlite_retry *retry)
{
	LIST_REMOVE(retry, node);
	event_free(retry->timer);
	free(retry);
}

static void retry_run(evutil_socket_t unused, short events, void *arg)
{
	struct df_sqlite_retry *retry = arg;
	struct timeval later = {
		.tv_usec = RETRY_FIRST_MS * 1000 << retry->tries,
	};
	int dir = lease_dir(retry->db);
	int err;

	(void)unused;
	(void)events;
	err = dir < 0 ? 0 : try_end(retry->db, dir, retry->name);
	if (dir >= 0)
		close(dir);
	if (err != -EAGAIN || ++retry->tries == RETRY_MAX) {
		retry_free(retry);
		return;
	}
	later.tv_sec = later.tv_usec / 1000000;
	later.tv_usec %= 1000000;
	event_add(retry->timer, &later);
}

void df_sqlite_lease_closed(struct df_sqlite *db, const char *name)
{
	struct df_sqlite_retry *retry;

	if (!strncmp(name, NEW_PREFIX, strlen(NEW_PREFIX)))
		return;
	retry = calloc(1, sizeof(*retry));
	if (!retry)
		return;
	retry->db = db;
	strncat(retry->name, name, NAME_MAX);
	retry->timer = evtimer_new(db->base, retry_run, retry);
	if (!retry->timer) {
		free(retry);
		return;
	}
	LIST_INSERT_HEAD(&db->retries, retry, node);
	retry_run(-1, 0, retry);
}

void df_sqlite_lease_removed(struct df_sqlite *db, const char *name)
{
	struct df_sqlite_lease *lease;

	LIST_FOREACH(lease, &db->leases, node)
		if (!strcmp(lease->name, name))
			df_db_lease_lost(lease->lease,
					 "%s.leases/%s was removed", db->path,
					 name);
}

static int create_file(struct df_sqlite *db, struct df_sqlite_lease *lease)
{
	char temp[sizeof(NEW_PREFIX) + DF_UUID_LEN];
	int dir = lease_dir(db);
	int err = 0;

	if (dir < 0)
		return -errno;
	snprintf(temp, sizeof(temp), NEW_PREFIX "%s", lease->name);
	lease->fd = openat(dir, temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
			   0660);
	if (lease->fd < 0 || flock(lease->fd, LOCK_EX | LOCK_NB) ||
	    renameat(dir, temp, dir, lease->name))
		err = -errno;
	if (!err)
		dprintf(lease->fd, "%d\n", getpid());
	if (err && lease->fd >= 0) {
		unlinkat(dir, temp, 0);
		close(lease->fd);
	}
	close(dir);
	return err;
}

int df_sqlite_lease_new(void **out, void *priv, struct df_db_lease *core,
			unsigned int ttl_ms, struct df_error *error)
{
	struct df_sqlite_lease *lease = calloc(1, sizeof(*lease));
	struct df_sqlite *db = priv;
	int err;

	(void)ttl_ms;
	if (!lease)
		return df_db_error(error, -ENOMEM, "out of memory");
	lease->lease = core;
	df_uuid_new(lease->name);
	err = create_file(db, lease);
	if (err) {
		free(lease);
		return df_db_error(error, err,
				   "cannot create a lease in %s.leases: %s",
				   db->path, strerror(-err));
	}
	LIST_INSERT_HEAD(&db->leases, lease, node);
	*out = lease;
	return 0;
}

void df_sqlite_lease_free(void *priv, void *old)
{
	struct df_sqlite_lease *lease = old;
	struct df_sqlite *db = priv;
	int dir = lease_dir(db);

	LIST_REMOVE(lease, node);
	/* If this fails, the close is a death: somebody else will try. */
	if (dir >= 0 && !end_lease(db, lease->name))
		unlinkat(dir, lease->name, 0);
	if (dir >= 0)
		close(dir);
	close(lease->fd);
	free(lease);
}

void df_sqlite_lease_fini(struct df_sqlite *db)
{
	while (!LIST_EMPTY(&db->retries))
		retry_free(LIST_FIRST(&db->retries));
}
