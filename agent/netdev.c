// SPDX-License-Identifier: GPL-2.0
/*
 * Links and the classifier on them, over route netlink. Only this file and
 * tunneldev.c, which makes the tunnel devices, speak it.
 */
#include "netdev.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "netdev_nl.h"
#include "util.h"

enum {
	FILTER_PRIO = 1,
	MONITOR_BUFFER = 4 * 1024 * 1024,
	DUMP_TRIES = 8,
};

#define CLASSIFIER_KIND "dragonflow"

/* libnl has errors of its own, which lose which one it was. */
static int nl_errno(int err)
{
	switch (-err) {
	case 0:
		return 0;
	case NLE_EXIST:
		return -EEXIST;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_NODEV:
		return -ENODEV;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_BUSY:
		return -EBUSY;
	case NLE_DUMP_INTR:
		return -EINTR;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_INVAL:
	case NLE_RANGE:
		return -EINVAL;
	default:
		return -EIO;
	}
}

int dfa_netdev_send(struct dfa_netdev *netdev, struct nl_msg **msg)
{
	return nl_errno(nl_send_sync(netdev->request, dfa_take_ptr(*msg)));
}

int dfa_netdev_run_dump(struct dfa_netdev *netdev, struct nl_msg *msg,
			nl_recvmsg_msg_cb_t fn, void *arg)
{
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		nlmsg_hdr(msg)->nlmsg_seq = NL_AUTO_SEQ;
		nl_socket_modify_cb(netdev->request, NL_CB_VALID, NL_CB_CUSTOM,
				    fn, arg);
		err = nl_send_auto(netdev->request, msg);
		if (err >= 0)
			err = nl_recvmsgs_default(netdev->request);
		err = nl_errno(err < 0 ? err : 0);
		nl_socket_modify_cb(netdev->request, NL_CB_VALID,
				    NL_CB_DEFAULT, NULL, NULL);
	}
	return err;
}

/* --- what messages hold ---------------------------------------------------- */

/* A text that does not end, or a number that is too short, is not taken. */
static struct nla_policy link_policy[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = { .type = NLA_STRING, .maxlen = IF_NAMESIZE },
	[IFLA_IFALIAS] = { .type = NLA_STRING },
};

static struct nla_policy tc_policy[TCA_MAX + 1] = {
	[TCA_KIND] = { .type = NLA_STRING },
};

int dfa_netdev_parse_link(struct nlmsghdr *nlh, struct nlattr **attrs)
{
	return nlmsg_parse(nlh, sizeof(struct ifinfomsg), attrs, IFLA_MAX,
			   link_policy);
}

static int parse_tc(struct nlmsghdr *nlh, struct nlattr **attrs)
{
	return nlmsg_parse(nlh, sizeof(struct tcmsg), attrs, TCA_MAX,
			   tc_policy);
}

/* --- links ----------------------------------------------------------------- */

static void handle_link(struct dfa_netdev *netdev, struct nlmsghdr *nlh)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	const struct ifinfomsg *info = nlmsg_data(nlh);

	/* Bridges tell of their ports in messages that look like links. */
	if (dfa_netdev_parse_link(nlh, attrs) < 0 ||
	    info->ifi_family != AF_UNSPEC || !attrs[IFLA_IFNAME])
		return;
	if (nlh->nlmsg_type == RTM_DELLINK)
		netdev->ops->gone(netdev->arg, info->ifi_index);
	else
		netdev->ops->link(netdev->arg, info->ifi_index,
				  nla_get_string(attrs[IFLA_IFNAME]));
}

/* Our own changes are known already. */
static void handle_tc(struct dfa_netdev *netdev, const struct nlmsghdr *nlh)
{
	const struct tcmsg *tc = nlmsg_data(nlh);

	if (!nlmsg_valid_hdr(nlh, sizeof(*tc)) ||
	    nlh->nlmsg_pid == nl_socket_get_local_port(netdev->request))
		return;
	netdev->ops->filters(netdev->arg, tc->tcm_ifindex);
}

static int link_message(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct dfa_netdev *netdev = arg;

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		handle_link(netdev, nlh);
		break;
	case RTM_DELTFILTER:
	case RTM_NEWTFILTER:
	case RTM_DELQDISC:
		handle_tc(netdev, nlh);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		netdev->ops->addresses(netdev->arg);
		break;
	default:
		break;
	}
	return NL_OK;
}

static void monitor_read(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_netdev *netdev = arg;
	int err = nl_recvmsgs_default(netdev->monitor);

	(void)fd;
	(void)what;
	/* libnl says NOMEM for ENOBUFS: more came than the buffer holds. */
	if (err < 0 && err != -NLE_AGAIN)
		netdev->ops->lost(netdev->arg);
}

int dfa_netdev_dump(struct dfa_netdev *netdev)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	__auto_msg struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK,
							   NLM_F_DUMP);

	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	return dfa_netdev_run_dump(netdev, msg, link_message, netdev);
}

