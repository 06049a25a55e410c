#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The embedded database: files that cannot be opened, and what is said then.
# What every database must do: conformance.sh.
ALL_TESTS="unknown_scheme_is_refused missing_directory_is_named
	bad_uri_is_refused foreign_files_are_left_alone damage_is_told
	newer_layout_is_refused unwritable_files_are_told"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

SUITE=$DF_BUILD/selftests/db/conformance

# refuses TEXT URI: opening fails and says so
refuses() {
	local said
	if said=$("$SUITE" --open "$2"); then
		log "$2 was opened"
		return 1
	fi
	log "$said"
	[[ $said == *"$1"* ]]
}

unknown_scheme_is_refused() {
	check "scheme" refuses 'no database driver "nosuch"' nosuch://x
}

missing_directory_is_named() {
	check "directory" refuses "$TMPDIR/missing/nb.db" \
		"sqlite://$TMPDIR/missing/nb.db"
}

bad_uri_is_refused() {
	check "no scheme" refuses "is not a database URI" "$TMPDIR/nb.db"
	check "relative" refuses "must be absolute" sqlite://nb.db
	check "option" refuses '"speed=high"' "sqlite://$TMPDIR/nb.db?speed=high"
	check "number" refuses '"history=0"' "sqlite://$TMPDIR/nb.db?history=0"
	check_eq "nothing is created" "" "$(find "$TMPDIR" -name 'nb.db*')"
}

foreign_files_are_left_alone() {
	adf_tmpdir
	seq 10000 >text
	python3 -c 'import sqlite3
sqlite3.connect("other.db").executescript("CREATE TABLE t(x)")'
	sha256sum text other.db >sums
	check "text" refuses "is damaged, or not a database" "sqlite://$PWD/text"
	check "database" refuses "of another program" "sqlite://$PWD/other.db"
	check "unchanged" sha256sum --quiet -c sums
}

damage_is_told() {
	adf_tmpdir
	run "$SUITE" --open "sqlite://$PWD/nb.db"
	dd if=/dev/urandom of=nb.db bs=4096 seek=1 count=1 conv=notrunc 2>/dev/null
	dd if=/dev/zero of=nb.db bs=1 seek=0 count=100 conv=notrunc 2>/dev/null
	check "header" refuses "is damaged, or not a database" "sqlite://$PWD/nb.db"
}

newer_layout_is_refused() {
	adf_tmpdir
	run "$SUITE" --open "sqlite://$PWD/nb.db"
	python3 -c 'import sqlite3
sqlite3.connect("nb.db").executescript("PRAGMA user_version=2")'
	check "layout" refuses "newer version (layout 2" "sqlite://$PWD/nb.db"
}

unwritable_files_are_told() {
	adf_tmpdir
	run "$SUITE" --open "sqlite://$PWD/nb.db"
	# Root may write everywhere but to a file system that nobody may write to.
	run mkdir mount
	unshare -m true 2>/dev/null || skip "no mount namespaces"
	read_only() {
		mount --bind . mount && mount -o remount,bind,ro mount &&
			"$SUITE" --open "sqlite://$PWD/mount/$1"
	}
	export -f read_only
	export SUITE
	said=$(unshare -m bash -c "read_only nb.db")
	check_eq "refused" "Read-only file system: cannot open $PWD/mount/nb.db.notify: Read-only file system" "$said"
}

tests_run
