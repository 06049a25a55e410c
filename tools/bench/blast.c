// SPDX-License-Identifier: GPL-2.0
/*
 * blast DEVICE COUNT SOURCES: send COUNT small UDP packets with SOURCES source
 * addresses in turn, and print the nanoseconds that one took.
 *
 * pktgen would be shorter, but keeps a reference on what it sends: the packets
 * would be shared, which no workload's are, and would have to be cloned.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <error.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
	BATCH = 64,
	FRAME = 60,
};

static const uint8_t template[FRAME] = {
	/* destination and source; the source's last bytes change */
	0x02, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x00, 0x01, 0x00, 0x00, 0x00,
	0x08, 0x00,
	/* IPv4: 46 bytes, UDP, 192.0.2.1 to 192.0.2.2 */
	0x45, 0x00, 0x00, 0x2e, 0x00, 0x00, 0x00, 0x00, 0x40, 0x11, 0xf6, 0xbb,
	0xc0, 0x00, 0x02, 0x01, 0xc0, 0x00, 0x02, 0x02,
	/* UDP: port 7 to port 9, 26 bytes, no checksum */
	0x00, 0x07, 0x00, 0x09, 0x00, 0x1a, 0x00, 0x00,
};

static uint8_t frames[BATCH][FRAME];
static struct iovec iovecs[BATCH];
static struct mmsghdr messages[BATCH];

static int packet_socket(const char *dev)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(dev),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	int one = 1;

	if (fd < 0 || !address.sll_ifindex ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		error(1, errno, "%s", dev);
	return fd;
}

static void set_source(uint8_t *frame, uint32_t source)
{
	frame[9] = source >> 16;
	frame[10] = source >> 8;
	frame[11] = source;
}

static void send_all(int fd, long count, long sources)
{
	long sent, source = 0;
	int i, n;

	for (sent = 0; sent < count; sent += n) {
		for (i = 0; i < BATCH; i++) {
			set_source(frames[i], source);
			source = source + 1 < sources ? source + 1 : 0;
		}
		n = sendmmsg(fd, messages, BATCH, 0);
		if (n != BATCH)
			error(1, errno, "sendmmsg: %d of %d", n, BATCH);
	}
}

int main(int argc, char *argv[])
{
	struct timespec begin, end;
	long count, sources;
	int fd, i;

	if (argc != 4)
		error(2, 0, "usage: blast DEVICE COUNT SOURCES");
	fd = packet_socket(argv[1]);
	count = (atol(argv[2]) + BATCH - 1) / BATCH * BATCH;
	sources = atol(argv[3]);
	for (i = 0; i < BATCH; i++) {
		memcpy(frames[i], template, FRAME);
		iovecs[i] = (struct iovec){ frames[i], FRAME };
		messages[i].msg_hdr.msg_iov = &iovecs[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	send_all(fd, count, sources);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.1f\n", ((end.tv_sec - begin.tv_sec) * 1e9 +
			  (end.tv_nsec - begin.tv_nsec)) / count);
	return 0;
}
