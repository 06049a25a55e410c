// SPDX-License-Identifier: GPL-2.0
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "util.h"

enum {
	SYNC_MS = 1000,
	RETRY_MS = 5000,
	CONFIRM_S = 300,
	FIRST_ROOM = 4096,
	CHUNK = 64 * 1024,
	/* While nothing can be written, so much is kept. */
	BUFFER_MAX = 4 * 1024 * 1024,
	/* A file that is longer than this and twice what it need be is too long. */
	LONG = 1024 * 1024,
	/* Seal, letter, end, and the blanks between. */
	LINE_EXTRA = DFA_KNOWN_SEAL + 6,
};

static void schedule(struct event *timer, unsigned int delay_ms)
{
	struct timeval tv = {
		.tv_sec = delay_ms / 1000,
		.tv_usec = delay_ms % 1000 * 1000,
	};

	if (!evtimer_pending(timer, NULL))
		evtimer_add(timer, &tv);
}

/* --- what goes wrong -------------------------------------------------------- */

static void say(struct dfa_cache *cache, const char *what, int err)
{
	char text[sizeof(cache->note)];

	snprintf(text, sizeof(text), "%.180s: %s: %s", cache->path, what,
		 strerror(-err));
	if (strcmp(text, cache->note) != 0)
		dfa_warning("the last known state %s", text);
	memcpy(cache->note, text, sizeof(text));
}

static bool is_kept(const struct dfa_cache *cache)
{
	return cache->fd >= 0 && !cache->is_over;
}

static void close_file(struct dfa_cache *cache)
{
	if (cache->fd >= 0)
		close(cache->fd);
	if (cache->new_fd >= 0)
		close(cache->new_fd);
	cache->fd = -1;
	cache->new_fd = -1;
	if (cache->is_over)
		dfa_cache_remove(cache);
}

/* A file that something is missing in is none: better to know nothing. */
static void give_up(struct dfa_cache *cache, int err)
{
	say(cache, "cannot be written, so it is not kept", err);
	cache->is_over = true;
	cache->used = 0;
	cache->saved_at = 0;
	/* Else the thread has it: then at its end. */
	if (cache->job == DFA_CACHE_IDLE)
		close_file(cache);
}

/* --- appending -------------------------------------------------------------- */

/* What stays in the buffer is tried again. */
static int append(struct dfa_cache *cache)
{
	ssize_t done = write(cache->fd, cache->buffer, cache->used);

	if (done < 0)
		return errno == EINTR ? 0 : -errno;
	cache->size += (size_t)done;
	cache->used -= (size_t)done;
	memmove(cache->buffer, cache->buffer + done, cache->used);
	return 0;
}

static void flush(struct dfa_cache *cache)
{
	int err = 0;

	while (is_kept(cache) && cache->used && !err)
		err = append(cache);
	if (err && cache->used < BUFFER_MAX) {
		say(cache, "cannot be written", err);
		schedule(cache->flush, RETRY_MS);
	} else if (err) {
		give_up(cache, err);
	}
}

static void flush_due(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_cache *cache = arg;

	(void)fd;
	(void)what;
	flush(cache);
	if (!cache->used) {
		free(cache->buffer);
		cache->buffer = NULL;
		cache->room = 0;
	}
	if (is_kept(cache) && cache->job == DFA_CACHE_IDLE)
		schedule(cache->due, SYNC_MS);
}

static int make_room(struct dfa_cache *cache, size_t len)
{
	size_t room = cache->room ?: FIRST_ROOM;
	char *grown;

	while (room < cache->used + len)
		room *= 2;
	if (room == cache->room)
		return 0;
	grown = realloc(cache->buffer, room);
	if (!grown)
		return -ENOMEM;
	cache->buffer = grown;
	cache->room = room;
	return 0;
}

/* @words: one to three, the last of which may be NULL. */
static void add_line(struct dfa_cache *cache, char letter,
		     const char *const words[3])
{
	size_t len = LINE_EXTRA;
	char *line, *text;

	for (int i = 0; i < 3 && words[i]; i++)
		len += strlen(words[i]);
	if (make_room(cache, len + 1)) {
		give_up(cache, -ENOMEM);
		return;
	}
	line = cache->buffer + cache->used;
	text = line + DFA_KNOWN_SEAL + 1;
	text[0] = letter;
	len = 1;
	for (int i = 0; i < 3 && words[i]; i++) {
		text[len++] = ' ';
		memcpy(text + len, words[i], strlen(words[i]));
		len += strlen(words[i]);
	}
	dfa_known_seal(line, cache->seed, text, len);
	line[DFA_KNOWN_SEAL] = ' ';
	text[len] = '\n';
	cache->used += DFA_KNOWN_SEAL + 1 + len + 1;
}

/* In a moment, with what comes until then. */
static void add_news(struct dfa_cache *cache, char letter,
		     const char *const words[3])
{
	size_t chunks = cache->used / CHUNK;

	add_line(cache, letter, words);
	if (cache->used / CHUNK != chunks)
		flush(cache);
	schedule(cache->flush, 0);
}

