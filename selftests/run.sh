#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that is checked before a change is good: linters, unit tests, the
# tests that need no kernel of ours, and in a VM, one boot per kernel, all the
# others; they run side by side. Prints KTAP; the last line is "N passed, N
# failed, N skipped".
#   run.sh [TEST...]	all, or these: lint, unit, unit/test_NAME, db,
#			net/l2_local.sh, ... (relative to selftests/)
#   KERNEL="6.1 debug"	the kernels, 6.1, 6.12, newest, debug, kcsan, or the
#			directory of a build tree
#   CPUS=N		processors of a VM (2; 1 if it is emulated, but for newest
#			and kcsan)
#   SCALE_PORTS=N	ports of the tests with many (10000 with the first kernel, 3000
#			if it is emulated; 600 with others and debug kernels)
#   CI=true		a skip that selftests/skips does not list is a failure
#   FUZZ_SECONDS=3600	how long each case of a fuzzer goes on (a few seconds)
#   FUZZ_SEED=N		what a fuzzer has printed, to have the same again
#   SOAK_SECONDS=3600	how long the soak goes on (a short round)
#   SOAK_ROUNDS=N	instead: how many rounds
#   SEED=N		what the soak has printed, to have the same again
#   VM_ARGS=...		more arguments for the kernels
#   COVERAGE=1		leave counters of lines (coverage.sh), and lint nothing
#   V=1			all output
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/../tools/lib.sh"
# shellcheck source=tools/vm/lib.sh
. "$TOP/tools/vm/lib.sh"
cd "$TOP"

read -ra KERNELS <<<"${KERNEL:-$KERNELS_TESTED}"
unset KERNEL
export DF_BUILD=$BUILD_DIR CI=${CI:-} V=${V:-0} FUZZ_SECONDS=${FUZZ_SECONDS:-} FUZZ_SEED=${FUZZ_SEED:-} COVERAGE=${COVERAGE:-}
export SOAK_SECONDS=${SOAK_SECONDS:-} SOAK_ROUNDS=${SOAK_ROUNDS:-} SEED=${SEED:-}
WANTED=("$@")
LAST_TEST=vm/unload.sh

