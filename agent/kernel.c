// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "dragonflow". Requests are sent back to back, and
 * only the last asks for an acknowledgement: the kernel works on them in order
 * within the call that sends them, so silence about the others is consent.
 */
#include "kernel.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/dragonflow.h>
#include <linux/genetlink.h>

#include "codec.h"
#include "util.h"

enum {
	SEND_SIZE = 64 * 1024,
	RECEIVE_SIZE = 64 * 1024,
	SOCKET_BUFFER = 4 * 1024 * 1024,
	REPLY_TIMEOUT_S = 10,
	ERRNO_MAX = 4095, /* the kernel's own limit */
};

struct dfa_kernel {
	struct mnl_socket *socket;
	uint16_t family;
	uint32_t packet_group;
	uint32_t hold_group;
	uint32_t miss_group;
	uint32_t seq;
	char version[32];
	char send[SEND_SIZE];
	char receive[RECEIVE_SIZE];
};

/* Called for every message of a reply that is no error and no end. */
typedef int (*message_fn)(void *arg, const struct nlmsghdr *nlh);

/**
 * struct reply - what to do with the answers to requests @first to @last
 * @message: for data; may be NULL
 * @refused: for errors; if NULL, an error ends the reading
 */
struct reply {
	uint32_t first;
	uint32_t last;
	message_fn message;
	void *message_arg;
	dfa_kernel_refused_fn refused;
	void *refused_arg;
	bool interrupted;
	bool done;
};

/* --- sending and receiving ------------------------------------------------- */

static struct nlmsghdr *put_header(struct dfa_kernel *kernel, char *buf,
				   uint16_t type, uint16_t flags, uint8_t cmd)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++kernel->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = type == GENL_ID_CTRL ? 1 : DRAGONFLOW_FAMILY_VERSION;
	return nlh;
}

/* The kernel's own sentence, which stands behind the (shortened) request. */
static const char *extack_text(const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);
	size_t skip = sizeof(*error);
	const struct nlattr *attr;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return "";
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += MNL_ALIGN((size_t)error->msg.nlmsg_len) -
			sizeof(error->msg);
	if (skip > mnl_nlmsg_get_payload_len(nlh))
		return "";
	mnl_attr_for_each(attr, nlh, (unsigned int)skip) {
		if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			return mnl_attr_get_str(attr);
	}
	return "";
}

/* Nothing but a negative errno may look like a failure to the callers. */
static int errno_of(int error)
{
	return error < 0 && error >= -ERRNO_MAX ? error : -EBADMSG;
}

static int handle_error(struct reply *reply, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*error))
		return -EBADMSG;
	if (nlh->nlmsg_seq == reply->last)
		reply->done = true;
	if (!error->error)
		return 0;
	if (!reply->refused)
		return errno_of(error->error);
	reply->refused(reply->refused_arg, nlh->nlmsg_seq - reply->first,
		       errno_of(error->error), extack_text(nlh));
	return 0;
}

/* The end of a dump carries the error that ended it, if one did. */
static int handle_done(struct reply *reply, const struct nlmsghdr *nlh)
{
	const int *err = mnl_nlmsg_get_payload(nlh);

	reply->done = true;
	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*err) && *err < 0)
		return errno_of(*err);
	return 0;
}

static int handle_message(struct reply *reply, const struct nlmsghdr *nlh)
{
	/* The rest of something that was given up. */
	if (nlh->nlmsg_seq - reply->first > reply->last - reply->first)
		return 0;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		reply->interrupted = true;

	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
		return handle_error(reply, nlh);
	case NLMSG_DONE:
		return handle_done(reply, nlh);
	case NLMSG_NOOP:
		return 0;
	default:
		return reply->message ? reply->message(reply->message_arg, nlh) :
					0;
	}
}

