/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DF_CONTROL_ROUTING_H
#define DF_CONTROL_ROUTING_H

#include <linux/types.h>

struct in6_addr;
struct nlattr;

bool df_ip_parse(struct in6_addr *ip, const struct nlattr *attr);
bool df_ip_read_one(struct in6_addr *ip, const struct nlattr *ip4,
		    const struct nlattr *ip6, const char **message);

#endif /* DF_CONTROL_ROUTING_H */
