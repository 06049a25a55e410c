/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DF_LIB_ERROR_H
#define DF_LIB_ERROR_H

#include <stdarg.h>

#include "dragonflow.h"

/** Fill @error unless it is NULL; returns @code. */
int df_error_set(struct df_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int df_error_vset(struct df_error *error, int code, const char *format,
		  va_list args) __attribute__((format(printf, 3, 0)));

/** @text for use in a message: at most 60 bytes, cut between characters. */
struct df_quote {
	char text[64];
};

struct df_quote df_quote(const char *text);

#endif
