// SPDX-License-Identifier: GPL-2.0
/* Transactions as libzookeeper wants them: arrays whose strings stay valid. */
#include <stdlib.h>
#include <string.h>

#include "zookeeper.h"

/* What a request says beside path and data: types, lengths, ACL, version */
#define OP_BYTES 72

struct df_zk_multi *df_zk_multi_new(const struct ACL_vector *acl)
{
	struct df_zk_multi *multi = calloc(1, sizeof(*multi));

	if (!multi)
		abort();
	multi->acl = acl;
	return multi;
}

void df_zk_multi_free(struct df_zk_multi *multi)
{
	size_t i;

	if (!multi)
		return;
	/* The path is the first member of each, and they all are a union. */
	for (i = 0; i < multi->count; i++) {
		zoo_op_t *op = &multi->ops[i];

		free((char *)op->check_op.path);
		if (op->type == ZOO_CREATE_OP)
			free((char *)op->create_op.data);
		else if (op->type == ZOO_SETDATA_OP)
			free((char *)op->set_op.data);
	}
	free(multi->ops);
	free(multi->results);
	free(multi);
}

static char *copy(struct df_zk_multi *multi, const void *data, size_t len)
{
	char *to = malloc(len + 1);

	if (!to)
		abort();
	if (len)
		memcpy(to, data, len);
	to[len] = '\0';
	multi->bytes += len;
	return to;
}

static zoo_op_t *add(struct df_zk_multi *multi)
{
	if (multi->count == multi->room) {
		multi->room = multi->room ? multi->room * 2 : 8;
		multi->ops = reallocarray(multi->ops, multi->room,
					  sizeof(*multi->ops));
		multi->results = reallocarray(multi->results, multi->room,
					      sizeof(*multi->results));
		if (!multi->ops || !multi->results)
			abort();
	}
	multi->bytes += OP_BYTES;
	memset(&multi->results[multi->count], 0, sizeof(*multi->results));
	return &multi->ops[multi->count++];
}

void df_zk_multi_create(struct df_zk_multi *multi, const char *path,
			const void *data, size_t len)
{
	zoo_create_op_init(add(multi), copy(multi, path, strlen(path)),
			   copy(multi, data, len), len, multi->acl,
			   ZOO_PERSISTENT, NULL, 0);
}

void df_zk_multi_append(struct df_zk_multi *multi, const char *path,
			const void *data, size_t len)
{
	zoo_create_op_init(add(multi), copy(multi, path, strlen(path)),
			   copy(multi, data, len), len, multi->acl,
			   ZOO_PERSISTENT_SEQUENTIAL, multi->created,
			   sizeof(multi->created));
}

void df_zk_multi_set(struct df_zk_multi *multi, const char *path,
		     const void *data, size_t len, int version)
{
	zoo_set_op_init(add(multi), copy(multi, path, strlen(path)),
			copy(multi, data, len), len, version, NULL);
}

void df_zk_multi_delete(struct df_zk_multi *multi, const char *path,
			int version)
{
	zoo_delete_op_init(add(multi), copy(multi, path, strlen(path)),
			   version);
}

void df_zk_multi_check(struct df_zk_multi *multi, const char *path,
		       int version)
{
	zoo_check_op_init(add(multi), copy(multi, path, strlen(path)),
			  version);
}
