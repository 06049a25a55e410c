// SPDX-License-Identifier: GPL-2.0
/* Prints Documentation/models.md, from the tables of the library. */
#include <inttypes.h>
#include <stdio.h>

#include "../dragonflow.h"

static const char intro[] =
	"# Models\n\n"
	"The objects of the northbound database and their fields, as\n"
	"`libdragonflow` checks them. Made from `agent/lib/schema*.c` by\n"
	"`make docs-models`; do not edit.\n\n"
	"An object is a JSON document at the key `<model>/<id>`. It lives in one\n"
	"*topic*, which is what an agent subscribes to. Fields that the library\n"
	"does not know are kept as they are. A field without a value reads as its\n"
	"preset.\n\n"
	"Flags: **required** must be given at creation; *allocated* is chosen by\n"
	"the library if it is not given; *assigned* is always set by the library;\n"
	"*fixed* cannot change after creation; *unique* is shared by no two\n"
	"objects of the model.\n\n"
	"Beyond flags: the VNI of tunnelled networks is unique, a VLAN within its\n"
	"physical network; MAC and IP addresses of ports and router interfaces\n"
	"are unique within a network; an object that another refers to cannot be\n"
	"deleted. An address of a router interface lies in its subnet, the subnets\n"
	"of a router do not overlap, and each nexthop of its routes lies in one of\n"
	"them. The routes of a router with the same destination are either unicast\n"
	"with different nexthops, which share the traffic, or a single one of\n"
	"another type.\n\n"
	"A rule of a security group has at most one of its remotes. Ports are for\n"
	"TCP, UDP, UDP-Lite, SCTP and DCCP, and come as both ends of a range; with\n"
	"ICMP, `port_range_min` is the type and `port_range_max` the code, which\n"
	"needs a type; 0 is a value of both. ICMP with ethertype IPv6 means ICMPv6.\n"
	"A protocol is a number up to 255, or ah, dccp, egp, esp, gre, icmp, icmpv6\n"
	"or ipv6-icmp, igmp, ipip, ipv6-encap, ipv6-frag, ipv6-nonxt, ipv6-opts,\n"
	"ipv6-route, ospf, pgm, rsvp, sctp, tcp, udp, udplite, vrrp. Rules of one\n"
	"security group name at most 64 remote groups and address groups.\n";

static void print_type(const struct df_field *field)
{
	const char *const *value;

	if (field->flags & DF_FIELD_LIST)
		printf("list of ");
	if (field->ref)
		printf("id of a [%s](#%s)", field->ref, field->ref);
	else
		printf("%s", df_type_name(field->type));
	if (field->type == DF_TYPE_UINT && field->max < INT64_MAX)
		printf(", %" PRIu64 " to %" PRIu64, field->min, field->max);
	else if (field->type == DF_TYPE_STRING)
		printf(", up to %" PRIu64, field->max);
	if (field->unit)
		printf(", %s", field->unit);
	for (value = field->values; value && *value; value++)
		printf("%s`%s`", value == field->values ? ": " : ", ", *value);
}

static void print_flags(const struct df_field *field)
{
	static const struct {
		unsigned int flag;
		const char *text;
	} names[] = {
		{ DF_FIELD_REQUIRED, "**required**" },
		{ DF_FIELD_ALLOCATED, "allocated" },
		{ DF_FIELD_ASSIGNED, "assigned" },
		{ DF_FIELD_IMMUTABLE, "fixed" },
		{ DF_FIELD_UNIQUE, "unique" },
	};
	const char *separator = "";
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!(field->flags & names[i].flag))
			continue;
		printf("%s%s", separator, names[i].text);
		separator = ", ";
	}
}

static void print_field(const struct df_field *field, const char *prefix)
{
	const struct df_field *member;
	char inner[64];
	size_t i;

	printf("| %s`%s` | ", prefix, field->name);
	print_type(field);
	printf(" | ");
	print_flags(field);
	printf(" | %s | %s |\n", field->preset ? field->preset : "",
	       field->doc);
	snprintf(inner, sizeof(inner), "%s`%s` → ", prefix, field->name);
	for (i = 0; (member = df_field_member(field, i)); i++)
		print_field(member, inner);
}

static void print_model(const struct df_model *model)
{
	const struct df_field *field;
	size_t i;

	printf("\n## %s\n\n%s Topic: `%s`", model->name, model->doc,
	       model->topic);
	if (model->on_demand_topic)
		printf(", or `%s` if it is `on_demand`",
		       model->on_demand_topic);
	printf(".");
	if (model->flags & DF_MODEL_DERIVED)
		printf(" Only the library writes it.");
	if (model->flags & DF_MODEL_REPORTED)
		printf(" Agents write it.");
	if (model->flags & DF_MODEL_LEASED)
		printf(" It disappears with its writer.");
	puts("\n\n| field | type | flags | preset | |\n|---|---|---|---|---|");
	for (i = 0; (field = df_model_field(model, i)); i++)
		print_field(field, "");
}

int main(void)
{
	const struct df_model *model;
	size_t i;

	fputs(intro, stdout);
	for (i = 0; (model = df_model_at(i)); i++)
		print_model(model);
	return 0;
}
