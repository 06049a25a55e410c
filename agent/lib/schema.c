// SPDX-License-Identifier: GPL-2.0
/*
 * Every model, declared once. The codec, validation, the columns and the
 * completion of dfctl and the reference in Documentation/models.md follow from
 * these tables.
 */
#include "schema.h"
#include "schema_parts.h"

/* chassis */

static const char *const encap_types[] = { "vxlan", "geneve", NULL };

static const struct df_field encap_fields[] = {
	{ .name = "type", .type = DF_TYPE_ENUM, .values = encap_types,
	  .flags = DF_FIELD_REQUIRED, .doc = "The encapsulation." },
	{ .name = "ip", .type = DF_TYPE_IP, .flags = DF_FIELD_REQUIRED,
	  .doc = "The underlay address." },
	{ .name = "port", .type = DF_TYPE_UINT, .min = 1, .max = 65535,
	  .doc = "UDP port, if not the type's own (4789, 6081)." },
	{ .name = NULL }
};

static const struct df_field physnet_fields[] = {
	{ .name = "name", .type = DF_TYPE_STRING, .min = 1, .max = 64,
	  .flags = DF_FIELD_REQUIRED, .doc = "The physical network." },
	{ .name = "device", .type = DF_TYPE_STRING, .min = 1, .max = 15,
	  .flags = DF_FIELD_REQUIRED, .doc = "The uplink towards it." },
	{ .name = NULL }
};

static const struct df_field chassis_fields[] = {
	ID("Identifies the hypervisor."),
	{ .name = "name", .type = DF_TYPE_STRING, .min = 1, .max = 255,
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_UNIQUE | DF_FIELD_IMMUTABLE |
		   DF_FIELD_COLUMN,
	  .doc = "Host name, as ports name it in binding_host." },
	{ .name = "encaps", .type = DF_TYPE_RECORD, .fields = encap_fields,
	  .flags = DF_FIELD_LIST | DF_FIELD_COLUMN,
	  .doc = "Ways to reach it through the underlay, the best first." },
	{ .name = "physical_networks", .type = DF_TYPE_RECORD,
	  .fields = physnet_fields, .flags = DF_FIELD_LIST,
	  .doc = "The provider networks that it is connected to." },
	{ .name = "capabilities", .type = DF_TYPE_STRING, .max = 64,
	  .flags = DF_FIELD_LIST, .doc = "What its agent and module can do." },
	DESCRIPTION,
	TAGS,
	KEY,
	REVISION,
	{ .name = NULL }
};

/* agent */

static const struct df_field agent_fields[] = {
	ID("Identifies the agent; it uses the id of its chassis."),
	{ .name = "chassis_id", .type = DF_TYPE_UUID, .ref = "chassis",
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_IMMUTABLE | DF_FIELD_COLUMN,
	  .doc = "The hypervisor that it runs on." },
	{ .name = "version", .type = DF_TYPE_STRING, .max = 64,
	  .flags = DF_FIELD_COLUMN, .doc = "Version of the agent." },
	{ .name = "pid", .type = DF_TYPE_UINT, .min = 1, .max = INT32_MAX,
	  .flags = DF_FIELD_COLUMN, .doc = "Its process id." },
	{ .name = "started_at", .type = DF_TYPE_UINT, .max = INT64_MAX,
	  .unit = "s since 1970", .doc = "When it started." },
	REVISION,
	{ .name = NULL }
};

/* network */

static const char *const network_types[] = {
	"vxlan", "geneve", "vlan", "flat", "local", NULL
};

