// SPDX-License-Identifier: GPL-2.0
/*
 * The version of the rules by which a database is written: which models and
 * fields there are, what is claimed, marked and derived. Pure.
 *
 * Whoever knows fewer fields reads on, and keeps what it does not know. But it
 * would not claim a unique value that it does not know of: rules that older
 * writers would break have a higher DF_RULES_MIN_WRITER.
 */
#include <errno.h>
#include <jansson.h>

#include "error.h"
#include "image.h"

void df_rules_parse(struct df_rules *rules, const void *value, size_t len)
{
	json_t *doc = json_loadb(value, len, 0, NULL);
	json_t *version = json_object_get(doc, "version");
	json_t *min_writer = json_object_get(doc, "min_writer");

	*rules = (struct df_rules){
		.version = (uint64_t)json_integer_value(version),
		.min_writer = (uint64_t)json_integer_value(min_writer),
		.is_partial = json_is_true(json_object_get(doc, "partial")),
	};
	json_decref(doc);
}

char *df_rules_print(const struct df_rules *rules)
{
	json_t *doc = json_pack("{s:I, s:I}", "version",
				(json_int_t)rules->version, "min_writer",
				(json_int_t)rules->min_writer);
	char *text;

	if (rules->is_partial)
		json_object_set_new(doc, "partial", json_true());
	text = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(doc);
	return text;
}

int df_rules_check(const struct df_rules *rules, struct df_error *error)
{
	if (rules->is_partial)
		return df_error_set(error, -EBUSY,
				    "the database is being filled, or an import was not finished");
	if (rules->min_writer > DF_RULES_VERSION)
		return df_error_set(error, -EPROTO,
				    "the database has schema %ju, which this version (schema %d) may read but not write",
				    (uintmax_t)rules->version,
				    DF_RULES_VERSION);
	return 0;
}
