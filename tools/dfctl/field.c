// SPDX-License-Identifier: GPL-2.0
/* Fields of objects as people write them, and as people read them. */
#include <stdlib.h>
#include <string.h>

#include "nb.h"

static const char *field_word(const void *data, size_t i)
{
	const struct df_field *field = df_model_field(data, i);

	return field ? field->name : NULL;
}

/**
 * dfctl_field_find - find a field by its name
 * @model: the model
 * @name: the name; "network" does for "network_id"
 * @len: length of the name
 *
 * Return: the field, or NULL.
 */
const struct df_field *dfctl_field_find(const struct df_model *model,
					const char *name, size_t len)
{
	__auto_free char *exact = dfctl_strf("%.*s", (int)len, name);
	__auto_free char *id = dfctl_strf("%.*s_id", (int)len, name);
	const struct df_field *field = df_model_field_find(model, exact);

	return field ? field : df_model_field_find(model, id);
}

/**
 * dfctl_assignment_parse - read "field=text", "field+=text" or "field-=text"
 * @model: whose field
 * @arg: what was written; text without '=' is a name
 * @out: filled in, if the result is DFCTL_OK
 *
 * Return: an exit status; what is wrong was reported.
 */
int dfctl_assignment_parse(const struct df_model *model, const char *arg,
			   struct dfctl_assignment *out)
{
	const char *equals = strchr(arg, '=');
	__auto_free char *name = NULL;
	char op = '=';
	size_t len;

	if (!equals) {
		out->field = df_model_field_find(model, "name");
		out->op = '=';
		out->text = arg;
		if (out->field)
			return DFCTL_OK;
		dfctl_err("%s: write FIELD=VALUE, not '%s'", model->name, arg);
		return DFCTL_USAGE;
	}
	len = (size_t)(equals - arg);
	if (len && (equals[-1] == '+' || equals[-1] == '-'))
		op = arg[--len];
	name = dfctl_strf("%.*s", (int)len, arg);
	out->field = dfctl_field_find(model, arg, len);
	if (!out->field)
		return dfctl_misspelt(dfctl_suggest(name, field_word, model),
				      "%s: no field '%s'", model->name, name);
	if (op != '=' && !(out->field->flags & DF_FIELD_LIST)) {
		dfctl_err("%s: field '%s' is not a list: %c= does not work", model->name,
			  out->field->name, op);
		return DFCTL_USAGE;
	}
	out->op = op;
	out->text = equals + 1;
	return DFCTL_OK;
}

/* A reference as an id: names and beginnings of ids are looked up. */
static int ref_value(struct dfctl *ctl, const char *model, const char *text,
		     json_t **out)
{
	df_obj_auto struct df_obj *obj = NULL;
	int err;

	if (df_uuid_is_valid(text)) {
		*out = json_string(text);
		return DFCTL_OK;
	}
	err = dfctl_find(ctl, model, text, &obj);
	if (!err)
		*out = json_string(df_obj_id(obj));
	return err;
}

static int refs_value(struct dfctl *ctl, const struct df_field *field,
		      const char *text, json_t **out)
{
	__auto_json json_t *array = json_array();

	if (!(field->flags & DF_FIELD_LIST))
		return ref_value(ctl, field->ref, text, out);
	while (*text) {
		size_t len = strcspn(text, ",");
		__auto_free char *ref = dfctl_strf("%.*s", (int)len, text);
		json_t *id;
		int err;

		err = ref_value(ctl, field->ref, ref, &id);
		if (err)
			return err;
		json_array_append_new(array, id);
		text += len + (text[len] == ',');
	}
	*out = json_incref(array);
	return DFCTL_OK;
}

static bool member_takes(const struct df_field *member, const char *text)
{
	struct df_ip ip;
	uint8_t mac[6];

	if (member->type == DF_TYPE_IP || member->type == DF_TYPE_CIDR)
		return df_ip_parse(&ip, text) == 0;
	if (member->type == DF_TYPE_MAC)
		return df_mac_parse(mac, text) == 0;
	return false;
}

/* The member that "name=value" names, or that takes a bare value. */
static const struct df_field *member_find(const struct df_field *record,
					  const char *part, const char **value)
{
	const char *equals = strchr(part, '=');
	const struct df_field *member;
	size_t i;

	*value = equals ? equals + 1 : part;
	for (i = 0; (member = df_field_member(record, i)); i++) {
		size_t len = strlen(member->name);

		if (!equals && member_takes(member, part))
			return member;
		if (equals && (size_t)(equals - part) <= len &&
		    !strncmp(member->name, part, (size_t)(equals - part)) &&
		    (member->name[equals - part] == '\0' ||
		     !strcmp(member->name + (equals - part), "_id")))
			return member;
	}
	return equals ? NULL : df_field_member(record, 0);
}

/* Addresses as the library writes them, so that they can be compared. */
static json_t *member_json(const struct df_field *member, const char *text)
{
	char printed[50];
	json_t *value = NULL;
	struct df_ip ip;
	uint8_t mac[6];

	if (member->type == DF_TYPE_UINT || member->type == DF_TYPE_BOOL)
		value = json_loads(text, JSON_DECODE_ANY, NULL);
	if (value)
		return value;
	if (member->type == DF_TYPE_IP && df_ip_parse(&ip, text) == 0) {
		df_ip_print(printed, &ip);
		return json_string(printed);
	}
	if (member->type == DF_TYPE_MAC && df_mac_parse(mac, text) == 0) {
		df_mac_print(printed, mac);
		return json_string(printed);
	}
	return json_string(text);
}

static const char *member_word(const void *data, size_t i)
{
	const struct df_field *member = df_field_member(data, i);

	return member ? member->name : NULL;
}

