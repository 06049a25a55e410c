// SPDX-License-Identifier: GPL-2.0
/* dfctl db check and repair: what is wrong with a database, and mending it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"

/* All of a big cloud is read with one request. */
enum { USUAL_TIMEOUT_MS = 600000 };

/**
 * struct findings - what is wrong with a cloud
 * @list: each as JSON
 * @is_mending: say what is done about it
 * @wrong: how many are no notes
 */
struct findings {
	const struct dfctl *ctl;
	json_t *list;
	bool is_mending;
	size_t wrong;
};

static int db_check(struct dfctl *ctl);
static int db_repair(struct dfctl *ctl);

const struct dfctl_cmd dfctl_db_cmds[] = {
	{ .name = "check", .run = db_check, .help = "tell what is wrong in the database" },
	{ .name = "repair", .run = db_repair, .options = DFCTL_OPT_DRY_RUN | DFCTL_OPT_DISCARD,
	  .help = "mend what can be mended without loss, and tell each step" },
	{ .name = "export", .args = "FILE", .run = dfctl_db_export, .min_args = 1,
	  .max_args = 1, .help = "write the whole cloud to a file, or to '-'" },
	{ .name = "import", .args = "FILE", .run = dfctl_db_import, .min_args = 1,
	  .max_args = 1,
	  .options = DFCTL_OPT_DRY_RUN | DFCTL_OPT_MERGE | DFCTL_OPT_REPLACE,
	  .help = "write the cloud of such a file, or of '-', into the database" },
	{ .name = "copy", .args = "URI URI", .run = dfctl_db_copy, .min_args = 2, .max_args = 2,
	  .options = DFCTL_OPT_DRY_RUN | DFCTL_OPT_REPLACE,
	  .help = "copy the cloud of the first database into the second" },
	{ .name = NULL },
};

void dfctl_cloud_freep(struct df_cloud **cloud)
{
	df_cloud_free(*cloud);
	*cloud = NULL;
}

bool dfctl_finding_is_bad(enum df_finding_kind kind)
{
	return kind == DF_FINDING_UNREADABLE || kind == DF_FINDING_INVALID ||
	       kind == DF_FINDING_DANGLING || kind == DF_FINDING_DUPLICATE;
}

/* Print it, or keep it for JSON. */
static void found(void *arg, const struct df_finding *finding)
{
	struct findings *findings = arg;
	const char *name = df_finding_name(finding->kind);
	json_t *json;

	findings->wrong += finding->kind != DF_FINDING_UNKNOWN;
	if (!findings->ctl->json) {
		printf("%-11s%s%s%s\n", name, finding->text,
		       findings->is_mending && finding->fix ? ": " : "",
		       findings->is_mending && finding->fix ? finding->fix : "");
		return;
	}
	json = json_pack("{s:s, s:s, s:s, s:s?}", "kind", name, "key", finding->key, "text",
			 finding->text, "fix", finding->fix);
	json_array_append_new(findings->list, json);
}

static void progress_made(void *arg, size_t done, size_t count)
{
	dfctl_progress(arg, done, count);
}

struct df_nb *dfctl_db_open(struct dfctl *ctl, const char *uri)
{
	struct df_error error = { 0 };
	struct df_nb *nb;

	if (!uri) {
		nb = dfctl_nb(ctl);
	} else if (df_nb_open(&nb, uri, NULL, &error)) {
		dfctl_refused(&error);
		return NULL;
	}
	if (nb)
		df_nb_set_timeout(nb, ctl->timeout_ms > 0 ? (unsigned int)ctl->timeout_ms :
							    USUAL_TIMEOUT_MS);
	return nb;
}

int dfctl_db_read(struct df_nb *nb, struct df_cloud **out)
{
	struct df_error error = { 0 };

	return df_cloud_read(out, nb, &error) ? dfctl_refused(&error) : DFCTL_OK;
}

int dfctl_db_write(struct df_nb *nb, const struct df_cloud *from, const struct df_cloud *to,
		   size_t *written)
{
	struct dfctl_progress progress;
	struct df_error error = { 0 };

	dfctl_progress_begin(&progress, "entries");
	if (!df_cloud_write(nb, from, to, progress_made, &progress, written, &error))
		return DFCTL_OK;
	dfctl_refused(&error);
	if (*written)
		dfctl_err("%zu entries were written before that", *written);
	return DFCTL_FAILED;
}

static int out_of_memory(void)
{
	dfctl_err("out of memory");
	return DFCTL_FAILED;
}

