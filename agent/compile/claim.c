// SPDX-License-Identifier: GPL-2.0
/* What ports may have beside their own addresses, and what they have claimed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/dragonflow.h>

#include "compile/compile.h"
#include "util.h"

static uint8_t all_bits(const struct dfa_address *address)
{
	return address->family == AF_INET ? 32 : 128;
}

/* False if the kernel would not take it. */
static bool parse_allowed(struct dfa_pair *pair, const struct df_value *item,
			  const uint8_t mac[6])
{
	struct df_ip ip;

	if (df_value_ip(df_value_member(item, "ip_address"), &ip))
		return false;
	*pair = (struct dfa_pair){ .prefix_len = ip.prefix };
	dfa_address_from_ip(&pair->address, &ip);
	dfa_address_mask(&pair->address, pair->prefix_len);
	if (df_value_mac(df_value_member(item, "mac_address"), pair->mac))
		memcpy(pair->mac, mac, 6);
	return pair->prefix_len < all_bits(&pair->address) ||
	       dfa_address_is_unicast(&pair->address);
}

/* Return: 0 and the list, which may be none; -ENOMEM. */
static int replace(struct dfa_pairs **pairs, struct dfa_pair *pair,
		   size_t count)
{
	struct dfa_pairs *list = NULL;

	if (count) {
		list = dfa_pairs_new(pair, count);
		if (!list)
			return -ENOMEM;
	}
	dfa_pairs_put(*pairs);
	*pairs = list;
	return 0;
}

int dfa_allowed_parse(struct dfa_pairs **allowed, const struct df_obj *obj,
		      const uint8_t mac[6])
{
	const struct df_value *list, *item;
	struct dfa_pair pair[DRAGONFLOW_PAIRS_MAX];
	size_t count = 0, i;

	list = df_obj_value(obj, "allowed_address_pairs");
	df_value_for_each(list, i, item) {
		if (count == DRAGONFLOW_PAIRS_MAX)
			break;
		count += parse_allowed(&pair[count], item, mac);
	}
	return replace(allowed, pair, count);
}

static struct dfa_claim *find(const struct dfa_compile *compile,
			      const struct dfa_uuid *port)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->claims, dfa_uuid_hash(port));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_claim *claim;

		claim = dfa_container_of(node, struct dfa_claim, node);
		if (dfa_uuid_equal(&claim->port, port))
			return claim;
	}
	return NULL;
}

struct dfa_pairs *dfa_claim_find(const struct dfa_compile *compile,
				 const struct dfa_uuid *port)
{
	const struct dfa_claim *claim = find(compile, port);

	return claim ? claim->pairs : NULL;
}

void dfa_claim_forget(struct dfa_compile *compile, struct dfa_claim *claim)
{
	struct dfa_network *network = claim->network;

	dfa_list_del(&claim->in_network);
	dfa_network_unref(compile, network);
	dfa_map_del(&compile->claims, &claim->node);
	dfa_pairs_put(claim->pairs);
	free(claim);
}

static struct dfa_claim *add(struct dfa_compile *compile,
			     const struct dfa_uuid *port,
			     const struct dfa_uuid *network_id)
{
	struct dfa_claim *claim = calloc(1, sizeof(*claim));

	if (!claim)
		return NULL;
	claim->network = dfa_network_ref(compile, network_id);
	if (!claim->network) {
		free(claim);
		return NULL;
	}
	claim->port = *port;
	dfa_list_add(&claim->network->claims, &claim->in_network);
	dfa_map_add(&compile->claims, &claim->node, dfa_uuid_hash(port));
	return claim;
}

static bool parse_claim(struct dfa_pair *pair, const struct df_value *item)
{
	struct df_ip ip;

	if (df_value_ip(df_value_member(item, "ip_address"), &ip))
		return false;
	*pair = (struct dfa_pair){
		.since = df_value_u64(df_value_member(item, "since")),
	};
	dfa_address_from_ip(&pair->address, &ip);
	pair->prefix_len = all_bits(&pair->address);
	return !df_value_mac(df_value_member(item, "mac_address"), pair->mac) &&
	       pair->since && pair->since <= INT64_MAX &&
	       dfa_address_is_unicast(&pair->address);
}

static int parse(struct dfa_claim *claim, const struct df_obj *obj)
{
	const struct df_value *list = df_obj_value(obj, "claims"), *item;
	struct dfa_pair pair[DRAGONFLOW_HOLDS_MAX];
	size_t count = 0, i;

	df_value_for_each(list, i, item) {
		if (count == DRAGONFLOW_HOLDS_MAX)
			break;
		count += parse_claim(&pair[count], item);
	}
	return replace(&claim->pairs, pair, count);
}

static int compile_port(struct dfa_compile *compile, const struct dfa_uuid *id)
{
	struct dfa_port *port = dfa_port_find(compile, id);

	return port ? dfa_port_compile(compile, port) : 0;
}

int dfa_claim_put(struct dfa_compile *compile, const struct df_obj *obj)
{
	const char *network_text = df_obj_string(obj, "network_id");
	struct dfa_uuid id, network_id;
	struct dfa_claim *claim;
	int err;

	if (dfa_uuid_parse(&id, df_obj_id(obj)) || !network_text ||
	    dfa_uuid_parse(&network_id, network_text))
		return -EINVAL;
	claim = find(compile, &id);
	if (claim && !dfa_uuid_equal(&claim->network->id, &network_id)) {
		dfa_claim_forget(compile, claim);
		claim = NULL;
	}
	if (!claim)
		claim = add(compile, &id, &network_id);
	if (!claim)
		return -ENOMEM;
	err = parse(claim, obj);
	return err ?: compile_port(compile, &id);
}

int dfa_claim_del(struct dfa_compile *compile, const struct dfa_uuid *id)
{
	struct dfa_claim *claim = find(compile, id);

	if (!claim)
		return 0;
	dfa_claim_forget(compile, claim);
	return compile_port(compile, id);
}
