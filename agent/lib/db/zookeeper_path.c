// SPDX-License-Identifier: GPL-2.0
/* Where the ZooKeeper driver keeps things; see zookeeper_layout.h. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zookeeper_layout.h"

static void add_bytes(struct df_zk_path *path, const char *bytes, size_t len)
{
	/* Keys and roots are bounded so that this never happens. */
	if (path->len + len >= sizeof(path->text))
		abort();
	memcpy(path->text + path->len, bytes, len);
	path->len += len;
	path->text[path->len] = '\0';
}

void df_zk_path_set(struct df_zk_path *path, const char *root,
		    const char *rest)
{
	path->len = 0;
	add_bytes(path, root, strlen(root));
	df_zk_path_add(path, rest);
}

void df_zk_path_add(struct df_zk_path *path, const char *part)
{
	add_bytes(path, "/", 1);
	add_bytes(path, part, strlen(part));
}

void df_zk_path_up(struct df_zk_path *path)
{
	while (path->len && path->text[--path->len] != '/')
		;
	path->text[path->len] = '\0';
}

/* FNV-1a */
static void add_bucket(struct df_zk_path *path, const char *name, size_t len)
{
	uint32_t hash = 2166136261u;
	char bucket[8];

	while (len--)
		hash = (hash ^ (unsigned char)*name++) * 16777619u;
	hash ^= hash >> 16;
	snprintf(bucket, sizeof(bucket), "%02x",
		 (unsigned int)(hash % DF_ZK_BUCKETS));
	df_zk_path_add(path, bucket);
}

void df_zk_path_add_flat(struct df_zk_path *path, const char *name)
{
	const char *at;
	char coded[4];

	add_bucket(path, name, strlen(name));
	add_bytes(path, "/", 1);
	for (at = name; *at; at++) {
		bool is_plain = *at != '/' && *at != '%' &&
				!(*at == '.' && at == name);

		snprintf(coded, sizeof(coded), is_plain ? "%c" : "%%%02X",
			 (unsigned char)*at);
		add_bytes(path, coded, strlen(coded));
	}
}

bool df_zk_is_key(const char *key, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (key[i] <= ' ' || key[i] > '~')
			return false;
	return len && len <= DF_DB_KEY_MAX;
}

bool df_zk_flat_parse(char key[DF_DB_KEY_MAX + 1], const char *name)
{
	size_t len = 0;

	for (; *name; name++) {
		unsigned int byte = (unsigned char)*name;

		if (len == DF_DB_KEY_MAX)
			return false;
		if (byte == '%') {
			if (!isxdigit((unsigned char)name[1]) ||
			    !isxdigit((unsigned char)name[2]) ||
			    sscanf(name + 1, "%2x", &byte) != 1)
				return false;
			name += 2;
		}
		key[len++] = byte;
	}
	key[len] = '\0';
	return df_zk_is_key(key, len);
}

static void add_part(struct df_zk_path *path, char kind, const char *part,
		     size_t len)
{
	char node[2] = { '/', kind };

	add_bucket(path, part, len);
	add_bytes(path, node, sizeof(node));
	add_bytes(path, part, len);
}

void df_zk_path_dir(struct df_zk_path *path, const char *root,
		    const char *prefix)
{
	const char *slash;

	df_zk_path_set(path, root, "k");
	while ((slash = strchr(prefix, '/'))) {
		add_part(path, 'd', prefix, slash - prefix);
		prefix = slash + 1;
	}
}

void df_zk_path_key(struct df_zk_path *path, const char *root,
		    const char *key)
{
	const char *slash = strrchr(key, '/');
	const char *name = slash ? slash + 1 : key;

	df_zk_path_dir(path, root, key);
	add_part(path, 'e', name, strlen(name));
}

void df_zk_path_log(struct df_zk_path *path, const char *root,
		    uint32_t segment, const char *topic)
{
	char text[24];

	snprintf(text, sizeof(text), "log/%08" PRIx32 "/%c", segment,
		 topic ? 't' : 'x');
	df_zk_path_set(path, root, text);
	if (topic)
		df_zk_path_add_flat(path, topic);
}

void df_zk_path_record(struct df_zk_path *path, const char *root,
		       uint32_t segment, const char *topic, uint32_t nr)
{
	char text[16];

	df_zk_path_log(path, root, segment, topic);
	snprintf(text, sizeof(text), "c%010" PRIu32, nr);
	df_zk_path_add(path, text);
}

bool df_zk_number_parse(uint32_t *nr, const char *path)
{
	size_t len = strlen(path);
	unsigned long n;
	char *end;

	if (len < 11 || path[len - 11] != 'c' ||
	    !isdigit((unsigned char)path[len - 10]))
		return false;
	n = strtoul(path + len - 10, &end, 10);
	if (*end || n > INT32_MAX)
		return false;
	*nr = n;
	return true;
}
