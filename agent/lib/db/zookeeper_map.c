// SPDX-License-Identifier: GPL-2.0
/* Entries by key, for the time of a snapshot. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"

/**
 * struct item - an entry
 * @bytes: key, topic and value, each with a NUL behind it
 */
struct item {
	struct df_db_entry entry;
	char bytes[];
};

static int compare(const void *a, const void *b)
{
	const struct item *left = a;
	const struct item *right = b;

	return strcmp(left->entry.key, right->entry.key);
}

static struct item *item_new(const struct df_db_entry *entry)
{
	size_t key_len = strlen(entry->key) + 1;
	size_t topic_len = strlen(entry->topic) + 1;
	struct item *item = malloc(sizeof(*item) + key_len + topic_len +
				   entry->len + 1);

	if (!item)
		abort();
	item->entry = *entry;
	item->entry.key = memcpy(item->bytes, entry->key, key_len);
	item->entry.topic = memcpy(item->bytes + key_len, entry->topic,
				   topic_len);
	if (entry->len)
		memcpy(item->bytes + key_len + topic_len, entry->value,
		       entry->len);
	item->entry.value = item->bytes + key_len + topic_len;
	item->bytes[key_len + topic_len + entry->len] = '\0';
	return item;
}

void df_zk_map_put(struct df_zk_map *map, const struct df_db_entry *entry)
{
	struct item wanted = { .entry = { .key = entry->key } };
	struct item **at = tfind(&wanted, &map->root, compare);
	struct item *item;

	if (at && (*at)->entry.version >= entry->version)
		return;
	item = item_new(entry);
	if (at) {
		free(*at);
		*at = item;
		return;
	}
	if (!tsearch(item, &map->root, compare))
		abort();
	map->count++;
}

void df_zk_map_del(struct df_zk_map *map, const char *key, uint64_t version)
{
	struct item wanted = { .entry = { .key = key } };
	struct item **at = tfind(&wanted, &map->root, compare);
	struct item *item;

	if (!at || (*at)->entry.version > version)
		return;
	item = *at;
	tdelete(item, &map->root, compare);
	free(item);
	map->count--;
}

struct visit {
	void (*fn)(const struct df_db_entry *entry, void *arg);
	void *arg;
};

static void visit(const void *node, VISIT which, void *arg)
{
	const struct item *item = *(struct item *const *)node;
	const struct visit *want = arg;

	if (which == postorder || which == leaf)
		want->fn(&item->entry, want->arg);
}

void df_zk_map_each(struct df_zk_map *map,
		    void (*fn)(const struct df_db_entry *entry, void *arg),
		    void *arg)
{
	struct visit want = { .fn = fn, .arg = arg };

	twalk_r(map->root, visit, &want);
}

void df_zk_map_fini(struct df_zk_map *map)
{
	tdestroy(map->root, free);
	*map = (struct df_zk_map){ 0 };
}
