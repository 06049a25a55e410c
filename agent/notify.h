/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DFA_NOTIFY_H
#define DFA_NOTIFY_H

#include <event2/event.h>

/*
 * Tell the service manager, if there is one, as in "READY=1". Its socket is
 * named in the environment.
 */
void dfa_notify(const char *state);
void dfa_notify_status(const char *text);
/* How often the service manager wants a sign of life, in ms; 0: never. */
unsigned int dfa_notify_watchdog_ms(void);
/* Give it, if it does; the caller frees the event. */
int dfa_notify_watchdog(struct event **watchdog, struct event_base *base);

#endif
