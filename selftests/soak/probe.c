// SPDX-License-Identifier: GPL-2.0
/*
 * The workloads of a soak, all in one process, which also judges what reaches
 * them (judge.c). A port is a tap device in the namespace of its hypervisor.
 * Every port sends to every target all the time, over IPv4 and IPv6: directly
 * within its network, by the router within its tenant. It answers what it gets, and
 * sends broadcasts, and frames to MACs of other networks. What may arrive was said
 * before, on standard input:
 *
 *	station N TENANT NETWORK MAC GATE IP4 IP6
 *				target N has these addresses from now on, and its
 *				network's router is at GATE; a target beyond the
 *				ports is an address that is no port's own, and
 *				only behind routers if its network is 0
 *	leave N			it is no target any more
 *	plug N NETNS DEVICE	port N has a device there (and no other)
 *	unplug N
 *	claim N T		port N says that it has the addresses of target T,
 *				and says so again and again; and nobody else does
 *	lie N T			says so once
 *	quiet T			nobody does any more
 *	reach A T KINDS MS AT	what A sends to T arrives, once, each packet that is
 *				sent MS from now or later, and one until then. AT,
 *				in hexadecimal, is a bit for each port where it may
 *	deny A T KINDS MS	nothing of that which A sends in MS from now or later
 *	free A T KINDS		either may happen. KINDS are letters: 4 and 6, IP; b,
 *				broadcast; s, to its MAC; r and R, answers by IPv4
 *				and IPv6; a, anything that gets to where T is
 *	steady A B		many packets from A to B, none of which is lost
 *	calm			no more of these
 *	pause, resume		nothing is sent, and no time passes
 *	ask			print "waiting N", how many have not reached each
 *				other since it was said that they would
 *
 * It prints "fail ..." at once when something else happens, "clock MS", and what
 * it has seen when the input ends.
 */
#include <arpa/inet.h>
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
	CLAIM_MS = 500,
	PAIRS_A_TICK = 6,
	HOT_MS = 20000,		/* so long two ports use one of their UDP ports */
	FAR_ROUNDS = 4,		/* tenants send to others only in each of so many rounds */
	QUEUE = 4000,
	WORDS = 9,
	NOBODY = -1,
};

/**
 * struct station - a workload, or an address that is no workload's own
 * @fd: of its tap device; -1 while unplugged
 * @is_known: it has addresses
 * @tenant: whose networks have routers between them
 * @network: number of its network within the tenant
 * @gate: MAC of its router
 * @own: its addresses
 * @holder: who claims to have them, or NOBODY
 */
struct station {
	int fd;
	bool is_known;
	int tenant;
	int network;
	uint8_t gate[6];
	struct ends own;
	int holder;
};

static struct station stations[TARGETS_MAX];
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
	if (stations[n].fd >= 0)
		close(stations[n].fd);
	stations[n].fd = -1;
}

/* --- what is sent and received ----------------------------------------------- */

static void send_frame(int from, const uint8_t *frame, size_t len)
{
	if (stations[from].fd >= 0 && write(stations[from].fd, frame, len) != (ssize_t)len)
		printf("fail send %d: %s\n", from, strerror(errno));
}

static void send_probe(const struct ends *to, struct probe *probe)
{
	const struct station *from = &stations[probe->from];
	uint8_t frame[FRAME_MAX];

	if (from->fd < 0)
		return;
	judge_sends(probe);
	send_frame(probe->from, frame, probe_frame(frame, &from->own, to, probe));
}

static bool is_same_network(const struct station *a, const struct station *b)
{
	return a->tenant == b->tenant && a->network == b->network;
}

/* Over IP, directly or by the router. */
static void send_ip(struct probe *probe)
{
	const struct station *from = &stations[probe->from], *to = &stations[probe->to];
	struct ends ends = to->own;

	if (!is_same_network(from, to))
		memcpy(ends.mac, from->gate, sizeof(ends.mac));
	send_probe(&ends, probe);
}

