// SPDX-License-Identifier: GPL-2.0
/* How far long work is: lines on standard error, if a person reads it. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "dfctl.h"

static long now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* @what is being written, such as "objects" */
void dfctl_progress_begin(struct dfctl_progress *progress, const char *what)
{
	progress->what = what;
	progress->last = now_s();
}

/* Once a second at most, so that short work stays silent. */
void dfctl_progress(struct dfctl_progress *progress, size_t done, size_t count)
{
	long now = now_s();

	if (now == progress->last || !isatty(STDERR_FILENO))
		return;
	progress->last = now;
	fprintf(stderr, "dfctl: %zu of %zu %s written\n", done, count, progress->what);
}
