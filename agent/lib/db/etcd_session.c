// SPDX-License-Identifier: GPL-2.0
/*
 * The etcd driver's sessions and calls. A server that is silent or says that it
 * cannot serve is left for the next one; calls that are under way are made again
 * there, unless that could do something twice.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd.h"

/* Between two tries, once all servers have been tried */
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 1000
/* What was refused will hardly be granted soon. */
#define REFUSED_MS 3000
/* Leases are given up within this time, when a database is closed. */
#define CLOSE_MS 2000

/**
 * struct df_etcd_rpc - a call, until it is answered
 * @call: NULL as long as it waits for a session
 * @in: the answer
 */
struct df_etcd_rpc {
	TAILQ_ENTRY(df_etcd_rpc) node;
	struct df_etcd *etcd;
	const char *method;
	struct df_pb message;
	unsigned int flags;
	df_etcd_reply_fn fn;
	void *arg;
	struct df_etcd_call *call;
	int64_t sent_ms;
	struct df_pb in;
};

static void rpc_end(struct df_etcd_rpc *rpc, int code, const char *text);

/* What a server means by "this call will not be answered here" */
static bool is_lost(unsigned int status, const char *text)
{
	switch (status) {
	case GRPC_UNAVAILABLE:
	case GRPC_CANCELLED:
	case GRPC_DEADLINE_EXCEEDED:
	case GRPC_UNAUTHENTICATED:
		return true;
	default:
		/* Our token is from before a change of users. */
		return strstr(text, "auth store is old");
	}
}

static int code_of(unsigned int status, const char *text)
{
	switch (status) {
	case GRPC_INVALID_ARGUMENT:
		if (strstr(text, "too large") || strstr(text, "too many"))
			return -E2BIG;
		if (strstr(text, "authentication failed") ||
		    strstr(text, "user name is empty"))
			return -EACCES;
		return -EINVAL;
	case GRPC_NOT_FOUND:
		return -ENOENT;
	case GRPC_PERMISSION_DENIED:
	case GRPC_FAILED_PRECONDITION:
		return -EACCES;
	case GRPC_RESOURCE_EXHAUSTED:
		return strstr(text, "space") ? -ENOSPC : -EBUSY;
	case GRPC_OUT_OF_RANGE:
		return strstr(text, "compacted") ? -ESTALE : -EIO;
	default:
		return -EIO;
	}
}

/* Calls */

static void on_message(void *arg, struct df_pb_part message)
{
	struct df_etcd_rpc *rpc = arg;

	rpc->in.len = 0;
	df_pb_raw(&rpc->in, message.data, message.len);
}

static void on_end(void *arg, unsigned int status, const char *text)
{
	struct df_etcd_rpc *rpc = arg;
	struct df_etcd *etcd = rpc->etcd;

	rpc->call = NULL;
	if (is_lost(status, text))
		df_etcd_lost(etcd, text);
	else
		rpc_end(rpc, status ? code_of(status, text) : 0, text);
}

static const struct df_etcd_call_ops rpc_ops = {
	.message = on_message,
	.end = on_end,
};

static void rpc_free(struct df_etcd_rpc *rpc)
{
	TAILQ_REMOVE(&rpc->etcd->rpcs, rpc, node);
	df_etcd_call_free(rpc->call);
	df_pb_fini(&rpc->message);
	df_pb_fini(&rpc->in);
	free(rpc);
}

static void rpc_end(struct df_etcd_rpc *rpc, int code, const char *text)
{
	struct df_etcd_reply reply = { .code = code, .text = text };
	df_etcd_reply_fn fn = rpc->fn;
	struct df_pb in = rpc->in;
	void *arg = rpc->arg;

	memset(&rpc->in, 0, sizeof(rpc->in));
	rpc_free(rpc);
	reply.message.data = in.data;
	reply.message.len = in.len;
	if (fn)
		fn(arg, &reply);
	df_pb_fini(&in);
}

static void rpc_send(struct df_etcd_rpc *rpc)
{
	struct df_etcd *etcd = rpc->etcd;

	rpc->sent_ms = df_etcd_now_ms();
	rpc->in.len = 0;
	rpc->call = df_etcd_call_new(etcd->http, rpc->method, &rpc->message,
				     &rpc_ops, rpc);
	if (!event_pending(etcd->stall, EV_TIMEOUT, NULL))
		df_etcd_arm(etcd->stall, etcd->uri.failover_ms);
}

