// SPDX-License-Identifier: GPL-2.0
/* Objects, their JSON text, and what is said about what is wrong with it */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cm.h"

#include "dragonflow.h"

#define ID "1b2c3d4e-0000-4000-8000-000000000001"
#define NET "1b2c3d4e-0000-4000-8000-000000000002"

static struct df_obj *parse(const char *model, const char *text)
{
	struct df_obj *obj = NULL;
	struct df_error error = { .text = "" };

	if (df_obj_parse(&obj, model, text, strlen(text), &error))
		fail_msg("%s: %s", text, error.text);
	return obj;
}

static void refused(const char *model, const char *text, const char *why)
{
	struct df_obj *obj = (struct df_obj *)&text;
	struct df_error error = { .text = "" };
	int err = df_obj_parse(&obj, model, text, strlen(text), &error);

	if (!err)
		fail_msg("%s was taken", text);
	assert_int_equal(err, error.code);
	if (strcmp(error.text, why))
		fail_msg("said: %s\nwant: %s", error.text, why);
	assert_ptr_equal(obj, &text);
}

/* A field of a port (or network, or subnet), good or not */
static const struct {
	const char *model;
	const char *field;
	const char *json;
	const char *canonical; /* NULL: as given */
	const char *why; /* NULL: it is good */
} values[] = {
	{ "port", "name", "\"web\"", NULL, NULL },
	{ "port", "name", "\"\"", NULL, NULL },
	{ "port", "name", "\"Grüße 🐉\"", NULL, NULL },
	{ "port", "name", "5", NULL, "5 is not a string" },
	{ "port", "name", "[]", NULL, "a list is not a string" },
	{ "port", "name", "\"a\\u001bb\"", NULL, "has a control character" },
	{ "port", "device_name", "\"0123456789abcdef\"", NULL,
	  "has 16 characters, more than 15" },
	{ "port", "device_name", "\"\"", NULL, "must not be shorter than 1" },
	{ "port", "admin_state_up", "false", NULL, NULL },
	{ "port", "admin_state_up", "\"false\"", NULL,
	  "\"false\" is not true or false" },
	{ "port", "admin_state_up", "0", NULL, "0 is not true or false" },
	{ "port", "mac_address", "\"FA:16:3E:00:00:0a\"",
	  "\"fa:16:3e:00:00:0a\"", NULL },
	{ "port", "mac_address", "\"zz\"", NULL,
	  "\"zz\" is not a MAC address" },
	{ "port", "mac_address", "\"01:00:5e:00:00:01\"", NULL,
	  "\"01:00:5e:00:00:01\" is not a unicast MAC address" },
	{ "port", "mac_address", "\"00:00:00:00:00:00\"", NULL,
	  "\"00:00:00:00:00:00\" is not a unicast MAC address" },
	{ "port", "network_id", "\"1B2C3D4E-0000-4000-8000-000000000002\"",
	  "\"" NET "\"", NULL },
	{ "port", "network_id", "\"net1\"", NULL, "\"net1\" is not a UUID" },
	{ "port", "binding_vnic_type", "\"direct\"", NULL, NULL },
	{ "network", "network_type", "\"gre\"", NULL,
	  "\"gre\" is not one of vxlan, geneve, vlan, flat, local" },
	{ "network", "mtu", "1500", NULL, NULL },
	{ "network", "mtu", "67", NULL, "67 is not between 68 and 65535" },
	{ "network", "mtu", "65536", NULL,
	  "65536 is not between 68 and 65535" },
	{ "network", "mtu", "-1", NULL, "-1 is not between 68 and 65535" },
	{ "network", "mtu", "1500.0", NULL, "1500.0 is not a whole number" },
	{ "network", "mtu", "\"1500\"", NULL,
	  "\"1500\" is not a whole number" },
	{ "subnet", "gateway_ip", "\"2001:DB8::0:1\"", "\"2001:db8::1\"",
	  NULL },
	{ "subnet", "gateway_ip", "\"10.0.0.1/24\"", NULL,
	  "\"10.0.0.1/24\" is not an IP address" },
	{ "subnet", "cidr", "\"10.0.0.0/24\"", NULL, NULL },
	{ "subnet", "cidr", "\"10.0.0.1/24\"", NULL,
	  "10.0.0.1/24 has host bits set; its prefix is 10.0.0.0/24" },
	{ "subnet", "cidr", "\"10.0.0.0/33\"", NULL,
	  "\"10.0.0.0/33\" is not an IP prefix" },
	{ "subnet", "dns_nameservers", "[\"10.0.0.2\",\"::1\"]", NULL, NULL },
	{ "subnet", "dns_nameservers", "\"10.0.0.2\"", NULL,
	  "\"10.0.0.2\" is not a list" },
	{ "port", "binding_profile", "{\"a\":[1,{\"b\":null}]}", NULL, NULL },
	{ "port", "binding_profile", "[1]", NULL,
	  "a list is not a JSON object" },
	{ "port", "fixed_ips", "{}", NULL, "an object is not a list" },
	{ "port", "fixed_ips", "[7]", NULL, "" },
};

