// SPDX-License-Identifier: GPL-2.0
/*
 * The workloads of a soak, all in one process, and the judge of what reaches
 * them. A port is a tap device in the namespace of its hypervisor. Every port
 * sends to every other one all the time, over IPv4, IPv6 and as a broadcast;
 * what may arrive was said before:
 *
 *	plug N NETNS DEVICE MAC	port N has a device there (and no other)
 *	mac N MAC		and uses this address from now on
 *	unplug N
 *	reach A B MS		what A sends arrives at B, MS from now at the latest
 *	deny A B MS		nothing that A sends in MS from now or later does
 *	free A B		either may happen
 *	steady A B		not a single packet from A to B is lost from now on
 *	calm			from now on they may be
 *
 * on standard input. It prints "fail ..." at once when something else happens,
 * and what it has seen when the input ends. Times do not count in which the
 * machine did not let this process run.
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
	STARVED_MS = 100,	/* a tick that takes longer was not ours */
	CHECK_MS = 200,
	PAIRS_A_TICK = 4,
	STEADY_MS = 40,		/* between two packets of a steady flow */
	LOST_MS = 6000,		/* what has not arrived by then never will */
	QUEUE = 4000,
	STEADY_MAX = 64,
	RING = 256,		/* more than are sent in LOST_MS */
};

enum state { FREE, REACH, DENY };

/**
 * struct port - a workload
 * @fd: of its tap device; -1 while unplugged
 */
struct port {
	int fd;
	bool is_known;
	uint8_t mac[6];
};

/**
 * struct pair - what one port may get from another
 * @since: when @state holds; of REACH, when it was asked for
 * @bound: of REACH: longest time without a packet
 * @last: when the last of a kind arrived
 */
struct pair {
	enum state state;
	int64_t since;
	int64_t bound;
	int64_t last[KINDS];
};

/**
 * struct steady - a flow that must not lose anything
 * @due: when the next packet is to be sent
 * @sent: when a number was, by its last bits; 0 once it has arrived
 */
struct steady {
	int from;
	int to;
	uint32_t next;
	int64_t due;
	int64_t sent[RING];
};

static struct port ports[PORTS_MAX];
static struct pair pairs[PORTS_MAX][PORTS_MAX];
static struct steady steady[STEADY_MAX];
static int steadies;
static unsigned long sent, received;
static int64_t stolen_ms, last_tick_ms;

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int64_t now_ms(void)
{
	return clock_ms() - stolen_ms;
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

static void send_to(int from, const uint8_t mac[6], const struct probe *probe)
{
	uint8_t frame[FRAME_MAX];
	size_t len = probe_frame(frame, ports[from].mac, mac, probe);

	if (ports[from].fd >= 0 && write(ports[from].fd, frame, len) == (ssize_t)len)
		sent++;
}

static void send_pair(int from, int to)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct probe probe = {
		.from = (uint16_t)from,
		.flow = NO_FLOW,
		.kind = BROADCAST,
		.sent_ms = now_ms(),
	};

	if (from == to) {
		send_to(from, all, &probe);
		return;
	}
	for (probe.kind = IP4; probe.kind <= IP6; probe.kind++)
		send_to(from, ports[to].mac, &probe);
}

static void send_steady(struct steady *flow, int64_t now)
{
	struct probe probe = {
		.from = (uint16_t)flow->from,
		.flow = (uint8_t)(flow - steady),
		.kind = flow->next % 2 ? IP6 : IP4,
		.seq = flow->next,
		.sent_ms = now,
	};

	flow->sent[flow->next++ % RING] = now;
	flow->due = now + STEADY_MS;
	send_to(flow->from, ports[flow->to].mac, &probe);
}

static void got_steady(const struct probe *probe, int at)
{
	struct steady *flow = &steady[probe->flow];

	if (probe->flow >= steadies || flow->to != at)
		return;
	if (!flow->sent[probe->seq % RING])
		printf("fail %d -> %d: packet %u came twice\n", flow->from, at, probe->seq);
	flow->sent[probe->seq % RING] = 0;
}

/* From when on does what was said of the pair hold without exception? */
static int64_t settled_ms(const struct pair *pair)
{
	return pair->since + (pair->state == REACH ? pair->bound : 0);
}

