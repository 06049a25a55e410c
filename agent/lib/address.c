// SPDX-License-Identifier: GPL-2.0
/* Ethernet and IP addresses, prefixes and UUIDs as text. Pure, but for the
 * random numbers of df_uuid_new().
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "address.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int df_mac_parse(uint8_t mac[6], const char *text)
{
	uint8_t bytes[6];
	int i;

	for (i = 0; i < 6; i++) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || text[2] != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		bytes[i] = high << 4 | low;
		text += 3;
	}
	memcpy(mac, bytes, sizeof(bytes));
	return 0;
}

void df_mac_print(char text[18], const uint8_t mac[6])
{
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
}

/* Zero the bits after the prefix; were they all zero? */
static bool ip_mask(struct df_ip *ip)
{
	unsigned int bits = ip->family == 4 ? 32 : 128;
	bool was_clean = true;
	unsigned int bit;

	for (bit = ip->prefix; bit < bits; bit++) {
		uint8_t mask = 0x80 >> bit % 8;

		if (ip->addr[bit / 8] & mask)
			was_clean = false;
		ip->addr[bit / 8] &= ~mask;
	}
	return was_clean;
}

static int prefix_parse(uint8_t *prefix, const char *text, uint8_t max)
{
	unsigned long n;
	char *end;

	if (!isdigit((unsigned char)*text) || strlen(text) > 3)
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || n > max)
		return -EINVAL;
	*prefix = n;
	return 0;
}

int df_prefix_parse(struct df_ip *ip, const char *text, bool *is_clean)
{
	struct df_ip new = { .family = 4, .prefix = 32 };
	char addr[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);

	if (len >= sizeof(addr))
		return -EINVAL;
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (inet_pton(AF_INET, addr, new.addr) != 1) {
		if (inet_pton(AF_INET6, addr, new.addr) != 1)
			return -EINVAL;
		new.family = 6;
		new.prefix = 128;
	}
	if (slash && prefix_parse(&new.prefix, slash + 1, new.prefix))
		return -EINVAL;
	*is_clean = ip_mask(&new);
	*ip = new;
	return 0;
}

int df_ip_parse(struct df_ip *ip, const char *text)
{
	struct df_ip new;
	bool is_clean;

	if (df_prefix_parse(&new, text, &is_clean) || !is_clean)
		return -EINVAL;
	*ip = new;
	return 0;
}

struct df_ip df_ip_net(const struct df_ip *ip, uint8_t prefix)
{
	struct df_ip net = *ip;

	net.prefix = prefix;
	ip_mask(&net);
	return net;
}

bool df_ip_is_multicast(const struct df_ip *ip)
{
	return ip->family == 4 ? ip->addr[0] >= 224 : ip->addr[0] == 0xff;
}

bool df_ip_is_zero(const struct df_ip *ip)
{
	static const uint8_t none[16];

	return !memcmp(ip->addr, none, ip->family == 4 ? 4 : 16);
}

bool df_ip_is_link_local(const struct df_ip *ip)
{
	return ip->family == 6 && ip->addr[0] == 0xfe &&
	       (ip->addr[1] & 0xc0) == 0x80;
}

bool df_ip_is_address(const struct df_ip *ip)
{
	return ip->prefix == (ip->family == 4 ? 32 : 128);
}

void df_ip_print(char text[50], const struct df_ip *ip)
{
	size_t len;

	inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->addr, text, 50);
	if (df_ip_is_address(ip))
		return;
	len = strlen(text);
	snprintf(text + len, 50 - len, "/%u", ip->prefix);
}

bool df_ip_is_in(const struct df_ip *ip, const struct df_ip *net)
{
	struct df_ip cut = *ip;

	if (ip->family != net->family || ip->prefix < net->prefix)
		return false;
	cut.prefix = net->prefix;
	ip_mask(&cut);
	return !memcmp(cut.addr, net->addr, net->family == 4 ? 4 : 16);
}

bool df_uuid_is_valid(const char *text)
{
	size_t i;

	for (i = 0; i < DF_UUID_LEN; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
		char c = text[i];

		if (is_dash ? c != '-' : hex_digit(c) < 0 || isupper(c))
			return false;
	}
	return !text[DF_UUID_LEN];
}

void df_random(void *bytes, size_t len)
{
	/* Up to 256 bytes this neither fails nor returns less. */
	if (getrandom(bytes, len, 0) != (ssize_t)len)
		abort();
}

void df_uuid_new(char text[DF_UUID_LEN + 1])
{
	uint8_t b[16];

	df_random(b, sizeof(b));
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(text, DF_UUID_LEN + 1,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
		 b[10], b[11], b[12], b[13], b[14], b[15]);
}
