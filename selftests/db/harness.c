// SPDX-License-Identifier: GPL-2.0
/* See harness.h. */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

const char *test_uri;
static jmp_buf end_of_test;
static bool is_in_test;

void test_check(bool ok, const char *file, int line, const char *what,
		const char *format, ...)
{
	va_list args;

	if (ok)
		return;
	printf("# %s:%d: not so: %s\n# ", file, line, what);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	puts("");
	if (!is_in_test)
		exit(3);
	longjmp(end_of_test, 1);
}

bool test_run(void (*run)(struct client *client), struct client *client)
{
	bool failed;

	is_in_test = true;
	failed = setjmp(end_of_test);
	if (!failed)
		run(client);
	is_in_test = false;
	return !failed;
}

double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

struct client *client_open(void)
{
	struct client *client = calloc(1, sizeof(*client));
	struct df_error error;

	client->base = event_base_new();
	if (df_db_open(&client->db, test_uri, client->base, &error)) {
		printf("Bail out! %s\n", error.text);
		exit(2);
	}
	return client;
}

void client_close(struct client *client)
{
	df_db_close(client->db);
	event_base_free(client->base);
	free(client);
}

static void nothing(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	(void)arg;
}

void client_run(struct client *client, int ms, const bool *until)
{
	double end = now_ms() + ms;
	struct event *timer = evtimer_new(client->base, nothing, NULL);
	double left;

	while ((left = end - now_ms()) > 0 && !(until && *until)) {
		struct timeval tv = {
			.tv_sec = left / 1000,
			.tv_usec = (long)(left * 1000) % 1000000 + 1,
		};

		event_add(timer, &tv);
		event_base_loop(client->base, EVLOOP_ONCE);
	}
	event_free(timer);
}

/* Calls that wait */

struct call {
	bool is_done;
	bool is_inside;
	int code;
	size_t conflict;
	char *value;
	size_t len;
	uint64_t version;
	int count;
	char *keys;
	size_t size;
};

static void check_inside(const struct call *call)
{
	CHECK(!call->is_inside, "called back from inside of a call");
}

static int wait_call(struct client *client, struct call *call)
{
	call->is_inside = false;
	client_run(client, PATIENCE_MS, &call->is_done);
	CHECK(call->is_done, "no answer within %d ms", PATIENCE_MS);
	return call->code;
}

static void committed(void *arg, const struct df_error *error, size_t conflict)
{
	struct call *call = arg;

	check_inside(call);
	call->is_done = true;
	call->code = error ? error->code : 0;
	call->conflict = conflict;
}

int do_commit(struct client *client, const struct df_db_op *ops, size_t count,
	      struct df_db_lease *lease, size_t *conflict)
{
	struct call call = { .is_inside = true };
	int err;

	df_db_commit(client->db, ops, count, lease, committed, &call);
	err = wait_call(client, &call);
	if (conflict)
		*conflict = call.conflict;
	return err;
}

int do_put(struct client *client, const char *key, const char *topic,
	   const char *value, uint64_t expect)
{
	struct df_db_op op = {
		.type = DF_DB_PUT,
		.key = key,
		.topic = topic,
		.value = value,
		.len = strlen(value),
		.expect = expect,
	};

	return do_commit(client, &op, 1, NULL, NULL);
}

int do_delete(struct client *client, const char *key, uint64_t expect)
{
	struct df_db_op op = {
		.type = DF_DB_DELETE,
		.key = key,
		.expect = expect,
	};

	return do_commit(client, &op, 1, NULL, NULL);
}

static void got(void *arg, const struct df_error *error,
		const struct df_db_entry *entries, size_t count)
{
	struct call *call = arg;

	check_inside(call);
	call->is_done = true;
	call->code = error ? error->code : count ? 0 : -ENOENT;
	if (call->code)
		return;
	call->len = entries[0].len;
	call->value = malloc(call->len + 1);
	memcpy(call->value, entries[0].value, call->len + 1);
	call->version = entries[0].version;
}

