// SPDX-License-Identifier: GPL-2.0
/* Several processes at one database: races, deaths, absence, idleness. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

#define WRITERS 4
#define LEASE_MS 2000

static void storm_of_writers_loses_no_update(struct client *client)
{
	const char *key = fresh("counter");
	pid_t pids[WRITERS];
	FILE *outs[WRITERS];
	double begin;
	char *value;
	int i;

	CHECK(do_put(client, key, "", "0", DF_DB_ANY) == 0, "-");
	begin = now_ms();
	for (i = 0; i < WRITERS; i++)
		pids[i] = helper_start(&outs[i], "count", key, "250", "");
	for (i = 0; i < WRITERS; i++)
		CHECK(helper_wait(pids[i], outs[i]) == 0, "%d", i);
	CHECK(do_get(client, key, &value, NULL, NULL) == 0, "-");
	CHECK(atoi(value) == WRITERS * 250, "%s", value);
	printf("# %d compare-and-set increments by %d processes: %.0f ms\n",
	       WRITERS * 250, WRITERS, now_ms() - begin);
	free(value);
}

static void empty_and_put_exclude_each_other(struct client *client)
{
	char prefix[96];
	pid_t pids[4];
	FILE *outs[4];
	int round;
	int i;

	(void)client;
	for (round = 0; round < 2; round++) {
		/* Of an even and of an odd length: the helper takes one as a
		 * directory, and one as the beginning of a name.
		 */
		snprintf(prefix, sizeof(prefix), "%s", fresh("exclude"));
		if ((int)strlen(prefix) % 2 != round)
			strcat(prefix, "-");
		for (i = 0; i < 4; i++)
			pids[i] = helper_start(&outs[i], "exclude", prefix,
					       i % 2 ? "empty" : "put", "");
		for (i = 0; i < 4; i++)
			CHECK(helper_wait(pids[i], outs[i]) == 0, "%d of %d", i,
			      round);
	}
}

/*
 * What the scribbling helper's topic looked like to a subscriber: after the
 * snapshot every put counts on from the one before, none lost and none twice.
 */
static void check_scribble(const struct event_log *log, int last)
{
	int highest = 0;
	size_t i;

	for (i = 0; i < log->count; i++) {
		const struct log_entry *entry = &log->v[i];
		int n = entry->value ? atoi(entry->value) : 0;

		if (entry->type != DF_DB_EVENT_PUT)
			continue;
		/* The snapshot, in any order, then changes */
		CHECK(n != highest, "%d comes twice", n);
		if (i && n < highest)
			continue;
		highest = n;
	}
	CHECK(highest == last, "%d of %d", highest, last);
}

static int count_breaks(const struct event_log *log)
{
	int breaks = 0;
	int before = 0;
	size_t i;

	for (i = 0; i < log->count; i++) {
		int n;

		if (log->v[i].type != DF_DB_EVENT_PUT)
			continue;
		n = atoi(log->v[i].value);
		breaks += n != before + 1;
		before = n;
	}
	return breaks;
}

/* Do the events lead to what is stored? */
static void check_converged(struct event_log *log, struct client *client,
			    const char *topic)
{
	size_t alive = 0;
	size_t i;

	for (i = 0; i < log->count; i++) {
		const struct log_entry *entry = &log->v[i];
		uint64_t version;
		int err;

		if (log_last(log, entry->key) != entry)
			continue;
		err = do_get(client, entry->key, NULL, NULL, &version);
		if (entry->type == DF_DB_EVENT_PUT) {
			CHECK(!err && version == entry->version, "%s",
			      entry->key);
			alive++;
		} else {
			CHECK(err == -ENOENT, "%s", entry->key);
		}
	}
	CHECK((int)alive == do_list(client, topic, topic, NULL, 0), "%zu",
	      alive);
}

static bool has_value(const struct event_log *log, int n)
{
	size_t i;

	for (i = log->count; i > 0; i--)
		if (log->v[i - 1].type == DF_DB_EVENT_PUT)
			return atoi(log->v[i - 1].value) == n;
	return false;
}