void df_etcd_send(struct df_etcd *etcd, const char *method,
		  struct df_pb *message, unsigned int flags,
		  df_etcd_reply_fn fn, void *arg)
{
	struct df_etcd_rpc *rpc = df_etcd_must(calloc(1, sizeof(*rpc)));

	rpc->etcd = etcd;
	rpc->method = method;
	rpc->message = *message;
	rpc->flags = flags;
	rpc->fn = fn;
	rpc->arg = arg;
	memset(message, 0, sizeof(*message));
	TAILQ_INSERT_TAIL(&etcd->rpcs, rpc, node);
	if (etcd->is_ready || (flags & ETCD_SETUP))
		rpc_send(rpc);
}

static struct df_etcd_rpc *find_rpc(const struct df_etcd *etcd,
				    const void *arg)
{
	struct df_etcd_rpc *rpc;

	TAILQ_FOREACH(rpc, &etcd->rpcs, node)
		if (rpc->arg == arg)
			return rpc;
	return NULL;
}

void df_etcd_cancel(struct df_etcd *etcd, const void *arg)
{
	struct df_etcd_rpc *rpc;

	while ((rpc = find_rpc(etcd, arg)))
		rpc_free(rpc);
}

bool df_etcd_is_asking(const struct df_etcd *etcd, const void *arg)
{
	return find_rpc(etcd, arg);
}

void df_etcd_seen(struct df_etcd *etcd, uint64_t revision)
{
	if (revision > etcd->revision)
		etcd->revision = revision;
}

/* Sessions */

static void disconnect(struct df_etcd *etcd)
{
	struct df_etcd_rpc *rpc;

	etcd->is_ready = false;
	df_etcd_watches_stop(etcd);
	event_del(etcd->stall);
	event_del(etcd->ping);
	TAILQ_FOREACH(rpc, &etcd->rpcs, node) {
		df_etcd_call_free(rpc->call);
		rpc->call = NULL;
	}
	df_etcd_http_free(etcd->http);
	etcd->http = NULL;
}

/* A call that was made and may not be made again: its outcome is unknown. */
static struct df_etcd_rpc *find_unsure(const struct df_etcd *etcd)
{
	struct df_etcd_rpc *rpc;

	TAILQ_FOREACH(rpc, &etcd->rpcs, node)
		if (!rpc->call && rpc->sent_ms &&
		    (rpc->flags & (ETCD_ONCE | ETCD_SETUP)))
			return rpc;
	return NULL;
}

static void next_server(struct df_etcd *etcd, int64_t delay_ms)
{
	etcd->server = (etcd->server + 1) % etcd->uri.count;
	df_etcd_arm(etcd->retry, delay_ms);
}

void df_etcd_lost(struct df_etcd *etcd, const char *reason)
{
	const char *server = strstr(etcd->uri.servers[etcd->server], "://") + 3;
	unsigned int rounds;
	int64_t delay_ms = 0;
	struct df_etcd_rpc *rpc;

	if (!etcd->http)
		return;
	snprintf(etcd->reason, sizeof(etcd->reason), "%s: %s", server, reason);
	disconnect(etcd);
	rounds = ++etcd->failures / etcd->uri.count;
	if (rounds) {
		df_db_state(etcd->db, false, "%s: %s", etcd->uri.label,
			    etcd->reason);
		delay_ms = (int64_t)RETRY_MIN_MS << (rounds < 5 ? rounds - 1 : 4);
		if (delay_ms > RETRY_MAX_MS)
			delay_ms = RETRY_MAX_MS;
	}
	next_server(etcd, delay_ms);
	while ((rpc = find_unsure(etcd)))
		rpc_end(rpc, -ENOTCONN, etcd->reason);
}

void df_etcd_ready(struct df_etcd *etcd)
{
	struct df_etcd_rpc *rpc;

	etcd->is_ready = true;
	etcd->failures = 0;
	etcd->refusal.code = 0;
	df_db_state(etcd->db, true, "%s", "");
	TAILQ_FOREACH(rpc, &etcd->rpcs, node)
		if (!rpc->call)
			rpc_send(rpc);
	df_etcd_watches_start(etcd);
}

