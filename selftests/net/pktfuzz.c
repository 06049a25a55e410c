// SPDX-License-Identifier: GPL-2.0
/*
 * Send made-up packets for some time, by every way in:
 *	pktfuzz SECONDS SEED unicast|group SEEDS KIND:NETNS:DEVICE[:STATION]...
 * KIND is how they get there:
 *	socket	a packet socket
 *	vnet	one that says what is GSO, and how much is in one piece
 *	ring	a packet socket's ring: nothing but the header is in one piece
 *	tap	the other end of a tap, with the same things to say
 *	frags	a tap's, every packet in small pieces
 *	vxlan4 vxlan6 geneve4 geneve6	encapsulated, on a packet socket
 * All destinations are group addresses, or none is. SEEDS is a directory of
 * packets to begin from. The same SEED makes the same packets from them.
 * Prints for every way KIND, how many were sent and how many refused.
 */
#include <dirent.h>
#include <errno.h>
#include <error.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "pktmake.h"

enum {
	WAYS = 16,
	SEEDS = 1000,
	RING_FRAME = 16384,
	RING_FRAMES = 8,
	RING_BLOCK = RING_FRAME * RING_FRAMES,
	PIECES = 17,
	PAYLOAD_PLAIN = 8800,
	PAYLOAD_GSO = 60000,
	PAYLOAD_INNER = 1200,
	ROUND = 64,		/* packets between two looks at the clock */
	LEAST = 32 * ROUND,	/* that many at least, however slow the machine */
	VNI = 100,
};

struct way {
	const char *kind;
	int (*send)(struct way *way, struct maker *maker, struct frame *frame);
	int fd;
	int station;
	size_t most;
	uint8_t *ring;
	unsigned int slot;
	unsigned long sent;
	unsigned long refused;
};

static int send_plain(struct way *way, struct maker *maker, struct frame *frame)
{
	(void)maker;
	return write(way->fd, frame->data, frame->size) < 0 ? -errno : 0;
}

static int send_gso(struct way *way, struct maker *maker, struct frame *frame)
{
	struct iovec parts[] = {
		{ &frame->gso, sizeof(frame->gso) },
		{ frame->data, frame->size },
	};

	make_gso(maker, frame);
	return writev(way->fd, parts, 2) < 0 ? -errno : 0;
}

static int send_ring(struct way *way, struct maker *maker, struct frame *frame)
{
	struct tpacket2_hdr *slot;

	(void)maker;
	slot = (void *)(way->ring + (way->slot++ % RING_FRAMES) * RING_FRAME);
	memcpy((uint8_t *)slot + TPACKET2_HDRLEN - sizeof(struct sockaddr_ll),
	       frame->data, frame->size);
	slot->tp_len = frame->size;
	slot->tp_status = TP_STATUS_SEND_REQUEST;
	return send(way->fd, NULL, 0, 0) < 0 ? -errno : 0;
}

static int send_pieces(struct way *way, struct maker *maker, struct frame *frame)
{
	struct iovec pieces[PIECES];
	size_t at = 0, size;
	int count = 0;

	while (at < frame->size && count < PIECES) {
		size = 1 + roll(maker, count ? 64 : 40);
		if (count == PIECES - 1 || size > frame->size - at)
			size = frame->size - at;
		pieces[count++] = (struct iovec){ frame->data + at, size };
		at += size;
	}
	return writev(way->fd, pieces, count) < 0 ? -errno : 0;
}

/* Headers of the underlay, from an address that a chassis has. */
static size_t put_underlay(uint8_t *outer, bool is_ip6, size_t size)
{
	static const uint8_t macs[] = { 2, 0, 0, 0, 0xff, 1, 2, 0, 0, 0, 0xff, 2 };
	static const uint8_t head4[] = {
		8, 0, 0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0,
		198, 51, 100, 2, 198, 51, 100, 1,
	};
	static const uint8_t head6[] = {
		0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 17, 64,
		0x20, 1, 0x0d, 0xb8, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
		0x20, 1, 0x0d, 0xb8, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	};
	uint8_t *at = outer + sizeof(macs);
	uint16_t value;

	memcpy(outer, macs, sizeof(macs));
	if (is_ip6) {
		memcpy(at, head6, sizeof(head6));
		value = htons(size);
		memcpy(at + 6, &value, sizeof(value));
		return sizeof(macs) + sizeof(head6);
	}
	memcpy(at, head4, sizeof(head4));
	value = htons(20 + size);
	memcpy(at + 4, &value, sizeof(value));
	value = htons(inet_sum(at + 2, 20, 0));
	memcpy(at + 12, &value, sizeof(value));
	return sizeof(macs) + sizeof(head4);
}

