/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_PACKET_H
#define DFA_PACKET_H

/*
 * Packets that the module hands to the agent, and frames that it sends for it.
 * A socket of its own, so that no packet mixes with the answers to requests.
 */

#include <stddef.h>
#include <stdint.h>

struct dfa_kernel;
struct dfa_packet;
struct event_base;

/* @reason: enum dragonflow_punt_reason */
typedef void (*dfa_packet_fn)(void *arg, uint32_t port, uint32_t reason);

/* Listen to the module that @kernel talks to. Return: 0 or a negative errno. */
int dfa_packet_open(struct dfa_packet **out, struct event_base *base,
		    const struct dfa_kernel *kernel, dfa_packet_fn fn,
		    void *arg);
void dfa_packet_close(struct dfa_packet *packet);

/* Read what has been received, messages of that family: @fn is told of each. */
void dfa_packet_parse(const void *buf, size_t size, uint16_t family,
		      dfa_packet_fn fn, void *arg);

/* Send a frame out of a port here; a refusal is logged, and that is all. */
void dfa_packet_send(struct dfa_packet *packet, uint32_t port,
		     const void *frame, size_t len);

#endif
