// SPDX-License-Identifier: GPL-2.0
/*
 * The packet parser against packets of every protocol that it knows, whole,
 * cut at every byte, broken in every length field, and with every amount of
 * readable bytes. A packet always lies in memory of exactly its readable size,
 * so that AddressSanitizer sees any byte that is read and must not be.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "key.h"

#include <cmocka.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

struct vector {
	const char *name;
	size_t size;		/* bytes; @frame may omit zeros at the end */
	const char *frame;	/* hexadecimal */
	const char *key;	/* hexadecimal, from @eth_dst on; none if refused */
	uint16_t vlan_tci;
	bool is_gso;
	int result;
	uint16_t l3, l4;
};

#include "key_vectors.h"

enum {
	KEY_FILLED = sizeof(struct df_key) - offsetof(struct df_key, eth_dst),
	FRAME_MAX = 16384,
};

/* What one call answered; key and info count only if result is 0. */
struct answer {
	int result;
	struct df_key key;
	struct df_key_info info;
};

static uint8_t unhex_digit(char digit)
{
	return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

static size_t unhex(uint8_t *to, const char *from)
{
	size_t n;

	for (n = 0; from[2 * n]; n++)
		to[n] = unhex_digit(from[2 * n]) << 4 |
			unhex_digit(from[2 * n + 1]);
	return n;
}

static void load_frame(uint8_t *frame, const struct vector *vector)
{
	assert_true(vector->size <= FRAME_MAX);
	memset(frame, 0, FRAME_MAX);
	assert_true(unhex(frame, vector->frame) <= vector->size);
}

static bool is_same_info(const struct df_key_info *a,
			 const struct df_key_info *b)
{
	return a->l3 == b->l3 && a->l4 == b->l4 && a->end == b->end &&
	       a->nd_lladdr == b->nd_lladdr && a->tcp_flags == b->tcp_flags;
}

static bool is_same(const struct answer *a, const struct answer *b)
{
	if (a->result != b->result)
		return false;
	return a->result || (!memcmp(&a->key, &b->key, sizeof(a->key)) &&
			     is_same_info(&a->info, &b->info));
}

/* Parse once, with what was in the key before set to @fill. */
static struct answer parse_filled(const uint8_t *frame, size_t linear,
				  size_t len, const struct vector *vector,
				  uint8_t fill)
{
	struct answer answer;
	struct df_pkt_bytes pkt = {
		.linear = linear,
		.len = len,
		.vlan_tci = vector->vlan_tci,
		.is_gso = vector->is_gso,
	};
	uint8_t *copy = malloc(linear ? linear : 1);

	assert_non_null(copy);
	memcpy(copy, frame, linear);
	pkt.data = copy;
	memset(&answer, fill, sizeof(answer));
	answer.key.in_port = 1;
	answer.key.tun_id = 2;
	answer.result = df_key_parse(&answer.key, &answer.info, &pkt);
	assert_int_equal(answer.key.in_port, 1);
	assert_int_equal(answer.key.tun_id, 2);
	free(copy);
	return answer;
}

/* Parse, and check that every byte of the answer was set. */
static struct answer parse(const uint8_t *frame, size_t linear, size_t len,
			   const struct vector *vector)
{
	struct answer a = parse_filled(frame, linear, len, vector, 0x00);
	struct answer b = parse_filled(frame, linear, len, vector, 0xff);

	if (!is_same(&a, &b))
		fail_msg("%s: the answer depends on what was there before",
			 vector->name);
	return a;
}

/* As the packet path does: pull what is asked for and parse again. */
static struct answer parse_pulling(const uint8_t *frame, size_t linear,
				   size_t len, const struct vector *vector)
{
	struct answer answer = parse(frame, linear, len, vector);
	unsigned int pulls;

	for (pulls = 0; answer.result < 0; pulls++) {
		if (pulls == DF_KEY_PULLS)
			fail_msg("%s: more pulls than promised", vector->name);
		if ((size_t)-answer.result <= linear ||
		    (size_t)-answer.result > len)
			fail_msg("%s: asks for %d of %zu bytes and has %zu",
				 vector->name, -answer.result, len, linear);
		linear = -answer.result;
		answer = parse(frame, linear, len, vector);
	}
	return answer;
}

static void check_vector(const struct vector *vector)
{
	const size_t begin = offsetof(struct df_key, eth_dst);
	uint8_t frame[FRAME_MAX], want[KEY_FILLED], got[KEY_FILLED];
	struct answer answer;
	size_t i;

	load_frame(frame, vector);
	answer = parse(frame, vector->size, vector->size, vector);
	if (answer.result != vector->result)
		fail_msg("%s: result %d, want %d", vector->name, answer.result,
			 vector->result);
	if (answer.result)
		return;
	assert_int_equal(unhex(want, vector->key), KEY_FILLED);
	memcpy(got, (uint8_t *)&answer.key + begin, KEY_FILLED);
	for (i = 0; i < KEY_FILLED; i++)
		if (want[i] != got[i])
			fail_msg("%s: byte %zu of the key is %02x, want %02x",
				 vector->name, i + begin, got[i], want[i]);
	if (answer.info.l3 != vector->l3 || answer.info.l4 != vector->l4)
		fail_msg("%s: offsets %u and %u, want %u and %u", vector->name,
			 answer.info.l3, answer.info.l4, vector->l3,
			 vector->l4);
}

static void every_packet_is_read_as_scapy_reads_it(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(vectors); i++)
		check_vector(&vectors[i]);
}

