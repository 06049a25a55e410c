// SPDX-License-Identifier: GPL-2.0
/*
 * Captures, in the format of libpcap: a header, then each packet behind one of
 * its own. Whoever wrote the file may have been a stranger: nothing that it says
 * is believed.
 */
#include <errno.h>
#include <string.h>
#include <byteswap.h>

#include "frame.h"

enum {
	FILE_HEADER = 24,
	FILE_LINKTYPE = 20,
	PACKET_HEADER = 16,
	PACKET_CAPTURED = 8,
	PACKET_LEN = 12,
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_MASK = 0xffff,
	ETHERNET_HEADER = 14,
};

#define MAGIC_US	0xa1b2c3d4U
#define MAGIC_NS	0xa1b23c4dU
#define MAGIC_NG	0x0a0d0d0aU

static uint32_t number_at(const uint8_t *at, bool is_swapped)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return is_swapped ? bswap_32(value) : value;
}

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -EINVAL;
}

/* What the file's header says that keeps us from reading it, or 0. */
static int check_header(const uint8_t *file, size_t size, bool *is_swapped, const char **why)
{
	uint32_t magic;

	if (size < FILE_HEADER)
		return refuse(why, "is too short for a capture");
	magic = number_at(file, false);
	*is_swapped = magic == bswap_32(MAGIC_US) || magic == bswap_32(MAGIC_NS);
	if (magic == MAGIC_NG)
		return refuse(why, "is of the format pcapng; 'editcap -F pcap' converts it");
	if (!*is_swapped && magic != MAGIC_US && magic != MAGIC_NS)
		return refuse(why, "is no capture");
	if ((number_at(file + FILE_LINKTYPE, *is_swapped) & LINKTYPE_MASK) != LINKTYPE_ETHERNET)
		return refuse(why, "holds no Ethernet frames");
	return 0;
}

/**
 * dfctl_pcap_find - find a frame in a capture
 * @file: the file
 * @size: its size
 * @number: which frame, from 1
 * @frame: set to it, inside of @file
 * @why: set to what is wrong with the file, if something is
 *
 * Return: the length of the frame or -EINVAL.
 */
int dfctl_pcap_find(const uint8_t *file, size_t size, unsigned long number,
		    const uint8_t **frame, const char **why)
{
	size_t at = FILE_HEADER;
	bool is_swapped;
	uint32_t len;
	int err;

	err = check_header(file, size, &is_swapped, why);
	if (err)
		return err;
	for (;; at += len) {
		if (size - at < PACKET_HEADER)
			return refuse(why, "has no such packet");
		len = number_at(file + at + PACKET_CAPTURED, is_swapped);
		if (len > size - at - PACKET_HEADER)
			return refuse(why, "ends inside of a packet");
		at += PACKET_HEADER;
		if (!--number)
			break;
	}
	if (len != number_at(file + at - PACKET_HEADER + PACKET_LEN, is_swapped))
		return refuse(why, "does not hold the whole packet; capture with '-s 0'");
	if (len < ETHERNET_HEADER || len > DFCTL_FRAME_MAX)
		return refuse(why, "has a packet there that is no frame");
	*frame = file + at;
	return (int)len;
}