/* --- qdisc and filter ------------------------------------------------------ */

static int add_clsact(struct dfa_netdev *netdev, int ifindex)
{
	struct tcmsg tc = {
		.tcm_ifindex = ifindex,
		.tcm_parent = TC_H_CLSACT,
		.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
	};
	__auto_msg struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWQDISC,
							   NLM_F_CREATE |
							   NLM_F_EXCL);

	if (!msg || nlmsg_append(msg, &tc, sizeof(tc), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, TCA_KIND, "clsact") < 0)
		return -ENOMEM;
	return dfa_netdev_send(netdev, &msg);
}

static struct tcmsg filter_header(int ifindex, uint32_t prio)
{
	return (struct tcmsg){
		.tcm_ifindex = ifindex,
		.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		.tcm_info = TC_H_MAKE(prio << 16,
				      prio ? htons(ETH_P_ALL) : 0),
	};
}

/**
 * struct filter - the filter of a device
 * @port: that it names, or DFA_NETDEV_UNDERLAY; 0 if there is none of ours
 * @handle: within its priority
 */
struct filter {
	uint32_t port;
	uint32_t handle;
};

static int filter_message(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[TCA_MAX + 1], *options, *port;
	const struct tcmsg *tc = nlmsg_data(nlmsg_hdr(msg));
	struct filter *filter = arg;

	if (parse_tc(nlmsg_hdr(msg), attrs) < 0)
		return NL_SKIP;
	/* The head of a chain of filters comes as a message without options. */
	if (TC_H_MAJ(tc->tcm_info) >> 16 != FILTER_PRIO || !attrs[TCA_KIND] ||
	    strcmp(nla_get_string(attrs[TCA_KIND]), CLASSIFIER_KIND) != 0 ||
	    !attrs[TCA_OPTIONS])
		return NL_OK;
	options = attrs[TCA_OPTIONS];
	port = nla_find(nla_data(options), nla_len(options), DF_A_FILTER_PORT);
	if (port && nla_len(port) == sizeof(uint32_t))
		filter->port = nla_get_u32(port);
	else if (nla_find(nla_data(options), nla_len(options),
			  DF_A_FILTER_UNDERLAY))
		filter->port = DFA_NETDEV_UNDERLAY;
	filter->handle = tc->tcm_handle;
	return NL_OK;
}

static int get_filter(struct dfa_netdev *netdev, int ifindex,
		      struct filter *filter)
{
	struct tcmsg tc = filter_header(ifindex, 0);
	__auto_msg struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETTFILTER,
							   NLM_F_DUMP);

	if (!msg || nlmsg_append(msg, &tc, sizeof(tc), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	*filter = (struct filter){ 0 };
	return dfa_netdev_run_dump(netdev, msg, filter_message, filter);
}

static int put_filter(struct dfa_netdev *netdev, int ifindex, uint32_t port,
		      uint32_t handle)
{
	struct tcmsg tc = filter_header(ifindex, FILTER_PRIO);
	__auto_msg struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWTFILTER,
							   NLM_F_CREATE);
	struct nlattr *options;

	tc.tcm_handle = handle;
	if (!msg || nlmsg_append(msg, &tc, sizeof(tc), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, TCA_KIND, CLASSIFIER_KIND) < 0)
		return -ENOMEM;
	options = nla_nest_start(msg, TCA_OPTIONS | NLA_F_NESTED);
	if (!options || (port == DFA_NETDEV_UNDERLAY ?
				 nla_put_flag(msg, DF_A_FILTER_UNDERLAY) :
				 nla_put_u32(msg, DF_A_FILTER_PORT, port)) < 0)
		return -ENOMEM;
	nla_nest_end(msg, options);
	return dfa_netdev_send(netdev, &msg);
}

int dfa_netdev_detach(struct dfa_netdev *netdev, int ifindex)
{
	struct tcmsg tc = filter_header(ifindex, FILTER_PRIO);
	__auto_msg struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELTFILTER, 0);
	struct filter filter;
	int err;

	/* Never somebody else's filter of the same priority. */
	err = get_filter(netdev, ifindex, &filter);
	if (err)
		return err == -ENODEV || err == -ENOENT ? 0 : err;
	if (!filter.port)
		return 0;
	if (!msg || nlmsg_append(msg, &tc, sizeof(tc), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, TCA_KIND, CLASSIFIER_KIND) < 0)
		return -ENOMEM;
	err = dfa_netdev_send(netdev, &msg);
	return err == -ENOENT || err == -ENODEV ? 0 : err;
}

/* Return: 1 if the device has no filter of ours (any more), 0 if the right. */
static int change_filter(struct dfa_netdev *netdev, int ifindex, uint32_t port,
			 bool *changed)
{
	struct filter filter;
	int err = get_filter(netdev, ifindex, &filter);

	if (err)
		return err;
	if (filter.port == port)
		return 0;
	if (!filter.port)
		return 1;
	*changed = true;
	if (put_filter(netdev, ifindex, port, filter.handle) == 0)
		return 0;
	/* A classifier that cannot change in place. */
	err = dfa_netdev_detach(netdev, ifindex);
	return err ?: 1;
}

