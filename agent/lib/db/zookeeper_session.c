// SPDX-License-Identifier: GPL-2.0
/*
 * The ZooKeeper driver's side of libzookeeper. A thread opens and closes the
 * handle, as both may wait for the network. libzookeeper calls back from threads
 * of its own: these only fill a wire, queue it and write to an eventfd; the
 * event loop does the rest.
 */
#include <errno.h>
#include <event2/event.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "zookeeper.h"

/* The server is told that the session ends, if that does not take longer. */
#define CLOSE_MS 2000
/* Between two connections that fail */
#define RETRY_MS 20

/**
 * struct df_zk_wire - something that crosses from a thread to the event loop
 * @session: whose it is
 * @call: who waits; only the event loop looks
 * @multi: of MULTI, until libzookeeper is done with it
 * @event: 0, or a session's event
 * @state: of a session's event
 * @path: of a watch's event
 */
struct df_zk_wire {
	TAILQ_ENTRY(df_zk_wire) node;
	struct df_zk_session *session;
	struct df_zk_call *call;
	struct df_zk_multi *multi;
	int event;
	int state;
	char *path;
	struct df_zk_reply reply;
};

TAILQ_HEAD(wires, df_zk_wire);

/**
 * struct df_zk_session - a handle of libzookeeper
 * @refs: the event loop and the thread
 * @zk: whose it is; only the event loop looks
 * @lock: protects the next 7
 * @handle: libzookeeper's, once the thread has opened it
 * @err: why it could not
 * @is_ending: the thread shall close it
 * @is_ended: it has
 * @is_left: the event loop does not look any more
 * @sent: what libzookeeper has
 * @done: what the event loop has to look at
 * @wake: written to when @done is not empty
 */
struct df_zk_session {
	int refs;
	struct df_zk *zk;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	zhandle_t *handle;
	int err;
	bool is_ending;
	bool is_ended;
	bool is_left;
	struct wires sent;
	struct wires done;
	int wake;
	struct event *woken;
	char *servers;
	char *auth;
	unsigned int timeout_ms;
	bool is_dead;
};

/* One line for all handles of the process: libzookeeper does not say whose. */
static pthread_mutex_t reason_lock = PTHREAD_MUTEX_INITIALIZER;
static char reason[160];
/* Threads that must not sleep: those of event loops */
static __thread bool is_event_loop;

static void set_reason(const char *text)
{
	pthread_mutex_lock(&reason_lock);
	snprintf(reason, sizeof(reason), "%s", text);
	pthread_mutex_unlock(&reason_lock);
}

/* "... Socket 192.0.2.1:2181 zk retcode=-4, errno=111(Connection refused): ..." */
static void on_log(const char *message)
{
	const struct timespec pause = { .tv_nsec = RETRY_MS * 1000000 };
	const char *server = strstr(message, "Socket ");
	const char *server_end = strstr(message, " zk retcode");
	const char *error = strstr(message, "errno=");
	char text[sizeof(reason)];
	const char *error_end;

	error = error ? strchr(error, '(') : NULL;
	error_end = error ? strchr(error, ')') : NULL;
	if (!server || !error_end)
		return;
	server += strlen("Socket ");
	if (!server_end || server_end < server)
		return;
	error++;
	snprintf(text, sizeof(text), "%.*s: %.*s",
		 (int)(server_end - server), server,
		 (int)(error_end - error), error);
	set_reason(text);
	/*
	 * With two servers that refuse connections, libzookeeper 3.8 tries
	 * 20,000 times a second: this is what stops it.
	 */
	if (!is_event_loop)
		nanosleep(&pause, NULL);
}

void df_zk_session_reason(char *text, size_t size)
{
	pthread_mutex_lock(&reason_lock);
	snprintf(text, size, "%s", reason[0] ? reason : "no answer");
	pthread_mutex_unlock(&reason_lock);
}

/* Wires */

static struct df_zk_wire *wire_new(struct df_zk_session *session)
{
	struct df_zk_wire *wire = calloc(1, sizeof(*wire));

	if (!wire)
		abort();
	wire->session = session;
	return wire;
}

