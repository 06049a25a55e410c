#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: host
#
# dfctl db: databases that were damaged are checked and mended, clouds are saved
# and moved; and what there is to rely on: numbers, references, versions.
# TIMEOUT=120
ALL_TESTS="
	a_sound_database_is_well
	racing_writers_get_numbers_of_their_own
	a_number_comes_not_back_soon
	what_is_broken_is_found
	what_belongs_to_objects_is_mended
	mending_tells_and_writes_nothing_if_asked
	a_number_that_two_have_is_given_anew
	what_a_person_must_decide_stays
	rules_over_several_objects_are_looked_at
	ports_are_on_demand_as_their_network_is
	what_cannot_be_read_is_deleted_if_told
	what_is_of_another_version_stays
	a_database_of_a_newer_version_is_read_not_written
	a_cloud_is_saved_and_read_back
	a_file_with_mistakes_writes_nothing
	a_group_with_more_remotes_than_kernels_take_is_not_imported
	a_database_with_objects_is_not_overwritten_unasked
	merging_replaces_what_has_the_same_id
	replacing_leaves_nothing_else
	a_cloud_is_copied
	an_import_that_was_cut_short_is_noticed
	many_objects_are_written_in_pieces"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

N1=00000000-0000-4000-8000-000000000001
P1=10000000-0000-4000-8000-000000000001
P2=20000000-0000-4000-8000-000000000002
R1=30000000-0000-4000-8000-000000000001

database() {
	adf_tmpdir
	unset DRAGONFLOW_DATABASE
	export DRAGONFLOW_DATABASE=sqlite://$PWD/nb.db
}

# cloud: one of everything
cloud() {
	database
	cat >cloud.json <<-END
		{"model": "chassis", "name": "hv1"}
		{"model": "network", "id": "$N1", "name": "blue", "future": {"x": [1]}}
		{"model": "subnet", "id": "$R1", "network_id": "$N1", "cidr": "192.0.2.0/24"}
		{"model": "security_group", "id": "$R1", "name": "g"}
		{"model": "port", "id": "$P1", "network_id": "$N1", "binding_host": "hv1",
		 "mac_address": "02:00:00:00:00:01", "security_groups": ["$R1"],
		 "fixed_ips": [{"subnet_id": "$R1", "ip_address": "192.0.2.5"}]}
		{"model": "port", "id": "$P2", "network_id": "$N1", "mac_address": "02:00:00:00:00:02"}
		{"model": "router", "id": "$R1", "name": "r"}
		{"model": "router_interface", "router_id": "$R1", "network_id": "$N1",
		 "fixed_ips": [{"subnet_id": "$R1", "ip_address": "192.0.2.1"}]}
	END
	run dfctl apply cloud.json
}

# sql STATEMENT...: behind everybody's back
sql() {
	python3 -c 'import sqlite3, sys
db = sqlite3.connect("nb.db", isolation_level=None)
for line in sys.argv[1:]:
    print(*(row[0] for row in db.execute(line)), sep="\n")' "$@"
}

# put KEY TOPIC VALUE
put() {
	sql "INSERT OR REPLACE INTO entries (key, topic, value, version)
		VALUES ('$1', '$2', CAST('$3' AS BLOB), 1000)" >/dev/null
}

# value KEY
value() {
	sql "SELECT CAST(value AS TEXT) FROM entries WHERE key = '$1'"
}

drop() {
	sql "DELETE FROM entries WHERE key LIKE '$1'" >/dev/null
}

# edit KEY FILTER: by jq
edit() {
	sql "UPDATE entries SET value = CAST('$(value "$1" | jq -c "$2")' AS BLOB)
		WHERE key = '$1'" >/dev/null
}

# found KIND...: what the check finds, no more and no less
found() {
	check_eq "found" "$*" "$(dfctl db check -j | jq -r '.findings[].kind' | sort | xargs)"
}

is_well() {
	check "well" dfctl db check
	check "says so" grep -q ': all is well$' <(dfctl db check)
}

