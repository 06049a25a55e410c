// SPDX-License-Identifier: GPL-2.0
/* Subscriptions and leases; see core.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "error.h"
#include "seen.h"

/**
 * struct df_db_sub - a subscription
 * @refs: the user, and every event in the queue
 * @db: NULL once it was ended
 * @seen: what the subscriber was told
 * @round: number of the last snapshot
 */
struct df_db_sub {
	LIST_ENTRY(df_db_sub) node;
	int refs;
	struct df_db *db;
	void *priv;
	df_db_event_fn fn;
	void *arg;
	struct df_seen seen;
	uint32_t round;
	char topic[];
};

/**
 * struct df_db_lease - a lease
 * @refs: the user, and the delivery of the loss
 * @db: NULL once it was freed
 */
struct df_db_lease {
	LIST_ENTRY(df_db_lease) node;
	int refs;
	struct df_db *db;
	void *priv;
	df_done_fn lost;
	void *arg;
};

struct sub_event {
	struct delivery delivery;
	struct df_db_sub *sub;
	enum df_db_event_type type;
	struct df_db_entry *entry;
};

struct lease_event {
	struct delivery delivery;
	struct df_db_lease *lease;
	struct df_error error;
};

/* Subscriptions */

static void sub_put(struct df_db_sub *sub)
{
	if (--sub->refs)
		return;
	df_seen_fini(&sub->seen);
	free(sub);
}

static void sub_drop(struct delivery *delivery)
{
	struct sub_event *event = (struct sub_event *)delivery;

	sub_put(event->sub);
	if (event->entry)
		free((char *)event->entry->key);
	free(event->entry);
	free(event);
}

static void sub_run(struct delivery *delivery)
{
	struct sub_event *event = (struct sub_event *)delivery;

	if (event->sub->db)
		event->sub->fn(event->sub->arg, event->type, event->entry);
	sub_drop(delivery);
}

static void sub_event(struct df_db_sub *sub, enum df_db_event_type type,
		      const struct df_db_entry *entry)
{
	struct sub_event *event = df_core_must(calloc(1, sizeof(*event)));

	sub->refs++;
	event->sub = sub;
	event->type = type;
	if (entry) {
		event->entry = df_core_must(malloc(sizeof(*event->entry)));
		df_core_copy_entry(event->entry, entry);
	}
	df_core_queue(sub->db, &event->delivery, sub_run, sub_drop);
}

int df_db_subscribe(struct df_db_sub **out, struct df_db *db,
		    const char *topic, df_db_event_fn fn, void *arg,
		    struct df_error *error)
{
	bool is_all = !strcmp(topic, "*");
	struct df_db_sub *sub;
	int err;

	if (!df_core_is_key(topic))
		return df_error_set(error, -EINVAL, "\"%s\" is not a topic",
				    df_quote(topic).text);
	if (is_all && !(db->driver->caps & DF_DB_CAP_SUBSCRIBE_ALL))
		return df_error_set(error, -EOPNOTSUPP,
				    "a %s database cannot follow all topics at once",
				    db->driver->scheme);
	sub = df_core_must(calloc(1, sizeof(*sub) + strlen(topic) + 1));
	strcpy(sub->topic, topic);
	sub->refs = 1;
	sub->db = db;
	sub->fn = fn;
	sub->arg = arg;
	LIST_INSERT_HEAD(&db->subs, sub, node);
	err = db->driver->subscribe(&sub->priv, db->priv, sub, topic, error);
	if (err) {
		LIST_REMOVE(sub, node);
		sub->db = NULL;
		sub_put(sub);
		return err;
	}
	*out = sub;
	return 0;
}

void df_db_unsubscribe(struct df_db_sub *sub)
{
	if (!sub)
		return;
	sub->db->driver->unsubscribe(sub->db->priv, sub->priv);
	LIST_REMOVE(sub, node);
	sub->db = NULL;
	sub_put(sub);
}

void df_db_sub_begin(struct df_db_sub *sub)
{
	sub->round++;
}

void df_db_sub_put(struct df_db_sub *sub, const struct df_db_entry *entry)
{
	struct df_seen_key *key = df_core_must(df_seen_add(&sub->seen, entry->key));

	key->round = sub->round;
	if (key->version == entry->version)
		return;
	key->version = entry->version;
	sub_event(sub, DF_DB_EVENT_PUT, entry);
}

void df_db_sub_delete(struct df_db_sub *sub, const char *key,
		      const char *topic)
{
	struct df_db_entry entry = { .key = key, .topic = topic };

	if (!df_seen_find(&sub->seen, key))
		return;
	sub_event(sub, DF_DB_EVENT_DELETE, &entry);
	df_seen_del(&sub->seen, key);
}

void df_db_sub_end(struct df_db_sub *sub)
{
	struct df_seen_key *key;
	struct df_seen_key *next;
	uint32_t i;

	/* What this snapshot did not hold is gone. */
	for (i = 0; sub->seen.mask && i <= sub->seen.mask; i++)
		for (key = sub->seen.buckets[i]; key; key = next) {
			next = key->next;
			if (key->round != sub->round)
				df_db_sub_delete(sub, key->key, sub->topic);
		}
	sub_event(sub, DF_DB_EVENT_SYNCED, NULL);
}

/* Leases */

static void lease_put(struct df_db_lease *lease)
{
	if (!--lease->refs)
		free(lease);
}

static void lease_drop(struct delivery *delivery)
{
	struct lease_event *event = (struct lease_event *)delivery;

	lease_put(event->lease);
	free(event);
}

static void lease_run(struct delivery *delivery)
{
	struct lease_event *event = (struct lease_event *)delivery;

	if (event->lease->db && event->lease->lost)
		event->lease->lost(event->lease->arg, &event->error);
	lease_drop(delivery);
}

int df_db_lease_new(struct df_db_lease **out, struct df_db *db,
		    unsigned int ttl_ms, df_done_fn lost, void *arg,
		    struct df_error *error)
{
	struct df_db_lease *lease = df_core_must(calloc(1, sizeof(*lease)));
	int err;

	lease->refs = 1;
	lease->db = db;
	lease->lost = lost;
	lease->arg = arg;
	err = db->driver->lease_new(&lease->priv, db->priv, lease, ttl_ms,
				    error);
	if (err) {
		free(lease);
		return err;
	}
	LIST_INSERT_HEAD(&db->leases, lease, node);
	*out = lease;
	return 0;
}

void df_db_lease_free(struct df_db_lease *lease)
{
	if (!lease)
		return;
	lease->db->driver->lease_free(lease->db->priv, lease->priv);
	LIST_REMOVE(lease, node);
	lease->db = NULL;
	lease_put(lease);
}

void df_db_lease_lost(struct df_db_lease *lease, const char *format, ...)
{
	struct lease_event *event = df_core_must(calloc(1, sizeof(*event)));
	va_list args;

	lease->refs++;
	event->lease = lease;
	va_start(args, format);
	df_error_vset(&event->error, -EOWNERDEAD, format, args);
	va_end(args);
	df_core_queue(lease->db, &event->delivery, lease_run, lease_drop);
}

void *df_core_lease_priv(const struct df_db_lease *lease)
{
	return lease ? lease->priv : NULL;
}
