/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_APP_ADVERT_H
#define DFA_APP_ADVERT_H

#include "compile/compile.h"

/*
 * Router advertisements as frames. Nothing here looks at what workloads send:
 * the module has judged their solicitations.
 */

enum {
	/* Longer than periods: an agent may be away for so many seconds. */
	DFA_ADVERT_LIFETIME_S = 9000,
	DFA_ADVERT_HEAD = 14 + 40 + 16 + 8 + 8,
	DFA_ADVERT_MAX = DFA_ADVERT_HEAD + 32 * DFA_ADVERT_PREFIXES + 8 +
			 16 * DFA_ADVERT_DNS,
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

#endif