/* A VXLAN or Geneve header, mostly right. */
static size_t put_tunnel(struct maker *maker, uint8_t *head, bool is_geneve)
{
	uint32_t vni = roll(maker, 20) ? VNI : roll(maker, 1 << 24);
	size_t i, words = is_geneve && !roll(maker, 3) ? roll(maker, 8) : 0;

	memset(head, 0, 8);
	if (is_geneve) {
		head[0] = words;
		head[2] = 0x65;
		head[3] = 0x58;
	} else {
		head[0] = 8;
	}
	head[4] = vni >> 16;
	head[5] = vni >> 8;
	head[6] = vni;
	for (i = 0; i < 4 * words; i++)
		head[8 + i] = roll(maker, 256);
	/* not the first byte, which tells where the packet inside begins */
	if (!roll(maker, 20))
		head[1 + roll(maker, 7)] ^= 1 << roll(maker, 8);
	return 8 + 4 * words;
}

static int send_tunnel(struct way *way, struct maker *maker, struct frame *frame)
{
	bool is_ip6 = strchr(way->kind, '6'), is_geneve = *way->kind == 'g';
	uint16_t udp[4] = { htons(roll(maker, 0x10000)) };
	uint8_t tunnel[64], outer[256 + FRAME_MAX];
	size_t size, begin;

	size = put_tunnel(maker, tunnel, is_geneve);
	udp[1] = htons(is_geneve ? 6081 : 4789);
	udp[2] = htons(sizeof(udp) + size + frame->size);
	begin = put_underlay(outer, is_ip6, sizeof(udp) + size + frame->size);
	memcpy(outer + begin, udp, sizeof(udp));
	memcpy(outer + begin + sizeof(udp), tunnel, size);
	size += begin + sizeof(udp);
	memcpy(outer + size, frame->data, frame->size);
	size += frame->size;
	if (is_ip6) {	/* wants a checksum; the addresses come before the ports */
		udp[3] = htons(inet_sum(outer + begin - 32, size - begin + 32,
					IPPROTO_UDP + size - begin));
		memcpy(outer + begin, udp, sizeof(udp));
	}
	if (!roll(maker, 30)) {	/* nothing that would move what is inside */
		size_t head = begin + sizeof(udp);

		break_bytes(maker, outer, &head);
		if (head < begin + sizeof(udp))
			size = head;
	}
	return write(way->fd, outer, size) < 0 ? -errno : 0;
}

static void open_packet(struct way *way, const char *device)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(device),
	};

	way->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (way->fd < 0 ||
	    bind(way->fd, (struct sockaddr *)&address, sizeof(address)))
		error(1, errno, "packet socket on %s", device);
}

static void open_vnet(struct way *way, const char *device)
{
	int on = 1;

	open_packet(way, device);
	if (setsockopt(way->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)))
		error(1, errno, "PACKET_VNET_HDR");
}

static void open_ring(struct way *way, const char *device)
{
	int version = TPACKET_V2, on = 1;
	struct tpacket_req request = {
		.tp_block_size = RING_BLOCK,
		.tp_block_nr = 1,
		.tp_frame_size = RING_FRAME,
		.tp_frame_nr = RING_FRAMES,
	};

	open_packet(way, device);
	if (setsockopt(way->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(way->fd, SOL_PACKET, PACKET_LOSS, &on, sizeof(on)) ||
	    setsockopt(way->fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof(request)))
		error(1, errno, "ring on %s", device);
	way->ring = mmap(NULL, RING_BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, way->fd, 0);
	if (way->ring == MAP_FAILED)
		error(1, errno, "ring on %s", device);
}

static void open_tun(struct way *way, const char *device, int flags)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | flags };

	way->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	strncpy(request.ifr_name, device, IFNAMSIZ - 1);
	if (way->fd < 0 || ioctl(way->fd, TUNSETIFF, &request))
		error(1, errno, "tap %s", device);
}

static void open_tap(struct way *way, const char *device)
{
	open_tun(way, device, IFF_VNET_HDR);
}

static void open_frags(struct way *way, const char *device)
{
	open_tun(way, device, IFF_NAPI | IFF_NAPI_FRAGS);
}

