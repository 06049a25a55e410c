// SPDX-License-Identifier: GPL-2.0
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/dfctl/dfctl.h"
#include "tools/dfctl/nl.h"

enum {
	PATIENCE_S = 60,
};

int64_t watch_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
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
		when = watch_now_ns();
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

void watch_for(struct watch *watch, const char *event, const char *mac)
{
	pthread_mutex_lock(&watch->lock);
	watch->event = event;
	snprintf(watch->mac, sizeof(watch->mac), "%s", mac);
	watch->seen_ns = 0;
	pthread_mutex_unlock(&watch->lock);
}

int watch_wait(struct watch *watch, int64_t *when)
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
		fprintf(stderr, "watch: %s\n", dfctl_nl_error(watch->nl));
	else if (err)
		fprintf(stderr, "watch: the kernel said nothing of %s\n", watch->mac);
	pthread_mutex_unlock(&watch->lock);
	return *when ? 0 : -ETIMEDOUT;
}

int watch_start(struct watch *watch)
{
	pthread_t thread;

	pthread_mutex_init(&watch->lock, NULL);
	pthread_cond_init(&watch->changed, NULL);
	if (dfctl_nl_open(&watch->nl, NULL) || dfctl_nl_subscribe(watch->nl)) {
		fprintf(stderr, "watch: %s\n", dfctl_nl_error(watch->nl));
		return -EIO;
	}
	return -pthread_create(&thread, NULL, watch_run, watch);
}
