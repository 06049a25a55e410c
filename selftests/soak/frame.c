// SPDX-License-Identifier: GPL-2.0
/*
 * The frames of a soak: ARP, UDP over IPv4 or over IPv6, a probe at the end; and
 * those by which addresses are claimed.
 */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>

#include "probe.h"

enum {
	MAGIC = 0x50726f62,
	SERVICE = 4096,		/* where packets go, and answers come from */
	CLIENT = 5000,		/* and the first of those that they come from */
	NOBODY = 250,		/* a host that no subnet has */
};

const char *probe_kind_name(enum kind kind)
{
	static const char *const names[LINKS] = {
		[IP4] = "IPv4",
		[IP6] = "IPv6",
		[BROADCAST] = "broadcast",
		[STRAY] = "IPv4 to its MAC",
		[REPLY4] = "answer by IPv4",
		[REPLY6] = "answer by IPv6",
		[ANYTHING] = "anything",
	};

	return names[kind];
}

static uint8_t *put(uint8_t *at, const void *data, size_t len)
{
	memcpy(at, data, len);
	return at + len;
}

static uint8_t *put_eth(uint8_t *at, const uint8_t source[6], const uint8_t destination[6],
			uint16_t type)
{
	type = htons(type);
	return put(put(put(at, destination, 6), source, 6), &type, 2);
}

static uint32_t sum_of(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (len % 2)
		sum += (uint32_t)bytes[len - 1] << 8;
	return sum;
}

static uint16_t checksum(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static bool is_reply(const struct probe *probe)
{
	return probe->kind == REPLY4 || probe->kind == REPLY6;
}

/* What follows the addresses, which are in @sum. */
static uint8_t *put_udp(uint8_t *at, const struct probe *probe, uint32_t sum)
{
	uint16_t client = (uint16_t)(CLIENT + probe->port), size;
	struct udphdr udp;

	size = sizeof(udp) + sizeof(*probe);
	udp = (struct udphdr){
		.source = htons(is_reply(probe) ? SERVICE : client),
		.dest = htons(is_reply(probe) ? client : SERVICE),
		.len = htons(size),
	};
	sum += IPPROTO_UDP + size;
	sum += sum_of(&udp, sizeof(udp)) + sum_of(probe, sizeof(*probe));
	udp.check = checksum(sum);
	return put(put(at, &udp, sizeof(udp)), probe, sizeof(*probe));
}

static uint8_t *put_ip4(uint8_t *at, const struct ends *source, const struct ends *destination,
			const struct probe *probe)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(ip) + sizeof(struct udphdr) + sizeof(*probe)),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
	};

	memcpy(&ip.saddr, source->ip4, sizeof(ip.saddr));
	memcpy(&ip.daddr, destination->ip4, sizeof(ip.daddr));
	ip.check = checksum(sum_of(&ip, sizeof(ip)));
	return put_udp(put(at, &ip, sizeof(ip)), probe, sum_of(&ip.saddr, 8));
}

static struct ip6_hdr ip6_header(const uint8_t source[16], const uint8_t destination[16])
{
	struct ip6_hdr ip = { .ip6_hlim = 64 };

	ip.ip6_vfc = 6 << 4;
	memcpy(&ip.ip6_src, source, sizeof(ip.ip6_src));
	memcpy(&ip.ip6_dst, destination, sizeof(ip.ip6_dst));
	return ip;
}

static uint8_t *put_ip6(uint8_t *at, const struct ends *source, const struct ends *destination,
			const struct probe *probe)
{
	struct ip6_hdr ip = ip6_header(source->ip6, destination->ip6);

	ip.ip6_plen = htons(sizeof(struct udphdr) + sizeof(*probe));
	ip.ip6_nxt = IPPROTO_UDP;
	return put_udp(put(at, &ip, sizeof(ip)), probe, sum_of(&ip.ip6_src, 32));
}

static uint8_t *put_arp(uint8_t *at, const struct ends *source, const uint8_t target[4])
{
	static const uint8_t nobody[6];
	struct arphdr arp = {
		.ar_hrd = htons(ARPHRD_ETHER),
		.ar_pro = htons(ETHERTYPE_IP),
		.ar_hln = 6,
		.ar_pln = 4,
		.ar_op = htons(ARPOP_REQUEST),
	};

	at = put(put(at, &arp, sizeof(arp)), source->mac, 6);
	return put(put(put(at, source->ip4, 4), nobody, 6), target, 4);
}

