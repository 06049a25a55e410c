/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_LIST_H
#define DFA_LIST_H

#include <stdbool.h>

/* A doubly linked list; an empty one points to itself. */
struct dfa_list {
	struct dfa_list *next, *prev;
};

static inline void dfa_list_init(struct dfa_list *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool dfa_list_is_empty(const struct dfa_list *list)
{
	return list->next == list;
}

static inline void dfa_list_add(struct dfa_list *list, struct dfa_list *item)
{
	item->next = list;
	item->prev = list->prev;
	list->prev->next = item;
	list->prev = item;
}

static inline void dfa_list_del(struct dfa_list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	dfa_list_init(item);
}

#endif
