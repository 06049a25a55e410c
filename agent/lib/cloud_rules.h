/* SPDX-License-Identifier: GPL-2.0 */
/* What is wrong in a cloud with objects that are right by themselves. Pure. */
#ifndef DF_LIB_CLOUD_RULES_H
#define DF_LIB_CLOUD_RULES_H

#include "image.h"

/** @key: of an object; @text: what is wrong with it */
typedef void (*df_rule_broken_fn)(void *arg, const char *key,
				  const char *text);

/** Look at each router with its interfaces and routes, and at each security group
 * with its rules, as far as they can be read; of what is wrong with one of them,
 * the first is told. Return: 0 or -ENOMEM.
 */
int df_cloud_check_rules(const struct df_cloud *cloud, df_rule_broken_fn fn,
			 void *arg);
/** Is a port on_demand if its network is? Return: 1, 0 or -ENOMEM. */
int df_cloud_port_is_right(const struct df_cloud *cloud,
			   const struct df_obj *port);

#endif
