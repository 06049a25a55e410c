// SPDX-License-Identifier: GPL-2.0
#include "status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "util.h"

enum {
	MAX_IN_FLIGHT = 16,
	DELAY_MIN_MS = 100,
	DELAY_MAX_MS = 10000,
	DOWN_DELAY_MS = 50,
};

/**
 * struct report - what is, and what should be, in the database about a port
 * @reason: why it is down; NULL if it is up
 * @revision: of what we wrote last; 0 if nothing yet
 * @is_written: the database has it
 * @is_in_flight: a commit is not done
 * @is_leaving: the port is not bound here any more: the last report
 */
struct report {
	struct dfa_map_node node;
	struct dfa_status *status;
	struct dfa_uuid port;
	const char *reason;
	struct df_obj *obj;
	uint64_t revision;
	bool is_written;
	bool is_in_flight;
	bool is_leaving;
};

static struct report *find(const struct dfa_status *status,
			   const struct dfa_uuid *port)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&status->reports, dfa_uuid_hash(port));
	for (; node; node = dfa_map_next(node)) {
		struct report *report;

		report = dfa_container_of(node, struct report, node);
		if (dfa_uuid_equal(&report->port, port))
			return report;
	}
	return NULL;
}

static void forget(struct report *report)
{
	dfa_map_del(&report->status->reports, &report->node);
	df_obj_put(report->obj);
	free(report);
}

static void schedule(struct dfa_status *status, unsigned int delay_ms)
{
	struct timeval tv = {
		.tv_sec = delay_ms / 1000,
		.tv_usec = delay_ms % 1000 * 1000,
	};

	evtimer_add(status->work, &tv);
}

static void schedule_retry(struct dfa_status *status)
{
	status->delay_ms = status->delay_ms ? status->delay_ms * 2 :
					      DELAY_MIN_MS;
	if (status->delay_ms > DELAY_MAX_MS)
		status->delay_ms = DELAY_MAX_MS;
	schedule(status, status->delay_ms);
}

/* The port is gone, or its status belongs to somebody else by now. */
static bool is_moot(int code)
{
	return code == -ENOENT || code == -ESTALE;
}

static void written(void *arg, const struct df_error *error)
{
	struct report *report = arg;
	struct dfa_status *status = report->status;
	bool moot = error && is_moot(error->code);
	char id[DF_UUID_LEN + 1];

	status->in_flight--;
	report->is_in_flight = false;
	if (!error) {
		report->revision = df_obj_revision(report->obj);
		status->delay_ms = 0;
	} else if (moot) {
		report->revision = 0;
	} else {
		dfa_uuid_print(id, &report->port);
		if (status->nb)
			dfa_warning("port %s: cannot report its status: %s", id,
				    error->text);
		report->is_written = false;
		schedule_retry(status);
		return;
	}
	if (report->is_leaving && (report->is_written || moot))
		forget(report);
	schedule(status, 0);
}

static int fill(struct report *report, struct df_obj *obj)
{
	char id[DF_UUID_LEN + 1];
	int err;

	dfa_uuid_print(id, &report->port);
	err = df_obj_set_string(obj, "id", id, NULL);
	if (!err)
		err = df_obj_set_string(obj, "status",
					report->reason ? "down" : "up", NULL);
	if (!err)
		err = df_obj_set_string(obj, "chassis", report->status->chassis,
					NULL);
	if (!err && report->reason)
		err = df_obj_set_string(obj, "reason", report->reason, NULL);
	return err;
}

/* The last report counts only if nobody has reported since. */
static int write_report(struct report *report)
{
	struct dfa_status *status = report->status;
	df_txn_auto struct df_txn *txn = NULL;
	df_obj_auto struct df_obj *obj = NULL;
	int err;

	err = df_obj_new(&obj, "port_status", NULL);
	if (!err)
		err = fill(report, obj);
	if (!err)
		err = df_txn_new(&txn, status->nb);
	if (!err)
		err = report->is_leaving ?
			      df_txn_update(txn, obj, report->revision, NULL) :
			      df_txn_put(txn, obj, NULL);
	if (err)
		return err;

	df_obj_put(report->obj);
	report->obj = dfa_take_ptr(obj);
	report->is_written = true;
	report->is_in_flight = true;
	status->in_flight++;
	df_txn_commit(dfa_take_ptr(txn), written, report);
	return 0;
}

static void work(evutil_socket_t fd, short what, void *arg)
{
	struct dfa_status *status = arg;
	struct dfa_map_iter iter = dfa_map_iter(&status->reports);
	struct dfa_map_node *node;

	(void)fd;
	(void)what;
	while (status->nb && status->in_flight < MAX_IN_FLIGHT &&
	       (node = dfa_map_iter_next(&status->reports, &iter))) {
		struct report *report;
		int err;

		report = dfa_container_of(node, struct report, node);
		if (report->is_written || report->is_in_flight)
			continue;
		err = write_report(report);
		if (err) {
			dfa_error("cannot report the status of a port: %s",
				  strerror(-err));
			schedule_retry(status);
			return;
		}
	}
}

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

void dfa_status_set(struct dfa_status *status, const struct dfa_uuid *port,
		    const char *reason)
{
	struct report *report = find(status, port);

	if (report && !report->is_leaving && is_same(report->reason, reason))
		return;
	if (!report) {
		report = calloc(1, sizeof(*report));
		if (!report) {
			dfa_error("no memory to report the status of a port");
			return;
		}
		report->status = status;
		report->port = *port;
		dfa_map_add(&status->reports, &report->node,
			    dfa_uuid_hash(port));
	}
	report->reason = reason;
	report->is_written = false;
	report->is_leaving = false;
	/* A new port is down only until it is programmed: not worth a word. */
	schedule(status, reason ? DOWN_DELAY_MS : 0);
}

void dfa_status_leave(struct dfa_status *status, const struct dfa_uuid *port)
{
	struct report *report = find(status, port);

	if (!report)
		return;
	if (!report->revision && !report->is_in_flight) {
		forget(report);
		return;
	}
	report->reason = "not bound here";
	report->is_written = false;
	report->is_leaving = true;
	schedule(status, 0);
}

void dfa_status_database(struct dfa_status *status, struct df_nb *nb)
{
	status->nb = nb;
	status->delay_ms = 0;
	if (nb)
		schedule(status, 0);
}

int dfa_status_init(struct dfa_status *status, struct event_base *base,
		    const char *chassis)
{
	*status = (struct dfa_status){ .chassis = chassis };
	dfa_map_init(&status->reports);
	status->work = evtimer_new(base, work, status);
	return status->work ? 0 : -ENOMEM;
}

/* The database is closed before: no commit calls back any more. */
void dfa_status_fini(struct dfa_status *status)
{
	struct dfa_map_iter iter = dfa_map_iter(&status->reports);
	struct dfa_map_node *node;

	while ((node = dfa_map_iter_next(&status->reports, &iter))) {
		struct report *report;

		report = dfa_container_of(node, struct report, node);
		df_obj_put(report->obj);
		free(report);
	}
	dfa_map_fini(&status->reports);
	if (status->work)
		event_free(status->work);
	status->work = NULL;
}
