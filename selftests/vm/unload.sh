#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests before this one must leave behind: nothing. Runs last (the
# suite goes by name), in the same VM.
# TIMEOUT=180

ALL_TESTS="no_namespace_is_left module_unloads module_loads_again no_memory_is_lost"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

setup() {
	need_dragonflow
}

no_namespace_is_left() {
	check_eq "namespaces" "" "$(ip netns list)"
}

# A namespace's last references go in the background.
module_unloads() {
	require "rmmod" wait_for 10 rmmod dragonflow
	check_fails "is it loaded" grep -q '^dragonflow ' /proc/modules
}

module_loads_again() {
	check "load" modprobe dragonflow
	check "unload" wait_for 10 rmmod dragonflow
}

# But for the name that the kernel itself loses when nl/faults.py does not let it
# show a cache in sysfs.
leaks() {
	echo scan >/sys/kernel/debug/kmemleak
	awk '
	function tell() { if (object !~ /sysfs_slab_add/) printf "%s", object; object = "" }
	/^unreferenced/ { tell() }
	{ object = object $0 "\n" }
	END { tell() }' /sys/kernel/debug/kmemleak
}

# kmemleak calls a leak what it has not found twice, and is young no more.
no_memory_is_lost() {
	[ -w /sys/kernel/debug/kmemleak ] || return 0
	leaks >/dev/null
	sleep 6
	check_eq "leaks" "" "$(leaks | grep -A 20 unreferenced)"
}

tests_run
