// SPDX-License-Identifier: GPL-2.0
/* Addresses of the members of a group: the set that rules name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile/policy.h"
#include "util.h"

int dfa_prefixes_parse(struct dfa_addrs **addrs, const struct df_value *list)
{
	__auto_free struct dfa_addr *addr = NULL;
	const struct df_value *item;
	size_t count = 0, i;
	struct df_ip ip;

	*addrs = NULL;
	if (!df_value_count(list))
		return 0;
	addr = calloc(df_value_count(list), sizeof(*addr));
	if (!addr)
		return -ENOMEM;
	df_value_for_each(list, i, item) {
		if (df_value_ip(item, &ip))
			continue;
		addr[count].prefix_len = ip.prefix;
		dfa_address_from_ip(&addr[count++].address, &ip);
	}
	*addrs = dfa_addrs_new(addr, count);
	return *addrs ? 0 : -ENOMEM;
}

/* --- elements --------------------------------------------------------------- */

static uint64_t element_hash(const struct dfa_group *group,
			     const struct dfa_addr *addr)
{
	uint8_t bytes[sizeof(group->id) + sizeof(addr->address) + 1];

	memcpy(bytes, &group->id, sizeof(group->id));
	memcpy(bytes + sizeof(group->id), &addr->address,
	       sizeof(addr->address));
	bytes[sizeof(bytes) - 1] = addr->prefix_len;
	return dfa_hash(bytes, sizeof(bytes));
}

static struct dfa_element *find_element(const struct dfa_compile *compile,
					const struct dfa_group *group,
					const struct dfa_addr *addr)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->elements, element_hash(group, addr));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_element *element;

		element = dfa_container_of(node, struct dfa_element, node);
		if (element->group == group &&
		    element->addr.prefix_len == addr->prefix_len &&
		    dfa_address_equal(&element->addr.address, &addr->address))
			return element;
	}
	return NULL;
}

static int wish(struct dfa_compile *compile, const struct dfa_element *element,
		bool is_wanted)
{
	union dfa_value value = {
		.member = {
			.set = element->group->key,
			.prefix = element->addr.address,
			.prefix_len = element->addr.prefix_len,
		},
	};
	uint32_t id = dfa_state_member(compile->state, &value.member);

	return dfa_state_wish(compile->state, DFA_MEMBER, id,
			      is_wanted ? &value : NULL);
}

int dfa_elements_compile(struct dfa_compile *compile, struct dfa_group *group)
{
	struct dfa_list *item = group->elements.next;
	int err = 0;

	for (; item != &group->elements && !err; item = item->next)
		err = wish(compile,
			   dfa_container_of(item, struct dfa_element, in_group),
			   group->is_set);
	return err;
}

static int element_get(struct dfa_compile *compile, struct dfa_group *group,
		       const struct dfa_addr *addr)
{
	struct dfa_element *element = find_element(compile, group, addr);

	if (element) {
		element->users++;
		return 0;
	}
	element = calloc(1, sizeof(*element));
	if (!element)
		return -ENOMEM;
	element->group = group;
	element->addr = *addr;
	element->users = 1;
	dfa_list_add(&group->elements, &element->in_group);
	dfa_map_add(&compile->elements, &element->node,
		    element_hash(group, addr));
	return group->is_set ? wish(compile, element, true) : 0;
}

static int element_put(struct dfa_compile *compile, struct dfa_group *group,
		       const struct dfa_addr *addr)
{
	struct dfa_element *element = find_element(compile, group, addr);
	int err = 0;

	if (!element || --element->users)
		return 0;
	if (group->is_set)
		err = wish(compile, element, false);
	dfa_list_del(&element->in_group);
	dfa_map_del(&compile->elements, &element->node);
	free(element);
	return err;
}

int dfa_group_set_addrs(struct dfa_compile *compile, struct dfa_group *group,
			struct dfa_addrs **addrs, struct dfa_addrs *now)
{
	struct dfa_addrs *old = *addrs;
	int err = 0;

	for (size_t i = 0; i < dfa_addrs_count(now) && !err; i++) {
		if (!dfa_addrs_has(old, &now->addr[i]))
			err = element_get(compile, group, &now->addr[i]);
	}
	for (size_t i = 0; i < dfa_addrs_count(old) && !err; i++) {
		if (!dfa_addrs_has(now, &old->addr[i]))
			err = element_put(compile, group, &old->addr[i]);
	}
	*addrs = now;
	dfa_addrs_put(old);
	return err;
}

/* --- memberships ------------------------------------------------------------ */

static struct dfa_membership *find(const struct dfa_compile *compile,
				   const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->memberships, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_membership *membership;

		membership = dfa_container_of(node, struct dfa_membership,
					      node);
		if (dfa_uuid_equal(&membership->id, id))
			return membership;
	}
	return NULL;
}

int dfa_membership_forget(struct dfa_compile *compile,
			  struct dfa_membership *membership)
{
	struct dfa_group *group = membership->group;
	int err;

	err = dfa_group_set_addrs(compile, group, &membership->addrs, NULL);
	dfa_list_del(&membership->in_group);
	dfa_map_del(&compile->memberships, &membership->node);
	free(membership);
	dfa_group_unref(compile, group);
	return err;
}

static struct dfa_membership *add(struct dfa_compile *compile,
				  const struct dfa_uuid *id,
				  const struct dfa_uuid *group)
{
	struct dfa_membership *membership = calloc(1, sizeof(*membership));

	if (!membership)
		return NULL;
	membership->group = dfa_group_ref(compile, DFA_SECURITY_GROUP, group);
	if (!membership->group) {
		free(membership);
		return NULL;
	}
	membership->id = *id;
	dfa_list_add(&membership->group->memberships, &membership->in_group);
	dfa_map_add(&compile->memberships, &membership->node,
		    dfa_uuid_hash(id));
	return membership;
}

int dfa_membership_put(struct dfa_compile *compile, const struct df_obj *obj)
{
	const char *group_text = df_obj_string(obj, "security_group_id");
	struct dfa_membership *membership;
	struct dfa_uuid id, group;
	struct dfa_addrs *addrs;
	int err;

	if (dfa_uuid_parse(&id, df_obj_id(obj)) || !group_text ||
	    dfa_uuid_parse(&group, group_text))
		return -EINVAL;
	membership = find(compile, &id);
	if (membership && !dfa_uuid_equal(&membership->group->id, &group)) {
		err = dfa_membership_forget(compile, membership);
		if (err)
			return err;
		membership = NULL;
	}
	err = dfa_prefixes_parse(&addrs, df_obj_value(obj, "addresses"));
	if (err)
		return err;
	if (!membership)
		membership = add(compile, &id, &group);
	if (!membership) {
		dfa_addrs_put(addrs);
		return -ENOMEM;
	}
	return dfa_group_set_addrs(compile, membership->group,
				   &membership->addrs, addrs);
}

int dfa_membership_del(struct dfa_compile *compile, const struct dfa_uuid *id)
{
	struct dfa_membership *membership = find(compile, id);

	return membership ? dfa_membership_forget(compile, membership) : 0;
}
