// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink over libmnl: one socket in the namespace that was asked for,
 * requests answered as JSON objects.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <libmnl/libmnl.h>
#include <linux/dragonflow.h>
#include <linux/genetlink.h>

#include "dfctl.h"
#include "nl.h"

enum {
	DUMP_TRIES = 20,
	RECEIVE_BUFFER = 4 << 20,
	ERRNO_MAX = 4095,
};

/**
 * struct dfctl_nl - a socket
 * @socket: the socket
 * @device_fd: a socket of the same namespace, to ask for names of devices
 * @family: id of the family
 * @groups: ids of the multicast groups "config", "hold" and "log", or 0
 * @seq: sequence number of the last request
 * @objects: what the replies said
 * @interrupted: objects changed while they were dumped
 * @error: what went wrong last, a sentence
 * @buf: a message
 */
struct dfctl_nl {
	struct mnl_socket *socket;
	int device_fd;
	uint16_t family;
	uint32_t groups[3];
	uint32_t seq;
	json_t *objects;
	bool interrupted;
	char error[256];
	char buf[65536] __attribute__((aligned(8)));
};

__printf(2, 3)
static int fail(struct dfctl_nl *nl, const char *fmt, ...)
{
	int err = errno ? -errno : -EIO;
	va_list args;

	va_start(args, fmt);
	vsnprintf(nl->error, sizeof(nl->error), fmt, args);
	va_end(args);
	return err;
}

/* The sentence that the kernel gave, and the attribute that it is about. */
static int extack_attr(const struct nlattr *attr, void *data)
{
	const struct nlattr **tb = data;

	if (mnl_attr_get_type(attr) <= NLMSGERR_ATTR_MAX)
		tb[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static void extack_read(struct dfctl_nl *nl, const struct nlmsghdr *nlh,
			const char *otherwise)
{
	const struct nlattr *tb[NLMSGERR_ATTR_MAX + 1] = { NULL };
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);
	size_t skip = sizeof(*error);
	const char *text = otherwise;

	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS) {
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			skip += mnl_nlmsg_get_payload_len(&error->msg);
		if (skip <= mnl_nlmsg_get_payload_len(nlh))
			mnl_attr_parse(nlh, (unsigned int)skip, extack_attr, tb);
	}
	if (tb[NLMSGERR_ATTR_MSG] &&
	    mnl_attr_validate(tb[NLMSGERR_ATTR_MSG], MNL_TYPE_NUL_STRING) >= 0)
		text = mnl_attr_get_str(tb[NLMSGERR_ATTR_MSG]);
	snprintf(nl->error, sizeof(nl->error), "%s", text);
}

static const char *error_text(int err)
{
	switch (err) {
	case EPERM:
	case EACCES:
		return "no permission: this needs CAP_NET_ADMIN in the network namespace";
	case ENOENT:
		return "there is no such object";
	default:
		return strerror(err);
	}
}

/* As a message says it: 0 or a negative errno. */
static int errno_of(int error)
{
	return error < 0 && error >= -ERRNO_MAX ? -error : EBADMSG;
}

static int receive_error(const struct nlmsghdr *nlh, void *data)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);
	struct dfctl_nl *nl = data;

	if (nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*error))) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	if (!error->error)
		return MNL_CB_STOP;
	extack_read(nl, nlh, error_text(errno_of(error->error)));
	errno = errno_of(error->error);
	return MNL_CB_ERROR;
}

static int receive_done(const struct nlmsghdr *nlh, void *data)
{
	const int *err = mnl_nlmsg_get_payload(nlh);
	struct dfctl_nl *nl = data;

	if (nlh->nlmsg_len >= mnl_nlmsg_size(sizeof(*err)) && *err < 0) {
		snprintf(nl->error, sizeof(nl->error), "%s", error_text(errno_of(*err)));
		errno = errno_of(*err);
		return MNL_CB_ERROR;
	}
	return MNL_CB_STOP;
}

static int receive_object(const struct nlmsghdr *nlh, void *data)
{
	struct dfctl_nl *nl = data;
	json_t *object;

	object = dfctl_nl_decode(nlh, NULL);
	if (!object) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	json_array_append_new(nl->objects, object);
	return MNL_CB_OK;
}

/*
 * What of a datagram libmnl may see: it gives up at the mark of a dump that
 * changes overtook, so that is remembered here and taken off; and it takes a
 * length beyond INT_MAX for a negative one, so the datagram ends before that.
 */
static size_t datagram_prepare(struct dfctl_nl *nl, ssize_t size)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)nl->buf;
	int len = (int)size;

	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_len > (uint32_t)len)
			return (size_t)(size - len);
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			nl->interrupted = true;
		nlh->nlmsg_flags &= (uint16_t)~NLM_F_DUMP_INTR;
	}
	return (size_t)size;
}

