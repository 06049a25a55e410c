/* SPDX-License-Identifier: GPL-2.0 */
/* One thread, so no reader is ever at what a writer has unlinked. */
#ifndef _DF_TEST_LINUX_RCUPDATE_H
#define _DF_TEST_LINUX_RCUPDATE_H

#include <stdlib.h>

#define __rcu
#define rcu_dereference(p) (p)
#define rcu_dereference_protected(p, c) (p)
#define rcu_assign_pointer(p, v) ((p) = (v))
#define RCU_INIT_POINTER(p, v) ((p) = (v))
#define kfree_rcu(p, member) free(p)

struct rcu_head {
	void *next;
	void (*func)(struct rcu_head *head);
};

#endif /* _DF_TEST_LINUX_RCUPDATE_H */
