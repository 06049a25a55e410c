// SPDX-License-Identifier: GPL-2.0
#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

#define DEFAULT_DATABASE "sqlite:///var/lib/dragonflow/nb.db"
#define DEFAULT_RUN_DIR "/run/dragonflow"
#define DEFAULT_STATE_DIR "/var/lib/dragonflow"

enum {
	MAX_FILE_SIZE = 64 * 1024,
	MAX_NUMBER = 1000000,
};

int dfa_error_set(struct df_error *error, int code, const char *fmt, ...)
{
	va_list ap;

	if (!error)
		return code;
	error->code = code;
	va_start(ap, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, ap);
	va_end(ap);
	return code;
}

static const char *const encap_names[DFA_ENCAP_TYPES] = {
	[DFA_ENCAP_VXLAN] = "vxlan",
	[DFA_ENCAP_GENEVE] = "geneve",
};

const char *dfa_encap_name(enum dfa_encap_type type)
{
	return encap_names[type];
}

int dfa_encap_type_parse(const char *name, enum dfa_encap_type *type)
{
	for (int i = 0; i < DFA_ENCAP_TYPES; i++) {
		if (strcmp(encap_names[i], name) == 0) {
			*type = (enum dfa_encap_type)i;
			return 0;
		}
	}
	return -EINVAL;
}

void dfa_config_init(struct dfa_config *config)
{
	*config = (struct dfa_config){
		.log_level = DFA_LOG_INFO,
		.security_log_rate = 100,
		.security_log_burst = 25,
		.on_demand_age = 600,
	};
}

void dfa_config_fini(struct dfa_config *config)
{
	free(config->database);
	free(config->chassis);
	free(config->control_socket);
	free(config->run_dir);
	free(config->state_dir);
	dfa_config_init(config);
}

static int set_text(char **field, const char *value, struct df_error *error)
{
	char *copy = strdup(value);

	if (!copy)
		return dfa_error_set(error, -ENOMEM, "out of memory");
	free(*field);
	*field = copy;
	return 0;
}

static int set_database(struct dfa_config *config, const char *value,
			struct df_error *error)
{
	if (!strstr(value, "://"))
		return dfa_error_set(error, -EINVAL,
				     "\"%s\" is not a URI such as %s", value,
				     DEFAULT_DATABASE);
	return set_text(&config->database, value, error);
}

/* The name becomes a topic and part of a file name. */
static int set_chassis(struct dfa_config *config, const char *value,
		       struct df_error *error)
{
	size_t len = strspn(value, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._-");

	if (value[len] || len == 0 || len > DFA_MAX_CHASSIS_NAME ||
	    !isalnum((unsigned char)value[0]))
		return dfa_error_set(error, -EINVAL,
				     "\"%s\" is not a name of letters, digits, "
				     "\".\", \"-\" and \"_\"",
				     value);
	return set_text(&config->chassis, value, error);
}

static int set_path(char **field, const char *value, struct df_error *error)
{
	if (value[0] != '/')
		return dfa_error_set(error, -EINVAL,
				     "\"%s\" is not an absolute path", value);
	return set_text(field, value, error);
}

static int set_control_socket(struct dfa_config *config, const char *value,
			      struct df_error *error)
{
	return set_path(&config->control_socket, value, error);
}

static int set_run_dir(struct dfa_config *config, const char *value,
		       struct df_error *error)
{
	return set_path(&config->run_dir, value, error);
}

static int set_state_dir(struct dfa_config *config, const char *value,
			 struct df_error *error)
{
	return set_path(&config->state_dir, value, error);
}

static int set_log_level(struct dfa_config *config, const char *value,
			 struct df_error *error)
{
	if (dfa_log_level_parse(value, &config->log_level))
		return dfa_error_set(error, -EINVAL,
				     "\"%s\" is not one of error, warning, "
				     "info, debug",
				     value);
	return 0;
}

static int set_dataplane(struct dfa_config *config, const char *value,
			 struct df_error *error)
{
	if (strcmp(value, "kernel") == 0)
		config->dataplane = DFA_DATAPLANE_KERNEL;
	else if (strcmp(value, "none") == 0)
		config->dataplane = DFA_DATAPLANE_NONE;
	else
		return dfa_error_set(error, -EINVAL,
				     "\"%s\" is neither kernel nor none",
				     value);
	return 0;
}

static int set_number(uint32_t *field, const char *value,
		      struct df_error *error)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)*value) || *end || !n || n > MAX_NUMBER)
		return dfa_error_set(error, -EINVAL,
				     "\"%s\" is not a number from 1 to %d",
				     value, MAX_NUMBER);
	*field = (uint32_t)n;
	return 0;
}

