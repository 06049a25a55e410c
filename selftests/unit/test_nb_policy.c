// SPDX-License-Identifier: GPL-2.0
/*
 * Security groups, their rules, address groups, and the ports that have them:
 * what is refused, what follows, and who uses what.
 */
#include <errno.h>
#include <event2/event.h>

#include "db.h"
#include "test_nb.h"

static struct df_obj *group;
static struct df_obj *other;

static int setup(void **state)
{
	if (cloud_setup(state))
		return -1;
	group = object("security_group", "name=web", NULL);
	must(create(group));
	other = object("security_group", "name=db", "stateful=false", NULL);
	must(create(other));
	return 0;
}

static int teardown(void **state)
{
	df_obj_put(group);
	df_obj_put(other);
	return cloud_teardown(state);
}

#define IN "\"direction\":\"ingress\""
#define OUT "\"direction\":\"egress\""
#define PROTOCOL(name) ",\"protocol\":\"" name "\""
#define IP6 ",\"ethertype\":\"IPv6\""
#define MIN(number) ",\"port_range_min\":" #number
#define MAX(number) ",\"port_range_max\":" #number

/* "field=" and the id of @obj */
static char *ref(const char *field, const struct df_obj *obj)
{
	return text("%s=%s", field, df_obj_id(obj));
}

/* A rule of @group from JSON without braces; NULL if it is refused. */
static struct df_obj *rule(const char *more)
{
	struct df_obj *obj = NULL;
	char json[512];

	snprintf(json, sizeof(json), "{\"security_group_id\":\"%s\",%s}",
		 df_obj_id(group), more);
	if (df_obj_parse(&obj, "security_group_rule", json, strlen(json),
			 &error))
		return NULL;
	if (!create(obj))
		return obj;
	df_obj_put(obj);
	return NULL;
}

static void accepted(const char *more)
{
	struct df_obj *obj = rule(more);

	if (!obj)
		fail_msg("%s: %s", more, error.text);
	assert_true(df_obj_key(obj));
	df_obj_put(obj);
}

/* The message ends in @why, and names the field. */
static void refused(const char *more, const char *why)
{
	struct df_obj *obj = rule(more);

	if (obj)
		fail_msg("%s was accepted", more);
	if (!strstr(error.text, why))
		fail_msg("%s: %s", more, error.text);
}

