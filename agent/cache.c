// SPDX-License-Identifier: GPL-2.0
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "util.h"

enum {
	DELAY_MS = 2000,
	RETRY_MS = 60000,
	BYTES_PER_MS = 1024,
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* --- objects ---------------------------------------------------------------- */

static struct dfa_cache_topic *find_topic(const struct dfa_cache *cache,
					  const char *name)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&cache->topics, dfa_hash_string(name));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_cache_topic *topic;

		topic = dfa_container_of(node, struct dfa_cache_topic, node);
		if (strcmp(topic->name, name) == 0)
			return topic;
	}
	return NULL;
}

static struct dfa_cache_topic *add_topic(struct dfa_cache *cache,
					 const char *name)
{
	struct dfa_cache_topic *topic = find_topic(cache, name);
	size_t size = strlen(name) + 1;

	if (topic)
		return topic;
	topic = calloc(1, sizeof(*topic) + size);
	if (!topic)
		return NULL;
	memcpy(topic->name, name, size);
	dfa_list_init(&topic->items);
	dfa_map_add(&cache->topics, &topic->node, dfa_hash_string(name));
	return topic;
}

/* An object may have the id of another model's. */
static uint64_t item_hash(const struct df_model *model,
			  const struct dfa_uuid *id)
{
	return dfa_uuid_hash(id) ^ dfa_hash_string(model->name);
}

static struct dfa_cache_item *find_item(const struct dfa_cache *cache,
					const struct df_model *model,
					const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&cache->items, item_hash(model, id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_cache_item *item;

		item = dfa_container_of(node, struct dfa_cache_item, node);
		if (item->model == model && dfa_uuid_equal(&item->id, id))
			return item;
	}
	return NULL;
}

void dfa_cache_forget(struct dfa_cache *cache, struct dfa_cache_item *item)
{
	struct dfa_cache_topic *topic = item->topic;

	dfa_map_del(&cache->items, &item->node);
	dfa_list_del(&item->in_topic);
	free(item->text);
	free(item);
	if (!dfa_list_is_empty(&topic->items))
		return;
	dfa_map_del(&cache->topics, &topic->node);
	free(topic);
}

struct dfa_cache_item *dfa_cache_add(struct dfa_cache *cache, const char *topic,
				     const struct df_model *model,
				     const struct dfa_uuid *id)
{
	struct dfa_cache_item *item = find_item(cache, model, id);

	if (item && strcmp(item->topic->name, topic) != 0) {
		dfa_cache_forget(cache, item);
		item = NULL;
	}
	if (item)
		return item;
	item = calloc(1, sizeof(*item));
	if (!item)
		return NULL;
	item->topic = add_topic(cache, topic);
	if (!item->topic) {
		free(item);
		return NULL;
	}
	item->model = model;
	item->id = *id;
	dfa_list_add(&item->topic->items, &item->in_topic);
	dfa_map_add(&cache->items, &item->node, item_hash(model, id));
	return item;
}

const char *dfa_cache_text(const struct dfa_cache *cache,
			   const struct dfa_cache_item *item)
{
	return item->text ?: cache->text + item->at;
}

/* --- writing the file ------------------------------------------------------- */

static void schedule(struct dfa_cache *cache, long long delay_ms)
{
	struct timeval tv = {
		.tv_sec = delay_ms / 1000,
		.tv_usec = delay_ms % 1000 * 1000,
	};

	if (!cache->is_syncing && !evtimer_pending(cache->due, NULL))
		evtimer_add(cache->due, &tv);
}

/* The longer the file, the more seldom it is written. */
static void changed(struct dfa_cache *cache)
{
	long long pause_ms = (long long)(cache->size / BYTES_PER_MS);
	long long delay_ms = cache->last_ms + pause_ms - now_ms();

	cache->is_dirty = true;
	schedule(cache, delay_ms > DELAY_MS ? delay_ms : DELAY_MS);
}

static void failed(struct dfa_cache *cache, int err)
{
	char text[sizeof(cache->note)];

	snprintf(text, sizeof(text), "%s: cannot be written: %s", cache->path,
		 strerror(-err));
	if (strcmp(text, cache->note) != 0)
		dfa_warning("the last known state %s", text);
	memcpy(cache->note, text, sizeof(text));
	cache->is_dirty = true;
	schedule(cache, RETRY_MS);
}

