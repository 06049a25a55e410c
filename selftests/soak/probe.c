// SPDX-License-Identifier: GPL-2.0
/*
 * The workloads of a soak, all in one process, which also judges what reaches
 * them (judge.c). A port is a tap device in the namespace of its hypervisor.
 * Every port sends to every other one all the time, over IPv4, IPv6 and as a
 * broadcast; what may arrive was said before, on standard input:
 *
 *	plug N NETNS DEVICE MAC	port N has a device there (and no other)
 *	mac N MAC		and uses this address from now on
 *	unplug N
 *	reach A B MS		what A sends arrives at B, each packet that is
 *				sent MS from now or later, and one until then
 *	deny A B MS		nothing that A sends in MS from now or later does
 *	free A B		either may happen
 *	steady A B		many packets from A to B, none of which is lost
 *	calm			no more of these
 *	pause, resume		nothing is sent, and no time passes
 *	ask			print "waiting N", the pairs that have not reached
 *				each other since it was said that they would
 *
 * It prints "fail ..." at once when something else happens, "clock MS", and what
 * it has seen when the input ends.
 */
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

enum {
	TICK_MS = 10,
	CHECK_MS = 200,
	PAIRS_A_TICK = 4,
	QUEUE = 4000,
};

/**
 * struct port - a workload
 * @fd: of its tap device; -1 while unplugged
 * @is_known: it has had an address
 */
struct port {
	int fd;
	bool is_known;
	uint8_t mac[6];
};

static struct port ports[PORTS_MAX];
static bool is_paused;

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* --- devices ----------------------------------------------------------------- */

static void device_up(int socket_fd, struct ifreq *request)
{
	request->ifr_qlen = QUEUE;
	if (ioctl(socket_fd, SIOCSIFTXQLEN, request) < 0)
		error(1, errno, "%s: queue", request->ifr_name);
	request->ifr_flags = IFF_UP;
	if (ioctl(socket_fd, SIOCSIFFLAGS, request) < 0)
		error(1, errno, "%s: up", request->ifr_name);
}

/* A tap device, and the socket to set it up with, are of the namespace we are in. */
static int device_open(const char *netns, const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	char path[64];
	int there, fd, socket_fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (there < 0 || setns(there, CLONE_NEWNET) < 0)
		error(1, errno, "%s", path);
	close(there);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0)
		error(1, errno, "%s: %s", netns, name);
	socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (socket_fd < 0)
		error(1, errno, "%s: socket", netns);
	device_up(socket_fd, &request);
	close(socket_fd);
	return fd;
}

static void unplug(int n)
{
	if (ports[n].fd >= 0)
		close(ports[n].fd);
	ports[n].fd = -1;
}

/* --- what is sent and received ----------------------------------------------- */

static void send_probe(const uint8_t mac[6], struct probe *probe)
{
	const struct port *from = &ports[probe->from];
	uint8_t frame[FRAME_MAX];
	size_t len;

	if (from->fd < 0)
		return;
	judge_sends(probe);
	len = probe_frame(frame, from->mac, mac, probe);
	if (write(from->fd, frame, len) != (ssize_t)len)
		printf("fail send %d: %s\n", probe->from, strerror(errno));
}

static void send_pair(int from, int to)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct probe probe = {
		.from = (uint8_t)from,
		.to = (uint8_t)to,
		.flow = NO_FLOW,
		.kind = BROADCAST,
	};

	if (from == to) {
		send_probe(all, &probe);
		return;
	}
	for (probe.kind = IP4; probe.kind <= IP6; probe.kind++)
		send_probe(ports[to].mac, &probe);
}

static void drain(int at)
{
	uint8_t frame[2048];
	struct probe probe;
	ssize_t len;

	while (ports[at].fd >= 0 && (len = read(ports[at].fd, frame, sizeof(frame))) > 0)
		if (probe_parse(&probe, frame, (size_t)len))
			judge_got(at, ports[at].mac, &probe, frame);
}

/* --- commands -------------------------------------------------------------------- */

static bool parse_mac(uint8_t mac[6], const char *text)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5]) == 6;
}

static int port_number(const char *text)
{
	int n = atoi(text);

	if (n < 0 || n >= PORTS_MAX)
		error(1, 0, "%s: no such port", text);
	return n;
}