static void got(int at, const struct probe *probe, const uint8_t *frame)
{
	struct pair *pair = &pairs[probe->from][at];
	int64_t now = now_ms();

	received++;
	if (pair->state == DENY && probe->sent_ms >= pair->since)
		printf("fail leak %d -> %d: %s to ...%02x, %lld ms after that was to end\n",
		       probe->from, at, probe_kind_name(probe->kind), frame[5],
		       (long long)(probe->sent_ms - pair->since));
	if (probe->kind != BROADCAST && memcmp(frame, ports[at].mac, 6) &&
	    pair->state != FREE && probe->sent_ms > settled_ms(pair))
		printf("fail stray %d -> %d: %s for another address\n", probe->from, at,
		       probe_kind_name(probe->kind));
	pair->last[probe->kind] = now;
	if (probe->flow != NO_FLOW)
		got_steady(probe, at);
}

static void drain(int at)
{
	uint8_t frame[2048];
	struct probe probe;
	ssize_t len;

	while (ports[at].fd >= 0 && (len = read(ports[at].fd, frame, sizeof(frame))) > 0)
		if (probe_parse(&probe, frame, (size_t)len))
			got(at, &probe, frame);
}

/* --- judging ------------------------------------------------------------------- */

static void check_pair(int from, int to, int64_t now)
{
	struct pair *pair = &pairs[from][to];
	enum kind kind;

	if (pair->state != REACH)
		return;
	for (kind = 0; kind < KINDS; kind++) {
		int64_t last = pair->last[kind] > pair->since ? pair->last[kind] : pair->since;

		if (now - last <= pair->bound)
			continue;
		printf("fail unreachable %d -> %d: no %s for %lld ms\n", from, to,
		       probe_kind_name(kind), (long long)(now - last));
		pair->state = FREE;
		return;
	}
}

static void check_steady(struct steady *flow, int64_t now)
{
	unsigned int i, lost = 0;

	for (i = 0; i < RING; i++) {
		if (!flow->sent[i] || now - flow->sent[i] < LOST_MS)
			continue;
		flow->sent[i] = 0;
		lost++;
	}
	if (lost)
		printf("fail lost %d -> %d: %u packets of a flow that nothing touches\n",
		       flow->from, flow->to, lost);
}

static void check_all(int64_t now)
{
	int from, to;

	for (from = 0; from < PORTS_MAX; from++)
		for (to = 0; to < PORTS_MAX; to++)
			check_pair(from, to, now);
	for (from = 0; from < steadies; from++)
		check_steady(&steady[from], now);
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

static void set_pair(int from, int to, enum state state, int ms)
{
	struct pair *pair = &pairs[from][to];

	pair->since = now_ms() + (state == DENY ? ms : 0);
	pair->bound = ms;
	pair->state = state;
}

static void add_steady(int from, int to)
{
	if (steadies == STEADY_MAX)
		error(1, 0, "too many steady flows");
	steady[steadies] = (struct steady){ .from = from, .to = to, .due = now_ms() };
	steadies++;
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
		set_pair(from, to, REACH, ms);
	else if (!strcmp(word[0], "deny") && words == 4)
		set_pair(from, to, DENY, ms);
	else if (!strcmp(word[0], "free") && words == 3)
		set_pair(from, to, FREE, 0);
	else if (!strcmp(word[0], "steady") && words == 3)
		add_steady(from, to);
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
	if (words == 1 && !strcmp(word[0], "calm"))
		steadies = 0;
	else if (words < 2 || !(run_port(words, word, port_number(word[1])) ||
				(words > 2 && run_pair(words, word, port_number(word[1])))))
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

static void tick(void)
{
	static int cursor;
	static int64_t next_check;
	int64_t now, late = clock_ms() - last_tick_ms;
	int i, tries = PORTS_MAX * PORTS_MAX, left = PAIRS_A_TICK;

	if (last_tick_ms && late > STARVED_MS)
		stolen_ms += late - TICK_MS;
	last_tick_ms = clock_ms();
	now = now_ms();
	for (i = 0; i < steadies; i++)
		if (now >= steady[i].due)
			send_steady(&steady[i], now);
	for (; left && tries; tries--) {
		int from = cursor / PORTS_MAX, to = cursor % PORTS_MAX;

		cursor = (cursor + 1) % (PORTS_MAX * PORTS_MAX);
		if (ports[from].fd < 0 || !ports[to].is_known)
			continue;
		send_pair(from, to);
		left--;
	}
	if (now >= next_check) {
		check_all(now);
		next_check = now + CHECK_MS;
	}
}

int main(void)
{
	struct pollfd fds[PORTS_MAX + 1];
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
		if (clock_ms() - last_tick_ms >= TICK_MS)
			tick();
	}
	printf("sent=%lu received=%lu stolen_ms=%lld\n", sent, received, (long long)stolen_ms);
	return 0;
}
