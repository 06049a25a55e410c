/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	uapi/dragonflow.yaml */
/* YNL-GEN uapi header */

#ifndef _UAPI_LINUX_DRAGONFLOW_H
#define _UAPI_LINUX_DRAGONFLOW_H

#define DRAGONFLOW_FAMILY_NAME		"dragonflow"
#define DRAGONFLOW_FAMILY_VERSION	1

#define DRAGONFLOW_VNI_MAX		16777215
#define DRAGONFLOW_FLOW_LIMIT_MAX	1048576
#define DRAGONFLOW_CONNECTION_LIMIT_MAX	1048576
#define DRAGONFLOW_ADDRESSES_MAX	64
#define DRAGONFLOW_PAIRS_MAX		32
#define DRAGONFLOW_HOLDS_MAX		64
#define DRAGONFLOW_NEXTHOPS_MAX		64
#define DRAGONFLOW_NEXTHOP_WEIGHT_MAX	256
#define DRAGONFLOW_FRAME_MAX		16384

/**
 * enum dragonflow_port_type - What stands behind a port.
 * @DRAGONFLOW_PORT_TYPE_VIF: A workload's device on this hypervisor (a tap or
 *   a veth).
 * @DRAGONFLOW_PORT_TYPE_TUNNEL: A collect_md tunnel device towards other
 *   hypervisors.
 * @DRAGONFLOW_PORT_TYPE_REMOTE: A workload's port on another hypervisor.
 */
enum dragonflow_port_type {
	DRAGONFLOW_PORT_TYPE_VIF = 1,
	DRAGONFLOW_PORT_TYPE_TUNNEL,
	DRAGONFLOW_PORT_TYPE_REMOTE,
};

/**
 * enum dragonflow_flow_class - How much of a packet the flow entries of an
 *   in-port match on. A class includes everything that the classes before it
 *   match on. Entries of packets that a router forwards are of class l3 at
 *   least, whatever the port's class.
 * @DRAGONFLOW_FLOW_CLASS_L2: In-port, tunnel id, Ethernet addresses and type,
 *   VLAN tag.
 * @DRAGONFLOW_FLOW_CLASS_L3: Also the IP addresses, the protocol and the
 *   fragment state.
 * @DRAGONFLOW_FLOW_CLASS_CONNECTION: Also the L4 ports, or the ICMP type and
 *   code.
 */
enum dragonflow_flow_class {
	DRAGONFLOW_FLOW_CLASS_L2 = 1,
	DRAGONFLOW_FLOW_CLASS_L3,
	DRAGONFLOW_FLOW_CLASS_CONNECTION,
};

/**
 * enum dragonflow_network_flag - Properties of a network.
 * @DRAGONFLOW_NETWORK_FLAG_VLAN_TRANSPARENT: Workloads may send frames that
 *   carry a VLAN tag.
 * @DRAGONFLOW_NETWORK_FLAG_ON_DEMAND: Ports on other hypervisors are
 *   programmed once they are looked for. While nobody is known to have an
 *   address that a workload's packet goes to or asks for, the agent is told,
 *   and the packet waits.
 */
enum dragonflow_network_flag {
	DRAGONFLOW_NETWORK_FLAG_VLAN_TRANSPARENT = 1,
	DRAGONFLOW_NETWORK_FLAG_ON_DEMAND = 2,
};

/**
 * enum dragonflow_port_flag - Properties of a port.
 * @DRAGONFLOW_PORT_FLAG_ADMIN_DOWN: Nothing is accepted from the port or sent
 *   to it.
 * @DRAGONFLOW_PORT_FLAG_RELAY: What comes out of a tunnel for the remote port
 *   is late, for the port was here, and is sent on to where it is now; but
 *   never back to where it came from.
 * @DRAGONFLOW_PORT_FLAG_SECURITY: The workload behind the vif sends only what
 *   it may say of itself: from the MAC and the IP addresses of the port and of
 *   its pairs, and nothing that servers of addresses or routers say. Its
 *   packets are IPv4, IPv6 or ARP. What a workload has to send before it has
 *   an address passes.
 */
enum dragonflow_port_flag {
	DRAGONFLOW_PORT_FLAG_ADMIN_DOWN = 1,
	DRAGONFLOW_PORT_FLAG_RELAY = 2,
	DRAGONFLOW_PORT_FLAG_SECURITY = 4,
};

/**
 * enum dragonflow_router_flag - Properties of a router.
 * @DRAGONFLOW_ROUTER_FLAG_ADMIN_DOWN: All of its interfaces are down.
 */
enum dragonflow_router_flag {
	DRAGONFLOW_ROUTER_FLAG_ADMIN_DOWN = 1,
};

/**
 * enum dragonflow_router_interface_flag - Properties of a router interface.
 * @DRAGONFLOW_ROUTER_INTERFACE_FLAG_ADMIN_DOWN: Nothing is accepted for the
 *   interface or sent by it.
 */
enum dragonflow_router_interface_flag {
	DRAGONFLOW_ROUTER_INTERFACE_FLAG_ADMIN_DOWN = 1,
};

/**
 * enum dragonflow_route_type - What happens to packets that a route matches.
 * @DRAGONFLOW_ROUTE_TYPE_UNICAST: They go to one of the next hops.
 * @DRAGONFLOW_ROUTE_TYPE_BLACKHOLE: They are dropped silently.
 * @DRAGONFLOW_ROUTE_TYPE_UNREACHABLE: They are dropped; the sender is told
 *   that there is no way.
 * @DRAGONFLOW_ROUTE_TYPE_PROHIBIT: They are dropped; the sender is told that
 *   policy forbids it.
 */
