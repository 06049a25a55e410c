/* SPDX-License-Identifier: GPL-2.0 */
/* The northbound objects: the database, fields as people write them. */
#ifndef DFCTL_NB_H
#define DFCTL_NB_H

#include <dragonflow.h>

#include "dfctl.h"

/**
 * struct dfctl_assignment - "field=text" from the command line
 * @field: the field
 * @op: '=' sets, '+' adds to a list, '-' removes from a list
 * @text: what stands behind the '='
 */
struct dfctl_assignment {
	const struct df_field *field;
	char op;
	const char *text;
};

/* nb.c: the database */
struct df_nb *dfctl_nb(struct dfctl *ctl);
int dfctl_refused(const struct df_error *error);
int dfctl_find(struct dfctl *ctl, const char *model, const char *ref,
	       struct df_obj **out);
int dfctl_commit(struct df_txn *txn);
json_t *dfctl_obj_json(const struct df_obj *obj);
bool dfctl_model_is_read_only(const struct df_model *model);

/* field.c: what people write */
const struct df_field *dfctl_field_find(const struct df_model *model,
					const char *name, size_t len);
int dfctl_assignment_parse(const struct df_model *model, const char *arg,
			   struct dfctl_assignment *out);
int dfctl_assignment_value(struct dfctl *ctl, const struct df_model *model,
			   const struct dfctl_assignment *set, json_t **out);
json_t *dfctl_preset(const struct df_model *model, const struct df_field *field);
char *dfctl_field_text(const struct df_field *field, const json_t *value);

/* subnet.c: which subnet an address is from */
int dfctl_subnets_fill(struct dfctl *ctl, json_t *fields, const json_t *object);

/* join.c: what other objects say about an object */
struct dfctl_join;
int dfctl_join_new(struct dfctl_join **out, struct dfctl *ctl,
		   const struct df_model *model);
void dfctl_join_free(struct dfctl_join *join);
const char *dfctl_join_name(struct dfctl_join *join, const char *model,
			    const char *id);
const json_t *dfctl_join_status(struct dfctl_join *join, const char *id);

#endif /* DFCTL_NB_H */
