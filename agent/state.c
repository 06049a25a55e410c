// SPDX-License-Identifier: GPL-2.0
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "util.h"

/**
 * struct unique_key - what two objects of the kernel cannot share
 * @words: kind and VNI, or network and MAC, or router or set and prefix
 */
struct unique_key {
	uint32_t words[8];
};

void dfa_state_init(struct dfa_state *state)
{
	memset(state, 0, sizeof(*state));
	dfa_map_init(&state->by_id);
	dfa_map_init(&state->by_wish);
	dfa_map_init(&state->by_have);
}

static void object_free(struct dfa_object *object)
{
	if (object->wished)
		dfa_value_put(object->kind, &object->wish);
	if (object->had)
		dfa_value_put(object->kind, &object->have);
	free(object);
}

void dfa_state_fini(struct dfa_state *state)
{
	struct dfa_map_iter iter = dfa_map_iter(&state->by_id);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&state->by_id, &iter)))
		object_free(dfa_container_of(node, struct dfa_object, by_id));
	dfa_map_fini(&state->by_id);
	dfa_map_fini(&state->by_wish);
	dfa_map_fini(&state->by_have);
}

const char *dfa_kind_name(enum dfa_kind kind)
{
	static const char *const names[DFA_KINDS] = {
		[DFA_NETWORK] = "network",
		[DFA_PORT] = "port",
		[DFA_CHASSIS] = "chassis",
		[DFA_ROUTER] = "router",
		[DFA_INTERFACE] = "router interface",
		[DFA_ROUTE] = "route",
		[DFA_SET] = "address set",
		[DFA_MEMBER] = "member of address set",
		[DFA_GROUP] = "security group",
		[DFA_RULE] = "security group rule",
	};

	return names[kind];
}

static uint64_t id_hash(enum dfa_kind kind, uint32_t id)
{
	return dfa_hash_u64((uint64_t)kind << 32 | id);
}

struct dfa_object *dfa_state_find(const struct dfa_state *state,
				  enum dfa_kind kind, uint32_t id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&state->by_id, id_hash(kind, id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_object *object;

		object = dfa_container_of(node, struct dfa_object, by_id);
		if (object->kind == kind && object->id == id)
			return object;
	}
	return NULL;
}

static struct dfa_object *find_or_new(struct dfa_state *state,
				      enum dfa_kind kind, uint32_t id)
{
	struct dfa_object *object = dfa_state_find(state, kind, id);

	if (object)
		return object;

	object = calloc(1, sizeof(*object));
	if (!object)
		return NULL;
	object->kind = (uint8_t)kind;
	object->id = id;
	dfa_map_add(&state->by_id, &object->by_id, id_hash(kind, id));
	return object;
}

static void prefix_key(struct unique_key *key, uint32_t of,
		       const struct dfa_address *prefix, uint8_t len)
{
	key->words[1] = of;
	key->words[2] = len;
	key->words[3] = prefix->family;
	memcpy(&key->words[4], prefix->bytes, 16);
}

/* False if the value has nothing that must be unique. */
static bool unique_key(enum dfa_kind kind, const union dfa_value *value,
		       struct unique_key *key)
{
	memset(key, 0, sizeof(*key));
	key->words[0] = kind;
	switch (kind) {
	case DFA_NETWORK:
		key->words[1] = value->network.vni;
		return value->network.vni != DFA_NO_VNI;
	case DFA_PORT:
		key->words[1] = value->port.network;
		memcpy(&key->words[2], value->port.mac, 6);
		return value->port.type != DRAGONFLOW_PORT_TYPE_TUNNEL;
	case DFA_INTERFACE:
		key->words[0] = DFA_PORT;
		key->words[1] = value->interface.network;
		memcpy(&key->words[2], value->interface.mac, 6);
		return true;
	case DFA_ROUTE:
		prefix_key(key, value->route.router, &value->route.prefix,
			   value->route.prefix_len);
		return true;
	case DFA_MEMBER:
		prefix_key(key, value->member.set, &value->member.prefix,
			   value->member.prefix_len);
		return true;
	default:
		return false;
	}
}

static bool has_key(enum dfa_kind kind, const union dfa_value *value,
		    const struct unique_key *key)
{
	struct unique_key own;

	return unique_key(kind, value, &own) &&
	       memcmp(&own, key, sizeof(own)) == 0;
}

struct dfa_object *dfa_state_holder(const struct dfa_state *state,
				    enum dfa_kind kind,
				    const union dfa_value *value)
{
	struct dfa_map_node *node;
	struct unique_key key;

	if (!unique_key(kind, value, &key))
		return NULL;

	node = dfa_map_first(&state->by_have, dfa_hash(&key, sizeof(key)));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_object *object;

		object = dfa_container_of(node, struct dfa_object, by_have);
		if (has_key(object->kind, &object->have, &key))
			return object;
	}
	return NULL;
}

