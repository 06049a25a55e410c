// SPDX-License-Identifier: GPL-2.0
/* gRPC over libcurl; see etcd_http.h. */
#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <time.h>

#include "etcd_http.h"
#include "uri.h"

/* Before a message: is it compressed (it is not), and its length */
#define FRAME_HEADER 5
#define RECEIVE_SIZE (128 * 1024)
/* More than that no answer has. */
#define FRAME_MAX (64u * 1024 * 1024)

/**
 * struct df_etcd_call - a call
 * @serial: no other one has it
 * @out: what is sent, from @out_at
 * @in: what came and is not told yet
 * @status: of gRPC; -1 as long as there is none
 * @text: what it says about that
 * @is_stream: more may be written
 * @is_paused: libcurl waits for more to send
 * @is_broken: what came is no message
 */
struct df_etcd_call {
	TAILQ_ENTRY(df_etcd_call) node;
	struct df_etcd_http *http;
	uint64_t serial;
	CURL *easy;
	struct curl_slist *headers;
	const struct df_etcd_call_ops *ops;
	void *arg;
	struct df_pb out;
	size_t out_at;
	struct df_pb in;
	int status;
	char text[200];
	char error[CURL_ERROR_SIZE];
	bool is_stream;
	bool is_paused;
	bool is_broken;
};

/** struct watched - a socket of libcurl's */
struct watched {
	TAILQ_ENTRY(watched) node;
	struct df_etcd_http *http;
	struct event *event;
	curl_socket_t fd;
};

/**
 * struct df_etcd_http - a connection
 * @serials: how many calls there were
 * @depth: who holds it: its owner, and who tells others
 * @is_gone: its owner does not any more
 */
struct df_etcd_http {
	struct event_base *base;
	const struct df_etcd_uri *uri;
	const char *server;
	char *token;
	CURLM *multi;
	struct event *timer;
	TAILQ_HEAD(, df_etcd_call) calls;
	TAILQ_HEAD(, watched) sockets;
	int64_t heard_ms;
	uint64_t serials;
	int depth;
	bool is_gone;
};

int64_t df_etcd_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* libcurl's callbacks: they only take notes. */

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct df_etcd_call *call = arg;

	call->http->heard_ms = df_etcd_now_ms();
	df_pb_raw(&call->in, data, size * count);
	return size * count;
}

/* In place; a server may send any byte so. */
static void percent_decode(char *text)
{
	char *to = text;

	while (*text) {
		unsigned int byte;

		if (*text == '%' && text[1] && text[2] &&
		    sscanf(text + 1, "%2x", &byte) == 1) {
			*to++ = byte >= ' ' && byte < 0x7f ? byte : '?';
			text += 3;
		} else {
			*to++ = *text++;
		}
	}
	*to = '\0';
}

/* Also what comes behind the body */
static size_t on_header(char *data, size_t size, size_t count, void *arg)
{
	static const char status[] = "grpc-status:";
	static const char message[] = "grpc-message:";
	struct df_etcd_call *call = arg;
	size_t len = size * count;
	char line[sizeof(call->text) + 32];

	call->http->heard_ms = df_etcd_now_ms();
	snprintf(line, sizeof(line), "%.*s", (int)len, data);
	line[strcspn(line, "\r\n")] = '\0';
	if (!strncasecmp(line, status, strlen(status))) {
		call->status = atoi(line + strlen(status));
	} else if (!strncasecmp(line, message, strlen(message))) {
		const char *text = line + strlen(message);

		snprintf(call->text, sizeof(call->text), "%s",
			 text + strspn(text, " "));
		percent_decode(call->text);
	}
	return len;
}

static size_t on_want(char *data, size_t size, size_t count, void *arg)
{
	struct df_etcd_call *call = arg;
	size_t len = call->out.len - call->out_at;

	if (!len && call->is_stream) {
		call->is_paused = true;
		return CURL_READFUNC_PAUSE;
	}
	if (len > size * count)
		len = size * count;
	if (len)
		memcpy(data, call->out.data + call->out_at, len);
	call->out_at += len;
	if (call->out_at == call->out.len) {
		call->out_at = 0;
		call->out.len = 0;
	}
	return len;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct df_etcd_http *http = arg;

	(void)multi;
	if (ms < 0)
		event_del(http->timer);
	else
		event_add(http->timer, &tv);
	return 0;
}

static void on_ready(evutil_socket_t fd, short what, void *arg);

static void unwatch(struct watched *watched)
{
	TAILQ_REMOVE(&watched->http->sockets, watched, node);
	event_free(watched->event);
	free(watched);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
		     void *socket_arg)
{
	struct df_etcd_http *http = arg;
	struct watched *watched = socket_arg;
	short events = (what & CURL_POLL_IN ? EV_READ : 0) |
		       (what & CURL_POLL_OUT ? EV_WRITE : 0);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watched)
			unwatch(watched);
		curl_multi_assign(http->multi, fd, NULL);
		return 0;
	}
	if (!watched) {
		watched = must(calloc(1, sizeof(*watched)));
		watched->http = http;
		watched->fd = fd;
		watched->event = must(event_new(http->base, fd, 0, NULL, NULL));
		TAILQ_INSERT_TAIL(&http->sockets, watched, node);
		curl_multi_assign(http->multi, fd, watched);
	}
	event_del(watched->event);
	event_assign(watched->event, http->base, fd, events | EV_PERSIST,
		     on_ready, watched);
	event_add(watched->event, NULL);
	return 0;
}