int do_get(struct client *client, const char *key, char **value, size_t *len,
	   uint64_t *version)
{
	struct call call = { .is_inside = true };

	df_db_get(client->db, key, got, &call);
	wait_call(client, &call);
	if (value && !call.code)
		*value = call.value;
	else
		free(call.value);
	if (len && !call.code)
		*len = call.len;
	if (version)
		*version = call.code ? 0 : call.version;
	return call.code;
}

static void listed(void *arg, const struct df_error *error,
		   const struct df_db_entry *entries, size_t count)
{
	struct call *call = arg;
	size_t i;

	check_inside(call);
	call->is_done = true;
	call->code = error ? error->code : 0;
	call->count = count;
	for (i = 0; call->keys && i < count; i++) {
		size_t len = strlen(call->keys);

		snprintf(call->keys + len, call->size - len, "%s%s",
			 i ? " " : "", entries[i].key);
	}
}

int do_list(struct client *client, const char *prefix, const char *topic,
	    char *keys, size_t size)
{
	struct call call = { .is_inside = true, .keys = keys, .size = size };

	if (keys)
		*keys = '\0';
	df_db_list(client->db, prefix, topic, listed, &call);
	wait_call(client, &call);
	return call.code ? call.code : call.count;
}

/* Following */

static void logged(void *arg, enum df_db_event_type type,
		   const struct df_db_entry *entry)
{
	struct event_log *log = arg;
	struct log_entry *to;

	if (log->is_inside)
		log->was_called_inside = true;
	if (type == DF_DB_EVENT_SYNCED)
		log->synced++;
	if (log->count == log->size) {
		log->size = log->size ? log->size * 2 : 64;
		log->v = realloc(log->v, log->size * sizeof(*log->v));
	}
	if (entry) {
		to = &log->v[log->count++];
		to->type = type;
		to->key = strdup(entry->key);
		to->topic = strdup(entry->topic);
		to->value = entry->value ? strndup(entry->value, entry->len) :
					   NULL;
		to->version = entry->version;
	}
	log->is_reached = log->count >= log->want_count &&
			  log->synced >= log->want_synced;
}

int log_follow(struct event_log *log, struct client *client, const char *topic)
{
	int err;

	memset(log, 0, sizeof(*log));
	log->is_inside = true;
	err = df_db_subscribe(&log->sub, client->db, topic, logged, log, NULL);
	log->is_inside = false;
	return err;
}

void log_end(struct event_log *log)
{
	size_t i;

	df_db_unsubscribe(log->sub);
	for (i = 0; i < log->count; i++) {
		free(log->v[i].key);
		free(log->v[i].topic);
		free(log->v[i].value);
	}
	free(log->v);
	log->v = NULL;
}

static bool log_wait(struct event_log *log, struct client *client)
{
	log->is_reached = log->count >= log->want_count &&
			  log->synced >= log->want_synced;
	client_run(client, PATIENCE_MS, &log->is_reached);
	return log->is_reached;
}

bool log_wait_count(struct event_log *log, struct client *client, size_t count)
{
	log->want_count = count;
	log->want_synced = 0;
	return log_wait(log, client);
}

bool log_wait_synced(struct event_log *log, struct client *client,
		     unsigned int synced)
{
	log->want_count = 0;
	log->want_synced = synced;
	return log_wait(log, client);
}

const struct log_entry *log_last(const struct event_log *log, const char *key)
{
	size_t i;

	for (i = log->count; i > 0; i--)
		if (!strcmp(log->v[i - 1].key, key))
			return &log->v[i - 1];
	return NULL;
}

/* Processes of their own: a database is opened after a fork, never before. */

pid_t helper_start(FILE **out, const char *mode, const char *a, const char *b,
		   const char *c)
{
	int pipes[2];
	pid_t pid;

	fflush(stdout);
	if (pipe2(pipes, O_CLOEXEC))
		exit(2);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pipes[1], STDOUT_FILENO);
		execl("/proc/self/exe", "conformance", "--helper", test_uri,
		      mode, a, b, c, NULL);
		_exit(2);
	}
	close(pipes[1]);
	*out = fdopen(pipes[0], "r");
	return pid;
}

int helper_wait(pid_t pid, FILE *out)
{
	int status;

	fclose(out);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}
