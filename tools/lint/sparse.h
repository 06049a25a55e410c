/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What newer kernel headers use and sparse does not know yet; included before
 * everything else when sparse reads the module, never when it is compiled.
 */

#define __typeof_unqual__ __typeof__
#define __builtin_strlen(s) (sizeof(s) - 1)
