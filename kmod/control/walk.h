/* SPDX-License-Identifier: GPL-2.0 */
/* Dumps of what packets make: hash tables that change meanwhile. */
#ifndef DF_CONTROL_WALK_H
#define DF_CONTROL_WALK_H

#include <linux/rhashtable-types.h>

struct df_net;
struct netlink_callback;
struct sk_buff;

/**
 * struct df_walk - where a dump is
 * @dn: namespace
 * @wanted: what the objects are to be of, or 0: of anything
 * @iter: position in the table
 */
struct df_walk {
	struct df_net *dn;
	u32 wanted;
	struct rhashtable_iter iter;
};

/**
 * struct df_walk_ops - a table that can be dumped
 * @cmd: of the messages
 * @filter: the attribute that a request may have, &df_walk.wanted; a u32
 * @init: go to the table's begin
 * @is_wanted: whether an object is to be told
 * @put: add an object's attributes; -EMSGSIZE if they do not fit. It is called,
 * like @is_wanted, in an RCU read-side section, and the object may be changing.
 */
struct df_walk_ops {
	u8 cmd;
	u16 filter;
	void (*init)(struct df_net *dn, struct rhashtable_iter *iter);
	bool (*is_wanted)(const struct df_walk *walk, const void *object);
	int (*put)(struct sk_buff *msg, const struct df_walk *walk,
		   const void *object);
};

int df_walk_start(struct netlink_callback *cb, const struct df_walk_ops *ops);
int df_walk_dump(struct sk_buff *skb, struct netlink_callback *cb,
		 const struct df_walk_ops *ops);
int df_walk_done(struct netlink_callback *cb);

#endif /* DF_CONTROL_WALK_H */
