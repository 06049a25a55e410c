// SPDX-License-Identifier: GPL-2.0
/* The command line: options anywhere, then the words that name the command. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl.h"
#include "nb.h"

static const char *option_word(const void *data, size_t i)
{
	const struct dfctl_option *option = data;

	return option[i].name;
}

/* Commands that help does not show are not suggested either: they are last. */
static const char *cmd_word(const void *data, size_t i)
{
	const struct dfctl_cmd *cmd = data;

	return cmd[i].hidden ? NULL : cmd[i].name;
}

static const char *top_word(const void *data, size_t i)
{
	size_t models = 0;

	while (df_model_at(models))
		models++;
	return i < models ? df_model_at(i)->name : cmd_word(data, i - models);
}

const struct dfctl_cmd *dfctl_cmd_find(const struct dfctl_cmd *cmds,
				       const char *name)
{
	for (; cmds->name; cmds++) {
		if (!strcmp(cmds->name, name))
			return cmds;
	}
	return NULL;
}

/**
 * dfctl_option_find - find an option
 * @word: what was written, with its dashes
 * @len: how much of it is the option's name
 * @groups: DFCTL_OPT_* to look in
 *
 * Return: the option, or NULL.
 */
const struct dfctl_option *dfctl_option_find(const char *word, size_t len,
					     unsigned int groups)
{
	const struct dfctl_option *option;

	for (option = dfctl_options; option->name; option++) {
		if (!(option->group & groups))
			continue;
		if (word[1] != '-') {
			if (option->letter && option->letter == word[1])
				return option;
		} else if (strlen(option->name) == len - 2 &&
			   !strncmp(option->name, word + 2, len - 2)) {
			return option;
		}
	}
	return NULL;
}

/**
 * dfctl_number - read a number that was written on the command line
 * @what: what it is, for the message
 * @text: what was written
 * @min: least that makes sense
 * @out: set to the number, if the result is DFCTL_OK
 *
 * Return: an exit status.
 */
int dfctl_number(const char *what, const char *text, long min, long *out)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < min || n > INT_MAX) {
		dfctl_err("%s: '%s' is not a whole number of at least %ld", what,
			  text, min);
		return DFCTL_USAGE;
	}
	*out = n;
	return DFCTL_OK;
}

static void option_set(struct dfctl *ctl, const struct dfctl_option *option,
		       const char *value)
{
	char *field = (char *)ctl + option->offset;

	if (option->arg)
		*(const char **)field = value;
	else
		*(bool *)field = true;
}

/* The value of an option behind '=', behind its letter, or in the next word. */
static const char *option_value(const char *word, size_t len, const char *next)
{
	if (word[1] != '-')
		return word[2] ? word + 2 : next;
	return word[len] == '=' ? word + len + 1 : next;
}

static int option_parse(struct dfctl *ctl, const char *word, const char *next,
			const struct dfctl_option **out)
{
	size_t len = strcspn(word, "=");
	const struct dfctl_option *option;
	const char *value;

	option = dfctl_option_find(word, len, ~0U);
	if (!option) {
		__auto_free char *name = dfctl_strf("%.*s", (int)len, word);
		const char *hint = word[1] == '-' ?
			dfctl_suggest(name + 2, option_word, dfctl_options) : NULL;
		__auto_free char *full = hint ? dfctl_strf("--%s", hint) : NULL;

		return dfctl_misspelt(full, "no option '%s'", name);
	}
	value = option_value(word, len, next);
	if (option->arg && !value) {
		dfctl_err("--%s needs %s", option->name, option->arg);
		return DFCTL_USAGE;
	}
	if (!option->arg && (word[1] == '-' ? word[len] : word[2])) {
		dfctl_err("--%s takes no value: '%s'", option->name, word);
		return DFCTL_USAGE;
	}
	option_set(ctl, option, value);
	*out = option;
	return DFCTL_OK;
}

/* Options into @ctl, the other words into ctl->argv. */
static int words_parse(struct dfctl *ctl, int argc, char **argv,
		       const struct dfctl_option **seen)
{
	size_t options = 0;
	int i, err;

	for (i = 1; i < argc; i++) {
		char *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (argv[i][0] != '-' || !argv[i][1]) {
			ctl->argv[ctl->argc++] = argv[i];
			continue;
		}
		if (!strcmp(argv[i], "--")) {
			while (++i < argc)
				ctl->argv[ctl->argc++] = argv[i];
			break;
		}
		err = option_parse(ctl, argv[i], next, &seen[options]);
		if (err)
			return err;
		if (seen[options]->arg &&
		    !option_value(argv[i], strcspn(argv[i], "="), NULL))
			i++;
		options++;
	}
	return DFCTL_OK;
}

static void word_take(struct dfctl *ctl)
{
	ctl->argv++;
	ctl->argc--;
}

