// SPDX-License-Identifier: GPL-2.0
/* The SQLite driver's part of a database URI. Pure. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_uri.h"

#define SCHEME "sqlite://"
#define HISTORY 16384
#define HISTORY_MAX 1000000000

static int parse_history(int64_t *history, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || n < 1 || n > HISTORY_MAX)
		return -EINVAL;
	*history = n;
	return 0;
}

static int parse_item(struct df_sqlite_uri *uri, const char *item)
{
	if (!strncmp(item, "history=", 8))
		return parse_history(&uri->history, item + 8);
	if (strcmp(item, "sync=full"))
		return -EINVAL;
	uri->is_durable = true;
	return 0;
}

static int parse(struct df_sqlite_uri *uri, const char *text,
		 struct df_error *error)
{
	char *rest = uri->path;
	char *item;

	strsep(&rest, "?");
	while ((item = strsep(&rest, "&")))
		if (parse_item(uri, item))
			return df_db_error(error, -EINVAL,
					   "%.200s: \"%.60s\" is neither history=NUMBER nor sync=full",
					   text, item);
	if (*uri->path != '/')
		return df_db_error(error, -EINVAL,
				   "%.200s: the path must be absolute, as in sqlite:///var/lib/dragonflow/nb.db",
				   text);
	return 0;
}

int df_sqlite_uri_parse(struct df_sqlite_uri *uri, const char *text,
			struct df_error *error)
{
	struct df_sqlite_uri new = { .history = HISTORY };
	int err;

	new.path = strdup(text + strlen(SCHEME));
	if (!new.path)
		return df_db_error(error, -ENOMEM, "out of memory");
	err = parse(&new, text, error);
	if (err)
		free(new.path);
	else
		*uri = new;
	return err;
}
