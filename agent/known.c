// SPDX-License-Identifier: GPL-2.0
#include "known.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"

#define MAGIC "dragonflow-cache "
/* Another one if what is written, or how objects are meant, changes. */
#define FORMAT "1"

enum { FIRST_ROOM = 1024 };

/* --- seals ------------------------------------------------------------------ */

size_t dfa_known_header(char text[DFA_KNOWN_HEADER], const char *chassis,
			const char *database)
{
	char seal[DFA_KNOWN_SEAL + 1];
	size_t len;

	/* The URI may hold a password. */
	len = (size_t)snprintf(text, DFA_KNOWN_HEADER - DFA_KNOWN_SEAL - 2,
			       MAGIC FORMAT " %s %016" PRIx64 " ", chassis,
			       dfa_hash_string(database));
	dfa_known_seal(seal, 0, text, len);
	return len + (size_t)snprintf(text + len, DFA_KNOWN_HEADER - len,
				      "%s\n", seal);
}

uint64_t dfa_known_seed(const char *header, size_t len)
{
	return dfa_hash(header, len);
}

void dfa_known_seal(char seal[DFA_KNOWN_SEAL + 1], uint64_t seed,
		    const char *text, size_t len)
{
	snprintf(seal, DFA_KNOWN_SEAL + 1, "%016" PRIx64,
		 seed ^ dfa_hash(text, len));
}

static bool is_sealed(const char *seal, uint64_t seed, const char *text,
		      size_t len)
{
	char want[DFA_KNOWN_SEAL + 1];

	dfa_known_seal(want, seed, text, len);
	return memcmp(seal, want, DFA_KNOWN_SEAL) == 0;
}

/* --- the first line --------------------------------------------------------- */

/* How long the word at @at is; it ends before @end. */
static size_t word_len(const char *at, const char *end)
{
	size_t len = 0;

	while (at + len < end && at[len] != ' ' && at[len] != '\n')
		len++;
	return len;
}

static bool is_same_word(const char *a, const char *b, const char *end)
{
	size_t len = word_len(a, end);

	return strncmp(a, b, len) == 0 && (b[len] == ' ' || b[len] == '\n');
}

/* NULL if it is what it should be; @end: of the line, where its '\n' is. */
static const char *check_header(const char *text, const char *end,
				const char *want)
{
	size_t magic = strlen(MAGIC);
	const char *word = text + magic, *seal = end - DFA_KNOWN_SEAL;

	if ((size_t)(end - text) <= magic + DFA_KNOWN_SEAL ||
	    memcmp(text, MAGIC, magic) != 0)
		return "it is something else";
	want += magic;
	if (!is_same_word(word, want, end))
		return "it was written by another version";
	if (!is_sealed(seal, 0, text, (size_t)(seal - text)))
		return "it is damaged";
	word += word_len(word, end) + 1;
	want = strchr(want, ' ') + 1;
	if (!is_same_word(word, want, end))
		return "it is of another chassis";
	word += word_len(word, end) + 1;
	want = strchr(want, ' ') + 1;
	return is_same_word(word, want, end) ? NULL :
					       "it is of another database";
}

/* --- lines ------------------------------------------------------------------ */

static const char *end_of(const char *text)
{
	return rawmemchr(text, '\n');
}

static uint64_t hash_of(const char *word, size_t len)
{
	return dfa_hash(word, len) >> 1;
}

static bool is_drop(const struct dfa_known_line *line)
{
	return line->text[0] == 'x';
}

/* The n-th word behind the letter, from 0 on. Empty if there is none. */
static const char *word_of(const char *text, int n, size_t *len)
{
	const char *end = end_of(text), *at = text + 2;

	while (n--) {
		at += word_len(at, end);
		at += at < end;
	}
	*len = word_len(at, end);
	return at;
}

/* What it is found by: the key, or the topic of one that drops it. */
static const char *subject_of(const struct dfa_known_line *line, size_t *len)
{
	return word_of(line->text, line->text[0] == '+', len);
}

static int compare_words(const char *a, size_t a_len, const char *b,
			 size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ?: (a_len > b_len) - (a_len < b_len);
}

/* Those that drop topics are the last. */
static int compare_subjects(const void *a, const void *b)
{
	const struct dfa_known_line *x = a, *y = b;
	const char *x_word, *y_word;
	size_t x_len, y_len;

	if (is_drop(x) != is_drop(y))
		return is_drop(x) ? 1 : -1;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	x_word = subject_of(x, &x_len);
	y_word = subject_of(y, &y_len);
	return compare_words(x_word, x_len, y_word, y_len);
}

static int compare_lines(const void *a, const void *b)
{
	const struct dfa_known_line *x = a, *y = b;

	return compare_subjects(x, y) ?:
	       (x->text > y->text) - (x->text < y->text);
}

