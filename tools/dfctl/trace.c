// SPDX-License-Identifier: GPL-2.0
/* dfctl trace: what would become of a packet. */
#include <string.h>
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/dragonflow.h>

#include "trace.h"

/* The attributes of a &struct dfctl_packet. */
void dfctl_trace_fill(struct nlmsghdr *nlh, const void *data)
{
	const struct dfctl_packet *packet = data;
	struct in6_addr ip6;
	struct in_addr ip4;

	mnl_attr_put_u32(nlh, DF_A_TRACE_PORT, packet->port);
	mnl_attr_put(nlh, DF_A_TRACE_FRAME, packet->len, packet->frame);
	/* A capture at a sender has checksums that are yet to be computed. */
	mnl_attr_put(nlh, DF_A_TRACE_TRUST_CHECKSUMS, 0, NULL);
	if (!packet->has_vni)
		return;
	mnl_attr_put_u32(nlh, DF_A_TRACE_TUNNEL_ID, packet->vni);
	if (packet->source && inet_pton(AF_INET, packet->source, &ip4) == 1)
		mnl_attr_put_u32(nlh, DF_A_TRACE_SOURCE_IP4, ip4.s_addr);
	else if (packet->source && inet_pton(AF_INET6, packet->source, &ip6) == 1)
		mnl_attr_put(nlh, DF_A_TRACE_SOURCE_IP6, sizeof(ip6), &ip6);
}

static int ask(struct dfctl_nl *nl, const struct dfctl_packet *packet, json_t **out)
{
	const struct dfctl_nl_request request = {
		.cmd = DF_CMD_TRACE,
		.fill = dfctl_trace_fill,
		.data = packet,
	};
	__auto_json json_t *replies = NULL;

	if (!dfctl_nl_ask(nl, &request, &replies) && json_array_size(replies) == 1) {
		*out = json_incref(json_array_get(replies, 0));
		return DFCTL_OK;
	}
	dfctl_err("%s", *dfctl_nl_error(nl) ? dfctl_nl_error(nl) : "netlink: no answer");
	return DFCTL_FAILED;
}

/* Add to each step what its numbers are called. */
void dfctl_trace_names(json_t *trace, struct dfctl_names *names)
{
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(trace, "step"), i, step)
		dfctl_names_add(names, step);
}

static int trace(struct dfctl *ctl, struct dfctl_nl *nl, struct dfctl_names *names)
{
	__auto_free struct dfctl_packet *packet = dfctl_alloc(sizeof(*packet));
	__auto_json json_t *found = NULL;
	int err;

	err = dfctl_packet_parse(packet, ctl, nl);
	if (!err)
		err = ask(nl, packet, &found);
	if (err)
		return err;
	dfctl_trace_names(found, names);
	if (ctl->follow)
		err = dfctl_trace_follow(ctl, nl, names, found);
	if (err)
		return err;
	if (ctl->json)
		dfctl_print_json(found);
	else
		dfctl_trace_print(found);
	return DFCTL_OK;
}

int dfctl_trace(struct dfctl *ctl)
{
	struct dfctl_names *names;
	struct dfctl_nl *nl;
	int err;

	err = dfctl_kernel_open(&nl, ctl);
	if (err)
		return err;
	names = dfctl_names_new(ctl);
	err = trace(ctl, nl, names);
	dfctl_names_free(names);
	dfctl_nl_close(nl);
	return err;
}
