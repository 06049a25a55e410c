/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_NETDEV_NL_H
#define DFA_NETDEV_NL_H

/* What the files that speak route netlink share; nobody else includes this. */

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "netdev.h"

/**
 * struct dfa_netdev - the connection to route netlink
 * @request: for requests, which are answered at once
 * @monitor: for events
 * @readable: of @monitor
 */
struct dfa_netdev {
	struct nl_sock *request;
	struct nl_sock *monitor;
	struct event *readable;
	const struct dfa_netdev_ops *ops;
	void *arg;
};

/* Sends the message and waits for the acknowledgement; takes the message. */
int dfa_netdev_send(struct dfa_netdev *netdev, struct nl_msg **msg);
/* Runs a dump, calling @fn for each message, and again if it was torn. */
int dfa_netdev_run_dump(struct dfa_netdev *netdev, struct nl_msg *msg,
			nl_recvmsg_msg_cb_t fn, void *arg);

/* Into @attrs[IFLA_MAX + 1]; < 0 if it is not a link's message. */
int dfa_netdev_parse_link(struct nlmsghdr *nlh, struct nlattr **attrs);

static inline void dfa_nlmsg_cleanup(struct nl_msg **msg)
{
	nlmsg_free(*msg);
}

#define __auto_msg __attribute__((cleanup(dfa_nlmsg_cleanup)))

#endif