static void rules_are_accepted(void **state)
{
	static const char *const rules[] = {
		IN,
		OUT IP6,
		IN PROTOCOL("TCP"),
		IN PROTOCOL("0"),
		IN PROTOCOL("255"),
		IN PROTOCOL("icmp") MIN(0),
		IN PROTOCOL("icmp") MIN(3) MAX(0),
		IN PROTOCOL("icmp") IP6,
		IN PROTOCOL("ipv6-icmp") IP6 MIN(255),
		IN PROTOCOL("6") MIN(80) MAX(80),
		IN PROTOCOL("sctp") MIN(0) MAX(65535),
		IN ",\"remote_ip_prefix\":\"0.0.0.0/0\"",
		IN IP6 ",\"remote_ip_prefix\":\"2001:db8::/32\"",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		accepted(rules[i]);
}

static void rules_are_refused(void **state)
{
	static const struct {
		const char *rule;
		const char *why;
	} rules[] = {
		{ "\"protocol\":\"tcp\"", "\"direction\": is required" },
		{ "\"direction\":\"in\"", "field \"direction\": " },
		{ OUT ",\"ethertype\":\"ARP\"",
		  "field \"ethertype\": " },
		{ OUT PROTOCOL("tpc"),
		  "\"protocol\": \"tpc\" is neither a known protocol nor a number up to 255" },
		{ OUT PROTOCOL("256"),
		  "\"protocol\": \"256\" is neither" },
		{ OUT PROTOCOL("-1"),
		  "\"protocol\": \"-1\" is neither" },
		{ OUT PROTOCOL("icmpv6"),
		  "\"protocol\": ICMPv6 needs ethertype IPv6" },
		{ OUT MIN(80),
		  "\"port_range_min\": needs a protocol" },
		{ OUT MAX(80),
		  "\"port_range_max\": needs a protocol" },
		{ OUT PROTOCOL("gre") MIN(0),
		  "\"port_range_min\": the protocol has no ports" },
		{ OUT PROTOCOL("tcp") MIN(80),
		  "\"port_range_max\": is required: a range has two ends" },
		{ OUT PROTOCOL("udp") MAX(80),
		  "\"port_range_min\": is required: a range has two ends" },
		{ OUT PROTOCOL("udp") MIN(81) MAX(80),
		  "\"port_range_max\": is below port_range_min" },
		{ OUT PROTOCOL("udp") MIN(1) MAX(65536),
		  "\"port_range_max\": " },
		{ OUT PROTOCOL("icmp") MAX(0),
		  "\"port_range_max\": an ICMP code needs a type, in port_range_min" },
		{ OUT PROTOCOL("icmp") MIN(256),
		  "\"port_range_min\": an ICMP type is at most 255" },
		{ OUT PROTOCOL("1") MIN(3) MAX(256),
		  "\"port_range_max\": an ICMP code is at most 255" },
		{ OUT IP6 ",\"remote_ip_prefix\":\"10.0.0.0/8\"",
		  "\"remote_ip_prefix\": is not of ethertype IPv6" },
		{ OUT ",\"remote_ip_prefix\":\"::/0\"",
		  "\"remote_ip_prefix\": is not of ethertype IPv4" },
		{ OUT ",\"remote_group_id\":\"00000000-0000-4000-8000-000000000001\"",
		  "\"remote_group_id\": there is no security_group 00000000-" },
		{ OUT ",\"remote_address_group_id\":\"00000000-0000-4000-8000-000000000001\"",
		  "\"remote_address_group_id\": there is no address_group 00000000-" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		refused(rules[i].rule, rules[i].why);
}

static void a_rule_has_one_remote(void **state)
{
	(void)state;
	refused(text(IN ",\"remote_group_id\":\"%s\",\"remote_ip_prefix\":\"10.0.0.0/8\"%s",
		     df_obj_id(group), ""),
		"\"remote_group_id\": there is remote_ip_prefix already, and only one remote");
	refused(text(IN ",\"remote_group_id\":\"%s\",\"remote_address_group_id\":\"%s\"",
		     df_obj_id(group), df_obj_id(group)),
		"\"remote_address_group_id\": there is remote_group_id "
		"already, and only one remote");
}

static void a_rule_stays_in_its_group(void **state)
{
	struct df_obj *obj = rule(IN PROTOCOL("tcp"));

	(void)state;
	assert_non_null(obj);
	must(df_obj_set(obj, "protocol", "udp", &error));
	must(patch(obj, 0));
	must(df_obj_set(obj, "security_group_id", df_obj_id(other), &error));
	assert_int_equal(patch(obj, 0), -EINVAL);
	assert_non_null(strstr(error.text,
			       "\"security_group_id\": cannot change"));
	df_obj_put(obj);
}

static void stateful_is_decided_at_creation(void **state)
{
	(void)state;
	must(df_obj_set(other, "stateful", "true", &error));
	assert_int_equal(patch(other, 0), -EINVAL);
	assert_non_null(strstr(error.text, "\"stateful\": cannot change"));
}

static int set_groups(const char *groups)
{
	must(df_obj_set(port, "security_groups", groups, &error));
	return patch(port, 0);
}

static char *both(void)
{
	return text("%s,%s", df_obj_id(group), df_obj_id(other));
}

static void what_is_used_says_who_uses_it(void **state)
{
	struct df_obj *addresses = object("address_group",
					  "addresses=10.0.0.0/8", NULL);
	struct df_obj *of_other, *named;

	(void)state;
	must(create(addresses));
	must(set_groups(df_obj_id(group)));
	assert_int_equal(delete(group, 0), -EBUSY);
	said("security_group %s is used by port %s", df_obj_id(group),
	     df_obj_id(port));
	of_other = object("security_group_rule", "direction=egress",
			  ref("security_group_id", other), NULL);
	must(create(of_other));
	assert_int_equal(delete(other, 0), -EBUSY);
	said("security_group %s is used by security_group_rule %s",
	     df_obj_id(other), df_obj_id(of_other));
	/* A remote, and the group itself */
	must(df_obj_set(of_other, "remote_group_id", df_obj_id(other),
			&error));
	must(patch(of_other, 0));
	named = object("security_group_rule", "direction=egress",
		       ref("security_group_id", group),
		       ref("remote_address_group_id", addresses), NULL);
	must(create(named));
	assert_int_equal(delete(addresses, 0), -EBUSY);
	said("address_group %s is used by security_group_rule %s",
	     df_obj_id(addresses), df_obj_id(named));
	must(delete(named, 0));
	must(delete(addresses, 0));
	must(delete(of_other, 0));
	must(delete(other, 0));
	must(set_groups(""));
	must(delete(group, 0));
	df_obj_put(addresses);
	df_obj_put(of_other);
	df_obj_put(named);
}

static void groups_of_a_port_are_checked(void **state)
{
	char many[33 * 37 + 1] = "";
	char id[DF_UUID_LEN + 1];
	int i;

	(void)state;
	assert_int_equal(set_groups("00000000-0000-4000-8000-000000000001"),
			 -ENOENT);
	assert_non_null(strstr(error.text,
			       "\"security_groups\": there is no security_group"));
	assert_int_equal(set_groups(text("%s,%s", df_obj_id(group),
					 df_obj_id(group))), -EINVAL);
	assert_non_null(strstr(error.text, "is there twice"));
	for (i = 0; i < 33; i++) {
		df_uuid_new(id);
		snprintf(many + strlen(many), sizeof(many) - strlen(many),
			 "%s%s", i ? "," : "", id);
	}
	assert_int_equal(set_groups(many), -EINVAL);
	assert_non_null(strstr(error.text, "there are 33, more than 32"));
	must(df_obj_set(port, "port_security_enabled", "false", &error));
	assert_int_equal(set_groups(df_obj_id(group)), -EINVAL);
	assert_non_null(strstr(error.text, "\"security_groups\": a port with "
			       "port_security_enabled=false has none"));
	must(set_groups(""));
}

/* --- members ---------------------------------------------------------------- */

/* The addresses of the only member of @of, "" if there is none */
static char *members(const struct df_obj *of)
{
	static char list[256];
	struct df_obj **objs;
	char *addresses;
	size_t n;

	must(df_nb_list_sync(nb, "security_group_member",
			     text("security_group/%s%s", df_obj_id(of), ""),
			     &objs, &n, &error));
	assert_true(n < 2);
	list[0] = '\0';
	if (n) {
		addresses = df_obj_text(objs[0], "addresses");
		snprintf(list, sizeof(list), "%s", addresses);
		free(addresses);
		assert_string_equal(df_obj_string(objs[0], "port_id"),
				    df_obj_id(port));
	}
	df_objs_free(objs, n);
	return list;
}

static void addresses_of_ports_are_members(void **state)
{
	(void)state;
	assert_string_equal(members(group), "");
	must(set_groups(both()));
	assert_string_equal(members(group), "10.0.0.5");
	assert_string_equal(members(other), "10.0.0.5");
	must(df_obj_set(port, "allowed_address_pairs",
			"[{\"ip_address\":\"2001:db8::/64\"},{\"ip_address\":\"10.0.0.9\"}]",
			&error));
	must(patch(port, 0));
	assert_string_equal(members(group),
			    "10.0.0.5,2001:db8::/64,10.0.0.9");
	must(set_groups(df_obj_id(other)));
	assert_string_equal(members(group), "");
	assert_string_equal(members(other),
			    "10.0.0.5,2001:db8::/64,10.0.0.9");
	must(df_obj_set(port, "allowed_address_pairs", "", &error));
	must(df_obj_set(port, "fixed_ips", "", &error));
	must(patch(port, 0));
	assert_string_equal(members(other), "");
}

static void members_go_with_their_port(void **state)
{
	(void)state;
	must(set_groups(both()));
	assert_int_equal(count("security_group_member", NULL), 2);
	must(delete(port, 0));
	assert_int_equal(count("security_group_member", NULL), 0);
	must(delete(group, 0));
}

/* What does not concern them leaves them alone, whoever follows them. */
static void members_change_with_the_addresses_only(void **state)
{
	struct df_obj **before, **after;
	size_t n;

	(void)state;
	must(set_groups(df_obj_id(group)));
	must(df_nb_list_sync(nb, "security_group_member", NULL, &before, &n,
			     &error));
	must(df_obj_set(port, "binding_host", "hv2", &error));
	must(patch(port, 0));
	must(df_nb_list_sync(nb, "security_group_member", NULL, &after, &n,
			     &error));
	assert_int_equal(n, 1);
	assert_int_equal(df_obj_revision(before[0]), df_obj_revision(after[0]));
	df_objs_free(before, n);
	df_objs_free(after, n);
}

static void got_claims(void *arg, const struct df_error *why,
		       const struct df_db_entry *entries, size_t n)
{
	(void)entries;
	assert_null(why);
	*(int *)arg = (int)n;
}

/* The kernel knows the addresses of both by these numbers. */
static void keys_of_groups_and_address_groups_differ(void **state)
{
	struct event_base *base = event_base_new();
	struct df_obj *addresses = object("address_group", NULL);
	char key[64];
	struct df_db *db;
	int claims = -1;

	(void)state;
	must(create(addresses));
	must(df_db_open(&db, uri, base, &error));
	snprintf(key, sizeof(key), "unique/security_group/key/-/%u",
		 df_obj_key(addresses));
	df_db_get(db, key, got_claims, &claims);
	while (claims < 0)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(claims, 1);
	df_db_close(db);
	event_base_free(base);
	df_obj_put(addresses);
}

static void protocols_have_numbers(void **state)
{
	(void)state;
	assert_int_equal(df_protocol_parse("tcp"), 6);
	assert_int_equal(df_protocol_parse("ICMPv6"), 58);
	assert_int_equal(df_protocol_parse("0"), 0);
	assert_int_equal(df_protocol_parse("255"), 255);
	assert_int_equal(df_protocol_parse("256"), -EINVAL);
	assert_int_equal(df_protocol_parse("99999999999999999999"), -EINVAL);
	assert_int_equal(df_protocol_parse("6x"), -EINVAL);
	assert_int_equal(df_protocol_parse(" 6"), -EINVAL);
	assert_int_equal(df_protocol_parse(""), -EINVAL);
	assert_int_equal(df_protocol_parse("tc"), -EINVAL);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(rules_are_accepted),
		test(rules_are_refused),
		test(a_rule_has_one_remote),
		test(a_rule_stays_in_its_group),
		test(stateful_is_decided_at_creation),
		test(what_is_used_says_who_uses_it),
		test(groups_of_a_port_are_checked),
		test(addresses_of_ports_are_members),
		test(members_go_with_their_port),
		test(members_change_with_the_addresses_only),
		test(keys_of_groups_and_address_groups_differ),
		cmocka_unit_test(protocols_have_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
