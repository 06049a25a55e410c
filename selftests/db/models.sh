#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Documentation/models.md says what the tables of the library say, the public
# headers stand for themselves, and the library exports what they declare.
ALL_TESTS="reference_is_current headers_stand_alone only_declared_symbols_are_exported"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
TOP=$(cd "$(dirname "$0")/../.." && pwd)

reference_is_current() {
	adf_tmpdir
	"$DF_BUILD/doc/models_md" >models.md
	check "make docs-models" diff -u "$TOP/Documentation/models.md" models.md
}

headers_stand_alone() {
	local header language
	for header in dragonflow.h db.h cloud.h; do
		for language in c c++; do
			check "$header in $language" gcc -x "$language" -fsyntax-only -pedantic \
				-Wall -Wextra -Werror "$TOP/agent/lib/$header"
		done
	done
}

declared() {
	cat "$TOP"/agent/lib/{dragonflow,db,cloud}.h |
		grep -oE '^[a-z][a-z0-9_ ]* \**df_[a-z0-9_]+\(' |
		grep -v '^static' | sed 's/.*[ *]\(df_[a-z0-9_]*\)($/\1/' | sort -u
}

exported() {
	nm -D --defined-only "$DF_BUILD/lib/libdragonflow.so" | sed -n 's/.* T \(df_[a-z0-9_]*\)@.*/\1/p' | sort -u
}

only_declared_symbols_are_exported() {
	check_eq "symbols" "$(declared)" "$(exported)"
}

tests_run
