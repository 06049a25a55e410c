/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_UTIL_H
#define DFA_UTIL_H

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define DFA_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define dfa_container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

static inline void dfa_cleanup_free(void *ptr)
{
	free(*(void **)ptr);
}

static inline void dfa_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define __auto_free __attribute__((cleanup(dfa_cleanup_free)))
#define __auto_close __attribute__((cleanup(dfa_cleanup_close)))

/* Hand over what a cleanup attribute would otherwise release. */
#define dfa_take_ptr(ptr)			\
	({					\
		__typeof__(ptr) taken_ = (ptr);	\
		(ptr) = NULL;			\
		taken_;				\
	})

#define dfa_take_fd(fd)			\
	({				\
		int taken_ = (fd);	\
		(fd) = -1;		\
		taken_;			\
	})

#endif
