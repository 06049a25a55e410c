// SPDX-License-Identifier: GPL-2.0
/*
 * Two sockets in two network namespaces, both ours: one thread plays both
 * parts in turn. What the kernel does with a packet it does while we send it,
 * so that nobody ever waits and no scheduler is measured.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <error.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "traffic.h"

enum {
	PORT = 5201,
	SEGMENT = 1448,
	DATAGRAM = 18,
	CHUNK = 44 * SEGMENT,
	WARM = 20,
	PATIENCE_MS = 5000,
	SETTLE_MS = 100,
};

static char buffer[CHUNK];

static int socket_in(const char *netns, int type)
{
	int fd, one = 1;

	enter_netns(netns);
	fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)))
		error(1, errno, "socket");
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static struct sockaddr_in address_of(const char *text)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
	};

	if (inet_pton(AF_INET, text, &address.sin_addr) != 1)
		error(2, 0, "not an address: %s", text);
	return address;
}

static void wait_until(int fd, short events)
{
	struct pollfd p = { fd, events, 0 };

	if (poll(&p, 1, PATIENCE_MS) != 1)
		error(1, 0, "nothing came within %d ms", PATIENCE_MS);
}

static void give(int fd)
{
	if (send(fd, buffer, 1, MSG_NOSIGNAL) != 1)
		error(1, errno, "send");
}

static void take(int fd)
{
	while (recv(fd, buffer, 1, 0) != 1) {
		if (errno != EAGAIN)
			error(1, errno, "recv");
		wait_until(fd, POLLIN);
	}
}

struct pair {
	int listener, client, server;
	struct sockaddr_in address;
};

static void pair_listen(struct pair *pair, const char *netns, const char *at)
{
	pair->address = address_of(at);
	pair->listener = socket_in(netns, SOCK_STREAM);
	if (bind(pair->listener, (struct sockaddr *)&pair->address,
		 sizeof(pair->address)) || listen(pair->listener, 16))
		error(1, errno, "listen at %s", at);
}

/* The client's namespace is the one we are in from the first time on. */
static void pair_connect(struct pair *pair, const char *netns)
{
	int fd = socket_in(netns, SOCK_STREAM);

	pair->client = fd;
	if (connect(fd, (struct sockaddr *)&pair->address,
		    sizeof(pair->address)) && errno != EINPROGRESS)
		error(1, errno, "connect");
	wait_until(pair->listener, POLLIN);
	pair->server = accept4(pair->listener, NULL, NULL, SOCK_NONBLOCK);
	if (pair->server < 0)
		error(1, errno, "accept");
}

