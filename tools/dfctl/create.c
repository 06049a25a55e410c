// SPDX-License-Identifier: GPL-2.0
/* dfctl MODEL create */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nb.h"

/* The fields that were given, as one JSON object. */
static int fields_read(struct dfctl *ctl, json_t *fields)
{
	int i;

	for (i = 0; i < ctl->argc; i++) {
		struct dfctl_assignment set;
		json_t *value;
		int err;

		err = dfctl_assignment_parse(ctl->model, ctl->argv[i], &set);
		if (err)
			return err;
		if (set.op != '=') {
			dfctl_err("%s: field '%s': a new object has no list to change",
				  ctl->model->name, set.field->name);
			return DFCTL_USAGE;
		}
		if (json_object_get(fields, set.field->name)) {
			dfctl_err("%s: field '%s' is given twice", ctl->model->name,
				  set.field->name);
			return DFCTL_USAGE;
		}
		err = dfctl_assignment_value(ctl, ctl->model, &set, &value);
		if (err)
			return err;
		if (json_is_null(value))
			json_decref(value);
		else
			json_object_set_new(fields, set.field->name, value);
	}
	return DFCTL_OK;
}

/* A new port starts with what its network says; who cannot be found is refused later. */
static int security_fill(struct dfctl *ctl, json_t *fields)
{
	const char *network = json_string_value(json_object_get(fields, "network_id"));
	df_obj_auto struct df_obj *obj = NULL;

	if (strcmp(ctl->model->name, "port") || !network ||
	    json_object_get(fields, "port_security_enabled"))
		return DFCTL_OK;
	if (!dfctl_nb(ctl))
		return DFCTL_FAILED;
	if (!df_nb_find_sync(ctl->nb, "network", network, &obj, NULL) &&
	    !df_obj_bool(obj, "port_security_enabled"))
		json_object_set_new(fields, "port_security_enabled", json_false());
	return DFCTL_OK;
}

static int add_rule(struct df_txn *txn, const struct df_obj *group,
		    const char *ethertype, struct df_error *error)
{
	df_obj_auto struct df_obj *rule = NULL;
	const char *project = df_obj_string(group, "project_id");
	int err;

	err = df_obj_new(&rule, "security_group_rule", error);
	if (!err)
		err = df_obj_set_string(rule, "security_group_id", df_obj_id(group),
					error);
	if (!err)
		err = df_obj_set_string(rule, "direction", "egress", error);
	if (!err)
		err = df_obj_set_string(rule, "ethertype", ethertype, error);
	if (!err && project)
		err = df_obj_set_string(rule, "project_id", project, error);
	return err ? err : df_txn_create(txn, rule, error);
}

/* What Neutron gives every new security group: its workloads may send. */
static int add_default_rules(struct df_txn *txn, const struct df_obj *group,
			     struct df_error *error)
{
	int err = add_rule(txn, group, "IPv4", error);

	return err ? err : add_rule(txn, group, "IPv6", error);
}

static int create(struct dfctl *ctl, struct df_obj *obj)
{
	struct df_error error = { 0 };
	struct df_nb *nb = dfctl_nb(ctl);
	struct df_txn *txn;
	int err;

	if (!nb)
		return DFCTL_FAILED;
	if (df_txn_new(&txn, nb)) {
		dfctl_err("out of memory");
		return DFCTL_FAILED;
	}
	if (df_txn_create(txn, obj, &error) ||
	    (ctl->default_rules && add_default_rules(txn, obj, &error))) {
		df_txn_free(txn);
		return dfctl_refused(&error);
	}
	err = dfctl_commit(txn);
	if (err)
		return err;
	if (ctl->json) {
		__auto_json json_t *json = dfctl_obj_json(obj);

		dfctl_print_json(json);
	} else {
		puts(df_obj_id(obj));
	}
	return DFCTL_OK;
}

int dfctl_create(struct dfctl *ctl)
{
	__auto_json json_t *fields = json_object();
	df_obj_auto struct df_obj *obj = NULL;
	__auto_free char *text = NULL;
	struct df_error error = { 0 };
	int err;

	if (ctl->default_rules && strcmp(ctl->model->name, "security_group")) {
		dfctl_err("%s: --default-rules makes no sense here", ctl->model->name);
		return DFCTL_USAGE;
	}
	err = fields_read(ctl, fields);
	if (!err)
		err = dfctl_subnets_fill(ctl, fields, fields);
	if (!err)
		err = security_fill(ctl, fields);
	if (err)
		return err;
	text = json_dumps(fields, JSON_COMPACT);
	if (df_obj_parse(&obj, ctl->model->name, text, strlen(text), &error))
		return dfctl_refused(&error);
	return create(ctl, obj);
}
