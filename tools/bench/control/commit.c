// SPDX-License-Identifier: GPL-2.0
/*
 * From a commit to the kernel: how long changes take, one after the other.
 *
 *	commit DATABASE NETWORK HOST COUNT
 *
 * Creates COUNT ports of NETWORK, bound to HOST, and deletes each once the
 * kernel of the network namespace that this runs in has announced it. Prints
 * "COMMITTED PROGRAMMED" for each: milliseconds from the begin of the commit to
 * its end, and to the announcement. The first change, which finds every cache
 * cold, is not printed.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <dragonflow.h>

#include "tools/dfctl/dfctl.h"
#include "tools/dfctl/nl.h"

enum {
	PATIENCE_S = 60,
};

/**
 * struct watch - waits for one notification of the kernel
 * @nl: where they come from; only the watching thread reads it
 * @lock: of all below
 * @changed: signalled when @seen_ns or @err is set
 * @event: the notification that is awaited, "port" or "port-del"
 * @mac: of the port
 * @seen_ns: when it came, or 0
 * @err: what reading has failed with
 */
struct watch {
	struct dfctl_nl *nl;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const char *event;
	char mac[18];
	int64_t seen_ns;
	int err;
};

/**
 * struct bench - the command line, and what was made of it
 * @nb: the database
 * @network: id of the network
 * @host: chassis that the ports are bound to
 * @watch: the kernel
 */
struct bench {
	struct df_nb *nb;
	const char *network;
	const char *host;
	struct watch watch;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int refused(const struct df_error *error)
{
	fprintf(stderr, "commit: %s\n", error->text);
	return error->code;
}

static bool is_awaited(const struct watch *watch, const json_t *event)
{
	const json_t *object = json_object_get(event, "object");
	const char *name = json_string_value(json_object_get(event, "event"));
	const char *mac = json_string_value(json_object_get(object, "mac"));

	if (!watch->event || strcmp(watch->event, name) != 0)
		return false;
	/* What is deleted is told by its id alone: nobody else deletes here. */
	return !mac || !strcmp(watch->mac, mac);
}

/* The clock is read before anything is decoded. */
static void *watch_run(void *arg)
{
	struct watch *watch = arg;
	struct pollfd fd = { .fd = dfctl_nl_fd(watch->nl), .events = POLLIN };
	int err = 0;

	while (!err) {
		__auto_json json_t *events = json_array();
		int64_t when;
		json_t *event;
		size_t i;

		poll(&fd, 1, -1);
		when = now_ns();
		err = dfctl_nl_events(watch->nl, events);
		pthread_mutex_lock(&watch->lock);
		json_array_foreach(events, i, event) {
			if (!watch->seen_ns && is_awaited(watch, event))
				watch->seen_ns = when;
		}
		watch->err = err;
		pthread_cond_signal(&watch->changed);
		pthread_mutex_unlock(&watch->lock);
	}
	return NULL;
}

static void watch_for(struct watch *watch, const char *event, const char *mac)
{
	pthread_mutex_lock(&watch->lock);
	watch->event = event;
	snprintf(watch->mac, sizeof(watch->mac), "%s", mac);
	watch->seen_ns = 0;
	pthread_mutex_unlock(&watch->lock);
}

static int watch_wait(struct watch *watch, int64_t *when)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&watch->lock);
	while (!watch->seen_ns && !watch->err && !err)
		err = pthread_cond_timedwait(&watch->changed, &watch->lock, &until);
	*when = watch->seen_ns;
	if (watch->err)
		fprintf(stderr, "commit: %s\n", dfctl_nl_error(watch->nl));
	else if (err)
		fprintf(stderr, "commit: the kernel said nothing of %s\n", watch->mac);
	pthread_mutex_unlock(&watch->lock);
	return *when ? 0 : -ETIMEDOUT;
}

static int watch_start(struct watch *watch)
{
	pthread_t thread;

	pthread_mutex_init(&watch->lock, NULL);
	pthread_cond_init(&watch->changed, NULL);
	if (dfctl_nl_open(&watch->nl, NULL) || dfctl_nl_subscribe(watch->nl)) {
		fprintf(stderr, "commit: %s\n", dfctl_nl_error(watch->nl));
		return -EIO;
	}
	return -pthread_create(&thread, NULL, watch_run, watch);
}

static int port_new(struct df_obj **out, const struct bench *bench, const char *mac,
		    struct df_error *error)
{
	df_obj_auto struct df_obj *port = NULL;

	if (df_obj_new(&port, "port", error) ||
	    df_obj_set_string(port, "network_id", bench->network, error) ||
	    df_obj_set_string(port, "mac_address", mac, error) ||
	    df_obj_set_string(port, "binding_host", bench->host, error))
		return error->code;
	*out = df_obj_get(port);
	return 0;
}

/* Create the port, or delete it, and wait until the kernel has done the same. */
static int change(struct bench *bench, struct df_obj *port, bool create,
		  double *committed_ms, double *programmed_ms)
{
	const char *mac = df_obj_string(port, "mac_address");
	int64_t begin, committed, programmed;
	struct df_error error = { 0 };
	struct df_txn *txn;
	int err;

	watch_for(&bench->watch, create ? "port" : "port-del", mac);
	begin = now_ns();
	if (df_txn_new(&txn, bench->nb))
		return -ENOMEM;
	if (create)
		err = df_txn_create(txn, port, &error);
	else
		err = df_txn_delete(txn, "port", df_obj_id(port), 0, &error);
	if (err) {
		df_txn_free(txn);
		return refused(&error);
	}
	if (df_txn_commit_sync(txn, &error))
		return refused(&error);
	committed = now_ns();
	err = watch_wait(&bench->watch, &programmed);
	*committed_ms = (double)(committed - begin) / 1e6;
	*programmed_ms = (double)(programmed - begin) / 1e6;
	return err;
}

static int changes(struct bench *bench, int count)
{
	struct df_error error = { 0 };
	int i, err = 0;

	for (i = 0; i <= count && !err; i++) {
		df_obj_auto struct df_obj *port = NULL;
		double committed, programmed;
		char mac[18];

		snprintf(mac, sizeof(mac), "02:02:00:00:%02x:%02x", i >> 8 & 255, i & 255);
		if (port_new(&port, bench, mac, &error))
			return refused(&error);
		err = change(bench, port, true, &committed, &programmed);
		if (!err && i)
			printf("%.3f %.3f\n", committed, programmed);
		if (!err)
			err = change(bench, port, false, &committed, &programmed);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct bench bench = { 0 };
	struct df_error error = { 0 };
	int err;

	if (argc != 5 || atoi(argv[4]) <= 0) {
		fprintf(stderr, "usage: commit DATABASE NETWORK HOST COUNT\n");
		return 2;
	}
	bench.network = argv[2];
	bench.host = argv[3];
	if (watch_start(&bench.watch))
		return EXIT_FAILURE;
	if (df_nb_open(&bench.nb, argv[1], NULL, &error)) {
		refused(&error);
		return EXIT_FAILURE;
	}
	err = changes(&bench, atoi(argv[4]));
	df_nb_close(bench.nb);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
