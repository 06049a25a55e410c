#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: host
#
# dfctl on a database of its own, without hypervisors: every verb with every
# model that is written by hand, what is refused and how, JSON, many objects,
# changes as they come.
# TIMEOUT=120
ALL_TESTS="
	every_model_is_created_shown_listed_set_deleted
	models_of_agents_are_read_only
	names_and_beginnings_of_ids_are_references
	an_ambiguous_reference_is_refused
	an_unknown_object_is_refused
	a_misspelt_word_gets_a_hint
	a_bad_value_names_object_and_field
	a_missing_field_is_refused
	what_makes_no_sense_is_refused
	nothing_is_left_of_a_refused_delete
	what_is_used_is_not_deleted
	addresses_find_their_subnet
	ipv6_modes_are_set_and_refused
	a_router_is_put_between_networks
	routes_come_and_go
	security_groups_have_rules
	a_new_security_group_may_have_default_rules
	ports_have_security_groups_and_port_security
	records_are_written_with_and_without_json
	lists_grow_and_shrink
	concurrent_additions_are_all_kept
	fields_are_unset
	objects_are_filtered
	columns_are_chosen
	json_is_json
	a_copy_equals_the_original
	apply_creates_and_replaces
	apply_refuses_what_it_does_not_know
	many_objects_are_written_in_transactions
	a_failed_transaction_leaves_the_ones_before
	changes_are_printed
	changes_are_printed_as_json
	a_snapshot_is_printed
	a_monitor_ends_when_it_should
	the_option_comes_before_the_environment
	a_database_that_cannot_be_opened_is_named
	a_full_disk_is_no_success"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

unset DRAGONFLOW_CONTROL_SOCKET

# Each case has a database of its own.
database() {
	adf_tmpdir
	export DRAGONFLOW_DATABASE=sqlite://$PWD/nb.db
}

# refused STATUS TEXT ARGUMENT...: dfctl says TEXT on one line, and nothing else
refused() {
	local want=$1 text=$2 out status=0
	shift 2
	out=$(dfctl "$@" 2>&1) || status=$?
	check_eq "status of dfctl $*" "$want" "$status"
	check_eq "message of dfctl $*" "dfctl: $text" "$out"
}

# field MODEL REF FILTER: from the JSON of an object
field() {
	dfctl "$1" show "$2" --json | jq -rc "$3"
}

blue() {
	run dfctl network create blue
	run dfctl subnet create blue-4 network=blue cidr=192.0.2.0/24
	run dfctl subnet create blue-6 network=blue cidr=2001:db8::/64
}

every_model_is_created_shown_listed_set_deleted() {
	local model name
	database
	run dfctl network create n
	run dfctl chassis create c
	run dfctl subnet create s network=n cidr=192.0.2.0/24
	run dfctl port create p network=n
	run dfctl router create r
	run dfctl router_interface create r router=r fixed_ips=s,192.0.2.1
	run dfctl security_group create g
	run dfctl address_group create a addresses=192.0.2.0/24,2001:db8::1
	for model in chassis network subnet port router router_interface security_group address_group; do
		name=${model:0:1}
		[ "$model" != security_group ] || name=g
		check "$model is shown" grep -q "^name  *$name\$" <(dfctl "$model" show "$name")
		check_eq "$model is listed" "$name" "$(dfctl "$model" list --no-headers --columns name)"
		check "$model is set" dfctl "$model" set "$name" description=hello
		check_eq "$model has changed" hello "$(field "$model" "$name" .description)"
	done
	for model in router_interface router port subnet network chassis security_group address_group; do
		name=${model:0:1}
		[ "$model" != security_group ] || name=g
		check "$model is deleted" dfctl "$model" delete "$name"
		check_eq "no $model is left" "" "$(dfctl "$model" list --no-headers)"
	done
}

models_of_agents_are_read_only() {
	local model verb
	database
	for model in agent port_status port_claims binding standby_binding router_link \
		security_group_member trace_request trace_answer; do
		check "$model list" dfctl "$model" list
		for verb in "create x" "set x tags=a" "delete x"; do
			# words
			# shellcheck disable=SC2086
			refused 2 "$model: such objects are not written by hand; show and list work" "$model" $verb
		done
	done
}

