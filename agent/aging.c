// SPDX-License-Identifier: GPL-2.0
#include "aging.h"

#include <errno.h>
#include <time.h>

#include "util.h"

enum {
	/* Looked at in one turn of the event loop, and the pause between turns. */
	TURN_MAX = 64,
	PAUSE_MS = 10,
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct dfa_aged *first(const struct dfa_aging *aging)
{
	return dfa_container_of(aging->line.next, struct dfa_aged, in_line);
}

static void schedule(struct dfa_aging *aging)
{
	uint64_t now = now_ms(), delay_ms = PAUSE_MS;
	struct timeval tv;

	if (aging->is_paused || dfa_list_is_empty(&aging->line))
		return;
	if (first(aging)->due_ms > now + PAUSE_MS)
		delay_ms = first(aging)->due_ms - now;
	tv.tv_sec = (time_t)(delay_ms / 1000);
	tv.tv_usec = (suseconds_t)(delay_ms % 1000 * 1000);
	event_add(aging->timer, &tv);
}

/* All wait equally long, so the line stays in order. */
static void line_up(struct dfa_aging *aging, struct dfa_aged *aged,
		    uint64_t now)
{
	dfa_list_del(&aged->in_line);
	aged->due_ms = now + aging->age_ms / 4;
	dfa_list_add(&aging->line, &aged->in_line);
}

/* It may be gone after this. */
static void look_at(struct dfa_aging *aging, struct dfa_aged *aged,
		    uint64_t now)
{
	uint64_t idle_ms;

	if (!aging->ops->idle(aging->arg, aged, &idle_ms) &&
	    (idle_ms > now ? 0 : now - idle_ms) > aged->seen_ms)
		aged->seen_ms = now - idle_ms;
	line_up(aging, aged, now);
	idle_ms = now - aged->seen_ms;
	if (idle_ms < aging->age_ms / 2)
		return;
	if (idle_ms < aging->age_ms || aged->renewed_ms <= aged->seen_ms) {
		aged->renewed_ms = now;
		aging->ops->renew(aging->arg, aged);
	} else {
		aging->ops->forget(aging->arg, aged);
	}
}

static bool is_due(const struct dfa_aging *aging, uint64_t now)
{
	return !aging->is_paused && !dfa_list_is_empty(&aging->line) &&
	       first(aging)->due_ms <= now;
}

static void due(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_aging *aging = arg;
	uint64_t now = now_ms();

	(void)fd;
	(void)what;
	for (int i = 0; i < TURN_MAX && is_due(aging, now); i++)
		look_at(aging, first(aging), now);
	schedule(aging);
}

void dfa_aging_add(struct dfa_aging *aging, struct dfa_aged *aged)
{
	bool is_first = dfa_list_is_empty(&aging->line);
	uint64_t now = now_ms();

	aged->seen_ms = now;
	aged->renewed_ms = 0;
	line_up(aging, aged, now);
	if (is_first)
		schedule(aging);
}

void dfa_aging_pause(struct dfa_aging *aging, bool is_paused)
{
	if (aging->is_paused == is_paused)
		return;
	aging->is_paused = is_paused;
	schedule(aging);
}

uint64_t dfa_aged_idle_ms(const struct dfa_aged *aged)
{
	return now_ms() - aged->seen_ms;
}

int dfa_aging_init(struct dfa_aging *aging, struct event_base *base,
		   uint32_t age_s, const struct dfa_aging_ops *ops, void *arg)
{
	*aging = (struct dfa_aging){
		.ops = ops,
		.arg = arg,
		.age_ms = (uint64_t)age_s * 1000,
		.is_paused = true,
	};
	dfa_list_init(&aging->line);
	aging->timer = event_new(base, -1, 0, due, aging);
	return aging->timer ? 0 : -ENOMEM;
}

void dfa_aging_fini(struct dfa_aging *aging)
{
	if (aging->timer)
		event_free(aging->timer);
	aging->timer = NULL;
}
