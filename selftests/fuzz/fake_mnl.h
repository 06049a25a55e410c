/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FAKE_MNL_H
#define FAKE_MNL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * libmnl's sockets, all of them, receive from now on what the input holds: a
 * series of datagrams, each behind two bytes that say its length; behind the
 * last, nothing more comes in time. With @has_family the first request, which
 * looks for the family, is answered as it should be.
 */
void fake_mnl_start(const uint8_t *input, size_t size, bool has_family);

#endif
