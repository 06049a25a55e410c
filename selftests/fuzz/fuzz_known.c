// SPDX-License-Identifier: GPL-2.0
/*
 * The file of the last known state. Input that begins with "s" is sealed as the
 * agent does it, line by line, or hardly anything would be believed.
 */
#include <stdio.h>

#include "known.h"
#include "fuzz.h"

static void seal_lines(FILE *out, uint64_t seed, const uint8_t *input,
		       size_t size)
{
	while (size) {
		const char *line = (const char *)input;
		const uint8_t *end = memchr(input, '\n', size);
		size_t len = end ? (size_t)(end - input) : size;
		char seal[DFA_KNOWN_SEAL + 1];

		dfa_known_seal(seal, seed, line, len);
		fprintf(out, "%s ", seal);
		fwrite(line, 1, len, out);
		fputc('\n', out);
		len += !!end;
		input += len;
		size -= len;
	}
}

static char *make_file(const uint8_t *input, size_t size, size_t *len)
{
	char header[DFA_KNOWN_HEADER], *text = NULL;
	size_t header_len = dfa_known_header(header, "hv1", "sqlite:///x");
	FILE *out = open_memstream(&text, len);

	require(out);
	fwrite(header, 1, header_len, out);
	if (size && *input == 's')
		seal_lines(out, dfa_known_seed(header, header_len), input + 1,
			   size - 1);
	else
		fwrite(input, 1, size, out);
	fclose(out);
	return text;
}

static void check_object(const struct dfa_known_object *object, const char *text,
			 size_t len)
{
	require(object->topic >= text && object->json + object->json_len < text + len);
	require(object->topic + object->topic_len <= object->key);
	require(object->key + object->key_len <= object->json);
}

/* Each topic's objects together are all objects. */
static void check_known(struct dfa_known *known, const char *text, size_t len)
{
	struct dfa_known_object object;
	size_t found = 0;

	for (size_t i = 0; i < known->count; i++) {
		size_t at = 0, text_len, topic_len;
		const char *line = dfa_known_text(known, i, &text_len);
		char *topic;

		topic_len = strcspn(line + 2, "\n ");
		topic = strndup(line + 2, topic_len);
		require(topic);
		while (dfa_known_next(known, topic, &at, &object)) {
			check_object(&object, text, len);
			require(object.topic_len == topic_len);
			found++;
		}
		dfa_known_forget_topic(known, topic);
		free(topic);
	}
	require(found == known->count);
	dfa_known_forget(known, "port", "1");
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char header[DFA_KNOWN_HEADER];
	struct dfa_known known;
	const char *why = NULL;
	size_t len;
	char *text = make_file(input, size, &len);
	/* As it is mapped: no end but the length. */
	char *exact = malloc(len);

	require(exact);
	memcpy(exact, text, len);
	free(text);
	dfa_known_header(header, "hv1", "sqlite:///x");
	if (dfa_known_read(&known, exact, len, header, &why)) {
		require(why && !known.count && !known.line);
	} else {
		require(!why && known.torn < len);
		check_known(&known, exact, len);
	}
	dfa_known_fini(&known);
	free(exact);
	return 0;
}
