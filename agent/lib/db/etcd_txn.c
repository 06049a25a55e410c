// SPDX-License-Identifier: GPL-2.0
/* Transactions of etcd; see etcd_txn.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_txn.h"

/* Fields of a TxnRequest, and kinds of a RequestOp in it */
enum {
	TXN_COMPARE = 1,
	TXN_SUCCESS = 2,
	TXN_FAILURE = 3,
	OP_RANGE = 1,
	OP_PUT = 2,
	OP_DELETE = 3,
	OP_TXN = 4,
};

/* Of a Compare: what is compared, which is also the number of its field - 4 */
enum {
	COMPARE_EQUAL = 0,
	COMPARE_GREATER = 1,
	COMPARE_LESS = 2,
	TARGET_VERSION = 0,
	TARGET_MOD = 2,
};

/**
 * struct list - the operations of a request, in groups
 * @field: TXN_SUCCESS or TXN_FAILURE
 * @is_flat: they are few and need no groups
 * @used: operations in the group that is open
 */
struct list {
	struct df_pb *pb;
	unsigned int field;
	bool is_flat;
	unsigned int used;
	size_t outer;
	size_t inner;
	size_t op;
	size_t body;
};

static void list_end(struct list *list)
{
	if (list->used) {
		df_pb_close(list->pb, list->inner);
		df_pb_close(list->pb, list->outer);
	}
	list->used = 0;
}

static void op_begin(struct list *list, unsigned int kind)
{
	unsigned int field = list->is_flat ? list->field : TXN_SUCCESS;

	if (list->used == DF_ETCD_GROUP)
		list_end(list);
	if (!list->is_flat && !list->used++) {
		list->outer = df_pb_open(list->pb, list->field);
		list->inner = df_pb_open(list->pb, OP_TXN);
	}
	list->op = df_pb_open(list->pb, field);
	list->body = df_pb_open(list->pb, kind);
}

static void op_end(struct list *list)
{
	df_pb_close(list->pb, list->body);
	df_pb_close(list->pb, list->op);
}

/* Keys */

void df_etcd_key_mark(struct df_etcd_key *key, const struct df_etcd_plan *plan)
{
	char name[4];

	snprintf(name, sizeof(name), "%02x", plan->mark);
	df_etcd_key_set(key, plan->root, 'w', name);
}

void df_etcd_key_fence(struct df_etcd_key *key,
		       const struct df_etcd_plan *plan)
{
	char name[20];

	snprintf(name, sizeof(name), "%016" PRIx64, plan->id);
	df_etcd_key_set(key, plan->root, 'f', name);
}

static bool is_inside(const struct df_db_op *op, const struct df_db_op *empty)
{
	return !strncmp(op->key, empty->key, strlen(empty->key));
}

static bool changes(const struct df_db_op *op)
{
	return op->type == DF_DB_PUT || op->type == DF_DB_DELETE;
}

static const char *topic_of(const struct df_db_op *op)
{
	return op->topic ? op->topic : "";
}

/* Reading */

static size_t count_deletes(const struct df_etcd_plan *plan,
			    const struct df_db_op *empty)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < plan->count; i++)
		count += plan->ops[i].type == DF_DB_DELETE &&
			 is_inside(&plan->ops[i], empty);
	return count;
}

static void put_reads(struct df_pb *pb, unsigned int field,
		      const struct df_etcd_plan *plan)
{
	struct list list = {
		.pb = pb,
		.field = field,
		.is_flat = plan->count <= DF_ETCD_GROUP,
	};
	struct df_etcd_key key;
	size_t i;

	for (i = 0; i < plan->count; i++) {
		df_etcd_key_set(&key, plan->root, 'k', plan->ops[i].key);
		op_begin(&list, OP_RANGE);
		df_pb_bytes(pb, 1, key.text, key.len);
		if (plan->ops[i].type == DF_DB_EMPTY) {
			/* With one more than go away, one is there that stays. */
			df_etcd_key_end(&key);
			df_pb_bytes(pb, 2, key.text, key.len);
			df_pb_uint(pb, 3, 1 + count_deletes(plan, &plan->ops[i]));
			df_pb_uint(pb, 8, 1);
		}
		op_end(&list);
	}
	list_end(&list);
}

