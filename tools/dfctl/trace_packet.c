// SPDX-License-Identifier: GPL-2.0
/* dfctl trace: which packet, from which port. What is not said is guessed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <linux/dragonflow.h>

#include "nb.h"
#include "trace.h"

enum {
	TTL = 64,
	/* As a client might have it. */
	SPORT = 40000,
	SYN = 2,
	VLAN_MAX = 4095,
	FILE_MAX = 64 << 20,
};

/* Fields of the command line, as they were written; NULL: not at all. */
struct words {
	const char *src;
	const char *dst;
	const char *src_mac;
	const char *dst_mac;
	const char *vlan;
	const char *proto;
	const char *ttl;
	const char *sport;
	const char *dport;
	const char *type;
	const char *code;
	const char *tcp_flags;
	const char *len;
	const char *vni;
	const char *from;
};

static const struct {
	const char *name;
	size_t offset;
} fields[] = {
	{ "src", offsetof(struct words, src) },
	{ "dst", offsetof(struct words, dst) },
	{ "src-mac", offsetof(struct words, src_mac) },
	{ "dst-mac", offsetof(struct words, dst_mac) },
	{ "vlan", offsetof(struct words, vlan) },
	{ "proto", offsetof(struct words, proto) },
	{ "ttl", offsetof(struct words, ttl) },
	{ "sport", offsetof(struct words, sport) },
	{ "dport", offsetof(struct words, dport) },
	{ "type", offsetof(struct words, type) },
	{ "code", offsetof(struct words, code) },
	{ "tcp-flags", offsetof(struct words, tcp_flags) },
	{ "len", offsetof(struct words, len) },
	{ "vni", offsetof(struct words, vni) },
	{ "from", offsetof(struct words, from) },
};

/* Name of the i-th field; NULL behind the last. */
const char *dfctl_packet_field(size_t i)
{
	return i < sizeof(fields) / sizeof(fields[0]) ? fields[i].name : NULL;
}

static const char *field_word(const void *data, size_t i)
{
	(void)data;
	return dfctl_packet_field(i);
}

static int words_parse(struct words *words, const struct dfctl *ctl)
{
	size_t f, len;
	int i;

	for (i = 1; i < ctl->argc; i++) {
		const char *arg = ctl->argv[i];

		len = strcspn(arg, "=");
		for (f = 0; dfctl_packet_field(f); f++) {
			if (strlen(fields[f].name) == len && !strncmp(arg, fields[f].name, len))
				break;
		}
		if (!arg[len] || !dfctl_packet_field(f)) {
			__auto_free char *name = dfctl_strf("%.*s", (int)len, arg);

			return dfctl_misspelt(dfctl_suggest(name, field_word, NULL),
					      "trace: no field '%s'; write FIELD=VALUE", name);
		}
		*(const char **)((char *)words + fields[f].offset) = arg + len + 1;
	}
	return DFCTL_OK;
}

static int number(const char *field, const char *text, long max, long usual, long *out)
{
	int err;

	*out = usual;
	if (!text)
		return DFCTL_OK;
	err = dfctl_number(field, text, 0, out);
	if (!err && *out > max) {
		dfctl_err("%s: '%s' is more than %ld", field, text, max);
		err = DFCTL_USAGE;
	}
	return err;
}

static bool is_of(const json_t *object, const char *member, const char *value)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text && !strcmp(text, value);
}

/* The port that was meant: its id, its device, or an object of the database. */
static int port_choose(const json_t **out, const json_t *ports, const struct dfctl *ctl)
{
	struct dfctl copy = *ctl;
	struct df_obj *obj;
	int err;

	*out = dfctl_kernel_port_find(ports, ctl->argv[0]);
	if (*out)
		return DFCTL_OK;
	/* A number that the kernel does not know is no name either. */
	if (strspn(ctl->argv[0], "0123456789") == strlen(ctl->argv[0])) {
		dfctl_err("the kernel has no port %s", ctl->argv[0]);
		return DFCTL_FAILED;
	}
	err = dfctl_find(&copy, "port", ctl->argv[0], &obj);
	if (!err) {
		__auto_free char *key = dfctl_strf("%u", df_obj_key(obj));

		*out = dfctl_kernel_port_find(ports, key);
		df_obj_put(obj);
		if (!*out) {
			dfctl_err("port %s is not on this hypervisor", ctl->argv[0]);
			err = DFCTL_FAILED;
		}
	}
	df_nb_close(copy.nb);
	return err;
}

