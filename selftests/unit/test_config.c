// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "config.h"
#include "util.h"

static void a_file_sets_everything(void **unused)
{
	static const char text[] = "# a comment\n"
				   "\n"
				   "database = sqlite:///tmp/nb.db\n"
				   "chassis=hv-1.example\n"
				   "  encap =  geneve:192.0.2.1\n"
				   "encap = vxlan:2001:db8::1\n"
				   "control-socket = /run/x.sock\n"
				   "run-dir = /run/y\n"
				   "state-dir = /var/z\n"
				   "log-level = debug\n"
				   "dataplane = none\n"
				   "security-log-rate = 7\n"
				   "security-log-burst = 1000000\n"
				   "on-demand-age = 30";
	struct dfa_config config;
	struct df_error error;

	(void)unused;
	dfa_config_init(&config);
	assert_int_equal(dfa_config_parse(&config, text, "f", &error), 0);
	assert_int_equal(dfa_config_finish(&config, &error), 0);
	assert_string_equal(config.database, "sqlite:///tmp/nb.db");
	assert_string_equal(config.chassis, "hv-1.example");
	assert_string_equal(config.control_socket, "/run/x.sock");
	assert_string_equal(config.run_dir, "/run/y");
	assert_string_equal(config.state_dir, "/var/z");
	assert_int_equal(config.log_level, DFA_LOG_DEBUG);
	assert_int_equal(config.dataplane, DFA_DATAPLANE_NONE);
	assert_int_equal(config.security_log_rate, 7);
	assert_int_equal(config.security_log_burst, 1000000);
	assert_int_equal(config.on_demand_age, 30);
	assert_int_equal(config.encap_count, 2);
	assert_int_equal(config.encap[0].type, DFA_ENCAP_GENEVE);
	assert_int_equal(config.encap[0].address.family, AF_INET);
	assert_memory_equal(config.encap[0].address.bytes, "\xc0\x00\x02\x01",
			    4);
	assert_int_equal(config.encap[1].type, DFA_ENCAP_VXLAN);
	assert_int_equal(config.encap[1].address.family, AF_INET6);
	dfa_config_fini(&config);
}

static void defaults_are_filled_in(void **unused)
{
	struct dfa_config config;
	struct df_error error;

	(void)unused;
	dfa_config_init(&config);
	assert_int_equal(dfa_config_set(&config, "chassis", "hv1", &error), 0);
	assert_int_equal(dfa_config_finish(&config, &error), 0);
	assert_non_null(strstr(config.database, "sqlite:///"));
	assert_string_equal(config.control_socket, "/run/dragonflow/hv1.sock");
	assert_int_equal(config.dataplane, DFA_DATAPLANE_KERNEL);
	assert_int_equal(config.security_log_rate, 100);
	assert_int_equal(config.security_log_burst, 25);
	assert_int_equal(config.on_demand_age, 600);
	assert_int_equal(config.encap_count, 0);
	dfa_config_fini(&config);
}

static void an_error_names_file_and_line(void **unused)
{
	struct dfa_config config;
	struct df_error error;

	(void)unused;
	dfa_config_init(&config);
	assert_int_equal(dfa_config_parse(&config,
					  "\n# x\nlog-level = loud\n", "a.conf",
					  &error),
			 -EINVAL);
	assert_string_equal(error.text, "a.conf:3: \"loud\" is not one of "
					"error, warning, info, debug");
	dfa_config_fini(&config);
}

static void what_is_wrong_is_refused(void **unused)
{
	static const struct {
		const char *key, *value;
	} wrong[] = {
		{ "colour", "red" },
		{ "database", "/var/lib/nb.db" },
		{ "chassis", "" },
		{ "chassis", "a/b" },
		{ "chassis", "-a" },
		{ "chassis", "a b" },
		{ "encap", "vxlan" },
		{ "encap", "gre:192.0.2.1" },
		{ "encap", "vxlan:192.0.2" },
		{ "encap", "vxlan:192.0.2.0/24" },
		{ "encap", "vxlan:224.0.0.1" },
		{ "encap", "vxlan:0.0.0.0" },
		{ "encap", "geneve:ff02::1" },
		{ "encap", "geneve:::" },
		{ "control-socket", "x.sock" },
		{ "run-dir", "" },
		{ "state-dir", "z" },
		{ "log-level", "DEBUG" },
		{ "dataplane", "user" },
		{ "security-log-rate", "0" },
		{ "security-log-rate", "many" },
		{ "security-log-burst", "-1" },
		{ "security-log-burst", "1000001" },
		{ "on-demand-age", "0" },
		{ "on-demand-age", "10m" },
	};
	struct dfa_config config;
	struct df_error error;

	(void)unused;
	dfa_config_init(&config);
	for (size_t i = 0; i < DFA_ARRAY_SIZE(wrong); i++)
		assert_int_equal(dfa_config_set(&config, wrong[i].key,
						wrong[i].value, &error),
				 -EINVAL);
	assert_int_equal(dfa_config_parse(&config, "chassis hv1", "f", &error),
			 -EINVAL);
	dfa_config_fini(&config);
}

static void two_addresses_of_one_kind_are_refused(void **unused)
{
	struct dfa_config config;
	struct df_error error;

	(void)unused;
	dfa_config_init(&config);
	dfa_config_set(&config, "chassis", "hv1", &error);
	dfa_config_set(&config, "encap", "vxlan:192.0.2.1", &error);
	dfa_config_set(&config, "encap", "geneve:192.0.2.1", &error);
	dfa_config_set(&config, "encap", "vxlan:2001:db8::1", &error);
	assert_int_equal(dfa_config_finish(&config, &error), 0);
	dfa_config_set(&config, "encap", "vxlan:192.0.2.2", &error);
	assert_int_equal(dfa_config_finish(&config, &error), -EINVAL);
	dfa_config_fini(&config);
}

static void too_many_encapsulations_are_refused(void **unused)
{
	struct dfa_config config;
	struct df_error error;

	(void)unused;
	dfa_config_init(&config);
	for (int i = 0; i < DFA_MAX_ENCAPS; i++)
		assert_int_equal(dfa_config_set(&config, "encap",
						"vxlan:192.0.2.1", &error),
				 0);
	assert_int_equal(dfa_config_set(&config, "encap", "vxlan:192.0.2.1",
					&error),
			 -E2BIG);
	dfa_config_fini(&config);
}

static void a_missing_file_is_an_error(void **unused)
{
	struct dfa_config config;
	struct df_error error;

	(void)unused;
	dfa_config_init(&config);
	assert_int_equal(dfa_config_read(&config, "/nonexistent/x", &error),
			 -ENOENT);
	assert_non_null(strstr(error.text, "/nonexistent/x"));
	dfa_config_fini(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_sets_everything),
		cmocka_unit_test(defaults_are_filled_in),
		cmocka_unit_test(an_error_names_file_and_line),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(two_addresses_of_one_kind_are_refused),
		cmocka_unit_test(too_many_encapsulations_are_refused),
		cmocka_unit_test(a_missing_file_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
