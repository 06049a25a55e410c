// SPDX-License-Identifier: GPL-2.0
/* dfctl kernel flows, dfctl kernel flush */
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <linux/dragonflow.h>

#include "kernel.h"

enum { ETHERTYPE_IP4 = 0x0800, ETHERTYPE_ARP = 0x0806, ETHERTYPE_IP6 = 0x86dd };

static const struct {
	unsigned int number;
	const char *name;
} protocols[] = {
	{ IPPROTO_ICMP, "icmp" }, { IPPROTO_ICMPV6, "icmp6" }, { IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },	  { IPPROTO_SCTP, "sctp" },    { 0, NULL },
};

/* Append a word and free it. */
static void append(char **text, char *word)
{
	char *old = *text;

	*text = old ? dfctl_strf("%s %s", old, word) : dfctl_strdup(word);
	free(old);
	free(word);
}

static char *member_text(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return value ? dfctl_value_text(value) : dfctl_strdup("*");
}

/* "from>to", if the entry matches either. */
static void append_pair(char **text, const json_t *match, const char *from,
			const char *to)
{
	__auto_free char *a = NULL;
	__auto_free char *b = NULL;

	if (!json_object_get(match, from) && !json_object_get(match, to))
		return;
	a = member_text(match, from);
	b = member_text(match, to);
	append(text, dfctl_strf("%s>%s", a, b));
}

static char *eth_type_text(const char *type)
{
	switch (strtoul(type, NULL, 16)) {
	case ETHERTYPE_IP4:
		return dfctl_strdup("ipv4");
	case ETHERTYPE_ARP:
		return dfctl_strdup("arp");
	case ETHERTYPE_IP6:
		return dfctl_strdup("ipv6");
	default:
		return dfctl_strf("type %s", type);
	}
}

static void append_proto(char **text, const json_t *match)
{
	const char *type = json_string_value(json_object_get(match, "eth_type"));
	const json_t *proto = json_object_get(match, "ip_proto");
	size_t i;

	if (!proto)
		return;
	if (type && strtoul(type, NULL, 16) == ETHERTYPE_ARP) {
		append(text, dfctl_strf("operation %" JSON_INTEGER_FORMAT,
					json_integer_value(proto)));
		return;
	}
	for (i = 0; protocols[i].name; i++) {
		if (protocols[i].number == (unsigned int)json_integer_value(proto)) {
			append(text, dfctl_strdup(protocols[i].name));
			return;
		}
	}
	append(text, dfctl_strf("proto %" JSON_INTEGER_FORMAT, json_integer_value(proto)));
}

static char *match_text(const json_t *flow)
{
	const json_t *match = json_object_get(flow, "match");
	const char *type = json_string_value(json_object_get(match, "eth_type"));
	const char *part = json_string_value(json_object_get(match, "ip_fragment"));
	const json_t *vni = json_object_get(match, "tunnel_id");
	const json_t *tci = json_object_get(match, "vlan_tci");
	char *text = NULL;

	if (vni)
		append(&text, dfctl_strf("vni %" JSON_INTEGER_FORMAT,
					 json_integer_value(vni)));
	append_pair(&text, match, "eth_src", "eth_dst");
	if (tci)
		append(&text, dfctl_strf("vlan %d", (int)json_integer_value(tci) & 0xfff));
	if (type)
		append(&text, eth_type_text(type));
	append_pair(&text, match, "ip4_src", "ip4_dst");
	append_pair(&text, match, "ip6_src", "ip6_dst");
	append_proto(&text, match);
	append_pair(&text, match, "l4_src", "l4_dst");
	if (part && strcmp(part, "none"))
		append(&text, dfctl_strf("%s-fragment", part));
	return text ? text : dfctl_strdup("any");
}

