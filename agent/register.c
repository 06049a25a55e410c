// SPDX-License-Identifier: GPL-2.0
#include "register.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "util.h"

enum {
	LEASE_TTL_MS = 10000,
	/* A predecessor's lease ends within its time to live. */
	PATIENCE_MS = LEASE_TTL_MS + 2000,
	RETRY_MS = 500,
};

static void find_chassis(struct dfa_register *reg);

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void again(struct dfa_register *reg)
{
	struct timeval tv = { .tv_usec = RETRY_MS * 1000 };

	evtimer_add(reg->work, &tv);
}

static void failed(struct dfa_register *reg, const struct df_error *error)
{
	if (error->code != reg->last_code)
		dfa_warning("cannot register chassis %s: %s",
			    reg->config->chassis, error->text);
	reg->last_code = error->code;
	/* While the database is away, no lease ends. */
	reg->deadline_ms = now_ms() + PATIENCE_MS;
	again(reg);
	/* Somebody else wrote at the same time: it will work. */
	if (error->code != -EEXIST && error->code != -ESTALE)
		reg->ops->failed(reg->arg, error->text);
}

static void work(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	find_chassis(arg);
}

/* --- the chassis ----------------------------------------------------------- */

static json_t *encaps_json(const struct dfa_config *config)
{
	json_t *encaps = json_array();

	for (size_t i = 0; i < config->encap_count; i++) {
		const struct dfa_encap *encap = &config->encap[i];
		char text[INET6_ADDRSTRLEN];

		inet_ntop(encap->address.family, encap->address.bytes, text,
			  sizeof(text));
		json_array_append_new(encaps,
				      json_pack("{s:s, s:s}", "type",
						dfa_encap_name(encap->type),
						"ip", text));
	}
	return encaps;
}

static int set_encaps(struct df_obj *chassis, const struct dfa_config *config,
		      struct df_error *error)
{
	json_t *encaps = encaps_json(config);
	__auto_free char *text = json_dumps(encaps, JSON_COMPACT);

	json_decref(encaps);
	if (!text)
		return dfa_error_set(error, -ENOMEM, "out of memory");
	return df_obj_set_json(chassis, "encaps", text, error);
}

static void chassis_done(void *arg, const struct df_error *error)
{
	struct dfa_register *reg = arg;

	if (error) {
		failed(reg, error);
		return;
	}
	dfa_info("registered as chassis %s", reg->config->chassis);
	reg->is_done = true;
	reg->last_code = 0;
	reg->ops->done(reg->arg);
}

/*
 * Only now, as the one living agent: else a second one that was started by
 * mistake would change the addresses of the first.
 */
static void update_chassis(struct dfa_register *reg)
{
	df_obj_auto struct df_obj *chassis = df_obj_copy(reg->chassis);
	df_txn_auto struct df_txn *txn = NULL;
	struct df_error error = { -ENOMEM, "out of memory" };
	int err = chassis ? 0 : -ENOMEM;

	if (!err)
		err = set_encaps(chassis, reg->config, &error);
	if (!err)
		err = df_txn_new(&txn, reg->nb);
	if (!err)
		err = df_txn_update(txn, chassis, 0, &error);
	if (err) {
		failed(reg, &error);
		return;
	}
	df_obj_put(reg->chassis);
	reg->chassis = dfa_take_ptr(chassis);
	df_txn_commit(dfa_take_ptr(txn), chassis_done, reg);
}

/* --- the agent ------------------------------------------------------------- */

static void lease_lost(void *arg, const struct df_error *error)
{
	struct dfa_register *reg = arg;

	dfa_warning("the database gave up our lease: %s",
		    error ? error->text : "no reason given");
	df_lease_free(reg->lease);
	reg->lease = NULL;
	reg->deadline_ms = now_ms() + PATIENCE_MS;
	again(reg);
}

static void agent_done(void *arg, const struct df_error *error)
{
	struct dfa_register *reg = arg;

	if (!error) {
		update_chassis(reg);
		return;
	}
	df_lease_free(reg->lease);
	reg->lease = NULL;
	if (error->code != -EEXIST) {
		failed(reg, error);
		return;
	}
	if (now_ms() >= reg->deadline_ms) {
		reg->ops->refused(reg->arg, error->text);
		return;
	}
	if (!reg->has_waited)
		dfa_warning("another agent runs as chassis %s, or did a moment "
			    "ago: waiting for its lease to end",
			    reg->config->chassis);
	reg->has_waited = true;
	again(reg);
}

static int fill_agent(struct dfa_register *reg, struct df_obj *agent,
		      struct df_error *error)
{
	const char *id = df_obj_id(reg->chassis);
	int err;

