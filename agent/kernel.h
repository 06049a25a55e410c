/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_KERNEL_H
#define DFA_KERNEL_H

#include "plan.h"

struct dfa_kernel;

enum {
	DFA_TRACE_MAX = 20000,
};

/**
 * dfa_kernel_open() - find the module's netlink family
 * @out: the connection
 *
 * Return: 0, -ENOENT if the module is not loaded, or another negative errno.
 */
int dfa_kernel_open(struct dfa_kernel **out);
void dfa_kernel_close(struct dfa_kernel *kernel);
/* Numbers of the family and of its groups, for packet.c and miss.c. */
uint16_t dfa_kernel_family(const struct dfa_kernel *kernel);
uint32_t dfa_kernel_packet_group(const struct dfa_kernel *kernel);
uint32_t dfa_kernel_hold_group(const struct dfa_kernel *kernel);
uint32_t dfa_kernel_miss_group(const struct dfa_kernel *kernel);
/* Of the module; "" before the first dump. */
const char *dfa_kernel_version(const struct dfa_kernel *kernel);

typedef int (*dfa_kernel_object_fn)(void *arg, enum dfa_kind kind, uint32_t id,
				    const union dfa_value *value);
/**
 * dfa_kernel_dump() - read every object back
 *
 * Return: 0, or a negative errno: -EINTR if the objects changed meanwhile, so
 * that what @fn was given may be neither the old nor the new state.
 */
int dfa_kernel_dump(struct dfa_kernel *kernel, dfa_kernel_object_fn fn,
		    void *arg);

/* @step was refused with @err (negative), and why in words. */
typedef void (*dfa_kernel_refused_fn)(void *arg, size_t index, int err,
				      const char *why);
/**
 * dfa_kernel_run() - send as many steps as fit into one message to the kernel
 * @steps: in order; every one is tried, whatever became of those before it
 * @count: how many there are, at least one
 * @refused: called for each that the kernel refused
 *
 * Return: how many steps were sent, or a negative errno if it is unknown which
 * of them were done.
 */
int dfa_kernel_run(struct dfa_kernel *kernel, const struct dfa_step *steps,
		   size_t count, dfa_kernel_refused_fn refused, void *arg);

/*
 * For how long the kernel has not decided that a packet goes to a port elsewhere, in
 * a network that is on demand. Return: 0, -ENOENT if it has no such port, -ENODATA if
 * it is another, or another negative errno.
 */
int dfa_kernel_idle(struct dfa_kernel *kernel, uint32_t port,
		    uint64_t *idle_ms);

/* How much each port may have logged. Return: 0 or a negative errno. */
int dfa_kernel_set_log(struct dfa_kernel *kernel, uint32_t rate,
		       uint32_t burst);

typedef void (*dfa_kernel_traced_fn)(void *arg, const void *attrs, size_t len);
/**
 * dfa_kernel_trace() - ask what would become of a packet
 * @attrs: of the request, as they are sent
 * @len: their length, at most DFA_TRACE_MAX
 * @traced: called with the attributes of the answer
 * @why: set to what the kernel says if it refuses, room for 256 characters
 *
 * Return: 0 or a negative errno.
 */
int dfa_kernel_trace(struct dfa_kernel *kernel, const void *attrs, size_t len,
		     dfa_kernel_traced_fn traced, void *arg, char why[256]);

/*
 * Whether the module comes or goes: a socket that is readable when some family
 * did, and the function that reads it. Return: > 0 if ours may have.
 */
int dfa_kernel_watch_open(void);
int dfa_kernel_watch_read(int fd);

#endif