static int receive(struct dfa_kernel *kernel, struct reply *reply)
{
	int err = 0;

	while (!reply->done) {
		const struct nlmsghdr *nlh = (void *)kernel->receive;
		ssize_t got;
		int len;

		got = mnl_socket_recvfrom(kernel->socket, kernel->receive,
					  sizeof(kernel->receive));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		for (len = (int)got; dfa_codec_is_whole(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len)) {
			int failed = handle_message(reply, nlh);

			/* Read on, or the next reply starts in this one. */
			err = err ?: failed;
		}
	}
	return err ?: reply->interrupted ? -EINTR : 0;
}

static int send_all(struct dfa_kernel *kernel, size_t len)
{
	if (mnl_socket_sendto(kernel->socket, kernel->send, len) < 0)
		return -errno;
	return 0;
}

static int request(struct dfa_kernel *kernel, const struct nlmsghdr *nlh,
		   message_fn message, void *arg)
{
	struct reply reply = {
		.first = nlh->nlmsg_seq,
		.last = nlh->nlmsg_seq,
		.message = message,
		.message_arg = arg,
	};
	int err = send_all(kernel, nlh->nlmsg_len);

	return err ?: receive(kernel, &reply);
}

/* --- finding the family ---------------------------------------------------- */

static void parse_group(struct dfa_kernel *kernel, const struct nlattr *group)
{
	const struct nlattr *attr;
	const char *name = "";
	uint32_t id = 0;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			id = mnl_attr_get_u32(attr);
	}
	if (strcmp(name, DRAGONFLOW_MCGRP_PACKET) == 0)
		kernel->packet_group = id;
	else if (strcmp(name, DRAGONFLOW_MCGRP_HOLD) == 0)
		kernel->hold_group = id;
	else if (strcmp(name, DRAGONFLOW_MCGRP_MISS) == 0)
		kernel->miss_group = id;
}

static int parse_family(void *arg, const struct nlmsghdr *nlh)
{
	struct dfa_kernel *kernel = arg;
	const struct nlattr *attr, *group;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			kernel->family = mnl_attr_get_u16(attr);
		if (mnl_attr_get_type(attr) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		mnl_attr_for_each_nested(group, attr)
			parse_group(kernel, group);
	}
	return 0;
}

static int find_family(struct dfa_kernel *kernel)
{
	struct nlmsghdr *nlh;
	int err;

	nlh = put_header(kernel, kernel->send, GENL_ID_CTRL, NLM_F_ACK,
			 CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, DRAGONFLOW_FAMILY_NAME);
	err = request(kernel, nlh, parse_family, kernel);
	return err ?: kernel->family ? 0 : -ENOENT;
}

