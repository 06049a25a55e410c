/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_CACHE_H
#define DFA_CACHE_H

/*
 * Keeps the last known state in a file, for a start without a database: what the
 * topics tell is appended to it as they tell it. known.h says what it looks like.
 *
 * No object is held in memory: with every start the file is written anew, and
 * takes the place of the last one when every topic was read. Once it is twice as
 * long as it need be, a thread writes it again without what was overridden. The
 * disk is waited for by that thread, too, and by nobody else.
 */

#include <event2/event.h>
#include <pthread.h>

#include "config.h"
#include "known.h"

/* What the thread does. */
enum dfa_cache_job {
	DFA_CACHE_IDLE,
	DFA_CACHE_SYNC, /* bring to the disk what was appended */
	DFA_CACHE_PLACE, /* that, and put the file in place */
	DFA_CACHE_SHRINK, /* write a shorter one */
};

/**
 * struct dfa_cache - the last known state
 * @path: of the file
 * @part: of one that is not in place yet
 * @known: what the file said at the start, until the database has told all
 * @text: the file of @known, mapped, or NULL
 * @text_len: how long it is
 * @fd: of the file that is written, or -1
 * @size: how much is in it
 * @synced: how much of it was on the disk when the thread ended last
 * @least: how long it was when nothing in it was overridden
 * @seed: of its seals
 * @buffer: what is to be appended, @used of @room bytes
 * @flush: appends it, in a moment
 * @due: runs the thread, later
 * @ended: readable when the thread has ended
 * @confirm: says from time to time that it is still true
 * @job: of the thread
 * @thread: while there is a job
 * @pipe: tells its end
 * @job_size: how much was in the file when it began
 * @new_fd: the shorter file, or -1
 * @new_size: how long that is
 * @saved_at: until when what is on the disk was what the database told, but for
 *	some minutes; 0: never
 * @is_new: the file that is written is not in place
 * @is_complete: it holds all topics, and may take its place
 * @is_confirmed: the database is there: what is not told has not changed
 * @is_over: it could not be written, and is not any more
 * @note: what is wrong; empty if all is well
 */
struct dfa_cache {
	const struct dfa_config *config;
	char *path, *part;
	struct dfa_known known;
	char *text;
	size_t text_len;
	int fd;
	size_t size, synced, least;
	uint64_t seed;
	char *buffer;
	size_t used, room;
	struct event *flush, *due, *ended, *confirm;
	enum dfa_cache_job job;
	pthread_t thread;
	int pipe[2];
	size_t job_size;
	int new_fd;
	size_t new_size;
	time_t saved_at;
	bool is_new;
	bool is_complete;
	bool is_confirmed;
	bool is_over;
	char note[256];
};

/* Reads the file; one that cannot be used is told of, and ignored. */
int dfa_cache_init(struct dfa_cache *cache, struct event_base *base,
		   const struct dfa_config *config);
void dfa_cache_fini(struct dfa_cache *cache);

/* From now on the database tells: begin a new file. */
void dfa_cache_begin(struct dfa_cache *cache);
/* Is the database there? As long as it is, what is known is not out of date. */
void dfa_cache_confirm(struct dfa_cache *cache, bool is_there);
/* What the file said is not needed. */
void dfa_cache_forget(struct dfa_cache *cache);
/* It has told all: the new file holds what is known. */
void dfa_cache_complete(struct dfa_cache *cache);

/*
 * An object is, or is not any more; a topic is not followed any more. @json: the
 * object as it is stored, or NULL.
 */
void dfa_cache_put(struct dfa_cache *cache, const char *topic,
		   const struct df_obj *obj, const char *json);
void dfa_cache_del(struct dfa_cache *cache, const char *model, const char *id);
void dfa_cache_drop(struct dfa_cache *cache, const char *topic);

/* Is there something to begin with? */
static inline bool dfa_cache_is_loaded(const struct dfa_cache *cache)
{
	return cache->known.count;
}

/* &dfa_cache.saved_at in words. */
void dfa_cache_time(const struct dfa_cache *cache, char *text, size_t size);

/* --- between the files ------------------------------------------------------ */

/* cache_file.c: what needs no event loop, and may wait for the disk. */

/* Map what is there; nothing if it is empty. */
int dfa_cache_map(const char *path, char **text, size_t *len);
/* A new file at @path with the first line, @size long. Return: fd, or -errno. */
int dfa_cache_create(const struct dfa_cache *cache, const char *path,
		     size_t *size);
int dfa_cache_write(int fd, const char *text, size_t len);
/* Bring the new file to the disk, and put it in place. */
int dfa_cache_place(const struct dfa_cache *cache);
/* Write &dfa_cache.new_fd: the first &dfa_cache.job_size bytes, but shorter. */
int dfa_cache_shrink(struct dfa_cache *cache);
/* Append to that what was appended to the longer one, and put it in place. */
int dfa_cache_replace(struct dfa_cache *cache);
/* Nothing is left of it. */
void dfa_cache_remove(const struct dfa_cache *cache);

#endif
