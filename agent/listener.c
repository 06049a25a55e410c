// SPDX-License-Identifier: GPL-2.0
#include "listener.h"

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
	SOCKET_BUFFER = 1024 * 1024,
	/* Messages in one turn of the event loop. */
	TURN_MAX = 64,
};

struct dfa_listener {
	int fd;
	struct event *readable;
	uint16_t family;
	uint32_t seq;
	const struct dfa_listener_ops *ops;
	void *arg;
	char receive[RECEIVE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* --- what comes ------------------------------------------------------------ */

static void refused(const struct nlmsghdr *nlh,
		    const struct dfa_listener_ops *ops)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*error) && error->error)
		dfa_debug("%s: %s", ops->refusal, strerror(-error->error));
}

void dfa_listener_parse(const void *buf, size_t size, uint16_t family,
			const struct dfa_listener_ops *ops, void *arg)
{
	const struct nlmsghdr *nlh = buf;
	int len = (int)size;

	for (; dfa_codec_is_whole(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_type == NLMSG_ERROR)
			refused(nlh, ops);
		else if (nlh->nlmsg_type == family &&
			 mnl_nlmsg_get_payload_len(nlh) >=
				 sizeof(struct genlmsghdr))
			ops->told(arg, nlh);
	}
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_listener *listener = arg;

	(void)what;
	for (int i = 0; i < TURN_MAX; i++) {
		ssize_t got = recv(fd, listener->receive,
				   sizeof(listener->receive), 0);

		if (got < 0 && errno != ENOBUFS && errno != EINTR)
			return;
		if (got < 0 && errno == ENOBUFS && listener->ops->lost)
			listener->ops->lost(listener->arg);
		if (got > 0)
			dfa_listener_parse(listener->receive, (size_t)got,
					   listener->family, listener->ops,
					   listener->arg);
	}
}

/* --- what goes ------------------------------------------------------------- */

struct nlmsghdr *dfa_listener_put(struct dfa_listener *listener, void *buf,
				  uint8_t cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = listener->family;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++listener->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = DRAGONFLOW_FAMILY_VERSION;
	return nlh;
}

void dfa_listener_send(struct dfa_listener *listener,
		       const struct nlmsghdr *nlh)
{
	if (send(listener->fd, nlh, nlh->nlmsg_len, 0) < 0)
		dfa_debug("%s: %s", listener->ops->refusal, strerror(errno));
}

/* --- start and stop -------------------------------------------------------- */

static int listen_to(struct dfa_listener *listener, const uint32_t *groups,
		     size_t count)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int on = 1, size = SOCKET_BUFFER;

	listener->fd = socket(AF_NETLINK,
			      SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			      NETLINK_GENERIC);
	if (listener->fd < 0)
		return -errno;
	(void)setsockopt(listener->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on,
			 sizeof(on));
	(void)setsockopt(listener->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
			 sizeof(size));
	if (bind(listener->fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    connect(listener->fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return -errno;
	for (size_t i = 0; i < count; i++)
		if (setsockopt(listener->fd, SOL_NETLINK,
			       NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])) < 0)
			return -errno;
	return 0;
}

int dfa_listener_open(struct dfa_listener **out, struct event_base *base,
		      const struct dfa_kernel *kernel, const uint32_t *groups,
		      size_t count, const struct dfa_listener_ops *ops,
		      void *arg)
{
	struct dfa_listener *listener = calloc(1, sizeof(*listener));
	int err;

	if (!listener)
		return -ENOMEM;
	listener->family = dfa_kernel_family(kernel);
	listener->ops = ops;
	listener->arg = arg;
	err = listen_to(listener, groups, count);
	if (!err) {
		listener->readable = event_new(base, listener->fd,
					       EV_READ | EV_PERSIST, readable,
					       listener);
		if (!listener->readable || event_add(listener->readable, NULL))
			err = -ENOMEM;
	}
	if (err) {
		dfa_listener_close(listener);
		return err;
	}
	*out = listener;
	return 0;
}

void dfa_listener_close(struct dfa_listener *listener)
{
	if (!listener)
		return;
	if (listener->readable)
		event_free(listener->readable);
	if (listener->fd >= 0)
		close(listener->fd);
	free(listener);
}
