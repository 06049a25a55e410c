// SPDX-License-Identifier: GPL-2.0
/* The tables of models keep the rules that the code relies on. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cm.h"

#include "object.h"
#include "schema.h"

static void check_field(const struct df_field *field, bool is_member)
{
	const struct df_field *member;
	size_t len = strlen(field->doc);
	size_t i;

	assert_true(strlen(field->name) < 32);
	for (i = 0; field->name[i]; i++)
		assert_true(islower(field->name[i]) || field->name[i] == '_' ||
			    isdigit(field->name[i]) || field->name[i] == ':');
	assert_true(len > 2 && field->doc[len - 1] == '.');
	assert_true(isupper(field->doc[0]) || isdigit(field->doc[0]));
	assert_int_equal(field->type == DF_TYPE_ENUM, !!field->values);
	assert_int_equal(field->type == DF_TYPE_RECORD, !!field->fields);
	if (field->type == DF_TYPE_UINT || field->type == DF_TYPE_STRING)
		assert_true(field->max > 0 && field->min <= field->max);
	assert_true(field->max <= INT64_MAX);
	if (field->ref) {
		assert_int_equal(field->type, DF_TYPE_UUID);
		assert_non_null(df_model_find(field->ref));
	}
	if (is_member)
		assert_false(field->flags & ~(DF_FIELD_REQUIRED |
					      DF_FIELD_ASSIGNED |
					      DF_FIELD_ALLOCATED));
	for (i = 0; (member = df_field_member(field, i)); i++)
		check_field(member, true);
}

static void check_model(const struct df_model *model)
{
	const struct df_field *field;
	size_t columns = 0;
	size_t i;

	assert_ptr_equal(df_model_find(model->name), model);
	assert_ptr_equal(df_model_find(model->plural), model);
	assert_string_equal(df_model_field(model, 0)->name, "id");
	assert_non_null(df_model_field_find(model, "revision"));
	for (i = 0; (field = df_model_field(model, i)); i++) {
		assert_ptr_equal(df_model_field_find(model, field->name),
				 field);
		check_field(field, false);
		columns += !!(field->flags & DF_FIELD_COLUMN);
	}
	/* The fields made up are remembered as bits of a number. */
	assert_true(i <= 64);
	assert_true(columns >= 2 && columns <= 10);
}

static void tables_keep_the_rules(void **state)
{
	const struct df_model *model;
	size_t i;

	(void)state;
	for (i = 0; (model = df_model_at(i)); i++)
		check_model(model);
	assert_true(i >= 10);
	assert_null(df_model_find("nosuch"));
	assert_null(df_model_find(""));
}

static void presets_are_values_of_their_fields(void **state)
{
	const struct df_model *model;
	const struct df_field *field;
	size_t i;
	size_t j;

	(void)state;
	for (i = 0; (model = df_model_at(i)); i++)
		for (j = 0; (field = df_model_field(model, j)); j++) {
			struct df_obj *obj;
			char *text;

			if (!field->preset)
				continue;
			assert_int_equal(df_obj_new(&obj, model->name, NULL),
					 0);
			text = df_obj_text(obj, field->name);
			assert_string_equal(text, field->preset);
			assert_int_equal(df_obj_set(obj, field->name, text,
						    NULL), 0);
			free(text);
			df_obj_put(obj);
		}
}

/* Each field that a rule names exists, and models follow what they refer to. */
static void rules_name_fields_and_models(void **state)
{
	const struct df_schema *schema;
	const struct df_unique *unique;
	char field[32];

	(void)state;
	for (schema = df_schemas; schema->model.name; schema++) {
		const char *open = strchr(schema->model.topic, '<');

		if (open) {
			strcpy(field, open + 1);
			field[strlen(field) - 1] = '\0';
			assert_non_null(df_fields_find(schema->fields, field));
		}
		if (schema->follows)
			assert_true(df_schema(df_model_find(schema->follows)) <
				    schema);
		for (unique = schema->uniques; unique && unique->field;
		     unique++) {
			assert_non_null(df_fields_find(schema->fields,
						       unique->field));
			if (unique->among)
				assert_true(df_schema(df_model_find(unique->among)) <
					    schema);
			if (unique->within)
				assert_non_null(df_fields_find(schema->fields,
							       unique->within));
		}
	}
}

/* A subnet's IPv6 modes suit each other, its prefix, and DHCP. */
static void modes_of_a_subnet_agree(void **state)
{
#define V6 "\"cidr\":\"2001:db8::/64\",\"ip_version\":6"
#define V6_80 "\"cidr\":\"2001:db8::/80\",\"ip_version\":6"
#define V4 "\"cidr\":\"192.0.2.0/24\",\"ip_version\":4"
#define RA(mode) ",\"ipv6_ra_mode\":\"" mode "\""
#define ADDRESS(mode) ",\"ipv6_address_mode\":\"" mode "\""
#define NO_DHCP ",\"enable_dhcp\":false"
	static const struct {
		const char *fields, *why;
	} subnets[] = {
		{ V6, NULL },
		{ V6 NO_DHCP, NULL },
		{ V4 NO_DHCP, NULL },
		{ V6 RA("slaac"), NULL },
		{ V6 ADDRESS("slaac"), NULL },
		{ V6 RA("dhcpv6-stateless") ADDRESS("dhcpv6-stateless"), NULL },
		{ V6_80 RA("dhcpv6-stateful") ADDRESS("dhcpv6-stateful"), NULL },
		{ V4 RA("slaac"),
		  "\"ipv6_ra_mode\": an IPv4 subnet has none" },
		{ V4 ADDRESS("slaac"),
		  "\"ipv6_address_mode\": an IPv4 subnet has none" },
		{ V6 NO_DHCP RA("slaac"),
		  "\"ipv6_ra_mode\": without enable_dhcp a subnet has none" },
		{ V6_80 RA("slaac"),
		  "\"ipv6_ra_mode\": slaac needs a prefix of 64 bits, not 80" },
		{ V6_80 ADDRESS("dhcpv6-stateless"),
		  "\"ipv6_address_mode\": dhcpv6-stateless needs a prefix of 64 bits, not 80" },
		{ V6 RA("slaac") ADDRESS("dhcpv6-stateful"),
		  "\"ipv6_address_mode\": is dhcpv6-stateful, but ipv6_ra_mode is slaac" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(subnets) / sizeof(*subnets); i++) {
		struct df_error error = { 0 };
		struct df_obj *obj;
		char json[512];

		snprintf(json, sizeof(json),
			 "{\"id\":\"20000000-0000-4000-8000-000000000001\","
			 "\"network_id\":\"10000000-0000-4000-8000-000000000001\","
			 "%s}", subnets[i].fields);
		assert_int_equal(df_obj_parse(&obj, "subnet", json,
					      strlen(json), &error), 0);
		assert_int_equal(df_obj_check(obj, &error),
				 subnets[i].why ? -EINVAL : 0);
		if (subnets[i].why)
			assert_non_null(strstr(error.text, subnets[i].why));
		df_obj_put(obj);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_keep_the_rules),
		cmocka_unit_test(presets_are_values_of_their_fields),
		cmocka_unit_test(rules_name_fields_and_models),
		cmocka_unit_test(modes_of_a_subnet_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
