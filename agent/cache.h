/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_CACHE_H
#define DFA_CACHE_H

/*
 * The last known state: a file with the objects of the topics that are followed,
 * for a start without a database. In memory are what is in the file and where,
 * and what is not yet.
 *
 * The file is written whole, to another name, and takes its place once it is on
 * the disk; seldom enough that it costs a mebibyte a second at most, however much
 * changes. The disk is waited for by a thread that does nothing else.
 */

#include <event2/event.h>
#include <pthread.h>
#include <time.h>

#include "config.h"
#include "list.h"
#include "map.h"
#include "uuid.h"

/**
 * struct dfa_cache_item - an object
 * @node: in &dfa_cache.items
 * @in_topic: in &dfa_cache_topic.items
 * @hash: of its text
 * @text: until it is in the file
 * @at: where it is in the file
 * @len: bytes of its text
 * @is_stale: from the file, and the database did not say it since the start
 */
struct dfa_cache_item {
	struct dfa_map_node node;
	struct dfa_list in_topic;
	struct dfa_cache_topic *topic;
	const struct df_model *model;
	struct dfa_uuid id;
	uint64_t hash;
	char *text;
	size_t at;
	size_t len;
	bool is_stale;
};

/**
 * struct dfa_cache_topic - a topic that has objects
 * @node: in &dfa_cache.topics
 */
struct dfa_cache_topic {
	struct dfa_map_node node;
	struct dfa_list items;
	char name[];
};

/**
 * struct dfa_cache - the last known state
 * @path: of the file
 * @text: the file, mapped; NULL if there is none
 * @size: of @text
 * @saved_at: when it was written, or 0
 * @due: writes it
 * @synced: readable when the thread is done
 * @last_ms: when it was written last, by the monotonic clock
 * @is_dirty: it is not what the file says
 * @is_syncing: the thread runs
 * @is_loaded: the file was read at the start
 * @note: why it was not, or could not be written; empty if all is well
 */
struct dfa_cache {
	const struct dfa_config *config;
	char *path;
	struct dfa_map items;
	struct dfa_map topics;
	char *text;
	size_t size;
	time_t saved_at;
	struct event *due;
	struct event *synced;
	int pipe[2];
	int fd;
	pthread_t thread;
	long long last_ms;
	bool is_dirty;
	bool is_syncing;
	bool is_loaded;
	char note[256];
};

/* Reads the file; one that cannot be used is told of, and ignored. */
int dfa_cache_init(struct dfa_cache *cache, struct event_base *base,
		   const struct dfa_config *config);
/* Writes what is not in the file. */
void dfa_cache_fini(struct dfa_cache *cache);

int dfa_cache_put(struct dfa_cache *cache, const char *topic,
		  const struct df_obj *obj);
void dfa_cache_del(struct dfa_cache *cache, const char *model, const char *id);
/* A topic is not followed any more. */
void dfa_cache_drop(struct dfa_cache *cache, const char *topic);
/* Drop the topics for which @is_needed is false. */
void dfa_cache_keep(struct dfa_cache *cache,
		    bool (*is_needed)(void *arg, const char *topic), void *arg);
/* An object of the topic that the database did not say again; or NULL. */
const struct dfa_cache_item *dfa_cache_stale(const struct dfa_cache *cache,
					     const char *topic);
/* Each object of the topic. */
int dfa_cache_read(const struct dfa_cache *cache, const char *topic,
		   int (*fn)(void *arg, const struct df_obj *obj), void *arg);

/* When the file was written, in words. */
void dfa_cache_age(const struct dfa_cache *cache, char *text, size_t size);

/* --- between the files ------------------------------------------------------ */

struct dfa_cache_item *dfa_cache_add(struct dfa_cache *cache, const char *topic,
				     const struct df_model *model,
				     const struct dfa_uuid *id);
void dfa_cache_forget(struct dfa_cache *cache, struct dfa_cache_item *item);
const char *dfa_cache_text(const struct dfa_cache *cache,
			   const struct dfa_cache_item *item);
uint64_t dfa_cache_hash(uint64_t hash, const char *text, size_t len);

/* cache_file.c */
void dfa_cache_load(struct dfa_cache *cache);
/* Write the file under another name and map it: @fd is to be synced. */
int dfa_cache_write(struct dfa_cache *cache, const char *part);

#endif
