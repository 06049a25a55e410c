// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "log.h"
#include "notify.h"
#include "util.h"

enum {
	EXIT_USAGE = 2,
};

/**
 * struct options - the command line
 * @file: configuration file; NULL: the usual one, which need not be there
 * @argv: the settings, to be applied after the file
 */
struct options {
	const char *file;
	bool check_only;
	int argc;
	char **argv;
};

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "check-config", no_argument, NULL, 'C' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	/* Settings of the configuration file, which these override. */
	{ "database", required_argument, NULL, 's' },
	{ "chassis", required_argument, NULL, 's' },
	{ "encap", required_argument, NULL, 's' },
	{ "control-socket", required_argument, NULL, 's' },
	{ "run-dir", required_argument, NULL, 's' },
	{ "state-dir", required_argument, NULL, 's' },
	{ "log-level", required_argument, NULL, 's' },
	{ "dataplane", required_argument, NULL, 's' },
	{ NULL, 0, NULL, 0 },
};

static void print_help(void)
{
	printf("usage: dragonflowd [options]\n"
	       "\n"
	       "The agent of a Dragonflow hypervisor.\n"
	       "\n"
	       "  --config FILE          instead of %s\n"
	       "  --database URI         the northbound database\n"
	       "  --chassis NAME         of this hypervisor; default: host name\n"
	       "  --encap TYPE:ADDRESS   vxlan or geneve, and the underlay "
	       "address;\n"
	       "                         repeatable, the preferred one first\n"
	       "  --control-socket PATH  default: RUN-DIR/CHASSIS.sock\n"
	       "  --run-dir DIR          default: /run/dragonflow\n"
	       "  --state-dir DIR        default: /var/lib/dragonflow\n"
	       "  --log-level LEVEL      error, warning, info or debug\n"
	       "  --dataplane WHICH      kernel or none\n"
	       "  --check-config         only say whether the settings are "
	       "right\n"
	       "  --version\n"
	       "  --help\n",
	       DFA_CONFIG_FILE);
}

/* Return: 0 to go on, or the exit code + 1. */
static int parse_options(struct options *options)
{
	int option;

	opterr = 1;
	while ((option = getopt_long(options->argc, options->argv, "hV",
				     long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->file = optarg;
			break;
		case 'C':
			options->check_only = true;
			break;
		case 'V':
			printf("dragonflowd %s\n", DF_VERSION);
			return EXIT_SUCCESS + 1;
		case 'h':
			print_help();
			return EXIT_SUCCESS + 1;
		case 's':
			break;
		default:
			return EXIT_USAGE + 1;
		}
	}
	if (optind < options->argc) {
		fprintf(stderr, "dragonflowd: unexpected argument \"%s\"\n",
			options->argv[optind]);
		return EXIT_USAGE + 1;
	}
	return 0;
}

static int apply_settings(struct dfa_config *config,
			  const struct options *options,
			  struct df_error *error)
{
	bool has_encap = false;
	int option, index = 0;

	optind = 1;
	while ((option = getopt_long(options->argc, options->argv, "hV",
				     long_options, &index)) != -1) {
		const char *key = long_options[index].name;
		struct df_error why;

		if (option != 's')
			continue;
		/* Encapsulations on the command line replace the file's. */
		if (strcmp(key, "encap") == 0 && !has_encap) {
			config->encap_count = 0;
			has_encap = true;
		}
		if (dfa_config_set(config, key, optarg, &why))
			return dfa_error_set(error, why.code, "--%s: %s", key,
					     why.text);
	}
	return 0;
}

/* The file, then the command line, then what was left open. */
static int read_config(struct dfa_config *config, const struct options *options,
		       struct df_error *error)
{
	const char *file = options->file ?: DFA_CONFIG_FILE;
	int err = 0;

	dfa_config_init(config);
	if (options->file || access(file, F_OK) == 0)
		err = dfa_config_read(config, file, error);
	if (!err)
		err = apply_settings(config, options, error);
	if (!err)
		err = dfa_config_finish(config, error);
	if (err)
		dfa_config_fini(config);
	return err;
}

static void terminate(evutil_socket_t signal, short what, void *arg)
{
	(void)what;
	dfa_info("%s: stopping; the datapath goes on",
		 signal == SIGTERM ? "SIGTERM" : "SIGINT");
	dfa_notify("STOPPING=1");
	event_base_loopbreak(arg);
}

/* Only the log level can change while we run. */
static void reload(evutil_socket_t signal, short what, void *arg)
{
	struct dfa_config config;
	struct df_error error;

	(void)signal;
	(void)what;
	if (read_config(&config, arg, &error)) {
		dfa_error("SIGHUP: %s: nothing changed", error.text);
		return;
	}
	dfa_log_set_level(config.log_level);
	dfa_config_fini(&config);
	dfa_info("SIGHUP: log level: %s; other settings take a restart",
		 dfa_log_level_name(dfa_log_level()));
}

static int run(const struct dfa_config *config, struct event_base *base)
{
	struct df_error error;
	struct dfa_agent agent;
	int exit_code;

	if (dfa_agent_start(&agent, base, config, &error)) {
		dfa_error("%s", error.text);
		return EXIT_FAILURE;
	}
	dfa_notify("READY=1");
	event_base_dispatch(base);
	exit_code = agent.exit_code;
	dfa_agent_stop(&agent);
	return exit_code;
}

static int run_with_signals(const struct dfa_config *config,
			    struct options *options)
{
	struct event_base *base = event_base_new();
	struct event *term, *interrupt, *hup;
	int exit_code = EXIT_FAILURE;

	if (!base)
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN);
	term = evsignal_new(base, SIGTERM, terminate, base);
	interrupt = evsignal_new(base, SIGINT, terminate, base);
	hup = evsignal_new(base, SIGHUP, reload, options);
	if (term && interrupt && hup && !event_add(term, NULL) &&
	    !event_add(interrupt, NULL) && !event_add(hup, NULL))
		exit_code = run(config, base);
	if (term)
		event_free(term);
	if (interrupt)
		event_free(interrupt);
	if (hup)
		event_free(hup);
	event_base_free(base);
	return exit_code;
}

int main(int argc, char **argv)
{
	struct options options = { .argc = argc, .argv = argv };
	struct dfa_config config;
	struct df_error error;
	int exit_code;

	exit_code = parse_options(&options);
	if (exit_code)
		return exit_code - 1;
	dfa_log_init();
	if (read_config(&config, &options, &error)) {
		dfa_error("%s", error.text);
		return EXIT_USAGE;
	}
	if (options.check_only) {
		printf("the configuration is right\n");
		dfa_config_fini(&config);
		return EXIT_SUCCESS;
	}

	dfa_log_set_level(config.log_level);
	dfa_info("dragonflowd %s, chassis %s, database %s", DF_VERSION,
		 config.chassis, config.database);
	exit_code = run_with_signals(&config, &options);
	dfa_config_fini(&config);
	return exit_code;
}
