/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Found by kernels only that have no such header: before 6.5, what it declares
 * was part of this one.
 */
#include <linux/skbuff.h>
