// SPDX-License-Identifier: GPL-2.0
/* Topics without a database: what they held when it was there last. */
#include "topics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util.h"

/* MODEL/ID into @model; return the id, NULL if it is no key of an object. */
static const char *split_key(char model[DFA_KNOWN_HEADER],
			     const struct dfa_known_object *object)
{
	char *slash;

	if (object->key_len >= DFA_KNOWN_HEADER)
		return NULL;
	memcpy(model, object->key, object->key_len);
	model[object->key_len] = '\0';
	slash = strchr(model, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return slash + 1;
}

/* It can go by what its objects say, and another with its name come. */
static bool is_there(const struct dfa_topics *topics, const char *name,
		     const struct dfa_topic *topic)
{
	return dfa_topic_find(topics, name) == topic && topic->is_fed;
}

static int feed_object(struct dfa_topics *topics,
		       const struct dfa_known_object *object)
{
	df_obj_auto struct df_obj *obj = NULL;
	char model[DFA_KNOWN_HEADER];
	int err = 0;

	if (split_key(model, object) &&
	    !df_obj_parse(&obj, model, object->json, object->json_len, NULL))
		err = dfa_topics_put(topics, obj);
	dfa_topics_follow_groups(topics);
	return err == -EINVAL ? 0 : err;
}

static int feed(struct dfa_topic *topic)
{
	struct dfa_topics *topics = topic->topics;
	char name[DFA_MAX_CHASSIS_NAME + 16];
	struct dfa_known_object object;
	size_t at = 0;
	int err = 0;

	topic->is_fed = true;
	snprintf(name, sizeof(name), "%s", topic->name);
	while (!err && is_there(topics, name, topic) &&
	       dfa_known_next(&topics->cache->known, name, &at, &object))
		err = feed_object(topics, &object);
	if (!err && is_there(topics, name, topic) && topic->group)
		err = dfa_compile_group_read(topics->compile, topic->group);
	return err;
}

static struct dfa_topic *next_unfed(const struct dfa_topics *topics)
{
	struct dfa_map_iter iter = dfa_map_iter(&topics->topics);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&topics->topics, &iter))) {
		struct dfa_topic *topic;

		topic = dfa_container_of(node, struct dfa_topic, node);
		if (!topic->is_fed)
			return topic;
	}
	return NULL;
}

int dfa_topics_start_known(struct dfa_topics *topics, const char *chassis,
			   struct df_error *error)
{
	struct dfa_topic *topic;
	int err;

	topics->is_known = true;
	err = dfa_topics_seek_known(topics);
	if (err)
		return dfa_error_set(error, err, "out of memory");
	err = dfa_topics_follow_common(topics, chassis, error);
	/* What one says makes us follow more. */
	while (!err && (topic = next_unfed(topics))) {
		err = feed(topic);
		if (err)
			dfa_error_set(error, err, "out of memory");
	}
	if (!err)
		dfa_topics_prune(topics);
	return err;
}

bool dfa_topic_forget_stale(struct dfa_topic *topic)
{
	struct dfa_topics *topics = topic->topics;
	char name[DFA_MAX_CHASSIS_NAME + 16], model[DFA_KNOWN_HEADER];
	struct dfa_known_object object;
	size_t at = 0;

	if (!topic->is_fed)
		return true;
	snprintf(name, sizeof(name), "%s", topic->name);
	while (is_there(topics, name, topic) &&
	       dfa_known_next(&topics->cache->known, name, &at, &object)) {
		const char *id = split_key(model, &object);
		int err = id ? dfa_topics_del(topics, model, id) : 0;

		if (err != -EINVAL)
			dfa_topics_failed(topics, err);
		dfa_topics_follow_groups(topics);
	}
	topics->ops->changed(topics->arg);
	return is_there(topics, name, topic);
}