names_and_beginnings_of_ids_are_references() {
	local id
	database
	id=$(dfctl network create blue)
	check_eq "by id" blue "$(field network "$id" .name)"
	check_eq "by beginning" blue "$(field network "${id:0:8}" .name)"
	check_eq "by name" "$id" "$(field network blue .id)"
	run dfctl port create a network="${id:0:8}"
	check_eq "in a field" "$id" "$(field port a .network_id)"
	run dfctl port create b network_id=blue
	check_eq "in a field, by name" "$id" "$(field port b .network_id)"
}

an_ambiguous_reference_is_refused() {
	database
	run dfctl network create twin
	run dfctl network create twin
	check_fails "show" dfctl network show twin
	check "says how many" grep -qi "twin" <(dfctl network show twin 2>&1)
}

an_unknown_object_is_refused() {
	database
	blue
	refused 1 'there is no network "grey"' network show grey
	refused 1 'there is no network "grey"' network set grey mtu=1400
	refused 1 'there is no network "grey"' network delete grey
	refused 1 'there is no network "grey"' port create network=grey
}

a_misspelt_word_gets_a_hint() {
	database
	refused 2 "no command 'nework'; did you mean 'network'?" nework list
	refused 2 "network: no command 'lst'; did you mean 'list'?" network lst
	refused 2 "kernel: no command 'flow'; did you mean 'flows'?" kernel flow
	refused 2 "port: no field 'netwrk_id'; did you mean 'network_id'?" port create netwrk_id=blue
	refused 2 "no option '--jason'; did you mean '--json'?" network list --jason
	refused 2 "no column 'naem'; did you mean 'name'?" network list --columns id,naem
	refused 2 "no command 'qqqqqq'" qqqqqq
	refused 2 "field 'fixed_ips' has no member 'ip_adress'; did you mean 'ip_address'?" \
		port create fixed_ips=ip_adress=192.0.2.1
}

a_bad_value_names_object_and_field() {
	database
	blue
	refused 1 'network: field "mtu": 99999 is not between 68 and 65535' network create mtu=99999
	refused 1 'port: field "mac_address": "zz" is not a MAC address' port create network=blue mac_address=zz
	check_fails "an enum" dfctl network create network_type=vlxan
	check "names its values" grep -q 'vxlan, geneve' <(dfctl network create network_type=vlxan 2>&1)
	check_eq "nothing was created" blue "$(dfctl network list --no-headers --columns name)"
}

a_missing_field_is_refused() {
	database
	check_fails "a port without a network" dfctl port create lonely
	check "names the field" grep -q network_id <(dfctl port create lonely 2>&1)
}

what_makes_no_sense_is_refused() {
	database
	blue
	refused 2 "give a command; 'dfctl help' lists them"
	refused 2 "give a command; 'dfctl help' lists them" network
	refused 2 "give a command; 'dfctl help' lists them" kernel
	refused 2 "show: give REF..." network show
	refused 2 "set: give REF FIELD=VALUE..." network set blue
	refused 2 "delete: give REF..." network delete
	refused 2 "list: --count makes no sense here" network list --count 3
	refused 2 "--json takes no value: '--json=yes'" network list --json=yes
	refused 2 "--columns needs A,B" network list --columns
	refused 2 "--timeout: 'soon' is not a number of seconds" network list --timeout soon
	refused 2 "--count: '0' is not a whole number of at least 1" monitor --count 0
	refused 2 "--batch: 'x' is not a whole number of at least 1" apply --batch x -
	refused 2 "network: field 'mtu' is not a list: += does not work" network set blue mtu+=3
	refused 2 "network: field 'mtu' is given twice" network create mtu=1400 mtu=1300
	refused 2 "network: write FIELD=VALUE, not 'mtu'" network set blue mtu
	refused 2 "network: field 'id' cannot be changed" network set blue id=x
	refused 2 "status: too much: 'x'" status x
}

nothing_is_left_of_a_refused_delete() {
	database
	blue
	run dfctl network create red
	check_fails "one of them is used" dfctl network delete red blue
	check_eq "both are there" "blue red" "$(dfctl network list --no-headers --columns name | sort | xargs)"
}

