// SPDX-License-Identifier: GPL-2.0
/*
 * What is needed is what a search from the networks of the ports bound here
 * reaches. What is added is searched from there on; only if something that may
 * have led somewhere is taken away, the search is repeated as a whole, over what
 * is needed and nothing else.
 */
#include "view.h"

#include <errno.h>
#include <stdlib.h>

#include "list.h"
#include "util.h"

/**
 * struct dfa_view_place - a network or a router
 * @node: in &dfa_view.places
 * @kind: which of them
 * @id: of the object
 * @edges: that end here, by &edge.at
 * @ports: of a network, how many ports bound here belong to it
 * @nexthops: of a router, of its routes
 * @epoch: the last search that came here
 * @next: in &dfa_view.reached
 * @via: the place that the search came from
 * @is_needed: as the user was told
 */
struct dfa_view_place {
	struct dfa_map_node node;
	enum dfa_view_kind kind;
	struct dfa_uuid id;
	struct dfa_list edges;
	size_t ports;
	struct dfa_addrs *nexthops;
	unsigned int epoch;
	struct dfa_view_place *next;
	struct dfa_uuid via;
	bool is_needed;
};

struct binding {
	struct dfa_map_node node;
	struct dfa_uuid port;
	struct dfa_view_place *network;
};

/**
 * struct edge - a network and a router meet
 * @node: in &dfa_view.edges
 * @id: of the router interface
 * @teller: the kind of place that told it: a link is told by a router
 * @place: by kind
 * @at: in &dfa_view_place.edges of each
 * @addrs: of what a network told, the addresses there
 */
struct edge {
	struct dfa_map_node node;
	struct dfa_uuid id;
	enum dfa_view_kind teller;
	struct dfa_view_place *place[2];
	struct dfa_list at[2];
	struct dfa_addrs *addrs;
};

void dfa_view_init(struct dfa_view *view, const struct dfa_view_ops *ops,
		   void *arg)
{
	*view = (struct dfa_view){ .ops = ops, .arg = arg, .epoch = 1 };
	dfa_map_init(&view->bindings);
	dfa_map_init(&view->places);
	dfa_map_init(&view->edges);
}

static void edge_free(struct edge *edge)
{
	dfa_addrs_put(edge->addrs);
	free(edge);
}

static void place_free(struct dfa_view_place *place)
{
	dfa_addrs_put(place->nexthops);
	free(place);
}

void dfa_view_fini(struct dfa_view *view)
{
	struct dfa_map_iter iter = dfa_map_iter(&view->bindings);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&view->bindings, &iter)))
		free(dfa_container_of(node, struct binding, node));
	iter = dfa_map_iter(&view->edges);
	while ((node = dfa_map_iter_next(&view->edges, &iter)))
		edge_free(dfa_container_of(node, struct edge, node));
	iter = dfa_map_iter(&view->places);
	while ((node = dfa_map_iter_next(&view->places, &iter)))
		place_free(dfa_container_of(node, struct dfa_view_place, node));
	dfa_map_fini(&view->bindings);
	dfa_map_fini(&view->edges);
	dfa_map_fini(&view->places);
}

/* --- places ---------------------------------------------------------------- */

static struct dfa_view_place *find_place(const struct dfa_view *view,
					 enum dfa_view_kind kind,
					 const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&view->places, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_view_place *place;

		place = dfa_container_of(node, struct dfa_view_place, node);
		if (place->kind == kind && dfa_uuid_equal(&place->id, id))
			return place;
	}
	return NULL;
}

static struct dfa_view_place *place_ref(struct dfa_view *view,
					enum dfa_view_kind kind,
					const struct dfa_uuid *id)
{
	struct dfa_view_place *place = find_place(view, kind, id);

	if (place)
		return place;
	place = calloc(1, sizeof(*place));
	if (!place)
		return NULL;
	place->kind = kind;
	place->id = *id;
	dfa_list_init(&place->edges);
	dfa_map_add(&view->places, &place->node, dfa_uuid_hash(id));
	return place;
}

/* Free it if nothing is known of it. */
static void place_unref(struct dfa_view *view, struct dfa_view_place *place)
{
	if (place->is_needed || place->ports || place->nexthops ||
	    !dfa_list_is_empty(&place->edges))
		return;
	dfa_map_del(&view->places, &place->node);
	place_free(place);
}

static struct edge *edge_of(struct dfa_list *item, enum dfa_view_kind kind)
{
	return dfa_container_of(item - kind, struct edge, at[0]);
}