void df_etcd_txn_read(struct df_pb *pb, const struct df_etcd_plan *plan)
{
	put_reads(pb, TXN_SUCCESS, plan);
}

static bool is_deleted(const struct df_etcd_plan *plan,
		       const struct df_etcd_kv *kv)
{
	size_t skipped = strlen(plan->root) + 3;
	size_t i;

	for (i = 0; i < plan->count; i++)
		if (plan->ops[i].type == DF_DB_DELETE &&
		    strlen(plan->ops[i].key) + skipped == kv->key.len &&
		    !memcmp(plan->ops[i].key, kv->key.data + skipped,
			    kv->key.len - skipped))
			return true;
	return false;
}

static int take_entry(struct df_etcd_stored *stored,
		      const struct df_etcd_plan *plan,
		      const struct df_etcd_kv *kv)
{
	struct df_etcd_names names;
	struct df_db_entry entry;

	if (df_etcd_entry_parse(&entry, &names, kv, plan->root, 'k'))
		return -EBADMSG;
	stored->exists = true;
	stored->is_leased = kv->lease;
	stored->version = entry.version;
	strcpy(stored->topic, names.topic);
	return 0;
}

struct taking {
	struct df_etcd_plan *plan;
	size_t index;
};

static int take_range(void *arg, struct df_etcd_range *range)
{
	struct taking *taking = arg;
	struct df_etcd_plan *plan = taking->plan;
	struct df_etcd_stored *stored;
	const struct df_db_op *op;
	struct df_etcd_kv kv;
	int more;

	if (taking->index == plan->count)
		return -EBADMSG;
	stored = &plan->stored[taking->index];
	op = &plan->ops[taking->index++];
	memset(stored, 0, sizeof(*stored));
	while ((more = df_etcd_range_next(range, &kv)) > 0) {
		if (op->type == DF_DB_EMPTY)
			stored->has_others |= !is_deleted(plan, &kv);
		else if (take_entry(stored, plan, &kv))
			return -EBADMSG;
	}
	return more;
}

int df_etcd_txn_take(struct df_etcd_plan *plan, const struct df_etcd_txn *txn)
{
	struct taking taking = { .plan = plan };
	int err = df_etcd_txn_ranges(txn, take_range, &taking);

	if (err || taking.index != plan->count || !txn->revision)
		return -EBADMSG;
	plan->is_guess = false;
	plan->revision = txn->revision;
	return 0;
}

/* Expecting */

static bool is_met(const struct df_etcd_plan *plan, size_t index)
{
	const struct df_etcd_stored *stored = &plan->stored[index];
	const struct df_db_op *op = &plan->ops[index];
	size_t i;

	if (op->type == DF_DB_EMPTY) {
		for (i = 0; i < plan->count; i++)
			if (plan->ops[i].type == DF_DB_PUT &&
			    is_inside(&plan->ops[i], op))
				return false;
		return !stored->has_others;
	}
	switch (op->expect) {
	case DF_DB_ANY:
		return true;
	case DF_DB_ABSENT:
		return !stored->exists;
	case DF_DB_PRESENT:
		return stored->exists;
	default:
		return stored->exists && stored->version == op->expect;
	}
}

size_t df_etcd_txn_unmet(const struct df_etcd_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->count && is_met(plan, i); i++)
		;
	return i;
}

/* A put to a topic shows by that topic's key whether the entry was in it. */
static bool guess(struct df_etcd_stored *stored, const struct df_db_op *op)
{
	memset(stored, 0, sizeof(*stored));
	if (op->type == DF_DB_EMPTY)
		return true;
	if (op->expect == DF_DB_ABSENT)
		return true;
	if (op->type != DF_DB_CHECK &&
	    (op->type == DF_DB_DELETE || !*topic_of(op) ||
	     op->expect == DF_DB_ANY || op->expect == DF_DB_PRESENT))
		return false;
	stored->exists = true;
	stored->version = op->expect;
	if (op->type == DF_DB_PUT)
		strcpy(stored->topic, topic_of(op));
	return true;
}

