// SPDX-License-Identifier: GPL-2.0
#include "attach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "log.h"
#include "util.h"

enum {
	DELAY_MIN_MS = 100,
	DELAY_MAX_MS = 30000,
};

/**
 * struct link - a device of the namespace
 * @port: that its filter names, or DFA_NETDEV_UNDERLAY; 0 without our filter
 * @is_seen: a dump has mentioned it
 */
struct link {
	struct dfa_map_node node;
	int ifindex;
	char name[IFNAMSIZ];
	uint32_t port;
	bool is_seen;
};

/* --- finding --------------------------------------------------------------- */

static struct link *find_link(const struct dfa_attach *attach, int ifindex)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&attach->links, dfa_hash_u64((uint64_t)ifindex));
	for (; node; node = dfa_map_next(node)) {
		struct link *link = dfa_container_of(node, struct link, node);

		if (link->ifindex == ifindex)
			return link;
	}
	return NULL;
}

static struct link *find_link_where(const struct dfa_attach *attach,
				    const char *name, uint32_t port)
{
	struct dfa_map_iter iter = dfa_map_iter(&attach->links);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&attach->links, &iter))) {
		struct link *link = dfa_container_of(node, struct link, node);

		if (name ? strcmp(link->name, name) == 0 : link->port == port)
			return link;
	}
	return NULL;
}

/* If two ports claim a device, the lower key has it. */
static struct dfa_local *find_by_device(const struct dfa_attach *attach,
					const char *name)
{
	struct dfa_local *found = NULL;
	struct dfa_map_node *node;

	node = dfa_map_first(&attach->by_device, dfa_hash_string(name));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_local *local;

		local = dfa_container_of(node, struct dfa_local, by_device);
		if (strcmp(local->port.device, name) == 0 &&
		    (!found || local->port.key < found->port.key))
			found = local;
	}
	return found;
}

struct dfa_local *dfa_attach_find(const struct dfa_attach *attach,
				  const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&attach->by_id, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_local *local;

		local = dfa_container_of(node, struct dfa_local, by_id);
		if (dfa_uuid_equal(&local->port.id, id))
			return local;
	}
	return NULL;
}

const char *dfa_attach_underlay(const struct dfa_attach *attach, size_t i,
				bool *attached)
{
	const struct link *link = find_link(attach, attach->underlay[i]);

	*attached = link && link->port == DFA_NETDEV_UNDERLAY;
	return link ? link->name : "";
}

/* --- attaching ------------------------------------------------------------- */

static void changed(struct dfa_attach *attach, const struct dfa_local *local)
{
	if (!local->tunnel)
		attach->ops->changed(attach->arg, local);
}

static void schedule_retry(struct dfa_attach *attach)
{
	struct timeval tv;

	if (evtimer_pending(attach->retry, NULL))
		return;
	attach->delay_ms = attach->delay_ms ? attach->delay_ms * 2 :
					      DELAY_MIN_MS;
	if (attach->delay_ms > DELAY_MAX_MS)
		attach->delay_ms = DELAY_MAX_MS;
	tv.tv_sec = attach->delay_ms / 1000;
	tv.tv_usec = attach->delay_ms % 1000 * 1000;
	evtimer_add(attach->retry, &tv);
}

static void detach_link(struct dfa_attach *attach, struct link *link)
{
	int err = dfa_netdev_detach(attach->netdev, link->ifindex);

	if (err) {
		dfa_warning("%s: cannot remove the filter: %s", link->name,
			    strerror(-err));
		schedule_retry(attach);
		return;
	}
	dfa_debug("%s: detached from port %u", link->name, link->port);
	link->port = 0;
}

/* A port is one device: take it from the one that was it before. */
static void detach_others(struct dfa_attach *attach,
			  const struct dfa_local *local)
{
	struct link *link = find_link_where(attach, NULL, local->port.key);

	if (link && link->ifindex != local->ifindex)
		detach_link(attach, link);
}

static int attach_device(struct dfa_attach *attach, struct dfa_local *local)
{
	struct link *link = find_link(attach, local->ifindex);
	int err;

	detach_others(attach, local);
	err = dfa_netdev_attach(attach->netdev, local->ifindex,
				local->port.key);
	if (err < 0)
		return err;
	if (err > 0)
		dfa_debug("%s: attached to port %u", local->port.device,
			  local->port.key);
	if (link)
		link->port = local->port.key;
	return 0;
}

