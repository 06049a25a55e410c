/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SOAK_PROBE_H
#define SOAK_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PORTS_MAX = 48,
	FRAME_MAX = 128,
	NO_FLOW = 255,
};

enum kind { IP4, IP6, BROADCAST, KINDS };

/**
 * struct probe - what a packet carries
 * @from: the port that sent it
 * @to: the port that it was sent to; for a broadcast, @from
 * @flow: number of a steady flow, or NO_FLOW
 * @kind: enum kind
 * @seq: within a steady flow, or what a port sends to another of that kind
 * @sent_ms: when, by the judge's clock
 */
struct probe {
	uint32_t magic;
	uint8_t from;
	uint8_t to;
	uint8_t flow;
	uint8_t kind;
	uint32_t seq;
	int64_t sent_ms;
} __attribute__((packed));

/* --- frame.c ------------------------------------------------------------------ */

const char *probe_kind_name(enum kind kind);
/** A whole frame around @probe; returns its length. */
size_t probe_frame(uint8_t frame[FRAME_MAX], const uint8_t source[6],
		   const uint8_t destination[6], const struct probe *probe);
/** False if the frame is none of ours. */
bool probe_parse(struct probe *probe, const uint8_t *frame, size_t len);

/* --- judge.c ------------------------------------------------------------------ */

enum state { FREE, REACH, DENY };

/** The judge's clock goes on by what has passed, but no further at a time. */
void judge_tick(int64_t passed_ms);
int64_t judge_now(void);
/** What has been said of the pair since is all that counts. */
void judge_pair(int from, int to, enum state state, int ms);
/** A flow that must not lose anything; returns its number. */
int judge_steady(int from, int to);
void judge_calm(void);
/** Is it time for the next packet of steady flow @flow? Fills in @probe. */
bool judge_steady_due(int flow, struct probe *probe);
/** Number the packet, which is about to be sent, and remember it. */
void judge_sends(struct probe *probe);
/** Port @at, whose address is @mac, has received @frame. */
void judge_got(int at, const uint8_t mac[6], const struct probe *probe, const uint8_t *frame);
/** Look for what has not come. */
void judge_check(void);
/** How many pairs ought to reach each other and have not yet. */
int judge_waiting(void);
void judge_print(void);

#endif
