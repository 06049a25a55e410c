/* SPDX-License-Identifier: GPL-2.0 */
/* A reader of the generic netlink family, in one network namespace. */
#ifndef DFCTL_NL_H
#define DFCTL_NL_H

#include <stdbool.h>
#include <stdint.h>
#include <net/if.h>
#include <jansson.h>
#include <linux/netlink.h>

struct dfctl_nl;

/**
 * struct dfctl_nl_request - a question to the kernel
 * @cmd: DF_CMD_*
 * @dump: ask for all objects
 * @attr: u32 attribute to send, or 0 for none
 * @value: its value
 * @fill: adds other attributes, or NULL
 * @data: for @fill
 */
struct dfctl_nl_request {
	uint8_t cmd;
	bool dump;
	uint16_t attr;
	uint32_t value;
	void (*fill)(struct nlmsghdr *nlh, const void *data);
	const void *data;
};

int dfctl_nl_open(struct dfctl_nl **out, const char *netns);
void dfctl_nl_close(struct dfctl_nl *nl);
int dfctl_nl_ask(struct dfctl_nl *nl, const struct dfctl_nl_request *request,
		 json_t **out);
int dfctl_nl_subscribe(struct dfctl_nl *nl);
int dfctl_nl_subscribe_log(struct dfctl_nl *nl);
int dfctl_nl_fd(const struct dfctl_nl *nl);
int dfctl_nl_events(struct dfctl_nl *nl, json_t *events);
const char *dfctl_nl_error(const struct dfctl_nl *nl);
const char *dfctl_nl_ifname(struct dfctl_nl *nl, uint32_t ifindex,
			    char name[IF_NAMESIZE]);

/* decode.c */
json_t *dfctl_nl_decode(const struct nlmsghdr *nlh, const char **event);

#endif /* DFCTL_NL_H */