static int address_parse(const char *field, const char *text, struct df_ip *ip)
{
	if (df_ip_parse(ip, text) || ip->prefix != (ip->family == 4 ? 32 : 128)) {
		dfctl_err("%s: '%s' is no IP address", field, text);
		return DFCTL_USAGE;
	}
	return DFCTL_OK;
}

static int mac_parse(const char *field, const char *text, uint8_t mac[6])
{
	if (!df_mac_parse(mac, text))
		return DFCTL_OK;
	dfctl_err("%s: '%s' is no Ethernet address", field, text);
	return DFCTL_USAGE;
}

static bool has_address(const json_t *list, const struct df_ip *ip)
{
	struct df_ip other;
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (json_is_object(item)) {
			const char *ip4 = json_string_value(json_object_get(item, "ip4"));
			const char *ip6 = json_string_value(json_object_get(item, "ip6"));

			item = json_object_get(item, ip4 ? "ip4" : "ip6");
			if (!ip4 && !ip6)
				continue;
		}
		if (!df_ip_parse(&other, json_string_value(item)) &&
		    df_ip_is_in(&other, ip))
			return true;
	}
	return false;
}

/* The MAC of who has an address in a network, among ports or interfaces. */
static const char *owner_mac(const json_t *objects, const json_t *network,
			     const struct df_ip *ip)
{
	const char *member = ip->family == 4 ? "ip4" : "ip6";
	json_t *object;
	size_t i;

	json_array_foreach(objects, i, object) {
		if (json_equal(json_object_get(object, "network"), network) &&
		    (has_address(json_object_get(object, member), ip) ||
		     has_address(json_object_get(object, "address"), ip)))
			return json_string_value(json_object_get(object, "mac"));
	}
	return NULL;
}

/* The MAC of a router of the network, one with an address of the family. */
static const char *router_mac(const json_t *interfaces, const json_t *network,
			      const char *member)
{
	const char *mac = NULL;
	json_t *interface, *address;
	size_t i, j;

	json_array_foreach(interfaces, i, interface) {
		if (!json_equal(json_object_get(interface, "network"), network))
			continue;
		json_array_foreach(json_object_get(interface, "address"), j, address) {
			if (json_object_get(address, member))
				mac = json_string_value(json_object_get(interface, "mac"));
		}
	}
	return mac;
}

/* To whom a workload would send what is for @ip: a neighbour, or its router. */
static int next_mac(uint8_t mac[6], const struct df_ip *ip, const json_t *port,
		    const json_t *ports, struct dfctl_nl *nl)
{
	const json_t *network = json_object_get(port, "network");
	__auto_json json_t *interfaces = NULL;
	const char *text;

	if (dfctl_kernel_dump(nl, DF_CMD_ROUTER_INTERFACE_GET, &interfaces))
		return DFCTL_FAILED;
	text = owner_mac(ports, network, ip);
	if (!text)
		text = owner_mac(interfaces, network, ip);
	if (!text)
		text = router_mac(interfaces, network, ip->family == 4 ? "ip4" : "ip6");
	if (text)
		return mac_parse("dst-mac", text, mac);
	dfctl_err("no neighbour has the address and no router is there: give dst-mac=");
	return DFCTL_USAGE;
}

/* Addresses of IP: the source is the port's own, if it is not said. */
static int addresses_fill(struct dfctl_frame *frame, const struct words *words,
			  const json_t *port)
{
	struct df_ip src, dst;
	const char *own;
	int err;

	if (!words->dst) {
		dfctl_err("trace: give dst=ADDRESS, a capture or a frame");
		return DFCTL_USAGE;
	}
	err = address_parse("dst", words->dst, &dst);
	if (err)
		return err;
	frame->is_ip6 = dst.family == 6;
	own = json_string_value(json_array_get(json_object_get(port, frame->is_ip6 ? "ip6" :
							       "ip4"), 0));
	if (!words->src && !own) {
		dfctl_err("the port has no address of that family: give src=");
		return DFCTL_USAGE;
	}
	err = address_parse("src", words->src ? words->src : own, &src);
	if (err)
		return err;
	if (src.family != dst.family) {
		dfctl_err("src and dst are of different families");
		return DFCTL_USAGE;
	}
	memcpy(frame->src, src.addr, sizeof(frame->src));
	memcpy(frame->dst, dst.addr, sizeof(frame->dst));
	return DFCTL_OK;
}

