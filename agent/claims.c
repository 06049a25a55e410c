// SPDX-License-Identifier: GPL-2.0
#include "claims.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"
#include "util.h"

enum {
	MAX_IN_FLIGHT = 16,
	DELAY_MIN_MS = 100,
	DELAY_MAX_MS = 10000,
	/* Whatever a workload does: so often its port is written at most. */
	PAUSE_MS = 200,
};

/**
 * struct claimant - a port that has claimed something, or is bound here
 * @heard: what the kernel has said last; NULL for nothing
 * @stored: what the database has
 * @obj: being written
 * @pause: no write before its end
 * @is_here: it is bound here, and the next two are known
 * @is_in_flight: a commit is not done
 */
struct claimant {
	struct dfa_map_node node;
	struct dfa_claims *claims;
	struct dfa_pairs *heard;
	struct dfa_pairs *stored;
	struct df_obj *obj;
	struct event *pause;
	uint32_t key;
	bool is_here;
	struct dfa_uuid port;
	struct dfa_uuid network;
	bool is_in_flight;
};

static struct claimant *find(const struct dfa_claims *claims, uint32_t key)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&claims->ports, dfa_hash_u64(key));
	for (; node; node = dfa_map_next(node)) {
		struct claimant *port;

		port = dfa_container_of(node, struct claimant, node);
		if (port->key == key)
			return port;
	}
	return NULL;
}

static void schedule(struct dfa_claims *claims, unsigned int delay_ms)
{
	struct timeval tv = {
		.tv_sec = delay_ms / 1000,
		.tv_usec = delay_ms % 1000 * 1000,
	};

	evtimer_add(claims->work, &tv);
}

static void pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct claimant *port = arg;

	(void)fd;
	(void)what;
	schedule(port->claims, 0);
}

static struct claimant *find_or_add(struct dfa_claims *claims, uint32_t key)
{
	struct claimant *port = find(claims, key);

	if (port)
		return port;
	port = calloc(1, sizeof(*port));
	if (!port)
		return NULL;
	port->claims = claims;
	port->key = key;
	port->pause = evtimer_new(event_get_base(claims->work), pause_over,
				  port);
	if (!port->pause) {
		free(port);
		return NULL;
	}
	dfa_map_add(&claims->ports, &port->node, dfa_hash_u64(key));
	return port;
}

static void claimant_free(struct claimant *port)
{
	event_free(port->pause);
	dfa_pairs_put(port->heard);
	dfa_pairs_put(port->stored);
	df_obj_put(port->obj);
	free(port);
}

/* Nothing to remember, and no commit that calls back. */
static void settle(struct claimant *port)
{
	if (port->is_here || port->heard || port->is_in_flight)
		return;
	dfa_map_del(&port->claims->ports, &port->node);
	claimant_free(port);
}

/* Does it hold anything that the database does not know it has claimed? */
static bool has_news(const struct claimant *port)
{
	for (size_t i = 0; i < dfa_pairs_count(port->heard); i++) {
		const struct dfa_pair *pair = &port->heard->pair[i], *known;

		known = dfa_pairs_claim(port->stored, pair);
		if (pair->is_active && (!known || known->since < pair->since))
			return true;
	}
	return false;
}

static void written(void *arg, const struct df_error *error)
{
	struct claimant *port = arg;
	struct dfa_claims *claims = port->claims;
	char id[DF_UUID_LEN + 1];

	claims->in_flight--;
	port->is_in_flight = false;
	df_obj_put(port->obj);
	port->obj = NULL;
	if (!error || error->code == -ENOENT) {
		/* The topic tells what the database has; or the port is gone. */
		claims->delay_ms = 0;
		if (error) {
			dfa_pairs_put(port->heard);
			port->heard = NULL;
		}
		schedule(claims, 0);
		settle(port);
		return;
	}
	dfa_uuid_print(id, &port->port);
	if (claims->nb)
		dfa_warning("port %s: cannot tell what it has claimed: %s", id,
			    error->text);
	dfa_pairs_put(port->stored);
	port->stored = NULL;
	claims->delay_ms = claims->delay_ms ? claims->delay_ms * 2 :
					      DELAY_MIN_MS;
	if (claims->delay_ms > DELAY_MAX_MS)
		claims->delay_ms = DELAY_MAX_MS;
	schedule(claims, claims->delay_ms);
}

static json_t *claim_json(const struct dfa_pair *pair)
{
	struct df_ip ip = {
		.family = pair->address.family == AF_INET ? 4 : 6,
		.prefix = pair->prefix_len,
	};
	char address[50], mac[18];

	memcpy(ip.addr, pair->address.bytes, sizeof(ip.addr));
	df_ip_print(address, &ip);
	df_mac_print(mac, pair->mac);
	return json_pack("{s:s, s:s, s:I}", "ip_address", address,
			 "mac_address", mac, "since",
			 (json_int_t)pair->since);
}

static int set_claims(struct df_obj *obj, const struct dfa_pairs *claims,
		      struct df_error *error)
{
	json_t *list = json_array();
	__auto_free char *text = NULL;

