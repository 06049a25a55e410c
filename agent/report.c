// SPDX-License-Identifier: GPL-2.0
/* What the control socket tells about the agent. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "agent.h"
#include "log.h"
#include "util.h"

const char *dfa_report_reason(const struct dfa_agent *agent,
			      const struct dfa_local *local)
{
	const struct dfa_object *object;

	if (!local->port.is_up)
		return "administratively down";
	if (local->err == -EBUSY)
		return "another port has the same device";
	if (!agent->attach.is_connected)
		return "the module is not loaded";
	if (!local->ifindex)
		return "there is no such device";
	if (!local->is_attached)
		return "the device cannot be attached";
	if (local->port.is_standby)
		return "on standby";
	object = dfa_state_find(&agent->state, DFA_PORT, local->port.key);
	if (object && object->loser)
		return "another port of the network has the same MAC address";
	if (!object || !object->had ||
	    object->have.port.type != DRAGONFLOW_PORT_TYPE_VIF)
		return "not programmed yet";
	return NULL;
}

static json_int_t uptime_s(const struct dfa_agent *agent)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - agent->started.tv_sec;
}

static size_t sum(const size_t *counts)
{
	size_t total = 0;

	for (int kind = 0; kind < DFA_KINDS; kind++)
		total += counts[kind];
	return total;
}

static size_t failed(const struct dfa_agent *agent)
{
	const struct dfa_object *object = agent->state.dirty;
	size_t count = 0;

	for (; object; object = object->dirty_next)
		count += object->err != 0;
	return count;
}

/* --- lists ----------------------------------------------------------------- */

static json_t *topics_json(const struct dfa_agent *agent)
{
	struct dfa_map_iter iter = dfa_map_iter(&agent->topics.topics);
	json_t *list = json_array();
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&agent->topics.topics, &iter))) {
		const struct dfa_topic *topic;
		char why[96];

		topic = dfa_container_of(node, struct dfa_topic, node);
		dfa_topic_why(topic, why, sizeof(why));
		json_array_append_new(list,
				      json_pack("{s:s, s:b, s:s}", "topic",
						topic->name, "synced",
						topic->is_synced, "why", why));
	}
	return list;
}

static json_t *local_json(const struct dfa_agent *agent,
			  const struct dfa_local *local)
{
	const char *reason = dfa_report_reason(agent, local);
	char id[DF_UUID_LEN + 1];
	json_t *json;

	dfa_uuid_print(id, &local->port.id);
	json = json_pack("{s:s, s:I, s:s, s:i, s:b, s:s}", "id", id, "key",
			 (json_int_t)local->port.key, "device",
			 local->port.device, "ifindex", local->ifindex,
			 "attached", local->is_attached, "status",
			 reason ? "down" : "up");
	if (reason)
		json_object_set_new(json, "reason", json_string(reason));
	return json;
}

static json_t *tunnel_json(const struct dfa_local *local)
{
	return json_pack("{s:s, s:i, s:b}", "device", local->port.device,
			 "ifindex", local->ifindex, "attached",
			 local->is_attached);
}

static json_t *locals_json(const struct dfa_agent *agent, bool tunnels)
{
	const struct dfa_map *map = &agent->attach.by_device;
	json_t *list = json_array();
	struct dfa_map_iter iter;
	struct dfa_map_node *node;

	if (!agent->has_kernel)
		return list;
	iter = dfa_map_iter(map);
	while ((node = dfa_map_iter_next(map, &iter))) {
		const struct dfa_local *local;

		local = dfa_container_of(node, struct dfa_local, by_device);
		if (tunnels && local->tunnel)
			json_array_append_new(list, tunnel_json(local));
		else if (!tunnels && !local->tunnel)
			json_array_append_new(list, local_json(agent, local));
	}
	return list;
}

