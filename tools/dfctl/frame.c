// SPDX-License-Identifier: GPL-2.0
/* Frames made of what a person says about them, checksums and all. */
#include <errno.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include "frame.h"

enum {
	TYPE_IP4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_VLAN = 0x8100,
	TYPE_IP6 = 0x86dd,
	DONT_FRAGMENT = 0x4000,
	TCP_OFFSET = 5 << 4,
	TCP_WINDOW = 65535,
	/* What is sent before any port number is asked for. */
	ND_TTL = 255,
};

/**
 * struct out - bytes as they are written
 * @at: where the next goes
 * @end: behind the last that there is room for
 * @is_full: something did not fit
 */
struct out {
	uint8_t *at;
	uint8_t *end;
	bool is_full;
};

static void put(struct out *out, const void *bytes, size_t len)
{
	if ((size_t)(out->end - out->at) < len) {
		out->is_full = true;
		return;
	}
	if (bytes)
		memcpy(out->at, bytes, len);
	else
		memset(out->at, 0, len);
	out->at += len;
}

static void put8(struct out *out, uint8_t value)
{
	put(out, &value, sizeof(value));
}

static void put16(struct out *out, uint16_t value)
{
	value = htons(value);
	put(out, &value, sizeof(value));
}

static void put32(struct out *out, uint32_t value)
{
	value = htonl(value);
	put(out, &value, sizeof(value));
}