/* --- searching ------------------------------------------------------------- */

static void reach(struct dfa_view *view, struct dfa_view_place *place,
		  const struct dfa_view_place *via)
{
	if (place->epoch == view->epoch)
		return;
	place->epoch = view->epoch;
	place->via = via ? via->id : (struct dfa_uuid){ 0 };
	place->next = view->reached;
	view->reached = place;
}

static bool is_nexthop(const struct edge *interface,
		       const struct dfa_view_place *router)
{
	for (size_t i = 0; i < dfa_addrs_count(interface->addrs); i++) {
		if (dfa_addrs_has(router->nexthops,
				  &interface->addrs->addr[i]))
			return true;
	}
	return false;
}

/* The routers of a network; only @router's next hops unless it is NULL. */
static void reach_routers(struct dfa_view *view,
			  const struct dfa_view_place *network,
			  const struct dfa_view_place *router)
{
	const struct dfa_list *edges = &network->edges;
	struct dfa_list *item = edges->next;

	for (; item != edges; item = item->next) {
		struct edge *edge = edge_of(item, DFA_VIEW_NETWORK);

		if (edge->teller == DFA_VIEW_NETWORK &&
		    (!router || is_nexthop(edge, router)))
			reach(view, edge->place[DFA_VIEW_ROUTER], network);
	}
}

static void go_on_from(struct dfa_view *view,
		       const struct dfa_view_place *place)
{
	const struct dfa_list *edges = &place->edges;
	struct dfa_list *item = edges->next;

	if (place->kind == DFA_VIEW_NETWORK) {
		if (place->ports)
			reach_routers(view, place, NULL);
		return;
	}
	for (; item != edges; item = item->next) {
		struct edge *edge = edge_of(item, DFA_VIEW_ROUTER);
		struct dfa_view_place *network = edge->place[DFA_VIEW_NETWORK];

		if (edge->teller != DFA_VIEW_ROUTER)
			continue;
		reach(view, network, place);
		if (place->nexthops)
			reach_routers(view, network, place);
	}
}

/* Tells of what was not needed before. */
static void search(struct dfa_view *view)
{
	struct dfa_view_place *place;

	while ((place = view->reached)) {
		view->reached = place->next;
		go_on_from(view, place);
		if (place->is_needed)
			continue;
		place->is_needed = true;
		view->networks += place->kind == DFA_VIEW_NETWORK;
		view->ops->needed(view->arg, place->kind, &place->id);
	}
}

/* Something was added that leads on from a place. */
static void search_on(struct dfa_view *view, struct dfa_view_place *from)
{
	if (from->epoch == view->epoch)
		go_on_from(view, from);
	search(view);
}

static void edge_del(struct dfa_view *view, struct edge *edge)
{
	struct dfa_view_place *network = edge->place[DFA_VIEW_NETWORK];
	struct dfa_view_place *router = edge->place[DFA_VIEW_ROUTER];

	dfa_map_del(&view->edges, &edge->node);
	dfa_list_del(&edge->at[DFA_VIEW_NETWORK]);
	dfa_list_del(&edge->at[DFA_VIEW_ROUTER]);
	edge_free(edge);
	place_unref(view, network);
	place_unref(view, router);
}

/* Nobody tells of it any more, so what it told is not to be relied on. */
static void forget(struct dfa_view *view, struct dfa_view_place *place)
{
	struct dfa_list *item = place->edges.next, *next;
	enum dfa_view_kind kind = place->kind;
	struct dfa_list *edges = &place->edges;

	place->ports++; /* keeps the place until the end */
	for (; item != edges; item = next) {
		struct edge *edge = edge_of(item, kind);

		next = item->next;
		if (edge->teller == kind)
			edge_del(view, edge);
	}
	place->ports--;
	dfa_addrs_put(place->nexthops);
	place->nexthops = NULL;
	place->is_needed = false;
	view->networks -= kind == DFA_VIEW_NETWORK;
	view->ops->unneeded(view->arg, kind, &place->id);
	place_unref(view, place);
}

static struct dfa_view_place *find_unneeded(const struct dfa_view *view)
{
	struct dfa_map_iter iter = dfa_map_iter(&view->places);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&view->places, &iter))) {
		struct dfa_view_place *place;

		place = dfa_container_of(node, struct dfa_view_place, node);
		if (place->is_needed && place->epoch != view->epoch)
			return place;
	}
	return NULL;
}

