// SPDX-License-Identifier: GPL-2.0
/* JSON values and what a field says of them. Pure. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "address.h"
#include "error.h"
#include "object.h"

#define DEPTH_MAX 16

static bool is_shallow(const json_t *value, int depth)
{
	const char *name;
	json_t *item;
	size_t i;

	if (!json_is_array(value) && !json_is_object(value))
		return true;
	if (depth >= DEPTH_MAX)
		return false;
	json_array_foreach(value, i, item)
		if (!is_shallow(item, depth + 1))
			return false;
	json_object_foreach((json_t *)value, name, item)
		if (!is_shallow(item, depth + 1))
			return false;
	return true;
}

bool df_json_is_shallow(const json_t *value)
{
	return is_shallow(value, 0);
}

static void path_add(struct df_json_path *path, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void path_add(struct df_json_path *path, const char *format, ...)
{
	size_t len = strlen(path->text);
	va_list args;

	va_start(args, format);
	vsnprintf(path->text + len, sizeof(path->text) - len, format, args);
	va_end(args);
}

/* "<value> is not …" */
static int refuse(struct df_error *why, const json_t *value, const char *what)
{
	char *text;

	if (!json_is_array(value) && !json_is_object(value)) {
		text = json_dumps(value, JSON_ENCODE_ANY);
		df_error_set(why, -EINVAL, "%s is not %s",
			     text ? df_quote(text).text : "it", what);
		free(text);
	} else {
		df_error_set(why, -EINVAL, "%s is not %s",
			     json_is_array(value) ? "a list" : "an object",
			     what);
	}
	return -EINVAL;
}

static int own(json_t **out, json_t *value, struct df_error *why)
{
	if (!value)
		return df_error_set(why, -ENOMEM, "out of memory");
	*out = value;
	return 0;
}

static size_t utf8_len(const char *text)
{
	size_t len = 0;

	for (; *text; text++)
		len += (*text & 0xc0) != 0x80;
	return len;
}

static int canon_string(json_t **out, const struct df_field *field,
			json_t *value, struct df_error *why)
{
	const char *text = json_string_value(value);
	const char *c;
	size_t len;

	if (!text)
		return refuse(why, value, "a string");
	len = utf8_len(text);
	if (len < field->min)
		return df_error_set(why, -EINVAL,
				    "must not be shorter than %ju",
				    (uintmax_t)field->min);
	if (len > field->max)
		return df_error_set(why, -EINVAL,
				    "has %zu characters, more than %ju", len,
				    (uintmax_t)field->max);
	for (c = text; *c; c++)
		if (((unsigned char)*c < ' ' && *c != '\n' && *c != '\t') ||
		    *c == 0x7f)
			return df_error_set(why, -EINVAL,
					    "has a control character");
	return own(out, json_incref(value), why);
}

static int canon_bool(json_t **out, const struct df_field *field,
		      json_t *value, struct df_error *why)
{
	(void)field;
	if (!json_is_boolean(value))
		return refuse(why, value, "true or false");
	return own(out, json_incref(value), why);
}

static int canon_uint(json_t **out, const struct df_field *field,
		      json_t *value, struct df_error *why)
{
	json_int_t n = json_integer_value(value);

	if (!json_is_integer(value))
		return refuse(why, value, "a whole number");
	if (n < 0 || (uint64_t)n < field->min || (uint64_t)n > field->max)
		return df_error_set(why, -EINVAL,
				    "%jd is not between %ju and %ju",
				    (intmax_t)n, (uintmax_t)field->min,
				    (uintmax_t)field->max);
	return own(out, json_incref(value), why);
}

static int canon_enum(json_t **out, const struct df_field *field,
		      json_t *value, struct df_error *why)
{
	const char *text = json_string_value(value);
	char choices[160] = "one of";
	const char *const *v;
	size_t len;

	for (v = field->values; *v; v++)
		if (text && !strcmp(text, *v))
			return own(out, json_incref(value), why);
	for (v = field->values; *v; v++) {
		len = strlen(choices);
		snprintf(choices + len, sizeof(choices) - len, " %s%s", *v,
			 v[1] ? "," : "");
	}
	return refuse(why, value, choices);
}

static int canon_uuid(json_t **out, const struct df_field *field,
		      json_t *value, struct df_error *why)
{
	const char *text = json_string_value(value);
	char lower[DF_UUID_LEN + 1] = "";
	size_t i;

	(void)field;
	if (text && strlen(text) == DF_UUID_LEN)
		for (i = 0; i < DF_UUID_LEN; i++)
			lower[i] = text[i] >= 'A' && text[i] <= 'F' ?
				   text[i] + 'a' - 'A' : text[i];
	if (!df_uuid_is_valid(lower))
		return refuse(why, value, "a UUID");
	return own(out, json_string(lower), why);
}

