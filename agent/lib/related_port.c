// SPDX-License-Identifier: GPL-2.0
/* What related.h says of ports. Pure. */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "related.h"

const char *df_related_network(const struct change *change)
{
	if (strcmp(change->model->name, "port") || change->old ||
	    !change->asked)
		return NULL;
	return df_obj_string(change->asked, "network_id");
}

int df_related_check_ports(const struct related *related,
			   struct change *const *changes, size_t count,
			   struct df_error *error)
{
	const struct df_obj *network;
	const char *id;
	size_t i;

	for (i = 0; i < count; i++) {
		id = df_related_network(changes[i]);
		network = id ? df_related_find(related, changes, count,
					       "network", id) : NULL;
		if (network && df_obj_bool(network, "on_demand") &&
		    json_object_set_new(changes[i]->new->doc, "on_demand",
					json_true()))
			return df_error_set(error, -ENOMEM, "out of memory");
	}
	return 0;
}