static void send_broadcast(int from)
{
	static const struct ends all = { .mac = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	struct probe probe = {
		.from = (uint8_t)from,
		.to = (uint8_t)from,
		.flow = NO_FLOW,
		.kind = BROADCAST,
	};

	send_probe(&all, &probe);
}

/*
 * What knows a flow keeps it while there are packets: one that is never silent shows
 * whether it is forgotten in time. Each pair begins the next at a moment of its own.
 */
static uint8_t flow_port(int from, int to)
{
	return (judge_now() + (from * 7 + to) * 1000) / HOT_MS % UDP_PORTS;
}

static void send_pair(int from, int to)
{
	struct probe probe = {
		.from = (uint8_t)from,
		.to = (uint8_t)to,
		.flow = NO_FLOW,
		.kind = STRAY,
		.port = flow_port(from, to),
	};

	if (to < PORTS_MAX && !is_same_network(&stations[from], &stations[to]))
		send_probe(&stations[to].own, &probe);
	if (stations[from].tenant != stations[to].tenant)
		return;
	for (probe.kind = IP4; probe.kind <= IP6; probe.kind++)
		send_ip(&probe);
}

static void answer(const struct probe *got)
{
	struct probe probe = {
		.from = got->to,
		.to = got->from,
		.flow = NO_FLOW,
		.kind = got->kind == IP4 ? REPLY4 : REPLY6,
		.port = got->port,
	};

	send_ip(&probe);
}

static bool is_for(int at, const struct probe *probe, const uint8_t *frame, size_t len)
{
	const struct station *to = &stations[probe->to];
	struct ends own = stations[at].own;

	if (frame_is_for(frame, len, &own))
		return true;
	/* a shared address, with its MAC; or one that routes lead to the port for */
	if (probe->to < PORTS_MAX || frame_is_for(frame, len, &to->own))
		return probe->to >= PORTS_MAX;
	memcpy(own.ip4, to->own.ip4, sizeof(own.ip4));
	memcpy(own.ip6, to->own.ip6, sizeof(own.ip6));
	return frame_is_for(frame, len, &own);
}

static void receive(int at, const uint8_t *frame, size_t len)
{
	struct probe probe;

	if (!probe_parse(&probe, frame, len))
		return;
	judge_got(at, is_for(at, &probe, frame, len), &probe);
	if (probe.to == at && probe.flow == NO_FLOW && probe.kind <= IP6)
		answer(&probe);
}

static void drain(int at)
{
	uint8_t frame[2048];
	ssize_t len;

	while (stations[at].fd >= 0 && (len = read(stations[at].fd, frame, sizeof(frame))) > 0)
		receive(at, frame, (size_t)len);
}

static void claim(int port, int target)
{
	uint8_t frame[FRAME_MAX];

	send_frame(port, frame, claim_frame(frame, &stations[target].own, false));
	send_frame(port, frame, claim_frame(frame, &stations[target].own, true));
}

/* --- commands -------------------------------------------------------------------- */

static bool parse_mac(uint8_t mac[6], const char *text)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5]) == 6;
}

static int number(const char *text, int max)
{
	int n = atoi(text);

	if (n < 0 || n >= max)
		error(1, 0, "%s: no such port", text);
	return n;
}

/* station N TENANT NETWORK MAC GATE IP4 IP6 */
static bool run_station(char *const *word)
{
	struct station *station = &stations[number(word[1], TARGETS_MAX)];

	station->tenant = atoi(word[2]);
	station->network = atoi(word[3]);
	station->is_known = true;
	return parse_mac(station->own.mac, word[4]) && parse_mac(station->gate, word[5]) &&
	       inet_pton(AF_INET, word[6], station->own.ip4) == 1 &&
	       inet_pton(AF_INET6, word[7], station->own.ip6) == 1;
}

static bool run_leave(char *const *word)
{
	stations[number(word[1], TARGETS_MAX)].is_known = false;
	return true;
}

static bool run_plug(char *const *word)
{
	int n = number(word[1], PORTS_MAX);

	unplug(n);
	stations[n].fd = device_open(word[2], word[3]);
	return true;
}

static bool run_unplug(char *const *word)
{
	unplug(number(word[1], PORTS_MAX));
	return true;
}

static bool run_claim(char *const *word)
{
	int port = number(word[1], PORTS_MAX), target = number(word[2], TARGETS_MAX);

	if (word[0][0] == 'c')
		stations[target].holder = port;
	claim(port, target);
	return true;
}

static bool run_quiet(char *const *word)
{
	stations[number(word[1], TARGETS_MAX)].holder = NOBODY;
	return true;
}

