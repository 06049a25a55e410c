// SPDX-License-Identifier: GPL-2.0
/* What somebody may have meant by a word that is not known. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl.h"

enum { WORD_MAX = 64 };

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* Letters to add, remove, replace or swap with their neighbour. */
static size_t distance(const char *a, const char *b)
{
	size_t row[3][WORD_MAX + 1];
	size_t *last = row[0], *prev = row[1], *cur = row[2];
	size_t la = strlen(a), lb = strlen(b);
	size_t i, j;

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (j = 0; j <= lb; j++)
		prev[j] = j;
	for (i = 1; i <= la; i++) {
		size_t *spare = last;

		cur[0] = i;
		for (j = 1; j <= lb; j++) {
			cur[j] = min3(prev[j] + 1, cur[j - 1] + 1,
				      prev[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && last[j - 2] + 1 < cur[j])
				cur[j] = last[j - 2] + 1;
		}
		last = prev;
		prev = cur;
		cur = spare;
	}
	return prev[lb];
}

/**
 * dfctl_suggest - find the word that is nearest to one that is not known
 * @word: what was written
 * @words: returns the i-th word that is known, NULL behind the last
 * @data: handed to @words
 *
 * Return: the nearest word, or NULL if none is near.
 */
const char *dfctl_suggest(const char *word, dfctl_words_t words,
			  const void *data)
{
	const char *best = NULL, *known;
	size_t len = strlen(word);
	size_t nearest = len < 4 ? 2 : 3;
	size_t i;

	for (i = 0; (known = words(data, i)); i++) {
		size_t d = distance(word, known);

		/* A beginning of at least two letters is a good guess too. */
		if (len >= 2 && dfctl_has_prefix(known, word))
			d = 1;
		if (d < nearest && d < len) {
			nearest = d;
			best = known;
		}
	}
	return best;
}

/* Say what is not known, and what may have been meant if @hint names it. */
int dfctl_misspelt(const char *hint, const char *fmt, ...)
{
	__auto_free char *text = NULL;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		text = NULL;
	if (hint)
		dfctl_err("%s; did you mean '%s'?", text ? text : "", hint);
	else
		dfctl_err("%s", text ? text : "");
	return DFCTL_USAGE;
}
