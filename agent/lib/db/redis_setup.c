// SPDX-License-Identifier: GPL-2.0
/*
 * The beginning of a session with Redis: where the master is, if sentinels know;
 * the user; whether it is a master, and has a database of ours, or none; the script.
 */
#include <errno.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis.h"

static void read_format(struct df_redis *redis);

/* The call was lost, and the session with it; or it was refused. */
static bool has_failed(struct df_redis *redis,
		       const struct df_redis_reply *reply)
{
	const char *text = reply->text;

	if (!reply->code || reply->code == -ENOTCONN)
		return reply->code;
	if (reply->code != -EACCES) {
		df_redis_lost(redis, text);
		return true;
	}
	if (!redis->uri.auth)
		text = "access is denied: it wants a user and a password";
	else if (!strncmp(text, "WRONGPASS", 9) || !strncmp(text, "ERR AUTH", 8))
		text = "access is denied: the user or the password is wrong";
	else
		text = "access is denied: the user has no permission for this";
	df_redis_refused(redis, -EACCES, text);
	return true;
}

static bool is_text(const struct redisReply *reply, const char *text)
{
	return (reply->type == REDIS_REPLY_STRING ||
		reply->type == REDIS_REPLY_STATUS) &&
	       !strcmp(reply->str, text);
}

static void on_script(void *arg, const struct df_redis_reply *reply)
{
	struct df_redis *redis = arg;

	if (has_failed(redis, reply))
		return;
	if (reply->reply->type != REDIS_REPLY_STRING) {
		df_redis_lost(redis, "it takes no scripts");
		return;
	}
	snprintf(redis->sha, sizeof(redis->sha), "%s", reply->reply->str);
	df_redis_ready(redis);
}

static void on_made(void *arg, const struct df_redis_reply *reply)
{
	struct df_redis *redis = arg;

	/* Somebody else may have been first. */
	if (!has_failed(redis, reply))
		read_format(redis);
}

static void make_format(struct df_redis *redis)
{
	char key[DF_REDIS_ROOT_MAX + 16];
	const char *const words[] = { "SET", key, DF_REDIS_FORMAT, "NX", NULL };

	snprintf(key, sizeof(key), "%s:format", redis->uri.root);
	df_redis_ask(redis, REDIS_SETUP, on_made, redis, words);
}

static void on_format(void *arg, const struct df_redis_reply *reply)
{
	const char *const script[] = { "SCRIPT", "LOAD", df_redis_script, NULL };
	struct df_redis *redis = arg;

	if (reply->code == -EIO && strstr(reply->text, "WRONGTYPE")) {
		df_redis_refused(redis, -EINVAL,
				 "it is not a database of Dragonflow");
		return;
	}
	if (has_failed(redis, reply))
		return;
	if (is_text(reply->reply, DF_REDIS_FORMAT))
		df_redis_ask(redis, REDIS_SETUP, on_script, redis, script);
	else if (reply->reply->type == REDIS_REPLY_NIL)
		make_format(redis);
	else if (reply->reply->type == REDIS_REPLY_STRING &&
		 !strncmp(reply->reply->str, "dragonflow ", 11))
		df_redis_refused(redis, -EPROTO,
				 "it was written by a newer version");
	else
		df_redis_refused(redis, -EINVAL,
				 "it is not a database of Dragonflow");
}

static void read_format(struct df_redis *redis)
{
	char key[DF_REDIS_ROOT_MAX + 16];
	const char *const words[] = { "GET", key, NULL };

	snprintf(key, sizeof(key), "%s:format", redis->uri.root);
	df_redis_ask(redis, REDIS_SETUP, on_format, redis, words);
}

static void on_role(void *arg, const struct df_redis_reply *reply)
{
	struct df_redis *redis = arg;

	if (has_failed(redis, reply))
		return;
	if (reply->reply->type != REDIS_REPLY_ARRAY ||
	    !reply->reply->elements ||
	    !is_text(reply->reply->element[0], "master"))
		df_redis_lost(redis, "it is not the master");
	else
		read_format(redis);
}

static void ask_role(struct df_redis *redis)
{
	static const char *const role[] = { "ROLE", NULL };

	df_redis_ask(redis, REDIS_SETUP, on_role, redis, role);
}

static void on_auth(void *arg, const struct df_redis_reply *reply)
{
	if (!has_failed(arg, reply))
		ask_role(arg);
}

static void begin(struct df_redis *redis)
{
	char name[DF_URI_AUTH_MAX + 1];
	const char *const auth[] = { "AUTH", name,
		redis->uri.auth ? strchr(redis->uri.auth, ':') + 1 : "", NULL };

	if (!redis->uri.auth) {
		ask_role(redis);
		return;
	}
	snprintf(name, sizeof(name), "%.*s",
		 (int)strcspn(redis->uri.auth, ":"), redis->uri.auth);
	df_redis_ask(redis, REDIS_SETUP, on_auth, redis, auth);
}

static void on_master(void *arg, const struct df_redis_reply *reply)
{
	const struct redisReply *address = reply->reply;
	struct df_redis *redis = arg;

	if (has_failed(redis, reply))
		return;
	if (address->type != REDIS_REPLY_ARRAY || address->elements != 2 ||
	    address->element[0]->type != REDIS_REPLY_STRING ||
	    address->element[1]->type != REDIS_REPLY_STRING ||
	    df_uri_number(&redis->master.port, address->element[1]->str, 1,
			  65535)) {
		df_redis_lost(redis, "it is no sentinel, or knows no such master");
		return;
	}
	snprintf(redis->master.host, sizeof(redis->master.host), "%s",
		 address->element[0]->str);
	df_redis_link_free(redis->link);
	df_redis_connect(redis);
	begin(redis);
}

void df_redis_setup(struct df_redis *redis)
{
	const char *const ask[] = { "SENTINEL", "get-master-addr-by-name",
				    redis->uri.sentinel, NULL };

	if (redis->uri.sentinel)
		df_redis_ask(redis, REDIS_SETUP, on_master, redis, ask);
	else
		begin(redis);
}
