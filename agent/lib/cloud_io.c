// SPDX-License-Identifier: GPL-2.0
/* Reading a database whole, and bringing it from one cloud to another. */
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "image.h"
#include "schema.h"

/* A transaction ends with the object that reaches one of these. */
enum {
	OPS_USUAL = 1000,
	BYTES_USUAL = 256 * 1024,
};

/**
 * struct call - a request that is waited for
 * @is_done: it was answered, or time is up
 * @error: code 0 after success
 */
struct call {
	struct df_cloud *cloud;
	bool is_done;
	struct df_error error;
};

static void time_is_up(evutil_socket_t fd, short events, void *arg)
{
	struct call *call = arg;

	(void)fd;
	(void)events;
	call->is_done = true;
	df_error_set(&call->error, -ETIMEDOUT,
		     "the database did not answer in time");
}

static int call_wait(struct df_nb *nb, struct call *call, struct df_db_req *req)
{
	struct timeval tv = {
		.tv_sec = nb->timeout_ms / 1000,
		.tv_usec = nb->timeout_ms % 1000 * 1000,
	};
	struct event *timer = evtimer_new(nb->base, time_is_up, call);

	if (!timer || evtimer_add(timer, &tv))
		time_is_up(-1, 0, call);
	while (!call->is_done)
		if (event_base_loop(nb->base, EVLOOP_ONCE |
				    EVLOOP_NO_EXIT_ON_EMPTY) < 0)
			time_is_up(-1, 0, call);
	if (call->error.code == -ETIMEDOUT)
		df_db_cancel(req);
	if (timer)
		event_free(timer);
	return call->error.code;
}

static int check_handle(const struct df_nb *nb, struct df_error *error)
{
	if (nb->is_own_base && !nb->is_running)
		return 0;
	return df_error_set(error, -EINVAL,
			    "waiting is only for a handle with an event loop of its own");
}

/* --- reading ------------------------------------------------------------------ */

static void got_all(void *arg, const struct df_error *error,
		    const struct df_db_entry *entries, size_t count)
{
	struct call *call = arg;
	size_t i;

	call->is_done = true;
	if (error) {
		call->error = *error;
		return;
	}
	for (i = 0; i < count; i++) {
		const struct df_db_entry *entry = &entries[i];

		if (df_image_set(call->cloud, entry->key, entry->topic,
				 entry->value, entry->len)) {
			df_error_set(&call->error, -ENOMEM, "out of memory");
			return;
		}
		call->cloud->v[call->cloud->count - 1].version =
			entry->version;
	}
}

int df_cloud_read(struct df_cloud **out, struct df_nb *nb,
		  struct df_error *error)
{
	struct call call = { 0 };
	int err;

	err = check_handle(nb, error);
	if (err)
		return err;
	if (df_cloud_new(&call.cloud))
		return df_error_set(error, -ENOMEM, "out of memory");
	err = call_wait(nb, &call, df_db_list(nb->db, "", NULL, got_all,
					      &call));
	if (err) {
		df_cloud_free(call.cloud);
		return df_error_set(error, err, "%s", call.error.text);
	}
	*out = call.cloud;
	return 0;
}

/* --- writing ------------------------------------------------------------------ */

/**
 * struct diff - an entry that changes
 * @from: what it is; NULL if it is not there
 * @to: what it becomes; NULL if it goes
 * @owner: the object that it belongs to
 * @rank: puts first, what is referred to before what refers to it; then
 *	deletions, the other way round
 */
struct diff {
	const struct image_item *from;
	const struct image_item *to;
	char *owner;
	int rank;
};

/**
 * struct writer - a database that is written to
 * @diffs: what is to be written, objects with what belongs to them together
 * @done: how many of them are
 * @ops_max: of a transaction, at least one object's
 */
struct writer {
	struct df_nb *nb;
	struct diff *diffs;
	size_t count;
	size_t done;
	size_t ops_max;
	df_progress_fn fn;
	void *arg;
};

static int model_order(const char *key)
{
	const struct df_model *model;
	int i;

	df_image_kind(key, &model);
	for (i = 0; df_schemas[i].model.name; i++)
		if (&df_schemas[i].model == model)
			break;
	return i;
}

static int add_diff(struct writer *writer, const struct image_item *from,
		    const struct image_item *to, const struct df_cloud *target)
{
	struct diff *diff;

	if (!(writer->count & (writer->count - 1)) || !writer->diffs) {
		size_t size = writer->count ? writer->count * 2 : 1;

		diff = reallocarray(writer->diffs, size, sizeof(*diff));
		if (!diff)
			return -ENOMEM;
		writer->diffs = diff;
	}
	diff = &writer->diffs[writer->count++];
	*diff = (struct diff){ .from = from, .to = to };
	diff->owner = strdup(df_image_owner(to ? to : from).text);
	if (!diff->owner)
		return -ENOMEM;
	diff->rank = model_order(diff->owner);
	/* What belongs to an object that stays is no deletion. */
	if (!to && !df_image_find(target, diff->owner))
		diff->rank = 1000 - diff->rank;
	return 0;
}

static bool is_same(const struct image_item *a, const struct image_item *b)
{
	return a->len == b->len && !memcmp(a->value, b->value, a->len) &&
	       !strcmp(a->topic, b->topic);
}

static int compare(const void *a, const void *b)
{
	const struct diff *left = a, *right = b;
	int order = left->rank - right->rank;

	if (!order)
		order = strcmp(left->owner, right->owner);
	return order ? order : strcmp((left->to ?: left->from)->key,
				      (right->to ?: right->from)->key);
}

