#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run every test, with userspace and module profiled, in a build directory of
# its own, and say which lines none of them has run. Fails if a test does, or
# if too few lines were run: see coverage.py. In build/coverage afterwards:
#   summary	lines of each file, and how many of them were run
#   not-run	the others, as file:first-last
# coverage.sh [TEST...] takes what run.sh takes.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/../tools/lib.sh"
cd "$TOP"

# the module counts on the debug kernel, the agent's tests are for the first
export BUILD=$BUILD_DIR/coverage COVERAGE=1 KERNEL="6.1 debug"
BUILD_DIR=$BUILD
mkdir -p "$BUILD"
find "$BUILD" -name '*.gcda' -delete
err=0
selftests/run.sh "$@" || err=1
selftests/coverage.py "$BUILD" "$BUILD/not-run" "$BUILD"/results/*/counters |
	tee "$BUILD/summary" || err=1
exit "$err"
