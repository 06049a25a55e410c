/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_TOPICS_H
#define DFA_TOPICS_H

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
 * @sub: the subscription
 * @kind: of a network's or router's topic
 * @id: of the network or router
 * @group: of a security group's or address group's topic, its record
 * @is_common: every hypervisor follows it
 * @is_synced: its objects were all seen once
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
	char name[];
};

/**
 * struct dfa_topics - follows what this hypervisor has to know
 * @unsynced: topics that were not read yet
 * @is_synced: @ops->synced was called
 */
struct dfa_topics {
	struct df_nb *nb;
	struct dfa_compile *compile;
	const struct dfa_topics_ops *ops;
	void *arg;
	struct dfa_view view;
	struct dfa_map topics;
	size_t unsynced;
	bool is_started;
	bool is_synced;
};

void dfa_topics_init(struct dfa_topics *topics, struct df_nb *nb,
		     struct dfa_compile *compile,
		     const struct dfa_topics_ops *ops, void *arg);
void dfa_topics_fini(struct dfa_topics *topics);

/* Follow what every hypervisor needs, and what the ports bound here reach. */
int dfa_topics_start(struct dfa_topics *topics, const char *chassis,
		     struct df_error *error);

/* Why a topic is followed, in words. */
void dfa_topic_why(const struct dfa_topic *topic, char *text, size_t size);

#endif