# wanted NAME: asked for by name, or as a part of what was asked for.
wanted() {
	local w
	[ "${#WANTED[@]}" != 0 ] || return 0
	for w in "${WANTED[@]}"; do
		case $1/ in "$w"/*) return 0 ;; esac
	done
	return 1
}

# find_tests host|vm|one: the test files that run there. Those of the database
# and the fuzzers need no kernel of ours, nor do those that say "# RUN-ON: host".
# "# RUN-ON: one-kernel" is for what does not differ from kernel to kernel.
find_tests() {
	local file place
	find selftests -mindepth 2 -type f \( -name '*.sh' -o -name '*.py' \) -perm -u+x \
		! -path 'selftests/unit/*' | sort |
		while read -r file; do
			place=vm
			case $file in selftests/db/* | selftests/fuzz/*) place=host ;; esac
			case $(sed -n 's/^# RUN-ON: //p;20q' "$file") in
			host) place=host ;;
			one-kernel) place=one ;;
			esac
			file=${file#selftests/}
			if [ "$place" = "$1" ] && wanted "$file"; then
				echo "$file"
			fi
		done
}

find_unit_tests() {
	local file
	for file in "$BUILD_DIR"/unit/test_*; do
		if [ -f "$file" ] && [ -x "$file" ] && wanted "unit/$(basename "$file")"; then
			echo "$file"
		fi
	done
}

# part NAME CMD...: one entry of the outermost test; CMD prints what is nested
# in it, or nothing.
part() {
	local name=$1 seconds=$SECONDS err=0
	shift
	number=$((number + 1))
	"$@" | sed -u 's/^/  /' || err=$?
	seconds=$((SECONDS - seconds))
	if [ "$1" = show_job ]; then read -r _ seconds <"$(results_of "$2")/ended"; fi
	echo "# time: $name $seconds s"
	if [ "$err" = 0 ]; then echo "ok $number $name"; else echo "not ok $number $name"; fi
	return "$err"
}

build() {
	make -k -j "$(nproc)" lib agent tools unit fuzz 2>&1 | comment
}

comment() {
	sed -u 's/^/# /'
}

lint() {
	tools/lint/run
}

unit() {
	local tests
	mapfile -t tests < <(find_unit_tests)
	host "$1" "${tests[@]}"
}

# host NAME TEST...: fails if anything in it did
host() {
	local dir
	dir=$(results_of "$1")
	shift
	selftests/suite "$@" | tee "$dir/suite"
	! grep -q '^ *not ok' "$dir/suite"
}

# vm NAME KERNEL TEST...
vm() {
	local kernel=$2 dir limit=0 patience=2 cpus ports=3000 file env counters=()
	dir=$(results_of "$1")
	shift 2
	# an emulated processor is slow, a debug kernel on it is slower
	if tools/vm/kvm-ok; then patience=1 ports=10000; fi
	if is_debug "$kernel" || is_tree "$kernel"; then
		patience=$((patience * 3)) ports=600
	fi
	# how many there can be is no matter of the kernel
	[ "$kernel" = "${KERNELS[0]}" ] || ports=600
	cpus=$(processors "$kernel")
	tools/vm/module "$kernel" 2>&1 | comment || return 1
	for file in "$@"; do
		limit=$((limit + $(limit_of "$file")))
	done
	env="CI=$CI V=$V WAIT_FACTOR=$patience DF_BUILD=$DF_BUILD FUZZ_SECONDS=$FUZZ_SECONDS FUZZ_SEED=$FUZZ_SEED"
	env+=" SOAK_SECONDS=$SOAK_SECONDS SOAK_ROUNDS=$SOAK_ROUNDS SEED=$SEED"
	env+=" SCALE_PORTS=${SCALE_PORTS:-$ports}"
	if [ -n "$COVERAGE" ]; then
		mkdir -p "$dir/counters"
		counters=(-w "$dir/counters")
		env+=" COVERAGE=$dir/counters"
	fi
	tools/vm/run -k "$kernel" -p "$cpus" -c "$dir/console" -t $((60 + limit * patience + 4 * ${FUZZ_SECONDS:-0} + 2 * ${SOAK_SECONDS:-0})) \
		-a "${VM_ARGS:-}" "${counters[@]}" \
		"$env exec selftests/suite $*" 2>"$dir/complaints" | tee "$dir/suite" || return $?
	! grep -q '^ *not ok' "$dir/suite"
}

# processors KERNEL: how many its VM has. Two emulated ones wait for each other,
# even more so when another VM runs beside this one. The newest kernel and kcsan
# show what goes wrong between processors, and the debug kernel may preempt
# anywhere.
processors() {
	local n=2
	if [[ $1 != newest && $1 != kcsan ]] && ! tools/vm/kvm-ok; then n=1; fi
	echo "${CPUS:-$n}"
}

# The VM itself is a case: it must have ended well, its kernel silent.
vm_ended() {
	local dir
	dir=$(results_of "$1")
	[ -s "$dir/complaints" ] || return 0
	comment <"$dir/complaints"
	return 1
}

results_of() {
	printf '%s/%s\n' "$RESULTS" "$1"
}

# --- side by side -------------------------------------------------------------
#
# A VM keeps one processor busy for most of the time, and the tests of the host
# wait for most of it, so there is one job more than there are processors. What
# one prints goes to a file, and from there into the stream when its turn has
# come.

# start CMD...: in the background, in a process group that ends with us
start() {
	set -m
	"$@" 9>&- &
	set +m
	groups+=("$!")
}

end_groups() {
	local group
	for group in ${groups[@]+"${groups[@]}"}; do
		kill -- "-$group" 2>/dev/null || true
	done
}

# run_job lint|unit|host|vm NAME [ARGUMENT...]
run_job() {
	local dir err=0 begin=$SECONDS
	dir=$(results_of "$2")
	"$@" >"$dir/part" 2>&1 || err=$?
	echo "$err $((SECONDS - begin))" >"$dir/ended.new"
	mv "$dir/ended.new" "$dir/ended"
}

# run_jobs: when what they need has been built
run_jobs() {
	local job arguments
	until [ -e "$RESULTS/built" ]; do sleep 0.2; done
	for job in "${jobs[@]}"; do
		# wait says how a job ended; whoever shows it reads that from its file,
		# and finds none if the job was ended before it could write it
		while [ "$(jobs -rp | wc -l)" -gt "$(nproc)" ]; do wait -n || true; done
		read -ra arguments <<<"$job"
		run_job "${arguments[@]}" &
	done
	wait
}

# show_job NAME: what it prints, until it has ended; then its status. When all
# of us is being ended, it never will.
show_job() {
	local dir err
	dir=$(results_of "$1")
	{
		until [ -e "$dir/ended" ] || ! kill -0 "${groups[-1]}" 2>/dev/null; do
			cat
			sleep 0.2
		done
		cat
	} <"$dir/part"
	read -r err _ <"$dir/ended"
	return "$err"
}

# add_job TITLE lint|unit|host|vm NAME [ARGUMENT...]
add_job() {
	local title=$1 dir
	shift
	dir=$(results_of "$2")
	mkdir -p "$dir"
	: >"$dir/part"
	# the longest first, so that the others fill the gaps
	if [ "$1" = vm ] && is_debug "$3"; then
		jobs=("$*" ${jobs[@]+"${jobs[@]}"})
	else
		jobs+=("$*")
	fi
	add_part "$title" show_job "$2"
}

# add_vm NAME KERNEL TEST...: whatever is asked of a debug kernel, it also looks
# for leaks.
add_vm() {
	local name=$1
	shift
	if is_debug "$1" && [[ " $* " != *" $LAST_TEST "* ]]; then set -- "$@" "$LAST_TEST"; fi
	add_job "kernel $name" vm "$name" "$@"
	add_part "kernel $name is silent to its end" vm_ended "$name"
}

limit_of() {
	sed -n 's/^# TIMEOUT=\([0-9]*\)$/\1/p;20q' "selftests/$1" | grep . || echo 120
}

# shares N TEST...: the tests in N lines, which take about as long as each other
# if their time limits are a guide. The last test is in none.
shares() {
	local n=$1 file
	for file in "${@:2}"; do
		[ "$file" = "$LAST_TEST" ] || echo "$(limit_of "$file") $file"
	done | sort -s -k 1,1nr | awk -v n="$n" '
	{
		least = 1
		for (i = 2; i <= n; i++)
			if (sum[i] < sum[least])
				least = i
		sum[least] += $1
		list[least] = list[least] " " $2
	}
	END {
		for (i = 1; i <= n; i++)
			print list[i]
	}'
}

# A kernel whose VM has one processor gets as many VMs as there are processors.
add_vms() {
	local kernel=$1 name n=0 tests
	name=$(basename "$kernel")
	shift
	if [ "$(processors "$kernel")" != 1 ] || [ "$#" = 1 ]; then
		add_vm "$name" "$kernel" "$@"
		return
	fi
	shares "$(nproc)" "$@" >"$RESULTS/shares"
	while read -ra tests; do
		n=$((n + 1))
		if [ "$n" = 1 ] && [[ " $* " = *" $LAST_TEST "* ]]; then tests+=("$LAST_TEST"); fi
		[ "${#tests[@]}" = 0 ] || add_vm "$name-$n" "$kernel" "${tests[@]}"
	done <"$RESULTS/shares"
}

add_part() {
	names+=("$1")
	commands+=("${*:2}")
}

plan_parts() {
	local host_tests vm_tests one_tests unit kernel
	mapfile -t host_tests < <(find_tests host)
	mapfile -t vm_tests < <(find_tests vm)
	mapfile -t one_tests < <(find_tests one)
	unit=${WANTED[*]/#/ }
	if [ "${WANTED[*]}" != lint ]; then add_part build build; fi
	if [ "${#WANTED[@]}" = 0 ] || [[ "$unit " = *" unit"[\ /]* ]]; then add_job unit unit unit; fi
	for kernel in "${KERNELS[@]}"; do
		[ "${#one_tests[@]}${#vm_tests[@]}" != 00 ] || break
		add_vms "$kernel" "${one_tests[@]}" "${vm_tests[@]}"
		one_tests=()
	done
	[ "${#host_tests[@]}" = 0 ] || add_job host host host "${host_tests[@]}"
	if wanted lint && [ -z "$COVERAGE" ]; then add_job lint lint lint; fi
}

run_parts() {
	local i command
	echo "KTAP version 1"
	echo "1..${#names[@]}"
	for i in "${!names[@]}"; do
		read -ra command <<<"${commands[i]}"
		[ "${command[0]}" = build ] || touch "$RESULTS/built"
		part "${names[i]}" "${command[@]}" || true
	done
}

# Several runs may share a build directory; the last one to end is kept.
keep_results() {
	chmod 755 "$RESULTS"
	rm -rf "$BUILD_DIR/results"
	mv -T "$RESULTS" "$BUILD_DIR/results" 2>/dev/null || rm -rf "$RESULTS"
}

# What is slow to build begins at once; the VM that needs it waits for it.
build_debug_kernels() {
	local kernel
	for kernel in "${KERNELS[@]}"; do
		if is_debug "$kernel"; then tools/vm/debug-kernel "$kernel" || return; fi
	done
}

names=() commands=() jobs=() groups=() number=0
for kernel in "${KERNELS[@]}"; do
	kernel_known "$kernel" || die "no kernel '$kernel': it is $KERNELS_KNOWN"
done
mkdir -p "$BUILD_DIR"
RESULTS=$(mktemp -d "$BUILD_DIR/results.XXXXXX")
trap 'end_groups; keep_results' EXIT
tools/deps/install
echo "# time: dependencies $SECONDS s"
plan_parts
[ "${names[*]}" != build ] || die "no such test: ${WANTED[*]}"
if [[ " ${jobs[*]-} " = *" vm "* ]]; then start build_debug_kernels >"$RESULTS/debug-kernel" 2>&1; fi
[ "${#jobs[@]}" = 0 ] || start run_jobs
run_parts | tee "$RESULTS/ktap"
echo "# time: all $SECONDS s"
awk -f selftests/ktap.awk -v mode=count "$RESULTS/ktap"