enum dragonflow_route_type {
	DRAGONFLOW_ROUTE_TYPE_UNICAST = 1,
	DRAGONFLOW_ROUTE_TYPE_BLACKHOLE,
	DRAGONFLOW_ROUTE_TYPE_UNREACHABLE,
	DRAGONFLOW_ROUTE_TYPE_PROHIBIT,
};

#define DRAGONFLOW_GROUPS_MAX		32
#define DRAGONFLOW_GROUP_SETS_MAX	64

/**
 * enum dragonflow_security_group_flag - Properties of a security group.
 * @DRAGONFLOW_SECURITY_GROUP_FLAG_STATELESS: Each packet is judged by itself:
 *   the answer to one that was allowed needs a rule of its own.
 * @DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_ACCEPT: Tell the multicast group log
 *   what its rules allow: connections that begin, and of a stateless group
 *   packets that have no flow entry yet.
 * @DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_DROP: Tell the multicast group log what
 *   no rule allows its ports to send or receive.
 */
enum dragonflow_security_group_flag {
	DRAGONFLOW_SECURITY_GROUP_FLAG_STATELESS = 1,
	DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_ACCEPT = 2,
	DRAGONFLOW_SECURITY_GROUP_FLAG_LOG_DROP = 4,
};

/**
 * enum dragonflow_direction - Which packets of a port a rule is about.
 * @DRAGONFLOW_DIRECTION_INGRESS: Those that go to the workload.
 * @DRAGONFLOW_DIRECTION_EGRESS: Those that the workload sends.
 */
enum dragonflow_direction {
	DRAGONFLOW_DIRECTION_INGRESS = 1,
	DRAGONFLOW_DIRECTION_EGRESS,
};

/**
 * enum dragonflow_ip_version - Which protocol a packet is of.
 * @DRAGONFLOW_IP_VERSION_IP4: IPv4.
 * @DRAGONFLOW_IP_VERSION_IP6: IPv6.
 */
enum dragonflow_ip_version {
	DRAGONFLOW_IP_VERSION_IP4 = 1,
	DRAGONFLOW_IP_VERSION_IP6,
};

/**
 * enum dragonflow_ip_fragment - Whether a packet is a fragment.
 * @DRAGONFLOW_IP_FRAGMENT_NONE: Not a fragment.
 * @DRAGONFLOW_IP_FRAGMENT_FIRST: The first fragment; it holds the L4 header.
 * @DRAGONFLOW_IP_FRAGMENT_LATER: A later fragment, without an L4 header.
 */
enum dragonflow_ip_fragment {
	DRAGONFLOW_IP_FRAGMENT_NONE,
	DRAGONFLOW_IP_FRAGMENT_FIRST,
	DRAGONFLOW_IP_FRAGMENT_LATER,
};

/**
 * enum dragonflow_action_type - What a flow entry does with its packets.
 * @DRAGONFLOW_ACTION_TYPE_OUTPUT: Send out of a port of this hypervisor.
 * @DRAGONFLOW_ACTION_TYPE_TUNNEL: Encapsulate and send to another hypervisor.
 * @DRAGONFLOW_ACTION_TYPE_FLOOD: Send a copy to every other port of the
 *   network on this hypervisor and, unless the packet came out of a tunnel,
 *   one to every other hypervisor that holds the network.
 * @DRAGONFLOW_ACTION_TYPE_ROUTE: Decrement TTL or hop limit and set the
 *   Ethernet addresses; the steps that follow say where the packet goes.
 */
enum dragonflow_action_type {
	DRAGONFLOW_ACTION_TYPE_OUTPUT = 1,
	DRAGONFLOW_ACTION_TYPE_TUNNEL,
	DRAGONFLOW_ACTION_TYPE_FLOOD,
	DRAGONFLOW_ACTION_TYPE_ROUTE,
};

