// SPDX-License-Identifier: GPL-2.0
/*
 * Reading the log. Its records have numbers without gaps, so the next one is
 * known by name before it exists: one watch on that, and one read when it fires,
 * is all that a change costs who follows a topic.
 */
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"
#include "zookeeper_feed.h"

static void record_path(const struct df_zk_feed *feed, struct df_zk_path *path,
			uint32_t nr)
{
	df_zk_path_record(path, feed->zk->uri.root, feed->segment,
			  df_zk_feed_is_all(feed) ? NULL : feed->topic, nr);
}

static void batch_clear(struct df_zk_feed *feed)
{
	unsigned int i;

	for (i = 0; i < feed->batch_size; i++)
		free(feed->batch[i].data);
	memset(feed->batch, 0, feed->batch_size * sizeof(*feed->batch));
	feed->batch_size = 0;
	feed->batch_left = 0;
}

/* At the end of the records: is it the end of the segment, too? */
static void on_end(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_feed *feed = arg;
	struct df_zk_log log;

	if (reply->rc || df_zk_log_parse(&log, reply->data, reply->len)) {
		df_zk_feed_fail(feed, reply->rc ? reply->rc :
				ZMARSHALLINGERROR);
	} else if (log.oldest > feed->segment ||
		   log.current < feed->segment) {
		/* What comes next is forgotten: look at what is there. */
		df_zk_feed_start(feed);
	} else if (log.current > feed->segment && feed->is_closing) {
		feed->segment++;
		feed->nr = 0;
		feed->is_closing = log.current > feed->segment;
		df_zk_tail_read(feed, ZK_TAIL_MIN);
	} else if (log.current > feed->segment) {
		/* There may have been more before it ended. */
		feed->is_closing = true;
		df_zk_tail_read(feed, ZK_TAIL_MIN);
	} else {
		feed->is_closing = false;
		if (feed->is_live)
			df_zk_tail_arm(feed);
		else
			df_zk_feed_snapshot(feed);
	}
}

static void at_end(struct df_zk_feed *feed)
{
	struct df_zk_path path;

	if (feed->is_live && !feed->is_closing) {
		df_zk_tail_arm(feed);
		return;
	}
	df_zk_path_set(&path, feed->zk->uri.root, "log");
	df_zk_read(feed->zk, ZK_GET, 0, path.text, feed, on_end, feed);
}

/* All of the batch was answered. */
static void apply_batch(struct df_zk_feed *feed)
{
	unsigned int size = feed->batch_size;
	unsigned int i;
	int err = 0;

	for (i = 0; i < size && feed->batch[i].is_there && !err; i++) {
		const struct df_zk_record *record = &feed->batch[i];

		err = df_zk_feed_apply(feed, record->data, record->len,
				       record->version);
		feed->nr++;
	}
	batch_clear(feed);
	if (err && feed->is_live)
		/* Not what we write: only the entries tell what is true. */
		df_zk_feed_start(feed);
	else if (i < size)
		at_end(feed);
	else if (feed->is_live && size == 1)
		df_zk_tail_arm(feed);
	else
		df_zk_tail_read(feed, size * 2 < ZK_TAIL_MAX ? size * 2 :
				ZK_TAIL_MAX);
}

static void on_record(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_record *record = arg;
	struct df_zk_feed *feed = record->feed;

	if (reply->rc && reply->rc != ZNONODE) {
		df_zk_feed_fail(feed, reply->rc);
		return;
	}
	record->is_there = !reply->rc;
	if (record->is_there) {
		record->data = malloc(reply->len + 1);
		if (!record->data)
			abort();
		memcpy(record->data, reply->data, reply->len + 1);
		record->len = reply->len;
		record->version = reply->stat.czxid;
	}
	if (!--feed->batch_left)
		apply_batch(feed);
}

void df_zk_tail_read(struct df_zk_feed *feed, unsigned int count)
{
	struct df_zk_path path;
	unsigned int i;

	feed->batch_size = count;
	feed->batch_left = count;
	for (i = 0; i < count; i++) {
		feed->batch[i].feed = feed;
		record_path(feed, &path, feed->nr + i);
		df_zk_read(feed->zk, ZK_GET, 0, path.text, feed, on_record,
			   &feed->batch[i]);
	}
}

static void on_armed(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_feed *feed = arg;

	if (!reply->rc) {
		df_zk_tail_read(feed, ZK_TAIL_MIN);
	} else if (reply->rc != ZNONODE) {
		df_zk_feed_fail(feed, reply->rc);
	} else if (feed->zk->log.current > feed->segment) {
		feed->is_closing = true;
		df_zk_tail_read(feed, ZK_TAIL_MIN);
	} else {
		feed->is_armed = true;
	}
}

void df_zk_tail_arm(struct df_zk_feed *feed)
{
	struct df_zk_path path;

	record_path(feed, &path, feed->nr);
	df_zk_read(feed->zk, ZK_EXISTS, ZK_WATCH, path.text, feed, on_armed,
		   feed);
}

/* Somebody else in this process may wait for the same record. */
static void unwatch(struct df_zk *zk, const char *path,
		    const struct df_zk_feed *but)
{
	struct df_zk_path other;
	struct df_zk_feed *feed;

	LIST_FOREACH(feed, &zk->feeds, node) {
		if (feed == but || !feed->is_live)
			continue;
		record_path(feed, &other, feed->nr);
		if (!strcmp(path, other.text))
			return;
	}
	if (zk->session)
		df_zk_session_unwatch(zk->session, path);
}

void df_zk_tail_unwatch(struct df_zk *zk, const char *path)
{
	unwatch(zk, path, NULL);
}

static void disarm(struct df_zk_feed *feed)
{
	struct df_zk_path path;

	if (!feed->is_armed)
		return;
	feed->is_armed = false;
	record_path(feed, &path, feed->nr);
	unwatch(feed->zk, path.text, feed);
}

void df_zk_tail_fini(struct df_zk_feed *feed)
{
	disarm(feed);
	batch_clear(feed);
	feed->is_closing = false;
}

static bool is_waiting_for(const struct df_zk_feed *feed, const char *path)
{
	struct df_zk_path mine;

	if (!feed->is_armed)
		return false;
	record_path(feed, &mine, feed->nr);
	return !strcmp(mine.text, path);
}

void df_zk_feeds_watch(struct df_zk *zk, const char *path)
{
	struct df_zk_feed *feed;

	LIST_FOREACH(feed, &zk->feeds, node) {
		if (path ? is_waiting_for(feed, path) : feed->is_armed) {
			feed->is_armed = false;
			feed->is_closing = zk->log.current > feed->segment;
			df_zk_tail_read(feed, path ? 1 : ZK_TAIL_MIN);
		} else if (!path && feed->is_failed) {
			df_zk_feed_start(feed);
		}
	}
}

void df_zk_feeds_log(struct df_zk *zk)
{
	struct df_zk_feed *feed;

	LIST_FOREACH(feed, &zk->feeds, node) {
		/* Those that are asking see it when they come to the end. */
		if (!feed->is_armed || zk->log.current <= feed->segment)
			continue;
		disarm(feed);
		feed->is_closing = true;
		df_zk_tail_read(feed, ZK_TAIL_MIN);
	}
}
