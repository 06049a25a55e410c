// SPDX-License-Identifier: GPL-2.0
#include "miss.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/dragonflow.h>
#include <linux/genetlink.h>

#include "codec.h"
#include "kernel.h"
#include "listener.h"
#include "util.h"

struct dfa_miss {
	struct dfa_listener *listener;
	dfa_miss_fn sought;
	void *arg;
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

static void told(void *arg, const struct nlmsghdr *nlh)
{
	const struct dfa_miss *miss = arg;
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attrs[DFA_ATTRS];
	struct dfa_sought sought = { 0 };

	if (genl->cmd != DF_CMD_LOOKUP_NTF)
		return;
	dfa_codec_attrs(nlh, attrs);
	if (!has_len(attrs[DF_A_LOOKUP_NETWORK], sizeof(uint32_t)) ||
	    !parse_name(&sought, attrs))
		return;
	sought.network = mnl_attr_get_u32(attrs[DF_A_LOOKUP_NETWORK]);
	if (has_len(attrs[DF_A_LOOKUP_PORT], sizeof(uint32_t)))
		sought.port = mnl_attr_get_u32(attrs[DF_A_LOOKUP_PORT]);
	miss->sought(miss->arg, &sought);
}

/* What was lost is asked again by the next packet. */
static const struct dfa_listener_ops listener_ops = {
	.refusal = "lookup: not denied",
	.told = told,
};

void dfa_miss_parse(const void *buf, size_t size, uint16_t family,
		    dfa_miss_fn sought, void *arg)
{
	struct dfa_miss miss = { .sought = sought, .arg = arg };

	dfa_listener_parse(buf, size, family, &listener_ops, &miss);
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
	char buf[DFA_LISTENER_SEND_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *nlh =
		dfa_listener_put(miss->listener, buf, DF_CMD_LOOKUP_NEW);

	mnl_attr_put_u32(nlh, DF_A_LOOKUP_NETWORK, sought->network);
	put_name(nlh, sought);
	mnl_attr_put_u32(nlh, DF_A_LOOKUP_TTL_MS, ttl_ms);
	dfa_listener_send(miss->listener, nlh);
}

/* --- start and stop -------------------------------------------------------- */

int dfa_miss_open(struct dfa_miss **out, struct event_base *base,
		  const struct dfa_kernel *kernel, dfa_miss_fn sought,
		  void *arg)
{
	const uint32_t group = dfa_kernel_miss_group(kernel);
	struct dfa_miss *miss = calloc(1, sizeof(*miss));
	int err;

	if (!miss)
		return -ENOMEM;
	miss->sought = sought;
	miss->arg = arg;
	err = dfa_listener_open(&miss->listener, base, kernel, &group, 1,
				&listener_ops, miss);
	if (err) {
		free(miss);
		return err;
	}
	*out = miss;
	return 0;
}

void dfa_miss_close(struct dfa_miss *miss)
{
	if (!miss)
		return;
	dfa_listener_close(miss->listener);
	free(miss);
}