static void note_error(struct dfa_attach *attach, struct dfa_local *local,
		       int err)
{
	/* Without the module there is no such classifier: no news. */
	if (local->err != err && attach->is_connected && err != -ENODEV)
		dfa_error("%s: cannot attach to port %u: %s",
			  local->port.device, local->port.key, strerror(-err));
	local->err = err;
	local->is_attached = false;
	schedule_retry(attach);
}

/* Bring a port and its device together, if both are there. */
static void try_attach(struct dfa_attach *attach, struct dfa_local *local)
{
	struct link *link;
	int err = 0;

	if (local->tunnel) {
		err = dfa_netdev_tunnel(attach->netdev, local->tunnel);
		local->ifindex = err > 0 ? err : 0;
	} else {
		link = find_link_where(attach, local->port.device, 0);
		local->ifindex = link ? link->ifindex : 0;
		local->err = local->err == -EBUSY ? 0 : local->err;
		if (find_by_device(attach, local->port.device) != local) {
			local->ifindex = 0;
			local->err = -EBUSY;
		}
	}
	if (!local->ifindex)
		local->is_attached = false;
	if (err >= 0 && local->ifindex && attach->is_connected)
		err = attach_device(attach, local);
	if (err < 0) {
		note_error(attach, local, err);
	} else if (local->ifindex && attach->is_connected) {
		local->is_attached = true;
		local->err = 0;
	}
	changed(attach, local);
}

static bool is_underlay(const struct dfa_attach *attach, const struct link *link)
{
	for (size_t i = 0; i < attach->underlay_count; i++) {
		if (attach->underlay[i] == link->ifindex)
			return !find_by_device(attach, link->name);
	}
	return false;
}

/* Tunnels work without it, only slower: no reason to trouble anyone. */
static void attach_underlay(struct dfa_attach *attach, struct link *link)
{
	int err = dfa_netdev_attach(attach->netdev, link->ifindex,
				    DFA_NETDEV_UNDERLAY);
	bool is_news = attach->underlay_err != err;

	if (err > 0)
		dfa_debug("%s: carries tunnels", link->name);
	attach->underlay_err = err < 0 ? err : 0;
	if (err >= 0) {
		link->port = DFA_NETDEV_UNDERLAY;
		return;
	}
	if (is_news)
		dfa_info("%s: packets for tunnels take the long way: %s",
			 link->name, strerror(-err));
	/* It is no Ethernet device, or the module is an older one. */
	if (err != -EOPNOTSUPP && err != -EINVAL)
		schedule_retry(attach);
}

/* Attach the devices that have our addresses now, and no other. */
static void attach_underlays(struct dfa_attach *attach)
{
	struct dfa_map_iter iter = dfa_map_iter(&attach->links);
	struct dfa_map_node *node;
	int count;

	if (!attach->is_connected || !attach->config)
		return;
	count = dfa_netdev_find_underlays(attach->netdev, attach->config,
					  attach->underlay);
	if (count < 0) {
		dfa_warning("cannot read the addresses of the devices: %s",
			    strerror(-count));
		schedule_retry(attach);
		return;
	}
	attach->underlay_count = (size_t)count;
	while ((node = dfa_map_iter_next(&attach->links, &iter))) {
		struct link *link = dfa_container_of(node, struct link, node);
		bool has_filter = link->port == DFA_NETDEV_UNDERLAY;

		if (is_underlay(attach, link) && !has_filter)
			attach_underlay(attach, link);
		else if (has_filter && !is_underlay(attach, link))
			detach_link(attach, link);
	}
}

static void attach_all(struct dfa_attach *attach, bool only_failed)
{
	struct dfa_map_iter iter = dfa_map_iter(&attach->by_device);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&attach->by_device, &iter))) {
		struct dfa_local *local;

		local = dfa_container_of(node, struct dfa_local, by_device);
		if (!only_failed || (local->err && local->err != -EBUSY))
			try_attach(attach, local);
	}
}

static void note_filter(void *arg, int ifindex, uint32_t port)
{
	struct link *link = find_link(arg, ifindex);

	if (link)
		link->port = port;
}

void dfa_attach_connected(struct dfa_attach *attach)
{
	struct dfa_map_iter iter = dfa_map_iter(&attach->links);
	struct dfa_map_node *node;
	int err;

	while ((node = dfa_map_iter_next(&attach->links, &iter)))
		dfa_container_of(node, struct link, node)->port = 0;
	err = dfa_netdev_dump_filters(attach->netdev, note_filter, attach);
	if (err)
		dfa_warning("cannot read the filters of the devices: %s",
			    strerror(-err));
	attach->is_connected = true;
	attach_all(attach, false);
	attach_underlays(attach);
}

