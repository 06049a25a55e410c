// SPDX-License-Identifier: GPL-2.0
#include "control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "util.h"

enum {
	REQUEST_MAX = 4096,
	CLIENTS_MAX = 64,
	CLIENT_TIMEOUT_S = 30,
};

/**
 * struct client - somebody who asks
 * @next: in &dfa_control.clients
 */
struct client {
	struct dfa_control *control;
	struct client *next;
	struct bufferevent *io;
};

struct dfa_control {
	struct evconnlistener *listener;
	struct event_base *base;
	const struct dfa_control_cmd *cmds;
	void *arg;
	struct client *clients;
	unsigned int client_count;
	char *path;
};

static void client_free(struct client *client)
{
	struct client **link = &client->control->clients;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	client->control->client_count--;
	bufferevent_free(client->io);
	free(client);
}

/* --- requests -------------------------------------------------------------- */

static json_t *refuse(const char *why)
{
	return json_pack("{s:b, s:s}", "ok", 0, "error", why);
}

static json_t *run_cmd(const struct dfa_control *control, const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));
	const struct dfa_control_cmd *cmd = control->cmds;
	json_t *answer;

	if (!name)
		return refuse("the request names no \"cmd\"");
	for (; cmd->name; cmd++) {
		if (strcmp(cmd->name, name) != 0)
			continue;
		answer = cmd->run(control->arg, request);
		if (!answer)
			return refuse("out of memory");
		if (!json_object_get(answer, "error"))
			json_object_set_new(answer, "ok", json_true());
		return answer;
	}
	return refuse("there is no such \"cmd\"");
}

static void answer_line(struct client *client, const char *line, size_t len)
{
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	struct evbuffer *out = bufferevent_get_output(client->io);
	__auto_free char *text = NULL;
	json_t *answer;

	answer = json_is_object(request) ?
			 run_cmd(client->control, request) :
			 refuse("the request is not a JSON object");
	text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
	if (text)
		evbuffer_add_printf(out, "%s\n", text);
	json_decref(answer);
	json_decref(request);
}

static void client_read(struct bufferevent *io, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(io);
	struct client *client = arg;
	size_t len;
	char *line;

	while ((line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF))) {
		answer_line(client, line, len);
		free(line);
	}
	if (evbuffer_get_length(in) > REQUEST_MAX)
		client_free(client);
}

static void client_event(struct bufferevent *io, short what, void *arg)
{
	(void)io;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		client_free(arg);
}

static void client_new(struct evconnlistener *listener, evutil_socket_t fd,
		       struct sockaddr *address, int len, void *arg)
{
	const struct timeval timeout = { .tv_sec = CLIENT_TIMEOUT_S };
	struct dfa_control *control = arg;
	struct client *client;

	(void)listener;
	(void)address;
	(void)len;
	client = control->client_count < CLIENTS_MAX ?
			 calloc(1, sizeof(*client)) :
			 NULL;
	if (client)
		client->io = bufferevent_socket_new(control->base, fd,
						    BEV_OPT_CLOSE_ON_FREE);
	if (!client || !client->io) {
		free(client);
		close(fd);
		return;
	}
	client->control = control;
	client->next = control->clients;
	control->clients = client;
	control->client_count++;
	bufferevent_setcb(client->io, client_read, NULL, client_event, client);
	bufferevent_set_timeouts(client->io, &timeout, &timeout);
	bufferevent_setwatermark(client->io, EV_READ, 0, REQUEST_MAX + 1);
	bufferevent_enable(client->io, EV_READ | EV_WRITE);
}

/* --- open and close -------------------------------------------------------- */

static void make_directories(const char *path)
{
	__auto_free char *copy = strdup(path);
	char *slash = copy;

	/* What cannot be made shows when the socket is bound. */
	while (slash && (slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		(void)mkdir(copy, 0755);
		*slash = '/';
	}
}

/* True if the socket was left behind by somebody who does not live. */
static bool is_abandoned(const struct sockaddr_un *address)
{
	__auto_close int fd = -1;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd >= 0 &&
	       connect(fd, (const struct sockaddr *)address,
		       sizeof(*address)) < 0 &&
	       errno == ECONNREFUSED;
}

static int bind_socket(const char *path, int *out)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	__auto_close int fd = -1;
	int err = 0;
	mode_t mask;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	make_directories(path);
	if (is_abandoned(&address))
		(void)unlink(path);

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0177);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err = -errno;
	umask(mask);
	if (err)
		return err;
	*out = dfa_take_fd(fd);
	return 0;
}

int dfa_control_open(struct dfa_control **out, struct event_base *base,
		     const char *path, const struct dfa_control_cmd *cmds,
		     void *arg, struct df_error *error)
{
	struct dfa_control *control = calloc(1, sizeof(*control));
	int fd = -1, err;

	if (!control)
		return dfa_error_set(error, -ENOMEM, "out of memory");
	control->base = base;
	control->cmds = cmds;
	control->arg = arg;
	err = bind_socket(path, &fd);
	if (err) {
		free(control);
		return dfa_error_set(error, err, "control socket %s: %s", path,
				     err == -EADDRINUSE ?
					     "another agent listens there" :
					     strerror(-err));
	}
	control->path = strdup(path);
	control->listener = evconnlistener_new(base, client_new, control,
					       LEV_OPT_CLOSE_ON_FREE |
					       LEV_OPT_CLOSE_ON_EXEC,
					       16, fd);
	if (!control->path || !control->listener) {
		if (!control->listener)
			close(fd);
		dfa_control_close(control);
		return dfa_error_set(error, -ENOMEM, "out of memory");
	}
	*out = control;
	return 0;
}

void dfa_control_close(struct dfa_control *control)
{
	if (!control)
		return;
	while (control->clients)
		client_free(control->clients);
	if (control->listener)
		evconnlistener_free(control->listener);
	if (control->path)
		(void)unlink(control->path);
	free(control->path);
	free(control);
}
