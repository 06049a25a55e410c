/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the conformance suite is made of: calls that wait, a follower that
 * keeps book of events, helpers in processes of their own, and checks.
 */
#ifndef DF_SELFTESTS_DB_HARNESS_H
#define DF_SELFTESTS_DB_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "db.h"

struct client;

/* Longest that anything may take */
#define PATIENCE_MS 10000

/** Ends the test as failed unless @ok; the rest says more. */
#define CHECK(ok, ...) test_check(ok, __FILE__, __LINE__, #ok, __VA_ARGS__)

void test_check(bool ok, const char *file, int line, const char *what,
		const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/** Run @run, up to its first failed check. */
bool test_run(void (*run)(struct client *client), struct client *client);

/** struct client - a handle on the database under test */
struct client {
	struct event_base *base;
	struct df_db *db;
};

extern const char *test_uri;

/** Ends the program if it cannot. */
struct client *client_open(void);
void client_close(struct client *client);
/** Run the event loop for a time, or until @until is true. */
void client_run(struct client *client, int ms, const bool *until);
double now_ms(void);

/* 0, or the error's code; -ETIME if no answer came */
int do_commit(struct client *client, const struct df_db_op *ops, size_t count,
	      struct df_db_lease *lease, size_t *conflict);
int do_put(struct client *client, const char *key, const char *topic,
	   const char *value, uint64_t expect);
int do_delete(struct client *client, const char *key, uint64_t expect);
/** 0 and a copy of the value (freed by the caller), -ENOENT, or an error */
int do_get(struct client *client, const char *key, char **value, size_t *len,
	   uint64_t *version);
/** Number of entries, or an error; @keys (if not NULL) joins them with ' '. */
int do_list(struct client *client, const char *prefix, const char *topic,
	    char *keys, size_t size);

/** struct event_log - what a subscriber was told */
struct log_entry {
	enum df_db_event_type type;
	char *key;
	char *topic;
	char *value;
	uint64_t version;
};

struct event_log {
	struct df_db_sub *sub;
	struct log_entry *v;
	size_t count;
	size_t size;
	unsigned int synced;
	/* Stops the loop at so many events or syncs */
	size_t want_count;
	unsigned int want_synced;
	bool is_reached;
	/* Set while a call runs: nothing may be called back */
	bool is_inside;
	bool was_called_inside;
};

int log_follow(struct event_log *log, struct client *client,
	       const char *topic);
void log_end(struct event_log *log);
/** Wait for so many events (synced not counted), or SYNCEDs. */
bool log_wait_count(struct event_log *log, struct client *client,
		    size_t count);
bool log_wait_synced(struct event_log *log, struct client *client,
		     unsigned int synced);
/** The last event of @key, or NULL */
const struct log_entry *log_last(const struct event_log *log, const char *key);

/** A helper: this program with other arguments, its stdout in @out. */
pid_t helper_start(FILE **out, const char *mode, const char *a, const char *b,
		   const char *c);
/** Its exit status; or -signal */
int helper_wait(pid_t pid, FILE *out);
int helper_main(int argc, char **argv);

#endif
