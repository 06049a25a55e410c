// SPDX-License-Identifier: GPL-2.0
/*
 * Checking a cloud against itself, and mending it. What belongs to an object is
 * what a transaction that creates it would write: see ops.h. Pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "cloud_rules.h"
#include "error.h"
#include "image.h"
#include "ops.h"
#include "schema.h"

/* Not reached unless nearly all numbers are in use. */
#define RENUMBER_TRIES 1000

/**
 * struct check - a check that is under way
 * @cloud: what is checked
 * @mend: what is mended, the same entries; or NULL
 * @want: claims, marks and derived objects that there should be
 * @flags: enum df_repair_flag
 * @is_newer: written by rules that are not all known here
 * @unreadable: objects that cannot be read, and stay
 * @left: how much is wrong, and not mended
 */
struct check {
	const struct df_cloud *cloud;
	struct df_cloud *mend;
	struct df_cloud *want;
	unsigned int flags;
	bool is_newer;
	size_t unreadable;
	long left;
	df_finding_fn fn;
	void *arg;
};

const char *df_finding_name(enum df_finding_kind kind)
{
	static const char *const names[] = {
		[DF_FINDING_UNREADABLE] = "unreadable",
		[DF_FINDING_INVALID] = "invalid",
		[DF_FINDING_DANGLING] = "dangling",
		[DF_FINDING_DUPLICATE] = "duplicate",
		[DF_FINDING_MISSING] = "missing",
		[DF_FINDING_DIFFERENT] = "different",
		[DF_FINDING_LEAKED] = "leaked",
		[DF_FINDING_MISPLACED] = "misplaced",
		[DF_FINDING_UNKNOWN] = "unknown",
	};

	return names[kind];
}

