/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_CODEC_H
#define DFA_CODEC_H

/* The objects of the netlink family as attributes; for kernel.c only. */

#include <libmnl/libmnl.h>

#include "state.h"

struct dfa_codec {
	uint8_t cmd_new;
	uint8_t cmd_del;
	uint8_t cmd_get;
	uint16_t id_attr; /* 0: all that @put puts identifies it */
	/* Put what @value says, but for the id. */
	void (*put)(struct nlmsghdr *nlh, const union dfa_value *value);
	/*
	 * Read all of an object; @value was zero and is to be put.
	 * Return: 0, -EBADMSG or -ENOMEM.
	 */
	int (*parse)(const struct nlmsghdr *nlh, uint32_t *id,
		     union dfa_value *value);
};

extern const struct dfa_codec dfa_codecs[DFA_KINDS];

enum {
	/* A port with the most addresses, pairs and claims, and some more. */
	DFA_REQUEST_MAX = 8192,
	DFA_ATTRS = 24,
};

/* The pairs and claims of a port, none if it has none. Return: as of parse. */
int dfa_codec_pairs(const struct nlmsghdr *nlh, struct dfa_pairs **pairs);

/*
 * Is there a message in @len bytes, with all that libmnl reads of it? It takes a
 * length beyond INT_MAX for a negative one, and reads up to where the next would be.
 */
static inline bool dfa_codec_is_whole(const struct nlmsghdr *nlh, int len)
{
	return mnl_nlmsg_ok(nlh, len) && nlh->nlmsg_len <= (uint32_t)len &&
	       MNL_ALIGN(nlh->nlmsg_len) <= (uint32_t)len;
}

/* The last attribute of each type; NULL where there is none. */
void dfa_codec_attrs(const struct nlmsghdr *nlh,
		     const struct nlattr *attrs[DFA_ATTRS]);

#endif
