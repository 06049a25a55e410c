// SPDX-License-Identifier: GPL-2.0
/* The Redis driver's part of a database URI; see redis_uri.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "redis_layout.h"
#include "redis_uri.h"

#define SCHEME "redis://"
#define ROOT "dragonflow"
#define PORT 6379
#define SENTINEL_PORT 26379
#define TIMEOUT_MS 5000
#define FAILOVER_MS 2500
#define HISTORY 2000

static int set_sentinel(struct df_redis_uri *uri, const char *name)
{
	if (!df_redis_is_name(name, strlen(name)))
		return -EINVAL;
	free(uri->sentinel);
	uri->sentinel = strdup(name);
	return uri->sentinel ? 0 : -ENOMEM;
}

static int parse_option(struct df_redis_uri *uri, const char *item,
			struct df_error *error)
{
	bool is_tls = !strcmp(item, "tls=yes");
	int err = -EINVAL;

	uri->is_tls |= is_tls || !strncmp(item, "ca=", 3) ||
		       !strncmp(item, "cert=", 5);
	if (!strncmp(item, "timeout=", 8))
		err = df_uri_number(&uri->timeout_ms, item + 8, 100, 3600000);
	else if (!strncmp(item, "failover=", 9))
		err = df_uri_number(&uri->failover_ms, item + 9, 100, 3600000);
	else if (!strncmp(item, "history=", 8))
		err = df_uri_number(&uri->history, item + 8, 10, 1000000);
	else if (!strncmp(item, "replicas=", 9))
		err = df_uri_number(&uri->replicas, item + 9, 1, 100);
	else if (!strncmp(item, "sentinel=", 9))
		err = set_sentinel(uri, item + 9);
	else if (!strncmp(item, "auth=/", 6))
		return df_uri_auth_file(&uri->auth, item + 5, error);
	else if (!strncmp(item, "ca=/", 4))
		return df_uri_file(&uri->ca, item + 3, error);
	else if (!strncmp(item, "cert=/", 6))
		return df_uri_file(&uri->cert, item + 5, error);
	else if (!strncmp(item, "key=/", 5))
		return df_uri_file(&uri->key, item + 4, error);
	else if (is_tls)
		err = 0;
	if (err)
		return df_db_error(error, err,
				   "\"%.60s\" is none of timeout=MS, failover=MS, history=NUMBER, replicas=NUMBER, sentinel=NAME, auth=/FILE, tls=yes, ca=/FILE, cert=/FILE, key=/FILE (or its value is not)",
				   item);
	return 0;
}

static int parse_servers(struct df_redis_uri *uri, const char *text)
{
	unsigned int port = uri->sentinel ? SENTINEL_PORT : PORT;
	int err;

	do {
		uri->servers = reallocarray(uri->servers, uri->count + 1,
					    sizeof(*uri->servers));
		if (!uri->servers)
			return -ENOMEM;
		err = df_uri_server_next(&uri->servers[uri->count], &text,
					 port);
		uri->count += !err;
	} while (!err && text);
	return err;
}

/* [USER:PASSWORD@]SERVERS; sets the label, too */
static int parse_authority(struct df_redis_uri *uri, char *text,
			   struct df_error *error)
{
	const char *servers;
	int err = df_uri_auth(&uri->auth, &servers, text, error);

	if (err)
		return err;
	if (asprintf(&uri->label, SCHEME "%.200s/%s", servers, uri->root) < 0)
		return df_db_error(error, -ENOMEM, "out of memory");
	if (!df_uri_is_printable(servers) || parse_servers(uri, servers))
		return df_db_error(error, -EINVAL,
				   "the database URI does not name servers as in redis://HOST[:PORT][,HOST[:PORT]...]/NAME");
	return 0;
}

static int parse(struct df_redis_uri *uri, char *text, struct df_error *error)
{
	char *options = text;
	char *slash;
	char *item;
	int err = 0;

	strsep(&options, "?");
	while (!err && (item = strsep(&options, "&")))
		err = parse_option(uri, item, error);
	if (err)
		return err;
	slash = strchr(text, '/');
	uri->root = strdup(slash && slash[1] ? slash + 1 : ROOT);
	if (!uri->root)
		return df_db_error(error, -ENOMEM, "out of memory");
	if (!df_uri_is_printable(uri->root) ||
	    strlen(uri->root) > DF_REDIS_ROOT_MAX)
		return df_db_error(error, -EINVAL,
				   "the path of the database URI is not one: it has at most %d visible characters",
				   DF_REDIS_ROOT_MAX);
	if (slash)
		*slash = '\0';
	if (uri->key && !uri->cert)
		return df_db_error(error, -EINVAL,
				   "the database URI has key= without cert=");
	return parse_authority(uri, text, error);
}

int df_redis_uri_parse(struct df_redis_uri *uri, const char *text,
		       struct df_error *error)
{
	struct df_redis_uri new = {
		.timeout_ms = TIMEOUT_MS,
		.failover_ms = FAILOVER_MS,
		.history = HISTORY,
	};
	char *copy = strdup(text + strlen(SCHEME));
	int err;

	if (!copy)
		return df_db_error(error, -ENOMEM, "out of memory");
	err = parse(&new, copy, error);
	explicit_bzero(copy, strlen(copy));
	free(copy);
	if (err)
		df_redis_uri_fini(&new);
	else
		*uri = new;
	return err;
}

void df_redis_uri_fini(struct df_redis_uri *uri)
{
	free(uri->servers);
	df_uri_auth_free(uri->auth);
	free(uri->sentinel);
	free(uri->label);
	free(uri->root);
	free(uri->ca);
	free(uri->cert);
	free(uri->key);
}