bool df_etcd_txn_guess(struct df_etcd_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->count; i++)
		if (!guess(&plan->stored[i], &plan->ops[i]))
			return false;
	plan->is_guess = true;
	/* A put where nothing may be is no guess that can come true. */
	return df_etcd_txn_unmet(plan) == plan->count;
}

/**
 * struct compares - the comparisons of a request
 * @pb: where they are put; NULL: they are only counted
 */
struct compares {
	struct df_pb *pb;
	size_t count;
};

static void compare(struct compares *compares, const struct df_etcd_key *key,
		    const struct df_etcd_key *end, unsigned int result,
		    uint64_t revision)
{
	unsigned int target = revision ? TARGET_MOD : TARGET_VERSION;
	size_t mark;

	compares->count++;
	if (!compares->pb)
		return;
	mark = df_pb_open(compares->pb, TXN_COMPARE);
	df_pb_uint(compares->pb, 1, result);
	df_pb_uint(compares->pb, 2, target);
	df_pb_bytes(compares->pb, 3, key->text, key->len);
	df_pb_uint(compares->pb, 4 + target, revision);
	if (end)
		df_pb_bytes(compares->pb, 64, end->text, end->len);
	df_pb_close(compares->pb, mark);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Around each key that the transaction deletes, there is none. */
static void compare_empty(struct compares *compares,
			  const struct df_etcd_plan *plan,
			  const struct df_db_op *empty)
{
	const char **names = calloc(plan->count, sizeof(*names));
	struct df_etcd_key from;
	struct df_etcd_key end;
	size_t count = 0;
	size_t i;

	if (!names)
		abort();
	for (i = 0; i < plan->count; i++)
		if (plan->ops[i].type == DF_DB_DELETE &&
		    is_inside(&plan->ops[i], empty))
			names[count++] = plan->ops[i].key;
	qsort(names, count, sizeof(*names), compare_names);
	df_etcd_key_set(&from, plan->root, 'k', empty->key);
	for (i = 0; i < count; i++) {
		df_etcd_key_set(&end, plan->root, 'k', names[i]);
		if (strcmp(from.text, end.text))
			compare(compares, &from, &end, COMPARE_EQUAL, 0);
		from = end;
		/* The next one has a zero byte more, which is there already. */
		from.len++;
	}
	df_etcd_key_set(&end, plan->root, 'k', empty->key);
	df_etcd_key_end(&end);
	compare(compares, &from, &end, COMPARE_EQUAL, 0);
	free(names);
}

static void compare_entry(struct compares *compares,
			  const struct df_etcd_plan *plan, size_t index)
{
	const struct df_etcd_stored *stored = &plan->stored[index];
	const struct df_db_op *op = &plan->ops[index];
	struct df_etcd_key key;

	if (op->type == DF_DB_CHECK && op->expect == DF_DB_ANY)
		return;
	df_etcd_key_set(&key, plan->root, 'k', op->key);
	if (op->type == DF_DB_CHECK && op->expect == DF_DB_PRESENT)
		compare(compares, &key, NULL, COMPARE_GREATER, 0);
	else
		compare(compares, &key, NULL, COMPARE_EQUAL,
			stored->exists ? stored->version : 0);
	if (!plan->is_guess || op->type != DF_DB_PUT || !stored->exists)
		return;
	df_etcd_key_topic(&key, plan->root, topic_of(op), op->key);
	compare(compares, &key, NULL, COMPARE_EQUAL, stored->version);
}

/* What goes by itself, at the end of a lease, is no commit. */
static void compare_all(struct compares *compares,
			const struct df_etcd_plan *plan, bool is_whole)
{
	struct df_etcd_key from;
	struct df_etcd_key end;
	size_t i;

	for (i = 0; i < plan->count; i++) {
		if (plan->ops[i].type != DF_DB_EMPTY) {
			if (!is_whole || plan->stored[i].is_leased)
				compare_entry(compares, plan, i);
		} else if (!is_whole) {
			compare_empty(compares, plan, &plan->ops[i]);
		}
	}
	if (is_whole) {
		df_etcd_key_set(&from, plan->root, 'w', "");
		end = from;
		df_etcd_key_end(&end);
		compare(compares, &from, &end, COMPARE_LESS,
			plan->revision + 1);
	}
	df_etcd_key_fence(&from, plan);
	compare(compares, &from, NULL, COMPARE_EQUAL, 0);
}

bool df_etcd_txn_is_large(const struct df_etcd_plan *plan)
{
	struct compares compares = { .pb = NULL };

	compare_all(&compares, plan, false);
	return compares.count > DF_ETCD_GROUP;
}

/* Writing */

static void put_delete(struct list *list, const struct df_etcd_key *key)
{
	op_begin(list, OP_DELETE);
	df_pb_bytes(list->pb, 1, key->text, key->len);
	op_end(list);
}

static void put_put(struct list *list, const struct df_etcd_key *key,
		    const struct df_db_op *op, bool has_topic, uint64_t lease)
{
	size_t mark;

	op_begin(list, OP_PUT);
	df_pb_bytes(list->pb, 1, key->text, key->len);
	mark = df_pb_open(list->pb, 2);
	if (has_topic) {
		df_pb_raw(list->pb, topic_of(op), strlen(topic_of(op)));
		df_pb_raw(list->pb, "\n", 1);
	}
	df_pb_raw(list->pb, op->value, op->len);
	df_pb_close(list->pb, mark);
	if (lease)
		df_pb_uint(list->pb, 3, lease);
	op_end(list);
}

static void put_op(struct list *list, const struct df_etcd_plan *plan,
		   size_t index)
{
	const struct df_etcd_stored *stored = &plan->stored[index];
	const struct df_db_op *op = &plan->ops[index];
	const char *topic = op->type == DF_DB_PUT ? topic_of(op) : "";
	struct df_etcd_key key;

	/* First, so that who follows all topics sees it go, and come again. */
	if (stored->exists && *stored->topic && strcmp(stored->topic, topic)) {
		df_etcd_key_topic(&key, plan->root, stored->topic, op->key);
		put_delete(list, &key);
	}
	df_etcd_key_set(&key, plan->root, 'k', op->key);
	if (op->type == DF_DB_DELETE) {
		if (stored->exists)
			put_delete(list, &key);
		return;
	}
	put_put(list, &key, op, true, plan->lease);
	if (!*topic)
		return;
	df_etcd_key_topic(&key, plan->root, topic, op->key);
	put_put(list, &key, op, false, plan->lease);
}

bool df_etcd_txn_writes(const struct df_etcd_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->count; i++)
		if (changes(&plan->ops[i]))
			return true;
	return false;
}

