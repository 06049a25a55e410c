// SPDX-License-Identifier: GPL-2.0
/* dfctl monitor: prints changes of the database and of the kernel. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <event2/event.h>

#include "kernel.h"
#include "nb.h"

#define EVERY_TOPIC "*"

/**
 * struct monitor - what is being watched
 * @ctl: the command line
 * @base: event loop
 * @nb: the database, on that loop; or NULL
 * @nl: the kernel; or NULL
 * @synced: topics whose objects at the beginning are known
 * @objects: every object by id, as it was
 * @left: changes to print yet; negative: without end
 * @err: the exit status
 */
struct monitor {
	struct dfctl *ctl;
	struct event_base *base;
	struct df_nb *nb;
	struct dfctl_nl *nl;
	json_t *synced;
	json_t *objects;
	long left;
	int err;
};

static void monitor_end(struct monitor *monitor, int err)
{
	monitor->err = err;
	event_base_loopbreak(monitor->base);
}

/* A line was printed: it must be seen now, and it may have been the last. */
static void line_end(struct monitor *monitor)
{
	putchar('\n');
	if (fflush(stdout))
		monitor_end(monitor, DFCTL_FAILED);
	if (monitor->left > 0 && --monitor->left == 0)
		monitor_end(monitor, DFCTL_OK);
}

static void time_print(void)
{
	struct timespec now;
	char text[16];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	printf("%s.%03ld  ", text, now.tv_nsec / 1000000);
}

static void json_line(struct monitor *monitor, json_t *event)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(event, "time",
			    json_real((double)now.tv_sec + (double)now.tv_nsec / 1e9));
	json_dumpf(event, stdout, JSON_COMPACT | JSON_REAL_PRECISION(14));
	line_end(monitor);
}

static void text_line(struct monitor *monitor, const char *what, const char *text)
{
	time_print();
	printf("%s%s%s", what, *text ? "  " : "", text);
	line_end(monitor);
}

/* "field: old -> new" for every field that is not what it was. */
static char *difference(const json_t *old, const json_t *now)
{
	__auto_json json_t *fields = json_object();
	char *text = dfctl_strdup("");
	const char *key;
	json_t *value;

	json_object_update(fields, (json_t *)old);
	json_object_update(fields, (json_t *)now);
	json_object_foreach(fields, key, value) {
		const json_t *a = json_object_get(old, key);
		const json_t *b = json_object_get(now, key);
		__auto_free char *from = dfctl_value_text(a);
		__auto_free char *to = dfctl_value_text(b);
		__auto_free char *before = NULL;

		if ((a && b && json_equal(a, b)) || !strcmp(key, "revision"))
			continue;
		before = text;
		text = dfctl_strf("%s%s%s: %s -> %s", before, *before ? ", " : "", key,
				  from, to);
	}
	return text;
}

static char *fields_text(const json_t *object)
{
	__auto_json json_t *rest = json_copy((json_t *)object);

	json_object_del(rest, "id");
	json_object_del(rest, "name");
	json_object_del(rest, "revision");
	return json_object_size(rest) ? dfctl_value_text(rest) : dfctl_strdup("");
}

static void put_print(struct monitor *monitor, const struct df_event *event,
		      const json_t *old, json_t *now)
{
	__auto_free char *what = NULL;
	__auto_free char *text = NULL;
	const char *name = df_obj_name(event->obj);

	if (monitor->ctl->json) {
		__auto_json json_t *line =
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:O}", "source", "database",
				  "event", "put", "topic", event->topic, "model",
				  event->model->name, "id", event->id, "object", now);

		json_line(monitor, line);
		return;
	}
	what = dfctl_strf("%c %s %s%s%s", old ? '~' : '+', event->model->name, event->id,
			  *name ? " " : "", name);
	text = old ? difference(old, now) : fields_text(now);
	text_line(monitor, what, text);
}

static void on_put(struct monitor *monitor, const struct df_event *event, bool print)
{
	__auto_free char *key = dfctl_strf("%s/%s", event->model->name, event->id);
	__auto_json json_t *now = dfctl_obj_json(event->obj);

	if (print)
		put_print(monitor, event, json_object_get(monitor->objects, key), now);
	json_object_set(monitor->objects, key, now);
}

static void on_delete(struct monitor *monitor, const struct df_event *event)
{
	__auto_free char *key = dfctl_strf("%s/%s", event->model->name, event->id);
	const json_t *old = json_object_get(monitor->objects, key);
	const char *name = json_string_value(json_object_get(old, "name"));

	if (monitor->ctl->json) {
		__auto_json json_t *line =
			json_pack("{s:s, s:s, s:s, s:s, s:s}", "source", "database",
				  "event", "delete", "topic", event->topic, "model",
				  event->model->name, "id", event->id);

		json_line(monitor, line);
	} else {
		__auto_free char *what = dfctl_strf("- %s %s", event->model->name,
						    event->id);

		text_line(monitor, what, name ? name : "");
	}
	json_object_del(monitor->objects, key);
}

