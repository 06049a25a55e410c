/* SPDX-License-Identifier: GPL-2.0 */
/* How the attributes of the family's messages are shown. */
#ifndef DFCTL_DECODE_H
#define DFCTL_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/dragonflow.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

enum attr_type {
	TYPE_U8,
	TYPE_U16,
	TYPE_U32,
	TYPE_U64,
	TYPE_BE16,
	TYPE_HEX16,
	TYPE_ENUM,
	TYPE_FLAGS,
	TYPE_FLAG,
	TYPE_STRING,
	TYPE_BYTES,
	TYPE_MAC,
	TYPE_IP4,
	TYPE_IP6,
	TYPE_NEST,
};

/**
 * struct attr_spec - how an attribute is shown
 * @name: name of the member
 * @type: what it holds
 * @multi: there may be several: an array
 * @names: names of an enum's values, ended by NULL
 * @nest: what is inside, indexed by attribute
 * @nest_size: of that table; what is behind its end is not shown
 */
struct attr_spec {
	const char *name;
	enum attr_type type;
	bool multi;
	const char *const *names;
	const struct attr_spec *nest;
	size_t nest_size;
};

/* Names of values that more than one table needs. */
extern const char *const dfctl_drop_reasons[];
extern const char *const dfctl_actions[];
extern const char *const dfctl_directions[];
extern const char *const dfctl_fragments[];
extern const char *const dfctl_lookup_states[];

/* decode_trace.c */
enum {
	DFCTL_MATCH_SPEC_SIZE = DF_A_MATCH_MAX + 1,
};

extern const struct attr_spec dfctl_match_spec[DFCTL_MATCH_SPEC_SIZE];
extern const struct attr_spec dfctl_trace_spec[];
extern const size_t dfctl_trace_spec_size;
extern const struct attr_spec dfctl_log_spec[];
extern const size_t dfctl_log_spec_size;

#endif /* DFCTL_DECODE_H */