what_is_used_is_not_deleted() {
	local id
	database
	run dfctl network create blue
	id=$(dfctl port create web network=blue)
	check_fails "a network with a port" dfctl network delete blue
	check "says who uses it" grep -q "port $id" <(dfctl network delete blue 2>&1)
	check "both at once, in either order" dfctl port delete web
	check "afterwards" dfctl network delete blue
}

addresses_find_their_subnet() {
	database
	blue
	run dfctl port create web network=blue fixed_ips=192.0.2.10,2001:db8::10
	check_eq "their subnets" \
		"$(field subnet blue-4 .id) $(field subnet blue-6 .id)" \
		"$(field port web '[.fixed_ips[].subnet_id] | join(" ")')"
	refused 1 "port: field 'fixed_ips': no subnet of the network holds 10.0.0.1" \
		port create network=blue fixed_ips=10.0.0.1
	check "one more" dfctl port set web fixed_ips+=192.0.2.11
	check_eq "three" 3 "$(field port web '.fixed_ips | length')"
}

ipv6_modes_are_set_and_refused() {
	database
	run dfctl network create blue
	run dfctl subnet create auto network=blue cidr=2001:db8::/64 ipv6_ra_mode=slaac ipv6_address_mode=slaac
	check_eq "the mode" slaac "$(field subnet auto .ipv6_ra_mode)"
	check_fails "one alone" dfctl subnet set auto ipv6_ra_mode=dhcpv6-stateful
	check "says why" grep -q 'ipv6_address_mode.*: is slaac, but ipv6_ra_mode is dhcpv6-stateful' \
		<(dfctl subnet set auto ipv6_ra_mode=dhcpv6-stateful 2>&1)
	check "both" dfctl subnet set auto ipv6_ra_mode=dhcpv6-stateful ipv6_address_mode=dhcpv6-stateful
	check "none" dfctl subnet set auto ipv6_ra_mode= ipv6_address_mode=
	check_eq "not any more" null "$(field subnet auto .ipv6_ra_mode)"
	check_fails "of a long prefix" dfctl subnet create network=blue cidr=2001:db8:1::/80 ipv6_ra_mode=slaac
	check_fails "of IPv4" dfctl subnet create network=blue cidr=192.0.2.0/24 ipv6_ra_mode=slaac
	check "says why" grep -q 'ipv6_ra_mode.*: an IPv4 subnet has none' \
		<(dfctl subnet create network=blue cidr=192.0.2.0/24 ipv6_ra_mode=slaac 2>&1)
	check_fails "an unknown one" dfctl subnet set auto ipv6_ra_mode=radvd
	check "says which there are" grep -q "dhcpv6-stateless" <(dfctl subnet set auto ipv6_ra_mode=radvd 2>&1)
	run dfctl subnet set auto gateway_ip=2001:db8::1
	run dfctl router create r
	run dfctl router_interface create i router=r fixed_ips=auto ra_interval=30
	check_eq "the interval" 30 "$(field router_interface i .ra_interval)"
	check_fails "one that is too short" dfctl router_interface set i ra_interval=3
}

a_router_is_put_between_networks() {
	database
	blue
	run dfctl subnet set blue-4 gateway_ip=192.0.2.1
	run dfctl subnet set blue-6 gateway_ip=2001:db8::1
	run dfctl router create r
	run dfctl router_interface create to-blue router=r fixed_ips=blue-4,blue-6
	check_eq "the gateway addresses" "192.0.2.1/24,2001:db8::1/64" \
		"$(dfctl router_interface list router=r --no-headers -c fixed_ips)"
	check_eq "in the subnets' network" "$(field network blue .id)" "$(field router_interface to-blue .network_id)"
	check_eq "the link" "$(field network blue .id)" "$(dfctl router_link list router=r --json | jq -r '.[].network_id')"
	check "another address" dfctl router_interface set to-blue fixed_ips= fixed_ips=blue-4,192.0.2.254
	check_eq "instead" "192.0.2.254/24" "$(dfctl router_interface list --no-headers -c fixed_ips)"
	check_fails "a second one in the subnet" dfctl router_interface create router=r fixed_ips=blue-4
	check "says why" grep -q "192.0.2.0/24 overlaps with a subnet of router_interface" \
		<(dfctl router_interface create router=r fixed_ips=blue-4 2>&1)
	check_fails "a subnet with an interface" dfctl subnet delete blue-4
	check_fails "a router with an interface" dfctl router delete r
}

