// SPDX-License-Identifier: GPL-2.0
/* Connections to Redis; see redis_link.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "redis_link.h"

/* Replies in one turn of the event loop, so that others get theirs. */
#define REPLIES_MAX 200

/**
 * struct df_redis_link - a connection
 * @refs: its owner, and who calls it back
 * @is_gone: its owner has given it up
 */
struct df_redis_link {
	struct df_redis_net *net;
	struct bufferevent *bev;
	redisReader *reader;
	struct event *more;
	const struct df_redis_link_ops *ops;
	void *arg;
	int64_t heard_ms;
	int refs;
	bool is_gone;
};

int64_t df_redis_now_ms(void)
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

/* What connections share */

static const char *tls_error(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return reason ? reason : "TLS does not work";
}

static int tls_init(struct df_redis_net *net, struct df_error *error)
{
	const struct df_redis_uri *uri = net->uri;
	SSL_CTX *tls = must(SSL_CTX_new(TLS_client_method()));
	bool is_ok;

	net->tls = tls;
	ERR_clear_error();
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	is_ok = uri->ca ? SSL_CTX_load_verify_locations(tls, uri->ca, NULL) :
			  SSL_CTX_set_default_verify_paths(tls);
	if (is_ok && uri->cert)
		is_ok = SSL_CTX_use_certificate_chain_file(tls, uri->cert) > 0 &&
			SSL_CTX_use_PrivateKey_file(tls, uri->key ? uri->key :
						    uri->cert,
						    SSL_FILETYPE_PEM) > 0;
	return is_ok ? 0 : df_db_error(error, -EINVAL, "%s: %s", uri->label,
				       tls_error());
}

int df_redis_net_init(struct df_redis_net *net, struct event_base *base,
		      const struct df_redis_uri *uri, struct df_error *error)
{
	net->base = base;
	net->uri = uri;
	return uri->is_tls ? tls_init(net, error) : 0;
}

void df_redis_net_fini(struct df_redis_net *net)
{
	if (net->dns)
		evdns_base_free(net->dns, 0);
	SSL_CTX_free(net->tls);
}

/* Receiving */

static void link_put(struct df_redis_link *link)
{
	if (--link->refs)
		return;
	redisReaderFree(link->reader);
	event_free(link->more);
	free(link);
}

static void tell_down(struct df_redis_link *link, const char *reason)
{
	link->refs++;
	if (!link->is_gone)
		link->ops->down(link->arg, reason);
	link_put(link);
}

static void tell_replies(struct df_redis_link *link)
{
	int left = REPLIES_MAX;
	void *reply = NULL;
	int err;

	link->refs++;
	while (!link->is_gone && left--) {
		err = redisReaderGetReply(link->reader, &reply);
		if (err) {
			tell_down(link, "it does not speak Redis's protocol");
			break;
		}
		if (!reply)
			break;
		link->ops->reply(link->arg, reply);
		freeReplyObject(reply);
	}
	if (left < 0 && !link->is_gone)
		event_active(link->more, EV_TIMEOUT, 0);
	link_put(link);
}

static void on_more(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell_replies(arg);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(bev);
	struct df_redis_link *link = arg;
	size_t len;

	link->heard_ms = df_redis_now_ms();
	while ((len = evbuffer_get_contiguous_space(in))) {
		redisReaderFeed(link->reader, (char *)evbuffer_pullup(in, len),
				len);
		evbuffer_drain(in, len);
	}
	tell_replies(link);
}

static SSL *ssl_of(const struct df_redis_link *link)
{
	return link->net->tls ? bufferevent_openssl_get_ssl(link->bev) : NULL;
}

static const char *reason_of(struct df_redis_link *link, short what)
{
	unsigned long code = link->net->tls ?
			     bufferevent_get_openssl_error(link->bev) : 0;
	int dns = bufferevent_socket_get_dns_error(link->bev);
	int error = EVUTIL_SOCKET_ERROR();
	long verified = X509_V_OK;

	if (link->net->tls)
		verified = SSL_get_verify_result(ssl_of(link));
	if (dns)
		return evutil_gai_strerror(dns);
	if (verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	if (code && ERR_reason_error_string(code))
		return ERR_reason_error_string(code);
	if (what & BEV_EVENT_EOF)
		return "the server closed the connection";
	return error ? evutil_socket_error_to_string(error) :
		       "the connection was lost";
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct df_redis_link *link = arg;
	int on = 1;

	if (what & BEV_EVENT_CONNECTED) {
		setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY,
			   &on, sizeof(on));
		return;
	}
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		tell_down(link, reason_of(link, what));
}

/* Connecting */

