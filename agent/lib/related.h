/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rules over several objects. An interface's addresses lie on its subnets, the
 * subnets of a router do not overlap, and each nexthop of its routes lies on
 * one of them. Whoever changes a router's interfaces, or adds routes to it,
 * writes the router's guard, so that no two do so at once:
 *
 *	guard/router/<id>		empty
 *
 * The rules of a security group name so many other groups. Whoever has a rule
 * name one writes the guard of the security group:
 *
 *	guard/security_group/<id>	empty
 *
 * A guard goes with what it guards.
 *
 * A new port says on_demand if its network does, which cannot change.
 */
#ifndef DF_LIB_RELATED_H
#define DF_LIB_RELATED_H

#include "ops.h"
#include "seen.h"

struct df_db;

/**
 * struct related - what a transaction read beside the objects that it changes
 * @guards: versions of the guards, by key
 * @wanted: what was asked for
 * @objs: objects, in no order
 * @changes: borrowed
 * @reading: answers that are missing
 * @done: called when everything was read
 * @arg: for @done
 * @error: code 0 as long as nothing failed
 */
struct related {
	struct df_seen guards;
	struct df_seen wanted;
	struct df_obj **objs;
	size_t count;
	struct change *const *changes;
	size_t change_count;
	size_t reading;
	struct df_db *db;
	void (*done)(void *arg, const struct df_error *error);
	void *arg;
	struct df_error error;
};

/** The stored objects of @changes are known. @done may be called at once. */
void df_related_read(struct related *related, struct df_db *db,
		     struct change *const *changes, size_t count,
		     void (*done)(void *arg, const struct df_error *error),
		     void *arg);
void df_related_fini(struct related *related);

/* Pure from here on. */

/** Complete the new objects, and check them against each other and @related. */
int df_related_check(const struct related *related,
		     struct change *const *changes, size_t count,
		     struct df_error *error);
/** related_rule.c: the part of df_related_check() that is about rules. */
int df_related_check_rules(const struct related *related,
			   struct change *const *changes, size_t count,
			   struct df_error *error);
/** related_port.c: the part of df_related_check() that is about ports. */
int df_related_check_ports(const struct related *related,
			   struct change *const *changes, size_t count,
			   struct df_error *error);
/** As it is to be: NULL if it will not be there, or was not read. */
const struct df_obj *df_related_find(const struct related *related,
				     struct change *const *changes,
				     size_t count, const char *model,
				     const char *id);
/** Add the guards that the changes need, and take those away that nobody does. */
int df_related_guard(const struct related *related, struct ops *ops,
		     struct change *const *changes, size_t count);

/** The network that decides about a new port, or NULL. */
const char *df_related_network(const struct change *change);
/** A router whose guard @change needs, or NULL. */
const char *df_related_router(const struct change *change);
/** A security group whose guard @change may need, or NULL. */
const char *df_related_group(const struct change *change);
/** Does @change have a rule name a group that it did not? */
bool df_related_names(const struct change *change);
struct df_key df_related_guard_key(const char *model, const char *id);

#endif