/* A question that nobody answers, and so goes to all. */
static uint8_t *put_question(uint8_t *at, const struct ends *source, const struct probe *probe)
{
	uint8_t target[4];

	memcpy(target, source->ip4, sizeof(target));
	target[3] = NOBODY;
	return put(put_arp(at, source, target), probe, sizeof(*probe));
}

size_t probe_frame(uint8_t frame[FRAME_MAX], const struct ends *source,
		   const struct ends *destination, const struct probe *probe)
{
	static const uint16_t types[KINDS] = {
		[IP4] = ETHERTYPE_IP,
		[IP6] = ETHERTYPE_IPV6,
		[BROADCAST] = ETHERTYPE_ARP,
		[STRAY] = ETHERTYPE_IP,
		[REPLY4] = ETHERTYPE_IP,
		[REPLY6] = ETHERTYPE_IPV6,
	};
	uint16_t type = types[probe->kind];
	struct probe marked = *probe;
	uint8_t *at;

	marked.magic = MAGIC;
	at = put_eth(frame, source->mac, destination->mac, type);
	if (type == ETHERTYPE_IP)
		at = put_ip4(at, source, destination, &marked);
	else if (type == ETHERTYPE_IPV6)
		at = put_ip6(at, source, destination, &marked);
	else
		at = put_question(at, source, &marked);
	return (size_t)(at - frame);
}

/* And not what a router says of one, which ends as that did. */
static bool may_be_probe(const uint8_t *frame)
{
	const uint8_t *head = frame + ETH_HLEN;

	switch (frame[12] << 8 | frame[13]) {
	case ETHERTYPE_IP:
		return head[offsetof(struct iphdr, protocol)] == IPPROTO_UDP;
	case ETHERTYPE_IPV6:
		return head[offsetof(struct ip6_hdr, ip6_nxt)] == IPPROTO_UDP;
	}
	return true;
}

bool probe_parse(struct probe *probe, const uint8_t *frame, size_t len)
{
	if (len < ETH_HLEN + sizeof(*probe) || !may_be_probe(frame))
		return false;
	memcpy(probe, frame + len - sizeof(*probe), sizeof(*probe));
	return probe->magic == MAGIC && probe->kind < KINDS && probe->from < PORTS_MAX &&
	       probe->to < TARGETS_MAX && probe->port < UDP_PORTS;
}

bool frame_is_for(const uint8_t *frame, size_t len, const struct ends *ends)
{
	const uint8_t *ip = frame + ETH_HLEN;

	if (len < ETH_HLEN + sizeof(struct ip6_hdr) || memcmp(frame, ends->mac, 6))
		return false;
	if (ip[0] >> 4 == 4)
		return !memcmp(ip + offsetof(struct iphdr, daddr), ends->ip4, 4);
	return !memcmp(ip + offsetof(struct ip6_hdr, ip6_dst), ends->ip6, 16);
}

/* An advertisement for all nodes: it is at this MAC from now on. */
static uint8_t *put_advertisement(uint8_t *at, const struct ends *ends)
{
	static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
	struct ip6_hdr ip = ip6_header(ends->ip6, all_nodes);
	struct {
		struct nd_neighbor_advert head;
		struct nd_opt_hdr option;
		uint8_t mac[6];
	} message = {
		.head.nd_na_type = ND_NEIGHBOR_ADVERT,
		.head.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE,
		.option = { .nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1 },
	};

	ip.ip6_plen = htons(sizeof(message));
	ip.ip6_nxt = IPPROTO_ICMPV6;
	ip.ip6_hlim = 255;
	memcpy(&message.head.nd_na_target, ends->ip6, 16);
	memcpy(message.mac, ends->mac, 6);
	message.head.nd_na_cksum = checksum(sum_of(&ip.ip6_src, 32) + IPPROTO_ICMPV6 +
					    sizeof(message) +
					    sum_of(&message, sizeof(message)));
	return put(put(at, &ip, sizeof(ip)), &message, sizeof(message));
}

size_t claim_frame(uint8_t frame[FRAME_MAX], const struct ends *ends, bool is_ip6)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t all_nodes[6] = { 0x33, 0x33, [5] = 1 };
	uint8_t *at;

	if (is_ip6)
		at = put_advertisement(put_eth(frame, ends->mac, all_nodes, ETHERTYPE_IPV6), ends);
	else
		at = put_arp(put_eth(frame, ends->mac, all, ETHERTYPE_ARP), ends, ends->ip4);
	return (size_t)(at - frame);
}
