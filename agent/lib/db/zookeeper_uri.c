// SPDX-License-Identifier: GPL-2.0
/* The ZooKeeper driver's part of a database URI; see zookeeper_uri.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uri.h"
#include "zookeeper_uri.h"

#define SCHEME "zookeeper://"
#define ROOT "/dragonflow"
#define PORT 2181

/* Its tick makes a server round a session up to 8 s: a lease of 10 s holds. */
#define SESSION_MS 6000
#define TIMEOUT_MS 5000
#define HISTORY 10000

static int parse_option(struct df_zk_uri *uri, const char *item,
			struct df_error *error)
{
	int err = -EINVAL;

	if (!strncmp(item, "session=", 8))
		err = df_uri_number(&uri->session_ms, item + 8, 100, 3600000);
	else if (!strncmp(item, "timeout=", 8))
		err = df_uri_number(&uri->timeout_ms, item + 8, 100, 3600000);
	else if (!strncmp(item, "history=", 8))
		err = df_uri_number(&uri->history, item + 8, 10, 20000);
	else if (!strncmp(item, "auth=/", 6))
		return df_uri_auth_file(&uri->auth, item + 5, error);
	else if (!strncmp(item, "tls", 3))
		return df_db_error(error, -EOPNOTSUPP,
				   "this system's libzookeeper is built without TLS: connect through a tunnel (see Documentation/databases.md)");
	if (err)
		return df_db_error(error, err,
				   "\"%.60s\" is none of session=MS, timeout=MS, history=NUMBER, auth=/FILE (or its value is not)",
				   item);
	return 0;
}

/* As libzookeeper wants it, which takes what is behind the last colon for the port */
static int parse_servers(struct df_zk_uri *uri, const char *text)
{
	struct df_uri_server server;
	size_t size;
	FILE *out;
	int err;

	out = open_memstream(&uri->servers, &size);
	if (!out)
		return -ENOMEM;
	do {
		err = df_uri_server_next(&server, &text, PORT);
		if (!err)
			fprintf(out, "%s:%u%s", server.host, server.port,
				text ? "," : "");
	} while (!err && text);
	fclose(out);
	return err;
}

static bool is_root(const char *root)
{
	size_t len;

	if (strlen(root) > DF_ZK_ROOT_MAX)
		return false;
	do {
		len = strcspn(root + 1, "/");
		if (!len || !strncmp(root, "/.", len + 1) ||
		    !strncmp(root, "/..", len + 1) ||
		    !strncmp(root, "/zookeeper", len + 1))
			return false;
		root += len + 1;
	} while (*root);
	return true;
}

/* [USER:PASSWORD@]SERVERS; sets the label, too */
static int parse_authority(struct df_zk_uri *uri, char *text,
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
				   "the database URI does not name servers as in zookeeper://HOST[:PORT][,HOST[:PORT]...]/PATH");
	return 0;
}

static int parse(struct df_zk_uri *uri, char *text, struct df_error *error)
{
	char *options = text;
	char *slash;
	char *item;
	int err;

	strsep(&options, "?");
	slash = strchr(text, '/');
	uri->root = strdup(slash && slash[1] ? slash : ROOT);
	if (!uri->root)
		return df_db_error(error, -ENOMEM, "out of memory");
	if (!df_uri_is_printable(uri->root) || !is_root(uri->root))
		return df_db_error(error, -EINVAL,
				   "the path of the database URI is not one of a ZooKeeper node");
	if (slash)
		*slash = '\0';
	err = parse_authority(uri, text, error);
	while (!err && (item = strsep(&options, "&")))
		err = parse_option(uri, item, error);
	return err;
}

int df_zk_uri_parse(struct df_zk_uri *uri, const char *text,
		    struct df_error *error)
{
	struct df_zk_uri new = {
		.session_ms = SESSION_MS,
		.timeout_ms = TIMEOUT_MS,
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
		df_zk_uri_fini(&new);
	else
		*uri = new;
	return err;
}

void df_zk_uri_fini(struct df_zk_uri *uri)
{
	df_uri_auth_free(uri->auth);
	free(uri->servers);
	free(uri->label);
	free(uri->root);
}
