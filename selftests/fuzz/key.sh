#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fuzz the packet parser from the corpus on, for FUZZ_SECONDS or a few: with
# libFuzzer where there is clang, otherwise with a plain driver. What libFuzzer
# finds stays in $DF_BUILD/fuzz; a crash belongs in the corpus and, once it is
# understood, in unit/key_vectors.py.
# TIMEOUT=600
ALL_TESTS="corpus_is_parsed new_inputs_are_parsed"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

setup() {
	TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
	OUT=${DF_BUILD:-$TOP/build}/fuzz
	CORPUS=$TOP/selftests/fuzz/corpus/key
	local flags=(-g -O1 -fno-sanitize-recover=all -Wall -Wextra -Werror -D_GNU_SOURCE
		"-I$TOP/selftests/unit/kernel" "-I$TOP/uapi" "-I$TOP/kmod/path" -o "$OUT/fuzz_key"
		"$TOP/selftests/fuzz/fuzz_key.c" "$TOP/kmod/path/key.c")
	run mkdir -p "$OUT/key"
	if command -v clang >/dev/null; then
		run clang -fsanitize=fuzzer,address,undefined -Wno-c2x-extensions "${flags[@]}"
		FUZZER=libfuzzer
	else
		run gcc -fsanitize=address,undefined "${flags[@]}" "$TOP/selftests/fuzz/drive.c"
		FUZZER=driver
	fi
}

fuzz() {
	local seconds=$1
	case $FUZZER in
	driver) "$OUT/fuzz_key" "$seconds" "$CORPUS"/* ;;
	libfuzzer)
		if [ "$seconds" = 0 ]; then
			"$OUT/fuzz_key" -runs=0 "$CORPUS"
		else
			"$OUT/fuzz_key" -max_len=512 "-max_total_time=$seconds" \
				"-artifact_prefix=$OUT/" "$OUT/key" "$CORPUS"
		fi
		;;
	esac
}

corpus_is_parsed() {
	check "the corpus is parsed" fuzz 0
}

new_inputs_are_parsed() {
	check "new inputs are parsed" fuzz "${FUZZ_SECONDS:-5}"
}

tests_run
