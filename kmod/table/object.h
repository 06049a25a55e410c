/* SPDX-License-Identifier: GPL-2.0 */
/* Tables of objects by id. */
#ifndef DF_TABLE_OBJECT_H
#define DF_TABLE_OBJECT_H

#include "df.h"

int df_table_init(struct df_table *table);
void df_table_fini(struct df_table *table);

int df_table_add(struct df_table *table, struct df_object *obj);
void df_table_replace(struct df_table *table, struct df_object *old,
		      struct df_object *new);
void df_table_del(struct df_table *table, struct df_object *obj);
struct df_object *df_table_find(struct df_table *table, u32 id);
struct df_object *df_table_next(struct df_table *table, u32 id);

#endif /* DF_TABLE_OBJECT_H */
