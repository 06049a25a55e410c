// SPDX-License-Identifier: GPL-2.0
/* What a port must be like, whatever else there is. */
#include <errno.h>
#include <string.h>

#include "address.h"
#include "error.h"
#include "object.h"
#include "schema.h"

enum { PAIRS_MAX = 32, GROUPS_MAX = 32 };

static bool is_zero(const uint8_t *bytes, size_t len)
{
	while (len && !bytes[len - 1])
		len--;
	return !len;
}

/* The MAC of a pair, or of the port. */
static void pair_mac(const struct df_value *pair, const struct df_obj *obj,
		     uint8_t mac[6])
{
	memset(mac, 0, 6);
	if (df_value_mac(df_value_member(pair, "mac_address"), mac))
		df_obj_mac(obj, "mac_address", mac);
}

static bool is_same(const struct df_obj *obj, const struct df_value *a,
		    const struct df_value *b)
{
	struct df_ip ip_a, ip_b;
	uint8_t mac_a[6], mac_b[6];

	df_value_ip(df_value_member(a, "ip_address"), &ip_a);
	df_value_ip(df_value_member(b, "ip_address"), &ip_b);
	pair_mac(a, obj, mac_a);
	pair_mac(b, obj, mac_b);
	return ip_a.family == ip_b.family && ip_a.prefix == ip_b.prefix &&
	       !memcmp(ip_a.addr, ip_b.addr, sizeof(ip_a.addr)) &&
	       !memcmp(mac_a, mac_b, sizeof(mac_a));
}

static const char *check_pair(const struct df_value *pair)
{
	struct df_ip ip;
	uint8_t mac[6];

	df_value_ip(df_value_member(pair, "ip_address"), &ip);
	if (ip.prefix && df_ip_is_multicast(&ip))
		return "a multicast address is no port's";
	if (ip.prefix == (ip.family == 4 ? 32 : 128) &&
	    is_zero(ip.addr, sizeof(ip.addr)))
		return "the address is none; a prefix has a length";
	if (!df_value_mac(df_value_member(pair, "mac_address"), mac) &&
	    (mac[0] & 1 || is_zero(mac, sizeof(mac))))
		return "the MAC is a group address or zero";
	return NULL;
}

static int check_pairs(const struct df_obj *obj, struct df_error *error)
{
	const char *field = "allowed_address_pairs", *why;
	const struct df_value *pairs = df_obj_value(obj, field), *pair;
	size_t i, j;

	df_value_for_each(pairs, i, pair) {
		why = i < PAIRS_MAX ? check_pair(pair) : "there are too many";
		for (j = 0; j < i && !why; j++)
			if (is_same(obj, pair, df_value_at(pairs, j)))
				why = "the pair is there already";
		if (why)
			return df_obj_error(obj, error, -EINVAL, field,
					    "[%zu]: %s", i, why);
	}
	return 0;
}

static bool is_before(const struct df_value *list, size_t nr)
{
	const char *id = df_value_string(df_value_at(list, nr));
	size_t i;

	for (i = 0; i < nr; i++)
		if (!strcmp(df_value_string(df_value_at(list, i)), id))
			return true;
	return false;
}

static int check_groups(const struct df_obj *obj, struct df_error *error)
{
	const struct df_value *groups = df_obj_value(obj, "security_groups");
	size_t count = df_value_count(groups), i;

	if (count > GROUPS_MAX)
		return df_obj_error(obj, error, -EINVAL, "security_groups",
				    "there are %zu, more than %d", count,
				    GROUPS_MAX);
	if (count && !df_obj_bool(obj, "port_security_enabled"))
		return df_obj_error(obj, error, -EINVAL, "security_groups",
				    "a port with port_security_enabled=false has none");
	for (i = 1; i < count; i++)
		if (is_before(groups, i))
			return df_obj_error(obj, error, -EINVAL,
					    "security_groups",
					    "%s is there twice",
					    df_value_string(df_value_at(groups,
									i)));
	return 0;
}

static int check_hosts(const struct df_obj *obj, struct df_error *error)
{
	const char *host = df_obj_string(obj, "binding_host");
	const char *standby = df_obj_string(obj, "binding_standby_host");

	if (host && standby && *standby && !strcmp(host, standby))
		return df_obj_error(obj, error, -EINVAL, "binding_standby_host",
				    "%s has the port already", host);
	return 0;
}

int df_check_port(const struct df_obj *obj, struct df_error *error)
{
	return check_hosts(obj, error) ?: check_pairs(obj, error) ?:
	       check_groups(obj, error);
}
