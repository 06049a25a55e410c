// SPDX-License-Identifier: GPL-2.0
/* The registry of database drivers: shared objects, found by URI scheme. */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db.h"
#include "error.h"

int df_db_error(struct df_error *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	df_error_vset(error, code, format, args);
	va_end(args);
	return code;
}

static bool dir_of_library(char *dir, size_t size)
{
	static const char own_symbol;
	char path[PATH_MAX];
	char *slash;
	Dl_info info;

	if (!dladdr(&own_symbol, &info) || !realpath(info.dli_fname, path))
		return false;
	slash = strrchr(path, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return snprintf(dir, size, "%s/dragonflow", path) < (int)size &&
	       !access(dir, X_OK);
}

void df_db_driver_dir(char *dir, size_t size)
{
	const char *chosen = secure_getenv("DRAGONFLOW_DRIVER_DIR");

	if (chosen && *chosen)
		snprintf(dir, size, "%s", chosen);
	else if (!dir_of_library(dir, size))
		snprintf(dir, size, "%s", DF_DRIVER_DIR);
}

static int scheme_of(char *scheme, size_t size, const char *uri,
		     struct df_error *error)
{
	size_t len = strspn(uri, "abcdefghijklmnopqrstuvwxyz0123456789");

	if (!len || len >= size || strncmp(uri + len, "://", 3))
		return df_error_set(error, -EINVAL,
				    "\"%s\" is not a database URI, such as sqlite:///var/lib/dragonflow/nb.db",
				    df_quote(uri).text);
	memcpy(scheme, uri, len);
	scheme[len] = '\0';
	return 0;
}

int df_db_driver_find(const struct df_db_driver **out, const char *uri,
		      struct df_error *error)
{
	const struct df_db_driver *driver;
	char path[PATH_MAX + 64];
	char dir[PATH_MAX];
	char scheme[32];
	void *so;
	int err;

	err = scheme_of(scheme, sizeof(scheme), uri, error);
	if (err)
		return err;
	df_db_driver_dir(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/%s.so", dir, scheme);
	if (access(path, F_OK))
		return df_error_set(error, -EPROTONOSUPPORT,
				    "there is no database driver \"%s\": %.300s: %s",
				    scheme, path, strerror(errno));
	/* Stays loaded: its code may be on the stack of whoever closes. */
	so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!so)
		return df_error_set(error, -ELIBBAD,
				    "cannot load the database driver \"%s\": %.400s",
				    scheme, dlerror());
	driver = dlsym(so, "df_db_driver");
	if (!driver || driver->abi != DF_DB_ABI ||
	    strcmp(driver->scheme, scheme)) {
		dlclose(so);
		return df_error_set(error, -ELIBBAD,
				    "%.300s is not a database driver for \"%s\" of this version",
				    path, scheme);
	}
	*out = driver;
	return 0;
}