/* Telling others */

/* The next whole message behind @at; 0: there is none yet; -1: it is none */
static int take_message(struct df_pb_part *message, const struct df_pb *in,
			size_t *at)
{
	const unsigned char *data = in->data + *at;
	size_t left = in->len - *at;
	size_t len;

	if (left < FRAME_HEADER)
		return 0;
	len = (size_t)data[1] << 24 | data[2] << 16 | data[3] << 8 | data[4];
	if (data[0] || len > FRAME_MAX)
		return -1;
	if (left < FRAME_HEADER + len)
		return 0;
	*at += FRAME_HEADER + len;
	message->data = data + FRAME_HEADER;
	message->len = len;
	return 1;
}

static bool is_alive(const struct df_etcd_http *http, uint64_t serial)
{
	const struct df_etcd_call *call;

	TAILQ_FOREACH(call, &http->calls, node)
		if (call->serial == serial)
			return !http->is_gone;
	return false;
}

/* What they are told may end any call, this one too, and the connection. */
static bool tell_messages(struct df_etcd_http *http, struct df_etcd_call *call)
{
	uint64_t serial = call->serial;
	struct df_pb in = call->in;
	struct df_pb_part message;
	size_t at = 0;
	int more;

	memset(&call->in, 0, sizeof(call->in));
	while ((more = take_message(&message, &in, &at)) > 0) {
		call->ops->message(call->arg, message);
		if (!is_alive(http, serial)) {
			df_pb_fini(&in);
			return true;
		}
	}
	if (at) {
		memmove(in.data, in.data + at, in.len - at);
		in.len -= at;
	}
	call->in = in;
	call->is_broken = more < 0;
	return at > 0;
}

static void call_unlink(struct df_etcd_call *call)
{
	TAILQ_REMOVE(&call->http->calls, call, node);
	curl_multi_remove_handle(call->http->multi, call->easy);
	curl_easy_cleanup(call->easy);
	curl_slist_free_all(call->headers);
	df_pb_fini(&call->out);
	df_pb_fini(&call->in);
}

static void tell_end(struct df_etcd_call *call, CURLcode code)
{
	const struct df_etcd_call_ops *ops = call->ops;
	unsigned int status = GRPC_UNAVAILABLE;
	void *arg = call->arg;
	char text[sizeof(call->error)];
	long http_status = 0;

	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &http_status);
	if (code)
		snprintf(text, sizeof(text), "%s", call->error[0] ?
			 call->error : curl_easy_strerror(code));
	else if (call->is_broken)
		snprintf(text, sizeof(text), "it does not speak gRPC");
	else if (call->status < 0)
		snprintf(text, sizeof(text), "HTTP status %ld", http_status);
	else
		snprintf(text, sizeof(text), "%s", call->text);
	if (!code && !call->is_broken && call->status >= 0)
		status = call->status;
	call_unlink(call);
	free(call);
	ops->end(arg, status, text);
}

static struct df_etcd_call *call_of(CURL *easy)
{
	struct df_etcd_call *call = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
	return call;
}

static bool tell_one(struct df_etcd_http *http)
{
	struct df_etcd_call *call;
	CURLMsg *message;
	int left;

	TAILQ_FOREACH(call, &http->calls, node) {
		if (tell_messages(http, call))
			return true;
		if (call->is_broken) {
			tell_end(call, CURLE_OK);
			return true;
		}
	}
	message = curl_multi_info_read(http->multi, &left);
	if (!message || message->msg != CURLMSG_DONE)
		return false;
	tell_end(call_of(message->easy_handle), message->data.result);
	return true;
}

static void http_put(struct df_etcd_http *http)
{
	if (--http->depth || !http->is_gone)
		return;
	curl_multi_cleanup(http->multi);
	while (!TAILQ_EMPTY(&http->sockets))
		unwatch(TAILQ_FIRST(&http->sockets));
	event_free(http->timer);
	df_uri_auth_free(http->token);
	free(http);
}

static void tell(struct df_etcd_http *http)
{
	http->depth++;
	while (!http->is_gone && tell_one(http))
		;
	http_put(http);
}