/*
 * Cut to @n bytes, a packet is dropped; unless what was cut off was padding or
 * nothing that the parser looks at, and then it is the same packet still.
 */
static void check_cut(const struct vector *vector, const uint8_t *frame,
		      const struct answer *whole, size_t n)
{
	struct answer cut = parse(frame, n, n, vector);

	if (cut.result == DRAGONFLOW_DROP_REASON_MALFORMED ||
	    cut.result == DRAGONFLOW_DROP_REASON_TRUNCATED)
		return;
	if (cut.result)
		fail_msg("%s cut to %zu: result %d", vector->name, n,
			 cut.result);
	if (whole->result)
		return;
	if (memcmp(&cut.key, &whole->key, sizeof(cut.key)))
		fail_msg("%s cut to %zu: misread", vector->name, n);
	if (whole->info.l4 && n < whole->info.end && !vector->is_gso)
		fail_msg("%s cut to %zu: its length field was not believed",
			 vector->name, n);
}

static void a_packet_cut_anywhere_is_never_misread(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct answer whole;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		load_frame(frame, &vectors[i]);
		whole = parse(frame, vectors[i].size, vectors[i].size,
			      &vectors[i]);
		for (n = 0; n < vectors[i].size; n++)
			check_cut(&vectors[i], frame, &whole, n);
	}
}

static void a_cut_inside_the_first_headers_is_truncated(void **state)
{
	uint8_t frame[FRAME_MAX];
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		size_t l3 = vectors[i].l3 ? vectors[i].l3 : ETH_HLEN;

		load_frame(frame, &vectors[i]);
		for (n = 0; n < l3 && n < vectors[i].size; n++)
			assert_int_equal(parse(frame, n, n, &vectors[i]).result,
					 DRAGONFLOW_DROP_REASON_TRUNCATED);
		for (n = l3; vectors[i].l3 && n < l3 + 20; n++)
			assert_int_equal(parse(frame, n, n, &vectors[i]).result,
					 DRAGONFLOW_DROP_REASON_TRUNCATED);
	}
}

static void paged_bytes_are_asked_for_and_change_nothing(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct answer whole, pulled;
	size_t i, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *vector = &vectors[i];

		load_frame(frame, vector);
		whole = parse(frame, vector->size, vector->size, vector);
		for (n = 0; n < vector->size; n++) {
			pulled = parse_pulling(frame, n, vector->size, vector);
			if (!is_same(&whole, &pulled))
				fail_msg("%s with %zu bytes readable: differs",
					 vector->name, n);
		}
	}
}

static bool is_neighbour_discovery(const struct df_key *key)
{
	return key->ip_proto == 58 && ntohs(key->l4_src) >= 133 &&
	       ntohs(key->l4_src) <= 136;
}

static void a_packet_asks_for_its_headers_only(void **state)
{
	uint8_t frame[FRAME_MAX];
	struct answer answer;
	size_t i, headers;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *vector = &vectors[i];

		load_frame(frame, vector);
		answer = parse(frame, vector->size, vector->size, vector);
		/* Of these, all options are looked at. */
		if (answer.result || is_neighbour_discovery(&answer.key))
			continue;
		headers = vector->l4 ? vector->l4 + 20u :
				       vector->l3 + 40u + DF_KEY_EXT_BYTES;
		if (headers >= vector->size)
			continue;
		answer = parse(frame, headers, vector->size, vector);
		if (answer.result)
			fail_msg("%s: %zu bytes are not enough: %d",
				 vector->name, headers, answer.result);
	}
}

