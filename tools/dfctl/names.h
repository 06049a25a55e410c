/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel's numbers are called in the database. */
#ifndef DFCTL_NAMES_H
#define DFCTL_NAMES_H

#include "dfctl.h"

struct dfctl_names;

struct dfctl_names *dfctl_names_new(struct dfctl *ctl);
void dfctl_names_free(struct dfctl_names *names);
void dfctl_names_add(struct dfctl_names *names, json_t *object);

#endif /* DFCTL_NAMES_H */