a_sound_database_is_well() {
	database
	is_well
	cloud
	is_well
	check "in numbers" jq -es '.[0] | .wrong == 0 and .objects == 8 and .schema == 1 and
		.findings == []' <(dfctl db check -j)
	check_eq "nothing to mend" "0 mended, 0 left" "$(dfctl db repair)"
}

racing_writers_get_numbers_of_their_own() {
	local n pids=()
	database
	for n in 1 2 3 4; do
		jq -nc "range(100) | {model: \"network\", name: \"$n-\\(.)\"}" |
			dfctl apply --batch 5 - >/dev/null &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n" || fail "a writer was refused"
	done
	check_eq "keys" 400 "$(dfctl network list -j | jq '[.[].key] | unique | length')"
	check_eq "VNIs" 400 "$(dfctl network list -j | jq '[.[].segmentation_id] | unique | length')"
	is_well
}

a_number_comes_not_back_soon() {
	local n
	database
	for ((n = 0; n < 10; n++)); do
		dfctl network create id="$N1" -j | jq .key >>keys
		run dfctl network delete "$N1"
	done
	check_eq "all are different" 10 "$(sort -u keys | wc -l)"
	check_eq "none is left" 1 "$(sql 'SELECT key FROM entries' | wc -l)"
}

what_is_broken_is_found() {
	cloud
	put "port/$P2" "network/$N1" '{"id": '
	found unreadable
	put "port/$P2" "network/$N1" "{\"id\": \"$P2\", \"network_id\": \"$N1\", \"mac_address\": \"x\"}"
	found unreadable
	check "says what" grep -q 'field "mac_address": "x" is not a MAC' <(dfctl db check)
	check_fails "the status" dfctl db check
	drop "port/$P2"
	found leaked leaked leaked
	run dfctl db repair
	is_well
	edit "port/$P1" 'del(.network_id)'
	found unreadable
	edit "port/$P1" ".network_id = \"$N1\" | .binding_standby_host = \"hv1\""
	check "invalid" grep -q '^invalid .*"binding_standby_host"' <(dfctl db check)
}

what_belongs_to_objects_is_mended() {
	local before
	cloud
	before=$(sql 'SELECT key || CAST(value AS TEXT) || topic FROM entries ORDER BY key')
	drop "unique/port/mac_address/%:02"
	drop "ref/subnet/$R1/port/%"
	drop "binding/%"
	put "unique/port/key/-/77" "" "port $P1"
	put "unique/port/key/-/78" "" "port 00000000-0000-4000-8000-00000000dead"
	put "ref/network/$N1/port/00000000-0000-4000-8000-00000000dead" "" ""
	put "binding/00000000-0000-4000-8000-00000000dead" "chassis/hv1" '{}'
	put "guard/router/00000000-0000-4000-8000-00000000dead" "" ""
	put "port_status/00000000-0000-4000-8000-00000000dead" status \
		'{"id": "00000000-0000-4000-8000-00000000dead", "status": "up", "revision": 1}'
	sql "UPDATE entries SET topic = 'global' WHERE key = 'port/$P2'" >/dev/null
	edit "router_link/$(dfctl router_interface list -j | jq -r '.[0].id')" '.network_id = "x"'
	found different leaked leaked leaked leaked leaked leaked misplaced missing missing missing
	check "each step is told" test "$(dfctl db repair --dry-run | grep -c ': it is ')" = 11
	check "mended" dfctl db repair
	is_well
	check_eq "all is as it was" "$before" \
		"$(sql 'SELECT key || CAST(value AS TEXT) || topic FROM entries ORDER BY key')"
}

mending_tells_and_writes_nothing_if_asked() {
	cloud
	drop "ref/%"
	cp nb.db before.db
	check "tells" grep -q 'to be mended, 0 left$' <(dfctl db repair --dry-run)
	check "in JSON" jq -es '.[0] | .dry_run and .mended > 5 and .left == 0 and .written == 0' \
		<(dfctl db repair --dry-run -j)
	check_fails "nothing was written" dfctl db check
	check_fails "a network in use is not protected now" test "$(sql \
		"SELECT count(*) FROM entries WHERE key LIKE 'ref/%'")" != 0
	check "mends" dfctl db repair
	check_fails "it is protected" dfctl network delete blue
}

