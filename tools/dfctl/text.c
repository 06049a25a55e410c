// SPDX-License-Identifier: GPL-2.0
/*
 * Messages and memory. Running out of memory ends the program: a command has
 * nothing to save.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl.h"

static void out_of_memory(void)
{
	fputs("dfctl: out of memory\n", stderr);
	exit(DFCTL_FAILED);
}

void *dfctl_realloc(void *old, size_t size)
{
	void *ptr = realloc(old, size ? size : 1);

	if (!ptr)
		out_of_memory();
	return ptr;
}

void *dfctl_alloc(size_t size)
{
	return memset(dfctl_realloc(NULL, size), 0, size);
}

char *dfctl_strdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(dfctl_realloc(NULL, size), text, size);
}

char *dfctl_strf(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		out_of_memory();
	return text;
}

void dfctl_freep(void *ptr)
{
	void **p = ptr;

	free(*p);
	*p = NULL;
}

void dfctl_json_freep(json_t **ptr)
{
	json_decref(*ptr);
	*ptr = NULL;
}

bool dfctl_has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* One line on stderr, whatever the text holds. */
void dfctl_err(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	char *c;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	if (!text)
		out_of_memory();
	for (c = text; *c; c++) {
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	}
	fflush(stdout);
	fprintf(stderr, "dfctl: %s\n", text);
	free(text);
}
