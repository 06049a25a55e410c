/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the URIs of database servers have in common; linked into each driver of
 * one. Pure, but for reading a file.
 */
#ifndef DF_LIB_DB_URI_H
#define DF_LIB_DB_URI_H

#include "../db.h"

#define DF_URI_AUTH_MAX 512

/**
 * struct df_uri_server - a server that a URI names
 * @host: a name or an address, the latter without brackets
 * @port: its port
 */
struct df_uri_server {
	char host[256];
	unsigned int port;
};

/** Digits only, between @min and @max. */
int df_uri_number(unsigned int *out, const char *text, unsigned int min,
		  unsigned int max);
/** Every byte is a visible character of ASCII. */
bool df_uri_is_printable(const char *text);
/**
 * df_uri_server_next - take one server off a list
 * @text: HOST[:PORT][,HOST[:PORT]...]; moved on. NULL after the last one
 * @port: if it names none
 *
 * An IPv6 address stands in brackets, unless it has no port.
 */
int df_uri_server_next(struct df_uri_server *server, const char **text,
		       unsigned int port);
/**
 * df_uri_auth - take apart [USER:PASSWORD@]SERVERS
 * @out: USER:PASSWORD, decoded; for df_uri_auth_free(). Left alone if @text has
 *	none
 * @servers: what is behind it, in @text
 * @text: both percent-encoded; cut there. The user has no colon, nor a coded one
 */
int df_uri_auth(char **out, const char **servers, char *text,
		struct df_error *error);
/** What df_uri_auth() reads, not encoded, from the first line of a file. */
int df_uri_auth_file(char **out, const char *path, struct df_error *error);
/** Leaves no password in memory. */
void df_uri_auth_free(char *auth);
/** The name of a file that can be read, such as one with a certificate. */
int df_uri_file(char **out, const char *path, struct df_error *error);

#endif
