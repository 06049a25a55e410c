// SPDX-License-Identifier: GPL-2.0
/* How the ZooKeeper driver writes things down; see zookeeper_layout.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zookeeper_layout.h"

#define LOG_FORMAT "dragonflow %u %08" PRIx32 " %08" PRIx32 "\n"

/* Buffers */

static char *reserve(struct df_zk_buf *buf, size_t len)
{
	if (buf->len + len > buf->size) {
		buf->size = (buf->len + len) * 2;
		buf->data = realloc(buf->data, buf->size);
		if (!buf->data)
			abort();
	}
	return buf->data + buf->len;
}

void df_zk_buf_add(struct df_zk_buf *buf, const void *data, size_t len)
{
	char *to = reserve(buf, len);

	if (len)
		memcpy(to, data, len);
	buf->len += len;
}

void df_zk_buf_printf(struct df_zk_buf *buf, const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		abort();
	df_zk_buf_add(buf, text, len);
	free(text);
}

void df_zk_buf_fini(struct df_zk_buf *buf)
{
	free(buf->data);
	*buf = (struct df_zk_buf){ 0 };
}

/* The node "log" */

int df_zk_log_print(char *text, size_t size, const struct df_zk_log *log)
{
	return snprintf(text, size, LOG_FORMAT, DF_ZK_LAYOUT, log->current,
			log->oldest);
}

int df_zk_log_parse(struct df_zk_log *log, const char *data, size_t len)
{
	struct df_zk_log new;
	unsigned int layout;
	char text[64];

	if (!data || len >= sizeof(text))
		return -EBADMSG;
	memcpy(text, data, len);
	text[len] = '\0';
	if (sscanf(text, "dragonflow %9u", &layout) != 1)
		return -EBADMSG;
	if (layout != DF_ZK_LAYOUT)
		return -EPROTO;
	if (sscanf(text, "dragonflow %*u %8" SCNx32 " %8" SCNx32,
		   &new.current, &new.oldest) != 2 ||
	    new.oldest > new.current)
		return -EBADMSG;
	*log = new;
	return 0;
}

/* Text up to @end, into @to, which has room for @max bytes and a NUL */
static bool take_word(const char **data, size_t *len, char end, char *to,
		      size_t max)
{
	const char *stop = *len ? memchr(*data, end, *len) : NULL;
	size_t size = stop ? (size_t)(stop - *data) : 0;

	if (!stop || size > max || (size && !df_zk_is_key(*data, size)))
		return false;
	memcpy(to, *data, size);
	to[size] = '\0';
	*data += size + 1;
	*len -= size + 1;
	return true;
}

/* Entries */

void df_zk_entry_print(struct df_zk_buf *buf, const struct df_db_op *put,
		       const char *lease)
{
	df_zk_buf_printf(buf, "%s %s\n", put->topic ? put->topic : "", lease);
	df_zk_buf_add(buf, put->value, put->len);
}

int df_zk_entry_parse(struct df_zk_entry *entry, const char *data, size_t len)
{
	if (!take_word(&data, &len, ' ', entry->topic, DF_DB_KEY_MAX) ||
	    !take_word(&data, &len, '\n', entry->lease, DF_ZK_LEASE_MAX) ||
	    strchr(entry->lease, '/'))
		return -EBADMSG;
	entry->value = data;
	entry->len = len;
	return 0;
}

/* Leases */

int df_zk_owner_print(char *text, size_t size, const struct df_zk_owner *owner,
		      const char *host)
{
	return snprintf(text, size, "%s %d %016" PRIx64 " %llu\n", host,
			owner->pid, owner->place, owner->start);
}

int df_zk_owner_parse(struct df_zk_owner *owner, const char *data, size_t len)
{
	struct df_zk_owner new;
	char text[192];

	if (!data || len >= sizeof(text))
		return -EBADMSG;
	memcpy(text, data, len);
	text[len] = '\0';
	if (sscanf(text, "%*64s %9d %16" SCNx64 " %19llu", &new.pid, &new.place,
		   &new.start) != 3 || new.pid < 1 || new.start > INT64_MAX / 10)
		return -EBADMSG;
	*owner = new;
	return 0;
}

/* Records: lines of "topic key length", the value behind it; "topic key -" */

void df_zk_item_print(struct df_zk_buf *buf, const char *key,
		      const char *topic, const struct df_db_op *put)
{
	if (!put) {
		df_zk_buf_printf(buf, "%s %s -\n", topic, key);
		return;
	}
	df_zk_buf_printf(buf, "%s %s %zu\n", topic, key, put->len);
	df_zk_buf_add(buf, put->value, put->len);
	df_zk_buf_add(buf, "\n", 1);
}

int df_zk_item_next(struct df_zk_item *item, const char **data, size_t *len)
{
	char number[12];
	char *end;

	if (!*len)
		return 0;
	if (!take_word(data, len, ' ', item->topic, DF_DB_KEY_MAX) ||
	    !take_word(data, len, ' ', item->key, DF_DB_KEY_MAX) ||
	    !take_word(data, len, '\n', number, sizeof(number) - 1) ||
	    !item->key[0])
		return -EBADMSG;
	item->is_put = strcmp(number, "-");
	item->value = *data;
	item->len = 0;
	if (!item->is_put)
		return 1;
	if (number[0] < '0' || number[0] > '9')
		return -EBADMSG;
	item->len = strtoul(number, &end, 10);
	if (*end || item->len >= *len || (*data)[item->len] != '\n')
		return -EBADMSG;
	*data += item->len + 1;
	*len -= item->len + 1;
	return 1;
}