/* The devices that have our addresses, and whether packets are taken there. */
static json_t *underlays_json(const struct dfa_agent *agent)
{
	const struct dfa_attach *attach = &agent->attach;
	json_t *list = json_array();

	if (!agent->has_kernel)
		return list;
	for (size_t i = 0; i < attach->underlay_count; i++) {
		bool attached;
		const char *name = dfa_attach_underlay(attach, i, &attached);

		json_array_append_new(list, json_pack("{s:s, s:i, s:b}",
						      "device", name, "ifindex",
						      attach->underlay[i],
						      "attached", attached));
	}
	return list;
}

static void problem(json_t *problems, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void problem(json_t *problems, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(problems, json_string(text));
}

static void tunnel_problems(const struct dfa_agent *agent, json_t *problems)
{
	struct dfa_map_iter iter = dfa_map_iter(&agent->attach.by_device);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&agent->attach.by_device, &iter))) {
		const struct dfa_local *local;

		local = dfa_container_of(node, struct dfa_local, by_device);
		if (local->tunnel && local->err)
			problem(problems, "tunnel device %s: %s",
				local->port.device, strerror(-local->err));
	}
}

/* Does it work from what was known before? */
static bool is_from_cache(const struct dfa_agent *agent)
{
	return agent->topics.is_known && !agent->topics.is_synced;
}

static json_t *cache_json(const struct dfa_agent *agent)
{
	const struct dfa_cache *cache = &agent->cache;
	char at[32];

	dfa_cache_time(cache, at, sizeof(at));
	return json_pack("{s:s, s:s, s:I, s:b, s:I, s:s}", "file", cache->path,
			 "saved_at", at, "bytes", (json_int_t)cache->size,
			 "in_use", is_from_cache(agent), "objects",
			 (json_int_t)cache->known.count, "note", cache->note);
}

static void database_problem(const struct dfa_agent *agent, json_t *problems)
{
	char at[32];

	if (is_from_cache(agent)) {
		dfa_cache_time(&agent->cache, at, sizeof(at));
		problem(problems, "works from the last known state of %s", at);
	}
	if (agent->database_error[0])
		problem(problems, "database: %s", agent->database_error);
	else if (!agent->reg.is_done)
		problem(problems, "not registered yet");
	else if (!agent->topics.is_synced)
		problem(problems, "the topology was not read completely yet");
}

static json_t *problems_json(const struct dfa_agent *agent)
{
	json_t *problems = json_array();

	database_problem(agent, problems);
	if (agent->has_kernel)
		tunnel_problems(agent, problems);
	if (agent->has_kernel && agent->apply.last_error[0])
		problem(problems, "datapath: %s", agent->apply.last_error);
	if (agent->ondemand.problem[0])
		problem(problems, "cannot ask who has an address: %s",
			agent->ondemand.problem);
	if (agent->state.losers)
		problem(problems, "%zu objects have the MAC or VNI of another",
			agent->state.losers);
	return problems;
}

/* --- commands -------------------------------------------------------------- */

