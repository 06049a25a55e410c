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
	ROUTER = 254,	/* host of routers, and the station that they are */
	PIECE = 64,	/* bytes of a fragment, */
	PIECES = 3,	/* and how many there are of a packet */
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

static uint8_t some_host(struct maker *maker)
{
	return seldom(maker, 12) ? ROUTER : roll(maker, STATIONS);
}

static uint8_t some_ttl(struct maker *maker)
{
	return seldom(maker, 6) ? roll(maker, 4) : 64;
}

/* 0 is the network itself; there are ways to the others, or there should be. */
static uint8_t some_network(struct maker *maker)
{
	static const uint8_t networks[] = { 0, 0, 0, 2, 2, 3, 4, 5 };

	return networks[roll(maker, sizeof(networks))];
}

static void put_address4(struct frame *frame, uint8_t network, uint8_t host)
{
	if (network)
		put(frame, (uint8_t[]){ 10, 0, network, host }, 4);
	else
		put(frame, (uint8_t[]){ 192, 0, 2, host }, 4);
}

static void put_address6(struct frame *frame, uint8_t network, uint8_t host)
{
	put(frame, (uint8_t[]){ 0x20, 1, 0x0d, 0xb8, 0, 0, 0, network }, 8);
	put_zeroes(frame, 7);
	put8(frame, host);
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

/* A question or a claim that could be true. */
static void put_neighbour(struct maker *maker, struct frame *frame)
{
	bool is_claim = seldom(maker, 2);

	put8(frame, is_claim ? 136 : 135);
	put_zeroes(frame, 3);
	put8(frame, is_claim ? roll(maker, 8) << 5 : 0);
	put_zeroes(frame, 3);
	put_address6(frame, 0, some_host(maker));
	put8(frame, is_claim ? 2 : 1);
	put8(frame, 1);
	put_mac(maker, frame, maker->station);
}

/* Neighbour discovery: the fixed part of any type, and options. */
static void put_nd(struct maker *maker, struct frame *frame)
{
	int n;

	if (seldom(maker, 2)) {
		put_neighbour(maker, frame);
		return;
	}
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

/* Something that went wrong with a datagram that might have been sent. */
static void put_quote(struct maker *maker, struct frame *frame)
{
	put(frame, (uint8_t[]){ 0x45, 0, 0, 28, 0, 0, 0, 0, 64, IPPROTO_UDP, 0, 0 }, 12);
	put_address4(frame, some_network(maker), some_host(maker));
	put_address4(frame, 0, some_host(maker));
	put16(frame, 53);
	put16(frame, roll(maker, 4));
	put16(frame, 8);
	put16(frame, 0);
}

static void put_icmp(struct maker *maker, struct frame *frame, size_t most)
{
	static const uint8_t types[] = { 8, 8, 0, 3, 3, 11, 12, 5, 13 };
	uint8_t type = seldom(maker, 8) ? roll(maker, 256) :
					  types[roll(maker, sizeof(types))];
	size_t at = frame->size;

	put8(frame, type);
	put8(frame, seldom(maker, 2) ? roll(maker, 16) : 0);
	put_zeroes(frame, 4);
	put16(frame, roll(maker, 3));
	if (type == 3 || type == 11 || type == 12)
		put_quote(maker, frame);
	put_payload(maker, frame, most);
	set16(frame, at + 2, inet_sum(frame->data + at, frame->size - at, 0));
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
	case IPPROTO_ICMP:
		put_icmp(maker, frame, most);
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

/*
 * A piece of a datagram of which all are alike, so that it is whole with any piece of
 * each kind. Returns where in the datagram it is, as IPv6 says it: flag and all.
 */
static uint16_t some_piece(struct maker *maker)
{
	uint32_t number = roll(maker, PIECES);

	return number * PIECE | (number < PIECES - 1);
}

static void put_piece(struct frame *frame, uint16_t piece)
{
	size_t left = PIECE;

	frame->l4 = 0;
	if (piece < PIECE) {
		put16(frame, 1);
		put16(frame, 53);
		put16(frame, PIECES * PIECE);
		put16(frame, 0);
		left -= 8;
	}
	put_zeroes(frame, left);
}

static void put_ip4(struct maker *maker, struct frame *frame, size_t most)
{
	size_t at = frame->size, words = seldom(maker, 5) ? 5 + roll(maker, 11) : 5;
	bool is_piece = seldom(maker, 8);
	uint16_t piece = some_piece(maker);

	frame->proto = is_piece ? IPPROTO_UDP : some_proto(maker);
	put8(frame, 0x40 | words);
	put8(frame, 0);
	put16(frame, 0);
	put16(frame, roll(maker, 3));
	put16(frame, is_piece ? piece >> 3 | (piece & 1) << 13 : some_fragment(maker));
	put8(frame, some_ttl(maker));
	put8(frame, frame->proto);
	put16(frame, 0);
	put_address4(frame, 0, seldom(maker, 2) ? maker->station : some_host(maker));
	put_address4(frame, some_network(maker), some_host(maker));
	put_random(maker, frame, 4 * (words - 5));
	if (is_piece)
		put_piece(frame, piece);
	else
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

static void put_head6(struct maker *maker, struct frame *frame, uint8_t next)
{
	bool is_near = next == IPPROTO_ICMPV6 && !seldom(maker, 4);
	uint8_t hops = is_near ? 255 : some_ttl(maker);

	put(frame, (uint8_t[]){ 0x60, 0, 0, 0, 0, 0, next, hops }, 8);
	put_address6(frame, 0, seldom(maker, 2) ? maker->station : some_host(maker));
	put_address6(frame, is_near ? 0 : some_network(maker), some_host(maker));
}

static void put_piece6(struct maker *maker, struct frame *frame)
{
	uint16_t piece = some_piece(maker);

	frame->proto = IPPROTO_UDP;
	put_head6(maker, frame, IPPROTO_FRAGMENT);
	put8(frame, IPPROTO_UDP);
	put8(frame, 0);
	put16(frame, piece);
	put16(frame, 0);
	put16(frame, roll(maker, 3));
	put_piece(frame, piece);
}

static void put_chain6(struct maker *maker, struct frame *frame, size_t most)
{
	static const uint8_t kinds[] = {
		IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_AH,
		IPPROTO_HOPOPTS,
	};
	int i, count = seldom(maker, 2) ? 0 : roll(maker, EXTENSIONS);
	uint8_t chain[EXTENSIONS + 1];

	for (i = 0; i < count; i++)
		chain[i] = kinds[roll(maker, sizeof(kinds))];
	if (count && seldom(maker, 2))
		chain[0] = IPPROTO_HOPOPTS;
	frame->proto = some_proto(maker);
	chain[count] = frame->proto;
	put_head6(maker, frame, chain[0]);
	for (i = 0; i < count; i++)
		put_extension(maker, frame, chain[i], chain[i + 1]);
	put_l4(maker, frame, most);
}

/* Who hears of neighbours and routers looks at the checksum. */
static void sum_icmp6(struct frame *frame, size_t at)
{
	size_t l4 = at + IP6_LEN, size = frame->size - l4;
	uint16_t addresses = ~inet_sum(frame->data + at + IP6_ADDRESSES, 32, 0);

	if (frame->l4 == l4 && frame->proto == IPPROTO_ICMPV6 && size >= 4)
		set16(frame, l4 + 2, inet_sum(frame->data + l4, size,
					      addresses + IPPROTO_ICMPV6 + size));
}

static void put_ip6(struct maker *maker, struct frame *frame, size_t most)
{
	size_t at = frame->size;

	if (seldom(maker, 8))
		put_piece6(maker, frame);
	else
		put_chain6(maker, frame, most);
	set16(frame, at + 4, frame->size - at - IP6_LEN);
	if (!seldom(maker, 8))
		sum_icmp6(frame, at);
}

static void put_arp(struct maker *maker, struct frame *frame)
{
	put(frame, (uint8_t[]){ 0, 1, 8, 0, 6, 4 }, 6);
	put16(frame, 1 + roll(maker, 2));
	if (seldom(maker, 2)) {
		put_random(maker, frame, 20);
	} else {
		put_mac(maker, frame, maker->station);
		put_address4(frame, 0, some_host(maker));
		put_zeroes(frame, 6);
		put_address4(frame, 0, some_host(maker));
	}
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
	if (seldom(maker, 3))
		put_mac(maker, frame, ROUTER);
	else
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
