/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SOAK_PROBE_H
#define SOAK_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PORTS_MAX = 96,
	FRAME_MAX = 128,
	NO_FLOW = 255,
};

enum kind { IP4, IP6, BROADCAST, KINDS };

/**
 * struct probe - what a packet carries
 * @from: the port that sent it
 * @flow: number of a steady flow, or NO_FLOW
 * @kind: enum kind
 * @seq: within a steady flow
 * @sent_ms: when
 */
struct probe {
	uint32_t magic;
	uint16_t from;
	uint8_t flow;
	uint8_t kind;
	uint32_t seq;
	int64_t sent_ms;
} __attribute__((packed));

const char *probe_kind_name(enum kind kind);
/** A whole frame around @probe; returns its length. */
size_t probe_frame(uint8_t frame[FRAME_MAX], const uint8_t source[6],
		   const uint8_t destination[6], const struct probe *probe);
/** False if the frame is none of ours. */
bool probe_parse(struct probe *probe, const uint8_t *frame, size_t len);

#endif
