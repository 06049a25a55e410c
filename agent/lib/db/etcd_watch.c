// SPDX-License-Identifier: GPL-2.0
/*
 * The etcd driver's subscriptions. A topic is read as of one revision, and then
 * watched from the next one on. All watches are one stream. When it is lost, they
 * begin again with the revision that came last, of which nothing is missed; if that
 * has been compacted meanwhile, the topic is read anew.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd.h"

/* What was refused, or could not be read, is tried again after that time. */
#define AGAIN_MS 1000

/**
 * struct df_etcd_sub - a subscription
 * @sub: the core's side
 * @prefix: of its keys
 * @read: reads them; its etcd is NULL when it does not
 * @id: of its watch; 0: it is not watched
 * @revision: what comes next is not older
 * @again: reads them anew
 */
struct df_etcd_sub {
	LIST_ENTRY(df_etcd_sub) node;
	struct df_etcd *etcd;
	struct df_db_sub *sub;
	struct df_etcd_key prefix;
	struct df_etcd_read read;
	uint64_t id;
	uint64_t revision;
	struct event *again;
};

static void begin(struct df_etcd_sub *sub);

/* The stream */

static void on_message(void *arg, struct df_pb_part message);
static void on_end(void *arg, unsigned int status, const char *text);

static const struct df_etcd_call_ops stream_ops = {
	.message = on_message,
	.end = on_end,
};

static void watch(struct df_etcd_sub *sub)
{
	struct df_etcd *etcd = sub->etcd;
	struct df_etcd_key end = sub->prefix;
	struct df_pb pb = { 0 };
	size_t mark;

	df_etcd_key_end(&end);
	sub->id = ++etcd->watch_ids;
	mark = df_pb_open(&pb, 1);
	df_pb_bytes(&pb, 1, sub->prefix.text, sub->prefix.len);
	df_pb_bytes(&pb, 2, end.text, end.len);
	df_pb_uint(&pb, 3, sub->revision);
	/* So that an idle topic's revision gets on. */
	df_pb_uint(&pb, 4, 1);
	df_pb_uint(&pb, 7, sub->id);
	df_pb_close(&pb, mark);
	if (!etcd->stream)
		etcd->stream = df_etcd_call_new(etcd->http,
						"etcdserverpb.Watch/Watch",
						NULL, &stream_ops, etcd);
	df_etcd_call_write(etcd->stream, &pb);
	df_pb_fini(&pb);
	if (!event_pending(etcd->ping, EV_TIMEOUT, NULL) &&
	    !df_etcd_is_asking(etcd, &etcd->ping))
		df_etcd_arm(etcd->ping, 1);
}

static void unwatch(struct df_etcd_sub *sub)
{
	struct df_pb pb = { 0 };
	size_t mark;

	if (sub->id && sub->etcd->stream) {
		mark = df_pb_open(&pb, 2);
		df_pb_uint(&pb, 1, sub->id);
		df_pb_close(&pb, mark);
		df_etcd_call_write(sub->etcd->stream, &pb);
		df_pb_fini(&pb);
	}
	sub->id = 0;
}

static struct df_etcd_sub *find(const struct df_etcd *etcd, uint64_t id)
{
	struct df_etcd_sub *sub;

	LIST_FOREACH(sub, &etcd->subs, node)
		if (sub->id == id)
			return sub;
	return NULL;
}

static void watch_ended(struct df_etcd_sub *sub,
			const struct df_etcd_watch *watch)
{
	struct df_etcd *etcd = sub->etcd;
	char text[120];

	sub->id = 0;
	if (watch->compacted) {
		begin(sub);
		return;
	}
	/* No leader, most of the time; or we may not read any more. */
	snprintf(text, sizeof(text), "%.*s", (int)watch->reason.len,
		 watch->reason.len ? (const char *)watch->reason.data : "");
	df_etcd_lost(etcd, *text ? text : "the watch was cancelled");
}

static void tell(struct df_etcd_sub *sub, struct df_etcd_watch *watch)
{
	const char *root = sub->etcd->uri.root;
	struct df_etcd_names names;
	struct df_db_entry entry;
	struct df_etcd_kv kv;
	bool is_put;

	while (df_etcd_watch_next(watch, &kv, &is_put) > 0) {
		if (is_put && !df_etcd_entry_parse(&entry, &names, &kv, root,
						   't'))
			df_db_sub_put(sub->sub, &entry);
		else if (!is_put && !df_etcd_names_parse(&names, &kv, root))
			df_db_sub_delete(sub->sub, names.key, names.topic);
		if (kv.revision > sub->revision)
			sub->revision = kv.revision;
	}
}

