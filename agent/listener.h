/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_LISTENER_H
#define DFA_LISTENER_H

/*
 * What the module tells of its own accord: a socket for some of its multicast
 * groups, so that nothing of that mixes with the answers to requests. What goes
 * out by it is not waited for.
 */

#include <stddef.h>
#include <stdint.h>

struct dfa_kernel;
struct dfa_listener;
struct event_base;
struct nlmsghdr;

enum {
	/* For dfa_listener_put(): the frame of an Ethernet link, and more. */
	DFA_LISTENER_SEND_MAX = 2048,
};

/**
 * struct dfa_listener_ops - told what came
 * @refusal: what it means if the module refuses what was sent, for the log
 * @told: a message of the module, with the header of generic netlink
 * @lost: some did not fit into the socket; may be NULL
 */
struct dfa_listener_ops {
	const char *refusal;
	void (*told)(void *arg, const struct nlmsghdr *nlh);
	void (*lost)(void *arg);
};

/**
 * dfa_listener_open() - listen to the module that @kernel talks to
 * @groups: ids of multicast groups, @count of them
 * @ops: must stay
 *
 * Return: 0 or a negative errno.
 */
int dfa_listener_open(struct dfa_listener **out, struct event_base *base,
		      const struct dfa_kernel *kernel, const uint32_t *groups,
		      size_t count, const struct dfa_listener_ops *ops,
		      void *arg);
void dfa_listener_close(struct dfa_listener *listener);

/* Read what has been received, messages of that family. */
void dfa_listener_parse(const void *buf, size_t size, uint16_t family,
			const struct dfa_listener_ops *ops, void *arg);

/* Begin a request in @buf, of DFA_LISTENER_SEND_MAX bytes, aligned. */
struct nlmsghdr *dfa_listener_put(struct dfa_listener *listener, void *buf,
				  uint8_t cmd);
/* Send it; a refusal is logged, and that is all. */
void dfa_listener_send(struct dfa_listener *listener,
		       const struct nlmsghdr *nlh);

#endif
