// SPDX-License-Identifier: GPL-2.0
/* Captures of strangers, and bytes written as digits: what dfctl trace reads. */
#include <errno.h>

#include "fuzz.h"
#include "tools/dfctl/frame.h"

static void try_file(const uint8_t *file, size_t size)
{
	const uint8_t *frame = NULL;
	const char *why = NULL;
	unsigned long number;
	int len;

	for (number = 1; number <= 3; number++) {
		len = dfctl_pcap_find(file, size, number, &frame, &why);
		if (len < 0) {
			require(len == -EINVAL && why && *why);
			return;
		}
		require(len >= 14 && len <= DFCTL_FRAME_MAX);
		require(frame >= file && (size_t)(frame - file) + (size_t)len <= size);
	}
}

static void try_digits(const char *text)
{
	uint8_t frame[64];
	int len = dfctl_frame_parse_hex(frame, sizeof(frame), text);

	require(len == -EINVAL || (len >= 0 && len <= (int)sizeof(frame)));
	require(len < 0 || 2 * (size_t)len <= strlen(text));
}

/* Whatever a person asks for, it is a frame of the right length or none. */
static void try_fields(const uint8_t *input, size_t size)
{
	static uint8_t buf[DFCTL_FRAME_MAX];
	struct dfctl_frame fields;
	size_t len;

	if (size < sizeof(fields))
		return;
	memset(&fields, 0, sizeof(fields));
	memcpy(fields.src_mac, input, 44);
	fields.kind = input[44] % 3;
	fields.is_ip6 = input[45] & 1;
	fields.vlan = input[46] - 1;
	fields.proto = input[47];
	fields.ttl = input[48];
	fields.len = (uint16_t)(input[49] << 8 | input[50]);
	len = dfctl_frame_build(buf, sizeof(buf), &fields);
	require(len <= sizeof(buf) && (len >= 34 || !len));
	require(!dfctl_frame_build(buf, len ? len - 1 : 13, &fields));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	uint8_t *file = fuzz_copy(input, size);
	char *text = fuzz_text(input, size);

	try_file(file, size);
	try_digits(text);
	try_fields(file, size);
	free(text);
	free(file);
	return 0;
}
