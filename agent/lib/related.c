// SPDX-License-Identifier: GPL-2.0
/* Reading what related objects there are; see related.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "nb.h"
#include "related.h"

struct df_key df_related_guard_key(const char *router)
{
	struct df_key key;

	snprintf(key.text, sizeof(key.text), "guard/router/%s", router);
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

static void want_links(struct related *related, const char *router)
{
	char topic[64];

	if (!is_first(related, df_key_obj("router_link", router).text))
		return;
	snprintf(topic, sizeof(topic), "router/%s", router);
	related->reading++;
	df_db_list(related->db, "router_link/", topic, got_objects, related);
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

static void read_objects(struct related *related)
{
	const char prefix[] = "guard/router/";
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

		for (; key; key = key->next) {
			want_object(related, "router",
				    key->key + strlen(prefix));
			want_links(related, key->key + strlen(prefix));
		}
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

static void want_guard(struct related *related, const char *router)
{
	struct df_key key = df_related_guard_key(router);
	struct df_seen_key *guard;

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
	const char *router;
	size_t i;

	df_related_fini(related);
	related->db = db;
	related->changes = changes;
	related->change_count = count;
	related->done = done;
	related->arg = arg;
	related->reading = 1;
	for (i = 0; i < count; i++) {
		router = df_related_router(changes[i]);
		if (router)
			want_guard(related, router);
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
