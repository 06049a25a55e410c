// SPDX-License-Identifier: GPL-2.0
#include "miss.h"

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
	RECEIVE_SIZE = 8192,
	SEND_MAX = 256,
	SOCKET_BUFFER = 1024 * 1024,
	/* Messages in one turn of the event loop. */
	TURN_MAX = 64,
};

struct dfa_miss {
	int fd;
	struct event *readable;
	uint16_t family;
	uint32_t seq;
	dfa_miss_fn sought;
	void *arg;
	char receive[RECEIVE_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* --- what is looked for ---------------------------------------------------- */

static bool has_len(const struct nlattr *attr, size_t len)
{
	return attr && mnl_attr_get_payload_len(attr) == len;
}

/* One of the three, and no other. */
static bool parse_name(struct dfa_sought *sought, const struct nlattr **attrs)
{
	const struct nlattr *ip4 = attrs[DF_A_LOOKUP_IP4];
	const struct nlattr *ip6 = attrs[DF_A_LOOKUP_IP6];
	const struct nlattr *mac = attrs[DF_A_LOOKUP_MAC];

	if (!!ip4 + !!ip6 + !!mac != 1)
		return false;
	if (has_len(ip4, 4)) {
		sought->address.family = AF_INET;
		memcpy(sought->address.bytes, mnl_attr_get_payload(ip4), 4);
	} else if (has_len(ip6, 16)) {
		sought->address.family = AF_INET6;
		memcpy(sought->address.bytes, mnl_attr_get_payload(ip6), 16);
	} else if (has_len(mac, 6)) {
		memcpy(sought->mac, mnl_attr_get_payload(mac), 6);
	} else {
		return false;
	}
	return true;
}

static void told(const struct nlmsghdr *nlh, dfa_miss_fn fn, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[DFA_ATTRS];
	struct dfa_sought sought = { 0 };

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) ||
	    genl->cmd != DF_CMD_LOOKUP_NTF)
		return;
	dfa_codec_attrs(nlh, attrs);
	if (!has_len(attrs[DF_A_LOOKUP_NETWORK], sizeof(uint32_t)) ||
	    !parse_name(&sought, attrs))
		return;
	sought.network = mnl_attr_get_u32(attrs[DF_A_LOOKUP_NETWORK]);
	if (has_len(attrs[DF_A_LOOKUP_PORT], sizeof(uint32_t)))
		sought.port = mnl_attr_get_u32(attrs[DF_A_LOOKUP_PORT]);
	fn(arg, &sought);
}

static void refused(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*error) && error->error)
		dfa_debug("lookup: not denied: %s", strerror(-error->error));
}

void dfa_miss_parse(const void *buf, size_t size, uint16_t family,
		    dfa_miss_fn sought, void *arg)
{
	const struct nlmsghdr *nlh = buf;
	int len = (int)size;

	for (; dfa_codec_is_whole(nlh, len);
	     nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_type == family)
			told(nlh, sought, arg);
		else if (nlh->nlmsg_type == NLMSG_ERROR)
			refused(nlh);
	}
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_miss *miss = arg;

	(void)what;
	for (int i = 0; i < TURN_MAX; i++) {
		ssize_t got = recv(fd, miss->receive, sizeof(miss->receive), 0);

		/* What was lost is asked again by the next packet. */
		if (got < 0 && errno != ENOBUFS && errno != EINTR)
			return;
		if (got > 0)
			dfa_miss_parse(miss->receive, (size_t)got, miss->family,
				       miss->sought, miss->arg);
	}
}

/* --- what nobody has ------------------------------------------------------- */

static void put_name(struct nlmsghdr *nlh, const struct dfa_sought *sought)
{
	const struct dfa_address *address = &sought->address;

	if (address->family == AF_INET)
		mnl_attr_put(nlh, DF_A_LOOKUP_IP4, 4, address->bytes);
	else if (address->family == AF_INET6)
		mnl_attr_put(nlh, DF_A_LOOKUP_IP6, 16, address->bytes);
	else
		mnl_attr_put(nlh, DF_A_LOOKUP_MAC, 6, sought->mac);
}

void dfa_miss_deny(struct dfa_miss *miss, const struct dfa_sought *sought,
		   uint32_t ttl_ms)
{
	char buf[SEND_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = miss->family;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++miss->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = DF_CMD_LOOKUP_NEW;
	genl->version = DRAGONFLOW_FAMILY_VERSION;
	mnl_attr_put_u32(nlh, DF_A_LOOKUP_NETWORK, sought->network);
	put_name(nlh, sought);
	mnl_attr_put_u32(nlh, DF_A_LOOKUP_TTL_MS, ttl_ms);
	if (send(miss->fd, buf, nlh->nlmsg_len, 0) < 0)
		dfa_debug("lookup: not denied: %s", strerror(errno));
}

/* --- start and stop -------------------------------------------------------- */

static int listen_to(struct dfa_miss *miss, const struct dfa_kernel *kernel)
{
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	uint32_t group = dfa_kernel_miss_group(kernel);
	int on = 1, size = SOCKET_BUFFER;

	miss->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			  NETLINK_GENERIC);
	if (miss->fd < 0)
		return -errno;
	(void)setsockopt(miss->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on,
			 sizeof(on));
	(void)setsockopt(miss->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
			 sizeof(size));
	if (bind(miss->fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    connect(miss->fd, (struct sockaddr *)&any, sizeof(any)) < 0 ||
	    setsockopt(miss->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
		       sizeof(group)) < 0)
		return -errno;
	return 0;
}

int dfa_miss_open(struct dfa_miss **out, struct event_base *base,
		  const struct dfa_kernel *kernel, dfa_miss_fn sought,
		  void *arg)
{
	struct dfa_miss *miss = calloc(1, sizeof(*miss));
	int err;

	if (!miss)
		return -ENOMEM;
	miss->family = dfa_kernel_family(kernel);
	miss->sought = sought;
	miss->arg = arg;
	err = listen_to(miss, kernel);
	if (!err) {
		miss->readable = event_new(base, miss->fd,
					   EV_READ | EV_PERSIST, readable,
					   miss);
		if (!miss->readable || event_add(miss->readable, NULL))
			err = -ENOMEM;
	}
	if (err) {
		dfa_miss_close(miss);
		return err;
	}
	*out = miss;
	return 0;
}

void dfa_miss_close(struct dfa_miss *miss)
{
	if (!miss)
		return;
	if (miss->readable)
		event_free(miss->readable);
	if (miss->fd >= 0)
		close(miss->fd);
	free(miss);
}
