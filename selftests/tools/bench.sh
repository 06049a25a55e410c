#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: host
#
# The benchmark: refuses what it does not know, believes no nonsense, and one
# small run of it, in its own VM, says that the fast path is still fast.
# TIMEOUT=300
ALL_TESTS="unknown_names_are_refused_with_the_known_ones
	all_means_all nonsense_is_refused
	every_result_is_in_the_table_and_the_picture
	what_is_left_out_is_listed a_result_is_kept_when_the_rest_fails
	what_is_published_is_what_was_measured
	packets_cost_no_more_than_is_promised"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

BENCH=$(cd "$(dirname "$0")/../../tools/bench" && pwd)
DOCS=$(cd "$(dirname "$0")/../../Documentation" && pwd)
# Promised for a packet that has a flow entry, beyond what the kernel needs to move
# it: instructions, the same on any machine.
declare -A PROMISED=(["l2-local"]=500 ["l3-local"]=700 ["l3-remote-send"]=1500 ["l3-remote-receive"]=1500)

# refused WHAT ARGUMENT...: exit status and the text of a refusal
refused() {
	check_fails "$1" "$BENCH/run" -o "$TMPDIR/out" "${@:2}"
	"$BENCH/run" -o "$TMPDIR/out" "${@:2}" >"$TMPDIR/said" 2>&1
}

unknown_names_are_refused_with_the_known_ones() {
	refused "a scenario" -s "l2-local no-such"
	check "names it" grep -q 'no such scenario: no-such$' "$TMPDIR/said"
	check "lists others" grep -q 'known:.* l2-remote-send .*sweep-ports' "$TMPDIR/said"
	refused "a system" -y no-such
	check "lists others" grep -q 'known:.* dragonflow .*ovn' "$TMPDIR/said"
	refused "no scenario" -s ""
	refused "an argument" no-such
	check "nothing was made" [ ! -e "$TMPDIR/out" ]
}

plan() {
	PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$BENCH/bench.py" --plan "$@"
}

all_means_all() {
	check_eq "as many as -h lists" \
		"$("$BENCH/run" -h | sed -n 's/^scenarios: //p' | tr ' ' '\n' | grep -c .)" \
		"$(plan --scenarios all | sed -n '1s/.*--scenarios //p' | tr ' ' '\n' | grep -c .)"
	check_eq "one, and the zero line" \
		"--unit instructions --systems mirred flower --scenarios tcp-rr" \
		"$(plan --scenarios tcp-rr --systems flower)"
	check_eq "instructions, then time" $'instructions\ntime' \
		"$(plan --scenarios l2-local | cut -d' ' -f2)"
}

# entries JSON...: a file of results
entries() {
	jq -s . >"$TMPDIR/bench.json" <<<"$*"
}

report() {
	PYTHONDONTWRITEBYTECODE=1 "$BENCH/report.py" "$TMPDIR/bench.json" "$@" 2>&1
}

entry() {
	jq -nc --arg scenario "$1" --arg system "$2" --argjson value "$3" \
		'{$scenario, $system, metric: "instructions_net", $value, unit: "instructions", runs: [$value, $value + 2]}'
}

nonsense_is_refused() {
	local good change
	good=$(entry l2-local dragonflow 300)
	entries "$good"
	check "good" report
	for change in 'del(.unit)' '.value = "300"' '.value = 500' '.runs = []' \
		'.scenario = ""' '.more = 1' '.runs = [300, null]'; do
		entries "$(jq -c "$change" <<<"$good")"
		check_fails "$change" report
	done
	entries "$good" "$good"
	check_fails "twice" report
	echo '[]' >"$TMPDIR/bench.json"
	check_fails "empty" report
}

every_result_is_in_the_table_and_the_picture() {
	entries "$(entry l2-local dragonflow 312)" "$(entry l2-local ovs 2413)" \
		"$(entry tcp-rr dragonflow 691)" "$(entry sweep-ports-10 dragonflow 314)"
	report --svg "$TMPDIR/bench.svg" --pick '^(l2|tcp)-' >"$TMPDIR/table"
	check "a row" grep -Eq '^l2-local +312 +2413 ' "$TMPDIR/table"
	check "what is not there" grep -Eq '^tcp-rr +691 +- ' "$TMPDIR/table"
	check "a sweep" grep -Eq '^sweep-ports-10 +314 ' "$TMPDIR/table"
	check "XML" /usr/bin/python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$TMPDIR/bench.svg"
	check_eq "a bar for each that was picked" 3 "$(grep -cE '<rect .*class="(us|other)"' "$TMPDIR/bench.svg")"
	check_eq "two of them ours" 2 "$(grep -c 'class="us"' "$TMPDIR/bench.svg")"
}

what_is_left_out_is_listed() {
	entries "$(entry l2-local dragonflow 312)"
	echo '[{"scenario": "l3-local", "system": "dragonflow", "why": "not yet"}]' >"$TMPDIR/missing.json"
	check_eq "the last line" "  dragonflow: not yet: l3-local" \
		"$(report --missing "$TMPDIR/missing.json" | tail -n 1)"
}

# One result, and then what a VM's end looks like.
a_result_is_kept_when_the_rest_fails() {
	check_fails "is killed" env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$BENCH" /usr/bin/python3 -c '
import os, sys, types, bench
system = types.SimpleNamespace(NAME="mirred", down=lambda: None)
results = bench.Bench("instructions", sys.argv[1])
results._try("l2-local", system, lambda: [5560, 5561])
results._try("l3-local", system, lambda: os.kill(os.getpid(), 9))' "$TMPDIR"
	check_eq "the one" "l2-local 5560" \
		"$(jq -r '.[] | "\(.scenario) \(.value)"' "$TMPDIR/instructions.json")"
	check_eq "nothing half done" "" "$(find "$TMPDIR" -name '*.new')"
}

# The first table, the totals, is not.
what_is_published_is_what_was_measured() {
	local page=$DOCS/benchmarks.md
	cp "$DOCS/bench.json" "$TMPDIR"
	report --markdown | sed '1,/^$/d' | grep '^|' >"$TMPDIR/tables"
	check "there are tables" [ "$(grep -c . "$TMPDIR/tables")" -gt 20 ]
	check_eq "not on the page" "" "$(grep -vxFf "$page" "$TMPDIR/tables")"
	report --svg "$TMPDIR/bench.svg" >"$TMPDIR/table"
	check "the picture" cmp "$TMPDIR/bench.svg" "$DOCS/bench.svg"
}

# net SCENARIO LIMIT: is it more than nothing, and not more than promised?
net() {
	jq -es --arg scenario "$1" --argjson limit "$2" '.[0] | map(select(
		.scenario == $scenario and .metric == "instructions_net").value) |
		length == 1 and .[0] > 0 and .[0] <= $limit' "$TMPDIR/out/bench.json"
}

packets_cost_no_more_than_is_promised() {
	local scenario
	check "runs" "$BENCH/run" -q -o "$TMPDIR/out" -s "${!PROMISED[*]}" -y dragonflow
	log "$(cat "$TMPDIR/out/bench.txt")"
	for scenario in "${!PROMISED[@]}"; do
		check "$scenario" net "$scenario" "${PROMISED[$scenario]}"
	done
	check "runs agree to 5 % of the total" jq -es '.[0] | map(select(.metric == "instructions_total")) |
		all((.runs | max) < (.runs | min) * 1.05)' "$TMPDIR/out/bench.json"
}

tests_run
