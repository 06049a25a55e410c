// SPDX-License-Identifier: GPL-2.0
/* The ZooKeeper driver's part of a database URI; see zookeeper_uri.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "zookeeper_uri.h"

#define SCHEME "zookeeper://"
#define ROOT "/dragonflow"
#define PORT "2181"
#define AUTH_MAX 512

/* Its tick makes a server round a session up to 8 s: a lease of 10 s holds. */
#define SESSION_MS 6000
#define TIMEOUT_MS 5000
#define HISTORY 10000

static int parse_number(unsigned int *out, const char *text, unsigned int min,
			unsigned int max)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || n < min || n > max)
		return -EINVAL;
	*out = n;
	return 0;
}

/* In place; no NUL may come of it. */
static int percent_decode(char *text)
{
	char *to = text;

	for (; *text; text++) {
		unsigned int byte;

		if (*text != '%') {
			*to++ = *text;
			continue;
		}
		if (!isxdigit((unsigned char)text[1]) ||
		    !isxdigit((unsigned char)text[2]) ||
		    sscanf(text + 1, "%2x", &byte) != 1 || !byte)
			return -EINVAL;
		*to++ = byte;
		text += 2;
	}
	*to = '\0';
	return 0;
}

/*
 * USER:PASSWORD, both percent-encoded. For the server, too, the user's name ends
 * at the first colon, so it can have none.
 */
static int parse_auth(struct df_zk_uri *uri, const char *text)
{
	const char *colon = strchr(text, ':');
	const char *coded = strcasestr(text, "%3a");

	if (!colon || colon == text || strlen(text) > AUTH_MAX ||
	    (coded && coded < colon))
		return -EINVAL;
	uri->auth = strdup(text);
	return uri->auth ? percent_decode(uri->auth) : -ENOMEM;
}

static int read_auth(struct df_zk_uri *uri, const char *path,
		     struct df_error *error)
{
	char text[AUTH_MAX + 2] = "";
	struct stat st;
	ssize_t len;
	int fd;

	/* Whatever it is: do not wait for it. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st)) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return df_db_error(error, err, "cannot read %.200s: %s", path,
				   strerror(-err));
	}
	len = S_ISREG(st.st_mode) ? read(fd, text, sizeof(text) - 1) : 0;
	close(fd);
	if (st.st_mode & 0007)
		return df_db_error(error, -EPERM,
				   "%.200s holds a password, but everybody may read it: chmod o= it",
				   path);
	text[len < 0 ? 0 : len] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	if (!strchr(text, ':') || text[0] == ':' || strlen(text) > AUTH_MAX)
		return df_db_error(error, -EINVAL,
				   "the first line of %.200s is not USER:PASSWORD",
				   path);
	free(uri->auth);
	uri->auth = strdup(text);
	explicit_bzero(text, sizeof(text));
	return uri->auth ? 0 : df_db_error(error, -ENOMEM, "out of memory");
}

static int parse_option(struct df_zk_uri *uri, const char *item,
			struct df_error *error)
{
	int err = -EINVAL;

	if (!strncmp(item, "session=", 8))
		err = parse_number(&uri->session_ms, item + 8, 100, 3600000);
	else if (!strncmp(item, "timeout=", 8))
		err = parse_number(&uri->timeout_ms, item + 8, 100, 3600000);
	else if (!strncmp(item, "history=", 8))
		err = parse_number(&uri->history, item + 8, 10, 20000);
	else if (!strncmp(item, "auth=/", 6))
		return read_auth(uri, item + 5, error);
	else if (!strncmp(item, "tls", 3))
		return df_db_error(error, -EOPNOTSUPP,
				   "this system's libzookeeper is built without TLS: connect through a tunnel (see Documentation/databases.md)");
	if (err)
		return df_db_error(error, err,
				   "\"%.60s\" is none of session=MS, timeout=MS, history=NUMBER, auth=/FILE (or its value is not)",
				   item);
	return 0;
}

static bool is_port(const char *text, size_t len)
{
	char digits[8];
	unsigned int port;

	if (len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return !parse_number(&port, digits, 1, 65535);
}

/* One HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT, for libzookeeper */
static int print_server(FILE *out, const char *text, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:";
	bool is_quoted = len && text[0] == '[';
	const char *end = is_quoted ? memchr(text, ']', len) :
				      memchr(text, ':', len);
	size_t host_len;

	if (is_quoted && !end)
		return -EINVAL;
	host_len = end ? (size_t)(end - text) : len;
	text += is_quoted;
	host_len -= is_quoted;
	len -= host_len + 2 * is_quoted;
	if (!host_len || strspn(text, allowed) < host_len)
		return -EINVAL;
	if (len && (text[host_len + is_quoted] != ':' ||
		    !is_port(text + host_len + is_quoted + 1, len - 1)))
		return -EINVAL;
	/* It takes what is behind the last colon for the port. */
	fprintf(out, "%.*s:%.*s", (int)host_len, text,
		len ? (int)len - 1 : (int)strlen(PORT),
		len ? text + host_len + is_quoted + 1 : PORT);
	return 0;
}

static int parse_servers(struct df_zk_uri *uri, const char *text)
{
	size_t size;
	FILE *out;
	int err = 0;

	out = open_memstream(&uri->servers, &size);
	if (!out)
		return -ENOMEM;
	do {
		size_t len = strcspn(text, ",");

		err = print_server(out, text, len);
		text += len;
		if (*text)
			fputc(',', out);
	} while (!err && *text++);
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

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

/* [USER:PASSWORD@]SERVERS; sets the label, too */
static int parse_authority(struct df_zk_uri *uri, char *text,
			   struct df_error *error)
{
	char *at = strrchr(text, '@');
	const char *servers = at ? at + 1 : text;

	if (at)
		*at = '\0';
	if (at && parse_auth(uri, text))
		return df_db_error(error, -EINVAL,
				   "what is before the @ of the database URI is not USER:PASSWORD");
	if (asprintf(&uri->label, SCHEME "%.200s%s", servers, uri->root) < 0)
		return df_db_error(error, -ENOMEM, "out of memory");
	if (!is_printable(servers) || parse_servers(uri, servers))
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
	if (!is_printable(uri->root) || !is_root(uri->root))
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
	if (uri->auth)
		explicit_bzero(uri->auth, strlen(uri->auth));
	free(uri->auth);
	free(uri->servers);
	free(uri->label);
	free(uri->root);
}