static void every_type_is_checked(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(values) / sizeof(*values); i++) {
		const char *want = values[i].canonical ? values[i].canonical
						       : values[i].json;
		char text[512];
		char why[512];
		struct df_obj *obj;
		char *got;

		snprintf(text, sizeof(text), "{\"id\":\"" ID "\",\"%s\":%s}",
			 values[i].field, values[i].json);
		if (values[i].why && !*values[i].why) {
			refused(values[i].model, text, "port " ID
				": field \"fixed_ips[0]\": 7 is not an object");
			continue;
		}
		if (values[i].why) {
			snprintf(why, sizeof(why),
				 "%s " ID ": field \"%s\": %s",
				 values[i].model, values[i].field,
				 values[i].why);
			refused(values[i].model, text, why);
			continue;
		}
		obj = parse(values[i].model, text);
		got = df_value_print(df_obj_value(obj, values[i].field));
		assert_string_equal(got, want);
		free(got);
		df_obj_put(obj);
	}
}

static void message_names_the_place_inside_of_lists(void **state)
{
	(void)state;
	refused("subnet", "{\"id\":\"" ID "\",\"dns_nameservers\":[\"10.0.0.1\",\"x\"]}",
		"subnet " ID ": field \"dns_nameservers[1]\": \"x\" is not an IP address");
	refused("port", "{\"name\":\"web\",\"fixed_ips\":[{\"subnet_id\":\"" ID "\","
		"\"ip_address\":\"10.0.0\"}]}",
		"port \"web\": field \"fixed_ips[0].ip_address\": \"10.0.0\" is not an IP address");
	refused("port", "{\"fixed_ips\":[{\"subnet_id\":\"" ID "\"}]}",
		"port: field \"fixed_ips[0].ip_address\": is required");
}

static void text_that_is_no_object_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "{", "{}}", "{\"name\":}", "{'name':1}", "{\"name\":1,}",
		"{\"name\":\"a\",\"name\":\"b\"}", "{\"name\":\"\xff\"}",
		"{\"name\":\"a\\u0000b\"}", "{\"name\":\"\xc0\x80\"}",
		"{\"mtu\":99999999999999999999}", "{\"mtu\":NaN}",
	};
	size_t i;

	(void)state;
	refused("port", "[]", "port: the text is not a JSON object");
	refused("nosuch", "{}", "there is no model \"nosuch\"");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct df_error error;
		struct df_obj *obj;

		assert_int_equal(df_obj_parse(&obj, "port", bad[i],
					      strlen(bad[i]), &error),
				 -EINVAL);
		/* What follows is the parser's own sentence. */
		assert_ptr_equal(strstr(error.text,
					"port: the text is not JSON: line 1 column "),
				 error.text);
	}
}

static void unknown_fields_are_kept(void **state)
{
	struct df_obj *obj = parse("port",
		"{\"new\":{\"x\":[1]},\"id\":\"" ID "\",\"fixed_ips\":[{\"more\":1,"
		"\"subnet_id\":\"" ID "\",\"ip_address\":\"10.0.0.1\"}]}");
	char *text = df_obj_print(obj, false);

	(void)state;
	assert_non_null(strstr(text, "\"new\":{\"x\":[1]}"));
	assert_non_null(strstr(text, "\"more\":1"));
	/* Known ones first, in the order of the table */
	assert_ptr_equal(strstr(text, "{\"id\":\"" ID "\",\"fixed_ips\""),
			 text);
	free(text);
	df_obj_put(obj);
}

