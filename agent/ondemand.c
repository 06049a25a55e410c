// SPDX-License-Identifier: GPL-2.0
#include "ondemand.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent.h"
#include "log.h"
#include "util.h"

enum {
	/* So long nobody has what nobody has had: it is not asked again. */
	ABSENT_MS = 3000,
};

/* --- the database is asked ------------------------------------------------- */

static void owner_is(void *arg, const struct df_error *error,
		     const struct df_model *model, const char *id)
{
	struct dfa_question *question = arg;
	struct dfa_ondemand *ondemand = question->resolve->arg;
	const char *text = error ? error->text : "";
	struct dfa_uuid port;

	if (error && strcmp(ondemand->problem, text) != 0)
		dfa_warning("cannot ask who has an address: %s", text);
	snprintf(ondemand->problem, sizeof(ondemand->problem), "%s", text);
	if (error)
		dfa_resolve_fail(question);
	else if (id && strcmp(model->name, "port") == 0 &&
		 !dfa_uuid_parse(&port, id))
		dfa_resolve_answer(question, &port);
	else
		dfa_resolve_answer(question, NULL);
}

/* By which field, and the value: the address that is made of a MAC is in none. */
static const char *field_of(const struct dfa_sought *sought, char value[50])
{
	const struct dfa_address *address = &sought->address;
	struct df_ip ip = { 0 };
	uint8_t mac[6];

	memcpy(mac, sought->mac, sizeof(mac));
	if (!address->family || dfa_address_mac(address, mac)) {
		df_mac_print(value, mac);
		return "mac_address";
	}
	ip.family = address->family == AF_INET ? 4 : 6;
	ip.prefix = address->family == AF_INET ? 32 : 128;
	memcpy(ip.addr, address->bytes, sizeof(ip.addr));
	df_ip_print(value, &ip);
	return "fixed_ips";
}

static int ask_database(void *arg, struct dfa_question *question)
{
	const struct dfa_ondemand *ondemand = arg;
	const struct dfa_agent *agent = ondemand->agent;
	char value[50], within[DF_UUID_LEN + 1];
	const struct dfa_network *network;
	struct df_error error;
	const char *field;
	int err;

	network = dfa_compile_network(&agent->compile,
				      question->sought.network);
	if (!network)
		return -ENOENT;
	dfa_uuid_print(within, &network->id);
	field = field_of(&question->sought, value);
	dfa_debug("network %s: who has %s?", within, value);
	err = df_nb_owner(agent->nb, "port", field, within, value, owner_is,
			  question, &error);
	if (err)
		dfa_warning("cannot ask who has %s: %s", value, error.text);
	return err;
}

/* --- what is found --------------------------------------------------------- */

/* What the kernel is to have of it; NULL if nothing. */
static const struct dfa_object *find_object(const struct dfa_agent *agent,
					    const struct dfa_uuid *id)
{
	const struct dfa_port *port = dfa_port_find(&agent->compile, id);
	const struct dfa_object *object;

	object = port ? dfa_state_find(&agent->state, DFA_PORT, port->key) :
			NULL;
	return object && object->wished && !object->loser ? object : NULL;
}

/* So that what is decided because of it is decided again. */
static void renew_port(struct dfa_agent *agent, const struct dfa_uuid *id)
{
	const struct dfa_object *object = find_object(agent, id);

	if (!object || !agent->has_kernel)
		return;
	dfa_state_renew(&agent->state, DFA_PORT, object->id);
	dfa_apply_kick(&agent->apply);
}

static int follow(void *arg, const struct dfa_question *question)
{
	const struct dfa_ondemand *ondemand = arg;
	struct dfa_agent *agent = ondemand->agent;
	const struct dfa_network *network;
	int known;

	network = dfa_compile_network(&agent->compile,
				      question->sought.network);
	if (!network)
		return -ENOENT;
	known = dfa_topics_seek(&agent->topics, &question->found, &network->id);
	/* The kernel asks, so it does not have what we believe it has. */
	if (known > 0)
		renew_port(agent, &question->found);
	return known;
}

static bool leads(void *arg, const struct dfa_question *question)
{
	const struct dfa_ondemand *ondemand = arg;
	const struct dfa_sought *sought = &question->sought;
	struct dfa_addr addr = { .address = sought->address };
	const struct dfa_object *object;

	object = find_object(ondemand->agent, &question->found);
	if (!object || object->wish.port.network != sought->network)
		return false;
	if (!sought->address.family)
		return memcmp(object->wish.port.mac, sought->mac, 6) == 0;
	return dfa_addrs_has(object->wish.port.addrs, &addr);
}

