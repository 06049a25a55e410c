// SPDX-License-Identifier: GPL-2.0
/*
 * What router interfaces tell the workloads of their networks, if they and their
 * routers are up. Only those that have an address in a subnet with an
 * ipv6_ra_mode advertise; of other subnets they say nothing.
 */
#include <string.h>
#include <sys/socket.h>

#include "compile/compile.h"
#include "util.h"

/* The subnet that an address of an interface is in, if it is advertised. */
static const struct dfa_subnet *find_subnet(const struct dfa_network *network,
					    const struct dfa_addr *addr)
{
	struct dfa_list *item = network->subnets.next;
	struct dfa_address prefix = addr->address;

	if (prefix.family != AF_INET6)
		return NULL;
	dfa_address_mask(&prefix, addr->prefix_len);
	for (; item != &network->subnets; item = item->next) {
		const struct dfa_subnet *subnet;

		subnet = dfa_container_of(item, struct dfa_subnet, in_network);
		if (subnet->ra_mode != DFA_RA_NONE &&
		    subnet->prefix_len == addr->prefix_len &&
		    dfa_address_equal(&subnet->prefix, &prefix))
			return subnet;
	}
	return NULL;
}

static void add_dns(struct dfa_advert *advert, const struct dfa_address *dns)
{
	for (size_t i = 0; i < advert->dns_count; i++) {
		if (dfa_address_equal(&advert->dns[i], dns))
			return;
	}
	if (advert->dns_count < DFA_ADVERT_DNS)
		advert->dns[advert->dns_count++] = *dns;
}

static void add_subnet(struct dfa_advert *advert,
		       const struct dfa_subnet *subnet)
{
	struct dfa_advert_prefix *prefix;

	if (advert->prefix_count == DFA_ADVERT_PREFIXES)
		return;
	prefix = &advert->prefixes[advert->prefix_count++];
	prefix->address = subnet->prefix;
	prefix->len = subnet->prefix_len;
	prefix->is_auto = subnet->ra_mode != DFA_RA_STATEFUL;
	advert->is_managed |= subnet->ra_mode == DFA_RA_STATEFUL;
	advert->has_other |= subnet->ra_mode != DFA_RA_SLAAC;
	for (size_t i = 0; i < subnet->dns_count; i++)
		add_dns(advert, &subnet->dns[i]);
}

/*
 * A name as in a DNS message: each label with its length before it, then an
 * empty one. Return: its length; 0 if it is no name that DNS could have.
 */
static size_t encode_domain(uint8_t domain[DFA_DOMAIN_MAX], const char *name)
{
	size_t used = 0;

	while (*name) {
		size_t len = strcspn(name, ".");

		if (!len || len > 63 || used + 1 + len + 1 > DFA_DOMAIN_MAX)
			return 0;
		domain[used++] = (uint8_t)len;
		memcpy(domain + used, name, len);
		used += len;
		name += len;
		/* The last dot says that the name is complete. */
		if (*name == '.')
			name++;
	}
	if (!used)
		return 0;
	domain[used++] = 0;
	return used;
}

static void add_subnets(struct dfa_advert *advert,
			const struct dfa_interface *interface)
{
	const struct dfa_addrs *addrs = interface->addrs;

	for (size_t i = 0; i < dfa_addrs_count(addrs); i++) {
		const struct dfa_subnet *subnet;

		subnet = find_subnet(interface->network, &addrs->addr[i]);
		if (subnet)
			add_subnet(advert, subnet);
	}
}

void dfa_advert_compile(struct dfa_compile *compile,
			struct dfa_interface *interface)
{
	const struct dfa_network *network = interface->network;
	struct dfa_advert advert = {
		.key = interface->key,
		.network = network->key,
		.addrs = interface->addrs,
		.interval_s = interface->ra_interval_s,
		.mtu = network->mtu,
	};

	if (!interface->is_wished || !interface->is_up || !network->is_up ||
	    !interface->router->is_up) {
		dfa_advert_forget(compile, interface);
		return;
	}
	memcpy(advert.mac, interface->mac, sizeof(advert.mac));
	add_subnets(&advert, interface);
	if (network->dns_domain)
		advert.domain_len = encode_domain(advert.domain,
						  network->dns_domain);
	interface->is_advertised = true;
	compile->ops->advert_set(compile->arg, &advert);
}

void dfa_advert_forget(struct dfa_compile *compile,
		       struct dfa_interface *interface)
{
	if (interface->is_advertised)
		compile->ops->advert_del(compile->arg, interface->key);
	interface->is_advertised = false;
}
