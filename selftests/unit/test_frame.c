// SPDX-License-Identifier: GPL-2.0
/* Frames that dfctl trace makes: right lengths and checksums; captures. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <cmocka.h>

#include "tools/dfctl/frame.h"

enum { ETHERNET = 14, IP4 = 20, IP6 = 40 };

static struct dfctl_frame packet(bool is_ip6, uint8_t proto)
{
	struct dfctl_frame frame = {
		.is_ip6 = is_ip6,
		.src_mac = { 2, 0, 0, 0, 0, 1 },
		.dst_mac = { 2, 0, 0, 0, 0, 2 },
		.vlan = -1,
		.proto = proto,
		.ttl = 64,
		.sport = 40000,
		.dport = 443,
		.type = is_ip6 ? 128 : 8,
		.tcp_flags = 2,
		.len = 5,
	};

	inet_pton(is_ip6 ? AF_INET6 : AF_INET, is_ip6 ? "2001:db8::1" : "192.0.2.1", frame.src);
	inet_pton(is_ip6 ? AF_INET6 : AF_INET, is_ip6 ? "2001:db8::2" : "192.0.2.2", frame.dst);
	return frame;
}

static uint32_t sum(uint32_t from, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		from += (uint32_t)data[i] << (i % 2 ? 0 : 8);
	while (from >> 16)
		from = (from & 0xffff) + (from >> 16);
	return from;
}

static uint16_t word(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Where the L4 header begins; the IP header is right. */
static const uint8_t *check_ip(const uint8_t *buf, size_t len, bool is_ip6, uint8_t proto)
{
	const uint8_t *ip = buf + ETHERNET;

	assert_int_equal(word(buf + 12), is_ip6 ? 0x86dd : 0x800);
	if (is_ip6) {
		assert_int_equal(word(ip + 4), len - ETHERNET - IP6);
		assert_int_equal(ip[6], proto);
		assert_int_equal(ip[7], 64);
		return ip + IP6;
	}
	assert_int_equal(sum(0, ip, IP4), 0xffff);
	assert_int_equal(word(ip + 2), len - ETHERNET);
	assert_int_equal(ip[8], 64);
	assert_int_equal(ip[9], proto);
	return ip + IP4;
}

static void sums_and_lengths_are_right(void **state)
{
	static const struct {
		uint8_t proto[2];
		bool has_pseudo4;
		size_t head;
	} cases[] = {
		{ { IPPROTO_TCP, IPPROTO_TCP }, true, 20 },
		{ { IPPROTO_UDP, IPPROTO_UDP }, true, 8 },
		{ { IPPROTO_ICMP, IPPROTO_ICMPV6 }, false, 8 },
	};
	uint8_t buf[256];
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		bool is_ip6 = i % 2;
		uint8_t proto = cases[i / 2].proto[is_ip6];
		struct dfctl_frame frame = packet(is_ip6, proto);
		size_t len = dfctl_frame_build(buf, sizeof(buf), &frame), rest;
		size_t address = is_ip6 ? 16 : 4;
		const uint8_t *l4 = check_ip(buf, len, is_ip6, proto);
		uint32_t pseudo = 0;

		rest = len - (size_t)(l4 - buf);
		assert_int_equal(rest, cases[i / 2].head + 5);
		if (is_ip6 || cases[i / 2].has_pseudo4) {
			pseudo = sum(proto + (uint32_t)rest, frame.src, address);
			pseudo = sum(pseudo, frame.dst, address);
		}
		assert_int_equal(sum(pseudo, l4, rest), 0xffff);
	}
}

static void questions_ask_for_an_address(void **state)
{
	struct dfctl_frame arp = packet(false, 0), nd = packet(true, 0);
	const uint8_t *l4;
	uint8_t buf[128];
	size_t len;

	(void)state;
	arp.kind = DFCTL_FRAME_ARP;
	assert_int_equal(dfctl_frame_build(buf, sizeof(buf), &arp), ETHERNET + 28);
	assert_int_equal(word(buf + 12), 0x806);
	assert_int_equal(word(buf + ETHERNET + 6), 1);
	assert_memory_equal(buf + ETHERNET + 14, arp.src, 4);
	assert_memory_equal(buf + ETHERNET + 24, arp.dst, 4);

	nd.kind = DFCTL_FRAME_ND;
	inet_pton(AF_INET6, "ff02::1:ff00:2", nd.dst);
	inet_pton(AF_INET6, "2001:db8::2", nd.asked);
	len = dfctl_frame_build(buf, sizeof(buf), &nd);
	l4 = buf + ETHERNET + IP6;
	assert_int_equal(len, ETHERNET + IP6 + 32);
	assert_int_equal(buf[ETHERNET + 7], 255);
	assert_int_equal(l4[0], 135);
	assert_memory_equal(l4 + 8, nd.asked, 16);
	assert_memory_equal(l4 + 26, nd.src_mac, 6);
	assert_int_equal(sum(sum(sum(IPPROTO_ICMPV6 + 32, nd.src, 16), nd.dst, 16), l4, 32),
			 0xffff);
}