static void hostile_text_is_bounded(void **state)
{
	size_t size = 300 * 1024;
	char *text = malloc(size + 1);
	struct df_obj *obj = NULL;
	struct df_error error;
	char *at;
	int i;

	(void)state;
	memset(text, ' ', size);
	assert_int_equal(df_obj_parse(&obj, "port", text, size, &error),
			 -E2BIG);
	/* Deep, in a field that nobody knows, one that is JSON, and all over */
	at = stpcpy(text, "{\"unknown\":");
	for (i = 0; i < 17; i++)
		*at++ = '[';
	for (i = 0; i < 17; i++)
		*at++ = ']';
	strcpy(at, "}");
	refused("port", text, "port: field \"unknown\": is nested too deep");
	at = stpcpy(text, "{\"binding_profile\":");
	for (i = 0; i < 100; i++)
		at = stpcpy(at, "{\"a\":");
	at = stpcpy(at, "1");
	for (i = 0; i <= 100; i++)
		*at++ = '}';
	*at = '\0';
	refused("port", text,
		"port: field \"binding_profile\": is nested too deep");
	memset(text, '[', 200 * 1024);
	assert_int_equal(df_obj_parse(&obj, "port", text, 200 * 1024, &error),
			 -EINVAL);
	/* Long names and values do not fill a message. */
	memset(text, 'x', size);
	memcpy(text, "{\"mac_address\":\"", 16);
	strcpy(text + 100000, "\"}");
	assert_int_equal(df_obj_parse(&obj, "port", text, strlen(text),
				      &error), -EINVAL);
	assert_true(strlen(error.text) < 200);
	assert_non_null(strstr(error.text, "… is not a MAC address"));
	free(text);
}

static void fields_are_set_from_text(void **state)
{
	static const struct {
		const char *field;
		const char *text;
		const char *json;
	} good[] = {
		{ "name", "a,b", "\"a,b\"" },
		{ "admin_state_up", "off", "false" },
		{ "admin_state_up", "YES", "true" },
		{ "tags", "a, b ,c", "[\"a\",\"b\",\"c\"]" },
		{ "tags", "[\"a,b\"]", "[\"a,b\"]" },
		{ "security_groups", ID "," NET,
		  "[\"" ID "\",\"" NET "\"]" },
		{ "allowed_address_pairs", "{\"ip_address\":\"10.0.0.0/8\"}",
		  "[{\"ip_address\":\"10.0.0.0/8\"}]" },
		{ "allowed_address_pairs",
		  "{\"ip_address\":\"1.1.1.1\"},{\"ip_address\":\"::\"}",
		  "[{\"ip_address\":\"1.1.1.1\"},{\"ip_address\":\"::\"}]" },
		{ "binding_profile", "{\"a\":1}", "{\"a\":1}" },
	};
	struct df_obj *obj;
	size_t i;

	(void)state;
	assert_int_equal(df_obj_new(&obj, "port", NULL), 0);
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		const struct df_value *value;
		char *again;
		char *json;

		assert_int_equal(df_obj_set(obj, good[i].field, good[i].text,
					    NULL), 0);
		value = df_obj_value(obj, good[i].field);
		json = df_value_print(value);
		assert_string_equal(json, good[i].json);
		free(json);
		/* What it prints as text it takes again. */
		again = df_obj_text(obj, good[i].field);
		if (!strcmp(good[i].text, "[\"a,b\"]")) {
			free(again);
			continue;
		}
		assert_int_equal(df_obj_set(obj, good[i].field, again, NULL),
				 0);
		json = df_value_print(df_obj_value(obj, good[i].field));
		assert_string_equal(json, good[i].json);
		free(again);
		free(json);
	}
	assert_int_equal(df_obj_set(obj, "name", "", NULL), 0);
	assert_false(df_obj_has(obj, "name"));
	df_obj_put(obj);
}

static void set_refuses_and_leaves_the_object(void **state)
{
	struct df_obj *obj = parse("network", "{\"mtu\":1400}");
	struct df_error error;

	(void)state;
	assert_int_equal(df_obj_set(obj, "mtu", "lots", &error), -EINVAL);
	assert_string_equal(error.text, "network: field \"mtu\": \"lots\" is not a whole number");
	assert_int_equal(df_obj_set(obj, "mtu", "99999999999999999999",
				    &error), -EINVAL);
	assert_int_equal(df_obj_set(obj, "nosuch", "1", &error), -EINVAL);
	assert_string_equal(error.text, "network: there is no field \"nosuch\"");
	assert_int_equal(df_obj_set_json(obj, "mtu", "{", &error), -EINVAL);
	assert_int_equal(df_obj_set_string(obj, "name", "\xff", &error),
			 -EINVAL);
	assert_int_equal(df_obj_set_u64(obj, "mtu", UINT64_MAX, &error),
			 -EINVAL);
	assert_int_equal(df_obj_u64(obj, "mtu"), 1400);
	df_obj_put(obj);
}