/* "device" and "remote" are what flow_name() added. */
static char *action_text(const json_t *action)
{
	const char *type = json_string_value(json_object_get(action, "type"));
	const json_t *network = json_object_get(action, "network");
	const json_t *vni = json_object_get(action, "tunnel_id");
	const json_t *port = json_object_get(action, "port");
	const json_t *chassis = json_object_get(action, "chassis");
	const char *device = json_string_value(json_object_get(action, "device"));
	const char *remote = json_string_value(json_object_get(action, "remote"));
	const json_t *hops = json_object_get(action, "hops");
	char *text = dfctl_strdup(type ? type : "?");

	if (device)
		append(&text, dfctl_strdup(device));
	else if (port)
		append(&text, dfctl_strf("port %" JSON_INTEGER_FORMAT,
					 json_integer_value(port)));
	if (network)
		append(&text, dfctl_strf("network %" JSON_INTEGER_FORMAT,
					 json_integer_value(network)));
	if (chassis && !remote)
		append(&text, dfctl_strf("to chassis %" JSON_INTEGER_FORMAT,
					 json_integer_value(chassis)));
	if (remote)
		append(&text, dfctl_strf("to %s", remote));
	if (vni)
		append(&text, dfctl_strf("vni %" JSON_INTEGER_FORMAT,
					 json_integer_value(vni)));
	if (hops)
		append(&text, dfctl_strf("ttl -%" JSON_INTEGER_FORMAT,
					 json_integer_value(hops)));
	append_pair(&text, action, "eth_src", "eth_dst");
	return text;
}

static char *actions_text(const json_t *flow)
{
	const json_t *actions = json_object_get(flow, "action");
	char *text = NULL;
	json_t *action;
	size_t i;

	json_array_foreach(actions, i, action) {
		char *one = action_text(action);
		char *old = text;

		text = old ? dfctl_strf("%s, %s", old, one) : dfctl_strdup(one);
		free(old);
		free(one);
	}
	return text ? text : dfctl_strdup("drop");
}

static char *time_text(const json_t *ms)
{
	json_int_t t = json_integer_value(ms);

	if (t < 1000)
		return dfctl_strf("%dms", (int)t);
	if (t < 60000)
		return dfctl_strf("%d.%ds", (int)(t / 1000), (int)(t % 1000 / 100));
	if (t < 3600000)
		return dfctl_strf("%dm%02ds", (int)(t / 60000), (int)(t / 1000 % 60));
	return dfctl_strf("%" JSON_INTEGER_FORMAT "h%02dm", t / 3600000,
			  (int)(t / 60000 % 60));
}

static char *age_text(const json_t *flow)
{
	return time_text(json_object_get(flow, "age_ms"));
}

static char *idle_text(const json_t *flow)
{
	return time_text(json_object_get(flow, "idle_ms"));
}

static char *stale_text(const json_t *flow)
{
	return dfctl_strdup(json_is_true(json_object_get(flow, "stale")) ? "stale" : "-");
}

static char *device_text(const json_t *flow)
{
	const json_t *device = json_object_get(flow, "device");

	return dfctl_value_text(device ? device : json_object_get(flow, "port"));
}

static const struct dfctl_column flow_columns[] = {
	{ .name = "port", .extra = true },
	{ .name = "from", .text = device_text },
	{ .name = "class", .extra = true },
	{ .name = "match", .text = match_text },
	{ .name = "actions", .text = actions_text },
	{ .name = "packets" },
	{ .name = "bytes" },
	{ .name = "age", .text = age_text },
	{ .name = "idle", .text = idle_text },
	{ .name = "stale", .text = stale_text },
	{ .name = NULL },
};

/* Objects by their id. */
static json_t *id_map(const json_t *objects)
{
	json_t *map = json_object();
	json_t *object;
	size_t i;

	json_array_foreach(objects, i, object) {
		__auto_free char *id = dfctl_value_text(json_object_get(object, "id"));

		json_object_set(map, id, object);
	}
	return map;
}

static json_t *by_id(const json_t *map, const json_t *id)
{
	__auto_free char *text = dfctl_value_text(id);

	return json_object_get(map, text);
}

static void flow_name(json_t *flow, const json_t *ports, const json_t *chassis)
{
	json_t *device = json_object_get(by_id(ports, json_object_get(flow, "port")),
					 "device");
	json_t *action;
	size_t i;

	if (device)
		json_object_set(flow, "device", device);
	json_array_foreach(json_object_get(flow, "action"), i, action) {
		const json_t *peer = by_id(chassis, json_object_get(action, "chassis"));
		json_t *remote = json_object_get(peer, "remote_ip4");
		const json_t *port;

		port = by_id(ports, json_object_get(peer ? peer : action,
						    peer ? "tunnel" : "port"));
		if (!remote)
			remote = json_object_get(peer, "remote_ip6");
		if (json_object_get(port, "device"))
			json_object_set(action, "device", json_object_get(port, "device"));
		if (remote)
			json_object_set(action, "remote", remote);
	}
}