/* Reset it: a connection in TIME_WAIT would be the next one's burden. */
static void pair_close(struct pair *pair)
{
	struct linger reset = { .l_onoff = 1 };

	close(pair->server);
	setsockopt(pair->client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(pair->client);
}

static void round_trips(const struct pair *pair, long count)
{
	while (count--) {
		give(pair->client);
		take(pair->server);
		give(pair->server);
		take(pair->client);
	}
}

/* CLIENT SERVER ADDRESS COUNT */
void tcp_rr_main(char *argv[])
{
	long count = atol(argv[3]);
	struct pair pair;
	uint64_t begin;

	pair_listen(&pair, argv[1], argv[2]);
	pair_connect(&pair, argv[0]);
	round_trips(&pair, WARM);
	begin = clock_read();
	round_trips(&pair, count);
	say_cost(begin, clock_read(), count);
	pair_close(&pair);
}

/* CLIENT SERVER ADDRESS COUNT */
void tcp_crr_main(char *argv[])
{
	long count = atol(argv[3]), i;
	struct pair pair;
	uint64_t begin = 0;

	pair_listen(&pair, argv[1], argv[2]);
	for (i = 0; i < WARM + count; i++) {
		if (i == WARM)
			begin = clock_read();
		pair_connect(&pair, argv[0]);
		round_trips(&pair, 1);
		pair_close(&pair);
	}
	say_cost(begin, clock_read(), count);
}

/* Read all there is. */
static long drain(int fd)
{
	long bytes = 0;
	ssize_t n;

	while ((n = recv(fd, buffer, sizeof(buffer), MSG_TRUNC)) > 0)
		bytes += n;
	if (n < 0 && errno != EAGAIN)
		error(1, errno, "recv");
	return bytes;
}

static void stream(const struct pair *pair, long bytes)
{
	long sent = 0, received = 0;
	ssize_t n;

	while (received < bytes) {
		if (sent < bytes) {
			n = send(pair->client, buffer,
				 bytes - sent < CHUNK ? bytes - sent : CHUNK, MSG_NOSIGNAL);
			if (n < 0 && errno != EAGAIN)
				error(1, errno, "send");
			sent += n > 0 ? n : 0;
		}
		n = drain(pair->server);
		if (!n)
			wait_until(pair->server, POLLIN);
		received += n;
	}
}

/* CLIENT SERVER ADDRESS COUNT */
void tcp_stream_main(char *argv[])
{
	long count = atol(argv[3]);
	struct pair pair;
	uint64_t begin;

	pair_listen(&pair, argv[1], argv[2]);
	pair_connect(&pair, argv[0]);
	/* past slow start */
	stream(&pair, 40L * CHUNK);
	begin = clock_read();
	stream(&pair, count * SEGMENT);
	say_cost(begin, clock_read(), count);
	pair_close(&pair);
}

/*
 * The next one, as a rule there already: but a busy kernel, or a daemon that is
 * asked about the packet, takes its time.
 */
static bool take_datagram(int server)
{
	struct pollfd late = { server, POLLIN, 0 };

	return recv(server, buffer, DATAGRAM, 0) == DATAGRAM ||
	       (poll(&late, 1, SETTLE_MS) == 1 &&
		recv(server, buffer, DATAGRAM, 0) == DATAGRAM);
}

/* How many came before the first that did not. */
static long datagrams(int client, int server, long count)
{
	long got;

	for (got = 0; got < count; got++) {
		if (send(client, buffer, DATAGRAM, 0) != DATAGRAM)
			error(1, errno, "send");
		if (!take_datagram(server))
			break;
	}
	return got;
}

/* Who learns while packets pass may lose the first ones. */
static void warm_datagrams(int client, int server)
{
	int tries = 20;

	while (datagrams(client, server, WARM) < WARM && tries--)
		drain(server);
}

/* CLIENT SERVER ADDRESS COUNT */
void udp_blast_main(char *argv[])
{
	struct sockaddr_in address = address_of(argv[2]), peer;
	int server = socket_in(argv[1], SOCK_DGRAM);
	int client = socket_in(argv[0], SOCK_DGRAM);
	socklen_t len = sizeof(peer);
	long count = atol(argv[3]), got;
	uint64_t begin, end;

	if (bind(server, (struct sockaddr *)&address, sizeof(address)) ||
	    connect(client, (struct sockaddr *)&address, sizeof(address)))
		error(1, errno, "%s", argv[2]);
	/* there and back again: who keeps track sees it established */
	if (send(client, buffer, DATAGRAM, 0) != DATAGRAM)
		error(1, errno, "send");
	wait_until(server, POLLIN);
	if (recvfrom(server, buffer, DATAGRAM, 0, (struct sockaddr *)&peer, &len) < 0 ||
	    sendto(server, buffer, DATAGRAM, 0, (struct sockaddr *)&peer, len) < 0)
		error(1, errno, "no answer");
	take(client);
	warm_datagrams(client, server);
	begin = clock_read();
	got = datagrams(client, server, count);
	end = clock_read();
	if (got != count)
		error(1, 0, "the datagram after %ld of %ld did not come", got, count);
	say_cost(begin, end, count);
}