static const struct dfa_object *
find_member(const struct dfa_state *state,
	    const struct dfa_member_value *member)
{
	union dfa_value value = { .member = *member };
	const struct dfa_object *object;
	struct dfa_map_node *node;
	struct unique_key key;

	object = dfa_state_holder(state, DFA_MEMBER, &value);
	if (object)
		return object;
	unique_key(DFA_MEMBER, &value, &key);
	node = dfa_map_first(&state->by_wish, dfa_hash(&key, sizeof(key)));
	for (; node; node = dfa_map_next(node)) {
		object = dfa_container_of(node, struct dfa_object, by_wish);
		if (has_key(object->kind, &object->wish, &key))
			return object;
	}
	return NULL;
}

uint32_t dfa_state_member(struct dfa_state *state,
			  const struct dfa_member_value *member)
{
	const struct dfa_object *object = find_member(state, member);

	if (object)
		return object->id;
	do {
		state->last_member++;
	} while (!state->last_member ||
		 dfa_state_find(state, DFA_MEMBER, state->last_member));
	return state->last_member;
}

bool dfa_object_want(const struct dfa_object *object, union dfa_value *want)
{
	if (!object->wished)
		return false;

	*want = object->wish;
	if (!object->loser)
		return true;
	/* Its ports exist and need it; it does without the tunnels. */
	if (object->kind == DFA_NETWORK)
		want->network.vni = DFA_NO_VNI;
	return object->kind == DFA_NETWORK;
}

static void dirty_add(struct dfa_state *state, struct dfa_object *object)
{
	object->dirty = true;
	object->dirty_prev = NULL;
	object->dirty_next = state->dirty;
	if (state->dirty)
		state->dirty->dirty_prev = object;
	state->dirty = object;
	state->dirty_count++;
}

static void dirty_del(struct dfa_state *state, struct dfa_object *object)
{
	if (object->dirty_prev)
		object->dirty_prev->dirty_next = object->dirty_next;
	else
		state->dirty = object->dirty_next;
	if (object->dirty_next)
		object->dirty_next->dirty_prev = object->dirty_prev;
	object->dirty = false;
	state->dirty_count--;
}

/* What is equal need not be there twice. */
static void share_addrs(struct dfa_object *object)
{
	struct dfa_addrs **wish = dfa_value_addrs(object->kind, &object->wish);
	struct dfa_addrs **have = dfa_value_addrs(object->kind, &object->have);

	if (!wish || *wish == *have)
		return;
	dfa_addrs_put(*have);
	*have = dfa_addrs_get(*wish);
}

static void update_dirty(struct dfa_state *state, struct dfa_object *object)
{
	union dfa_value want;
	bool wanted = dfa_object_want(object, &want);
	bool dirty = wanted != object->had || (wanted && object->renewed) ||
		     (wanted && !dfa_value_suffices(object->kind, &object->have,
						   &want));

	if (dirty && !object->dirty)
		dirty_add(state, object);
	else if (!dirty && object->dirty)
		dirty_del(state, object);
	if (dirty)
		return;
	object->err = 0;
	if (wanted)
		share_addrs(object);
}

/* Frees an object that is neither wished for nor there. */
static void settle(struct dfa_state *state, struct dfa_object *object)
{
	update_dirty(state, object);
	if (object->wished || object->had)
		return;
	dfa_map_del(&state->by_id, &object->by_id);
	object_free(object);
}

static bool is_before(const struct dfa_object *a, const struct dfa_object *b)
{
	return a->id < b->id || (a->id == b->id && a->kind < b->kind);
}

/* The lowest id of all who claim a key gets it, whatever came first. */
static void elect(struct dfa_state *state, const struct unique_key *key)
{
	uint64_t hash = dfa_hash(key, sizeof(*key));
	struct dfa_object *object, *winner = NULL;
	struct dfa_map_node *node;
	bool is_loser;

	for (node = dfa_map_first(&state->by_wish, hash); node;
	     node = dfa_map_next(node)) {
		object = dfa_container_of(node, struct dfa_object, by_wish);
		if (!has_key(object->kind, &object->wish, key))
			continue;
		if (!winner || is_before(object, winner))
			winner = object;
	}

	for (node = dfa_map_first(&state->by_wish, hash); node;
	     node = dfa_map_next(node)) {
		object = dfa_container_of(node, struct dfa_object, by_wish);
		if (!has_key(object->kind, &object->wish, key))
			continue;
		is_loser = object != winner;
		if (object->loser == is_loser)
			continue;
		object->loser = is_loser;
		state->losers += object->loser ? 1 : (size_t)-1;
		update_dirty(state, object);
	}
}

