/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel module holds, with names where it has numbers. */
#ifndef DFCTL_KERNEL_H
#define DFCTL_KERNEL_H

#include "dfctl.h"
#include "nl.h"

int dfctl_kernel_open(struct dfctl_nl **out, const struct dfctl *ctl);
int dfctl_kernel_dump(struct dfctl_nl *nl, uint8_t cmd, json_t **out);
int dfctl_kernel_datapath(struct dfctl_nl *nl, json_t **out);
int dfctl_kernel_ports(struct dfctl_nl *nl, json_t **out);
void dfctl_kernel_name_port(struct dfctl_nl *nl, json_t *port);
const json_t *dfctl_kernel_port_find(const json_t *ports, const char *word);
json_int_t dfctl_kernel_drops(const json_t *port);

/* flow.c */
int dfctl_kernel_flows(struct dfctl *ctl);
int dfctl_kernel_flush(struct dfctl *ctl);

#endif /* DFCTL_KERNEL_H */
