// SPDX-License-Identifier: GPL-2.0
#include "uuid.h"

#include <errno.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int dfa_uuid_parse(struct dfa_uuid *uuid, const char *text)
{
	struct dfa_uuid parsed;

	if (!df_uuid_is_valid(text))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(parsed.bytes); i++) {
		if (*text == '-')
			text++;
		parsed.bytes[i] =
			(uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
		text += 2;
	}
	*uuid = parsed;
	return 0;
}

void dfa_uuid_print(char text[DF_UUID_LEN + 1], const struct dfa_uuid *uuid)
{
	for (size_t i = 0; i < sizeof(uuid->bytes); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*text++ = '-';
		*text++ = "0123456789abcdef"[uuid->bytes[i] >> 4];
		*text++ = "0123456789abcdef"[uuid->bytes[i] & 15];
	}
	*text = '\0';
}
