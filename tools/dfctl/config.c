// SPDX-License-Identifier: GPL-2.0
/* Where the agent of this hypervisor says that things are. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dfctl.h"

#define CONFIG_FILE "/etc/dragonflow/dragonflowd.conf"
#define USUAL_DATABASE "sqlite:///var/lib/dragonflow/nb.db"
#define USUAL_RUN_DIR "/run/dragonflow"

static char *trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

/**
 * dfctl_config_find - look for a setting
 * @file: the agent's configuration
 * @key: the setting
 *
 * Return: the value, to be freed, or NULL; of several the last, as for the agent.
 */
char *dfctl_config_find(FILE *file, const char *key)
{
	__auto_free char *line = NULL;
	char *found = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) >= 0) {
		char *equals = strchr(line, '=');

		if (!equals)
			continue;
		*equals = '\0';
		if (strcmp(trim(line), key))
			continue;
		free(found);
		found = dfctl_strdup(trim(equals + 1));
	}
	return found;
}

static char *config_value(const char *key)
{
	FILE *file = fopen(CONFIG_FILE, "re");
	char *found;

	if (!file)
		return NULL;
	found = dfctl_config_find(file, key);
	fclose(file);
	return found;
}

/* The option, else the environment, else the agent's configuration. */
static char *setting(const char *option, const char *variable, const char *key)
{
	const char *value = option ? option : getenv(variable);

	return value && *value ? dfctl_strdup(value) : config_value(key);
}

/**
 * dfctl_database - which database to use
 * @ctl: the command line
 *
 * Return: the URI, to be freed.
 */
char *dfctl_database(const struct dfctl *ctl)
{
	char *uri = setting(ctl->database, "DRAGONFLOW_DATABASE", "database");

	return uri ? uri : dfctl_strdup(USUAL_DATABASE);
}

/**
 * dfctl_control_socket - where the agent listens
 * @ctl: the command line
 *
 * Return: the path, to be freed.
 */
char *dfctl_control_socket(const struct dfctl *ctl)
{
	char *path = setting(ctl->control_socket, "DRAGONFLOW_CONTROL_SOCKET",
			     "control-socket");
	__auto_free char *run_dir = NULL;
	__auto_free char *chassis = NULL;
	char host[256] = "";

	if (path)
		return path;
	run_dir = config_value("run-dir");
	chassis = config_value("chassis");
	gethostname(host, sizeof(host) - 1);
	return dfctl_strf("%s/%s.sock", run_dir ? run_dir : USUAL_RUN_DIR,
			  chassis ? chassis : host);
}