static int compare_topics(const void *a, const void *b)
{
	const struct dfa_known_line *x = *(struct dfa_known_line *const *)a;
	const struct dfa_known_line *y = *(struct dfa_known_line *const *)b;
	size_t x_len, y_len;
	const char *x_topic = word_of(x->text, 0, &x_len);
	const char *y_topic = word_of(y->text, 0, &y_len);

	return compare_words(x_topic, x_len, y_topic, y_len) ?:
	       (x->text > y->text) - (x->text < y->text);
}

/* --- reading ---------------------------------------------------------------- */

/**
 * struct reading - where we are
 * @start: of the file
 * @bad: where what is not believed begins; NULL: nowhere yet
 */
struct reading {
	const char *start;
	const char *bad;
	uint64_t seed;
};

static int add_line(struct dfa_known *known, const char *text)
{
	struct dfa_known_line line = { .text = text };
	const char *subject;
	size_t len;

	if (known->count == known->room) {
		size_t room = known->room ? 2 * known->room : FIRST_ROOM;
		void *grown = realloc(known->line, room * sizeof(line));

		if (!grown)
			return -ENOMEM;
		known->line = grown;
		known->room = room;
	}
	subject = subject_of(&line, &len);
	line.hash = hash_of(subject, len);
	known->line[known->count++] = line;
	return 0;
}

static uint64_t number_of(const char *text, int n)
{
	size_t len;
	const char *word = word_of(text, n, &len);
	uint64_t number = 0;

	for (size_t i = 0; i < len && isdigit((unsigned char)word[i]); i++)
		number = 10 * number + (uint64_t)(word[i] - '0');
	return number;
}

/* "= OFFSET TIME". Return -EBADMSG if something before the offset is bad. */
static int take_mark(struct dfa_known *known, const struct reading *reading,
		     const char *text)
{
	if (reading->bad)
		return number_of(text, 0) >
				       (size_t)(reading->bad - reading->start) ?
			       -EBADMSG : 0;
	known->at = (time_t)number_of(text, 1);
	return 0;
}

/* Is it a line, and whole? */
static bool is_whole(const struct reading *reading, const char *line,
		     const char *end)
{
	const char *text = line + DFA_KNOWN_SEAL + 1;

	return end - line > DFA_KNOWN_SEAL + 3 && text[-1] == ' ' &&
	       text[1] == ' ' && memchr("+-x=", text[0], 4) &&
	       !memchr(text, '\0', (size_t)(end - text)) &&
	       is_sealed(line, reading->seed, text, (size_t)(end - text));
}

static int read_line(struct dfa_known *known, struct reading *reading,
		     const char *line, const char *end)
{
	const char *text = line + DFA_KNOWN_SEAL + 1;

	if (!is_whole(reading, line, end)) {
		reading->bad = reading->bad ?: line;
		return 0;
	}
	if (text[0] == '=')
		return take_mark(known, reading, text);
	return reading->bad ? 0 : add_line(known, text);
}

static int read_lines(struct dfa_known *known, struct reading *reading,
		      const char *from, const char *end)
{
	while (from < end) {
		const char *stop = memchr(from, '\n', (size_t)(end - from));
		int err;

		if (!stop) {
			reading->bad = reading->bad ?: from;
			break;
		}
		err = read_line(known, reading, from, stop);
		if (err)
			return err;
		from = stop + 1;
	}
	if (reading->bad)
		known->torn = (size_t)(end - reading->bad);
	return 0;
}

/* Was the line's topic dropped after it? The droppers are from @drop on. */
static bool is_dropped(const struct dfa_known *known, size_t drop,
		       const struct dfa_known_line *line)
{
	size_t from = drop, to = known->count, len, other_len;
	const char *topic = word_of(line->text, 0, &len), *name;
	uint64_t hash = hash_of(topic, len);

	/* The last one of the topic, or of one before it. */
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct dfa_known_line *other = &known->line[middle];
		int order;

		name = subject_of(other, &other_len);
		order = compare_words(name, other_len, topic, len);
		if (other->hash < hash || (other->hash == hash && order <= 0))
			from = middle + 1;
		else
			to = middle;
	}
	if (from == drop || known->line[from - 1].text < line->text)
		return false;
	name = subject_of(&known->line[from - 1], &other_len);
	return compare_words(name, other_len, topic, len) == 0;
}

/* Of each object the last line, if that says that it is. */
static void keep_last(struct dfa_known *known)
{
	size_t drop = known->count, kept = 0;

	while (drop && is_drop(&known->line[drop - 1]))
		drop--;
	for (size_t i = 0; i < drop; i++) {
		const struct dfa_known_line *line = &known->line[i];

		if (i + 1 < drop && compare_subjects(line, line + 1) == 0)
			continue;
		if (line->text[0] == '+' && !is_dropped(known, drop, line))
			known->line[kept++] = *line;
	}
	known->count = kept;
}

