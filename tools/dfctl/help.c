// SPDX-License-Identifier: GPL-2.0
/* dfctl help, and --help anywhere: all of it from the tables. */
#include <stdio.h>
#include <string.h>

#include "nb.h"

static void entry(const char *name, const char *args, const char *help)
{
	__auto_free char *left = dfctl_strf("%s%s%s", name, args ? " " : "",
					    args ? args : "");

	printf("  %-26s%s%s\n", left, strlen(left) < 26 ? "" : " ", help);
}

static void options_print(unsigned int groups)
{
	const struct dfctl_option *option;

	for (option = dfctl_options; option->name; option++) {
		__auto_free char *name = NULL;

		if (!(option->group & groups))
			continue;
		name = option->letter ?
			dfctl_strf("-%c, --%s", option->letter, option->name) :
			dfctl_strf("    --%s", option->name);
		entry(name, option->arg, option->help);
	}
}

static void cmds_print(const struct dfctl_cmd *cmd)
{
	for (; cmd->name; cmd++) {
		if (!cmd->hidden)
			entry(cmd->name, cmd->sub ? "COMMAND" : cmd->args, cmd->help);
	}
}

static void overview(void)
{
	const struct df_model *model;
	size_t i;

	puts("usage: dfctl [OPTION...] COMMAND\n\nobjects:");
	for (i = 0; (model = df_model_at(i)); i++)
		entry(model->name, dfctl_model_is_read_only(model) ? "show|list" :
		      "COMMAND", model->doc);
	puts("\ncommands for objects:");
	cmds_print(dfctl_model_cmds);
	puts("\ncommands:");
	cmds_print(dfctl_cmds);
	puts("\noptions:");
	options_print(DFCTL_OPT_GLOBAL);
	puts("\nREF is a name, an id, or the beginning of an id.\n"
	     "'dfctl help COMMAND' or 'dfctl help OBJECT' says more.");
}

static char *field_type(const struct df_field *field)
{
	__auto_free char *type = dfctl_strdup(df_type_name(field->type));
	size_t i;

	if (field->ref) {
		dfctl_freep(&type);
		type = dfctl_strf("%s", field->ref);
	}
	for (i = 0; field->values && field->values[i]; i++) {
		__auto_free char *old = type;

		type = i ? dfctl_strf("%s|%s", old, field->values[i]) :
			   dfctl_strdup(field->values[i]);
	}
	if (field->flags & DF_FIELD_LIST)
		return dfctl_strf("%s...", type);
	return dfctl_strdup(type);
}

static const char *field_note(const struct df_field *field)
{
	if (field->flags & DF_FIELD_ASSIGNED)
		return " (not written by hand)";
	if (field->flags & DF_FIELD_REQUIRED)
		return " (needed)";
	if (field->flags & DF_FIELD_IMMUTABLE)
		return " (at creation only)";
	return "";
}

static void member_print(const struct df_field *member)
{
	__auto_free char *type = field_type(member);

	printf("    .%-22s %s %s%s\n", member->name, type, member->doc,
	       field_note(member));
}

static void fields_print(const struct df_model *model)
{
	const struct df_field *field, *member;
	size_t i, j;

	puts("\nfields:");
	for (i = 0; (field = df_model_field(model, i)); i++) {
		__auto_free char *type = field_type(field);

		printf("  %-25s %s%s\n", field->name, field->doc, field_note(field));
		printf("  %-25s %s%s%s%s%s\n", "", type,
		       field->unit ? ", in " : "", field->unit ? field->unit : "",
		       field->preset ? ", if not given: " : "",
		       field->preset ? field->preset : "");
		for (j = 0; (member = df_field_member(field, j)); j++)
			member_print(member);
	}
}

static void model_print(const struct df_model *model)
{
	const struct dfctl_cmd *cmd;

	printf("usage: dfctl %s COMMAND\n\n%s\n\ncommands:\n", model->name, model->doc);
	for (cmd = dfctl_model_cmds; cmd->name; cmd++) {
		if (!cmd->writes || !dfctl_model_is_read_only(model))
			entry(cmd->name, cmd->args, cmd->help);
	}
	fields_print(model);
}

static const char *parent_of(const struct dfctl_cmd *cmd)
{
	const struct dfctl_cmd *parent, *sub;

	for (parent = dfctl_cmds; parent->name; parent++) {
		for (sub = parent->sub; sub && sub->name; sub++) {
			if (sub == cmd)
				return parent->name;
		}
	}
	return NULL;
}

static void cmd_print(const struct dfctl *ctl)
{
	const struct dfctl_cmd *cmd = ctl->cmd;
	const char *parent = ctl->model ? ctl->model->name : parent_of(cmd);
	const char *args = cmd->sub ? "COMMAND" : cmd->args;

	printf("usage: dfctl %s%s%s%s%s\n\n%s\n", parent ? parent : "", parent ? " " : "",
	       cmd->name, args ? " " : "", args ? args : "", cmd->help);
	if (cmd->sub) {
		puts("\ncommands:");
		cmds_print(cmd->sub);
	}
	puts("\noptions:");
	options_print(cmd->options | DFCTL_OPT_GLOBAL);
	if (ctl->model && ctl->argc == 0 && strcmp(cmd->name, "delete"))
		fields_print(ctl->model);
}

/* Print how the command that ctl->cmd and ctl->model name is used. */
void dfctl_usage(const struct dfctl *ctl)
{
	if (ctl->cmd)
		cmd_print(ctl);
	else if (ctl->model)
		model_print(ctl->model);
	else
		overview();
}

static json_t *options_json(unsigned int groups)
{
	json_t *array = json_array();
	const struct dfctl_option *option;

	for (option = dfctl_options; option->name; option++) {
		json_t *one;

		if (!(option->group & groups))
			continue;
		one = json_pack("{s:s, s:s?, s:s}", "name", option->name, "arg",
				option->arg, "help", option->help);
		json_array_append_new(array, one);
	}
	return array;
}

static json_t *cmds_json(const struct dfctl_cmd *cmd)
{
	json_t *array = json_array();

	for (; cmd->name; cmd++) {
		json_t *one;

		if (cmd->hidden)
			continue;
		one = json_pack("{s:s, s:s?, s:s, s:o}", "name", cmd->name, "args",
				cmd->args, "help", cmd->help, "options",
				options_json(cmd->options));
		if (cmd->sub)
			json_object_set_new(one, "commands", cmds_json(cmd->sub));
		json_array_append_new(array, one);
	}
	return array;
}

/* The tables themselves, for the checks that documentation keeps up. */
static void tables_print(void)
{
	__auto_json json_t *models = json_array();
	__auto_json json_t *tables = NULL;
	size_t i;

	for (i = 0; df_model_at(i); i++)
		json_array_append_new(models, json_string(df_model_at(i)->name));
	tables = json_pack("{s:O, s:o, s:o, s:o}", "models", models, "model_commands",
			   cmds_json(dfctl_model_cmds), "commands", cmds_json(dfctl_cmds),
			   "options", options_json(DFCTL_OPT_GLOBAL));
	dfctl_print_json(tables);
}

int dfctl_help(struct dfctl *ctl)
{
	int err;

	if (ctl->json) {
		tables_print();
		return DFCTL_OK;
	}
	ctl->cmd = NULL;
	err = dfctl_resolve(ctl);
	if (!err)
		dfctl_usage(ctl);
	return err;
}
