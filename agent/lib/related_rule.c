// SPDX-License-Identifier: GPL-2.0
/* What related.h says of rules of security groups. Pure. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "nb.h"
#include "related.h"
#include "schema.h"

static const char *const remotes[] = {
	"remote_group_id", "remote_address_group_id"
};

static bool is_rule(const struct df_model *model)
{
	return !strcmp(model->name, "security_group_rule");
}

/* The field that names a group, or NULL */
static const char *named_by(const struct df_obj *rule)
{
	size_t i;

	for (i = 0; i < sizeof(remotes) / sizeof(*remotes); i++)
		if (df_obj_has(rule, remotes[i]))
			return remotes[i];
	return NULL;
}

/*
 * What the datapath has a set for, if the rule names a group: each direction
 * and IP version has its own.
 */
static bool set_of(const struct df_obj *rule, struct df_key *set)
{
	const char *field = named_by(rule);

	if (!field)
		return false;
	snprintf(set->text, sizeof(set->text), "%s/%s/%s",
		 df_obj_string(rule, "direction"),
		 df_obj_string(rule, "ethertype"), df_obj_string(rule, field));
	return true;
}

const char *df_related_group(const struct change *change)
{
	const struct df_obj *old = change->old, *asked = change->asked;

	if (!is_rule(change->model) || !asked)
		return NULL;
	/* What a patch does not say stays. */
	if (!named_by(asked) && !(old && named_by(old)))
		return NULL;
	return df_obj_string(old ? old : asked, "security_group_id");
}

bool df_related_names(const struct change *change)
{
	struct df_key old, new;

	if (!is_rule(change->model) || !change->new ||
	    !set_of(change->new, &new))
		return false;
	return !change->old || !set_of(change->old, &old) ||
	       strcmp(old.text, new.text) != 0;
}

static int add_set(struct df_seen *sets, const struct df_obj *rule,
		   const char *group)
{
	struct df_key set;

	if (strcmp(df_obj_string(rule, "security_group_id"), group) != 0 ||
	    !set_of(rule, &set))
		return 0;
	return df_seen_add(sets, set.text) ? 0 : -ENOMEM;
}

/**
 * struct rules - those that there are to be
 * @changed: ids of those that the transaction changes
 */
struct rules {
	const struct related *related;
	struct change *const *changes;
	size_t count;
	struct df_seen changed;
};

static int find_changed(struct rules *rules)
{
	size_t i;

	for (i = 0; i < rules->count; i++)
		if (is_rule(rules->changes[i]->model) &&
		    !df_seen_add(&rules->changed, rules->changes[i]->id))
			return -ENOMEM;
	return 0;
}

static int find_sets(const struct rules *rules, const char *group,
		     struct df_seen *sets)
{
	const struct related *related = rules->related;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < rules->count; i++)
		if (is_rule(rules->changes[i]->model) && rules->changes[i]->new)
			err = add_set(sets, rules->changes[i]->new, group);
	for (i = 0; !err && i < related->count; i++)
		if (is_rule(related->objs[i]->model) &&
		    !df_seen_find(&rules->changed, df_obj_id(related->objs[i])))
			err = add_set(sets, related->objs[i], group);
	return err;
}

static int check_group(const struct rules *rules, const struct df_obj *rule,
		       struct df_error *error)
{
	struct df_seen sets = { 0 };
	int err;

	err = find_sets(rules, df_obj_string(rule, "security_group_id"), &sets);
	if (err)
		err = df_error_set(error, err, "out of memory");
	else if (sets.count > DF_GROUP_SETS_MAX)
		err = df_obj_error(rule, error, -EINVAL, named_by(rule),
				   "the rules of a security group name at most %d groups, each direction and ethertype counted for itself; there would be %zu",
				   DF_GROUP_SETS_MAX, sets.count);
	df_seen_fini(&sets);
	return err;
}

int df_related_check_rules(const struct related *related,
			   struct change *const *changes, size_t count,
			   struct df_error *error)
{
	struct rules rules = { related, changes, count, { 0 } };
	struct df_seen groups = { 0 };
	struct df_seen_key *group;
	int err = find_changed(&rules);
	size_t i;

	for (i = 0; !err && i < count; i++) {
		if (!df_related_names(changes[i]))
			continue;
		/* Once for each group */
		group = df_seen_add(&groups, df_related_group(changes[i]));
		if (!group)
			err = -ENOMEM;
		else if (!group->round++)
			err = check_group(&rules, changes[i]->new, error);
	}
	if (err == -ENOMEM)
		df_error_set(error, err, "out of memory");
	df_seen_fini(&rules.changed);
	df_seen_fini(&groups);
	return err;
}
