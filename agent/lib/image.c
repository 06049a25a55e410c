// SPDX-License-Identifier: GPL-2.0
/* A cloud in memory: its entries, by key; see cloud.h. Pure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "image.h"
#include "schema.h"

int df_cloud_new(struct df_cloud **out)
{
	struct df_cloud *cloud = calloc(1, sizeof(*cloud));

	if (!cloud)
		return -ENOMEM;
	*out = cloud;
	return 0;
}

void df_cloud_free(struct df_cloud *cloud)
{
	size_t i;

	if (!cloud)
		return;
	for (i = 0; i < cloud->count; i++)
		free(cloud->v[i].key);
	free(cloud->v);
	df_seen_fini(&cloud->index);
	free(cloud);
}

enum image_kind df_image_kind(const char *key, const struct df_model **model)
{
	const struct df_model *guarded;
	const char *id;

	*model = NULL;
	if (!strcmp(key, DF_RULES_KEY))
		return IMAGE_SCHEMA;
	if (!strncmp(key, "unique/", 7))
		return IMAGE_CLAIM;
	if (!strncmp(key, "ref/", 4))
		return IMAGE_MARK;
	if (!strncmp(key, "guard/", 6) && !df_key_split(key + 6, &guarded, &id))
		return IMAGE_GUARD;
	if (df_key_split(key, model, &id))
		return IMAGE_OTHER;
	return (*model)->flags & DF_MODEL_DERIVED ? IMAGE_DERIVED :
						    IMAGE_OBJECT;
}

struct df_key df_image_owner(const struct image_item *item)
{
	const struct df_model *model;
	const char *by = item->key;
	struct df_key owner;
	char *space;
	int i;

	switch (df_image_kind(item->key, &model)) {
	case IMAGE_CLAIM:	/* the value is "<model> <id>" */
		snprintf(owner.text, sizeof(owner.text), "%s", item->value);
		space = strchr(owner.text, ' ');
		if (space)
			*space = '/';
		return owner;
	case IMAGE_MARK:	/* "ref/<model>/<id>/<by model>/<by id>" */
		for (i = 0; by && i < 3; i++)
			by = strchr(by + (i > 0), '/');
		snprintf(owner.text, sizeof(owner.text), "%s",
			 by ? by + 1 : "");
		return owner;
	default:
		snprintf(owner.text, sizeof(owner.text), "%s", item->key);
		return owner;
	}
}

bool df_image_is_leased(const struct image_item *item)
{
	struct df_key owner = df_image_owner(item);
	const struct df_model *model;

	df_image_kind(owner.text, &model);
	return model && model->flags & DF_MODEL_LEASED;
}

struct image_item *df_image_find(const struct df_cloud *cloud, const char *key)
{
	const struct df_seen_key *seen = df_seen_find(&cloud->index, key);
	struct image_item *item = seen ? &cloud->v[seen->version - 1] : NULL;

	return item && !item->is_gone ? item : NULL;
}

/* One allocation, of which the key is the start. */
static int fill(struct image_item *item, const char *key, const char *topic,
		const void *value, size_t len)
{
	size_t key_size = strlen(key) + 1, topic_size = strlen(topic) + 1;
	char *memory = malloc(key_size + topic_size + len + 1);

	if (!memory)
		return -ENOMEM;
	item->key = memcpy(memory, key, key_size);
	item->topic = memcpy(memory + key_size, topic, topic_size);
	item->value = memory + key_size + topic_size;
	if (len)
		memcpy(item->value, value, len);
	item->value[len] = '\0';
	item->len = len;
	return 0;
}

static struct image_item *item_for(struct df_cloud *cloud, const char *key)
{
	struct df_seen_key *seen;
	struct image_item *v;

	if (cloud->count == cloud->size) {
		size_t size = cloud->size ? cloud->size * 2 : 64;

		v = reallocarray(cloud->v, size, sizeof(*v));
		if (!v)
			return NULL;
		cloud->v = v;
		cloud->size = size;
	}
	seen = df_seen_add(&cloud->index, key);
	if (!seen)
		return NULL;
	if (!seen->version) {
		cloud->v[cloud->count] = (struct image_item){ .is_gone = true };
		seen->version = ++cloud->count;
	}
	return &cloud->v[seen->version - 1];
}

