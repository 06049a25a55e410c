#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The packet parser under libFuzzer, from the corpus on: for FUZZ_SECONDS, or
# a few. What it finds stays in $DF_BUILD/fuzz; a crash belongs in the corpus
# and, understood, in unit/key_vectors.py.
# TIMEOUT=600
ALL_TESTS="corpus_is_parsed new_inputs_are_parsed"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

setup() {
	command -v clang >/dev/null || skip "no clang"
	TOP=$(cd "$(dirname "$0")/../.." && pwd)
	OUT=${DF_BUILD:-$TOP/build}/fuzz
	CORPUS=$TOP/selftests/fuzz/corpus/key
	run mkdir -p "$OUT/key"
	run clang -g -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -Wall -Wextra -Wno-c2x-extensions -Werror \
		"-I$TOP/selftests/unit/kernel" "-I$TOP/uapi" "-I$TOP/kmod/path" \
		-o "$OUT/fuzz_key" "$TOP/selftests/fuzz/fuzz_key.c" "$TOP/kmod/path/key.c"
}

corpus_is_parsed() {
	check "the corpus is parsed" "$OUT/fuzz_key" -runs=0 "$CORPUS"
}

new_inputs_are_parsed() {
	check "new inputs are parsed" "$OUT/fuzz_key" -max_len=512 \
		"-max_total_time=${FUZZ_SECONDS:-5}" "-artifact_prefix=$OUT/" \
		"$OUT/key" "$CORPUS"
}

tests_run