static void act(struct df_etcd_http *http, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(http->multi, fd, what, &running);
	tell(http);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	const struct watched *watched = arg;

	act(watched->http, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) |
			       (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* For others */

struct df_etcd_http *df_etcd_http_new(struct event_base *base,
				      const struct df_etcd_uri *uri,
				      const char *server)
{
	struct df_etcd_http *http = must(calloc(1, sizeof(*http)));

	http->base = base;
	http->uri = uri;
	http->server = server;
	http->multi = must(curl_multi_init());
	http->timer = must(evtimer_new(base, on_time, http));
	http->depth = 1;
	TAILQ_INIT(&http->calls);
	TAILQ_INIT(&http->sockets);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 1000L);
	return http;
}

void df_etcd_http_free(struct df_etcd_http *http)
{
	if (!http)
		return;
	while (!TAILQ_EMPTY(&http->calls))
		df_etcd_call_free(TAILQ_FIRST(&http->calls));
	http->is_gone = true;
	http_put(http);
}

void df_etcd_http_token(struct df_etcd_http *http, const char *token,
			size_t len)
{
	df_uri_auth_free(http->token);
	http->token = token ? must(strndup(token, len)) : NULL;
}

int64_t df_etcd_http_heard_ms(const struct df_etcd_http *http)
{
	return http->heard_ms;
}

static void set_headers(struct df_etcd_call *call, const char *method)
{
	const char *token = call->http->token;
	char *line;

	call->headers = curl_slist_append(NULL, "content-type: application/grpc");
	call->headers = curl_slist_append(call->headers, "te: trailers");
	/* A 100-continue would be waited for. */
	call->headers = curl_slist_append(call->headers, "expect:");
	if (strstr(method, "Watch"))
		/* The server ends it when it knows no leader. */
		call->headers = curl_slist_append(call->headers,
						  "hasleader: true");
	if (token) {
		if (asprintf(&line, "token: %s", token) < 0)
			abort();
		call->headers = curl_slist_append(call->headers, line);
		df_uri_auth_free(line);
	}
	must(call->headers);
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
}

/*
 * Without TLS nothing is negotiated. libcurl 7.88 forgets that it has begun with
 * HTTP/2 on a connection, and must not be told so twice (curl's issue 10634).
 */
static void set_plain(struct df_etcd_call *call)
{
	unsigned int version = curl_version_info(CURLVERSION_NOW)->version_num;
	bool forgets = version >= 0x075800 && version < 0x080000;

	curl_easy_setopt(call->easy, CURLOPT_HTTP_VERSION,
			 forgets && call->http->heard_ms ?
			 (long)CURL_HTTP_VERSION_2_0 :
			 (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
}

static void set_tls(CURL *easy, const struct df_etcd_uri *uri)
{
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
			 (long)CURL_SSLVERSION_TLSv1_2);
	if (uri->ca)
		curl_easy_setopt(easy, CURLOPT_CAINFO, uri->ca);
	if (uri->cert)
		curl_easy_setopt(easy, CURLOPT_SSLCERT, uri->cert);
	if (uri->cert)
		curl_easy_setopt(easy, CURLOPT_SSLKEY,
				 uri->key ? uri->key : uri->cert);
}

static void set_options(struct df_etcd_call *call, const char *method)
{
	CURL *easy = call->easy;
	char url[512];

	snprintf(url, sizeof(url), "%s/%s", call->http->server, method);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* No proxy, whatever the environment says. */
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)call->http->uri->failover_ms);
	/*
	 * More than libcurl takes from a connection at once: when the rest of it
	 * does not fit, libcurl 7.88 forgets to come back for it.
	 */
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_SIZE);
	/* All share one connection. */
	curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_want);
	curl_easy_setopt(easy, CURLOPT_READDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	if (!call->is_stream)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)call->out.len);
	if (call->http->uri->is_tls)
		set_tls(easy, call->http->uri);
	else
		set_plain(call);
}

static void put_frame(struct df_etcd_call *call, const struct df_pb *message)
{
	unsigned char header[FRAME_HEADER] = {
		0, message->len >> 24, message->len >> 16, message->len >> 8,
		message->len
	};

	df_pb_raw(&call->out, header, sizeof(header));
	df_pb_raw(&call->out, message->data, message->len);
}

struct df_etcd_call *df_etcd_call_new(struct df_etcd_http *http,
				      const char *method,
				      const struct df_pb *message,
				      const struct df_etcd_call_ops *ops,
				      void *arg)
{
	struct df_etcd_call *call = must(calloc(1, sizeof(*call)));

	call->http = http;
	call->ops = ops;
	call->arg = arg;
	call->status = -1;
	call->serial = ++http->serials;
	call->is_stream = !message;
	if (message)
		put_frame(call, message);
	call->easy = must(curl_easy_init());
	set_options(call, method);
	set_headers(call, method);
	TAILQ_INSERT_TAIL(&http->calls, call, node);
	if (curl_multi_add_handle(http->multi, call->easy))
		abort();
	return call;
}

void df_etcd_call_write(struct df_etcd_call *call, const struct df_pb *message)
{
	put_frame(call, message);
	if (!call->is_paused)
		return;
	call->is_paused = false;
	curl_easy_pause(call->easy, CURLPAUSE_CONT);
}

void df_etcd_call_free(struct df_etcd_call *call)
{
	if (!call)
		return;
	call_unlink(call);
	free(call);
}

void df_etcd_http_flush(struct df_etcd_http *http, int ms)
{
	int running;

	curl_multi_poll(http->multi, NULL, 0, ms, NULL);
	curl_multi_perform(http->multi, &running);
	tell(http);
}
