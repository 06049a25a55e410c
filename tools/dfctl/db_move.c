// SPDX-License-Identifier: GPL-2.0
/* dfctl db export, import and copy: a whole cloud to a file, and elsewhere. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db.h"

/* Of what is wrong with a file, so much is told. */
enum { TOLD_MAX = 20 };

/* --- export ------------------------------------------------------------------- */

static void left_out(void *arg, const struct df_finding *finding)
{
	size_t *count = arg;

	(*count)++;
	dfctl_err("%s is left out: %s", finding->key, finding->text);
}

static int file_failed(const char *path)
{
	dfctl_err("%s: %s", path, strerror(errno));
	return DFCTL_FAILED;
}

/* Whole or not at all: what stood there before stays until all is written. */
static int export_to(const struct df_cloud *cloud, const char *path, size_t *missing)
{
	__auto_free char *part = dfctl_strf("%s.part", path);
	FILE *file;
	int fd, err;

	/* It says what tenants have; whoever may read it, says the owner. */
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!file)
		return file_failed(part);
	err = df_cloud_export(cloud, file, left_out, missing);
	if (!err && (fflush(file) || fsync(fd)))
		err = -errno;
	if (fclose(file) && !err)
		err = -errno;
	if (!err && !rename(part, path))
		return DFCTL_OK;
	err = file_failed(path);
	unlink(part);
	return err;
}

int dfctl_db_export(struct dfctl *ctl)
{
	__auto_cloud struct df_cloud *cloud = NULL;
	struct df_nb *nb = dfctl_db_open(ctl, NULL);
	const char *path = ctl->argv[0];
	bool is_stdout = !strcmp(path, "-");
	size_t missing = 0, count;

	if (!nb || dfctl_db_read(nb, &cloud))
		return DFCTL_FAILED;
	df_cloud_drop_leased(cloud);
	count = df_cloud_objects(cloud);
	if (is_stdout)
		return df_cloud_export(cloud, stdout, left_out, &missing) || missing ?
			       DFCTL_FAILED : DFCTL_OK;
	if (export_to(cloud, path, &missing))
		return DFCTL_FAILED;
	if (ctl->json)
		printf("{\"objects\": %zu, \"left_out\": %zu}\n", count - missing, missing);
	else
		printf("%zu objects written to %s\n", count - missing, path);
	return missing ? DFCTL_FAILED : DFCTL_OK;
}

/* --- into a database ---------------------------------------------------------- */

static int moved(const struct dfctl *ctl, const struct df_cloud *cloud, size_t written)
{
	size_t objects = df_cloud_objects(cloud);

	if (ctl->json)
		printf("{\"dry_run\": %s, \"objects\": %zu, \"written\": %zu}\n",
		       ctl->dry_run ? "true" : "false", objects, written);
	else if (ctl->dry_run)
		printf("%zu objects could be written\n", objects);
	else
		printf("%zu objects, %zu entries written\n", objects, written);
	return DFCTL_OK;
}

/* What a database holds already is not mixed with something else unasked. */
static int target_check(const struct dfctl *ctl, const struct df_cloud *target)
{
	size_t count = df_cloud_objects(target);

	if (df_cloud_is_partial(target) && !ctl->replace) {
		dfctl_err("an import into the database was not finished: give --replace");
		return DFCTL_FAILED;
	}
	if (!count || ctl->merge || ctl->replace)
		return DFCTL_OK;
	dfctl_err("the database holds %zu objects already: give %s--replace", count,
		  ctl->cmd->options & DFCTL_OPT_MERGE ? "--merge or " : "");
	return DFCTL_FAILED;
}

static int file_read(const char *path, struct df_cloud **out)
{
	bool is_stdin = !strcmp(path, "-");
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	struct df_error error = { 0 };
	int err;

	if (!file)
		return file_failed(path);
	err = df_cloud_import(out, file, &error);
	if (!is_stdin)
		fclose(file);
	if (!err)
		return DFCTL_OK;
	dfctl_err("%s: %s", is_stdin ? "standard input" : path, error.text);
	return DFCTL_FAILED;
}

static void refuse(void *arg, const struct df_finding *finding)
{
	size_t *count = arg;

	if (!dfctl_finding_is_bad(finding->kind))
		return;
	if ((*count)++ < TOLD_MAX)
		dfctl_err("%s", finding->text);
}

