#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fuzz every parser that reads what others wrote, from its corpus on: each
# FUZZ_SECONDS, or a few; as many at a time as there are processors. FUZZ_SEED
# makes a run repeatable (but for what depends on time). What libFuzzer finds
# stays in $DF_BUILD/fuzz/found; selftests/fuzz/keep brings it into the corpora.
# TIMEOUT=600
TARGETS=$(cd "$(dirname "$0")" && printf '%s\n' fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')
# shellcheck disable=SC2034,SC2086 # lib.sh reads it; a list of words
ALL_TESTS="every_target_has_a_corpus $(printf 'any_%s_is_parsed\n' $TARGETS)"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

SECONDS_EACH=${FUZZ_SECONDS:-2}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
OUT=${DF_BUILD:-$HERE/../../build}/fuzz

# In the directory of a target: its corpus, what was found, and its output.
fuzz_one() {
	local name=$1 program=$OUT/fuzz_$1
	mkdir -p "$OUT/found/$name" "$WORK/$name"
	python3 "$HERE/corpus.py" unpack "$HERE/corpus/$name" "$WORK/$name"
	if nm "$program" | grep -q ' T LLVMFuzzerRunDriver$'; then
		"$program" -runs=0 "$WORK/$name" &&
			"$program" -max_len=4096 "-max_total_time=$SECONDS_EACH" "-seed=${FUZZ_SEED:-0}" \
				"-artifact_prefix=$OUT/found/crash-$name-" "$OUT/found/$name" "$WORK/$name"
	else
		"$program" "$SECONDS_EACH" "$WORK/$name"/*
	fi
}

fuzz_all() {
	local name
	for name in $TARGETS; do
		while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
		{
			fuzz_one "$name" >"$WORK/$name.log" 2>&1
			echo $? >"$WORK/$name.status"
		} &
	done
	wait
}

setup() {
	WORK=$(mktemp -d "$TMPDIR/fuzz.XXXXXX")
	defer rm -rf "$WORK"
	fuzz_all
}

every_target_has_a_corpus() {
	check_eq "targets and corpora" "$TARGETS" "$(cd "$HERE/corpus" && printf '%s\n' *)"
}

fuzz_result() {
	log "$(tail -n 40 "$WORK/$1.log")"
	check_eq "exit status of fuzz_$1" 0 "$(<"$WORK/$1.status")"
}

for name in $TARGETS; do
	eval "any_${name}_is_parsed() { fuzz_result $name; }"
done

tests_run