/**
 * enum dragonflow_drop_reason - Why a packet was dropped.
 * @DRAGONFLOW_DROP_REASON_MALFORMED: A header contradicts itself or the
 *   packet's length.
 * @DRAGONFLOW_DROP_REASON_TRUNCATED: The packet ends inside of a header.
 * @DRAGONFLOW_DROP_REASON_SOURCE_MULTICAST: The Ethernet source address is a
 *   group address or zero.
 * @DRAGONFLOW_DROP_REASON_VLAN: The frame has a VLAN tag and the network is
 *   not transparent.
 * @DRAGONFLOW_DROP_REASON_ADMIN_DOWN: The port the packet came from or goes to
 *   is administratively down.
 * @DRAGONFLOW_DROP_REASON_UNKNOWN_NETWORK: No network has the VNI that the
 *   packet arrived with.
 * @DRAGONFLOW_DROP_REASON_UNKNOWN_DESTINATION: No port of the network has the
 *   Ethernet destination address.
 * @DRAGONFLOW_DROP_REASON_REFLECTION: The destination is behind the port that
 *   the packet came from.
 * @DRAGONFLOW_DROP_REASON_NO_DEVICE: No device is attached to the port that
 *   the packet goes to.
 * @DRAGONFLOW_DROP_REASON_TRANSMIT: The device that the packet goes to refused
 *   it or is down.
 * @DRAGONFLOW_DROP_REASON_NO_MEMORY: No memory for a copy of the packet or for
 *   its headers.
 * @DRAGONFLOW_DROP_REASON_LOOP: The packet crossed too many ports within one
 *   transmission, or too many routers.
 * @DRAGONFLOW_DROP_REASON_ROUTER_INPUT: The packet is for a router itself,
 *   which has no use for it.
 * @DRAGONFLOW_DROP_REASON_UNROUTABLE: A source or destination address that
 *   must not be forwarded, such as a link-local one.
 * @DRAGONFLOW_DROP_REASON_NO_ROUTE: The router has no route to the
 *   destination, or one that says so.
 * @DRAGONFLOW_DROP_REASON_BLACKHOLE: The route to the destination is a
 *   blackhole.
 * @DRAGONFLOW_DROP_REASON_PROHIBITED: The route to the destination prohibits
 *   it.
 * @DRAGONFLOW_DROP_REASON_NO_NEIGHBOUR: No port of the network that the packet
 *   is routed to has the address of the destination or gateway.
 * @DRAGONFLOW_DROP_REASON_TTL_EXCEEDED: The TTL or hop limit does not suffice
 *   for the routers on the way.
 * @DRAGONFLOW_DROP_REASON_TOO_BIG: The packet is larger than the path to its
 *   destination allows.
 * @DRAGONFLOW_DROP_REASON_RATE_LIMITED: The packet asks for an answer, or for
 *   somebody to be looked for, and its port has had too many.
 * @DRAGONFLOW_DROP_REASON_NEIGHBOUR_KNOWN: ARP or neighbour discovery about an
 *   address that is known to be the sender's own; nobody needs to hear of it.
 * @DRAGONFLOW_DROP_REASON_NEIGHBOUR_CONFLICT: ARP or neighbour discovery
 *   claims an address that is known to belong to another.
 * @DRAGONFLOW_DROP_REASON_NO_AGENT: The packet is for the agent, or the agent
 *   is to look for somebody, and nobody listens to the multicast group packet
 *   or miss, or has no room left.
 * @DRAGONFLOW_DROP_REASON_POLICY_EGRESS: No rule allows the sender's workload
 *   to send it.
 * @DRAGONFLOW_DROP_REASON_POLICY_INGRESS: No rule allows the receiver's
 *   workload to receive it.
 * @DRAGONFLOW_DROP_REASON_CONNECTION_INVALID: It belongs to no connection and
 *   cannot begin one.
 * @DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT: Another connection is one too
 *   many, for the port or for the table of conntrack; or there is no memory.
 * @DRAGONFLOW_DROP_REASON_SPOOFED_MAC: The Ethernet source address is neither
 *   the port's own nor one of its pairs.
 * @DRAGONFLOW_DROP_REASON_SPOOFED_IP: The IP source address is not one that
 *   the port has with this Ethernet source address.
 * @DRAGONFLOW_DROP_REASON_SPOOFED_NEIGHBOUR: ARP or neighbour discovery says
 *   of the sender what is not so: an IP or Ethernet address that the port does
 *   not have.
 * @DRAGONFLOW_DROP_REASON_DHCP_SERVER: What only a DHCP server sends, from a
 *   workload.
 * @DRAGONFLOW_DROP_REASON_ROUTER_ADVERTISEMENT: A router advertisement or a
 *   redirect, from a workload.
 * @DRAGONFLOW_DROP_REASON_ETHER_TYPE: Neither IPv4 nor IPv6, nor ARP between
 *   those: what the frame says of its sender cannot be told.
 * @DRAGONFLOW_DROP_REASON_FRAGMENT_LIMIT: Too many fragments of the port wait
 *   for others; only for ports with security groups.
 * @DRAGONFLOW_DROP_REASON_UNRESOLVED: Nobody has said in time who has an
 *   address of an on-demand network, or as many packets as may wait for that
 *   do already.
 */
enum dragonflow_drop_reason {
	DRAGONFLOW_DROP_REASON_MALFORMED = 1,
	DRAGONFLOW_DROP_REASON_TRUNCATED,
	DRAGONFLOW_DROP_REASON_SOURCE_MULTICAST,
	DRAGONFLOW_DROP_REASON_VLAN,
	DRAGONFLOW_DROP_REASON_ADMIN_DOWN,
	DRAGONFLOW_DROP_REASON_UNKNOWN_NETWORK,
	DRAGONFLOW_DROP_REASON_UNKNOWN_DESTINATION,
	DRAGONFLOW_DROP_REASON_REFLECTION,
	DRAGONFLOW_DROP_REASON_NO_DEVICE,
	DRAGONFLOW_DROP_REASON_TRANSMIT,
	DRAGONFLOW_DROP_REASON_NO_MEMORY,
	DRAGONFLOW_DROP_REASON_LOOP,
	DRAGONFLOW_DROP_REASON_ROUTER_INPUT,
	DRAGONFLOW_DROP_REASON_UNROUTABLE,
	DRAGONFLOW_DROP_REASON_NO_ROUTE,
	DRAGONFLOW_DROP_REASON_BLACKHOLE,
	DRAGONFLOW_DROP_REASON_PROHIBITED,
	DRAGONFLOW_DROP_REASON_NO_NEIGHBOUR,
	DRAGONFLOW_DROP_REASON_TTL_EXCEEDED,
	DRAGONFLOW_DROP_REASON_TOO_BIG,
	DRAGONFLOW_DROP_REASON_RATE_LIMITED,
	DRAGONFLOW_DROP_REASON_NEIGHBOUR_KNOWN,
	DRAGONFLOW_DROP_REASON_NEIGHBOUR_CONFLICT,
	DRAGONFLOW_DROP_REASON_NO_AGENT,
	DRAGONFLOW_DROP_REASON_POLICY_EGRESS,
	DRAGONFLOW_DROP_REASON_POLICY_INGRESS,
	DRAGONFLOW_DROP_REASON_CONNECTION_INVALID,
	DRAGONFLOW_DROP_REASON_CONNECTION_LIMIT,
	DRAGONFLOW_DROP_REASON_SPOOFED_MAC,
	DRAGONFLOW_DROP_REASON_SPOOFED_IP,
	DRAGONFLOW_DROP_REASON_SPOOFED_NEIGHBOUR,
	DRAGONFLOW_DROP_REASON_DHCP_SERVER,
	DRAGONFLOW_DROP_REASON_ROUTER_ADVERTISEMENT,
	DRAGONFLOW_DROP_REASON_ETHER_TYPE,
	DRAGONFLOW_DROP_REASON_FRAGMENT_LIMIT,
	DRAGONFLOW_DROP_REASON_UNRESOLVED,
};

