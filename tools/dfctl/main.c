// SPDX-License-Identifier: GPL-2.0
/* dfctl: shows and changes Dragonflow's objects. The tables of commands. */
#include <stdio.h>
#include <string.h>

#include "nb.h"

#define FIELD(member) offsetof(struct dfctl, member)

const struct dfctl_option dfctl_options[] = {
	{ "database", 'd', "URI", "the database to use", DFCTL_OPT_GLOBAL, FIELD(database) },
	{ "json", 'j', NULL, "print JSON", DFCTL_OPT_GLOBAL, FIELD(json) },
	{ "control-socket", 0, "PATH", "the agent's socket", DFCTL_OPT_GLOBAL,
	  FIELD(control_socket) },
	{ "timeout", 0, "SECONDS", "how long to wait, or to watch", DFCTL_OPT_GLOBAL,
	  FIELD(timeout) },
	{ "help", 'h', NULL, "say how a command is used", DFCTL_OPT_GLOBAL, FIELD(help) },
	{ "version", 0, NULL, "print the version", DFCTL_OPT_GLOBAL, FIELD(version) },
	{ "netns", 0, "NAME", "look into this network namespace", DFCTL_OPT_NETNS,
	  FIELD(netns) },
	{ "columns", 'c', "A,B", "the columns to show", DFCTL_OPT_TABLE, FIELD(columns) },
	{ "no-headers", 0, NULL, "leave out the line above the table", DFCTL_OPT_TABLE,
	  FIELD(no_headers) },
	{ "stats", 's', NULL, "show counters and drops by reason", DFCTL_OPT_STATS,
	  FIELD(stats) },
	{ "kernel", 'k', NULL, "watch the kernel; with topics, both", DFCTL_OPT_MONITOR,
	  FIELD(kernel) },
	{ "snapshot", 0, NULL, "begin with the objects that are there", DFCTL_OPT_MONITOR,
	  FIELD(snapshot) },
	{ "count", 'n', "N", "end after this many changes", DFCTL_OPT_MONITOR | DFCTL_OPT_COUNT,
	  FIELD(count) },
	{ "default-rules", 0, NULL, "with a security group, rules that let its workloads send",
	  DFCTL_OPT_CREATE, FIELD(default_rules) },
	{ "pcap", 0, "FILE", "trace a packet of this capture", DFCTL_OPT_TRACE, FIELD(pcap) },
	{ "packet", 0, "N", "which packet of it, from 1", DFCTL_OPT_TRACE, FIELD(packet) },
	{ "frame", 0, "HEX", "trace these bytes", DFCTL_OPT_TRACE, FIELD(frame) },
	{ "follow", 'f', NULL, "let the hypervisor that a packet would go to go on",
	  DFCTL_OPT_TRACE, FIELD(follow) },
	{ "batch", 0, "N", "objects in a transaction", DFCTL_OPT_BATCH, FIELD(batch) },
	{ "dry-run", 0, NULL, "only tell what would be written", DFCTL_OPT_DRY_RUN,
	  FIELD(dry_run) },
	{ "discard", 0, NULL, "also delete objects that cannot be read", DFCTL_OPT_DISCARD,
	  FIELD(discard) },
	{ "merge", 0, NULL, "write into a database that holds objects", DFCTL_OPT_MERGE,
	  FIELD(merge) },
	{ "replace", 0, NULL, "delete what the database holds first", DFCTL_OPT_REPLACE,
	  FIELD(replace) },
	{ .name = NULL },
};

