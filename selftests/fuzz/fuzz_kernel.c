// SPDX-License-Identifier: GPL-2.0
/*
 * What the agent reads from the module: the replies to its dumps and to its
 * changes, and the notice that a family comes or goes. The first byte of the
 * input says which; without its last bit, the family is found.
 */
#include <libmnl/libmnl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fake_mnl.h"
#include "fuzz.h"
#include "kernel.h"
#include "util.h"

static int got_object(void *arg, enum dfa_kind kind, uint32_t id, const union dfa_value *value)
{
	struct dfa_state *state = arg;

	require(kind < DFA_KINDS && id);
	if (kind == DFA_MEMBER)
		id = dfa_state_member(state, &value->member);
	return dfa_state_have(state, kind, id, value);
}

static void got_refusal(void *arg, size_t index, int err, const char *why)
{
	require(err < 0 && err >= -4095);
	require(index < *(size_t *)arg);
	require(strlen(why) < 65536);
}

static void try_run(struct dfa_kernel *kernel)
{
	static const struct dfa_step steps[] = {
		{ .kind = DFA_NETWORK, .id = 1, .value.network.vni = 7 },
		{ .kind = DFA_PORT, .id = 2, .value.port = { .type = 1, .network = 1 } },
		{ .kind = DFA_CHASSIS, .id = 3, .is_delete = true },
		{ .kind = DFA_SET, .id = 4 },
		{ .kind = DFA_MEMBER, .id = 5, .is_delete = true,
		  .value.member = { .set = 4, .prefix.family = AF_INET } },
		{ .kind = DFA_RULE, .id = 6, .value.rule = { .group = 7, .set = 4 } },
	};
	size_t count = DFA_ARRAY_SIZE(steps);
	int sent = dfa_kernel_run(kernel, steps, count, got_refusal, &count);

	require(sent < 0 || (size_t)sent == count);
}

static void try_watch(const uint8_t *input, size_t size)
{
	int fds[2];

	require(!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds));
	(void)!send(fds[0], input, size < 8192 ? size : 8192, 0);
	dfa_kernel_watch_read(fds[1]);
	close(fds[0]);
	close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct dfa_kernel *kernel;
	struct dfa_state state;
	uint64_t idle_ms;

	if (!size)
		return 0;
	if (*input & 2) {
		try_watch(input + 1, size - 1);
		return 0;
	}
	fake_mnl_start(input + 1, size - 1, !(*input & 1));
	if (dfa_kernel_open(&kernel))
		return 0;
	dfa_state_init(&state);
	require(dfa_kernel_dump(kernel, got_object, &state) <= 0);
	idle_ms = UINT64_MAX;
	if (!dfa_kernel_idle(kernel, 1, &idle_ms))
		require(idle_ms <= UINT32_MAX);
	require(strlen(dfa_kernel_version(kernel)) < 32);
	try_run(kernel);
	dfa_kernel_close(kernel);
	dfa_state_fini(&state);
	return 0;
}