static void set_text(json_t *object, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void set_text(json_t *object, const char *name, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_object_set_new(object, name, json_string(text));
}

static void set_number(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

static json_t *cmd_status(void *arg, const json_t *request)
{
	const struct dfa_agent *agent = arg;
	const struct dfa_apply *apply = &agent->apply;
	json_t *answer = json_object();

	(void)request;
	set_text(answer, "chassis", "%s", agent->config->chassis);
	set_text(answer, "version", "%s", DF_VERSION);
	set_number(answer, "pid", (uint64_t)getpid());
	set_number(answer, "uptime_s", (uint64_t)uptime_s(agent));
	set_text(answer, "log_level", "%s",
		 dfa_log_level_name(dfa_log_level()));
	set_text(answer, "database", "%s", agent->config->database);
	set_text(answer, "database_state", "%s",
		 agent->is_database_up ? "up" : "down");
	set_text(answer, "dataplane", "%s",
		 !agent->has_kernel ? "none" :
		 apply->kernel	    ? "kernel" :
				      "waiting for the module");
	set_number(answer, "desired", dfa_state_wishes(&agent->state));
	set_number(answer, "actual", sum(agent->state.have_count));
	set_number(answer, "pending",
		   agent->has_kernel ? agent->state.dirty_count : 0);
	set_number(answer, "failed", failed(agent));
	set_number(answer, "parked", agent->compile.parked);
	if (apply->first_done)
		set_text(answer, "reconciled",
			 "%zu objects written, %zu deleted at the last start",
			 apply->first_written, apply->first_deleted);
	set_text(answer, "last_error", "%s", apply->last_error);
	json_object_set_new(answer, "cache", cache_json(agent));
	json_object_set_new(answer, "topics", topics_json(agent));
	json_object_set_new(answer, "ports", locals_json(agent, false));
	json_object_set_new(answer, "tunnels", locals_json(agent, true));
	json_object_set_new(answer, "underlays", underlays_json(agent));
	json_object_set_new(answer, "problems", problems_json(agent));
	return answer;
}

static json_t *cmd_log_level(void *arg, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "level"));
	enum dfa_log_level level;

	(void)arg;
	if (name) {
		if (dfa_log_level_parse(name, &level))
			return json_pack("{s:b, s:s}", "ok", 0, "error",
					 "\"level\" is not one of error, "
					 "warning, info, debug");
		dfa_log_set_level(level);
		dfa_info("log level: %s", name);
	}
	return json_pack("{s:s}", "level", dfa_log_level_name(dfa_log_level()));
}

struct metric {
	const char *name, *type;
	uint64_t value;
};

static size_t print_metric(char *text, size_t size, const struct metric *metric,
			   const char *chassis)
{
	int len = snprintf(text, size,
			   "# TYPE dragonflow_agent_%s %s\n"
			   "dragonflow_agent_%s{chassis=\"%s\"} %llu\n",
			   metric->name, metric->type, metric->name, chassis,
			   (unsigned long long)metric->value);

	return len > 0 && (size_t)len < size ? (size_t)len : 0;
}

static json_t *cmd_metrics(void *arg, const json_t *request)
{
	const struct dfa_agent *agent = arg;
	const struct dfa_resolve *resolve = &agent->ondemand.resolve;
	const struct metric metrics[] = {
		{ "uptime_seconds", "gauge", (uint64_t)uptime_s(agent) },
		{ "database_up", "gauge", agent->is_database_up },
		{ "datapath_up", "gauge", !!agent->apply.kernel },
		{ "from_cache", "gauge", is_from_cache(agent) },
		{ "topics", "gauge", agent->topics.topics.count },
		{ "objects_desired", "gauge", dfa_state_wishes(&agent->state) },
		{ "objects_actual", "gauge", sum(agent->state.have_count) },
		{ "objects_pending", "gauge", agent->state.dirty_count },
		{ "ports_parked", "gauge", agent->compile.parked },
		{ "ports_local", "gauge",
		  agent->has_kernel ? agent->attach.by_id.count : 0 },
		{ "ports_sought", "gauge", agent->topics.sought },
		{ "lookups_total", "counter", resolve->asked },
		{ "lookups_found_total", "counter", resolve->found },
		{ "lookups_absent_total", "counter", resolve->denied },
		{ "lookups_failed_total", "counter", resolve->failed },
		{ "objects_written_total", "counter", agent->apply.written },
		{ "objects_deleted_total", "counter", agent->apply.deleted },
		{ "requests_refused_total", "counter", agent->apply.refused },
	};
	char text[8192];
	size_t len = 0;

	(void)request;
	for (size_t i = 0; i < DFA_ARRAY_SIZE(metrics); i++)
		len += print_metric(text + len, sizeof(text) - len, &metrics[i],
				    agent->config->chassis);
	return json_pack("{s:s}", "metrics", text);
}

const struct dfa_control_cmd dfa_report_cmds[] = {
	{ "status", cmd_status },
	{ "log-level", cmd_log_level },
	{ "metrics", cmd_metrics },
	{ NULL, NULL },
};
