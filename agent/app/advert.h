/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_APP_ADVERT_H
#define DFA_APP_ADVERT_H

#include "compile/compile.h"

/*
 * Router advertisements and announcements as frames. Nothing here looks at what
 * workloads send: the module has judged their solicitations.
 */

enum {
	/* Longer than periods: an agent may be away for so many seconds. */
	DFA_ADVERT_LIFETIME_S = 9000,
	DFA_ADVERT_HEAD = 14 + 40 + 16 + 8 + 8,
	DFA_ADVERT_MAX = DFA_ADVERT_HEAD + 32 * DFA_ADVERT_PREFIXES + 8 +
			 16 * DFA_ADVERT_DNS + 8 + (DFA_DOMAIN_MAX + 7) / 8 * 8,
	/* A neighbour advertisement; ARP is shorter. */
	DFA_ANNOUNCE_MAX = 14 + 40 + 24 + 8,
};

/**
 * dfa_advert_build() - make the frame of a router advertisement to all nodes
 * @frame: to be filled
 * @advert: what it says
 * @lifetime_s: of the router as a default router, 0 for a farewell
 *
 * Return: its length.
 */
size_t dfa_advert_build(uint8_t frame[DFA_ADVERT_MAX],
			const struct dfa_advert *advert, uint16_t lifetime_s);

/**
 * dfa_announce_build() - make the frame that announces an address to all
 * @frame: to be filled
 * @mac: who has the address
 * @address: the address; of IPv4, it is an ARP request for oneself (RFC 5227),
 *	of IPv6, an unsolicited neighbour advertisement of a router
 *
 * Return: its length.
 */
size_t dfa_announce_build(uint8_t frame[DFA_ANNOUNCE_MAX],
			  const uint8_t mac[6],
			  const struct dfa_address *address);

#endif
