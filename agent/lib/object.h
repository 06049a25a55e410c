/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DF_LIB_OBJECT_H
#define DF_LIB_OBJECT_H

#include <jansson.h>

#include "dragonflow.h"

#define DF_OBJ_TEXT_MAX (256 * 1024)

/**
 * struct df_obj - an object
 * @refs: number of holders
 * @model: what it is
 * @doc: its content; known fields are canonical, or null
 */
struct df_obj {
	unsigned int refs;
	const struct df_model *model;
	json_t *doc;
};

/** An object around @doc, whose reference is taken over; NULL (and @doc freed)
 * if there is no memory.
 */
struct df_obj *df_obj_wrap(const struct df_model *model, json_t *doc);
/** As df_obj_parse(), from a document, which is left alone. */
int df_obj_from_json(struct df_obj **out, const struct df_model *model,
		     json_t *doc, struct df_error *error);
/** "port 1b2c…: field "x": " and the sentence; returns @code. */
int df_obj_error(const struct df_obj *obj, struct df_error *error, int code,
		 const char *field, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/** How to name it in a sentence: model and id, or model and name. */
struct df_label {
	char text[128];
};

struct df_label df_obj_label(const struct df_obj *obj);
/** Are the required fields there, and do the fields agree? */
int df_obj_check(const struct df_obj *obj, struct df_error *error);
/** @obj without its null fields. */
void df_obj_drop_nulls(struct df_obj *obj);
/** A topic or key part: all but letters, digits and ._:- becomes %XX. The
 * caller frees it.
 */
char *df_escape(const char *text);

const struct df_field *df_fields_find(const struct df_field *fields,
				      const char *name);
bool df_network_is_tunnelled(const struct df_obj *network);

/* json.c */

/** "@field" and, inside of it, "[1].member"; for messages. */
struct df_json_path {
	char text[160];
};

/**
 * df_json_canon - check a field's value and bring it to its one form
 * @out: a new reference
 * @why: a sentence without subject, as in: "zz" is not a MAC address
 */
int df_json_canon(json_t **out, const struct df_field *field, json_t *value,
		  struct df_json_path *path, struct df_error *why);
/** Is a value that no table describes nested at most 16 deep? */
bool df_json_is_shallow(const json_t *value);
/** The JSON value that a person's @text stands for; a new reference. */
int df_json_from_text(json_t **out, const struct df_field *field,
		      const char *text, struct df_error *why);
/** The reverse; the caller frees it. */
char *df_json_to_text(const struct df_field *field, const json_t *value);

#endif