/**
 * enum dragonflow_punt_reason - Why a packet is handed to the agent.
 * @DRAGONFLOW_PUNT_REASON_ROUTER_SOLICITATION: A workload looks for an IPv6
 *   router in a network that has one.
 */
enum dragonflow_punt_reason {
	DRAGONFLOW_PUNT_REASON_ROUTER_SOLICITATION = 1,
};

/**
 * enum dragonflow_log_verdict - What a security group has decided about a
 *   packet.
 * @DRAGONFLOW_LOG_VERDICT_ACCEPT: A rule allows it.
 * @DRAGONFLOW_LOG_VERDICT_DROP: No rule allows it.
 */
enum dragonflow_log_verdict {
	DRAGONFLOW_LOG_VERDICT_ACCEPT = 1,
	DRAGONFLOW_LOG_VERDICT_DROP,
};

#define DRAGONFLOW_TRACE_STEPS_MAX	128

/**
 * enum dragonflow_trace_stage - Which part of the pipeline a step of a trace
 *   is about.
 * @DRAGONFLOW_TRACE_STAGE_PARSE: The packet is parsed.
 * @DRAGONFLOW_TRACE_STAGE_FLOW: Is there a flow entry for it?
 * @DRAGONFLOW_TRACE_STAGE_ADMIT: May it enter, and which network does it
 *   enter?
 * @DRAGONFLOW_TRACE_STAGE_GUARD: Is what it says about its sender true?
 * @DRAGONFLOW_TRACE_STAGE_EGRESS: Do the security groups of the port that
 *   sends it allow it?
 * @DRAGONFLOW_TRACE_STAGE_RESPOND: Is it answered here, or need nobody hear of
 *   it?
 * @DRAGONFLOW_TRACE_STAGE_ROUTE: Which way does it go? One step for each
 *   router that it crosses.
 * @DRAGONFLOW_TRACE_STAGE_SWITCH: Which port of the network has its
 *   destination address?
 * @DRAGONFLOW_TRACE_STAGE_INGRESS: Do the security groups of the port that
 *   receives it allow it?
 * @DRAGONFLOW_TRACE_STAGE_OUTPUT: How is that port reached?
 * @DRAGONFLOW_TRACE_STAGE_FIT: Is it small enough for that way?
 * @DRAGONFLOW_TRACE_STAGE_CLAIM: It says that its sender has an address that
 *   others may have, too.
 * @DRAGONFLOW_TRACE_STAGE_ANSWER: What its sender is told.
 * @DRAGONFLOW_TRACE_STAGE_SEND: What becomes of it, or of a copy, at the way
 *   out.
 * @DRAGONFLOW_TRACE_STAGE_LOOKUP: May it wait until the agent knows who has an
 *   address?
 */
enum dragonflow_trace_stage {
	DRAGONFLOW_TRACE_STAGE_PARSE = 1,
	DRAGONFLOW_TRACE_STAGE_FLOW,
	DRAGONFLOW_TRACE_STAGE_ADMIT,
	DRAGONFLOW_TRACE_STAGE_GUARD,
	DRAGONFLOW_TRACE_STAGE_EGRESS,
	DRAGONFLOW_TRACE_STAGE_RESPOND,
	DRAGONFLOW_TRACE_STAGE_ROUTE,
	DRAGONFLOW_TRACE_STAGE_SWITCH,
	DRAGONFLOW_TRACE_STAGE_INGRESS,
	DRAGONFLOW_TRACE_STAGE_OUTPUT,
	DRAGONFLOW_TRACE_STAGE_FIT,
	DRAGONFLOW_TRACE_STAGE_CLAIM,
	DRAGONFLOW_TRACE_STAGE_ANSWER,
	DRAGONFLOW_TRACE_STAGE_SEND,
	DRAGONFLOW_TRACE_STAGE_LOOKUP,
};

/**
 * enum dragonflow_trace_verdict - What a step of a trace has found.
 * @DRAGONFLOW_TRACE_VERDICT_PASS: The packet goes on.
 * @DRAGONFLOW_TRACE_VERDICT_DROP: It is dropped.
 * @DRAGONFLOW_TRACE_VERDICT_ANSWER: It is answered, by the module or by the
 *   agent, and goes no further.
 * @DRAGONFLOW_TRACE_VERDICT_WAIT: It waits: for the other fragments, or until
 *   the agent knows who has an address.
 * @DRAGONFLOW_TRACE_VERDICT_SEND: It leaves by a device of this hypervisor.
 */
enum dragonflow_trace_verdict {
	DRAGONFLOW_TRACE_VERDICT_PASS = 1,
	DRAGONFLOW_TRACE_VERDICT_DROP,
	DRAGONFLOW_TRACE_VERDICT_ANSWER,
	DRAGONFLOW_TRACE_VERDICT_WAIT,
	DRAGONFLOW_TRACE_VERDICT_SEND,
};

/**
 * enum dragonflow_trace_connection - How a packet belongs to a connection.
 * @DRAGONFLOW_TRACE_CONNECTION_NEW: It would begin one.
 * @DRAGONFLOW_TRACE_CONNECTION_ORIGINAL: It belongs to one, and comes from
 *   where that began.
 * @DRAGONFLOW_TRACE_CONNECTION_REPLY: It belongs to one, and goes to where
 *   that began.
 * @DRAGONFLOW_TRACE_CONNECTION_RELATED: It is an error about a packet of one.
 */
