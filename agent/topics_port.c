// SPDX-License-Identifier: GPL-2.0
/*
 * Topics of single ports, of networks that are not read whole: a port that is bound
 * here or on standby here, or that was looked for. Once looked for, it is followed
 * until it is gone, or not needed any more by somebody else's judgement.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "topics.h"
#include "util.h"

#define PREFIX "port/"

static void port_topic_name(char name[64], const struct dfa_uuid *port)
{
	char text[DF_UUID_LEN + 1];

	dfa_uuid_print(text, port);
	snprintf(name, 64, PREFIX "%s", text);
}

struct dfa_topic *dfa_topics_port(const struct dfa_topics *topics,
				  const struct dfa_uuid *port)
{
	char name[64];

	port_topic_name(name, port);
	return dfa_topic_find(topics, name);
}

bool dfa_topic_is_here(const struct dfa_topic *topic)
{
	return topic->port->is_bound || topic->port->is_standby;
}

static bool is_network_needed(const struct dfa_topic *topic)
{
	struct dfa_view_why why;

	return dfa_view_why(&topic->topics->view, DFA_VIEW_NETWORK,
			    &topic->port->network, &why);
}

void dfa_topic_port_why(const struct dfa_topic *topic, char *text, size_t size)
{
	const struct dfa_topic_port *port = topic->port;

	if (port->is_bound)
		snprintf(text, size, "the port is here");
	else if (port->is_standby)
		snprintf(text, size, "the port is on standby here");
	else
		snprintf(text, size, "looked for, idle for %llu s",
			 (unsigned long long)(dfa_aged_idle_ms(&port->aged) /
					      1000));
}

/* --- they come and go ------------------------------------------------------ */

static int follow_port(struct dfa_topics *topics, const struct dfa_uuid *id,
		       const struct dfa_uuid *network, struct dfa_topic **out)
{
	struct dfa_topic_port *port = calloc(1, sizeof(*port));
	struct dfa_topic *topic;
	struct df_error error;
	char name[64];
	int err;

	if (!port)
		return -ENOMEM;
	port->network = *network;
	dfa_list_init(&port->aged.in_line);
	port_topic_name(name, id);
	err = dfa_topics_follow(topics, name, DFA_VIEW_NETWORK, id, &error);
	if (err) {
		dfa_error("cannot follow topic %s: %s", name, error.text);
		free(port);
		return err;
	}
	topic = dfa_topic_find(topics, name);
	topic->port = port;
	port->topic = topic;
	*out = topic;
	return 0;
}

void dfa_topics_leave_port(struct dfa_topics *topics, struct dfa_topic *topic)
{
	struct dfa_topic_port *port = topic->port;
	struct dfa_uuid id = topic->id;

	dfa_list_del(&port->aged.in_line);
	topics->sought -= !dfa_topic_is_here(topic);
	dfa_topics_unfollow(topics, topic);
	free(port);
	dfa_topics_failed(topics,
			  dfa_compile_forget_port(topics->compile, &id));
	topics->ops->port_known(topics->arg, &id);
	topics->ops->changed(topics->arg);
}

static void start_to_age(struct dfa_topic *topic)
{
	struct dfa_topics *topics = topic->topics;

	topics->sought++;
	topics->ops->sought(topics->arg, &topic->port->aged);
}

/*
 * A port that was here is likely to be looked for, wherever it is now: it is as if
 * it had been.
 */
static void left_here(struct dfa_topic *topic)
{
	if (topic->port->is_there && is_network_needed(topic)) {
		start_to_age(topic);
		return;
	}
	topic->topics->sought++;
	dfa_topics_leave_port(topic->topics, topic);
}

static void came_here(struct dfa_topic *topic)
{
	topic->topics->sought--;
	dfa_list_del(&topic->port->aged.in_line);
}

static void set_here(struct dfa_topic *topic, bool is_standby, bool is)
{
	struct dfa_topic_port *port = topic->port;
	bool was_here = dfa_topic_is_here(topic);

	if (is_standby)
		port->is_standby = is;
	else
		port->is_bound = is;
	if (was_here && !dfa_topic_is_here(topic))
		left_here(topic);
	else if (!was_here && dfa_topic_is_here(topic))
		came_here(topic);
}

int dfa_topics_seek(struct dfa_topics *topics, const struct dfa_uuid *port,
		    const struct dfa_uuid *network)
{
	struct dfa_topic *topic = dfa_topics_port(topics, port);
	int err;

	if (topic)
		return topic->is_synced;
	err = follow_port(topics, port, network, &topic);
	if (!err)
		start_to_age(topic);
	return err;
}

/* --- what topics tell ------------------------------------------------------ */

