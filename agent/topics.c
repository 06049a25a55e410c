// SPDX-License-Identifier: GPL-2.0
#include "topics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "util.h"

struct dfa_topic *dfa_topic_find(const struct dfa_topics *topics,
				 const char *name)
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

static void group_why(const struct dfa_group *group, char *text, size_t size)
{
	const struct dfa_list *item = group->named_by.next;
	char id[DF_UUID_LEN + 1];

	if (dfa_group_has_ports(group)) {
		snprintf(text, size, "ports here have it");
		return;
	}
	for (; item != &group->named_by; item = item->next) {
		const struct dfa_rule *rule;

		rule = dfa_container_of(item, struct dfa_rule, in_remote);
		if (!dfa_group_has_ports(rule->group))
			continue;
		dfa_uuid_print(id, &rule->group->id);
		snprintf(text, size, "security group %s names it", id);
		return;
	}
	snprintf(text, size, "not needed any more");
}

void dfa_topic_why(const struct dfa_topic *topic, char *text, size_t size)
{
	struct dfa_view_why why = { 0 };
	char via[DF_UUID_LEN + 1];

	if (topic->is_common) {
		snprintf(text, size, "every hypervisor needs it");
		return;
	}
	if (topic->group) {
		group_why(topic->group, text, size);
		return;
	}
	if (topic->port) {
		dfa_topic_port_why(topic, text, size);
		return;
	}
	dfa_view_why(&topic->topics->view, topic->kind, &topic->id, &why);
	dfa_uuid_print(via, &why.via);
	if (why.ports)
		snprintf(text, size, "%zu port%s here", why.ports,
			 why.ports == 1 ? "" : "s");
	else if (topic->kind == DFA_VIEW_NETWORK)
		snprintf(text, size, "router %s leads there", via);
	else
		snprintf(text, size, "in network %s", via);
}

/* --- events ---------------------------------------------------------------- */

static int parse_uuid(const struct df_obj *obj, const char *field,
		      struct dfa_uuid *id)
{
	const char *text = df_obj_string(obj, field);

	return text ? dfa_uuid_parse(id, text) : -EINVAL;
}

static int put_binding(struct dfa_topics *topics, const struct df_obj *obj)
{
	struct dfa_uuid port, network;

	if (parse_uuid(obj, "network_id", &network) ||
	    parse_uuid(obj, "id", &port))
		return -EINVAL;
	return dfa_view_bind(&topics->view, &port, &network);
}

/*
 * A port that is on standby here needs its network just as well. It is not bound
 * here until it is, so it has an id of its own, by a variant that no UUID has.
 */
static void to_standby(struct dfa_uuid *port)
{
	port->bytes[8] ^= 0x40;
}

static int put_standby(struct dfa_topics *topics, const struct df_obj *obj)
{
	struct dfa_uuid port, network;

	if (parse_uuid(obj, "network_id", &network) ||
	    parse_uuid(obj, "id", &port))
		return -EINVAL;
	to_standby(&port);
	return dfa_view_bind(&topics->view, &port, &network);
}

static void del_standby(struct dfa_view *view, const struct dfa_uuid *id)
{
	struct dfa_uuid port = *id;

	to_standby(&port);
	dfa_view_unbind(view, &port);
}

/* The addresses that stand in @member of the records of @field. */
static int parse_addresses(struct dfa_addrs **out, const struct df_obj *obj,
			   const char *field, const char *member)
{
	const struct df_value *list = df_obj_value(obj, field), *item;
	__auto_free struct dfa_addr *addr = NULL;
	size_t count = 0, i;
	struct df_ip ip;

	*out = NULL;
	if (!df_value_count(list))
		return 0;
	addr = calloc(df_value_count(list), sizeof(*addr));
	if (!addr)
		return -ENOMEM;
	df_value_for_each(list, i, item) {
		if (!df_value_ip(df_value_member(item, member), &ip))
			dfa_address_from_ip(&addr[count++].address, &ip);
	}
	*out = dfa_addrs_new(addr, count);
	return *out ? 0 : -ENOMEM;
}

static int put_interface(struct dfa_topics *topics, const struct df_obj *obj)
{
	struct dfa_uuid id, network, router;
	struct dfa_addrs *addrs;
	int err;

	if (parse_uuid(obj, "id", &id) ||
	    parse_uuid(obj, "network_id", &network) ||
	    parse_uuid(obj, "router_id", &router))
		return -EINVAL;
	err = parse_addresses(&addrs, obj, "fixed_ips", "ip_address");
	if (err)
		return err;
	err = dfa_view_interface(&topics->view, &id, &network, &router, addrs);
	dfa_addrs_put(addrs);
	return err;
}

