/* SPDX-License-Identifier: GPL-2.0 */
/* Frames made of what a person says about them, and frames out of captures. */
#ifndef DFCTL_FRAME_H
#define DFCTL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	/* As DRAGONFLOW_FRAME_MAX; these files know no netlink. */
	DFCTL_FRAME_MAX = 16384,
};

/* What is not IP and yet about addresses. */
enum dfctl_frame_kind {
	DFCTL_FRAME_IP,
	DFCTL_FRAME_ARP,
	DFCTL_FRAME_ND,
};

/**
 * struct dfctl_frame - a packet, in a person's words
 * @kind: what it is; ARP asks for @dst, ND for @asked
 * @is_ip6: of addresses
 * @src_mac: Ethernet source
 * @dst_mac: Ethernet destination
 * @src: IP source; IPv4 in the first four bytes
 * @dst: IP destination
 * @asked: the target of a neighbour solicitation
 * @vlan: VLAN id, -1 without a tag
 * @proto: IP protocol
 * @ttl: TTL or hop limit
 * @sport: source port
 * @dport: destination port
 * @type: ICMP type
 * @code: ICMP code
 * @tcp_flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 16
 * @len: bytes of payload; an SCTP packet has none
 */
struct dfctl_frame {
	enum dfctl_frame_kind kind;
	bool is_ip6;
	uint8_t src_mac[6];
	uint8_t dst_mac[6];
	uint8_t src[16];
	uint8_t dst[16];
	uint8_t asked[16];
	int vlan;
	uint8_t proto;
	uint8_t ttl;
	uint16_t sport;
	uint16_t dport;
	uint8_t type;
	uint8_t code;
	uint8_t tcp_flags;
	uint16_t len;
};

size_t dfctl_frame_build(uint8_t *buf, size_t size, const struct dfctl_frame *frame);
int dfctl_frame_parse_hex(uint8_t *buf, size_t size, const char *text);
int dfctl_pcap_find(const uint8_t *file, size_t size, unsigned long number,
		    const uint8_t **frame, const char **why);

#endif /* DFCTL_FRAME_H */