	for (size_t i = 0; i < dfa_pairs_count(claims); i++)
		json_array_append_new(list, claim_json(&claims->pair[i]));
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	if (!text)
		return dfa_error_set(error, -ENOMEM, "out of memory");
	return df_obj_set_json(obj, "claims", text, error);
}

static int fill(const struct claimant *port, struct df_obj *obj,
		struct df_error *error)
{
	char id[DF_UUID_LEN + 1], network[DF_UUID_LEN + 1];

	dfa_uuid_print(id, &port->port);
	dfa_uuid_print(network, &port->network);
	return df_obj_set_string(obj, "id", id, error) ?:
	       df_obj_set_string(obj, "network_id", network, error) ?:
	       set_claims(obj, port->heard, error);
}

static int write_claims(struct claimant *port, struct df_error *error)
{
	static const struct timeval pause = { .tv_usec = PAUSE_MS * 1000 };
	struct dfa_claims *claims = port->claims;
	df_txn_auto struct df_txn *txn = NULL;
	df_obj_auto struct df_obj *obj = NULL;
	int err;

	err = df_obj_new(&obj, "port_claims", error);
	if (!err)
		err = fill(port, obj, error);
	if (!err)
		err = df_txn_new(&txn, claims->nb);
	if (!err)
		err = df_txn_put(txn, obj, error);
	if (err)
		return err;
	port->obj = dfa_take_ptr(obj);
	dfa_pairs_put(port->stored);
	port->stored = dfa_pairs_get(port->heard);
	port->is_in_flight = true;
	claims->in_flight++;
	evtimer_add(port->pause, &pause);
	df_txn_commit(dfa_take_ptr(txn), written, port);
	return 0;
}

static bool is_due(const struct claimant *port)
{
	return port->is_here && !port->is_in_flight && has_news(port) &&
	       !evtimer_pending(port->pause, NULL);
}

static void work(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_claims *claims = arg;
	struct dfa_map_iter iter = dfa_map_iter(&claims->ports);
	struct df_error error = { -ENOMEM, "out of memory" };
	struct dfa_map_node *node;

	(void)fd;
	(void)what;
	while (claims->is_ready && claims->nb &&
	       claims->in_flight < MAX_IN_FLIGHT &&
	       (node = dfa_map_iter_next(&claims->ports, &iter))) {
		struct claimant *port;

		port = dfa_container_of(node, struct claimant, node);
		if (!is_due(port) || !write_claims(port, &error))
			continue;
		dfa_error("cannot tell what a port has claimed: %s",
			  error.text);
		schedule(claims, DELAY_MAX_MS);
		return;
	}
}

int dfa_claims_port_set(struct dfa_claims *claims,
			const struct dfa_local_port *local)
{
	struct claimant *port = find_or_add(claims, local->key);

	if (!port)
		return -ENOMEM;
	port->is_here = true;
	port->port = local->id;
	port->network = local->network_id;
	dfa_pairs_put(port->stored);
	port->stored = dfa_pairs_get(local->claims);
	if (has_news(port))
		schedule(claims, 0);
	return 0;
}

void dfa_claims_port_del(struct dfa_claims *claims, uint32_t key)
{
	struct claimant *port = find(claims, key);

	if (!port)
		return;
	port->is_here = false;
	dfa_pairs_put(port->heard);
	port->heard = NULL;
	settle(port);
}

int dfa_claims_heard(struct dfa_claims *claims, uint32_t key,
		     const struct dfa_pairs *heard)
{
	struct claimant *port;
	struct dfa_pairs *list;
	int err;

	/* What is allowed is of no interest: only what is allowed is claimed. */
	err = dfa_pairs_claims(&list, heard);
	if (err)
		return err;
	port = list ? find_or_add(claims, key) : find(claims, key);
	if (!port) {
		dfa_pairs_put(list);
		return list ? -ENOMEM : 0;
	}
	dfa_pairs_put(port->heard);
	port->heard = list;
	if (has_news(port))
		schedule(claims, 0);
	settle(port);
	return 0;
}

void dfa_claims_ready(struct dfa_claims *claims)
{
	claims->is_ready = true;
	schedule(claims, 0);
}

void dfa_claims_database(struct dfa_claims *claims, struct df_nb *nb)
{
	claims->nb = nb;
	claims->delay_ms = 0;
	if (nb)
		schedule(claims, 0);
}

int dfa_claims_init(struct dfa_claims *claims, struct event_base *base)
{
	*claims = (struct dfa_claims){ 0 };
	dfa_map_init(&claims->ports);
	claims->work = evtimer_new(base, work, claims);
	return claims->work ? 0 : -ENOMEM;
}

/* The database is closed before: no commit calls back any more. */
void dfa_claims_fini(struct dfa_claims *claims)
{
	struct dfa_map_iter iter = dfa_map_iter(&claims->ports);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&claims->ports, &iter)))
		claimant_free(dfa_container_of(node, struct claimant, node));
	dfa_map_fini(&claims->ports);
	if (claims->work)
		event_free(claims->work);
	claims->work = NULL;
}
