// SPDX-License-Identifier: GPL-2.0
/*
 * What happens where is wired up here:
 *
 *	database -> topics -> compile -> state -> plan -> apply -> kernel
 *	                            \-> attach -> devices      |
 *	database <- status <---------------------- what works -+
 */
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "log.h"
#include "notify.h"
#include "util.h"

static void die(struct dfa_agent *agent, const char *why)
{
	dfa_error("%s: giving up", why);
	agent->exit_code = EXIT_FAILURE;
	event_base_loopbreak(agent->base);
}

static void set_database_error(struct dfa_agent *agent, const char *text)
{
	snprintf(agent->database_error, sizeof(agent->database_error), "%s",
		 text);
}

static void say_where(struct dfa_agent *agent)
{
	char text[128], at[32];

	if (agent->topics.is_synced && agent->is_database_up) {
		dfa_notify_status("in step with the database");
	} else if (agent->topics.is_known && !agent->topics.is_synced) {
		dfa_cache_time(&agent->cache, at, sizeof(at));
		snprintf(text, sizeof(text),
			 "working from the last known state of %s", at);
		dfa_notify_status(text);
	} else {
		dfa_notify_status("waiting for the database");
	}
}

/* --- a port's status ------------------------------------------------------- */

static void report_local(struct dfa_agent *agent, const struct dfa_local *local)
{
	const char *reason = dfa_report_reason(agent, local);

	/* Whoever it is bound to tells how it is. */
	if (local->port.is_standby)
		dfa_status_leave(&agent->status, &local->port.id);
	else
		dfa_status_set(&agent->status, &local->port.id, reason);
	/* Only one that works can be told of its routers. */
	if (reason)
		dfa_ra_port_del(&agent->ra, local->port.key);
	else if (dfa_ra_port_set(&agent->ra, local->port.key,
				 local->port.network))
		die(agent, strerror(ENOMEM));
}

static void local_changed(void *arg, const struct dfa_local *local)
{
	report_local(arg, local);
}

static const struct dfa_attach_ops attach_ops = {
	.changed = local_changed,
};

/* --- from the compiler ----------------------------------------------------- */

static void local_set(void *arg, const struct dfa_local_port *port)
{
	struct dfa_agent *agent = arg;

	if (!agent->has_kernel)
		return;
	if (dfa_attach_set(&agent->attach, port) ||
	    dfa_claims_port_set(&agent->claims, port))
		die(agent, strerror(ENOMEM));
}

static void local_del(void *arg, const struct dfa_uuid *id)
{
	struct dfa_agent *agent = arg;
	const struct dfa_local *local;

	if (!agent->has_kernel)
		return;
	local = dfa_attach_find(&agent->attach, id);
	if (local) {
		dfa_ra_port_del(&agent->ra, local->port.key);
		dfa_claims_port_del(&agent->claims, local->port.key);
	}
	dfa_attach_del(&agent->attach, id);
	dfa_status_leave(&agent->status, id);
}

static void advert_set(void *arg, const struct dfa_advert *advert)
{
	struct dfa_agent *agent = arg;

	if (dfa_ra_advert_set(&agent->ra, advert))
		die(agent, strerror(ENOMEM));
}

static void advert_del(void *arg, uint32_t key)
{
	struct dfa_agent *agent = arg;

	dfa_ra_advert_del(&agent->ra, key);
}

static const struct dfa_compile_ops compile_ops = {
	.local_set = local_set,
	.local_del = local_del,
	.advert_set = advert_set,
	.advert_del = advert_del,
};

/* --- to and from workloads ------------------------------------------------- */

static void send_frame(void *arg, uint32_t port, const void *frame, size_t len)
{
	const struct dfa_agent *agent = arg;

	if (agent->packet)
		dfa_packet_send(agent->packet, port, frame, len);
}

static void punted(void *arg, uint32_t port, uint32_t reason)
{
	struct dfa_agent *agent = arg;

	if (reason == DRAGONFLOW_PUNT_REASON_ROUTER_SOLICITATION)
		dfa_ra_solicited(&agent->ra, port);
}

/* Others that follow by themselves need not be told by us what they know. */
static void held(void *arg, uint32_t port, const struct dfa_pairs *claims)
{
	struct dfa_agent *agent = arg;
	const struct dfa_object *object;

	if (dfa_state_heard(&agent->state, port, claims))
		die(agent, strerror(ENOMEM));
	object = dfa_state_find(&agent->state, DFA_PORT, port);
	if (object && object->had &&
	    object->have.port.type == DRAGONFLOW_PORT_TYPE_VIF &&
	    dfa_claims_heard(&agent->claims, port, claims))
		die(agent, strerror(ENOMEM));
}

