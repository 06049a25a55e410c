// SPDX-License-Identifier: GPL-2.0
/* dfctl status: one look at whether this hypervisor is well. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/dragonflow.h>

#include "control.h"
#include "kernel.h"

/**
 * struct status - what was found out
 * @agent: what the agent says; NULL if none answers
 * @kernel: a summary of what the kernel module holds; NULL if it is not there
 * @problems: sentences, one for everything that is wrong
 */
struct status {
	json_t *agent;
	json_t *kernel;
	json_t *problems;
};

__printf(2, 3)
static void problem(struct status *status, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		json_array_append_new(status->problems, json_string(text));
	free(text);
}

static void count(json_t *object, const char *name, json_int_t n)
{
	json_object_set_new(object, name,
			    json_integer(json_integer_value(json_object_get(object, name)) + n));
}

static void drops_sum(json_t *sum, const json_t *port)
{
	const json_t *drops = json_object_get(json_object_get(port, "stats"), "drop");
	json_t *drop;
	size_t i;

	json_array_foreach(drops, i, drop) {
		const char *reason = json_string_value(json_object_get(drop, "reason"));
		json_int_t packets = json_integer_value(json_object_get(drop, "packets"));

		if (reason && packets)
			count(sum, reason, packets);
	}
}

static bool has_flag(const json_t *object, const char *flag)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(object, "flags"), i, one) {
		if (!strcmp(json_string_value(one), flag))
			return true;
	}
	return false;
}

/* A port without a device is down: its workload is not there (yet). */
static void vif_sum(json_t *kernel, const json_t *port)
{
	if (has_flag(port, "admin-down"))
		count(kernel, "ports_disabled", 1);
	else if (json_object_get(port, "ifindex"))
		count(kernel, "ports_up", 1);
	else
		count(kernel, "ports_down", 1);
}

static void tunnel_sum(struct status *status, json_t *tunnels, const json_t *port)
{
	const json_t *id = json_object_get(port, "id");
	json_t *device = json_object_get(port, "device");

	if (device)
		json_array_append(tunnels, device);
	else
		problem(status, "tunnel port %" JSON_INTEGER_FORMAT " has no device",
			json_integer_value(id));
}

static void ports_sum(struct status *status, json_t *kernel, const json_t *ports)
{
	json_t *drops = json_object();
	json_t *tunnels = json_array();
	json_t *port;
	size_t i;

	count(kernel, "ports_up", 0);
	count(kernel, "ports_down", 0);
	count(kernel, "ports_disabled", 0);
	count(kernel, "ports_remote", 0);
	json_array_foreach(ports, i, port) {
		const char *type = json_string_value(json_object_get(port, "type"));

		drops_sum(drops, port);
		if (type && !strcmp(type, "vif"))
			vif_sum(kernel, port);
		else if (type && !strcmp(type, "tunnel"))
			tunnel_sum(status, tunnels, port);
		else
			count(kernel, "ports_remote", 1);
	}
	json_object_set_new(kernel, "tunnels", tunnels);
	json_object_set_new(kernel, "drops", drops);
}

static void kernel_read(struct status *status, const struct dfctl *ctl)
{
	const struct dfctl_nl_request get = { .cmd = DF_CMD_DATAPATH_GET };
	const struct dfctl_nl_request dump = { .cmd = DF_CMD_PORT_GET, .dump = true };
	__auto_json json_t *datapath = NULL;
	__auto_json json_t *ports = NULL;
	struct dfctl_nl *nl;
	json_t *port;
	size_t i;
	int err;

	err = dfctl_nl_open(&nl, ctl->netns);
	if (!err)
		err = dfctl_nl_ask(nl, &get, &datapath);
	if (!err)
		err = dfctl_nl_ask(nl, &dump, &ports);
	if (err) {
		problem(status, "kernel: %s", dfctl_nl_error(nl));
		dfctl_nl_close(nl);
		return;
	}
	status->kernel = json_incref(json_array_get(datapath, 0));
	json_array_foreach(ports, i, port)
		dfctl_kernel_name_port(nl, port);
	ports_sum(status, status->kernel, ports);
	dfctl_nl_close(nl);
}

static void agent_read(struct status *status, const struct dfctl *ctl)
{
	__auto_free char *path = dfctl_control_socket(ctl);
	int err = dfctl_control_ask(ctl, "status", &status->agent);

	if (err == -ENOENT || err == -ECONNREFUSED)
		problem(status, "no agent runs: nothing listens at %s", path);
	else if (err == -ETIMEDOUT)
		problem(status, "the agent does not answer at %s", path);
	else if (err)
		problem(status, "the agent cannot be asked at %s: %s", path, strerror(-err));
}

static json_int_t amount(const json_t *value)
{
	if (json_is_array(value))
		return (json_int_t)json_array_size(value);
	if (json_is_object(value))
		return (json_int_t)json_object_size(value);
	return json_integer_value(value);
}

/*
 * A workload that is not plugged in (yet) is down by its own wish; any other
 * reason is worth a look.
 */
static void ports_judge(struct status *status)
{
	json_t *port;
	size_t i;

	json_array_foreach(json_object_get(status->agent, "ports"), i, port) {
		const char *reason = json_string_value(json_object_get(port, "reason"));
		const char *device = json_string_value(json_object_get(port, "device"));

		if (reason && json_integer_value(json_object_get(port, "ifindex")) &&
		    strcmp(reason, "administratively down"))
			problem(status, "port %s is down: %s", device ? device : "?",
				reason);
	}
}

