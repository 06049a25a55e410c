// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/dragonflow.h>

#include "compile/compile.h"

enum { LINK_LOCAL_LEN = 64 };

void dfa_address_from_ip(struct dfa_address *address, const struct df_ip *ip)
{
	*address = (struct dfa_address){
		.family = ip->family == 4 ? AF_INET : AF_INET6,
	};
	memcpy(address->bytes, ip->addr, ip->family == 4 ? 4 : 16);
}

/* False if the kernel would not take it. */
static bool parse_one(struct dfa_addr *addr, const struct df_value *item,
		      bool is_router)
{
	struct df_ip ip;

	if (df_value_ip(df_value_member(item, "ip_address"), &ip))
		return false;
	*addr = (struct dfa_addr){ 0 };
	dfa_address_from_ip(&addr->address, &ip);
	if (is_router)
		addr->prefix_len =
			(uint8_t)df_value_u64(df_value_member(item,
							      "prefix_length"));
	return dfa_address_is_unicast(&addr->address);
}

/*
 * Routers have a link-local address in any case, and ports if they have another
 * IPv6 address: where there is none, nobody looks for it.
 */
int dfa_fixed_ips_parse(struct dfa_addrs **addrs, const struct df_obj *obj,
			const uint8_t mac[6], bool is_router)
{
	const struct df_value *ips = df_obj_value(obj, "fixed_ips"), *item;
	struct dfa_addr addr[DRAGONFLOW_ADDRESSES_MAX];
	bool has_ip6 = is_router;
	struct dfa_addrs *list = NULL;
	size_t count = 0, i;

	df_value_for_each(ips, i, item) {
		if (count == DRAGONFLOW_ADDRESSES_MAX - 1)
			break;
		if (!parse_one(&addr[count], item, is_router))
			continue;
		has_ip6 |= addr[count++].address.family == AF_INET6;
	}
	if (has_ip6) {
		addr[count] = (struct dfa_addr){
			.prefix_len = is_router ? LINK_LOCAL_LEN : 0,
		};
		dfa_address_link_local(&addr[count++].address, mac);
	}
	if (count) {
		list = dfa_addrs_new(addr, count);
		if (!list)
			return -ENOMEM;
	}
	dfa_addrs_put(*addrs);
	*addrs = list;
	return 0;
}
