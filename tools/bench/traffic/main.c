// SPDX-License-Identifier: GPL-2.0
/*
 * The one generator of the benchmarks' traffic, of fixed counts and one
 * thread, so that a run costs the same each time. See explain() for what it can;
 * each prints what one operation cost.
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "traffic.h"

static void nothing_main(char *argv[])
{
	(void)argv;
}

static const struct {
	const char *name;
	int arguments;
	void (*main)(char *argv[]);
} operations[] = {
	{ "nothing", 0, nothing_main },
	{ "frames", 7, frames_main },
	{ "tcp-rr", 4, tcp_rr_main },
	{ "tcp-crr", 4, tcp_crr_main },
	{ "tcp-stream", 4, tcp_stream_main },
	{ "udp-blast", 4, udp_blast_main },
};

static void explain(void)
{
	fputs("usage: traffic [-c] OPERATION ARGUMENT...\n"
	      "  nothing\n"
	      "      only see whether it could count\n"
	      "  frames NETNS DEVICE COUNT HEX OFFSET WIDTH VARIANTS\n"
	      "      a frame; of WIDTH bytes at OFFSET, VARIANTS values in turn\n"
	      "  tcp-rr CLIENT SERVER ADDRESS COUNT\n"
	      "      request and response of one byte, between two namespaces\n"
	      "  tcp-crr CLIENT SERVER ADDRESS COUNT\n"
	      "      the same in a connection of its own each\n"
	      "  tcp-stream CLIENT SERVER ADDRESS COUNT\n"
	      "      COUNT times 1448 bytes in one connection\n"
	      "  udp-blast CLIENT SERVER ADDRESS COUNT\n"
	      "      small datagrams one way\n"
	      "  -c  count the processor's cycles, not time\n", stderr);
	exit(2);
}

void say_cost(uint64_t begin, uint64_t end, double count)
{
	printf("%.2f\n", (end - begin) / count);
}

void enter_netns(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		error(1, errno, "%s", path);
	close(fd);
}

int main(int argc, char *argv[])
{
	size_t i;

	clock_pin();
	if (argc > 1 && !strcmp(argv[1], "-c")) {
		clock_count_cycles();
		argc--;
		argv++;
	}
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		if (argc != operations[i].arguments + 2 ||
		    strcmp(argv[1], operations[i].name))
			continue;
		operations[i].main(argv + 2);
		return 0;
	}
	explain();
}