/* "12 objects, 34 entries, schema 1" */
static char *size_text(const struct df_cloud *cloud)
{
	uint64_t schema = df_cloud_schema(cloud);
	__auto_free char *rules = schema ? dfctl_strf(", schema %ju", (uintmax_t)schema) :
					   dfctl_strdup("");

	return dfctl_strf("%zu objects, %zu entries%s", df_cloud_objects(cloud),
			  df_cloud_entries(cloud), rules);
}

static void partial_find(const struct df_cloud *cloud, struct findings *findings)
{
	const struct df_finding finding = {
		.kind = DF_FINDING_MISSING,
		.key = "schema",
		.text = "an import was not finished; begin it again, with --replace",
	};

	if (df_cloud_is_partial(cloud))
		found(findings, &finding);
}

static int db_check(struct dfctl *ctl)
{
	__auto_json json_t *list = json_array();
	struct findings findings = { .ctl = ctl, .list = list };
	__auto_cloud struct df_cloud *cloud = NULL;
	struct df_nb *nb = dfctl_db_open(ctl, NULL);
	__auto_free char *size = NULL;

	if (!nb || dfctl_db_read(nb, &cloud))
		return DFCTL_FAILED;
	partial_find(cloud, &findings);
	if (df_cloud_check(cloud, found, &findings) < 0)
		return out_of_memory();
	if (ctl->json) {
		__auto_json json_t *all = NULL;

		all = json_pack("{s:I, s:I, s:I, s:I, s:O}", "objects",
				(json_int_t)df_cloud_objects(cloud), "entries",
				(json_int_t)df_cloud_entries(cloud), "schema",
				(json_int_t)df_cloud_schema(cloud), "wrong",
				(json_int_t)findings.wrong, "findings", list);
		dfctl_print_json(all);
		return findings.wrong ? DFCTL_FAILED : DFCTL_OK;
	}
	size = size_text(cloud);
	if (findings.wrong)
		printf("%s: %zu wrong\n", size, findings.wrong);
	else
		printf("%s: all is well\n", size);
	return findings.wrong ? DFCTL_FAILED : DFCTL_OK;
}

static int repair_end(const struct dfctl *ctl, const struct findings *findings,
		      size_t left, size_t written)
{
	size_t mended = findings->wrong - left;

	if (ctl->json) {
		__auto_json json_t *all = NULL;

		all = json_pack("{s:b, s:I, s:I, s:I, s:O}", "dry_run", ctl->dry_run, "mended",
				(json_int_t)mended, "left", (json_int_t)left, "written",
				(json_int_t)written, "findings", findings->list);
		dfctl_print_json(all);
	} else {
		printf("%zu %smended, %zu left%s\n", mended, ctl->dry_run ? "to be " : "",
		       left, left ? ": 'dfctl db check' tells" : "");
	}
	return left ? DFCTL_FAILED : DFCTL_OK;
}

/* How much is still wrong, by what the database says now. */
static int left_count(struct df_nb *nb, size_t *left)
{
	__auto_cloud struct df_cloud *cloud = NULL;
	long wrong;

	if (dfctl_db_read(nb, &cloud))
		return DFCTL_FAILED;
	wrong = df_cloud_check(cloud, NULL, NULL);
	if (wrong < 0)
		return out_of_memory();
	*left = (size_t)wrong;
	return DFCTL_OK;
}

static int db_repair(struct dfctl *ctl)
{
	__auto_json json_t *list = json_array();
	struct findings findings = { .ctl = ctl, .list = list, .is_mending = true };
	__auto_cloud struct df_cloud *was = NULL, *now = NULL;
	struct df_nb *nb = dfctl_db_open(ctl, NULL);
	struct df_error error = { 0 };
	size_t written = 0, left;
	long wrong;

	if (!nb || dfctl_db_read(nb, &was))
		return DFCTL_FAILED;
	if (df_cloud_is_partial(was)) {
		dfctl_err("an import was not finished; begin it again, with --replace");
		return DFCTL_FAILED;
	}
	now = df_cloud_copy(was);
	if (!now)
		return out_of_memory();
	wrong = df_cloud_repair(now, ctl->discard ? DF_REPAIR_DISCARD : 0, found,
				&findings, &error);
	if (wrong < 0)
		return dfctl_refused(&error);
	left = (size_t)wrong;
	if (!ctl->dry_run && left < findings.wrong &&
	    (dfctl_db_write(nb, was, now, &written) || left_count(nb, &left)))
		return DFCTL_FAILED;
	return repair_end(ctl, &findings, left, written);
}
