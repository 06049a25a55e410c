// SPDX-License-Identifier: GPL-2.0
/* dfctl kernel: objects and settings of the kernel module. */
#include <stdlib.h>
#include <string.h>
#include <linux/dragonflow.h>

#include "kernel.h"

/**
 * dfctl_kernel_open - open a socket to the kernel module
 * @out: set to the socket, if the result is DFCTL_OK
 * @ctl: says in which network namespace
 *
 * Return: an exit status; a failure was reported.
 */
int dfctl_kernel_open(struct dfctl_nl **out, const struct dfctl *ctl)
{
	struct dfctl_nl *nl;

	if (dfctl_nl_open(&nl, ctl->netns)) {
		dfctl_err("%s", dfctl_nl_error(nl));
		dfctl_nl_close(nl);
		return DFCTL_FAILED;
	}
	*out = nl;
	return DFCTL_OK;
}

int dfctl_kernel_dump(struct dfctl_nl *nl, uint8_t cmd, json_t **out)
{
	const struct dfctl_nl_request request = { .cmd = cmd, .dump = true };

	if (!dfctl_nl_ask(nl, &request, out))
		return DFCTL_OK;
	dfctl_err("%s", dfctl_nl_error(nl));
	return DFCTL_FAILED;
}

int dfctl_kernel_datapath(struct dfctl_nl *nl, json_t **out)
{
	const struct dfctl_nl_request request = { .cmd = DF_CMD_DATAPATH_GET };
	__auto_json json_t *replies = NULL;

	if (!dfctl_nl_ask(nl, &request, &replies) && json_array_size(replies) == 1) {
		*out = json_incref(json_array_get(replies, 0));
		return DFCTL_OK;
	}
	dfctl_err("%s", *dfctl_nl_error(nl) ? dfctl_nl_error(nl) : "netlink: no answer");
	return DFCTL_FAILED;
}

/* Packets of a port that were dropped, for whatever reason. */
json_int_t dfctl_kernel_drops(const json_t *port)
{
	const json_t *drops = json_object_get(json_object_get(port, "stats"), "drop");
	json_int_t sum = 0;
	json_t *drop;
	size_t i;

	json_array_foreach(drops, i, drop)
		sum += json_integer_value(json_object_get(drop, "packets"));
	return sum;
}

/* Add the name of the device. */
void dfctl_kernel_name_port(struct dfctl_nl *nl, json_t *port)
{
	json_int_t ifindex = json_integer_value(json_object_get(port, "ifindex"));
	char name[IF_NAMESIZE];

	if (ifindex)
		json_object_set_new(port, "device",
				    json_string(dfctl_nl_ifname(nl, (uint32_t)ifindex, name)));
}

int dfctl_kernel_ports(struct dfctl_nl *nl, json_t **out)
{
	json_t *port;
	size_t i;
	int err;

	err = dfctl_kernel_dump(nl, DF_CMD_PORT_GET, out);
	if (err)
		return err;
	json_array_foreach(*out, i, port)
		dfctl_kernel_name_port(nl, port);
	return DFCTL_OK;
}

/* A port by its id or the name of its device, or NULL. */
const json_t *dfctl_kernel_port_find(const json_t *ports, const char *word)
{
	json_t *port;
	size_t i;

	json_array_foreach(ports, i, port) {
		const char *device = json_string_value(json_object_get(port, "device"));
		__auto_free char *number = dfctl_value_text(json_object_get(port, "id"));

		if (!strcmp(number, word) || (device && !strcmp(device, word)))
			return port;
	}
	return NULL;
}

static char *stat_text(const json_t *port, const char *name)
{
	return dfctl_value_text(json_object_get(json_object_get(port, "stats"), name));
}

static char *rx_packets_text(const json_t *port)
{
	return stat_text(port, "rx_packets");
}

static char *rx_bytes_text(const json_t *port)
{
	return stat_text(port, "rx_bytes");
}

static char *tx_packets_text(const json_t *port)
{
	return stat_text(port, "tx_packets");
}

static char *tx_bytes_text(const json_t *port)
{
	return stat_text(port, "tx_bytes");
}

static char *hits_text(const json_t *port)
{
	return stat_text(port, "flow_hits");
}

static char *misses_text(const json_t *port)
{
	return stat_text(port, "flow_misses");
}

static char *evictions_text(const json_t *port)
{
	return stat_text(port, "flow_evictions");
}