static int receive(struct dfctl_nl *nl, mnl_cb_t on_object, unsigned int port)
{
	mnl_cb_t control[NLMSG_MIN_TYPE] = {
		[NLMSG_ERROR] = receive_error,
		[NLMSG_DONE] = receive_done,
	};
	ssize_t len;
	int err = MNL_CB_OK;

	while (err > MNL_CB_STOP) {
		len = mnl_socket_recvfrom(nl->socket, nl->buf, sizeof(nl->buf));
		if (len < 0)
			return fail(nl, "netlink: %s", strerror(errno));
		err = mnl_cb_run2(nl->buf, datagram_prepare(nl, len), nl->seq, port, on_object, nl,
				  control, NLMSG_MIN_TYPE);
	}
	if (!err)
		return 0;
	return nl->error[0] ? -errno : fail(nl, "netlink: %s", strerror(errno));
}

static struct nlmsghdr *message(struct dfctl_nl *nl, uint16_t type, uint8_t cmd,
				uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = DRAGONFLOW_FAMILY_VERSION;
	nl->error[0] = '\0';
	return nlh;
}

static int group_attr(const struct nlattr *attr, void *data)
{
	const struct nlattr **tb = data;

	if (mnl_attr_get_type(attr) <= CTRL_ATTR_MCAST_GRP_MAX)
		tb[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static void family_group(struct dfctl_nl *nl, const struct nlattr *name,
			 const struct nlattr *id)
{
	static const char *const names[] = {
		DRAGONFLOW_MCGRP_CONFIG, DRAGONFLOW_MCGRP_HOLD, DRAGONFLOW_MCGRP_LOG
	};
	size_t i;

	for (i = 0; i < MNL_ARRAY_SIZE(names); i++) {
		if (!strcmp(mnl_attr_get_str(name), names[i]))
			nl->groups[i] = mnl_attr_get_u32(id);
	}
}

static void family_groups(struct dfctl_nl *nl, const struct nlattr *groups)
{
	const struct nlattr *group;

	mnl_attr_for_each_nested(group, groups) {
		const struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1] = { NULL };

		mnl_attr_parse_nested(group, group_attr, tb);
		if (tb[CTRL_ATTR_MCAST_GRP_NAME] && tb[CTRL_ATTR_MCAST_GRP_ID] &&
		    mnl_attr_validate(tb[CTRL_ATTR_MCAST_GRP_NAME],
				      MNL_TYPE_NUL_STRING) >= 0 &&
		    mnl_attr_validate(tb[CTRL_ATTR_MCAST_GRP_ID], MNL_TYPE_U32) >= 0)
			family_group(nl, tb[CTRL_ATTR_MCAST_GRP_NAME],
				     tb[CTRL_ATTR_MCAST_GRP_ID]);
	}
}

static int receive_family(const struct nlmsghdr *nlh, void *data)
{
	struct dfctl_nl *nl = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			nl->family = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			family_groups(nl, attr);
	}
	return MNL_CB_OK;
}

static int family_find(struct dfctl_nl *nl)
{
	struct nlmsghdr *nlh;
	int err;

	nlh = message(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, DRAGONFLOW_FAMILY_NAME);
	if (mnl_socket_sendto(nl->socket, nlh, nlh->nlmsg_len) < 0)
		return fail(nl, "netlink: %s", strerror(errno));
	err = receive(nl, receive_family, mnl_socket_get_portid(nl->socket));
	if (err == -ENOENT)
		snprintf(nl->error, sizeof(nl->error),
			 "the kernel module dragonflow is not loaded");
	return err;
}

static int sockets_open(struct dfctl_nl *nl)
{
	int on = 1, size = RECEIVE_BUFFER;

	nl->device_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	nl->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->socket || mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return fail(nl, "netlink: %s", strerror(errno));
	/* Better messages where the kernel knows how; bigger bursts of events. */
	mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	if (setsockopt(mnl_socket_get_fd(nl->socket), SOL_SOCKET, SO_RCVBUFFORCE,
		       &size, sizeof(size)) < 0)
		setsockopt(mnl_socket_get_fd(nl->socket), SOL_SOCKET, SO_RCVBUF,
			   &size, sizeof(size));
	return 0;
}

/* A socket stays in the namespace that it was made in: go there and back. */
static int sockets_open_in(struct dfctl_nl *nl, const char *netns)
{
	__auto_free char *path = strchr(netns, '/') ?
		dfctl_strdup(netns) : dfctl_strf("/run/netns/%s", netns);
	int there, here, err;

	there = open(path, O_RDONLY | O_CLOEXEC);
	if (there < 0)
		return fail(nl, "network namespace %s: %s", netns, strerror(errno));
	here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (here < 0 || setns(there, CLONE_NEWNET) < 0) {
		err = fail(nl, "network namespace %s: %s", netns, strerror(errno));
	} else {
		err = sockets_open(nl);
		if (setns(here, CLONE_NEWNET) < 0 && !err)
			err = fail(nl, "cannot leave network namespace %s", netns);
	}
	close(there);
	if (here >= 0)
		close(here);
	return err;
}

