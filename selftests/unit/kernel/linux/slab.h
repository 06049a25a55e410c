/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that runs out when the test wants it to. */
#ifndef _DF_TEST_LINUX_SLAB_H
#define _DF_TEST_LINUX_SLAB_H

#include <stdlib.h>

#define GFP_KERNEL_ACCOUNT 0
#define __GFP_NOWARN 0
#define kfree(p) free(p)
#define kzalloc(size, flags) test_kzalloc(size)
#define struct_size(p, member, n) (sizeof(*(p)) + sizeof((p)->member[0]) * (n))

/* So many allocations more succeed; the test defines it. */
extern unsigned int test_allocations;

static inline void *test_kzalloc(size_t size)
{
	if (!test_allocations)
		return NULL;
	test_allocations--;
	return calloc(1, size);
}

#endif /* _DF_TEST_LINUX_SLAB_H */