static void retry(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_attach *attach = arg;

	(void)fd;
	(void)what;
	attach_all(attach, true);
	attach_underlays(attach);
	dfa_attach_reap(attach);
	if (!evtimer_pending(attach->retry, NULL))
		attach->delay_ms = 0;
}

/* As long as the kernel has the port, its device stays: it forwards. */
static bool is_stale(const struct dfa_attach *attach, const struct link *link)
{
	const struct dfa_object *object;
	const struct dfa_local *local;

	if (!link->port || link->port == DFA_NETDEV_UNDERLAY)
		return false;
	local = find_by_device(attach, link->name);
	if (local && local->port.key == link->port)
		return false;
	object = dfa_state_find(attach->state, DFA_PORT, link->port);
	return !object || !object->had ||
	       object->have.port.type == DRAGONFLOW_PORT_TYPE_REMOTE;
}

void dfa_attach_reap(struct dfa_attach *attach)
{
	struct dfa_map_iter iter = dfa_map_iter(&attach->links);
	struct dfa_map_node *node;

	if (!attach->can_reap || !attach->is_connected)
		return;
	while ((node = dfa_map_iter_next(&attach->links, &iter))) {
		struct link *link = dfa_container_of(node, struct link, node);

		if (is_stale(attach, link))
			detach_link(attach, link);
	}
}

/* --- devices come and go --------------------------------------------------- */

static struct link *add_link(struct dfa_attach *attach, int ifindex)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->ifindex = ifindex;
	dfa_map_add(&attach->links, &link->node,
		    dfa_hash_u64((uint64_t)ifindex));
	return link;
}

static void reattach_device(struct dfa_attach *attach, const char *name)
{
	struct dfa_local *local = find_by_device(attach, name);

	if (local)
		try_attach(attach, local);
}

static void link_is_there(void *arg, int ifindex, const char *name)
{
	struct dfa_attach *attach = arg;
	struct link *link = find_link(attach, ifindex);
	char old_name[IFNAMSIZ] = "";

	if (link && strcmp(link->name, name) == 0) {
		link->is_seen = true;
		return;
	}
	if (!link)
		link = add_link(attach, ifindex);
	if (!link)
		return;
	memcpy(old_name, link->name, sizeof(old_name));
	snprintf(link->name, sizeof(link->name), "%s", name);
	link->is_seen = true;
	if (old_name[0])
		reattach_device(attach, old_name);
	reattach_device(attach, name);
	dfa_attach_reap(attach);
}

static void link_is_gone(void *arg, int ifindex)
{
	struct dfa_attach *attach = arg;
	struct link *link = find_link(attach, ifindex);

	if (!link)
		return;
	dfa_map_del(&attach->links, &link->node);
	reattach_device(attach, link->name);
	free(link);
}

/* The filter may be gone, or another. */
static void filters_changed(void *arg, int ifindex)
{
	struct dfa_attach *attach = arg;
	struct link *link = find_link(attach, ifindex);
	struct dfa_local *local;

	if (!link)
		return;
	local = find_by_device(attach, link->name);
	if (local && local->is_attached)
		try_attach(attach, local);
	if (link->port == DFA_NETDEV_UNDERLAY) {
		link->port = 0;
		attach_underlays(attach);
	}
}

static void addresses_changed(void *arg)
{
	attach_underlays(arg);
}

static void events_lost(void *arg)
{
	struct dfa_attach *attach = arg;
	struct dfa_map_iter iter = dfa_map_iter(&attach->links);
	struct dfa_map_node *node;
	int err;

	dfa_info("events about devices were lost: looking at all of them");
	while ((node = dfa_map_iter_next(&attach->links, &iter)))
		dfa_container_of(node, struct link, node)->is_seen = false;
	err = dfa_netdev_dump(attach->netdev);
	if (err) {
		dfa_error("cannot list devices: %s", strerror(-err));
		return;
	}
	iter = dfa_map_iter(&attach->links);
	while ((node = dfa_map_iter_next(&attach->links, &iter))) {
		struct link *link = dfa_container_of(node, struct link, node);

		if (!link->is_seen)
			link_is_gone(attach, link->ifindex);
	}
	if (attach->is_connected)
		dfa_attach_connected(attach);
}

