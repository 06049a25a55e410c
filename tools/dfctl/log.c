// SPDX-License-Identifier: GPL-2.0
/* dfctl log: what security groups tell, as it comes. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <netdb.h>
#include <sys/signalfd.h>

#include "kernel.h"
#include "names.h"

enum {
	NS_PER_S = 1000000000,
	NS_PER_MS = 1000000,
};

/**
 * struct follow - what is being followed
 * @ctl: the command line
 * @nl: the kernel
 * @names: of the database
 * @port: id of the only port that is wanted, or 0
 * @left: messages to print yet; negative: without end
 */
struct follow {
	const struct dfctl *ctl;
	struct dfctl_nl *nl;
	struct dfctl_names *names;
	json_int_t port;
	long left;
};

static void time_print(const json_t *entry)
{
	json_int_t ns = json_integer_value(json_object_get(entry, "time_ns"));
	time_t seconds = (time_t)(ns / NS_PER_S);
	char text[32];
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%F %T", &tm);
	printf("%s.%03d", text, (int)(ns % NS_PER_S / NS_PER_MS));
}

static void number_print(const json_t *entry, const char *member, const char *word)
{
	const json_t *key = json_object_get(entry, member);
	const json_t *found = json_object_get(json_object_get(entry, "names"), member);
	const char *name = json_string_value(json_object_get(found, "name"));
	const char *id = json_string_value(json_object_get(found, "id"));

	if (!key)
		return;
	printf("  %s %" JSON_INTEGER_FORMAT, word, json_integer_value(key));
	if (name && *name)
		printf(" (%s)", name);
	else if (id)
		printf(" (%.8s)", id);
}

static void end_print(const json_t *match, const char *which)
{
	static const char *const families[] = { "ip4", "ip6" };
	__auto_free char *l4 = dfctl_strf("l4_%s", which);
	const json_t *port = json_object_get(match, l4);
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		__auto_free char *member = dfctl_strf("%s_%s", families[i], which);
		const char *ip = json_string_value(json_object_get(match, member));

		if (ip)
			printf(i ? "[%s]" : "%s", ip);
	}
	if (json_integer_value(port))
		printf(":%" JSON_INTEGER_FORMAT, json_integer_value(port));
}

static void match_print(const json_t *match)
{
	int number = (int)json_integer_value(json_object_get(match, "ip_proto"));
	const struct protoent *proto = getprotobynumber(number);

	if (proto)
		printf("  %s ", proto->p_name);
	else
		printf("  protocol %d ", number);
	end_print(match, "src");
	printf(" > ");
	end_print(match, "dst");
}

static void entry_print(const json_t *entry)
{
	const json_t *suppressed = json_object_get(entry, "suppressed");

	time_print(entry);
	printf("  %-6s  %-7s", json_string_value(json_object_get(entry, "verdict")),
	       json_string_value(json_object_get(entry, "direction")));
	match_print(json_object_get(entry, "match"));
	number_print(entry, "port", "port");
	number_print(entry, "group", "group");
	number_print(entry, "rule", "rule");
	if (suppressed)
		printf("  %" JSON_INTEGER_FORMAT " before it were left out",
		       json_integer_value(suppressed));
}

/* Print what has come. Return: an exit status. */
static int print(struct follow *follow, const json_t *events)
{
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		json_t *entry = json_object_get(event, "object");

		if (!follow->left ||
		    (follow->port &&
		     json_integer_value(json_object_get(entry, "port")) != follow->port))
			continue;
		dfctl_names_add(follow->names, entry);
		if (follow->ctl->json)
			json_dumpf(entry, stdout, JSON_COMPACT);
		else
			entry_print(entry);
		putchar('\n');
		if (follow->left > 0)
			follow->left--;
	}
	/* Who reads along must see it now. */
	return fflush(stdout) ? DFCTL_FAILED : DFCTL_OK;
}

/* Milliseconds until the time is over; -1 without a limit. */
static int time_left(const struct timespec *begin, int timeout_ms)
{
	struct timespec now;
	long long ms;

	if (timeout_ms < 0)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	ms = (now.tv_sec - begin->tv_sec) * 1000LL + (now.tv_nsec - begin->tv_nsec) / NS_PER_MS;
	return ms < timeout_ms ? (int)(timeout_ms - ms) : 0;
}

/* Readable once it is to end: what was printed is to be whole. */
static int end_fd(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC);
}

static int run(struct follow *follow)
{
	struct pollfd fds[] = {
		{ .fd = dfctl_nl_fd(follow->nl), .events = POLLIN },
		{ .fd = end_fd(), .events = POLLIN },
	};
	struct timespec begin;
	int err = DFCTL_OK, ms;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	while (!err && follow->left) {
		__auto_json json_t *events = json_array();

		ms = time_left(&begin, follow->ctl->timeout_ms);
		if (!ms)
			break;
		if (poll(fds, 2, ms) <= 0)
			continue;
		if (fds[1].revents)
			break;
		err = dfctl_nl_events(follow->nl, events);
		if (err == -ENOBUFS) {
			dfctl_err("messages came too fast, some were lost");
			err = 0;
		}
		if (err) {
			dfctl_err("%s", dfctl_nl_error(follow->nl));
			return DFCTL_FAILED;
		}
		err = print(follow, events);
	}
	return err;
}

static int port_parse(struct follow *follow)
{
	__auto_json json_t *ports = NULL;
	const json_t *port;
	int err;

	if (!follow->ctl->argc)
		return DFCTL_OK;
	err = dfctl_kernel_ports(follow->nl, &ports);
	if (err)
		return err;
	port = dfctl_kernel_port_find(ports, follow->ctl->argv[0]);
	if (!port) {
		dfctl_err("port '%s': no such device or id", follow->ctl->argv[0]);
		return DFCTL_FAILED;
	}
	follow->port = json_integer_value(json_object_get(port, "id"));
	return DFCTL_OK;
}

int dfctl_log(struct dfctl *ctl)
{
	struct follow follow = { .ctl = ctl, .left = -1 };
	int err = DFCTL_OK;

	if (ctl->count)
		err = dfctl_number("--count", ctl->count, 1, &follow.left);
	if (!err)
		err = dfctl_kernel_open(&follow.nl, ctl);
	if (err)
		return err;
	err = port_parse(&follow);
	if (!err && dfctl_nl_subscribe_log(follow.nl)) {
		dfctl_err("%s", dfctl_nl_error(follow.nl));
		err = DFCTL_FAILED;
	}
	follow.names = dfctl_names_new(ctl);
	if (!err)
		err = run(&follow);
	dfctl_names_free(follow.names);
	dfctl_nl_close(follow.nl);
	return err;
}
