// SPDX-License-Identifier: GPL-2.0
/* dfctl trace: what was found out, one line for each step. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

/* Append text, behind @before if there was some. */
static void append(char **text, const char *before, char *more)
{
	char *old = *text;

	*text = *old ? dfctl_strf("%s%s%s", old, before, more) : dfctl_strdup(more);
	free(old);
	free(more);
}

static const char *string(const json_t *step, const char *member)
{
	return json_string_value(json_object_get(step, member));
}

/* "port 7 (web)": what a number is called; NULL if there is none. */
static char *named(const json_t *step, const char *member, const char *word)
{
	const json_t *key = json_object_get(step, member);
	const json_t *found = json_object_get(json_object_get(step, "names"), member);
	const char *name = string(found, "name");
	const char *id = string(found, "id");

	if (!key)
		return NULL;
	if (name && *name)
		return dfctl_strf("%s %" JSON_INTEGER_FORMAT " (%s)", word,
				  json_integer_value(key), name);
	if (id)
		return dfctl_strf("%s %" JSON_INTEGER_FORMAT " (%.8s)", word,
				  json_integer_value(key), id);
	return dfctl_strf("%s %" JSON_INTEGER_FORMAT, word, json_integer_value(key));
}

static void append_named(char **text, const json_t *step, const char *member,
			 const char *word)
{
	char *more = named(step, member, word);

	if (more)
		append(text, ", ", more);
}

static const char *address(const json_t *step)
{
	const char *ip4 = string(step, "ip4");

	return ip4 ? ip4 : string(step, "ip6");
}

static void append_address(char **text, const json_t *step, const char *word)
{
	if (address(step))
		append(text, ", ", dfctl_strf("%s %s", word, address(step)));
	if (string(step, "mac"))
		append(text, ", ", dfctl_strf("MAC %s", string(step, "mac")));
}

static void append_number(char **text, const json_t *step, const char *member,
			  const char *word)
{
	const json_t *value = json_object_get(step, member);

	if (value)
		append(text, ", ", dfctl_strf("%s %" JSON_INTEGER_FORMAT, word,
					      json_integer_value(value)));
}

/* Nobody is known to have the address that the step is about. */
static void append_lookup(char **text, const json_t *step)
{
	const char *state = string(step, "lookup");

	if (state)
		append(text, ", ", dfctl_strdup(strcmp(state, "absent") ?
						"whom nobody is known to be" :
						"whom the agent has not found"));
}

static void parse_text(char **text, const json_t *step)
{
	append_named(text, step, "port", "from port");
	append_number(text, step, "tunnel_id", "VNI");
}

static void flow_text(char **text, const json_t *step)
{
	append(text, ", ", dfctl_strdup(json_object_get(step, "flow") ?
					"an entry decides it" : "no entry: it walks"));
}

static void admit_text(char **text, const json_t *step)
{
	append_named(text, step, "network", "into network");
}

static void guard_text(char **text, const json_t *step)
{
	append_named(text, step, "port", "at port");
}

static void policy_text(char **text, const json_t *step)
{
	const char *connection = string(step, "connection");

	if (!json_object_get(step, "port"))
		return;
	if (!json_object_get(step, "rule") && !connection && !string(step, "reason")) {
		append(text, ", ", dfctl_strdup("not judged"));
	} else {
		append_named(text, step, "rule", "rule");
		append_named(text, step, "group", "of group");
		if (connection)
			append(text, ", ", dfctl_strf("connection: %s", connection));
	}
	append_named(text, step, "port", "at port");
}

static void respond_text(char **text, const json_t *step)
{
	append_address(text, step, "asks for");
	append_named(text, step, "port", "which port has");
	append_named(text, step, "out_interface", "which interface has");
	append_lookup(text, step);
}

static void route_text(char **text, const json_t *step)
{
	const char *ip4 = string(step, "prefix_ip4");
	const char *prefix = ip4 ? ip4 : string(step, "prefix_ip6");

	if (!json_object_get(step, "router")) {
		append(text, ", ", dfctl_strdup("not for a router"));
		return;
	}
	append_named(text, step, "router", "router");
	append_named(text, step, "interface", "by interface");
	if (prefix)
		append(text, ", ", dfctl_strf("to %s/%" JSON_INTEGER_FORMAT, prefix,
					      json_integer_value(json_object_get(step,
										 "prefix_len"))));
	append_named(text, step, "route", "route");
	append_named(text, step, "out_interface", "out of interface");
	append_address(text, step, "neighbour");
	append_lookup(text, step);
	append_named(text, step, "port", "port");
	append_named(text, step, "network", "network");
}

