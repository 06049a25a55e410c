/* SPDX-License-Identifier: GPL-2.0 */
/* The etcd driver's part of a database URI. Pure, but for reading a file. */
#ifndef DF_LIB_DB_ETCD_URI_H
#define DF_LIB_DB_ETCD_URI_H

#include "../db.h"

/**
 * struct df_etcd_uri - what a URI says
 * @servers: http[s]://HOST:PORT of each, and NULL
 * @count: how many they are
 * @root: what all keys begin with; it begins with '/', and does not end so
 * @label: names the database in messages; no password in it
 * @auth: USER:PASSWORD, or NULL
 * @ca: file with the certificates that sign the servers', or NULL: the system's
 * @cert: file with our certificate, or NULL
 * @key: file with its key, or NULL: it is in @cert
 * @is_tls: the servers speak TLS
 * @timeout_ms: how long a request may take
 * @failover_ms: how long a server may be silent before another one is asked
 * @history: revisions that are kept by compacting; 0: the servers do that
 */
struct df_etcd_uri {
	char **servers;
	size_t count;
	char *root;
	char *label;
	char *auth;
	char *ca;
	char *cert;
	char *key;
	bool is_tls;
	unsigned int timeout_ms;
	unsigned int failover_ms;
	unsigned int history;
};

/** @text begins with etcd://. On success it is for df_etcd_uri_fini(). */
int df_etcd_uri_parse(struct df_etcd_uri *uri, const char *text,
		      struct df_error *error);
void df_etcd_uri_fini(struct df_etcd_uri *uri);

#endif