/* Something was taken away. */
static void search_anew(struct dfa_view *view)
{
	struct dfa_map_iter iter = dfa_map_iter(&view->places);
	struct dfa_view_place *place;
	struct dfa_map_node *node;

	view->epoch++;
	while ((node = dfa_map_iter_next(&view->places, &iter))) {
		place = dfa_container_of(node, struct dfa_view_place, node);
		if (place->ports)
			reach(view, place, NULL);
	}
	search(view);
	while ((place = find_unneeded(view)))
		forget(view, place);
}

/* --- ports ----------------------------------------------------------------- */

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

static void add_port(struct dfa_view *view, struct dfa_view_place *network)
{
	if (network->ports++)
		return;
	reach(view, network, NULL);
	search_on(view, network);
}

static void del_port(struct dfa_view *view, struct dfa_view_place *network)
{
	if (!--network->ports)
		search_anew(view);
}

int dfa_view_bind(struct dfa_view *view, const struct dfa_uuid *port,
		  const struct dfa_uuid *network)
{
	struct binding *binding = find_binding(view, port);
	struct dfa_view_place *place, *old;

	if (binding && dfa_uuid_equal(&binding->network->id, network))
		return 0;
	place = place_ref(view, DFA_VIEW_NETWORK, network);
	if (!place)
		return -ENOMEM;
	if (binding) {
		old = binding->network;
		binding->network = place;
		add_port(view, place);
		del_port(view, old);
		return 0;
	}

	binding = calloc(1, sizeof(*binding));
	if (!binding) {
		place_unref(view, place);
		return -ENOMEM;
	}
	binding->port = *port;
	binding->network = place;
	dfa_map_add(&view->bindings, &binding->node, dfa_uuid_hash(port));
	add_port(view, place);
	return 0;
}

void dfa_view_unbind(struct dfa_view *view, const struct dfa_uuid *port)
{
	struct binding *binding = find_binding(view, port);
	struct dfa_view_place *network;

	if (!binding)
		return;
	network = binding->network;
	dfa_map_del(&view->bindings, &binding->node);
	free(binding);
	del_port(view, network);
}

/* --- interfaces and links -------------------------------------------------- */

static struct edge *find_edge(const struct dfa_view *view,
			      enum dfa_view_kind teller,
			      const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&view->edges, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct edge *edge = dfa_container_of(node, struct edge, node);

		if (edge->teller == teller && dfa_uuid_equal(&edge->id, id))
			return edge;
	}
	return NULL;
}

static struct edge *edge_new(struct dfa_view *view, enum dfa_view_kind teller,
			     const struct dfa_uuid *id,
			     const struct dfa_uuid *const place[2])
{
	struct edge *edge = calloc(1, sizeof(*edge));
	int kind;

	if (!edge)
		return NULL;
	for (kind = 0; kind < 2; kind++) {
		edge->place[kind] = place_ref(view, kind, place[kind]);
		if (!edge->place[kind])
			break;
	}
	if (kind < 2) {
		if (kind)
			place_unref(view, edge->place[0]);
		free(edge);
		return NULL;
	}
	edge->id = *id;
	edge->teller = teller;
	for (kind = 0; kind < 2; kind++)
		dfa_list_add(&edge->place[kind]->edges, &edge->at[kind]);
	dfa_map_add(&view->edges, &edge->node, dfa_uuid_hash(id));
	return edge;
}

/* Does anything rest on it? */
static bool may_lead(const struct dfa_view *view, const struct edge *edge)
{
	return edge->place[DFA_VIEW_NETWORK]->epoch == view->epoch &&
	       edge->place[DFA_VIEW_ROUTER]->epoch == view->epoch;
}

static void edge_take_away(struct dfa_view *view, struct edge *edge)
{
	bool is_needed = may_lead(view, edge);

	edge_del(view, edge);
	if (is_needed)
		search_anew(view);
}

/* The routers that are needed and lead to a network may have a next hop there. */
static void search_nexthops(struct dfa_view *view, const struct edge *interface)
{
	struct dfa_view_place *network = interface->place[DFA_VIEW_NETWORK];
	struct dfa_list *item = network->edges.next;

	for (; item != &network->edges; item = item->next) {
		const struct edge *edge = edge_of(item, DFA_VIEW_NETWORK);
		const struct dfa_view_place *router;

		router = edge->place[DFA_VIEW_ROUTER];
		if (edge->teller == DFA_VIEW_ROUTER &&
		    router->epoch == view->epoch &&
		    is_nexthop(interface, router))
			reach(view, interface->place[DFA_VIEW_ROUTER], network);
	}
}