static char *part_path(const struct dfa_cache *cache)
{
	char *part;

	return asprintf(&part, "%s.part", cache->path) < 0 ? NULL : part;
}

/* Only what is on the disk takes the place of what is there. */
static int put_in_place(const struct dfa_cache *cache)
{
	__auto_free char *part = part_path(cache);

	if (!part)
		return -ENOMEM;
	if (fsync(cache->fd) || rename(part, cache->path))
		return -errno;
	return 0;
}

static void *sync_file(void *arg)
{
	const struct dfa_cache *cache = arg;
	int err = put_in_place(cache);

	if (write(cache->pipe[1], &err, sizeof(err)) != sizeof(err))
		return arg;
	return NULL;
}

static void close_file(struct dfa_cache *cache)
{
	if (cache->fd >= 0)
		close(cache->fd);
	cache->fd = -1;
}

static void start_sync(struct dfa_cache *cache)
{
	sigset_t all, old;
	int err;

	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&cache->thread, NULL, sync_file, cache);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	cache->is_syncing = !err;
	if (err) {
		close_file(cache);
		failed(cache, -err);
	}
}

static int write_file(struct dfa_cache *cache)
{
	__auto_free char *part = part_path(cache);
	int err = part ? dfa_cache_write(cache, part) : -ENOMEM;

	if (err && part)
		unlink(part);
	cache->last_ms = now_ms();
	cache->is_dirty = err;
	return err;
}

static void due(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_cache *cache = arg;
	int err;

	(void)fd;
	(void)what;
	err = write_file(cache);
	if (err)
		failed(cache, err);
	else
		start_sync(cache);
}

static void synced(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_cache *cache = arg;
	int err = -EIO;

	(void)what;
	if (read(fd, &err, sizeof(err)) != sizeof(err))
		return;
	pthread_join(cache->thread, NULL);
	cache->is_syncing = false;
	close_file(cache);
	if (err) {
		failed(cache, err);
		return;
	}
	cache->note[0] = '\0';
	dfa_debug("last known state: %zu objects in %s", cache->items.count,
		  cache->path);
	if (cache->is_dirty)
		changed(cache);
}

/* --- what is known ---------------------------------------------------------- */

int dfa_cache_put(struct dfa_cache *cache, const char *topic,
		  const struct df_obj *obj)
{
	char *text = df_obj_print(obj, false);
	struct dfa_cache_item *item = NULL;
	struct dfa_uuid id;
	uint64_t hash;

	if (text && !dfa_uuid_parse(&id, df_obj_id(obj)))
		item = dfa_cache_add(cache, topic, df_obj_model(obj), &id);
	if (!item) {
		free(text);
		return -ENOMEM;
	}
	hash = dfa_cache_hash(0, text, strlen(text));
	item->is_stale = false;
	if (item->len && item->hash == hash) {
		free(text);
		return 0;
	}
	free(item->text);
	item->text = text;
	item->len = strlen(text);
	item->hash = hash;
	changed(cache);
	return 0;
}

void dfa_cache_del(struct dfa_cache *cache, const char *model, const char *id)
{
	const struct df_model *found = df_model_find(model);
	struct dfa_cache_item *item = NULL;
	struct dfa_uuid uuid;

	if (found && !dfa_uuid_parse(&uuid, id))
		item = find_item(cache, found, &uuid);
	if (!item)
		return;
	dfa_cache_forget(cache, item);
	changed(cache);
}

static struct dfa_cache_item *first_of(const struct dfa_cache_topic *topic)
{
	return dfa_container_of(topic->items.next, struct dfa_cache_item,
				in_topic);
}

void dfa_cache_drop(struct dfa_cache *cache, const char *name)
{
	struct dfa_cache_topic *topic;

	/* It goes with its last object. */
	while ((topic = find_topic(cache, name))) {
		dfa_cache_forget(cache, first_of(topic));
		changed(cache);
	}
}

