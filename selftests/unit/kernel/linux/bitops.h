/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DF_TEST_LINUX_BITOPS_H
#define _DF_TEST_LINUX_BITOPS_H

#define hweight64(word) ((unsigned int)__builtin_popcountll(word))
#define __ffs64(word) ((unsigned int)__builtin_ctzll(word))
#define fls64(word) (64 - __builtin_clzll(word))	/* of what is not 0 */
#define ror32(word, n) ((word) >> (n) | (word) << (32 - (n)))

#endif /* _DF_TEST_LINUX_BITOPS_H */