static void missing_fields_read_as_presets(void **state)
{
	struct df_obj *obj = parse("network", "{\"shared\":null}");
	uint8_t mac[6];
	struct df_ip ip;

	(void)state;
	assert_string_equal(df_obj_string(obj, "network_type"), "vxlan");
	assert_true(df_obj_bool(obj, "admin_state_up"));
	assert_false(df_obj_bool(obj, "shared"));
	assert_false(df_obj_has(obj, "shared"));
	assert_int_equal(df_obj_u64(obj, "mtu"), 1450);
	assert_null(df_obj_string(obj, "name"));
	assert_string_equal(df_obj_name(obj), "");
	assert_null(df_obj_id(obj));
	assert_int_equal(df_obj_key(obj), 0);
	assert_null(df_obj_topic(obj));
	assert_int_equal(df_obj_mac(obj, "nosuch", mac), -ENOENT);
	assert_int_equal(df_obj_ip(obj, "nosuch", &ip), -ENOENT);
	assert_null(df_value_at(NULL, 0));
	assert_null(df_value_string(df_value_member(NULL, "x")));
	assert_int_equal(df_value_count(df_obj_value(obj, "tags")), 0);
	df_obj_put(obj);
}

static void topic_comes_from_a_field(void **state)
{
	static const struct {
		const char *model;
		const char *text;
		const char *topic;
	} topics[] = {
		{ "chassis", "{}", "global" },
		{ "network", "{\"id\":\"" ID "\"}", "network/" ID },
		{ "port", "{\"id\":\"" ID "\",\"network_id\":\"" NET "\"}",
		  "network/" NET },
		{ "port", "{\"id\":\"" ID "\",\"network_id\":\"" NET
		  "\",\"on_demand\":true}", "port/" ID },
		{ "port_claims", "{\"id\":\"" ID "\",\"network_id\":\"" NET
		  "\",\"on_demand\":true}", "port/" ID },
		{ "network", "{\"id\":\"" ID "\",\"on_demand\":true}",
		  "network/" ID },
		{ "binding", "{\"host\":\"hv-1.example.org\"}",
		  "chassis/hv-1.example.org" },
		{ "binding", "{\"host\":\"a/b c\"}", "chassis/a%2Fb%20c" },
		{ "port_status", "{}", "status" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(topics) / sizeof(*topics); i++) {
		struct df_obj *obj = parse(topics[i].model, topics[i].text);
		char *topic = df_obj_topic(obj);

		assert_string_equal(topic, topics[i].topic);
		free(topic);
		df_obj_put(obj);
	}
}

static void equality_ignores_revision_and_nulls(void **state)
{
	struct df_obj *a = parse("network", "{\"name\":\"x\",\"revision\":1}");
	struct df_obj *b = parse("network",
				 "{\"mtu\":null,\"revision\":2,\"name\":\"x\"}");
	struct df_obj *copy = df_obj_copy(b);

	(void)state;
	assert_true(df_obj_is_equal(a, b));
	assert_int_equal(df_obj_set(copy, "mtu", "1500", NULL), 0);
	assert_false(df_obj_is_equal(a, copy));
	assert_false(df_obj_is_equal(copy, a));
	/* A copy shares nothing. */
	assert_true(df_obj_is_equal(a, b));
	df_obj_put(a);
	df_obj_put(b);
	df_obj_put(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_checked),
		cmocka_unit_test(message_names_the_place_inside_of_lists),
		cmocka_unit_test(text_that_is_no_object_is_refused),
		cmocka_unit_test(unknown_fields_are_kept),
		cmocka_unit_test(hostile_text_is_bounded),
		cmocka_unit_test(fields_are_set_from_text),
		cmocka_unit_test(set_refuses_and_leaves_the_object),
		cmocka_unit_test(missing_fields_read_as_presets),
		cmocka_unit_test(topic_comes_from_a_field),
		cmocka_unit_test(equality_ignores_revision_and_nulls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
