// SPDX-License-Identifier: GPL-2.0
#include "app/ra.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/advert.h"
#include "util.h"

enum {
	INITIAL_INTERVAL_MAX_MS = 16000,
	INITIAL_COUNT = 3,
	BETWEEN_MS = 3000,
	SOLICITED_DELAY_MAX_MS = 500,
	ANNOUNCE_COUNT = 3,
	ANNOUNCE_BETWEEN_MS = 1000,
};

/**
 * struct network - what is known of a network
 * @node: in &dfa_ra.networks
 * @ports: its &struct port
 * @adverts: its &struct advert
 * @announced_ms: when the last announcements were sent, 0 for never
 */
struct network {
	struct dfa_map_node node;
	struct dfa_list ports;
	struct dfa_list adverts;
	uint64_t announced_ms;
	uint32_t key;
};

/**
 * struct port - a port and its timer
 * @node: in &dfa_ra.ports
 * @in_network: in &network.ports
 * @timer: the next advertisements
 * @due_ms: when it rings; 0 if it does not
 * @sent_ms: when the last ones were sent, 0 for never
 * @initial: how many more come soon
 */
struct port {
	struct dfa_map_node node;
	struct dfa_list in_network;
	struct dfa_ra *ra;
	struct network *network;
	struct event *timer;
	uint32_t key;
	uint64_t due_ms;
	uint64_t sent_ms;
	unsigned int initial;
};

/**
 * struct advert - a router interface and its timer
 * @node: in &dfa_ra.adverts
 * @in_network: in &network.adverts
 * @timer: the next announcements
 * @what: it has to say; has a reference to its addresses
 * @announces: how many more come
 * @len: length of @frame; 0 if it does not advertise
 * @frame: the router advertisement
 */
struct advert {
	struct dfa_map_node node;
	struct dfa_list in_network;
	struct dfa_ra *ra;
	struct network *network;
	struct event *timer;
	uint32_t key;
	struct dfa_advert what;
	unsigned int announces;
	size_t len;
	uint8_t frame[DFA_ADVERT_MAX];
};

/* --- networks -------------------------------------------------------------- */

static struct network *network_ref(struct dfa_ra *ra, uint32_t key)
{
	struct dfa_map_node *node = dfa_map_first(&ra->networks,
						  dfa_hash_u64(key));
	struct network *network;

	for (; node; node = dfa_map_next(node)) {
		network = dfa_container_of(node, struct network, node);
		if (network->key == key)
			return network;
	}
	network = calloc(1, sizeof(*network));
	if (!network)
		return NULL;
	network->key = key;
	dfa_list_init(&network->ports);
	dfa_list_init(&network->adverts);
	dfa_map_add(&ra->networks, &network->node, dfa_hash_u64(key));
	return network;
}

static void network_unref(struct dfa_ra *ra, struct network *network)
{
	if (!dfa_list_is_empty(&network->ports) ||
	    !dfa_list_is_empty(&network->adverts))
		return;
	dfa_map_del(&ra->networks, &network->node);
	free(network);
}

/* --- ports and their timers ------------------------------------------------ */

static struct port *port_find(const struct dfa_ra *ra, uint32_t key)
{
	struct dfa_map_node *node = dfa_map_first(&ra->ports,
						  dfa_hash_u64(key));

