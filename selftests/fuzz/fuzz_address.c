// SPDX-License-Identifier: GPL-2.0
/*
 * Addresses, prefixes and ids from text. What is accepted must be printed in
 * one form, which is read back as the same.
 */
#include "address.h"
#include "fuzz.h"
#include "uuid.h"

static void try_mac(const char *text)
{
	uint8_t mac[6], again[6];
	char printed[18];

	if (df_mac_parse(mac, text))
		return;
	df_mac_print(printed, mac);
	require(!strcasecmp(printed, text));
	require(!df_mac_parse(again, printed));
	require(!memcmp(mac, again, sizeof(mac)));
}

static void check_ip(const struct df_ip *ip, bool is_clean)
{
	struct df_ip again;
	char printed[50];

	require(ip->family == 4 || ip->family == 6);
	require(ip->prefix <= (ip->family == 4 ? 32 : 128));
	df_ip_print(printed, ip);
	require(!df_ip_parse(&again, printed));
	require(!memcmp(ip, &again, sizeof(again)));
	require(df_ip_is_in(ip, ip));
	require(!!strchr(printed, '/') == !df_ip_is_address(ip));
	require(is_clean || ip->prefix < 128);
}

static void try_prefix(const char *text)
{
	struct df_ip prefix, ip;
	bool is_clean;

	if (df_prefix_parse(&prefix, text, &is_clean)) {
		require(df_ip_parse(&ip, text));
		return;
	}
	check_ip(&prefix, is_clean);
	require(is_clean == !df_ip_parse(&ip, text));
	if (is_clean)
		require(!memcmp(&ip, &prefix, sizeof(ip)));
}

static void try_uuid(const char *text)
{
	char printed[DF_UUID_LEN + 1];
	struct dfa_uuid uuid;

	require(df_uuid_is_valid(text) == !dfa_uuid_parse(&uuid, text));
	if (!df_uuid_is_valid(text))
		return;
	dfa_uuid_print(printed, &uuid);
	require(!strcmp(printed, text));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	char *text = fuzz_text(input, size);

	try_mac(text);
	try_prefix(text);
	try_uuid(text);
	free(text);
	return 0;
}