int dfa_netdev_attach(struct dfa_netdev *netdev, int ifindex, uint32_t port)
{
	bool changed = false;
	int err;

	err = add_clsact(netdev, ifindex);
	if (err && err != -EEXIST)
		return err;
	if (err == -EEXIST) {
		err = change_filter(netdev, ifindex, port, &changed);
		if (err <= 0)
			return err ?: changed;
	}
	err = put_filter(netdev, ifindex, port, 0);
	return err ?: 1;
}

/* Collects the devices that have a clsact qdisc. */
struct clsact_list {
	int *ifindex;
	size_t count;
	bool incomplete;
};

static int qdisc_message(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[TCA_MAX + 1];
	const struct tcmsg *tc = nlmsg_data(nlmsg_hdr(msg));
	struct clsact_list *list = arg;
	int *grown;

	if (parse_tc(nlmsg_hdr(msg), attrs) < 0)
		return NL_SKIP;
	if (!attrs[TCA_KIND] ||
	    strcmp(nla_get_string(attrs[TCA_KIND]), "clsact") != 0)
		return NL_OK;
	grown = reallocarray(list->ifindex, list->count + 1, sizeof(*grown));
	if (!grown) {
		list->incomplete = true;
		return NL_OK;
	}
	list->ifindex = grown;
	list->ifindex[list->count++] = tc->tcm_ifindex;
	return NL_OK;
}

int dfa_netdev_dump_filters(struct dfa_netdev *netdev,
			    void (*fn)(void *arg, int ifindex, uint32_t port),
			    void *arg)
{
	struct tcmsg tc = { .tcm_family = AF_UNSPEC };
	__auto_msg struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETQDISC,
							   NLM_F_DUMP);
	struct clsact_list list = { 0 };
	int err;

	if (!msg || nlmsg_append(msg, &tc, sizeof(tc), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	err = dfa_netdev_run_dump(netdev, msg, qdisc_message, &list);
	if (!err && list.incomplete)
		err = -ENOMEM;

	for (size_t i = 0; i < list.count && !err; i++) {
		struct filter filter;

		/* A device may have gone since. */
		if (get_filter(netdev, list.ifindex[i], &filter) == 0 &&
		    filter.port)
			fn(arg, list.ifindex[i], filter.port);
	}
	free(list.ifindex);
	return err;
}

/* --- open and close -------------------------------------------------------- */

static int open_monitor(struct dfa_netdev *netdev, struct event_base *base)
{
	struct nl_sock *monitor = netdev->monitor;
	int err;

	nl_socket_disable_seq_check(monitor);
	nl_socket_modify_cb(monitor, NL_CB_VALID, NL_CB_CUSTOM, link_message,
			    netdev);
	err = nl_connect(monitor, NETLINK_ROUTE);
	if (err)
		return nl_errno(err);
	/* A smaller buffer is only sooner full; the monitor then resyncs. */
	(void)nl_socket_set_buffer_size(monitor, MONITOR_BUFFER, 0);
	err = nl_socket_set_nonblocking(monitor);
	if (!err)
		err = nl_socket_add_memberships(monitor, RTNLGRP_LINK,
						RTNLGRP_TC,
						RTNLGRP_IPV4_IFADDR,
						RTNLGRP_IPV6_IFADDR, 0);
	if (err)
		return nl_errno(err);

	netdev->readable = event_new(base, nl_socket_get_fd(monitor),
				     EV_READ | EV_PERSIST, monitor_read,
				     netdev);
	if (!netdev->readable || event_add(netdev->readable, NULL))
		return -ENOMEM;
	return 0;
}

int dfa_netdev_open(struct dfa_netdev **out, struct event_base *base,
		    const struct dfa_netdev_ops *ops, void *arg)
{
	struct dfa_netdev *netdev = calloc(1, sizeof(*netdev));
	int err = -ENOMEM;

	if (!netdev)
		return -ENOMEM;
	netdev->ops = ops;
	netdev->arg = arg;
	netdev->request = nl_socket_alloc();
	netdev->monitor = nl_socket_alloc();
	if (netdev->request && netdev->monitor)
		err = nl_errno(nl_connect(netdev->request, NETLINK_ROUTE));
	if (!err)
		err = open_monitor(netdev, base);
	if (err) {
		dfa_netdev_close(netdev);
		return err;
	}
	nl_socket_set_msg_buf_size(netdev->request, 64 * 1024);
	*out = netdev;
	return 0;
}

void dfa_netdev_close(struct dfa_netdev *netdev)
{
	if (!netdev)
		return;
	if (netdev->readable)
		event_free(netdev->readable);
	nl_socket_free(netdev->monitor);
	nl_socket_free(netdev->request);
	free(netdev);
}