static int put_link(struct dfa_topics *topics, const struct df_obj *obj)
{
	struct dfa_uuid id, network, router;

	if (parse_uuid(obj, "id", &id) ||
	    parse_uuid(obj, "network_id", &network) ||
	    parse_uuid(obj, "router_id", &router))
		return -EINVAL;
	return dfa_view_link(&topics->view, &id, &network, &router);
}

static int put_router(struct dfa_topics *topics, const struct df_obj *obj)
{
	struct dfa_addrs *nexthops;
	struct dfa_uuid id;
	int err;

	if (parse_uuid(obj, "id", &id))
		return -EINVAL;
	err = parse_addresses(&nexthops, obj, "routes", "nexthop");
	return err ?: dfa_view_nexthops(&topics->view, &id, nexthops);
}

static void del_router(struct dfa_view *view, const struct dfa_uuid *id)
{
	/* Without next hops, nothing is allocated. */
	(void)dfa_view_nexthops(view, id, NULL);
}

/* What tells the view where packets can go. */
static const struct {
	const char *model;
	int (*put)(struct dfa_topics *topics, const struct df_obj *obj);
	void (*del)(struct dfa_view *view, const struct dfa_uuid *id);
} views[] = {
	{ "binding", put_binding, dfa_view_unbind },
	{ "standby_binding", put_standby, del_standby },
	{ "router_interface", put_interface, dfa_view_interface_del },
	{ "router_link", put_link, dfa_view_link_del },
	{ "router", put_router, del_router },
};

int dfa_topics_put(struct dfa_topics *topics, const struct df_obj *obj)
{
	int err = dfa_compile_put(topics->compile, obj);

	for (size_t i = 0; i < DFA_ARRAY_SIZE(views) && !err; i++) {
		if (strcmp(views[i].model, df_obj_model(obj)->name) == 0)
			err = views[i].put(topics, obj);
	}
	/* What is needed may follow from that. */
	return err ?: dfa_topics_put_port(topics, obj);
}

int dfa_topics_del(struct dfa_topics *topics, const char *model, const char *id)
{
	int err = dfa_compile_del(topics->compile, model, id);
	struct dfa_uuid uuid;

	if (err)
		return err;
	if (dfa_uuid_parse(&uuid, id))
		return -EINVAL;
	for (size_t i = 0; i < DFA_ARRAY_SIZE(views); i++) {
		if (strcmp(views[i].model, model) == 0)
			views[i].del(&topics->view, &uuid);
	}
	dfa_topics_del_port(topics, model, &uuid);
	return 0;
}

static void check_synced(struct dfa_topics *topics)
{
	if (topics->is_synced || topics->unsynced || !topics->is_started)
		return;
	dfa_topics_prune(topics);
	topics->is_synced = true;
	dfa_cache_complete(topics->cache);
	topics->ops->synced(topics->arg);
}

void dfa_topics_failed(struct dfa_topics *topics, int err)
{
	if (err)
		topics->ops->failed(topics->arg, err);
}

static void topic_synced(struct dfa_topic *topic)
{
	struct dfa_topics *topics = topic->topics;

	if (topic->is_synced || !dfa_topic_forget_stale(topic))
		return;
	topic->is_synced = true;
	topics->unsynced--;
	if (topic->group) {
		dfa_topics_failed(topics,
				  dfa_compile_group_read(topics->compile,
							 topic->group));
		topics->ops->changed(topics->arg);
	}
	if (topic->port)
		dfa_topic_port_synced(topic);
	check_synced(topics);
}

/* Of the moment: neither programmed nor kept. Return: whether it is that. */
static bool handle_trace(struct dfa_topics *topics, const struct df_event *event)
{
	if (event->type != DF_EVENT_PUT && event->type != DF_EVENT_DELETE)
		return false;
	if (strcmp(event->model->name, "trace_answer") == 0)
		return true;
	if (strcmp(event->model->name, "trace_request") != 0)
		return false;
	if (event->type == DF_EVENT_PUT)
		topics->ops->asked(topics->arg, event->obj);
	else
		topics->ops->unasked(topics->arg, event->id);
	return true;
}

