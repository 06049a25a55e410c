/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DF_CONTROL_SECURITY_H
#define DF_CONTROL_SECURITY_H

struct df_address_set;
struct df_group;
struct df_member;
struct df_rule;
struct sk_buff;

int df_group_fill(struct sk_buff *msg, const struct df_group *group);
int df_rule_fill(struct sk_buff *msg, const struct df_rule *rule);
int df_address_set_fill(struct sk_buff *msg, const struct df_address_set *set);
int df_member_fill(struct sk_buff *msg, const struct df_member *member);

#endif /* DF_CONTROL_SECURITY_H */