a_number_that_two_have_is_given_anew() {
	local key
	cloud
	key=$(value "port/$P1" | jq .key)
	drop "unique/port/key/-/$(value "port/$P2" | jq .key)"
	edit "port/$P2" ".key = $key"
	found duplicate
	check "mended" dfctl db repair
	is_well
	check_eq "the first keeps it" "$key" "$(value "port/$P1" | jq .key)"
	check "the second has another" test "$(value "port/$P2" | jq .key)" != "$key"
	check_eq "which is a change" 2 "$(value "port/$P2" | jq .revision)"
	edit "port/$P2" 'del(.key)'
	check "one without gets one" grep -q '"key": is missing: it gets a new one' <(dfctl db repair)
	is_well
}

what_a_person_must_decide_stays() {
	cloud
	drop "security_group/$R1"
	drop "unique/port/mac_address/%:02"
	edit "port/$P2" '.mac_address = "02:00:00:00:00:01"'
	check "a reference" grep -q "^dangling .*there is no security_group $R1" <(dfctl db check)
	check "an address" grep -q "^duplicate .*02:00:00:00:00:01 is already used by port $P1" \
		<(dfctl db check)
	check_fails "not all is mended" dfctl db repair
	check "both are left" grep -q '^0 mended, 2 left' <(dfctl db repair)
	run dfctl port set "$P2" mac_address=02:00:00:00:00:09
	run dfctl port set "$P1" security_groups=
	# the second gave up the claim of what was not its own
	run dfctl db repair
	is_well
}

# broken KEY TEXT: that is what is found, and nothing else
broken() {
	check_eq "found" "invalid $1" "$(dfctl db check -j | jq -r '.findings[] | "\(.kind) \(.key)"')"
	check "says why" grep -q -- "$2" <(dfctl db check)
	check "which nobody mends" grep -q ', 1 left' <(dfctl db repair)
}

rules_over_several_objects_are_looked_at() {
	local interface before
	cloud
	interface=router_interface/$(dfctl router_interface list -j | jq -r '.[0].id')
	before=$(value "subnet/$R1")
	edit "subnet/$R1" '.cidr = "198.51.100.0/24"'
	broken "router/$R1" "192.0.2.1 is not in the subnet"
	edit "subnet/$R1" '.cidr = "192.0.2.0/25"'
	broken "$interface" "not as its subnets say"
	put "subnet/$R1" "network/$N1" "$before"
	is_well
	edit "router/$R1" '.routes = [{"destination": "203.0.113.0/24", "nexthop": "192.0.2.9"}]'
	is_well
	edit "router/$R1" '.routes[0].nexthop = "198.51.100.9"'
	broken "router/$R1" "nexthop 198.51.100.9 is on no subnet of the router"
}

ports_are_on_demand_as_their_network_is() {
	cloud
	edit "network/$N1" '.on_demand = true'
	found different different different misplaced misplaced
	check "mended" dfctl db repair
	is_well
	check_eq "where it belongs" "port/$P1" "$(sql "SELECT topic FROM entries WHERE key = 'port/$P1'")"
	check_eq "a binding says so" true "$(value "binding/$P1" | jq .on_demand)"
	edit "network/$N1" 'del(.on_demand)'
	run dfctl db repair
	is_well
	check_eq "and back" null "$(value "port/$P1" | jq .on_demand)"
}

what_cannot_be_read_is_deleted_if_told() {
	cloud
	put "port/$P2" "network/$N1" nonsense
	check_fails "it stays" dfctl db repair
	check_eq "with all that belongs to it" nonsense "$(value "port/$P2")"
	check "discarded" dfctl db repair --discard
	is_well
	check_eq "one port is left" 1 "$(dfctl port list -j | jq length)"
}