enum dragonflow_trace_connection {
	DRAGONFLOW_TRACE_CONNECTION_NEW = 1,
	DRAGONFLOW_TRACE_CONNECTION_ORIGINAL,
	DRAGONFLOW_TRACE_CONNECTION_REPLY,
	DRAGONFLOW_TRACE_CONNECTION_RELATED,
};

/**
 * enum dragonflow_answer - What the sender of a packet is told.
 * @DRAGONFLOW_ANSWER_ARP: An ARP reply.
 * @DRAGONFLOW_ANSWER_NEIGHBOUR: A neighbour advertisement.
 * @DRAGONFLOW_ANSWER_ECHO: An ICMP echo reply.
 * @DRAGONFLOW_ANSWER_TTL_EXCEEDED: ICMP's error that TTL or hop limit were
 *   used up.
 * @DRAGONFLOW_ANSWER_NO_NETWORK: ICMP's error that there is no route.
 * @DRAGONFLOW_ANSWER_NO_HOST: ICMP's error that nobody has the address.
 * @DRAGONFLOW_ANSWER_NO_PORT: ICMP's error that nobody listens to the UDP
 *   port.
 * @DRAGONFLOW_ANSWER_PROHIBITED: ICMP's error that policy forbids it.
 * @DRAGONFLOW_ANSWER_TOO_BIG: ICMP's error that the packet is too large.
 * @DRAGONFLOW_ANSWER_AGENT: What the agent says.
 */
enum dragonflow_answer {
	DRAGONFLOW_ANSWER_ARP = 1,
	DRAGONFLOW_ANSWER_NEIGHBOUR,
	DRAGONFLOW_ANSWER_ECHO,
	DRAGONFLOW_ANSWER_TTL_EXCEEDED,
	DRAGONFLOW_ANSWER_NO_NETWORK,
	DRAGONFLOW_ANSWER_NO_HOST,
	DRAGONFLOW_ANSWER_NO_PORT,
	DRAGONFLOW_ANSWER_PROHIBITED,
	DRAGONFLOW_ANSWER_TOO_BIG,
	DRAGONFLOW_ANSWER_AGENT,
};

#define DRAGONFLOW_LOOKUPS_MAX		128
#define DRAGONFLOW_LOOKUP_PACKETS_MAX	8
#define DRAGONFLOW_LOOKUP_WAIT_MS	3000
#define DRAGONFLOW_LOOKUP_TTL_MS_MAX	60000

/**
 * enum dragonflow_lookup_state - What is known about who has an address.
 * @DRAGONFLOW_LOOKUP_STATE_PENDING: The agent was asked, and has not said yet.
 * @DRAGONFLOW_LOOKUP_STATE_ABSENT: Nobody has it, the agent said. Packets that
 *   go there are treated as in any other network, and the agent is not asked.
 */
enum dragonflow_lookup_state {
	DRAGONFLOW_LOOKUP_STATE_PENDING = 1,
	DRAGONFLOW_LOOKUP_STATE_ABSENT,
};

enum {
	DF_A_FILTER_PORT = 1,
	DF_A_FILTER_UNDERLAY,

	__DF_A_FILTER_MAX,
	DF_A_FILTER_MAX = (__DF_A_FILTER_MAX - 1)
};

enum {
	DF_A_DATAPATH_VERSION = 1,
	DF_A_DATAPATH_FLOW_IDLE_MS,
	DF_A_DATAPATH_NETWORKS,
	DF_A_DATAPATH_PORTS,
	DF_A_DATAPATH_CHASSIS,
	DF_A_DATAPATH_FLOWS,
	DF_A_DATAPATH_UNBOUND_DROPS,
	DF_A_DATAPATH_PAD,
	DF_A_DATAPATH_ROUTERS,
	DF_A_DATAPATH_ROUTER_INTERFACES,
	DF_A_DATAPATH_ROUTES,
	DF_A_DATAPATH_LOG_RATE,
	DF_A_DATAPATH_LOG_BURST,
	DF_A_DATAPATH_LOOKUPS,

	__DF_A_DATAPATH_MAX,
	DF_A_DATAPATH_MAX = (__DF_A_DATAPATH_MAX - 1)
};

enum {
	DF_A_NETWORK_ID = 1,
	DF_A_NETWORK_VNI,
	DF_A_NETWORK_FLAGS,
	DF_A_NETWORK_PORTS,
	DF_A_NETWORK_CHASSIS,
	DF_A_NETWORK_ROUTER_INTERFACES,

	__DF_A_NETWORK_MAX,
	DF_A_NETWORK_MAX = (__DF_A_NETWORK_MAX - 1)
};

enum {
	DF_A_PORT_ID = 1,
	DF_A_PORT_TYPE,
	DF_A_PORT_NETWORK,
	DF_A_PORT_MAC,
	DF_A_PORT_CHASSIS,
	DF_A_PORT_FLAGS,
	DF_A_PORT_FLOW_CLASS,
	DF_A_PORT_FLOW_LIMIT,
	DF_A_PORT_IFINDEX,
	DF_A_PORT_FLOWS,
	DF_A_PORT_STATS,
	DF_A_PORT_IP4,
	DF_A_PORT_IP6,
	DF_A_PORT_PAIR,
	DF_A_PORT_HOLD,
	DF_A_PORT_GROUP,
	DF_A_PORT_CONNECTION_LIMIT,
	DF_A_PORT_CONNECTIONS,
	DF_A_PORT_IDLE_MS,

	__DF_A_PORT_MAX,
	DF_A_PORT_MAX = (__DF_A_PORT_MAX - 1)
};

