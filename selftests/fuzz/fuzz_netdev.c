// SPDX-License-Identifier: GPL-2.0
/*
 * What the agent reads from route netlink: links, qdiscs, filters, addresses, its
 * tunnel devices, and the notices about them. The first byte of the input says what is
 * asked for; behind it are datagrams, two bytes of length before each. Libnl's
 * sockets are connected to them instead of to the kernel.
 */
#include <event2/event.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/socket.h>

#include "fuzz.h"
#include "netdev.h"
#include "netdev_nl.h"

static const uint8_t *datagrams;
static size_t datagrams_size;

/* --- libnl's socket, as far as it talks to the kernel ------------------------ */

static int receive(struct nl_sock *sk, struct sockaddr_nl *from, unsigned char **buf,
		   struct ucred **creds)
{
	size_t len;

	(void)sk;
	(void)creds;
	if (datagrams_size < 3)
		return -NLE_AGAIN;
	memset(from, 0, sizeof(*from));
	from->nl_family = AF_NETLINK;
	len = datagrams[0] | datagrams[1] << 8;
	datagrams += 2;
	datagrams_size -= 2;
	if (len > datagrams_size)
		len = datagrams_size;
	if (len)
		*buf = fuzz_copy(datagrams, len);
	datagrams += len;
	datagrams_size -= len;
	return (int)len;
}

static int send_nowhere(struct nl_sock *sk, struct nl_msg *msg)
{
	(void)sk;
	return (int)nlmsg_hdr(msg)->nlmsg_len;
}

int nl_connect(struct nl_sock *sk, int protocol)
{
	struct nl_cb *cb = nl_socket_get_cb(sk);

	(void)protocol;
	nl_cb_overwrite_recv(cb, receive);
	nl_cb_overwrite_send(cb, send_nowhere);
	nl_cb_put(cb);
	nl_socket_set_local_port(sk, 1);
	/* Sequence numbers start with the time of day. */
	nl_socket_disable_seq_check(sk);
	return 0;
}

int nl_socket_set_nonblocking(const struct nl_sock *sk)
{
	(void)sk;
	return 0;
}

int nl_socket_add_memberships(struct nl_sock *sk, int group, ...)
{
	(void)sk;
	(void)group;
	return 0;
}

/* --- what is tried ------------------------------------------------------------ */

static void told_link(void *arg, int ifindex, const char *name)
{
	(void)arg;
	(void)ifindex;
	require(strlen(name) < IF_NAMESIZE);
}

static void told_ifindex(void *arg, int ifindex)
{
	(void)arg;
	(void)ifindex;
}

static void told(void *arg)
{
	(void)arg;
}

static void told_filter(void *arg, int ifindex, uint32_t port)
{
	(void)arg;
	(void)ifindex;
	require(port);
}

static const struct dfa_netdev_ops ops = {
	.link = told_link,
	.gone = told_ifindex,
	.filters = told_ifindex,
	.addresses = told,
	.lost = told,
};

static void find_underlays(struct dfa_netdev *netdev)
{
	static const struct dfa_config config = {
		.encap = { { .address = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } } } },
		.encap_count = 1,
	};
	int ifindex[DFA_MAX_ENCAPS];

	require(dfa_netdev_find_underlays(netdev, &config, ifindex) <= DFA_MAX_ENCAPS);
}

static void try_one(struct dfa_netdev *netdev, struct event_base *base, unsigned int what)
{
	switch (what % 7) {
	case 0:
		dfa_netdev_dump(netdev);
		break;
	case 1:
		dfa_netdev_dump_filters(netdev, told_filter, NULL);
		break;
	case 2:
		require(dfa_netdev_attach(netdev, 3, 7) <= 1);
		break;
	case 3:
		require(dfa_netdev_detach(netdev, 3) <= 0);
		break;
	case 4:
		dfa_netdev_tunnel(netdev, what & 8 ? "vxlan" : "geneve");
		break;
	case 5:
		event_active(netdev->readable, EV_READ, 0);
		event_base_loop(base, EVLOOP_NONBLOCK);
		break;
	case 6:
		find_underlays(netdev);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct event_base *base;
	struct dfa_netdev *netdev;

	if (!size)
		return 0;
	base = event_base_new();
	require(base);
	datagrams = input + 1;
	datagrams_size = size - 1;
	require(!dfa_netdev_open(&netdev, base, &ops, NULL));
	try_one(netdev, base, *input);
	dfa_netdev_close(netdev);
	event_base_free(base);
	return 0;
}
