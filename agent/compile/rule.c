// SPDX-License-Identifier: GPL-2.0
/* Rules of security groups. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>

#include <linux/dragonflow.h>

#include "compile/policy.h"
#include "util.h"

static struct dfa_rule *find(const struct dfa_compile *compile,
			     const struct dfa_uuid *id)
{
	struct dfa_map_node *node;

	node = dfa_map_first(&compile->rules, dfa_uuid_hash(id));
	for (; node; node = dfa_map_next(node)) {
		struct dfa_rule *rule;

		rule = dfa_container_of(node, struct dfa_rule, node);
		if (dfa_uuid_equal(&rule->id, id))
			return rule;
	}
	return NULL;
}

static bool is_wanted(const struct dfa_rule *rule)
{
	if (!rule->group->key || !dfa_group_has_ports(rule->group))
		return false;
	return !rule->remote || (rule->remote->key && rule->remote->is_read);
}

int dfa_rule_compile(struct dfa_compile *compile, const struct dfa_rule *rule)
{
	union dfa_value value = { .rule = rule->value };

	value.rule.group = rule->group->key;
	value.rule.set = rule->remote ? rule->remote->key : 0;
	return dfa_state_wish(compile->state, DFA_RULE, rule->key,
			      is_wanted(rule) ? &value : NULL);
}

/* --- the remote end --------------------------------------------------------- */

static int leave_remote(struct dfa_compile *compile, struct dfa_rule *rule)
{
	struct dfa_group *remote = rule->remote;
	int err = 0;

	if (!remote)
		return 0;
	rule->remote = NULL;
	dfa_list_del(&rule->in_remote);
	if (dfa_group_has_ports(rule->group))
		err = dfa_group_name(compile, remote, false);
	dfa_group_unref(compile, remote);
	return err;
}

/* The group that it names, if it names one */
static int find_remote(struct dfa_compile *compile, const struct df_obj *obj,
		       struct dfa_group **out)
{
	static const struct {
		const char *field;
		enum dfa_group_kind kind;
	} fields[] = {
		{ "remote_group_id", DFA_SECURITY_GROUP },
		{ "remote_address_group_id", DFA_ADDRESS_GROUP },
	};
	struct dfa_uuid id;

	*out = NULL;
	for (size_t i = 0; i < DFA_ARRAY_SIZE(fields); i++) {
		const char *text = df_obj_string(obj, fields[i].field);

		if (!text)
			continue;
		if (dfa_uuid_parse(&id, text))
			return -EINVAL;
		*out = dfa_group_ref(compile, fields[i].kind, &id);
		return *out ? 0 : -ENOMEM;
	}
	return 0;
}

static int set_remote(struct dfa_compile *compile, struct dfa_rule *rule,
		      struct dfa_group *remote)
{
	int err;

	if (remote == rule->remote)
		return 0;
	err = leave_remote(compile, rule);
	if (err || !remote)
		return err;
	rule->remote = remote;
	dfa_list_add(&remote->named_by, &rule->in_remote);
	return dfa_group_has_ports(rule->group) ?
		       dfa_group_name(compile, remote, true) :
		       0;
}

/* --- values ----------------------------------------------------------------- */

static int16_t parse_protocol(const struct df_obj *obj, bool is_ip6)
{
	const char *name = df_obj_string(obj, "protocol");
	int number = name ? df_protocol_parse(name) : DFA_ANY;

	if (number == IPPROTO_ICMP && is_ip6)
		return IPPROTO_ICMPV6;
	return (int16_t)number;
}

static void parse_range(struct dfa_rule_value *value, const struct df_obj *obj)
{
	bool has_min = df_obj_has(obj, "port_range_min");
	bool has_max = df_obj_has(obj, "port_range_max");
	uint64_t min = df_obj_u64(obj, "port_range_min");
	uint64_t max = df_obj_u64(obj, "port_range_max");

	value->icmp_type = DFA_ANY;
	value->icmp_code = DFA_ANY;
	if (value->protocol == IPPROTO_ICMP ||
	    value->protocol == IPPROTO_ICMPV6) {
		if (has_min)
			value->icmp_type = (uint8_t)min;
		if (has_max)
			value->icmp_code = (uint8_t)max;
	} else if (has_min && has_max) {
		value->has_ports = true;
		value->port_min = (uint16_t)min;
		value->port_max = (uint16_t)max;
	}
}

