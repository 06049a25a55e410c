// SPDX-License-Identifier: GPL-2.0
#include "traces.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "log.h"
#include "util.h"

enum {
	LEASE_TTL_MS = 10000,
};

static const char digits[] = "0123456789abcdef";

/* @bytes has room for half of the text. Return: how many, or -EINVAL. */
static int parse_hex(uint8_t *bytes, const char *text)
{
	size_t len = strlen(text);

	if (len % 2)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		const char *digit = strchr(digits, text[i]);

		if (!digit)
			return -EINVAL;
		bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | (digit - digits));
	}
	return (int)(len / 2);
}

/* What the kernel says, as digits. */
static void traced(void *arg, const void *attrs, size_t len)
{
	const uint8_t *bytes = attrs;
	char *text = malloc(2 * len + 1), **out = arg;

	if (!text)
		return;
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * len] = '\0';
	free(*out);
	*out = text;
}

static int ask(struct dfa_kernel *kernel, const struct df_obj *request,
	       char **answer, char why[256])
{
	const char *text = df_obj_string(request, "attributes");
	__auto_free uint8_t *attrs = calloc(1, strlen(text) / 2 + 1);
	int len;

	if (!attrs)
		return -ENOMEM;
	len = parse_hex(attrs, text);
	if (len < 0)
		return len;
	return dfa_kernel_trace(kernel, attrs, (size_t)len, traced, answer,
				why);
}

static int fill(struct df_obj *obj, const struct df_obj *request,
		struct dfa_kernel *kernel, struct df_error *error)
{
	char why[256] = "the module is not loaded";
	__auto_free char *answer = NULL;
	int err = kernel ? ask(kernel, request, &answer, why) : -ENOENT;

	if (err && !*why)
		snprintf(why, sizeof(why), "%s", strerror(-err));
	err = df_obj_set_string(obj, "id", df_obj_id(request), error) ?:
	      df_obj_set_string(obj, "host", df_obj_string(request, "host"),
				error);
	if (err)
		return err;
	return answer ? df_obj_set_string(obj, "attributes", answer, error) :
			df_obj_set_string(obj, "error", why, error);
}

/* --- the database ---------------------------------------------------------- */

/* The answers go with the lease, once nobody wants to know any of them. */
static void settle(struct dfa_traces *traces)
{
	if (traces->count || traces->in_flight || !traces->lease)
		return;
	df_lease_free(traces->lease);
	traces->lease = NULL;
}

static void lost(void *arg, const struct df_error *error)
{
	struct dfa_traces *traces = arg;

	(void)error;
	df_lease_free(traces->lease);
	traces->lease = NULL;
}

static void written(void *arg, const struct df_error *error)
{
	struct dfa_traces *traces = arg;

	traces->in_flight--;
	if (error)
		dfa_warning("cannot answer a trace: %s", error->text);
	settle(traces);
}

static int write_answer(struct dfa_traces *traces, const struct df_obj *request,
			struct dfa_kernel *kernel, struct df_error *error)
{
	df_txn_auto struct df_txn *txn = NULL;
	df_obj_auto struct df_obj *obj = NULL;
	int err = 0;

	if (!traces->lease)
		err = df_lease_new(&traces->lease, traces->nb, LEASE_TTL_MS,
				   lost, traces, error);
	if (!err)
		err = df_obj_new(&obj, "trace_answer", error);
	if (!err)
		err = fill(obj, request, kernel, error);
	if (!err)
		err = df_txn_new(&txn, traces->nb);
	if (!err)
		err = df_txn_put(txn, obj, error);
	if (err)
		return err;
	df_txn_set_lease(txn, traces->lease);
	traces->in_flight++;
	df_txn_commit(dfa_take_ptr(txn), written, traces);
	return 0;
}

static struct dfa_uuid *find(struct dfa_traces *traces,
			     const struct dfa_uuid *id)
{
	for (unsigned int i = 0; i < traces->count; i++) {
		if (dfa_uuid_equal(&traces->ids[i], id))
			return &traces->ids[i];
	}
	return NULL;
}

void dfa_traces_put(struct dfa_traces *traces, const struct df_obj *request,
		    struct dfa_kernel *kernel)
{
	struct df_error error = { -ENOMEM, "out of memory" };
	struct dfa_uuid id;

	if (dfa_uuid_parse(&id, df_obj_id(request)) || find(traces, &id))
		return;
	if (traces->count == DFA_TRACES_MAX) {
		dfa_warning("too many traces are asked for: one is not answered");
		return;
	}
	traces->ids[traces->count++] = id;
	if (write_answer(traces, request, kernel, &error))
		dfa_warning("cannot answer a trace: %s", error.text);
}

void dfa_traces_del(struct dfa_traces *traces, const char *text)
{
	struct dfa_uuid id, *known;

	if (dfa_uuid_parse(&id, text))
		return;
	known = find(traces, &id);
	if (!known)
		return;
	*known = traces->ids[--traces->count];
	settle(traces);
}

void dfa_traces_init(struct dfa_traces *traces, struct df_nb *nb)
{
	*traces = (struct dfa_traces){ .nb = nb };
}

void dfa_traces_fini(struct dfa_traces *traces)
{
	df_lease_free(traces->lease);
	traces->lease = NULL;
}
