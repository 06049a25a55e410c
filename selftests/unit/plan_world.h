/* SPDX-License-Identifier: GPL-2.0 */
/* A model of the kernel's objects, what it accepts of them, and random ones. */
#ifndef DFA_SELFTESTS_UNIT_PLAN_WORLD_H
#define DFA_SELFTESTS_UNIT_PLAN_WORLD_H

enum {
	IDS = 12, /* ids of a kind; small, so that they meet often */
	KEYS = 6, /* MACs and VNIs */
	TUNNELS = 2,
};

struct model {
	bool there[DFA_KINDS][IDS];
	union dfa_value value[DFA_KINDS][IDS];
};

/*
 * Every set of addresses there is: for ports, and with the subnets (10.0.n.0/24)
 * for interfaces; of next hops, every set of interfaces, by no gateway.
 */
enum {
	ADDRESSES = 4,
	SETS = 1 << ADDRESSES,
	PORT_SETS = 0,
	INTERFACE_SETS,
	NEXTHOP_SETS,
	POOLS,
};

static struct dfa_addrs *pool[POOLS][SETS];

/* Every set of the security groups 1 to 3 */
enum { GROUP_SETS = 8 };

static struct dfa_ids *group_pool[GROUP_SETS];

static struct dfa_ids *make_group_set(unsigned int set)
{
	uint32_t id[3];
	size_t count = 0;

	for (uint32_t i = 0; i < 3; i++) {
		if (set >> i & 1)
			id[count++] = i + 1;
	}
	return dfa_ids_new(id, count);
}

static struct dfa_addrs *make_set(unsigned int kind, unsigned int set)
{
	struct dfa_addr addr[ADDRESSES];
	size_t count = 0;

	for (uint8_t i = 0; i < ADDRESSES; i++) {
		if (!(set >> i & 1))
			continue;
		addr[count] = (struct dfa_addr){ 0 };
		if (kind == NEXTHOP_SETS) {
			addr[count++].interface = i;
			continue;
		}
		/* Two in a subnet */
		addr[count].address.family = AF_INET;
		memcpy(addr[count].address.bytes,
		       (uint8_t[]){ 10, 0, i / 2, i }, 4);
		addr[count++].prefix_len = kind == PORT_SETS ? 0 : 24;
	}
	return dfa_addrs_new(addr, count);
}

static int make_pool(void **unused)
{
	(void)unused;
	for (unsigned int kind = 0; kind < POOLS; kind++) {
		for (unsigned int set = 0; set < SETS; set++)
			pool[kind][set] = make_set(kind, set);
	}
	for (unsigned int set = 0; set < GROUP_SETS; set++)
		group_pool[set] = make_group_set(set);
	return 0;
}

static int free_pool(void **unused)
{
	(void)unused;
	for (unsigned int kind = 0; kind < POOLS; kind++) {
		for (unsigned int set = 0; set < SETS; set++)
			dfa_addrs_put(pool[kind][set]);
	}
	for (unsigned int set = 0; set < GROUP_SETS; set++)
		dfa_ids_put(group_pool[set]);
	return 0;
}

/* The same, as one that stays. */
static struct dfa_addrs *in_pool(const struct dfa_addrs *addrs)
{
	for (unsigned int kind = 0; kind < POOLS; kind++) {
		for (unsigned int set = 0; set < SETS; set++) {
			if (dfa_addrs_equal(pool[kind][set], addrs))
				return pool[kind][set];
		}
	}
	fail();
	return NULL;
}

static struct dfa_ids *in_group_pool(const struct dfa_ids *groups)
{
	for (unsigned int set = 0; set < GROUP_SETS; set++) {
		if (dfa_ids_equal(group_pool[set], groups))
			return group_pool[set];
	}
	fail();
	return NULL;
}

static unsigned int seed;

