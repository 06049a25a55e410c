// SPDX-License-Identifier: GPL-2.0
/* Ports that nobody has to know in advance, and how they are found */
#include <errno.h>

#include "test_nb.h"

static struct df_obj *far;
static struct df_obj *far_port;

static int setup(void **state)
{
	if (cloud_setup(state))
		return -1;
	far = object("network", "name=far", "on_demand=true", NULL);
	must(create(far));
	far_port = object("port", "name=db", "binding_host=hv1",
			  "mac_address=fa:16:3e:00:00:01",
			  text("network_id=%s%s", df_obj_id(far), ""), NULL);
	must(create(far_port));
	return 0;
}

static int teardown(void **state)
{
	df_obj_put(far);
	df_obj_put(far_port);
	return cloud_teardown(state);
}

static bool is_on_demand(const char *model, const struct df_obj *of)
{
	struct df_obj *obj = stored(model, df_obj_id(of));
	bool is_on_demand;

	assert_non_null(obj);
	is_on_demand = df_obj_bool(obj, "on_demand");
	df_obj_put(obj);
	return is_on_demand;
}

static void port_has_a_topic_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(count("port", text("network/%s%s", df_obj_id(far), "")),
			 0);
	assert_int_equal(count("port", text("port/%s%s", df_obj_id(far_port),
					    "")), 1);
	assert_int_equal(count("port", text("network/%s%s", df_obj_id(network),
					    "")), 1);
	assert_int_equal(count("network", text("network/%s%s", df_obj_id(far),
					       "")), 1);
}

static void port_and_binding_say_so(void **state)
{
	(void)state;
	assert_true(is_on_demand("port", far_port));
	assert_true(is_on_demand("binding", far_port));
	assert_false(is_on_demand("port", port));
	assert_false(is_on_demand("binding", port));
}

static void it_is_not_for_users_to_say(void **state)
{
	struct df_obj *obj = object("port", "on_demand=true",
				    text("network_id=%s%s", df_obj_id(network),
					 ""), NULL);
	struct df_obj *patched = object("port", "on_demand=false", "name=new",
					text("id=%s%s", df_obj_id(far_port), ""),
					NULL);

	(void)state;
	must(create(obj));
	assert_false(is_on_demand("port", obj));
	must(patch(patched, 0));
	assert_true(is_on_demand("port", far_port));
	must(df_obj_set(patched, "network_id", df_obj_id(far), &error));
	must(update(patched, 0));
	assert_true(is_on_demand("port", far_port));
	df_obj_put(obj);
	df_obj_put(patched);
}

static void network_cannot_change_its_mind(void **state)
{
	struct df_obj *obj = object("network", "on_demand=false",
				    text("id=%s%s", df_obj_id(far), ""), NULL);

	(void)state;
	assert_int_equal(patch(obj, 0), -EINVAL);
	said("network %s: field \"on_demand\": cannot change after creation%s",
	     df_obj_id(far), "");
	df_obj_put(obj);
}

static void network_and_port_may_come_at_once(void **state)
{
	struct df_obj *net = object("network", "on_demand=true", NULL);
	struct df_obj *one = object("port", NULL);
	struct df_txn *txn;

	(void)state;
	assert_int_equal(df_txn_new(&txn, nb), 0);
	must(df_txn_create(txn, net, &error));
	must(df_obj_set(one, "network_id", df_obj_id(net), &error));
	must(df_txn_create(txn, one, &error));
	must(df_txn_commit_sync(txn, &error));
	assert_true(is_on_demand("port", one));
	df_obj_put(net);
	df_obj_put(one);
}

/** struct answer - what an owner was said to be */
struct answer {
	int err;
	bool is_there;
	const char *model;
	char id[DF_UUID_LEN + 1];
};

static void answered(void *arg, const struct df_error *why,
		     const struct df_model *model, const char *id)
{
	struct answer *answer = arg;

	answer->is_there = true;
	answer->err = why ? why->code : 0;
	answer->model = model ? model->name : "nobody";
	snprintf(answer->id, sizeof(answer->id), "%s", id ? id : "");
}

static struct answer owner(const char *field, const struct df_obj *net,
			   const char *value)
{
	struct answer answer = { 0 };
	int rounds = 500;

	must(df_nb_owner(nb, "port", field, df_obj_id(net), value, answered,
			 &answer, &error));
	assert_false(answer.is_there);
	while (!answer.is_there && rounds--)
		df_nb_dispatch(nb, 10);
	assert_true(answer.is_there);
	assert_int_equal(answer.err, 0);
	return answer;
}

static void owner_of_an_address_is_found(void **state)
{
	struct df_obj *subnet6 = object("subnet", "cidr=fd00::/64",
					text("network_id=%s%s", df_obj_id(far),
					     ""), NULL);
	struct df_obj *six = object("port",
		text("network_id=%s%s", df_obj_id(far), ""), NULL);
	struct answer answer;

	(void)state;
	answer = owner("mac_address", far, "fa:16:3e:00:00:01");
	assert_string_equal(answer.model, "port");
	assert_string_equal(answer.id, df_obj_id(far_port));
	answer = owner("fixed_ips", network, "10.0.0.5");
	assert_string_equal(answer.id, df_obj_id(port));
	must(create(subnet6));
	must(df_obj_set(six, "fixed_ips",
			text("{\"subnet_id\":\"%s\",\"ip_address\":\"FD00:0::5\"}%s",
			     df_obj_id(subnet6), ""), &error));
	must(create(six));
	answer = owner("fixed_ips", far, "fd00::5");
	assert_string_equal(answer.id, df_obj_id(six));
	df_obj_put(subnet6);
	df_obj_put(six);
}

static void address_of_nobody_has_no_owner(void **state)
{
	struct answer answer;

	(void)state;
	answer = owner("mac_address", network, "fa:16:3e:00:00:01");
	assert_string_equal(answer.model, "nobody");
	answer = owner("fixed_ips", network, "10.0.0.6");
	assert_string_equal(answer.model, "nobody");
	must(delete(far_port, 0));
	answer = owner("mac_address", far, "fa:16:3e:00:00:01");
	assert_string_equal(answer.model, "nobody");
}

static void router_interfaces_are_found_as_well(void **state)
{
	struct df_obj *router = object("router", NULL);
	struct df_obj *iface = object("router_interface",
		text("fixed_ips={\"subnet_id\":\"%s\",\"ip_address\":\"10.0.0.1\"}%s",
		     df_obj_id(subnet), ""), NULL);
	struct answer answer;

	(void)state;
	must(create(router));
	must(df_obj_set(iface, "router_id", df_obj_id(router), &error));
	must(create(iface));
	answer = owner("fixed_ips", network, "10.0.0.1");
	assert_string_equal(answer.model, "router_interface");
	assert_string_equal(answer.id, df_obj_id(iface));
	df_obj_put(router);
	df_obj_put(iface);
}

#define test(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(port_has_a_topic_of_its_own),
		test(port_and_binding_say_so),
		test(it_is_not_for_users_to_say),
		test(network_cannot_change_its_mind),
		test(network_and_port_may_come_at_once),
		test(owner_of_an_address_is_found),
		test(address_of_nobody_has_no_owner),
		test(router_interfaces_are_found_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
