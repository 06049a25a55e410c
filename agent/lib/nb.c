// SPDX-License-Identifier: GPL-2.0
/* A northbound database: opening it, its keys, and waiting for it. */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "nb.h"

#define TIMEOUT_MS 10000

struct df_key df_key_obj(const char *model, const char *id)
{
	struct df_key key;

	snprintf(key.text, sizeof(key.text), "%s/%s", model, id);
	return key;
}

struct df_key df_key_ref(const char *model, const char *id,
			 const char *by_model, const char *by_id)
{
	struct df_key key;

	if (by_model)
		snprintf(key.text, sizeof(key.text), "ref/%s/%s/%s/%s", model,
			 id, by_model, by_id);
	else
		snprintf(key.text, sizeof(key.text), "ref/%s/%s/", model, id);
	return key;
}

char *df_key_claim(const char *model, const char *field, const char *within,
		   const char *value)
{
	char *scope = df_escape(within ? within : "-");
	char *escaped = df_escape(value);
	char *key = NULL;

	if (scope && escaped &&
	    asprintf(&key, "unique/%s/%s/%s/%s", model, field, scope,
		     escaped) < 0)
		key = NULL;
	free(scope);
	free(escaped);
	return key;
}

int df_key_split(const char *key, const struct df_model **model,
		 const char **id)
{
	const char *slash = strchr(key, '/');
	const struct df_model *found;
	char name[32];

	if (!slash || slash - key >= (int)sizeof(name))
		return -EINVAL;
	snprintf(name, sizeof(name), "%.*s", (int)(slash - key), key);
	found = df_model_find(name);
	if (!found || strcmp(name, found->name))
		return -EINVAL;
	*model = found;
	*id = slash + 1;
	return 0;
}

int df_nb_decode(struct df_obj **out, const struct df_db_entry *entry,
		 struct df_error *error)
{
	const struct df_model *model;
	struct df_obj *obj;
	const char *id;
	int err;

	if (df_key_split(entry->key, &model, &id))
		return df_error_set(error, -EBADMSG,
				    "the database holds \"%s\", which is no object of a known model",
				    df_quote(entry->key).text);
	err = df_obj_parse(&obj, model->name, entry->value, entry->len, error);
	if (err)
		return err;
	if (!df_obj_id(obj) || strcmp(df_obj_id(obj), id)) {
		df_obj_put(obj);
		return df_error_set(error, -EBADMSG,
				    "the database holds another id in \"%s\"",
				    df_quote(entry->key).text);
	}
	*out = obj;
	return 0;
}

static void time_is_up(evutil_socket_t fd, short events, void *arg)
{
	struct df_nb *nb = arg;

	(void)fd;
	(void)events;
	nb->is_broken = true;
	event_base_loopbreak(nb->base);
}

static int open_nb(struct df_nb **out, const char *uri, struct event_base *base,
		   bool is_known, struct df_error *error)
{
	struct df_nb *nb = calloc(1, sizeof(*nb));
	int err;

	if (!nb)
		return df_error_set(error, -ENOMEM, "out of memory");
	nb->is_own_base = !base;
	nb->is_known = is_known;
	nb->base = base ? base : event_base_new();
	nb->timeout_ms = TIMEOUT_MS;
	nb->timer = nb->base ? evtimer_new(nb->base, time_is_up, nb) : NULL;
	if (!nb->timer)
		err = df_error_set(error, -ENOMEM, "cannot make an event loop");
	else if (is_known)
		err = df_db_open_known(&nb->db, uri, nb->base, error);
	else
		err = df_db_open(&nb->db, uri, nb->base, error);
	if (err) {
		df_nb_close(nb);
		return err;
	}
	*out = nb;
	return 0;
}

int df_nb_open(struct df_nb **out, const char *uri, struct event_base *base,
	       struct df_error *error)
{
	return open_nb(out, uri, base, false, error);
}

int df_nb_open_known(struct df_nb **out, const char *uri,
		     struct event_base *base, struct df_error *error)
{
	return open_nb(out, uri, base, true, error);
}

void df_nb_close(struct df_nb *nb)
{
	if (!nb)
		return;
	df_nb_subs_fini(nb);
	df_nb_leases_fini(nb);
	df_db_close(nb->db);
	df_nb_reads_fini(nb);
	df_nb_txns_fini(nb);
	if (nb->timer)
		event_free(nb->timer);
	if (nb->is_own_base && nb->base)
		event_base_free(nb->base);
	free(nb);
}

void df_nb_on_state(struct df_nb *nb, df_nb_state_fn fn, void *arg)
{
	df_db_on_state(nb->db, fn, arg);
}

/* Waiting */

void df_nb_set_timeout(struct df_nb *nb, unsigned int timeout_ms)
{
	nb->timeout_ms = timeout_ms;
}

static int wait_begin(struct df_nb *nb, int timeout_ms, struct df_error *error)
{
	struct timeval tv = {
		.tv_sec = timeout_ms / 1000,
		.tv_usec = timeout_ms % 1000 * 1000,
	};

	if (!nb->is_own_base)
		return df_error_set(error, -EINVAL,
				    "waiting is only for a handle with an event loop of its own");
	if (nb->is_running)
		return df_error_set(error, -EDEADLK,
				    "waiting from inside of a callback");
	nb->is_running = true;
	if (timeout_ms >= 0)
		event_add(nb->timer, &tv);
	return 0;
}

