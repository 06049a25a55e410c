// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>

#include "pktmake.h"

enum {
	EXTENSIONS = 10,
	IP6_LEN = 40,
	IP6_ADDRESSES = 8,
	PAYLOAD = 1400,
	CHANGES = 4,
	GSO_UDP_L4 = 5,	/* younger than Debian 12's header */
};

/* Of so many sides, one: xorshift, the same on every machine. */
uint32_t roll(struct maker *maker, uint32_t sides)
{
	maker->dice ^= maker->dice << 13;
	maker->dice ^= maker->dice >> 7;
	maker->dice ^= maker->dice << 17;
	return (maker->dice >> 11) % sides;
}

static bool seldom(struct maker *maker, uint32_t times)
{
	return !roll(maker, times);
}

static void put(struct frame *frame, const void *data, size_t size)
{
	if (frame->size + size > FRAME_MAX)
		size = FRAME_MAX - frame->size;
	memcpy(frame->data + frame->size, data, size);
	frame->size += size;
}

static void put8(struct frame *frame, uint8_t value)
{
	put(frame, &value, sizeof(value));
}

static void put16(struct frame *frame, uint16_t value)
{
	value = htons(value);
	put(frame, &value, sizeof(value));
}

static void put_random(struct maker *maker, struct frame *frame, size_t size)
{
	while (size--)
		put8(frame, roll(maker, 256));
}

static void put_zeroes(struct frame *frame, size_t size)
{
	while (size--)
		put8(frame, 0);
}

static void set16(struct frame *frame, size_t at, uint16_t value)
{
	value = htons(value);
	memcpy(frame->data + at, &value, sizeof(value));
}

