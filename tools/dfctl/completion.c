// SPDX-License-Identifier: GPL-2.0
/*
 * dfctl completion, and dfctl _complete, which the shell's function asks: it
 * prints what the last of the words may be, one candidate a line.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "kernel.h"
#include "nb.h"
#include "trace.h"

enum { DATABASE_TIMEOUT_MS = 1000 };

static const char bash_function[] =
	"# bash completion for dfctl, printed by 'dfctl completion bash'\n"
	"_dfctl()\n"
	"{\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} words part\n"
	"\n"
	"\tread -ra words <<<\"$line\"\n"
	"\t[[ $line != *[[:space:]] ]] || words+=('')\n"
	"\tmapfile -t COMPREPLY < <(\"${words[0]}\" _complete \"${words[@]:1}\" 2>/dev/null)\n"
	"\t# bash completes behind the last '=' or ':' only\n"
	"\tpart=${words[-1]}\n"
	"\tpart=${part%\"${part##*[\"${COMP_WORDBREAKS//[^=:]/}\"]}\"}\n"
	"\tCOMPREPLY=(\"${COMPREPLY[@]#\"$part\"}\")\n"
	"\t[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace\n"
	"}\n"
	"complete -o bashdefault -o default -F _dfctl dfctl\n";

int dfctl_completion(struct dfctl *ctl)
{
	if (strcmp(ctl->argv[0], "bash")) {
		dfctl_err("completion: no shell '%s'; there is bash", ctl->argv[0]);
		return DFCTL_USAGE;
	}
	fputs(bash_function, stdout);
	return DFCTL_OK;
}

/**
 * struct question - what is asked
 * @ctl: the words before the last
 * @word: the last word
 * @prefix: stands before every candidate, such as "network_id="
 */
struct question {
	struct dfctl *ctl;
	const char *word;
	char *prefix;
};

/* Words that a shell would take apart are left to be typed. */
static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if (!isalnum((unsigned char)*text) && !strchr("-_.:/@+,=", *text))
			return false;
	}
	return true;
}

static void candidate(const struct question *q, const char *text)
{
	__auto_free char *whole = dfctl_strf("%s%s", q->prefix ? q->prefix : "", text);

	if (*text && is_plain(text) && dfctl_has_prefix(whole, q->word))
		puts(whole);
}

static void cmds(const struct question *q, const struct dfctl_cmd *cmd)
{
	for (; cmd->name; cmd++) {
		if (!cmd->hidden && !(q->ctl->model && cmd->writes &&
				      dfctl_model_is_read_only(q->ctl->model)))
			candidate(q, cmd->name);
	}
}

static void options(const struct question *q, unsigned int groups)
{
	const struct dfctl_option *option;

	for (option = dfctl_options; option->name; option++) {
		__auto_free char *name = dfctl_strf("--%s", option->name);

		if (option->group & groups)
			candidate(q, name);
	}
}

/* Names of objects; ids of those without, and of all once one is begun. */
static void objects(const struct question *q, const char *model)
{
	const char *begun = q->word + (q->prefix ? strlen(q->prefix) : 0);
	struct df_nb *nb = dfctl_nb(q->ctl);
	struct df_obj **objs;
	size_t count, i;

	if (!nb)
		return;
	df_nb_set_timeout(nb, DATABASE_TIMEOUT_MS);
	if (df_nb_list_sync(nb, model, NULL, &objs, &count, NULL))
		return;
	for (i = 0; i < count; i++) {
		const char *name = df_obj_name(objs[i]);

		candidate(q, name);
		if (!is_plain(name) || !*name || strlen(begun) >= 4)
			candidate(q, df_obj_id(objs[i]));
	}
	df_objs_free(objs, count);
}

static void field_values(struct question *q, const struct df_field *field)
{
	size_t i;

	for (i = 0; field->values && field->values[i]; i++)
		candidate(q, field->values[i]);
	if (field->type == DF_TYPE_BOOL) {
		candidate(q, "true");
		candidate(q, "false");
	}
	if (field->ref)
		objects(q, field->ref);
	/* A name, not an id: the schema does not know that it is a reference. */
	if (!strcmp(field->name, "binding_host") ||
	    !strcmp(field->name, "binding_standby_host"))
		objects(q, "chassis");
}

static void fields(struct question *q)
{
	const char *equals = strchr(q->word, '=');
	const struct df_field *field;
	size_t i;

	if (equals) {
		size_t len = (size_t)(equals - q->word);

		q->prefix = dfctl_strf("%.*s=", (int)len, q->word);
		if (len && (equals[-1] == '+' || equals[-1] == '-'))
			len--;
		field = dfctl_field_find(q->ctl->model, q->word, len);
		if (field)
			field_values(q, field);
		return;
	}
	for (i = 0; (field = df_model_field(q->ctl->model, i)); i++) {
		__auto_free char *name = dfctl_strf("%s=", field->name);

		if (!(field->flags & DF_FIELD_ASSIGNED))
			candidate(q, name);
	}
}

