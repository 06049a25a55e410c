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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dragonflow.h>

#include "watch.h"

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

static int refused(const struct df_error *error)
{
	fprintf(stderr, "commit: %s\n", error->text);
	return error->code;
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
	begin = watch_now_ns();
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
	committed = watch_now_ns();
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