	for (; node; node = dfa_map_next(node)) {
		struct port *port = dfa_container_of(node, struct port, node);

		if (port->key == key)
			return port;
	}
	return NULL;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static unsigned int between(unsigned int low, unsigned int high)
{
	return low + (unsigned int)random() % (high - low + 1);
}

static void set_timer(struct event *timer, uint64_t delay_ms)
{
	struct timeval tv = {
		.tv_sec = (time_t)(delay_ms / 1000),
		.tv_usec = (suseconds_t)(delay_ms % 1000 * 1000),
	};

	evtimer_add(timer, &tv);
}

/* The longest time between advertisements there; 0 if nobody advertises. */
static unsigned int interval_max_ms(const struct network *network)
{
	struct dfa_list *item = network->adverts.next;
	unsigned int least_s = 0;

	for (; item != &network->adverts; item = item->next) {
		const struct advert *advert;

		advert = dfa_container_of(item, struct advert, in_network);
		if (advert->len && (!least_s ||
				    advert->what.interval_s < least_s))
			least_s = advert->what.interval_s;
	}
	return least_s * 1000;
}

/* What RFC 4861, 6.2.1, has for the longest time. */
static unsigned int interval_min_ms(unsigned int max_ms)
{
	return max_ms >= 9000 ? max_ms / 3 : max_ms * 3 / 4;
}

/* Send in so long, or when there may be another, but not later than planned. */
static void schedule(struct port *port, unsigned int delay_ms)
{
	uint64_t now = now_ms(), due = now + delay_ms;

	if (!interval_max_ms(port->network))
		return;
	if (port->sent_ms && due < port->sent_ms + BETWEEN_MS)
		due = port->sent_ms + BETWEEN_MS;
	if (port->due_ms && port->due_ms <= due)
		return;
	port->due_ms = due;
	set_timer(port->timer, due - now);
}

static void schedule_next(struct port *port)
{
	unsigned int max = interval_max_ms(port->network);
	unsigned int min = interval_min_ms(max);

	if (port->initial)
		port->initial--;
	if (port->initial) {
		min = BETWEEN_MS;
		if (max > INITIAL_INTERVAL_MAX_MS)
			max = INITIAL_INTERVAL_MAX_MS;
	}
	schedule(port, between(min, max));
}

static void ring(evutil_socket_t fd, short what, void *arg)
{
	struct port *port = arg;
	struct dfa_list *item = port->network->adverts.next;

	(void)fd;
	(void)what;
	port->due_ms = 0;
	if (!interval_max_ms(port->network))
		return;
	for (; item != &port->network->adverts; item = item->next) {
		const struct advert *advert;

		advert = dfa_container_of(item, struct advert, in_network);
		if (advert->len)
			port->ra->send(port->ra->arg, port->key, advert->frame,
				       advert->len);
	}
	port->sent_ms = now_ms();
	schedule_next(port);
}

/* There is something new to say: soon, and more than once. */
static void begin(struct port *port)
{
	port->initial = INITIAL_COUNT;
	schedule(port, 0);
}

static void port_free(struct dfa_ra *ra, struct port *port)
{
	dfa_list_del(&port->in_network);
	network_unref(ra, port->network);
	dfa_map_del(&ra->ports, &port->node);
	event_free(port->timer);
	free(port);
}

void dfa_ra_port_del(struct dfa_ra *ra, uint32_t key)
{
	struct port *port = port_find(ra, key);

	if (port)
		port_free(ra, port);
}

int dfa_ra_port_set(struct dfa_ra *ra, uint32_t key, uint32_t network)
{
	struct port *port = port_find(ra, key);

	if (port && port->network->key == network)
		return 0;
	if (port)
		port_free(ra, port);
	port = calloc(1, sizeof(*port));
	if (!port)
		return -ENOMEM;
	port->ra = ra;
	port->key = key;
	port->timer = evtimer_new(ra->base, ring, port);
	port->network = port->timer ? network_ref(ra, network) : NULL;
	if (!port->network) {
		if (port->timer)
			event_free(port->timer);
		free(port);
		return -ENOMEM;
	}
	dfa_list_add(&port->network->ports, &port->in_network);
	dfa_map_add(&ra->ports, &port->node, dfa_hash_u64(key));
	begin(port);
	return 0;
}

void dfa_ra_solicited(struct dfa_ra *ra, uint32_t key)
{
	struct port *port = port_find(ra, key);

	if (port)
		schedule(port, between(0, SOLICITED_DELAY_MAX_MS));
}

/* --- announcements --------------------------------------------------------- */

static void announce_to(const struct advert *advert, uint32_t port)
{
	const struct dfa_addrs *addrs = advert->what.addrs;
	uint8_t frame[DFA_ANNOUNCE_MAX];

	for (size_t i = 0; i < dfa_addrs_count(addrs); i++) {
		size_t len = dfa_announce_build(frame, advert->what.mac,
						&addrs->addr[i].address);

		advert->ra->send(advert->ra->arg, port, frame, len);
	}
}

static void announce(evutil_socket_t fd, short what, void *arg)
{
	struct advert *advert = arg;
	struct dfa_list *item = advert->network->ports.next;

	(void)fd;
	(void)what;
	for (; item != &advert->network->ports; item = item->next)
		announce_to(advert, dfa_container_of(item, struct port,
						     in_network)->key);
	advert->network->announced_ms = now_ms();
	if (--advert->announces)
		set_timer(advert->timer, ANNOUNCE_BETWEEN_MS);
}

/* Others may know another MAC for these addresses. */
static void begin_announcing(struct advert *advert)
{
	uint64_t last = advert->network->announced_ms, now = now_ms();
	uint64_t due = last ? last + ANNOUNCE_BETWEEN_MS : now;

	advert->announces = ANNOUNCE_COUNT;
	set_timer(advert->timer, due > now ? due - now : 0);
}

/* --- what is advertised ---------------------------------------------------- */

static struct advert *advert_find(const struct dfa_ra *ra, uint32_t key)
{
	struct dfa_map_node *node = dfa_map_first(&ra->adverts,
						  dfa_hash_u64(key));

