// SPDX-License-Identifier: GPL-2.0
/*
 * What dfctl reads from the module: replies, refusals and notifications, as
 * JSON. The first byte of the input says what was asked; without its last bit,
 * the family is found.
 */
#include <libmnl/libmnl.h>

#include <linux/dragonflow.h>

#include "tools/dfctl/dfctl.h"
#include "fake_mnl.h"
#include "fuzz.h"
#include "tools/dfctl/nl.h"

static void check_text(const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

	require(text);
	free(text);
}

static void try_message(const uint8_t *input, size_t size)
{
	struct nlmsghdr *nlh = fuzz_copy(input, size);
	const char *event = NULL;
	json_t *object = NULL;

	if (mnl_nlmsg_ok(nlh, (int)size) && nlh->nlmsg_len <= size)
		object = dfctl_nl_decode(nlh, &event);
	if (object)
		check_text(object);
	json_decref(object);
	free(nlh);
}

static void try_ask(struct dfctl_nl *nl, bool is_dump)
{
	const struct dfctl_nl_request request = {
		.cmd = is_dump ? DF_CMD_PORT_GET : DF_CMD_DATAPATH_GET,
		.dump = is_dump,
	};
	json_t *objects = NULL;

	if (dfctl_nl_ask(nl, &request, &objects))
		require(*dfctl_nl_error(nl));
	else
		check_text(objects);
	json_decref(objects);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct dfctl_nl *nl;

	if (!size)
		return 0;
	if (*input & 2) {
		try_message(input + 1, size - 1);
		return 0;
	}
	fake_mnl_start(input + 1, size - 1, !(*input & 1));
	if (!dfctl_nl_open(&nl, NULL)) {
		try_ask(nl, *input & 4);
		try_ask(nl, *input & 8);
	}
	dfctl_nl_close(nl);
	return 0;
}
