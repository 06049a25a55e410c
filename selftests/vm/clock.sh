#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The VM's clock goes as fast as its machine's: otherwise no time limit of any
# test means anything.
ALL_TESTS="clock_is_right"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

RTC=/sys/class/rtc/rtc0/since_epoch
SECONDS_SEEN=4

# next_second: when the machine's clock shows another second, in microseconds
next_second() {
	local was now
	was=$(<"$RTC")
	until read -r now <"$RTC" && [ "$now" != "$was" ]; do :; done
	echo "${EPOCHREALTIME/./}"
}

clock_is_right() {
	local begin end i
	[ "${VM:-}" = 1 ] || skip "not in the test VM"
	[ -e "$RTC" ] || skip "the kernel does not read the machine's clock"
	begin=$(next_second)
	for ((i = 0; i < SECONDS_SEEN; i++)); do
		end=$(next_second)
	done
	log "$((end - begin)) us in $SECONDS_SEEN s"
	# a busy machine is late in looking, by less than a second
	check "not too fast" [ "$((end - begin))" -lt $(((SECONDS_SEEN + 1) * 1000000)) ]
	check "not too slow" [ "$((end - begin))" -gt $(((SECONDS_SEEN - 1) * 1000000)) ]
}

tests_run