static void tell(struct check *check, enum df_finding_kind kind,
		 const char *key, const char *fix, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

static void tell(struct check *check, enum df_finding_kind kind,
		 const char *key, const char *fix, const char *format, ...)
{
	struct df_finding finding = { .kind = kind, .key = key, .fix = fix };
	struct df_error text;
	va_list args;

	va_start(args, format);
	df_error_vset(&text, 0, format, args);
	va_end(args);
	finding.text = text.text;
	if (kind != DF_FINDING_UNKNOWN && !(fix && check->mend))
		check->left++;
	if (check->fn)
		check->fn(check->arg, &finding);
}

/* --- mending ---------------------------------------------------------------- */

static int put(struct check *check, const struct image_item *item)
{
	return check->mend ? df_image_set(check->mend, item->key, item->topic,
					  item->value, item->len) : 0;
}

static void drop(struct check *check, const char *key)
{
	if (check->mend)
		df_image_del(check->mend, key);
}

static int put_object(struct check *check, const struct df_obj *obj)
{
	char *text = json_dumps(obj->doc, JSON_COMPACT | JSON_SORT_KEYS);
	char *topic = df_obj_topic(obj);
	struct df_key key = df_key_obj(obj->model->name, df_obj_id(obj));
	int err = -ENOMEM;

	if (text && topic)
		err = !check->mend ? 0 :
		      df_image_set(check->mend, key.text, topic, text,
				   strlen(text));
	free(text);
	free(topic);
	return err;
}

/* --- objects ---------------------------------------------------------------- */

static int expand(struct df_obj *obj, struct ops *ops, struct df_error *error)
{
	struct change change = { .model = obj->model, .new = obj };

	snprintf(change.id, sizeof(change.id), "%s", df_obj_id(obj));
	df_ops_fini(ops);
	return df_ops_add_change(ops, &change, 0, error);
}

static const struct df_field *number_field(const struct df_model *model)
{
	const unsigned int both = DF_FIELD_ASSIGNED | DF_FIELD_UNIQUE;
	const struct df_field *field = df_schema(model)->fields;

	for (; field->name; field++)
		if ((field->flags & both) == both)
			return field;
	return NULL;
}

/* Is a claim of the number another's, or will it be? */
static bool is_number_taken(const struct check *check, const struct ops *ops,
			    const char *name, bool is_new)
{
	size_t i;

	for (i = 0; i < ops->count; i++)
		if (ops->notes[i].kind == OPS_CLAIM &&
		    !strcmp(ops->notes[i].field, name))
			return df_image_find(check->want, ops->v[i].key) ||
			       (is_new && df_image_find(check->cloud,
							ops->v[i].key));
	return false;
}

static int choose_number(struct df_obj *obj, const struct df_field *field)
{
	uint64_t n;

	df_random(&n, sizeof(n));
	n = field->min + n % (field->max - field->min + 1);
	return json_object_set_new(obj->doc, field->name,
				   json_integer((json_int_t)n)) ? -ENOMEM : 0;
}

/*
 * The number by which the kernel knows an object is the library's to choose: who
 * has none, or another's, gets one. Nobody forwards for such an object anyway.
 */
static int renumber(struct check *check, struct df_obj *obj, struct ops *ops)
{
	const struct df_field *field = number_field(obj->model);
	struct df_key key = df_key_obj(obj->model->name, df_obj_id(obj));
	json_int_t revision = (json_int_t)df_obj_revision(obj) + 1;
	bool has = field && df_obj_has(obj, field->name);
	struct df_error error;
	int i, err = 0;

	if (!field || (has && !is_number_taken(check, ops, field->name, false)))
		return 0;
	tell(check, has ? DF_FINDING_DUPLICATE : DF_FINDING_INVALID, key.text,
	     "it gets a new one", "%s: field \"%s\": %s",
	     df_obj_label(obj).text, field->name,
	     has ? "the number is another's" : "is missing");
	if (!check->mend) {
		json_object_del(obj->doc, field->name);
		return expand(obj, ops, &error);
	}
	if (json_object_set_new(obj->doc, "revision", json_integer(revision)))
		return -ENOMEM;
	for (i = 0; !err && i < RENUMBER_TRIES; i++) {
		err = choose_number(obj, field) ?: expand(obj, ops, &error);
		if (!err && !is_number_taken(check, ops, field->name, true))
			break;
	}
	return err ? err : put_object(check, obj);
}

static void tell_twice(struct check *check, const struct df_obj *obj,
		       const struct df_db_op *op, const char *field)
{
	const struct image_item *first = df_image_find(check->want, op->key);

	tell(check, DF_FINDING_DUPLICATE,
	     df_key_obj(obj->model->name, df_obj_id(obj)).text, NULL,
	     "%s: field \"%s\": %s is already used by %s",
	     df_obj_label(obj).text, field,
	     df_quote(strrchr(op->key, '/') + 1).text, first->value);
}

/* Does the object live without what it refers to? */
static void check_reference(struct check *check, const struct df_obj *obj,
			    const struct df_db_op *op, const char *field)
{
	const struct df_model *model;
	const char *id;

	if (df_image_find(check->cloud, op->key) ||
	    df_key_split(op->key, &model, &id))
		return;
	tell(check, DF_FINDING_DANGLING,
	     df_key_obj(obj->model->name, df_obj_id(obj)).text, NULL,
	     "%s: field \"%s\": there is no %s %s", df_obj_label(obj).text,
	     field, model->name, id);
}

static int check_op(struct check *check, const struct df_obj *obj,
		    const struct ops *ops, size_t i)
{
	const struct ops_note *note = &ops->notes[i];
	const struct df_db_op *op = &ops->v[i];

	switch (note->kind) {
	case OPS_REF:
		check_reference(check, obj, op, note->field);
		return 0;
	case OPS_CLAIM:
		if (df_image_find(check->want, op->key)) {
			tell_twice(check, obj, op, note->field);
			return 0;
		}
		break;
	case OPS_MARK:
	case OPS_DERIVED:
		break;
	default:
		return 0;
	}
	return df_image_set(check->want, op->key, op->topic ? op->topic : "",
			    op->value, op->len);
}

static void check_topic(struct check *check, const struct image_item *item,
			const struct df_obj *obj)
{
	char *topic = df_obj_topic(obj);

	if (topic && strcmp(topic, item->topic)) {
		tell(check, DF_FINDING_MISPLACED, item->key, "it is moved",
		     "%s is in the topic \"%s\", not in \"%s\"",
		     df_obj_label(obj).text, item->topic, topic);
		put_object(check, obj);
	}
	free(topic);
}

/* A port's status, say, goes with the port. */
static bool is_left_over(struct check *check, const struct image_item *item,
			 const struct df_obj *obj)
{
	const char *leader = df_schema(obj->model)->follows;

	if (!leader || df_image_find(check->cloud,
				     df_key_obj(leader, df_obj_id(obj)).text))
		return false;
	tell(check, DF_FINDING_LEAKED, item->key, "it is deleted",
	     "%s: its %s does not exist", df_obj_label(obj).text, leader);
	drop(check, item->key);
	return true;
}

/* Its network decides, and cannot change: the port is put right. */
static int check_on_demand(struct check *check, struct df_obj *obj)
{
	bool is_on_demand = df_obj_bool(obj, "on_demand");
	int is_right;

	if (strcmp(obj->model->name, "port"))
		return 0;
	is_right = df_cloud_port_is_right(check->cloud, obj);
	if (is_right < 0)
		return is_right;
	if (is_right)
		return 0;
	tell(check, DF_FINDING_DIFFERENT,
	     df_key_obj(obj->model->name, df_obj_id(obj)).text, "it is set",
	     "%s: field \"on_demand\" is not as its network says",
	     df_obj_label(obj).text);
	json_object_del(obj->doc, "on_demand");
	if (!is_on_demand &&
	    json_object_set_new(obj->doc, "on_demand", json_true()))
		return -ENOMEM;
	return put_object(check, obj);
}

static int check_object(struct check *check, const struct image_item *item,
			struct df_obj *obj)
{
	struct ops ops = { 0 };
	struct df_error error;
	size_t i;
	int err;

	if (is_left_over(check, item, obj))
		return 0;
	err = check_on_demand(check, obj);
	if (err)
		return err;
	check_topic(check, item, obj);
	if (df_obj_check(obj, &error))
		tell(check, DF_FINDING_INVALID, item->key, NULL, "%s",
		     error.text);
	err = expand(obj, &ops, &error);
	if (err && err != -ENOMEM) {
		tell(check, err == -EEXIST ? DF_FINDING_DUPLICATE :
		     DF_FINDING_INVALID, item->key, NULL, "%s", error.text);
		err = 0;
	}
	if (!err)
		err = renumber(check, obj, &ops);
	for (i = 0; !err && i < ops.count; i++)
		err = check_op(check, obj, &ops, i);
	df_ops_fini(&ops);
	return err;
}

static void give_up(struct check *check, const struct image_item *item,
		    const struct df_error *error)
{
	bool is_discarded = check->flags & DF_REPAIR_DISCARD;

	tell(check, DF_FINDING_UNREADABLE, item->key,
	     is_discarded ? "it is deleted" : NULL, "%s: %s", item->key,
	     error->text);
	if (is_discarded)
		drop(check, item->key);
	else
		check->unreadable++;
}

static int check_item(struct check *check, struct image_item *item)
{
	struct df_db_entry entry = df_image_entry(item);
	struct df_error error;
	struct df_obj *obj;
	int err;

	item->is_unreadable = df_image_decode(&obj, &entry, &error);
	if (item->is_unreadable) {
		give_up(check, item, &error);
		return 0;
	}
	err = check_object(check, item, obj);
	df_obj_put(obj);
	return err;
}

/* --- what belongs to objects -------------------------------------------------- */

/* Same but for the revision, which may lag behind? */
static bool is_same(const struct image_item *a, const struct image_item *b)
{
	json_t *left, *right;
	bool is_same;

	if (strcmp(a->topic, b->topic))
		return false;
	if (a->len == b->len && !memcmp(a->value, b->value, a->len))
		return true;
	left = json_loadb(a->value, a->len, 0, NULL);
	right = json_loadb(b->value, b->len, 0, NULL);
	json_object_del(left, "revision");
	json_object_del(right, "revision");
	is_same = left && right && json_equal(left, right);
	json_decref(left);
	json_decref(right);
	return is_same;
}

static const char *what(const char *key)
{
	const struct df_model *model;

	switch (df_image_kind(key, &model)) {
	case IMAGE_CLAIM:
		return "the claim of a unique value";
	case IMAGE_MARK:
		return "the mark of a reference";
	default:
		return "the derived object";
	}
}

static int check_wanted(struct check *check, const struct image_item *want)
{
	const struct image_item *is = df_image_find(check->cloud, want->key);
	bool is_leased = df_image_is_leased(want);

	if (is && is_same(is, want))
		return 0;
	tell(check, is ? DF_FINDING_DIFFERENT : DF_FINDING_MISSING, want->key,
	     is_leased ? NULL : "it is written", "%s %s %s",
	     what(want->key), want->key,
	     is ? "says something else than its object" : "is missing");
	return is_leased ? 0 : put(check, want);
}

static void tell_unknown(struct check *check, const struct image_item *item)
{
	tell(check, DF_FINDING_UNKNOWN, item->key, NULL,
	     "%s is of another version, and left alone",
	     df_quote(item->key).text);
}

/* Claims and marks that nobody wants, of an object that could be looked at? */
static void check_unwanted(struct check *check, const struct image_item *item)
{
	struct df_key owner = df_image_owner(item);
	const struct image_item *by = df_image_find(check->cloud, owner.text);
	bool is_readable = !by || !by->is_unreadable ||
			   check->flags & DF_REPAIR_DISCARD;
	const struct df_model *model;

	df_image_kind(owner.text, &model);
	if (!model || check->is_newer) {
		tell_unknown(check, item);
	} else if (is_readable) {
		tell(check, DF_FINDING_LEAKED, item->key, "it is deleted",
		     "%s %s is left of %s, which %s", what(item->key),
		     item->key, df_quote(owner.text).text,
		     by ? "has it no more" : "does not exist");
		drop(check, item->key);
	}
}

static void check_derived(struct check *check, const struct image_item *item)
{
	/* It may follow from what cannot be read. */
	if (check->unreadable || check->is_newer)
		return;
	tell(check, DF_FINDING_LEAKED, item->key, "it is deleted",
	     "%s %s follows from nothing", what(item->key), item->key);
	drop(check, item->key);
}

static void check_guard(struct check *check, const struct image_item *item)
{
	if (df_image_find(check->cloud, strchr(item->key, '/') + 1))
		return;
	tell(check, DF_FINDING_LEAKED, item->key, "it is deleted",
	     "%s is left of an object that does not exist", item->key);
	drop(check, item->key);
}

static void check_rest(struct check *check, const struct image_item *item)
{
	bool is_wanted = df_image_find(check->want, item->key);
	const struct df_model *model;

	switch (df_image_kind(item->key, &model)) {
	case IMAGE_CLAIM:
	case IMAGE_MARK:
		if (!is_wanted)
			check_unwanted(check, item);
		break;
	case IMAGE_DERIVED:
		if (!is_wanted)
			check_derived(check, item);
		break;
	case IMAGE_GUARD:
		check_guard(check, item);
		break;
	case IMAGE_OTHER:
		tell_unknown(check, item);
		break;
	case IMAGE_SCHEMA:
	case IMAGE_OBJECT:
		break;
	}
}

static void tell_broken(void *arg, const char *key, const char *text)
{
	tell(arg, DF_FINDING_INVALID, key, NULL, "%s: %s", key, text);
}

/* --- all ---------------------------------------------------------------------- */

/* What was found first has it: the lower id, as agents see it. */
static int check_all(struct check *check)
{
	const struct df_model *model;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < check->cloud->count; i++) {
		struct image_item *item = &check->cloud->v[i];

		if (!item->is_gone &&
		    df_image_kind(item->key, &model) == IMAGE_OBJECT)
			err = check_item(check, item);
	}
	if (!err)
		err = df_cloud_check_rules(check->cloud, tell_broken, check);
	for (i = 0; !err && i < check->want->count; i++)
		err = check_wanted(check, &check->want->v[i]);
	for (i = 0; !err && i < check->cloud->count; i++)
		if (!check->cloud->v[i].is_gone)
			check_rest(check, &check->cloud->v[i]);
	return err;
}

