// SPDX-License-Identifier: GPL-2.0
/* Transactions over objects */
#include <errno.h>

#include "test_nb.h"

#define NOBODY "00000000-0000-4000-8000-00000000dead"

static void create_fills_in_what_was_not_given(void **state)
{
	uint8_t mac[6];

	(void)state;
	assert_true(df_uuid_is_valid(df_obj_id(network)));
	assert_int_equal(df_obj_revision(network), 1);
	assert_in_range(df_obj_key(network), 1, 0xfffeffff);
	assert_in_range(df_obj_u64(network, "segmentation_id"), 1, 0xffffff);
	assert_int_equal(df_obj_u64(subnet, "ip_version"), 4);
	assert_int_equal(df_obj_mac(port, "mac_address", mac), 0);
	assert_memory_equal(mac, "\xfa\x16\x3e", 3);
	assert_int_not_equal(df_obj_key(port), 0);
}

static void created_object_reads_back_equal(void **state)
{
	struct df_obj *again = stored("port", df_obj_id(port));

	(void)state;
	assert_true(df_obj_is_equal(port, again));
	assert_int_equal(df_obj_revision(again), 1);
	df_obj_put(again);
}

static void create_twice_is_refused(void **state)
{
	(void)state;
	assert_int_equal(create(port), -EEXIST);
	said("port %s exists already%s", df_obj_id(port), "");
}

static void required_field_is_named(void **state)
{
	struct df_obj *obj = object("port", "name=lost", NULL);

	(void)state;
	assert_int_equal(create(obj), -EINVAL);
	said("port %s: field \"network_id\": is required%s", df_obj_id(obj),
	     "");
	df_obj_put(obj);
}

static void reference_must_exist(void **state)
{
	struct df_obj *obj = object("port", "network_id=" NOBODY, NULL);

	(void)state;
	assert_int_equal(create(obj), -ENOENT);
	said("port %s: field \"network_id\": there is no network " NOBODY "%s",
	     df_obj_id(obj), "");
	must(df_obj_set(obj, "network_id", df_obj_id(network), &error));
	must(df_obj_set(obj, "fixed_ips", "{\"subnet_id\":\"" NOBODY
			"\",\"ip_address\":\"10.0.0.9\"}", &error));
	assert_int_equal(create(obj), -ENOENT);
	said("port %s: field \"subnet_id\": there is no subnet " NOBODY "%s",
	     df_obj_id(obj), "");
	assert_int_equal(count("port", NULL), 1);
	df_obj_put(obj);
}

static void object_in_use_is_not_deleted(void **state)
{
	struct df_obj *other;

	(void)state;
	assert_int_equal(delete(subnet, 0), -EBUSY);
	said("subnet %s is used by port %s", df_obj_id(subnet),
	     df_obj_id(port));
	assert_int_equal(delete(network, 0), -EBUSY);
	said("network %s is used by port %s and 1 more", df_obj_id(network),
	     df_obj_id(port));
	other = stored("network", df_obj_id(network));
	assert_non_null(other);
	df_obj_put(other);
	must(delete(port, 0));
	must(delete(subnet, 0));
	must(delete(network, 0));
	assert_null(stored("network", df_obj_id(network)));
	assert_int_equal(error.code, -ENOENT);
}

static void mac_is_unique_within_its_network(void **state)
{
	struct df_obj *other = object("network", NULL);
	struct df_obj *twin = object("port",
		text("mac_address=%s%s", df_obj_string(port, "mac_address"), ""),
		text("network_id=%s%s", df_obj_id(network), ""), NULL);

	(void)state;
	must(create(other));
	assert_int_equal(create(twin), -EEXIST);
	assert_non_null(strstr(error.text,
			       text("port %s: field \"mac_address\": %s",
				    df_obj_id(twin),
				    df_obj_string(port, "mac_address"))));
	assert_non_null(strstr(error.text, text(" is already used by port %s%s",
						df_obj_id(port), "")));
	must(df_obj_set(twin, "network_id", df_obj_id(other), &error));
	must(create(twin));
	df_obj_put(twin);
	df_obj_put(other);
}

static void ip_is_unique_within_its_network(void **state)
{
	struct df_obj *twin = object("port",
		text("network_id=%s%s", df_obj_id(network), ""),
		text("fixed_ips={\"subnet_id\":\"%s\",\"ip_address\":\"10.0.0.5\"}%s",
		     df_obj_id(subnet), ""), NULL);

	(void)state;
	assert_int_equal(create(twin), -EEXIST);
	said("port %s: field \"fixed_ips\": 10.0.0.5 is already used by port %s",
	     df_obj_id(twin), df_obj_id(port));
	df_obj_put(twin);
}

