// SPDX-License-Identifier: GPL-2.0
/* A question to the agent: one line of JSON there, one line back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"

enum {
	USUAL_TIMEOUT_MS = 3000,
	ANSWER_MAX = 16 << 20,
};

static int socket_connect(const char *path, int timeout_ms)
{
	struct timeval timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* Up to the end of the line, which is replaced by the end of the text. */
static int line_read(int fd, char **out)
{
	__auto_free char *text = NULL;
	size_t len = 0, room = 0;
	ssize_t got;
	char *end;

	do {
		if (len + 1 >= room) {
			room = room * 2 + 4096;
			text = dfctl_realloc(text, room);
		}
		got = read(fd, text + len, room - len - 1);
		if (got < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		len += (size_t)got;
		text[len] = '\0';
		end = strchr(text, '\n');
	} while (got && !end && len < ANSWER_MAX);
	if (!end)
		return got ? -EMSGSIZE : -ECONNRESET;
	*end = '\0';
	*out = text;
	text = NULL;
	return 0;
}

static int ask(int fd, const char *question, json_t **out)
{
	__auto_free char *line = NULL;
	size_t len = strlen(question);
	json_t *answer;
	int err;

	if (send(fd, question, len, MSG_NOSIGNAL) != (ssize_t)len)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	err = line_read(fd, &line);
	if (err)
		return err;
	answer = json_loads(line, 0, NULL);
	if (!json_is_object(answer) || json_is_false(json_object_get(answer, "ok"))) {
		json_decref(answer);
		return -EPROTO;
	}
	*out = answer;
	return 0;
}

/**
 * dfctl_control_ask - ask the agent of this hypervisor
 * @ctl: says where it listens, and how long to wait
 * @cmd: the question, a word
 * @out: set to the answer, if the result is 0
 *
 * Return: 0 or -errno; -ECONNREFUSED and -ENOENT mean that no agent runs.
 */
int dfctl_control_ask(const struct dfctl *ctl, const char *cmd, json_t **out)
{
	int timeout_ms = ctl->timeout_ms > 0 ? ctl->timeout_ms : USUAL_TIMEOUT_MS;
	__auto_free char *question = dfctl_strf("{\"cmd\":\"%s\"}\n", cmd);
	__auto_free char *path = dfctl_control_socket(ctl);
	int fd, err;

	fd = socket_connect(path, timeout_ms);
	if (fd < 0)
		return fd;
	err = ask(fd, question, out);
	close(fd);
	return err;
}