/**
 * dfctl_nl_open - open a socket to the kernel module
 * @out: set to the socket, which holds the message if the result is negative
 * @netns: name of the network namespace, or NULL for the current one
 *
 * Return: 0 or -errno; -ENOENT if the module is not loaded.
 */
int dfctl_nl_open(struct dfctl_nl **out, const char *netns)
{
	struct dfctl_nl *nl = dfctl_alloc(sizeof(*nl));
	int err;

	nl->device_fd = -1;
	*out = nl;
	err = netns ? sockets_open_in(nl, netns) : sockets_open(nl);
	return err ? err : family_find(nl);
}

void dfctl_nl_close(struct dfctl_nl *nl)
{
	if (!nl)
		return;
	if (nl->socket)
		mnl_socket_close(nl->socket);
	if (nl->device_fd >= 0)
		close(nl->device_fd);
	json_decref(nl->objects);
	free(nl);
}

static int ask_once(struct dfctl_nl *nl, const struct dfctl_nl_request *request)
{
	uint16_t flags = request->dump ? NLM_F_DUMP : NLM_F_ACK;
	struct nlmsghdr *nlh;

	json_decref(nl->objects);
	nl->objects = json_array();
	nl->interrupted = false;
	nlh = message(nl, nl->family, request->cmd, flags);
	if (request->attr)
		mnl_attr_put_u32(nlh, request->attr, request->value);
	if (request->fill)
		request->fill(nlh, request->data);
	if (mnl_socket_sendto(nl->socket, nlh, nlh->nlmsg_len) < 0)
		return fail(nl, "netlink: %s", strerror(errno));
	return receive(nl, receive_object, mnl_socket_get_portid(nl->socket));
}

/**
 * dfctl_nl_ask - ask the kernel module
 * @nl: the socket
 * @request: what to ask
 * @out: set to an array of objects, if the result is 0; may be NULL
 *
 * A dump that was overtaken by changes is asked for again; if that goes on,
 * the last one is taken.
 *
 * Return: 0 or -errno; dfctl_nl_error() says what is wrong.
 */
int dfctl_nl_ask(struct dfctl_nl *nl, const struct dfctl_nl_request *request,
		 json_t **out)
{
	int tries, err = 0;

	for (tries = 0; tries < DUMP_TRIES; tries++) {
		err = ask_once(nl, request);
		if (err || !nl->interrupted)
			break;
	}
	if (!err && out) {
		*out = nl->objects;
		nl->objects = NULL;
	}
	return err;
}

static int join(struct dfctl_nl *nl, uint32_t group)
{
	if (mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) >= 0)
		return 0;
	return fail(nl, "netlink: cannot subscribe: %s", error_text(errno));
}

/* Receive notifications of changes from now on, see dfctl_nl_events(). */
int dfctl_nl_subscribe(struct dfctl_nl *nl)
{
	int err = join(nl, nl->groups[0]);

	return err ? err : join(nl, nl->groups[1]);
}

/* Receive what security groups tell from now on, the same way. */
int dfctl_nl_subscribe_log(struct dfctl_nl *nl)
{
	return join(nl, nl->groups[2]);
}

int dfctl_nl_fd(const struct dfctl_nl *nl)
{
	return mnl_socket_get_fd(nl->socket);
}

static int receive_event(const struct nlmsghdr *nlh, void *data)
{
	const char *event = NULL;
	json_t *events = data;
	json_t *object;

	object = dfctl_nl_decode(nlh, &event);
	if (object && event)
		json_array_append_new(events, json_pack("{s:s, s:s, s:o}", "source",
							"kernel", "event", event,
							"object", object));
	else
		json_decref(object);
	return MNL_CB_OK;
}

/**
 * dfctl_nl_events - read the notifications that have come
 * @nl: the socket
 * @events: array to which they are appended
 *
 * Return: 0 or -errno; -ENOBUFS if some were lost.
 */
int dfctl_nl_events(struct dfctl_nl *nl, json_t *events)
{
	ssize_t len;

	len = recv(dfctl_nl_fd(nl), nl->buf, sizeof(nl->buf), MSG_DONTWAIT);
	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (len < 0)
		return fail(nl, "netlink: %s", errno == ENOBUFS ?
			    "changes came too fast, some were lost" : strerror(errno));
	if (mnl_cb_run(nl->buf, datagram_prepare(nl, len), 0, 0, receive_event, events) < 0)
		return fail(nl, "netlink: %s", strerror(errno));
	return 0;
}

const char *dfctl_nl_error(const struct dfctl_nl *nl)
{
	return nl->error;
}

/* The name of a device in the socket's namespace, or its number. */
const char *dfctl_nl_ifname(struct dfctl_nl *nl, uint32_t ifindex,
			    char name[IF_NAMESIZE])
{
	struct ifreq request = { .ifr_ifindex = (int)ifindex };

	if (ioctl(nl->device_fd, SIOCGIFNAME, &request) == 0)
		snprintf(name, IF_NAMESIZE, "%s", request.ifr_name);
	else
		snprintf(name, IF_NAMESIZE, "%u", ifindex);
	return name;
}
