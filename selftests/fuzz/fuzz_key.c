// SPDX-License-Identifier: GPL-2.0
/*
 * The packet parser under libFuzzer. The first bytes of an input say how much
 * of it can be read, what is kept beside it and whether it is GSO, the others
 * are the packet. Beyond not reading what is not there, the answer must
 *  - be one of those that are promised,
 *  - not depend on what the key held before,
 *  - not depend on how much was readable at first,
 *  - point to places inside of the packet.
 */
#include "fuzz.h"
#include "key.h"

enum {
	HEAD = 4,	/* how an input is read, see below */
};

static int parse(struct df_key *key, struct df_key_info *info,
		 const struct df_pkt_bytes *whole, size_t linear, uint8_t fill)
{
	struct df_pkt_bytes pkt = *whole;
	uint8_t *copy = fuzz_copy(whole->data, linear);
	int result;

	memset(key, fill, sizeof(*key));
	memset(info, fill, sizeof(*info));
	key->in_port = 0;
	key->tun_id = 0;
	pkt.data = copy;
	pkt.linear = linear;
	result = df_key_parse(key, info, &pkt);
	free(copy);
	return result;
}

static int parse_pulling(struct df_key *key, struct df_key_info *info,
			 const struct df_pkt_bytes *whole)
{
	size_t linear = whole->linear;
	unsigned int pulls = 0;
	int result;

	while ((result = parse(key, info, whole, linear, 0)) < 0) {
		require((size_t)-result > linear);
		require((size_t)-result <= whole->len);
		require(++pulls <= DF_KEY_PULLS);
		linear = -result;
	}
	return result;
}

static void check_places(const struct df_key *key,
			 const struct df_key_info *info, size_t len)
{
	require(info->end <= len);
	require(info->l3 <= info->end);
	require(!info->l4 || (info->l3 && info->l4 > info->l3));
	require(!info->l4 || info->l4 + 8u <= info->end);
	require(!info->nd_lladdr || info->nd_lladdr + 6u <= info->end);
	require(!info->tcp_flags || key->ip_proto == 6);
	require(info->l4 || (!key->l4_src && !key->l4_dst));
	require(key->ip_frag <= DRAGONFLOW_IP_FRAGMENT_LATER);
	require(!key->pad);
}

/* Who believes what one link-layer address says must not miss another. */
static void check_options(const struct df_key *key,
			  const struct df_key_info *info, const uint8_t *data)
{
	static const uint8_t sizes[] = { 8, 16, 24, 24 };
	unsigned int found = 0;
	uint32_t at;

	if (!info->nd_lladdr)
		return;
	at = info->l4 + sizes[ntohs(key->l4_src) - 133];
	for (; at < info->end; at += data[at + 1] * 8)
		if (data[at] == 1 || data[at] == 2) {
			require(info->nd_lladdr == at + 2);
			found++;
		}
	require(found == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct df_key key, other;
	struct df_key_info info, other_info;
	struct df_pkt_bytes pkt = { 0 };
	int result;

	if (size < HEAD)
		return 0;
	pkt.data = input + HEAD;
	pkt.len = size - HEAD;
	pkt.is_gso = input[0] & 1;
	if (input[0] & 2)
		pkt.vlan_tci = DF_KEY_VLAN_PRESENT | input[1];
	pkt.linear = (input[2] << 8 | input[3]) % (pkt.len + 1);

	result = parse_pulling(&key, &info, &pkt);
	require(result == 0 || result == DRAGONFLOW_DROP_REASON_MALFORMED ||
		result == DRAGONFLOW_DROP_REASON_TRUNCATED);
	require(parse(&other, &other_info, &pkt, pkt.len, 0xff) == result);
	if (result)
		return 0;
	require(!memcmp(&key, &other, sizeof(key)));
	require(!memcmp(&info, &other_info, sizeof(info)));
	check_places(&key, &info, pkt.len);
	check_options(&key, &info, pkt.data);
	return 0;
}