static bool is_address(const char *host)
{
	unsigned char address[16];

	return inet_pton(AF_INET, host, address) == 1 ||
	       inet_pton(AF_INET6, host, address) == 1;
}

static struct bufferevent *make_tls(struct df_redis_net *net, const char *host)
{
	SSL *ssl = must(SSL_new(net->tls));

	if (is_address(host)) {
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	} else {
		SSL_set_tlsext_host_name(ssl, host);
		SSL_set1_host(ssl, host);
	}
	return bufferevent_openssl_socket_new(net->base, -1, ssl,
					      BUFFEREVENT_SSL_CONNECTING,
					      BEV_OPT_CLOSE_ON_FREE |
					      BEV_OPT_DEFER_CALLBACKS);
}

struct df_redis_link *df_redis_link_new(struct df_redis_net *net,
					const struct df_uri_server *server,
					const struct df_redis_link_ops *ops,
					void *arg)
{
	struct df_redis_link *link = must(calloc(1, sizeof(*link)));

	link->net = net;
	link->ops = ops;
	link->arg = arg;
	link->refs = 1;
	link->reader = must(redisReaderCreate());
	link->more = must(evtimer_new(net->base, on_more, link));
	link->bev = must(net->tls ? make_tls(net, server->host) :
			 bufferevent_socket_new(net->base, -1,
						BEV_OPT_CLOSE_ON_FREE |
						BEV_OPT_DEFER_CALLBACKS));
	if (net->tls)
		/* A server that just closes has ended the connection, too. */
		bufferevent_openssl_set_allow_dirty_shutdown(link->bev, 1);
	/* Only names have to be asked for. */
	if (!net->dns && !is_address(server->host))
		net->dns = evdns_base_new(net->base,
					  EVDNS_BASE_INITIALIZE_NAMESERVERS |
					  EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	bufferevent_setcb(link->bev, on_read, NULL, on_event, link);
	bufferevent_enable(link->bev, EV_READ | EV_WRITE);
	/* What goes wrong at once is told as an event, too. */
	bufferevent_socket_connect_hostname(link->bev, net->dns, AF_UNSPEC,
					    server->host, server->port);
	return link;
}

void df_redis_link_free(struct df_redis_link *link)
{
	if (!link)
		return;
	link->is_gone = true;
	bufferevent_setcb(link->bev, NULL, NULL, NULL, NULL);
	bufferevent_free(link->bev);
	link->bev = NULL;
	event_del(link->more);
	link_put(link);
}

/* Sending */

void df_redis_link_send(struct df_redis_link *link, size_t count,
			const char *const *words, const size_t *lens)
{
	char *text;
	int len = redisFormatCommandArgv(&text, count, (const char **)words,
					 lens);

	if (len < 0)
		abort();
	bufferevent_write(link->bev, text, len);
	redisFreeCommand(text);
}

int64_t df_redis_link_heard_ms(const struct df_redis_link *link)
{
	return link->heard_ms;
}

static bool push(struct df_redis_link *link, int fd)
{
	SSL *ssl = ssl_of(link);
	struct evbuffer *out = bufferevent_get_output(link->bev);
	size_t len = evbuffer_get_length(out);
	const void *data;
	ssize_t sent;

	if (!ssl)
		return evbuffer_write(out, fd) > 0;
	data = evbuffer_pullup(out, len < 16384 ? len : 16384);
	sent = SSL_write(ssl, data, len < 16384 ? len : 16384);
	/* libevent does not let others take from the end that it writes. */
	evbuffer_unfreeze(out, 1);
	if (sent > 0)
		evbuffer_drain(out, sent);
	return sent > 0;
}

/* By hand, as the event loop would call others. */
void df_redis_link_flush(struct df_redis_link *link, int ms)
{
	int64_t until = df_redis_now_ms() + ms;
	struct pollfd pollfd = { .fd = bufferevent_getfd(link->bev) };
	struct evbuffer *out = bufferevent_get_output(link->bev);
	char rest[4096];

	evbuffer_unfreeze(out, 1);
	while (evbuffer_get_length(out) && df_redis_now_ms() < until) {
		pollfd.events = POLLOUT;
		if (poll(&pollfd, 1, 50) > 0 && !push(link, pollfd.fd))
			return;
	}
	if (shutdown(pollfd.fd, SHUT_WR))
		return;
	/* It ends the connection when it has done all; before, it must be read. */
	pollfd.events = POLLIN;
	while (df_redis_now_ms() < until && poll(&pollfd, 1, 50) >= 0)
		if ((pollfd.revents & POLLIN) &&
		    read(pollfd.fd, rest, sizeof(rest)) <= 0)
			return;
}