static const struct df_field network_fields[] = {
	ID("Identifies the network."),
	NAME,
	PROJECT,
	DESCRIPTION,
	{ .name = "admin_state_up", .type = DF_TYPE_BOOL, .preset = "true",
	  .flags = DF_FIELD_COLUMN, .doc = "Whether it carries packets." },
	{ .name = "network_type", .type = DF_TYPE_ENUM,
	  .values = network_types, .preset = "vxlan",
	  .flags = DF_FIELD_IMMUTABLE | DF_FIELD_COLUMN,
	  .doc = "How its packets travel between hypervisors." },
	{ .name = "segmentation_id", .type = DF_TYPE_UINT, .min = 1,
	  .max = 0xffffff, .flags = DF_FIELD_ALLOCATED | DF_FIELD_COLUMN,
	  .doc = "VNI of a tunnelled network, VLAN of a vlan network." },
	{ .name = "physical_network", .type = DF_TYPE_STRING, .min = 1,
	  .max = 64, .flags = DF_FIELD_IMMUTABLE,
	  .doc = "Provider network that carries a vlan or flat network." },
	{ .name = "mtu", .type = DF_TYPE_UINT, .min = 68, .max = 65535,
	  .preset = "1450", .unit = "bytes", .flags = DF_FIELD_COLUMN,
	  .doc = "Largest IP packet." },
	{ .name = "shared", .type = DF_TYPE_BOOL, .preset = "false",
	  .doc = "Whether other projects may use it." },
	{ .name = "router:external", .type = DF_TYPE_BOOL, .preset = "false",
	  .doc = "Whether routers may use it as their gateway network." },
	{ .name = "vlan_transparent", .type = DF_TYPE_BOOL, .preset = "false",
	  .doc = "Whether workloads may send VLAN-tagged frames." },
	{ .name = "port_security_enabled", .type = DF_TYPE_BOOL,
	  .preset = "true", .doc = "What new ports start with." },
	{ .name = "on_demand", .type = DF_TYPE_BOOL, .preset = "false",
	  .flags = DF_FIELD_IMMUTABLE,
	  .doc = "Resolve remote ports at the first packet, not in advance." },
	{ .name = "dns_domain", .type = DF_TYPE_STRING, .max = 255,
	  .doc = "Domain of its ports' names." },
	QOS,
	TAGS,
	KEY,
	REVISION,
	{ .name = NULL }
};

/* Tunnelled networks have no physical network: they share one VNI space. */
static const struct df_unique network_uniques[] = {
	{ .field = "segmentation_id", .within = "physical_network" },
	{ .field = NULL }
};

/* subnet */

static const char *const ipv6_modes[] = {
	"slaac", "dhcpv6-stateful", "dhcpv6-stateless", NULL
};

static const struct df_field host_route_fields[] = {
	{ .name = "destination", .type = DF_TYPE_CIDR,
	  .flags = DF_FIELD_REQUIRED, .doc = "The prefix." },
	{ .name = "nexthop", .type = DF_TYPE_IP, .flags = DF_FIELD_REQUIRED,
	  .doc = "The router." },
	{ .name = NULL }
};

static const struct df_field pool_fields[] = {
	{ .name = "start", .type = DF_TYPE_IP, .flags = DF_FIELD_REQUIRED,
	  .doc = "First address." },
	{ .name = "end", .type = DF_TYPE_IP, .flags = DF_FIELD_REQUIRED,
	  .doc = "Last address." },
	{ .name = NULL }
};

