// SPDX-License-Identifier: GPL-2.0
/* Handles, delivery and requests; see core.h. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "error.h"
#include "seen.h"

/* Deliveries in one turn of the event loop, so that others get theirs. */
#define DELIVER_MAX 512

/**
 * struct df_db_req - a request
 * @read: of a get or a list; NULL of a commit, or cancelled
 * @commit: of a commit
 * @entries: the answer so far
 * @error: code 0 as long as nothing failed
 */
struct df_db_req {
	LIST_ENTRY(df_db_req) node;
	struct delivery delivery;
	struct df_db *db;
	df_db_read_fn read;
	df_db_commit_fn commit;
	void *arg;
	struct df_db_entry *entries;
	size_t count;
	size_t size;
	size_t conflict;
	struct df_error error;
};

struct state_event {
	struct delivery delivery;
	struct df_db *db;
	bool up;
	struct df_error error;
};

void *df_core_must(void *memory)
{
	/* A lost answer or event would be worse than an end. */
	if (!memory)
		abort();
	return memory;
}

/* Delivery */

void df_core_queue(struct df_db *db, struct delivery *delivery,
		   void (*run)(struct delivery *delivery),
		   void (*drop)(struct delivery *delivery))
{
	delivery->run = run;
	delivery->drop = drop;
	if (TAILQ_EMPTY(&db->queue))
		event_active(db->deliver, 0, 0);
	TAILQ_INSERT_TAIL(&db->queue, delivery, node);
}

static void db_put(struct df_db *db)
{
	struct delivery *delivery;

	if (--db->refs)
		return;
	while ((delivery = TAILQ_FIRST(&db->queue))) {
		TAILQ_REMOVE(&db->queue, delivery, node);
		delivery->drop(delivery);
	}
	event_free(db->deliver);
	free(db);
}

static void deliver(evutil_socket_t fd, short events, void *arg)
{
	struct df_db *db = arg;
	struct delivery *delivery;
	int left = DELIVER_MAX;

	(void)fd;
	(void)events;
	db->refs++;
	while (db->refs > 1 && left-- &&
	       (delivery = TAILQ_FIRST(&db->queue))) {
		TAILQ_REMOVE(&db->queue, delivery, node);
		delivery->run(delivery);
	}
	if (db->refs > 1 && !TAILQ_EMPTY(&db->queue))
		event_active(db->deliver, 0, 0);
	db_put(db);
}

/* Opening */

static int open_db(struct df_db **out, const char *uri, struct event_base *base,
		   bool is_known, struct df_error *error)
{
	const struct df_db_driver *driver;
	struct df_db *db;
	int err;

	err = df_db_driver_find(&driver, uri, error);
	if (err)
		return err;
	db = df_core_must(calloc(1, sizeof(*db)));
	db->refs = 1;
	db->driver = driver;
	db->is_up = true;
	db->is_known = is_known;
	db->deliver = df_core_must(event_new(base, -1, 0, deliver, db));
	TAILQ_INIT(&db->queue);
	err = driver->open(&db->priv, db, uri, base, error);
	if (err) {
		db_put(db);
		return err;
	}
	*out = db;
	return 0;
}

int df_db_open(struct df_db **out, const char *uri, struct event_base *base,
	       struct df_error *error)
{
	return open_db(out, uri, base, false, error);
}

int df_db_open_known(struct df_db **out, const char *uri,
		     struct event_base *base, struct df_error *error)
{
	return open_db(out, uri, base, true, error);
}

bool df_db_is_known(const struct df_db *db)
{
	return db->is_known;
}

static void req_free(struct df_db_req *req)
{
	size_t i;

	for (i = 0; i < req->count; i++)
		free((char *)req->entries[i].key);
	free(req->entries);
	free(req);
}

