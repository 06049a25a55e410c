/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generations: how a flow entry knows that an object it rests on has changed.
 *
 * Every object has a counter, found by hashing its kind and id into a table
 * that lives as long as the namespace. A change moves the counter; an entry
 * keeps the values that it was made under and is good while they stand. Objects
 * that share a counter cost each other a walk, never a wrong decision, and an
 * entry needs no reference on anything.
 *
 * It also makes the pointers in an entry safe. A counter moves before its
 * object is handed to RCU to be freed, so a reader that sees the old value is
 * inside of a read-side section that began before, and the object is still
 * there until that section ends.
 */
#ifndef DF_GENERATION_H
#define DF_GENERATION_H

#include <linux/hash.h>

#include "df.h"

enum df_generation_kind {
	DF_GENERATION_NETWORK,
	DF_GENERATION_PORT,
	DF_GENERATION_INTERFACE,
	DF_GENERATION_PREFIX,
	DF_GENERATION_BLOCK,
	DF_GENERATION_SHARED,
	DF_GENERATION_MEMBER,
};

static inline u16 df_generation_slot(enum df_generation_kind kind, u32 id)
{
	return hash_32(id << 3 | kind, DF_GENERATION_BITS);
}

static inline u32 df_generation_read(const struct df_net *dn, u16 slot)
{
	return READ_ONCE(dn->generations[slot]);
}

/* Move the generation of an object; after the change was published. */
static inline void df_generation_move(struct df_net *dn,
				      enum df_generation_kind kind, u32 id)
{
	u32 *generation = &dn->generations[df_generation_slot(kind, id)];

	lockdep_assert_held(&dn->lock);
	/* Pairs with the walk, which reads the generation, then the object. */
	smp_store_release(generation, *generation + 1);
}

#endif /* DF_GENERATION_H */