/* Add what belongs to the objects, unless something is wrong with these. */
static int complete(struct df_cloud *cloud)
{
	struct df_error error = { 0 };
	size_t bad = 0;

	df_cloud_check(cloud, refuse, &bad);
	if (bad) {
		dfctl_err("nothing was written: %zu wrong", bad);
		return DFCTL_FAILED;
	}
	return df_cloud_repair(cloud, 0, NULL, NULL, &error) < 0 ? dfctl_refused(&error) :
								   DFCTL_OK;
}

/* What lives as long as its process is nobody's to replace. */
static int keep_leased(const struct df_cloud *target, struct df_cloud *cloud)
{
	__auto_cloud struct df_cloud *living = df_cloud_copy(target);
	struct df_error error = { 0 };

	if (!living)
		return DFCTL_FAILED;
	df_cloud_keep_leased(living);
	return df_cloud_merge(cloud, living, &error) ? dfctl_refused(&error) : DFCTL_OK;
}

/* From what is there to what there shall be. */
static int target_make(const struct dfctl *ctl, const struct df_cloud *target,
		       const struct df_cloud *cloud, struct df_cloud **out)
{
	struct df_error error = { 0 };
	int err;

	*out = df_cloud_copy(ctl->merge ? target : cloud);
	if (!*out)
		return DFCTL_FAILED;
	if (ctl->merge)
		err = df_cloud_merge(*out, cloud, &error) ? dfctl_refused(&error) : DFCTL_OK;
	else
		err = keep_leased(target, *out);
	return err;
}

int dfctl_db_import(struct dfctl *ctl)
{
	__auto_cloud struct df_cloud *file = NULL, *is = NULL, *shall = NULL;
	struct df_nb *nb;
	size_t written = 0;

	if (ctl->merge && ctl->replace) {
		dfctl_err("import: --merge or --replace, not both");
		return DFCTL_USAGE;
	}
	if (file_read(ctl->argv[0], &file))
		return DFCTL_FAILED;
	nb = dfctl_db_open(ctl, NULL);
	if (!nb || dfctl_db_read(nb, &is) || target_check(ctl, is) ||
	    target_make(ctl, is, file, &shall) || complete(shall))
		return DFCTL_FAILED;
	if (!ctl->dry_run && dfctl_db_write(nb, is, shall, &written))
		return DFCTL_FAILED;
	return moved(ctl, file, written);
}

/* --- copy --------------------------------------------------------------------- */

/* As it is, wrong or not, and of whatever version: that is for the one who asks. */
static int copy_all(struct dfctl *ctl, struct df_nb *to, struct df_cloud *cloud)
{
	__auto_cloud struct df_cloud *is = NULL, *shall = NULL, *now = NULL;
	long wrong = df_cloud_check(cloud, NULL, NULL);
	size_t written = 0;

	if (dfctl_db_read(to, &is) || target_check(ctl, is) ||
	    target_make(ctl, is, cloud, &shall))
		return DFCTL_FAILED;
	if (wrong > 0)
		dfctl_err("copied as it is, with %ld wrong: 'dfctl db check' tells", wrong);
	if (ctl->dry_run)
		return moved(ctl, cloud, 0);
	if (dfctl_db_write(to, is, shall, &written) || dfctl_db_read(to, &now))
		return DFCTL_FAILED;
	if (!df_cloud_is_equal(shall, now)) {
		dfctl_err("what is there now differs: somebody else writes to it");
		return DFCTL_FAILED;
	}
	return moved(ctl, cloud, written);
}

int dfctl_db_copy(struct dfctl *ctl)
{
	__auto_cloud struct df_cloud *cloud = NULL;
	df_nb_auto struct df_nb *from = dfctl_db_open(ctl, ctl->argv[0]);
	df_nb_auto struct df_nb *to = NULL;

	if (!from || dfctl_db_read(from, &cloud))
		return DFCTL_FAILED;
	if (df_cloud_is_partial(cloud)) {
		dfctl_err("%s: an import was not finished", ctl->argv[0]);
		return DFCTL_FAILED;
	}
	df_cloud_drop_leased(cloud);
	to = dfctl_db_open(ctl, ctl->argv[1]);
	return to ? copy_all(ctl, to, cloud) : DFCTL_FAILED;
}
