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
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "zookeeper_session.h"

/* The server is told that the session ends, if that does not take longer. */
#define CLOSE_MS 2000
/* Between two connections that fail */
#define RETRY_MS 20

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

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

void df_zk_session_reason(char *text, size_t size)
{
	pthread_mutex_lock(&reason_lock);
	snprintf(text, size, "%s", reason[0] ? reason : "no answer");
	pthread_mutex_unlock(&reason_lock);
}

void df_zk_session_event(zhandle_t *handle, int type, int state,
			 const char *path, void *context)
{
	struct df_zk_session *session = context;
	struct df_zk_wire *wire = df_zk_wire_new(session);

	(void)handle;
	wire->event = type;
	wire->state = state;
	wire->path = path ? must(strdup(path)) : NULL;
	pthread_mutex_lock(&session->lock);
	df_zk_wire_queue(session, wire);
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
	df_zk_wires_free(&session->done);
	df_zk_wires_free(&session->sent);
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
	struct df_zk_wire *wire = df_zk_wire_new(session);
	zhandle_t *handle;
	int err = 0;

	handle = zookeeper_init2(session->servers, df_zk_session_event,
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
	df_zk_wire_queue(session, wire);
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
	struct df_zk_wires done;
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
		df_zk_wire_free(wire);
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
	session->servers = must(strdup(zk->uri.servers));
	if (zk->uri.auth)
		session->auth = must(strdup(zk->uri.auth));
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
