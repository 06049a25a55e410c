#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: host
#
# The control plane's benchmark: refuses what it does not know, and one small
# run of it, in its own VM, says that what is promised holds.
# TIMEOUT=900
ALL_TESTS="unknown_names_are_refused_with_the_known_ones
	what_takes_too_long_is_measured_when_asked_for
	everything_asked_for_is_measured
	a_change_takes_less_than_10_ms
	a_restart_writes_nothing
	a_killed_agent_costs_no_probe
	every_agent_hears_of_every_change"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

RUN=$(cd "$(dirname "$0")/../../tools/bench/control" && pwd)/run
PORTS=20

setup() {
	adf_tmpdir
	OUT=$PWD
	# a quiet machine needs 30 s
	quietly "$RUN" -o "$OUT" -n "$PORTS" -r 1 -y dragonflow
	MEASURED=$?
	log "$OUTPUT"
}

refused() {
	check_fails "$1" "$RUN" -o "$TMPDIR/none" "${@:2}"
	"$RUN" -o "$TMPDIR/none" "${@:2}" >"$TMPDIR/said" 2>&1
}

unknown_names_are_refused_with_the_known_ones() {
	refused "a scenario" -s "size no-such"
	check "names it" grep -q 'no such scenario: no-such ' "$TMPDIR/said"
	check "lists others" grep -q 'there are:.* commit-to-kernel ' "$TMPDIR/said"
	refused "a system" -y no-such
	check "lists others" grep -q 'there are: dragonflow ovn' "$TMPDIR/said"
	refused "a driver" -d no-such
	check "lists others" grep -q 'there are:.* sqlite' "$TMPDIR/said"
	refused "no number" -n many
	refused "a number too small" -n 1
	refused "no number of agents" -a few
	refused "an argument" no-such
	check "nothing was made" [ ! -e "$TMPDIR/none" ]
	check "helps" "$RUN" --help
}

# plan PORTS: what is measured of OVN, and what is left out
plan() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(dirname "$RUN") /usr/bin/python3 -c \
		"import main; print(*main.plan($1, ['ovn']))"
}

what_takes_too_long_is_measured_when_asked_for() {
	check_eq "by default" "[(100, 'ovn'), (1000, 'ovn')] [(10000, 'ovn')]" "$(plan None)"
	check_eq "asked for" "[(10000, 'ovn')] []" "$(plan '[10000]')"
}

# value_of SCENARIO METRIC [FILE]: its value, or nothing
value_of() {
	jq -r --arg scenario "$1-$PORTS" --arg metric "$2" '.[] | select(.system == "dragonflow"
		and .scenario == $scenario and .metric == $metric).value' "${3:-$OUT/bench-control.json}"
}

# at_most LIMIT NUMBER: fails for nothing, too
at_most() {
	[ -n "$2" ] && awk -v limit="$1" -v n="$2" 'BEGIN { exit !(n <= limit) }'
}

# more_than LIMIT NUMBER: fails for nothing, too
more_than() {
	[ -n "$2" ] && awk -v limit="$1" -v n="$2" 'BEGIN { exit !(n > limit) }'
}

is_there() {
	[ -n "$(value_of "$@")" ]
}

everything_asked_for_is_measured() {
	local wanted
	check_eq "exit status" 0 "$MEASURED"
	for wanted in "cold-start seconds" "cold-start-offline-sqlite seconds" "restart seconds" "restart objects_written" \
		"size objects" "size flow_entries" "size kernel_bytes" "size database_bytes" \
		"size hypervisor_rss_bytes" "size hypervisor_pss_bytes" "size central_pss_bytes" \
		"commit-to-kernel-sqlite p50_ms" "commit-to-kernel-sqlite p99_ms" \
		"commit-to-kernel-sqlite commit_p50_ms" "commit-to-kernel-sqlite command_ms" \
		"outage-agent-killed probes_lost" "outage-agent-killed probes"; do
		# shellcheck disable=SC2086 # two words
		check "$wanted" is_there $wanted
	done
	# all ports, the tunnel's, the network and the chassis
	check_eq "objects" $((PORTS + 3)) "$(value_of size objects)"
}

a_change_takes_less_than_10_ms() {
	check "committed to programmed" at_most 10 "$(value_of commit-to-kernel-sqlite p50_ms)"
}

a_restart_writes_nothing() {
	check_eq "objects written" 0 "$(value_of restart objects_written)"
}

# The flow lasts four seconds, and the restart.
a_killed_agent_costs_no_probe() {
	check_eq "lost" 0 "$(value_of outage-agent-killed probes_lost)"
	check "enough were sent" more_than 3500 "$(value_of outage-agent-killed probes)"
}

# In no VM: agents without a kernel.
every_agent_hears_of_every_change() {
	local PORTS=3 found=$OUT/agents/bench-control.json
	check "they are measured" "$RUN" -o "$OUT/agents" -a 3 -n 30 -d sqlite -s "fan-out agent-start"
	check "a change gets to all of them" at_most 1000 "$(value_of fan-out-sqlite last_p50_ms "$found")"
	check "not in no time" more_than 0 "$(value_of fan-out-sqlite p50_ms "$found")"
	check "as fast as they are written" more_than 1 "$(value_of fan-out-sqlite changes_per_s "$found")"
	PORTS=30
	check "one network of one" at_most 60 "$(value_of agent-start-sqlite-1-networks seconds "$found")"
	check "ten of a thousand" at_most 60 "$(value_of agent-start-sqlite-1000-networks seconds "$found")"
}

tests_run
