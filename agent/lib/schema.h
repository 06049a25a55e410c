/* SPDX-License-Identifier: GPL-2.0 */
/* What only the library knows of a model. */
#ifndef DF_LIB_SCHEMA_H
#define DF_LIB_SCHEMA_H

#include "dragonflow.h"

struct df_obj;

/**
 * struct df_unique - no two objects of a model share this value
 * @field: the field, ended by NULL in a table
 * @member: of each item, if the field is a list of records
 * @within: field that narrows it: equal values collide only if this is equal
 * @among: another model, whose objects do not share it either; or NULL
 */
struct df_unique {
	const char *field;
	const char *member;
	const char *within;
	const char *among;
};

/**
 * struct df_schema - a model's declaration
 * @model: what everybody sees
 * @fields: ended by a NULL name
 * @uniques: ended by a NULL field, or NULL
 * @follows: model of the object with the same id that must exist before an
 *	object of this model, and takes it along when it is deleted; or NULL
 * @check: relations between the fields of a complete object, or NULL
 */
struct df_schema {
	struct df_model model;
	const struct df_field *fields;
	const struct df_unique *uniques;
	const char *follows;
	int (*check)(const struct df_obj *obj, struct df_error *error);
};

/* So many sets of addresses the kernel lets the rules of a group name. */
enum { DF_GROUP_SETS_MAX = 64 };

extern const struct df_schema df_schemas[];

static inline const struct df_schema *df_schema(const struct df_model *model)
{
	return (const struct df_schema *)model;
}

int df_check_network(const struct df_obj *obj, struct df_error *error);
int df_check_subnet(const struct df_obj *obj, struct df_error *error);
int df_check_port(const struct df_obj *obj, struct df_error *error);
int df_check_router(const struct df_obj *obj, struct df_error *error);
int df_check_security_group_rule(const struct df_obj *obj,
				 struct df_error *error);

/* schema_policy.c */
extern const struct df_field df_security_group_fields[];
extern const struct df_field df_security_group_rule_fields[];
extern const struct df_field df_security_group_member_fields[];
extern const struct df_field df_address_group_fields[];
extern const struct df_unique df_address_group_uniques[];

/* schema_trace.c */
extern const struct df_field df_trace_request_fields[];
extern const struct df_field df_trace_answer_fields[];

#endif