static int set_security_log_rate(struct dfa_config *config, const char *value,
				 struct df_error *error)
{
	return set_number(&config->security_log_rate, value, error);
}

static int set_security_log_burst(struct dfa_config *config, const char *value,
				  struct df_error *error)
{
	return set_number(&config->security_log_burst, value, error);
}

static int set_on_demand_age(struct dfa_config *config, const char *value,
			     struct df_error *error)
{
	return set_number(&config->on_demand_age, value, error);
}

static bool is_usable(const struct df_ip *ip)
{
	static const uint8_t zero[16];

	if (ip->family == 4)
		return ip->prefix == 32 && ip->addr[0] != 0 &&
		       ip->addr[0] < 224;
	return ip->prefix == 128 && ip->addr[0] != 0xff &&
	       memcmp(ip->addr, zero, 16) != 0;
}

static int parse_encap(struct dfa_encap *encap, const char *value,
		       struct df_error *error)
{
	const char *colon = strchr(value, ':');
	__auto_free char *name = NULL;
	struct df_ip ip;

	if (!colon)
		return dfa_error_set(error, -EINVAL,
				     "\"%s\" is not TYPE:ADDRESS, as in "
				     "geneve:192.0.2.1",
				     value);
	name = strndup(value, (size_t)(colon - value));
	if (!name)
		return dfa_error_set(error, -ENOMEM, "out of memory");
	if (dfa_encap_type_parse(name, &encap->type))
		return dfa_error_set(error, -EINVAL,
				     "\"%s\" is neither vxlan nor geneve",
				     name);
	if (df_ip_parse(&ip, colon + 1) || !is_usable(&ip))
		return dfa_error_set(error, -EINVAL,
				     "\"%s\" is not a unicast IP address",
				     colon + 1);

	encap->address = (struct dfa_address){
		.family = ip.family == 4 ? AF_INET : AF_INET6,
	};
	memcpy(encap->address.bytes, ip.addr, ip.family == 4 ? 4 : 16);
	return 0;
}

static int add_encap(struct dfa_config *config, const char *value,
		     struct df_error *error)
{
	struct dfa_encap encap = { 0 };
	int err;

	if (config->encap_count == DFA_MAX_ENCAPS)
		return dfa_error_set(error, -E2BIG,
				     "more than %d encapsulations",
				     DFA_MAX_ENCAPS);
	err = parse_encap(&encap, value, error);
	if (!err)
		config->encap[config->encap_count++] = encap;
	return err;
}

static const struct {
	const char *key;
	int (*set)(struct dfa_config *config, const char *value,
		   struct df_error *error);
} settings[] = {
	{ "database", set_database },
	{ "chassis", set_chassis },
	{ "encap", add_encap },
	{ "control-socket", set_control_socket },
	{ "run-dir", set_run_dir },
	{ "state-dir", set_state_dir },
	{ "log-level", set_log_level },
	{ "dataplane", set_dataplane },
	{ "security-log-rate", set_security_log_rate },
	{ "security-log-burst", set_security_log_burst },
	{ "on-demand-age", set_on_demand_age },
};

int dfa_config_set(struct dfa_config *config, const char *key,
		   const char *value, struct df_error *error)
{
	for (size_t i = 0; i < DFA_ARRAY_SIZE(settings); i++) {
		if (strcmp(settings[i].key, key) == 0)
			return settings[i].set(config, value, error);
	}
	return dfa_error_set(error, -EINVAL, "there is no setting \"%s\"", key);
}

