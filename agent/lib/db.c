// SPDX-License-Identifier: GPL-2.0
/*
 * The core of the database layer: finds drivers, checks arguments and delivers
 * answers and events from the event loop, never from inside of a call.
 */
#include <dlfcn.h>
#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "db.h"
#include "error.h"
#include "seen.h"

/* Deliveries in one turn of the event loop, so that others get theirs. */
#define DELIVER_MAX 512

/**
 * struct delivery - something to call a user for, in the order of the queue
 * @run: calls the user, and frees
 * @drop: only frees
 */
struct delivery {
	TAILQ_ENTRY(delivery) node;
	void (*run)(struct delivery *delivery);
	void (*drop)(struct delivery *delivery);
};

/**
 * struct df_db - an open database
 * @refs: the user, and the delivery that runs
 * @driver: its driver
 * @priv: the driver's own
 * @deliver: runs @queue
 * @queue: what users are not told yet
 * @reqs: requests that are not delivered
 * @subs: subscriptions that are not ended
 * @leases: leases that are not freed
 * @state_fn: told of @is_up, with @state_arg
 */
struct df_db {
	int refs;
	const struct df_db_driver *driver;
	void *priv;
	struct event *deliver;
	TAILQ_HEAD(, delivery) queue;
	LIST_HEAD(, df_db_req) reqs;
	LIST_HEAD(, df_db_sub) subs;
	LIST_HEAD(, df_db_lease) leases;
	df_db_state_fn state_fn;
	void *state_arg;
	bool is_up;
};

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

struct state_event {
	struct delivery delivery;
	struct df_db *db;
	bool up;
	struct df_error error;
};

int df_db_error(struct df_error *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	df_error_vset(error, code, format, args);
	va_end(args);
	return code;
}

static void *must(void *memory)
{
	/* A lost answer or event would be worse than an end. */
	if (!memory)
		abort();
	return memory;
}

/* Delivery */

static void queue_delivery(struct df_db *db, struct delivery *delivery,
			   void (*run)(struct delivery *),
			   void (*drop)(struct delivery *))
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

static bool dir_of_library(char *dir, size_t size)
{
	static const char own_symbol;
	char path[PATH_MAX];
	char *slash;
	Dl_info info;

	if (!dladdr(&own_symbol, &info) || !realpath(info.dli_fname, path))
		return false;
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return snprintf(dir, size, "%s/dragonflow", path) < (int)size &&
	       !access(dir, X_OK);
}

void df_db_driver_dir(char *dir, size_t size)
{
	const char *chosen = secure_getenv("DRAGONFLOW_DRIVER_DIR");

	if (chosen && *chosen)
		snprintf(dir, size, "%s", chosen);
	else if (!dir_of_library(dir, size))
		snprintf(dir, size, "%s", DF_DRIVER_DIR);
}

static int scheme_of(char *scheme, size_t size, const char *uri,
		     struct df_error *error)
{
	size_t len = strspn(uri, "abcdefghijklmnopqrstuvwxyz0123456789");

	if (!len || len >= size || strncmp(uri + len, "://", 3))
		return df_error_set(error, -EINVAL,
				    "\"%s\" is not a database URI, such as sqlite:///var/lib/dragonflow/nb.db",
				    df_quote(uri).text);
	memcpy(scheme, uri, len);
	scheme[len] = '\0';
	return 0;
}

static int load_driver(const struct df_db_driver **out, const char *uri,
		       struct df_error *error)
{
	const struct df_db_driver *driver;
	char path[PATH_MAX + 64];
	char dir[PATH_MAX];
	char scheme[32];
	void *so;
	int err;

	err = scheme_of(scheme, sizeof(scheme), uri, error);
	if (err)
		return err;
	df_db_driver_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/%s.so", dir, scheme);
	if (access(path, F_OK))
		return df_error_set(error, -EPROTONOSUPPORT,
				    "there is no database driver \"%s\": %.300s: %s",
				    scheme, path, strerror(errno));
	/* Stays loaded: its code may be on the stack of whoever closes. */
	so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!so)
		return df_error_set(error, -ELIBBAD,
				    "cannot load the database driver \"%s\": %.400s",
				    scheme, dlerror());
	driver = dlsym(so, "df_db_driver");
	if (!driver || driver->abi != DF_DB_ABI ||
	    strcmp(driver->scheme, scheme)) {
		dlclose(so);
		return df_error_set(error, -ELIBBAD,
				    "%.300s is not a database driver for \"%s\" of this version",
				    path, scheme);
	}
	*out = driver;
	return 0;
}

