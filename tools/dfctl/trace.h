/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of dfctl trace. */
#ifndef DFCTL_TRACE_H
#define DFCTL_TRACE_H

#include "frame.h"
#include "kernel.h"
#include "names.h"

/**
 * struct dfctl_packet - what is traced
 * @port: id of the port that it comes from
 * @has_vni: it comes by a tunnel, with @vni
 * @vni: that
 * @source: underlay address that it comes from, or NULL
 * @frame: the frame
 * @len: its length
 */
struct dfctl_packet {
	uint32_t port;
	bool has_vni;
	uint32_t vni;
	const char *source;
	uint8_t frame[DFCTL_FRAME_MAX];
	size_t len;
};

/* trace_packet.c: what is traced, from the command line */
int dfctl_packet_parse(struct dfctl_packet *packet, const struct dfctl *ctl,
		       struct dfctl_nl *nl);
const char *dfctl_packet_field(size_t i);

/* trace.c */
void dfctl_trace_fill(struct nlmsghdr *nlh, const void *packet);
void dfctl_trace_names(json_t *trace, struct dfctl_names *names);

/* trace_follow.c: what other hypervisors say */
int dfctl_trace_follow(struct dfctl *ctl, struct dfctl_nl *nl, struct dfctl_names *names,
		       json_t *trace);

/* trace_print.c: what was found out, for people */
void dfctl_trace_print(const json_t *trace);

#endif /* DFCTL_TRACE_H */
