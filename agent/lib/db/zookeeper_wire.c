// SPDX-License-Identifier: GPL-2.0
/* What the ZooKeeper driver's event loop and libzookeeper's threads exchange. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "zookeeper_session.h"

struct df_zk_wire *df_zk_wire_new(struct df_zk_session *session)
{
	struct df_zk_wire *wire = calloc(1, sizeof(*wire));

	if (!wire)
		abort();
	wire->session = session;
	return wire;
}

void df_zk_wire_free(struct df_zk_wire *wire)
{
	size_t i;

	for (i = 0; wire->reply.names && i < wire->reply.count; i++)
		free(wire->reply.names[i]);
	free(wire->reply.names);
	free(wire->reply.data);
	free(wire->path);
	df_zk_multi_free(wire->multi);
	free(wire);
}

void df_zk_wires_free(struct df_zk_wires *wires)
{
	struct df_zk_wire *wire;

	while ((wire = TAILQ_FIRST(wires))) {
		TAILQ_REMOVE(wires, wire, node);
		df_zk_wire_free(wire);
	}
}

static void wake(struct df_zk_session *session)
{
	uint64_t one = 1;

	while (write(session->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

void df_zk_wire_queue(struct df_zk_session *session, struct df_zk_wire *wire)
{
	if (session->is_left) {
		df_zk_wire_free(wire);
		return;
	}
	TAILQ_INSERT_TAIL(&session->done, wire, node);
	wake(session);
}

/* In libzookeeper's threads */

static void complete(struct df_zk_wire *wire, int rc, const struct Stat *stat)
{
	struct df_zk_session *session = wire->session;

	wire->reply.rc = rc;
	if (stat)
		wire->reply.stat = *stat;
	pthread_mutex_lock(&session->lock);
	TAILQ_REMOVE(&session->sent, wire, node);
	df_zk_wire_queue(session, wire);
	pthread_mutex_unlock(&session->lock);
}

static void *copy(const void *data, size_t len)
{
	char *to = malloc(len + 1);

	if (!to)
		abort();
	if (len)
		memcpy(to, data, len);
	to[len] = '\0';
	return to;
}

static void on_data(int rc, const char *value, int len,
		    const struct Stat *stat, const void *data)
{
	struct df_zk_wire *wire = (void *)data;

	if (rc == ZOK) {
		/* A node without data has length -1. */
		wire->reply.len = value && len > 0 ? len : 0;
		wire->reply.data = copy(value, wire->reply.len);
	}
	complete(wire, rc, stat);
}

static void on_stat(int rc, const struct Stat *stat, const void *data)
{
	complete((void *)data, rc, stat);
}

static void on_children(int rc, const struct String_vector *strings,
			const struct Stat *stat, const void *data)
{
	struct df_zk_wire *wire = (void *)data;
	int i;

	if (rc == ZOK && strings && strings->count > 0) {
		wire->reply.names = calloc(strings->count,
					   sizeof(*wire->reply.names));
		if (!wire->reply.names)
			abort();
		for (i = 0; i < strings->count; i++)
			wire->reply.names[i] = copy(strings->data[i],
						    strlen(strings->data[i]));
		wire->reply.count = strings->count;
	}
	complete(wire, rc, stat);
}

static void on_void(int rc, const void *data)
{
	complete((void *)data, rc, NULL);
}

static void on_string(int rc, const char *value, const void *data)
{
	(void)value;
	complete((void *)data, rc, NULL);
}

static void ignore_string(int rc, const char *value, const void *data)
{
	(void)rc;
	(void)value;
	(void)data;
}

static void ignore_void(int rc, const void *data)
{
	(void)rc;
	(void)data;
}

/* On the event loop */

static int send_read(struct df_zk_wire *wire, zhandle_t *handle)
{
	const struct df_zk_call *call = wire->call;
	watcher_fn watcher = call->flags & ZK_WATCH ? df_zk_session_event : NULL;
	void *context = watcher ? wire->session : NULL;
	int rc = ZOK;

	if (call->flags & ZK_SYNC)
		rc = zoo_async(handle, call->path, ignore_string, NULL);
	if (rc)
		return rc;
	if (call->type == ZK_GET)
		return zoo_awget(handle, call->path, watcher, context, on_data,
				 wire);
	if (call->type == ZK_EXISTS)
		return zoo_awexists(handle, call->path, watcher, context,
				    on_stat, wire);
	return zoo_awget_children2(handle, call->path, watcher, context,
				   on_children, wire);
}

static int send_write(struct df_zk_wire *wire, zhandle_t *handle)
{
	const struct df_zk_call *call = wire->call;
	int mode = call->flags & ZK_EPHEMERAL ? ZOO_EPHEMERAL :
		   call->flags & ZK_CONTAINER ? ZOO_CONTAINER : ZOO_PERSISTENT;

	switch (call->type) {
	case ZK_CREATE:
		return zoo_acreate(handle, call->path, call->data, call->len,
				   &wire->session->zk->acl, mode, on_string,
				   wire);
	case ZK_DELETE:
		return zoo_adelete(handle, call->path, call->version, on_void,
				   wire);
	case ZK_SET:
		return zoo_aset(handle, call->path, call->data, call->len,
				call->version, on_stat, wire);
	default:
		wire->reply.multi = wire->multi;
		return zoo_amulti(handle, wire->multi->count, wire->multi->ops,
				  wire->multi->results, on_void, wire);
	}
}

int df_zk_wire_send(struct df_zk_session *session, struct df_zk_call *call)
{
	struct df_zk_wire *wire = df_zk_wire_new(session);
	zhandle_t *handle;
	int rc = ZINVALIDSTATE;

	wire->call = call;
	wire->multi = call->multi;
	call->multi = NULL;
	pthread_mutex_lock(&session->lock);
	handle = session->handle;
	TAILQ_INSERT_TAIL(&session->sent, wire, node);
	pthread_mutex_unlock(&session->lock);
	/* Only the event loop asks for its end, so the handle stays. */
	if (handle)
		rc = call->type <= ZK_CHILDREN ? send_read(wire, handle) :
						 send_write(wire, handle);
	if (rc == ZOK) {
		call->wire = wire;
		return ZOK;
	}
	pthread_mutex_lock(&session->lock);
	TAILQ_REMOVE(&session->sent, wire, node);
	pthread_mutex_unlock(&session->lock);
	call->multi = wire->multi;
	wire->multi = NULL;
	df_zk_wire_free(wire);
	return rc;
}

void df_zk_wire_detach(struct df_zk_wire *wire)
{
	wire->call = NULL;
}

void df_zk_session_unwatch(struct df_zk_session *session, const char *path)
{
	/*
	 * Declared as a pointer to the function's pointer, used as the function's
	 * pointer. And only "all" makes the server forget it, too.
	 */
	void_completion_t *ignore = (void_completion_t *)(uintptr_t)ignore_void;

	if (session->handle)
		zoo_aremove_all_watches(session->handle, path, ZWATCHTYPE_DATA,
					0, ignore, NULL);
}