what_is_of_another_version_stays() {
	cloud
	put future/x global '{"a": 1}'
	put "unique/future/a/-/1" "" "future x"
	put "ref/network/$N1/future/x" "" ""
	found unknown unknown unknown
	check "that is not wrong" dfctl db check
	check "nor mended" dfctl db repair
	run dfctl db export x.json
	run dfctl -d "sqlite://$PWD/b.db" db import x.json
	mv b.db nb.db
	found unknown unknown unknown
	check_fails "who is referred to stays" dfctl network delete blue
	check_eq "unknown fields, too" '{"x":[1]}' "$(value "network/$N1" | jq -c .future)"
}

a_database_of_a_newer_version_is_read_not_written() {
	cloud
	put schema "" '{"version": 99, "min_writer": 1}'
	check "may be written" dfctl port set "$P1" name=a
	check_fails "not mended" dfctl db repair
	put schema "" '{"version": 99, "min_writer": 98}'
	check "is read" dfctl port list
	check_fails "not written" dfctl port set "$P1" name=b
	check "why" grep -q 'has schema 99, which this version (schema 1) may read but not write' \
		<(dfctl port set "$P1" name=b 2>&1)
	check "copied" dfctl db copy "$DRAGONFLOW_DATABASE" "sqlite://$PWD/b.db"
	mv b.db nb.db
	check_eq "as it is" '{"min_writer":98,"version":99}' "$(value schema | jq -cS .)"
}

a_cloud_is_saved_and_read_back() {
	cloud
	check "to a file" grep -q '^8 objects written to saved.json$' <(dfctl db export saved.json)
	check_eq "its mode" 600 "$(stat -c %a saved.json)"
	check "to a pipe" cmp saved.json <(dfctl db export -)
	check "read back" dfctl -d "sqlite://$PWD/b.db" db import saved.json
	export DRAGONFLOW_DATABASE=sqlite://$PWD/b.db
	is_well
	check "it is the same" cmp saved.json <(dfctl db export -)
	check "with numbers and revisions" test "$(jq '.objects[] | .revision, .key?' saved.json | wc -l)" = 16
	run dfctl network set blue name=red
	check "it lives" dfctl port create network=red
	is_well
}

a_file_with_mistakes_writes_nothing() {
	local filter
	cloud
	run dfctl db export saved.json
	for filter in 'del(.objects[1])' '.objects[4].fixed_ips[0].ip_address = "x"' \
		'.objects += [.objects[0]]' '.objects[0].model = "x"' '.format = "x"' \
		'.version = 2' '.schema = 2' 'del(.objects[2].cidr)' \
		'.objects[5].mac_address = .objects[4].mac_address' 'del(.objects[0].key)' \
		'.entries = [{}]' 'del(.objects[0].revision)'; do
		jq "$filter" saved.json >bad.json
		check_fails "$filter" dfctl -d "sqlite://$PWD/b.db" db import bad.json
	done
	echo '{' >bad.json
	check_fails "no JSON" dfctl -d "sqlite://$PWD/b.db" db import bad.json
	check_fails "no file" dfctl -d "sqlite://$PWD/b.db" db import none.json
	check "nothing was written" grep -q '^0 objects, 0 entries: ' <(dfctl -d "sqlite://$PWD/b.db" db check)
	check "tried only" dfctl -d "sqlite://$PWD/b.db" db import --dry-run saved.json
	check "nothing was written" grep -q '^0 objects, 0 entries: ' <(dfctl -d "sqlite://$PWD/b.db" db check)
}

# remotes COUNT: a file of the cloud, with a rule for each of so many groups
remotes() {
	jq --argjson count "$1" '
		(.objects[] | select(.model == "address_group")) as $group |
		(.objects[] | select(.model == "security_group_rule")) as $rule |
		.objects += [range(1; $count) | {key: (. + 1000),
			id: "00000000-0000-4000-8000-\(100000000000 + .)"} |
			$group + ., $rule + . + {remote_address_group_id: .id}]' saved.json
}

a_group_with_more_remotes_than_kernels_take_is_not_imported() {
	cloud
	run dfctl address_group create name=office
	run dfctl security_group_rule create security_group=g direction=ingress \
		ethertype=IPv4 remote_address_group=office
	run dfctl db export saved.json
	remotes 65 >many.json
	check_fails "too many" dfctl -d "sqlite://$PWD/b.db" db import many.json
	check "says why" grep -q "name at most 64 groups, .*; there would be 65$" \
		<(dfctl -d "sqlite://$PWD/b.db" db import many.json 2>&1)
	remotes 64 >many.json
	check "as many as may be" dfctl -d "sqlite://$PWD/b.db" db import many.json
	export DRAGONFLOW_DATABASE=sqlite://$PWD/b.db
	is_well
}

