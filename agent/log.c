// SPDX-License-Identifier: GPL-2.0
/*
 * One line per event on standard error: with the priority that journald reads
 * when it listens there, with the time and the level's name otherwise.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util.h"

static enum dfa_log_level current_level = DFA_LOG_INFO;
static bool to_journal;

static const struct {
	const char *name;
	enum dfa_log_level level;
} level_names[] = {
	{ "error", DFA_LOG_ERROR },
	{ "warning", DFA_LOG_WARNING },
	{ "info", DFA_LOG_INFO },
	{ "debug", DFA_LOG_DEBUG },
};

/* journald names the stream it reads, so that a redirection is not mistaken. */
void dfa_log_init(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	to_journal = stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
		     fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev &&
		     st.st_ino == ino;
}

void dfa_log_set_level(enum dfa_log_level level)
{
	current_level = level;
}

enum dfa_log_level dfa_log_level(void)
{
	return current_level;
}

const char *dfa_log_level_name(enum dfa_log_level level)
{
	for (size_t i = 0; i < DFA_ARRAY_SIZE(level_names); i++) {
		if (level_names[i].level == level)
			return level_names[i].name;
	}
	return "unknown";
}

int dfa_log_level_parse(const char *name, enum dfa_log_level *level)
{
	for (size_t i = 0; i < DFA_ARRAY_SIZE(level_names); i++) {
		if (strcmp(level_names[i].name, name) == 0) {
			*level = level_names[i].level;
			return 0;
		}
	}
	return -EINVAL;
}

static int write_prefix(char *buf, size_t size, enum dfa_log_level level)
{
	struct timespec now;
	char stamp[32];
	struct tm tm;

	if (to_journal)
		return snprintf(buf, size, "<%d>", level);

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	return snprintf(buf, size, "%s.%03ldZ %s: ", stamp,
			now.tv_nsec / 1000000, dfa_log_level_name(level));
}

void dfa_log(enum dfa_log_level level, const char *fmt, ...)
{
	int saved_errno = errno;
	char line[1024];
	size_t len;
	va_list ap;
	int n;

	if (level > current_level)
		return;

	len = (size_t)write_prefix(line, sizeof(line), level);
	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	if (n > 0)
		len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';

	/* One write, so that lines of several processes do not mix. */
	n = (int)write(STDERR_FILENO, line, len);
	(void)n;
	errno = saved_errno;
}
