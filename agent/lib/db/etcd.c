// SPDX-License-Identifier: GPL-2.0
/*
 * The etcd driver: its table, and what its parts share. etcd_wire.h tells how a
 * database is laid out; etcd_session.c connects, etcd_commit.c writes,
 * etcd_read.c reads, etcd_watch.c follows topics, etcd_lease.c keeps leases.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "etcd.h"

void *df_etcd_must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

void df_etcd_arm(struct event *timer, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	if (ms > 0)
		event_add(timer, &tv);
	else
		event_active(timer, EV_TIMEOUT, 0);
}

uint64_t df_etcd_random(void)
{
	uint64_t number;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		abort();
	/* Numbers of leases are positive, and signed. */
	number &= INT64_MAX;
	return number ? number : 1;
}

bool df_etcd_is_topic(const char *topic)
{
	size_t len = strlen(topic);
	size_t i;

	for (i = 0; i < len; i++)
		if (topic[i] <= ' ' || topic[i] > '~')
			return false;
	return len && len <= DF_DB_KEY_MAX && strcmp(topic, "*");
}

/* Requests */

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	struct df_etcd_request *request = arg;
	struct df_etcd *etcd = request->etcd;

	(void)fd;
	(void)what;
	if (etcd->is_ready)
		df_db_req_fail(request->req, -ETIMEDOUT,
			       "%s: there was no answer for %u ms",
			       etcd->uri.label, etcd->uri.timeout_ms);
	else
		df_db_req_fail(request->req, -ENOTCONN,
			       "%s: there was no connection for %u ms (%s)",
			       etcd->uri.label, etcd->uri.timeout_ms,
			       etcd->reason[0] ? etcd->reason : "no answer");
	request->end(request);
}

void df_etcd_request_init(struct df_etcd *etcd, struct df_etcd_request *request,
			  struct df_db_req *req,
			  void (*end)(struct df_etcd_request *request))
{
	request->etcd = etcd;
	request->req = req;
	request->end = end;
	request->timer = df_etcd_must(evtimer_new(etcd->base, on_late, request));
	TAILQ_INSERT_TAIL(&etcd->requests, request, node);
	df_etcd_request_extend(request);
}

void df_etcd_request_extend(struct df_etcd_request *request)
{
	df_etcd_arm(request->timer, request->etcd->uri.timeout_ms);
}

void df_etcd_request_fini(struct df_etcd_request *request)
{
	TAILQ_REMOVE(&request->etcd->requests, request, node);
	event_free(request->timer);
}

bool df_etcd_is_refused(struct df_etcd *etcd, struct df_db_req *req)
{
	if (etcd->refusal.code)
		df_db_req_fail(req, etcd->refusal.code, "%s",
			       etcd->refusal.text);
	return etcd->refusal.code;
}

void df_etcd_fail(struct df_etcd *etcd, struct df_db_req *req,
		  const struct df_etcd_reply *reply)
{
	const char *text = reply->text;

	if (reply->code == -EACCES)
		text = etcd->uri.auth ?
		       "access is denied: the user has no permission for this path" :
		       "access is denied: it wants a user and a password";
	df_db_req_fail(req, reply->code, "%s: %s", etcd->uri.label, text);
}

/* Is the server there? */

/* A server that has been silent for so long is asked something. */
static int64_t ping_ms(const struct df_etcd *etcd)
{
	return 2 * (int64_t)etcd->uri.failover_ms;
}

static void on_pong(void *arg, const struct df_etcd_reply *reply)
{
	struct df_etcd *etcd = (struct df_etcd *)((char *)arg -
			       offsetof(struct df_etcd, ping));

	(void)reply;
	df_etcd_arm(etcd->ping, ping_ms(etcd));
}

void df_etcd_ping(evutil_socket_t fd, short what, void *arg)
{
	struct df_etcd *etcd = arg;
	struct df_pb pb = { 0 };
	int64_t left;
	char key[DF_ETCD_ROOT_MAX + 16];

	(void)fd;
	(void)what;
	if (!etcd->is_ready)
		return;
	left = df_etcd_http_heard_ms(etcd->http) + ping_ms(etcd) -
	       df_etcd_now_ms();
	if (left > 0) {
		df_etcd_arm(etcd->ping, left);
		return;
	}
	snprintf(key, sizeof(key), "%s/format", etcd->uri.root);
	df_pb_bytes(&pb, 1, key, strlen(key));
	df_pb_uint(&pb, 9, 1);
	df_etcd_send(etcd, "etcdserverpb.KV/Range", &pb, ETCD_ONCE, on_pong,
		     &etcd->ping);
}

extern const struct df_db_driver df_db_driver;

__attribute__((visibility("default")))
const struct df_db_driver df_db_driver = {
	.abi = DF_DB_ABI,
	.scheme = "etcd",
	.caps = DF_DB_CAP_SUBSCRIBE_ALL,
	.value_max = DF_ETCD_VALUE_MAX,
	.ops_max = DF_ETCD_OPS_MAX,
	.open = df_etcd_open,
	.close = df_etcd_close,
	.get = df_etcd_get,
	.list = df_etcd_list,
	.commit = df_etcd_commit,
	.subscribe = df_etcd_subscribe,
	.unsubscribe = df_etcd_unsubscribe,
	.lease_new = df_etcd_lease_new,
	.lease_free = df_etcd_lease_free,
};
