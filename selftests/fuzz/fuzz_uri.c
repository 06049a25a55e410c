// SPDX-License-Identifier: GPL-2.0
/* The URI of a database: its scheme, and what the SQLite driver reads in it. */
#include <errno.h>

#include "db.h"
#include "db/sqlite_uri.h"
#include "fuzz.h"

static void try_scheme(const char *text)
{
	const struct df_db_driver *driver;
	struct df_error error = { 0 };
	int err;

	/* There is no driver here: at best the scheme is one. */
	err = df_db_driver_find(&driver, text, &error);
	require(err == -EINVAL || err == -EPROTONOSUPPORT);
	require(err == error.code && *error.text);
	if (err == -EPROTONOSUPPORT)
		require(strstr(text, "://"));
}

static void try_sqlite(const char *text)
{
	struct df_sqlite_uri uri = { 0 };
	struct df_error error = { 0 };
	int err;

	if (strncmp(text, "sqlite://", 9))
		return;
	err = df_sqlite_uri_parse(&uri, text, &error);
	require(err == error.code && !err == !!uri.path);
	if (!err) {
		require(*uri.path == '/' && !strchr(uri.path, '?'));
		require(uri.history >= 1);
	}
	free(uri.path);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text = fuzz_text(input, size);

	setenv("DRAGONFLOW_DRIVER_DIR", "/nonexistent", 1);
	try_scheme(text);
	try_sqlite(text);
	free(text);
	return 0;
}