static int parse_value(struct dfa_rule_value *value, const struct df_obj *obj)
{
	const char *direction = df_obj_string(obj, "direction");
	const char *ethertype = df_obj_string(obj, "ethertype");
	bool is_ip6 = ethertype && strcmp(ethertype, "IPv6") == 0;
	struct df_ip prefix;

	if (!direction)
		return -EINVAL;
	*value = (struct dfa_rule_value){
		.direction = strcmp(direction, "egress") == 0 ?
				     DRAGONFLOW_DIRECTION_EGRESS :
				     DRAGONFLOW_DIRECTION_INGRESS,
		.version = is_ip6 ? DRAGONFLOW_IP_VERSION_IP6 :
				    DRAGONFLOW_IP_VERSION_IP4,
		.protocol = parse_protocol(obj, is_ip6),
	};
	if (value->protocol < DFA_ANY)
		return -EINVAL;
	parse_range(value, obj);
	/* One without length says nothing. */
	if (!df_obj_ip(obj, "remote_ip_prefix", &prefix) && prefix.prefix) {
		dfa_address_from_ip(&value->prefix, &prefix);
		value->prefix_len = prefix.prefix;
	}
	return 0;
}

/* --- objects ---------------------------------------------------------------- */

int dfa_rule_forget(struct dfa_compile *compile, struct dfa_rule *rule)
{
	struct dfa_group *group = rule->group;
	int err;

	err = dfa_state_wish(compile->state, DFA_RULE, rule->key, NULL) ?:
		      leave_remote(compile, rule);
	dfa_list_del(&rule->in_group);
	dfa_map_del(&compile->rules, &rule->node);
	free(rule);
	dfa_group_unref(compile, group);
	return err;
}

static struct dfa_rule *add(struct dfa_compile *compile,
			    const struct dfa_uuid *id, uint32_t key,
			    const struct dfa_uuid *group)
{
	struct dfa_rule *rule = calloc(1, sizeof(*rule));

	if (!rule)
		return NULL;
	rule->group = dfa_group_ref(compile, DFA_SECURITY_GROUP, group);
	if (!rule->group) {
		free(rule);
		return NULL;
	}
	rule->id = *id;
	rule->key = key;
	dfa_list_init(&rule->in_remote);
	dfa_list_add(&rule->group->rules, &rule->in_group);
	dfa_map_add(&compile->rules, &rule->node, dfa_uuid_hash(id));
	return rule;
}

/* The record; a new one if it is another object than before. */
static int find_or_add(struct dfa_compile *compile, const struct dfa_uuid *id,
		       uint32_t key, const struct dfa_uuid *group,
		       struct dfa_rule **out)
{
	struct dfa_rule *rule = find(compile, id);
	int err;

	if (rule && (rule->key != key ||
		     !dfa_uuid_equal(&rule->group->id, group))) {
		err = dfa_rule_forget(compile, rule);
		if (err)
			return err;
		rule = NULL;
	}
	if (!rule)
		rule = add(compile, id, key, group);
	if (!rule)
		return -ENOMEM;
	*out = rule;
	return 0;
}

int dfa_rule_put(struct dfa_compile *compile, const struct df_obj *obj)
{
	const char *group_text = df_obj_string(obj, "security_group_id");
	struct dfa_rule_value value;
	struct dfa_uuid id, group;
	struct dfa_group *remote;
	struct dfa_rule *rule;
	int err;

	if (!df_obj_key(obj) || dfa_uuid_parse(&id, df_obj_id(obj)) ||
	    !group_text || dfa_uuid_parse(&group, group_text) ||
	    parse_value(&value, obj))
		return -EINVAL;
	err = find_or_add(compile, &id, df_obj_key(obj), &group, &rule) ?:
		      find_remote(compile, obj, &remote);
	if (err)
		return err;
	rule->value = value;
	return set_remote(compile, rule, remote) ?:
		       dfa_rule_compile(compile, rule);
}

int dfa_rule_del(struct dfa_compile *compile, const struct dfa_uuid *id)
{
	struct dfa_rule *rule = find(compile, id);

	return rule ? dfa_rule_forget(compile, rule) : 0;
}
