// SPDX-License-Identifier: GPL-2.0
/* The files of the last known state: created, read, put in place; see cache.h. */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "util.h"

enum { CHUNK = 64 * 1024 };

int dfa_cache_map(const char *path, char **text, size_t *len)
{
	__auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;
	void *map;

	if (fd < 0 || fstat(fd, &stat))
		return -errno;
	*text = NULL;
	*len = 0;
	if (!stat.st_size)
		return 0;
	map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	*text = map;
	*len = (size_t)stat.st_size;
	return 0;
}

int dfa_cache_write(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t done = write(fd, text, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		text += done;
		len -= (size_t)done;
	}
	return 0;
}

int dfa_cache_create(const struct dfa_cache *cache, const char *path,
		     size_t *size)
{
	__auto_close int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND |
				   O_CLOEXEC, 0600);
	char header[DFA_KNOWN_HEADER];
	int err;

	if (fd < 0)
		return -errno;
	*size = dfa_known_header(header, cache->config->chassis,
				 cache->config->database);
	err = dfa_cache_write(fd, header, *size);
	if (err) {
		unlink(path);
		return err;
	}
	return dfa_take_fd(fd);
}

void dfa_cache_remove(const struct dfa_cache *cache)
{
	unlink(cache->part);
	unlink(cache->path);
}

/* --- putting in place ------------------------------------------------------- */

/* The name is on the disk, too. */
static int sync_directory(const struct dfa_cache *cache)
{
	__auto_close int fd = open(cache->config->state_dir,
				   O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

/* Only what is on the disk takes the place of what is there. */
int dfa_cache_place(const struct dfa_cache *cache)
{
	if (fdatasync(cache->fd) || rename(cache->part, cache->path))
		return -errno;
	return sync_directory(cache);
}

/* --- a shorter one ---------------------------------------------------------- */

/**
 * struct writer - a file being written
 * @used: bytes of @chunk
 */
struct writer {
	int fd;
	int err;
	size_t size;
	size_t used;
	uint64_t seed;
	char chunk[CHUNK];
};

static void add(struct writer *writer, const char *text, size_t len)
{
	if (writer->used + len > CHUNK && !writer->err) {
		writer->err = dfa_cache_write(writer->fd, writer->chunk,
					      writer->used);
		writer->used = 0;
	}
	if (writer->err)
		return;
	writer->size += len;
	if (len > CHUNK) {
		writer->err = dfa_cache_write(writer->fd, text, len);
		return;
	}
	memcpy(writer->chunk + writer->used, text, len);
	writer->used += len;
}

static void add_sealed(struct writer *writer, const char *text, size_t len)
{
	char seal[DFA_KNOWN_SEAL + 1];

	dfa_known_seal(seal, writer->seed, text, len);
	add(writer, seal, DFA_KNOWN_SEAL);
	add(writer, " ", 1);
	add(writer, text, len);
	add(writer, "\n", 1);
}

static int write_known(struct writer *writer, const struct dfa_known *known)
{
	char mark[64];
	int len;

	for (size_t i = 0; i < known->count && !writer->err; i++) {
		size_t text_len;
		const char *text = dfa_known_text(known, i, &text_len);

		add_sealed(writer, text, text_len);
	}
	len = snprintf(mark, sizeof(mark), "= %zu %lld", writer->size,
		       (long long)known->at);
	add_sealed(writer, mark, (size_t)len);
	if (!writer->err)
		writer->err = dfa_cache_write(writer->fd, writer->chunk,
					      writer->used);
	if (!writer->err && fdatasync(writer->fd))
		writer->err = -errno;
	return writer->err;
}

static int write_shorter(struct dfa_cache *cache, const struct dfa_known *known)
{
	__auto_free struct writer *writer = calloc(1, sizeof(*writer));
	int err;

	if (!writer)
		return -ENOMEM;
	writer->seed = cache->seed;
	writer->fd = dfa_cache_create(cache, cache->part, &writer->size);
	if (writer->fd < 0)
		return writer->fd;
	err = write_known(writer, known);
	if (err) {
		close(writer->fd);
		return err;
	}
	cache->new_fd = writer->fd;
	cache->new_size = writer->size;
	return 0;
}

int dfa_cache_shrink(struct dfa_cache *cache)
{
	char header[DFA_KNOWN_HEADER];
	struct dfa_known known;
	const char *why;
	size_t len;
	char *text;
	int err = dfa_cache_map(cache->path, &text, &len);

	if (err)
		return err;
	if (!text)
		return -ENODATA;
	dfa_known_header(header, cache->config->chassis,
			 cache->config->database);
	/* Somebody else may have cut it. */
	if (len < cache->job_size)
		err = -ENODATA;
	else
		err = dfa_known_read(&known, text, cache->job_size, header,
				     &why);
	if (!err) {
		err = known.torn ? -EBADMSG : write_shorter(cache, &known);
		dfa_known_fini(&known);
	}
	munmap(text, len);
	return err;
}

static int copy_rest(struct dfa_cache *cache)
{
	__auto_free char *chunk = malloc(CHUNK);
	size_t at = cache->job_size;

	while (chunk && at < cache->size) {
		size_t len = cache->size - at < CHUNK ? cache->size - at : CHUNK;
		ssize_t got = pread(cache->fd, chunk, len, (off_t)at);
		int err;

		if (got <= 0)
			return got ? -errno : -ENODATA;
		err = dfa_cache_write(cache->new_fd, chunk, (size_t)got);
		if (err)
			return err;
		at += (size_t)got;
	}
	return chunk ? 0 : -ENOMEM;
}

int dfa_cache_replace(struct dfa_cache *cache)
{
	int err = copy_rest(cache);

	if (!err && rename(cache->part, cache->path))
		err = -errno;
	if (err) {
		close(cache->new_fd);
		cache->new_fd = -1;
		return err;
	}
	close(cache->fd);
	cache->least = cache->new_size;
	cache->synced = cache->new_size;
	cache->size += cache->new_size - cache->job_size;
	cache->fd = cache->new_fd;
	cache->new_fd = -1;
	return 0;
}
