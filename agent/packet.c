// SPDX-License-Identifier: GPL-2.0
#include "packet.h"

#include <errno.h>
#include <event2/event.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/dragonflow.h>
#include <linux/genetlink.h>

#include "codec.h"
#include "kernel.h"
#include "log.h"
#include "util.h"

enum {
	RECEIVE_SIZE = DRAGONFLOW_FRAME_MAX + 1024,
	SEND_MAX = 2048,
	/* Messages in one turn of the event loop. */
	TURN_MAX = 64,
};

struct dfa_packet {
	int fd;
	struct event *readable;
	uint16_t family;
	uint32_t seq;
	const struct dfa_packet_ops *ops;
	void *arg;
	char receive[RECEIVE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
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

static void told(const struct nlmsghdr *nlh, const struct dfa_packet_ops *ops,
		 void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return;
	if (genl->cmd == DF_CMD_PACKET_PUNT)
		punted(nlh, ops, arg);
	else if (genl->cmd == DF_CMD_PORT_HOLD_NTF)
		held(nlh, ops, arg);
}

static void refused(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*error) && error->error)
		dfa_debug("packet: not sent: %s", strerror(-error->error));
}

void dfa_packet_parse(const void *buf, size_t size, uint16_t family,
		      const struct dfa_packet_ops *ops, void *arg)
{
	const struct nlmsghdr *nlh = buf;
	int len = (int)size;

	for (; dfa_codec_is_whole(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_type == family)
			told(nlh, ops, arg);
		else if (nlh->nlmsg_type == NLMSG_ERROR)
			refused(nlh);
	}
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_packet *packet = arg;

	(void)what;
	for (int i = 0; i < TURN_MAX; i++) {
		ssize_t got = recv(fd, packet->receive, sizeof(packet->receive),
				   0);

		if (got < 0 && errno != ENOBUFS && errno != EINTR)
			return;
		/* Packets are sent again by whoever asks; claims are not. */
		if (got < 0 && errno == ENOBUFS && packet->ops->lost)
			packet->ops->lost(packet->arg);
		if (got > 0)
			dfa_packet_parse(packet->receive, (size_t)got,
					 packet->family, packet->ops,
					 packet->arg);
	}
}

/* --- frames to send -------------------------------------------------------- */

void dfa_packet_send(struct dfa_packet *packet, uint32_t port,
		     const void *frame, size_t len)
{
	char buf[SEND_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	if (len > SEND_MAX - 256)
		return;
	nlh->nlmsg_type = packet->family;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++packet->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = DF_CMD_PACKET_EXECUTE;
	genl->version = DRAGONFLOW_FAMILY_VERSION;
	mnl_attr_put_u32(nlh, DF_A_PACKET_PORT, port);
	mnl_attr_put(nlh, DF_A_PACKET_FRAME, len, frame);
	if (send(packet->fd, buf, nlh->nlmsg_len, 0) < 0)
		dfa_debug("packet: not sent: %s", strerror(errno));
}

/* --- start and stop -------------------------------------------------------- */

static int join(struct dfa_packet *packet, uint32_t group)
{
	return setsockopt(packet->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
			  &group, sizeof(group));
}

static int listen_to(struct dfa_packet *packet, const struct dfa_kernel *kernel)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int on = 1;

	packet->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    NETLINK_GENERIC);
	if (packet->fd < 0)
		return -errno;
	(void)setsockopt(packet->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on,
			 sizeof(on));
	if (bind(packet->fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    connect(packet->fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    join(packet, dfa_kernel_packet_group(kernel)) < 0 ||
	    join(packet, dfa_kernel_hold_group(kernel)) < 0)
		return -errno;
	return 0;
}

int dfa_packet_open(struct dfa_packet **out, struct event_base *base,
		    const struct dfa_kernel *kernel,
		    const struct dfa_packet_ops *ops, void *arg)
{
	struct dfa_packet *packet = calloc(1, sizeof(*packet));
	int err;

	if (!packet)
		return -ENOMEM;
	packet->family = dfa_kernel_family(kernel);
	packet->ops = ops;
	packet->arg = arg;
	err = listen_to(packet, kernel);
	if (!err) {
		packet->readable = event_new(base, packet->fd,
					     EV_READ | EV_PERSIST, readable,
					     packet);
		if (!packet->readable || event_add(packet->readable, NULL))
			err = -ENOMEM;
	}
	if (err) {
		dfa_packet_close(packet);
		return err;
	}
	*out = packet;
	return 0;
}

void dfa_packet_close(struct dfa_packet *packet)
{
	if (!packet)
		return;
	if (packet->readable)
		event_free(packet->readable);
	if (packet->fd >= 0)
		close(packet->fd);
	free(packet);
}
