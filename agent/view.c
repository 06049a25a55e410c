// SPDX-License-Identifier: GPL-2.0
#include "view.h"

#include <errno.h>
#include <stdlib.h>

#include "util.h"

struct binding {
	struct dfa_map_node node;
	struct dfa_uuid port;
	struct dfa_view_network *network;
};

void dfa_view_init(struct dfa_view *view, const struct dfa_view_ops *ops,
		   void *arg)
{
	dfa_map_init(&view->bindings);
	dfa_map_init(&view->networks);
	view->ops = ops;
	view->arg = arg;
}

void dfa_view_fini(struct dfa_view *view)
{
	struct dfa_map_iter iter = dfa_map_iter(&view->bindings);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&view->bindings, &iter)))
		free(dfa_container_of(node, struct binding, node));
	iter = dfa_map_iter(&view->networks);
	while ((node = dfa_map_iter_next(&view->networks, &iter)))
		free(dfa_container_of(node, struct dfa_view_network, node));
	dfa_map_fini(&view->bindings);
	dfa_map_fini(&view->networks);
}

static struct binding *find_binding(const struct dfa_view *view,
				    const struct dfa_uuid *port)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&view->bindings, dfa_uuid_hash(port));
	for (; node; node = dfa_map_next(node)) {
		struct binding *binding;

		binding = dfa_container_of(node, struct binding, node);
		if (dfa_uuid_equal(&binding->port, port))
			return binding;
	}
	return NULL;
}

static struct dfa_view_network *find_network(const struct dfa_view *view,
					     const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&view->networks, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_view_network *network;

		network = dfa_container_of(node, struct dfa_view_network, node);
		if (dfa_uuid_equal(&network->id, id))
			return network;
	}
	return NULL;
}

static struct dfa_view_network *network_get(struct dfa_view *view,
					    const struct dfa_uuid *id)
{
	struct dfa_view_network *network = find_network(view, id);

	if (!network) {
		network = calloc(1, sizeof(*network));
		if (!network)
			return NULL;
		network->id = *id;
		dfa_map_add(&view->networks, &network->node,
			    dfa_uuid_hash(id));
		view->ops->network_needed(view->arg, id);
	}
	network->ports++;
	return network;
}

static void network_put(struct dfa_view *view, struct dfa_view_network *network)
{
	if (--network->ports)
		return;
	dfa_map_del(&view->networks, &network->node);
	view->ops->network_unneeded(view->arg, &network->id);
	free(network);
}

int dfa_view_bind(struct dfa_view *view, const struct dfa_uuid *port,
		  const struct dfa_uuid *network)
{
	struct binding *binding = find_binding(view, port);
	struct dfa_view_network *needed, *old;

	if (binding && dfa_uuid_equal(&binding->network->id, network))
		return 0;
	needed = network_get(view, network);
	if (!needed)
		return -ENOMEM;
	if (binding) {
		old = binding->network;
		binding->network = needed;
		network_put(view, old);
		return 0;
	}

	binding = calloc(1, sizeof(*binding));
	if (!binding) {
		network_put(view, needed);
		return -ENOMEM;
	}
	binding->port = *port;
	binding->network = needed;
	dfa_map_add(&view->bindings, &binding->node, dfa_uuid_hash(port));
	return 0;
}

void dfa_view_unbind(struct dfa_view *view, const struct dfa_uuid *port)
{
	struct binding *binding = find_binding(view, port);

	if (!binding)
		return;
	dfa_map_del(&view->bindings, &binding->node);
	network_put(view, binding->network);
	free(binding);
}

size_t dfa_view_ports(const struct dfa_view *view,
		      const struct dfa_uuid *network)
{
	const struct dfa_view_network *needed = find_network(view, network);

	return needed ? needed->ports : 0;
}