static void deny(void *arg, const struct dfa_sought *sought)
{
	const struct dfa_ondemand *ondemand = arg;

	if (ondemand->miss)
		dfa_miss_deny(ondemand->miss, sought, ABSENT_MS);
}

static const struct dfa_resolve_ops resolve_ops = {
	.ask = ask_database,
	.follow = follow,
	.leads = leads,
	.deny = deny,
};

void dfa_ondemand_port_known(void *arg, const struct dfa_uuid *port)
{
	struct dfa_agent *agent = arg;
	struct dfa_topic *topic;

	if (!dfa_resolve_known(&agent->ondemand.resolve, port))
		return;
	/* One that leads nowhere now is asked for again, should it be needed. */
	topic = dfa_topics_port(&agent->topics, port);
	if (topic && !dfa_topic_is_here(topic) && !find_object(agent, port))
		dfa_topics_leave_port(&agent->topics, topic);
}

/* --- what is used no more -------------------------------------------------- */

static struct dfa_topic *topic_of(const struct dfa_aged *aged)
{
	return dfa_container_of(aged, const struct dfa_topic_port, aged)->topic;
}

static int idle(void *arg, const struct dfa_aged *aged, uint64_t *idle_ms)
{
	const struct dfa_ondemand *ondemand = arg;
	const struct dfa_agent *agent = ondemand->agent;
	const struct dfa_object *object;

	object = find_object(agent, &topic_of(aged)->id);
	if (!object || !object->had || !agent->has_kernel ||
	    !agent->apply.kernel)
		return -ENOENT;
	return dfa_kernel_idle(agent->apply.kernel, object->id, idle_ms);
}

static void renew(void *arg, struct dfa_aged *aged)
{
	const struct dfa_ondemand *ondemand = arg;

	renew_port(ondemand->agent, &topic_of(aged)->id);
}

static void forget(void *arg, struct dfa_aged *aged)
{
	const struct dfa_ondemand *ondemand = arg;

	dfa_topics_leave_port(&ondemand->agent->topics, topic_of(aged));
}

static const struct dfa_aging_ops aging_ops = {
	.idle = idle,
	.renew = renew,
	.forget = forget,
};

void dfa_ondemand_sought(void *arg, struct dfa_aged *aged)
{
	struct dfa_agent *agent = arg;

	dfa_aging_add(&agent->ondemand.aging, aged);
}

/* --- start and stop -------------------------------------------------------- */

static void sought(void *arg, const struct dfa_sought *what)
{
	struct dfa_ondemand *ondemand = arg;

	/* Who does not get an answer asks again. */
	if (dfa_resolve_seek(&ondemand->resolve, what))
		dfa_warning("no memory to ask who has an address");
}

void dfa_ondemand_connected(struct dfa_ondemand *ondemand)
{
	const struct dfa_agent *agent = ondemand->agent;
	int err;

	dfa_ondemand_stop(ondemand);
	err = dfa_miss_open(&ondemand->miss, agent->base, agent->apply.kernel,
			    sought, ondemand);
	if (err)
		dfa_error("what packets look for is not heard: %s",
			  strerror(-err));
}

void dfa_ondemand_database(struct dfa_ondemand *ondemand)
{
	const struct dfa_agent *agent = ondemand->agent;
	bool is_there = agent->reg.is_done && agent->is_database_up &&
			agent->topics.is_synced;

	ondemand->problem[0] = '\0';
	dfa_resolve_open(&ondemand->resolve, is_there);
	/* What is forgotten now could not be found again. */
	dfa_aging_pause(&ondemand->aging, !is_there);
}

int dfa_ondemand_init(struct dfa_ondemand *ondemand, struct dfa_agent *agent)
{
	*ondemand = (struct dfa_ondemand){ .agent = agent };
	dfa_resolve_init(&ondemand->resolve, &resolve_ops, ondemand);
	return dfa_aging_init(&ondemand->aging, agent->base,
			      agent->config->on_demand_age, &aging_ops,
			      ondemand);
}

void dfa_ondemand_stop(struct dfa_ondemand *ondemand)
{
	dfa_miss_close(ondemand->miss);
	ondemand->miss = NULL;
}

void dfa_ondemand_fini(struct dfa_ondemand *ondemand)
{
	dfa_resolve_fini(&ondemand->resolve);
	dfa_aging_fini(&ondemand->aging);
}
