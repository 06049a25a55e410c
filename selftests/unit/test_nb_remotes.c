// SPDX-License-Identifier: GPL-2.0
/*
 * The rules of a security group name so many other groups, whoever writes them;
 * and what makes writers take turns goes with what it is for.
 */
#include <errno.h>
#include <event2/event.h>

#include <linux/dragonflow.h>

#include "db.h"
#include "schema.h"
#include "test_nb.h"

#define MANY (DF_GROUP_SETS_MAX + 2)

static struct df_obj *group;
static struct df_obj *groups[MANY]; /* to name */

static int setup(void **state)
{
	struct df_txn *txn;
	int i;

	if (nb_setup(state))
		return -1;
	must(df_txn_new(&txn, nb));
	group = object("security_group", NULL);
	must(df_txn_create(txn, group, &error));
	for (i = 0; i < MANY; i++) {
		groups[i] = object(i % 2 ? "address_group" : "security_group",
				   NULL);
		must(df_txn_create(txn, groups[i], &error));
	}
	must(df_txn_commit_sync(txn, &error));
	return 0;
}

static int teardown(void **state)
{
	int i;

	for (i = 0; i < MANY; i++)
		df_obj_put(groups[i]);
	df_obj_put(group);
	return nb_teardown(state);
}

static const char *remote(int nr)
{
	return nr % 2 ? "remote_address_group_id" : "remote_group_id";
}

/* A rule of @of that names the group number @nr, not stored */
static struct df_obj *rule_of(const struct df_obj *of, int nr,
			      const char *direction, const char *ethertype)
{
	return object("security_group_rule",
		      text("security_group_id=%s%s", df_obj_id(of), ""),
		      text("direction=%s%s", direction, ""),
		      text("ethertype=%s%s", ethertype, ""),
		      text("%s=%s", remote(nr), df_obj_id(groups[nr])), NULL);
}

static int store(const struct df_obj *of, int nr, const char *direction,
		 const char *ethertype)
{
	struct df_obj *obj = rule_of(of, nr, direction, ethertype);
	int err = create(obj);

	df_obj_put(obj);
	return err;
}

/* Let the rules name @count groups, as received; their rules. */
static void fill(struct df_obj **rules, int count)
{
	struct df_txn *txn;
	int i;

	must(df_txn_new(&txn, nb));
	for (i = 0; i < count; i++) {
		rules[i] = rule_of(group, i, "ingress", "IPv4");
		must(df_txn_create(txn, rules[i], &error));
	}
	must(df_txn_commit_sync(txn, &error));
}

static void drop(struct df_obj **rules, int count)
{
	while (count--)
		df_obj_put(rules[count]);
}

static void is_one_too_many(int err, int nr)
{
	char why[64];

	assert_int_equal(err, -EINVAL);
	snprintf(why, sizeof(why), "field \"%s\": ", remote(nr));
	assert_non_null(strstr(error.text, why));
	assert_non_null(strstr(error.text,
			       "name at most 64 groups, each direction and "
			       "ethertype counted for itself; there would be 65"));
}

static void the_kernel_has_the_same_limit(void **state)
{
	(void)state;
	assert_int_equal(DF_GROUP_SETS_MAX, DRAGONFLOW_GROUP_SETS_MAX);
}

static void so_many_groups_are_named(void **state)
{
	struct df_obj *rules[DF_GROUP_SETS_MAX], *free_of_it;

	(void)state;
	fill(rules, DF_GROUP_SETS_MAX);
	is_one_too_many(store(group, 64, "ingress", "IPv4"), 64);
	is_one_too_many(store(group, 65, "ingress", "IPv4"), 65);
	/* Named before, but not so */
	is_one_too_many(store(group, 0, "egress", "IPv4"), 0);
	is_one_too_many(store(group, 0, "ingress", "IPv6"), 0);
	must(store(group, 0, "ingress", "IPv4"));
	must(store(groups[0], 64, "ingress", "IPv4"));
	free_of_it = object("security_group_rule", "direction=ingress",
			    text("security_group_id=%s%s", df_obj_id(group), ""),
			    "remote_ip_prefix=10.0.0.0/8", NULL);
	must(create(free_of_it));
	must(df_obj_set(free_of_it, "remote_ip_prefix", "", &error));
	must(df_obj_set(free_of_it, "remote_group_id", df_obj_id(groups[64]),
			&error));
	is_one_too_many(patch(free_of_it, 0), 64);
	df_obj_put(free_of_it);
	drop(rules, DF_GROUP_SETS_MAX);
}

