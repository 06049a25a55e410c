// SPDX-License-Identifier: GPL-2.0
/* Ethernet and IP addresses, prefixes and UUIDs as text */
#include <errno.h>
#include <string.h>

#include "cm.h"

#include "address.h"

static void mac_reads_and_prints(void **state)
{
	static const uint8_t want[6] = { 0xfa, 0x16, 0x3e, 0x00, 0xab, 0xff };
	uint8_t mac[6];
	char text[18];

	(void)state;
	assert_int_equal(df_mac_parse(mac, "FA:16:3e:00:aB:ff"), 0);
	assert_memory_equal(mac, want, 6);
	df_mac_print(text, mac);
	assert_string_equal(text, "fa:16:3e:00:ab:ff");
}

static void bad_mac_leaves_the_result_alone(void **state)
{
	static const char *const bad[] = {
		"", "f", "fa:16:3e:00:ab", "fa:16:3e:00:ab:ff:00",
		"fa:16:3e:00:ab:f", "fa:16:3e:00:ab:gg", "fa-16-3e-00-ab-ff",
		"fa:16:3e:00:ab:ff ", " fa:16:3e:00:ab:ff", "fa:16:3e:00:ab:",
	};
	uint8_t mac[6] = { 1, 2, 3, 4, 5, 6 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(df_mac_parse(mac, bad[i]), -EINVAL);
	assert_memory_equal(mac, "\1\2\3\4\5\6", 6);
}

static void ip_has_one_form(void **state)
{
	static const struct {
		const char *text;
		const char *canonical;
		int family;
		int prefix;
	} good[] = {
		{ "192.0.2.1", "192.0.2.1", 4, 32 },
		{ "192.0.2.1/32", "192.0.2.1", 4, 32 },
		{ "192.0.2.0/24", "192.0.2.0/24", 4, 24 },
		{ "0.0.0.0/0", "0.0.0.0/0", 4, 0 },
		{ "2001:DB8:0::1", "2001:db8::1", 6, 128 },
		{ "2001:db8::/33", "2001:db8::/33", 6, 33 },
		{ "::/0", "::/0", 6, 0 },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1", 6, 128 },
	};
	struct df_ip ip;
	char text[50];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(df_ip_parse(&ip, good[i].text), 0);
		assert_int_equal(ip.family, good[i].family);
		assert_int_equal(ip.prefix, good[i].prefix);
		df_ip_print(text, &ip);
		assert_string_equal(text, good[i].canonical);
	}
}

static void bad_ip_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "/", "/24", "192.0.2", "192.0.2.256", "192.0.2.1/33",
		"192.0.2.1/24", "192.0.2.0/", "192.0.2.0/-1", "192.0.2.0/+8",
		"192.0.2.0/ 8", "192.0.2.0/8x", "192.0.2.0/0000008", ":::",
		"2001:db8::/129", "2001:db8::1/64", "fe80::1%eth0", "host",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:",
	};
	struct df_ip ip = { .family = 9 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(df_ip_parse(&ip, bad[i]), -EINVAL);
	assert_int_equal(ip.family, 9);
}

static bool is_in(const char *ip_text, const char *net_text)
{
	struct df_ip ip;
	struct df_ip net;

	assert_int_equal(df_ip_parse(&ip, ip_text), 0);
	assert_int_equal(df_ip_parse(&net, net_text), 0);
	return df_ip_is_in(&ip, &net);
}

static void prefix_holds_its_addresses(void **state)
{
	(void)state;
	assert_true(is_in("192.0.2.1", "192.0.2.0/24"));
	assert_true(is_in("192.0.2.255", "192.0.2.0/24"));
	assert_false(is_in("192.0.3.0", "192.0.2.0/24"));
	assert_true(is_in("192.0.2.128/25", "192.0.2.0/24"));
	assert_false(is_in("192.0.2.0/23", "192.0.2.0/24"));
	assert_true(is_in("10.1.2.3", "0.0.0.0/0"));
	assert_true(is_in("10.1.2.3", "10.1.2.3"));
	assert_true(is_in("2001:db8:7fff::", "2001:db8::/33"));
	assert_false(is_in("2001:db8:8000::", "2001:db8::/33"));
	assert_false(is_in("::", "0.0.0.0/0"));
	assert_false(is_in("0.0.0.0", "::/0"));
}

static void uuids_are_valid_and_differ(void **state)
{
	char a[DF_UUID_LEN + 1];
	char b[DF_UUID_LEN + 1];

	(void)state;
	df_uuid_new(a);
	df_uuid_new(b);
	assert_true(df_uuid_is_valid(a));
	assert_int_equal(strlen(a), DF_UUID_LEN);
	assert_int_equal(a[14], '4');
	assert_string_not_equal(a, b);
	a[0] = 'A';
	assert_false(df_uuid_is_valid(a));
	assert_false(df_uuid_is_valid(""));
	assert_false(df_uuid_is_valid("0123"));
	assert_false(df_uuid_is_valid("01234567-0123-0123-0123-0123456789abc"));
	assert_false(df_uuid_is_valid("01234567+0123-0123-0123-0123456789ab"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_reads_and_prints),
		cmocka_unit_test(bad_mac_leaves_the_result_alone),
		cmocka_unit_test(ip_has_one_form),
		cmocka_unit_test(bad_ip_is_refused),
		cmocka_unit_test(prefix_holds_its_addresses),
		cmocka_unit_test(uuids_are_valid_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
