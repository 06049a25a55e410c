// SPDX-License-Identifier: GPL-2.0
/* What rules of security groups, and the ports that have them, must be like. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "object.h"
#include "schema.h"

enum {
	ICMP_MAX = 255, /* types and codes */
	PROTOCOL_MAX = 255,
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_UDP = 17,
	PROTOCOL_DCCP = 33,
	PROTOCOL_ICMPV6 = 58,
	PROTOCOL_SCTP = 132,
	PROTOCOL_UDPLITE = 136,
};

/* --- protocols -------------------------------------------------------------- */

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "ah", 51 },
	{ "dccp", PROTOCOL_DCCP },
	{ "egp", 8 },
	{ "esp", 50 },
	{ "gre", 47 },
	{ "icmp", PROTOCOL_ICMP },
	{ "icmpv6", PROTOCOL_ICMPV6 },
	{ "igmp", 2 },
	{ "ipip", 4 },
	{ "ipv6-encap", 41 },
	{ "ipv6-frag", 44 },
	{ "ipv6-icmp", PROTOCOL_ICMPV6 },
	{ "ipv6-nonxt", 59 },
	{ "ipv6-opts", 60 },
	{ "ipv6-route", 43 },
	{ "ospf", 89 },
	{ "pgm", 113 },
	{ "rsvp", 46 },
	{ "sctp", PROTOCOL_SCTP },
	{ "tcp", PROTOCOL_TCP },
	{ "udp", PROTOCOL_UDP },
	{ "udplite", PROTOCOL_UDPLITE },
	{ "vrrp", 112 },
};

static int parse_number(const char *text)
{
	char *end;
	long n;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	n = strtol(text, &end, 10);
	return *end || n > PROTOCOL_MAX ? -EINVAL : (int)n;
}

int df_protocol_parse(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
		if (!strcasecmp(protocols[i].name, text))
			return protocols[i].number;
	return parse_number(text);
}

static bool has_ports(int protocol)
{
	switch (protocol) {
	case PROTOCOL_TCP:
	case PROTOCOL_UDP:
	case PROTOCOL_DCCP:
	case PROTOCOL_SCTP:
	case PROTOCOL_UDPLITE:
		return true;
	default:
		return false;
	}
}

/* --- rules ------------------------------------------------------------------ */

static int check_icmp(const struct df_obj *rule, struct df_error *error)
{
	static const char *const fields[] = {
		"port_range_min", "port_range_max"
	};
	size_t i;

	for (i = 0; i < 2; i++)
		if (df_obj_u64(rule, fields[i]) > ICMP_MAX)
			return df_obj_error(rule, error, -EINVAL, fields[i],
					    "an ICMP %s is at most %d",
					    i ? "code" : "type", ICMP_MAX);
	if (df_obj_has(rule, "port_range_max") &&
	    !df_obj_has(rule, "port_range_min"))
		return df_obj_error(rule, error, -EINVAL, "port_range_max",
				    "an ICMP code needs a type, in port_range_min");
	return 0;
}

static int check_ports(const struct df_obj *rule, struct df_error *error)
{
	bool has_min = df_obj_has(rule, "port_range_min");

	if (has_min != df_obj_has(rule, "port_range_max"))
		return df_obj_error(rule, error, -EINVAL,
				    has_min ? "port_range_max" :
				    "port_range_min",
				    "is required: a range has two ends");
	if (df_obj_u64(rule, "port_range_min") >
	    df_obj_u64(rule, "port_range_max"))
		return df_obj_error(rule, error, -EINVAL, "port_range_max",
				    "is below port_range_min");
	return 0;
}

static int check_range(const struct df_obj *rule, int protocol,
		       struct df_error *error)
{
	const char *field = df_obj_has(rule, "port_range_min") ?
			    "port_range_min" : "port_range_max";

	if (!df_obj_has(rule, field))
		return 0;
	if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6)
		return check_icmp(rule, error);
	if (has_ports(protocol))
		return check_ports(rule, error);
	return df_obj_error(rule, error, -EINVAL, field,
			    protocol < 0 ? "needs a protocol" :
			    "the protocol has no ports");
}

static int check_remotes(const struct df_obj *rule, bool is_ip6,
			 struct df_error *error)
{
	static const char *const fields[] = {
		"remote_ip_prefix", "remote_group_id",
		"remote_address_group_id", NULL
	};
	const char *const *field, *first = NULL;
	struct df_ip prefix;

	for (field = fields; *field; field++) {
		if (!df_obj_has(rule, *field))
			continue;
		if (first)
			return df_obj_error(rule, error, -EINVAL, *field,
					    "there is %s already, and only one remote",
					    first);
		first = *field;
	}
	if (!df_obj_ip(rule, "remote_ip_prefix", &prefix) &&
	    prefix.family != (is_ip6 ? 6 : 4))
		return df_obj_error(rule, error, -EINVAL, "remote_ip_prefix",
				    "is not of ethertype %s",
				    df_obj_string(rule, "ethertype"));
	return 0;
}

int df_check_security_group_rule(const struct df_obj *obj,
				 struct df_error *error)
{
	bool is_ip6 = !strcmp(df_obj_string(obj, "ethertype"), "IPv6");
	const char *name = df_obj_string(obj, "protocol");
	int protocol = name ? df_protocol_parse(name) : -ENOENT;
	int err;

	if (name && protocol < 0)
		return df_obj_error(obj, error, -EINVAL, "protocol",
				    "\"%s\" is neither a known protocol nor a number up to %d",
				    df_quote(name).text, PROTOCOL_MAX);
	if (protocol == PROTOCOL_ICMPV6 && !is_ip6)
		return df_obj_error(obj, error, -EINVAL, "protocol",
				    "ICMPv6 needs ethertype IPv6");
	err = check_range(obj, protocol, error);
	return err ? err : check_remotes(obj, is_ip6, error);
}
