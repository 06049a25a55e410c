// SPDX-License-Identifier: GPL-2.0
#include "apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "util.h"

enum {
	DELAY_MIN_MS = 100,
	DELAY_MAX_MS = 30000,
	DUMP_TRIES = 8,
};

static void schedule(struct dfa_apply *apply, unsigned int delay_ms)
{
	struct timeval tv = {
		.tv_sec = delay_ms / 1000,
		.tv_usec = delay_ms % 1000 * 1000,
	};

	if (evtimer_add(apply->work, &tv))
		dfa_error("datapath: no timer could be set");
}

static void schedule_retry(struct dfa_apply *apply)
{
	apply->delay_ms = apply->delay_ms ? apply->delay_ms * 2 : DELAY_MIN_MS;
	if (apply->delay_ms > DELAY_MAX_MS)
		apply->delay_ms = DELAY_MAX_MS;
	schedule(apply, apply->delay_ms);
}

static void drop_plan(struct dfa_apply *apply)
{
	dfa_plan_free(&apply->plan);
	free(apply->failed);
	apply->failed = NULL;
	apply->next = 0;
}

/* --- reading back ---------------------------------------------------------- */

static int have_object(void *arg, enum dfa_kind kind, uint32_t id,
		       const union dfa_value *value)
{
	struct dfa_apply *apply = arg;

	if (kind == DFA_MEMBER)
		id = dfa_state_member(apply->state, &value->member);
	return dfa_state_have(apply->state, kind, id, value);
}

static int read_back(struct dfa_apply *apply)
{
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		dfa_state_forget(apply->state);
		err = dfa_kernel_dump(apply->kernel, have_object, apply);
	}
	if (!err)
		apply->ops->read(apply->arg);
	return err;
}

static void disconnect(struct dfa_apply *apply)
{
	drop_plan(apply);
	dfa_kernel_close(apply->kernel);
	apply->kernel = NULL;
	dfa_state_forget(apply->state);
}

static void log_no_kernel(struct dfa_apply *apply, int err)
{
	const char *why = err == -ENOENT ? "the module is not loaded" :
					   strerror(-err);

	if (strcmp(apply->last_error, why) != 0)
		dfa_warning("datapath: %s", why);
	snprintf(apply->last_error, sizeof(apply->last_error), "%s", why);
}

void dfa_apply_connect(struct dfa_apply *apply)
{
	const size_t *have = apply->state->have_count;
	int err = 0;

	drop_plan(apply);
	if (!apply->kernel)
		err = dfa_kernel_open(&apply->kernel);
	if (!err)
		err = read_back(apply);
	if (err) {
		disconnect(apply);
		log_no_kernel(apply, err);
		schedule_retry(apply);
		return;
	}

	dfa_info("datapath: module %s with %zu networks, %zu ports, "
		 "%zu chassis, %zu routers",
		 dfa_kernel_version(apply->kernel), have[DFA_NETWORK],
		 have[DFA_PORT], have[DFA_CHASSIS], have[DFA_ROUTER]);
	apply->needs_dump = false;
	apply->is_first = true;
	apply->first_written = 0;
	apply->first_deleted = 0;
	apply->last_error[0] = '\0';
	apply->ops->connected(apply->arg);
	dfa_apply_kick(apply);
}

static void family_changed(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_apply *apply = arg;

	(void)what;
	if (dfa_kernel_watch_read(fd) <= 0)
		return;
	disconnect(apply);
	dfa_apply_connect(apply);
}

/* --- running --------------------------------------------------------------- */

/* Refusals that only say that the kernel is not where we believed it to be. */
static bool is_surprise(int err)
{
	return err == -ENOENT || err == -EEXIST || err == -EBUSY ||
	       err == -EOPNOTSUPP;
}

static void refused(void *arg, size_t index, int err, const char *why)
{
	struct dfa_apply *apply = arg;
	const struct dfa_step *step = &apply->plan.step[apply->next + index];
	struct dfa_object *object;

	apply->failed[apply->next + index] = true;
	apply->refused++;
	if (is_surprise(err))
		apply->needs_dump = true;
	snprintf(apply->last_error, sizeof(apply->last_error),
		 "%s %s %u: %s%s(%s)", step->is_delete ? "delete" : "write",
		 dfa_kind_name(step->kind),
		 step->kind == DFA_MEMBER ? step->value.member.set : step->id,
		 why, *why ? " " : "", strerror(-err));

	object = dfa_state_find(apply->state, step->kind, step->id);
	if (!object || object->err == err)
		return;
	object->err = (int16_t)err;
	dfa_error("datapath: %s", apply->last_error);
}

static void step_done(struct dfa_apply *apply, const struct dfa_step *step)
{
	int err = dfa_state_have(apply->state, step->kind, step->id,
				 step->is_delete ? NULL : &step->value);

	if (err)
		apply->needs_dump = true;
	if (step->is_delete)
		apply->deleted++;
	else
		apply->written++;
	if (apply->is_first && step->is_delete)
		apply->first_deleted++;
	else if (apply->is_first)
		apply->first_written++;
	apply->ops->object_done(apply->arg, step->kind, step->id);
}

