/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_ADDRS_H
#define DFA_ADDRS_H

/*
 * Lists of addresses: of a port, of a router interface, of a route's next hops.
 * What wants one and what has one mostly share it, so they are counted and do
 * not change. No list at all is an empty one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct dfa_address - an IP address
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for none
 * @bytes: in network byte order, zero behind an IPv4 address
 */
struct dfa_address {
	uint8_t family;
	uint8_t bytes[16];
};

/**
 * struct dfa_addr - an address in a list
 * @interface: of a next hop, the kernel id of the interface that leads there
 * @address: the address
 * @prefix_len: of an interface's address, of the subnet
 */
struct dfa_addr {
	uint32_t interface;
	struct dfa_address address;
	uint8_t prefix_len;
};

/**
 * struct dfa_addrs - a list
 * @refs: number of holders
 * @count: number of addresses
 * @addr: in ascending order, none twice
 */
struct dfa_addrs {
	uint32_t refs;
	uint32_t count;
	struct dfa_addr addr[];
};

/* Sorts @addr. Return: the list, to be put; NULL without memory. */
struct dfa_addrs *dfa_addrs_new(struct dfa_addr *addr, size_t count);
struct dfa_addrs *dfa_addrs_get(struct dfa_addrs *addrs);
void dfa_addrs_put(struct dfa_addrs *addrs);

static inline size_t dfa_addrs_count(const struct dfa_addrs *addrs)
{
	return addrs ? addrs->count : 0;
}

bool dfa_addrs_equal(const struct dfa_addrs *a, const struct dfa_addrs *b);
bool dfa_addrs_has(const struct dfa_addrs *addrs, const struct dfa_addr *addr);
bool dfa_addrs_include(const struct dfa_addrs *addrs,
		       const struct dfa_addrs *others);

bool dfa_address_equal(const struct dfa_address *a,
		       const struct dfa_address *b);
/* Zero the bits behind the first @len. */
void dfa_address_mask(struct dfa_address *address, uint8_t len);
/* fe80 and the EUI-64 of @mac */
void dfa_address_link_local(struct dfa_address *address, const uint8_t mac[6]);
/* The other way round: false if it is not made of a MAC. */
bool dfa_address_mac(const struct dfa_address *address, uint8_t mac[6]);
/* One that a port or a router can have? */
bool dfa_address_is_unicast(const struct dfa_address *address);

#endif