static void wait_end(struct df_nb *nb)
{
	event_del(nb->timer);
	nb->is_running = false;
	nb->is_broken = false;
}

int df_nb_dispatch(struct df_nb *nb, int timeout_ms)
{
	int err;

	err = wait_begin(nb, timeout_ms, NULL);
	if (err)
		return err;
	while (!nb->is_broken)
		if (event_base_loop(nb->base, EVLOOP_ONCE |
				    EVLOOP_NO_EXIT_ON_EMPTY) < 0)
			break;
	wait_end(nb);
	return 0;
}

void df_nb_break(struct df_nb *nb)
{
	nb->is_broken = true;
	event_base_loopbreak(nb->base);
}

/**
 * struct wait - somebody waits for one answer
 * @is_done: it came
 * @is_left: nobody waits any more; the answer frees this
 */
struct wait {
	bool is_done;
	bool is_left;
	struct df_error error;
	struct df_obj *obj;
	struct df_obj **objs;
	size_t count;
};

static void wait_free(struct wait *wait)
{
	df_obj_put(wait->obj);
	df_objs_free(wait->objs, wait->count);
	free(wait);
}

static void wait_answer(struct wait *wait, const struct df_error *error)
{
	wait->is_done = true;
	if (error)
		wait->error = *error;
	if (wait->is_left)
		wait_free(wait);
}

/* The answer, or -ETIMEDOUT; frees @wait unless it succeeds. */
static int wait_for(struct df_nb *nb, struct wait *wait, struct df_error *error)
{
	while (!wait->is_done && !nb->is_broken)
		if (event_base_loop(nb->base, EVLOOP_ONCE |
				    EVLOOP_NO_EXIT_ON_EMPTY) < 0)
			break;
	wait_end(nb);
	if (!wait->is_done) {
		wait->is_left = true;
		return df_error_set(error, -ETIMEDOUT,
				    "the database did not answer within %u ms",
				    nb->timeout_ms);
	}
	if (wait->error.code) {
		int err = df_error_set(error, wait->error.code, "%s",
				       wait->error.text);

		wait_free(wait);
		return err;
	}
	return 0;
}

static int wait_new(struct wait **out, struct df_nb *nb,
		    struct df_error *error)
{
	struct wait *wait = calloc(1, sizeof(*wait));
	int err;

	if (!wait)
		return df_error_set(error, -ENOMEM, "out of memory");
	err = wait_begin(nb, nb->timeout_ms, error);
	if (err) {
		free(wait);
		return err;
	}
	*out = wait;
	return 0;
}

static void committed(void *arg, const struct df_error *error)
{
	wait_answer(arg, error);
}

int df_txn_commit_sync(struct df_txn *txn, struct df_error *error)
{
	struct df_nb *nb = df_txn_nb(txn);
	struct wait *wait;
	int err;

	err = wait_new(&wait, nb, error);
	if (err) {
		df_txn_free(txn);
		return err;
	}
	df_txn_commit(txn, committed, wait);
	err = wait_for(nb, wait, error);
	if (!err)
		wait_free(wait);
	return err;
}

static void found(void *arg, const struct df_error *error, struct df_obj *obj)
{
	struct wait *wait = arg;

	if (obj)
		wait->obj = df_obj_get(obj);
	wait_answer(wait, error);
}

int df_nb_find_sync(struct df_nb *nb, const char *model, const char *ref,
		    struct df_obj **out, struct df_error *error)
{
	struct wait *wait;
	int err;

	err = wait_new(&wait, nb, error);
	if (err)
		return err;
	err = df_nb_find(nb, model, ref, found, wait, error);
	if (err) {
		wait_end(nb);
		wait_free(wait);
		return err;
	}
	err = wait_for(nb, wait, error);
	if (err)
		return err;
	*out = df_obj_get(wait->obj);
	wait_free(wait);
	return 0;
}

static void listed(void *arg, const struct df_error *error,
		   struct df_obj *const *objs, size_t count)
{
	struct wait *wait = arg;
	size_t i;

	wait->objs = calloc(count + 1, sizeof(*wait->objs));
	for (i = 0; wait->objs && i < count; i++)
		wait->objs[wait->count++] = df_obj_get(objs[i]);
	if (!wait->objs)
		df_error_set(&wait->error, -ENOMEM, "out of memory");
	wait_answer(wait, error);
}

int df_nb_list_sync(struct df_nb *nb, const char *model, const char *topic,
		    struct df_obj ***out, size_t *count,
		    struct df_error *error)
{
	struct wait *wait;
	int err;

	err = wait_new(&wait, nb, error);
	if (err)
		return err;
	err = df_nb_list(nb, model, topic, listed, wait, error);
	if (err) {
		wait_end(nb);
		wait_free(wait);
		return err;
	}
	err = wait_for(nb, wait, error);
	if (err)
		return err;
	*out = wait->objs;
	*count = wait->count;
	wait->objs = NULL;
	wait->count = 0;
	wait_free(wait);
	return 0;
}