static void switch_text(char **text, const json_t *step)
{
	if (json_object_get(step, "port"))
		append_named(text, step, "port", "port");
	else if (string(step, "lookup"))
		append_address(text, step, "for");
	else if (!string(step, "reason"))
		append(text, ", ", dfctl_strdup("all ports"));
	append_lookup(text, step);
	append_named(text, step, "network", "of network");
}

static void output_text(char **text, const json_t *step)
{
	if (string(step, "action"))
		append(text, ", ", dfctl_strdup(string(step, "action")));
	append_named(text, step, "chassis", "to hypervisor");
	append_named(text, step, "port", "port");
	append_number(text, step, "tunnel_id", "VNI");
}

static void fit_text(char **text, const json_t *step)
{
	if (json_object_get(step, "mtu"))
		append_number(text, step, "mtu", "up to");
	else
		append(text, ", ", dfctl_strdup("no limit"));
}

static void claim_text(char **text, const json_t *step)
{
	append_address(text, step, "claims");
	append_named(text, step, "port", "for port");
}

static void answer_text(char **text, const json_t *step)
{
	append(text, ", ", dfctl_strdup(string(step, "answer") ? string(step, "answer") : "?"));
	append_address(text, step, "from");
	append_named(text, step, "port", "to port");
	append_number(text, step, "mtu", "MTU");
}

static void lookup_text(char **text, const json_t *step)
{
	append(text, ", ", dfctl_strdup("the agent is asked"));
	append_address(text, step, "who has");
	append_named(text, step, "network", "of network");
}

static const struct {
	const char *stage;
	void (*text)(char **text, const json_t *step);
} stages[] = {
	{ "parse", parse_text },	{ "flow", flow_text },	   { "admit", admit_text },
	{ "guard", guard_text },
	{ "egress", policy_text },	{ "respond", respond_text }, { "route", route_text },
	{ "switch", switch_text },	{ "ingress", policy_text }, { "output", output_text },
	{ "fit", fit_text },		{ "claim", claim_text },   { "answer", answer_text },
	{ "send", output_text },	{ "lookup", lookup_text },
};

static void step_print(const json_t *step)
{
	const char *stage = string(step, "stage");
	const char *verdict = string(step, "verdict");
	const char *reason = string(step, "reason");
	__auto_free char *text = dfctl_strdup("");
	size_t i;

	for (i = 0; stage && i < sizeof(stages) / sizeof(stages[0]); i++) {
		if (!strcmp(stages[i].stage, stage))
			stages[i].text(&text, step);
	}
	printf("%-8s %s", stage ? stage : "?", verdict ? verdict : "?");
	if (reason || *text)
		printf("%*s%s%s%s", verdict ? (int)(7 - strlen(verdict)) : 6, "",
		       reason ? reason : "", reason && *text ? ": " : "", text);
	putchar('\n');
}

/* Does it wait for somebody who is looked for, and not for fragments? */
static bool is_looked_up(const json_t *trace)
{
	const json_t *steps = json_object_get(trace, "step");
	const char *stage = json_array_size(steps) ?
		string(json_array_get(steps, json_array_size(steps) - 1), "stage") : NULL;

	return stage && !strcmp(stage, "lookup");
}

/* What becomes of the packet, in a sentence. */
static void verdict_print(const json_t *trace)
{
	const char *verdict = string(trace, "verdict");
	const char *reason = string(trace, "reason");
	const json_t *lost = json_object_get(trace, "lost");

	if (lost)
		printf("... and %" JSON_INTEGER_FORMAT " steps more\n", json_integer_value(lost));
	if (verdict && !strcmp(verdict, "drop"))
		printf("The packet would be dropped: %s.\n", reason ? reason : "?");
	else if (verdict && !strcmp(verdict, "answer"))
		printf("The packet would be answered.\n");
	else if (verdict && !strcmp(verdict, "wait"))
		printf(is_looked_up(trace) ?
		       "The packet would wait until it is known who has the address.\n" :
		       "The fragment would wait for the others.\n");
	else
		printf("The packet would be sent.\n");
}

/**
 * dfctl_trace_print - print a trace for people
 * @trace: what the kernel has answered, with names
 */
void dfctl_trace_print(const json_t *trace)
{
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(trace, "step"), i, step)
		step_print(step);
	verdict_print(trace);
	json_array_foreach(json_object_get(trace, "follow"), i, step) {
		const char *error = string(step, "error");

		printf("\nAt hypervisor %s:\n", string(step, "host"));
		if (error)
			printf("It cannot be told: %s.\n", error);
		else
			dfctl_trace_print(step);
	}
}
