// SPDX-License-Identifier: GPL-2.0
/* Protocol buffers, and the keys of a database; see etcd_wire.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_wire.h"

/* How a field is written: the low bits of its tag */
enum {
	WIRE_NUMBER = 0,
	WIRE_8_BYTES = 1,
	WIRE_BYTES = 2,
	WIRE_4_BYTES = 5,
};

/* A length that is not known yet has room for 28 bits. */
#define LENGTH_BYTES 4

#define FIELD_MAX ((1u << 29) - 1)

/* Writing */

static void reserve(struct df_pb *pb, size_t len)
{
	if (pb->size - pb->len >= len)
		return;
	pb->size = (pb->len + len) * 2 + 64;
	pb->data = realloc(pb->data, pb->size);
	if (!pb->data)
		abort();
}

static void put_varint(struct df_pb *pb, uint64_t value)
{
	reserve(pb, 10);
	for (; value >= 0x80; value >>= 7)
		pb->data[pb->len++] = value | 0x80;
	pb->data[pb->len++] = value;
}

void df_pb_raw(struct df_pb *pb, const void *data, size_t len)
{
	reserve(pb, len);
	if (len)
		memcpy(pb->data + pb->len, data, len);
	pb->len += len;
}

void df_pb_uint(struct df_pb *pb, unsigned int field, uint64_t value)
{
	put_varint(pb, field << 3 | WIRE_NUMBER);
	put_varint(pb, value);
}

void df_pb_bytes(struct df_pb *pb, unsigned int field, const void *data,
		 size_t len)
{
	put_varint(pb, field << 3 | WIRE_BYTES);
	put_varint(pb, len);
	df_pb_raw(pb, data, len);
}

size_t df_pb_open(struct df_pb *pb, unsigned int field)
{
	put_varint(pb, field << 3 | WIRE_BYTES);
	reserve(pb, LENGTH_BYTES);
	pb->len += LENGTH_BYTES;
	return pb->len;
}

/* A number may have more bytes than it needs. */
void df_pb_close(struct df_pb *pb, size_t mark)
{
	size_t len = pb->len - mark;
	size_t i;

	for (i = 0; i < LENGTH_BYTES; i++, len >>= 7)
		pb->data[mark - LENGTH_BYTES + i] =
			(len & 0x7f) | (i + 1 < LENGTH_BYTES ? 0x80 : 0);
}

void df_pb_fini(struct df_pb *pb)
{
	free(pb->data);
	memset(pb, 0, sizeof(*pb));
}

/* Reading */

static int take_varint(uint64_t *value, struct df_pb_part *part)
{
	unsigned int shift;

	*value = 0;
	for (shift = 0; shift < 64 && part->len; shift += 7) {
		unsigned char byte = *part->data++;

		part->len--;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return 0;
	}
	return -EBADMSG;
}

static int take_bytes(struct df_pb_part *bytes, struct df_pb_part *part,
		      uint64_t len)
{
	if (len > part->len)
		return -EBADMSG;
	bytes->data = part->data;
	bytes->len = len;
	part->data += len;
	part->len -= len;
	return 0;
}

int df_pb_next(struct df_pb_field *field, struct df_pb_part *part)
{
	uint64_t tag;
	uint64_t len;
	int err;

	if (!part->len)
		return 0;
	memset(field, 0, sizeof(*field));
	err = take_varint(&tag, part);
	if (err || tag >> 3 > FIELD_MAX || !(tag >> 3))
		return -EBADMSG;
	field->number = tag >> 3;
	switch (tag & 7) {
	case WIRE_NUMBER:
		err = take_varint(&field->value, part);
		break;
	case WIRE_8_BYTES:
		err = take_bytes(&field->part, part, 8);
		break;
	case WIRE_4_BYTES:
		err = take_bytes(&field->part, part, 4);
		break;
	case WIRE_BYTES:
		err = take_varint(&len, part);
		if (!err)
			err = take_bytes(&field->part, part, len);
		break;
	default:
		err = -EBADMSG;
	}
	return err ? err : 1;
}

static int parse_header(uint64_t *revision, struct df_pb_part part)
{
	struct df_pb_field field;
	int more;

	while ((more = df_pb_next(&field, &part)) > 0)
		if (field.number == 3)
			*revision = field.value;
	return more;
}

