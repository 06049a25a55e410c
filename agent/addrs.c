// SPDX-License-Identifier: GPL-2.0
#include "addrs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int compare(const void *a, const void *b)
{
	const struct dfa_addr *left = a, *right = b;
	int order;

	order = memcmp(&left->address, &right->address, sizeof(left->address));
	if (order)
		return order;
	if (left->prefix_len != right->prefix_len)
		return left->prefix_len < right->prefix_len ? -1 : 1;
	if (left->interface != right->interface)
		return left->interface < right->interface ? -1 : 1;
	return 0;
}

struct dfa_addrs *dfa_addrs_new(struct dfa_addr *addr, size_t count)
{
	struct dfa_addrs *addrs = malloc(sizeof(*addrs) +
					 count * sizeof(*addr));

	if (!addrs)
		return NULL;
	addrs->refs = 1;
	addrs->count = 0;
	if (count)
		qsort(addr, count, sizeof(*addr), compare);
	for (size_t i = 0; i < count; i++) {
		if (i && compare(&addr[i], &addr[i - 1]) == 0)
			continue;
		addrs->addr[addrs->count++] = addr[i];
	}
	return addrs;
}

struct dfa_addrs *dfa_addrs_get(struct dfa_addrs *addrs)
{
	if (addrs)
		addrs->refs++;
	return addrs;
}

void dfa_addrs_put(struct dfa_addrs *addrs)
{
	if (addrs && --addrs->refs == 0)
		free(addrs);
}

bool dfa_addrs_equal(const struct dfa_addrs *a, const struct dfa_addrs *b)
{
	size_t count = dfa_addrs_count(a);

	if (a == b)
		return true;
	if (count != dfa_addrs_count(b))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (compare(&a->addr[i], &b->addr[i]) != 0)
			return false;
	}
	return true;
}

bool dfa_addrs_has(const struct dfa_addrs *addrs, const struct dfa_addr *addr)
{
	return dfa_addrs_count(addrs) &&
	       bsearch(addr, addrs->addr, addrs->count, sizeof(*addr), compare);
}

bool dfa_addrs_include(const struct dfa_addrs *addrs,
		       const struct dfa_addrs *others)
{
	for (size_t i = 0; i < dfa_addrs_count(others); i++) {
		if (!dfa_addrs_has(addrs, &others->addr[i]))
			return false;
	}
	return true;
}

bool dfa_address_equal(const struct dfa_address *a,
		       const struct dfa_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void dfa_address_mask(struct dfa_address *address, uint8_t len)
{
	for (unsigned int i = 0; i < sizeof(address->bytes); i++) {
		if (len >= 8 * (i + 1))
			continue;
		if (len <= 8 * i)
			address->bytes[i] = 0;
		else
			address->bytes[i] &= (uint8_t)(0xff00 >> (len - 8 * i));
	}
}

void dfa_address_link_local(struct dfa_address *address, const uint8_t mac[6])
{
	*address = (struct dfa_address){
		.family = AF_INET6,
		.bytes = { 0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xff,
			   0xfe, mac[3], mac[4], mac[5] },
	};
}

bool dfa_address_mac(const struct dfa_address *address, uint8_t mac[6])
{
	const uint8_t *bytes = address->bytes;
	const uint8_t own[6] = { bytes[8] ^ 2, bytes[9],  bytes[10],
				 bytes[13],    bytes[14], bytes[15] };
	struct dfa_address made;

	dfa_address_link_local(&made, own);
	if (!dfa_address_equal(address, &made))
		return false;
	memcpy(mac, own, 6);
	return true;
}

bool dfa_address_is_unicast(const struct dfa_address *address)
{
	static const struct dfa_address none4 = { .family = AF_INET };
	static const struct dfa_address none6 = { .family = AF_INET6 };
	static const struct dfa_address loopback6 = {
		.family = AF_INET6,
		.bytes = { [15] = 1 },
	};
	const uint8_t *bytes = address->bytes;

	if (address->family == AF_INET)
		return bytes[0] < 224 && bytes[0] != 127 &&
		       !dfa_address_equal(address, &none4);
	return bytes[0] != 0xff && !dfa_address_equal(address, &none6) &&
	       !dfa_address_equal(address, &loopback6);
}