static char *drops_text(const json_t *port)
{
	return json_object_get(port, "stats") ?
		dfctl_strf("%" JSON_INTEGER_FORMAT, dfctl_kernel_drops(port)) :
		dfctl_strdup("-");
}

static char *reasons_text(const json_t *port)
{
	const json_t *drops = json_object_get(json_object_get(port, "stats"), "drop");
	char *text = NULL;
	json_t *drop;
	size_t i;

	json_array_foreach(drops, i, drop) {
		json_int_t packets = json_integer_value(json_object_get(drop, "packets"));
		const char *reason = json_string_value(json_object_get(drop, "reason"));
		__auto_free char *old = NULL;

		if (!packets)
			continue;
		old = text;
		text = dfctl_strf("%s%s%s=%" JSON_INTEGER_FORMAT, old ? old : "",
				  old ? " " : "", reason ? reason : "?", packets);
	}
	return text ? text : dfctl_strdup("-");
}

static const struct dfctl_column network_columns[] = {
	{ .name = "id" }, { .name = "vni" }, { .name = "flags" }, { .name = "ports" },
	{ .name = "chassis" }, { .name = "router_interfaces", .extra = true },
	{ .name = NULL },
};

static const struct dfctl_column port_columns[] = {
	{ .name = "id" },
	{ .name = "type" },
	{ .name = "network" },
	{ .name = "mac" },
	{ .name = "device" },
	{ .name = "chassis" },
	{ .name = "flags" },
	{ .name = "ip4", .extra = true },
	{ .name = "ip6", .extra = true },
	{ .name = "group", .extra = true },
	{ .name = "flow_class", .extra = true },
	{ .name = "flow_limit", .extra = true },
	{ .name = "connection_limit", .extra = true },
	{ .name = "connections", .extra = true },
	{ .name = "ifindex", .extra = true },
	{ .name = "idle_ms", .extra = true },
	{ .name = "flows" },
	{ .name = "rx_packets", .text = rx_packets_text },
	{ .name = "rx_bytes", .text = rx_bytes_text, .extra = true },
	{ .name = "tx_packets", .text = tx_packets_text },
	{ .name = "tx_bytes", .text = tx_bytes_text, .extra = true },
	{ .name = "hits", .text = hits_text, .extra = true },
	{ .name = "misses", .text = misses_text, .extra = true },
	{ .name = "evictions", .text = evictions_text, .extra = true },
	{ .name = "drops", .text = drops_text },
	{ .name = "reasons", .text = reasons_text, .extra = true },
	{ .name = NULL },
};

static const struct dfctl_column stats_columns[] = {
	{ .name = "id" },
	{ .name = "type" },
	{ .name = "device" },
	{ .name = "rx_packets", .text = rx_packets_text },
	{ .name = "rx_bytes", .text = rx_bytes_text },
	{ .name = "tx_packets", .text = tx_packets_text },
	{ .name = "tx_bytes", .text = tx_bytes_text },
	{ .name = "hits", .text = hits_text },
	{ .name = "misses", .text = misses_text },
	{ .name = "evictions", .text = evictions_text },
	{ .name = "reasons", .text = reasons_text },
	{ .name = NULL },
};

static const struct dfctl_column chassis_columns[] = {
	{ .name = "id" }, { .name = "tunnel" }, { .name = "remote_ip4" },
	{ .name = "remote_ip6" }, { .name = "local_ip4" }, { .name = "local_ip6" },
	{ .name = "networks" }, { .name = NULL },
};

static const struct dfctl_column router_columns[] = {
	{ .name = "id" }, { .name = "flags" }, { .name = "interfaces" },
	{ .name = "routes" }, { .name = NULL },
};

/* An IP address, with its length if it has one. */
static char *address_text(const json_t *object)
{
	const char *ip4 = json_string_value(json_object_get(object, "ip4"));
	const char *ip6 = json_string_value(json_object_get(object, "ip6"));
	const json_t *len = json_object_get(object, "prefix_len");
	const char *ip = ip4 ? ip4 : ip6;

	if (!ip)
		return dfctl_strdup("-");
	return len ? dfctl_strf("%s/%" JSON_INTEGER_FORMAT, ip, json_integer_value(len)) :
		     dfctl_strdup(ip);
}

