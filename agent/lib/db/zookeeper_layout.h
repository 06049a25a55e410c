/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the ZooKeeper driver lays a database out: where things are, and how they
 * are written down. Pure. Below the root are
 *
 *	log				which segments of the log there are
 *	log/<segment>/x/c<number>	every transaction
 *	log/<segment>/t/<b>/<topic>/c<number>	those that touch the topic
 *	k/<b>/d<part>/<b>/e<part>	an entry; its key is the parts, with '/'
 *	t/<b>/<topic>/<b>/<key>		the entry is in the topic
 *	owned/<lease>/<b>/<key>		the entry is under the lease
 *	alive/<lease>			the lease has not ended (ephemeral)
 *	janitor				somebody cleans up after dead leases (ephemeral)
 *	w/<handle>-<slot>		its last commit (ephemeral)
 *
 * <b> is one of 64 buckets, a hash of the next part, so that no list of
 * children becomes longer than the server sends. Topics and keys that are one
 * part have their '/' written as %2F.
 */
#ifndef DF_LIB_DB_ZOOKEEPER_LAYOUT_H
#define DF_LIB_DB_ZOOKEEPER_LAYOUT_H

#include "../db.h"

#define DF_ZK_LAYOUT 1
#define DF_ZK_BUCKETS 64
/* The longest: the root, and a key of slashes only, each a bucket and a node */
#define DF_ZK_PATH_MAX 4096
#define DF_ZK_LEASE_MAX DF_UUID_LEN

/** struct df_zk_path - a path, complete if it ends where it should */
struct df_zk_path {
	char text[DF_ZK_PATH_MAX];
	size_t len;
};

void df_zk_path_set(struct df_zk_path *path, const char *root,
		    const char *rest);
/** Add "/" and @part. */
void df_zk_path_add(struct df_zk_path *path, const char *part);
/** Add a bucket and, as one part, @name. */
void df_zk_path_add_flat(struct df_zk_path *path, const char *name);
/** Back to what comes before the last "/". */
void df_zk_path_up(struct df_zk_path *path);
/** Where the entry is. */
void df_zk_path_key(struct df_zk_path *path, const char *root,
		    const char *key);
/** Where all keys with the prefix are that ends at its last '/'. */
void df_zk_path_dir(struct df_zk_path *path, const char *root,
		    const char *prefix);
/** The directory of the log of @topic, or NULL for all, in a segment. */
void df_zk_path_log(struct df_zk_path *path, const char *root,
		    uint32_t segment, const char *topic);
/** A record there. */
void df_zk_path_record(struct df_zk_path *path, const char *root,
		       uint32_t segment, const char *topic, uint32_t nr);
/** What df_zk_path_add_flat() made of a key; false: it was not that. */
bool df_zk_flat_parse(char key[DF_DB_KEY_MAX + 1], const char *name);
bool df_zk_is_key(const char *key, size_t len);
/** The number at the end of what a sequential node was called. */
bool df_zk_number_parse(uint32_t *nr, const char *path);

/** struct df_zk_buf - bytes that grow; aborts if there is no memory */
struct df_zk_buf {
	char *data;
	size_t len;
	size_t size;
};

void df_zk_buf_add(struct df_zk_buf *buf, const void *data, size_t len);
void df_zk_buf_printf(struct df_zk_buf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void df_zk_buf_fini(struct df_zk_buf *buf);

/** struct df_zk_log - the node "log" */
struct df_zk_log {
	uint32_t current;
	uint32_t oldest;
};

int df_zk_log_print(char *text, size_t size, const struct df_zk_log *log);
/** -EBADMSG: not ours. -EPROTO: of a newer version. */
int df_zk_log_parse(struct df_zk_log *log, const char *data, size_t len);

/** struct df_zk_entry - an entry's node: its value and what goes with it */
struct df_zk_entry {
	char topic[DF_DB_KEY_MAX + 1];
	char lease[DF_ZK_LEASE_MAX + 1];
	const char *value;
	size_t len;
};

void df_zk_entry_print(struct df_zk_buf *buf, const struct df_db_op *put,
		       const char *lease);
int df_zk_entry_parse(struct df_zk_entry *entry, const char *data, size_t len);

/**
 * struct df_zk_owner - the node of a lease: which process has it
 * @place: a hash of the machine's boot and the PID namespace; 0: not known
 * @start: when it was started
 */
struct df_zk_owner {
	uint64_t place;
	int pid;
	unsigned long long start;
};

int df_zk_owner_print(char *text, size_t size, const struct df_zk_owner *owner,
		      const char *host);
int df_zk_owner_parse(struct df_zk_owner *owner, const char *data, size_t len);

/**
 * struct df_zk_item - one change of a record
 * @is_put: or a deletion
 * @value: of a put
 */
struct df_zk_item {
	bool is_put;
	char topic[DF_DB_KEY_MAX + 1];
	char key[DF_DB_KEY_MAX + 1];
	const char *value;
	size_t len;
};

void df_zk_item_print(struct df_zk_buf *buf, const char *key,
		      const char *topic, const struct df_db_op *put);
/** 1: there was one, and @data is moved behind it. 0: the end. Or -EBADMSG. */
int df_zk_item_next(struct df_zk_item *item, const char **data, size_t *len);

#endif
