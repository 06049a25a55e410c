/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_TOPICS_H
#define DFA_TOPICS_H

#include "aging.h"
#include "cache.h"
#include "compile/compile.h"
#include "compile/policy.h"
#include "dragonflow.h"
#include "view.h"

/**
 * struct dfa_topics_ops - what following the topics has led to
 * @changed: wishes may have changed
 * @synced: every topic that is needed was read once; called once
 * @failed: going on makes no sense (no memory)
 * @asked: this hypervisor is asked for a trace
 * @unasked: whoever asked does not want to know any more
 * @sought: a port that is not here is followed because it was looked for; for how
 *	long is for dfa_topics_leave_port() to say
 * @port_known: all is known of a port, or it is not followed any more
 */
struct dfa_topics_ops {
	void (*changed)(void *arg);
	void (*synced)(void *arg);
	void (*failed)(void *arg, int err);
	void (*asked)(void *arg, const struct df_obj *request);
	void (*unasked)(void *arg, const char *id);
	void (*sought)(void *arg, struct dfa_aged *aged);
	void (*port_known)(void *arg, const struct dfa_uuid *port);
};

/**
 * struct dfa_topic_port - what there is to know of the topic of a port
 * @topic: the topic
 * @aged: unless it is here, how long it has not been used
 * @network: that it belongs to; zero if that is not known yet
 * @is_bound: to this hypervisor
 * @is_standby: on standby here
 * @is_there: the topic holds it
 */
struct dfa_topic_port {
	struct dfa_topic *topic;
	struct dfa_aged aged;
	struct dfa_uuid network;
	bool is_bound;
	bool is_standby;
	bool is_there;
};

/**
 * struct dfa_topic - a topic that is followed
 * @node: in &dfa_topics.topics
 * @sub: the subscription; NULL as long as there is no database
 * @kind: of a network's or router's topic
 * @id: of the network, router or port
 * @group: of a security group's or address group's topic, its record
 * @port: of a port's topic
 * @is_common: every hypervisor follows it
 * @is_synced: its objects were all seen once
 * @is_fed: as far as they are known from before, they were used
 * @name: of the topic
 */
struct dfa_topic {
	struct dfa_map_node node;
	struct dfa_topics *topics;
	struct df_sub *sub;
	enum dfa_view_kind kind;
	struct dfa_uuid id;
	struct dfa_group *group;
	struct dfa_topic_port *port;
	bool is_common;
	bool is_synced;
	bool is_fed;
	char name[];
};

/**
 * struct dfa_topics - follows what this hypervisor has to know
 * @nb: NULL as long as there is no database
 * @cache: what is known is kept there; borrowed
 * @sought: how many are of ports that are not here
 * @unsynced: topics that were not read yet
 * @is_known: what the database has not told yet is from there
 * @is_synced: @ops->synced was called
 */
struct dfa_topics {
	struct df_nb *nb;
	struct dfa_cache *cache;
	struct dfa_compile *compile;
	const struct dfa_topics_ops *ops;
	void *arg;
	struct dfa_view view;
	struct dfa_map topics;
	size_t sought;
	size_t unsynced;
	bool is_started;
	bool is_known;
	bool is_synced;
};

void dfa_topics_init(struct dfa_topics *topics, struct dfa_cache *cache,
		     struct dfa_compile *compile,
		     const struct dfa_topics_ops *ops, void *arg);
void dfa_topics_fini(struct dfa_topics *topics);

/* Follow what every hypervisor needs, and what the ports bound here reach. */
int dfa_topics_start(struct dfa_topics *topics, struct df_nb *nb,
		     const char *chassis, struct df_error *error);
/*
 * The same without a database, from what was known last. What the database tells
 * once there is one replaces it, topic after topic.
 */
int dfa_topics_start_known(struct dfa_topics *topics, const char *chassis,
			   struct df_error *error);

/*
 * Follow a port of a network that is needed, until it is gone, the network is, or
 * dfa_topics_leave_port(). Return: 1 if all is known of it already, 0 if not yet, or
 * a negative errno.
 */
int dfa_topics_seek(struct dfa_topics *topics, const struct dfa_uuid *port,
		    const struct dfa_uuid *network);
/* The topic of a port; NULL if it is not followed. */
struct dfa_topic *dfa_topics_port(const struct dfa_topics *topics,
				  const struct dfa_uuid *port);
/* Follow it no longer, and forget what it told. */
void dfa_topics_leave_port(struct dfa_topics *topics, struct dfa_topic *topic);

/* Of a port's topic: is the port bound here, or on standby? */
bool dfa_topic_is_here(const struct dfa_topic *topic);

/* Why a topic is followed, in words. */
void dfa_topic_why(const struct dfa_topic *topic, char *text, size_t size);

/* --- between the files ------------------------------------------------------ */

struct dfa_topic *dfa_topic_find(const struct dfa_topics *topics,
				 const char *name);
/* Return: 0, -EINVAL if the object is not what it should be, or -ENOMEM. */
int dfa_topics_put(struct dfa_topics *topics, const struct df_obj *obj);
int dfa_topics_del(struct dfa_topics *topics, const char *model, const char *id);
void dfa_topics_failed(struct dfa_topics *topics, int err);
/* The groups that ports bound here have, and those that their rules name. */
void dfa_topics_follow_groups(struct dfa_topics *topics);
/* @id: of a network, router or port; NULL if every hypervisor follows the topic */
int dfa_topics_follow(struct dfa_topics *topics, const char *name,
		      enum dfa_view_kind kind, const struct dfa_uuid *id,
		      struct df_error *error);
void dfa_topics_unfollow(struct dfa_topics *topics, struct dfa_topic *topic);
int dfa_topics_follow_common(struct dfa_topics *topics, const char *chassis,
			     struct df_error *error);

/* topics_port.c: what tells of ports that are followed on their own */
int dfa_topics_put_port(struct dfa_topics *topics, const struct df_obj *obj);
void dfa_topics_del_port(struct dfa_topics *topics, const char *model,
			 const struct dfa_uuid *id);
/* Of the topic of a port, which may be gone after this: it was read. */
void dfa_topic_port_synced(struct dfa_topic *topic);
void dfa_topic_port_why(const struct dfa_topic *topic, char *text, size_t size);
/* The ports of a network are not needed any more, wherever they are. */
void dfa_topics_leave_ports(struct dfa_topics *topics,
			    const struct dfa_uuid *network);
/* It is known which networks are needed: of others, no port is. */
void dfa_topics_prune(struct dfa_topics *topics);
/* Follow what was looked for before the agent stopped. */
int dfa_topics_seek_known(struct dfa_topics *topics);

/*
 * topics_known.c: the database has told what the topic holds, so what was known
 * before and is not among that is gone. With it, the topic may go: return whether
 * it is there still.
 */
bool dfa_topic_forget_stale(struct dfa_topic *topic);

#endif