/* The Internet checksum of some bytes, added to @sum. */
uint16_t inet_sum(const uint8_t *data, size_t size, uint32_t sum)
{
	size_t i;

	for (i = 0; i + 1 < size; i += 2)
		sum += data[i] << 8 | data[i + 1];
	if (size & 1)
		sum += data[size - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void put_mac(struct maker *maker, struct frame *frame, int station)
{
	put16(frame, 0x0200);
	put16(frame, 0);
	put16(frame, station);
	if (seldom(maker, 20))
		frame->data[frame->size - 1 - roll(maker, 6)] = roll(maker, 256);
}

/* How much follows the headers; seldom more than a small packet's. */
static size_t payload_size(struct maker *maker, size_t most)
{
	if (seldom(maker, 10))
		return roll(maker, most);
	return seldom(maker, 3) ? 0 : roll(maker, most < PAYLOAD ? most : PAYLOAD);
}

static void put_payload(struct maker *maker, struct frame *frame, size_t most)
{
	static const uint8_t text[64] = "what is in here is of no concern";
	size_t size = payload_size(maker, most), part;

	for (; size; size -= part) {
		part = size < sizeof(text) ? size : sizeof(text);
		put(frame, text, part);
	}
}

static void put_tcp(struct maker *maker, struct frame *frame, size_t most)
{
	size_t words = seldom(maker, 4) ? roll(maker, 16) : 5;

	put16(frame, roll(maker, 4));
	put16(frame, 80);
	put_random(maker, frame, 8);
	put8(frame, words << 4);
	put8(frame, roll(maker, 256));
	put_random(maker, frame, 6);
	if (words > 5)
		put_random(maker, frame, 4 * (words - 5));
	put_payload(maker, frame, most);
}

static void put_udp(struct maker *maker, struct frame *frame, size_t most)
{
	size_t at = frame->size;

	put16(frame, roll(maker, 4));
	put16(frame, seldom(maker, 4) ? 4789 : 53);
	put16(frame, 0);
	put16(frame, 0);
	put_payload(maker, frame, most);
	set16(frame, at + 4, frame->size - at);
}

/* Neighbour discovery: the fixed part of any type, and options. */
static void put_nd(struct maker *maker, struct frame *frame)
{
	int n;

	put8(frame, 133 + roll(maker, 5));
	put_zeroes(frame, 3);
	put_random(maker, frame, 4 + 8 * roll(maker, 3));
	for (n = roll(maker, 4); n; n--) {
		size_t units = roll(maker, 4);

		put8(frame, 1 + roll(maker, 5));
		put8(frame, units);
		put_random(maker, frame, units ? 8 * units - 2 : 6);
	}
}

static void put_l4(struct maker *maker, struct frame *frame, size_t most)
{
	frame->l4 = frame->size;
	switch (frame->proto) {
	case IPPROTO_TCP:
		put_tcp(maker, frame, most);
		break;
	case IPPROTO_UDP:
		put_udp(maker, frame, most);
		break;
	case IPPROTO_ICMPV6:
		put_nd(maker, frame);
		break;
	default:
		put_random(maker, frame, roll(maker, 20));
		put_payload(maker, frame, most);
	}
}

static uint8_t some_proto(struct maker *maker)
{
	static const uint8_t protos[] = {
		IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP,
		IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP, IPPROTO_GRE,
		IPPROTO_ESP, IPPROTO_IPIP, 59, 255,
	};

	return protos[roll(maker, sizeof(protos))];
}

static uint16_t some_fragment(struct maker *maker)
{
	if (!seldom(maker, 6))
		return seldom(maker, 2) ? 0x4000 : 0;
	return seldom(maker, 2) ? 0x2000 | roll(maker, 3) : roll(maker, 0x10000);
}

static void put_ip4(struct maker *maker, struct frame *frame, size_t most)
{
	size_t at = frame->size, words = seldom(maker, 5) ? 5 + roll(maker, 11) : 5;

	frame->proto = some_proto(maker);
	put8(frame, 0x40 | words);
	put8(frame, 0);
	put16(frame, 0);
	put16(frame, roll(maker, 3));
	put16(frame, some_fragment(maker));
	put8(frame, 64);
	put8(frame, frame->proto);
	put16(frame, 0);
	put(frame, (uint8_t[]){ 192, 0, 2, roll(maker, STATIONS) }, 4);
	put(frame, (uint8_t[]){ 192, 0, 2, roll(maker, STATIONS) }, 4);
	put_random(maker, frame, 4 * (words - 5));
	put_l4(maker, frame, most);
	set16(frame, at + 2, frame->size - at);
	set16(frame, at + 10, inet_sum(frame->data + at, 4 * words, 0));
}

/* One IPv6 extension header, which says what follows. */
static void put_extension(struct maker *maker, struct frame *frame, uint8_t kind,
			  uint8_t next)
{
	size_t units = seldom(maker, 3) ? roll(maker, 5) : 0;

	put8(frame, next);
	switch (kind) {
	case IPPROTO_FRAGMENT:
		put8(frame, 0);
		put16(frame, some_fragment(maker));
		put_random(maker, frame, 4);
		break;
	case IPPROTO_AH:
		put8(frame, 4);
		put_random(maker, frame, 22);
		break;
	default:
		put8(frame, units);
		put_random(maker, frame, 6 + 8 * units);
	}
}

static void put_ip6(struct maker *maker, struct frame *frame, size_t most)
{
	static const uint8_t kinds[] = {
		IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_AH,
		IPPROTO_HOPOPTS,
	};
	size_t at = frame->size;
	int i, count = seldom(maker, 2) ? 0 : roll(maker, EXTENSIONS);
	uint8_t chain[EXTENSIONS + 1];

	for (i = 0; i < count; i++)
		chain[i] = kinds[roll(maker, sizeof(kinds))];
	if (count && seldom(maker, 2))
		chain[0] = IPPROTO_HOPOPTS;
	frame->proto = some_proto(maker);
	chain[count] = frame->proto;
	put(frame, (uint8_t[]){ 0x60, 0, 0, 0, 0, 0, chain[0], 64 }, 8);
	for (i = 0; i < 2; i++) {
		put(frame, (uint8_t[]){ 0x20, 1, 0x0d, 0xb8 }, 4);
		put_zeroes(frame, 11);
		put8(frame, roll(maker, STATIONS));
	}
	for (i = 0; i < count; i++)
		put_extension(maker, frame, chain[i], chain[i + 1]);
	put_l4(maker, frame, most);
	set16(frame, at + 4, frame->size - at - IP6_LEN);
}

static void put_arp(struct maker *maker, struct frame *frame)
{
	put(frame, (uint8_t[]){ 0, 1, 8, 0, 6, 4 }, 6);
	put16(frame, 1 + roll(maker, 2));
	put_random(maker, frame, 20);
	put_zeroes(frame, seldom(maker, 2) ? 18 : 0);
}

static void put_l3(struct maker *maker, struct frame *frame, size_t most)
{
	uint32_t kind = roll(maker, 10);

	frame->l3 = frame->size + 2;
	frame->l4 = 0;
	if (kind < 4) {
		put16(frame, ETH_P_IP);
		put_ip4(maker, frame, most);
	} else if (kind < 8) {
		put16(frame, ETH_P_IPV6);
		put_ip6(maker, frame, most);
	} else if (kind < 9) {
		put16(frame, ETH_P_ARP);
		put_arp(maker, frame);
	} else {
		put16(frame, seldom(maker, 2) ? roll(maker, 1600) :
						roll(maker, 0x10000));
		put_payload(maker, frame, most);
	}
}

static void put_tags(struct maker *maker, struct frame *frame)
{
	static const uint16_t types[] = { ETH_P_8021Q, ETH_P_8021AD };
	int n = seldom(maker, 4) ? roll(maker, 4) : 0;

	while (n--) {
		put16(frame, types[roll(maker, 2)]);
		put16(frame, roll(maker, 0x10000));
	}
}

/* Change some bytes, a length perhaps, or where it ends. */
void break_bytes(struct maker *maker, uint8_t *data, size_t *size)
{
	static const uint8_t favourites[] = { 0, 1, 0x7f, 0x80, 0xff };
	size_t at, most;
	int n;

	for (n = roll(maker, CHANGES); n >= 0 && *size; n--) {
		/* what is parsed comes first */
		most = *size > 128 && !seldom(maker, 8) ? 128 : *size;
		at = roll(maker, most);
		if (seldom(maker, 6))
			*size = at + 1;
		else if (seldom(maker, 2))
			data[at] = favourites[roll(maker, sizeof(favourites))];
		else
			data[at] ^= 1 << roll(maker, 8);
	}
}

static void begin_from_seed(struct maker *maker, struct frame *frame)
{
	const struct seed *seed = &maker->seeds[roll(maker, maker->seed_count)];

	put(frame, seed->data, seed->size);
	frame->l3 = ETH_HLEN;
	frame->l4 = 0;
}

/**
 * make_frame() - an Ethernet frame that nobody has seen before
 * @maker: chance, and where to begin
 * @frame: result; where L3 and L4 begin is meant, and may have been broken
 * @most: bytes of payload
 */
void make_frame(struct maker *maker, struct frame *frame, size_t most)
{
	uint8_t macs[2 * ETH_ALEN];

	frame->size = 0;
	frame->proto = 0;
	put_mac(maker, frame, 1 + roll(maker, STATIONS));
	put_mac(maker, frame, maker->station);
	memcpy(macs, frame->data, sizeof(macs));
	if (maker->seed_count && seldom(maker, 4)) {
		frame->size = 0;
		begin_from_seed(maker, frame);
	} else {
		put_tags(maker, frame);
		put_l3(maker, frame, most);
	}
	if (seldom(maker, 2))
		break_bytes(maker, frame->data, &frame->size);
	memcpy(frame->data, macs, frame->size < sizeof(macs) ? frame->size :
							    sizeof(macs));
	if (maker->is_group)
		frame->data[0] |= 1;
	else
		frame->data[0] &= ~1;
}

static void plausible_gso(struct maker *maker, struct frame *frame)
{
	bool is_ip6 = frame->data[frame->l3 - 2] == 0x86;
	struct virtio_net_hdr *gso = &frame->gso;

	if (!frame->l4 || (frame->proto != IPPROTO_TCP && frame->proto != IPPROTO_UDP))
		return;
	gso->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	gso->csum_start = frame->l4;
	gso->csum_offset = frame->proto == IPPROTO_TCP ? 16 : 6;
	gso->gso_size = 1 + roll(maker, 1500);
	gso->hdr_len = frame->l4 + (frame->proto == IPPROTO_TCP ? 20 : 8);
	if (frame->proto == IPPROTO_UDP)
		gso->gso_type = seldom(maker, 2) ? GSO_UDP_L4 :
						   VIRTIO_NET_HDR_GSO_UDP;
	else
		gso->gso_type = is_ip6 ? VIRTIO_NET_HDR_GSO_TCPV6 :
					 VIRTIO_NET_HDR_GSO_TCPV4;
}

/* What a guest would say of the frame: nothing, the truth, a lie, nonsense. */
void make_gso(struct maker *maker, struct frame *frame)
{
	struct virtio_net_hdr *gso = &frame->gso;
	uint8_t *bytes = (uint8_t *)gso;
	size_t i;

	memset(gso, 0, sizeof(*gso));
	/* so much of it is to be readable at once */
	gso->hdr_len = seldom(maker, 2) ? ETH_HLEN + roll(maker, 100) : 0;
	if (seldom(maker, 2))
		return;
	plausible_gso(maker, frame);
	if (seldom(maker, 3))
		bytes[roll(maker, sizeof(*gso))] = roll(maker, 256);
	if (seldom(maker, 10))
		for (i = 0; i < sizeof(*gso); i++)
			bytes[i] = roll(maker, 256);
	/* a checksum over the addresses would make others of them */
	if (gso->csum_start + gso->csum_offset < ETH_HLEN)
		gso->csum_start = ETH_HLEN;
}