static void lost(void *arg)
{
	struct dfa_agent *agent = arg;

	dfa_apply_reread(&agent->apply);
}

static const struct dfa_packet_ops packet_ops = {
	.punted = punted,
	.held = held,
	.lost = lost,
};

/* --- from the topics ------------------------------------------------------- */

static void wishes_changed(void *arg)
{
	struct dfa_agent *agent = arg;

	if (agent->has_kernel)
		dfa_apply_kick(&agent->apply);
}

static void topics_synced(void *arg)
{
	struct dfa_agent *agent = arg;

	dfa_info("topology read: %zu networks, %zu ports of them",
		 agent->topics.view.networks, agent->compile.ports.count);
	say_where(agent);
	dfa_ondemand_database(&agent->ondemand);
	if (!agent->has_kernel)
		return;
	agent->attach.can_reap = true;
	dfa_claims_ready(&agent->claims);
	dfa_apply_ready(&agent->apply);
}

static void topics_failed(void *arg, int err)
{
	die(arg, strerror(-err));
}

static void trace_asked(void *arg, const struct df_obj *request)
{
	struct dfa_agent *agent = arg;

	dfa_traces_put(&agent->traces, request,
		       agent->has_kernel ? agent->apply.kernel : NULL);
}

static void trace_unasked(void *arg, const char *id)
{
	struct dfa_agent *agent = arg;

	dfa_traces_del(&agent->traces, id);
}

static const struct dfa_topics_ops topics_ops = {
	.changed = wishes_changed,
	.synced = topics_synced,
	.failed = topics_failed,
	.asked = trace_asked,
	.unasked = trace_unasked,
	.sought = dfa_ondemand_sought,
	.port_known = dfa_ondemand_port_known,
};

/* --- from the reconciler --------------------------------------------------- */

static struct dfa_local *find_local(const struct dfa_agent *agent, uint32_t key)
{
	struct dfa_map_iter iter = dfa_map_iter(&agent->attach.by_id);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&agent->attach.by_id, &iter))) {
		struct dfa_local *local;

		local = dfa_container_of(node, struct dfa_local, by_id);
		if (local->port.key == key)
			return local;
	}
	return NULL;
}

static void object_done(void *arg, enum dfa_kind kind, uint32_t id)
{
	struct dfa_agent *agent = arg;
	const struct dfa_local *local;
	const struct dfa_object *object;

	/* Most are remote: do not look for those. */
	object = dfa_state_find(&agent->state, DFA_PORT, id);
	if (kind != DFA_PORT || !object ||
	    object->have.port.type != DRAGONFLOW_PORT_TYPE_VIF)
		return;
	local = find_local(agent, id);
	if (local)
		report_local(agent, local);
}

static void kernel_connected(void *arg)
{
	struct dfa_agent *agent = arg;
	int err;

	/* The family may be another than before. */
	dfa_packet_close(agent->packet);
	agent->packet = NULL;
	err = dfa_packet_open(&agent->packet, agent->base, agent->apply.kernel,
			      &packet_ops, agent);
	if (err)
		dfa_error("packets of workloads are not heard: %s",
			  strerror(-err));
	dfa_ondemand_connected(&agent->ondemand);
	err = dfa_kernel_set_log(agent->apply.kernel,
				 agent->config->security_log_rate,
				 agent->config->security_log_burst);
	if (err)
		dfa_warning("the log of security groups is not limited as set: %s",
			    strerror(-err));
	dfa_attach_connected(&agent->attach);
}

static void plan_ran(void *arg)
{
	struct dfa_agent *agent = arg;

	dfa_attach_reap(&agent->attach);
}

/*
 * What is known from before is enough to begin with, after a reboot. But what the
 * kernel has is never older: unless all of it is known alike, it is left alone.
 */
static void use_known(struct dfa_agent *agent)
{
	const struct dfa_object *object = agent->state.dirty;

	if (!agent->has_kernel || !agent->apply.kernel ||
	    agent->apply.is_ready || !agent->topics.is_known)
		return;
	for (; object; object = object->dirty_next) {
		if (object->had) {
			dfa_info("the kernel has something else than the last known state: it is left as it is");
			return;
		}
	}
	dfa_apply_ready(&agent->apply);
}

