/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SOAK_PROBE_H
#define SOAK_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PORTS_MAX = 48,
	TARGETS_MAX = 64,	/* ports, and addresses that are no port's own */
	FRAME_MAX = 128,
	NO_FLOW = 255,
	UDP_PORTS = 8,		/* as many flows between two ports */
};

/*
 * What is sent to a port over IP, directly or by a router, and what it answers; to
 * all; to its MAC, from another network. And all of that, whatever it was meant for.
 */
enum kind { IP4, IP6, BROADCAST, STRAY, REPLY4, REPLY6, KINDS, ANYTHING = KINDS, LINKS };

/**
 * struct probe - what a packet carries
 * @from: the port that sent it
 * @to: the target that it was sent to; for a broadcast, @from
 * @flow: number of a steady flow, or NO_FLOW
 * @kind: enum kind
 * @port: which of the UDP ports; an answer's is that of what it answers
 * @seq: within a steady flow, or what a port sends to another of that kind
 * @sent_ms: when, by the judge's clock
 */
struct probe {
	uint32_t magic;
	uint8_t from;
	uint8_t to;
	uint8_t flow;
	uint8_t kind;
	uint8_t port;
	uint32_t seq;
	int64_t sent_ms;
} __attribute__((packed));

/* --- frame.c ------------------------------------------------------------------ */

/** struct ends - the addresses of one end */
struct ends {
	uint8_t mac[6];
	uint8_t ip4[4];
	uint8_t ip6[16];
};

const char *probe_kind_name(enum kind kind);
/** A whole frame around @probe; returns its length. */
size_t probe_frame(uint8_t frame[FRAME_MAX], const struct ends *source,
		   const struct ends *destination, const struct probe *probe);
/** False if the frame is none of ours. */
bool probe_parse(struct probe *probe, const uint8_t *frame, size_t len);
/** Does the frame go to these addresses? */
bool frame_is_for(const uint8_t *frame, size_t len, const struct ends *ends);
/** The frame that says that @ends are the sender's; returns its length. */
size_t claim_frame(uint8_t frame[FRAME_MAX], const struct ends *ends, bool is_ip6);

/* --- judge.c ------------------------------------------------------------------ */

enum state { FREE, REACH, DENY };

/** The judge's clock goes on by what has passed, but no further at a time. */
void judge_tick(int64_t passed_ms);
int64_t judge_now(void);
/** What has been said since is all that counts; @at are the ports that it may reach. */
void judge_link(int from, int to, enum kind kind, enum state state, int ms, uint64_t at);
/** A flow that must not lose anything; returns its number. */
int judge_steady(int from, int to);
void judge_calm(void);
/** Is it time for the next packet of steady flow @flow? Fills in @probe. */
bool judge_steady_due(int flow, struct probe *probe);
/** Number the packet, which is about to be sent, and remember it. */
void judge_sends(struct probe *probe);
/** Port @at has received @probe in a frame that was, or was not, for its addresses. */
void judge_got(int at, bool is_own, const struct probe *probe);
/** Look for what has not come. */
void judge_check(void);
/** How many ought to reach each other and have not yet. */
int judge_waiting(void);
void judge_print(void);

#endif
