/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H

/* When the kernel of this network namespace announces something. */

#include <pthread.h>
#include <stdint.h>

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

int64_t watch_now_ns(void);
int watch_start(struct watch *watch);
/* What is announced from now on counts. */
void watch_for(struct watch *watch, const char *event, const char *mac);
/* Wait for it. Return: 0, or -ETIMEDOUT with a word to standard error. */
int watch_wait(struct watch *watch, int64_t *when);

#endif