static void wish_unlink(struct dfa_state *state, struct dfa_object *object)
{
	struct unique_key key;

	state->wish_count[object->kind]--;
	if (object->loser) {
		object->loser = false;
		state->losers--;
	}
	object->wished = false;
	dfa_value_put(object->kind, &object->wish);
	if (!unique_key(object->kind, &object->wish, &key))
		return;
	dfa_map_del(&state->by_wish, &object->by_wish);
	elect(state, &key);
}

static void wish_link(struct dfa_state *state, struct dfa_object *object,
		      const union dfa_value *value)
{
	struct unique_key key;

	state->wish_count[object->kind]++;
	object->wished = true;
	object->wish = *value;
	dfa_value_get(object->kind, &object->wish);
	if (!unique_key(object->kind, value, &key))
		return;
	dfa_map_add(&state->by_wish, &object->by_wish,
		    dfa_hash(&key, sizeof(key)));
	elect(state, &key);
}

int dfa_state_wish(struct dfa_state *state, enum dfa_kind kind, uint32_t id,
		   const union dfa_value *value)
{
	struct dfa_object *object;

	object = value ? find_or_new(state, kind, id) :
			 dfa_state_find(state, kind, id);
	if (!object)
		return value ? -ENOMEM : 0;

	if (object->wished && value &&
	    dfa_value_equal(kind, &object->wish, value))
		return 0;
	if (object->wished)
		wish_unlink(state, object);
	if (value)
		wish_link(state, object, value);
	settle(state, object);
	return 0;
}

size_t dfa_state_wishes(const struct dfa_state *state)
{
	size_t sum = 0;

	for (int kind = 0; kind < DFA_KINDS; kind++)
		sum += state->wish_count[kind];
	return sum;
}

static void have_unlink(struct dfa_state *state, struct dfa_object *object)
{
	struct unique_key key;

	object->had = false;
	object->renewed = false;
	dfa_value_put(object->kind, &object->have);
	state->have_count[object->kind]--;
	if (unique_key(object->kind, &object->have, &key))
		dfa_map_del(&state->by_have, &object->by_have);
}

static void have_link(struct dfa_state *state, struct dfa_object *object,
		      const union dfa_value *value)
{
	struct unique_key key;

	object->had = true;
	object->have = *value;
	dfa_value_get(object->kind, &object->have);
	state->have_count[object->kind]++;
	if (unique_key(object->kind, value, &key))
		dfa_map_add(&state->by_have, &object->by_have,
			    dfa_hash(&key, sizeof(key)));
}

int dfa_state_have(struct dfa_state *state, enum dfa_kind kind, uint32_t id,
		   const union dfa_value *value)
{
	struct dfa_object *object;

	object = value ? find_or_new(state, kind, id) :
			 dfa_state_find(state, kind, id);
	if (!object)
		return value ? -ENOMEM : 0;

	if (object->had)
		have_unlink(state, object);
	if (value)
		have_link(state, object, value);
	settle(state, object);
	return 0;
}

void dfa_state_renew(struct dfa_state *state, enum dfa_kind kind, uint32_t id)
{
	struct dfa_object *object = dfa_state_find(state, kind, id);

	if (!object || !object->had)
		return;
	object->renewed = true;
	update_dirty(state, object);
}

int dfa_state_heard(struct dfa_state *state, uint32_t port,
		    const struct dfa_pairs *claims)
{
	struct dfa_object *object = dfa_state_find(state, DFA_PORT, port);
	struct dfa_pairs *pairs;
	union dfa_value value;
	int err;

	if (!object || !object->had)
		return 0;
	value = object->have;
	err = dfa_pairs_merge(&pairs, value.port.pairs, claims);
	if (err)
		return err;
	value.port.pairs = pairs;
	/* It lets go of what it has before it takes what it gets. */
	dfa_addrs_get(value.port.addrs);
	dfa_ids_get(value.port.groups);
	err = dfa_state_have(state, DFA_PORT, port, &value);
	dfa_value_put(DFA_PORT, &value);
	return err;
}

void dfa_state_forget(struct dfa_state *state)
{
	struct dfa_map_iter iter = dfa_map_iter(&state->by_id);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&state->by_id, &iter))) {
		struct dfa_object *object;

		object = dfa_container_of(node, struct dfa_object, by_id);
		if (!object->had)
			continue;
		have_unlink(state, object);
		settle(state, object);
	}
}
