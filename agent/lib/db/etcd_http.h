/* SPDX-License-Identifier: GPL-2.0 */
/*
 * gRPC to one etcd server, over libcurl's HTTP/2 and on the event loop. A call
 * is one request and its answers; a stream may be written to until it is freed.
 * Nothing is called back from inside of a function of this file, except from
 * df_etcd_http_flush().
 */
#ifndef DF_LIB_DB_ETCD_HTTP_H
#define DF_LIB_DB_ETCD_HTTP_H

#include "etcd_uri.h"
#include "etcd_wire.h"

/* gRPC's status codes, as far as they are told apart */
enum df_grpc_status {
	GRPC_OK = 0,
	GRPC_CANCELLED = 1,
	GRPC_UNKNOWN = 2,
	GRPC_INVALID_ARGUMENT = 3,
	GRPC_DEADLINE_EXCEEDED = 4,
	GRPC_NOT_FOUND = 5,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_FAILED_PRECONDITION = 9,
	GRPC_OUT_OF_RANGE = 11,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,
	GRPC_UNAUTHENTICATED = 16,
};

struct df_etcd_call;
struct df_etcd_http;

/**
 * struct df_etcd_call_ops - who is told of a call
 * @message: an answer, or one more of a stream
 * @end: nothing more comes, and the call is gone. @status is gRPC's, and
 *	GRPC_UNAVAILABLE if there was no answer; @text says why.
 *
 * Each may free the call, or the connection.
 */
struct df_etcd_call_ops {
	void (*message)(void *arg, struct df_pb_part message);
	void (*end)(void *arg, unsigned int status, const char *text);
};

/** Connects with the first call. @server is one of @uri; both stay. */
struct df_etcd_http *df_etcd_http_new(struct event_base *base,
				      const struct df_etcd_uri *uri,
				      const char *server);
/** Calls end without being told. */
void df_etcd_http_free(struct df_etcd_http *http);
/** What every call from now on identifies itself with; NULL for nothing. */
void df_etcd_http_token(struct df_etcd_http *http, const char *token,
			size_t len);
/** When something came from the server last; 0: never. */
int64_t df_etcd_http_heard_ms(const struct df_etcd_http *http);
/**
 * df_etcd_call_new - call a method
 * @method: as in "etcdserverpb.KV/Range"
 * @message: what to send, or NULL: it is a stream, which is written to
 */
struct df_etcd_call *df_etcd_call_new(struct df_etcd_http *http,
				      const char *method,
				      const struct df_pb *message,
				      const struct df_etcd_call_ops *ops,
				      void *arg);
void df_etcd_call_write(struct df_etcd_call *call, const struct df_pb *message);
/** Give it up; nothing more is called back. */
void df_etcd_call_free(struct df_etcd_call *call);
/** Wait until a call ended, or something else happened, or a time passed. */
void df_etcd_http_flush(struct df_etcd_http *http, int ms);

int64_t df_etcd_now_ms(void);

#endif