static void vni_is_unique_but_not_among_vlans(void **state)
{
	struct df_obj *a = object("network", "segmentation_id=5001", NULL);
	struct df_obj *b = object("network", "segmentation_id=5001",
				  "network_type=geneve", NULL);
	struct df_obj *c = object("network", "segmentation_id=501",
				  "network_type=vlan",
				  "physical_network=p1", NULL);
	struct df_obj *d = object("network", "segmentation_id=501",
				  "network_type=vlan",
				  "physical_network=p2", NULL);

	(void)state;
	must(create(a));
	assert_int_equal(create(b), -EEXIST);
	said("network %s: field \"segmentation_id\": 5001 is already used by network %s",
	     df_obj_id(b), df_obj_id(a));
	must(create(c));
	must(create(d));
	/* What is given up is free again. */
	must(df_obj_set(a, "segmentation_id", "5002", &error));
	must(update(a, 0));
	must(create(b));
	must(delete(b, 0));
	must(df_obj_set(a, "segmentation_id", "5001", &error));
	must(update(a, 0));
	df_obj_put(a);
	df_obj_put(b);
	df_obj_put(c);
	df_obj_put(d);
}

static void fields_of_a_network_agree(void **state)
{
	static const struct {
		const char *type;
		const char *physnet;
		const char *segment;
		const char *why;
	} bad[] = {
		{ "vlan", "", "5", "field \"physical_network\": a vlan network needs one" },
		{ "vxlan", "p", "5", "field \"physical_network\": a vxlan network has none" },
		{ "vlan", "p", "", "field \"segmentation_id\": a vlan network needs one" },
		{ "vlan", "p", "4095", "field \"segmentation_id\": a VLAN is at most 4094" },
		{ "flat", "p", "5", "field \"segmentation_id\": a flat network has none" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct df_obj *obj = object("network", NULL);

		must(df_obj_set(obj, "network_type", bad[i].type, &error));
		must(df_obj_set(obj, "physical_network", bad[i].physnet,
				&error));
		must(df_obj_set(obj, "segmentation_id", bad[i].segment,
				&error));
		assert_int_equal(create(obj), -EINVAL);
		said("network %s: %s", df_obj_id(obj), bad[i].why);
		df_obj_put(obj);
	}
}

static void fields_of_a_subnet_agree(void **state)
{
	struct df_obj *obj = object("subnet", "cidr=10.1.0.0/24",
				    "ip_version=6",
				    text("network_id=%s%s",
					 df_obj_id(network), ""), NULL);

	(void)state;
	assert_int_equal(create(obj), -EINVAL);
	assert_non_null(strstr(error.text, "\"ip_version\": the prefix 10.1.0.0/24 is IPv4"));
	must(df_obj_set(obj, "ip_version", "", &error));
	must(df_obj_set(obj, "gateway_ip", "::1", &error));
	assert_int_equal(create(obj), -EINVAL);
	assert_non_null(strstr(error.text, "\"gateway_ip\": ::1 is not an IPv4 address"));
	must(df_obj_set(obj, "gateway_ip", "10.1.0.1", &error));
	must(df_obj_set(obj, "allocation_pools",
			"{\"start\":\"10.1.0.9\",\"end\":\"10.1.0.8\"}",
			&error));
	assert_int_equal(create(obj), -EINVAL);
	assert_non_null(strstr(error.text,
			       "\"allocation_pools\": [0] is not a range of 10.1.0.0/24"));
	df_obj_put(obj);
}

static void update_bumps_the_revision_if_it_changes(void **state)
{
	uint32_t key = df_obj_key(port);

	(void)state;
	must(update(port, 0));
	assert_int_equal(df_obj_revision(port), 1);
	must(df_obj_set(port, "name", "db", &error));
	must(update(port, 1));
	assert_int_equal(df_obj_revision(port), 2);
	assert_int_equal(df_obj_key(port), key);
}

static void stale_revision_is_refused(void **state)
{
	struct df_obj *mine = stored("port", df_obj_id(port));

	(void)state;
	must(df_obj_set(port, "name", "first", &error));
	must(update(port, 1));
	must(df_obj_set(mine, "name", "second", &error));
	assert_int_equal(update(mine, 1), -ESTALE);
	said("port %s has revision 2, not 1%s", df_obj_id(port), "");
	assert_int_equal(delete(mine, 1), -ESTALE);
	must(update(mine, 2));
	must(delete(mine, 3));
	df_obj_put(mine);
}

static void update_replaces_but_keeps_what_is_assigned(void **state)
{
	struct df_obj *obj = object("port",
		text("id=%s%s", df_obj_id(port), ""),
		text("network_id=%s%s", df_obj_id(network), ""),
		"description=only this", NULL);
	struct df_obj *now;

	(void)state;
	must(update(obj, 0));
	now = stored("port", df_obj_id(port));
	assert_false(df_obj_has(now, "name"));
	assert_false(df_obj_has(now, "fixed_ips"));
	assert_string_equal(df_obj_string(now, "description"), "only this");
	assert_string_equal(df_obj_string(now, "mac_address"),
			    df_obj_string(port, "mac_address"));
	assert_int_equal(df_obj_key(now), df_obj_key(port));
	assert_true(df_obj_is_equal(now, obj));
	df_obj_put(now);
	df_obj_put(obj);
}

static void patch_changes_only_what_it_names(void **state)
{
	struct df_obj *obj = object("port",
		text("id=%s%s", df_obj_id(port), ""), "name=",
		"description=new", NULL);

	(void)state;
	must(patch(obj, 0));
	assert_false(df_obj_has(obj, "name"));
	assert_string_equal(df_obj_string(obj, "description"), "new");
	assert_string_equal(df_obj_string(obj, "binding_host"), "hv1");
	assert_int_equal(df_obj_revision(obj), 2);
	df_obj_put(obj);
}

static void immutable_field_stays(void **state)
{
	struct df_obj *other = object("network", NULL);
	struct df_obj *obj = object("port",
		text("id=%s%s", df_obj_id(port), ""), NULL);

	(void)state;
	must(create(other));
	must(df_obj_set(obj, "network_id", df_obj_id(other), &error));
	assert_int_equal(patch(obj, 0), -EINVAL);
	said("port %s: field \"network_id\": cannot change after creation%s",
	     df_obj_id(port), "");
	df_obj_put(obj);
	df_obj_put(other);
}

static void what_does_not_exist_is_not_changed(void **state)
{
	struct df_obj *obj = object("port", "id=" NOBODY, NULL);

	(void)state;
	assert_int_equal(update(obj, 0), -ENOENT);
	assert_string_equal(error.text, "there is no port " NOBODY);
	assert_int_equal(patch(obj, 0), -ENOENT);
	assert_int_equal(delete(obj, 0), -ENOENT);
	df_obj_put(obj);
}

static void put_creates_or_updates(void **state)
{
	struct df_obj *obj = object("chassis", "name=hv1", NULL);

	(void)state;
	must(put(obj));
	assert_int_equal(df_obj_revision(obj), 1);
	must(put(obj));
	assert_int_equal(df_obj_revision(obj), 1);
	must(df_obj_set(obj, "capabilities", "geneve", &error));
	must(put(obj));
	assert_int_equal(df_obj_revision(obj), 2);
	df_obj_put(obj);
}

static void transaction_is_all_or_nothing(void **state)
{
	struct df_obj *good = object("network", NULL);
	struct df_obj *bad = object("network", text("id=%s%s",
					    df_obj_id(network), ""), NULL);
	struct df_txn *txn;

	(void)state;
	must(df_txn_new(&txn, nb));
	must(df_txn_create(txn, good, &error));
	must(df_txn_create(txn, bad, &error));
	assert_int_equal(df_txn_create(txn, good, &error), -EINVAL);
	assert_int_equal(df_txn_commit_sync(txn, &error), -EEXIST);
	assert_null(stored("network", df_obj_id(good)));
	df_obj_put(good);
	df_obj_put(bad);
}

static void whole_topology_in_one_transaction(void **state)
{
	struct df_obj *objs[3] = {
		object("network", NULL),
		object("subnet", "cidr=2001:db8::/64", NULL),
		object("port", NULL),
	};
	struct df_txn *txn;
	int i;

	(void)state;
	must(df_txn_new(&txn, nb));
	must(df_txn_create(txn, objs[0], &error));
	for (i = 1; i < 3; i++) {
		must(df_obj_set(objs[i], "network_id", df_obj_id(objs[0]),
				&error));
		must(df_txn_create(txn, objs[i], &error));
	}
	must(df_txn_commit_sync(txn, &error));
	/* And away, in the order that they came */
	must(df_txn_new(&txn, nb));
	for (i = 0; i < 3; i++)
		must(df_txn_delete(txn, df_obj_model(objs[i])->name,
				   df_obj_id(objs[i]), 0, &error));
	must(df_txn_commit_sync(txn, &error));
	assert_int_equal(count("network", NULL), 1);
	for (i = 0; i < 3; i++)
		df_obj_put(objs[i]);
}

static void deleting_and_referring_at_once_is_refused(void **state)
{
	struct df_obj *late = object("port", text("network_id=%s%s",
					  df_obj_id(network), ""), NULL);
	struct df_txn *txn;

	(void)state;
	must(delete(port, 0));
	must(delete(subnet, 0));
	must(df_txn_new(&txn, nb));
	must(df_txn_delete(txn, "network", df_obj_id(network), 0, &error));
	must(df_txn_create(txn, late, &error));
	assert_int_equal(df_txn_commit_sync(txn, &error), -ENOENT);
	must(df_txn_new(&txn, nb));
	must(df_txn_create(txn, late, &error));
	must(df_txn_delete(txn, "network", df_obj_id(network), 0, &error));
	assert_int_equal(df_txn_commit_sync(txn, &error), -EBUSY);
	said("network %s is used by port %s", df_obj_id(network),
	     df_obj_id(late));
	must(create(late));
	df_obj_put(late);
}

static void two_ports_may_swap_their_addresses(void **state)
{
	struct df_obj *other = object("port", "mac_address=fa:16:3e:00:00:02",
				      text("network_id=%s%s",
					   df_obj_id(network), ""), NULL);
	struct df_txn *txn;

	(void)state;
	must(create(other));
	must(df_obj_set(other, "mac_address",
			df_obj_string(port, "mac_address"), &error));
	must(df_obj_set(port, "mac_address", "fa:16:3e:00:00:02", &error));
	must(df_txn_new(&txn, nb));
	must(df_txn_update(txn, other, 0, &error));
	must(df_txn_update(txn, port, 0, &error));
	must(df_txn_commit_sync(txn, &error));
	/* The claims went along. */
	must(delete(other, 0));
	must(df_obj_set(other, "mac_address", "fa:16:3e:00:00:02", &error));
	assert_int_equal(create(other), -EEXIST);
	df_obj_put(other);
}

/*
 * Of 24 random bits that many have some in common, among them and with what was
 * asked for: all but surely, and every time.
 */
#define CHOSEN 8000

static void what_is_made_up_gives_way(void **state)
{
	const char *in = text("network_id=%s%s", df_obj_id(network), "");
	struct df_txn *txn;
	int i;

	(void)state;
	must(df_txn_new(&txn, nb));
	for (i = 0; i < 2 * CHOSEN; i++) {
		struct df_obj *one = object("port", in, NULL);
		char mac[18];

		snprintf(mac, sizeof(mac), "fa:16:3e:00:%02x:%02x", i >> 8 & 255,
			 i & 255);
		if (i >= CHOSEN)
			must(df_obj_set(one, "mac_address", mac, &error));
		must(df_txn_create(txn, one, &error));
		df_obj_put(one);
	}
	must(df_txn_commit_sync(txn, &error));
	assert_int_equal(count("port", NULL), 2 * CHOSEN + 1);
}

static void binding_follows_the_host_of_a_port(void **state)
{
	struct df_obj *obj = object("port", text("id=%s%s", df_obj_id(port),
						 ""), "binding_host=hv2", NULL);
	struct df_obj *binding;

	(void)state;
	binding = stored("binding", df_obj_id(port));
	assert_string_equal(df_obj_string(binding, "host"), "hv1");
	assert_string_equal(df_obj_string(binding, "network_id"),
			    df_obj_id(network));
	df_obj_put(binding);
	assert_int_equal(count("binding", "chassis/hv1"), 1);
	must(patch(obj, 0));
	assert_int_equal(count("binding", "chassis/hv1"), 0);
	assert_int_equal(count("binding", "chassis/hv2"), 1);
	must(df_obj_set(obj, "binding_host", "", &error));
	must(patch(obj, 0));
	assert_int_equal(count("binding", NULL), 0);
	must(df_obj_set(obj, "binding_host", "hv3", &error));
	must(patch(obj, 0));
	must(delete(obj, 0));
	assert_int_equal(count("binding", NULL), 0);
	df_obj_put(obj);
}

static void binding_is_not_for_users(void **state)
{
	struct df_obj *obj = object("binding", "host=hv9",
				    text("network_id=%s%s",
					 df_obj_id(network), ""), NULL);

	(void)state;
	assert_int_equal(create(obj), -EPERM);
	df_obj_put(obj);
}

static void status_comes_and_goes_with_its_port(void **state)
{
	struct df_obj *status = object("port_status", "status=up",
				       "chassis=hv1",
				       text("id=%s%s", df_obj_id(port), ""),
				       NULL);

	(void)state;
	must(put(status));
	must(df_obj_set(status, "status", "down", &error));
	must(put(status));
	assert_int_equal(df_obj_revision(status), 2);
	must(delete(port, 0));
	assert_int_equal(count("port_status", NULL), 0);
	assert_int_equal(put(status), -ENOENT);
	said("port_status %s: field \"id\": there is no port %s",
	     df_obj_id(port), df_obj_id(port));
	df_obj_put(status);
}

static void unknown_fields_survive_a_patch(void **state)
{
	static const char with_new[] = "{\"name\":\"future\",\"invented\":[1,2]}";
	struct df_obj *obj;
	struct df_obj *change;
	char *json;

	(void)state;
	must(df_obj_parse(&obj, "network", with_new, strlen(with_new),
			  &error));
	must(create(obj));
	change = object("network", text("id=%s%s", df_obj_id(obj), ""),
			"mtu=1400", NULL);
	must(patch(change, 0));
	json = df_obj_print(change, false);
	assert_non_null(strstr(json, "\"invented\":[1,2]"));
	free(json);
	df_obj_put(obj);
	df_obj_put(change);
}

static void object_is_found_by_id_prefix_or_name(void **state)
{
	struct df_obj *twin = object("network", "name=net", NULL);
	struct df_obj *obj = NULL;
	char prefix[10];

	(void)state;
	snprintf(prefix, sizeof(prefix), "%.9s", df_obj_id(port));
	must(df_nb_find_sync(nb, "port", prefix, &obj, &error));
	assert_true(df_obj_is_equal(obj, port));
	df_obj_put(obj);
	must(df_nb_find_sync(nb, "ports", "web", &obj, &error));
	df_obj_put(obj);
	must(create(twin));
	assert_int_equal(df_nb_find_sync(nb, "network", "net", &obj, &error),
			 -ENOTUNIQ);
	assert_non_null(strstr(error.text, "2 networks match \"net\": "));
	assert_non_null(strstr(error.text, df_obj_id(twin)));
	assert_int_equal(df_nb_find_sync(nb, "network", "nix", &obj, &error),
			 -ENOENT);
	assert_string_equal(error.text, "there is no network \"nix\"");
	assert_int_equal(df_nb_find_sync(nb, "network", "", &obj, &error),
			 -ENOENT);
	assert_int_equal(df_nb_find_sync(nb, "gadget", "x", &obj, &error),
			 -EINVAL);
	df_obj_put(twin);
}

#define cloud_test(fn) \
	cmocka_unit_test_setup_teardown(fn, cloud_setup, cloud_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cloud_test(create_fills_in_what_was_not_given),
		cloud_test(created_object_reads_back_equal),
		cloud_test(create_twice_is_refused),
		cloud_test(required_field_is_named),
		cloud_test(reference_must_exist),
		cloud_test(object_in_use_is_not_deleted),
		cloud_test(mac_is_unique_within_its_network),
		cloud_test(ip_is_unique_within_its_network),
		cloud_test(vni_is_unique_but_not_among_vlans),
		cloud_test(fields_of_a_network_agree),
		cloud_test(fields_of_a_subnet_agree),
		cloud_test(update_bumps_the_revision_if_it_changes),
		cloud_test(stale_revision_is_refused),
		cloud_test(update_replaces_but_keeps_what_is_assigned),
		cloud_test(patch_changes_only_what_it_names),
		cloud_test(immutable_field_stays),
		cloud_test(what_does_not_exist_is_not_changed),
		cloud_test(put_creates_or_updates),
		cloud_test(transaction_is_all_or_nothing),
		cloud_test(whole_topology_in_one_transaction),
		cloud_test(deleting_and_referring_at_once_is_refused),
		cloud_test(two_ports_may_swap_their_addresses),
		cloud_test(what_is_made_up_gives_way),
		cloud_test(binding_follows_the_host_of_a_port),
		cloud_test(binding_is_not_for_users),
		cloud_test(status_comes_and_goes_with_its_port),
		cloud_test(unknown_fields_survive_a_patch),
		cloud_test(object_is_found_by_id_prefix_or_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