static void changes_of_others_arrive_each_once(struct client *client)
{
	const char *topic = fresh("scribble");
	struct event_log log;
	double end;
	FILE *out;
	pid_t pid;

	CHECK(log_follow(&log, client, topic) == 0, "-");
	CHECK(log_wait_synced(&log, client, 1), "-");
	pid = helper_start(&out, "scribble", topic, "600", "");
	end = now_ms() + PATIENCE_MS;
	while (!has_value(&log, 600) && now_ms() < end)
		client_run(client, 10, NULL);
	CHECK(helper_wait(pid, out) == 0, "-");
	client_run(client, 100, NULL);
	/* A reader this fast sees every change, however many are kept. */
	CHECK(log.synced > 1 || count_breaks(&log) == 0, "%d breaks",
	      count_breaks(&log));
	check_scribble(&log, 600);
	check_converged(&log, client, topic);
	log_end(&log);
}

static void subscribing_amid_changes_misses_none(struct client *client)
{
	const char *topic = fresh("amid");
	struct event_log logs[10];
	double end;
	FILE *out;
	pid_t pid;
	int i;

	pid = helper_start(&out, "scribble", topic, "800", "");
	for (i = 0; i < 10; i++) {
		client_run(client, 15, NULL);
		CHECK(log_follow(&logs[i], client, topic) == 0, "-");
	}
	end = now_ms() + PATIENCE_MS;
	while (!has_value(&logs[0], 800) && now_ms() < end)
		client_run(client, 10, NULL);
	CHECK(helper_wait(pid, out) == 0, "-");
	client_run(client, 100, NULL);
	for (i = 0; i < 10; i++) {
		check_converged(&logs[i], client, topic);
		log_end(&logs[i]);
	}
}

static void expect_line(FILE *out, char *line, size_t size)
{
	if (!fgets(line, size, out))
		*line = '\0';
	line[strcspn(line, "\n")] = '\0';
}

/**
 * struct reading - the events of a helper that was away
 * @was_told_unchanged: of the key that did not change
 * @was_told_deleted: of the key that was deleted
 * @puts: of the key that changed often
 */
struct reading {
	bool was_told_unchanged;
	bool was_told_deleted;
	int puts;
};

/* Up to the last of the changes made meanwhile */
static bool read_differences(FILE *out, char keys[4][96],
			     struct reading *reading)
{
	char line[256];
	char key[128];
	bool is_last;

	do {
		expect_line(out, line, sizeof(line));
		if (!*line)
			return false;
		if (sscanf(line, "%*s %127s", key) != 1)
			key[0] = '\0';
		is_last = !strcmp(key, keys[3]);
		if (!strcmp(key, keys[0]))
			reading->was_told_unchanged = true;
		if (!strcmp(key, keys[1]))
			reading->was_told_deleted = *line == 'd';
		if (!strcmp(key, keys[2]))
			reading->puts++;
	} while (!is_last);
	return true;
}

/* 0 stays as it is, 1 is deleted, 2 changes often, 3 is put last. */
static int change_while_away(struct client *client, const char *topic,
			     char keys[4][96])
{
	char value[16];
	int err;
	int i;

	err = do_delete(client, keys[1], DF_DB_PRESENT);
	for (i = 0; !err && i < 400; i++) {
		snprintf(value, sizeof(value), "%d", i);
		err = do_put(client, keys[2], topic, value, DF_DB_ANY);
	}
	return err ? err : do_put(client, keys[3], topic, "new", DF_DB_ANY);
}

static void absent_reader_gets_the_differences(struct client *client)
{
	const char *topic = fresh("away");
	struct reading reading = { .puts = 0 };
	char line[160];
	char keys[4][96];
	FILE *out;
	pid_t pid;
	int i;

	for (i = 0; i < 4; i++)
		snprintf(keys[i], sizeof(keys[i]), "%s/%d", topic, i);
	for (i = 0; i < 3; i++)
		CHECK(do_put(client, keys[i], topic, "old", DF_DB_ANY) == 0,
		      "-");
	pid = helper_start(&out, "follow", topic, "", "");
	do
		expect_line(out, line, sizeof(line));
	while (*line && strcmp(line, "synced"));
	kill(pid, SIGSTOP);
	CHECK(change_while_away(client, topic, keys) == 0, "-");
	kill(pid, SIGCONT);
	CHECK(read_differences(out, keys, &reading), "the reader ended");
	printf("# %d of 400 changes were told one by one\n", reading.puts);
	CHECK(!reading.was_told_unchanged, "-");
	CHECK(reading.puts >= 1 && reading.puts <= 400, "-");
	/* A snapshot tells of deletions at its end; then it goes on. */
	CHECK(do_put(client, keys[3], topic, "end", DF_DB_ANY) == 0, "-");
	CHECK(read_differences(out, keys, &reading), "the reader ended");
	CHECK(reading.was_told_deleted, "-");
	kill(pid, SIGKILL);
	CHECK(helper_wait(pid, out) == -SIGKILL, "-");
}