static const struct df_field subnet_fields[] = {
	ID("Identifies the subnet."),
	NAME,
	{ .name = "network_id", .type = DF_TYPE_UUID, .ref = "network",
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_IMMUTABLE | DF_FIELD_COLUMN,
	  .doc = "The network that it belongs to." },
	PROJECT,
	DESCRIPTION,
	{ .name = "cidr", .type = DF_TYPE_CIDR,
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_IMMUTABLE | DF_FIELD_COLUMN,
	  .doc = "Its prefix." },
	{ .name = "ip_version", .type = DF_TYPE_UINT, .min = 4, .max = 6,
	  .flags = DF_FIELD_ALLOCATED | DF_FIELD_IMMUTABLE,
	  .doc = "4 or 6, as the prefix says." },
	{ .name = "gateway_ip", .type = DF_TYPE_IP, .flags = DF_FIELD_COLUMN,
	  .doc = "Default router that workloads are told of." },
	{ .name = "enable_dhcp", .type = DF_TYPE_BOOL, .preset = "true",
	  .flags = DF_FIELD_COLUMN, .doc = "Whether DHCP is answered." },
	{ .name = "dns_nameservers", .type = DF_TYPE_IP,
	  .flags = DF_FIELD_LIST, .doc = "Name servers for workloads." },
	{ .name = "host_routes", .type = DF_TYPE_RECORD,
	  .fields = host_route_fields, .flags = DF_FIELD_LIST,
	  .doc = "Further routes for workloads." },
	{ .name = "allocation_pools", .type = DF_TYPE_RECORD,
	  .fields = pool_fields, .flags = DF_FIELD_LIST,
	  .doc = "Ranges that addresses of ports are taken from." },
	{ .name = "ipv6_ra_mode", .type = DF_TYPE_ENUM, .values = ipv6_modes,
	  .doc = "What router advertisements announce; none if not given." },
	{ .name = "ipv6_address_mode", .type = DF_TYPE_ENUM,
	  .values = ipv6_modes,
	  .doc = "How workloads get IPv6 addresses; as ipv6_ra_mode if both are given." },
	{ .name = "subnetpool_id", .type = DF_TYPE_UUID,
	  .doc = "The pool that the prefix was taken from." },
	{ .name = "segment_id", .type = DF_TYPE_UUID,
	  .doc = "The segment of a routed network." },
	{ .name = "service_types", .type = DF_TYPE_STRING, .max = 255,
	  .flags = DF_FIELD_LIST,
	  .doc = "Owners of ports that may have addresses from here." },
	{ .name = "dns_publish_fixed_ip", .type = DF_TYPE_BOOL,
	  .preset = "false", .doc = "Whether DNS holds its addresses." },
	TAGS,
	REVISION,
	{ .name = NULL }
};

/* port */

/* It need not be known in advance by whoever knows the network. */
#define ON_DEMAND(flag)							\
	{ .name = "on_demand", .type = DF_TYPE_BOOL, .flags = (flag),	\
	  .doc = "As its network says: it has a topic of its own." }

static const char *const vnic_types[] = {
	"normal", "direct", "macvtap", "baremetal", "direct-physical",
	"virtio-forwarder", "smart-nic", "accelerator-direct",
	"accelerator-direct-physical", "vdpa", "remote-managed", NULL
};

static const struct df_field fixed_ip_fields[] = {
	{ .name = "subnet_id", .type = DF_TYPE_UUID, .ref = "subnet",
	  .flags = DF_FIELD_REQUIRED, .doc = "The subnet." },
	{ .name = "ip_address", .type = DF_TYPE_IP,
	  .flags = DF_FIELD_REQUIRED, .doc = "The address." },
	{ .name = NULL }
};

static const struct df_field address_pair_fields[] = {
	{ .name = "ip_address", .type = DF_TYPE_CIDR,
	  .flags = DF_FIELD_REQUIRED, .doc = "An address or a prefix." },
	{ .name = "mac_address", .type = DF_TYPE_MAC,
	  .doc = "If not the port's own." },
	{ .name = NULL }
};

static const struct df_field dhcp_opt_fields[] = {
	{ .name = "opt_name", .type = DF_TYPE_STRING, .min = 1, .max = 64,
	  .flags = DF_FIELD_REQUIRED, .doc = "Name or number." },
	{ .name = "opt_value", .type = DF_TYPE_STRING, .max = 255,
	  .doc = "Value; none leaves the option out." },
	{ .name = "ip_version", .type = DF_TYPE_UINT, .min = 4, .max = 6,
	  .doc = "4 (if not given) or 6." },
	{ .name = NULL }
};

