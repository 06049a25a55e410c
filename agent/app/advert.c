// SPDX-License-Identifier: GPL-2.0
#include "app/advert.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <string.h>

enum {
	HOP_LIMIT = 64, /* for the workloads' own packets */
	VALID_S = 30 * 24 * 3600,
	PREFERRED_S = 7 * 24 * 3600,
	OPTION_UNIT = 8,
	OPTION_RDNSS = 25, /* RFC 8106 */
};

static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };

/* Append @size bytes, a multiple of 8, as an option of a type. */
static uint8_t *put_option(uint8_t *at, uint8_t type, const void *option,
			   size_t size)
{
	memcpy(at, option, size);
	at[0] = type;
	at[1] = (uint8_t)(size / OPTION_UNIT);
	return at + size;
}

static uint8_t *put_mac(uint8_t *at, const uint8_t mac[6])
{
	uint8_t option[OPTION_UNIT] = { 0 };

	memcpy(option + 2, mac, 6);
	return put_option(at, ND_OPT_SOURCE_LINKADDR, option, sizeof(option));
}

static uint8_t *put_mtu(uint8_t *at, uint32_t mtu)
{
	struct nd_opt_mtu option = { .nd_opt_mtu_mtu = htonl(mtu) };

	return put_option(at, ND_OPT_MTU, &option, sizeof(option));
}

static uint8_t *put_prefix(uint8_t *at, const struct dfa_advert_prefix *prefix)
{
	struct nd_opt_prefix_info option = {
		.nd_opt_pi_prefix_len = prefix->len,
		.nd_opt_pi_flags_reserved = ND_OPT_PI_FLAG_ONLINK,
		.nd_opt_pi_valid_time = htonl(VALID_S),
		.nd_opt_pi_preferred_time = htonl(PREFERRED_S),
	};

	if (prefix->is_auto)
		option.nd_opt_pi_flags_reserved |= ND_OPT_PI_FLAG_AUTO;
	memcpy(&option.nd_opt_pi_prefix, prefix->address.bytes, 16);
	return put_option(at, ND_OPT_PREFIX_INFORMATION, &option,
			  sizeof(option));
}

static uint8_t *put_dns(uint8_t *at, const struct dfa_advert *advert,
			uint32_t lifetime_s)
{
	uint8_t option[OPTION_UNIT + 16 * DFA_ADVERT_DNS] = { 0 };

	if (!advert->dns_count)
		return at;
	lifetime_s = htonl(lifetime_s);
	memcpy(option + 4, &lifetime_s, sizeof(lifetime_s));
	for (size_t i = 0; i < advert->dns_count; i++)
		memcpy(option + OPTION_UNIT + 16 * i, advert->dns[i].bytes, 16);
	return put_option(at, OPTION_RDNSS, option,
			  OPTION_UNIT + 16 * advert->dns_count);
}

/* Sum of 16-bit words; @size is even. */
static uint32_t sum(const uint8_t *at, size_t size)
{
	uint32_t total = 0;

	for (size_t i = 0; i < size; i += 2)
		total += (uint32_t)at[i] << 8 | at[i + 1];
	return total;
}

/* @ip6 has its addresses and its length, the message a sum of 0. */
static uint16_t icmp6_sum(const uint8_t *ip6, size_t size)
{
	uint32_t total = sum(ip6 + 8, 32) + (uint32_t)size + IPPROTO_ICMPV6 +
			 sum(ip6 + sizeof(struct ip6_hdr), size);

	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons((uint16_t)~total);
}

static void put_headers(uint8_t *frame, const uint8_t mac[6], size_t size)
{
	struct ip6_hdr ip6 = {
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons((uint16_t)size),
		.ip6_nxt = IPPROTO_ICMPV6,
		.ip6_hlim = 255,
	};
	struct ether_header eth = { .ether_type = htons(ETHERTYPE_IPV6) };
	struct dfa_address source;

	memcpy(eth.ether_dhost, all_nodes_mac, 6);
	memcpy(eth.ether_shost, mac, 6);
	dfa_address_link_local(&source, mac);
	memcpy(&ip6.ip6_src, source.bytes, 16);
	memcpy(&ip6.ip6_dst, all_nodes, 16);
	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + sizeof(eth), &ip6, sizeof(ip6));
}

size_t dfa_advert_build(uint8_t frame[DFA_ADVERT_MAX],
			const struct dfa_advert *advert, uint16_t lifetime_s)
{
	uint8_t *ip6 = frame + sizeof(struct ether_header);
	uint8_t *message = ip6 + sizeof(struct ip6_hdr), *at;
	struct nd_router_advert ra = { .nd_ra_type = ND_ROUTER_ADVERT };
	uint16_t checksum;
	size_t size;

	ra.nd_ra_curhoplimit = HOP_LIMIT;
	if (advert->is_managed)
		ra.nd_ra_flags_reserved |= ND_RA_FLAG_MANAGED;
	if (advert->has_other)
		ra.nd_ra_flags_reserved |= ND_RA_FLAG_OTHER;
	ra.nd_ra_router_lifetime = htons(lifetime_s);
	memcpy(message, &ra, sizeof(ra));
	at = put_mac(message + sizeof(ra), advert->mac);
	if (advert->mtu)
		at = put_mtu(at, advert->mtu);
	for (size_t i = 0; i < advert->prefix_count; i++)
		at = put_prefix(at, &advert->prefixes[i]);
	at = put_dns(at, advert, lifetime_s);

	size = (size_t)(at - message);
	put_headers(frame, advert->mac, size);
	checksum = icmp6_sum(ip6, size);
	memcpy(message + 2, &checksum, sizeof(checksum));
	return (size_t)(at - frame);
}
