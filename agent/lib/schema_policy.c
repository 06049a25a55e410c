// SPDX-License-Identifier: GPL-2.0
/* Models of what ports may send and receive. */
#include "schema.h"
#include "schema_parts.h"

/* security_group */

static const char *const log_events[] = { "none", "accept", "drop", "all", NULL };

const struct df_field df_security_group_fields[] = {
	ID("Identifies the security group."),
	NAME,
	PROJECT,
	DESCRIPTION,
	{ .name = "stateful", .type = DF_TYPE_BOOL, .preset = "true",
	  .flags = DF_FIELD_IMMUTABLE | DF_FIELD_COLUMN,
	  .doc = "Whether answers to what was allowed need no rule." },
	{ .name = "log", .type = DF_TYPE_ENUM, .values = log_events,
	  .preset = "none",
	  .doc = "What of its ports' traffic is logged, as dfctl log shows it." },
	TAGS,
	KEY,
	REVISION,
	{ .name = NULL }
};

/* security_group_rule */

static const char *const directions[] = { "ingress", "egress", NULL };
static const char *const ethertypes[] = { "IPv4", "IPv6", NULL };

const struct df_field df_security_group_rule_fields[] = {
	ID("Identifies the rule."),
	{ .name = "security_group_id", .type = DF_TYPE_UUID,
	  .ref = "security_group",
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_IMMUTABLE | DF_FIELD_COLUMN,
	  .doc = "The security group that it belongs to." },
	PROJECT,
	DESCRIPTION,
	{ .name = "direction", .type = DF_TYPE_ENUM, .values = directions,
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_COLUMN,
	  .doc = "Whether it allows workloads to receive or to send." },
	{ .name = "ethertype", .type = DF_TYPE_ENUM, .values = ethertypes,
	  .preset = "IPv4", .flags = DF_FIELD_COLUMN,
	  .doc = "Which IP it is about." },
	{ .name = "protocol", .type = DF_TYPE_STRING, .min = 1, .max = 32,
	  .flags = DF_FIELD_COLUMN,
	  .doc = "Name or number of the IP protocol; every one if not given." },
	{ .name = "port_range_min", .type = DF_TYPE_UINT, .max = 65535,
	  .flags = DF_FIELD_COLUMN,
	  .doc = "Lowest destination port; of ICMP, the type." },
	{ .name = "port_range_max", .type = DF_TYPE_UINT, .max = 65535,
	  .flags = DF_FIELD_COLUMN,
	  .doc = "Highest destination port; of ICMP, the code." },
	{ .name = "remote_ip_prefix", .type = DF_TYPE_CIDR,
	  .flags = DF_FIELD_COLUMN,
	  .doc = "Where the other end is; anywhere if none of the remotes is given." },
	{ .name = "remote_group_id", .type = DF_TYPE_UUID,
	  .ref = "security_group", .flags = DF_FIELD_COLUMN,
	  .doc = "The other end has an address of a port of this security group. "
		 "The rules of a group name at most 64 groups, each direction and ethertype "
		 "counted for itself." },
	{ .name = "remote_address_group_id", .type = DF_TYPE_UUID,
	  .ref = "address_group", .flags = DF_FIELD_COLUMN,
	  .doc = "The other end has an address of this address group." },
	TAGS,
	KEY,
	REVISION,
	{ .name = NULL }
};

/* address_group */

const struct df_field df_address_group_fields[] = {
	ID("Identifies the address group."),
	NAME,
	PROJECT,
	DESCRIPTION,
	{ .name = "addresses", .type = DF_TYPE_CIDR,
	  .flags = DF_FIELD_LIST | DF_FIELD_COLUMN,
	  .doc = "Addresses and prefixes." },
	TAGS,
	KEY,
	REVISION,
	{ .name = NULL }
};

/* For the kernel both are sets of addresses, which it knows by these keys. */
const struct df_unique df_address_group_uniques[] = {
	{ .field = "key", .among = "security_group" },
	{ .field = NULL }
};

/* security_group_member */

const struct df_field df_security_group_member_fields[] = {
	ID("Made of the port's and the security group's."),
	{ .name = "security_group_id", .type = DF_TYPE_UUID,
	  .ref = "security_group",
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_COLUMN,
	  .doc = "The security group." },
	{ .name = "port_id", .type = DF_TYPE_UUID, .ref = "port",
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_COLUMN,
	  .doc = "The port." },
	{ .name = "addresses", .type = DF_TYPE_CIDR,
	  .flags = DF_FIELD_LIST | DF_FIELD_COLUMN,
	  .doc = "Its fixed IPs and allowed address pairs." },
	REVISION,
	{ .name = NULL }
};
