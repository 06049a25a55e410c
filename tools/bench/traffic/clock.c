// SPDX-License-Identifier: GPL-2.0
/*
 * What work is counted in. Where a nanosecond is an instruction, or where only
 * time is to be had, the clock says it; on real hardware a counter of cycles
 * does, of everything that this processor does while we run.
 */
#include <errno.h>
#include <error.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "traffic.h"

static int counter = -1;

/* Softirqs run on the processor that raises them: stay on one. */
void clock_pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		error(1, errno, "sched_setaffinity");
}

void clock_count_cycles(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_CPU_CYCLES,
	};

	counter = syscall(SYS_perf_event_open, &attr, -1, sched_getcpu(), -1,
			  PERF_FLAG_FD_CLOEXEC);
	if (counter < 0)
		error(1, errno, "this machine counts no cycles for us (perf_event_open)");
}

uint64_t clock_read(void)
{
	struct timespec now;
	uint64_t cycles;

	if (counter < 0) {
		clock_gettime(CLOCK_MONOTONIC_RAW, &now);
		return now.tv_sec * 1000000000ull + now.tv_nsec;
	}
	if (read(counter, &cycles, sizeof(cycles)) != sizeof(cycles))
		error(1, errno, "the counter of cycles");
	return cycles;
}
