// SPDX-License-Identifier: GPL-2.0
#include "topics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "util.h"

static const char network_prefix[] = "network/";

static struct dfa_topic *find(const struct dfa_topics *topics, const char *name)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&topics->topics, dfa_hash_string(name));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_topic *topic;

		topic = dfa_container_of(node, struct dfa_topic, node);
		if (strcmp(topic->name, name) == 0)
			return topic;
	}
	return NULL;
}

size_t dfa_topic_ports(const struct dfa_topic *topic)
{
	return dfa_view_ports(&topic->topics->view, &topic->network);
}

/* --- events ---------------------------------------------------------------- */

static int put_binding(struct dfa_topics *topics, const struct df_obj *obj)
{
	const char *network_text = df_obj_string(obj, "network_id");
	struct dfa_uuid port, network;

	if (!network_text || dfa_uuid_parse(&network, network_text) ||
	    dfa_uuid_parse(&port, df_obj_id(obj)))
		return -EINVAL;
	return dfa_view_bind(&topics->view, &port, &network);
}

static int del_binding(struct dfa_topics *topics, const char *id)
{
	struct dfa_uuid port;

	if (dfa_uuid_parse(&port, id))
		return -EINVAL;
	dfa_view_unbind(&topics->view, &port);
	return 0;
}

static void check_synced(struct dfa_topics *topics)
{
	if (topics->is_synced || topics->unsynced || !topics->is_started)
		return;
	topics->is_synced = true;
	topics->ops->synced(topics->arg);
}

static void topic_synced(struct dfa_topic *topic)
{
	struct dfa_topics *topics = topic->topics;

	if (topic->is_synced)
		return;
	topic->is_synced = true;
	topics->unsynced--;
	check_synced(topics);
}

static int handle_event(struct dfa_topics *topics, const struct df_event *event)
{
	bool is_binding = event->model &&
			  strcmp(event->model->name, "binding") == 0;

	switch (event->type) {
	case DF_EVENT_PUT:
		return is_binding ? put_binding(topics, event->obj) :
				    dfa_compile_put(topics->compile,
						    event->obj);
	case DF_EVENT_DELETE:
		return is_binding ? del_binding(topics, event->id) :
				    dfa_compile_del(topics->compile,
						    event->model->name,
						    event->id);
	case DF_EVENT_BAD:
		dfa_warning("topic %s: %s", event->topic, event->error->text);
		return 0;
	case DF_EVENT_SYNCED:
		break;
	}
	return 0;
}

static void got_event(void *arg, const struct df_event *event)
{
	struct dfa_topic *topic = arg;
	struct dfa_topics *topics = topic->topics;
	int err;

	if (event->type == DF_EVENT_SYNCED) {
		topic_synced(topic);
		return;
	}
	/* Beyond this the topic may be gone: a binding can end it. */
	err = handle_event(topics, event);
	if (err == -EINVAL)
		dfa_warning("%s %s: unusable, ignored",
			    event->model ? event->model->name : "object",
			    event->id ? event->id : "");
	else if (err)
		topics->ops->failed(topics->arg, err);
	topics->ops->changed(topics->arg);
}

/* --- topics come and go ---------------------------------------------------- */

static int follow(struct dfa_topics *topics, const char *name,
		  const struct dfa_uuid *network, struct df_error *error)
{
	size_t size = strlen(name) + 1;
	struct dfa_topic *topic = calloc(1, sizeof(*topic) + size);
	int err;

	if (!topic)
		return dfa_error_set(error, -ENOMEM, "out of memory");
	topic->topics = topics;
	memcpy(topic->name, name, size);
	if (network)
		topic->network = *network;
	err = df_nb_subscribe(&topic->sub, topics->nb, name, got_event, topic,
			      error);
	if (err) {
		free(topic);
		return err;
	}
	dfa_map_add(&topics->topics, &topic->node, dfa_hash_string(name));
	topics->unsynced++;
	dfa_debug("following topic %s", name);
	return 0;
}

static void unfollow(struct dfa_topics *topics, struct dfa_topic *topic)
{
	dfa_debug("not following topic %s any more", topic->name);
	if (!topic->is_synced)
		topics->unsynced--;
	dfa_map_del(&topics->topics, &topic->node);
	df_sub_free(topic->sub);
	free(topic);
}

static void network_topic(char *name, size_t size,
			  const struct dfa_uuid *network)
{
	char id[DF_UUID_LEN + 1];

	dfa_uuid_print(id, network);
	snprintf(name, size, "%s%s", network_prefix, id);
}

static void network_needed(void *arg, const struct dfa_uuid *network)
{
	struct dfa_topics *topics = arg;
	struct df_error error;
	char name[64];
	int err;

	network_topic(name, sizeof(name), network);
	err = follow(topics, name, network, &error);
	if (!err)
		return;
	dfa_error("cannot follow topic %s: %s", name, error.text);
	topics->ops->failed(topics->arg, err);
}

static void network_unneeded(void *arg, const struct dfa_uuid *network)
{
	struct dfa_topics *topics = arg;
	struct dfa_topic *topic;
	char name[64];
	int err;

	network_topic(name, sizeof(name), network);
	topic = find(topics, name);
	if (!topic)
		return;
	unfollow(topics, topic);
	err = dfa_compile_forget(topics->compile, network);
	if (err)
		topics->ops->failed(topics->arg, err);
	check_synced(topics);
}

/* --- start and stop -------------------------------------------------------- */

static const struct dfa_view_ops view_ops = {
	.network_needed = network_needed,
	.network_unneeded = network_unneeded,
};

void dfa_topics_init(struct dfa_topics *topics, struct df_nb *nb,
		     struct dfa_compile *compile,
		     const struct dfa_topics_ops *ops, void *arg)
{
	*topics = (struct dfa_topics){
		.nb = nb,
		.compile = compile,
		.ops = ops,
		.arg = arg,
	};
	dfa_map_init(&topics->topics);
	dfa_view_init(&topics->view, &view_ops, topics);
}

int dfa_topics_start(struct dfa_topics *topics, const char *chassis,
		     struct df_error *error)
{
	char name[DFA_MAX_CHASSIS_NAME + 16];
	int err;

	if (topics->is_started)
		return 0;
	err = follow(topics, "global", NULL, error);
	if (err)
		return err;
	snprintf(name, sizeof(name), "chassis/%s", chassis);
	err = follow(topics, name, NULL, error);
	if (!err)
		topics->is_started = true;
	return err;
}

void dfa_topics_fini(struct dfa_topics *topics)
{
	struct dfa_map_iter iter = dfa_map_iter(&topics->topics);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&topics->topics, &iter)))
		unfollow(topics,
			 dfa_container_of(node, struct dfa_topic, node));
	dfa_map_fini(&topics->topics);
	dfa_view_fini(&topics->view);
}