int df_image_set(struct df_cloud *cloud, const char *key, const char *topic,
		 const void *value, size_t len)
{
	struct image_item *item = item_for(cloud, key);
	struct image_item new = { 0 };

	if (!item || fill(&new, key, topic, value, len))
		return -ENOMEM;
	free(item->key);
	*item = new;
	return 0;
}

void df_image_del(struct df_cloud *cloud, const char *key)
{
	struct image_item *item = df_image_find(cloud, key);

	if (item)
		item->is_gone = true;
}

struct df_cloud *df_cloud_copy(const struct df_cloud *cloud)
{
	struct df_cloud *copy;
	size_t i;

	if (df_cloud_new(&copy))
		return NULL;
	for (i = 0; i < cloud->count; i++) {
		const struct image_item *item = &cloud->v[i];

		if (item->is_gone)
			continue;
		if (df_image_set(copy, item->key, item->topic, item->value,
				 item->len)) {
			df_cloud_free(copy);
			return NULL;
		}
	}
	return copy;
}

static int compare(const void *a, const void *b)
{
	const struct image_item *left = a, *right = b;

	return strcmp(left->key ? left->key : "",
		      right->key ? right->key : "");
}

void df_image_sort(struct df_cloud *cloud)
{
	size_t i;

	if (cloud->count)
		qsort(cloud->v, cloud->count, sizeof(*cloud->v), compare);
	for (i = 0; i < cloud->count; i++)
		if (cloud->v[i].key)
			df_seen_find(&cloud->index, cloud->v[i].key)->version =
				i + 1;
}

struct df_db_entry df_image_entry(const struct image_item *item)
{
	return (struct df_db_entry){
		.key = item->key,
		.topic = item->topic,
		.value = item->value,
		.len = item->len,
		.version = item->version,
	};
}

int df_image_decode(struct df_obj **out, const struct df_db_entry *entry,
		    struct df_error *error)
{
	struct df_obj *obj;
	char *topic;
	int err;

	err = df_nb_decode(&obj, entry, error);
	if (err)
		return err;
	topic = df_obj_topic(obj);
	if (!topic) {
		err = df_error_set(error, -EBADMSG,
				   "what says where it belongs is missing");
		df_obj_put(obj);
		return err;
	}
	free(topic);
	*out = obj;
	return 0;
}

static size_t count(const struct df_cloud *cloud, bool only_objects)
{
	const struct df_model *model;
	size_t i, n = 0;

	for (i = 0; i < cloud->count; i++)
		n += !cloud->v[i].is_gone &&
		     (!only_objects ||
		      df_image_kind(cloud->v[i].key, &model) == IMAGE_OBJECT);
	return n;
}

size_t df_cloud_objects(const struct df_cloud *cloud)
{
	return count(cloud, true);
}

size_t df_cloud_entries(const struct df_cloud *cloud)
{
	return count(cloud, false);
}

static struct df_rules rules_of(const struct df_cloud *cloud)
{
	const struct image_item *item = df_image_find(cloud, DF_RULES_KEY);
	struct df_rules rules = { 0 };

	if (item)
		df_rules_parse(&rules, item->value, item->len);
	return rules;
}

uint64_t df_cloud_schema(const struct df_cloud *cloud)
{
	return rules_of(cloud).version;
}

bool df_cloud_is_partial(const struct df_cloud *cloud)
{
	return rules_of(cloud).is_partial;
}

static void drop(struct df_cloud *cloud, bool is_leased)
{
	size_t i;

	for (i = 0; i < cloud->count; i++)
		if (!cloud->v[i].is_gone &&
		    df_image_is_leased(&cloud->v[i]) == is_leased)
			cloud->v[i].is_gone = true;
}

void df_cloud_drop_leased(struct df_cloud *cloud)
{
	drop(cloud, true);
}

void df_cloud_keep_leased(struct df_cloud *cloud)
{
	drop(cloud, false);
}

static bool has_all(const struct df_cloud *cloud, const struct df_cloud *of)
{
	const struct image_item *item, *other;
	size_t i;

	for (i = 0; i < of->count; i++) {
		item = &of->v[i];
		if (item->is_gone || !strcmp(item->key, DF_RULES_KEY))
			continue;
		other = df_image_find(cloud, item->key);
		if (!other || other->len != item->len ||
		    memcmp(other->value, item->value, item->len) ||
		    strcmp(other->topic, item->topic))
			return false;
	}
	return true;
}

bool df_cloud_is_equal(const struct df_cloud *a, const struct df_cloud *b)
{
	return has_all(a, b) && has_all(b, a);
}