static int proto_fill(struct dfctl_frame *frame, const char *proto)
{
	int n;

	frame->proto = frame->is_ip6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	if (!proto || !strcmp(proto, "icmp"))
		return DFCTL_OK;
	if (!strcmp(proto, frame->is_ip6 ? "nd" : "arp")) {
		frame->kind = frame->is_ip6 ? DFCTL_FRAME_ND : DFCTL_FRAME_ARP;
		return DFCTL_OK;
	}
	n = df_protocol_parse(proto);
	if (n < 0) {
		dfctl_err("proto: '%s' is no protocol", proto);
		return DFCTL_USAGE;
	}
	frame->proto = (uint8_t)n;
	return DFCTL_OK;
}

static int tcp_flags_fill(struct dfctl_frame *frame, const char *text)
{
	static const char *const names[] = { "fin", "syn", "rst", "psh", "ack", "urg" };
	size_t i, len;

	frame->tcp_flags = text ? 0 : SYN;
	for (; text && *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (strlen(names[i]) == len && !strncmp(text, names[i], len))
				break;
		}
		if (i == sizeof(names) / sizeof(names[0])) {
			dfctl_err("tcp-flags: '%.*s' is none of fin, syn, rst, psh, ack, urg",
				  (int)len, text);
			return DFCTL_USAGE;
		}
		frame->tcp_flags |= (uint8_t)(1 << i);
	}
	return DFCTL_OK;
}

static int numbers_fill(struct dfctl_frame *frame, const struct words *words)
{
	long echo = frame->is_ip6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
	long vlan, ttl, sport, dport, type, code, len;

	if (number("vlan", words->vlan, VLAN_MAX, -1, &vlan) ||
	    number("ttl", words->ttl, UINT8_MAX, TTL, &ttl) ||
	    number("sport", words->sport, UINT16_MAX, SPORT, &sport) ||
	    number("dport", words->dport, UINT16_MAX, 0, &dport) ||
	    number("type", words->type, UINT8_MAX, echo, &type) ||
	    number("code", words->code, UINT8_MAX, 0, &code) ||
	    number("len", words->len, DFCTL_FRAME_MAX - 128, 0, &len))
		return DFCTL_USAGE;
	frame->vlan = (int)vlan;
	frame->ttl = (uint8_t)ttl;
	frame->sport = (uint16_t)sport;
	frame->dport = (uint16_t)dport;
	frame->type = (uint8_t)type;
	frame->code = (uint8_t)code;
	frame->len = (uint16_t)len;
	return DFCTL_OK;
}

/* Questions about neighbours go to groups. */
static void question_macs(struct dfctl_frame *frame)
{
	static const uint8_t group[13] = { 0xff, 2, [11] = 1, [12] = 0xff };

	memset(frame->dst_mac, 0xff, sizeof(frame->dst_mac));
	if (frame->kind != DFCTL_FRAME_ND)
		return;
	/* The question itself names the address; the header names the group. */
	memcpy(frame->asked, frame->dst, sizeof(frame->asked));
	memcpy(frame->dst, group, sizeof(group));
	memset(frame->dst_mac, 0x33, 2);
	memcpy(frame->dst_mac + 2, frame->dst + 12, 4);
}

static int macs_fill(struct dfctl_frame *frame, const struct words *words, const json_t *port,
		     const json_t *ports, struct dfctl_nl *nl)
{
	const char *own = json_string_value(json_object_get(port, "mac"));
	struct df_ip dst = { .family = frame->is_ip6 ? 6 : 4, .prefix = frame->is_ip6 ? 128 : 32 };
	int err;

	if (!words->src_mac && !own) {
		dfctl_err("a tunnel has no Ethernet address: give src-mac= and dst-mac=");
		return DFCTL_USAGE;
	}
	err = mac_parse("src-mac", words->src_mac ? words->src_mac : own, frame->src_mac);
	if (err)
		return err;
	memcpy(dst.addr, frame->dst, sizeof(dst.addr));
	if (frame->kind != DFCTL_FRAME_IP)
		question_macs(frame);
	if (words->dst_mac)
		return mac_parse("dst-mac", words->dst_mac, frame->dst_mac);
	return frame->kind == DFCTL_FRAME_IP ? next_mac(frame->dst_mac, &dst, port, ports, nl) :
					       DFCTL_OK;
}

static int frame_compose(struct dfctl_packet *packet, const struct words *words,
			 const json_t *port, const json_t *ports, struct dfctl_nl *nl)
{
	struct dfctl_frame frame = { .kind = DFCTL_FRAME_IP };
	int err;

	err = addresses_fill(&frame, words, port);
	if (!err)
		err = proto_fill(&frame, words->proto);
	if (!err)
		err = numbers_fill(&frame, words);
	if (!err)
		err = tcp_flags_fill(&frame, words->tcp_flags);
	if (!err)
		err = macs_fill(&frame, words, port, ports, nl);
	if (!err)
		packet->len = dfctl_frame_build(packet->frame, sizeof(packet->frame), &frame);
	return err;
}