routes_come_and_go() {
	database
	blue
	run dfctl router create r
	run dfctl router_interface create i router=r fixed_ips=blue-4,192.0.2.1
	check "one" dfctl router set r routes+=destination=10.0.0.0/8,nexthop=192.0.2.9
	check "another way to there" dfctl router set r routes+=destination=10.0.0.0/8,nexthop=192.0.2.8
	check "a black hole" dfctl router set r routes+=destination=2001:db8:9::/48,type=blackhole
	check_eq "three" "10.0.0.0/8 10.0.0.0/8 2001:db8:9::/48" "$(field router r '[.routes[].destination] | join(" ")')"
	check_fails "a nexthop that is nowhere" dfctl router set r routes+=destination=10.0.0.0/8,nexthop=198.51.100.1
	check "says why" grep -q "nexthop 198.51.100.1 is on no subnet of the router" \
		<(dfctl router set r routes+=destination=10.0.0.0/8,nexthop=198.51.100.1 2>&1)
	check_fails "an interface with a route through it" dfctl router_interface delete i
	check "one route goes" dfctl router set r routes-=nexthop=192.0.2.9
	check "a destination goes" dfctl router set r routes-=10.0.0.0/8
	check_eq "one is left" "2001:db8:9::/48" "$(field router r '[.routes[].destination] | join(" ")')"
	check "the interface goes" dfctl router_interface delete i
}

security_groups_have_rules() {
	local id
	database
	run dfctl security_group create web
	run dfctl address_group create office addresses=192.0.2.0/24
	id=$(dfctl security_group_rule create security_group=web direction=ingress protocol=tcp \
		port_range_min=443 port_range_max=443 remote_address_group=office) || fail "cannot create a rule"
	check_eq "listed by its group" "$id" "$(dfctl security_group_rule list security_group=web --no-headers --columns id)"
	check_eq "its remote" "$(field address_group office .id)" "$(field security_group_rule "$id" .remote_address_group_id)"
	check "a change" dfctl security_group_rule set "$id" port_range_min=80
	check_eq "the range" "[80,443]" "$(field security_group_rule "$id" '[.port_range_min, .port_range_max]')"
	check "from a remote to another" dfctl security_group_rule set "$id" remote_address_group= remote_group=web
	check_eq "a stateful group" yes "$(dfctl security_group list --no-headers --columns stateful)"
	check "an ICMP type of 0" dfctl security_group_rule create security_group=web direction=ingress protocol=icmp port_range_min=0
	check_fails "a code without a type" dfctl security_group_rule create security_group=web direction=ingress protocol=icmp port_range_max=0
	check_fails "a group that has rules" dfctl security_group delete web
	check "says who uses it" grep -q "is used by security_group_rule .* and 1 more" <(dfctl security_group delete web 2>&1)
}

a_new_security_group_may_have_default_rules() {
	database
	run dfctl security_group create web project_id=p1 --default-rules
	check_eq "what it may send" "egress IPv4 p1, egress IPv6 p1" \
		"$(dfctl security_group_rule list --no-headers --columns direction,ethertype,project_id | sort | xargs -n 3 | paste -sd, | sed 's/,/, /')"
	refused 2 "network: --default-rules makes no sense here" network create blue --default-rules
	refused 2 "list: --default-rules makes no sense here" security_group list --default-rules
}