/* What was claimed while we did not listen. */
static void kernel_read(void *arg)
{
	struct dfa_agent *agent = arg;
	struct dfa_map_iter iter = dfa_map_iter(&agent->state.by_id);
	struct dfa_map_node *node;

	use_known(agent);
	while ((node = dfa_map_iter_next(&agent->state.by_id, &iter))) {
		const struct dfa_object *object;

		object = dfa_container_of(node, struct dfa_object, by_id);
		if (object->kind != DFA_PORT || !object->had ||
		    object->have.port.type != DRAGONFLOW_PORT_TYPE_VIF ||
		    !object->have.port.pairs)
			continue;
		if (dfa_claims_heard(&agent->claims, object->id,
				     object->have.port.pairs))
			die(agent, strerror(ENOMEM));
	}
}

static const struct dfa_apply_ops apply_ops = {
	.object_done = object_done,
	.connected = kernel_connected,
	.ran = plan_ran,
	.read = kernel_read,
};

/* --- from the registration and the database -------------------------------- */

/* Once, at the start: later there is more to go by. */
static void start_known(struct dfa_agent *agent)
{
	struct df_error error;
	char at[32];

	if (agent->topics.is_started || !dfa_cache_is_loaded(&agent->cache))
		return;
	dfa_cache_time(&agent->cache, at, sizeof(at));
	dfa_warning("without the database: working from the last known state of %s, %zu objects",
		    at, agent->cache.known.count);
	if (dfa_topics_start_known(&agent->topics, agent->config->chassis,
				   &error)) {
		die(agent, error.text);
		return;
	}
	use_known(agent);
	say_where(agent);
}

static void tell_database(struct dfa_agent *agent)
{
	bool is_there = agent->reg.is_done && agent->is_database_up;

	dfa_status_database(&agent->status, is_there ? agent->nb : NULL);
	dfa_claims_database(&agent->claims, is_there ? agent->nb : NULL);
	dfa_cache_confirm(&agent->cache, is_there);
	dfa_ondemand_database(&agent->ondemand);
}

static void registered(void *arg)
{
	struct dfa_agent *agent = arg;
	struct df_error error;

	if (dfa_topics_start(&agent->topics, agent->nb, agent->config->chassis,
			     &error))
		die(agent, error.text);
	set_database_error(agent, "");
	tell_database(agent);
}

static void register_refused(void *arg, const char *why)
{
	struct dfa_agent *agent = arg;
	char text[600];

	snprintf(text, sizeof(text),
		 "another agent runs as chassis %s (%s)",
		 agent->config->chassis, why);
	die(agent, text);
}

static void register_failed(void *arg, const char *why)
{
	struct dfa_agent *agent = arg;

	if (agent->is_database_up && !agent->reg.is_done)
		set_database_error(agent, why);
	start_known(agent);
}

static const struct dfa_register_ops register_ops = {
	.done = registered,
	.refused = register_refused,
	.failed = register_failed,
};

static void database_state(void *arg, bool up, const struct df_error *error)
{
	struct dfa_agent *agent = arg;

	agent->is_database_up = up;
	tell_database(agent);
	set_database_error(agent, up ? "" : error ? error->text : "away");
	say_where(agent);
	if (up) {
		dfa_info("database: there again");
		return;
	}
	dfa_warning("database: %s; the datapath goes on as it is",
		    agent->database_error);
	start_known(agent);
}

/* One that was there may be again. */
static int open_database(struct dfa_agent *agent, struct df_error *error)
{
	bool is_known = dfa_cache_is_loaded(&agent->cache);
	int err;

	err = is_known ? df_nb_open_known(&agent->nb, agent->config->database,
					  agent->base, error) :
			 df_nb_open(&agent->nb, agent->config->database,
				    agent->base, error);
	if (err && is_known) {
		set_database_error(agent, error->text);
		evtimer_add(agent->reopen, &(struct timeval){ .tv_sec = 1 });
		return 0;
	}
	if (err)
		return err;
	agent->is_database_up = true;
	set_database_error(agent, "");
	df_nb_on_state(agent->nb, database_state, agent);
	dfa_traces_init(&agent->traces, agent->nb);
	return 0;
}

static void reopen_database(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_agent *agent = arg;
	struct df_error error;

	(void)fd;
	(void)what;
	if (open_database(agent, &error)) {
		die(agent, error.text);
		return;
	}
	if (!agent->nb)
		return;
	dfa_info("database: there again");
	dfa_register_start(&agent->reg, agent->nb);
}

