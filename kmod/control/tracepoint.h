/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dragonflow

#if !defined(DF_CONTROL_TRACEPOINT_H) || defined(TRACE_HEADER_MULTI_READ)
#define DF_CONTROL_TRACEPOINT_H

#include <linux/if_ether.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tracepoint.h>

#include <uapi/linux/dragonflow.h>

TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_MALFORMED);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_TRUNCATED);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_SOURCE_MULTICAST);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_VLAN);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_ADMIN_DOWN);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_UNKNOWN_NETWORK);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_UNKNOWN_DESTINATION);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_REFLECTION);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_NO_DEVICE);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_TRANSMIT);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_NO_MEMORY);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_LOOP);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_ROUTER_INPUT);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_UNROUTABLE);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_NO_ROUTE);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_BLACKHOLE);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_PROHIBITED);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_NO_NEIGHBOUR);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_TTL_EXCEEDED);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_TOO_BIG);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_RATE_LIMITED);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_NEIGHBOUR_KNOWN);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_NEIGHBOUR_CONFLICT);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_NO_AGENT);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_POLICY_EGRESS);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_POLICY_INGRESS);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_CONNECTION_INVALID);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_SPOOFED_MAC);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_SPOOFED_IP);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_SPOOFED_NEIGHBOUR);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_DHCP_SERVER);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_ROUTER_ADVERTISEMENT);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_ETHER_TYPE);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_FRAGMENT_LIMIT);
TRACE_DEFINE_ENUM(DRAGONFLOW_DROP_REASON_UNRESOLVED);
TRACE_DEFINE_ENUM(DRAGONFLOW_PUNT_REASON_ROUTER_SOLICITATION);

#define df_show_reason(reason) __print_symbolic(reason,			\
	{ DRAGONFLOW_DROP_REASON_MALFORMED, "malformed" },		\
	{ DRAGONFLOW_DROP_REASON_TRUNCATED, "truncated" },		\
	{ DRAGONFLOW_DROP_REASON_SOURCE_MULTICAST, "source-multicast" }, \
	{ DRAGONFLOW_DROP_REASON_VLAN, "vlan" },			\
	{ DRAGONFLOW_DROP_REASON_ADMIN_DOWN, "admin-down" },		\
	{ DRAGONFLOW_DROP_REASON_UNKNOWN_NETWORK, "unknown-network" },	\
	{ DRAGONFLOW_DROP_REASON_UNKNOWN_DESTINATION,			\
	  "unknown-destination" },					\
	{ DRAGONFLOW_DROP_REASON_REFLECTION, "reflection" },		\
	{ DRAGONFLOW_DROP_REASON_NO_DEVICE, "no-device" },		\
	{ DRAGONFLOW_DROP_REASON_TRANSMIT, "transmit" },		\
	{ DRAGONFLOW_DROP_REASON_NO_MEMORY, "no-memory" },		\
	{ DRAGONFLOW_DROP_REASON_LOOP, "loop" },			\
	{ DRAGONFLOW_DROP_REASON_ROUTER_INPUT, "router-input" },	\
	{ DRAGONFLOW_DROP_REASON_UNROUTABLE, "unroutable" },		\
	{ DRAGONFLOW_DROP_REASON_NO_ROUTE, "no-route" },		\
	{ DRAGONFLOW_DROP_REASON_BLACKHOLE, "blackhole" },		\
	{ DRAGONFLOW_DROP_REASON_PROHIBITED, "prohibited" },		\
	{ DRAGONFLOW_DROP_REASON_NO_NEIGHBOUR, "no-neighbour" },	\
	{ DRAGONFLOW_DROP_REASON_TTL_EXCEEDED, "ttl-exceeded" },	\
	{ DRAGONFLOW_DROP_REASON_TOO_BIG, "too-big" },			\
	{ DRAGONFLOW_DROP_REASON_RATE_LIMITED, "rate-limited" },	\
	{ DRAGONFLOW_DROP_REASON_NEIGHBOUR_KNOWN, "neighbour-known" },	\
	{ DRAGONFLOW_DROP_REASON_NEIGHBOUR_CONFLICT,			\
	  "neighbour-conflict" },					\
	{ DRAGONFLOW_DROP_REASON_NO_AGENT, "no-agent" },		\
	{ DRAGONFLOW_DROP_REASON_POLICY_EGRESS, "policy-egress" },	\
	{ DRAGONFLOW_DROP_REASON_POLICY_INGRESS, "policy-ingress" },	\
	{ DRAGONFLOW_DROP_REASON_CONNECTION_INVALID,			\
	  "connection-invalid" },					\
	{ DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT, "connection-limit" }, \
	{ DRAGONFLOW_DROP_REASON_SPOOFED_MAC, "spoofed-mac" },	\
	{ DRAGONFLOW_DROP_REASON_SPOOFED_IP, "spoofed-ip" },	\
	{ DRAGONFLOW_DROP_REASON_SPOOFED_NEIGHBOUR,		\
	  "spoofed-neighbour" },	\
	{ DRAGONFLOW_DROP_REASON_DHCP_SERVER, "dhcp-server" },	\
	{ DRAGONFLOW_DROP_REASON_ROUTER_ADVERTISEMENT,		\
	  "router-advertisement" },	\
	{ DRAGONFLOW_DROP_REASON_ETHER_TYPE, "ether-type" },	\
	{ DRAGONFLOW_DROP_REASON_FRAGMENT_LIMIT, "fragment-limit" },	\
	{ DRAGONFLOW_DROP_REASON_UNRESOLVED, "unresolved" })

