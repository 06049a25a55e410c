// SPDX-License-Identifier: GPL-2.0
/*
 * The log of a ZooKeeper database: its segments. The node "log" says which one is
 * current; every commit expects that it has not changed, so nothing is added to
 * a segment once the next one is current. Two are kept: the current one and the
 * one before. Whoever adds the last record of a segment opens the next.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zookeeper.h"

static struct df_zk_path log_path(const struct df_zk *zk)
{
	struct df_zk_path path;

	df_zk_path_set(&path, zk->uri.root, "log");
	return path;
}

static void refuse(struct df_zk *zk, int code, const char *text)
{
	struct timeval later = { .tv_sec = 2 };

	df_db_error(&zk->refusal, code, "%s: %s", zk->uri.label, text);
	df_db_state(zk->db, false, "%s", zk->refusal.text);
	df_zk_requests_end(zk, ZK_END_REFUSED);
	event_add(zk->connect_timer, &later);
}

static void refuse_rc(struct df_zk *zk, int rc)
{
	if (rc == ZNOAUTH)
		refuse(zk, -EACCES, zk->uri.auth ?
		       "access is denied: the user or the password is wrong" :
		       "access is denied: it wants a user and a password");
	else
		refuse(zk, df_zk_errno(rc), df_zk_strerror(rc));
}

static int take_log(struct df_zk *zk, const struct df_zk_reply *reply)
{
	int err = df_zk_log_parse(&zk->log, reply->data, reply->len);

	if (!err)
		zk->log_version = reply->stat.version;
	return err;
}

static void be_ready(struct df_zk *zk)
{
	zk->is_ready = true;
	zk->refusal.code = 0;
	df_db_state(zk->db, true, " ");
	df_zk_feeds_watch(zk, NULL);
	df_zk_janitor_start(zk);
	df_zk_pump(zk);
}

static void on_start(void *arg, const struct df_zk_reply *reply);

static void on_created(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk *zk = arg;

	/* Somebody else may do the same. */
	if (reply->rc == ZNONODE)
		refuse(zk, -EACCES,
		       "its path cannot be created: access is denied above");
	else if (reply->rc && reply->rc != ZNODEEXISTS &&
		 !df_zk_is_lost(reply->rc))
		refuse_rc(zk, reply->rc);
	else
		df_zk_log_start(zk);
}

/* Only the last one of the creations tells: it needs the others. */
static void create_layout(struct df_zk *zk)
{
	static const char *const dirs[] = { "k", "t", "owned", "alive", "w" };
	struct df_zk_log log = { .current = time(NULL) };
	struct df_zk_path path;
	char text[64];
	char *slash;
	size_t i;

	df_zk_path_set(&path, zk->uri.root, "log");
	for (slash = strchr(path.text + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		df_zk_create(zk, ZK_EARLY, path.text, "", &zk->early, NULL,
			     NULL);
		*slash = '/';
	}
	for (i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		df_zk_path_set(&path, zk->uri.root, dirs[i]);
		df_zk_create(zk, ZK_EARLY, path.text, "", &zk->early, NULL,
			     NULL);
	}
	/*
	 * Of the time, so that who knows a database that was removed and made
	 * anew finds all segments that it knew gone.
	 */
	log.oldest = log.current;
	df_zk_log_print(text, sizeof(text), &log);
	path = log_path(zk);
	df_zk_create(zk, ZK_EARLY, path.text, text, &zk->early, on_created,
		     zk);
}

static void on_start(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk *zk = arg;
	int err = 0;

	if (reply->rc == ZNONODE) {
		create_layout(zk);
		return;
	}
	if (!reply->rc)
		err = take_log(zk, reply);
	if (err == -EPROTO)
		refuse(zk, err, "it was written by a newer version");
	else if (err)
		refuse(zk, err, "it is not a database of Dragonflow");
	else if (reply->rc)
		refuse_rc(zk, reply->rc);
	else
		be_ready(zk);
}

void df_zk_log_start(struct df_zk *zk)
{
	/* What is left of a start that the connection cut short */
	df_zk_cancel(zk, &zk->early);
	df_zk_read(zk, ZK_GET, ZK_EARLY | ZK_SYNC | ZK_WATCH,
		   log_path(zk).text, &zk->early, on_start, zk);
}

static void on_refresh(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk *zk = arg;

	if (!reply->rc && !take_log(zk, reply)) {
		df_zk_feeds_log(zk);
		return;
	}
	/* It was removed, or worse: begin anew. */
	zk->is_ready = false;
	df_zk_log_start(zk);
}

void df_zk_log_refresh(struct df_zk *zk)
{
	df_zk_read(zk, ZK_GET, ZK_WATCH, log_path(zk).text, zk, on_refresh,
		   zk);
}

/* Segments that nobody reads any more, also those that somebody left */
static void on_segments(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_path path;
	struct df_zk *zk = arg;
	size_t i;

	for (i = 0; !reply->rc && i < reply->count; i++) {
		char *end;
		unsigned long segment = strtoul(reply->names[i], &end, 16);

		if (*end || segment >= zk->log.oldest)
			continue;
		path = log_path(zk);
		df_zk_path_add(&path, reply->names[i]);
		df_zk_purge(zk, path.text);
	}
}

static void on_rotated(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk *zk = arg;

	zk->is_rotating = false;
	df_zk_log_refresh(zk);
	/* By the answer, the refreshed log is known. */
	if (!reply->rc)
		df_zk_read(zk, ZK_CHILDREN, 0, log_path(zk).text, zk,
			   on_segments, zk);
}

void df_zk_log_written(struct df_zk *zk, uint32_t segment, uint32_t nr)
{
	struct df_zk_log next = {
		.current = zk->log.current + 1,
		.oldest = zk->log.current,
	};
	struct df_zk_call *call;
	char text[64];

	if (segment != zk->log.current || nr + 1 < zk->uri.history ||
	    zk->is_rotating)
		return;
	zk->is_rotating = true;
	call = df_zk_call_new(ZK_SET, 0, log_path(zk).text);
	call->version = zk->log_version;
	call->len = df_zk_log_print(text, sizeof(text), &next);
	call->data = strdup(text);
	if (!call->data)
		abort();
	df_zk_call(zk, call, zk, on_rotated, zk);
}