/* --- start and stop -------------------------------------------------------- */

static int start_kernel(struct dfa_agent *agent, struct df_error *error)
{
	int err;

	if (agent->config->dataplane == DFA_DATAPLANE_NONE)
		return 0;
	err = dfa_attach_init(&agent->attach, agent->base, &agent->state,
			      &attach_ops, agent);
	if (err) {
		dfa_attach_fini(&agent->attach);
		return dfa_error_set(error, err, "route netlink: %s",
				     strerror(-err));
	}
	err = dfa_apply_init(&agent->apply, agent->base, &agent->state,
			     &apply_ops, agent);
	if (err) {
		dfa_attach_fini(&agent->attach);
		return dfa_error_set(error, err, "generic netlink: %s",
				     strerror(-err));
	}
	agent->has_kernel = true;
	err = dfa_compile_tunnels(&agent->compile) ?:
		      dfa_attach_tunnels(&agent->attach, agent->config);
	if (err)
		return dfa_error_set(error, err, "%s", strerror(-err));
	dfa_apply_connect(&agent->apply);
	return 0;
}

static int start_database(struct dfa_agent *agent, struct df_error *error)
{
	/* All of them, so that all of them can end. */
	int err[] = {
		dfa_cache_init(&agent->cache, agent->base, agent->config),
		dfa_status_init(&agent->status, agent->base,
				agent->config->chassis),
		dfa_claims_init(&agent->claims, agent->base),
		dfa_ondemand_init(&agent->ondemand, agent),
		dfa_register_init(&agent->reg, agent->base, agent->config,
				  &register_ops, agent),
	};

	dfa_topics_init(&agent->topics, &agent->cache, &agent->compile,
			&topics_ops, agent);
	agent->reopen = evtimer_new(agent->base, reopen_database, agent);
	if (!agent->reopen)
		return dfa_error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < DFA_ARRAY_SIZE(err); i++) {
		if (err[i])
			return dfa_error_set(error, err[i], "%s",
					     strerror(-err[i]));
	}
	return open_database(agent, error);
}

int dfa_agent_start(struct dfa_agent *agent, struct event_base *base,
		    const struct dfa_config *config, struct df_error *error)
{
	int err;

	*agent = (struct dfa_agent){ .config = config, .base = base };
	clock_gettime(CLOCK_MONOTONIC, &agent->started);
	dfa_state_init(&agent->state);
	dfa_ra_init(&agent->ra, base, send_frame, agent);
	dfa_compile_init(&agent->compile, &agent->state, config, &compile_ops,
			 agent);
	/* The socket comes first: it is taken if this agent runs already. */
	err = dfa_control_open(&agent->control, base, config->control_socket,
			       dfa_report_cmds, agent, error);
	if (!err)
		err = start_database(agent, error);
	if (!err)
		err = start_kernel(agent, error);
	if (!err && dfa_notify_watchdog(&agent->watchdog, agent->base))
		err = dfa_error_set(error, -ENOMEM, "out of memory");
	if (err) {
		dfa_agent_stop(agent);
		return err;
	}
	if (agent->nb) {
		dfa_register_start(&agent->reg, agent->nb);
	} else {
		dfa_warning("database: %s", agent->database_error);
		start_known(agent);
	}
	return 0;
}

static void stop_database(struct dfa_agent *agent)
{
	dfa_topics_fini(&agent->topics);
	dfa_traces_fini(&agent->traces);
	dfa_register_fini(&agent->reg);
	df_nb_close(agent->nb);
	dfa_status_fini(&agent->status);
	dfa_claims_fini(&agent->claims);
	dfa_ondemand_fini(&agent->ondemand);
	dfa_cache_fini(&agent->cache);
	if (agent->reopen)
		event_free(agent->reopen);
}

void dfa_agent_stop(struct dfa_agent *agent)
{
	/* First: the routers stay, nobody is to be told otherwise. */
	dfa_packet_close(agent->packet);
	agent->packet = NULL;
	dfa_ondemand_stop(&agent->ondemand);
	if (agent->watchdog)
		event_free(agent->watchdog);
	dfa_control_close(agent->control);
	if (agent->has_kernel) {
		dfa_apply_fini(&agent->apply);
		dfa_attach_fini(&agent->attach);
	}
	if (agent->cache.config)
		stop_database(agent);
	dfa_ra_fini(&agent->ra);
	dfa_compile_fini(&agent->compile);
	dfa_state_fini(&agent->state);
}
