/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_LOG_H
#define DFA_LOG_H

#include <stdbool.h>

/* The values are those of syslog, which journald expects in its prefixes. */
enum dfa_log_level {
	DFA_LOG_ERROR = 3,
	DFA_LOG_WARNING = 4,
	DFA_LOG_INFO = 6,
	DFA_LOG_DEBUG = 7,
};

void dfa_log_init(void);
void dfa_log_set_level(enum dfa_log_level level);
enum dfa_log_level dfa_log_level(void);
const char *dfa_log_level_name(enum dfa_log_level level);
int dfa_log_level_parse(const char *name, enum dfa_log_level *level);

void dfa_log(enum dfa_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#define dfa_error(...) dfa_log(DFA_LOG_ERROR, __VA_ARGS__)
#define dfa_warning(...) dfa_log(DFA_LOG_WARNING, __VA_ARGS__)
#define dfa_info(...) dfa_log(DFA_LOG_INFO, __VA_ARGS__)
#define dfa_debug(...)						\
	do {							\
		if (dfa_log_level() >= DFA_LOG_DEBUG)		\
			dfa_log(DFA_LOG_DEBUG, __VA_ARGS__);	\
	} while (0)

#endif