void dfa_cache_keep(struct dfa_cache *cache,
		    bool (*is_needed)(void *arg, const char *topic), void *arg)
{
	struct dfa_map_iter iter = dfa_map_iter(&cache->topics);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&cache->topics, &iter))) {
		struct dfa_cache_topic *topic;

		topic = dfa_container_of(node, struct dfa_cache_topic, node);
		if (!is_needed(arg, topic->name)) {
			char name[512];

			snprintf(name, sizeof(name), "%s", topic->name);
			dfa_cache_drop(cache, name);
		}
	}
}

const struct dfa_cache_item *dfa_cache_stale(const struct dfa_cache *cache,
					     const char *name)
{
	const struct dfa_cache_topic *topic = find_topic(cache, name);
	const struct dfa_list *at;

	if (!topic)
		return NULL;
	for (at = topic->items.next; at != &topic->items; at = at->next) {
		const struct dfa_cache_item *item;

		item = dfa_container_of(at, struct dfa_cache_item, in_topic);
		if (item->is_stale)
			return item;
	}
	return NULL;
}

int dfa_cache_read(const struct dfa_cache *cache, const char *name,
		   int (*fn)(void *arg, const struct df_obj *obj), void *arg)
{
	const struct dfa_cache_topic *topic = find_topic(cache, name);
	const struct dfa_list *at;
	int err = 0;

	if (!topic)
		return 0;
	for (at = topic->items.next; at != &topic->items && !err; at = at->next) {
		const struct dfa_cache_item *item;
		df_obj_auto struct df_obj *obj = NULL;

		item = dfa_container_of(at, struct dfa_cache_item, in_topic);
		if (!df_obj_parse(&obj, item->model->name,
				  dfa_cache_text(cache, item), item->len, NULL))
			err = fn(arg, obj);
	}
	return err;
}

void dfa_cache_age(const struct dfa_cache *cache, char *text, size_t size)
{
	struct tm tm;

	if (!cache->saved_at || !gmtime_r(&cache->saved_at, &tm) ||
	    !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		snprintf(text, size, "never");
}

/* --- start and stop --------------------------------------------------------- */

static void clear(struct dfa_cache *cache)
{
	struct dfa_map_iter iter = dfa_map_iter(&cache->items);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&cache->items, &iter)))
		dfa_cache_forget(cache,
				 dfa_container_of(node, struct dfa_cache_item,
						  node));
	if (cache->text)
		munmap(cache->text, cache->size);
	cache->text = NULL;
	cache->size = 0;
}

int dfa_cache_init(struct dfa_cache *cache, struct event_base *base,
		   const struct dfa_config *config)
{
	*cache = (struct dfa_cache){
		.config = config,
		.pipe = { -1, -1 },
		.fd = -1,
	};
	dfa_map_init(&cache->items);
	dfa_map_init(&cache->topics);
	if (asprintf(&cache->path, "%s/%s.cache", config->state_dir,
		     config->chassis) < 0) {
		cache->path = NULL;
		return -ENOMEM;
	}
	if (pipe2(cache->pipe, O_CLOEXEC))
		return -errno;
	cache->due = evtimer_new(base, due, cache);
	cache->synced = event_new(base, cache->pipe[0], EV_READ | EV_PERSIST,
				  synced, cache);
	if (!cache->due || !cache->synced || event_add(cache->synced, NULL))
		return -ENOMEM;
	dfa_cache_load(cache);
	if (!cache->is_loaded)
		clear(cache);
	return 0;
}

void dfa_cache_fini(struct dfa_cache *cache)
{
	if (!cache->config)
		return;
	if (cache->is_syncing)
		pthread_join(cache->thread, NULL);
	close_file(cache);
	if (cache->is_dirty && (write_file(cache) || put_in_place(cache)))
		dfa_warning("the last known state %s: cannot be written",
			    cache->path);
	close_file(cache);
	clear(cache);
	dfa_map_fini(&cache->items);
	dfa_map_fini(&cache->topics);
	if (cache->due)
		event_free(cache->due);
	if (cache->synced)
		event_free(cache->synced);
	if (cache->pipe[0] >= 0) {
		close(cache->pipe[0]);
		close(cache->pipe[1]);
	}
	free(cache->path);
}