static const struct df_field port_fields[] = {
	ID("Identifies the port."),
	NAME,
	{ .name = "network_id", .type = DF_TYPE_UUID, .ref = "network",
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_IMMUTABLE | DF_FIELD_COLUMN,
	  .doc = "The network that it belongs to." },
	PROJECT,
	DESCRIPTION,
	{ .name = "mac_address", .type = DF_TYPE_MAC,
	  .flags = DF_FIELD_ALLOCATED | DF_FIELD_COLUMN,
	  .doc = "Ethernet address of the workload." },
	{ .name = "fixed_ips", .type = DF_TYPE_RECORD,
	  .fields = fixed_ip_fields, .flags = DF_FIELD_LIST | DF_FIELD_COLUMN,
	  .doc = "IP addresses of the workload." },
	{ .name = "admin_state_up", .type = DF_TYPE_BOOL, .preset = "true",
	  .doc = "Whether it carries packets." },
	{ .name = "binding_host", .type = DF_TYPE_STRING, .max = 255,
	  .flags = DF_FIELD_COLUMN,
	  .doc = "Name of the chassis that it is on." },
	{ .name = "binding_standby_host", .type = DF_TYPE_STRING, .max = 255,
	  .doc = "Of a live migration: the chassis that it moves to, or was on." },
	{ .name = "binding_vnic_type", .type = DF_TYPE_ENUM,
	  .values = vnic_types, .preset = "normal",
	  .doc = "What the workload sees." },
	{ .name = "binding_profile", .type = DF_TYPE_JSON,
	  .doc = "What the cloud says about the device." },
	{ .name = "binding_vif_details", .type = DF_TYPE_JSON,
	  .doc = "What the cloud was told about the device." },
	{ .name = "device_id", .type = DF_TYPE_STRING, .max = 255,
	  .doc = "The workload." },
	{ .name = "device_owner", .type = DF_TYPE_STRING, .max = 255,
	  .doc = "Who plugged it in, such as compute:nova." },
	{ .name = "device_name", .type = DF_TYPE_STRING, .min = 1, .max = 15,
	  .doc = "Its netdev, if not tap and 11 characters of the id." },
	{ .name = "port_security_enabled", .type = DF_TYPE_BOOL,
	  .preset = "true",
	  .doc = "Whether only its own addresses may send; false: it has no security groups." },
	{ .name = "allowed_address_pairs", .type = DF_TYPE_RECORD,
	  .fields = address_pair_fields, .flags = DF_FIELD_LIST,
	  .doc = "Further addresses that it may have, be it that others may, too." },
	{ .name = "security_groups", .type = DF_TYPE_UUID,
	  .ref = "security_group", .flags = DF_FIELD_LIST,
	  .doc = "Security groups that apply, at most 32; none: all may pass." },
	{ .name = "connection_limit", .type = DF_TYPE_UINT, .min = 1,
	  .max = 1048576, .preset = "16384",
	  .doc = "How many connections it may have, if security groups judge it." },
	{ .name = "extra_dhcp_opts", .type = DF_TYPE_RECORD,
	  .fields = dhcp_opt_fields, .flags = DF_FIELD_LIST,
	  .doc = "Further DHCP options." },
	QOS,
	{ .name = "dns_name", .type = DF_TYPE_STRING, .max = 255,
	  .doc = "Host name that DHCP and DNS give." },
	{ .name = "dns_domain", .type = DF_TYPE_STRING, .max = 255,
	  .doc = "Domain of that name, if not the network's." },
	{ .name = "propagate_uplink_status", .type = DF_TYPE_BOOL,
	  .preset = "false", .doc = "Whether it goes down with its uplink." },
	ON_DEMAND(DF_FIELD_ASSIGNED),
	TAGS,
	KEY,
	REVISION,
	{ .name = NULL }
};

