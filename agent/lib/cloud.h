/* SPDX-License-Identifier: GPL-2.0 */
/**
 * DOC: a whole cloud at once
 *
 * For tools that look after databases. A struct df_cloud holds everything that
 * a database stores: objects, and what the library keeps beside them (claims of
 * unique values, marks of references, derived objects). It can be checked
 * against itself, mended, written as a file and read from one; and a database
 * can be brought from what one cloud says to what another does.
 *
 * What this version of the library does not know, models and fields, is kept as
 * it is.
 */
#ifndef DRAGONFLOW_CLOUD_H
#define DRAGONFLOW_CLOUD_H

#include <stdio.h>

#include "dragonflow.h"

#ifdef __cplusplus
extern "C" {
#endif
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

struct df_cloud;

/** enum df_finding_kind - what can be wrong with what is stored */
enum df_finding_kind {
	DF_FINDING_UNREADABLE,	/* an object that is no object of its model */
	DF_FINDING_INVALID,	/* fields are missing or disagree */
	DF_FINDING_DANGLING,	/* refers to what is not there */
	DF_FINDING_DUPLICATE,	/* two objects have what only one may have */
	DF_FINDING_MISSING,	/* what belongs to an object is not there */
	DF_FINDING_DIFFERENT,	/* what belongs to an object says otherwise */
	DF_FINDING_LEAKED,	/* belongs to nothing */
	DF_FINDING_MISPLACED,	/* an object in another topic than its own */
	DF_FINDING_UNKNOWN,	/* of a newer version: nothing is wrong */
};

/**
 * struct df_finding - something that is wrong
 * @kind: what
 * @key: the entry
 * @text: a sentence about it, without a final dot
 * @fix: what df_cloud_repair() does about it; NULL if that is for a person
 */
struct df_finding {
	enum df_finding_kind kind;
	const char *key;
	const char *text;
	const char *fix;
};

typedef void (*df_finding_fn)(void *arg, const struct df_finding *finding);
/** Such as "dangling". */
const char *df_finding_name(enum df_finding_kind kind);

/** An empty cloud. */
int df_cloud_new(struct df_cloud **out);
void df_cloud_free(struct df_cloud *cloud);
struct df_cloud *df_cloud_copy(const struct df_cloud *cloud);
/** Everything that is stored, as of one moment; waits. */
int df_cloud_read(struct df_cloud **out, struct df_nb *nb,
		  struct df_error *error);
/** Objects, derived ones not counted. */
size_t df_cloud_objects(const struct df_cloud *cloud);
/** Entries of any kind. */
size_t df_cloud_entries(const struct df_cloud *cloud);
/** Of the rules by which it was written; 0: none was noted. */
uint64_t df_cloud_schema(const struct df_cloud *cloud);
/** Was an import not finished? */
bool df_cloud_is_partial(const struct df_cloud *cloud);
/** Leave out what lives only as long as the process that put it. */
void df_cloud_drop_leased(struct df_cloud *cloud);
/** Leave out everything else. */
void df_cloud_keep_leased(struct df_cloud *cloud);

/**
 * df_cloud_check - look for what is wrong
 * @fn: told of everything, in the order of the keys
 *
 * Returns how much is wrong, or -ENOMEM.
 */
long df_cloud_check(const struct df_cloud *cloud, df_finding_fn fn, void *arg);

/** enum df_repair_flag - what is more than mending */
enum df_repair_flag {
	DF_REPAIR_DISCARD = 1 << 0,	/* delete what cannot be read */
};

/**
 * df_cloud_repair - mend what can be mended without loss
 * @fn: told of everything that is wrong, mended or not
 *
 * Returns how much is wrong that was not mended, or -ENOMEM; -EPROTO if the
 * cloud was written by a newer version, which is left alone.
 */
long df_cloud_repair(struct df_cloud *cloud, unsigned int flags,
		     df_finding_fn fn, void *arg, struct df_error *error);

/** The form for files: JSON, the same for the same cloud. Without what
 * df_cloud_drop_leased() leaves out, and what follows from the rest. @fn is told
 * what could not be written because it cannot be read.
 */
int df_cloud_export(const struct df_cloud *cloud, FILE *file,
		    df_finding_fn fn, void *arg);
/** Objects from a file; df_cloud_repair() adds what belongs to them. */
int df_cloud_import(struct df_cloud **out, FILE *file, struct df_error *error);
/** Objects of @from replace those of @to with the same id, or are added. */
int df_cloud_merge(struct df_cloud *to, const struct df_cloud *from,
		   struct df_error *error);
/** Do both store the same (whatever their schemas)? */
bool df_cloud_is_equal(const struct df_cloud *a, const struct df_cloud *b);

/** @done of @count entries are written */
typedef void (*df_progress_fn)(void *arg, size_t done, size_t count);
/**
 * df_cloud_write - bring the database from @from to @to
 * @from: what was read from it
 * @written: set to the number of entries, also on failure
 *
 * In transactions of bounded size; each takes whole objects. -ESTALE if somebody
 * else changed something of it meanwhile: what was written by then stays.
 * While a database that was empty is filled, others cannot write to it. Waits.
 */
int df_cloud_write(struct df_nb *nb, const struct df_cloud *from,
		   const struct df_cloud *to, df_progress_fn fn, void *arg,
		   size_t *written, struct df_error *error);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