static void a_tag_comes_before_the_type(void **state)
{
	struct dfctl_frame frame = packet(false, IPPROTO_UDP);
	uint8_t buf[128];

	(void)state;
	frame.vlan = 5;
	assert_int_equal(dfctl_frame_build(buf, sizeof(buf), &frame), ETHERNET + 4 + IP4 + 13);
	assert_int_equal(word(buf + 12), 0x8100);
	assert_int_equal(word(buf + 14), 5);
	assert_int_equal(word(buf + 16), 0x800);
}

static void what_has_no_room_is_not_made(void **state)
{
	struct dfctl_frame frame = packet(true, IPPROTO_TCP);
	size_t len, size;
	uint8_t buf[128];

	(void)state;
	len = dfctl_frame_build(buf, sizeof(buf), &frame);
	for (size = 0; size < len; size++)
		assert_int_equal(dfctl_frame_build(buf, size, &frame), 0);
	frame.len = DFCTL_FRAME_MAX;
	assert_int_equal(dfctl_frame_build(buf, sizeof(buf), &frame), 0);
}

static void digits_are_bytes(void **state)
{
	static const uint8_t want[] = { 2, 0xab, 0xcd };
	uint8_t buf[3];

	(void)state;
	assert_int_equal(dfctl_frame_parse_hex(buf, 3, "02:ab CD"), 3);
	assert_memory_equal(buf, want, 3);
	assert_int_equal(dfctl_frame_parse_hex(buf, 3, ""), 0);
	assert_int_equal(dfctl_frame_parse_hex(buf, 3, "0"), -EINVAL);
	assert_int_equal(dfctl_frame_parse_hex(buf, 3, "0g"), -EINVAL);
	assert_int_equal(dfctl_frame_parse_hex(buf, 3, "00000000"), -EINVAL);
}

static size_t put(uint8_t *file, size_t at, const uint32_t *words, size_t count, bool swap)
{
	size_t i;

	for (i = 0; i < count; i++, at += 4) {
		uint32_t value = swap ? __builtin_bswap32(words[i]) : words[i];

		memcpy(file + at, &value, 4);
	}
	return at;
}

/* A capture of two frames of 20 bytes, 1s and 2s, of which @captured are there. */
static size_t capture(uint8_t *file, uint32_t magic, uint32_t link, uint32_t captured, bool swap)
{
	const uint32_t head[] = { magic, 0x40002, 0, 0, 65535, link };
	const uint32_t packet_head[] = { 1, 2, captured, 20 };
	size_t at = put(file, 0, head, 6, swap);
	int i;

	for (i = 1; i <= 2; i++) {
		at = put(file, at, packet_head, 4, swap);
		memset(file + at, i, captured);
		at += captured;
	}
	return at;
}

static void frames_are_found_in_captures(void **state)
{
	const uint8_t *frame = NULL;
	const char *why = NULL;
	uint8_t file[256];
	size_t size;
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		size = capture(file, i & 1 ? 0xa1b23c4d : 0xa1b2c3d4, 1, 20, i & 2);
		assert_int_equal(dfctl_pcap_find(file, size, 1, &frame, &why), 20);
		assert_int_equal(frame[0], 1);
		assert_int_equal(dfctl_pcap_find(file, size, 2, &frame, &why), 20);
		assert_int_equal(frame[19], 2);
		assert_int_equal(dfctl_pcap_find(file, size, 3, &frame, &why), -EINVAL);
		assert_non_null(strstr(why, "no such packet"));
		assert_int_equal(dfctl_pcap_find(file, size - 1, 2, &frame, &why), -EINVAL);
		assert_non_null(strstr(why, "ends inside"));
	}
	size = capture(file, 0xa1b2c3d4, 113, 20, false);
	assert_int_equal(dfctl_pcap_find(file, size, 1, &frame, &why), -EINVAL);
	assert_non_null(strstr(why, "no Ethernet"));
	size = capture(file, 0xa1b2c3d4, 1, 16, false);
	assert_int_equal(dfctl_pcap_find(file, size, 1, &frame, &why), -EINVAL);
	assert_non_null(strstr(why, "whole packet"));
	size = capture(file, 0x0a0d0d0a, 1, 20, false);
	assert_int_equal(dfctl_pcap_find(file, size, 1, &frame, &why), -EINVAL);
	assert_non_null(strstr(why, "pcapng"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_and_lengths_are_right),
		cmocka_unit_test(questions_ask_for_an_address),
		cmocka_unit_test(a_tag_comes_before_the_type),
		cmocka_unit_test(what_has_no_room_is_not_made),
		cmocka_unit_test(digits_are_bytes),
		cmocka_unit_test(frames_are_found_in_captures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
