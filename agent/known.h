/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_KNOWN_H
#define DFA_KNOWN_H

/*
 * What a file of the last known state says. Pure: the text is somebody else's.
 *
 *	dragonflow-cache FORMAT CHASSIS DATABASE SEAL
 *	SEAL + TOPIC MODEL/ID JSON	the object is, or has changed
 *	SEAL - MODEL/ID			it is gone
 *	SEAL x TOPIC			the topic is not followed any more
 *	SEAL = OFFSET TIME		so far it was on the disk before this; and when
 *
 * Later lines override earlier ones. Each is sealed with a hash over itself and
 * the first line. The first mark ("=") says that what is before it was known at
 * that time; what follows, became known later. Of what was written last, the power
 * may have gone before it was on the disk: what is before it is what was known a
 * moment earlier. Damage where the disk had it is another matter: then nothing of
 * the file is believed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum {
	DFA_KNOWN_SEAL = 16,
	DFA_KNOWN_HEADER = 512,
};

/**
 * struct dfa_known_line - a line
 * @hash: of the word that it is found by
 * @is_forgotten: somebody else has told of it
 * @text: its text behind the seal
 */
struct dfa_known_line {
	uint64_t hash : 63;
	uint64_t is_forgotten : 1;
	const char *text;
};

/**
 * struct dfa_known - what is known; all zero: nothing
 * @line: an object each, by the key MODEL/ID
 * @by_topic: the same, by topic
 * @count: of both
 * @torn: bytes at the end that were not believed
 * @at: when it was known
 */
struct dfa_known {
	struct dfa_known_line *line;
	struct dfa_known_line **by_topic;
	size_t count;
	size_t room;
	size_t torn;
	time_t at;
};

/**
 * struct dfa_known_object - an object as the file has it
 * @topic: where it is, @topic_len long
 * @key: MODEL/ID, @key_len long
 * @json: the object, @json_len long
 */
struct dfa_known_object {
	const char *topic, *key, *json;
	size_t topic_len, key_len, json_len;
};

/* The first line of the file of this chassis and database. Return: its length. */
size_t dfa_known_header(char text[DFA_KNOWN_HEADER], const char *chassis,
			const char *database);
/* What the lines below are sealed with. */
uint64_t dfa_known_seed(const char *header, size_t len);
/* The seal of a line's text behind it, without its end. */
void dfa_known_seal(char seal[DFA_KNOWN_SEAL + 1], uint64_t seed,
		    const char *text, size_t len);

/*
 * Read it; @text is used until the end. Return: 0, or -ENOMEM or -EBADMSG with
 * @why set to a constant that says why nothing of it is believed.
 */
int dfa_known_read(struct dfa_known *known, const char *text, size_t size,
		   const char *header, const char **why);
void dfa_known_fini(struct dfa_known *known);

/* The text that line @index is sealed with; @len: without its end. */
const char *dfa_known_text(const struct dfa_known *known, size_t index,
			   size_t *len);
/* Forget an object: somebody else has told of it. */
void dfa_known_forget(struct dfa_known *known, const char *model,
		      const char *id);
void dfa_known_forget_topic(struct dfa_known *known, const char *topic);
/*
 * The next topic that begins with @prefix and has a name of less than @size: @name
 * is the last one, empty at first.
 */
bool dfa_known_next_topic(const struct dfa_known *known, const char *prefix,
			  char *name, size_t size);
/*
 * The next object of the topic that was not forgotten, if there is one. @at is
 * 0 at first.
 */
bool dfa_known_next(const struct dfa_known *known, const char *topic,
		    size_t *at, struct dfa_known_object *object);

#endif
