// SPDX-License-Identifier: GPL-2.0
/* Sentences about what went wrong. */
#include <stdio.h>
#include <string.h>

#include "error.h"

const char *df_version(void)
{
	return DF_VERSION;
}

int df_error_vset(struct df_error *error, int code, const char *format,
		  va_list args)
{
	if (!error)
		return code;

	error->code = code;
	vsnprintf(error->text, sizeof(error->text), format, args);
	return code;
}

int df_error_set(struct df_error *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	df_error_vset(error, code, format, args);
	va_end(args);
	return code;
}

struct df_quote df_quote(const char *text)
{
	struct df_quote quote;
	size_t len = strlen(text);
	size_t i;

	if (len > 60) {
		len = 60;
		/* Not inside of a UTF-8 sequence. */
		while (len && (text[len] & 0xc0) == 0x80)
			len--;
		memcpy(quote.text, text, len);
		strcpy(quote.text + len, "…");
	} else {
		memcpy(quote.text, text, len + 1);
	}
	for (i = 0; i < len; i++)
		if ((unsigned char)quote.text[i] < ' ' ||
		    quote.text[i] == 0x7f)
			quote.text[i] = '?';
	return quote;
}