static const struct df_unique port_uniques[] = {
	{ .field = "mac_address", .within = "network_id" },
	{ .field = "fixed_ips", .member = "ip_address",
	  .within = "network_id" },
	{ .field = NULL }
};

/* port_status */

static const char *const status_values[] = { "up", "down", NULL };

static const struct df_field port_status_fields[] = {
	ID("Id of the port."),
	{ .name = "status", .type = DF_TYPE_ENUM, .values = status_values,
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_COLUMN,
	  .doc = "Whether its packets are forwarded." },
	{ .name = "chassis", .type = DF_TYPE_STRING, .min = 1, .max = 255,
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_COLUMN,
	  .doc = "Name of the chassis that says so." },
	{ .name = "reason", .type = DF_TYPE_STRING, .max = 255,
	  .doc = "Why it is down." },
	REVISION,
	{ .name = NULL }
};

/* port_claims */

static const struct df_field claim_fields[] = {
	{ .name = "ip_address", .type = DF_TYPE_IP,
	  .flags = DF_FIELD_REQUIRED, .doc = "The address." },
	{ .name = "mac_address", .type = DF_TYPE_MAC,
	  .flags = DF_FIELD_REQUIRED, .doc = "That goes with it." },
	{ .name = "since", .type = DF_TYPE_UINT, .min = 1, .max = INT64_MAX,
	  .unit = "ms since 1970", .flags = DF_FIELD_REQUIRED,
	  .doc = "When, and later than any claim that was known then." },
	{ .name = NULL }
};

static const struct df_field port_claims_fields[] = {
	ID("Id of the port."),
	{ .name = "network_id", .type = DF_TYPE_UUID,
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_COLUMN,
	  .doc = "Network of the port." },
	{ .name = "claims", .type = DF_TYPE_RECORD, .fields = claim_fields,
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_LIST | DF_FIELD_COLUMN,
	  .doc = "What it has claimed; of several ports the last one has it." },
	ON_DEMAND(0),
	REVISION,
	{ .name = NULL }
};

/* binding */

static const struct df_field binding_fields[] = {
	ID("Id of the port."),
	{ .name = "network_id", .type = DF_TYPE_UUID,
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_COLUMN,
	  .doc = "Network of the port." },
	{ .name = "host", .type = DF_TYPE_STRING, .min = 1, .max = 255,
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_COLUMN,
	  .doc = "Name of the chassis." },
	ON_DEMAND(0),
	REVISION,
	{ .name = NULL }
};

/* router */

static const char *const route_types[] = {
	"unicast", "blackhole", "unreachable", "prohibit", NULL
};

static const struct df_field route_fields[] = {
	{ .name = "destination", .type = DF_TYPE_CIDR,
	  .flags = DF_FIELD_REQUIRED, .doc = "The prefix." },
	{ .name = "nexthop", .type = DF_TYPE_IP,
	  .doc = "The way there, in a subnet of the router; several share the traffic." },
	{ .name = "type", .type = DF_TYPE_ENUM, .values = route_types,
	  .doc = "Unicast if not given; others have no nexthop." },
	{ .name = NULL }
};

static const struct df_field router_fields[] = {
	ID("Identifies the router."),
	NAME,
	PROJECT,
	DESCRIPTION,
	{ .name = "admin_state_up", .type = DF_TYPE_BOOL, .preset = "true",
	  .flags = DF_FIELD_COLUMN, .doc = "Whether it forwards packets." },
	{ .name = "routes", .type = DF_TYPE_RECORD, .fields = route_fields,
	  .flags = DF_FIELD_LIST | DF_FIELD_COLUMN,
	  .doc = "Routes beside those to its own subnets." },
	TAGS,
	KEY,
	REVISION,
	{ .name = NULL }
};

/* router_interface */

