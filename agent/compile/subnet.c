// SPDX-License-Identifier: GPL-2.0
/* Subnets need no kernel object: they say what routers advertise. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/compile.h"
#include "util.h"

static struct dfa_subnet *find(const struct dfa_compile *compile,
			       const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->subnets, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_subnet *subnet;

		subnet = dfa_container_of(node, struct dfa_subnet, node);
		if (dfa_uuid_equal(&subnet->id, id))
			return subnet;
	}
	return NULL;
}

static void compile_interfaces(struct dfa_compile *compile,
			       struct dfa_network *network)
{
	struct dfa_list *item = network->interfaces.next;

	for (; item != &network->interfaces; item = item->next)
		dfa_advert_compile(compile,
				   dfa_container_of(item, struct dfa_interface,
						    in_network));
}

static struct dfa_subnet *add(struct dfa_compile *compile,
			      const struct dfa_uuid *id,
			      const struct dfa_uuid *network)
{
	struct dfa_subnet *subnet = calloc(1, sizeof(*subnet));

	if (!subnet)
		return NULL;
	subnet->network = dfa_network_ref(compile, network);
	if (!subnet->network) {
		free(subnet);
		return NULL;
	}
	subnet->id = *id;
	dfa_list_add(&subnet->network->subnets, &subnet->in_network);
	dfa_map_add(&compile->subnets, &subnet->node, dfa_uuid_hash(id));
	return subnet;
}

static uint8_t parse_mode(const struct df_obj *obj)
{
	static const char *const modes[] = {
		[DFA_RA_SLAAC] = "slaac",
		[DFA_RA_STATEFUL] = "dhcpv6-stateful",
		[DFA_RA_STATELESS] = "dhcpv6-stateless",
	};
	const char *name = df_obj_string(obj, "ipv6_ra_mode");

	for (size_t i = DFA_RA_SLAAC; name && i < DFA_ARRAY_SIZE(modes); i++) {
		if (strcmp(modes[i], name) == 0)
			return (uint8_t)i;
	}
	return DFA_RA_NONE;
}

static void parse_dns(struct dfa_subnet *subnet, const struct df_obj *obj)
{
	const struct df_value *list = df_obj_value(obj, "dns_nameservers");
	const struct df_value *item;
	struct df_ip ip;
	size_t i;

	subnet->dns_count = 0;
	df_value_for_each(list, i, item) {
		if (subnet->dns_count == DFA_SUBNET_DNS)
			break;
		if (!df_value_ip(item, &ip) && ip.family == 6)
			dfa_address_from_ip(&subnet->dns[subnet->dns_count++],
					    &ip);
	}
}

int dfa_subnet_put(struct dfa_compile *compile, const struct df_obj *obj)
{
	const char *text = df_obj_string(obj, "network_id");
	struct dfa_uuid id, network;
	struct dfa_subnet *subnet;
	struct df_ip cidr;

	if (dfa_uuid_parse(&id, df_obj_id(obj)) || !text ||
	    dfa_uuid_parse(&network, text) || df_obj_ip(obj, "cidr", &cidr))
		return -EINVAL;
	if (cidr.family != 6)
		return 0;
	subnet = find(compile, &id);
	if (subnet && !dfa_uuid_equal(&subnet->network->id, &network)) {
		dfa_subnet_forget(compile, subnet);
		subnet = NULL;
	}
	if (!subnet)
		subnet = add(compile, &id, &network);
	if (!subnet)
		return -ENOMEM;
	dfa_address_from_ip(&subnet->prefix, &cidr);
	subnet->prefix_len = cidr.prefix;
	dfa_address_mask(&subnet->prefix, cidr.prefix);
	subnet->ra_mode = parse_mode(obj);
	parse_dns(subnet, obj);
	compile_interfaces(compile, subnet->network);
	return 0;
}

void dfa_subnet_forget(struct dfa_compile *compile, struct dfa_subnet *subnet)
{
	struct dfa_network *network = subnet->network;

	dfa_list_del(&subnet->in_network);
	dfa_map_del(&compile->subnets, &subnet->node);
	free(subnet);
	compile_interfaces(compile, network);
	dfa_network_unref(compile, network);
}

int dfa_subnet_del(struct dfa_compile *compile, const struct dfa_uuid *id)
{
	struct dfa_subnet *subnet = find(compile, id);

	if (subnet)
		dfa_subnet_forget(compile, subnet);
	return 0;
}