/* --- ports come and go ----------------------------------------------------- */

static struct dfa_local *add_local(struct dfa_attach *attach,
				   const struct dfa_local_port *port)
{
	struct dfa_local *local = calloc(1, sizeof(*local));

	if (!local)
		return NULL;
	local->port = *port;
	dfa_map_add(&attach->by_device, &local->by_device,
		    dfa_hash_string(port->device));
	return local;
}

int dfa_attach_set(struct dfa_attach *attach, const struct dfa_local_port *port)
{
	struct dfa_local *local = dfa_attach_find(attach, &port->id);
	char old_device[IFNAMSIZ] = "";

	if (!local) {
		local = add_local(attach, port);
		if (!local)
			return -ENOMEM;
		dfa_map_add(&attach->by_id, &local->by_id,
			    dfa_uuid_hash(&port->id));
		try_attach(attach, local);
		return 0;
	}

	if (strcmp(local->port.device, port->device) == 0 &&
	    local->port.key == port->key) {
		local->port = *port;
		changed(attach, local);
		return 0;
	}
	memcpy(old_device, local->port.device, sizeof(old_device));
	dfa_map_del(&attach->by_device, &local->by_device);
	local->port = *port;
	dfa_map_add(&attach->by_device, &local->by_device,
		    dfa_hash_string(port->device));
	reattach_device(attach, old_device);
	try_attach(attach, local);
	return 0;
}

void dfa_attach_del(struct dfa_attach *attach, const struct dfa_uuid *id)
{
	struct dfa_local *local = dfa_attach_find(attach, id);

	if (!local)
		return;
	dfa_map_del(&attach->by_id, &local->by_id);
	dfa_map_del(&attach->by_device, &local->by_device);
	reattach_device(attach, local->port.device);
	free(local);
}

int dfa_attach_tunnels(struct dfa_attach *attach,
		       const struct dfa_config *config)
{
	static const uint32_t ports[DFA_ENCAP_TYPES] = {
		[DFA_ENCAP_VXLAN] = DFA_PORT_VXLAN,
		[DFA_ENCAP_GENEVE] = DFA_PORT_GENEVE,
	};

	attach->config = config;
	for (size_t i = 0; i < config->encap_count; i++) {
		enum dfa_encap_type type = config->encap[i].type;
		struct dfa_local_port port = { .key = ports[type],
					       .is_up = true };
		struct dfa_local *local;

		snprintf(port.device, sizeof(port.device), "df-%s",
			 dfa_encap_name(type));
		if (find_by_device(attach, port.device))
			continue;
		local = add_local(attach, &port);
		if (!local)
			return -ENOMEM;
		local->tunnel = dfa_encap_name(type);
		try_attach(attach, local);
	}
	return 0;
}

/* --- start and stop -------------------------------------------------------- */

static const struct dfa_netdev_ops netdev_ops = {
	.link = link_is_there,
	.gone = link_is_gone,
	.filters = filters_changed,
	.addresses = addresses_changed,
	.lost = events_lost,
};

int dfa_attach_init(struct dfa_attach *attach, struct event_base *base,
		    const struct dfa_state *state,
		    const struct dfa_attach_ops *ops, void *arg)
{
	int err;

	*attach = (struct dfa_attach){
		.state = state,
		.ops = ops,
		.arg = arg,
	};
	dfa_map_init(&attach->by_id);
	dfa_map_init(&attach->by_device);
	dfa_map_init(&attach->links);
	attach->retry = evtimer_new(base, retry, attach);
	if (!attach->retry)
		return -ENOMEM;
	err = dfa_netdev_open(&attach->netdev, base, &netdev_ops, attach);
	return err ?: dfa_netdev_dump(attach->netdev);
}

void dfa_attach_fini(struct dfa_attach *attach)
{
	struct dfa_map_iter iter = dfa_map_iter(&attach->by_device);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&attach->by_device, &iter)))
		free(dfa_container_of(node, struct dfa_local, by_device));
	iter = dfa_map_iter(&attach->links);
	while ((node = dfa_map_iter_next(&attach->links, &iter)))
		free(dfa_container_of(node, struct link, node));
	dfa_map_fini(&attach->by_id);
	dfa_map_fini(&attach->by_device);
	dfa_map_fini(&attach->links);
	if (attach->retry)
		event_free(attach->retry);
	dfa_netdev_close(attach->netdev);
	attach->retry = NULL;
	attach->netdev = NULL;
}
