/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands of dfctl share: the table of commands and options, the
 * parsed command line, messages and tables.
 */
#ifndef DFCTL_H
#define DFCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>

#define __auto_free __attribute__((cleanup(dfctl_freep)))
#define __auto_json __attribute__((cleanup(dfctl_json_freep)))
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))

/* Exit statuses: done, refused or failed, not understood. */
enum {
	DFCTL_OK,
	DFCTL_FAILED,
	DFCTL_USAGE,
};

struct df_model;
struct df_nb;
struct dfctl_cmd;

/* The options that exist; a command names those it takes beside the global. */
enum {
	DFCTL_OPT_GLOBAL = 1 << 0,
	DFCTL_OPT_NETNS = 1 << 1,
	DFCTL_OPT_TABLE = 1 << 2,
	DFCTL_OPT_STATS = 1 << 3,
	DFCTL_OPT_MONITOR = 1 << 4,
	DFCTL_OPT_BATCH = 1 << 5,
	DFCTL_OPT_CREATE = 1 << 6,
	DFCTL_OPT_DRY_RUN = 1 << 7,
	DFCTL_OPT_DISCARD = 1 << 8,
	DFCTL_OPT_MERGE = 1 << 9,
	DFCTL_OPT_REPLACE = 1 << 10,
	DFCTL_OPT_TRACE = 1 << 11,
	DFCTL_OPT_COUNT = 1 << 12,
};

/**
 * struct dfctl - the command line, parsed
 * @database: URI of the database, or NULL if none was named
 * @control_socket: path of the agent's socket, or NULL for the usual place
 * @netns: network namespace to look into, or NULL for the current one
 * @columns: comma-separated columns to show, or NULL for the usual ones
 * @timeout: seconds as text, or NULL
 * @count: number of changes after which a monitor ends, as text, or NULL
 * @batch: objects in a transaction, as text, or NULL
 * @pcap: file with a capture, or NULL
 * @packet: which packet of it, as text, or NULL
 * @frame: a frame as hexadecimal digits, or NULL
 * @json: print JSON
 * @no_headers: leave out the line above a table
 * @stats: show the counters
 * @default_rules: let a new security group's workloads send
 * @kernel: watch the kernel
 * @follow: let other hypervisors go on with a trace
 * @snapshot: begin with what is there
 * @dry_run: only tell what would be written
 * @discard: delete what cannot be read
 * @merge: write into a database that holds objects
 * @replace: delete what a database holds
 * @help: say how the command is used
 * @version: say which version this is
 * @cmd: the command
 * @model: the model that the command is about, if it is about one
 * @nb: the database, once it was needed; see dfctl_nb()
 * @argc: number of arguments behind the command's name
 * @argv: those arguments, options taken out
 * @timeout_ms: @timeout or the usual, in milliseconds; -1: none was given
 */
struct dfctl {
	const char *database;
	const char *control_socket;
	const char *netns;
	const char *columns;
	const char *timeout;
	const char *count;
	const char *batch;
	const char *pcap;
	const char *packet;
	const char *frame;
	bool json;
	bool no_headers;
	bool stats;
	bool default_rules;
	bool kernel;
	bool follow;
	bool snapshot;
	bool dry_run;
	bool discard;
	bool merge;
	bool replace;
	bool help;
	bool version;

	const struct dfctl_cmd *cmd;
	const struct df_model *model;
	struct df_nb *nb;
	int argc;
	char **argv;
	int timeout_ms;
};

/**
 * struct dfctl_option - an option that commands take
 * @name: without the leading dashes
 * @letter: the short form, or 0
 * @arg: what its argument is called, or NULL for a switch
 * @help: what it does, one line
 * @group: DFCTL_OPT_*
 * @offset: the const char * (with @arg) or bool in struct dfctl that it sets
 */
struct dfctl_option {
	const char *name;
	char letter;
	const char *arg;
	const char *help;
	unsigned int group;
	size_t offset;
};

/**
 * struct dfctl_cmd - a command
 * @name: the word on the command line
 * @args: what its arguments are called, for people
 * @help: what it does, one line
 * @run: does it, returns an exit status
 * @sub: its commands, if it is only their parent
 * @options: DFCTL_OPT_* that it takes
 * @max_args: most arguments it takes, -1 for any number
 * @min_args: fewest arguments it takes
 * @writes: changes objects of a model
 * @hidden: not in help and completion
 */
