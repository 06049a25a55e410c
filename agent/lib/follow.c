// SPDX-License-Identifier: GPL-2.0
/* Following topics, and leases. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "nb.h"

/**
 * struct df_sub - a subscription
 * @sub: in the database
 * @topic: what it follows
 */
struct df_sub {
	LIST_ENTRY(df_sub) node;
	struct df_db_sub *sub;
	df_event_fn fn;
	void *arg;
	char topic[];
};

static void follow(void *arg, enum df_db_event_type type,
		   const struct df_db_entry *entry)
{
	struct df_sub *sub = arg;
	struct df_event event = { .topic = entry ? entry->topic : sub->topic };
	struct df_obj *obj = NULL;
	struct df_error why;

	if (entry)
		df_key_split(entry->key, &event.model, &event.id);
	switch (type) {
	case DF_DB_EVENT_PUT:
		event.type = DF_EVENT_PUT;
		if (df_nb_decode(&obj, entry, &why)) {
			event.type = DF_EVENT_BAD;
			event.error = &why;
		}
		event.obj = obj;
		event.json = obj ? entry->value : NULL;
		break;
	case DF_DB_EVENT_DELETE:
		event.type = DF_EVENT_DELETE;
		/* Something that could not be read: it was no object. */
		if (!event.model)
			return;
		break;
	case DF_DB_EVENT_SYNCED:
		event.type = DF_EVENT_SYNCED;
		break;
	}
	sub->fn(sub->arg, &event);
	df_obj_put(obj);
}

int df_nb_subscribe(struct df_sub **out, struct df_nb *nb, const char *topic,
		    df_event_fn fn, void *arg, struct df_error *error)
{
	struct df_sub *sub = calloc(1, sizeof(*sub) + strlen(topic) + 1);
	int err;

	if (!sub)
		return df_error_set(error, -ENOMEM, "out of memory");
	strcpy(sub->topic, topic);
	sub->fn = fn;
	sub->arg = arg;
	err = df_db_subscribe(&sub->sub, nb->db, topic, follow, sub, error);
	if (err) {
		free(sub);
		return err;
	}
	LIST_INSERT_HEAD(&nb->subs, sub, node);
	*out = sub;
	return 0;
}

void df_sub_free(struct df_sub *sub)
{
	if (!sub)
		return;
	df_db_unsubscribe(sub->sub);
	LIST_REMOVE(sub, node);
	free(sub);
}

const char *df_sub_topic(const struct df_sub *sub)
{
	return sub->topic;
}

void df_nb_subs_fini(struct df_nb *nb)
{
	while (!LIST_EMPTY(&nb->subs))
		df_sub_free(LIST_FIRST(&nb->subs));
}

/**
 * struct df_lease - a lease
 * @lease: in the database
 */
struct df_lease {
	LIST_ENTRY(df_lease) node;
	struct df_db_lease *lease;
};

int df_lease_new(struct df_lease **out, struct df_nb *nb, unsigned int ttl_ms,
		 df_done_fn lost, void *arg, struct df_error *error)
{
	struct df_lease *lease = calloc(1, sizeof(*lease));
	int err;

	if (!lease)
		return df_error_set(error, -ENOMEM, "out of memory");
	err = df_db_lease_new(&lease->lease, nb->db, ttl_ms, lost, arg, error);
	if (err) {
		free(lease);
		return err;
	}
	LIST_INSERT_HEAD(&nb->leases, lease, node);
	*out = lease;
	return 0;
}

void df_lease_free(struct df_lease *lease)
{
	if (!lease)
		return;
	df_db_lease_free(lease->lease);
	LIST_REMOVE(lease, node);
	free(lease);
}

struct df_db_lease *df_lease_db(struct df_lease *lease)
{
	return lease->lease;
}

void df_nb_leases_fini(struct df_nb *nb)
{
	while (!LIST_EMPTY(&nb->leases))
		df_lease_free(LIST_FIRST(&nb->leases));
}
