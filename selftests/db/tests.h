/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DF_SELFTESTS_DB_TESTS_H
#define DF_SELFTESTS_DB_TESTS_H

#include "harness.h"

/** struct test - a test; the last one of a table has no name */
struct test {
	const char *name;
	void (*run)(struct client *client);
};

extern const struct test entry_tests[];
extern const struct test follow_tests[];
extern const struct test process_tests[];

const char *fresh(const char *what);

#endif
