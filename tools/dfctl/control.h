/* SPDX-License-Identifier: GPL-2.0 */
/* The agent's control socket. */
#ifndef DFCTL_CONTROL_H
#define DFCTL_CONTROL_H

#include "dfctl.h"

int dfctl_control_ask(const struct dfctl *ctl, const char *cmd, json_t **out);

#endif /* DFCTL_CONTROL_H */