static char *addresses_text(const json_t *list)
{
	char *text = NULL;
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		__auto_free char *one = address_text(item);
		__auto_free char *old = text;

		text = old ? dfctl_strf("%s,%s", old, one) : dfctl_strdup(one);
	}
	return text ? text : dfctl_strdup("-");
}

static char *interface_addresses_text(const json_t *interface)
{
	return addresses_text(json_object_get(interface, "address"));
}

static char *nexthops_text(const json_t *route)
{
	return addresses_text(json_object_get(route, "nexthop"));
}

static const struct dfctl_column interface_columns[] = {
	{ .name = "id" },
	{ .name = "router" },
	{ .name = "network" },
	{ .name = "mac" },
	{ .name = "addresses", .text = interface_addresses_text },
	{ .name = "mtu" },
	{ .name = "flags" },
	{ .name = "routes" },
	{ .name = NULL },
};

static const struct dfctl_column route_columns[] = {
	{ .name = "id" },
	{ .name = "router" },
	{ .name = "prefix", .text = address_text },
	{ .name = "type" },
	{ .name = "nexthops", .text = nexthops_text },
	{ .name = NULL },
};

static const struct dfctl_column security_group_columns[] = {
	{ .name = "id" }, { .name = "flags" }, { .name = "rules" }, { .name = "ports" },
	{ .name = NULL },
};

/* Two members as a range; the second may be missing. */
static char *range_text(const json_t *object, const char *first, const char *second,
			char between)
{
	const json_t *from = json_object_get(object, first);
	const json_t *to = json_object_get(object, second);

	if (!from)
		return NULL;
	if (!to)
		return dfctl_strf("%" JSON_INTEGER_FORMAT, json_integer_value(from));
	return dfctl_strf("%" JSON_INTEGER_FORMAT "%c%" JSON_INTEGER_FORMAT,
			  json_integer_value(from), between, json_integer_value(to));
}

/* Ports, or type and code of ICMP. */
static char *rule_ports_text(const json_t *rule)
{
	char *text = range_text(rule, "port_min", "port_max", '-');

	if (!text)
		text = range_text(rule, "icmp_type", "icmp_code", '/');
	return text ? text : dfctl_strdup("-");
}

static const struct dfctl_column rule_columns[] = {
	{ .name = "id" },
	{ .name = "group" },
	{ .name = "direction" },
	{ .name = "version" },
	{ .name = "protocol" },
	{ .name = "ports", .text = rule_ports_text },
	{ .name = "prefix", .text = address_text },
	{ .name = "address_set" },
	{ .name = "matches" },
	{ .name = NULL },
};

static const struct dfctl_column address_set_columns[] = {
	{ .name = "id" }, { .name = "members" }, { .name = "rules" }, { .name = NULL },
};

static const struct dfctl_column member_columns[] = {
	{ .name = "set" }, { .name = "prefix", .text = address_text }, { .name = NULL },
};

/* Who is looked for. */
static char *name_text(const json_t *lookup)
{
	const char *mac = json_string_value(json_object_get(lookup, "mac"));

	return mac ? dfctl_strdup(mac) : address_text(lookup);
}

static const struct dfctl_column lookup_columns[] = {
	{ .name = "network" },
	{ .name = "address", .text = name_text },
	{ .name = "port" },
	{ .name = "state" },
	{ .name = "packets" },
	{ .name = "ttl_ms" },
	{ .name = NULL },
};

static int rows_print(const struct dfctl *ctl, const struct dfctl_column *columns,
		      const json_t *rows)
{
	struct dfctl_table *table;
	json_t *row;
	size_t i;
	int err;

	if (ctl->json) {
		dfctl_print_rows(rows);
		return DFCTL_OK;
	}
	err = dfctl_table_new(&table, ctl, columns);
	if (err)
		return err;
	json_array_foreach(rows, i, row) {
		/* A remote port has no counters. */
		if (!ctl->stats || json_object_get(row, "stats"))
			dfctl_table_add(table, row);
	}
	dfctl_table_free(table, true);
	return DFCTL_OK;
}

static int objects_show(const struct dfctl *ctl, uint8_t cmd,
			const struct dfctl_column *columns)
{
	__auto_json json_t *rows = NULL;
	struct dfctl_nl *nl;
	int err;

	err = dfctl_kernel_open(&nl, ctl);
	if (err)
		return err;
	err = cmd == DF_CMD_PORT_GET ? dfctl_kernel_ports(nl, &rows) :
				       dfctl_kernel_dump(nl, cmd, &rows);
	dfctl_nl_close(nl);
	return err ? err : rows_print(ctl, columns, rows);
}

