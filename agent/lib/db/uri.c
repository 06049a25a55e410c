// SPDX-License-Identifier: GPL-2.0
/* What the URIs of database servers have in common; see uri.h. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "uri.h"

int df_uri_number(unsigned int *out, const char *text, unsigned int min,
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

bool df_uri_is_printable(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

/* Servers */

static int parse_port(unsigned int *port, const char *text, size_t len)
{
	char digits[8];

	if (len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return df_uri_number(port, digits, 1, 65535);
}

/* One HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT */
static int parse_server(struct df_uri_server *server, const char *text,
			size_t len)
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
	if (!host_len || host_len >= sizeof(server->host) ||
	    strspn(text, allowed) < host_len)
		return -EINVAL;
	memcpy(server->host, text, host_len);
	server->host[host_len] = '\0';
	text += host_len + is_quoted;
	if (!len)
		return 0;
	return *text == ':' ? parse_port(&server->port, text + 1, len - 1) :
			      -EINVAL;
}

int df_uri_server_next(struct df_uri_server *server, const char **text,
		       unsigned int port)
{
	size_t len = strcspn(*text, ",");
	int err;

	server->port = port;
	err = parse_server(server, *text, len);
	if (err)
		return err;
	*text = (*text)[len] ? *text + len + 1 : NULL;
	return 0;
}

/* User and password */

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

void df_uri_auth_free(char *auth)
{
	if (auth)
		explicit_bzero(auth, strlen(auth));
	free(auth);
}

/* Of a user that has no colon, nor a coded one. */
static int read_auth(char **out, const char *text)
{
	const char *colon = strchr(text, ':');
	const char *coded = strcasestr(text, "%3a");
	char *auth;
	int err;

	if (!colon || colon == text || strlen(text) > DF_URI_AUTH_MAX ||
	    (coded && coded < colon))
		return -EINVAL;
	auth = strdup(text);
	if (!auth)
		return -ENOMEM;
	err = percent_decode(auth);
	if (err) {
		df_uri_auth_free(auth);
		return err;
	}
	df_uri_auth_free(*out);
	*out = auth;
	return 0;
}

int df_uri_auth(char **out, const char **servers, char *text,
		struct df_error *error)
{
	char *at = strrchr(text, '@');
	int err;

	*servers = at ? at + 1 : text;
	if (!at)
		return 0;
	*at = '\0';
	err = read_auth(out, text);
	if (err == -EINVAL)
		return df_db_error(error, err,
				   "what is before the @ of the database URI is not USER:PASSWORD");
	return err ? df_db_error(error, err, "out of memory") : 0;
}

int df_uri_auth_file(char **out, const char *path, struct df_error *error)
{
	char text[DF_URI_AUTH_MAX + 2] = "";
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
	if (!strchr(text, ':') || text[0] == ':' ||
	    strlen(text) > DF_URI_AUTH_MAX)
		return df_db_error(error, -EINVAL,
				   "the first line of %.200s is not USER:PASSWORD",
				   path);
	df_uri_auth_free(*out);
	*out = strdup(text);
	explicit_bzero(text, sizeof(text));
	return *out ? 0 : df_db_error(error, -ENOMEM, "out of memory");
}

int df_uri_file(char **out, const char *path, struct df_error *error)
{
	/* Libraries would say no more than that there is a problem. */
	if (access(path, R_OK))
		return df_db_error(error, -errno, "cannot read %.200s: %s",
				   path, strerror(errno));
	free(*out);
	*out = strdup(path);
	return *out ? 0 : df_db_error(error, -ENOMEM, "out of memory");
}