static int handle_event(struct dfa_topics *topics, const struct df_event *event)
{
	if (handle_trace(topics, event))
		return 0;
	switch (event->type) {
	case DF_EVENT_PUT:
		dfa_debug("%s %s is known", event->model->name, event->id);
		dfa_known_forget(&topics->cache->known, event->model->name,
				 event->id);
		dfa_cache_put(topics->cache, event->topic, event->obj,
			      event->json);
		return dfa_topics_put(topics, event->obj);
	case DF_EVENT_DELETE:
		dfa_debug("%s %s is gone", event->model->name, event->id);
		dfa_cache_del(topics->cache, event->model->name, event->id);
		return dfa_topics_del(topics, event->model->name, event->id);
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
	/* Beyond this the topic may be gone: what the view is told can end it. */
	err = handle_event(topics, event);
	if (err == -EINVAL)
		dfa_warning("%s %s: unusable, ignored",
			    event->model ? event->model->name : "object",
			    event->id ? event->id : "");
	else
		dfa_topics_failed(topics, err);
	dfa_topics_follow_groups(topics);
	topics->ops->changed(topics->arg);
}

/* --- topics come and go ---------------------------------------------------- */

/* Later, if there is no database yet. */
static int subscribe(struct dfa_topic *topic, struct df_error *error)
{
	struct df_nb *nb = topic->topics->nb;

	if (!nb)
		return 0;
	return df_nb_subscribe(&topic->sub, nb, topic->name, got_event, topic,
			       error);
}

int dfa_topics_follow(struct dfa_topics *topics, const char *name,
		      enum dfa_view_kind kind, const struct dfa_uuid *id,
		      struct df_error *error)
{
	size_t size = strlen(name) + 1;
	struct dfa_topic *topic = calloc(1, sizeof(*topic) + size);
	int err;

	if (!topic)
		return dfa_error_set(error, -ENOMEM, "out of memory");
	topic->topics = topics;
	memcpy(topic->name, name, size);
	topic->is_common = !id;
	topic->kind = kind;
	if (id)
		topic->id = *id;
	err = subscribe(topic, error);
	if (err) {
		free(topic);
		return err;
	}
	dfa_map_add(&topics->topics, &topic->node, dfa_hash_string(name));
	topics->unsynced++;
	dfa_debug("following topic %s", name);
	return 0;
}

void dfa_topics_unfollow(struct dfa_topics *topics, struct dfa_topic *topic)
{
	dfa_debug("not following topic %s any more", topic->name);
	dfa_cache_drop(topics->cache, topic->name);
	if (!topic->is_synced)
		topics->unsynced--;
	dfa_map_del(&topics->topics, &topic->node);
	/* It may be followed again, and then is told of from the beginning. */
	if (topics->nb)
		dfa_known_forget_topic(&topics->cache->known, topic->name);
	df_sub_free(topic->sub);
	free(topic);
}

static void topic_name(char *name, size_t size, enum dfa_view_kind kind,
		       const struct dfa_uuid *id)
{
	char text[DF_UUID_LEN + 1];

	dfa_uuid_print(text, id);
	snprintf(name, size, "%s/%s",
		 kind == DFA_VIEW_NETWORK ? "network" : "router", text);
}

static void needed(void *arg, enum dfa_view_kind kind,
		   const struct dfa_uuid *id)
{
	struct dfa_topics *topics = arg;
	struct df_error error;
	char name[64];
	int err;

	topic_name(name, sizeof(name), kind, id);
	err = dfa_topics_follow(topics, name, kind, id, &error);
	if (!err)
		return;
	dfa_error("cannot follow topic %s: %s", name, error.text);
	topics->ops->failed(topics->arg, err);
}

static void unneeded(void *arg, enum dfa_view_kind kind,
		     const struct dfa_uuid *id)
{
	struct dfa_topics *topics = arg;
	struct dfa_topic *topic;
	char name[64];
	int err;

	topic_name(name, sizeof(name), kind, id);
	topic = dfa_topic_find(topics, name);
	if (!topic)
		return;
	dfa_topics_unfollow(topics, topic);
	if (kind == DFA_VIEW_NETWORK)
		dfa_topics_leave_ports(topics, id);
	err = kind == DFA_VIEW_NETWORK ?
		      dfa_compile_forget(topics->compile, id) :
		      dfa_compile_forget_router(topics->compile, id);
	dfa_topics_failed(topics, err);
	check_synced(topics);
}

static void group_topic_name(char *name, size_t size,
			     const struct dfa_group *group)
{
	char text[DF_UUID_LEN + 1];

	dfa_uuid_print(text, &group->id);
	snprintf(name, size, "%s/%s",
		 group->kind == DFA_SECURITY_GROUP ? "security_group" :
						     "address_group",
		 text);
}

static int follow_group(struct dfa_topics *topics, struct dfa_group *group,
			const char *name)
{
	struct df_error error;
	int err;

	err = dfa_topics_follow(topics, name, DFA_VIEW_NETWORK, &group->id, &error);
	if (err) {
		dfa_error("cannot follow topic %s: %s", name, error.text);
		return err;
	}
	dfa_topic_find(topics, name)->group = group;
	group->is_followed = true;
	return 0;
}

static int unfollow_group(struct dfa_topics *topics, struct dfa_group *group,
			  const char *name)
{
	struct dfa_topic *topic = dfa_topic_find(topics, name);

	if (topic)
		dfa_topics_unfollow(topics, topic);
	return dfa_compile_forget_group(topics->compile, group);
}

/* Those that ports bound here have, and those that the rules of these name. */
void dfa_topics_follow_groups(struct dfa_topics *topics)
{
	struct dfa_group *group;
	char name[64];

	while ((group = dfa_compile_next_need(topics->compile))) {
		bool is_needed = dfa_group_is_needed(group);

		group_topic_name(name, sizeof(name), group);
		if (is_needed == group->is_followed)
			dfa_group_unref(topics->compile, group);
		else if (is_needed)
			dfa_topics_failed(topics, follow_group(topics, group, name));
		else
			dfa_topics_failed(topics, unfollow_group(topics, group, name));
	}
	check_synced(topics);
}

/* --- start and stop -------------------------------------------------------- */

static const struct dfa_view_ops view_ops = {
	.needed = needed,
	.unneeded = unneeded,
};

void dfa_topics_init(struct dfa_topics *topics, struct dfa_cache *cache,
		     struct dfa_compile *compile,
		     const struct dfa_topics_ops *ops, void *arg)
{
	*topics = (struct dfa_topics){
		.cache = cache,
		.compile = compile,
		.ops = ops,
		.arg = arg,
	};
	dfa_map_init(&topics->topics);
	dfa_view_init(&topics->view, &view_ops, topics);
}

int dfa_topics_follow_common(struct dfa_topics *topics, const char *chassis,
			     struct df_error *error)
{
	char name[DFA_MAX_CHASSIS_NAME + 16];
	int err;

	err = dfa_topics_follow(topics, "global", DFA_VIEW_NETWORK, NULL, error);
	if (err)
		return err;
	snprintf(name, sizeof(name), "chassis/%s", chassis);
	err = dfa_topics_follow(topics, name, DFA_VIEW_NETWORK, NULL, error);
	if (!err)
		topics->is_started = true;
	return err;
}

/* What is followed without a database so far. */
static int subscribe_all(struct dfa_topics *topics, struct df_error *error)
{
	struct dfa_map_iter iter = dfa_map_iter(&topics->topics);
	struct dfa_map_node *node;
	int err = 0;

	while (!err && (node = dfa_map_iter_next(&topics->topics, &iter)))
		err = subscribe(dfa_container_of(node, struct dfa_topic, node),
				error);
	return err;
}

int dfa_topics_start(struct dfa_topics *topics, struct df_nb *nb,
		     const char *chassis, struct df_error *error)
{
	int err;

	if (topics->nb)
		return 0;
	topics->nb = nb;
	dfa_cache_begin(topics->cache);
	if (topics->is_started)
		return subscribe_all(topics, error);
	err = dfa_topics_seek_known(topics);
	dfa_cache_forget(topics->cache);
	if (err)
		return dfa_error_set(error, err, "%s", strerror(-err));
	return dfa_topics_follow_common(topics, chassis, error);
}

void dfa_topics_fini(struct dfa_topics *topics)
{
	struct dfa_map_iter iter = dfa_map_iter(&topics->topics);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&topics->topics, &iter))) {
		struct dfa_topic *topic;

		topic = dfa_container_of(node, struct dfa_topic, node);
		df_sub_free(topic->sub);
		free(topic->port);
		free(topic);
	}
	dfa_map_fini(&topics->topics);
	dfa_view_fini(&topics->view);
}