static void add_mark(struct dfa_cache *cache)
{
	char offset[24], at[24];
	const char *const words[] = { offset, at, NULL };

	/* While the database is away, who knows what it would tell? */
	if (cache->is_confirmed || !cache->saved_at)
		cache->saved_at = time(NULL);
	/* A new one has no name until all of it is on the disk. */
	snprintf(offset, sizeof(offset), "%zu",
		 cache->is_new ? cache->size + cache->used : cache->synced);
	snprintf(at, sizeof(at), "%lld", (long long)cache->saved_at);
	add_line(cache, '=', words);
	flush(cache);
}

static void print_key(char key[DFA_KNOWN_HEADER], const char *model,
		      const char *id)
{
	snprintf(key, DFA_KNOWN_HEADER, "%s/%s", model, id);
}

void dfa_cache_put(struct dfa_cache *cache, const char *topic,
		   const struct df_obj *obj, const char *json)
{
	char key[DFA_KNOWN_HEADER];
	__auto_free char *printed = NULL;

	if (!is_kept(cache))
		return;
	/* Others may store it in several lines. */
	if (!json || strchr(json, '\n')) {
		printed = df_obj_print(obj, false);
		json = printed;
	}
	if (!json) {
		give_up(cache, -ENOMEM);
		return;
	}
	print_key(key, df_obj_model(obj)->name, df_obj_id(obj));
	add_news(cache, '+', (const char *const[]){ topic, key, json });
}

void dfa_cache_del(struct dfa_cache *cache, const char *model, const char *id)
{
	char key[DFA_KNOWN_HEADER];

	print_key(key, model, id);
	if (is_kept(cache))
		add_news(cache, '-', (const char *const[]){ key, NULL, NULL });
}

void dfa_cache_drop(struct dfa_cache *cache, const char *topic)
{
	if (is_kept(cache))
		add_news(cache, 'x', (const char *const[]){ topic, NULL, NULL });
}

/* --- the thread ------------------------------------------------------------- */

static int do_job(struct dfa_cache *cache)
{
	switch (cache->job) {
	case DFA_CACHE_SYNC:
		return fdatasync(cache->fd) ? -errno : 0;
	case DFA_CACHE_PLACE:
		return dfa_cache_place(cache);
	case DFA_CACHE_SHRINK:
		return dfa_cache_shrink(cache);
	case DFA_CACHE_IDLE:
		break;
	}
	return 0;
}

static void *run_job(void *arg)
{
	struct dfa_cache *cache = arg;
	int err = do_job(cache);

	/* A pipe has room for it. */
	return write(cache->pipe[1], &err, sizeof(err)) < 0 ? arg : NULL;
}

static void start_job(struct dfa_cache *cache, enum dfa_cache_job job)
{
	sigset_t all, old;
	int err;

	cache->job = job;
	cache->job_size = cache->size;
	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&cache->thread, NULL, run_job, cache);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!err)
		return;
	cache->job = DFA_CACHE_IDLE;
	say(cache, "cannot be brought to the disk", -err);
	schedule(cache->due, RETRY_MS);
}

static void due(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_cache *cache = arg;

	(void)fd;
	(void)what;
	if (!is_kept(cache) || cache->job != DFA_CACHE_IDLE ||
	    !cache->is_complete)
		return;
	add_mark(cache);
	if (!is_kept(cache))
		return;
	if (cache->is_new)
		start_job(cache, DFA_CACHE_PLACE);
	else if (cache->size > LONG && cache->size > 2 * cache->least)
		start_job(cache, DFA_CACHE_SHRINK);
	else
		start_job(cache, DFA_CACHE_SYNC);
}

/* What is known is old, but not out of date. */
static void confirm(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_cache *cache = arg;

	(void)fd;
	(void)what;
	if (cache->is_confirmed)
		schedule(cache->due, 0);
}

void dfa_cache_confirm(struct dfa_cache *cache, bool is_there)
{
	/* It was true until now. */
	if (cache->is_confirmed && !is_there)
		schedule(cache->due, 0);
	cache->is_confirmed = is_there;
}

static void placed(struct dfa_cache *cache)
{
	cache->is_new = false;
	cache->least = cache->job_size;
	dfa_debug("last known state: %zu bytes in %s", cache->job_size,
		  cache->path);
}

/* It stays as long as it is, until it is twice as long. */
static void stay_long(struct dfa_cache *cache, int err)
{
	say(cache, "cannot be written shorter", err);
	unlink(cache->part);
	cache->least = cache->size;
}

static void finish_job(struct dfa_cache *cache, enum dfa_cache_job job, int err)
{
	if (!err && job == DFA_CACHE_SHRINK)
		err = dfa_cache_replace(cache);
	if (err && job == DFA_CACHE_SHRINK) {
		stay_long(cache, err);
		return;
	}
	if (err) {
		give_up(cache, err);
		return;
	}
	if (job != DFA_CACHE_SHRINK)
		cache->synced = cache->job_size;
	if (job == DFA_CACHE_PLACE)
		placed(cache);
	if (!cache->used)
		cache->note[0] = '\0';
}