static uint32_t sum_add(uint32_t sum, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum += (uint32_t)data[i] << (i % 2 ? 0 : 8);
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void sum_store(uint8_t *at, uint32_t sum)
{
	uint16_t value = htons(sum_fold(sum));

	memcpy(at, &value, sizeof(value));
}

static size_t address_len(const struct dfctl_frame *frame)
{
	return frame->is_ip6 ? 16 : 4;
}

/* Of the addresses, the protocol and the length of what follows. */
static uint32_t pseudo_sum(const struct dfctl_frame *frame, uint8_t proto, size_t len)
{
	uint32_t sum = proto + (uint32_t)len;

	sum = sum_add(sum, frame->src, address_len(frame));
	return sum_add(sum, frame->dst, address_len(frame));
}

static bool is_icmp(const struct dfctl_frame *frame)
{
	return frame->proto == (frame->is_ip6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

/* Where the checksum of the L4 header is; 0 if it has none that we know. */
static size_t put_l4(struct out *out, const struct dfctl_frame *frame)
{
	if (is_icmp(frame)) {
		put8(out, frame->type);
		put8(out, frame->code);
		put16(out, 0);
		put16(out, frame->sport);
		put16(out, 1);
		return 2;
	}
	switch (frame->proto) {
	case IPPROTO_TCP:
		put16(out, frame->sport);
		put16(out, frame->dport);
		put32(out, 1);
		put32(out, 0);
		put8(out, TCP_OFFSET);
		put8(out, frame->tcp_flags);
		put16(out, TCP_WINDOW);
		put32(out, 0);
		return 16;
	case IPPROTO_UDP:
		put16(out, frame->sport);
		put16(out, frame->dport);
		put16(out, (uint16_t)(8 + frame->len));
		put16(out, 0);
		return 6;
	case IPPROTO_SCTP:
		/* An INIT without parameters. Its CRC is left out. */
		put16(out, frame->sport);
		put16(out, frame->dport);
		put32(out, 0);
		put32(out, 0);
		put32(out, 0x01000014);
		put32(out, 1);
		put32(out, 65535);
		put32(out, 0x00010001);
		put32(out, 1);
		return 0;
	default:
		return 0;
	}
}

/* A question for the Ethernet address that goes with an IP address. */
static size_t put_solicitation(struct out *out, const struct dfctl_frame *frame)
{
	put8(out, ND_NEIGHBOR_SOLICIT);
	put8(out, 0);
	put16(out, 0);
	put32(out, 0);
	put(out, frame->asked, 16);
	put8(out, ND_OPT_SOURCE_LINKADDR);
	put8(out, 1);
	put(out, frame->src_mac, sizeof(frame->src_mac));
	return 2;
}

static void put_ip4(struct out *out, const struct dfctl_frame *frame, size_t len)
{
	uint8_t *begin = out->at;

	put16(out, 0x4500);
	put16(out, (uint16_t)(20 + len));
	put16(out, 0);
	put16(out, DONT_FRAGMENT);
	put8(out, frame->ttl);
	put8(out, frame->proto);
	put16(out, 0);
	put(out, frame->src, 4);
	put(out, frame->dst, 4);
	if (!out->is_full)
		sum_store(begin + 10, sum_add(0, begin, 20));
}

static void put_ip6(struct out *out, const struct dfctl_frame *frame, size_t len)
{
	put32(out, 6U << 28);
	put16(out, (uint16_t)len);
	put8(out, frame->proto);
	put8(out, frame->ttl);
	put(out, frame->src, 16);
	put(out, frame->dst, 16);
}

static void put_ip(struct out *out, const struct dfctl_frame *frame)
{
	/* The longest of them is the head of SCTP. */
	uint8_t l4[DFCTL_FRAME_MAX];
	struct out rest = { .at = l4, .end = l4 + sizeof(l4) };
	size_t sum_at, len;
	uint32_t sum = 0;

	if (frame->kind == DFCTL_FRAME_ND) {
		sum_at = put_solicitation(&rest, frame);
	} else {
		sum_at = put_l4(&rest, frame);
		/* What follows an INIT would have to be another chunk. */
		if (frame->proto != IPPROTO_SCTP)
			put(&rest, NULL, frame->len);
	}
	len = (size_t)(rest.at - l4);
	if (!is_icmp(frame) || frame->is_ip6)
		sum = pseudo_sum(frame, frame->proto, len);
	if (sum_at)
		sum_store(l4 + sum_at, sum_add(sum, l4, len));
	if (frame->is_ip6)
		put_ip6(out, frame, len);
	else
		put_ip4(out, frame, len);
	put(out, l4, len);
	out->is_full |= rest.is_full;
}

static void put_arp(struct out *out, const struct dfctl_frame *frame)
{
	put16(out, 1);
	put16(out, TYPE_IP4);
	put8(out, 6);
	put8(out, 4);
	put16(out, 1);
	put(out, frame->src_mac, 6);
	put(out, frame->src, 4);
	put(out, NULL, 6);
	put(out, frame->dst, 4);
}

/* What questions of neighbour discovery have in common. */
static struct dfctl_frame solicitation(const struct dfctl_frame *frame)
{
	struct dfctl_frame out = *frame;

	out.proto = IPPROTO_ICMPV6;
	out.ttl = ND_TTL;
	return out;
}

/**
 * dfctl_frame_build - write a frame
 * @buf: where
 * @size: room
 * @frame: what it says
 *
 * Return: its length; 0 if there is not enough room.
 */
size_t dfctl_frame_build(uint8_t *buf, size_t size, const struct dfctl_frame *frame)
{
	struct out out = { .at = buf, .end = buf + size };
	struct dfctl_frame asked = solicitation(frame);

	put(&out, frame->dst_mac, 6);
	put(&out, frame->src_mac, 6);
	if (frame->vlan >= 0) {
		put16(&out, TYPE_VLAN);
		put16(&out, (uint16_t)frame->vlan);
	}
	if (frame->kind == DFCTL_FRAME_ARP) {
		put16(&out, TYPE_ARP);
		put_arp(&out, frame);
	} else {
		put16(&out, frame->is_ip6 ? TYPE_IP6 : TYPE_IP4);
		put_ip(&out, frame->kind == DFCTL_FRAME_ND ? &asked : frame);
	}
	return out.is_full ? 0 : (size_t)(out.at - buf);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/**
 * dfctl_frame_parse_hex - read a frame that is written as digits
 * @buf: where it goes
 * @size: room
 * @text: pairs of digits, between which there may be blanks and colons
 *
 * Return: its length or -EINVAL.
 */
int dfctl_frame_parse_hex(uint8_t *buf, size_t size, const char *text)
{
	size_t len = 0;

	while (*text) {
		int high, low;

		if (strchr(" :\t\n", *text)) {
			text++;
			continue;
		}
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0 || len == size)
			return -EINVAL;
		buf[len++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return (int)len;
}
