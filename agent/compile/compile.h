/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_COMPILE_H
#define DFA_COMPILE_H

/*
 * Logical objects become wishes for kernel objects. Pure.
 *
 * What refers to something holds a pointer to its record, which exists from
 * the first reference on, whether the object itself has arrived or not. So
 * objects may come in any order, and a change recompiles what depends on it
 * and nothing else.
 */

#include <net/if.h>

#include "config.h"
#include "dragonflow.h"
#include "list.h"
#include "map.h"
#include "state.h"
#include "uuid.h"

/**
 * struct dfa_network - record of a logical network
 * @node: in &dfa_compile.networks
 * @by_key: in &dfa_compile.keys while it has one
 * @subnets: its IPv6 subnets, by &dfa_subnet.in_network
 * @ports: its ports, by &dfa_port.in_network
 * @interfaces: the routers' in it, by &dfa_interface.in_network
 * @claims: what its ports have claimed, by &dfa_claim.in_network
 * @id: of the object
 * @key: kernel id; 0 until the object has arrived
 * @value: what the kernel is to have
 * @mtu: largest IP packet
 * @is_up: admin_state_up
 * @dns_domain: of its ports' names, or NULL
 */
struct dfa_network {
	struct dfa_map_node node;
	struct dfa_map_node by_key;
	struct dfa_list subnets;
	struct dfa_list ports;
	struct dfa_list interfaces;
	struct dfa_list claims;
	struct dfa_uuid id;
	uint32_t key;
	struct dfa_network_value value;
	uint16_t mtu;
	bool is_up;
	char *dns_domain;
};

enum { DFA_SUBNET_DNS = 8 };

/* What routers tell workloads about their addresses in a subnet. */
enum dfa_ra_mode {
	DFA_RA_NONE, /* nothing: somebody else does */
	DFA_RA_SLAAC,
	DFA_RA_STATEFUL,
	DFA_RA_STATELESS,
};

/**
 * struct dfa_subnet - record of an IPv6 subnet
 * @node: in &dfa_compile.subnets
 * @in_network: in &dfa_network.subnets
 * @network: that it belongs to
 * @id: of the object
 * @prefix: its prefix
 * @prefix_len: of @prefix
 * @ra_mode: enum dfa_ra_mode
 * @dns_count: length of @dns
 * @dns: IPv6 addresses of name servers
 */
struct dfa_subnet {
	struct dfa_map_node node;
	struct dfa_list in_network;
	struct dfa_network *network;
	struct dfa_uuid id;
	struct dfa_address prefix;
	uint8_t prefix_len;
	uint8_t ra_mode;
	uint8_t dns_count;
	struct dfa_address dns[DFA_SUBNET_DNS];
};

/**
 * struct dfa_host - record of a chassis
 * @by_name: in &dfa_compile.hosts
 * @by_id: in &dfa_compile.chassis once the object has arrived
 * @ports: bound there, by &dfa_port.in_host
 * @id: of the object
 * @key: kernel id; 0 until the object has arrived
 * @users: ports that are compiled to lead there
 * @value: what the kernel is to have; no tunnel: it cannot be reached
 * @is_self: it is this hypervisor
 * @name: as ports name it in binding_host
 */
struct dfa_host {
	struct dfa_map_node by_name;
	struct dfa_map_node by_id;
	struct dfa_list ports;
	struct dfa_uuid id;
	uint32_t key;
	uint32_t users;
	struct dfa_chassis_value value;
	bool is_self;
	char name[];
};

/**
 * struct dfa_port - record of a logical port
 * @node: in &dfa_compile.ports
 * @in_network: in &dfa_network.ports
 * @in_host: in &dfa_host.ports while bound
 * @network: that it belongs to
 * @host: that it is bound to, or NULL
 * @device: name of its device here, if it has a particular one
 * @addrs: its IP addresses
 * @allowed: what it may have besides
 * @groups: while it is bound here, its security groups
 * @group_count: length of @groups
 * @group_ids: the kernel ids of those that apply, see dfa_port_judge()
 * @id: of the object
 * @key: kernel id
 * @connection_limit: how many connections it may have
 * @mac: Ethernet address
 * @is_up: admin_state_up
 * @is_guarded: port_security_enabled
 * @is_judged: @group_ids has been set
 * @is_standby: it has a device here, and is bound to another hypervisor
 * @is_told: whoever looks for devices knows of it
 * @is_user: counted in &dfa_host.users
 * @is_parked: bound, but what it refers to has not arrived or is unreachable
 */
