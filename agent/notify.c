// SPDX-License-Identifier: GPL-2.0
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util.h"

void dfa_notify(const char *state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	__auto_close int fd = -1;
	size_t len;

	len = path ? strlen(path) : 0;
	if (len < 2 || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	/* Nobody to tell is nothing to fail for. */
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		     (struct sockaddr *)&address,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

void dfa_notify_status(const char *text)
{
	char state[256];

	snprintf(state, sizeof(state), "STATUS=%s", text);
	dfa_notify(state);
}

unsigned int dfa_notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return (unsigned int)(strtoull(usec, NULL, 10) / 1000);
}

static void sign_of_life(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	dfa_notify("WATCHDOG=1");
}

int dfa_notify_watchdog(struct event **watchdog, struct event_base *base)
{
	unsigned int ms = dfa_notify_watchdog_ms() / 2;
	struct timeval tv = {
		.tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000,
	};

	if (!ms)
		return 0;
	*watchdog = event_new(base, -1, EV_PERSIST, sign_of_life, NULL);
	return !*watchdog || event_add(*watchdog, &tv) ? -ENOMEM : 0;
}
