// SPDX-License-Identifier: GPL-2.0
/*
 * The file of the last known state: a line that says what it is, a line for each
 * object with its topic, model and text, and a line with a checksum.
 */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "log.h"
#include "util.h"

#define MAGIC "dragonflow-cache"
enum { FORMAT = 1, HEADER_MAX = 512 };

/* FNV-1a: a file that is damaged by chance is seen. */
uint64_t dfa_cache_hash(uint64_t hash, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3;
	return hash;
}

/* Whose state it is. The URI may hold a password. */
static int print_header(const struct dfa_cache *cache, char *text, long long at)
{
	return snprintf(text, HEADER_MAX, "%s %d %s %016" PRIx64 " %lld\n",
			MAGIC, FORMAT, cache->config->chassis,
			dfa_hash_string(cache->config->database), at);
}

/* --- reading ---------------------------------------------------------------- */

static const char *check_header(struct dfa_cache *cache, char *line)
{
	char *format, *chassis, *database, *at, *rest = line;
	char hash[17];

	if (strcmp(strsep(&rest, " "), MAGIC) != 0)
		return "it is something else";
	format = strsep(&rest, " ");
	if (!format || strtol(format, NULL, 10) != FORMAT)
		return "it is of another version";
	chassis = strsep(&rest, " ");
	database = strsep(&rest, " ");
	at = strsep(&rest, " ");
	if (!at)
		return "it is damaged";
	snprintf(hash, sizeof(hash), "%016" PRIx64,
		 dfa_hash_string(cache->config->database));
	if (strcmp(chassis, cache->config->chassis) != 0)
		return "it is of another chassis";
	if (strcmp(database, hash) != 0)
		return "it is of another database";
	cache->saved_at = (time_t)strtoll(at, NULL, 10);
	return NULL;
}

/* "TOPIC MODEL TEXT" */
static int load_line(struct dfa_cache *cache, const char *line, size_t len)
{
	const char *end = line + len, *model = memchr(line, ' ', len), *text;
	char topic[512], name[32];
	const struct df_model *found;
	struct dfa_cache_item *item;
	df_obj_auto struct df_obj *obj = NULL;
	struct dfa_uuid id;

	text = model ? memchr(model + 1, ' ', (size_t)(end - model - 1)) : NULL;
	if (!text || model - line >= (int)sizeof(topic) ||
	    text - model > (int)sizeof(name))
		return -EBADMSG;
	snprintf(topic, sizeof(topic), "%.*s", (int)(model - line), line);
	snprintf(name, sizeof(name), "%.*s", (int)(text - model - 1), model + 1);
	text++;
	found = df_model_find(name);
	if (!found || df_obj_parse(&obj, name, text, (size_t)(end - text), NULL) ||
	    !df_obj_id(obj) || dfa_uuid_parse(&id, df_obj_id(obj)))
		return -EBADMSG;
	item = dfa_cache_add(cache, topic, found, &id);
	if (!item)
		return -ENOMEM;
	item->at = (size_t)(text - cache->text);
	item->len = (size_t)(end - text);
	item->hash = dfa_cache_hash(0, text, item->len);
	item->is_stale = true;
	return 0;
}

/* Between the first line and the last. */
static const char *load_lines(struct dfa_cache *cache, const char *from,
			      const char *to)
{
	int err = 0;

	while (from < to && !err) {
		const char *end = memchr(from, '\n', (size_t)(to - from));

		err = end ? load_line(cache, from, (size_t)(end - from)) :
			    -EBADMSG;
		from = end + 1;
	}
	return err == -ENOMEM ? "out of memory" : err ? "it is damaged" : NULL;
}

static const char *load_text(struct dfa_cache *cache)
{
	const char *body = memchr(cache->text, '\n', cache->size);
	const char *end = cache->text + cache->size, *last = end - 1;
	char line[HEADER_MAX], want[32];
	const char *why;

	if (!body || body - cache->text >= HEADER_MAX)
		return "it is something else";
	snprintf(line, sizeof(line), "%.*s", (int)(body - cache->text),
		 cache->text);
	body++;
	why = check_header(cache, line);
	if (why)
		return why;
	while (last > body && last[-1] != '\n')
		last--;
	snprintf(want, sizeof(want), "end %016" PRIx64 "\n",
		 dfa_cache_hash(0, cache->text, (size_t)(last - cache->text)));
	if (last < body || (size_t)(end - last) != strlen(want) ||
	    memcmp(last, want, strlen(want)) != 0)
		return "it is damaged";
	return load_lines(cache, body, last);
}

