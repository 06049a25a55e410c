// SPDX-License-Identifier: GPL-2.0
/* The etcd driver's reading: one entry, or all with a prefix as of one revision. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "etcd.h"

/*
 * Keys in a piece: few at first, as each may have the largest of values; then as
 * many as make a fair answer. A server walks all that are left for each piece.
 */
#define PIECE_MIN 200
#define PIECE_MAX 20000
#define PIECE_BYTES (1024 * 1024)

/**
 * struct read_request - a get or a list
 * @kind: which of the keys of an entry is read
 * @wants_none: only entries that are in no topic
 */
struct read_request {
	struct df_etcd_request base;
	struct df_etcd_read read;
	char kind;
	bool wants_none;
};

/* In pieces */

static void on_piece(void *arg, const struct df_etcd_reply *reply);

static void read_piece(struct df_etcd_read *read)
{
	struct df_pb pb = { 0 };

	df_pb_bytes(&pb, 1, read->at.text, read->at.len);
	df_pb_bytes(&pb, 2, read->end.text, read->end.len);
	df_pb_uint(&pb, 3, read->limit);
	if (read->revision)
		df_pb_uint(&pb, 4, read->revision);
	df_etcd_send(read->etcd, "etcdserverpb.KV/Range", &pb, 0, on_piece,
		     read);
}

static void on_piece(void *arg, const struct df_etcd_reply *reply)
{
	static const struct df_etcd_reply garbled = {
		.code = -EBADMSG,
		.text = "the answer is no answer of etcd",
	};
	struct df_etcd_read *read = arg;
	struct df_etcd_range range;

	if (reply->code) {
		read->piece(read, NULL, reply);
		return;
	}
	if (df_etcd_range_parse(&range, reply->message) || !range.revision) {
		read->piece(read, NULL, &garbled);
		return;
	}
	df_etcd_seen(read->etcd, range.revision);
	if (!read->revision)
		read->revision = range.revision;
	if (reply->message.len < PIECE_BYTES && read->limit < PIECE_MAX)
		read->limit *= 2;
	else if (reply->message.len > 4 * PIECE_BYTES &&
		 read->limit > PIECE_MIN)
		read->limit /= 2;
	read->piece(read, &range, reply);
}

void df_etcd_read_start(struct df_etcd_read *read, struct df_etcd *etcd,
			const struct df_etcd_key *prefix)
{
	read->etcd = etcd;
	read->at = *prefix;
	read->end = *prefix;
	df_etcd_key_end(&read->end);
	read->revision = 0;
	read->limit = PIECE_MIN;
	read_piece(read);
}

void df_etcd_read_more(struct df_etcd_read *read, const struct df_etcd_kv *last)
{
	/* The smallest key behind that one has a zero byte more. */
	if (last->key.len < sizeof(read->at.text)) {
		memcpy(read->at.text, last->key.data, last->key.len);
		read->at.text[last->key.len] = '\0';
		read->at.len = last->key.len + 1;
	}
	read_piece(read);
}

void df_etcd_read_end(struct df_etcd_read *read)
{
	if (read->etcd)
		df_etcd_cancel(read->etcd, read);
}

/* Requests */

static void request_end(struct df_etcd_request *base)
{
	struct read_request *request = (struct read_request *)base;

	df_etcd_request_fini(base);
	df_etcd_cancel(base->etcd, request);
	df_etcd_read_end(&request->read);
	free(request);
}

static struct read_request *request_new(struct df_etcd *etcd,
					struct df_db_req *req)
{
	struct read_request *request;

	if (df_etcd_is_refused(etcd, req))
		return NULL;
	request = df_etcd_must(calloc(1, sizeof(*request)));
	request->kind = 'k';
	df_etcd_request_init(etcd, &request->base, req, request_end);
	return request;
}

static void garbled(struct read_request *request)
{
	struct df_etcd_reply reply = {
		.code = -EBADMSG,
		.text = "something there is not what Dragonflow writes",
	};

	df_etcd_fail(request->base.etcd, request->base.req, &reply);
}

/* 0 or -EBADMSG; @last is the last one. */
static int answer(struct read_request *request, struct df_etcd_range *range,
		  struct df_etcd_kv *last)
{
	struct df_etcd *etcd = request->base.etcd;
	struct df_etcd_names names;
	struct df_db_entry entry;
	int more;

	while ((more = df_etcd_range_next(range, last)) > 0) {
		if (df_etcd_entry_parse(&entry, &names, last, etcd->uri.root,
					request->kind))
			return -EBADMSG;
		if (!request->wants_none || !*entry.topic)
			df_db_req_entry(request->base.req, &entry);
	}
	return more;
}

static void on_get(void *arg, const struct df_etcd_reply *reply)
{
	struct read_request *request = arg;
	struct df_etcd_range range;
	struct df_etcd_kv last;

	if (reply->code)
		df_etcd_fail(request->base.etcd, request->base.req, reply);
	else if (df_etcd_range_parse(&range, reply->message) ||
		 answer(request, &range, &last))
		garbled(request);
	else
		df_db_req_done(request->base.req);
	request_end(&request->base);
}

void df_etcd_get(void *priv, struct df_db_req *req, const char *key)
{
	struct df_etcd *etcd = priv;
	struct read_request *request = request_new(etcd, req);
	struct df_pb pb = { 0 };
	struct df_etcd_key at;

	if (!request)
		return;
	df_etcd_key_set(&at, etcd->uri.root, 'k', key);
	df_pb_bytes(&pb, 1, at.text, at.len);
	df_etcd_send(etcd, "etcdserverpb.KV/Range", &pb, 0, on_get, request);
}

static void on_list(struct df_etcd_read *read, struct df_etcd_range *range,
		    const struct df_etcd_reply *reply)
{
	struct read_request *request = (struct read_request *)
		((char *)read - offsetof(struct read_request, read));
	bool has_more = range && range->has_more;
	bool is_over = true;
	struct df_etcd_kv last = { .key.len = 0 };

	if (!range)
		df_etcd_fail(request->base.etcd, request->base.req, reply);
	else if (answer(request, range, &last) ||
		 (has_more && !last.key.len))
		garbled(request);
	else if (has_more)
		is_over = false;
	else
		df_db_req_done(request->base.req);
	if (is_over) {
		request_end(&request->base);
		return;
	}
	df_etcd_request_extend(&request->base);
	df_etcd_read_more(read, &last);
}

void df_etcd_list(void *priv, struct df_db_req *req, const char *prefix,
		  const char *topic)
{
	struct df_etcd *etcd = priv;
	struct read_request *request;
	struct df_etcd_key at;

	if (topic && *topic && !df_etcd_is_topic(topic)) {
		df_db_req_done(req);
		return;
	}
	request = request_new(etcd, req);
	if (!request)
		return;
	request->wants_none = topic && !*topic;
	if (topic && *topic) {
		request->kind = 't';
		df_etcd_key_topic(&at, etcd->uri.root, topic, prefix);
	} else {
		df_etcd_key_set(&at, etcd->uri.root, 'k', prefix);
	}
	request->read.piece = on_list;
	df_etcd_read_start(&request->read, etcd, &at);
}