static char *trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static int parse_line(struct dfa_config *config, char *line,
		      struct df_error *error)
{
	char *equals, *key = trim(line);

	if (*key == '\0' || *key == '#')
		return 0;
	equals = strchr(key, '=');
	if (!equals)
		return dfa_error_set(error, -EINVAL,
				     "\"%s\" is not \"setting = value\"", key);
	*equals = '\0';
	key = trim(key);
	return dfa_config_set(config, key, trim(equals + 1), error);
}

int dfa_config_parse(struct dfa_config *config, const char *text,
		     const char *file, struct df_error *error)
{
	__auto_free char *copy = strdup(text);
	char *line, *rest = copy;

	if (!copy)
		return dfa_error_set(error, -ENOMEM, "out of memory");

	for (unsigned int number = 1; (line = strsep(&rest, "\n")); number++) {
		struct df_error why;

		if (parse_line(config, line, &why))
			return dfa_error_set(error, why.code, "%s:%u: %s",
					     file, number, why.text);
	}
	return 0;
}

int dfa_config_read(struct dfa_config *config, const char *file,
		    struct df_error *error)
{
	__auto_free char *text = malloc(MAX_FILE_SIZE + 1);
	FILE *stream;
	size_t len;
	int err;

	if (!text)
		return dfa_error_set(error, -ENOMEM, "out of memory");
	stream = fopen(file, "re");
	if (!stream) {
		err = -errno;
		return dfa_error_set(error, err, "%s: %s", file,
				     strerror(-err));
	}

	len = fread(text, 1, MAX_FILE_SIZE + 1, stream);
	err = ferror(stream) ? -EIO : 0;
	fclose(stream);
	if (err)
		return dfa_error_set(error, err, "%s: %s", file,
				     strerror(-err));
	if (len > MAX_FILE_SIZE)
		return dfa_error_set(error, -E2BIG, "%s: longer than %d bytes",
				     file, MAX_FILE_SIZE);
	text[len] = '\0';
	return dfa_config_parse(config, text, file, error);
}

static int set_defaults(struct dfa_config *config, struct df_error *error)
{
	char hostname[DFA_MAX_CHASSIS_NAME + 1] = "";
	int err = 0;

	if (!config->database)
		err = set_text(&config->database, DEFAULT_DATABASE, error);
	if (!err && !config->run_dir)
		err = set_text(&config->run_dir, DEFAULT_RUN_DIR, error);
	if (!err && !config->state_dir)
		err = set_text(&config->state_dir, DEFAULT_STATE_DIR, error);
	if (!err && !config->chassis) {
		gethostname(hostname, sizeof(hostname) - 1);
		err = set_chassis(config, hostname, error);
	}
	if (!err && !config->control_socket &&
	    asprintf(&config->control_socket, "%s/%s.sock", config->run_dir,
		     config->chassis) < 0) {
		config->control_socket = NULL;
		err = dfa_error_set(error, -ENOMEM, "out of memory");
	}
	return err;
}

static bool is_repeated(const struct dfa_config *config, size_t i)
{
	const struct dfa_encap *a = &config->encap[i];

	for (size_t j = 0; j < i; j++) {
		const struct dfa_encap *b = &config->encap[j];

		if (a->type == b->type &&
		    a->address.family == b->address.family)
			return true;
	}
	return false;
}

/* A remote hypervisor could not tell which of two to use. */
static int check_encaps(const struct dfa_config *config, struct df_error *error)
{
	for (size_t i = 0; i < config->encap_count; i++) {
		if (is_repeated(config, i))
			return dfa_error_set(error, -EINVAL,
					     "encap: two addresses of one "
					     "family for %s",
					     dfa_encap_name(config->encap[i].type));
	}
	return 0;
}

int dfa_config_finish(struct dfa_config *config, struct df_error *error)
{
	int err = set_defaults(config, error);

	return err ?: check_encaps(config, error);
}