ports_have_security_groups_and_port_security() {
	database
	blue
	run dfctl security_group create web
	run dfctl port create p network=blue fixed_ips=192.0.2.10,2001:db8::10 security_groups=web
	check_eq "its addresses" "192.0.2.10,2001:db8::10" \
		"$(dfctl security_group_member list --no-headers --columns addresses)"
	check_fails "the group is used" dfctl security_group delete web
	check_fails "a port without security has no groups" dfctl port set p port_security_enabled=false
	check "names the field" grep -q 'field "security_groups": a port with port_security_enabled=false has none' \
		<(dfctl port set p port_security_enabled=false 2>&1)
	check "both at once" dfctl port set p port_security_enabled=false security_groups=
	check_eq "no member is left" "" "$(dfctl security_group_member list --no-headers)"
	check "the group is free" dfctl security_group delete web
	run dfctl network set blue port_security_enabled=false
	run dfctl port create q network=blue
	run dfctl port create r network=blue port_security_enabled=true
	check_eq "what the network says, unless the port does" "no no yes" \
		"$(dfctl port list --no-headers --columns name,port_security_enabled | sort | awk '{ print $2 }' | xargs)"
}

records_are_written_with_and_without_json() {
	database
	blue
	run dfctl subnet create long network=blue cidr=198.51.100.0/24 \
		allocation_pools=start=198.51.100.10,end=198.51.100.20,start=198.51.100.30,end=198.51.100.40
	check_eq "two pools" '[["198.51.100.10","198.51.100.20"],["198.51.100.30","198.51.100.40"]]' \
		"$(field subnet long '[.allocation_pools[] | [.start, .end]]')"
	run dfctl subnet set long 'host_routes=[{"destination":"203.0.113.0/24","nexthop":"198.51.100.1"}]'
	check_eq "JSON" '[{"destination":"203.0.113.0/24","nexthop":"198.51.100.1"}]' "$(field subnet long .host_routes)"
	run dfctl port create web network=blue fixed_ips=subnet=blue-4,ip_address=192.0.2.9
	check_eq "a name inside a record" "$(field subnet blue-4 .id)" "$(field port web '.fixed_ips[0].subnet_id')"
	check_fails "broken JSON" dfctl subnet set long 'host_routes=[{'
}

lists_grow_and_shrink() {
	database
	blue
	run dfctl network set blue tags=a,b
	run dfctl network set blue tags+=c
	run dfctl network set blue tags+=c
	run dfctl network set blue tags-=a
	check_eq tags '["b","c"]' "$(field network blue .tags)"
	refused 1 "network blue: field 'tags' does not hold zz" network set blue tags-=zz
	run dfctl port create web network=blue fixed_ips=192.0.2.10,2001:db8::10
	run dfctl port set web fixed_ips-=192.0.2.10
	check_eq addresses '["2001:db8::10"]' "$(field port web '[.fixed_ips[].ip_address]')"
}

concurrent_additions_are_all_kept() {
	local i
	database
	blue
	for i in {1..8}; do
		dfctl network set blue "tags+=t$i" >"log$i" 2>&1 &
	done
	wait
	check_eq "all eight" 8 "$(field network blue '.tags | length')"
}

fields_are_unset() {
	database
	run dfctl network create blue mtu=1400 description=text tags=a
	run dfctl network set blue mtu= description= tags=
	check_eq "nothing is stored" '[null,null,null]' "$(field network blue '[.mtu, .description, .tags]')"
	check "what holds instead is shown" grep -Eq '^mtu +1450$' <(dfctl network show blue)
}

names() {
	dfctl port list --no-headers --columns name "$@" | sort | xargs
}

objects_are_filtered() {
	database
	blue
	run dfctl network create red
	run dfctl port create a network=blue fixed_ips=192.0.2.1,2001:db8::1 binding_host=hv1
	run dfctl port create b network=blue admin_state_up=false tags=x,y
	run dfctl port create c network=red binding_host=hv1
	check_eq "by reference" "a b" "$(names network=blue)"
	check_eq "by text" "a c" "$(names binding_host=hv1)"
	check_eq "by two" "a" "$(names binding_host=hv1 network=blue)"
	check_eq "by what was not stored" "a c" "$(names admin_state_up=true)"
	check_eq "by an item" "b" "$(names tags=y)"
	check_eq "by a record" "a" "$(names fixed_ips=2001:db8::1)"
	check_eq "by its absence" "b" "$(names binding_host=)"
	check_fails "a bad value" dfctl port list admin_state_up=perhaps
}

columns_are_chosen() {
	database
	blue
	check_eq "in their order" "blue 1450" "$(dfctl network list -c name,mtu --no-headers | xargs)"
	check_eq "with headers" "NAME  MTU" "$(dfctl network list --columns=name,mtu | head -n 1)"
}

