/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of the ZooKeeper driver's feeds: zookeeper_feed.c, zookeeper_tail.c. */
#ifndef DF_LIB_DB_ZOOKEEPER_FEED_H
#define DF_LIB_DB_ZOOKEEPER_FEED_H

#include "zookeeper.h"

enum {
	/* Records of the log that are asked for at once */
	ZK_TAIL_MIN = 4,
	ZK_TAIL_MAX = 64,
};

/** struct df_zk_fetch - an entry that the server was asked for */
struct df_zk_fetch {
	LIST_ENTRY(df_zk_fetch) node;
	struct df_zk_feed *feed;
	char key[];
};

/** struct df_zk_record - a record of the log that was asked for */
struct df_zk_record {
	struct df_zk_feed *feed;
	bool is_there;
	char *data;
	size_t len;
	uint64_t version;
};

/**
 * struct df_zk_feed - a feed
 * @walk: finds the entries; first, so that it can be told whose it is
 * @topic: NULL for all entries, "*" for those in a topic
 * @prefix: of the keys
 * @sub: a subscription; NULL: only the snapshot is wanted, told to @on_done
 * @map: the snapshot so far
 * @fetching: entries that were asked for
 * @answers: entries so far
 * @is_walked: were all keys found?
 * @is_live: was the snapshot told, so that only changes follow?
 * @is_failed: it waits for the database to be there again
 * @segment: of the log, that is read
 * @nr: the next record in there
 * @is_closing: the next segment was current before @nr was asked for
 * @is_armed: the server will tell of @nr
 * @batch: records that were asked for, from @nr on
 * @batch_size: how many
 * @batch_left: how many are not answered
 */
struct df_zk_feed {
	struct df_zk_walk walk;
	LIST_ENTRY(df_zk_feed) node;
	struct df_zk *zk;
	char *topic;
	char *prefix;
	struct df_db_sub *sub;
	void (*on_done)(void *arg, int rc, struct df_zk_map *map);
	void *arg;
	struct df_zk_map map;
	LIST_HEAD(, df_zk_fetch) fetches;
	size_t fetching;
	unsigned long answers;
	bool is_walked;
	bool is_live;
	bool is_failed;
	uint32_t segment;
	uint32_t nr;
	bool is_closing;
	bool is_armed;
	struct df_zk_record batch[ZK_TAIL_MAX];
	unsigned int batch_size;
	unsigned int batch_left;
};

/* zookeeper_feed.c */

/** Does it read the log of all transactions? */
bool df_zk_feed_is_all(const struct df_zk_feed *feed);
/** Begin, or begin again, with a snapshot. */
void df_zk_feed_start(struct df_zk_feed *feed);
/** A record of the log; -EBADMSG if it makes no sense. */
int df_zk_feed_apply(struct df_zk_feed *feed, const char *data, size_t len,
		     uint64_t version);
/** The snapshot is complete; may free the feed. */
void df_zk_feed_snapshot(struct df_zk_feed *feed);
/** It cannot be read; may free the feed. */
void df_zk_feed_fail(struct df_zk_feed *feed, int rc);

/* zookeeper_tail.c */

/** Ask for the next records. */
void df_zk_tail_read(struct df_zk_feed *feed, unsigned int count);
/** Ask to be told of the next record. */
void df_zk_tail_arm(struct df_zk_feed *feed);
void df_zk_tail_fini(struct df_zk_feed *feed);

#endif