struct dfctl_cmd {
	const char *name;
	const char *args;
	const char *help;
	int (*run)(struct dfctl *ctl);
	const struct dfctl_cmd *sub;
	unsigned int options;
	int max_args;
	int min_args;
	bool writes;
	bool hidden;
};

/* main.c */
extern const struct dfctl_option dfctl_options[];
extern const struct dfctl_cmd dfctl_cmds[];

/* One command, one file. */
extern const struct dfctl_cmd dfctl_kernel_cmds[];
extern const struct dfctl_cmd dfctl_db_cmds[];
extern const struct dfctl_cmd dfctl_model_cmds[];
int dfctl_create(struct dfctl *ctl);
int dfctl_show(struct dfctl *ctl);
int dfctl_list(struct dfctl *ctl);
int dfctl_log(struct dfctl *ctl);
int dfctl_set(struct dfctl *ctl);
int dfctl_delete(struct dfctl *ctl);
int dfctl_apply(struct dfctl *ctl);
int dfctl_complete(struct dfctl *ctl);
int dfctl_completion(struct dfctl *ctl);
int dfctl_help(struct dfctl *ctl);
int dfctl_monitor(struct dfctl *ctl);
int dfctl_status(struct dfctl *ctl);
int dfctl_trace(struct dfctl *ctl);

/* args.c */
int dfctl_parse(struct dfctl *ctl, int argc, char **argv);
int dfctl_parse_words(struct dfctl *ctl, int argc, char **argv);
int dfctl_resolve(struct dfctl *ctl);
const struct dfctl_cmd *dfctl_cmd_find(const struct dfctl_cmd *cmds,
				       const char *name);
const struct dfctl_option *dfctl_option_find(const char *word, size_t len,
					     unsigned int groups);
int dfctl_number(const char *what, const char *text, long min, long *out);

/* config.c */
char *dfctl_database(const struct dfctl *ctl);
char *dfctl_config_find(FILE *file, const char *key);
char *dfctl_control_socket(const struct dfctl *ctl);

/* help.c */
void dfctl_usage(const struct dfctl *ctl);

/* suggest.c */
typedef const char *(*dfctl_words_t)(const void *data, size_t i);
const char *dfctl_suggest(const char *word, dfctl_words_t words,
			  const void *data);
__printf(2, 3) int dfctl_misspelt(const char *hint, const char *fmt, ...);

/* text.c: messages and memory */
__printf(1, 2) void dfctl_err(const char *fmt, ...);
__printf(1, 2) char *dfctl_strf(const char *fmt, ...);
void *dfctl_alloc(size_t size);
void *dfctl_realloc(void *old, size_t size);
char *dfctl_strdup(const char *text);
void dfctl_freep(void *ptr);
void dfctl_json_freep(json_t **ptr);
bool dfctl_has_prefix(const char *text, const char *prefix);

/* progress.c: of what takes long, for whoever watches it */
struct dfctl_progress {
	const char *what;
	long last;
};

void dfctl_progress_begin(struct dfctl_progress *progress, const char *what);
void dfctl_progress(struct dfctl_progress *progress, size_t done, size_t count);

/* table.c */
struct dfctl_table;

/**
 * struct dfctl_column - a column that a table may have
 * @name: what --columns and the header call it
 * @member: member of the row's JSON object, or NULL with @text
 * @text: writes the cell, to be freed; NULL for the member as it is
 * @extra: shown only if asked for
 */
struct dfctl_column {
	const char *name;
	const char *member;
	char *(*text)(const json_t *row);
	bool extra;
};

int dfctl_table_new(struct dfctl_table **out, const struct dfctl *ctl,
		    const struct dfctl_column *columns);
void dfctl_table_add(struct dfctl_table *table, const json_t *row);
void dfctl_table_free(struct dfctl_table *table, bool print);
char *dfctl_value_text(const json_t *value);
void dfctl_print_json(const json_t *value);
void dfctl_print_rows(const json_t *rows);
void dfctl_print_fields(const json_t *object);

#endif /* DFCTL_H */