json_is_json() {
	local id
	database
	blue
	check "create" jq -es '.[0] | .name == "x" and .revision == 1' <(dfctl -j network create x)
	check "list" jq -es '.[0] | map(.name) == ["blue", "x"]' <(dfctl network list --json)
	check "show" jq -es '.[0] | .name == "blue"' <(dfctl network show blue --json)
	check "set" jq -es '.[0] | .mtu == 1300' <(dfctl network set blue mtu=1300 --json)
	check "an empty list" jq -es '.[0] | . == []' <(dfctl chassis list --json)
	id=$(dfctl port create 'a "quoted" \ name ü' network=blue)
	check "text is kept" jq -es '.[0] | .name == "a \"quoted\" \\ name ü"' <(dfctl port show "$id" --json)
}

# export_all: every object that is written by hand
export_all() {
	local model
	for model in chassis network subnet port router router_interface; do
		dfctl "$model" list --json || return 1
	done
}

a_copy_equals_the_original() {
	local want
	database
	blue
	run dfctl chassis create hv1 encaps=type=vxlan,ip=198.51.100.1
	run dfctl port create web network=blue fixed_ips=192.0.2.10 binding_host=hv1 tags=a
	run dfctl port create app network=blue fixed_ips=192.0.2.11
	run dfctl router create r
	run dfctl router_interface create i router=r fixed_ips=blue-4,192.0.2.1,blue-6,2001:db8::1
	run dfctl router set r routes=destination=10.0.0.0/8,nexthop=192.0.2.10
	export_all >all.json
	check "on top of itself" dfctl apply all.json
	export_all >again.json
	check "nothing has changed" diff all.json again.json
	# backwards: the order in the file does not matter
	jq -c '.[]' all.json | tac >lines.json
	export DRAGONFLOW_DATABASE=sqlite://$PWD/copy.db
	check "into an empty database" dfctl apply lines.json
	want=$(jq -Sc 'map(del(.key, .revision)) | sort' all.json)
	check_eq "the copy" "$want" "$(export_all | jq -Sc 'map(del(.key, .revision)) | sort')"
}

apply_creates_and_replaces() {
	local id
	database
	id=$(dfctl network create blue mtu=1400 description=old)
	echo "{\"model\":\"network\",\"id\":\"$id\",\"name\":\"blue\",\"mtu\":1300} {\"model\":\"network\",\"name\":\"red\"}" >two.json
	check_eq "two" "2 objects written in 1 transaction" "$(dfctl apply two.json)"
	check_eq "replaced" '[1300,null]' "$(field network blue '[.mtu, .description]')"
	check_eq "created" red "$(field network red .name)"
	check "JSON" jq -es '.[0] | .objects == 2 and .transactions == 1' <(dfctl apply two.json --json)
}

apply_refuses_what_it_does_not_know() {
	database
	refused 1 "nothing.json: No such file or directory" apply nothing.json
	echo '{"name":"x"}' >bad.json
	refused 1 "object 1: field 'model' is missing" apply bad.json
	echo '{"model":"netwrk"}' >bad.json
	refused 1 "object 1: no model 'netwrk'; did you mean 'network'?" apply bad.json
	echo '{"model":"binding"}' >bad.json
	refused 1 "object 1: a binding is not written by hand" apply bad.json
	echo '[{"model":"network","name":"x"}, 3]' >bad.json
	refused 1 "object 2 is not a JSON object" apply bad.json
	echo '{"model":"network","mtu":"large"}' >bad.json
	check_fails "a value of another type" dfctl apply bad.json
	check "names object and field" grep -q 'object 1: network: field "mtu"' <(dfctl apply bad.json 2>&1)
	echo '{"model":"network",' >bad.json
	check_fails "broken JSON" dfctl apply bad.json
	check_eq "nothing was written" "" "$(dfctl network list --no-headers)"
}

# ports COUNT FIRST: JSON of a network and its ports
ports() {
	jq -nc --argjson count "$1" '
		{model: "network", id: "11111111-1111-4111-8111-111111111111", name: "big"},
		(range($count) | {model: "port", network_id: "11111111-1111-4111-8111-111111111111", name: "p\(.)"})'
}