static void lease_ends_with_its_process(struct client *client)
{
	const char *topic = fresh("lease");
	const char *key = fresh("alive");
	struct event_log log;
	char line[32];
	double begin;
	FILE *out;
	pid_t pid;

	CHECK(log_follow(&log, client, topic) == 0, "-");
	pid = helper_start(&out, "lease", key, topic, "");
	expect_line(out, line, sizeof(line));
	CHECK(!strcmp(line, "ready"), "%s", line);
	CHECK(log_wait_count(&log, client, 1), "-");
	client_run(client, 2 * LEASE_MS, NULL);
	CHECK(log.count == 1, "it lived on for a while: %zu", log.count);
	kill(pid, SIGKILL);
	begin = now_ms();
	CHECK(log_wait_count(&log, client, 2), "-");
	printf("# seen %.1f ms after the kill\n", now_ms() - begin);
	CHECK(now_ms() - begin < LEASE_MS, "-");
	CHECK(log.v[1].type == DF_DB_EVENT_DELETE, "-");
	CHECK(do_get(client, key, NULL, NULL, NULL) == -ENOENT, "-");
	CHECK(helper_wait(pid, out) == -SIGKILL, "-");
	log_end(&log);
}

static int put_leased(struct client *client, const char *key,
		      const char *topic, struct df_db_lease *lease)
{
	struct df_db_op op = {
		.type = DF_DB_PUT,
		.key = key,
		.topic = topic,
		.value = "x",
		.len = 1,
		.expect = DF_DB_ANY,
	};

	return do_commit(client, &op, 1, lease, NULL);
}

static bool is_gone(struct client *client, const char *key)
{
	double end = now_ms() + LEASE_MS;

	while (do_get(client, key, NULL, NULL, NULL) != -ENOENT) {
		if (now_ms() > end)
			return false;
		client_run(client, 5, NULL);
	}
	return true;
}

static void lease_ends_when_released(struct client *client)
{
	struct client *other = client_open();
	const char *released = fresh("released");
	const char *closed = fresh("closed");
	struct df_db_lease *lease;

	CHECK(df_db_lease_new(&lease, client->db, LEASE_MS, NULL, NULL,
			      NULL) == 0, "-");
	CHECK(put_leased(client, released, "", lease) == 0, "-");
	df_db_lease_free(lease);
	CHECK(is_gone(client, released), "-");
	CHECK(df_db_lease_new(&lease, other->db, LEASE_MS, NULL, NULL,
			      NULL) == 0, "-");
	CHECK(put_leased(other, closed, "", lease) == 0, "-");
	client_close(other);
	CHECK(is_gone(client, closed), "-");
}

static void entry_goes_over_to_its_last_lease(struct client *client)
{
	const char *keys[2] = { fresh("over"), fresh("kept") };
	struct df_db_lease *leases[2];
	int i;

	for (i = 0; i < 2; i++)
		CHECK(df_db_lease_new(&leases[i], client->db, LEASE_MS, NULL,
				      NULL, NULL) == 0, "-");
	for (i = 0; i < 2; i++)
		CHECK(put_leased(client, keys[i], "", leases[0]) == 0, "-");
	CHECK(put_leased(client, keys[0], "", leases[1]) == 0, "-");
	CHECK(put_leased(client, keys[1], "", NULL) == 0, "-");
	df_db_lease_free(leases[0]);
	client_run(client, 50, NULL);
	for (i = 0; i < 2; i++)
		CHECK(do_get(client, keys[i], NULL, NULL, NULL) == 0, "%d", i);
	df_db_lease_free(leases[1]);
	CHECK(is_gone(client, keys[0]), "-");
	CHECK(do_get(client, keys[1], NULL, NULL, NULL) == 0, "-");
}

/* A writer is killed anywhere: what it committed is seen nevertheless. */
static void killed_writer_leaves_no_change_unseen(struct client *client)
{
	const char *topic = fresh("killed");
	struct event_log log;
	int round;

	CHECK(log_follow(&log, client, topic) == 0, "-");
	for (round = 0; round < 15; round++) {
		FILE *out;
		pid_t pid = helper_start(&out, "scribble", topic, "100000",
					 "");

		CHECK(log_wait_count(&log, client, log.count + 10), "-");
		client_run(client, round * 3, NULL);
		kill(pid, SIGKILL);
		CHECK(helper_wait(pid, out) == -SIGKILL, "-");
		client_run(client, 300, NULL);
		check_converged(&log, client, topic);
	}
	CHECK(log.count > 100, "%zu", log.count);
	log_end(&log);
}