static int sort_topics(struct dfa_known *known)
{
	known->by_topic = calloc(known->count + 1, sizeof(*known->by_topic));
	if (!known->by_topic)
		return -ENOMEM;
	for (size_t i = 0; i < known->count; i++)
		known->by_topic[i] = &known->line[i];
	qsort(known->by_topic, known->count, sizeof(*known->by_topic),
	      compare_topics);
	return 0;
}

static int read_text(struct dfa_known *known, const char *text, size_t size,
		     const char *header, const char **why)
{
	const char *end = memchr(text, '\n', size);
	struct reading reading = { .start = text };
	int err;

	*why = end ? check_header(text, end, header) : "it is something else";
	if (*why)
		return -EBADMSG;
	reading.seed = dfa_known_seed(text, (size_t)(end + 1 - text));
	err = read_lines(known, &reading, end + 1, text + size);
	/* Without a mark it is a part of what was known. */
	if (!err && !known->at)
		err = -EBADMSG;
	if (!err && known->count)
		qsort(known->line, known->count, sizeof(*known->line),
		      compare_lines);
	if (!err) {
		keep_last(known);
		err = sort_topics(known);
	}
	if (err)
		*why = err == -ENOMEM ? "out of memory" : "it is damaged";
	return err;
}

int dfa_known_read(struct dfa_known *known, const char *text, size_t size,
		   const char *header, const char **why)
{
	int err;

	*known = (struct dfa_known){ 0 };
	err = read_text(known, text, size, header, why);
	if (err)
		dfa_known_fini(known);
	return err;
}

void dfa_known_fini(struct dfa_known *known)
{
	free(known->line);
	free(known->by_topic);
	*known = (struct dfa_known){ 0 };
}

/* --- asking ----------------------------------------------------------------- */

const char *dfa_known_text(const struct dfa_known *known, size_t index,
			   size_t *len)
{
	const char *text = known->line[index].text;

	*len = (size_t)(end_of(text) - text);
	return text;
}

static void take_object(const struct dfa_known_line *line,
			struct dfa_known_object *object)
{
	object->topic = word_of(line->text, 0, &object->topic_len);
	object->key = word_of(line->text, 1, &object->key_len);
	object->json = object->key + object->key_len;
	object->json += *object->json == ' ';
	object->json_len = (size_t)(end_of(object->json) - object->json);
}

void dfa_known_forget(struct dfa_known *known, const char *model,
		      const char *id)
{
	char text[DFA_KNOWN_HEADER];
	int len = snprintf(text, sizeof(text), "- %s/%s\n", model, id);
	struct dfa_known_line key = { .text = text }, *line;

	if (!known->count || len >= (int)sizeof(text))
		return;
	key.hash = hash_of(text + 2, (size_t)len - 3);
	line = bsearch(&key, known->line, known->count, sizeof(key),
		       compare_subjects);
	if (line)
		line->is_forgotten = true;
}

/* Where its objects begin in &dfa_known.by_topic. */
static size_t find_topic(const struct dfa_known *known, const char *topic)
{
	size_t from = 0, to = known->count, len = strlen(topic);

	while (from < to) {
		size_t middle = from + (to - from) / 2, name_len;
		const char *name = word_of(known->by_topic[middle]->text, 0,
					   &name_len);

		if (compare_words(name, name_len, topic, len) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

bool dfa_known_next(const struct dfa_known *known, const char *topic,
		    size_t *at, struct dfa_known_object *object)
{
	size_t len = strlen(topic);

	for (*at = *at ?: find_topic(known, topic) + 1; *at <= known->count;) {
		const struct dfa_known_line *line = known->by_topic[*at - 1];

		take_object(line, object);
		if (compare_words(object->topic, object->topic_len, topic, len))
			return false;
		++*at;
		if (!line->is_forgotten)
			return true;
	}
	return false;
}

bool dfa_known_next_topic(const struct dfa_known *known, const char *prefix,
			  char *name, size_t size)
{
	size_t at = find_topic(known, *name ? name : prefix), len;
	size_t prefix_len = strlen(prefix), name_len = strlen(name);

	for (; at < known->count; at++) {
		const char *topic = word_of(known->by_topic[at]->text, 0, &len);

		if (len < prefix_len || memcmp(topic, prefix, prefix_len) != 0)
			return false;
		if (len >= size ||
		    compare_words(topic, len, name, name_len) == 0)
			continue;
		memcpy(name, topic, len);
		name[len] = '\0';
		return true;
	}
	return false;
}

void dfa_known_forget_topic(struct dfa_known *known, const char *topic)
{
	struct dfa_known_object object;
	size_t at = 0;

	while (dfa_known_next(known, topic, &at, &object))
		known->by_topic[at - 2]->is_forgotten = true;
}
