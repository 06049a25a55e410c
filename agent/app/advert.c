// SPDX-License-Identifier: GPL-2.0
#include "app/advert.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/if_ether.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

enum {
	HOP_LIMIT = 64, /* for the workloads' own packets */
	VALID_S = 30 * 24 * 3600,
	PREFERRED_S = 7 * 24 * 3600,
	HEADERS = sizeof(struct ether_header) + sizeof(struct ip6_hdr),
	OPTION_UNIT = 8,
	OPTION_RDNSS = 25, /* RFC 8106 */
	OPTION_DNSSL = 31,
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

static uint8_t *put_mac(uint8_t *at, uint8_t type, const uint8_t mac[6])
{
	uint8_t option[OPTION_UNIT] = { 0 };

	memcpy(option + 2, mac, 6);
	return put_option(at, type, option, sizeof(option));
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

static uint8_t *put_domain(uint8_t *at, const struct dfa_advert *advert,
			   uint32_t lifetime_s)
{
	uint8_t option[OPTION_UNIT + DFA_DOMAIN_MAX + OPTION_UNIT] = { 0 };
	size_t size = OPTION_UNIT + advert->domain_len;

	if (!advert->domain_len)
		return at;
	lifetime_s = htonl(lifetime_s);
	memcpy(option + 4, &lifetime_s, sizeof(lifetime_s));
	memcpy(option + OPTION_UNIT, advert->domain, advert->domain_len);
	size = (size + OPTION_UNIT - 1) / OPTION_UNIT * OPTION_UNIT;
	return put_option(at, OPTION_DNSSL, option, size);
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

static void put_eth(uint8_t *frame, const uint8_t dst[6], const uint8_t src[6],
		    uint16_t type)
{
	struct ether_header eth = { .ether_type = htons(type) };

	memcpy(eth.ether_dhost, dst, 6);
	memcpy(eth.ether_shost, src, 6);
	memcpy(frame, &eth, sizeof(eth));
}

/* Complete a message of ICMPv6 to all nodes. */
static void put_headers(uint8_t *frame, const uint8_t mac[6],
			const struct dfa_address *source, size_t size)
{
	uint8_t *at = frame + sizeof(struct ether_header);
	struct ip6_hdr ip6 = {
		.ip6_flow = htonl(6u << 28),
		.ip6_plen = htons((uint16_t)size),
		.ip6_nxt = IPPROTO_ICMPV6,
		.ip6_hlim = 255,
	};
	uint16_t checksum;

	memcpy(&ip6.ip6_src, source->bytes, 16);
	memcpy(&ip6.ip6_dst, all_nodes, 16);
	put_eth(frame, all_nodes_mac, mac, ETHERTYPE_IPV6);
	memcpy(at, &ip6, sizeof(ip6));
	checksum = icmp6_sum(at, size);
	memcpy(at + sizeof(ip6) + offsetof(struct icmp6_hdr, icmp6_cksum),
	       &checksum, sizeof(checksum));
}

size_t dfa_advert_build(uint8_t frame[DFA_ADVERT_MAX],
			const struct dfa_advert *advert, uint16_t lifetime_s)
{
	uint8_t *message = frame + HEADERS, *at;
	struct nd_router_advert ra = { .nd_ra_type = ND_ROUTER_ADVERT };
	struct dfa_address source;

	ra.nd_ra_curhoplimit = HOP_LIMIT;
	if (advert->is_managed)
		ra.nd_ra_flags_reserved |= ND_RA_FLAG_MANAGED;
	if (advert->has_other)
		ra.nd_ra_flags_reserved |= ND_RA_FLAG_OTHER;
	ra.nd_ra_router_lifetime = htons(lifetime_s);
	memcpy(message, &ra, sizeof(ra));
	at = put_mac(message + sizeof(ra), ND_OPT_SOURCE_LINKADDR, advert->mac);
	if (advert->mtu)
		at = put_mtu(at, advert->mtu);
	for (size_t i = 0; i < advert->prefix_count; i++)
		at = put_prefix(at, &advert->prefixes[i]);
	at = put_dns(at, advert, lifetime_s);
	at = put_domain(at, advert, lifetime_s);

	dfa_address_link_local(&source, advert->mac);
	put_headers(frame, advert->mac, &source, (size_t)(at - message));
	return (size_t)(at - frame);
}

static size_t build_arp(uint8_t *frame, const uint8_t mac[6],
			const struct dfa_address *address)
{
	static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
	struct ether_arp arp = {
		.ea_hdr = {
			.ar_hrd = htons(ARPHRD_ETHER),
			.ar_pro = htons(ETHERTYPE_IP),
			.ar_hln = 6,
			.ar_pln = 4,
			.ar_op = htons(ARPOP_REQUEST),
		},
	};

	memcpy(arp.arp_sha, mac, 6);
	memcpy(arp.arp_spa, address->bytes, 4);
	memcpy(arp.arp_tpa, address->bytes, 4);
	put_eth(frame, broadcast, mac, ETHERTYPE_ARP);
	memcpy(frame + sizeof(struct ether_header), &arp, sizeof(arp));
	return sizeof(struct ether_header) + sizeof(arp);
}

static size_t build_na(uint8_t *frame, const uint8_t mac[6],
		       const struct dfa_address *address)
{
	struct nd_neighbor_advert na = {
		.nd_na_type = ND_NEIGHBOR_ADVERT,
		.nd_na_flags_reserved = ND_NA_FLAG_ROUTER | ND_NA_FLAG_OVERRIDE,
	};
	uint8_t *message = frame + HEADERS, *at;

	memcpy(&na.nd_na_target, address->bytes, 16);
	memcpy(message, &na, sizeof(na));
	at = put_mac(message + sizeof(na), ND_OPT_TARGET_LINKADDR, mac);
	put_headers(frame, mac, address, (size_t)(at - message));
	return (size_t)(at - frame);
}

size_t dfa_announce_build(uint8_t frame[DFA_ANNOUNCE_MAX],
			  const uint8_t mac[6],
			  const struct dfa_address *address)
{
	if (address->family == AF_INET)
		return build_arp(frame, mac, address);
	return build_na(frame, mac, address);
}