static void change_addrs(struct dfa_view *view, struct edge *interface,
			 struct dfa_addrs *addrs)
{
	struct dfa_addrs *old = interface->addrs;
	bool is_less = !dfa_addrs_include(addrs, old);

	interface->addrs = dfa_addrs_get(addrs);
	dfa_addrs_put(old);
	if (is_less && may_lead(view, interface)) {
		search_anew(view);
	} else {
		search_nexthops(view, interface);
		search(view);
	}
}

static bool is_same_edge(const struct edge *edge,
			 const struct dfa_uuid *network,
			 const struct dfa_uuid *router)
{
	return dfa_uuid_equal(&edge->place[DFA_VIEW_NETWORK]->id, network) &&
	       dfa_uuid_equal(&edge->place[DFA_VIEW_ROUTER]->id, router);
}

int dfa_view_interface(struct dfa_view *view, const struct dfa_uuid *id,
		       const struct dfa_uuid *network,
		       const struct dfa_uuid *router, struct dfa_addrs *addrs)
{
	const struct dfa_uuid *const place[2] = { network, router };
	struct edge *edge = find_edge(view, DFA_VIEW_NETWORK, id);

	if (edge && is_same_edge(edge, network, router)) {
		change_addrs(view, edge, addrs);
		return 0;
	}
	if (edge)
		edge_take_away(view, edge);
	edge = edge_new(view, DFA_VIEW_NETWORK, id, place);
	if (!edge)
		return -ENOMEM;
	edge->addrs = dfa_addrs_get(addrs);
	if (edge->place[DFA_VIEW_NETWORK]->ports)
		reach(view, edge->place[DFA_VIEW_ROUTER],
		      edge->place[DFA_VIEW_NETWORK]);
	else
		search_nexthops(view, edge);
	search(view);
	return 0;
}

int dfa_view_link(struct dfa_view *view, const struct dfa_uuid *id,
		  const struct dfa_uuid *network, const struct dfa_uuid *router)
{
	const struct dfa_uuid *const place[2] = { network, router };
	struct edge *edge = find_edge(view, DFA_VIEW_ROUTER, id);

	if (edge && is_same_edge(edge, network, router))
		return 0;
	if (edge)
		edge_take_away(view, edge);
	edge = edge_new(view, DFA_VIEW_ROUTER, id, place);
	if (!edge)
		return -ENOMEM;
	search_on(view, edge->place[DFA_VIEW_ROUTER]);
	return 0;
}

static void take_away(struct dfa_view *view, enum dfa_view_kind teller,
		      const struct dfa_uuid *id)
{
	struct edge *edge = find_edge(view, teller, id);

	if (edge)
		edge_take_away(view, edge);
}

void dfa_view_interface_del(struct dfa_view *view, const struct dfa_uuid *id)
{
	take_away(view, DFA_VIEW_NETWORK, id);
}

void dfa_view_link_del(struct dfa_view *view, const struct dfa_uuid *id)
{
	take_away(view, DFA_VIEW_ROUTER, id);
}

int dfa_view_nexthops(struct dfa_view *view, const struct dfa_uuid *router,
		      struct dfa_addrs *nexthops)
{
	struct dfa_view_place *place;
	struct dfa_addrs *old;
	bool is_more;

	place = place_ref(view, DFA_VIEW_ROUTER, router);
	if (!place) {
		dfa_addrs_put(nexthops);
		return -ENOMEM;
	}
	old = place->nexthops;
	place->nexthops = nexthops;
	is_more = dfa_addrs_include(nexthops, old);
	dfa_addrs_put(old);
	if (is_more)
		search_on(view, place);
	else
		search_anew(view);
	place = find_place(view, DFA_VIEW_ROUTER, router);
	if (place)
		place_unref(view, place);
	return 0;
}

/* --- asking ---------------------------------------------------------------- */

bool dfa_view_why(const struct dfa_view *view, enum dfa_view_kind kind,
		  const struct dfa_uuid *id, struct dfa_view_why *why)
{
	const struct dfa_view_place *place = find_place(view, kind, id);

	if (!place || !place->is_needed)
		return false;
	*why = (struct dfa_view_why){
		.ports = place->ports,
		.via = place->via,
	};
	return true;
}