static void job_ended(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_cache *cache = arg;
	enum dfa_cache_job job = cache->job;
	int err = -EIO;

	(void)what;
	if (read(fd, &err, sizeof(err)) != sizeof(err))
		return;
	pthread_join(cache->thread, NULL);
	cache->job = DFA_CACHE_IDLE;
	if (cache->is_over) {
		close_file(cache);
		return;
	}
	finish_job(cache, job, err);
	if (is_kept(cache) && cache->size + cache->used > cache->job_size)
		schedule(cache->due, SYNC_MS);
}

/* --- start and stop --------------------------------------------------------- */

void dfa_cache_begin(struct dfa_cache *cache)
{
	char header[DFA_KNOWN_HEADER];
	int fd;

	if (cache->fd >= 0)
		return;
	fd = dfa_cache_create(cache, cache->part, &cache->size);
	if (fd < 0) {
		say(cache, "cannot be written", fd);
		return;
	}
	dfa_known_header(header, cache->config->chassis,
			 cache->config->database);
	cache->seed = dfa_known_seed(header, cache->size);
	cache->fd = fd;
	cache->is_new = true;
}

void dfa_cache_forget(struct dfa_cache *cache)
{
	dfa_known_fini(&cache->known);
	if (cache->text)
		munmap(cache->text, cache->text_len);
	cache->text = NULL;
}

void dfa_cache_complete(struct dfa_cache *cache)
{
	dfa_cache_forget(cache);
	cache->is_complete = true;
	if (is_kept(cache))
		schedule(cache->due, 0);
}

void dfa_cache_time(const struct dfa_cache *cache, char *text, size_t size)
{
	struct tm tm;

	if (!cache->saved_at || !gmtime_r(&cache->saved_at, &tm) ||
	    !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, size, "never");
}

static void load(struct dfa_cache *cache)
{
	int err = dfa_cache_map(cache->path, &cache->text, &cache->text_len);
	const char *why = err ? strerror(-err) : "it is empty";
	char header[DFA_KNOWN_HEADER];

	if (err == -ENOENT)
		return;
	dfa_known_header(header, cache->config->chassis,
			 cache->config->database);
	if (!cache->text || dfa_known_read(&cache->known, cache->text,
					   cache->text_len, header, &why)) {
		snprintf(cache->note, sizeof(cache->note),
			 "%.180s: ignored at the start: %s", cache->path, why);
		dfa_warning("the last known state %s", cache->note);
		dfa_cache_forget(cache);
		return;
	}
	cache->saved_at = cache->known.at;
	if (cache->known.torn)
		dfa_warning("the last known state %s: the last %zu bytes were not on the disk and are ignored",
			    cache->path, cache->known.torn);
}

int dfa_cache_init(struct dfa_cache *cache, struct event_base *base,
		   const struct dfa_config *config)
{
	static const struct timeval often = { .tv_sec = CONFIRM_S };

	*cache = (struct dfa_cache){
		.config = config,
		.pipe = { -1, -1 },
		.fd = -1,
		.new_fd = -1,
	};
	if (asprintf(&cache->path, "%s/%s.cache", config->state_dir,
		     config->chassis) < 0 ||
	    asprintf(&cache->part, "%s.part", cache->path) < 0)
		return -ENOMEM;
	if (pipe2(cache->pipe, O_CLOEXEC))
		return -errno;
	cache->flush = evtimer_new(base, flush_due, cache);
	cache->due = evtimer_new(base, due, cache);
	cache->ended = event_new(base, cache->pipe[0], EV_READ | EV_PERSIST,
				 job_ended, cache);
	cache->confirm = event_new(base, -1, EV_PERSIST, confirm, cache);
	if (!cache->flush || !cache->due || !cache->ended || !cache->confirm ||
	    event_add(cache->ended, NULL) || event_add(cache->confirm, &often))
		return -ENOMEM;
	load(cache);
	return 0;
}

static void event_end(struct event *event)
{
	if (event)
		event_free(event);
}

/* What is known, if it is all, is brought to the disk. */
static void finish(struct dfa_cache *cache)
{
	int err;

	if (cache->job != DFA_CACHE_IDLE)
		job_ended(cache->pipe[0], 0, cache);
	if (!is_kept(cache))
		return;
	if (cache->is_new && !cache->is_complete) {
		unlink(cache->part);
		return;
	}
	add_mark(cache);
	if (!is_kept(cache))
		return;
	if (cache->used)
		err = -EIO;
	else if (cache->is_new)
		err = dfa_cache_place(cache);
	else
		err = fdatasync(cache->fd) ? -errno : 0;
	if (err)
		give_up(cache, err);
}

void dfa_cache_fini(struct dfa_cache *cache)
{
	if (!cache->config)
		return;
	finish(cache);
	close_file(cache);
	dfa_cache_forget(cache);
	event_end(cache->flush);
	event_end(cache->due);
	event_end(cache->ended);
	event_end(cache->confirm);
	for (int i = 0; i < 2; i++) {
		if (cache->pipe[i] >= 0)
			close(cache->pipe[i]);
	}
	free(cache->buffer);
	free(cache->path);
	free(cache->part);
}
