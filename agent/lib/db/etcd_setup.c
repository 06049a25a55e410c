// SPDX-License-Identifier: GPL-2.0
/*
 * The beginning of a session with an etcd server: the user's token, and whether
 * what is there is a database of ours; an empty one becomes one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd.h"

static void check_format(struct df_etcd *etcd);

/* The call was lost, and the session with it; or it was refused. */
static bool has_failed(struct df_etcd *etcd, const struct df_etcd_reply *reply)
{
	if (!reply->code)
		return false;
	if (reply->code == -ENOTCONN)
		return true;
	if (reply->code == -EBUSY || reply->code == -EIO)
		df_etcd_lost(etcd, reply->text);
	else if (reply->code == -EACCES && !etcd->uri.auth)
		df_etcd_refused(etcd, reply->code,
				"access is denied: it wants a user and a password");
	else
		df_etcd_refused(etcd, reply->code, reply->text);
	return true;
}

static void key_format(struct df_etcd_key *key, const struct df_etcd *etcd)
{
	key->len = snprintf(key->text, sizeof(key->text), "%s/format",
			    etcd->uri.root);
}

/**
 * struct found - what there is
 * @ranges: that were looked at
 * @has_format: the key "format" is there
 * @is_ours: and says what it should
 * @has_keys: something is there
 */
struct found {
	int ranges;
	bool has_format;
	bool is_ours;
	bool is_newer;
	bool has_keys;
};

static bool begins_with(struct df_pb_part part, const char *text)
{
	size_t len = strlen(text);

	return part.len >= len && !memcmp(part.data, text, len);
}

static int look(void *arg, struct df_etcd_range *range)
{
	struct found *found = arg;
	struct df_etcd_kv kv;
	int more = df_etcd_range_next(range, &kv);

	if (more < 0)
		return more;
	if (found->ranges++) {
		found->has_keys = more;
		return 0;
	}
	found->has_format = more;
	if (!more)
		return 0;
	found->is_ours = kv.value.len == strlen(DF_ETCD_FORMAT) &&
			 begins_with(kv.value, DF_ETCD_FORMAT);
	found->is_newer = begins_with(kv.value, "dragonflow ");
	return 0;
}

static void on_made(void *arg, const struct df_etcd_reply *reply)
{
	struct df_etcd *etcd = arg;

	/* Somebody else may have been first. */
	if (!has_failed(etcd, reply))
		check_format(etcd);
}

/* If the key "format" is absent, put it. */
static void make_format(struct df_etcd *etcd)
{
	struct df_pb pb = { 0 };
	struct df_etcd_key key;
	size_t inner;
	size_t outer;

	key_format(&key, etcd);
	outer = df_pb_open(&pb, 1);
	df_pb_bytes(&pb, 3, key.text, key.len);
	df_pb_uint(&pb, 4, 0);
	df_pb_close(&pb, outer);
	outer = df_pb_open(&pb, 2);
	inner = df_pb_open(&pb, 2);
	df_pb_bytes(&pb, 1, key.text, key.len);
	df_pb_bytes(&pb, 2, DF_ETCD_FORMAT, strlen(DF_ETCD_FORMAT));
	df_pb_close(&pb, inner);
	df_pb_close(&pb, outer);
	df_etcd_send(etcd, "etcdserverpb.KV/Txn", &pb, ETCD_SETUP, on_made,
		     etcd);
}

static void on_format(void *arg, const struct df_etcd_reply *reply)
{
	struct df_etcd *etcd = arg;
	struct found found = { 0 };
	struct df_etcd_txn txn;

	if (has_failed(etcd, reply))
		return;
	if (df_etcd_txn_parse(&txn, reply->message) ||
	    df_etcd_txn_ranges(&txn, look, &found) || found.ranges != 2) {
		df_etcd_lost(etcd, "it is not an etcd server");
		return;
	}
	df_etcd_seen(etcd, txn.revision);
	if (found.is_ours)
		df_etcd_ready(etcd);
	else if (found.is_newer)
		df_etcd_refused(etcd, -EPROTO,
				"it was written by a newer version");
	else if (found.has_format || found.has_keys)
		df_etcd_refused(etcd, -EINVAL,
				"it is not a database of Dragonflow");
	else
		make_format(etcd);
}

static void check_format(struct df_etcd *etcd)
{
	struct df_pb pb = { 0 };
	struct df_etcd_key key;
	size_t inner;
	size_t outer;

	key_format(&key, etcd);
	outer = df_pb_open(&pb, 2);
	inner = df_pb_open(&pb, 1);
	df_pb_bytes(&pb, 1, key.text, key.len);
	df_pb_close(&pb, inner);
	df_pb_close(&pb, outer);
	key.len = strlen(etcd->uri.root) + 1;
	outer = df_pb_open(&pb, 2);
	inner = df_pb_open(&pb, 1);
	df_pb_bytes(&pb, 1, key.text, key.len);
	df_etcd_key_end(&key);
	df_pb_bytes(&pb, 2, key.text, key.len);
	df_pb_uint(&pb, 3, 1);
	df_pb_uint(&pb, 8, 1);
	df_pb_close(&pb, inner);
	df_pb_close(&pb, outer);
	df_etcd_send(etcd, "etcdserverpb.KV/Txn", &pb, ETCD_SETUP, on_format,
		     etcd);
}

static void on_token(void *arg, const struct df_etcd_reply *reply)
{
	struct df_etcd *etcd = arg;
	struct df_pb_part token;

	if (reply->code == -EACCES) {
		df_etcd_refused(etcd, -EACCES,
				strstr(reply->text, "not enabled") ?
				"the servers have no users (their authentication is not enabled)" :
				"access is denied: the user or the password is wrong");
		return;
	}
	if (has_failed(etcd, reply))
		return;
	if (df_etcd_token_parse(&token, reply->message)) {
		df_etcd_lost(etcd, "it is not an etcd server");
		return;
	}
	df_etcd_http_token(etcd->http, (const char *)token.data, token.len);
	check_format(etcd);
}

void df_etcd_setup(struct df_etcd *etcd)
{
	const char *auth = etcd->uri.auth;
	struct df_pb pb = { 0 };
	const char *colon;

	if (!auth) {
		check_format(etcd);
		return;
	}
	colon = strchr(auth, ':');
	df_pb_bytes(&pb, 1, auth, colon - auth);
	df_pb_bytes(&pb, 2, colon + 1, strlen(colon + 1));
	df_etcd_send(etcd, "etcdserverpb.Auth/Authenticate", &pb, ETCD_SETUP,
		     on_token, etcd);
}