static int canon_mac(json_t **out, const struct df_field *field,
		     json_t *value, struct df_error *why)
{
	static const uint8_t zero[6];
	const char *text = json_string_value(value);
	uint8_t mac[6];
	char canon[18];

	(void)field;
	if (!text || df_mac_parse(mac, text))
		return refuse(why, value, "a MAC address");
	if (mac[0] & 1 || !memcmp(mac, zero, 6))
		return refuse(why, value, "a unicast MAC address");
	df_mac_print(canon, mac);
	return own(out, json_string(canon), why);
}

static int canon_ip(json_t **out, const struct df_field *field, json_t *value,
		    struct df_error *why)
{
	const char *text = json_string_value(value);
	char canon[50];
	struct df_ip ip;

	(void)field;
	if (!text || strchr(text, '/') || df_ip_parse(&ip, text))
		return refuse(why, value, "an IP address");
	df_ip_print(canon, &ip);
	return own(out, json_string(canon), why);
}

static int canon_cidr(json_t **out, const struct df_field *field,
		      json_t *value, struct df_error *why)
{
	const char *text = json_string_value(value);
	char canon[50];
	struct df_ip ip;
	bool is_clean;

	(void)field;
	if (!text || df_prefix_parse(&ip, text, &is_clean))
		return refuse(why, value, "an IP prefix");
	df_ip_print(canon, &ip);
	if (!is_clean)
		return df_error_set(why, -EINVAL,
				    "%s has host bits set; its prefix is %s",
				    df_quote(text).text, canon);
	return own(out, json_string(canon), why);
}

static int canon_json(json_t **out, const struct df_field *field,
		      json_t *value, struct df_error *why)
{
	(void)field;
	if (!json_is_object(value))
		return refuse(why, value, "a JSON object");
	if (!df_json_is_shallow(value))
		return df_error_set(why, -EINVAL, "is nested too deep");
	return own(out, json_incref(value), why);
}

static int canon_member(json_t *record, const struct df_field *member,
			json_t *value, struct df_json_path *path,
			struct df_error *why)
{
	struct df_json_path old = *path;
	json_t *canon;
	int err;

	path_add(path, ".%s", member->name);
	if (json_is_null(value))
		value = NULL;
	if (!value && member->flags & DF_FIELD_REQUIRED)
		return df_error_set(why, -EINVAL, "is required");
	if (!value) {
		json_object_del(record, member->name);
		*path = old;
		return 0;
	}
	err = df_json_canon(&canon, member, value, path, why);
	if (err)
		return err;
	*path = old;
	if (json_object_set_new(record, member->name, canon))
		return df_error_set(why, -ENOMEM, "out of memory");
	return 0;
}

static int canon_record(json_t **out, const struct df_field *field,
			json_t *value, struct df_json_path *path,
			struct df_error *why)
{
	const struct df_field *member;
	json_t *record;
	int err;

	if (!json_is_object(value))
		return refuse(why, value, "an object");
	if (!df_json_is_shallow(value))
		return df_error_set(why, -EINVAL, "is nested too deep");
	/* Members that no table describes are kept. */
	record = json_copy(value);
	if (!record)
		return df_error_set(why, -ENOMEM, "out of memory");
	for (member = field->fields; member->name; member++) {
		err = canon_member(record, member,
				   json_object_get(value, member->name), path,
				   why);
		if (err) {
			json_decref(record);
			return err;
		}
	}
	*out = record;
	return 0;
}

static int canon_scalar(json_t **out, const struct df_field *field,
			json_t *value, struct df_json_path *path,
			struct df_error *why)
{
	switch (field->type) {
	case DF_TYPE_STRING:
		return canon_string(out, field, value, why);
	case DF_TYPE_BOOL:
		return canon_bool(out, field, value, why);
	case DF_TYPE_UINT:
		return canon_uint(out, field, value, why);
	case DF_TYPE_ENUM:
		return canon_enum(out, field, value, why);
	case DF_TYPE_UUID:
		return canon_uuid(out, field, value, why);
	case DF_TYPE_MAC:
		return canon_mac(out, field, value, why);
	case DF_TYPE_IP:
		return canon_ip(out, field, value, why);
	case DF_TYPE_CIDR:
		return canon_cidr(out, field, value, why);
	case DF_TYPE_RECORD:
		return canon_record(out, field, value, path, why);
	case DF_TYPE_JSON:
		return canon_json(out, field, value, why);
	}
	return df_error_set(why, -EINVAL, "has an unknown type");
}

