// SPDX-License-Identifier: GPL-2.0
#include <net/ipv6.h>

#include "table/address.h"

static const struct rhashtable_params address_params = {
	.head_offset = offsetof(struct df_address, node),
	.key_offset = offsetof(struct df_address, key),
	.key_len = sizeof_field(struct df_address, key),
	.automatic_shrinking = true,
};

int df_addresses_init(struct df_net *dn)
{
	return rhashtable_init(&dn->addresses, &address_params);
}

/* The owners have gone. */
void df_addresses_fini(struct df_net *dn)
{
	rhashtable_destroy(&dn->addresses);
}

static struct df_address *find(struct df_net *dn,
			       const struct df_address_key *key)
{
	return rhashtable_lookup_fast(&dn->addresses, key, address_params);
}

/* Borrow the address, or NULL. Caller in RCU or under the lock. */
struct df_address *df_address_find(struct df_net *dn, u32 network,
				   const struct in6_addr *ip)
{
	struct df_address_key key = { .network = network, .ip = *ip };

	return find(dn, &key);
}

static bool ip4_is_unicast(__be32 ip)
{
	return !ipv4_is_zeronet(ip) && !ipv4_is_loopback(ip) &&
		!ipv4_is_multicast(ip) && !ipv4_is_lbcast(ip);
}

/* Is it an address of one station? Those of IPv4 are mapped. */
bool df_ip_is_unicast(const struct in6_addr *ip)
{
	if (ipv6_addr_v4mapped(ip))
		return ip4_is_unicast(ip->s6_addr32[3]);
	return !ipv6_addr_any(ip) && !ipv6_addr_loopback(ip) &&
		!ipv6_addr_is_multicast(ip);
}

static bool has(const struct df_addresses *set,
		const struct df_address *address)
{
	return address >= set->list && address < set->list + set->count;
}

/* May whoever has the addresses @old have this one? */
bool df_address_is_free(struct df_net *dn, u32 network,
			const struct in6_addr *ip,
			const struct df_addresses *old)
{
	struct df_address *address = df_address_find(dn, network, ip);

	return !address || has(old, address);
}

/**
 * df_addresses_prepare() - publish what of an owner's addresses is new
 * @dn: namespace, its lock held
 * @new: what the owner shall have, each free for it, none twice
 *
 * Follow with df_addresses_commit(), which cannot fail, or
 * df_addresses_abort().
 *
 * Return: 0 or -errno, and nothing is published.
 */
int df_addresses_prepare(struct df_net *dn, const struct df_addresses *new)
{
	int i, err;

	for (i = 0; i < new->count; i++) {
		struct df_address *address = &new->list[i];

		if (find(dn, &address->key))
			continue;
		err = rhashtable_insert_fast(&dn->addresses, &address->node,
					     address_params);
		if (err) {
			df_addresses_abort(dn, new);
			return err;
		}
	}
	return 0;
}

static void del(struct df_net *dn, struct df_address *address)
{
	if (find(dn, &address->key) == address)
		rhashtable_remove_fast(&dn->addresses, &address->node,
				       address_params);
}

/* Put the prepared addresses in the place of the old ones. */
void df_addresses_commit(struct df_net *dn, const struct df_addresses *new,
			 const struct df_addresses *old)
{
	int i;

	for (i = 0; i < new->count; i++) {
		struct df_address *address = &new->list[i];
		struct df_address *was = find(dn, &address->key);

		if (was != address)
			rhashtable_replace_fast(&dn->addresses, &was->node,
						&address->node,
						address_params);
	}
	for (i = 0; i < old->count; i++)
		del(dn, &old->list[i]);
}

/* Readers may have seen @new: free its owner after a grace period. */
void df_addresses_abort(struct df_net *dn, const struct df_addresses *new)
{
	int i;

	for (i = 0; i < new->count; i++)
		del(dn, &new->list[i]);
}