static const struct df_field router_ip_fields[] = {
	{ .name = "subnet_id", .type = DF_TYPE_UUID, .ref = "subnet",
	  .flags = DF_FIELD_REQUIRED, .doc = "The subnet." },
	{ .name = "ip_address", .type = DF_TYPE_IP,
	  .flags = DF_FIELD_ALLOCATED,
	  .doc = "The address; the subnet's gateway_ip if not given." },
	{ .name = "prefix_length", .type = DF_TYPE_UINT, .max = 128,
	  .flags = DF_FIELD_ASSIGNED,
	  .doc = "How many bits of it name the subnet." },
	{ .name = NULL }
};

static const struct df_field router_interface_fields[] = {
	ID("Identifies the router interface."),
	NAME,
	{ .name = "router_id", .type = DF_TYPE_UUID, .ref = "router",
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_IMMUTABLE | DF_FIELD_COLUMN,
	  .doc = "The router that it belongs to." },
	{ .name = "network_id", .type = DF_TYPE_UUID, .ref = "network",
	  .flags = DF_FIELD_ALLOCATED | DF_FIELD_IMMUTABLE | DF_FIELD_COLUMN,
	  .doc = "The network that it is in; that of its subnets if not given." },
	PROJECT,
	DESCRIPTION,
	{ .name = "mac_address", .type = DF_TYPE_MAC,
	  .flags = DF_FIELD_ALLOCATED | DF_FIELD_COLUMN,
	  .doc = "Ethernet address, the same on every hypervisor." },
	{ .name = "fixed_ips", .type = DF_TYPE_RECORD,
	  .fields = router_ip_fields,
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_LIST | DF_FIELD_COLUMN,
	  .doc = "Its address in each subnet." },
	{ .name = "admin_state_up", .type = DF_TYPE_BOOL, .preset = "true",
	  .doc = "Whether packets pass through it." },
	{ .name = "ra_interval", .type = DF_TYPE_UINT, .min = 4, .max = 1800,
	  .preset = "600", .unit = "s",
	  .doc = "Longest time between two router advertisements." },
	TAGS,
	KEY,
	REVISION,
	{ .name = NULL }
};

/* Neighbours on one Ethernet, whatever they are. */
static const struct df_unique router_interface_uniques[] = {
	{ .field = "mac_address", .within = "network_id", .among = "port" },
	{ .field = "fixed_ips", .member = "ip_address",
	  .within = "network_id", .among = "port" },
	{ .field = NULL }
};

/* router_link */

static const struct df_field router_link_fields[] = {
	ID("Id of the router interface."),
	{ .name = "router_id", .type = DF_TYPE_UUID, .ref = "router",
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_COLUMN,
	  .doc = "The router." },
	{ .name = "network_id", .type = DF_TYPE_UUID, .ref = "network",
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_COLUMN,
	  .doc = "A network that it leads to." },
	{ .name = "fixed_ips", .type = DF_TYPE_RECORD,
	  .fields = router_ip_fields,
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_LIST | DF_FIELD_COLUMN,
	  .doc = "Its addresses there." },
	REVISION,
	{ .name = NULL }
};

