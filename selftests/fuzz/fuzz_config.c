// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration file. The agent reads it and so does dfctl, which looks for
 * single settings: they must find the same.
 */
#include <stdio.h>

#include "config.h"
#include "tools/dfctl/dfctl.h"
#include "fuzz.h"

static void check_same(const char *agent, const char *text, const char *key)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	char *found;

	require(file);
	found = dfctl_config_find(file, key);
	require(!agent == !found && (!agent || !strcmp(agent, found)));
	free(found);
	fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text = fuzz_text(input, size);
	struct df_error error = { 0 };
	struct dfa_config config;
	int err;

	dfa_config_init(&config);
	err = dfa_config_parse(&config, text, "file", &error);
	require(!err == !*error.text);
	if (!err && *text) {
		check_same(config.database, text, "database");
		check_same(config.chassis, text, "chassis");
		check_same(config.run_dir, text, "run-dir");
		check_same(config.state_dir, text, "state-dir");
		check_same(config.control_socket, text, "control-socket");
	}
	if (!err && !dfa_config_finish(&config, &error)) {
		require(config.database && config.chassis && config.control_socket);
		require(config.encap_count <= DFA_MAX_ENCAPS);
	}
	dfa_config_fini(&config);
	free(text);
	return 0;
}