/*
 * Records without JSON: "member=value,member=value"; a member that the record
 * has already begins the next one, and a bare value goes where it fits:
 * fixed_ips=192.0.2.1,2001:db8::1 are two.
 */
static int records_parse(const struct df_field *field, const char *text, json_t **out)
{
	__auto_json json_t *array = json_array();
	json_t *record = NULL;

	while (*text) {
		size_t len = strcspn(text, ",");
		__auto_free char *part = dfctl_strf("%.*s", (int)len, text);
		const struct df_field *member;
		const char *value;

		member = member_find(field, part, &value);
		if (!member) {
			part[strcspn(part, "=")] = '\0';
			return dfctl_misspelt(dfctl_suggest(part, member_word, field),
					      "field '%s' has no member '%s'",
					      field->name, part);
		}
		if (!record || json_object_get(record, member->name)) {
			record = json_object();
			json_array_append_new(array, record);
		}
		json_object_set_new(record, member->name, member_json(member, value));
		text += len + (text[len] == ',');
	}
	*out = json_incref(field->flags & DF_FIELD_LIST ? array : json_array_get(array, 0));
	return DFCTL_OK;
}

/* Look up the names inside of a record. */
static int record_refs(struct dfctl *ctl, const struct df_field *field, json_t *record)
{
	const struct df_field *member;
	size_t i;

	for (i = 0; (member = df_field_member(field, i)); i++) {
		json_t *value = json_object_get(record, member->name);
		json_t *id;
		int err;

		if (!member->ref || !json_is_string(value))
			continue;
		err = ref_value(ctl, member->ref, json_string_value(value), &id);
		if (err)
			return err;
		json_object_set_new(record, member->name, id);
	}
	return DFCTL_OK;
}

static int records_value(struct dfctl *ctl, const struct df_model *model,
			 const struct df_field *field, const char *text, json_t **out)
{
	__auto_json json_t *value = NULL;
	json_error_t error;
	json_t *record;
	int err = DFCTL_OK;
	size_t i;

	if (*text == '[' || *text == '{') {
		value = json_loads(text, 0, &error);
		if (!value) {
			dfctl_err("%s: field '%s' is not JSON: %s", model->name,
				  field->name, error.text);
			return DFCTL_FAILED;
		}
		if (json_is_object(value) && field->flags & DF_FIELD_LIST) {
			record = value;
			value = json_pack("[o]", record);
		}
	} else {
		err = records_parse(field, text, &value);
	}
	if (!err && json_is_object(value))
		err = record_refs(ctl, field, value);
	json_array_foreach(value, i, record) {
		if (!err && json_is_object(record))
			err = record_refs(ctl, field, record);
	}
	if (!err)
		*out = json_incref(value);
	return err;
}

/* The value as the library writes it, or its refusal. */
static int text_value(const struct df_model *model, const struct df_field *field,
		      const char *text, json_t **out)
{
	df_obj_auto struct df_obj *scratch = NULL;
	__auto_json json_t *json = NULL;
	struct df_error error = { 0 };
	json_t *checked;
	int err;

	err = df_obj_new(&scratch, model->name, &error);
	if (!err)
		err = df_obj_set(scratch, field->name, text, &error);
	if (err)
		return dfctl_refused(&error);
	json = dfctl_obj_json(scratch);
	checked = json_object_get(json, field->name);
	*out = checked ? json_incref(checked) : json_null();
	return DFCTL_OK;
}

/**
 * dfctl_assignment_value - the value that a person wrote
 * @ctl: the command line
 * @model: whose field
 * @set: field and text
 * @out: set to the value, if the result is DFCTL_OK; null to unset the field
 *
 * Names are looked up where ids are meant.
 *
 * Return: an exit status; what is wrong was reported.
 */
int dfctl_assignment_value(struct dfctl *ctl, const struct df_model *model,
			   const struct dfctl_assignment *set, json_t **out)
{
	const struct df_field *field = set->field;

	if (!*set->text) {
		*out = json_null();
		return DFCTL_OK;
	}
	if (field->ref)
		return refs_value(ctl, field, set->text, out);
	/* Records may be incomplete: the library checks the whole object. */
	if (field->type == DF_TYPE_RECORD)
		return records_value(ctl, model, field, set->text, out);
	return text_value(model, field, set->text, out);
}

/* What a field is worth in an object that does not have it, or NULL. */
json_t *dfctl_preset(const struct df_model *model, const struct df_field *field)
{
	json_t *value;

	if (!field->preset || text_value(model, field, field->preset, &value))
		return NULL;
	return value;
}

static char *record_text(const struct df_field *field, const json_t *record)
{
	const struct df_field *member;
	char *text = NULL;
	size_t i;

	for (i = 0; (member = df_field_member(field, i)); i++) {
		const json_t *value = json_object_get(record, member->name);
		__auto_free char *item = NULL;
		__auto_free char *old = NULL;

		/* A reference inside a record repeats what the rest says. */
		if (!value || member->ref)
			continue;
		item = dfctl_value_text(value);
		old = text;
		text = old ? dfctl_strf("%s/%s", old, item) : dfctl_strdup(item);
	}
	return text ? text : dfctl_value_text(record);
}

/* A field's value as a cell of a table; to be freed. */
char *dfctl_field_text(const struct df_field *field, const json_t *value)
{
	char *text = NULL;
	json_t *item;
	size_t i;

	if (field->type != DF_TYPE_RECORD || !json_is_array(value))
		return dfctl_value_text(value);
	json_array_foreach(value, i, item) {
		__auto_free char *one = record_text(field, item);
		__auto_free char *old = text;

		text = old ? dfctl_strf("%s,%s", old, one) : dfctl_strdup(one);
	}
	return text ? text : dfctl_strdup("-");
}