	for (; node; node = dfa_map_next(node)) {
		struct advert *advert = dfa_container_of(node, struct advert,
							 node);

		if (advert->key == key)
			return advert;
	}
	return NULL;
}

static void advert_free(struct dfa_ra *ra, struct advert *advert)
{
	dfa_list_del(&advert->in_network);
	network_unref(ra, advert->network);
	dfa_map_del(&ra->adverts, &advert->node);
	dfa_addrs_put(advert->what.addrs);
	event_free(advert->timer);
	free(advert);
}

static struct advert *advert_add(struct dfa_ra *ra,
				 const struct dfa_advert *what)
{
	struct advert *advert = calloc(1, sizeof(*advert));

	if (!advert)
		return NULL;
	advert->timer = evtimer_new(ra->base, announce, advert);
	advert->network = advert->timer ? network_ref(ra, what->network) : NULL;
	if (!advert->network) {
		if (advert->timer)
			event_free(advert->timer);
		free(advert);
		return NULL;
	}
	advert->ra = ra;
	advert->key = what->key;
	dfa_list_add(&advert->network->adverts, &advert->in_network);
	dfa_map_add(&ra->adverts, &advert->node, dfa_hash_u64(what->key));
	return advert;
}

/* Tell all ports that the router is none for them any more. */
static void farewell(struct dfa_ra *ra, struct advert *advert)
{
	struct dfa_list *item = advert->network->ports.next;
	size_t len;

	if (!advert->len)
		return;
	len = dfa_advert_build(advert->frame, &advert->what, 0);
	for (; item != &advert->network->ports; item = item->next)
		ra->send(ra->arg,
			 dfa_container_of(item, struct port, in_network)->key,
			 advert->frame, len);
}

void dfa_ra_advert_del(struct dfa_ra *ra, uint32_t key)
{
	struct advert *advert = advert_find(ra, key);

	if (!advert)
		return;
	farewell(ra, advert);
	advert_free(ra, advert);
}

/* Advertise what is new; say farewell if there is nothing any more. */
static void advertise(struct dfa_ra *ra, struct advert *advert,
		      const struct dfa_advert *what)
{
	bool is_sooner = what->interval_s < advert->what.interval_s;
	struct dfa_list *item = advert->network->ports.next;
	uint8_t frame[DFA_ADVERT_MAX] = { 0 };
	size_t len = 0;

	if (what->prefix_count)
		len = dfa_advert_build(frame, what, DFA_ADVERT_LIFETIME_S);
	else
		farewell(ra, advert);
	if (len == advert->len && !is_sooner &&
	    !memcmp(frame, advert->frame, len))
		return;
	memcpy(advert->frame, frame, len);
	advert->len = len;
	advert->what.interval_s = what->interval_s;
	for (; item != &advert->network->ports; item = item->next)
		begin(dfa_container_of(item, struct port, in_network));
}

int dfa_ra_advert_set(struct dfa_ra *ra, const struct dfa_advert *what)
{
	struct advert *advert = advert_find(ra, what->key);
	struct dfa_addrs *old;

	/* Another address is another router to the workloads. */
	if (advert && (advert->what.network != what->network ||
		       memcmp(advert->what.mac, what->mac, sizeof(what->mac)))) {
		dfa_ra_advert_del(ra, what->key);
		advert = NULL;
	}
	if (!advert)
		advert = advert_add(ra, what);
	if (!advert)
		return -ENOMEM;
	advertise(ra, advert, what);
	old = advert->what.addrs;
	advert->what = *what;
	dfa_addrs_get(what->addrs);
	if (!dfa_addrs_include(old, what->addrs))
		begin_announcing(advert);
	dfa_addrs_put(old);
	return 0;
}

/* --- start and stop -------------------------------------------------------- */

void dfa_ra_init(struct dfa_ra *ra, struct event_base *base,
		 dfa_ra_send_fn send, void *arg)
{
	*ra = (struct dfa_ra){ .base = base, .send = send, .arg = arg };
	dfa_map_init(&ra->networks);
	dfa_map_init(&ra->ports);
	dfa_map_init(&ra->adverts);
}

void dfa_ra_fini(struct dfa_ra *ra)
{
	struct dfa_map_iter iter = dfa_map_iter(&ra->ports);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&ra->ports, &iter)))
		port_free(ra, dfa_container_of(node, struct port, node));
	iter = dfa_map_iter(&ra->adverts);
	while ((node = dfa_map_iter_next(&ra->adverts, &iter)))
		advert_free(ra, dfa_container_of(node, struct advert, node));
	dfa_map_fini(&ra->ports);
	dfa_map_fini(&ra->adverts);
	dfa_map_fini(&ra->networks);
}
