// SPDX-License-Identifier: GPL-2.0
/*
 * The conformance suite of the database API (agent/lib/db.h): every driver must
 * pass all of it on its real server. Prints KTAP.
 *
 *	conformance URI [TEST...]
 *	conformance --open URI		only open; prints why not
 *
 * Keys and topics are made up anew, so the database need not be empty. Drivers
 * that forget old changes should be told to keep about 100, so that the test
 * of a reader who was away too long tests something.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "tests.h"

static char names[8][64];
static int names_used;

/* A key prefix or topic that nobody else uses; the last eight stay valid. */
const char *fresh(const char *what)
{
	static int counter;
	char *name = names[names_used++ % 8];

	snprintf(name, sizeof(names[0]), "%s-%d-%ld-%d", what, getpid(),
		 (long)now_ms(), counter++);
	return name;
}

static int try_open(const char *uri)
{
	struct event_base *base = event_base_new();
	struct df_error error;
	struct df_db *db;
	int err;

	err = df_db_open(&db, uri, base, &error);
	if (err)
		printf("%s: %s\n", strerror(-err), error.text);
	else
		df_db_close(db);
	event_base_free(base);
	return err ? 1 : 0;
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 2; i < argc; i++)
		if (!strcmp(name, argv[i]))
			return true;
	return argc <= 2;
}

int main(int argc, char **argv)
{
	static const struct test *const all[] = { entry_tests, follow_tests,
						  process_tests };
	const struct test *test;
	int failed = 0;
	int count = 0;
	size_t i;

	if (argc > 2 && !strcmp(argv[1], "--open"))
		return try_open(argv[2]);
	if (argc > 3 && !strcmp(argv[1], "--helper"))
		return helper_main(argc, argv);
	if (argc < 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_uri = argv[1];
	puts("KTAP version 1");
	for (i = 0; i < 3; i++)
		for (test = all[i]; test->name; test++)
			count += is_wanted(test->name, argc, argv);
	printf("1..%d\n", count);
	count = 0;
	for (i = 0; i < 3; i++)
		for (test = all[i]; test->name; test++) {
			struct client *client;
			bool is_ok;

			if (!is_wanted(test->name, argc, argv))
				continue;
			client = client_open();
			is_ok = test_run(test->run, client);
			/* After a failure something may be in use still. */
			if (is_ok)
				client_close(client);
			failed += !is_ok;
			printf("%sok %d %s\n", is_ok ? "" : "not ", ++count,
			       test->name);
		}
	return !!failed;
}
