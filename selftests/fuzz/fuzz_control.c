// SPDX-License-Identifier: GPL-2.0
/*
 * Requests on the agent's control socket, which is a real one: whatever is
 * sent, each line gets an answer, and the next client is served as well.
 */
#include <errno.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "fuzz.h"

enum { TURNS_MAX = 64 };

static struct event_base *base;
static char path[64];

static json_t *cmd_echo(void *arg, const json_t *request)
{
	(void)arg;
	return json_pack("{s:O}", "request", request);
}

static json_t *cmd_refuse(void *arg, const json_t *request)
{
	(void)arg;
	(void)request;
	return json_pack("{s:b, s:s}", "ok", 0, "error", "no");
}

static const struct dfa_control_cmd cmds[] = {
	{ "echo", cmd_echo },
	{ "refuse", cmd_refuse },
	{ NULL, NULL },
};

static void setup(void)
{
	static struct dfa_control *control;

	base = event_base_new();
	require(base);
	snprintf(path, sizeof(path), "/tmp/fuzz-control-%d.sock", getpid());
	require(!dfa_control_open(&control, base, path, cmds, NULL, NULL));
}

static int client_new(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	require(fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

/* What the agent answers, up to @size; what it says when it hangs up is kept. */
static size_t talk(int fd, const void *request, size_t len, char *answer, size_t size)
{
	size_t got = 0;
	ssize_t n;
	int turn;

	(void)!send(fd, request, len, MSG_NOSIGNAL);
	shutdown(fd, SHUT_WR);
	for (turn = 0; turn < TURNS_MAX; turn++) {
		event_base_loop(base, EVLOOP_NONBLOCK);
		n = recv(fd, answer + got, size - got, 0);
		if (!n || (n < 0 && errno != EAGAIN) || got == size)
			break;
		got += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	event_base_loop(base, EVLOOP_NONBLOCK);
	return got;
}

static void check_lines(const char *answer, size_t size)
{
	const char *end;

	while ((end = memchr(answer, '\n', size))) {
		json_t *line = json_loadb(answer, (size_t)(end - answer), 0, NULL);

		require(json_is_object(line) && json_object_get(line, "ok"));
		json_decref(line);
		size -= (size_t)(end + 1 - answer);
		answer = end + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static const char good[] = "{\"cmd\":\"refuse\"}\n";
	static char answer[256 * 1024];

	if (!base)
		setup();
	check_lines(answer, talk(client_new(), input, size, answer, sizeof(answer)));
	require(talk(client_new(), good, strlen(good), answer, sizeof(answer)) > 2);
	return 0;
}