a_database_with_objects_is_not_overwritten_unasked() {
	cloud
	run dfctl db export saved.json
	check_fails "refused" dfctl db import saved.json
	check_eq "why" "dfctl: the database holds 8 objects already: give --merge or --replace" \
		"$(dfctl db import saved.json 2>&1)"
	check_fails "copied neither" dfctl db copy "$DRAGONFLOW_DATABASE" "$DRAGONFLOW_DATABASE"
	check_eq "not both" "dfctl: import: --merge or --replace, not both" \
		"$(dfctl db import --merge --replace saved.json 2>&1)"
}

merging_replaces_what_has_the_same_id() {
	cloud
	run dfctl db export saved.json
	check_eq "what is the same is not written" "8 objects, 0 entries written" \
		"$(dfctl db import --merge saved.json)"
	run dfctl port set "$P1" name=changed mac_address=02:00:00:00:00:11
	run dfctl port delete "$P2"
	run dfctl network create other
	check "merged" dfctl db import --merge saved.json
	is_well
	check_eq "as it was" 02:00:00:00:00:01 "$(value "port/$P1" | jq -r .mac_address)"
	check_eq "a further change" 3 "$(value "port/$P1" | jq .revision)"
	check "it is back" dfctl port show "$P2"
	check "what else there is stays" dfctl network show other
	run dfctl port create network=blue mac_address=02:00:00:00:00:77 id=00000000-0000-4000-8000-0000000000aa
	jq '.objects |= map(select(.model == "port").mac_address |= sub("01$"; "77"))' saved.json >clash.json
	check_fails "what is taken is refused" dfctl db import --merge clash.json
	is_well
}

replacing_leaves_nothing_else() {
	cloud
	run dfctl db export saved.json
	run dfctl port delete "$P2"
	run dfctl network create other
	check "replaced" dfctl db import --replace saved.json
	is_well
	check "it is the same" cmp saved.json <(dfctl db export -)
}

a_cloud_is_copied() {
	cloud
	check "copied" grep -q '^8 objects, [0-9]* entries written$' \
		<(dfctl db copy "$DRAGONFLOW_DATABASE" "sqlite://$PWD/b.db")
	check "the same" cmp <(dfctl db export -) <(dfctl -d "sqlite://$PWD/b.db" db export -)
	run dfctl port delete "$P2"
	check "again" dfctl db copy --replace "$DRAGONFLOW_DATABASE" "sqlite://$PWD/b.db"
	check "the same" cmp <(dfctl db export -) <(dfctl -d "sqlite://$PWD/b.db" db export -)
	export DRAGONFLOW_DATABASE=sqlite://$PWD/b.db
	is_well
}

an_import_that_was_cut_short_is_noticed() {
	cloud
	run dfctl db export saved.json
	put schema "" '{"version": 1, "min_writer": 1, "partial": true}'
	check "found" grep -q 'an import was not finished' <(dfctl db check)
	check_fails "nobody writes" dfctl port set "$P1" name=x
	check_fails "nothing is mended" dfctl db repair
	check_fails "nor merged" dfctl db import --merge saved.json
	check "begun again" dfctl db import --replace saved.json
	is_well
	check "it is written again" dfctl port set "$P1" name=x
}

many_objects_are_written_in_pieces() {
	database
	jq -nc "{model: \"network\", id: \"$N1\"}, (range(3000) | {model: \"port\", network_id: \"$N1\"})" |
		dfctl apply - >/dev/null
	run dfctl db export saved.json
	check "copied" dfctl db copy "$DRAGONFLOW_DATABASE" "sqlite://$PWD/b.db"
	check "the same" cmp saved.json <(dfctl -d "sqlite://$PWD/b.db" db export -)
}

tests_run