many_objects_are_written_in_transactions() {
	database
	check_eq "the report" "2501 objects written in 3 transactions" "$(ports 2500 | dfctl apply - 2>/dev/null)"
	check_eq "all of them" 2500 "$(dfctl port list --no-headers | wc -l)"
	check_eq "smaller transactions" "101 objects written in 11 transactions" \
		"$(ports 100 | dfctl apply - --batch 10 2>/dev/null)"
}

a_failed_transaction_leaves_the_ones_before() {
	database
	{
		ports 20
		echo '{"model":"port","name":"bad","network_id":"22222222-2222-4222-8222-222222222222"}'
	} >objects.json
	check_fails "the last one refers to nothing" dfctl apply objects.json --batch 10
	check_eq "two whole transactions" 19 "$(dfctl port list --no-headers | wc -l)"
	check "says how many" grep -q "20 of 22 objects were written" <(dfctl apply objects.json --batch 10 2>&1)
}

printed() {
	grep -Eq "$1" events
}

# The monitor is ready when it prints a change: make some until it does.
monitor_begin() {
	adf_daemon events dfctl monitor "$@"
	wait_for 10 eval 'dfctl network create probe && dfctl network delete probe && printed probe'
}

changes_are_printed() {
	local id
	database
	monitor_begin
	id=$(dfctl network create blue)
	run dfctl network set blue mtu=1300
	run dfctl network delete blue
	check "created" wait_for 5 printed "  \+ network $id blue "
	check "changed" wait_for 5 printed "  ~ network $id blue  mtu: - -> 1300\$"
	check "deleted" wait_for 5 printed "  - network $id  blue\$"
}

changes_are_printed_as_json() {
	local id
	database
	monitor_begin --json
	id=$(dfctl network create blue)
	run dfctl network delete blue
	check "deleted" wait_for 5 printed "\"event\":\"delete\".*\"id\":\"$id\""
	check_eq "what was printed" '["put","network","database"] ["delete","network","database"]' \
		"$(jq -c "select(.id == \"$id\") | [.event, .model, .source]" events | xargs -d '\n')"
}

a_snapshot_is_printed() {
	local id
	database
	id=$(dfctl network create blue)
	check_eq "of every topic" "$id" "$(dfctl monitor --snapshot --count 1 --json | jq -r .id)"
	check_eq "of one" "$id" "$(dfctl monitor "network/$id" --snapshot --count 1 --json | jq -r .id)"
	check_eq "of another" "" "$(dfctl monitor status --snapshot --timeout 0.3)"
}

a_monitor_ends_when_it_should() {
	local signal
	database
	run dfctl network create blue
	check "after a time" dfctl monitor --timeout 0.2
	for signal in INT TERM; do
		monitor_begin
		kill -"$signal" "$DAEMON_PID"
		check "after SIG$signal" wait_for 5 process_is_gone "$DAEMON_PID"
		wait "$DAEMON_PID"
		check_eq "status after SIG$signal" 0 "$?"
		rm events
	done
}

the_option_comes_before_the_environment() {
	database
	run dfctl network create one
	run dfctl --database "sqlite://$PWD/other.db" network create two
	check_eq "environment" one "$(dfctl network list --no-headers -c name)"
	check_eq "option" two "$(dfctl -d "sqlite://$PWD/other.db" network list --no-headers -c name)"
	check_eq "with =" two "$(dfctl network list --no-headers -c name --database="sqlite://$PWD/other.db")"
}

a_database_that_cannot_be_opened_is_named() {
	database
	check_fails "a directory that is not there" dfctl -d sqlite:///no/such/place/nb.db network list
	check_fails "an unknown scheme" dfctl -d nosql://host network list
	check "is named" grep -q nosql <(dfctl -d nosql://host network list 2>&1)
	check_fails "no URI" dfctl -d nothing network list
	check_eq "one line" 1 "$(dfctl -d nothing network list 2>&1 | wc -l)"
}

a_full_disk_is_no_success() {
	database
	blue
	check_fails "to a full disk" eval 'dfctl network list >/dev/full'
}

tests_run