static void on_message(void *arg, struct df_pb_part message)
{
	struct df_etcd *etcd = arg;
	struct df_etcd_watch watch;
	struct df_etcd_sub *sub;

	if (df_etcd_watch_parse(&watch, message)) {
		df_etcd_lost(etcd, "the answer is no answer of etcd");
		return;
	}
	sub = find(etcd, watch.id);
	if (!sub || !watch.id)
		return;
	if (watch.is_cancelled)
		watch_ended(sub, &watch);
	else if (watch.has_events)
		tell(sub, &watch);
	else if (!watch.is_created && watch.revision > sub->revision)
		/* It has got all up to that one. */
		sub->revision = watch.revision;
}

static void on_end(void *arg, unsigned int status, const char *text)
{
	struct df_etcd *etcd = arg;

	etcd->stream = NULL;
	df_etcd_lost(etcd, status ? text : "the server ended the watches");
}

void df_etcd_watches_stop(struct df_etcd *etcd)
{
	struct df_etcd_sub *sub;

	df_etcd_call_free(etcd->stream);
	etcd->stream = NULL;
	LIST_FOREACH(sub, &etcd->subs, node)
		sub->id = 0;
}

void df_etcd_watches_start(struct df_etcd *etcd)
{
	struct df_etcd_sub *sub;

	LIST_FOREACH(sub, &etcd->subs, node)
		if (sub->revision && !sub->id)
			watch(sub);
}

/* Snapshots */

static void on_piece(struct df_etcd_read *read, struct df_etcd_range *range,
		     const struct df_etcd_reply *reply)
{
	struct df_etcd_sub *sub = (struct df_etcd_sub *)
		((char *)read - offsetof(struct df_etcd_sub, read));
	const char *root = sub->etcd->uri.root;
	struct df_etcd_kv kv = { .key.len = 0 };
	struct df_etcd_names names;
	struct df_db_entry entry;
	bool has_more;

	(void)reply;
	if (!range) {
		df_etcd_arm(sub->again, AGAIN_MS);
		return;
	}
	has_more = range->has_more;
	while (df_etcd_range_next(range, &kv) > 0)
		if (!df_etcd_entry_parse(&entry, &names, &kv, root, 't'))
			df_db_sub_put(sub->sub, &entry);
	if (has_more && kv.key.len) {
		df_etcd_read_more(read, &kv);
		return;
	}
	df_db_sub_end(sub->sub);
	sub->revision = read->revision + 1;
	if (sub->etcd->is_ready)
		watch(sub);
}

static void begin(struct df_etcd_sub *sub)
{
	sub->revision = 0;
	df_db_sub_begin(sub->sub);
	df_etcd_read_end(&sub->read);
	df_etcd_read_start(&sub->read, sub->etcd, &sub->prefix);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	begin(arg);
}

int df_etcd_subscribe(void **out, void *priv, struct df_db_sub *core,
		      const char *topic, struct df_error *error)
{
	struct df_etcd *etcd = priv;
	struct df_etcd_sub *sub = df_etcd_must(calloc(1, sizeof(*sub)));

	(void)error;
	sub->etcd = etcd;
	sub->sub = core;
	sub->again = df_etcd_must(evtimer_new(etcd->base, on_again, sub));
	sub->read.piece = on_piece;
	if (strcmp(topic, "*"))
		df_etcd_key_topic(&sub->prefix, etcd->uri.root, topic, "");
	else
		df_etcd_key_set(&sub->prefix, etcd->uri.root, 't', "");
	LIST_INSERT_HEAD(&etcd->subs, sub, node);
	begin(sub);
	*out = sub;
	return 0;
}

void df_etcd_unsubscribe(void *priv, void *old)
{
	struct df_etcd_sub *sub = old;

	(void)priv;
	unwatch(sub);
	df_etcd_read_end(&sub->read);
	event_free(sub->again);
	LIST_REMOVE(sub, node);
	free(sub);
}
