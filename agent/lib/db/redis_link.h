/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection to a Redis server or sentinel: libevent moves the bytes, with TLS if
 * it is asked for, and hiredis reads and writes what they mean. Nothing is called
 * back from inside of a function of this file.
 */
#ifndef DF_LIB_DB_REDIS_LINK_H
#define DF_LIB_DB_REDIS_LINK_H

#include "redis_uri.h"

struct df_redis_link;
struct evdns_base;
struct redisReply;
struct ssl_ctx_st;

/**
 * struct df_redis_link_ops - who is told of a connection
 * @reply: something came; it is gone afterwards
 * @down: it is of no use any more, and why
 *
 * Each may free the connection.
 */
struct df_redis_link_ops {
	void (*reply)(void *arg, const struct redisReply *reply);
	void (*down)(void *arg, const char *reason);
};

/** What the connections of a database share. */
struct df_redis_net {
	struct event_base *base;
	const struct df_redis_uri *uri;
	struct evdns_base *dns;
	struct ssl_ctx_st *tls;
};

int df_redis_net_init(struct df_redis_net *net, struct event_base *base,
		      const struct df_redis_uri *uri, struct df_error *error);
void df_redis_net_fini(struct df_redis_net *net);

/** Connects; what is sent meanwhile waits for that. */
struct df_redis_link *df_redis_link_new(struct df_redis_net *net,
					const struct df_uri_server *server,
					const struct df_redis_link_ops *ops,
					void *arg);
void df_redis_link_free(struct df_redis_link *link);
/** A command of @count words. */
void df_redis_link_send(struct df_redis_link *link, size_t count,
			const char *const *words, const size_t *lens);
/** When something came last; 0: never. */
int64_t df_redis_link_heard_ms(const struct df_redis_link *link);
/** Wait, not long, until the server has got everything. */
void df_redis_link_flush(struct df_redis_link *link, int ms);

int64_t df_redis_now_ms(void);

#endif
