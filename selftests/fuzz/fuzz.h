/* SPDX-License-Identifier: GPL-2.0 */
/* What fuzz targets share; a target is fuzz_NAME.c and a line in build.mk. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

/* An assertion that no compiler flag turns off. */
static inline void require(bool holds)
{
	if (!holds)
		abort();
}

/* A copy that ends where the input does, so that ASan sees who reads on. */
static inline void *fuzz_copy(const uint8_t *input, size_t size)
{
	void *copy = malloc(size ? size : 1);

	require(copy);
	if (size)
		memcpy(copy, input, size);
	return copy;
}

/* The same as a text, up to the first NUL. */
static inline char *fuzz_text(const uint8_t *input, size_t size)
{
	char *text = strndup((const char *)input, size);

	require(text);
	return text;
}

/* Cut the next line off the input, as a text; NULL at the end. */
static inline char *fuzz_line(const uint8_t **input, size_t *size)
{
	const uint8_t *end = *size ? memchr(*input, '\n', *size) : NULL;
	size_t len = end ? (size_t)(end - *input) : *size;
	char *line;

	if (!*size)
		return NULL;
	line = fuzz_text(*input, len);
	len += end ? 1 : 0;
	*input += len;
	*size -= len;
	return line;
}

#endif
