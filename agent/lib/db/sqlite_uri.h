/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DF_LIB_DB_SQLITE_URI_H
#define DF_LIB_DB_SQLITE_URI_H

#include "../db.h"

/**
 * struct df_sqlite_uri - sqlite:///path[?history=N&sync=full]
 * @path: of the file; the caller frees it
 * @history: changes that are kept for readers
 * @is_durable: does every commit wait for the disk?
 */
struct df_sqlite_uri {
	char *path;
	int64_t history;
	bool is_durable;
};

/** @text begins with "sqlite://". */
int df_sqlite_uri_parse(struct df_sqlite_uri *uri, const char *text,
			struct df_error *error);

#endif
