/* SPDX-License-Identifier: GPL-2.0 */
/* Whole databases: what the commands of "dfctl db" share. */
#ifndef DFCTL_DB_H
#define DFCTL_DB_H

#include <cloud.h>

#include "nb.h"

#define __auto_cloud __attribute__((cleanup(dfctl_cloud_freep)))

void dfctl_cloud_freep(struct df_cloud **cloud);
/* Is it about an object itself, and not about what belongs to one? */
bool dfctl_finding_is_bad(enum df_finding_kind kind);
/* The database of @uri, or the usual one; a failure was reported. */
struct df_nb *dfctl_db_open(struct dfctl *ctl, const char *uri);
/* A failure was reported. */
int dfctl_db_read(struct df_nb *nb, struct df_cloud **out);
int dfctl_db_write(struct df_nb *nb, const struct df_cloud *from, const struct df_cloud *to,
		   size_t *written);

/* db_move.c */
int dfctl_db_export(struct dfctl *ctl);
int dfctl_db_import(struct dfctl *ctl);
int dfctl_db_copy(struct dfctl *ctl);

#endif /* DFCTL_DB_H */