/* The whole file; to be freed. NULL after reporting why not. */
static uint8_t *file_read(const char *path, size_t *size)
{
	FILE *file = !strcmp(path, "-") ? stdin : fopen(path, "re");
	uint8_t *data = NULL;
	size_t room = 0;

	*size = 0;
	while (file && !feof(file) && !ferror(file) && *size < FILE_MAX) {
		if (*size == room) {
			room = room ? 2 * room : 65536;
			data = dfctl_realloc(data, room);
		}
		*size += fread(data + *size, 1, room - *size, file);
	}
	if (!file || ferror(file)) {
		dfctl_err("%s: %s", path, strerror(errno));
		free(data);
		data = NULL;
	}
	if (file && file != stdin)
		fclose(file);
	return data;
}

static int frame_capture(struct dfctl_packet *packet, const struct dfctl *ctl)
{
	const char *why = "cannot be read";
	__auto_free uint8_t *file = NULL;
	const uint8_t *frame;
	long which = 1;
	size_t size;
	int len;

	if (ctl->packet && dfctl_number("--packet", ctl->packet, 1, &which))
		return DFCTL_USAGE;
	file = file_read(ctl->pcap, &size);
	if (!file)
		return DFCTL_FAILED;
	len = dfctl_pcap_find(file, size, (unsigned long)which, &frame, &why);
	if (len < 0) {
		dfctl_err("%s %s", ctl->pcap, why);
		return DFCTL_FAILED;
	}
	memcpy(packet->frame, frame, (size_t)len);
	packet->len = (size_t)len;
	return DFCTL_OK;
}

static int frame_digits(struct dfctl_packet *packet, const struct dfctl *ctl)
{
	int len = dfctl_frame_parse_hex(packet->frame, sizeof(packet->frame), ctl->frame);

	if (len < 0) {
		dfctl_err("--frame: these are not the bytes of a frame, as hexadecimal digits");
		return DFCTL_USAGE;
	}
	packet->len = (size_t)len;
	return DFCTL_OK;
}

/* What a packet out of a tunnel has beside the frame. */
static int tunnel_fill(struct dfctl_packet *packet, const struct words *words,
		       const json_t *port)
{
	struct df_ip ip;
	long vni = 0;

	packet->has_vni = is_of(port, "type", "tunnel");
	if (!packet->has_vni && (words->vni || words->from)) {
		dfctl_err("only what comes by a tunnel has vni= and from=");
		return DFCTL_USAGE;
	}
	if (packet->has_vni && !words->vni) {
		dfctl_err("the port is a tunnel: give vni=");
		return DFCTL_USAGE;
	}
	if (number("vni", words->vni, DRAGONFLOW_VNI_MAX, 0, &vni) ||
	    (words->from && address_parse("from", words->from, &ip)))
		return DFCTL_USAGE;
	packet->vni = (uint32_t)vni;
	packet->source = words->from;
	return DFCTL_OK;
}

static int source_check(const struct dfctl *ctl, const struct words *words)
{
	bool is_composed = words->dst || words->src || words->proto;

	if (!!ctl->pcap + !!ctl->frame + is_composed > 1) {
		dfctl_err("trace: give fields, --pcap or --frame, one of them");
		return DFCTL_USAGE;
	}
	if (ctl->packet && !ctl->pcap) {
		dfctl_err("--packet makes sense with --pcap only");
		return DFCTL_USAGE;
	}
	return DFCTL_OK;
}

/**
 * dfctl_packet_parse - the packet that the command line is about
 * @packet: filled in
 * @ctl: the command line
 * @nl: the kernel, which knows who has which address
 *
 * Return: an exit status; a failure was reported.
 */
int dfctl_packet_parse(struct dfctl_packet *packet, const struct dfctl *ctl, struct dfctl_nl *nl)
{
	__auto_json json_t *ports = NULL;
	struct words words = { NULL };
	const json_t *port;
	int err;

	err = words_parse(&words, ctl);
	if (!err)
		err = source_check(ctl, &words);
	if (!err)
		err = dfctl_kernel_ports(nl, &ports);
	if (!err)
		err = port_choose(&port, ports, ctl);
	if (!err)
		err = tunnel_fill(packet, &words, port);
	if (err)
		return err;
	packet->port = (uint32_t)json_integer_value(json_object_get(port, "id"));
	if (ctl->pcap)
		return frame_capture(packet, ctl);
	if (ctl->frame)
		return frame_digits(packet, ctl);
	return frame_compose(packet, &words, port, ports, nl);
}