const struct dfctl_cmd dfctl_cmds[] = {
	{ .name = "status", .run = dfctl_status, .options = DFCTL_OPT_NETNS,
	  .help = "show whether this hypervisor is well" },
	{ .name = "monitor", .args = "[TOPIC...]", .run = dfctl_monitor, .max_args = -1,
	  .options = DFCTL_OPT_MONITOR | DFCTL_OPT_NETNS,
	  .help = "print changes as they come" },
	{ .name = "apply", .args = "FILE", .run = dfctl_apply, .min_args = 1, .max_args = 1,
	  .options = DFCTL_OPT_BATCH,
	  .help = "write the objects of a file, or of '-', that holds JSON" },
	{ .name = "db", .sub = dfctl_db_cmds,
	  .help = "check, mend, save and move a whole database" },
	{ .name = "log", .args = "[PORT]", .run = dfctl_log, .max_args = 1,
	  .options = DFCTL_OPT_COUNT | DFCTL_OPT_NETNS,
	  .help = "print what security groups that are to log let pass and drop" },
	{ .name = "trace", .args = "PORT [FIELD=VALUE...]", .run = dfctl_trace, .min_args = 1,
	  .max_args = -1, .options = DFCTL_OPT_TRACE | DFCTL_OPT_NETNS,
	  .help = "tell what would become of a packet, and why" },
	{ .name = "kernel", .sub = dfctl_kernel_cmds,
	  .help = "show what the kernel module holds" },
	{ .name = "completion", .args = "SHELL", .run = dfctl_completion, .min_args = 1,
	  .max_args = 1, .help = "print completion for a shell: bash" },
	{ .name = "help", .args = "[COMMAND...]", .run = dfctl_help, .max_args = -1,
	  .help = "say how a command is used" },
	{ .name = "_complete", .args = "[WORD...]", .run = dfctl_complete, .max_args = -1,
	  .help = "print what the last word may be", .hidden = true },
	{ .name = NULL },
};

/* What can be done with the objects of every model. */
const struct dfctl_cmd dfctl_model_cmds[] = {
	{ .name = "create", .args = "FIELD=VALUE...", .run = dfctl_create, .max_args = -1,
	  .options = DFCTL_OPT_CREATE, .writes = true, .help = "create an object, print its id" },
	{ .name = "show", .args = "REF...", .run = dfctl_show, .min_args = 1, .max_args = -1,
	  .help = "show objects, every field" },
	{ .name = "list", .args = "[FIELD=VALUE...]", .run = dfctl_list, .max_args = -1,
	  .options = DFCTL_OPT_TABLE, .help = "list objects, those with these values" },
	{ .name = "set", .args = "REF FIELD=VALUE...", .run = dfctl_set, .min_args = 2,
	  .max_args = -1, .writes = true,
	  .help = "change fields: = sets or, empty, unsets; += and -= change lists" },
	{ .name = "delete", .args = "REF...", .run = dfctl_delete, .min_args = 1,
	  .max_args = -1, .writes = true, .help = "delete objects, all or none" },
	{ .name = NULL },
};

static int run(struct dfctl *ctl)
{
	if (ctl->version) {
		printf("dfctl %s\n", DF_VERSION);
		return DFCTL_OK;
	}
	if (ctl->help) {
		dfctl_usage(ctl);
		return DFCTL_OK;
	}
	if (!ctl->cmd || !ctl->cmd->run) {
		dfctl_err("give a command; 'dfctl help' lists them");
		return DFCTL_USAGE;
	}
	return ctl->cmd->run(ctl);
}

/* The words behind _complete are somebody else's command line: kept as is. */
static int complete(struct dfctl *ctl, int argc, char **argv)
{
	ctl->argc = argc - 2;
	ctl->argv = argv + 2;
	return dfctl_complete(ctl);
}

int main(int argc, char **argv)
{
	struct dfctl ctl = { .timeout_ms = -1 };
	__auto_free char **words = NULL;
	int err;

	if (argc > 1 && !strcmp(argv[1], "_complete"))
		return complete(&ctl, argc, argv);
	words = dfctl_alloc(sizeof(*words) * ((size_t)argc + 1));
	ctl.argv = words;
	err = dfctl_parse(&ctl, argc, argv);
	if (!err)
		err = run(&ctl);
	df_nb_close(ctl.nb);
	/* A full disk or a closed pipe must not look like success. */
	if (fflush(stdout) || ferror(stdout)) {
		dfctl_err("cannot write the output");
		err = err ? err : DFCTL_FAILED;
	}
	return err;
}
