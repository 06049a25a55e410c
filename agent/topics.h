/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_TOPICS_H
#define DFA_TOPICS_H

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
 */
struct dfa_topics_ops {
	void (*changed)(void *arg);
	void (*synced)(void *arg);
	void (*failed)(void *arg, int err);
	void (*asked)(void *arg, const struct df_obj *request);
	void (*unasked)(void *arg, const char *id);
};

/**
 * struct dfa_topic - a topic that is followed
 * @node: in &dfa_topics.topics
 * @sub: the subscription; NULL as long as there is no database
 * @kind: of a network's or router's topic
 * @id: of the network or router
 * @group: of a security group's or address group's topic, its record
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
	bool is_common;
	bool is_synced;
	bool is_fed;
	char name[];
};

/**
 * struct dfa_topics - follows what this hypervisor has to know
 * @nb: NULL as long as there is no database
 * @cache: what is known is kept there; borrowed
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
int dfa_topics_follow_common(struct dfa_topics *topics, const char *chassis,
			     struct df_error *error);

/*
 * topics_known.c: the database has told what the topic holds, so what was known
 * before and is not among that is gone. With it, the topic may go: return whether
 * it is there still.
 */
bool dfa_topic_forget_stale(struct dfa_topic *topic);

#endif
