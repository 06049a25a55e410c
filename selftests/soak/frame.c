// SPDX-License-Identifier: GPL-2.0
/* The frames of a soak: ARP, UDP over IPv4 or over IPv6, a probe at the end. */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>

#include "probe.h"

enum {
	MAGIC = 0x50726f62,
	UDP_PORT = 4096,
	UDP_PORTS = 64,		/* as many flows between two ports */
};

const char *probe_kind_name(enum kind kind)
{
	static const char *const names[KINDS] = {
		[IP4] = "IPv4",
		[IP6] = "IPv6",
		[BROADCAST] = "broadcast",
	};

	return names[kind];
}

static uint8_t *put(uint8_t *at, const void *data, size_t len)
{
	memcpy(at, data, len);
	return at + len;
}

/* Checksums are nobody's business between here and there but IPv4's own. */
static uint16_t checksum(const void *data, size_t len)
{
	const uint16_t *words = data;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < len / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

static uint8_t *put_udp(uint8_t *at, const struct probe *probe)
{
	struct udphdr udp = {
		.source = htons((uint16_t)(UDP_PORT + probe->seq % UDP_PORTS)),
		.dest = htons(UDP_PORT),
		.len = htons(sizeof(udp) + sizeof(*probe)),
	};

	return put(at, &udp, sizeof(udp));
}

static uint8_t *put_ip4(uint8_t *at, const struct probe *probe, uint8_t host)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(ip) + sizeof(struct udphdr) + sizeof(*probe)),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = htonl(0xc0000200u + probe->from),
		.daddr = htonl(0xc0000200u + host),
	};

	ip.check = checksum(&ip, sizeof(ip));
	return put_udp(put(at, &ip, sizeof(ip)), probe);
}

static uint8_t *put_ip6(uint8_t *at, const struct probe *probe, uint8_t host)
{
	struct ip6_hdr ip = {
		.ip6_plen = htons(sizeof(struct udphdr) + sizeof(*probe)),
		.ip6_nxt = IPPROTO_UDP,
		.ip6_hlim = 64,
	};

	ip.ip6_vfc = 6 << 4;
	memcpy(&ip.ip6_src, "\x20\x01\x0d\xb8", 4);
	memcpy(&ip.ip6_dst, "\x20\x01\x0d\xb8", 4);
	ip.ip6_src.s6_addr[15] = (uint8_t)probe->from;
	ip.ip6_dst.s6_addr[15] = host;
	return put_udp(put(at, &ip, sizeof(ip)), probe);
}

static uint8_t *put_arp(uint8_t *at, const uint8_t source[6], const struct probe *probe)
{
	struct arphdr arp = {
		.ar_hrd = htons(ARPHRD_ETHER),
		.ar_pro = htons(ETHERTYPE_IP),
		.ar_hln = 6,
		.ar_pln = 4,
		.ar_op = htons(ARPOP_REQUEST),
	};
	uint32_t address = htonl(0xc0000200u + probe->from);
	static const uint8_t nobody[6];

	at = put(put(at, &arp, sizeof(arp)), source, 6);
	at = put(put(at, &address, 4), nobody, 6);
	return put(at, &address, 4);
}

size_t probe_frame(uint8_t frame[FRAME_MAX], const uint8_t source[6],
		   const uint8_t destination[6], const struct probe *probe)
{
	static const uint16_t types[KINDS] = {
		[IP4] = ETHERTYPE_IP,
		[IP6] = ETHERTYPE_IPV6,
		[BROADCAST] = ETHERTYPE_ARP,
	};
	uint16_t type = htons(types[probe->kind]);
	struct probe marked = *probe;
	uint8_t *at = frame;

	marked.magic = MAGIC;
	at = put(put(put(at, destination, 6), source, 6), &type, 2);
	if (probe->kind == IP4)
		at = put_ip4(at, probe, destination[5]);
	else if (probe->kind == IP6)
		at = put_ip6(at, probe, destination[5]);
	else
		at = put_arp(at, source, probe);
	at = put(at, &marked, sizeof(marked));
	return (size_t)(at - frame);
}

bool probe_parse(struct probe *probe, const uint8_t *frame, size_t len)
{
	if (len < ETH_HLEN + sizeof(*probe))
		return false;
	memcpy(probe, frame + len - sizeof(*probe), sizeof(*probe));
	return probe->magic == MAGIC && probe->kind < KINDS && probe->from < PORTS_MAX &&
	       probe->to < PORTS_MAX;
}