/* A port by its id or the name of its device; 0 if none was asked for. */
static int port_parse(const struct dfctl *ctl, const json_t *ports, uint32_t *id)
{
	const char *word = ctl->argc ? ctl->argv[0] : NULL;
	const json_t *port;

	*id = 0;
	if (!word)
		return DFCTL_OK;
	port = dfctl_kernel_port_find(ports, word);
	if (!port) {
		dfctl_err("port '%s': no such device or id", word);
		return DFCTL_FAILED;
	}
	*id = (uint32_t)json_integer_value(json_object_get(port, "id"));
	return DFCTL_OK;
}

static int flows_print(const struct dfctl *ctl, json_t *flows, const json_t *ports,
		       const json_t *chassis)
{
	__auto_json json_t *port_map = id_map(ports);
	__auto_json json_t *chassis_map = id_map(chassis);
	struct dfctl_table *table = NULL;
	json_t *flow;
	size_t i;
	int err;

	if (!ctl->json) {
		err = dfctl_table_new(&table, ctl, flow_columns);
		if (err)
			return err;
	}
	json_array_foreach(flows, i, flow) {
		flow_name(flow, port_map, chassis_map);
		if (table)
			dfctl_table_add(table, flow);
	}
	if (table)
		dfctl_table_free(table, true);
	else
		dfctl_print_rows(flows);
	return DFCTL_OK;
}

static int flows_ask(struct dfctl *ctl, struct dfctl_nl *nl)
{
	struct dfctl_nl_request request = { .cmd = DF_CMD_FLOW_GET, .dump = true };
	__auto_json json_t *ports = NULL;
	__auto_json json_t *chassis = NULL;
	__auto_json json_t *flows = NULL;
	int err;

	err = dfctl_kernel_ports(nl, &ports);
	if (!err)
		err = dfctl_kernel_dump(nl, DF_CMD_CHASSIS_GET, &chassis);
	if (!err)
		err = port_parse(ctl, ports, &request.value);
	if (err)
		return err;
	request.attr = request.value ? DF_A_FLOW_PORT : 0;
	if (dfctl_nl_ask(nl, &request, &flows)) {
		dfctl_err("flows%s%s: %s", ctl->argc ? " of port " : "",
			  ctl->argc ? ctl->argv[0] : "", dfctl_nl_error(nl));
		return DFCTL_FAILED;
	}
	return flows_print(ctl, flows, ports, chassis);
}

static int flush_ask(struct dfctl *ctl, struct dfctl_nl *nl)
{
	struct dfctl_nl_request request = { .cmd = DF_CMD_FLOW_FLUSH };
	__auto_json json_t *ports = NULL;
	int err;

	err = dfctl_kernel_ports(nl, &ports);
	if (!err)
		err = port_parse(ctl, ports, &request.value);
	if (err)
		return err;
	request.attr = request.value ? DF_A_FLOW_PORT : 0;
	if (!dfctl_nl_ask(nl, &request, NULL))
		return DFCTL_OK;
	dfctl_err("flows%s%s: %s", ctl->argc ? " of port " : "",
		  ctl->argc ? ctl->argv[0] : "", dfctl_nl_error(nl));
	return DFCTL_FAILED;
}

int dfctl_kernel_flows(struct dfctl *ctl)
{
	struct dfctl_nl *nl;
	int err;

	err = dfctl_kernel_open(&nl, ctl);
	if (err)
		return err;
	err = flows_ask(ctl, nl);
	dfctl_nl_close(nl);
	return err;
}

int dfctl_kernel_flush(struct dfctl *ctl)
{
	struct dfctl_nl *nl;
	int err;

	err = dfctl_kernel_open(&nl, ctl);
	if (err)
		return err;
	err = flush_ask(ctl, nl);
	dfctl_nl_close(nl);
	return err;
}
