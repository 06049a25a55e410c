#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Everything that is checked before a change is good: linters, unit tests, the
# tests that need no kernel of ours, and in a VM, one boot per kernel, all the
# others. Prints KTAP; the last line is "N passed, N failed, N skipped".
#   run.sh [TEST...]	all, or these: lint, unit, unit/test_NAME, db,
#			net/l2_local.sh, ... (relative to selftests/)
#   KERNEL="6.1 newest"	the kernels; also the directory of a build tree
#   CI=true		a skip that selftests/skips does not list is a failure
#   V=1			all output
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/../tools/lib.sh"
# shellcheck source=tools/vm/lib.sh
. "$TOP/tools/vm/lib.sh"
cd "$TOP"

read -ra KERNELS <<<"${KERNEL:-$KERNELS_TESTED}"
unset KERNEL
export DF_BUILD=$BUILD_DIR CI=${CI:-} V=${V:-0}
WANTED=("$@")

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
	local name=$1 begin=$SECONDS err=0
	shift
	number=$((number + 1))
	"$@" | sed -u 's/^/  /' || err=$?
	echo "# time: $name $((SECONDS - begin)) s"
	if [ "$err" = 0 ]; then echo "ok $number $name"; else echo "not ok $number $name"; fi
	return "$err"
}

build() {
	make -k -j "$(nproc)" lib agent tools unit 2>&1 | comment
}

comment() {
	sed -u 's/^/# /'
}

unit_suite() {
	local tests
	mapfile -t tests < <(find_unit_tests)
	suite "${tests[@]}"
}

# suite FILE...: fails if anything in it did
suite() {
	selftests/suite "$@" | tee "$RESULTS/suite"
	! grep -q '^ *not ok' "$RESULTS/suite"
}

vm() {
	local kernel=$1 dir limit=0 patience=2 file env
	shift
	dir=$RESULTS/$(basename "$kernel")
	mkdir -p "$dir"
	# an emulated processor is slow, a debug kernel on it is slower
	if tools/vm/kvm-ok; then patience=1; fi
	if is_tree "$kernel"; then patience=$((patience * 3)); fi
	tools/vm/module "$kernel" 2>&1 | comment || return 1
	for file in "$@"; do
		limit=$((limit + $(sed -n 's/^# TIMEOUT=\([0-9]*\)$/\1/p' "selftests/$file" | grep . || echo 120)))
	done
	env="CI=$CI V=$V WAIT_FACTOR=$patience DF_BUILD=$DF_BUILD"
	tools/vm/run -k "$kernel" -c "$dir/console" -t $((60 + limit * patience)) \
		"$env exec selftests/suite $*" 2>"$dir/complaints" | tee "$dir/suite" || return $?
	! grep -q '^ *not ok' "$dir/suite"
}

# The VM itself is a case: it must have ended well, its kernel silent.
vm_ended() {
	local dir
	dir=$RESULTS/$(basename "$1")
	[ -s "$dir/complaints" ] || return 0
	comment <"$dir/complaints"
	return 1
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
	if wanted lint; then add_part lint tools/lint/run; fi
	[ "${WANTED[*]}" != lint ] || return 0
	add_part build build
	if [ "${#WANTED[@]}" = 0 ] || [[ "$unit " = *" unit"[\ /]* ]]; then add_part unit unit_suite; fi
	[ "${#host_tests[@]}" = 0 ] || add_part host suite "${host_tests[@]}"
	for kernel in "${KERNELS[@]}"; do
		[ "${#one_tests[@]}${#vm_tests[@]}" != 00 ] || return 0
		add_part "kernel $kernel" vm "$kernel" "${one_tests[@]}" "${vm_tests[@]}"
		one_tests=()
		add_part "kernel $kernel is silent to its end" vm_ended "$kernel"
	done
}

run_parts() {
	local i command
	echo "KTAP version 1"
	echo "1..${#names[@]}"
	for i in "${!names[@]}"; do
		read -ra command <<<"${commands[i]}"
		part "${names[i]}" "${command[@]}" || true
	done
}

# Several runs may share a build directory; the last one to end is kept.
keep_results() {
	chmod 755 "$RESULTS"
	rm -rf "$BUILD_DIR/results"
	mv -T "$RESULTS" "$BUILD_DIR/results" 2>/dev/null || rm -rf "$RESULTS"
}

names=() commands=() number=0
mkdir -p "$BUILD_DIR"
RESULTS=$(mktemp -d "$BUILD_DIR/results.XXXXXX")
trap keep_results EXIT
tools/deps/install
echo "# time: dependencies $SECONDS s"
plan_parts
[ "${names[*]}" != build ] || die "no such test: ${WANTED[*]}"
run_parts | tee "$RESULTS/ktap"
echo "# time: all $SECONDS s"
awk -f selftests/ktap.awk -v mode=count "$RESULTS/ktap"