enum {
	DF_A_ADDRESS_PAIR_MAC = 1,
	DF_A_ADDRESS_PAIR_IP4,
	DF_A_ADDRESS_PAIR_IP6,
	DF_A_ADDRESS_PAIR_PREFIX_LEN,

	__DF_A_ADDRESS_PAIR_MAX,
	DF_A_ADDRESS_PAIR_MAX = (__DF_A_ADDRESS_PAIR_MAX - 1)
};

enum {
	DF_A_ADDRESS_HOLD_PAD = 1,
	DF_A_ADDRESS_HOLD_MAC,
	DF_A_ADDRESS_HOLD_IP4,
	DF_A_ADDRESS_HOLD_IP6,
	DF_A_ADDRESS_HOLD_SINCE,
	DF_A_ADDRESS_HOLD_ACTIVE,

	__DF_A_ADDRESS_HOLD_MAX,
	DF_A_ADDRESS_HOLD_MAX = (__DF_A_ADDRESS_HOLD_MAX - 1)
};

enum {
	DF_A_PORT_STATS_PAD = 1,
	DF_A_PORT_STATS_RX_PACKETS,
	DF_A_PORT_STATS_RX_BYTES,
	DF_A_PORT_STATS_TX_PACKETS,
	DF_A_PORT_STATS_TX_BYTES,
	DF_A_PORT_STATS_RX_DIRECT,
	DF_A_PORT_STATS_TX_DIRECT,
	DF_A_PORT_STATS_FLOW_HITS,
	DF_A_PORT_STATS_FLOW_MISSES,
	DF_A_PORT_STATS_FLOW_EVICTIONS,
	DF_A_PORT_STATS_DROP,
	DF_A_PORT_STATS_ANSWERS,
	DF_A_PORT_STATS_PUNTS,

	__DF_A_PORT_STATS_MAX,
	DF_A_PORT_STATS_MAX = (__DF_A_PORT_STATS_MAX - 1)
};

enum {
	DF_A_DROP_PAD = 1,
	DF_A_DROP_REASON,
	DF_A_DROP_PACKETS,

	__DF_A_DROP_MAX,
	DF_A_DROP_MAX = (__DF_A_DROP_MAX - 1)
};

enum {
	DF_A_CHASSIS_ID = 1,
	DF_A_CHASSIS_TUNNEL,
	DF_A_CHASSIS_REMOTE_IP4,
	DF_A_CHASSIS_REMOTE_IP6,
	DF_A_CHASSIS_LOCAL_IP4,
	DF_A_CHASSIS_LOCAL_IP6,
	DF_A_CHASSIS_NETWORKS,

	__DF_A_CHASSIS_MAX,
	DF_A_CHASSIS_MAX = (__DF_A_CHASSIS_MAX - 1)
};

enum {
	DF_A_ROUTER_ID = 1,
	DF_A_ROUTER_FLAGS,
	DF_A_ROUTER_INTERFACES,
	DF_A_ROUTER_ROUTES,

	__DF_A_ROUTER_MAX,
	DF_A_ROUTER_MAX = (__DF_A_ROUTER_MAX - 1)
};

enum {
	DF_A_ROUTER_INTERFACE_ID = 1,
	DF_A_ROUTER_INTERFACE_ROUTER,
	DF_A_ROUTER_INTERFACE_NETWORK,
	DF_A_ROUTER_INTERFACE_MAC,
	DF_A_ROUTER_INTERFACE_ADDRESS,
	DF_A_ROUTER_INTERFACE_MTU,
	DF_A_ROUTER_INTERFACE_FLAGS,
	DF_A_ROUTER_INTERFACE_ROUTES,

	__DF_A_ROUTER_INTERFACE_MAX,
	DF_A_ROUTER_INTERFACE_MAX = (__DF_A_ROUTER_INTERFACE_MAX - 1)
};

enum {
	DF_A_ROUTER_ADDRESS_IP4 = 1,
	DF_A_ROUTER_ADDRESS_IP6,
	DF_A_ROUTER_ADDRESS_PREFIX_LEN,

	__DF_A_ROUTER_ADDRESS_MAX,
	DF_A_ROUTER_ADDRESS_MAX = (__DF_A_ROUTER_ADDRESS_MAX - 1)
};

enum {
	DF_A_ROUTE_ID = 1,
	DF_A_ROUTE_ROUTER,
	DF_A_ROUTE_IP4,
	DF_A_ROUTE_IP6,
	DF_A_ROUTE_PREFIX_LEN,
	DF_A_ROUTE_TYPE,
	DF_A_ROUTE_NEXTHOP,

	__DF_A_ROUTE_MAX,
	DF_A_ROUTE_MAX = (__DF_A_ROUTE_MAX - 1)
};

enum {
	DF_A_NEXTHOP_INTERFACE = 1,
	DF_A_NEXTHOP_IP4,
	DF_A_NEXTHOP_IP6,
	DF_A_NEXTHOP_WEIGHT,

	__DF_A_NEXTHOP_MAX,
	DF_A_NEXTHOP_MAX = (__DF_A_NEXTHOP_MAX - 1)
};

enum {
	DF_A_FLOW_PAD = 1,
	DF_A_FLOW_PORT,
	DF_A_FLOW_CLASS,
	DF_A_FLOW_MATCH,
	DF_A_FLOW_ACTION,
	DF_A_FLOW_PACKETS,
	DF_A_FLOW_BYTES,
	DF_A_FLOW_AGE_MS,
	DF_A_FLOW_IDLE_MS,
	DF_A_FLOW_STALE,

	__DF_A_FLOW_MAX,
	DF_A_FLOW_MAX = (__DF_A_FLOW_MAX - 1)
};