static int parse_kv(struct df_etcd_kv *kv, struct df_pb_part part)
{
	struct df_pb_field field;
	int more;

	memset(kv, 0, sizeof(*kv));
	while ((more = df_pb_next(&field, &part)) > 0) {
		if (field.number == 1)
			kv->key = field.part;
		else if (field.number == 3)
			kv->revision = field.value;
		else if (field.number == 5)
			kv->value = field.part;
		else if (field.number == 6)
			kv->lease = field.value;
	}
	return more;
}

int df_etcd_range_parse(struct df_etcd_range *range, struct df_pb_part message)
{
	struct df_pb_field field;
	int more;

	memset(range, 0, sizeof(*range));
	range->rest = message;
	while ((more = df_pb_next(&field, &message)) > 0) {
		if (field.number == 3)
			range->has_more = field.value;
		else if (field.number == 1 &&
			 parse_header(&range->revision, field.part))
			return -EBADMSG;
	}
	return more;
}

int df_etcd_range_next(struct df_etcd_range *range, struct df_etcd_kv *kv)
{
	struct df_pb_field field;
	int more;

	do {
		more = df_pb_next(&field, &range->rest);
	} while (more > 0 && field.number != 2);
	if (more <= 0)
		return more;
	return parse_kv(kv, field.part) ? -EBADMSG : 1;
}

int df_etcd_txn_parse(struct df_etcd_txn *txn, struct df_pb_part message)
{
	struct df_pb_field field;
	int more;

	memset(txn, 0, sizeof(*txn));
	txn->message = message;
	while ((more = df_pb_next(&field, &message)) > 0) {
		if (field.number == 2)
			txn->is_done = field.value;
		else if (field.number == 1 &&
			 parse_header(&txn->revision, field.part))
			return -EBADMSG;
	}
	return more;
}

/* A part of the answer: a range, or a transaction that is inside of this one */
static int each_range(const struct df_pb_field *part,
		      int (*fn)(void *arg, struct df_etcd_range *range),
		      void *arg, int depth);

static int each_part(struct df_pb_part message,
		     int (*fn)(void *arg, struct df_etcd_range *range),
		     void *arg, int depth)
{
	struct df_pb_field field;
	struct df_pb_field part;
	int more;
	int err = 0;

	while (!err && (more = df_pb_next(&field, &message)) != 0) {
		if (more < 0)
			return more;
		if (field.number != 3)
			continue;
		while (!err && (more = df_pb_next(&part, &field.part)) != 0)
			err = more < 0 ? more :
					 each_range(&part, fn, arg, depth);
	}
	return err;
}

static int each_range(const struct df_pb_field *part,
		      int (*fn)(void *arg, struct df_etcd_range *range),
		      void *arg, int depth)
{
	struct df_etcd_range range;

	if (part->number == 4)
		return depth ? each_part(part->part, fn, arg, depth - 1) :
			       -EBADMSG;
	if (part->number != 1)
		return 0;
	if (df_etcd_range_parse(&range, part->part))
		return -EBADMSG;
	return fn(arg, &range);
}

int df_etcd_txn_ranges(const struct df_etcd_txn *txn,
		       int (*fn)(void *arg, struct df_etcd_range *range),
		       void *arg)
{
	return each_part(txn->message, fn, arg, 1);
}

int df_etcd_watch_parse(struct df_etcd_watch *watch, struct df_pb_part message)
{
	struct df_pb_field field;
	int more;

	memset(watch, 0, sizeof(*watch));
	watch->rest = message;
	while ((more = df_pb_next(&field, &message)) > 0) {
		if (field.number == 1) {
			if (parse_header(&watch->revision, field.part))
				return -EBADMSG;
		} else if (field.number == 2) {
			watch->id = field.value;
		} else if (field.number == 3) {
			watch->is_created = field.value;
		} else if (field.number == 4) {
			watch->is_cancelled = field.value;
		} else if (field.number == 5) {
			watch->compacted = field.value;
		} else if (field.number == 6) {
			watch->reason = field.part;
		} else if (field.number == 11) {
			watch->has_events = true;
		}
	}
	return more;
}

