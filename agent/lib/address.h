/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DF_LIB_ADDRESS_H
#define DF_LIB_ADDRESS_H

#include "dragonflow.h"

/** As df_ip_parse(), but host bits are cleared; @is_clean: were there none? */
int df_prefix_parse(struct df_ip *ip, const char *text, bool *is_clean);
/** The prefix of that length that holds @ip. */
struct df_ip df_ip_net(const struct df_ip *ip, uint8_t prefix);
bool df_ip_is_address(const struct df_ip *ip);
bool df_ip_is_multicast(const struct df_ip *ip);
bool df_ip_is_zero(const struct df_ip *ip);
bool df_ip_is_link_local(const struct df_ip *ip);
/** At most 256 bytes. */
void df_random(void *bytes, size_t len);

#endif