static void who_makes_room_may_name_another(void **state)
{
	struct df_obj *rules[DF_GROUP_SETS_MAX], *another, *patched;
	struct df_txn *txn;

	(void)state;
	fill(rules, DF_GROUP_SETS_MAX);
	/* In one rule */
	patched = object("security_group_rule",
			 text("id=%s%s", df_obj_id(rules[0]), ""),
			 text("remote_group_id=%s%s", df_obj_id(groups[64]), ""),
			 NULL);
	must(patch(patched, 0));
	is_one_too_many(store(group, 0, "ingress", "IPv4"), 0);
	/* In one transaction */
	another = rule_of(group, 65, "ingress", "IPv4");
	must(df_txn_new(&txn, nb));
	must(df_txn_create(txn, another, &error));
	must(df_txn_delete(txn, "security_group_rule", df_obj_id(rules[1]), 0,
			   &error));
	must(df_txn_commit_sync(txn, &error));
	/* Before */
	must(delete(another, 0));
	must(store(group, 2, "egress", "IPv6"));
	df_obj_put(patched);
	df_obj_put(another);
	drop(rules, DF_GROUP_SETS_MAX);
}

static void one_transaction_cannot_name_more(void **state)
{
	struct df_obj *rules[MANY];
	struct df_txn *txn;
	int i;

	(void)state;
	must(df_txn_new(&txn, nb));
	for (i = 0; i < DF_GROUP_SETS_MAX + 1; i++) {
		rules[i] = rule_of(group, i, "egress", "IPv6");
		must(df_txn_create(txn, rules[i], &error));
	}
	is_one_too_many(df_txn_commit_sync(txn, &error), 0);
	assert_int_equal(count("security_group_rule", NULL), 0);
	drop(rules, DF_GROUP_SETS_MAX + 1);
}

/* Two handles name the last one that is possible at once, each unaware. */
static void one_of_two_racing_rules_is_refused(void **state)
{
	struct df_obj *rules[DF_GROUP_SETS_MAX - 1];
	struct df_obj *one = rule_of(group, 64, "ingress", "IPv4");
	struct df_obj *two = rule_of(group, 65, "ingress", "IPv4");
	struct df_txn *first, *second;

	(void)state;
	fill(rules, DF_GROUP_SETS_MAX - 1);
	must(df_txn_new(&first, nb));
	must(df_txn_new(&second, nb));
	must(df_txn_create(first, one, &error));
	must(df_txn_create(second, two, &error));
	/* Both have read before either commits. */
	df_txn_commit(first, NULL, NULL);
	is_one_too_many(df_txn_commit_sync(second, &error), 65);
	assert_int_equal(count("security_group_rule", NULL), DF_GROUP_SETS_MAX);
	df_obj_put(one);
	df_obj_put(two);
	drop(rules, DF_GROUP_SETS_MAX - 1);
}

/* --- guards ------------------------------------------------------------------ */

static void got_guards(void *arg, const struct df_error *why,
		       const struct df_db_entry *entries, size_t n)
{
	(void)entries;
	assert_null(why);
	*(int *)arg = (int)n;
}

static int guards(void)
{
	struct event_base *base = event_base_new();
	struct df_db *db;
	int n = -1;

	must(df_db_open(&db, uri, base, &error));
	df_db_list(db, "guard/", NULL, got_guards, &n);
	while (n < 0)
		event_base_loop(base, EVLOOP_ONCE);
	df_db_close(db);
	event_base_free(base);
	return n;
}

static void only_who_names_another_group_writes_a_guard(void **state)
{
	struct df_obj *rule = object("security_group_rule", "direction=egress",
				     text("security_group_id=%s%s",
					  df_obj_id(group), ""), NULL);

	(void)state;
	must(create(rule));
	must(df_obj_set(rule, "protocol", "tcp", &error));
	must(patch(rule, 0));
	assert_int_equal(guards(), 0);
	must(df_obj_set(rule, "remote_group_id", df_obj_id(group), &error));
	must(patch(rule, 0));
	assert_int_equal(guards(), 1);
	df_obj_put(rule);
}

static void a_guard_goes_with_its_security_group(void **state)
{
	struct df_obj *rule = rule_of(group, 0, "ingress", "IPv4");

	(void)state;
	must(create(rule));
	assert_int_equal(guards(), 1);
	must(delete(rule, 0));
	must(delete(group, 0));
	assert_int_equal(guards(), 0);
	df_obj_put(rule);
}

static void a_guard_goes_with_its_router(void **state)
{
	struct df_obj *router, *iface;

	must(cloud_setup(state));
	router = object("router", NULL);
	must(create(router));
	iface = object("router_interface",
		       text("router_id=%s%s", df_obj_id(router), ""),
		       text("fixed_ips=[{\"subnet_id\":\"%s\"%s}]",
			    df_obj_id(subnet), ",\"ip_address\":\"10.0.0.77\""),
		       NULL);
	must(create(iface));
	assert_int_equal(guards(), 1);
	must(delete(iface, 0));
	must(delete(router, 0));
	assert_int_equal(guards(), 0);
	df_obj_put(router);
	df_obj_put(iface);
	cloud_teardown(state);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_has_the_same_limit),
		test(so_many_groups_are_named),
		test(who_makes_room_may_name_another),
		test(one_transaction_cannot_name_more),
		test(one_of_two_racing_rules_is_refused),
		test(only_who_names_another_group_writes_a_guard),
		test(a_guard_goes_with_its_security_group),
		cmocka_unit_test(a_guard_goes_with_its_router),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
