#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: host
#
# What judges the other tests is tested itself: a runner that lets a failure
# pass would be worse than none.
ALL_TESTS="results_are_counted what_was_never_reported_has_failed
	a_test_without_cases_counts_itself a_program_that_dies_fails
	a_program_that_hangs_fails a_complaint_of_the_kernel_fails
	skips_must_be_listed_in_ci splats_are_found boot_messages_are_no_splats
	allocations_that_tests_let_fail_are_no_splats
	data_races_are_splats_if_they_are_ours unknown_kernels_are_refused
	lines_that_ran_are_counted
	a_failed_check_fails_the_case the_first_failure_of_a_case_is_explained a_failed_setup_fails_every_case
	deferred_commands_run_backwards wait_for_gives_up
	uninstall_removes_what_was_installed"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

SELFTESTS=$(cd "$(dirname "$0")/.." && pwd)
TOP=${SELFTESTS%/*}

count() {
	awk -f "$SELFTESTS/ktap.awk" -v mode=count | tail -n 1
}

# nest OUTPUT OPTION...: the nested form of a program's output
nest() {
	local output=$1
	shift
	printf '%b' "$output" | awk -f "$SELFTESTS/ktap.awk" -v mode=nest -v name=a/b.sh \
		-v number=1 -v status=0 "$@"
}

results_are_counted() {
	check_eq "the sum" "2 passed, 1 failed, 1 skipped" "$(
		count <<-END
			KTAP version 1
			1..2
			  KTAP version 1
			  1..3
			  ok 1 one
			  not ok 2 two
			  ok 3 three # SKIP no reason
			not ok 1 outer
			ok 2 alone
		END
	)"
}

what_was_never_reported_has_failed() {
	check_eq "the sum" "1 passed, 3 failed, 0 skipped" "$(
		count <<-END
			KTAP version 1
			1..2
			  KTAP version 1
			  1..3
			  ok 1 one
			not ok 1 outer
		END
	)"
}

a_test_without_cases_counts_itself() {
	check_eq "the sum" "1 passed, 0 failed, 0 skipped" "$(nest 'some words\n' | count)"
	check_eq "the sum" "0 passed, 1 failed, 0 skipped" "$(nest 'words\n' -v status=1 | count)"
}

a_program_that_dies_fails() {
	check_eq "early" "1 passed, 1 failed, 0 skipped" \
		"$(nest '1..2\nok 1 one\n' -v status=139 | count)"
	check_eq "late" "2 passed, 1 failed, 0 skipped" \
		"$(nest '1..2\nok 1 one\nok 2 two\n' -v status=139 | count)"
}

a_program_that_hangs_fails() {
	check_eq "the sum" "1 passed, 1 failed, 0 skipped" \
		"$(nest '1..2\nok 1 one\n' -v status=124 -v limit=5 | count)"
}

a_complaint_of_the_kernel_fails() {
	echo "BUG: something" >"$TMPDIR/splat"
	check_eq "the sum" "1 passed, 1 failed, 0 skipped" \
		"$(nest '1..1\nok 1 one\n' -v splat="$TMPDIR/splat" | count)"
}

skips_must_be_listed_in_ci() {
	local skipped='1..1\nok 1 one # SKIP no such thing\n'
	check_eq "at a desk" "0 passed, 0 failed, 1 skipped" "$(nest "$skipped" | count)"
	check_eq "in CI" "0 passed, 1 failed, 0 skipped" "$(nest "$skipped" -v ci=1 | count)"
	echo 'a/b\.sh:one	# a reason' >"$TMPDIR/skips"
	check_eq "in CI, listed" "0 passed, 0 failed, 1 skipped" \
		"$(nest "$skipped" -v ci=1 -v skips="$TMPDIR/skips" | count)"
}

splats_are_found() {
	local line
	for line in "BUG: KASAN: slab-out-of-bounds in df_key_parse" \
		"WARNING: CPU: 0 PID: 1 at kmod/main.c:1 df_init+0x1/0x2" \
		"WARNING: possible circular locking dependency detected" \
		"WARNING: suspicious RCU usage" "unreferenced object 0xffff888 (size 64):" \
		"refcount_t: underflow; use-after-free." "Oops: 0000 [#1] PREEMPT SMP" \
		"unregister_netdevice: waiting for tap1 to become free." \
		"INFO: task rmmod:12 blocked for more than 120 seconds."; do
		check_fails "$line" "$TOP/tools/vm/splats" <(echo "[    1.0] $line")
	done
}

boot_messages_are_no_splats() {
	printf '%s\n' "Linux version 6.1.0" "Kernel command line: kasan_multi_shot oops=panic" \
		"dragonflow: loading out-of-tree module taints kernel." >"$TMPDIR/boot"
	check "an ordinary boot" "$TOP/tools/vm/splats" "$TMPDIR/boot"
}

# cache_failed NAME ERROR: what the kernel says then
cache_failed() {
	printf '[    1.0] %s\n' "kmem_cache_create_usercopy($1) failed with error -$2" \
		"CPU: 0 PID: 1 Comm: faults.py" "Call Trace:" " dump_stack+0x1/0x2"
}

allocations_that_tests_let_fail_are_no_splats() {
	local error
	for error in 12 22; do
		cache_failed dragonflow_flow "$error" >"$TMPDIR/cache"
		check "a cache, $error" "$TOP/tools/vm/splats" "$TMPDIR/cache"
	done
	check_fails "of somebody else" "$TOP/tools/vm/splats" <(cache_failed other 12)
	check_fails "for another reason" "$TOP/tools/vm/splats" <(cache_failed dragonflow_flow 17)
	echo "[    2.0] Call Trace:" >>"$TMPDIR/cache"
	check_fails "a trace after it" "$TOP/tools/vm/splats" "$TMPDIR/cache"
}

# race FUNCTION: a report of KCSAN's, as it is on the console
race() {
	printf '[    1.0] %s\n' "====================" "BUG: KCSAN: data-race in one / other" \
		"write to 0xffff888001 of 8 bytes by task 7 on cpu 1:" " $1" "===================="
}

data_races_are_splats_if_they_are_ours() {
	check_fails "ours" "$TOP/tools/vm/splats" <(race "df_stats_add+0x1/0x2 [dragonflow]")
	check_fails "the last words" "$TOP/tools/vm/splats" <(race "df_a+0x1/0x2 [dragonflow]" | head -n 4)
	race "rcu_core+0x1/0x2" >"$TMPDIR/race"
	check "somebody else's" "$TOP/tools/vm/splats" "$TMPDIR/race"
	echo "[    1.1] dragonflow: hello [dragonflow]" >>"$TMPDIR/race"
	check "and a message after it" "$TOP/tools/vm/splats" "$TMPDIR/race"
	sed -i '3a [    1.0] BUG: scheduling while atomic' "$TMPDIR/race"
	check_fails "what else is said meanwhile" "$TOP/tools/vm/splats" "$TMPDIR/race"
}

unknown_kernels_are_refused() {
	local kernels output
	for kernels in 6.2 "6.1 oldest" debug1 "$TMPDIR"; do
		check_fails "check on $kernels" env "KERNEL=$kernels" "BUILD=$TMPDIR/build" "$SELFTESTS/run.sh" vm
		check_eq "$kernels: what was said" "run.sh: no kernel '${kernels#6.1 }'" "${OUTPUT%%: it is 6.1,*}"
		check "$kernels: nothing was begun" test ! -e "$TMPDIR/build"
	done
	output=$("$TOP/tools/vm/run" -k 6.2 true 2>&1)
	check_eq "run" "run: no kernel '6.2'" "${output%%: it is 6.1,*}"
}

# A tree of two files, built and run like ours.
lines_that_ran_are_counted() {
	local tree=$TMPDIR/tree coverage
	mkdir -p "$tree/selftests" "$tree/agent/lib" "$tree/kmod" "$tree/build"
	cp "$SELFTESTS/coverage.py" "$tree/selftests"
	printf '%s\n' 'int idle(void);' 'int main(int argc, char **argv)' '{' '	(void)argv;' \
		'	if (argc > 1)' '		return idle();' '	return 0;' '}' >"$tree/agent/lib/a.c"
	printf '%s\n' 'int idle(void);' 'int idle(void)' '{' '	return 0;' '}' >"$tree/kmod/k.c"
	cd "$tree" || return
	run gcc --coverage -O0 -c -o build/a.o agent/lib/a.c
	run gcc --coverage -O0 -c -o build/k.o kmod/k.c
	run gcc --coverage -o build/a build/a.o build/k.o
	coverage=$(selftests/coverage.py build not-run)
	check_eq "status with nothing run" 1 "$?"
	run build/a
	coverage=$(selftests/coverage.py build not-run)
	check_eq "status with too little run" 1 "$?"
	check_eq "lines" $'3 of 4 lines 75.0% agent/lib/a.c\n0 of 2 lines 0.0% kmod/k.c' \
		"$(awk '/\.c$/ { $1 = $1; print }' <<<"$coverage")"
	check_eq "what was not run" $'agent/lib/a.c:6\nkmod/k.c:2\nkmod/k.c:4' "$(<not-run)"
	run env GCOV_PREFIX="$PWD/elsewhere" build/a argument
	coverage=$(selftests/coverage.py build not-run elsewhere)
	check_eq "status with all run, here or elsewhere" 0 "$?"
	check_eq "what was not run then" "" "$(<not-run)"
}

# inner TEXT: run a test file with this text, print what it prints
inner() {
	printf '. "%s/lib.sh"\n%s\ntests_run\n' "$SELFTESTS" "$1" >"$TMPDIR/inner.sh"
	bash "$TMPDIR/inner.sh" 2>&1 | grep -E '^(not )?ok'
}

a_failed_check_fails_the_case() {
	check_eq "lines" $'not ok 1 a\nok 2 b\nok 3 c # SKIP why' "$(inner 'ALL_TESTS="a b c"
		a() { check "no" false; true; }
		b() { check "yes" true; }
		c() { skip why; }')"
}

the_first_failure_of_a_case_is_explained() {
	inner "ALL_TESTS='a b'
		explain() { echo x >>'$TMPDIR/explained'; }
		a() { check no false; check_eq no 1 2; run false; }
		b() { check yes true; }" >/dev/null
	check_eq "how often" 1 "$(wc -l <"$TMPDIR/explained")"
}

a_failed_setup_fails_every_case() {
	check_eq "lines" $'not ok 1 a\nnot ok 2 b' "$(inner 'ALL_TESTS="a b"
		setup() { run false; }
		a() { true; }
		b() { true; }')"
}

deferred_commands_run_backwards() {
	inner "ALL_TESTS=a
		add() { echo \"\$1\" >>'$TMPDIR/order'; }
		setup() { defer add last; }
		a() { defer add second; defer add first; fail now; }" >/dev/null
	check_eq "order" "first second last" "$(tr '\n' ' ' <"$TMPDIR/order" | sed 's/ $//')"
}

wait_for_gives_up() {
	local begin=$SECONDS
	check "true at once" wait_for 1 true
	check_fails "never true" wait_for 1 false
	check "in time" test $((SECONDS - begin)) -le $((3 * WAIT_FACTOR))
}

uninstall_removes_what_was_installed() {
	local dest=$TMPDIR/dest list
	echo content >"$TMPDIR/file"
	list=("755:$TMPDIR/file:/usr/bin/file" "link:file:/usr/bin/link")
	check "install" env DESTDIR="$dest" "$TOP/tools/install" install "${list[@]}"
	check "executable" test -x "$dest/usr/bin/file"
	check "link" cmp "$dest/usr/bin/link" "$TMPDIR/file"
	check "uninstall" env DESTDIR="$dest" "$TOP/tools/install" uninstall "${list[@]}"
	check_eq "left" "" "$(find "$dest" -type f -o -type l)"
}

tests_run
