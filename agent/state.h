/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_STATE_H
#define DFA_STATE_H

/*
 * The kernel's objects, and for each what is wanted and what is there. Pure:
 * nothing here talks to the kernel.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addrs.h"
#include "ids.h"
#include "map.h"
#include "pairs.h"

/* Ports that the agent itself makes; the model assigns lower keys. */
#define DFA_PORT_VXLAN 0xffff0001u
#define DFA_PORT_GENEVE 0xffff0002u

#define DFA_NO_VNI UINT32_MAX

enum dfa_kind {
	DFA_NETWORK,
	DFA_PORT,
	DFA_CHASSIS,
	DFA_ROUTER,
	DFA_INTERFACE,
	DFA_ROUTE,
	DFA_SET,
	DFA_MEMBER, /* the kernel has no id: see dfa_state_member() */
	DFA_GROUP,
	DFA_RULE,
	DFA_KINDS,
};

struct dfa_network_value {
	uint32_t vni; /* or DFA_NO_VNI */
	uint32_t flags; /* enum dragonflow_network_flag */
};

struct dfa_port_value {
	struct dfa_addrs *addrs;
	struct dfa_pairs *pairs;
	struct dfa_ids *groups; /* security groups of a vif */
	uint32_t network; /* of a vif or remote, else 0 */
	uint32_t chassis; /* of a remote, else 0 */
	uint32_t connection_limit; /* of a vif, else 0 */
	uint8_t mac[6];
	uint8_t type; /* enum dragonflow_port_type */
	uint8_t flags; /* enum dragonflow_port_flag */
};

struct dfa_chassis_value {
	uint32_t tunnel; /* id of the tunnel port */
	struct dfa_address remote;
	struct dfa_address local;
};

struct dfa_router_value {
	uint32_t flags; /* enum dragonflow_router_flag */
};

struct dfa_interface_value {
	struct dfa_addrs *addrs;
	uint32_t router;
	uint32_t network;
	uint32_t mtu; /* or 0 */
	uint8_t mac[6];
	uint8_t flags; /* enum dragonflow_router_interface_flag */
};

struct dfa_route_value {
	struct dfa_addrs *nexthops;
	uint32_t router;
	struct dfa_address prefix;
	uint8_t prefix_len;
	uint8_t type; /* enum dragonflow_route_type */
};

/* An address set says nothing but that it exists. */

struct dfa_member_value {
	uint32_t set;
	struct dfa_address prefix;
	uint8_t prefix_len;
};

struct dfa_group_value {
	uint32_t flags; /* enum dragonflow_security_group_flag */
};

enum { DFA_ANY = -1 };

struct dfa_rule_value {
	uint32_t group;
	uint32_t set; /* address set of the remote end, or 0 */
	struct dfa_address prefix; /* of the remote end; no family: none */
	uint8_t prefix_len;
	uint8_t direction; /* enum dragonflow_direction */
	uint8_t version; /* enum dragonflow_ip_version */
	int16_t protocol; /* or DFA_ANY */
	int16_t icmp_type; /* or DFA_ANY */
	int16_t icmp_code; /* or DFA_ANY */
	uint16_t port_min;
	uint16_t port_max;
	bool has_ports;
};

/* A copy that outlives the original needs a reference, see dfa_value_get(). */
union dfa_value {
	struct dfa_network_value network;
	struct dfa_port_value port;
	struct dfa_chassis_value chassis;
	struct dfa_router_value router;
	struct dfa_interface_value interface;
	struct dfa_route_value route;
	struct dfa_member_value member;
	struct dfa_group_value group;
	struct dfa_rule_value rule;
};

