// SPDX-License-Identifier: GPL-2.0
/*
 * Send a frame again and again, a few bytes of it different in turn.
 *
 * pktgen would be shorter, but keeps a reference on what it sends: the packets
 * would be shared, which no workload's are, and would have to be cloned.
 */
#include <errno.h>
#include <error.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "traffic.h"

enum {
	BATCH = 50,
	FRAME = 2048,
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

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t len = strlen(hex) / 2, i;
	unsigned int byte;

	for (i = 0; i < len && i < FRAME; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			error(2, 0, "not hexadecimal: %s", hex);
		out[i] = byte;
	}
	return i;
}

/* The first of the values is the one that the frame has. */
static void vary(uint8_t *bytes, const uint8_t *original, int width,
		 uint32_t value)
{
	uint32_t sum = value;
	int i;

	for (i = width - 1; i >= 0; i--) {
		sum += original[i];
		bytes[i] = sum;
		sum >>= 8;
	}
}

struct variation {
	size_t offset;
	int width;
	long variants;
};

static void send_all(int fd, long count, const uint8_t *original,
		     const struct variation *v)
{
	long sent, next = 0;
	int i, n;

	for (sent = 0; sent < count; sent += n) {
		for (i = 0; i < BATCH; i++) {
			vary(frames[i] + v->offset, original + v->offset,
			     v->width, next);
			next = next + 1 < v->variants ? next + 1 : 0;
		}
		n = sendmmsg(fd, messages, BATCH, 0);
		if (n != BATCH)
			error(1, errno, "sendmmsg: %d of %d", n, BATCH);
	}
}

/* NETNS DEVICE COUNT HEX OFFSET WIDTH VARIANTS */
void frames_main(char *argv[])
{
	struct variation v = { atol(argv[4]), atoi(argv[5]), atol(argv[6]) };
	long count = (atol(argv[2]) + BATCH - 1) / BATCH * BATCH;
	uint8_t original[FRAME];
	uint64_t begin;
	size_t len;
	int fd, i;

	enter_netns(argv[0]);
	fd = packet_socket(argv[1]);
	len = from_hex(argv[3], original);
	if (v.width < 1 || v.width > 4 || v.offset + v.width > len)
		error(2, 0, "%s bytes at %s of %zu", argv[5], argv[4], len);
	for (i = 0; i < BATCH; i++) {
		memcpy(frames[i], original, len);
		iovecs[i] = (struct iovec){ frames[i], len };
		messages[i].msg_hdr.msg_iov = &iovecs[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	begin = clock_read();
	send_all(fd, count, original, &v);
	say_cost(begin, clock_read(), count);
}
