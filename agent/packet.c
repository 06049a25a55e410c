// SPDX-License-Identifier: GPL-2.0
#include "packet.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>
#include <linux/genetlink.h>

#include "codec.h"
#include "kernel.h"
#include "listener.h"
#include "util.h"

struct dfa_packet {
	struct dfa_listener *listener;
	const struct dfa_packet_ops *ops;
	void *arg;
};

/* --- punted packets -------------------------------------------------------- */

static void punted(const struct nlmsghdr *nlh,
		   const struct dfa_packet_ops *ops, void *arg)
{
	const struct nlattr *attrs[DFA_ATTRS];

	dfa_codec_attrs(nlh, attrs);
	if (!attrs[DF_A_PACKET_PORT] || !attrs[DF_A_PACKET_REASON] ||
	    mnl_attr_validate(attrs[DF_A_PACKET_PORT], MNL_TYPE_U32) < 0 ||
	    mnl_attr_validate(attrs[DF_A_PACKET_REASON], MNL_TYPE_U32) < 0)
		return;
	ops->punted(arg, mnl_attr_get_u32(attrs[DF_A_PACKET_PORT]),
		    mnl_attr_get_u32(attrs[DF_A_PACKET_REASON]));
}

static void held(const struct nlmsghdr *nlh, const struct dfa_packet_ops *ops,
		 void *arg)
{
	const struct nlattr *attrs[DFA_ATTRS], *id;
	struct dfa_pairs *claims = NULL;

	dfa_codec_attrs(nlh, attrs);
	id = attrs[DF_A_PORT_ID];
	if (!id || mnl_attr_validate(id, MNL_TYPE_U32) < 0 ||
	    dfa_codec_pairs(nlh, &claims))
		return;
	ops->held(arg, mnl_attr_get_u32(id), claims);
	dfa_pairs_put(claims);
}

static void told(void *arg, const struct nlmsghdr *nlh)
{
	const struct dfa_packet *packet = arg;
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	if (genl->cmd == DF_CMD_PACKET_PUNT)
		punted(nlh, packet->ops, packet->arg);
	else if (genl->cmd == DF_CMD_PORT_HOLD_NTF)
		held(nlh, packet->ops, packet->arg);
}

/* Packets are sent again by whoever asks; claims are not. */
static void lost(void *arg)
{
	const struct dfa_packet *packet = arg;

	if (packet->ops->lost)
		packet->ops->lost(packet->arg);
}

static const struct dfa_listener_ops listener_ops = {
	.refusal = "packet: not sent",
	.told = told,
	.lost = lost,
};

void dfa_packet_parse(const void *buf, size_t size, uint16_t family,
		      const struct dfa_packet_ops *ops, void *arg)
{
	struct dfa_packet packet = { .ops = ops, .arg = arg };

	dfa_listener_parse(buf, size, family, &listener_ops, &packet);
}

/* --- frames to send -------------------------------------------------------- */

void dfa_packet_send(struct dfa_packet *packet, uint32_t port,
		     const void *frame, size_t len)
{
	char buf[DFA_LISTENER_SEND_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh;

	if (len > sizeof(buf) - 256)
		return;
	nlh = dfa_listener_put(packet->listener, buf, DF_CMD_PACKET_EXECUTE);
	mnl_attr_put_u32(nlh, DF_A_PACKET_PORT, port);
	mnl_attr_put(nlh, DF_A_PACKET_FRAME, len, frame);
	dfa_listener_send(packet->listener, nlh);
}

/* --- start and stop -------------------------------------------------------- */

int dfa_packet_open(struct dfa_packet **out, struct event_base *base,
		    const struct dfa_kernel *kernel,
		    const struct dfa_packet_ops *ops, void *arg)
{
	const uint32_t groups[] = { dfa_kernel_packet_group(kernel),
				    dfa_kernel_hold_group(kernel) };
	struct dfa_packet *packet = calloc(1, sizeof(*packet));
	int err;

	if (!packet)
		return -ENOMEM;
	packet->ops = ops;
	packet->arg = arg;
	err = dfa_listener_open(&packet->listener, base, kernel, groups,
				DFA_ARRAY_SIZE(groups), &listener_ops, packet);
	if (err) {
		free(packet);
		return err;
	}
	*out = packet;
	return 0;
}

void dfa_packet_close(struct dfa_packet *packet)
{
	if (!packet)
		return;
	dfa_listener_close(packet->listener);
	free(packet);
}
