/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel's <linux/types.h>, and what it has always included before,
 * give to the pure files of the module; for their build in userspace.
 */
#ifndef _DF_TEST_LINUX_TYPES_H
#define _DF_TEST_LINUX_TYPES_H

#include_next <linux/types.h>
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define U8_MAX UINT8_MAX
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define noinline __attribute__((__noinline__))
#define __aligned(x) __attribute__((__aligned__(x)))
#undef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#define htons(x) htobe16(x)
#define ntohs(x) be16toh(x)
#define __flatten __attribute__((__flatten__))
#define cpu_to_le32(x) htole32(x)

#endif /* _DF_TEST_LINUX_TYPES_H */
