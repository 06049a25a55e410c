// SPDX-License-Identifier: GPL-2.0
/*
 * Feeds: what is in a topic, or begins with a prefix, and how it changes. The
 * entries are read one by one, each at another moment; then the log from before
 * that is applied, up to its end: this makes it the state of one moment. From
 * there on a subscription reads the log: its next record does not exist yet, and
 * the server says when it does.
 *
 * zookeeper_tail.c reads the log for this.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"
#include "zookeeper_feed.h"

static void snapshot_next(struct df_zk_feed *feed);

bool df_zk_feed_is_all(const struct df_zk_feed *feed)
{
	return !feed->topic || !strcmp(feed->topic, "*");
}

/* Is an item of the log something that this feed tells of? */
static bool is_mine(const struct df_zk_feed *feed, const char *key,
		    const char *topic)
{
	if (strncmp(key, feed->prefix, strlen(feed->prefix)))
		return false;
	if (!feed->topic)
		return true;
	return strcmp(feed->topic, "*") ? !strcmp(feed->topic, topic) : *topic;
}

static void apply_item(struct df_zk_feed *feed, const struct df_zk_item *item,
		       uint64_t version)
{
	struct df_db_entry entry = {
		.key = item->key,
		.topic = item->topic,
		.value = item->value,
		.len = item->len,
		.version = version,
	};

	if (!is_mine(feed, item->key, item->topic))
		return;
	if (!feed->is_live && item->is_put)
		df_zk_map_put(&feed->map, &entry);
	else if (!feed->is_live)
		df_zk_map_del(&feed->map, item->key, version);
	else if (item->is_put)
		df_db_sub_put(feed->sub, &entry);
	else
		df_db_sub_delete(feed->sub, item->key, item->topic);
}

int df_zk_feed_apply(struct df_zk_feed *feed, const char *data, size_t len,
		     uint64_t version)
{
	struct df_zk_item item;
	int more;

	while ((more = df_zk_item_next(&item, &data, &len)) > 0)
		apply_item(feed, &item, version);
	return more;
}

/* The snapshot: entries */

static void fetch_free(struct df_zk_fetch *fetch)
{
	LIST_REMOVE(fetch, node);
	free(fetch);
}

static void on_entry(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_fetch *fetch = arg;
	struct df_zk_feed *feed = fetch->feed;
	struct df_zk_entry parsed;

	if (reply->rc && reply->rc != ZNONODE)
		feed->walk.rc = reply->rc;
	/* Something else's nodes are not entries. */
	if (!reply->rc &&
	    !df_zk_entry_parse(&parsed, reply->data, reply->len) &&
	    is_mine(feed, fetch->key, parsed.topic)) {
		struct df_db_entry entry = {
			.key = fetch->key,
			.topic = parsed.topic,
			.value = parsed.value,
			.len = parsed.len,
			.version = reply->stat.mzxid,
		};

		df_zk_map_put(&feed->map, &entry);
	}
	fetch_free(fetch);
	feed->answers++;
	feed->fetching--;
	snapshot_next(feed);
}

static void on_found(struct df_zk_walk *walk, const char *key)
{
	struct df_zk_feed *feed = (struct df_zk_feed *)walk;
	struct df_zk_fetch *fetch;
	struct df_zk_path path;

	if (strncmp(key, feed->prefix, strlen(feed->prefix)))
		return;
	fetch = calloc(1, sizeof(*fetch) + strlen(key) + 1);
	if (!fetch)
		abort();
	strcpy(fetch->key, key);
	fetch->feed = feed;
	LIST_INSERT_HEAD(&feed->fetches, fetch, node);
	feed->fetching++;
	df_zk_path_key(&path, feed->zk->uri.root, key);
	df_zk_read(feed->zk, ZK_GET, 0, path.text, feed, on_entry, fetch);
}

static void on_walked(struct df_zk_walk *walk)
{
	struct df_zk_feed *feed = (struct df_zk_feed *)walk;

	feed->is_walked = true;
	snapshot_next(feed);
}

/* Everything was read: now what changed meanwhile. */
static void snapshot_next(struct df_zk_feed *feed)
{
	if (!feed->is_walked || feed->fetching)
		return;
	if (feed->walk.rc)
		df_zk_feed_fail(feed, feed->walk.rc);
	else
		df_zk_tail_read(feed, ZK_TAIL_MIN);
}

static void start_walk(struct df_zk_feed *feed)
{
	const char *root = feed->zk->uri.root;
	const char *prefix = feed->prefix;
	const char *slash = strrchr(prefix, '/');
	char dir[DF_DB_KEY_MAX + 1] = "";
	struct df_zk_path path;

	feed->walk.zk = feed->zk;
	feed->walk.found = on_found;
	feed->walk.done = on_walked;
	feed->walk.dir = NULL;
	df_zk_path_set(&path, root, "t");
	if (!feed->topic) {
		feed->walk.tree = ZK_TREE_KEYS;
		strncat(dir, prefix, slash ? slash + 1 - prefix : 0);
		df_zk_path_dir(&path, root, dir);
		prefix += strlen(dir);
	} else if (df_zk_feed_is_all(feed)) {
		feed->walk.tree = ZK_TREE_TOPICS;
	} else {
		feed->walk.tree = ZK_TREE_FLAT;
		df_zk_path_add_flat(&path, feed->topic);
	}
	df_zk_walk_start(&feed->walk, path.text, dir, prefix);
}