static int networks(struct dfctl *ctl)
{
	return objects_show(ctl, DF_CMD_NETWORK_GET, network_columns);
}

static int ports(struct dfctl *ctl)
{
	/* Columns that were asked for may be any. */
	return objects_show(ctl, DF_CMD_PORT_GET, ctl->stats && !ctl->columns ?
			    stats_columns : port_columns);
}

static int chassis(struct dfctl *ctl)
{
	return objects_show(ctl, DF_CMD_CHASSIS_GET, chassis_columns);
}

static int routers(struct dfctl *ctl)
{
	return objects_show(ctl, DF_CMD_ROUTER_GET, router_columns);
}

static int interfaces(struct dfctl *ctl)
{
	return objects_show(ctl, DF_CMD_ROUTER_INTERFACE_GET, interface_columns);
}

static int routes(struct dfctl *ctl)
{
	return objects_show(ctl, DF_CMD_ROUTE_GET, route_columns);
}

static int security_groups(struct dfctl *ctl)
{
	return objects_show(ctl, DF_CMD_SECURITY_GROUP_GET, security_group_columns);
}

static int rules(struct dfctl *ctl)
{
	return objects_show(ctl, DF_CMD_SECURITY_GROUP_RULE_GET, rule_columns);
}

static int address_sets(struct dfctl *ctl)
{
	return objects_show(ctl, DF_CMD_ADDRESS_SET_GET, address_set_columns);
}

static int members(struct dfctl *ctl)
{
	return objects_show(ctl, DF_CMD_ADDRESS_SET_MEMBER_GET, member_columns);
}

static int lookups(struct dfctl *ctl)
{
	return objects_show(ctl, DF_CMD_LOOKUP_GET, lookup_columns);
}

static int datapath(struct dfctl *ctl)
{
	__auto_json json_t *object = NULL;
	struct dfctl_nl *nl;
	int err;

	err = dfctl_kernel_open(&nl, ctl);
	if (err)
		return err;
	err = dfctl_kernel_datapath(nl, &object);
	dfctl_nl_close(nl);
	if (err)
		return err;
	if (ctl->json)
		dfctl_print_json(object);
	else
		dfctl_print_fields(object);
	return DFCTL_OK;
}

const struct dfctl_cmd dfctl_kernel_cmds[] = {
	{ .name = "networks", .run = networks, .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE,
	  .help = "show the networks" },
	{ .name = "ports", .run = ports,
	  .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE | DFCTL_OPT_STATS,
	  .help = "show the ports" },
	{ .name = "chassis", .run = chassis, .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE,
	  .help = "show the other hypervisors" },
	{ .name = "routers", .run = routers, .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE,
	  .help = "show the routers" },
	{ .name = "interfaces", .run = interfaces,
	  .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE,
	  .help = "show the router interfaces" },
	{ .name = "routes", .run = routes, .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE,
	  .help = "show the routes beside those to subnets" },
	{ .name = "security-groups", .run = security_groups,
	  .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE,
	  .help = "show the security groups of ports here" },
	{ .name = "security-group-rules", .run = rules,
	  .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE,
	  .help = "show their rules, and how much each allowed" },
	{ .name = "address-sets", .run = address_sets,
	  .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE,
	  .help = "show the sets of addresses that rules name" },
	{ .name = "address-set-members", .run = members,
	  .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE,
	  .help = "show what these sets hold" },
	{ .name = "lookups", .run = lookups, .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE,
	  .help = "show who is looked for in on-demand networks" },
	{ .name = "flows", .args = "[PORT]", .run = dfctl_kernel_flows, .max_args = 1,
	  .options = DFCTL_OPT_NETNS | DFCTL_OPT_TABLE,
	  .help = "show the flow entries, of one port" },
	{ .name = "datapath", .run = datapath, .options = DFCTL_OPT_NETNS,
	  .help = "show settings and the number of objects" },
	{ .name = "flush", .args = "[PORT]", .run = dfctl_kernel_flush, .max_args = 1,
	  .options = DFCTL_OPT_NETNS,
	  .help = "remove the flow entries, of one port; packets decide anew" },
	{ .name = NULL },
};
