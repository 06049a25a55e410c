/* SPDX-License-Identifier: GPL-2.0 */
/* Inside of a cloud in memory; see cloud.h. */
#ifndef DF_LIB_IMAGE_H
#define DF_LIB_IMAGE_H

#include "cloud.h"
#include "nb.h"
#include "seen.h"

/**
 * struct image_item - an entry
 * @key: its key
 * @topic: its topic
 * @value: its value; a NUL that does not count follows
 * @len: bytes of @value
 * @version: in the database it was read from, or 0
 * @is_gone: it was deleted
 * @is_unreadable: an object that cannot be read
 */
struct image_item {
	char *key;
	char *topic;
	char *value;
	size_t len;
	uint64_t version;
	bool is_gone;
	bool is_unreadable;
};

/**
 * struct df_cloud - entries, in the order of their keys once sorted
 * @v: the entries
 * @index: position in @v by key, plus one
 */
struct df_cloud {
	struct image_item *v;
	size_t count;
	size_t size;
	struct df_seen index;
};

/** enum image_kind - what an entry is, by its key */
enum image_kind {
	IMAGE_OBJECT,	/* of a model that is known */
	IMAGE_DERIVED,	/* the same, and follows from another */
	IMAGE_CLAIM,	/* of a unique value */
	IMAGE_MARK,	/* of a reference */
	IMAGE_GUARD,	/* of the object whose key follows */
	IMAGE_SCHEMA,	/* by which rules all this was written */
	IMAGE_OTHER,	/* of another version */
};

enum image_kind df_image_kind(const char *key, const struct df_model **model);
/** Key of the object that a claim or mark belongs to, or the key itself. */
struct df_key df_image_owner(const struct image_item *item);
/** NULL if there is none, or it is gone. */
struct image_item *df_image_find(const struct df_cloud *cloud, const char *key);
/** Add or replace. */
int df_image_set(struct df_cloud *cloud, const char *key, const char *topic,
		 const void *value, size_t len);
void df_image_del(struct df_cloud *cloud, const char *key);
void df_image_sort(struct df_cloud *cloud);
struct df_db_entry df_image_entry(const struct image_item *item);
/** As df_nb_decode(); what says in which topic it is must be there, too. */
int df_image_decode(struct df_obj **out, const struct df_db_entry *entry,
		    struct df_error *error);
/** Does it live only as long as its process? */
bool df_image_is_leased(const struct image_item *item);

/* version.c */

/* The rules by which this library writes; those who know fewer must not. */
#define DF_RULES_VERSION 1
#define DF_RULES_MIN_WRITER 1
#define DF_RULES_KEY "schema"

/**
 * struct df_rules - what a database says about how it is written
 * @version: of the library that wrote the newest
 * @min_writer: older ones would leave something out
 * @is_partial: an import is not finished
 */
struct df_rules {
	uint64_t version;
	uint64_t min_writer;
	bool is_partial;
};

void df_rules_parse(struct df_rules *rules, const void *value, size_t len);
/** As text; the caller frees it. */
char *df_rules_print(const struct df_rules *rules);
/** May this library write there? */
int df_rules_check(const struct df_rules *rules, struct df_error *error);

#endif