static void set_socket_options(const struct mnl_socket *socket)
{
	struct timeval timeout = { .tv_sec = REPLY_TIMEOUT_S };
	int fd = mnl_socket_get_fd(socket), size = SOCKET_BUFFER, on = 1;

	/* What an old kernel does not know makes errors less telling only. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout,
			 sizeof(timeout));
}

int dfa_kernel_open(struct dfa_kernel **out)
{
	struct dfa_kernel *kernel = calloc(1, sizeof(*kernel));
	int err;

	if (!kernel)
		return -ENOMEM;
	kernel->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!kernel->socket ||
	    mnl_socket_bind(kernel->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		dfa_kernel_close(kernel);
		return err;
	}
	set_socket_options(kernel->socket);

	err = find_family(kernel);
	if (err) {
		dfa_kernel_close(kernel);
		return err;
	}
	*out = kernel;
	return 0;
}

void dfa_kernel_close(struct dfa_kernel *kernel)
{
	if (!kernel)
		return;
	if (kernel->socket)
		mnl_socket_close(kernel->socket);
	free(kernel);
}

uint16_t dfa_kernel_family(const struct dfa_kernel *kernel)
{
	return kernel->family;
}

uint32_t dfa_kernel_packet_group(const struct dfa_kernel *kernel)
{
	return kernel->packet_group;
}

uint32_t dfa_kernel_hold_group(const struct dfa_kernel *kernel)
{
	return kernel->hold_group;
}

uint32_t dfa_kernel_miss_group(const struct dfa_kernel *kernel)
{
	return kernel->miss_group;
}

const char *dfa_kernel_version(const struct dfa_kernel *kernel)
{
	return kernel->version;
}

/* --- dumping --------------------------------------------------------------- */

struct dump {
	enum dfa_kind kind;
	dfa_kernel_object_fn fn;
	void *arg;
};

static int dump_message(void *arg, const struct nlmsghdr *nlh)
{
	union dfa_value value = { 0 };
	struct dump *dump = arg;
	uint32_t id = 0;
	int err;

	err = dfa_codecs[dump->kind].parse(nlh, &id, &value);
	if (!err)
		err = id ? dump->fn(dump->arg, dump->kind, id, &value) :
			   -EBADMSG;
	dfa_value_put(dump->kind, &value);
	return err;
}

static int version_message(void *arg, const struct nlmsghdr *nlh)
{
	const struct nlattr *attrs[DFA_ATTRS], *version;
	struct dfa_kernel *kernel = arg;

	dfa_codec_attrs(nlh, attrs);
	version = attrs[DF_A_DATAPATH_VERSION];
	if (version && mnl_attr_validate(version, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(kernel->version, sizeof(kernel->version), "%s",
			 mnl_attr_get_str(version));
	return 0;
}

int dfa_kernel_dump(struct dfa_kernel *kernel, dfa_kernel_object_fn fn,
		    void *arg)
{
	struct nlmsghdr *nlh;
	int err;

	nlh = put_header(kernel, kernel->send, kernel->family, NLM_F_ACK,
			 DF_CMD_DATAPATH_GET);
	err = request(kernel, nlh, version_message, kernel);

	for (int kind = 0; kind < DFA_KINDS && !err; kind++) {
		struct dump dump = { (enum dfa_kind)kind, fn, arg };

		nlh = put_header(kernel, kernel->send, kernel->family,
				 NLM_F_DUMP, dfa_codecs[kind].cmd_get);
		err = request(kernel, nlh, dump_message, &dump);
	}
	return err;
}

/* --- programming ----------------------------------------------------------- */

static struct nlmsghdr *put_step(struct dfa_kernel *kernel, char *buf,
				 const struct dfa_step *step)
{
	const struct dfa_codec *codec = &dfa_codecs[step->kind];
	struct nlmsghdr *nlh;

	nlh = put_header(kernel, buf, kernel->family, 0,
			 step->is_delete ? codec->cmd_del : codec->cmd_new);
	if (codec->id_attr)
		mnl_attr_put_u32(nlh, codec->id_attr, step->id);
	if (!step->is_delete || !codec->id_attr)
		codec->put(nlh, &step->value);
	return nlh;
}

int dfa_kernel_run(struct dfa_kernel *kernel, const struct dfa_step *steps,
		   size_t count, dfa_kernel_refused_fn refused, void *arg)
{
	struct reply reply = {
		.first = kernel->seq + 1,
		.refused = refused,
		.refused_arg = arg,
	};
	struct nlmsghdr *nlh = NULL;
	size_t len = 0, n = 0;
	int err;

	while (n < count && len + DFA_REQUEST_MAX <= SEND_SIZE) {
		nlh = put_step(kernel, kernel->send + len, &steps[n++]);
		len += MNL_ALIGN(nlh->nlmsg_len);
	}
	if (!nlh)
		return -EINVAL;
	nlh->nlmsg_flags |= NLM_F_ACK;
	reply.last = nlh->nlmsg_seq;

	err = send_all(kernel, len);
	if (!err)
		err = receive(kernel, &reply);
	return err ?: (int)n;
}

/* --- whether a port is used ------------------------------------------------- */

struct idle {
	bool is_known;
	uint32_t ms;
};

static int idle_message(void *arg, const struct nlmsghdr *nlh)
{
	const struct nlattr *attrs[DFA_ATTRS], *attr;
	struct idle *idle = arg;

	dfa_codec_attrs(nlh, attrs);
	attr = attrs[DF_A_PORT_IDLE_MS];
	if (!attr || mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return 0;
	idle->is_known = true;
	idle->ms = mnl_attr_get_u32(attr);
	return 0;
}

int dfa_kernel_idle(struct dfa_kernel *kernel, uint32_t port, uint64_t *idle_ms)
{
	struct idle idle = { 0 };
	struct nlmsghdr *nlh;
	int err;

	nlh = put_header(kernel, kernel->send, kernel->family, NLM_F_ACK,
			 DF_CMD_PORT_GET);
	mnl_attr_put_u32(nlh, DF_A_PORT_ID, port);
	err = request(kernel, nlh, idle_message, &idle);
	if (err)
		return err;
	if (!idle.is_known)
		return -ENODATA;
	*idle_ms = idle.ms;
	return 0;
}

/* --- settings -------------------------------------------------------------- */

int dfa_kernel_set_log(struct dfa_kernel *kernel, uint32_t rate, uint32_t burst)
{
	struct nlmsghdr *nlh;

	nlh = put_header(kernel, kernel->send, kernel->family, NLM_F_ACK,
			 DF_CMD_DATAPATH_SET);
	mnl_attr_put_u32(nlh, DF_A_DATAPATH_LOG_RATE, rate);
	mnl_attr_put_u32(nlh, DF_A_DATAPATH_LOG_BURST, burst);
	return request(kernel, nlh, NULL, NULL);
}

/* --- traces ---------------------------------------------------------------- */

/**
 * struct trace - a trace under way
 * @why: what the kernel says against it; 256 characters
 * @err: the same, or 0
 */
struct trace {
	dfa_kernel_traced_fn traced;
	void *arg;
	char *why;
	int err;
};

static int trace_message(void *arg, const struct nlmsghdr *nlh)
{
	size_t head = sizeof(struct genlmsghdr), len;
	const struct trace *trace = arg;

	len = mnl_nlmsg_get_payload_len(nlh);
	if (len < head)
		return -EBADMSG;
	trace->traced(trace->arg, mnl_nlmsg_get_payload_offset(nlh, head),
		      len - head);
	return 0;
}

static void trace_refused(void *arg, size_t index, int err, const char *why)
{
	struct trace *trace = arg;

	(void)index;
	trace->err = err;
	snprintf(trace->why, 256, "%s", *why ? why : strerror(-err));
}

int dfa_kernel_trace(struct dfa_kernel *kernel, const void *attrs, size_t len,
		     dfa_kernel_traced_fn traced, void *arg, char why[256])
{
	struct trace trace = { .traced = traced, .arg = arg, .why = why };
	struct reply reply = {
		.message = trace_message,
		.message_arg = &trace,
		.refused = trace_refused,
		.refused_arg = &trace,
	};
	struct nlmsghdr *nlh;
	int err;

	why[0] = '\0';
	if (len > DFA_TRACE_MAX)
		return -E2BIG;
	nlh = put_header(kernel, kernel->send, kernel->family, NLM_F_ACK,
			 DF_CMD_TRACE);
	memcpy(mnl_nlmsg_put_extra_header(nlh, len), attrs, len);
	reply.first = nlh->nlmsg_seq;
	reply.last = nlh->nlmsg_seq;
	err = send_all(kernel, nlh->nlmsg_len);
	return err ?: receive(kernel, &reply) ?: trace.err;
}

/* --- the module comes and goes --------------------------------------------- */

int dfa_kernel_watch_open(void)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		/* The group of the controller has the controller's number. */
		.nl_groups = 1u << (GENL_ID_CTRL - 1),
	};
	__auto_close int fd = -1;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_GENERIC);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return dfa_take_fd(fd);
}

static bool names_us(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			return strcmp(mnl_attr_get_str(attr),
				      DRAGONFLOW_FAMILY_NAME) == 0;
	}
	return false;
}

int dfa_kernel_watch_read(int fd)
{
	char buf[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	int ours = 0;
	ssize_t got;

	while ((got = recv(fd, buf, sizeof(buf), 0)) >= 0 || errno == ENOBUFS) {
		const struct nlmsghdr *nlh = (void *)buf;
		int len = (int)got;

		/* Messages were lost: it may have been ours. */
		ours |= got < 0;
		for (; got > 0 && dfa_codec_is_whole(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len))
			ours |= names_us(nlh);
	}
	return ours;
}