struct dfa_port {
	struct dfa_map_node node;
	struct dfa_list in_network;
	struct dfa_list in_host;
	struct dfa_network *network;
	struct dfa_host *host;
	char *device;
	struct dfa_addrs *addrs;
	struct dfa_pairs *allowed;
	struct dfa_port_group *groups;
	size_t group_count;
	struct dfa_ids *group_ids;
	struct dfa_uuid id;
	uint32_t key;
	uint32_t connection_limit;
	uint8_t mac[6];
	bool is_up : 1;
	bool is_guarded : 1;
	bool is_judged : 1;
	bool is_standby : 1;
	bool is_told : 1;
	bool is_user : 1;
	bool is_parked : 1;
};

/**
 * struct dfa_claim - what the database says that a port has claimed
 * @node: in &dfa_compile.claims
 * @in_network: in &dfa_network.claims
 * @network: of the port
 * @port: id of the port, and of the object
 * @pairs: the claims
 */
struct dfa_claim {
	struct dfa_map_node node;
	struct dfa_list in_network;
	struct dfa_network *network;
	struct dfa_uuid port;
	struct dfa_pairs *pairs;
};

/**
 * struct dfa_router - record of a logical router
 * @node: in &dfa_compile.routers
 * @interfaces: that name it, by &dfa_interface.in_router
 * @routes: that it has in the kernel, by &dfa_route.in_router
 * @id: of the object
 * @key: kernel id; 0 until the object has arrived
 * @hop: its routes, one for each next hop, those of a destination together
 * @hop_count: how many
 * @round: counts the times that its routes were compiled
 * @is_up: admin_state_up
 */
struct dfa_router {
	struct dfa_map_node node;
	struct dfa_list interfaces;
	struct dfa_list routes;
	struct dfa_uuid id;
	uint32_t key;
	struct dfa_hop *hop;
	size_t hop_count;
	uint32_t round;
	bool is_up;
};

/**
 * struct dfa_hop - a route as the model has it
 * @prefix: the destination
 * @nexthop: the gateway; no family: none
 * @prefix_len: of @prefix
 * @type: enum dragonflow_route_type
 */
struct dfa_hop {
	struct dfa_address prefix;
	struct dfa_address nexthop;
	uint8_t prefix_len;
	uint8_t type;
};

/**
 * struct dfa_route - a route as the kernel is to have it
 * @node: in &dfa_compile.routes, by @id
 * @in_router: in &dfa_router.routes
 * @router: that it belongs to
 * @prefix: the destination
 * @prefix_len: of @prefix
 * @id: kernel id, made of the router's key and the destination
 * @round: the last round of the router that wanted it
 */
struct dfa_route {
	struct dfa_map_node node;
	struct dfa_list in_router;
	struct dfa_router *router;
	struct dfa_address prefix;
	uint8_t prefix_len;
	uint32_t id;
	uint32_t round;
};

/**
 * struct dfa_interface - record of a logical router interface
 * @node: in &dfa_compile.interfaces
 * @in_network: in &dfa_network.interfaces
 * @in_router: in &dfa_router.interfaces
 * @network: that it is in
 * @router: that it belongs to
 * @addrs: its addresses and subnets
 * @id: of the object
 * @key: kernel id
 * @mac: Ethernet address
 * @ra_interval_s: longest time between router advertisements
 * @is_up: admin_state_up
 * @is_wished: the kernel is to have it
 * @is_advertised: the workloads of its network are to be told of it
 */
struct dfa_interface {
	struct dfa_map_node node;
	struct dfa_list in_network;
	struct dfa_list in_router;
	struct dfa_network *network;
	struct dfa_router *router;
	struct dfa_addrs *addrs;
	struct dfa_uuid id;
	uint32_t key;
	uint8_t mac[6];
	uint16_t ra_interval_s;
	bool is_up;
	bool is_wished;
	bool is_advertised;
};

enum {
	DFA_ADVERT_PREFIXES = 16,
	DFA_ADVERT_DNS = 16,
	DFA_DOMAIN_MAX = 255, /* RFC 1035 */
};

