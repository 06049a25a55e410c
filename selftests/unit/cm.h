/* SPDX-License-Identifier: GPL-2.0 */
/* cmocka wants these before its own header. */
#ifndef DF_SELFTESTS_UNIT_CM_H
#define DF_SELFTESTS_UNIT_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