/* What the agent itself complains about. */
static void agent_judge(struct status *status)
{
	static const struct {
		const char *member;
		const char *meaning;
	} counts[] = {
		{ "pending", "changes wait to be written to the kernel" },
		{ "failed", "changes were refused by the kernel" },
		{ "parked", "objects wait for something that they refer to" },
	};
	json_t *text;
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		json_int_t n = amount(json_object_get(status->agent, counts[i].member));

		if (n)
			problem(status, "agent: %" JSON_INTEGER_FORMAT " %s", n,
				counts[i].meaning);
	}
	json_array_foreach(json_object_get(status->agent, "problems"), i, text) {
		if (json_is_string(text))
			problem(status, "agent: %s", json_string_value(text));
	}
	ports_judge(status);
}

static void line(const char *label, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void line(const char *label, const char *fmt, ...)
{
	va_list args;

	printf("%-11s", label);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

static long long number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void kernel_print(const json_t *kernel)
{
	__auto_free char *tunnels = dfctl_value_text(json_object_get(kernel, "tunnels"));
	const json_t *drops = json_object_get(kernel, "drops");
	__auto_free char *reasons = dfctl_value_text(drops);

	line("kernel", "module %s, %lld networks, %lld chassis, %lld flows",
	     json_string_value(json_object_get(kernel, "version")),
	     number(kernel, "networks"), number(kernel, "chassis"),
	     number(kernel, "flows"));
	line("ports", "%lld up, %lld down, %lld disabled, %lld remote",
	     number(kernel, "ports_up"), number(kernel, "ports_down"),
	     number(kernel, "ports_disabled"), number(kernel, "ports_remote"));
	line("tunnels", "%s", strcmp(tunnels, "-") ? tunnels : "none");
	line("drops", "%s", json_object_size(drops) ? reasons : "none");
	if (number(kernel, "unbound_drops"))
		line("", "unbound=%lld (devices whose port does not exist)",
		     number(kernel, "unbound_drops"));
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text && *text ? text : "-";
}

static char *duration(long long s)
{
	if (s < 120)
		return dfctl_strf("%lld s", s);
	if (s < 7200)
		return dfctl_strf("%lld min", s / 60);
	return dfctl_strf("%lld h", s / 3600);
}

static void ports_print(const json_t *agent)
{
	json_t *port;
	size_t i;

	json_array_foreach(json_object_get(agent, "ports"), i, port) {
		if (json_object_get(port, "reason"))
			line("", "down: %s, %s", text_of(port, "device"),
			     text_of(port, "reason"));
	}
}

/* Does it work without the database? Is there something wrong with the file? */
static void cache_print(const json_t *cache)
{
	const char *note = json_string_value(json_object_get(cache, "note"));

	if (json_is_true(json_object_get(cache, "in_use")))
		line("", "from the last known state of %s", text_of(cache, "saved_at"));
	if (note && *note)
		line("", "last known state: %s", note);
}

static void agent_print(const json_t *agent)
{
	__auto_free char *since = duration(number(agent, "uptime_s"));

	line("agent", "chassis %s, version %s, process %lld, up %s",
	     text_of(agent, "chassis"), text_of(agent, "version"), number(agent, "pid"),
	     since);
	line("", "%lld objects wanted, %lld there, %lld pending, %lld failed, %lld parked",
	     number(agent, "desired"), number(agent, "actual"), number(agent, "pending"),
	     number(agent, "failed"), number(agent, "parked"));
	if (json_object_get(agent, "reconciled"))
		line("", "%s", text_of(agent, "reconciled"));
	line("database", "%s, %s", text_of(agent, "database_state"),
	     text_of(agent, "database"));
	cache_print(json_object_get(agent, "cache"));
	line("topics", "%zu followed", json_array_size(json_object_get(agent, "topics")));
	ports_print(agent);
}

static void status_print(const struct status *status)
{
	json_t *text;
	size_t i;

	line("health", "%s", json_array_size(status->problems) ? "NOT WELL" : "well");
	json_array_foreach(status->problems, i, text)
		line("", "! %s", json_string_value(text));
	if (status->kernel)
		kernel_print(status->kernel);
	else
		line("kernel", "-");
	if (status->agent)
		agent_print(status->agent);
	else
		line("agent", "-");
}

static void status_print_json(const struct status *status)
{
	__auto_json json_t *all = NULL;

	all = json_pack("{s:b, s:O, s:O?, s:O?}", "healthy",
			json_array_size(status->problems) == 0, "problems",
			status->problems, "agent", status->agent, "kernel",
			status->kernel);
	dfctl_print_json(all);
}

int dfctl_status(struct dfctl *ctl)
{
	struct status status = { .problems = json_array() };
	int err;

	agent_read(&status, ctl);
	kernel_read(&status, ctl);
	agent_judge(&status);
	if (ctl->json)
		status_print_json(&status);
	else
		status_print(&status);
	err = json_array_size(status.problems) ? DFCTL_FAILED : DFCTL_OK;
	json_decref(status.agent);
	json_decref(status.kernel);
	json_decref(status.problems);
	return err;
}