static void wire_free(struct df_zk_wire *wire)
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

static void wires_free(struct wires *wires)
{
	struct df_zk_wire *wire;

	while ((wire = TAILQ_FIRST(wires))) {
		TAILQ_REMOVE(wires, wire, node);
		wire_free(wire);
	}
}

static void wake(struct df_zk_session *session)
{
	uint64_t one = 1;

	while (write(session->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* With the lock */
static void queue(struct df_zk_session *session, struct df_zk_wire *wire)
{
	if (session->is_left) {
		wire_free(wire);
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
	queue(session, wire);
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

static void on_event(zhandle_t *handle, int type, int state, const char *path,
		     void *context)
{
	struct df_zk_session *session = context;
	struct df_zk_wire *wire = wire_new(session);

	(void)handle;
	wire->event = type;
	wire->state = state;
	wire->path = path ? copy(path, strlen(path)) : NULL;
	pthread_mutex_lock(&session->lock);
	queue(session, wire);
	pthread_mutex_unlock(&session->lock);
}

/* The thread */

static void session_put(struct df_zk_session *session)
{
	bool is_last;

	pthread_mutex_lock(&session->lock);
	is_last = !--session->refs;
	pthread_mutex_unlock(&session->lock);
	if (!is_last)
		return;
	wires_free(&session->done);
	wires_free(&session->sent);
	close(session->wake);
	pthread_mutex_destroy(&session->lock);
	pthread_cond_destroy(&session->changed);
	if (session->auth)
		explicit_bzero(session->auth, strlen(session->auth));
	free(session->auth);
	free(session->servers);
	free(session);
}

static void *session_main(void *arg)
{
	struct df_zk_session *session = arg;
	struct df_zk_wire *wire = wire_new(session);
	zhandle_t *handle;
	int err = 0;

	handle = zookeeper_init2(session->servers, on_event,
				 session->timeout_ms, NULL, session, 0,
				 on_log);
	if (!handle)
		err = errno ? errno : EIO;
	if (!handle)
		set_reason(err == ENOENT || err == EINVAL ?
			   "no name of a server has an address" :
			   strerror(err));
	if (handle && session->auth)
		zoo_add_auth(handle, "digest", session->auth,
			     strlen(session->auth), NULL, NULL);
	/* Tells the event loop that there is a handle, or none. */
	wire->event = ZOO_SESSION_EVENT;
	wire->state = handle ? zoo_state(handle) : ZOO_EXPIRED_SESSION_STATE;
	pthread_mutex_lock(&session->lock);
	session->handle = handle;
	session->err = err;
	queue(session, wire);
	while (!session->is_ending)
		pthread_cond_wait(&session->changed, &session->lock);
	session->handle = NULL;
	pthread_mutex_unlock(&session->lock);
	if (handle)
		zookeeper_close(handle);
	pthread_mutex_lock(&session->lock);
	session->is_ended = true;
	pthread_cond_broadcast(&session->changed);
	pthread_mutex_unlock(&session->lock);
	session_put(session);
	return NULL;
}

/* On the event loop */

static void session_event(struct df_zk_session *session,
			  const struct df_zk_wire *wire)
{
	struct df_zk *zk = session->zk;
	bool is_open;

	pthread_mutex_lock(&session->lock);
	is_open = session->handle || session->err;
	pthread_mutex_unlock(&session->lock);
	/* It connects while it is opened: the thread says so again. */
	if (!is_open)
		return;
	if (wire->event != ZOO_SESSION_EVENT) {
		if (wire->path)
			df_zk_on_watch(zk, wire->path);
		return;
	}
	if (wire->state == ZOO_CONNECTED_STATE) {
		df_zk_on_up(zk);
	} else if (wire->state == ZOO_EXPIRED_SESSION_STATE ||
		   wire->state == ZOO_AUTH_FAILED_STATE) {
		session->is_dead = true;
		df_zk_on_end(zk, wire->state == ZOO_AUTH_FAILED_STATE ?
			     ZAUTHFAILED : ZSESSIONEXPIRED);
	} else {
		df_zk_on_down(zk);
	}
}

static void dispatch(struct df_zk_session *session)
{
	struct df_zk *zk = session->zk;
	struct df_zk_wire *wire;
	struct wires done;
	uint64_t count;

	if (read(session->wake, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	TAILQ_INIT(&done);
	pthread_mutex_lock(&session->lock);
	TAILQ_CONCAT(&done, &session->done, node);
	session->refs++;
	pthread_mutex_unlock(&session->lock);
	while ((wire = TAILQ_FIRST(&done))) {
		TAILQ_REMOVE(&done, wire, node);
		/* The session may have been given up by what came before. */
		if (zk->session != session)
			;
		else if (wire->event)
			session_event(session, wire);
		else if (wire->call)
			df_zk_answered(zk, wire->call, &wire->reply);
		else
			zk->sent_count--;
		wire_free(wire);
	}
	if (zk->session == session)
		df_zk_pump(zk);
	session_put(session);
}

static void woken(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	dispatch(arg);
}

void df_zk_session_run(struct df_zk_session *session, int ms)
{
	struct pollfd pollfd = { .fd = session->wake, .events = POLLIN };

	if (poll(&pollfd, 1, ms) > 0)
		dispatch(session);
}

/* It and the threads that it makes take no signals: those are the program's. */
static int start_thread(struct df_zk_session *session)
{
	pthread_t thread;
	sigset_t before;
	sigset_t all;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&thread, NULL, session_main, session);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!err)
		pthread_detach(thread);
	return err;
}

int df_zk_session_new(struct df_zk_session **out, struct df_zk *zk)
{
	struct df_zk_session *session = calloc(1, sizeof(*session));
	int err;

	if (!session)
		abort();
	is_event_loop = true;
	session->refs = 2;
	session->zk = zk;
	session->timeout_ms = zk->uri.session_ms;
	session->servers = copy(zk->uri.servers, strlen(zk->uri.servers));
	if (zk->uri.auth)
		session->auth = copy(zk->uri.auth, strlen(zk->uri.auth));
	TAILQ_INIT(&session->sent);
	TAILQ_INIT(&session->done);
	pthread_mutex_init(&session->lock, NULL);
	pthread_cond_init(&session->changed, NULL);
	session->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	err = session->wake < 0 ? errno : 0;
	if (!err) {
		session->woken = event_new(zk->base, session->wake,
					   EV_READ | EV_PERSIST, woken,
					   session);
		if (!session->woken || event_add(session->woken, NULL))
			abort();
		err = start_thread(session);
	}
	if (err) {
		if (session->woken)
			event_free(session->woken);
		session->refs = 1;
		session_put(session);
		return -err;
	}
	*out = session;
	return 0;
}

void df_zk_session_free(struct df_zk_session *session)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += CLOSE_MS / 1000;
	event_free(session->woken);
	pthread_mutex_lock(&session->lock);
	session->is_ending = true;
	session->is_left = true;
	pthread_cond_broadcast(&session->changed);
	/* Only a server that is there can be told. */
	while (!session->is_ended && session->zk->is_up &&
	       session->zk->is_closing)
		if (pthread_cond_timedwait(&session->changed, &session->lock,
					   &until))
			break;
	pthread_mutex_unlock(&session->lock);
	session_put(session);
}

bool df_zk_session_is_dead(const struct df_zk_session *session)
{
	return session->is_dead;
}

uint64_t df_zk_session_id(struct df_zk_session *session)
{
	const clientid_t *id = session->handle ?
			       zoo_client_id(session->handle) : NULL;

	return id ? id->client_id : 0;
}

unsigned int df_zk_session_timeout(struct df_zk_session *session)
{
	return session->handle ? zoo_recv_timeout(session->handle) : 0;
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

static int send_read(struct df_zk_wire *wire, zhandle_t *handle)
{
	const struct df_zk_call *call = wire->call;
	watcher_fn watcher = call->flags & ZK_WATCH ? on_event : NULL;
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
	struct df_zk_wire *wire = wire_new(session);
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
	wire_free(wire);
	return rc;
}

void df_zk_wire_detach(struct df_zk_wire *wire)
{
	wire->call = NULL;
}