static void on_event(void *arg, const struct df_event *event)
{
	struct monitor *monitor = arg;
	bool synced = json_object_get(monitor->synced, event->topic) ||
		      json_object_get(monitor->synced, EVERY_TOPIC);

	/* What came before the end was reached is not printed any more. */
	if (event_base_got_break(monitor->base))
		return;
	switch (event->type) {
	case DF_EVENT_PUT:
		on_put(monitor, event, synced || monitor->ctl->snapshot);
		break;
	case DF_EVENT_DELETE:
		on_delete(monitor, event);
		break;
	case DF_EVENT_SYNCED:
		json_object_set_new(monitor->synced, event->topic, json_true());
		break;
	case DF_EVENT_BAD:
		dfctl_err("%s: %s", event->topic, event->error->text);
		break;
	}
}

static void on_state(void *arg, bool up, const struct df_error *error)
{
	(void)arg;
	if (up)
		dfctl_err("the database is back");
	else
		dfctl_err("the database is away: %s", error->text);
}

static void on_kernel(evutil_socket_t fd, short what, void *arg)
{
	struct monitor *monitor = arg;
	__auto_json json_t *events = json_array();
	json_t *event;
	size_t i;
	int err;

	(void)fd;
	(void)what;
	err = dfctl_nl_events(monitor->nl, events);
	if (err)
		dfctl_err("%s", dfctl_nl_error(monitor->nl));
	if (err && err != -ENOBUFS)
		monitor_end(monitor, DFCTL_FAILED);
	json_array_foreach(events, i, event) {
		json_t *object = json_object_get(event, "object");
		__auto_free char *text = NULL;
		__auto_free char *name = NULL;

		if (event_base_got_break(monitor->base))
			return;
		dfctl_kernel_name_port(monitor->nl, object);
		if (monitor->ctl->json) {
			json_line(monitor, event);
			continue;
		}
		name = dfctl_strf("kernel %s", json_string_value(json_object_get(event,
										 "event")));
		text = dfctl_value_text(object);
		text_line(monitor, name, text);
	}
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	monitor_end(arg, DFCTL_OK);
}

static int database_watch(struct monitor *monitor)
{
	static char every[] = EVERY_TOPIC;
	__auto_free char *uri = dfctl_database(monitor->ctl);
	char **topics = monitor->ctl->argv;
	int count = monitor->ctl->argc;
	struct df_error error = { 0 };
	struct df_sub *sub;
	char *all[] = { every };
	int i;

	if (!count) {
		topics = all;
		count = 1;
	}
	if (df_nb_open(&monitor->nb, uri, monitor->base, &error))
		return dfctl_refused(&error);
	df_nb_on_state(monitor->nb, on_state, monitor);
	for (i = 0; i < count; i++) {
		if (df_nb_subscribe(&sub, monitor->nb, topics[i], on_event, monitor, &error))
			return dfctl_refused(&error);
	}
	return DFCTL_OK;
}

static int kernel_watch(struct monitor *monitor)
{
	int err;

	err = dfctl_kernel_open(&monitor->nl, monitor->ctl);
	if (err)
		return err;
	if (!dfctl_nl_subscribe(monitor->nl))
		return DFCTL_OK;
	dfctl_err("%s", dfctl_nl_error(monitor->nl));
	return DFCTL_FAILED;
}

static int run(struct monitor *monitor)
{
	const struct dfctl *ctl = monitor->ctl;
	struct timeval timeout = { ctl->timeout_ms / 1000, ctl->timeout_ms % 1000 * 1000 };
	struct event *events[] = {
		evsignal_new(monitor->base, SIGINT, on_end, monitor),
		evsignal_new(monitor->base, SIGTERM, on_end, monitor),
		ctl->timeout_ms > 0 ? evtimer_new(monitor->base, on_end, monitor) : NULL,
		monitor->nl ? event_new(monitor->base, dfctl_nl_fd(monitor->nl),
					EV_READ | EV_PERSIST, on_kernel, monitor) : NULL,
	};
	size_t count = sizeof(events) / sizeof(events[0]);
	size_t i;

	for (i = 0; i < count; i++) {
		if (events[i])
			event_add(events[i], i == 2 ? &timeout : NULL);
	}
	event_base_dispatch(monitor->base);
	for (i = 0; i < count; i++) {
		if (events[i])
			event_free(events[i]);
	}
	return monitor->err;
}

int dfctl_monitor(struct dfctl *ctl)
{
	struct monitor monitor = { .ctl = ctl, .left = -1 };
	int err = DFCTL_OK;

	if (ctl->count)
		err = dfctl_number("--count", ctl->count, 1, &monitor.left);
	if (err)
		return err;
	monitor.base = event_base_new();
	if (!monitor.base) {
		dfctl_err("out of memory");
		return DFCTL_FAILED;
	}
	monitor.synced = json_object();
	monitor.objects = json_object();
	if (ctl->kernel)
		err = kernel_watch(&monitor);
	if (!err && (!ctl->kernel || ctl->argc))
		err = database_watch(&monitor);
	if (!err)
		err = run(&monitor);
	df_nb_close(monitor.nb);
	dfctl_nl_close(monitor.nl);
	json_decref(monitor.objects);
	json_decref(monitor.synced);
	event_base_free(monitor.base);
	return err;
}
