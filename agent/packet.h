/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_PACKET_H
#define DFA_PACKET_H

/*
 * Packets that the module hands to the agent, and frames that it sends for it.
 * A socket of its own, so that no packet mixes with the answers to requests.
 */

#include <stddef.h>
#include <stdint.h>

#include "pairs.h"

struct dfa_kernel;
struct dfa_packet;
struct event_base;

/**
 * struct dfa_packet_ops - told of what workloads say
 * @punted: a packet is for us; @reason: enum dragonflow_punt_reason
 * @held: what a port has claimed, of addresses that others may have, too
 * @lost: some of that was lost; may be NULL
 */
struct dfa_packet_ops {
	void (*punted)(void *arg, uint32_t port, uint32_t reason);
	void (*held)(void *arg, uint32_t port, const struct dfa_pairs *claims);
	void (*lost)(void *arg);
};

/* Listen to the module that @kernel talks to. Return: 0 or a negative errno. */
int dfa_packet_open(struct dfa_packet **out, struct event_base *base,
		    const struct dfa_kernel *kernel,
		    const struct dfa_packet_ops *ops, void *arg);
void dfa_packet_close(struct dfa_packet *packet);

/* Read what has been received, messages of that family. */
void dfa_packet_parse(const void *buf, size_t size, uint16_t family,
		      const struct dfa_packet_ops *ops, void *arg);

/* Send a frame out of a port here; a refusal is logged, and that is all. */
void dfa_packet_send(struct dfa_packet *packet, uint32_t port,
		     const void *frame, size_t len);

#endif
