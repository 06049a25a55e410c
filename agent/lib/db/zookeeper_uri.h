/* SPDX-License-Identifier: GPL-2.0 */
/* The ZooKeeper driver's part of a database URI. Pure, but for reading a file. */
#ifndef DF_LIB_DB_ZOOKEEPER_URI_H
#define DF_LIB_DB_ZOOKEEPER_URI_H

#include "../db.h"

#define DF_ZK_ROOT_MAX 200

/**
 * struct df_zk_uri - what a URI says
 * @servers: HOST:PORT[,HOST:PORT...], as libzookeeper wants them
 * @root: path of the node below which everything is
 * @label: names the database in messages; no password in it
 * @auth: USER:PASSWORD, or NULL
 * @session_ms: how long a client may be silent before its leases end
 * @timeout_ms: how long a request may take
 * @history: transactions of a segment of the log
 */
struct df_zk_uri {
	char *servers;
	char *root;
	char *label;
	char *auth;
	unsigned int session_ms;
	unsigned int timeout_ms;
	unsigned int history;
};

/** @text begins with zookeeper://. On success the strings are the caller's. */
int df_zk_uri_parse(struct df_zk_uri *uri, const char *text,
		    struct df_error *error);
void df_zk_uri_fini(struct df_zk_uri *uri);

#endif
