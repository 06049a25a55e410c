// SPDX-License-Identifier: GPL-2.0
/* The security groups of a port that is bound here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/dragonflow.h>

#include "compile/policy.h"
#include "util.h"

static int join(struct dfa_compile *compile, struct dfa_port_group *had)
{
	bool is_first = !dfa_group_has_ports(had->group);

	dfa_list_add(&had->group->ports, &had->in_group);
	return is_first ? dfa_group_ports_changed(compile, had->group) : 0;
}

static int leave(struct dfa_compile *compile, struct dfa_port_group *had)
{
	struct dfa_group *group = had->group;
	int err = 0;

	dfa_list_del(&had->in_group);
	if (!dfa_group_has_ports(group))
		err = dfa_group_ports_changed(compile, group);
	dfa_group_unref(compile, group);
	return err;
}

static bool is_same(const struct dfa_port *port,
		    const struct dfa_port_group *groups, size_t count)
{
	if (port->group_count != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (port->groups[i].group != groups[i].group)
			return false;
	}
	return true;
}

static int parse(struct dfa_compile *compile, struct dfa_port *port,
		 const struct df_value *list, struct dfa_port_group **out)
{
	size_t count = df_value_count(list);
	struct dfa_port_group *groups;
	const struct df_value *item;
	struct dfa_uuid id;
	size_t i;

	groups = calloc(count, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	df_value_for_each(list, i, item) {
		const char *text = df_value_string(item);

		if (!text || dfa_uuid_parse(&id, text)) {
			free(groups);
			return -EINVAL;
		}
		groups[i].port = port;
		groups[i].group = dfa_group_ref(compile, DFA_SECURITY_GROUP,
						&id);
		if (!groups[i].group) {
			free(groups);
			return -ENOMEM;
		}
	}
	*out = groups;
	return 0;
}

/* Those that stay are joined before they are left: their ports never run out. */
static int replace(struct dfa_compile *compile, struct dfa_port *port,
		   struct dfa_port_group *groups, size_t count)
{
	struct dfa_port_group *old = port->groups;
	size_t old_count = port->group_count;
	int err = 0;

	port->groups = groups;
	port->group_count = count;
	for (size_t i = 0; i < count && !err; i++)
		err = join(compile, &groups[i]);
	for (size_t i = 0; i < old_count && !err; i++)
		err = leave(compile, &old[i]);
	free(old);
	return err;
}

int dfa_port_set_groups(struct dfa_compile *compile, struct dfa_port *port,
			const struct df_value *list)
{
	struct dfa_port_group *groups = NULL;
	size_t count = df_value_count(list);
	int err;

	if (count > DRAGONFLOW_GROUPS_MAX)
		return -EINVAL;
	if (count) {
		err = parse(compile, port, list, &groups);
		if (err)
			return err;
	}
	if (is_same(port, groups, count)) {
		free(groups);
		return 0;
	}
	return replace(compile, port, groups, count);
}

int dfa_port_drop_groups(struct dfa_compile *compile, struct dfa_port *port)
{
	dfa_ids_put(port->group_ids);
	port->group_ids = NULL;
	port->is_judged = false;
	return replace(compile, port, NULL, 0);
}

/*
 * As long as not all groups are ready, those of before apply; a port without any
 * before has to wait: it must not do what its groups will forbid.
 */
int dfa_port_judge(struct dfa_port *port)
{
	uint32_t id[DRAGONFLOW_GROUPS_MAX];
	struct dfa_ids *ids = NULL;

	for (size_t i = 0; i < port->group_count; i++) {
		const struct dfa_group *group = port->groups[i].group;

		if (!group->key || !group->is_ready)
			return 0;
		id[i] = group->key;
	}
	if (port->group_count) {
		ids = dfa_ids_new(id, port->group_count);
		if (!ids)
			return -ENOMEM;
	}
	dfa_ids_put(port->group_ids);
	port->group_ids = ids;
	port->is_judged = true;
	return 0;
}
