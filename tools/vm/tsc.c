// SPDX-License-Identifier: GPL-2.0
/* How fast the time stamp counter of this machine counts, in kHz. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

enum {
	TRIES = 100,
	WAIT_MS = 50,
};

struct sample {
	int64_t ns;
	uint64_t ticks;
};

/* Of many, that between whose ends the least happened. */
static struct sample sample(void)
{
	struct sample best = { 0 };
	uint64_t least = UINT64_MAX;
	int i;

	for (i = 0; i < TRIES; i++) {
		uint64_t begin = __rdtsc(), end;
		struct timespec now;

		clock_gettime(CLOCK_MONOTONIC_RAW, &now);
		end = __rdtsc();
		if (end - begin >= least)
			continue;
		least = end - begin;
		best.ns = now.tv_sec * 1000000000LL + now.tv_nsec;
		best.ticks = begin + (end - begin) / 2;
	}
	return best;
}

int main(void)
{
	struct timespec wait = { .tv_nsec = WAIT_MS * 1000000L };
	struct sample begin = sample(), end;

	nanosleep(&wait, NULL);
	end = sample();
	printf("%.0f\n", (double)(end.ticks - begin.ticks) * 1e6 /
	       (double)(end.ns - begin.ns));
	return 0;
}