/**
 * struct dfa_advert - what a router interface tells the workloads of its
 *	network: its addresses in any case, and what RFC 4861, 4.2, lists if it
 *	has prefixes to advertise
 * @key: kernel id of the interface
 * @network: kernel id of the network
 * @addrs: of the interface
 * @mac: of the interface; its link-local address follows
 * @interval_s: longest time between advertisements
 * @mtu: of the network
 * @is_managed: DHCPv6 gives addresses
 * @has_other: DHCPv6 gives other things
 * @prefix_count: length of @prefixes
 * @prefixes: that are on the link; @is_auto: workloads make addresses of it
 * @dns_count: length of @dns
 * @dns: name servers
 * @domain_len: length of @domain
 * @domain: that workloads look names up in, as in a DNS message
 */
struct dfa_advert {
	uint32_t key;
	uint32_t network;
	struct dfa_addrs *addrs;
	uint8_t mac[6];
	uint16_t interval_s;
	uint16_t mtu;
	bool is_managed;
	bool has_other;
	size_t prefix_count;
	struct dfa_advert_prefix {
		struct dfa_address address;
		uint8_t len;
		bool is_auto;
	} prefixes[DFA_ADVERT_PREFIXES];
	size_t dns_count;
	struct dfa_address dns[DFA_ADVERT_DNS];
	size_t domain_len;
	uint8_t domain[DFA_DOMAIN_MAX];
};

/**
 * struct dfa_local_port - a port that is bound here or on standby, for those who
 *	look for its device
 */
struct dfa_local_port {
	struct dfa_uuid id;
	struct dfa_uuid network_id;
	struct dfa_pairs *claims; /* that the database has; borrowed */
	uint32_t key;
	uint32_t network; /* kernel id, 0 until it has arrived */
	bool is_up; /* the port's and its network's admin_state_up */
	bool is_standby; /* bound elsewhere: it moves here, or was here */
	char device[IFNAMSIZ];
};

/**
 * struct dfa_compile_ops - told of ports that are bound here, and of what
 *	routers advertise
 * @local_set: one is, or has changed
 * @local_del: one is not any more
 * @advert_set: a router interface works, or may tell something else; what
 *	@advert points to is borrowed
 * @advert_del: one does not work any more
 */
struct dfa_compile_ops {
	void (*local_set)(void *arg, const struct dfa_local_port *port);
	void (*local_del)(void *arg, const struct dfa_uuid *id);
	void (*advert_set)(void *arg, const struct dfa_advert *advert);
	void (*advert_del)(void *arg, uint32_t key);
};

struct dfa_compile {
	struct dfa_state *state;
	const struct dfa_config *config;
	const struct dfa_compile_ops *ops;
	void *arg;
	struct dfa_map networks;
	struct dfa_map keys;
	struct dfa_map subnets;
	struct dfa_map hosts;
	struct dfa_map chassis;
	struct dfa_map ports;
	struct dfa_map claims;
	struct dfa_map routers;
	struct dfa_map interfaces;
	struct dfa_map routes;
	struct dfa_map groups;
	struct dfa_map rules;
	struct dfa_map memberships;
	struct dfa_map elements;
	struct dfa_list needs;
	size_t parked;
};

void dfa_compile_init(struct dfa_compile *compile, struct dfa_state *state,
		      const struct dfa_config *config,
		      const struct dfa_compile_ops *ops, void *arg);
void dfa_compile_fini(struct dfa_compile *compile);

/* The tunnel ports of the configuration. */
int dfa_compile_tunnels(struct dfa_compile *compile);

/*
 * An object has come or changed, or is gone. Models that need no kernel object
 * are ignored. Return: 0, -EINVAL if the object is not what it should be, or
 * -ENOMEM.
 */
int dfa_compile_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_compile_del(struct dfa_compile *compile, const char *model,
		    const char *id);
/* A network is not followed any more: forget it, its ports and interfaces. */
int dfa_compile_forget(struct dfa_compile *compile, const struct dfa_uuid *id);
/* Likewise one port, with what it has claimed. */
int dfa_compile_forget_port(struct dfa_compile *compile,
			    const struct dfa_uuid *id);
/* Likewise a router and its routes. */
int dfa_compile_forget_router(struct dfa_compile *compile,
			      const struct dfa_uuid *id);