static bool run_links(char *const *word, enum state state, int ms, uint64_t at)
{
	static const char letters[LINKS] = "46bsrRa";
	int from = number(word[1], PORTS_MAX), to = number(word[2], TARGETS_MAX);
	const char *letter, *found;

	for (letter = word[3]; *letter; letter++) {
		found = memchr(letters, *letter, LINKS);
		if (!found)
			return false;
		judge_link(from, to, (enum kind)(found - letters), state, ms, at);
	}
	return true;
}

static bool run_reach(char *const *word)
{
	return run_links(word, REACH, atoi(word[4]), strtoull(word[5], NULL, 16));
}

static bool run_deny(char *const *word)
{
	return run_links(word, DENY, atoi(word[4]), 0);
}

static bool run_free(char *const *word)
{
	return run_links(word, FREE, 0, 0);
}

static bool run_steady(char *const *word)
{
	return judge_steady(number(word[1], PORTS_MAX), number(word[2], PORTS_MAX)) >= 0;
}

static bool run_calm(char *const *word)
{
	(void)word;
	judge_calm();
	return true;
}

static bool run_pause(char *const *word)
{
	is_paused = word[0][0] == 'p';
	return true;
}

static bool run_ask(char *const *word)
{
	(void)word;
	printf("waiting %d\n", judge_waiting());
	return true;
}

static const struct {
	const char *name;
	int words;
	bool (*run)(char *const *word);
} commands[] = {
	{ "station", 8, run_station }, { "leave", 2, run_leave }, { "plug", 4, run_plug },
	{ "unplug", 2, run_unplug },   { "claim", 3, run_claim }, { "lie", 3, run_claim },
	{ "quiet", 2, run_quiet },     { "reach", 6, run_reach }, { "deny", 5, run_deny },
	{ "free", 4, run_free },       { "steady", 3, run_steady }, { "calm", 1, run_calm },
	{ "pause", 1, run_pause },     { "resume", 1, run_pause }, { "ask", 1, run_ask },
};

static void run_command(char *line)
{
	char *word[WORDS], *rest = line;
	int words = 0;
	size_t i;

	while (words < WORDS && (word[words] = strsep(&rest, " ")))
		words++;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (words == commands[i].words && !strcmp(word[0], commands[i].name) &&
		    commands[i].run(word))
			return;
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

/* Is it their turn? It seldom is where nothing may arrive anyway. */
static bool is_due(int from, int to, unsigned int round)
{
	if (stations[from].fd < 0 || !stations[to].is_known)
		return false;
	return stations[from].tenant == stations[to].tenant || round % FAR_ROUNDS == 0;
}

static void send_pairs(void)
{
	int tries = PORTS_MAX * TARGETS_MAX, left = PAIRS_A_TICK;
	static unsigned int round;
	static int cursor;

	for (; left && tries; tries--) {
		int from = cursor / TARGETS_MAX, to = cursor % TARGETS_MAX;

		cursor = (cursor + 1) % (PORTS_MAX * TARGETS_MAX);
		round += !cursor;
		if (!is_due(from, to, round))
			continue;
		if (from == to)
			send_broadcast(from);
		else
			send_pair(from, to);
		left--;
	}
}

static void send_steady(void)
{
	struct probe probe;
	int flow;

	for (flow = 0; flow < NO_FLOW; flow++)
		if (judge_steady_due(flow, &probe))
			send_ip(&probe);
}

static void claim_all(void)
{
	static int64_t next_claim;
	int target;

	if (judge_now() < next_claim)
		return;
	for (target = PORTS_MAX; target < TARGETS_MAX; target++)
		if (stations[target].holder != NOBODY)
			claim(stations[target].holder, target);
	next_claim = judge_now() + CLAIM_MS;
}

static void tick(int64_t passed_ms)
{
	static int64_t next_check;

	if (is_paused)
		return;
	judge_tick(passed_ms);
	send_steady();
	send_pairs();
	claim_all();
	if (judge_now() < next_check)
		return;
	judge_check();
	printf("clock %lld\n", (long long)judge_now());
	next_check = judge_now() + CHECK_MS;
}

static void stations_init(void)
{
	int i;

	for (i = 0; i < TARGETS_MAX; i++)
		stations[i] = (struct station){ .fd = -1, .holder = NOBODY };
}

int main(void)
{
	struct pollfd fds[PORTS_MAX + 1];
	int64_t now, last_tick = clock_ms();
	bool is_open = true;
	int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	stations_init();
	while (is_open) {
		for (i = 0; i < PORTS_MAX; i++)
			fds[i] = (struct pollfd){ .fd = stations[i].fd, .events = POLLIN };
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