const struct df_schema df_schemas[] = {
	{ .model = { .name = "chassis", .plural = "chassis",
		     .topic = "global",
		     .doc = "A hypervisor." },
	  .fields = chassis_fields },
	{ .model = { .name = "agent", .plural = "agents", .topic = "agents",
		     .flags = DF_MODEL_REPORTED | DF_MODEL_LEASED,
		     .doc = "A running agent; it is there as long as the agent lives." },
	  .fields = agent_fields },
	{ .model = { .name = "network", .plural = "networks",
		     .topic = "network/<id>",
		     .doc = "A logical Ethernet." },
	  .fields = network_fields,
	  .uniques = network_uniques,
	  .check = df_check_network },
	{ .model = { .name = "subnet", .plural = "subnets",
		     .topic = "network/<network_id>",
		     .doc = "An IP prefix on a network, and what workloads are told about it." },
	  .fields = subnet_fields,
	  .check = df_check_subnet },
	{ .model = { .name = "security_group", .plural = "security_groups",
		     .topic = "security_group/<id>",
		     .doc = "What its ports may send and receive: what a rule of it allows." },
	  .fields = df_security_group_fields },
	{ .model = { .name = "address_group", .plural = "address_groups",
		     .topic = "address_group/<id>",
		     .doc = "Addresses that rules of security groups name together." },
	  .fields = df_address_group_fields,
	  .uniques = df_address_group_uniques },
	{ .model = { .name = "security_group_rule",
		     .plural = "security_group_rules",
		     .topic = "security_group/<security_group_id>",
		     .doc = "Allows what the ports of a security group send or receive." },
	  .fields = df_security_group_rule_fields,
	  .check = df_check_security_group_rule },
	{ .model = { .name = "port", .plural = "ports",
		     .topic = "network/<network_id>",
		     .on_demand_topic = "port/<id>",
		     .doc = "What a workload plugs into a network." },
	  .fields = port_fields,
	  .uniques = port_uniques,
	  .check = df_check_port },
	{ .model = { .name = "port_status", .plural = "port_statuses",
		     .topic = "status", .flags = DF_MODEL_REPORTED,
		     .doc = "Whether a port works, as its agent reports." },
	  .fields = port_status_fields,
	  .follows = "port" },
	{ .model = { .name = "port_claims", .plural = "port_claims",
		     .topic = "network/<network_id>",
		     .on_demand_topic = "port/<id>",
		     .flags = DF_MODEL_REPORTED,
		     .doc = "Addresses of its allowed pairs that a port has said it has." },
	  .fields = port_claims_fields,
	  .follows = "port" },
	{ .model = { .name = "binding", .plural = "bindings",
		     .topic = "chassis/<host>", .flags = DF_MODEL_DERIVED,
		     .doc = "Tells a hypervisor of a port on it, and so of a network." },
	  .fields = binding_fields,
	  .follows = "port" },
	{ .model = { .name = "security_group_member",
		     .plural = "security_group_members",
		     .topic = "security_group/<security_group_id>",
		     .flags = DF_MODEL_DERIVED,
		     .doc = "Tells who knows a security group of a port that has it." },
	  .fields = df_security_group_member_fields },
	{ .model = { .name = "standby_binding", .plural = "standby_bindings",
		     .topic = "chassis/<host>", .flags = DF_MODEL_DERIVED,
		     .doc = "Tells a hypervisor of a port that moves there, or has been there." },
	  .fields = binding_fields,
	  .follows = "port" },
	{ .model = { .name = "router", .plural = "routers",
		     .topic = "router/<id>",
		     .doc = "Forwards packets between the networks of its interfaces." },
	  .fields = router_fields,
	  .check = df_check_router },
	{ .model = { .name = "router_interface", .plural = "router_interfaces",
		     .topic = "network/<network_id>",
		     .doc = "Where a router and a network meet." },
	  .fields = router_interface_fields,
	  .uniques = router_interface_uniques },
	{ .model = { .name = "router_link", .plural = "router_links",
		     .topic = "router/<router_id>",
		     .flags = DF_MODEL_DERIVED,
		     .doc = "Tells who knows a router of a network that it leads to." },
	  .fields = router_link_fields,
	  .follows = "router_interface" },
	{ .model = { .name = "trace_request", .plural = "trace_requests",
		     .topic = "chassis/<host>",
		     .flags = DF_MODEL_REPORTED | DF_MODEL_LEASED,
		     .doc = "Asks a hypervisor what would become of a packet there." },
	  .fields = df_trace_request_fields },
	{ .model = { .name = "trace_answer", .plural = "trace_answers",
		     .topic = "chassis/<host>",
		     .flags = DF_MODEL_REPORTED | DF_MODEL_LEASED,
		     .doc = "What it says; it is there as long as the request is." },
	  .fields = df_trace_answer_fields },
	{ .model = { .name = NULL } }
};