/* No pair of wrong bytes makes the parser read what is not there. */
static void any_two_wrong_bytes_are_survived(void **state)
{
	static const uint8_t wrong[] = { 0x00, 0x01, 0x3c, 0x7f, 0x80, 0xff };
	uint8_t frame[FRAME_MAX];
	size_t i, at, other;

	(void)state;
	srand(1);
	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		const struct vector *vector = &vectors[i];
		size_t end = vector->size < 128 ? vector->size : 128;

		for (at = 12; at < end; at++) {
			load_frame(frame, vector);
			frame[at] = wrong[rand() % ARRAY_SIZE(wrong)];
			other = 12 + rand() % (end - 12);
			frame[other] = wrong[rand() % ARRAY_SIZE(wrong)];
			parse_pulling(frame, at, vector->size, vector);
			parse(frame, at, at, vector);
		}
	}
}

static const struct vector *vector_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++)
		if (!strcmp(vectors[i].name, name))
			return &vectors[i];
	fail_msg("no vector %s", name);
	return NULL;
}

static struct answer answer_to(const char *name)
{
	const struct vector *vector = vector_of(name);
	uint8_t frame[FRAME_MAX];

	load_frame(frame, vector);
	return parse(frame, vector->size, vector->size, vector);
}

static void what_no_entry_matches_on_is_found(void **state)
{
	(void)state;
	/* SYN and ACK */
	assert_int_equal(answer_to("ip4 tcp").info.tcp_flags, 0x12);
	assert_int_equal(answer_to("ip4 udp").info.tcp_flags, 0);
	/* Ethernet, IPv6, message, and two bytes of the option */
	assert_int_equal(answer_to("ip6 ns").info.nd_lladdr, 14 + 40 + 24 + 2);
	assert_int_equal(answer_to("ip6 rs").info.nd_lladdr, 14 + 40 + 8 + 2);
	assert_int_equal(answer_to("ip6 ra").info.nd_lladdr,
			 14 + 40 + 16 + 8 + 2);
	assert_int_equal(answer_to("ip6 ns without option").info.nd_lladdr, 0);
	/* Padding is not part of the packet. */
	assert_int_equal(answer_to("ip4 tcp, padded").info.end, 14 + 20 + 20);
	assert_int_equal(answer_to("ip6 tcp, padded").info.end, 14 + 40 + 20);
	assert_int_equal(answer_to("ip4 gso of no length").info.end,
			 14 + 20 + 20 + 3000);
}

/* Another frame of class l2 must not be able to look like this one. */
static void keys_of_a_class_are_prefixes(void **state)
{
	(void)state;
	assert_int_equal(DF_KEY_SIZE_L2, 24);
	assert_int_equal(DF_KEY_SIZE_L3, 60);
	assert_int_equal(DF_KEY_SIZE_CONNECTION, 64);
	assert_int_equal(sizeof(struct df_key), 64);
	assert_int_equal(offsetof(struct df_key, src), 28);
	assert_int_equal(offsetof(struct df_key, dst), 44);
}

/* It judges DHCP by UDP ports, and ICMPv6 by its type. */
static void what_port_security_judges_by_l4_is_told_apart(void **state)
{
	static const struct {
		uint8_t proto;
		uint16_t src, dst;
		bool want;
	} cases[] = {
		{ IPPROTO_UDP, 67, 1000, true }, { IPPROTO_UDP, 1000, 67, false },
		{ IPPROTO_UDP, 1000, 68, true }, { IPPROTO_UDP, 68, 67, false },
		{ IPPROTO_UDP, 547, 9, true }, { IPPROTO_UDP, 546, 547, false },
		{ IPPROTO_UDP, 9, 546, true }, { IPPROTO_UDP, 9, 9, false },
		{ IPPROTO_TCP, 67, 68, false }, { IPPROTO_ICMP, 5, 0, false },
		{ IPPROTO_ICMPV6, 128, 0, true }, { 0, 0, 0, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct df_key key = {
			.ip_proto = cases[i].proto,
			.l4_src = htons(cases[i].src),
			.l4_dst = htons(cases[i].dst),
		};

		if (df_key_is_guarded(&key) != cases[i].want)
			fail_msg("protocol %d, %d to %d", cases[i].proto,
				 cases[i].src, cases[i].dst);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_packet_is_read_as_scapy_reads_it),
		cmocka_unit_test(a_packet_cut_anywhere_is_never_misread),
		cmocka_unit_test(a_cut_inside_the_first_headers_is_truncated),
		cmocka_unit_test(paged_bytes_are_asked_for_and_change_nothing),
		cmocka_unit_test(a_packet_asks_for_its_headers_only),
		cmocka_unit_test(any_two_wrong_bytes_are_survived),
		cmocka_unit_test(what_no_entry_matches_on_is_found),
		cmocka_unit_test(keys_of_a_class_are_prefixes),
		cmocka_unit_test(what_port_security_judges_by_l4_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
