// SPDX-License-Identifier: GPL-2.0
/*
 * Tunnel devices. They carry the tunnel id with each packet (collect_md), so
 * that one of a kind serves all networks, hypervisors and address families.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>

#include "netdev_nl.h"
#include "util.h"

#define TUNNEL_ALIAS "dragonflow tunnel"

enum {
	TUNNEL_MTU = 65000, /* the route decides, not the device */
};

static const struct tunnel_type {
	const char *kind;
	const char *name;
	uint16_t udp_port;
	int port_attr, metadata_attr, csum6_attr;
	int metadata_len; /* a flag may be a byte, or empty */
} tunnel_types[] = {
	{ "vxlan", "df-vxlan", 4789, IFLA_VXLAN_PORT,
	  IFLA_VXLAN_COLLECT_METADATA, IFLA_VXLAN_UDP_ZERO_CSUM6_RX, 1 },
	{ "geneve", "df-geneve", 6081, IFLA_GENEVE_PORT,
	  IFLA_GENEVE_COLLECT_METADATA, IFLA_GENEVE_UDP_ZERO_CSUM6_RX, 0 },
};

/**
 * struct tunnel_link - what has a tunnel device's name
 * @ifindex: 0 if nothing has
 * @is_right: it is the device that we would make
 * @is_ours: it has our alias
 * @is_up: it is up
 */
struct tunnel_link {
	const struct tunnel_type *type;
	int ifindex;
	bool is_right;
	bool is_ours;
	bool is_up;
};

static bool is_flag_set(struct nlattr *attr)
{
	return attr && (nla_len(attr) == 0 || nla_get_u8(attr) != 0);
}

static bool is_right(const struct tunnel_type *type, struct nlattr *linkinfo)
{
	static struct nla_policy policy[IFLA_INFO_MAX + 1] = {
		[IFLA_INFO_KIND] = { .type = NLA_STRING },
	};
	struct nlattr *info[IFLA_INFO_MAX + 1], *port, *metadata, *csum6;
	struct nlattr *data;

	if (nla_parse_nested(info, IFLA_INFO_MAX, linkinfo, policy) < 0 ||
	    !info[IFLA_INFO_KIND] || !info[IFLA_INFO_DATA] ||
	    strcmp(nla_get_string(info[IFLA_INFO_KIND]), type->kind) != 0)
		return false;
	data = info[IFLA_INFO_DATA];
	port = nla_find(nla_data(data), nla_len(data), type->port_attr);
	metadata = nla_find(nla_data(data), nla_len(data), type->metadata_attr);
	csum6 = nla_find(nla_data(data), nla_len(data), type->csum6_attr);
	return port && nla_len(port) == sizeof(uint16_t) &&
	       nla_get_u16(port) == htons(type->udp_port) &&
	       is_flag_set(metadata) && is_flag_set(csum6);
}

static int tunnel_message(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	const struct ifinfomsg *info = nlmsg_data(nlmsg_hdr(msg));
	struct tunnel_link *link = arg;

	if (dfa_netdev_parse_link(nlmsg_hdr(msg), attrs) < 0 ||
	    !attrs[IFLA_IFNAME] ||
	    strcmp(nla_get_string(attrs[IFLA_IFNAME]), link->type->name) != 0)
		return NL_OK;
	link->ifindex = info->ifi_index;
	link->is_up = info->ifi_flags & IFF_UP;
	link->is_right = attrs[IFLA_LINKINFO] &&
			 is_right(link->type, attrs[IFLA_LINKINFO]);
	link->is_ours = attrs[IFLA_IFALIAS] &&
			strcmp(nla_get_string(attrs[IFLA_IFALIAS]),
			       TUNNEL_ALIAS) == 0;
	return NL_OK;
}

static int find_tunnel(struct dfa_netdev *netdev, struct tunnel_link *link)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	__auto_msg struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK,
							   NLM_F_DUMP);

	link->ifindex = 0;
	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	return dfa_netdev_run_dump(netdev, msg, tunnel_message, link);
}

static int make_tunnel(struct dfa_netdev *netdev,
		       const struct tunnel_type *type)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	__auto_msg struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK,
							   NLM_F_CREATE |
							   NLM_F_EXCL);
	struct nlattr *linkinfo, *data;
	uint8_t on = 1;

	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, IFLA_IFNAME, type->name) < 0 ||
	    nla_put_u32(msg, IFLA_MTU, TUNNEL_MTU) < 0)
		return -ENOMEM;
	linkinfo = nla_nest_start(msg, IFLA_LINKINFO);
	if (!linkinfo || nla_put_string(msg, IFLA_INFO_KIND, type->kind) < 0)
		return -ENOMEM;
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	if (!data || nla_put_u16(msg, type->port_attr,
				 htons(type->udp_port)) < 0 ||
	    nla_put(msg, type->metadata_attr, type->metadata_len, &on) < 0 ||
	    nla_put_u8(msg, type->csum6_attr, 1) < 0)
		return -ENOMEM;
	nla_nest_end(msg, data);
	nla_nest_end(msg, linkinfo);
	return dfa_netdev_send(netdev, &msg);
}

static int make_and_find(struct dfa_netdev *netdev, struct tunnel_link *link)
{
	int err = make_tunnel(netdev, link->type);

	return err ?: find_tunnel(netdev, link);
}

static int set_tunnel_up(struct dfa_netdev *netdev, int ifindex)
{
	struct ifinfomsg info = {
		.ifi_index = ifindex,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};
	__auto_msg struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);

	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(msg, IFLA_IFALIAS, TUNNEL_ALIAS) < 0)
		return -ENOMEM;
	return dfa_netdev_send(netdev, &msg);
}

static int delete_link(struct dfa_netdev *netdev, int ifindex)
{
	struct ifinfomsg info = { .ifi_index = ifindex };
	__auto_msg struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELLINK, 0);

	if (!msg || nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	return dfa_netdev_send(netdev, &msg);
}

int dfa_netdev_tunnel(struct dfa_netdev *netdev, const char *kind)
{
	struct tunnel_link link = { 0 };
	int err;

	for (size_t i = 0; i < DFA_ARRAY_SIZE(tunnel_types); i++) {
		if (strcmp(tunnel_types[i].kind, kind) == 0)
			link.type = &tunnel_types[i];
	}
	if (!link.type)
		return -EINVAL;

	err = find_tunnel(netdev, &link);
	if (!err && link.ifindex && !link.is_right) {
		if (!link.is_ours)
			return -EEXIST;
		err = delete_link(netdev, link.ifindex);
		link.ifindex = 0;
	}
	if (!err && !link.ifindex)
		err = make_and_find(netdev, &link);
	if (!err && !(link.is_up && link.is_ours))
		err = set_tunnel_up(netdev, link.ifindex);
	return err ?: link.ifindex;
}