static int cmd_misspelt(const struct dfctl *ctl, const struct dfctl_cmd *cmds)
{
	const char *word = ctl->argv[0];

	if (cmds == dfctl_cmds)
		return dfctl_misspelt(dfctl_suggest(word, top_word, cmds),
				      "no command '%s'", word);
	return dfctl_misspelt(dfctl_suggest(word, cmd_word, cmds),
			      "%s: no command '%s'",
			      ctl->model ? ctl->model->name : ctl->cmd->name, word);
}

/**
 * dfctl_resolve - find the command that the words in ctl->argv name
 * @ctl: sets cmd and model, and takes those words out of argv
 *
 * Return: an exit status; a word that is not known was reported.
 */
int dfctl_resolve(struct dfctl *ctl)
{
	const struct dfctl_cmd *cmds = dfctl_cmds;

	while (cmds && ctl->argc) {
		const struct dfctl_cmd *cmd = dfctl_cmd_find(cmds, ctl->argv[0]);

		if (!cmd && cmds == dfctl_cmds) {
			ctl->model = df_model_find(ctl->argv[0]);
			if (ctl->model) {
				word_take(ctl);
				cmds = dfctl_model_cmds;
				continue;
			}
		}
		if (!cmd)
			return cmd_misspelt(ctl, cmds);
		ctl->cmd = cmd;
		cmds = cmd->sub;
		word_take(ctl);
	}
	return DFCTL_OK;
}

static int options_check(const struct dfctl *ctl,
			 const struct dfctl_option **seen)
{
	for (; *seen; seen++) {
		if ((*seen)->group & (ctl->cmd->options | DFCTL_OPT_GLOBAL))
			continue;
		dfctl_err("%s: --%s makes no sense here", ctl->cmd->name,
			  (*seen)->name);
		return DFCTL_USAGE;
	}
	return DFCTL_OK;
}

static int args_check(const struct dfctl *ctl)
{
	const struct dfctl_cmd *cmd = ctl->cmd;

	if (ctl->model && cmd->writes && dfctl_model_is_read_only(ctl->model)) {
		dfctl_err("%s: such objects are not written by hand; show and list work",
			  ctl->model->name);
		return DFCTL_USAGE;
	}
	if (ctl->argc < cmd->min_args) {
		dfctl_err("%s: give %s", cmd->name, cmd->args);
		return DFCTL_USAGE;
	}
	if (cmd->max_args >= 0 && ctl->argc > cmd->max_args) {
		dfctl_err("%s: too much: '%s'", cmd->name, ctl->argv[cmd->max_args]);
		return DFCTL_USAGE;
	}
	return DFCTL_OK;
}

static int timeout_parse(struct dfctl *ctl)
{
	char *end;
	double seconds;

	ctl->timeout_ms = -1;
	if (!ctl->timeout)
		return DFCTL_OK;
	seconds = strtod(ctl->timeout, &end);
	if (end == ctl->timeout || *end || !(seconds > 0 && seconds <= INT_MAX / 1000)) {
		dfctl_err("--timeout: '%s' is not a number of seconds", ctl->timeout);
		return DFCTL_USAGE;
	}
	ctl->timeout_ms = seconds < 0.001 ? 1 : (int)(seconds * 1000);
	return DFCTL_OK;
}

/**
 * dfctl_parse_words - read a command line that may not be complete
 * @ctl: filled in; its argv takes @argc + 1 words
 * @argc: number of words
 * @argv: the words, the first is the program's name
 *
 * Return: an exit status; what is wrong was reported.
 */
int dfctl_parse_words(struct dfctl *ctl, int argc, char **argv)
{
	__auto_free const struct dfctl_option **seen = NULL;
	int err;

	seen = dfctl_alloc(sizeof(*seen) * ((size_t)argc + 1));
	err = words_parse(ctl, argc, argv, seen);
	return err ? err : dfctl_resolve(ctl);
}

/**
 * dfctl_parse - read a command line
 * @ctl: filled in; its argv takes @argc + 1 words
 * @argc: number of words
 * @argv: the words, the first is the program's name
 *
 * Return: an exit status; what is wrong was reported. ctl->cmd is NULL if no
 * command was named, and one with commands of its own if the line ends there.
 */
int dfctl_parse(struct dfctl *ctl, int argc, char **argv)
{
	__auto_free const struct dfctl_option **seen = NULL;
	int err;

	seen = dfctl_alloc(sizeof(*seen) * ((size_t)argc + 1));
	err = words_parse(ctl, argc, argv, seen);
	if (!err)
		err = timeout_parse(ctl);
	if (!err)
		err = dfctl_resolve(ctl);
	if (err || ctl->help || ctl->version || !ctl->cmd || ctl->cmd->sub)
		return err;
	err = options_check(ctl, seen);
	return err ? err : args_check(ctl);
}