static unsigned int pick(unsigned int n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

static bool is_tunnel(const union dfa_value *value)
{
	return value->port.type == DRAGONFLOW_PORT_TYPE_TUNNEL;
}

/* --- what the kernel accepts ----------------------------------------------- */

static bool is_port_there(const struct model *model, uint32_t id, bool tunnel)
{
	return model->there[DFA_PORT][id] &&
	       is_tunnel(&model->value[DFA_PORT][id]) == tunnel;
}

/* What a port or an interface shares with no other one of its network. */
struct neighbour {
	uint32_t network;
	const uint8_t *mac;
	const struct dfa_addrs *addrs;
};

static bool as_neighbour(enum dfa_kind kind, const union dfa_value *value,
			 struct neighbour *out)
{
	if (kind == DFA_PORT && !is_tunnel(value))
		*out = (struct neighbour){ value->port.network,
					   value->port.mac,
					   value->port.addrs };
	else if (kind == DFA_INTERFACE)
		*out = (struct neighbour){ value->interface.network,
					   value->interface.mac,
					   value->interface.addrs };
	else
		return false;
	return true;
}

static bool share_address(const struct dfa_addrs *a, const struct dfa_addrs *b)
{
	for (size_t i = 0; i < dfa_addrs_count(a); i++) {
		for (size_t j = 0; j < dfa_addrs_count(b); j++) {
			if (dfa_address_equal(&a->addr[i].address,
					      &b->addr[j].address))
				return true;
		}
	}
	return false;
}

static bool share_subnet(const struct dfa_addrs *a, const struct dfa_addrs *b)
{
	for (size_t i = 0; i < dfa_addrs_count(a); i++) {
		for (size_t j = 0; j < dfa_addrs_count(b); j++) {
			if (a->addr[i].address.bytes[2] ==
			    b->addr[j].address.bytes[2])
				return true;
		}
	}
	return false;
}

static bool is_neighbour_free(const struct model *model, enum dfa_kind kind,
			      uint32_t id, const union dfa_value *value)
{
	static const enum dfa_kind kinds[] = { DFA_PORT, DFA_INTERFACE };
	struct neighbour own, other;

	as_neighbour(kind, value, &own);
	for (size_t k = 0; k < DFA_ARRAY_SIZE(kinds); k++) {
		for (uint32_t i = 0; i < IDS; i++) {
			if (!model->there[kinds[k]][i] ||
			    (kinds[k] == kind && i == id) ||
			    !as_neighbour(kinds[k], &model->value[kinds[k]][i],
					  &other) ||
			    other.network != own.network)
				continue;
			if (memcmp(own.mac, other.mac, 6) == 0 ||
			    share_address(own.addrs, other.addrs))
				return false;
		}
	}
	return true;
}

static bool accepts_port(const struct model *model, uint32_t id,
			 const union dfa_value *value)
{
	if (model->there[DFA_PORT][id] &&
	    is_tunnel(&model->value[DFA_PORT][id]) != is_tunnel(value))
		return false;
	if (is_tunnel(value))
		return true;
	if (!model->there[DFA_NETWORK][value->port.network])
		return false;
	if (value->port.type == DRAGONFLOW_PORT_TYPE_REMOTE &&
	    !model->there[DFA_CHASSIS][value->port.chassis])
		return false;
	for (size_t i = 0; i < dfa_ids_count(value->port.groups); i++) {
		if (!model->there[DFA_GROUP][value->port.groups->id[i]])
			return false;
	}
	return is_neighbour_free(model, DFA_PORT, id, value);
}

/* Subnets are of one interface of a router, and an interface stays where it is. */
static bool accepts_interface(const struct model *model, uint32_t id,
			      const union dfa_value *value)
{
	const struct dfa_interface_value *own = &value->interface, *other;

	if (!model->there[DFA_ROUTER][own->router] ||
	    !model->there[DFA_NETWORK][own->network])
		return false;
	for (uint32_t i = 0; i < IDS; i++) {
		other = &model->value[DFA_INTERFACE][i].interface;
		if (!model->there[DFA_INTERFACE][i])
			continue;
		if (i == id && (other->router != own->router ||
				other->network != own->network))
			return false;
		if (i != id && other->router == own->router &&
		    share_subnet(other->addrs, own->addrs))
			return false;
	}
	return is_neighbour_free(model, DFA_INTERFACE, id, value);
}

static bool accepts_route(const struct model *model, uint32_t id,
			  const union dfa_value *value)
{
	const struct dfa_route_value *own = &value->route, *other;
	const struct dfa_addrs *nexthops = own->nexthops;

	if (!model->there[DFA_ROUTER][own->router])
		return false;
	for (size_t i = 0; i < dfa_addrs_count(nexthops); i++) {
		uint32_t interface = nexthops->addr[i].interface;

		if (!model->there[DFA_INTERFACE][interface] ||
		    model->value[DFA_INTERFACE][interface].interface.router !=
			    own->router)
			return false;
	}
	for (uint32_t i = 0; i < IDS; i++) {
		bool is_same, is_self = i == id;

		other = &model->value[DFA_ROUTE][i].route;
		is_same = other->router == own->router &&
			  dfa_address_equal(&other->prefix, &own->prefix);
		if (model->there[DFA_ROUTE][i] && is_same != is_self)
			return false;
	}
	return true;
}

static bool accepts_network(const struct model *model, uint32_t id,
			    const union dfa_value *value)
{
	for (uint32_t i = 0; i < IDS; i++) {
		if (i != id && model->there[DFA_NETWORK][i] &&
		    value->network.vni != DFA_NO_VNI &&
		    model->value[DFA_NETWORK][i].network.vni ==
			    value->network.vni)
			return false;
	}
	return true;
}

/* A group stays stateful or not, a rule stays in its group. */
static bool accepts_policy(const struct model *model, enum dfa_kind kind,
			   uint32_t id, const union dfa_value *value)
{
	const union dfa_value *old = &model->value[kind][id];
	bool is_there = model->there[kind][id];

	if (kind == DFA_MEMBER)
		return model->there[DFA_SET][value->member.set];
	if (kind == DFA_GROUP)
		return !is_there ||
		       !((old->group.flags ^ value->group.flags) &
			 DRAGONFLOW_SECURITY_GROUP_FLAG_STATELESS);
	if (kind == DFA_SET)
		return true;
	return model->there[DFA_GROUP][value->rule.group] &&
	       (!value->rule.set || model->there[DFA_SET][value->rule.set]) &&
	       (!is_there || old->rule.group == value->rule.group);
}

static bool accepts_new(const struct model *model, enum dfa_kind kind,
			uint32_t id, const union dfa_value *value)
{
	switch (kind) {
	case DFA_PORT:
		return accepts_port(model, id, value);
	case DFA_NETWORK:
		return accepts_network(model, id, value);
	case DFA_INTERFACE:
		return accepts_interface(model, id, value);
	case DFA_ROUTE:
		return accepts_route(model, id, value);
	case DFA_CHASSIS:
		return is_port_there(model, value->chassis.tunnel, true);
	case DFA_SET:
	case DFA_MEMBER:
	case DFA_GROUP:
	case DFA_RULE:
		return accepts_policy(model, kind, id, value);
	default:
		return true;
	}
}

/* Does the object number @i of a kind need the one that is to go? */
static bool needs_port(const struct model *model, uint32_t i,
		       enum dfa_kind kind, uint32_t id)
{
	const struct dfa_port_value *port = &model->value[DFA_PORT][i].port;

	if (!is_port_there(model, i, false))
		return false;
	if (kind == DFA_NETWORK)
		return port->network == id;
	return kind == DFA_CHASSIS && port->chassis == id &&
	       port->type == DRAGONFLOW_PORT_TYPE_REMOTE;
}

static bool needs_routing(const struct model *model, uint32_t i,
			  enum dfa_kind kind, uint32_t id)
{
	const struct dfa_interface_value *interface =
		&model->value[DFA_INTERFACE][i].interface;
	const struct dfa_route_value *route = &model->value[DFA_ROUTE][i].route;
	struct dfa_addr by = { .interface = id };

	if (model->there[DFA_INTERFACE][i] &&
	    ((kind == DFA_NETWORK && interface->network == id) ||
	     (kind == DFA_ROUTER && interface->router == id)))
		return true;
	return model->there[DFA_ROUTE][i] &&
	       ((kind == DFA_ROUTER && route->router == id) ||
		(kind == DFA_INTERFACE &&
		 dfa_addrs_has(route->nexthops, &by)));
}

static bool needs_policy(const struct model *model, uint32_t i,
			 enum dfa_kind kind, uint32_t id)
{
	const struct dfa_rule_value *rule = &model->value[DFA_RULE][i].rule;

	if (kind == DFA_SET)
		return (id && model->there[DFA_RULE][i] &&
			rule->set == id) ||
		       (model->there[DFA_MEMBER][i] &&
			model->value[DFA_MEMBER][i].member.set == id);
	return kind == DFA_GROUP &&
	       ((model->there[DFA_RULE][i] && rule->group == id) ||
		(is_port_there(model, i, false) &&
		 dfa_ids_has(model->value[DFA_PORT][i].port.groups, id)));
}

static bool accepts_delete(const struct model *model, enum dfa_kind kind,
			   uint32_t id)
{
	if (!model->there[kind][id])
		return false;

	for (uint32_t i = 0; i < IDS; i++) {
		if (needs_port(model, i, kind, id) ||
		    needs_routing(model, i, kind, id) ||
		    needs_policy(model, i, kind, id))
			return false;
		if (kind == DFA_PORT && model->there[DFA_CHASSIS][i] &&
		    model->value[DFA_CHASSIS][i].chassis.tunnel == id)
			return false;
	}
	return true;
}

static bool model_new(struct model *model, enum dfa_kind kind, uint32_t id,
		      const union dfa_value *value)
{
	struct dfa_addrs **addrs;

	if (!accepts_new(model, kind, id, value))
		return false;
	model->there[kind][id] = true;
	model->value[kind][id] = *value;
	addrs = dfa_value_addrs(kind, &model->value[kind][id]);
	if (addrs)
		*addrs = in_pool(*addrs);
	if (kind == DFA_PORT)
		model->value[kind][id].port.groups =
			in_group_pool(value->port.groups);
	return true;
}

static bool model_run(struct model *model, const struct dfa_step *step)
{
	if (!step->is_delete)
		return model_new(model, step->kind, step->id, &step->value);
	if (!accepts_delete(model, step->kind, step->id))
		return false;
	model->there[step->kind][step->id] = false;
	return true;
}

/* --- random worlds --------------------------------------------------------- */

static union dfa_value random_port(bool odd_types)
{
	union dfa_value value = { 0 };
	/* The second tunnel id is sometimes misused as an ordinary one. */
	unsigned int types = odd_types ? 3 : 2;

	value.port.type = DRAGONFLOW_PORT_TYPE_REMOTE;
	if (pick(types) == 0)
		value.port.type = DRAGONFLOW_PORT_TYPE_VIF;
	if (odd_types && pick(3) == 0)
		value.port.type = DRAGONFLOW_PORT_TYPE_TUNNEL;
	if (is_tunnel(&value))
		return value;
	value.port.network = pick(IDS);
	value.port.mac[0] = 2;
	value.port.mac[5] = (uint8_t)pick(KEYS);
	value.port.flags = (uint8_t)pick(2);
	value.port.addrs = pool[PORT_SETS][pick(SETS) & pick(SETS)];
	if (value.port.type == DRAGONFLOW_PORT_TYPE_REMOTE) {
		value.port.chassis = pick(IDS);
		return value;
	}
	value.port.groups = group_pool[pick(GROUP_SETS)];
	value.port.connection_limit = 1 + pick(2);
	return value;
}

/* Unless they are odd, an id tells router, network and prefix. */
static union dfa_value random_interface(uint32_t id, bool odd_types)
{
	return (union dfa_value){
		.interface = {
			.addrs = pool[INTERFACE_SETS][pick(SETS) & pick(SETS)],
			.router = odd_types ? pick(IDS) : id % 3,
			.network = odd_types ? pick(IDS) : id % 5,
			.mac = { 2, [5] = (uint8_t)pick(KEYS) },
			.flags = (uint8_t)pick(2),
		},
	};
}

static union dfa_value random_route(uint32_t id, bool odd_types)
{
	uint32_t prefix = odd_types ? pick(IDS) : id;

	return (union dfa_value){
		.route = {
			.nexthops = pool[NEXTHOP_SETS][pick(SETS) & pick(SETS)],
			.router = odd_types ? pick(IDS) : id % 3,
			.prefix = { AF_INET, { 11, (uint8_t)prefix } },
			.prefix_len = 16,
			.type = DRAGONFLOW_ROUTE_TYPE_UNICAST,
		},
	};
}

/*
 * An id tells set and prefix of a member; and, unless odd, group and whether
 * that is stateless.
 */
static union dfa_value random_policy(enum dfa_kind kind, uint32_t id,
				     bool odd_types)
{
	union dfa_value value = { 0 };

	if (kind == DFA_MEMBER) {
		value.member.set = 1 + id % 3;
		value.member.prefix.family = AF_INET;
		value.member.prefix.bytes[3] = (uint8_t)id;
		value.member.prefix_len = 32;
	} else if (kind == DFA_GROUP) {
		value.group.flags = (odd_types ? pick(2) : id % 2) | pick(4) << 1;
	} else if (kind == DFA_RULE) {
		value.rule.group = 1 + (odd_types ? pick(3) : id % 3);
		value.rule.set = pick(4);
		value.rule.protocol = (int16_t)pick(2);
	}
	return value;
}

static bool is_policy(enum dfa_kind kind)
{
	return kind == DFA_SET || kind == DFA_MEMBER || kind == DFA_GROUP ||
	       kind == DFA_RULE;
}

static union dfa_value random_value(enum dfa_kind kind, uint32_t id,
				    bool odd_types)
{
	union dfa_value value = { 0 };

	if (is_policy(kind))
		return random_policy(kind, id, odd_types);

	if (kind == DFA_PORT && id < TUNNELS && !odd_types) {
		value.port.type = DRAGONFLOW_PORT_TYPE_TUNNEL;
		return value;
	}
	if (kind == DFA_PORT)
		return random_port(odd_types);
	if (kind == DFA_INTERFACE)
		return random_interface(id, odd_types);
	if (kind == DFA_ROUTE)
		return random_route(id, odd_types);
	if (kind == DFA_ROUTER) {
		value.router.flags = pick(2);
		return value;
	}
	if (kind == DFA_NETWORK) {
		value.network.vni = pick(4) ? pick(KEYS) : DFA_NO_VNI;
		value.network.flags = pick(2);
		return value;
	}
	value.chassis.tunnel = pick(odd_types ? IDS : TUNNELS);
	value.chassis.remote.family = AF_INET;
	value.chassis.remote.bytes[3] = (uint8_t)pick(IDS);
	return value;
}

/* Grows a world by what the kernel would accept, in any order that works. */
static void random_world(struct model *model, unsigned int tries,
			 bool odd_types)
{
	while (tries--) {
		static const enum dfa_kind kinds[] = {
			DFA_PORT,   DFA_PORT,	   DFA_PORT,	  DFA_NETWORK,
			DFA_ROUTER, DFA_INTERFACE, DFA_INTERFACE, DFA_ROUTE,
			DFA_ROUTE,  DFA_CHASSIS,   DFA_SET,	  DFA_MEMBER,
			DFA_GROUP,  DFA_RULE,	   DFA_RULE,
		};
		enum dfa_kind kind = kinds[pick(DFA_ARRAY_SIZE(kinds))];
		uint32_t id = pick(IDS);
		union dfa_value value = random_value(kind, id, odd_types);
		struct dfa_step del = { .is_delete = true,
					.kind = kind,
					.id = id };

		if (pick(8) == 0)
			model_run(model, &del);
		else
			model_new(model, kind, id, &value);
	}
}

static void set_all(struct dfa_state *state, const struct model *model,
		    int (*set)(struct dfa_state *, enum dfa_kind, uint32_t,
			       const union dfa_value *))
{
	for (enum dfa_kind kind = 0; kind < DFA_KINDS; kind++) {
		for (uint32_t id = 0; id < IDS; id++) {
			const union dfa_value *value = NULL;

			if (model->there[kind][id])
				value = &model->value[kind][id];
			assert_int_equal(set(state, kind, id, value), 0);
		}
	}
}

#endif