static void on_position(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_feed *feed = arg;

	if (reply->rc && reply->rc != ZNONODE) {
		df_zk_feed_fail(feed, reply->rc);
		return;
	}
	/* Records of the current segment are not deleted. */
	feed->nr = reply->rc ? 0 : reply->stat.numChildren;
	start_walk(feed);
}

static void on_log(void *arg, const struct df_zk_reply *reply)
{
	struct df_zk_feed *feed = arg;
	struct df_zk_path path;
	struct df_zk_log log;

	if (reply->rc || df_zk_log_parse(&log, reply->data, reply->len)) {
		df_zk_feed_fail(feed, reply->rc ? reply->rc :
				ZMARSHALLINGERROR);
		return;
	}
	feed->segment = log.current;
	df_zk_path_log(&path, feed->zk->uri.root, feed->segment,
		       df_zk_feed_is_all(feed) ? NULL : feed->topic);
	df_zk_read(feed->zk, ZK_EXISTS, 0, path.text, feed, on_position, feed);
}

static void feed_reset(struct df_zk_feed *feed)
{
	df_zk_cancel(feed->zk, feed);
	df_zk_walk_stop(&feed->walk);
	while (!LIST_EMPTY(&feed->fetches))
		fetch_free(LIST_FIRST(&feed->fetches));
	df_zk_map_fini(&feed->map);
	df_zk_tail_fini(feed);
	feed->fetching = 0;
	feed->is_walked = false;
	feed->is_live = false;
	feed->is_failed = false;
}

void df_zk_feed_start(struct df_zk_feed *feed)
{
	struct df_zk_path path;

	feed_reset(feed);
	df_zk_path_set(&path, feed->zk->uri.root, "log");
	df_zk_read(feed->zk, ZK_GET, ZK_SYNC, path.text, feed, on_log, feed);
}

static void tell_entry(const struct df_db_entry *entry, void *arg)
{
	df_db_sub_put(arg, entry);
}

void df_zk_feed_snapshot(struct df_zk_feed *feed)
{
	if (!feed->sub) {
		feed->on_done(feed->arg, ZOK, &feed->map);
		df_zk_feed_free(feed);
		return;
	}
	df_db_sub_begin(feed->sub);
	df_zk_map_each(&feed->map, tell_entry, feed->sub);
	df_db_sub_end(feed->sub);
	df_zk_map_fini(&feed->map);
	feed->is_live = true;
	df_zk_tail_arm(feed);
}

void df_zk_feed_fail(struct df_zk_feed *feed, int rc)
{
	struct timeval later = { .tv_sec = 1 };

	/* A subscription begins again when the database is there again. */
	if (feed->sub) {
		feed_reset(feed);
		feed->is_failed = true;
		feed->zk->is_ready = false;
		event_add(feed->zk->connect_timer, &later);
		df_db_state(feed->zk->db, false, "%s: %s", feed->zk->uri.label,
			    df_zk_strerror(rc));
		return;
	}
	feed->on_done(feed->arg, rc, NULL);
	df_zk_feed_free(feed);
}

unsigned long df_zk_feed_answers(const struct df_zk_feed *feed)
{
	return feed->answers;
}

struct df_zk_feed *df_zk_feed_new(struct df_zk *zk, const char *topic,
				  const char *prefix, struct df_db_sub *sub)
{
	struct df_zk_feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		abort();
	feed->zk = zk;
	feed->walk.zk = zk;
	feed->topic = topic ? strdup(topic) : NULL;
	feed->prefix = strdup(prefix);
	feed->sub = sub;
	if ((topic && !feed->topic) || !feed->prefix)
		abort();
	LIST_INSERT_HEAD(&zk->feeds, feed, node);
	df_zk_feed_start(feed);
	return feed;
}

void df_zk_feed_on_done(struct df_zk_feed *feed,
			void (*fn)(void *arg, int rc, struct df_zk_map *map),
			void *arg)
{
	feed->on_done = fn;
	feed->arg = arg;
}

void df_zk_feed_free(struct df_zk_feed *feed)
{
	feed_reset(feed);
	LIST_REMOVE(feed, node);
	free(feed->topic);
	free(feed->prefix);
	free(feed);
}

int df_zk_subscribe(void **out, void *priv, struct df_db_sub *sub,
		    const char *topic, struct df_error *error)
{
	struct df_zk *zk = priv;

	(void)error;
	*out = df_zk_feed_new(zk, topic, "", sub);
	zk->is_long = true;
	df_zk_janitor_start(zk);
	return 0;
}

void df_zk_unsubscribe(void *priv, void *sub)
{
	(void)priv;
	df_zk_feed_free(sub);
}
