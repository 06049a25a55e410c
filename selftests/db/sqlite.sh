#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The embedded database: files that cannot be opened, and what is said then.
# What every database must do: conformance.sh.
ALL_TESTS="unknown_scheme_is_refused missing_directory_is_named
	bad_uri_is_refused foreign_files_are_left_alone damage_is_told
	newer_layout_is_refused unwritable_files_are_told
	commit_without_announcement_is_seen lease_of_the_dead_ends_at_the_next_open
	removed_lease_file_is_noticed old_changes_are_forgotten
	two_create_the_file_at_once log_is_moved_into_the_file"
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

sql() {
	python3 -c 'import sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
for row in c.execute(sys.argv[2]):
    print(*row)' "$PWD/nb.db" "$1"
}

said_something() {
	grep -q "$1" said
}

# A writer that dies between its commit and the announcement looks like this.
commit_without_announcement_is_seen() {
	adf_tmpdir
	adf_daemon said "$SUITE" --helper "sqlite://$PWD/nb.db" follow topic -
	require "synced" wait_for 5 said_something synced
	run sql "INSERT INTO changes(topic, key, value, version)
		VALUES('topic', 'silent', 'x', 1)"
	check "seen" wait_for 2 said_something "put silent 1 x"
}

lease_of_the_dead_ends_at_the_next_open() {
	adf_tmpdir
	adf_daemon said "$SUITE" --helper "sqlite://$PWD/nb.db" lease key topic
	require "ready" wait_for 5 said_something ready
	check_eq "there" key "$(sql "SELECT key FROM entries")"
	run kill -KILL "$DAEMON_PID"
	wait "$DAEMON_PID" 2>/dev/null
	check_eq "nobody cleaned up yet" key "$(sql "SELECT key FROM entries")"
	run "$SUITE" --open "sqlite://$PWD/nb.db"
	check_eq "gone" "" "$(sql "SELECT key FROM entries")"
	check_eq "no lease is left" "" "$(ls nb.db.leases)"
}

removed_lease_file_is_noticed() {
	adf_tmpdir
	adf_daemon said "$SUITE" --helper "sqlite://$PWD/nb.db" lease key topic
	require "ready" wait_for 5 said_something ready
	run rm -r nb.db.leases/*
	check "told" wait_for 2 said_something "lost: .*was removed"
}

old_changes_are_forgotten() {
	adf_tmpdir
	run "$SUITE" --helper "sqlite://$PWD/nb.db?history=50" scribble topic 500
	check_eq "changes" 50 "$(sql "SELECT count(*) FROM changes")"
}

two_create_the_file_at_once() {
	local round
	adf_tmpdir
	for round in {1..5}; do
		printf "sqlite://$PWD/$round.db\n%.0s" 1 2 3 4 >uris
		check "round $round" xargs -a uris -P 4 -n 1 "$SUITE" --open
	done
	check_eq "databases" 5 "$(find . -name '*.db' | wc -l)"
}

is_larger() {
	[ "$(stat -c %s "$1")" -gt "$2" ]
}

log_is_moved_into_the_file() {
	adf_tmpdir
	# Who closes last moves it anyway; so somebody stays.
	adf_daemon said "$SUITE" --helper "sqlite://$PWD/nb.db" follow other -
	require "synced" wait_for 5 said_something synced
	check_fails "small at first" is_larger nb.db 100000
	run "$SUITE" --helper "sqlite://$PWD/nb.db" scribble topic 4000
	check "moved" wait_for 10 is_larger nb.db 100000
}

tests_run