/* Return: 0 or a negative errno if the kernel's state is unknown now. */
static int run_batch(struct dfa_apply *apply)
{
	const struct dfa_plan *plan = &apply->plan;
	size_t end;
	int sent;

	sent = dfa_kernel_run(apply->kernel, plan->step + apply->next,
			      plan->count - apply->next, refused, apply);
	if (sent < 0)
		return sent;
	end = apply->next + (size_t)sent;
	for (size_t i = apply->next; i < end; i++) {
		if (!apply->failed[i])
			step_done(apply, &plan->step[i]);
	}
	apply->next = end;
	return 0;
}

static int make_plan(struct dfa_apply *apply)
{
	int err = dfa_plan_make(&apply->plan, apply->state);

	if (err)
		return err;
	apply->next = 0;
	apply->failed = calloc(apply->plan.count + 1, sizeof(*apply->failed));
	if (!apply->failed) {
		dfa_plan_free(&apply->plan);
		return -ENOMEM;
	}
	return 0;
}

static bool any_failed(const struct dfa_apply *apply)
{
	for (size_t i = 0; i < apply->plan.count; i++) {
		if (apply->failed[i])
			return true;
	}
	return false;
}

static void log_first(struct dfa_apply *apply)
{
	size_t want = dfa_state_wishes(apply->state);

	if (!apply->is_first)
		return;
	apply->is_first = false;
	apply->first_done = true;
	dfa_info("reconciled: %zu of %zu objects written, %zu deleted",
		 apply->first_written, want, apply->first_deleted);
}

/* Everything of a plan was tried. */
static void finish_plan(struct dfa_apply *apply)
{
	bool failed = any_failed(apply);

	drop_plan(apply);
	if (!failed && apply->state->dirty) {
		schedule(apply, 0);
		return;
	}

	log_first(apply);
	apply->ops->ran(apply->arg);
	if (failed) {
		schedule_retry(apply);
	} else {
		apply->delay_ms = 0;
		apply->last_error[0] = '\0';
	}
}

static void run(struct dfa_apply *apply)
{
	int err = 0;

	if (!apply->failed)
		err = make_plan(apply);
	if (!err && apply->plan.count)
		err = run_batch(apply);
	if (err) {
		snprintf(apply->last_error, sizeof(apply->last_error), "%s",
			 strerror(-err));
		dfa_error("datapath: %s", apply->last_error);
		drop_plan(apply);
		apply->needs_dump = true;
		schedule_retry(apply);
	} else if (apply->next < apply->plan.count) {
		/* Others of the event loop come first. */
		schedule(apply, 0);
	} else {
		finish_plan(apply);
	}
}

static void work(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_apply *apply = arg;

	(void)fd;
	(void)what;
	if (!apply->kernel) {
		dfa_apply_connect(apply);
		return;
	}
	if (!apply->is_ready)
		return;
	if (apply->needs_dump && !apply->failed) {
		int err = read_back(apply);

		if (err) {
			disconnect(apply);
			log_no_kernel(apply, err);
			schedule_retry(apply);
			return;
		}
		apply->needs_dump = false;
	}
	run(apply);
}

void dfa_apply_ready(struct dfa_apply *apply)
{
	apply->is_ready = true;
	dfa_apply_kick(apply);
}

void dfa_apply_reread(struct dfa_apply *apply)
{
	apply->needs_dump = true;
	dfa_apply_kick(apply);
}

void dfa_apply_kick(struct dfa_apply *apply)
{
	if (apply->kernel && apply->is_ready)
		schedule(apply, 0);
}

/* --- start and stop -------------------------------------------------------- */

int dfa_apply_init(struct dfa_apply *apply, struct event_base *base,
		   struct dfa_state *state, const struct dfa_apply_ops *ops,
		   void *arg)
{
	*apply = (struct dfa_apply){
		.base = base,
		.state = state,
		.ops = ops,
		.arg = arg,
		.watch_fd = dfa_kernel_watch_open(),
	};
	if (apply->watch_fd < 0)
		return apply->watch_fd;
	apply->work = evtimer_new(base, work, apply);
	apply->watch = event_new(base, apply->watch_fd, EV_READ | EV_PERSIST,
				 family_changed, apply);
	if (!apply->work || !apply->watch || event_add(apply->watch, NULL)) {
		dfa_apply_fini(apply);
		return -ENOMEM;
	}
	return 0;
}

void dfa_apply_fini(struct dfa_apply *apply)
{
	drop_plan(apply);
	if (apply->work)
		event_free(apply->work);
	if (apply->watch)
		event_free(apply->watch);
	if (apply->watch_fd >= 0)
		close(apply->watch_fd);
	dfa_kernel_close(apply->kernel);
	apply->kernel = NULL;
	apply->work = NULL;
	apply->watch = NULL;
	apply->watch_fd = -1;
}
