// SPDX-License-Identifier: GPL-2.0
#include "compile/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/policy.h"
#include "util.h"

static const struct {
	const char *model;
	int (*put)(struct dfa_compile *compile, const struct df_obj *obj);
	int (*del)(struct dfa_compile *compile, const struct dfa_uuid *id);
} models[] = {
	{ "chassis", dfa_chassis_put, dfa_chassis_del },
	{ "network", dfa_network_put, dfa_network_del },
	{ "subnet", dfa_subnet_put, dfa_subnet_del },
	{ "port", dfa_port_put, dfa_port_del },
	{ "port_claims", dfa_claim_put, dfa_claim_del },
	{ "router", dfa_router_put, dfa_router_del },
	{ "router_interface", dfa_interface_put, dfa_interface_del },
	{ "security_group", dfa_security_group_put, dfa_security_group_del },
	{ "security_group_rule", dfa_rule_put, dfa_rule_del },
	{ "security_group_member", dfa_membership_put, dfa_membership_del },
	{ "address_group", dfa_address_group_put, dfa_address_group_del },
};

void dfa_compile_init(struct dfa_compile *compile, struct dfa_state *state,
		      const struct dfa_config *config,
		      const struct dfa_compile_ops *ops, void *arg)
{
	*compile = (struct dfa_compile){
		.state = state,
		.config = config,
		.ops = ops,
		.arg = arg,
	};
	dfa_map_init(&compile->networks);
	dfa_map_init(&compile->keys);
	dfa_map_init(&compile->subnets);
	dfa_map_init(&compile->hosts);
	dfa_map_init(&compile->chassis);
	dfa_map_init(&compile->ports);
	dfa_map_init(&compile->claims);
	dfa_map_init(&compile->routers);
	dfa_map_init(&compile->interfaces);
	dfa_map_init(&compile->routes);
	dfa_map_init(&compile->groups);
	dfa_map_init(&compile->rules);
	dfa_map_init(&compile->memberships);
	dfa_map_init(&compile->elements);
	dfa_list_init(&compile->needs);
}

static void free_routing(struct dfa_compile *compile)
{
	struct dfa_map_iter iter = dfa_map_iter(&compile->interfaces);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&compile->interfaces, &iter))) {
		struct dfa_interface *interface;

		interface = dfa_container_of(node, struct dfa_interface, node);
		dfa_addrs_put(interface->addrs);
		free(interface);
	}
	iter = dfa_map_iter(&compile->routes);
	while ((node = dfa_map_iter_next(&compile->routes, &iter)))
		free(dfa_container_of(node, struct dfa_route, node));
	iter = dfa_map_iter(&compile->routers);
	while ((node = dfa_map_iter_next(&compile->routers, &iter))) {
		struct dfa_router *router;

		router = dfa_container_of(node, struct dfa_router, node);
		free(router->hop);
		free(router);
	}
	dfa_map_fini(&compile->interfaces);
	dfa_map_fini(&compile->routes);
	dfa_map_fini(&compile->routers);
}

void dfa_compile_fini(struct dfa_compile *compile)
{
	struct dfa_map_iter iter = dfa_map_iter(&compile->ports);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&compile->ports, &iter))) {
		struct dfa_port *port;

		port = dfa_container_of(node, struct dfa_port, node);
		free(port->device);
		dfa_addrs_put(port->addrs);
		dfa_pairs_put(port->allowed);
		dfa_ids_put(port->group_ids);
		free(port->groups);
		free(port);
	}
	iter = dfa_map_iter(&compile->claims);
	while ((node = dfa_map_iter_next(&compile->claims, &iter))) {
		struct dfa_claim *claim;

		claim = dfa_container_of(node, struct dfa_claim, node);
		dfa_pairs_put(claim->pairs);
		free(claim);
	}
	iter = dfa_map_iter(&compile->networks);
	while ((node = dfa_map_iter_next(&compile->networks, &iter)))
		dfa_network_free(dfa_container_of(node, struct dfa_network,
						  node));
	iter = dfa_map_iter(&compile->subnets);
	while ((node = dfa_map_iter_next(&compile->subnets, &iter)))
		free(dfa_container_of(node, struct dfa_subnet, node));
	iter = dfa_map_iter(&compile->hosts);
	while ((node = dfa_map_iter_next(&compile->hosts, &iter)))
		free(dfa_container_of(node, struct dfa_host, by_name));
	free_routing(compile);
	dfa_groups_free(compile);
	dfa_map_fini(&compile->ports);
	dfa_map_fini(&compile->claims);
	dfa_map_fini(&compile->networks);
	dfa_map_fini(&compile->keys);
	dfa_map_fini(&compile->subnets);
	dfa_map_fini(&compile->chassis);
	dfa_map_fini(&compile->hosts);
}

int dfa_compile_put(struct dfa_compile *compile, const struct df_obj *obj)
{
	for (size_t i = 0; i < DFA_ARRAY_SIZE(models); i++) {
		if (strcmp(models[i].model, df_obj_model(obj)->name) == 0)
			return models[i].put(compile, obj);
	}
	return 0;
}

int dfa_compile_del(struct dfa_compile *compile, const char *model,
		    const char *id)
{
	struct dfa_uuid uuid;

	if (dfa_uuid_parse(&uuid, id))
		return -EINVAL;
	for (size_t i = 0; i < DFA_ARRAY_SIZE(models); i++) {
		if (strcmp(models[i].model, model) == 0)
			return models[i].del(compile, &uuid);
	}
	return 0;
}