/**
 * struct dfa_object - one kernel object, wanted, existing or both
 * @by_id: in &dfa_state.by_id
 * @by_wish: in &dfa_state.by_wish while wished for and @wish has a unique key
 * @by_have: in &dfa_state.by_have while existing and @have has a unique key
 * @dirty_next: in &dfa_state.dirty while @dirty
 * @dirty_prev: the same
 * @kind: enum dfa_kind
 * @wished: the model asks for @wish
 * @loser: an object with a lower id claims the same unique key
 * @had: the kernel has @have
 * @dirty: what is wanted differs from what exists, or is to be written anew
 * @renewed: it is to be written anew, though the kernel has it
 * @mark: for the planner, zero outside of it
 * @err: how the kernel refused it last, 0 if it did not
 * @id: as the kernel knows it
 * @wish: what the model asks for
 * @have: what the kernel has
 */
struct dfa_object {
	struct dfa_map_node by_id;
	struct dfa_map_node by_wish;
	struct dfa_map_node by_have;
	struct dfa_object *dirty_next;
	struct dfa_object *dirty_prev;
	uint8_t kind;
	bool wished : 1;
	bool loser : 1;
	bool had : 1;
	bool dirty : 1;
	bool renewed : 1;
	uint8_t mark;
	int16_t err;
	uint32_t id;
	union dfa_value wish;
	union dfa_value have;
};

struct dfa_state {
	struct dfa_map by_id;
	struct dfa_map by_wish;
	struct dfa_map by_have;
	struct dfa_object *dirty;
	size_t dirty_count;
	size_t wish_count[DFA_KINDS];
	size_t have_count[DFA_KINDS];
	size_t losers;
	uint32_t last_member;
};

void dfa_state_init(struct dfa_state *state);
void dfa_state_fini(struct dfa_state *state);

const char *dfa_kind_name(enum dfa_kind kind);

struct dfa_object *dfa_state_find(const struct dfa_state *state,
				  enum dfa_kind kind, uint32_t id);

/* What the model asks for; NULL takes the wish back. */
int dfa_state_wish(struct dfa_state *state, enum dfa_kind kind, uint32_t id,
		   const union dfa_value *value);

/* What the kernel has; NULL says that it does not have the object. */
int dfa_state_have(struct dfa_state *state, enum dfa_kind kind, uint32_t id,
		   const union dfa_value *value);

/*
 * Write it anew if the kernel has it: to the kernel that is a change, and what it
 * has decided because of the object, it decides again.
 */
void dfa_state_renew(struct dfa_state *state, enum dfa_kind kind, uint32_t id);

/* What a port has claimed, by the kernel's word; nothing if it has no port. */
int dfa_state_heard(struct dfa_state *state, uint32_t port,
		    const struct dfa_pairs *claims);

/*
 * The id by which a member of an address set is known here, while it is wished
 * for or there; else one that is free.
 */
uint32_t dfa_state_member(struct dfa_state *state,
			  const struct dfa_member_value *member);

/* Forget everything that the kernel was believed to have. */
void dfa_state_forget(struct dfa_state *state);

/* How many objects are wished for. */
size_t dfa_state_wishes(const struct dfa_state *state);

/* What is to be made so: false if the object is not to exist. */
bool dfa_object_want(const struct dfa_object *object, union dfa_value *want);

/*
 * Whoever holds, in the kernel, the key that @value would take: the MAC in its
 * network, which ports and router interfaces share, the VNI, or the prefix in
 * its router or address set. NULL if it is free.
 */
struct dfa_object *dfa_state_holder(const struct dfa_state *state,
				    enum dfa_kind kind,
				    const union dfa_value *value);

/* The list of addresses in @value; NULL if its kind has none. */
struct dfa_addrs **dfa_value_addrs(enum dfa_kind kind, union dfa_value *value);
/* Hold what @value points to. */
void dfa_value_get(enum dfa_kind kind, union dfa_value *value);
void dfa_value_put(enum dfa_kind kind, union dfa_value *value);
bool dfa_value_equal(enum dfa_kind kind, const union dfa_value *a,
		     const union dfa_value *b);
/* Is what the kernel has enough? It hears of claims before us, and more of them. */
bool dfa_value_suffices(enum dfa_kind kind, const union dfa_value *have,
			const union dfa_value *want);

#endif
