/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the Redis driver lays a database out, and what it reads of it. Pure. All keys
 * begin with the root of the URI:
 *
 *	:format		"dragonflow 1"
 *	:e		hash: of each entry VERSION TOPIC LEASE, a new line, the value
 *	:i		sorted set: the keys of all entries
 *	:t:<topic>	sorted set: of those in the topic
 *	:s:<topic>	stream: what changed in the topic, "*" for all
 *	:l		sorted set: leases, by when they end
 *	:o:<lease>	set: the keys of the entries under it
 *	:v		how many commits there were
 *	:c:<commit>	what became of a commit; for two minutes
 *
 * Only the script writes, redis_script.c. A version is the number of the commit and
 * six random digits, so that none comes twice when a failover forgot some commits.
 * A record of a stream has the fields "p", the id of the one before it, "+KEY", with
 * what the hash has, and "-KEY", with the topic.
 */
#ifndef DF_LIB_DB_REDIS_LAYOUT_H
#define DF_LIB_DB_REDIS_LAYOUT_H

#include "../db.h"

#define DF_REDIS_FORMAT "dragonflow 1"
#define DF_REDIS_ROOT_MAX 200
#define DF_REDIS_ID_MAX 44

extern const char df_redis_script[];

struct redisReply;

/** struct df_redis_names - strings of an entry */
struct df_redis_names {
	char key[DF_DB_KEY_MAX + 1];
	char topic[DF_DB_KEY_MAX + 1];
};

/** What the hash has of a key; -EBADMSG */
int df_redis_entry_parse(struct df_db_entry *entry,
			 struct df_redis_names *names,
			 const struct redisReply *key,
			 const struct redisReply *raw);

/** struct df_redis_change - one of a record */
struct df_redis_change {
	bool is_put;
	struct df_db_entry entry;
	struct df_redis_names names;
};

/** struct df_redis_record - a record of a stream, which it is read from */
struct df_redis_record {
	char id[DF_REDIS_ID_MAX];
	char before[DF_REDIS_ID_MAX];
	const struct redisReply *fields;
	size_t at;
};

int df_redis_record_parse(struct df_redis_record *record,
			  const struct redisReply *reply);
/** 1, 0 after the last one, -EBADMSG */
int df_redis_record_next(struct df_redis_change *change,
			 struct df_redis_record *record);
/** Records of XREAD's answer about one stream; NULL: none. -EBADMSG */
int df_redis_records(const struct redisReply **records,
		     const struct redisReply *reply);
/** Takes what may stand in a key or a topic. */
bool df_redis_is_name(const char *name, size_t len);

#endif
