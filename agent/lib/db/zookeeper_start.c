// SPDX-License-Identifier: GPL-2.0
/* The ZooKeeper driver's beginning and end, and what happens to its session. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"

/* How long it takes to say that there is no connection, and to try again */
#define CONNECT_S 1
/* How long closing may take for leases that were just given up */
#define FAREWELL_MS 1000

static void arm_connect(struct df_zk *zk)
{
	struct timeval later = { .tv_sec = CONNECT_S };

	event_add(zk->connect_timer, &later);
}

static void say_down(struct df_zk *zk)
{
	char reason[160];

	df_zk_session_reason(reason, sizeof(reason));
	df_db_state(zk->db, false, "%s: there is no connection (%s)",
		    zk->uri.label, reason);
}

static void begin_session(struct df_zk *zk)
{
	int err;

	err = df_zk_session_new(&zk->session, zk);
	if (err)
		df_db_state(zk->db, false, "%s: %s", zk->uri.label,
			    strerror(-err));
	arm_connect(zk);
}

static void on_connect_timer(evutil_socket_t fd, short events, void *arg)
{
	struct df_zk *zk = arg;

	(void)fd;
	(void)events;
	if (!zk->session)
		begin_session(zk);
	else if (!zk->is_up)
		say_down(zk);
	else if (!zk->is_ready)
		df_zk_log_start(zk);
}

static void end_session(struct df_zk *zk)
{
	struct df_zk_session *session = zk->session;

	if (!session)
		return;
	df_zk_session_free(session);
	zk->session = NULL;
	zk->is_up = false;
	zk->is_ready = false;
	zk->is_janitor = false;
	zk->is_rotating = false;
	zk->is_sweeping = false;
	df_zk_slots_lost(zk);
}

void df_zk_on_up(struct df_zk *zk)
{
	if (zk->is_up)
		return;
	zk->is_up = true;
	event_del(zk->connect_timer);
	if (!zk->is_ready)
		df_zk_log_start(zk);
	else
		df_db_state(zk->db, true, " ");
	df_zk_pump(zk);
}

void df_zk_on_down(struct df_zk *zk)
{
	if (!zk->is_up)
		return;
	zk->is_up = false;
	say_down(zk);
}

void df_zk_on_end(struct df_zk *zk, int rc)
{
	bool was_up = zk->is_up || zk->is_ready;

	if (zk->is_ready)
		df_db_state(zk->db, false, "%s: %s", zk->uri.label,
			    df_zk_strerror(rc));
	end_session(zk);
	df_zk_leases_lost(zk);
	df_zk_calls_lost(zk);
	if (was_up && !zk->is_closing)
		begin_session(zk);
	else
		arm_connect(zk);
}

void df_zk_on_watch(struct df_zk *zk, const char *path)
{
	const char *rest = path + strlen(zk->uri.root);

	if (strncmp(path, zk->uri.root, strlen(zk->uri.root)) ||
	    *rest++ != '/')
		return;
	if (!strcmp(rest, "log"))
		df_zk_log_refresh(zk);
	else if (!strncmp(rest, "log/", 4))
		df_zk_feeds_watch(zk, path);
	else
		df_zk_janitor_watch(zk, rest);
}

static const struct ACL_vector *acl_of(const struct df_zk_uri *uri)
{
	/* Who has a user and a password, owns what it creates. */
	return uri->auth ? &ZOO_CREATOR_ALL_ACL : &ZOO_OPEN_ACL_UNSAFE;
}

int df_zk_open(void **out, struct df_db *db, const char *uri,
	       struct event_base *base, struct df_error *error)
{
	struct df_zk *zk = calloc(1, sizeof(*zk));
	int err;

	if (!zk)
		return df_db_error(error, -ENOMEM, "out of memory");
	err = df_zk_uri_parse(&zk->uri, uri, error);
	if (err) {
		free(zk);
		return err;
	}
	zk->db = db;
	zk->base = base;
	zk->acl = *acl_of(&zk->uri);
	df_uuid_new(zk->id);
	TAILQ_INIT(&zk->early);
	TAILQ_INIT(&zk->pending);
	TAILQ_INIT(&zk->sent);
	TAILQ_INIT(&zk->requests);
	TAILQ_INIT(&zk->commits);
	zk->connect_timer = evtimer_new(base, on_connect_timer, zk);
	zk->request_timer = evtimer_new(base, df_zk_request_timer, zk);
	if (!zk->connect_timer || !zk->request_timer)
		abort();
	begin_session(zk);
	*out = zk;
	return 0;
}

/* Let the leases that were given up take their entries with them. */
static void say_farewell(struct df_zk *zk)
{
	int64_t until = df_zk_now_ms() + FAREWELL_MS;
	int64_t left;

	while (!LIST_EMPTY(&zk->reaps) && zk->session && zk->is_up &&
	       (left = until - df_zk_now_ms()) > 0)
		df_zk_session_run(zk->session, left);
}

void df_zk_close(void *priv)
{
	struct df_zk *zk = priv;

	zk->is_closing = true;
	df_zk_requests_end(zk, ZK_END_CLOSED);
	df_zk_heir_fini(zk);
	say_farewell(zk);
	df_zk_reaps_fini(zk);
	df_zk_requests_end(zk, ZK_END_CLOSED);
	while (!LIST_EMPTY(&zk->feeds))
		df_zk_feed_free(LIST_FIRST(&zk->feeds));
	df_zk_purges_fini(zk);
	df_zk_janitor_fini(zk);
	df_zk_calls_fini(zk);
	end_session(zk);
	df_zk_known_clear(zk);
	event_free(zk->connect_timer);
	event_free(zk->request_timer);
	df_zk_uri_fini(&zk->uri);
	free(zk);
}
