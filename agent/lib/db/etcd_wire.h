/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What goes over the wire to etcd: protocol buffers, as far as its API needs
 * them, and how the driver lays a database out in its keys. Pure. Below the root
 * of the URI are
 *
 *	format			"dragonflow 1"
 *	k/<key>			an entry: a line with its topic, then the value
 *	t/<topic> <key>		the value again, if it is in a topic
 *	w/<xx>			the last commit of somebody: its number
 *	f/<number>		this commit must not happen any more (leased)
 *
 * An entry's version is the revision of its last change. Both keys of an entry
 * are written in one transaction and have the same one.
 */
#ifndef DF_LIB_DB_ETCD_WIRE_H
#define DF_LIB_DB_ETCD_WIRE_H

#include "../db.h"

#define DF_ETCD_FORMAT "dragonflow 1"
#define DF_ETCD_ROOT_MAX 200
#define DF_ETCD_KEY_MAX (DF_ETCD_ROOT_MAX + 2 * DF_DB_KEY_MAX + 8)

/** struct df_pb - a message that is written */
struct df_pb {
	unsigned char *data;
	size_t len;
	size_t size;
};

void df_pb_uint(struct df_pb *pb, unsigned int field, uint64_t value);
void df_pb_bytes(struct df_pb *pb, unsigned int field, const void *data,
		 size_t len);
/** A message inside of it begins, and ends: @mark is what open returned. */
size_t df_pb_open(struct df_pb *pb, unsigned int field);
void df_pb_close(struct df_pb *pb, size_t mark);
/** Only bytes, for values in pieces: after df_pb_open(). */
void df_pb_raw(struct df_pb *pb, const void *data, size_t len);
void df_pb_fini(struct df_pb *pb);

/** struct df_pb_part - a message, or the rest of one, that is read */
struct df_pb_part {
	const unsigned char *data;
	size_t len;
};

/**
 * struct df_pb_field - one field
 * @value: of a number
 * @part: of what is not a number; data is NULL otherwise
 */
struct df_pb_field {
	unsigned int number;
	uint64_t value;
	struct df_pb_part part;
};

/** 1, 0 at the end, -EBADMSG; takes it off @part. */
int df_pb_next(struct df_pb_field *field, struct df_pb_part *part);

/** struct df_etcd_kv - a key of etcd; @key and @value are borrowed */
struct df_etcd_kv {
	struct df_pb_part key;
	struct df_pb_part value;
	uint64_t revision;
	uint64_t lease;
};

/**
 * struct df_etcd_range - keys that were read
 * @revision: when
 * @has_more: they were more than the limit
 * @rest: for df_etcd_range_next()
 */
struct df_etcd_range {
	uint64_t revision;
	bool has_more;
	struct df_pb_part rest;
};

int df_etcd_range_parse(struct df_etcd_range *range, struct df_pb_part message);
/** 1, 0 after the last one, -EBADMSG */
int df_etcd_range_next(struct df_etcd_range *range, struct df_etcd_kv *kv);

/** struct df_etcd_txn - what became of a transaction */
struct df_etcd_txn {
	uint64_t revision;
	bool is_done;
	struct df_pb_part message;
};

int df_etcd_txn_parse(struct df_etcd_txn *txn, struct df_pb_part message);
/** Call @fn for each range that it read, in order, until that fails. */
int df_etcd_txn_ranges(const struct df_etcd_txn *txn,
		       int (*fn)(void *arg, struct df_etcd_range *range),
		       void *arg);

/** struct df_etcd_watch - what a stream of watches said */
struct df_etcd_watch {
	uint64_t id;
	uint64_t revision;
	uint64_t compacted;
	bool is_created;
	bool is_cancelled;
	bool has_events;
	struct df_pb_part reason;
	struct df_pb_part rest;
};

int df_etcd_watch_parse(struct df_etcd_watch *watch, struct df_pb_part message);
/** 1, 0 after the last one, -EBADMSG; a deletion has a key and a revision. */
int df_etcd_watch_next(struct df_etcd_watch *watch, struct df_etcd_kv *kv,
		       bool *is_put);

/** The answers that are about a lease, or a token: 0 or -EBADMSG */
int df_etcd_lease_parse(uint64_t *ttl, struct df_pb_part message);
int df_etcd_token_parse(struct df_pb_part *token, struct df_pb_part message);

/** struct df_etcd_key - a key that is made */
struct df_etcd_key {
	char text[DF_ETCD_KEY_MAX + 1];
	size_t len;
};

/** ROOT/KIND/NAME; a prefix if @name is one */
void df_etcd_key_set(struct df_etcd_key *key, const char *root, char kind,
		     const char *name);
/** ROOT/t/TOPIC NAME */
void df_etcd_key_topic(struct df_etcd_key *key, const char *root,
		       const char *topic, const char *name);
/** What comes behind every key that begins with @key. */
void df_etcd_key_end(struct df_etcd_key *key);

/**
 * df_etcd_entry_parse - make an entry of a key
 * @names: where its key and topic are put
 * @root: of the database
 * @kind: 'k' or 't', which @kv is expected to be
 *
 * Return: 0, or -EBADMSG: it is not what the driver writes.
 */
struct df_etcd_names {
	char key[DF_DB_KEY_MAX + 1];
	char topic[DF_DB_KEY_MAX + 1];
};

int df_etcd_entry_parse(struct df_db_entry *entry, struct df_etcd_names *names,
			const struct df_etcd_kv *kv, const char *root,
			char kind);
/** Only the names, of what was deleted from ROOT/t/. */
int df_etcd_names_parse(struct df_etcd_names *names,
			const struct df_etcd_kv *kv, const char *root);

#endif
