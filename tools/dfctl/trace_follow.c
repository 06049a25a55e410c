// SPDX-License-Identifier: GPL-2.0
/*
 * dfctl trace --follow: what would leave for another hypervisor is walked there.
 * The other one's agent is asked by way of the database: a request under a lease
 * of ours, in the topic that only it follows, and an answer with the same id.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/dragonflow.h>
#include <linux/genetlink.h>

#include "nb.h"
#include "trace.h"

enum {
	/* A packet that is late may be sent on. */
	DEPTH_MAX = 4,
	/* So many hypervisors are asked: a flood may go to all. */
	ASKED_MAX = 64,
	LEASE_MS = 10000,
	WAIT_MS = 5000,
	POLL_MS = 20,
	MESSAGE_SIZE = 65536,
};

/**
 * struct follow - a trace that is followed
 * @ctl: the command line
 * @names: of the database
 * @lease: of the requests
 * @chassis: those that the kernel here knows
 * @asked: how many hypervisors were
 */
struct follow {
	struct dfctl *ctl;
	struct dfctl_names *names;
	struct df_lease *lease;
	json_t *chassis;
	unsigned int asked;
};

static char *hex(const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char *text = dfctl_alloc(2 * len + 1);
	size_t i;

	for (i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return text;
}

/* Our own end of the tunnel, if the kernel was told; the other's source. */
static const char *source(const struct follow *follow, const json_t *step)
{
	const json_t *key = json_object_get(step, "chassis");
	const char *ip = NULL;
	json_t *chassis;
	size_t i;

	json_array_foreach(follow->chassis, i, chassis) {
		if (!json_equal(json_object_get(chassis, "id"), key))
			continue;
		ip = json_string_value(json_object_get(chassis, "local_ip4"));
		if (!ip)
			ip = json_string_value(json_object_get(chassis, "local_ip6"));
	}
	return ip;
}

/* What the other module is asked, as digits. NULL if it cannot be. */
static char *request_text(const struct follow *follow, const json_t *trace,
			  const json_t *step)
{
	__auto_free struct dfctl_packet *packet = dfctl_alloc(sizeof(*packet));
	__auto_free char *buf = dfctl_alloc(MESSAGE_SIZE);
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	int len;

	len = dfctl_frame_parse_hex(packet->frame, sizeof(packet->frame),
				    json_string_value(json_object_get(trace, "frame")));
	if (len < 0)
		return NULL;
	packet->len = (size_t)len;
	/* A tunnel has the same number everywhere. */
	packet->port = (uint32_t)json_integer_value(json_object_get(step, "port"));
	packet->has_vni = true;
	packet->vni = (uint32_t)json_integer_value(json_object_get(step, "tunnel_id"));
	packet->source = source(follow, step);
	dfctl_trace_fill(nlh, packet);
	return hex(mnl_nlmsg_get_payload(nlh), mnl_nlmsg_get_payload_len(nlh));
}

static int request_write(struct follow *follow, const char *host, const char *text,
			 char id[DF_UUID_LEN + 1])
{
	df_obj_auto struct df_obj *obj = NULL;
	df_txn_auto struct df_txn *txn = NULL;
	struct df_error error = { 0 };
	struct df_txn *taken;

	df_uuid_new(id);
	if (df_obj_new(&obj, "trace_request", &error) ||
	    df_obj_set_string(obj, "id", id, &error) ||
	    df_obj_set_string(obj, "host", host, &error) ||
	    df_obj_set_string(obj, "attributes", text, &error) ||
	    df_txn_new(&txn, dfctl_nb(follow->ctl)) || df_txn_create(txn, obj, &error))
		return dfctl_refused(&error);
	df_txn_set_lease(txn, follow->lease);
	taken = txn;
	txn = NULL;
	return dfctl_commit(taken);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* The answer, once it is there; NULL if none comes. */
static struct df_obj *answer_wait(struct follow *follow, const char *id)
{
	long long end = now_ms() + (follow->ctl->timeout_ms > 0 ? follow->ctl->timeout_ms :
								  WAIT_MS);
	struct df_nb *nb = dfctl_nb(follow->ctl);
	struct df_obj *obj = NULL;

	do {
		if (!df_nb_find_sync(nb, "trace_answer", id, &obj, NULL))
			return obj;
		df_nb_dispatch(nb, POLL_MS);
	} while (now_ms() < end);
	return NULL;
}

/* The attributes of an answer, which others have written: as if they had come. */
static json_t *answer_decode(const char *text)
{
	__auto_free char *buf = dfctl_alloc(2 * (size_t)MESSAGE_SIZE);
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;
	int len;

	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = DF_CMD_TRACE;
	len = dfctl_frame_parse_hex((uint8_t *)buf + nlh->nlmsg_len, MESSAGE_SIZE, text);
	if (len < 0)
		return NULL;
	nlh->nlmsg_len += (uint32_t)len;
	return dfctl_nl_decode(nlh, NULL);
}

static json_t *answer_json(const struct df_obj *obj)
{
	const char *text = obj ? df_obj_string(obj, "attributes") : NULL;
	const char *why = obj ? df_obj_string(obj, "error") : "its agent does not answer";
	json_t *trace = text ? answer_decode(text) : NULL;

	if (trace)
		return trace;
	return json_pack("{s:s}", "error", why ? why : "its answer makes no sense");
}

static int follow_trace(struct follow *follow, json_t *trace, int depth);

static int follow_step(struct follow *follow, json_t *trace, const json_t *step, int depth)
{
	const json_t *names = json_object_get(json_object_get(step, "names"), "chassis");
	const char *host = json_string_value(json_object_get(names, "name"));
	__auto_free char *text = request_text(follow, trace, step);
	df_obj_auto struct df_obj *obj = NULL;
	char id[DF_UUID_LEN + 1];
	json_t *there;
	int err;

	if (!host) {
		dfctl_err("--follow: the database does not know hypervisor %" JSON_INTEGER_FORMAT,
			  json_integer_value(json_object_get(step, "chassis")));
		return DFCTL_FAILED;
	}
	if (!text || follow->asked++ == ASKED_MAX)
		return DFCTL_OK;
	err = request_write(follow, host, text, id);
	if (err)
		return err;
	obj = answer_wait(follow, id);
	there = answer_json(obj);
	json_object_set_new(there, "host", json_string(host));
	if (!json_object_get(trace, "follow"))
		json_object_set_new(trace, "follow", json_array());
	json_array_append_new(json_object_get(trace, "follow"), there);
	dfctl_trace_names(there, follow->names);
	return follow_trace(follow, there, depth + 1);
}

static int follow_trace(struct follow *follow, json_t *trace, int depth)
{
	int err = DFCTL_OK;
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(trace, "step"), i, step) {
		const char *action = json_string_value(json_object_get(step, "action"));
		const char *verdict = json_string_value(json_object_get(step, "verdict"));

		if (err || depth == DEPTH_MAX)
			break;
		if (action && verdict && !strcmp(action, "tunnel") && !strcmp(verdict, "send"))
			err = follow_step(follow, trace, step, depth);
	}
	return err;
}

static void on_lost(void *arg, const struct df_error *error)
{
	(void)arg;
	(void)error;
}

/**
 * dfctl_trace_follow - let other hypervisors go on with a trace
 * @ctl: the command line
 * @nl: the kernel here
 * @names: of the database
 * @trace: what was found out here; gets what they say as "follow"
 *
 * Return: an exit status; a failure was reported.
 */
int dfctl_trace_follow(struct dfctl *ctl, struct dfctl_nl *nl, struct dfctl_names *names,
		       json_t *trace)
{
	struct follow follow = { .ctl = ctl, .names = names };
	struct df_error error = { 0 };
	int err;

	if (!dfctl_nb(ctl))
		return DFCTL_FAILED;
	err = dfctl_kernel_dump(nl, DF_CMD_CHASSIS_GET, &follow.chassis);
	if (err)
		return err;
	if (df_lease_new(&follow.lease, dfctl_nb(ctl), LEASE_MS, on_lost, NULL, &error))
		err = dfctl_refused(&error);
	else
		err = follow_trace(&follow, trace, 0);
	df_lease_free(follow.lease);
	json_decref(follow.chassis);
	return err;
}
