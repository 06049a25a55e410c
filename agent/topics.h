/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_TOPICS_H
#define DFA_TOPICS_H

#include "compile/compile.h"
#include "dragonflow.h"
#include "view.h"

/**
 * struct dfa_topics_ops - what following the topics has led to
 * @changed: wishes may have changed
 * @synced: every topic that is needed was read once; called once
 * @failed: going on makes no sense (no memory)
 */
struct dfa_topics_ops {
	void (*changed)(void *arg);
	void (*synced)(void *arg);
	void (*failed)(void *arg, int err);
};

/**
 * struct dfa_topic - a topic that is followed
 * @node: in &dfa_topics.topics
 * @sub: the subscription
 * @network: of a network's topic
 * @is_synced: its objects were all seen once
 * @name: of the topic
 */
struct dfa_topic {
	struct dfa_map_node node;
	struct dfa_topics *topics;
	struct df_sub *sub;
	struct dfa_uuid network;
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

/* Follow what every hypervisor needs, and what the ports bound here need. */
int dfa_topics_start(struct dfa_topics *topics, const char *chassis,
		     struct df_error *error);

/* How many ports are why a topic is followed; 0: every hypervisor does. */
size_t dfa_topic_ports(const struct dfa_topic *topic);

#endif