/* Sorted, unless there is no memory for all. */
static int find_diffs(struct writer *writer, const struct df_cloud *from,
		      const struct df_cloud *to)
{
	const struct image_item *item, *old;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < to->count; i++) {
		item = &to->v[i];
		if (item->is_gone || !strcmp(item->key, DF_RULES_KEY))
			continue;
		old = df_image_find(from, item->key);
		if (!old || !is_same(old, item))
			err = add_diff(writer, old, item, to);
	}
	for (i = 0; !err && i < from->count; i++) {
		item = &from->v[i];
		if (!item->is_gone && strcmp(item->key, DF_RULES_KEY) &&
		    !df_image_find(to, item->key))
			err = add_diff(writer, item, NULL, to);
	}
	if (!err && writer->count)
		qsort(writer->diffs, writer->count, sizeof(*writer->diffs),
		      compare);
	return err;
}

static struct df_db_op op_of(const struct diff *diff)
{
	struct df_db_op op = {
		.type = diff->to ? DF_DB_PUT : DF_DB_DELETE,
		.key = (diff->to ?: diff->from)->key,
		.topic = diff->to ? diff->to->topic : NULL,
		.value = diff->to ? diff->to->value : NULL,
		.len = diff->to ? diff->to->len : 0,
		.expect = diff->from ? diff->from->version : DF_DB_ABSENT,
	};

	return op;
}

/* How many of the diffs that are left go into one transaction. */
static size_t part_of(const struct writer *writer)
{
	const struct diff *diff = writer->diffs + writer->done;
	size_t left = writer->count - writer->done, bytes = 0, i, end = 0;

	for (i = 0; i < left; i++) {
		bool is_new_object = !i || strcmp(diff[i].owner,
						  diff[i - 1].owner);

		if (is_new_object)
			end = i;
		bytes += strlen((diff[i].to ?: diff[i].from)->key) +
			 (diff[i].to ? diff[i].to->len : 0);
		if (end && (i + 1 > writer->ops_max || bytes > BYTES_USUAL))
			return end;
	}
	return left;
}

static void committed(void *arg, const struct df_error *error, size_t conflict)
{
	struct call *call = arg;

	(void)conflict;
	call->is_done = true;
	if (error)
		call->error = *error;
}

static int commit(struct df_nb *nb, const struct df_db_op *ops, size_t count,
		  struct df_error *error)
{
	struct call call = { 0 };
	int err;

	err = call_wait(nb, &call, df_db_commit(nb->db, ops, count, NULL,
						committed, &call));
	if (err == -ESTALE)
		return df_error_set(error, err,
				    "somebody else changed the database meanwhile");
	return err ? df_error_set(error, err, "%s", call.error.text) : 0;
}

static int write_part(struct writer *writer, struct df_error *error)
{
	size_t part = part_of(writer), i;
	struct df_db_op *ops = calloc(part, sizeof(*ops));
	int err;

	if (!ops)
		return df_error_set(error, -ENOMEM, "out of memory");
	for (i = 0; i < part; i++)
		ops[i] = op_of(&writer->diffs[writer->done + i]);
	err = commit(writer->nb, ops, part, error);
	free(ops);
	if (err == -E2BIG && writer->ops_max > 1) {
		writer->ops_max = part < writer->ops_max ? part / 2 :
							   writer->ops_max / 2;
		if (!writer->ops_max)
			writer->ops_max = 1;
		return 0;
	}
	if (err)
		return err;
	writer->done += part;
	if (writer->fn)
		writer->fn(writer->arg, writer->done, writer->count);
	return 0;
}

/* The rules by which it is written now: at the beginning, and at the end. */
static int write_rules(struct df_nb *nb, const struct df_rules *rules,
		       uint64_t expect, struct df_error *error)
{
	char *text = df_rules_print(rules);
	struct df_db_op op = {
		.type = DF_DB_PUT,
		.key = DF_RULES_KEY,
		.topic = "",
		.value = text,
		.len = text ? strlen(text) : 0,
		.expect = expect,
	};
	int err;

	if (!text)
		return df_error_set(error, -ENOMEM, "out of memory");
	err = commit(nb, &op, 1, error);
	free(text);
	return err;
}

/* Others keep out of a database while it is filled. */
static int write_all(struct writer *writer, const struct df_cloud *from,
		     const struct df_cloud *to, struct df_error *error)
{
	const struct image_item *old = df_image_find(from, DF_RULES_KEY);
	const struct image_item *new = df_image_find(to, DF_RULES_KEY);
	struct df_rules rules = { DF_RULES_VERSION, DF_RULES_MIN_WRITER, true };
	bool is_filled = !df_cloud_objects(from) || df_cloud_is_partial(from);
	int err = 0;

	if (new)
		df_rules_parse(&rules, new->value, new->len);
	rules.is_partial = true;
	if (is_filled)
		err = write_rules(writer->nb, &rules,
				  old ? old->version : DF_DB_ABSENT, error);
	while (!err && writer->done < writer->count)
		err = write_part(writer, error);
	rules.is_partial = false;
	if (!err && is_filled)
		err = write_rules(writer->nb, &rules, DF_DB_PRESENT, error);
	return err;
}

int df_cloud_write(struct df_nb *nb, const struct df_cloud *from,
		   const struct df_cloud *to, df_progress_fn fn, void *arg,
		   size_t *written, struct df_error *error)
{
	struct writer writer = {
		.nb = nb, .ops_max = OPS_USUAL, .fn = fn, .arg = arg,
	};
	int err;

	*written = 0;
	err = check_handle(nb, error);
	if (err)
		return err;
	if (find_diffs(&writer, from, to))
		err = df_error_set(error, -ENOMEM, "out of memory");
	else
		err = write_all(&writer, from, to, error);
	*written = writer.done;
	while (writer.count)
		free(writer.diffs[--writer.count].owner);
	free(writer.diffs);
	return err;
}