enum {
	DF_A_MATCH_TUNNEL_ID = 1,
	DF_A_MATCH_ETH_SRC,
	DF_A_MATCH_ETH_DST,
	DF_A_MATCH_ETH_TYPE,
	DF_A_MATCH_VLAN_TCI,
	DF_A_MATCH_IP_PROTO,
	DF_A_MATCH_IP_FRAGMENT,
	DF_A_MATCH_IP4_SRC,
	DF_A_MATCH_IP4_DST,
	DF_A_MATCH_IP6_SRC,
	DF_A_MATCH_IP6_DST,
	DF_A_MATCH_L4_SRC,
	DF_A_MATCH_L4_DST,

	__DF_A_MATCH_MAX,
	DF_A_MATCH_MAX = (__DF_A_MATCH_MAX - 1)
};

enum {
	DF_A_ACTION_TYPE = 1,
	DF_A_ACTION_PORT,
	DF_A_ACTION_CHASSIS,
	DF_A_ACTION_NETWORK,
	DF_A_ACTION_TUNNEL_ID,
	DF_A_ACTION_ETH_SRC,
	DF_A_ACTION_ETH_DST,
	DF_A_ACTION_HOPS,
	DF_A_ACTION_MTU,

	__DF_A_ACTION_MAX,
	DF_A_ACTION_MAX = (__DF_A_ACTION_MAX - 1)
};

enum {
	DF_A_PACKET_PORT = 1,
	DF_A_PACKET_REASON,
	DF_A_PACKET_FRAME,

	__DF_A_PACKET_MAX,
	DF_A_PACKET_MAX = (__DF_A_PACKET_MAX - 1)
};

enum {
	DF_A_SECURITY_GROUP_ID = 1,
	DF_A_SECURITY_GROUP_FLAGS,
	DF_A_SECURITY_GROUP_RULES,
	DF_A_SECURITY_GROUP_PORTS,

	__DF_A_SECURITY_GROUP_MAX,
	DF_A_SECURITY_GROUP_MAX = (__DF_A_SECURITY_GROUP_MAX - 1)
};

enum {
	DF_A_SECURITY_GROUP_RULE_ID = 1,
	DF_A_SECURITY_GROUP_RULE_GROUP,
	DF_A_SECURITY_GROUP_RULE_DIRECTION,
	DF_A_SECURITY_GROUP_RULE_VERSION,
	DF_A_SECURITY_GROUP_RULE_PROTOCOL,
	DF_A_SECURITY_GROUP_RULE_PORT_MIN,
	DF_A_SECURITY_GROUP_RULE_PORT_MAX,
	DF_A_SECURITY_GROUP_RULE_ICMP_TYPE,
	DF_A_SECURITY_GROUP_RULE_ICMP_CODE,
	DF_A_SECURITY_GROUP_RULE_IP4,
	DF_A_SECURITY_GROUP_RULE_IP6,
	DF_A_SECURITY_GROUP_RULE_PREFIX_LEN,
	DF_A_SECURITY_GROUP_RULE_ADDRESS_SET,
	DF_A_SECURITY_GROUP_RULE_MATCHES,
	DF_A_SECURITY_GROUP_RULE_PAD,

	__DF_A_SECURITY_GROUP_RULE_MAX,
	DF_A_SECURITY_GROUP_RULE_MAX = (__DF_A_SECURITY_GROUP_RULE_MAX - 1)
};

enum {
	DF_A_ADDRESS_SET_ID = 1,
	DF_A_ADDRESS_SET_MEMBERS,
	DF_A_ADDRESS_SET_RULES,

	__DF_A_ADDRESS_SET_MAX,
	DF_A_ADDRESS_SET_MAX = (__DF_A_ADDRESS_SET_MAX - 1)
};

enum {
	DF_A_ADDRESS_SET_MEMBER_SET = 1,
	DF_A_ADDRESS_SET_MEMBER_IP4,
	DF_A_ADDRESS_SET_MEMBER_IP6,
	DF_A_ADDRESS_SET_MEMBER_PREFIX_LEN,

	__DF_A_ADDRESS_SET_MEMBER_MAX,
	DF_A_ADDRESS_SET_MEMBER_MAX = (__DF_A_ADDRESS_SET_MEMBER_MAX - 1)
};

enum {
	DF_A_LOG_PORT = 1,
	DF_A_LOG_DIRECTION,
	DF_A_LOG_VERDICT,
	DF_A_LOG_GROUP,
	DF_A_LOG_RULE,
	DF_A_LOG_NETWORK,
	DF_A_LOG_MATCH,
	DF_A_LOG_TIME_NS,
	DF_A_LOG_SUPPRESSED,
	DF_A_LOG_PAD,

	__DF_A_LOG_MAX,
	DF_A_LOG_MAX = (__DF_A_LOG_MAX - 1)
};

enum {
	DF_A_TRACE_PORT = 1,
	DF_A_TRACE_FRAME,
	DF_A_TRACE_TUNNEL_ID,
	DF_A_TRACE_SOURCE_IP4,
	DF_A_TRACE_SOURCE_IP6,
	DF_A_TRACE_TRUST_CHECKSUMS,
	DF_A_TRACE_STEP,
	DF_A_TRACE_LOST,
	DF_A_TRACE_VERDICT,
	DF_A_TRACE_REASON,

	__DF_A_TRACE_MAX,
	DF_A_TRACE_MAX = (__DF_A_TRACE_MAX - 1)
};