void df_db_close(struct df_db *db)
{
	struct delivery *delivery;

	if (!db)
		return;
	while (!LIST_EMPTY(&db->subs))
		df_db_unsubscribe(LIST_FIRST(&db->subs));
	while (!LIST_EMPTY(&db->leases))
		df_db_lease_free(LIST_FIRST(&db->leases));
	db->driver->close(db->priv);
	while ((delivery = TAILQ_FIRST(&db->queue))) {
		TAILQ_REMOVE(&db->queue, delivery, node);
		delivery->drop(delivery);
	}
	/* The driver will not answer these any more. */
	while (!LIST_EMPTY(&db->reqs)) {
		struct df_db_req *req = LIST_FIRST(&db->reqs);

		LIST_REMOVE(req, node);
		req_free(req);
	}
	db_put(db);
}

unsigned int df_db_caps(const struct df_db *db)
{
	return db->driver->caps;
}

size_t df_db_value_max(const struct df_db *db)
{
	return db->driver->value_max;
}

size_t df_db_ops_max(const struct df_db *db)
{
	return db->driver->ops_max;
}

/* State */

static void state_drop(struct delivery *delivery)
{
	free((struct state_event *)delivery);
}

static void state_run(struct delivery *delivery)
{
	struct state_event *event = (struct state_event *)delivery;

	if (event->db->state_fn)
		event->db->state_fn(event->db->state_arg, event->up,
				    event->up ? NULL : &event->error);
	free(event);
}

void df_db_on_state(struct df_db *db, df_db_state_fn fn, void *arg)
{
	db->state_fn = fn;
	db->state_arg = arg;
}

void df_db_state(struct df_db *db, bool up, const char *format, ...)
{
	struct state_event *event;
	va_list args;

	if (db->is_up == up)
		return;
	db->is_up = up;
	event = df_core_must(calloc(1, sizeof(*event)));
	event->db = db;
	event->up = up;
	if (!up) {
		va_start(args, format);
		df_error_vset(&event->error, -ENOTCONN, format, args);
		va_end(args);
	}
	df_core_queue(db, &event->delivery, state_run, state_drop);
}

/* Requests */

static struct df_db_req *req_of(struct delivery *delivery)
{
	return (struct df_db_req *)((char *)delivery -
				    offsetof(struct df_db_req, delivery));
}

static void req_drop(struct delivery *delivery)
{
	LIST_REMOVE(req_of(delivery), node);
	req_free(req_of(delivery));
}

static int compare_entries(const void *a, const void *b)
{
	const struct df_db_entry *left = a;
	const struct df_db_entry *right = b;

	return strcmp(left->key, right->key);
}

static void req_run(struct delivery *delivery)
{
	struct df_db_req *req = req_of(delivery);
	struct df_error *error = req->error.code ? &req->error : NULL;

	/* The callback may close the database, which frees what is listed. */
	LIST_REMOVE(req, node);
	if (req->read && !error && req->count)
		qsort(req->entries, req->count, sizeof(*req->entries),
		      compare_entries);
	if (req->read)
		req->read(req->arg, error, error ? NULL : req->entries,
			  error ? 0 : req->count);
	else if (req->commit)
		req->commit(req->arg, error, req->conflict);
	req_free(req);
}

static struct df_db_req *req_new(struct df_db *db, df_db_read_fn read,
				 df_db_commit_fn commit, void *arg)
{
	struct df_db_req *req = df_core_must(calloc(1, sizeof(*req)));

	req->db = db;
	req->read = read;
	req->commit = commit;
	req->arg = arg;
	LIST_INSERT_HEAD(&db->reqs, req, node);
	return req;
}

void df_core_copy_entry(struct df_db_entry *to,
			const struct df_db_entry *from)
{
	size_t key_len = strlen(from->key) + 1;
	size_t topic_len = strlen(from->topic) + 1;
	char *memory = df_core_must(malloc(key_len + topic_len + from->len + 1));

	*to = *from;
	to->key = memcpy(memory, from->key, key_len);
	to->topic = memcpy(memory + key_len, from->topic, topic_len);
	memory += key_len + topic_len;
	if (from->len)
		memcpy(memory, from->value, from->len);
	memory[from->len] = '\0';
	to->value = memory;
}

