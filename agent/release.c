// SPDX-License-Identifier: GPL-2.0
/*
 * An IP address is of one port or router interface in its network, a subnet of
 * one interface of its router. Who gains one waits for who loses it, and both
 * are dirty then: only those are looked at, so that nothing has to be remembered
 * about addresses that stay where they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "plan.h"
#include "util.h"

/**
 * struct claim - an address or a subnet that somebody gains
 * @node: in &claims.map
 * @object: who
 * @scope: of an address, its network; of a subnet, its router
 * @addr: the address with prefix_len 0, or the subnet
 */
struct claim {
	struct dfa_map_node node;
	const struct dfa_object *object;
	uint32_t scope;
	struct dfa_addr addr;
};

struct claims {
	struct dfa_map map;
	struct claim *claim;
	size_t count;
	size_t size;
};

/* A subnet never hashes like an address: its prefix_len is not 0. */
static uint64_t claim_hash(uint32_t scope, const struct dfa_addr *addr)
{
	uint8_t bytes[sizeof(scope) + sizeof(addr->address) + 1];

	memcpy(bytes, &scope, sizeof(scope));
	memcpy(bytes + sizeof(scope), &addr->address, sizeof(addr->address));
	bytes[sizeof(bytes) - 1] = addr->prefix_len;
	return dfa_hash(bytes, sizeof(bytes));
}

static uint32_t network_of(enum dfa_kind kind, const union dfa_value *value)
{
	return kind == DFA_PORT ? value->port.network :
				  value->interface.network;
}

/* What must be unique about an address; false past the last. */
static bool key_at(enum dfa_kind kind, const union dfa_value *value,
		   const struct dfa_addr *addr, unsigned int nr,
		   struct claim *key)
{
	if (nr > 1 || (nr == 1 && (kind == DFA_PORT || !addr->prefix_len)))
		return false;
	*key = (struct claim){ .addr.address = addr->address };
	if (nr == 0) {
		key->scope = network_of(kind, value);
		return true;
	}
	key->scope = value->interface.router;
	key->addr.prefix_len = addr->prefix_len;
	dfa_address_mask(&key->addr.address, addr->prefix_len);
	return true;
}

static const struct dfa_addrs *addrs_of(enum dfa_kind kind,
					union dfa_value *value)
{
	struct dfa_addrs **addrs;

	if (kind != DFA_PORT && kind != DFA_INTERFACE)
		return NULL;
	addrs = dfa_value_addrs(kind, value);
	return *addrs;
}

/* --- who gains ------------------------------------------------------------- */

static int add_claim(struct claims *claims, const struct claim *key,
		     const struct dfa_object *object)
{
	if (claims->count == claims->size) {
		size_t size = claims->size ? claims->size * 2 : 64;
		struct claim *grown;

		grown = realloc(claims->claim, size * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		claims->claim = grown;
		claims->size = size;
	}
	claims->claim[claims->count] = *key;
	claims->claim[claims->count++].object = object;
	return 0;
}

static int claim_all(struct claims *claims, const struct dfa_object *object)
{
	const struct dfa_addrs *addrs;
	union dfa_value want;
	struct claim key;

	if (!dfa_object_want(object, &want))
		return 0;
	addrs = addrs_of(object->kind, &want);
	for (size_t i = 0; i < dfa_addrs_count(addrs); i++) {
		for (unsigned int nr = 0; key_at(object->kind, &want,
						 &addrs->addr[i], nr, &key);
		     nr++) {
			if (add_claim(claims, &key, object))
				return -ENOMEM;
		}
	}
	return 0;
}

/* The nodes do not move any more: hash them. */
static void index_claims(struct claims *claims)
{
	dfa_map_init(&claims->map);
	for (size_t i = 0; i < claims->count; i++) {
		struct claim *claim = &claims->claim[i];

		dfa_map_add(&claims->map, &claim->node,
			    claim_hash(claim->scope, &claim->addr));
	}
}

/* --- who loses ------------------------------------------------------------- */

static bool loses_any(const struct dfa_object *object)
{
	union dfa_value have = object->have, want;
	const struct dfa_addrs *addrs;

	addrs = object->had ? addrs_of(object->kind, &have) : NULL;
	if (!dfa_addrs_count(addrs))
		return false;
	return !dfa_object_want(object, &want) ||
	       network_of(object->kind, &want) !=
		       network_of(object->kind, &have) ||
	       !dfa_addrs_equal(addrs, addrs_of(object->kind, &want));
}

static bool is_claimed(const struct claims *claims, const struct claim *key,
		       const struct dfa_object *holder)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&claims->map, claim_hash(key->scope, &key->addr));
	for (; node; node = dfa_map_next(node)) {
		const struct claim *claim;

		claim = dfa_container_of(node, struct claim, node);
		if (claim->object != holder && claim->scope == key->scope &&
		    claim->addr.prefix_len == key->addr.prefix_len &&
		    dfa_address_equal(&claim->addr.address, &key->addr.address))
			return true;
	}
	return false;
}

static bool is_taken(const struct claims *claims,
		     const struct dfa_object *holder,
		     const struct dfa_addr *addr)
{
	struct claim key;

	for (unsigned int nr = 0; key_at(holder->kind, &holder->have, addr, nr,
					 &key);
	     nr++) {
		if (is_claimed(claims, &key, holder))
			return true;
	}
	return false;
}

static int release(struct dfa_plan *plan, const struct claims *claims,
		   const struct dfa_object *object)
{
	struct dfa_step step = {
		.kind = object->kind,
		.id = object->id,
		.value = object->have,
	};
	const struct dfa_addrs *have = addrs_of(object->kind, &step.value);
	struct dfa_addr kept[DRAGONFLOW_ADDRESSES_MAX];
	struct dfa_addrs *rest;
	size_t count = 0;
	int err;

	for (size_t i = 0; i < have->count && count < DFA_ARRAY_SIZE(kept);
	     i++) {
		if (!is_taken(claims, object, &have->addr[i]))
			kept[count++] = have->addr[i];
	}
	if (count == have->count)
		return 0;
	rest = dfa_addrs_new(kept, count);
	if (!rest)
		return -ENOMEM;
	*dfa_value_addrs(object->kind, &step.value) = rest;
	err = dfa_plan_add(plan, &step);
	dfa_addrs_put(rest);
	return err;
}

int dfa_plan_releases(struct dfa_plan *plan, const struct dfa_state *state)
{
	const struct dfa_object *object = state->dirty;
	struct claims claims = { 0 };
	int err = 0;

	while (object && !loses_any(object))
		object = object->dirty_next;
	if (!object)
		return 0;

	for (object = state->dirty; object && !err; object = object->dirty_next)
		err = claim_all(&claims, object);
	index_claims(&claims);
	for (object = state->dirty; object && !err;
	     object = object->dirty_next) {
		if (loses_any(object))
			err = release(plan, &claims, object);
	}
	dfa_map_fini(&claims.map);
	free(claims.claim);
	return err;
}