static bool run_port(int words, char *const *word, int n)
{
	if (!strcmp(word[0], "unplug")) {
		unplug(n);
	} else if (!strcmp(word[0], "mac") && words == 3) {
		return parse_mac(ports[n].mac, word[2]);
	} else if (!strcmp(word[0], "plug") && words == 5) {
		unplug(n);
		ports[n].fd = device_open(word[2], word[3]);
		ports[n].is_known = true;
		return parse_mac(ports[n].mac, word[4]);
	} else {
		return false;
	}
	return true;
}

static bool run_pair(int words, char *const *word, int from)
{
	int to = port_number(word[2]), ms = words == 4 ? atoi(word[3]) : 0;

	if (!strcmp(word[0], "reach") && words == 4)
		judge_pair(from, to, REACH, ms);
	else if (!strcmp(word[0], "deny") && words == 4)
		judge_pair(from, to, DENY, ms);
	else if (!strcmp(word[0], "free") && words == 3)
		judge_pair(from, to, FREE, 0);
	else if (!strcmp(word[0], "steady") && words == 3)
		return judge_steady(from, to) >= 0;
	else
		return false;
	return true;
}

static bool run_plain(const char *word)
{
	if (!strcmp(word, "calm"))
		judge_calm();
	else if (!strcmp(word, "pause") || !strcmp(word, "resume"))
		is_paused = word[0] == 'p';
	else if (!strcmp(word, "ask"))
		printf("waiting %d\n", judge_waiting());
	else
		return false;
	return true;
}

static void run_command(char *line)
{
	char *word[5], *rest = line;
	int words = 0;

	while (words < 5 && (word[words] = strsep(&rest, " ")))
		words++;
	if (words == 1 ? !run_plain(word[0]) :
			 !run_port(words, word, port_number(word[1])) &&
			 (words < 3 || !run_pair(words, word, port_number(word[1]))))
		error(1, 0, "%s: cannot be done", line);
}

/* Return: false at the end of the input. */
static bool read_commands(void)
{
	static char buf[1 << 16];
	static size_t len;
	ssize_t got = read(STDIN_FILENO, buf + len, sizeof(buf) - 1 - len);
	char *line = buf, *end;

	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	len += (size_t)got;
	buf[len] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		run_command(line);
		line = end + 1;
	}
	len -= (size_t)(line - buf);
	memmove(buf, line, len);
	return true;
}

/* --- the loop ---------------------------------------------------------------------- */

static void send_pairs(void)
{
	int tries = PORTS_MAX * PORTS_MAX, left = PAIRS_A_TICK;
	static int cursor;

	for (; left && tries; tries--) {
		int from = cursor / PORTS_MAX, to = cursor % PORTS_MAX;

		cursor = (cursor + 1) % (PORTS_MAX * PORTS_MAX);
		if (ports[from].fd < 0 || !ports[to].is_known)
			continue;
		send_pair(from, to);
		left--;
	}
}

static void tick(int64_t passed_ms)
{
	static int64_t next_check;
	struct probe probe;
	int flow;

	if (is_paused)
		return;
	judge_tick(passed_ms);
	for (flow = 0; flow < NO_FLOW; flow++)
		if (judge_steady_due(flow, &probe))
			send_probe(ports[probe.to].mac, &probe);
	send_pairs();
	if (judge_now() < next_check)
		return;
	judge_check();
	printf("clock %lld\n", (long long)judge_now());
	next_check = judge_now() + CHECK_MS;
}

int main(void)
{
	struct pollfd fds[PORTS_MAX + 1];
	int64_t now, last_tick = clock_ms();
	bool is_open = true;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	for (i = 0; i < PORTS_MAX; i++)
		ports[i].fd = -1;
	while (is_open) {
		for (i = 0; i < PORTS_MAX; i++)
			fds[i] = (struct pollfd){ .fd = ports[i].fd, .events = POLLIN };
		fds[i] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
		poll(fds, PORTS_MAX + 1, TICK_MS);
		for (i = 0; i < PORTS_MAX; i++)
			if (fds[i].revents)
				drain(i);
		if (fds[PORTS_MAX].revents)
			is_open = read_commands();
		now = clock_ms();
		if (now - last_tick >= TICK_MS) {
			tick(now - last_tick);
			last_tick = now;
		}
	}
	judge_print();
	return 0;
}