enum {
	DF_A_TRACE_STEP_STAGE = 1,
	DF_A_TRACE_STEP_VERDICT,
	DF_A_TRACE_STEP_REASON,
	DF_A_TRACE_STEP_NETWORK,
	DF_A_TRACE_STEP_PORT,
	DF_A_TRACE_STEP_ROUTER,
	DF_A_TRACE_STEP_INTERFACE,
	DF_A_TRACE_STEP_OUT_INTERFACE,
	DF_A_TRACE_STEP_ROUTE,
	DF_A_TRACE_STEP_PREFIX_IP4,
	DF_A_TRACE_STEP_PREFIX_IP6,
	DF_A_TRACE_STEP_PREFIX_LEN,
	DF_A_TRACE_STEP_IP4,
	DF_A_TRACE_STEP_IP6,
	DF_A_TRACE_STEP_MAC,
	DF_A_TRACE_STEP_GROUP,
	DF_A_TRACE_STEP_RULE,
	DF_A_TRACE_STEP_CONNECTION,
	DF_A_TRACE_STEP_ANSWER,
	DF_A_TRACE_STEP_ACTION,
	DF_A_TRACE_STEP_CHASSIS,
	DF_A_TRACE_STEP_TUNNEL_ID,
	DF_A_TRACE_STEP_MTU,
	DF_A_TRACE_STEP_FLOW,
	DF_A_TRACE_STEP_LOOKUP,

	__DF_A_TRACE_STEP_MAX,
	DF_A_TRACE_STEP_MAX = (__DF_A_TRACE_STEP_MAX - 1)
};

enum {
	DF_A_LOOKUP_NETWORK = 1,
	DF_A_LOOKUP_IP4,
	DF_A_LOOKUP_IP6,
	DF_A_LOOKUP_MAC,
	DF_A_LOOKUP_PORT,
	DF_A_LOOKUP_STATE,
	DF_A_LOOKUP_PACKETS,
	DF_A_LOOKUP_TTL_MS,

	__DF_A_LOOKUP_MAX,
	DF_A_LOOKUP_MAX = (__DF_A_LOOKUP_MAX - 1)
};

enum {
	DF_CMD_DATAPATH_GET = 1,
	DF_CMD_DATAPATH_SET,
	DF_CMD_NETWORK_NEW,
	DF_CMD_NETWORK_DEL,
	DF_CMD_NETWORK_GET,
	DF_CMD_PORT_NEW,
	DF_CMD_PORT_DEL,
	DF_CMD_PORT_GET,
	DF_CMD_CHASSIS_NEW,
	DF_CMD_CHASSIS_DEL,
	DF_CMD_CHASSIS_GET,
	DF_CMD_FLOW_GET,
	DF_CMD_FLOW_FLUSH,
	DF_CMD_NETWORK_NTF,
	DF_CMD_NETWORK_DEL_NTF,
	DF_CMD_PORT_NTF,
	DF_CMD_PORT_DEL_NTF,
	DF_CMD_CHASSIS_NTF,
	DF_CMD_CHASSIS_DEL_NTF,
	DF_CMD_ROUTER_NEW,
	DF_CMD_ROUTER_DEL,
	DF_CMD_ROUTER_GET,
	DF_CMD_ROUTER_INTERFACE_NEW,
	DF_CMD_ROUTER_INTERFACE_DEL,
	DF_CMD_ROUTER_INTERFACE_GET,
	DF_CMD_ROUTE_NEW,
	DF_CMD_ROUTE_DEL,
	DF_CMD_ROUTE_GET,
	DF_CMD_ROUTER_NTF,
	DF_CMD_ROUTER_DEL_NTF,
	DF_CMD_ROUTER_INTERFACE_NTF,
	DF_CMD_ROUTER_INTERFACE_DEL_NTF,
	DF_CMD_ROUTE_NTF,
	DF_CMD_ROUTE_DEL_NTF,
	DF_CMD_PACKET_PUNT,
	DF_CMD_PACKET_EXECUTE,
	DF_CMD_PORT_HOLD_NTF,
	DF_CMD_SECURITY_GROUP_NEW,
	DF_CMD_SECURITY_GROUP_DEL,
	DF_CMD_SECURITY_GROUP_GET,
	DF_CMD_SECURITY_GROUP_RULE_NEW,
	DF_CMD_SECURITY_GROUP_RULE_DEL,
	DF_CMD_SECURITY_GROUP_RULE_GET,
	DF_CMD_ADDRESS_SET_NEW,
	DF_CMD_ADDRESS_SET_DEL,
	DF_CMD_ADDRESS_SET_GET,
	DF_CMD_ADDRESS_SET_MEMBER_NEW,
	DF_CMD_ADDRESS_SET_MEMBER_DEL,
	DF_CMD_ADDRESS_SET_MEMBER_GET,
	DF_CMD_SECURITY_GROUP_NTF,
	DF_CMD_SECURITY_GROUP_DEL_NTF,
	DF_CMD_SECURITY_GROUP_RULE_NTF,
	DF_CMD_SECURITY_GROUP_RULE_DEL_NTF,
	DF_CMD_ADDRESS_SET_NTF,
	DF_CMD_ADDRESS_SET_DEL_NTF,
	DF_CMD_ADDRESS_SET_MEMBER_NTF,
	DF_CMD_ADDRESS_SET_MEMBER_DEL_NTF,
	DF_CMD_TRACE,
	DF_CMD_LOG_NTF,
	DF_CMD_LOOKUP_NEW,
	DF_CMD_LOOKUP_DEL,
	DF_CMD_LOOKUP_GET,
	DF_CMD_LOOKUP_NTF,

	__DF_CMD_MAX,
	DF_CMD_MAX = (__DF_CMD_MAX - 1)
};

#define DRAGONFLOW_MCGRP_CONFIG	"config"
#define DRAGONFLOW_MCGRP_PACKET	"packet"
#define DRAGONFLOW_MCGRP_HOLD	"hold"
#define DRAGONFLOW_MCGRP_LOG	"log"
#define DRAGONFLOW_MCGRP_MISS	"miss"

#endif /* _UAPI_LINUX_DRAGONFLOW_H */