#define df_show_punt(reason) __print_symbolic(reason,			\
	{ DRAGONFLOW_PUNT_REASON_ROUTER_SOLICITATION, "router-solicitation" })

/* No flow entry knows the packet: it walks the pipeline. */
TRACE_EVENT(df_miss,
	TP_PROTO(u32 port, const struct sk_buff *skb, u32 tun_id),
	TP_ARGS(port, skb, tun_id),
	TP_STRUCT__entry(
		__field(u32, port)
		__field(u32, tun_id)
		__field(u32, len)
		__field(u16, protocol)
		__array(u8, dst, ETH_ALEN)
		__array(u8, src, ETH_ALEN)
	),
	TP_fast_assign(
		const struct ethhdr *eth = eth_hdr(skb);

		__entry->port = port;
		__entry->tun_id = tun_id;
		__entry->len = skb->len;
		__entry->protocol = be16_to_cpu(skb->protocol);
		memcpy(__entry->dst, eth->h_dest, ETH_ALEN);
		memcpy(__entry->src, eth->h_source, ETH_ALEN);
	),
	TP_printk("port=%u tun_id=%u src=%pM dst=%pM protocol=0x%04x len=%u",
		  __entry->port, __entry->tun_id, __entry->src, __entry->dst,
		  __entry->protocol, __entry->len)
);

/* A packet that came from a port is dropped. */
TRACE_EVENT(df_drop,
	TP_PROTO(u32 port, const struct sk_buff *skb, int reason),
	TP_ARGS(port, skb, reason),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(u32, port)
		__field(u32, len)
		__field(int, reason)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		__entry->port = port;
		__entry->len = skb->len;
		__entry->reason = reason;
	),
	TP_printk("port=%u reason=%s skbaddr=%p len=%u", __entry->port,
		  df_show_reason(__entry->reason), __entry->skbaddr,
		  __entry->len)
);

/* A packet that came from a port is handed to the agent. */
TRACE_EVENT(df_punt,
	TP_PROTO(u32 port, const struct sk_buff *skb, int reason),
	TP_ARGS(port, skb, reason),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(u32, port)
		__field(u32, len)
		__field(int, reason)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		__entry->port = port;
		__entry->len = skb->len;
		__entry->reason = reason;
	),
	TP_printk("port=%u reason=%s skbaddr=%p len=%u", __entry->port,
		  df_show_punt(__entry->reason), __entry->skbaddr,
		  __entry->len)
);

/* A packet is about to be handed to a device. */
TRACE_EVENT(df_output,
	TP_PROTO(u32 in_port, u32 out_port, const struct sk_buff *skb,
		 const struct net_device *dev),
	TP_ARGS(in_port, out_port, skb, dev),
	TP_STRUCT__entry(
		__field(const void *, skbaddr)
		__field(u32, in_port)
		__field(u32, out_port)
		__field(u32, len)
		__field(int, ifindex)
	),
	TP_fast_assign(
		__entry->skbaddr = skb;
		__entry->in_port = in_port;
		__entry->out_port = out_port;
		__entry->len = skb->len;
		__entry->ifindex = dev->ifindex;
	),
	TP_printk("in_port=%u out_port=%u ifindex=%d skbaddr=%p len=%u",
		  __entry->in_port, __entry->out_port, __entry->ifindex,
		  __entry->skbaddr, __entry->len)
);

#endif /* DF_CONTROL_TRACEPOINT_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH control
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE tracepoint
#include <trace/define_trace.h>
