// SPDX-License-Identifier: GPL-2.0
/*
 * Changes at a pace, for whoever follows them.
 *
 *	change DATABASE NETWORK HOST FIRST COUNT PAUSE_MS
 *
 * Creates COUNT ports of NETWORK, bound to HOST, one after the other and PAUSE_MS
 * apart; their numbers begin at FIRST. Prints "ID BEGIN COMMITTED" for each: when
 * the commit began and when it had ended, in milliseconds of the wall clock.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <dragonflow.h>

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int port_new(struct df_obj **out, const char *network, const char *host,
		    unsigned int number, struct df_error *error)
{
	df_obj_auto struct df_obj *port = NULL;
	char mac[18];

	snprintf(mac, sizeof(mac), "02:04:00:%02x:%02x:%02x", number >> 16 & 255,
		 number >> 8 & 255, number & 255);
	if (df_obj_new(&port, "port", error) ||
	    df_obj_set_string(port, "network_id", network, error) ||
	    df_obj_set_string(port, "mac_address", mac, error) ||
	    df_obj_set_string(port, "binding_host", host, error))
		return error->code;
	*out = df_obj_get(port);
	return 0;
}

static int create(struct df_nb *nb, struct df_obj *port, struct df_error *error)
{
	double begin = now_ms();
	struct df_txn *txn;

	if (df_txn_new(&txn, nb))
		return -ENOMEM;
	if (df_txn_create(txn, port, error)) {
		df_txn_free(txn);
		return error->code;
	}
	if (df_txn_commit_sync(txn, error))
		return error->code;
	printf("%s %.3f %.3f\n", df_obj_id(port), begin, now_ms());
	return 0;
}

static int changes(struct df_nb *nb, char **args, struct df_error *error)
{
	unsigned int first = (unsigned int)atoi(args[2]);
	unsigned int count = (unsigned int)atoi(args[3]);
	long pause_ms = atol(args[4]);
	struct timespec pause = { pause_ms / 1000, pause_ms % 1000 * 1000000 };
	unsigned int i;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		df_obj_auto struct df_obj *port = NULL;

		err = port_new(&port, args[0], args[1], first + i, error);
		if (!err)
			err = create(nb, port, error);
		nanosleep(&pause, NULL);
	}
	return err;
}

int main(int argc, char **argv)
{
	struct df_error error = { 0 };
	struct df_nb *nb;
	int err;

	if (argc != 7) {
		fprintf(stderr, "usage: change DATABASE NETWORK HOST FIRST COUNT PAUSE_MS\n");
		return 2;
	}
	err = df_nb_open(&nb, argv[1], NULL, &error);
	if (!err) {
		err = changes(nb, argv + 2, &error);
		df_nb_close(nb);
	}
	if (err)
		fprintf(stderr, "change: %s\n", error.text);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
