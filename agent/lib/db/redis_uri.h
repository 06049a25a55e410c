/* SPDX-License-Identifier: GPL-2.0 */
/* The Redis driver's part of a database URI. Pure, but for reading a file. */
#ifndef DF_LIB_DB_REDIS_URI_H
#define DF_LIB_DB_REDIS_URI_H

#include "uri.h"

/**
 * struct df_redis_uri - what a URI says
 * @servers: servers, or sentinels if @sentinel
 * @count: how many they are
 * @root: what all keys begin with
 * @label: names the database in messages; no password in it
 * @auth: USER:PASSWORD, or NULL
 * @sentinel: what the sentinels call the master, or NULL
 * @ca: file with the certificates that sign the servers', or NULL: the system's
 * @cert: file with our certificate, or NULL
 * @key: file with its key, or NULL: it is in @cert
 * @is_tls: the servers speak TLS
 * @timeout_ms: how long a request may take
 * @failover_ms: how long a server may be silent before another one is asked
 * @history: records that a stream keeps
 * @replicas: that must have a commit before it counts as done
 */
struct df_redis_uri {
	struct df_uri_server *servers;
	size_t count;
	char *root;
	char *label;
	char *auth;
	char *sentinel;
	char *ca;
	char *cert;
	char *key;
	bool is_tls;
	unsigned int timeout_ms;
	unsigned int failover_ms;
	unsigned int history;
	unsigned int replicas;
};

/** @text begins with redis://. On success it is for df_redis_uri_fini(). */
int df_redis_uri_parse(struct df_redis_uri *uri, const char *text,
		       struct df_error *error);
void df_redis_uri_fini(struct df_redis_uri *uri);

#endif