static bool has_put(const struct df_etcd_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->count; i++)
		if (plan->ops[i].type == DF_DB_PUT)
			return true;
	return false;
}

void df_etcd_txn_write(struct df_pb *pb, const struct df_etcd_plan *plan)
{
	struct compares compares = { .pb = pb };
	struct list list = {
		.pb = pb,
		.field = TXN_SUCCESS,
		/* Each has up to three, and the mark comes last. */
		.is_flat = plan->count * 3 + 1 <= DF_ETCD_GROUP,
	};
	struct df_db_op mark = { .type = DF_DB_PUT };
	struct df_etcd_key key;
	char id[20];
	size_t i;

	compare_all(&compares, plan,
		    plan->is_bounded && !plan->is_guess &&
		    df_etcd_txn_is_large(plan));
	for (i = 0; i < plan->count; i++)
		if (changes(&plan->ops[i]))
			put_op(&list, plan, i);
	list_end(&list);
	/*
	 * Servers look for what takes space outside of groups: there it is seen,
	 * and refused when they are full, unless all the rest deletes.
	 */
	list.is_flat = has_put(plan);
	if (df_etcd_txn_writes(plan)) {
		mark.value = id;
		mark.len = snprintf(id, sizeof(id), "%016" PRIx64, plan->id);
		df_etcd_key_mark(&key, plan);
		put_put(&list, &key, &mark, false, 0);
	}
	list_end(&list);
	put_reads(pb, TXN_FAILURE, plan);
}
