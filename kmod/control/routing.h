/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DF_CONTROL_ROUTING_H
#define DF_CONTROL_ROUTING_H

#include <linux/types.h>

struct in6_addr;
struct nlattr;

bool df_ip_parse(struct in6_addr *ip, const struct nlattr *attr);

#endif /* DF_CONTROL_ROUTING_H */