/* Every request is told; what has no user waits on. */
void df_etcd_refused(struct df_etcd *etcd, int code, const char *text)
{
	struct df_etcd_request *request;

	disconnect(etcd);
	etcd->refusal.code = code;
	snprintf(etcd->refusal.text, sizeof(etcd->refusal.text), "%s: %s",
		 etcd->uri.label, text);
	df_db_state(etcd->db, false, "%s", etcd->refusal.text);
	next_server(etcd, REFUSED_MS);
	while ((request = TAILQ_FIRST(&etcd->requests))) {
		df_db_req_fail(request->req, code, "%s", etcd->refusal.text);
		request->end(request);
	}
}

static void on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct df_etcd *etcd = arg;

	(void)fd;
	(void)what;
	etcd->http = df_etcd_http_new(etcd->base, &etcd->uri,
				      etcd->uri.servers[etcd->server]);
	df_etcd_setup(etcd);
}

static void on_stall(evutil_socket_t fd, short what, void *arg)
{
	struct df_etcd *etcd = arg;
	int64_t since = INT64_MAX;
	struct df_etcd_rpc *rpc;
	char text[80];
	int64_t left;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(rpc, &etcd->rpcs, node)
		if (rpc->call && rpc->sent_ms < since)
			since = rpc->sent_ms;
	if (since == INT64_MAX || !etcd->http)
		return;
	if (since < df_etcd_http_heard_ms(etcd->http))
		since = df_etcd_http_heard_ms(etcd->http);
	left = since + etcd->uri.failover_ms - df_etcd_now_ms();
	if (left > 0) {
		df_etcd_arm(etcd->stall, left);
		return;
	}
	snprintf(text, sizeof(text), "there was no answer for %u ms",
		 etcd->uri.failover_ms);
	df_etcd_lost(etcd, text);
}

/* Opening and closing */

static void etcd_free(struct df_etcd *etcd)
{
	while (!TAILQ_EMPTY(&etcd->rpcs))
		rpc_free(TAILQ_FIRST(&etcd->rpcs));
	df_etcd_http_free(etcd->http);
	if (etcd->retry)
		event_free(etcd->retry);
	if (etcd->stall)
		event_free(etcd->stall);
	if (etcd->ping)
		event_free(etcd->ping);
	df_etcd_uri_fini(&etcd->uri);
	free(etcd);
}

int df_etcd_open(void **out, struct df_db *db, const char *uri,
		 struct event_base *base, struct df_error *error)
{
	struct df_etcd *etcd = df_etcd_must(calloc(1, sizeof(*etcd)));
	int err;

	TAILQ_INIT(&etcd->rpcs);
	TAILQ_INIT(&etcd->requests);
	LIST_INIT(&etcd->subs);
	LIST_INIT(&etcd->leases);
	err = df_etcd_uri_parse(&etcd->uri, uri, error);
	if (err) {
		free(etcd);
		return err;
	}
	etcd->db = db;
	etcd->base = base;
	etcd->mark = df_etcd_random();
	/* Clients spread over the servers. */
	etcd->server = df_etcd_random() % etcd->uri.count;
	etcd->retry = df_etcd_must(evtimer_new(base, on_retry, etcd));
	etcd->stall = df_etcd_must(evtimer_new(base, on_stall, etcd));
	etcd->ping = df_etcd_must(evtimer_new(base, df_etcd_ping, etcd));
	df_etcd_arm(etcd->retry, 0);
	*out = etcd;
	return 0;
}

/* Leases end by calls that nobody waits for: they have no function. */
static bool has_last_words(const struct df_etcd *etcd)
{
	const struct df_etcd_rpc *rpc;

	TAILQ_FOREACH(rpc, &etcd->rpcs, node)
		if (rpc->call && !rpc->fn)
			return true;
	return false;
}

void df_etcd_close(void *priv)
{
	int64_t until = df_etcd_now_ms() + CLOSE_MS;
	struct df_etcd *etcd = priv;
	struct df_etcd_request *request;

	while ((request = TAILQ_FIRST(&etcd->requests)))
		request->end(request);
	/* Only a server that is there can be told. */
	while (etcd->is_ready && has_last_words(etcd) &&
	       df_etcd_now_ms() < until)
		df_etcd_http_flush(etcd->http, 50);
	etcd_free(etcd);
}