	/* One agent per chassis: it has the chassis' id. */
	err = df_obj_set_string(agent, "id", id, error);
	if (!err)
		err = df_obj_set_string(agent, "chassis_id", id, error);
	if (!err)
		err = df_obj_set_string(agent, "version", DF_VERSION, error);
	if (!err)
		err = df_obj_set_u64(agent, "pid", (uint64_t)getpid(), error);
	if (!err)
		err = df_obj_set_u64(agent, "started_at",
				     (uint64_t)reg->started_at, error);
	return err;
}

static void create_agent(struct dfa_register *reg)
{
	struct df_error error = { -ENOMEM, "out of memory" };
	df_obj_auto struct df_obj *agent = NULL;
	df_txn_auto struct df_txn *txn = NULL;
	int err = 0;

	if (!reg->lease)
		err = df_lease_new(&reg->lease, reg->nb, LEASE_TTL_MS,
				   lease_lost, reg, &error);
	if (!err)
		err = df_obj_new(&agent, "agent", &error);
	if (!err)
		err = fill_agent(reg, agent, &error);
	if (!err)
		err = df_txn_new(&txn, reg->nb);
	if (!err)
		err = df_txn_create(txn, agent, &error);
	if (err) {
		failed(reg, &error);
		return;
	}
	df_txn_set_lease(txn, reg->lease);
	df_obj_put(reg->agent);
	reg->agent = dfa_take_ptr(agent);
	df_txn_commit(dfa_take_ptr(txn), agent_done, reg);
}

/* --- finding or creating the chassis --------------------------------------- */

static void chassis_created(void *arg, const struct df_error *error)
{
	struct dfa_register *reg = arg;

	if (!error) {
		create_agent(reg);
		return;
	}
	df_obj_put(reg->chassis);
	reg->chassis = NULL;
	/* Somebody was faster: it is found next time. */
	failed(reg, error);
}

static void create_chassis(struct dfa_register *reg)
{
	struct df_error error = { -ENOMEM, "out of memory" };
	df_obj_auto struct df_obj *chassis = NULL;
	df_txn_auto struct df_txn *txn = NULL;
	int err;

	err = df_obj_new(&chassis, "chassis", &error);
	if (!err)
		err = df_obj_set_string(chassis, "name", reg->config->chassis,
					&error);
	if (!err)
		err = set_encaps(chassis, reg->config, &error);
	if (!err)
		err = df_txn_new(&txn, reg->nb);
	if (!err)
		err = df_txn_create(txn, chassis, &error);
	if (err) {
		failed(reg, &error);
		return;
	}
	reg->chassis = dfa_take_ptr(chassis);
	df_txn_commit(dfa_take_ptr(txn), chassis_created, reg);
}

static void chassis_found(void *arg, const struct df_error *error,
			  struct df_obj *obj)
{
	struct dfa_register *reg = arg;

	/* What is found by the beginning of its id is somebody else. */
	bool is_missing = error ? error->code == -ENOENT :
				  strcmp(df_obj_name(obj),
					 reg->config->chassis) != 0;

	if (is_missing) {
		create_chassis(reg);
		return;
	}
	if (error) {
		failed(reg, error);
		return;
	}
	df_obj_put(reg->chassis);
	reg->chassis = df_obj_get(obj);
	create_agent(reg);
}

static void find_chassis(struct dfa_register *reg)
{
	struct df_error error;

	if (df_nb_find(reg->nb, "chassis", reg->config->chassis, chassis_found,
		       reg, &error))
		failed(reg, &error);
}

/* --- start and stop -------------------------------------------------------- */

int dfa_register_init(struct dfa_register *reg, struct event_base *base,
		      const struct dfa_config *config,
		      const struct dfa_register_ops *ops, void *arg)
{
	*reg = (struct dfa_register){
		.config = config,
		.ops = ops,
		.arg = arg,
		.started_at = time(NULL),
	};
	reg->work = evtimer_new(base, work, reg);
	return reg->work ? 0 : -ENOMEM;
}

void dfa_register_start(struct dfa_register *reg, struct df_nb *nb)
{
	reg->nb = nb;
	reg->deadline_ms = now_ms() + PATIENCE_MS;
	find_chassis(reg);
}

void dfa_register_fini(struct dfa_register *reg)
{
	if (reg->lease)
		df_lease_free(reg->lease);
	reg->lease = NULL;
	df_obj_put(reg->chassis);
	df_obj_put(reg->agent);
	reg->chassis = NULL;
	reg->agent = NULL;
	if (reg->work)
		event_free(reg->work);
	reg->work = NULL;
}
