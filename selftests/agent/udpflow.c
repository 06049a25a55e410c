// SPDX-License-Identifier: GPL-2.0
/*
 * A steady flow of numbered UDP packets, and what became of it.
 *
 *	udpflow send ADDRESS PORT PACKETS_PER_SECOND SECONDS
 *		sends, then prints "sent=N worst_delay_ms=D";
 *		SIGTERM ends it earlier
 *	udpflow receive PORT IDLE_MS
 *		receives until nothing came for IDLE_MS after the first packet,
 *		or until SIGTERM and what has come by then, and prints
 *		"received=N lost=N duplicates=N longest_gap_ms=D"
 *
 * Lost are the numbers missing between the first and the last one seen. The
 * longest gap is between two packets; the sender's worst delay is what the
 * machine, not the network, contributed to it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_PACKETS = 1 << 22,
	BUFFER = 8 << 20,
};

/* SIGTERM is blocked: it is asked for between two packets. */
static void block_end(sigset_t *end)
{
	sigemptyset(end);
	sigaddset(end, SIGTERM);
	sigprocmask(SIG_BLOCK, end, NULL);
}

static bool is_ended(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGTERM);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void wait_until(int64_t when)
{
	struct timespec at = { when / 1000000000, when % 1000000000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static int connect_to(const char *address, const char *port)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	};
	struct addrinfo *info;
	int fd;

	if (getaddrinfo(address, port, &hints, &info))
		return -1;
	fd = socket(info->ai_family, SOCK_DGRAM, 0);
	if (fd >= 0 && connect(fd, info->ai_addr, info->ai_addrlen) < 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(info);
	return fd;
}

static int send_flow(char **argv)
{
	int64_t interval = 1000000000LL / atoi(argv[4]);
	uint32_t count = (uint32_t)(atoi(argv[4]) * atoi(argv[5]));
	int64_t start, worst = 0;
	int fd = connect_to(argv[2], argv[3]);
	sigset_t end;
	uint32_t i;

	block_end(&end);
	if (fd < 0) {
		perror(argv[2]);
		return EXIT_FAILURE;
	}
	start = now_ns();
	for (i = 0; i < count && !is_ended(); i++) {
		int64_t due = start + i * interval, delay;
		uint32_t number = htonl(i);

		wait_until(due);
		/* A refused port of the receiver is not the network's fault. */
		while (send(fd, &number, sizeof(number), 0) < 0 &&
		       errno == ECONNREFUSED)
			continue;
		delay = now_ns() - due;
		if (delay > worst)
			worst = delay;
	}
	printf("sent=%u worst_delay_ms=%lld\n", i,
	       (long long)worst / 1000000);
	close(fd);
	return EXIT_SUCCESS;
}

/**
 * struct tally - what has arrived
 * @seen: a byte for each number
 */
struct tally {
	unsigned char seen[MAX_PACKETS];
	uint32_t first, last;
	unsigned long received, duplicates;
	int64_t last_time, longest_gap;
};

static void count_packet(struct tally *tally, uint32_t number, int64_t when)
{
	int64_t gap = when - tally->last_time;

	if (number >= MAX_PACKETS)
		return;
	if (tally->seen[number]) {
		tally->duplicates++;
		return;
	}
	tally->seen[number] = 1;
	if (!tally->received || number < tally->first)
		tally->first = number;
	if (number > tally->last)
		tally->last = number;
	if (tally->received && gap > tally->longest_gap)
		tally->longest_gap = gap;
	tally->received++;
	tally->last_time = when;
}

static int listen_at(int port)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
	};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), size = BUFFER;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Until there is no packet any more, and it is time to end. */
static void receive_packets(struct tally *tally, int fd, int end_fd, int idle_ms)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = end_fd, .events = POLLIN },
	};
	uint32_t number;

	while (poll(fds, 2, tally->received ? idle_ms : -1) > 0 &&
	       fds[0].revents) {
		if (recv(fd, &number, sizeof(number), 0) ==
		    (ssize_t)sizeof(number))
			count_packet(tally, ntohl(number), now_ns());
	}
}

static int receive_flow(char **argv)
{
	static struct tally tally;
	int fd = listen_at(atoi(argv[2])), end_fd;
	unsigned long expected = 0;
	sigset_t end;

	block_end(&end);
	end_fd = signalfd(-1, &end, 0);
	if (fd < 0 || end_fd < 0) {
		perror("bind");
		return EXIT_FAILURE;
	}
	receive_packets(&tally, fd, end_fd, atoi(argv[3]));
	if (tally.received)
		expected = tally.last - tally.first + 1;
	printf("received=%lu lost=%lu duplicates=%lu longest_gap_ms=%lld\n",
	       tally.received, expected - tally.received, tally.duplicates,
	       (long long)tally.longest_gap / 1000000);
	close(end_fd);
	close(fd);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "send") == 0 && atoi(argv[4]) > 0)
		return send_flow(argv);
	if (argc == 4 && strcmp(argv[1], "receive") == 0)
		return receive_flow(argv);
	fprintf(stderr, "usage: udpflow send ADDRESS PORT RATE SECONDS\n"
			"       udpflow receive PORT IDLE_MS\n");
	return 2;
}