int df_db_open(struct df_db **out, const char *uri, struct event_base *base,
	       struct df_error *error)
{
	const struct df_db_driver *driver;
	struct df_db *db;
	int err;

	err = load_driver(&driver, uri, error);
	if (err)
		return err;
	db = must(calloc(1, sizeof(*db)));
	db->refs = 1;
	db->driver = driver;
	db->is_up = true;
	db->deliver = must(event_new(base, -1, 0, deliver, db));
	TAILQ_INIT(&db->queue);
	err = driver->open(&db->priv, db, uri, base, error);
	if (err) {
		db_put(db);
		return err;
	}
	*out = db;
	return 0;
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
	event = must(calloc(1, sizeof(*event)));
	event->db = db;
	event->up = up;
	if (!up) {
		va_start(args, format);
		df_error_vset(&event->error, -ENOTCONN, format, args);
		va_end(args);
	}
	queue_delivery(db, &event->delivery, state_run, state_drop);
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
	struct df_db_req *req = must(calloc(1, sizeof(*req)));

	req->db = db;
	req->read = read;
	req->commit = commit;
	req->arg = arg;
	LIST_INSERT_HEAD(&db->reqs, req, node);
	return req;
}

/* One allocation: key, topic, value, each with a NUL behind it. */
static void entry_copy(struct df_db_entry *to, const struct df_db_entry *from)
{
	size_t key_len = strlen(from->key) + 1;
	size_t topic_len = strlen(from->topic) + 1;
	char *memory = must(malloc(key_len + topic_len + from->len + 1));

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
		req->entries = must(realloc(req->entries,
					    req->size *
					    sizeof(*req->entries)));
	}
	entry_copy(&req->entries[req->count++], entry);
}

void df_db_req_done(struct df_db_req *req)
{
	queue_delivery(req->db, &req->delivery, req_run, req_drop);
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

static bool is_key(const char *key)
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

	if (is_key(key))
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

	if (!*prefix || is_key(prefix))
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

		if (!is_key(ops[i].key))
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
		key = must(df_seen_add(&keys, ops[i].key));
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
				   lease ? lease->priv : NULL);
	return req;
}

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
	struct sub_event *event = must(calloc(1, sizeof(*event)));

	sub->refs++;
	event->sub = sub;
	event->type = type;
	if (entry) {
		event->entry = must(malloc(sizeof(*event->entry)));
		entry_copy(event->entry, entry);
	}
	queue_delivery(sub->db, &event->delivery, sub_run, sub_drop);
}

int df_db_subscribe(struct df_db_sub **out, struct df_db *db,
		    const char *topic, df_db_event_fn fn, void *arg,
		    struct df_error *error)
{
	bool is_all = !strcmp(topic, "*");
	struct df_db_sub *sub;
	int err;

	if (!is_key(topic))
		return df_error_set(error, -EINVAL, "\"%s\" is not a topic",
				    df_quote(topic).text);
	if (is_all && !(db->driver->caps & DF_DB_CAP_SUBSCRIBE_ALL))
		return df_error_set(error, -EOPNOTSUPP,
				    "a %s database cannot follow all topics at once",
				    db->driver->scheme);
	sub = must(calloc(1, sizeof(*sub) + strlen(topic) + 1));
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
	struct df_seen_key *key = must(df_seen_add(&sub->seen, entry->key));

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
	struct df_db_lease *lease = must(calloc(1, sizeof(*lease)));
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
	struct lease_event *event = must(calloc(1, sizeof(*event)));
	va_list args;

	lease->refs++;
	event->lease = lease;
	va_start(args, format);
	df_error_vset(&event->error, -EOWNERDEAD, format, args);
	va_end(args);
	queue_delivery(lease->db, &event->delivery, lease_run, lease_drop);
}