static void devices(const struct question *q)
{
	__auto_json json_t *ports = NULL;
	struct dfctl_nl *nl;
	json_t *port;
	size_t i;

	if (dfctl_kernel_open(&nl, q->ctl))
		return;
	if (dfctl_kernel_ports(nl, &ports))
		ports = NULL;
	dfctl_nl_close(nl);
	json_array_foreach(ports, i, port) {
		const char *name = json_string_value(json_object_get(port, "device"));

		if (name)
			candidate(q, name);
	}
}

static void namespaces(const struct question *q)
{
	DIR *dir = opendir("/run/netns");
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			candidate(q, entry->d_name);
	}
	if (dir)
		closedir(dir);
}

static void topics(struct question *q)
{
	candidate(q, "global");
	candidate(q, "agents");
	candidate(q, "status");
	candidate(q, "network/");
	if (dfctl_has_prefix(q->word, "network/")) {
		struct df_obj **objs;
		size_t count, i;

		if (!dfctl_nb(q->ctl) ||
		    df_nb_list_sync(q->ctl->nb, "network", NULL, &objs, &count, NULL))
			return;
		q->prefix = dfctl_strdup("network/");
		for (i = 0; i < count; i++)
			candidate(q, df_obj_id(objs[i]));
		df_objs_free(objs, count);
	}
}

static void trace_words(const struct question *q)
{
	size_t i;

	if (!q->ctl->argc) {
		devices(q);
		objects(q, "port");
		return;
	}
	for (i = 0; dfctl_packet_field(i); i++) {
		__auto_free char *name = dfctl_strf("%s=", dfctl_packet_field(i));

		candidate(q, name);
	}
}

static void model_words(struct question *q)
{
	const struct dfctl_cmd *cmd = q->ctl->cmd;

	if (!strcmp(cmd->name, "create") || !strcmp(cmd->name, "list") ||
	    (!strcmp(cmd->name, "set") && q->ctl->argc))
		fields(q);
	else
		objects(q, q->ctl->model->name);
}

static void top_words(const struct question *q)
{
	size_t i;

	for (i = 0; df_model_at(i); i++)
		candidate(q, df_model_at(i)->name);
	cmds(q, dfctl_cmds);
}

static void cmd_words(struct question *q)
{
	const struct dfctl_cmd *cmd = q->ctl->cmd;

	if (q->ctl->model)
		model_words(q);
	else if (!strcmp(cmd->name, "flows") || !strcmp(cmd->name, "flush") ||
		 !strcmp(cmd->name, "log"))
		devices(q);
	else if (!strcmp(cmd->name, "trace"))
		trace_words(q);
	else if (!strcmp(cmd->name, "monitor"))
		topics(q);
	else if (!strcmp(cmd->name, "completion"))
		candidate(q, "bash");
}

static void words(struct question *q)
{
	struct dfctl *ctl = q->ctl;

	if (*q->word == '-')
		options(q, DFCTL_OPT_GLOBAL | (ctl->cmd ? ctl->cmd->options : 0));
	else if (ctl->cmd && ctl->cmd->sub)
		cmds(q, ctl->cmd->sub);
	else if (ctl->cmd)
		cmd_words(q);
	else if (ctl->model)
		cmds(q, dfctl_model_cmds);
	else
		top_words(q);
}

/* The argument of an option that stands right before the last word. */
static bool option_words(const struct question *q, const char *before)
{
	const struct dfctl_option *option;

	if (before[0] != '-' || strchr(before, '='))
		return false;
	option = dfctl_option_find(before, strlen(before), ~0U);
	if (!option || !option->arg)
		return false;
	if (!strcmp(option->name, "netns"))
		namespaces(q);
	return true;
}

int dfctl_complete(struct dfctl *ctl)
{
	struct dfctl line = { .timeout_ms = -1 };
	struct question q = { .ctl = &line, .word = "" };
	__auto_free char **argv = NULL;
	int last = ctl->argc - 1;

	if (last < 0)
		return DFCTL_OK;
	q.word = ctl->argv[last];
	if (last && option_words(&q, ctl->argv[last - 1]))
		return DFCTL_OK;
	argv = dfctl_alloc(sizeof(*argv) * ((size_t)ctl->argc + 1));
	line.argv = argv;
	/* The word before the first stands for the program's name. */
	if (dfctl_parse_words(&line, last + 1, ctl->argv - 1) == DFCTL_OK) {
		if (line.cmd && !strcmp(line.cmd->name, "help")) {
			line.cmd = NULL;
			if (dfctl_resolve(&line))
				return DFCTL_OK;
		}
		words(&q);
	}
	df_nb_close(line.nb);
	dfctl_freep(&q.prefix);
	return DFCTL_OK;
}