/* The network that the kernel knows by that id, or NULL. */
const struct dfa_network *
dfa_compile_network(const struct dfa_compile *compile, uint32_t key);

/* --- between the files of this directory ----------------------------------- */

int dfa_network_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_network_del(struct dfa_compile *compile, const struct dfa_uuid *id);
struct dfa_network *dfa_network_find(const struct dfa_compile *compile,
				     const struct dfa_uuid *id);
struct dfa_network *dfa_network_ref(struct dfa_compile *compile,
				    const struct dfa_uuid *id);
/* Free the record if nothing needs it. */
void dfa_network_unref(struct dfa_compile *compile,
		       struct dfa_network *network);
void dfa_network_free(struct dfa_network *network);

int dfa_subnet_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_subnet_del(struct dfa_compile *compile, const struct dfa_uuid *id);
void dfa_subnet_forget(struct dfa_compile *compile, struct dfa_subnet *subnet);

/* Tell what the interface advertises, or that it does not; see advert.c. */
void dfa_advert_compile(struct dfa_compile *compile,
			struct dfa_interface *interface);
void dfa_advert_forget(struct dfa_compile *compile,
		       struct dfa_interface *interface);

int dfa_chassis_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_chassis_del(struct dfa_compile *compile, const struct dfa_uuid *id);
struct dfa_host *dfa_host_ref(struct dfa_compile *compile, const char *name);
void dfa_host_unref(struct dfa_compile *compile, struct dfa_host *host);
/* Make the kernel object follow what the record says. */
int dfa_host_wish(struct dfa_compile *compile, struct dfa_host *host);

int dfa_port_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_port_del(struct dfa_compile *compile, const struct dfa_uuid *id);
/* Make the kernel object follow what the record and its references say. */
int dfa_port_compile(struct dfa_compile *compile, struct dfa_port *port);
int dfa_port_forget(struct dfa_compile *compile, struct dfa_port *port);
struct dfa_port *dfa_port_find(const struct dfa_compile *compile,
			       const struct dfa_uuid *id);

int dfa_claim_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_claim_del(struct dfa_compile *compile, const struct dfa_uuid *id);
/* Free the record. */
void dfa_claim_forget(struct dfa_compile *compile, struct dfa_claim *claim);
/* What the port has claimed; NULL for nothing. */
struct dfa_pairs *dfa_claim_find(const struct dfa_compile *compile,
				 const struct dfa_uuid *port);
/* What a port may have, see claim.c. */
int dfa_allowed_parse(struct dfa_pairs **allowed, const struct df_obj *obj,
		      const uint8_t mac[6]);

/* port_group.c: the groups that the model gives it, or none any more. */
int dfa_port_set_groups(struct dfa_compile *compile, struct dfa_port *port,
			const struct df_value *list);
int dfa_port_drop_groups(struct dfa_compile *compile, struct dfa_port *port);
/* Settle which groups apply. */
int dfa_port_judge(struct dfa_port *port);

int dfa_router_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_router_del(struct dfa_compile *compile, const struct dfa_uuid *id);
struct dfa_router *dfa_router_ref(struct dfa_compile *compile,
				  const struct dfa_uuid *id);
void dfa_router_unref(struct dfa_compile *compile, struct dfa_router *router);

/* route.c */
/* Sort the router's routes as struct dfa_router wants them. */
void dfa_routes_sort(struct dfa_router *router);
/* Make the kernel's routes follow what the router and its interfaces say. */
int dfa_routes_compile(struct dfa_compile *compile, struct dfa_router *router);

int dfa_interface_put(struct dfa_compile *compile, const struct df_obj *obj);
int dfa_interface_del(struct dfa_compile *compile, const struct dfa_uuid *id);
/* As dfa_port_compile(); the router's routes follow if it comes or goes. */
int dfa_interface_compile(struct dfa_compile *compile,
			  struct dfa_interface *interface);
int dfa_interface_forget(struct dfa_compile *compile,
			 struct dfa_interface *interface);

/* Addresses of an object as the kernel takes them, see fixed_ips.c. */
int dfa_fixed_ips_parse(struct dfa_addrs **addrs, const struct df_obj *obj,
			const uint8_t mac[6], bool is_router);
void dfa_address_from_ip(struct dfa_address *address, const struct df_ip *ip);

#endif