/* Times that the process gave up the processor to wait, and ticks it used */
static void read_usage(pid_t pid, long *switches, long *ticks)
{
	static const char wanted[] = "voluntary_ctxt_switches:";
	char line[512];
	char *rest = NULL;
	FILE *file;
	int i;

	*switches = -1;
	*ticks = -1;
	snprintf(line, sizeof(line), "/proc/%d/status", pid);
	file = fopen(line, "r");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, wanted, strlen(wanted)))
			*switches = atol(line + strlen(wanted));
	if (file)
		fclose(file);
	snprintf(line, sizeof(line), "/proc/%d/stat", pid);
	file = fopen(line, "r");
	if (file && fgets(line, sizeof(line), file))
		rest = strrchr(line, ')') + 2;
	/* User and system time are the 12th and 13th behind the name. */
	for (i = 0; rest && i < 11; i++)
		strsep(&rest, " ");
	if (rest)
		*ticks = strtol(rest, &rest, 10);
	if (rest)
		*ticks += strtol(rest, NULL, 10);
	if (file)
		fclose(file);
}

static void idle_subscriber_sleeps(struct client *client)
{
	const char *topic = fresh("idle");
	long switches[2];
	long ticks[2];
	char line[64];
	FILE *out;
	pid_t pid;

	pid = helper_start(&out, "follow", topic, "", "");
	do
		expect_line(out, line, sizeof(line));
	while (*line && strcmp(line, "synced"));
	client_run(client, 200, NULL);
	read_usage(pid, &switches[0], &ticks[0]);
	client_run(client, 3000, NULL);
	read_usage(pid, &switches[1], &ticks[1]);
	kill(pid, SIGKILL);
	CHECK(helper_wait(pid, out) == -SIGKILL, "-");
	printf("# %ld wakeups, %ld ticks in 3 s\n", switches[1] - switches[0],
	       ticks[1] - ticks[0]);
	/* A server may be pinged now and then. */
	CHECK(switches[0] >= 0 && switches[1] - switches[0] <= 6, "-");
	CHECK(ticks[0] >= 0 && ticks[1] - ticks[0] <= 1, "-");
}

static int compare_doubles(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

static void change_arrives_quickly(struct client *client)
{
	const char *topic = fresh("latency");
	struct client *writer = client_open();
	double commit[200];
	double notify[200];
	struct event_log log;
	int i;

	CHECK(log_follow(&log, client, topic) == 0, "-");
	CHECK(log_wait_synced(&log, client, 1), "-");
	for (i = 0; i < 200; i++) {
		double begin = now_ms();

		CHECK(do_put(writer, topic, topic, "x", DF_DB_ANY) == 0, "-");
		commit[i] = now_ms() - begin;
		begin = now_ms();
		CHECK(log_wait_count(&log, client, i + 1), "%d", i);
		notify[i] = now_ms() - begin;
	}
	qsort(commit, 200, sizeof(*commit), compare_doubles);
	qsort(notify, 200, sizeof(*notify), compare_doubles);
	printf("# commit p50 %.3f ms, p99 %.3f ms; commit to event p50 %.3f ms, p99 %.3f ms\n",
	       commit[100], commit[198], notify[100], notify[198]);
	CHECK(notify[100] < 10, "-");
	log_end(&log);
	client_close(writer);
}

const struct test process_tests[] = {
	{ "storm_of_writers_loses_no_update",
	  storm_of_writers_loses_no_update },
	{ "empty_and_put_exclude_each_other",
	  empty_and_put_exclude_each_other },
	{ "changes_of_others_arrive_each_once",
	  changes_of_others_arrive_each_once },
	{ "subscribing_amid_changes_misses_none",
	  subscribing_amid_changes_misses_none },
	{ "absent_reader_gets_the_differences",
	  absent_reader_gets_the_differences },
	{ "lease_ends_with_its_process", lease_ends_with_its_process },
	{ "lease_ends_when_released", lease_ends_when_released },
	{ "entry_goes_over_to_its_last_lease",
	  entry_goes_over_to_its_last_lease },
	{ "killed_writer_leaves_no_change_unseen",
	  killed_writer_leaves_no_change_unseen },
	{ "idle_subscriber_sleeps", idle_subscriber_sleeps },
	{ "change_arrives_quickly", change_arrives_quickly },
	{ NULL, NULL }
};
