// SPDX-License-Identifier: GPL-2.0
/* Reading what related objects there are; see related.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "nb.h"
#include "related.h"

struct df_key df_related_guard_key(const char *model, const char *id)
{
	struct df_key key;

	snprintf(key.text, sizeof(key.text), "guard/%s/%s", model, id);
	return key;
}

/* Is this the first time that somebody wants it? */
static bool is_first(struct related *related, const char *what)
{
	struct df_seen_key *key = df_seen_add(&related->wanted, what);

	if (!key)
		df_error_set(&related->error, -ENOMEM, "out of memory");
	return key && !key->round++;
}

static void answered(struct related *related, const struct df_error *error)
{
	if (error)
		related->error = *error;
}

static void put(struct related *related, void (*next)(struct related *related))
{
	if (!--related->reading)
		next(related);
}

/* --- objects --------------------------------------------------------------- */

static void finish(struct related *related)
{
	related->done(related->arg,
		      related->error.code ? &related->error : NULL);
}

static int keep(struct related *related, const struct df_db_entry *entry)
{
	struct df_obj **objs;

	objs = reallocarray(related->objs, related->count + 1, sizeof(*objs));
	if (!objs)
		return df_error_set(&related->error, -ENOMEM, "out of memory");
	related->objs = objs;
	if (!df_nb_decode(&objs[related->count], entry, &related->error))
		related->count++;
	return related->error.code;
}

static void got_objects(void *arg, const struct df_error *error,
			const struct df_db_entry *entries, size_t count)
{
	struct related *related = arg;
	size_t i;

	answered(related, error);
	for (i = 0; !related->error.code && i < count; i++)
		keep(related, &entries[i]);
	put(related, finish);
}

static void want_object(struct related *related, const char *model,
			const char *id)
{
	struct df_key key = df_key_obj(model, id);

	if (!is_first(related, key.text))
		return;
	related->reading++;
	df_db_get(related->db, key.text, got_objects, related);
}

/* Those that have the prefix, of what has the topic "<model>/<id>" */
static void want_topic(struct related *related, const char *prefix,
		       const char *topic)
{
	related->reading++;
	df_db_list(related->db, prefix, topic, got_objects, related);
}

static void want_subnets(struct related *related, const struct change *change)
{
	const struct df_obj *obj = change->asked;
	const struct df_value *ips, *ip;
	const char *id;
	size_t i;

	if (!obj)
		return;
	/* A patch may leave them as they are. */
	if (change->old && !df_obj_has(obj, "fixed_ips"))
		obj = change->old;
	ips = df_obj_value(obj, "fixed_ips");
	df_value_for_each(ips, i, ip) {
		id = df_value_string(df_value_member(ip, "subnet_id"));
		if (id)
			want_object(related, "subnet", id);
	}
}

static bool is_interface(const struct change *change)
{
	return !strcmp(change->model->name, "router_interface");
}

/* --- guards, which are read before what they guard -------------------------- */

/* What belongs to what is guarded. Each is wanted once, as is its guard. */
static void read_guarded(struct related *related, const char *owner)
{
	const char router[] = "router/";

	if (strncmp(owner, router, strlen(router))) {
		want_topic(related, "security_group_rule/", owner);
		return;
	}
	want_object(related, "router", owner + strlen(router));
	want_topic(related, "router_link/", owner);
}

static void read_objects(struct related *related)
{
	const char prefix[] = "guard/";
	const struct df_seen *guards = &related->guards;
	size_t i;

	related->reading++;
	for (i = 0; i < related->change_count; i++) {
		const char *network = df_related_network(related->changes[i]);

		if (network)
			want_object(related, "network", network);
		if (is_interface(related->changes[i]))
			want_subnets(related, related->changes[i]);
	}
	for (i = 0; guards->mask && i <= guards->mask; i++) {
		const struct df_seen_key *key = guards->buckets[i];

		for (; key; key = key->next)
			read_guarded(related, key->key + strlen(prefix));
	}
	put(related, finish);
}

static void got_guard(void *arg, const struct df_error *error,
		      const struct df_db_entry *entries, size_t count)
{
	struct related *related = arg;
	struct df_seen_key *guard;

	answered(related, error);
	if (count) {
		guard = df_seen_find(&related->guards, entries[0].key);
		guard->version = entries[0].version;
	}
	put(related, read_objects);
}

static void want_guard(struct related *related, const char *model,
		       const char *id)
{
	struct df_key key;
	struct df_seen_key *guard;

	if (!id)
		return;
	key = df_related_guard_key(model, id);
	if (!is_first(related, key.text))
		return;
	guard = df_seen_add(&related->guards, key.text);
	if (!guard) {
		df_error_set(&related->error, -ENOMEM, "out of memory");
		return;
	}
	guard->version = DF_DB_ABSENT;
	related->reading++;
	df_db_get(related->db, key.text, got_guard, related);
}

void df_related_read(struct related *related, struct df_db *db,
		     struct change *const *changes, size_t count,
		     void (*done)(void *arg, const struct df_error *error),
		     void *arg)
{
	size_t i;

	df_related_fini(related);
	related->db = db;
	related->changes = changes;
	related->change_count = count;
	related->done = done;
	related->arg = arg;
	related->reading = 1;
	for (i = 0; i < count; i++) {
		want_guard(related, "router", df_related_router(changes[i]));
		want_guard(related, "security_group",
			   df_related_group(changes[i]));
	}
	put(related, read_objects);
}

void df_related_fini(struct related *related)
{
	df_seen_fini(&related->guards);
	df_seen_fini(&related->wanted);
	df_objs_free(related->objs, related->count);
	memset(related, 0, sizeof(*related));
}

/* --- guards, which are written when all is known ---------------------------- */

static int add_guard(const struct related *related, struct ops *ops,
		     const char *model, const char *id, size_t nr)
{
	struct df_key key = df_related_guard_key(model, id);
	const struct df_seen_key *guard;

	guard = df_seen_find(&related->guards, key.text);
	return df_ops_add_guard(ops, key.text, guard->version, nr);
}

/* Does it go, and may it have a guard? */
static bool is_end(const struct change *change)
{
	return !change->new && (!strcmp(change->model->name, "router") ||
				!strcmp(change->model->name, "security_group"));
}

int df_related_guard(const struct related *related, struct ops *ops,
		     struct change *const *changes, size_t count)
{
	const char *router;
	struct df_key key;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < count; i++) {
		if (df_change_is_nothing(changes[i]))
			continue;
		router = df_related_router(changes[i]);
		key = df_related_guard_key(changes[i]->model->name,
					   changes[i]->id);
		if (is_end(changes[i]))
			err = df_ops_drop_guard(ops, key.text, i);
		else if (df_related_names(changes[i]))
			err = add_guard(related, ops, "security_group",
					df_related_group(changes[i]), i);
		else if (router && df_related_find(related, changes, count,
						   "router", router))
			err = add_guard(related, ops, "router", router, i);
	}
	return err;
}
