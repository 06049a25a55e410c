// SPDX-License-Identifier: GPL-2.0
#include "table/object.h"

static const struct rhashtable_params object_params = {
	.head_offset = offsetof(struct df_object, node),
	.key_offset = offsetof(struct df_object, id),
	.key_len = sizeof_field(struct df_object, id),
	.automatic_shrinking = true,
};

int df_table_init(struct df_table *table)
{
	INIT_LIST_HEAD(&table->list);
	table->count = 0;
	table->seq = 1;
	return rhashtable_init(&table->hash, &object_params);
}

/* The table is empty by now. */
void df_table_fini(struct df_table *table)
{
	rhashtable_destroy(&table->hash);
}

/* Publish @obj, complete; its id must be free. Can fail for want of memory. */
int df_table_add(struct df_table *table, struct df_object *obj)
{
	int err;

	err = rhashtable_insert_fast(&table->hash, &obj->node, object_params);
	if (err)
		return err;
	list_add_tail(&obj->list, &table->list);
	WRITE_ONCE(table->count, table->count + 1);
	table->seq++;
	return 0;
}

/* Publish @new in the place of @old, which has the same id. Cannot fail. */
void df_table_replace(struct df_table *table, struct df_object *old,
		      struct df_object *new)
{
	rhashtable_replace_fast(&table->hash, &old->node, &new->node,
				object_params);
	list_replace(&old->list, &new->list);
}

/* Readers may still see @obj: free it after a grace period. */
void df_table_del(struct df_table *table, struct df_object *obj)
{
	rhashtable_remove_fast(&table->hash, &obj->node, object_params);
	list_del(&obj->list);
	WRITE_ONCE(table->count, table->count - 1);
	table->seq++;
}

/* Borrow the object with this id, or NULL. Caller in RCU or under the lock. */
struct df_object *df_table_find(struct df_table *table, u32 id)
{
	return rhashtable_lookup_fast(&table->hash, &id, object_params);
}

/**
 * df_table_next() - walk a table across several critical sections
 * @table: the table, the namespace's lock held
 * @id: where the last step ended, or 0 to begin
 *
 * Return: the object after @id; NULL at the end, or if @id has gone meanwhile
 * (a dump then tells its reader that it was interrupted).
 */
struct df_object *df_table_next(struct df_table *table, u32 id)
{
	struct df_object *obj;

	if (!id)
		return list_first_entry_or_null(&table->list, struct df_object,
						list);
	obj = df_table_find(table, id);
	if (!obj || list_is_last(&obj->list, &table->list))
		return NULL;
	return list_next_entry(obj, list);
}