static int put_here(struct dfa_topics *topics, const struct df_obj *obj,
		    bool is_standby)
{
	const char *network_text = df_obj_string(obj, "network_id");
	struct dfa_uuid id, network;
	struct dfa_topic *topic;
	int err = 0;

	if (dfa_uuid_parse(&id, df_obj_id(obj)) || !network_text ||
	    dfa_uuid_parse(&network, network_text))
		return -EINVAL;
	topic = dfa_topics_port(topics, &id);
	if (!topic) {
		err = follow_port(topics, &id, &network, &topic);
		/* It is not for long that it is not here. */
		if (!err)
			topics->sought++;
	}
	if (!err)
		set_here(topic, is_standby, true);
	return err;
}

static int put_binding(struct dfa_topics *topics, const struct df_obj *obj)
{
	return put_here(topics, obj, false);
}

static int put_standby(struct dfa_topics *topics, const struct df_obj *obj)
{
	return put_here(topics, obj, true);
}

static void del_binding(struct dfa_topic *topic)
{
	set_here(topic, false, false);
}

static void del_standby(struct dfa_topic *topic)
{
	set_here(topic, true, false);
}

static int put_port(struct dfa_topics *topics, const struct df_obj *obj)
{
	const char *network = df_obj_string(obj, "network_id");
	struct dfa_topic *topic;
	struct dfa_uuid id;

	if (dfa_uuid_parse(&id, df_obj_id(obj)) || !network)
		return -EINVAL;
	topic = dfa_topics_port(topics, &id);
	if (!topic)
		return 0;
	topic->port->is_there = true;
	return dfa_uuid_parse(&topic->port->network, network);
}

static void del_port(struct dfa_topic *topic)
{
	topic->port->is_there = false;
	/* Before that, it is not known whether another comes. */
	if (topic->is_synced && !dfa_topic_is_here(topic))
		dfa_topics_leave_port(topic->topics, topic);
}

static const struct {
	const char *model;
	int (*put)(struct dfa_topics *topics, const struct df_obj *obj);
	void (*del)(struct dfa_topic *topic);
} models[] = {
	{ "binding", put_binding, del_binding },
	{ "standby_binding", put_standby, del_standby },
	{ "port", put_port, del_port },
};

int dfa_topics_put_port(struct dfa_topics *topics, const struct df_obj *obj)
{
	for (size_t i = 0; i < DFA_ARRAY_SIZE(models); i++) {
		if (strcmp(models[i].model, df_obj_model(obj)->name) == 0)
			return df_obj_bool(obj, "on_demand") ?
				       models[i].put(topics, obj) : 0;
	}
	return 0;
}

void dfa_topics_del_port(struct dfa_topics *topics, const char *model,
			 const struct dfa_uuid *id)
{
	for (size_t i = 0; i < DFA_ARRAY_SIZE(models); i++) {
		struct dfa_topic *topic;

		if (strcmp(models[i].model, model) != 0)
			continue;
		topic = dfa_topics_port(topics, id);
		if (topic)
			models[i].del(topic);
	}
}

void dfa_topic_port_synced(struct dfa_topic *topic)
{
	struct dfa_topics *topics = topic->topics;
	struct dfa_uuid id = topic->id;

	if (topic->port->is_there || dfa_topic_is_here(topic))
		topics->ops->port_known(topics->arg, &id);
	else
		dfa_topics_leave_port(topics, topic);
}

/* --- all of them ----------------------------------------------------------- */

void dfa_topics_leave_ports(struct dfa_topics *topics,
			    const struct dfa_uuid *network)
{
	struct dfa_map_iter iter = dfa_map_iter(&topics->topics);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&topics->topics, &iter))) {
		struct dfa_topic *topic;

		topic = dfa_container_of(node, struct dfa_topic, node);
		if (topic->port && dfa_uuid_equal(&topic->port->network, network))
			dfa_topics_leave_port(topics, topic);
	}
}

/* What was known from before can be in a network that is not needed any more. */
void dfa_topics_prune(struct dfa_topics *topics)
{
	struct dfa_map_iter iter = dfa_map_iter(&topics->topics);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&topics->topics, &iter))) {
		struct dfa_topic *topic;

		topic = dfa_container_of(node, struct dfa_topic, node);
		if (topic->port && !dfa_topic_is_here(topic) &&
		    !is_network_needed(topic))
			dfa_topics_leave_port(topics, topic);
	}
}

int dfa_topics_seek_known(struct dfa_topics *topics)
{
	static const struct dfa_uuid unknown;
	struct dfa_uuid id;
	char name[64] = "";
	int err = 0;

	while (err >= 0 && dfa_known_next_topic(&topics->cache->known, PREFIX,
						name, sizeof(name))) {
		if (!dfa_uuid_parse(&id, name + strlen(PREFIX)))
			err = dfa_topics_seek(topics, &id, &unknown);
	}
	return err < 0 ? err : 0;
}
