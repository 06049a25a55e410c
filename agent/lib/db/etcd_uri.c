// SPDX-License-Identifier: GPL-2.0
/* The etcd driver's part of a database URI; see etcd_uri.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_uri.h"
#include "etcd_wire.h"
#include "uri.h"

#define SCHEME "etcd://"
#define ROOT "/dragonflow"
#define PORT 2379
#define TIMEOUT_MS 5000
#define FAILOVER_MS 2500

static int parse_option(struct df_etcd_uri *uri, const char *item,
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
		err = df_uri_number(&uri->history, item + 8, 10, 100000000);
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
				   "\"%.60s\" is none of timeout=MS, failover=MS, history=NUMBER, auth=/FILE, tls=yes, ca=/FILE, cert=/FILE, key=/FILE (or its value is not)",
				   item);
	return 0;
}

static int parse_servers(struct df_etcd_uri *uri, const char *text)
{
	struct df_uri_server server;
	int err;

	do {
		bool is_ip6;

		err = df_uri_server_next(&server, &text, PORT);
		if (err)
			return err;
		is_ip6 = strchr(server.host, ':');
		uri->servers = reallocarray(uri->servers, uri->count + 2,
					    sizeof(*uri->servers));
		if (!uri->servers)
			return -ENOMEM;
		err = asprintf(&uri->servers[uri->count], "%s://%s%s%s:%u",
			       uri->is_tls ? "https" : "http",
			       is_ip6 ? "[" : "", server.host,
			       is_ip6 ? "]" : "", server.port);
		if (err < 0)
			return -ENOMEM;
		uri->servers[++uri->count] = NULL;
	} while (text);
	return 0;
}

static bool is_root(const char *root)
{
	size_t len = strlen(root);

	return df_uri_is_printable(root) && len <= DF_ETCD_ROOT_MAX &&
	       len > 1 && root[len - 1] != '/';
}

/* [USER:PASSWORD@]SERVERS; sets the label, too */
static int parse_authority(struct df_etcd_uri *uri, char *text,
			   struct df_error *error)
{
	const char *servers;
	int err = df_uri_auth(&uri->auth, &servers, text, error);

	if (err)
		return err;
	if (asprintf(&uri->label, SCHEME "%.200s%s", servers, uri->root) < 0)
		return df_db_error(error, -ENOMEM, "out of memory");
	if (!df_uri_is_printable(servers) || parse_servers(uri, servers))
		return df_db_error(error, -EINVAL,
				   "the database URI does not name servers as in etcd://HOST[:PORT][,HOST[:PORT]...]/PATH");
	return 0;
}

static int parse(struct df_etcd_uri *uri, char *text, struct df_error *error)
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
	if (uri->key && !uri->cert)
		return df_db_error(error, -EINVAL,
				   "the database URI has key= without cert=");
	slash = strchr(text, '/');
	uri->root = strdup(slash && slash[1] ? slash : ROOT);
	if (!uri->root)
		return df_db_error(error, -ENOMEM, "out of memory");
	if (!is_root(uri->root))
		return df_db_error(error, -EINVAL,
				   "the path of the database URI is not one: it has at most %d visible characters, and no / at the end",
				   DF_ETCD_ROOT_MAX);
	if (slash)
		*slash = '\0';
	return parse_authority(uri, text, error);
}

int df_etcd_uri_parse(struct df_etcd_uri *uri, const char *text,
		      struct df_error *error)
{
	struct df_etcd_uri new = {
		.timeout_ms = TIMEOUT_MS,
		.failover_ms = FAILOVER_MS,
	};
	char *copy = strdup(text + strlen(SCHEME));
	int err;

	if (!copy)
		return df_db_error(error, -ENOMEM, "out of memory");
	err = parse(&new, copy, error);
	explicit_bzero(copy, strlen(copy));
	free(copy);
	if (err)
		df_etcd_uri_fini(&new);
	else
		*uri = new;
	return err;
}

void df_etcd_uri_fini(struct df_etcd_uri *uri)
{
	size_t i;

	for (i = 0; i < uri->count; i++)
		free(uri->servers[i]);
	free(uri->servers);
	df_uri_auth_free(uri->auth);
	free(uri->label);
	free(uri->root);
	free(uri->ca);
	free(uri->cert);
	free(uri->key);
}