int df_etcd_watch_next(struct df_etcd_watch *watch, struct df_etcd_kv *kv,
		       bool *is_put)
{
	struct df_pb_field event;
	struct df_pb_field field;
	int more;

	do {
		more = df_pb_next(&event, &watch->rest);
	} while (more > 0 && event.number != 11);
	if (more <= 0)
		return more;
	memset(kv, 0, sizeof(*kv));
	*is_put = true;
	while ((more = df_pb_next(&field, &event.part)) > 0) {
		if (field.number == 1)
			*is_put = !field.value;
		else if (field.number == 2 && parse_kv(kv, field.part))
			return -EBADMSG;
	}
	return more ? more : 1;
}

int df_etcd_lease_parse(uint64_t *ttl, struct df_pb_part message)
{
	struct df_pb_field field;
	int more;

	*ttl = 0;
	while ((more = df_pb_next(&field, &message)) > 0)
		if (field.number == 3)
			*ttl = field.value;
	return more;
}

int df_etcd_token_parse(struct df_pb_part *token, struct df_pb_part message)
{
	struct df_pb_field field;
	int more;

	memset(token, 0, sizeof(*token));
	while ((more = df_pb_next(&field, &message)) > 0)
		if (field.number == 2)
			*token = field.part;
	return more ? more : token->len ? 0 : -EBADMSG;
}

/* Keys */

void df_etcd_key_set(struct df_etcd_key *key, const char *root, char kind,
		     const char *name)
{
	key->len = snprintf(key->text, sizeof(key->text), "%s/%c/%s", root,
			    kind, name);
}

void df_etcd_key_topic(struct df_etcd_key *key, const char *root,
		       const char *topic, const char *name)
{
	key->len = snprintf(key->text, sizeof(key->text), "%s/t/%s %s", root,
			    topic, name);
}

void df_etcd_key_end(struct df_etcd_key *key)
{
	/* All bytes of a key are far from the largest one. */
	key->text[key->len - 1]++;
}

/* Every byte is one that a key or a topic may have. */
static bool copy_name(char to[DF_DB_KEY_MAX + 1], const unsigned char *from,
		      size_t len)
{
	size_t i;

	if (len > DF_DB_KEY_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (from[i] <= ' ' || from[i] > '~')
			return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/* The part of a key that is behind ROOT/KIND/ */
static int strip(struct df_pb_part *rest, const struct df_etcd_kv *kv,
		 const char *root, char kind)
{
	size_t len = strlen(root);

	if (kv->key.len < len + 3 || memcmp(kv->key.data, root, len) ||
	    kv->key.data[len] != '/' || kv->key.data[len + 1] != kind ||
	    kv->key.data[len + 2] != '/')
		return -EBADMSG;
	rest->data = kv->key.data + len + 3;
	rest->len = kv->key.len - len - 3;
	return 0;
}

int df_etcd_names_parse(struct df_etcd_names *names,
			const struct df_etcd_kv *kv, const char *root)
{
	const unsigned char *space;
	struct df_pb_part rest;
	size_t len;

	if (strip(&rest, kv, root, 't') || !rest.len)
		return -EBADMSG;
	space = memchr(rest.data, ' ', rest.len);
	len = space ? (size_t)(space - rest.data) : 0;
	if (!len || len + 1 == rest.len ||
	    !copy_name(names->topic, rest.data, len) ||
	    !copy_name(names->key, space + 1, rest.len - len - 1))
		return -EBADMSG;
	return 0;
}

int df_etcd_entry_parse(struct df_db_entry *entry, struct df_etcd_names *names,
			const struct df_etcd_kv *kv, const char *root,
			char kind)
{
	const unsigned char *line_end;
	struct df_pb_part rest;
	size_t skipped = 0;

	if (kind == 't') {
		if (df_etcd_names_parse(names, kv, root))
			return -EBADMSG;
	} else {
		line_end = kv->value.len ? memchr(kv->value.data, '\n',
						  kv->value.len) : NULL;
		if (!line_end || strip(&rest, kv, root, kind) || !rest.len ||
		    !copy_name(names->key, rest.data, rest.len) ||
		    !copy_name(names->topic, kv->value.data,
			       line_end - kv->value.data))
			return -EBADMSG;
		skipped = line_end + 1 - kv->value.data;
	}
	if (!kv->revision || kv->revision > DF_DB_VERSION_MAX)
		return -EBADMSG;
	entry->key = names->key;
	entry->topic = names->topic;
	entry->value = kv->value.len ? (const char *)kv->value.data + skipped :
				       "";
	entry->len = kv->value.len - skipped;
	entry->version = kv->revision;
	return 0;
}