static long check_run(struct check *check)
{
	int err = df_cloud_new(&check->want);

	check->is_newer = df_cloud_schema(check->cloud) > DF_RULES_VERSION;
	if (!err)
		err = check_all(check);
	df_cloud_free(check->want);
	return err ? err : check->left;
}

long df_cloud_check(const struct df_cloud *cloud, df_finding_fn fn, void *arg)
{
	struct check check = { .cloud = cloud, .fn = fn, .arg = arg };

	return check_run(&check);
}

long df_cloud_repair(struct df_cloud *cloud, unsigned int flags,
		     df_finding_fn fn, void *arg, struct df_error *error)
{
	struct check check = {
		.cloud = df_cloud_copy(cloud),
		.mend = cloud,
		.flags = flags,
		.fn = fn,
		.arg = arg,
	};
	long left;

	if (df_cloud_schema(cloud) > DF_RULES_VERSION) {
		df_cloud_free((struct df_cloud *)check.cloud);
		return df_error_set(error, -EPROTO,
				    "schema %ju was written by a newer version, which is to mend it",
				    (uintmax_t)df_cloud_schema(cloud));
	}
	if (!check.cloud)
		return df_error_set(error, -ENOMEM, "out of memory");
	left = check_run(&check);
	df_cloud_free((struct df_cloud *)check.cloud);
	if (left < 0)
		df_error_set(error, (int)left, "out of memory");
	return left;
}