static int map_file(struct dfa_cache *cache, int fd)
{
	struct stat stat;
	void *text;

	if (fstat(fd, &stat))
		return -errno;
	if (!stat.st_size)
		return -ENODATA;
	text = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		return -errno;
	if (cache->text)
		munmap(cache->text, cache->size);
	cache->text = text;
	cache->size = (size_t)stat.st_size;
	return 0;
}

void dfa_cache_load(struct dfa_cache *cache)
{
	__auto_close int fd = open(cache->path, O_RDONLY | O_CLOEXEC);
	const char *why = NULL;
	int err;

	if (fd < 0 && errno == ENOENT)
		return;
	err = fd < 0 ? -errno : map_file(cache, fd);
	if (err)
		why = strerror(-err);
	else
		why = load_text(cache);
	cache->is_loaded = !why;
	if (!why)
		return;
	snprintf(cache->note, sizeof(cache->note), "%s: ignored at the start: %s",
		 cache->path, why);
	dfa_warning("the last known state %s", cache->note);
}

/* --- writing ---------------------------------------------------------------- */

/**
 * struct writer - a file being written
 * @hash: of all that was written
 * @at: how much that was
 */
struct writer {
	FILE *file;
	uint64_t hash;
	size_t at;
};

static void add(struct writer *writer, const char *text, size_t len)
{
	fwrite(text, 1, len, writer->file);
	writer->hash = dfa_cache_hash(writer->hash, text, len);
	writer->at += len;
}

static void add_item(struct writer *writer, const struct dfa_cache *cache,
		     const struct dfa_cache_item *item, size_t *at)
{
	add(writer, item->topic->name, strlen(item->topic->name));
	add(writer, " ", 1);
	add(writer, item->model->name, strlen(item->model->name));
	add(writer, " ", 1);
	*at = writer->at;
	add(writer, dfa_cache_text(cache, item), item->len);
	add(writer, "\n", 1);
}

/* Where each object is, in the order of the map; NULL without memory. */
static size_t *write_items(struct writer *writer, const struct dfa_cache *cache)
{
	struct dfa_map_iter iter = dfa_map_iter(&cache->items);
	size_t *at = calloc(cache->items.count + 1, sizeof(*at)), i = 0;
	struct dfa_map_node *node;

	while (at && (node = dfa_map_iter_next(&cache->items, &iter)))
		add_item(writer, cache,
			 dfa_container_of(node, struct dfa_cache_item, node),
			 &at[i++]);
	return at;
}

/* From now on the new file is what is known to be stored. */
static void take_over(struct dfa_cache *cache, const size_t *at)
{
	struct dfa_map_iter iter = dfa_map_iter(&cache->items);
	struct dfa_map_node *node;
	size_t i = 0;

	while ((node = dfa_map_iter_next(&cache->items, &iter))) {
		struct dfa_cache_item *item;

		item = dfa_container_of(node, struct dfa_cache_item, node);
		free(item->text);
		item->text = NULL;
		item->at = at[i++];
	}
}

int dfa_cache_write(struct dfa_cache *cache, const char *part)
{
	__auto_close int fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
				   0600);
	int copy = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct writer writer = { .file = copy < 0 ? NULL : fdopen(copy, "w") };
	__auto_free size_t *at = NULL;
	char line[HEADER_MAX];
	time_t now = time(NULL);
	int err;

	if (!writer.file)
		return -errno;
	add(&writer, line, (size_t)print_header(cache, line, now));
	at = write_items(&writer, cache);
	fprintf(writer.file, "end %016" PRIx64 "\n", writer.hash);
	err = !at ? -ENOMEM : ferror(writer.file) ? -EIO : 0;
	if (fclose(writer.file) && !err)
		err = -errno;
	if (!err)
		err = map_file(cache, fd);
	if (err)
		return err;
	take_over(cache, at);
	cache->saved_at = now;
	cache->fd = dfa_take_fd(fd);
	return 0;
}