int df_json_canon(json_t **out, const struct df_field *field, json_t *value,
		  struct df_json_path *path, struct df_error *why)
{
	struct df_json_path old = *path;
	json_t *list;
	json_t *item;
	size_t i;
	int err;

	/* The members of a list are not lists. */
	if (!(field->flags & DF_FIELD_LIST))
		return canon_scalar(out, field, value, path, why);

	if (!json_is_array(value))
		return refuse(why, value, "a list");
	list = json_array();
	json_array_foreach(value, i, item) {
		json_t *canon;

		path_add(path, "[%zu]", i);
		err = canon_scalar(&canon, field, item, path, why);
		if (err) {
			json_decref(list);
			return err;
		}
		*path = old;
		json_array_append_new(list, canon);
	}
	return own(out, list, why);
}

static json_t *bool_from_text(const char *text)
{
	static const char *const yes[] = { "true", "yes", "on", "1" };
	static const char *const no[] = { "false", "no", "off", "0" };
	size_t i;

	for (i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
		if (!strcasecmp(text, yes[i]))
			return json_true();
		if (!strcasecmp(text, no[i]))
			return json_false();
	}
	return NULL;
}

/* What is no bool or number stays a string, and is refused with its text. */
static json_t *scalar_from_text(const struct df_field *field, const char *text)
{
	json_t *value = NULL;
	char *end;

	if (field->type == DF_TYPE_BOOL) {
		value = bool_from_text(text);
	} else if (field->type == DF_TYPE_UINT && *text) {
		json_int_t n;

		errno = 0;
		n = strtoll(text, &end, 0);
		if (!*end && !errno)
			value = json_integer(n);
	}
	return value ? value : json_string(text);
}

static json_t *list_from_text(const struct df_field *field, const char *text)
{
	json_t *list = json_array();
	char *copy = strdup(text);
	char *rest = copy;
	char *item;

	while (copy && (item = strsep(&rest, ","))) {
		size_t len;

		item += strspn(item, " ");
		len = strlen(item);
		while (len && item[len - 1] == ' ')
			item[--len] = '\0';
		json_array_append_new(list, scalar_from_text(field, item));
	}
	free(copy);
	return list;
}

static int parse_json(json_t **out, const struct df_field *field,
		      const char *text, struct df_error *why)
{
	bool is_bare = field->flags & DF_FIELD_LIST && *text == '{';
	json_error_t at;
	json_t *value;
	char *list;

	if (strlen(text) > DF_OBJ_TEXT_MAX)
		return df_error_set(why, -E2BIG, "is larger than %d bytes",
				    DF_OBJ_TEXT_MAX);
	/* {…},{…} is as good as [{…},{…}]. */
	if (asprintf(&list, is_bare ? "[%s]" : "%s", text) < 0)
		return df_error_set(why, -ENOMEM, "out of memory");
	value = json_loads(list, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
			   &at);
	free(list);
	if (!value)
		return df_error_set(why, -EINVAL, "%s is not JSON: %s",
				    df_quote(text).text, at.text);
	*out = value;
	return 0;
}

int df_json_from_text(json_t **out, const struct df_field *field,
		      const char *text, struct df_error *why)
{
	bool is_nested = field->type == DF_TYPE_RECORD ||
			 field->type == DF_TYPE_JSON;

	if (is_nested || (field->flags & DF_FIELD_LIST && *text == '['))
		return parse_json(out, field, text, why);
	return own(out, field->flags & DF_FIELD_LIST ?
			list_from_text(field, text) :
			scalar_from_text(field, text), why);
}

static char *list_to_text(const json_t *list)
{
	char *text = strdup("");
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		char *part = df_json_to_text(NULL, item);
		char *longer = NULL;

		if (text && part &&
		    asprintf(&longer, "%s%s%s", text, i ? "," : "", part) < 0)
			longer = NULL;
		free(part);
		free(text);
		text = longer;
	}
	return text;
}

char *df_json_to_text(const struct df_field *field, const json_t *value)
{
	if (json_is_string(value))
		return strdup(json_string_value(value));
	if (json_is_array(value) && field && field->type != DF_TYPE_RECORD)
		return list_to_text(value);
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}
