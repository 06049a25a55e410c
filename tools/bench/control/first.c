// SPDX-License-Identifier: GPL-2.0
/*
 * From the first packet to the kernel: how long it takes until a port that is
 * looked for is there.
 *
 *	first NETNS SOURCE TARGET...
 *
 * Sends a frame out of eth0 of a workload, which is in NETNS, to each MAC, one
 * after the other, and waits until the kernel of the namespace that this runs in
 * has announced the port: then it lets the frame go. Prints the milliseconds of
 * each, but for the first, which finds every cache cold.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <dragonflow.h>

#include "watch.h"

enum {
	ETHERTYPE = 0x88b5, /* for experiments: nobody listens */
};

/**
 * struct sender - the workload
 * @fd: of its device
 * @frame: the next frame
 */
struct sender {
	int fd;
	uint8_t frame[ETH_ZLEN];
};

static int failed(const char *what)
{
	fprintf(stderr, "first: %s: %s\n", what, strerror(errno));
	return -1;
}

/* A socket stays in the namespace that it was made in. */
static int sender_open(struct sender *sender, const char *netns)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		return failed(path);
	close(fd);
	sender->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	address.sll_ifindex = (int)if_nametoindex("eth0");
	if (sender->fd < 0 || bind(sender->fd, (struct sockaddr *)&address, sizeof(address)))
		return failed("eth0");
	return 0;
}

static int sender_send(struct sender *sender, const char *mac)
{
	if (df_mac_parse(sender->frame, mac)) {
		fprintf(stderr, "first: %s is no MAC\n", mac);
		return -EINVAL;
	}
	if (send(sender->fd, sender->frame, sizeof(sender->frame), 0) < 0)
		return failed("cannot send");
	return 0;
}

static int first_packets(struct watch *watch, struct sender *sender, char **macs)
{
	for (char **mac = macs; *mac; mac++) {
		int64_t begin, programmed;
		int err;

		watch_for(watch, "port", *mac);
		begin = watch_now_ns();
		err = sender_send(sender, *mac) ?: watch_wait(watch, &programmed);
		if (err)
			return err;
		if (mac != macs)
			printf("%.3f\n", (double)(programmed - begin) / 1e6);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sender sender = { 0 };
	struct watch watch = { 0 };

	if (argc < 4) {
		fprintf(stderr, "usage: first NETNS SOURCE TARGET...\n");
		return 2;
	}
	if (df_mac_parse(sender.frame + ETH_ALEN, argv[2])) {
		fprintf(stderr, "first: %s is no MAC\n", argv[2]);
		return 2;
	}
	sender.frame[2 * ETH_ALEN] = ETHERTYPE >> 8;
	sender.frame[2 * ETH_ALEN + 1] = ETHERTYPE & 255;
	/* Before the namespace is another. */
	if (watch_start(&watch) || sender_open(&sender, argv[1]))
		return EXIT_FAILURE;
	return first_packets(&watch, &sender, argv + 3) ? EXIT_FAILURE : EXIT_SUCCESS;
}
