// SPDX-License-Identifier: GPL-2.0
/* Models of traces that go on at another hypervisor. */
#include "schema.h"
#include "schema_parts.h"

#define HOST								\
	{ .name = "host", .type = DF_TYPE_STRING, .min = 1, .max = 255,	\
	  .flags = DF_FIELD_REQUIRED | DF_FIELD_COLUMN,			\
	  .doc = "Name of the chassis that is asked." }

const struct df_field df_trace_request_fields[] = {
	ID("Identifies the request."),
	HOST,
	{ .name = "attributes", .type = DF_TYPE_STRING, .min = 8, .max = 40000,
	  .flags = DF_FIELD_REQUIRED,
	  .doc = "Attributes of the netlink request, as hexadecimal digits." },
	REVISION,
	{ .name = NULL }
};

const struct df_field df_trace_answer_fields[] = {
	ID("Id of the request."),
	HOST,
	{ .name = "attributes", .type = DF_TYPE_STRING, .max = 131072,
	  .doc = "Attributes of the answer, as hexadecimal digits." },
	{ .name = "error", .type = DF_TYPE_STRING, .max = 255,
	  .doc = "Why there is none." },
	REVISION,
	{ .name = NULL }
};