void df_db_req_entry(struct df_db_req *req, const struct df_db_entry *entry)
{
	if (req->count == req->size) {
		req->size = req->size ? req->size * 2 : 4;
		req->entries = df_core_must(reallocarray(req->entries,
							 req->size,
							 sizeof(*entry)));
	}
	df_core_copy_entry(&req->entries[req->count++], entry);
}

void df_db_req_done(struct df_db_req *req)
{
	df_core_queue(req->db, &req->delivery, req_run, req_drop);
}

void df_db_req_fail(struct df_db_req *req, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	df_error_vset(&req->error, code, format, args);
	va_end(args);
	df_db_req_done(req);
}

void df_db_req_conflict(struct df_db_req *req, size_t index)
{
	req->conflict = index;
	df_db_req_fail(req, -ESTALE,
		       "something else was stored in the meantime");
}

void df_db_cancel(struct df_db_req *req)
{
	req->read = NULL;
	req->commit = NULL;
}

bool df_core_is_key(const char *key)
{
	size_t len = strlen(key);
	size_t i;

	for (i = 0; i < len; i++)
		if (key[i] <= ' ' || key[i] > '~')
			return false;
	return len && len <= DF_DB_KEY_MAX;
}

struct df_db_req *df_db_get(struct df_db *db, const char *key,
			    df_db_read_fn fn, void *arg)
{
	struct df_db_req *req = req_new(db, fn, NULL, arg);

	if (df_core_is_key(key))
		db->driver->get(db->priv, req, key);
	else
		df_db_req_fail(req, -EINVAL, "\"%s\" is not a key",
			       df_quote(key).text);
	return req;
}

struct df_db_req *df_db_list(struct df_db *db, const char *prefix,
			     const char *topic, df_db_read_fn fn, void *arg)
{
	struct df_db_req *req = req_new(db, fn, NULL, arg);

	if (!*prefix || df_core_is_key(prefix))
		db->driver->list(db->priv, req, prefix, topic);
	else
		df_db_req_fail(req, -EINVAL, "\"%s\" is not a key prefix",
			       df_quote(prefix).text);
	return req;
}

static int check_ops(const struct df_db *db, const struct df_db_op *ops,
		     size_t count, struct df_error *error)
{
	struct df_seen keys = { 0 };
	int err = 0;
	size_t i;

	if (count > db->driver->ops_max)
		return df_error_set(error, -E2BIG,
				    "the transaction has %zu operations, more than %zu",
				    count, db->driver->ops_max);
	for (i = 0; i < count && !err; i++) {
		struct df_seen_key *key;

		if (!df_core_is_key(ops[i].key))
			err = df_error_set(error, -EINVAL,
					   "\"%s\" is not a key",
					   df_quote(ops[i].key).text);
		else if (ops[i].type == DF_DB_PUT &&
			 ops[i].len > db->driver->value_max)
			err = df_error_set(error, -E2BIG,
					   "%s has %zu bytes, more than %zu",
					   ops[i].key, ops[i].len,
					   db->driver->value_max);
		if (err || ops[i].type == DF_DB_EMPTY)
			continue;
		key = df_core_must(df_seen_add(&keys, ops[i].key));
		if (key->round++)
			err = df_error_set(error, -EINVAL,
					   "%s is in the transaction twice",
					   ops[i].key);
	}
	df_seen_fini(&keys);
	return err;
}

struct df_db_req *df_db_commit(struct df_db *db, const struct df_db_op *ops,
			       size_t count, struct df_db_lease *lease,
			       df_db_commit_fn fn, void *arg)
{
	struct df_db_req *req = req_new(db, NULL, fn, arg);

	if (check_ops(db, ops, count, &req->error))
		df_db_req_done(req);
	else
		db->driver->commit(db->priv, req, ops, count,
				   df_core_lease_priv(lease));
	return req;
}
