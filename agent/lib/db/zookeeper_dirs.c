// SPDX-License-Identifier: GPL-2.0
/*
 * Directories: containers, which the server removes with their last child.
 * They cannot be created in a transaction, so they are before it.
 */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"

#define KNOWN_MAX 65536

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

bool df_zk_known(struct df_zk *zk, const char *path)
{
	return tfind(path, &zk->known, compare);
}

void df_zk_known_add(struct df_zk *zk, const char *path)
{
	char *copy;

	if (df_zk_known(zk, path))
		return;
	if (zk->known_count == KNOWN_MAX)
		df_zk_known_clear(zk);
	copy = strdup(path);
	if (!copy || !tsearch(copy, &zk->known, compare))
		abort();
	zk->known_count++;
}

void df_zk_known_clear(struct df_zk *zk)
{
	tdestroy(zk->known, free);
	zk->known = NULL;
	zk->known_count = 0;
}

static void forget(struct df_zk *zk, const char *path)
{
	char **at = tfind(path, &zk->known, compare);
	char *known;

	if (!at)
		return;
	known = *at;
	tdelete(known, &zk->known, compare);
	free(known);
	zk->known_count--;
}

void df_zk_known_del(struct df_zk *zk, const char *path)
{
	size_t root_len = strlen(zk->uri.root);
	char *dir = strdup(path);
	char *slash;

	if (!dir)
		abort();
	do {
		forget(zk, dir);
		slash = strrchr(dir, '/');
		*slash = '\0';
	} while (strlen(dir) > root_len);
	free(dir);
}

size_t df_zk_make_dirs(struct df_zk *zk, const char *path, const void *owner,
		       df_zk_reply_fn fn, void *arg)
{
	/* What is directly below the root is there from the beginning. */
	size_t base = strcspn(path + strlen(zk->uri.root) + 1, "/");
	size_t made = 0;
	char *dir;
	char *at;

	dir = strdup(path);
	if (!dir)
		abort();
	at = dir + strlen(zk->uri.root) + 1 + base;
	while (*at && (at = strchr(at + 1, '/'))) {
		*at = '\0';
		if (!df_zk_known(zk, dir)) {
			/*
			 * Known from now on: who comes next sends its
			 * transaction behind this on the same connection.
			 */
			df_zk_known_add(zk, dir);
			df_zk_create(zk, ZK_CONTAINER, dir, "", owner, fn, arg);
			made++;
		}
		*at = '/';
	}
	free(dir);
	return made;
}
