// SPDX-License-Identifier: GPL-2.0
/* Which devices have the addresses that we send tunnels from? */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

#include "config.h"
#include "netdev_nl.h"
#include "util.h"

struct search {
	const struct dfa_config *config;
	int *ifindex;
	size_t count;
};

static bool is_ours(const struct dfa_config *config, uint8_t family,
		    struct nlattr *address)
{
	for (size_t i = 0; i < config->encap_count; i++) {
		const struct dfa_address *ours = &config->encap[i].address;
		int len = family == AF_INET6 ? 16 : 4;

		if (ours->family == family && nla_len(address) == len &&
		    memcmp(ours->bytes, nla_data(address), (size_t)len) == 0)
			return true;
	}
	return false;
}

static void note(struct search *search, int ifindex)
{
	for (size_t i = 0; i < search->count; i++) {
		if (search->ifindex[i] == ifindex)
			return;
	}
	if (search->count < DFA_MAX_ENCAPS)
		search->ifindex[search->count++] = ifindex;
}

static int address_message(struct nl_msg *msg, void *arg)
{
	const struct ifaddrmsg *info = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *attrs[IFA_MAX + 1], *address;
	struct search *search = arg;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(*info), attrs, IFA_MAX,
			NULL) < 0)
		return NL_SKIP;
	/* Of an IPv4 point-to-point link IFA_ADDRESS is the other end. */
	address = attrs[IFA_LOCAL] ?: attrs[IFA_ADDRESS];
	if (address && is_ours(search->config, info->ifa_family, address))
		note(search, (int)info->ifa_index);
	return NL_OK;
}

int dfa_netdev_find_underlays(struct dfa_netdev *netdev,
			      const struct dfa_config *config,
			      int ifindex[DFA_MAX_ENCAPS])
{
	struct ifaddrmsg info = { .ifa_family = AF_UNSPEC };
	__auto_msg struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETADDR,
							   NLM_F_DUMP);
	struct search search = { .config = config, .ifindex = ifindex };
	int err;

	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	err = dfa_netdev_run_dump(netdev, msg, address_message, &search);
	return err ?: (int)search.count;
}