static const struct {
	const char *kind;
	void (*open)(struct way *way, const char *device);
	int (*send)(struct way *way, struct maker *maker, struct frame *frame);
	size_t most;
} kinds[] = {
	{ "socket", open_packet, send_plain, PAYLOAD_PLAIN },
	{ "vnet", open_vnet, send_gso, PAYLOAD_GSO },
	{ "ring", open_ring, send_ring, PAYLOAD_PLAIN },
	{ "tap", open_tap, send_gso, PAYLOAD_GSO },
	{ "frags", open_frags, send_pieces, PAYLOAD_PLAIN },
	{ "vxlan4", open_packet, send_tunnel, PAYLOAD_INNER },
	{ "vxlan6", open_packet, send_tunnel, PAYLOAD_INNER },
	{ "geneve4", open_packet, send_tunnel, PAYLOAD_INNER },
	{ "geneve6", open_packet, send_tunnel, PAYLOAD_INNER },
};

static void enter_netns(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		error(1, errno, "%s", path);
	close(fd);
}

/* KIND:NETNS:DEVICE[:STATION] */
static void open_way(struct way *way, char *text)
{
	const char *netns, *device, *station;
	size_t i;

	way->kind = strtok(text, ":");
	netns = strtok(NULL, ":");
	device = strtok(NULL, ":");
	station = strtok(NULL, ":");
	if (!device)
		error(2, 0, "KIND:NETNS:DEVICE[:STATION]");
	way->station = station ? atoi(station) : 1;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].kind, way->kind))
			continue;
		enter_netns(netns);
		kinds[i].open(way, device);
		way->send = kinds[i].send;
		way->most = kinds[i].most;
		return;
	}
	error(2, 0, "no kind %s", way->kind);
}

static void read_seeds(struct maker *maker, const char *path)
{
	struct dirent **names;
	int i, count, dir, fd;
	ssize_t size;

	/* in an order that is the same on every machine */
	count = scandir(path, &names, NULL, alphasort);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	if (count < 0 || dir < 0)
		error(1, errno, "%s", path);
	maker->seeds = calloc(SEEDS, sizeof(*maker->seeds));
	if (!maker->seeds)
		error(1, ENOMEM, "pktfuzz");
	for (i = 0; i < count && maker->seed_count < SEEDS; i++) {
		struct seed *seed = &maker->seeds[maker->seed_count];

		fd = openat(dir, names[i]->d_name, O_RDONLY);
		size = fd < 0 ? -1 : read(fd, seed->data, SEED_MAX);
		if (size > 0) {
			seed->size = size;
			maker->seed_count++;
		}
		close(fd);
		free(names[i]);
	}
	free(names);
	close(dir);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* A tap that nobody reads takes no more after a while. */
static void take_arrived(struct way *way)
{
	static uint8_t waste[1 << 17];

	if (way->send != send_gso && way->send != send_pieces)
		return;
	while (recv(way->fd, waste, sizeof(waste), MSG_DONTWAIT) > 0)
		;
	if (errno == ENOTSOCK)
		while (read(way->fd, waste, sizeof(waste)) > 0)
			;
}

static void send_one(struct way *way, struct maker *maker)
{
	static struct frame frame;

	maker->station = way->station;
	make_frame(maker, &frame, way->most);
	if (way->send(way, maker, &frame))
		way->refused++;
	else
		way->sent++;
}

int main(int argc, char *argv[])
{
	static struct way ways[WAYS];
	struct maker maker = { 0 };
	int i, count = argc - 5;
	unsigned long total;
	double end;

	if (count < 1 || count > WAYS)
		error(2, 0, "SECONDS SEED unicast|group SEEDS WAY...");
	/* state 0 has no successor */
	maker.dice = strtoull(argv[2], NULL, 0) * 2 + 1;
	maker.is_group = !strcmp(argv[3], "group");
	read_seeds(&maker, argv[4]);
	for (i = 0; i < count; i++)
		open_way(&ways[i], argv[5 + i]);
	end = now() + atof(argv[1]);
	for (total = 0; total < LEAST || now() < end; total += ROUND) {
		for (i = 0; i < ROUND; i++)
			send_one(&ways[roll(&maker, count)], &maker);
		for (i = 0; i < count; i++)
			take_arrived(&ways[i]);
	}
	for (i = 0; i < count; i++)
		printf("%s %lu %lu\n", ways[i].kind, ways[i].sent, ways[i].refused);
	free(maker.seeds);
	return 0;
}
