#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# Virtual addresses that move between the ports which may have them.
#
#       red 10.1.0.0/24        router        blue 10.2.0.0/24
#     ----------------------+--|  r  |--+----------------------
#       v1 .11     v2 .12      +-----+         b3 .13
#       (hv1)      (hv2)                       (hv3)
#
# v1 and v2 may have .100. hv3 has no port in red: it is told by the database.
# TIMEOUT=500
ALL_TESTS="
	what_is_allowed_is_programmed_everywhere
	what_cannot_be_is_refused
	a_virtual_address_is_followed_everywhere
	without_agents_those_who_hear_it_follow
	the_database_says_who_has_it
	a_deleted_port_takes_its_claims_along
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

CLAIM=$(cd "$(dirname "$0")" && pwd)/claim.py
VIP4=10.1.0.100 VIP6=2001:db8:1::100
PAIRS="[{\"ip_address\": \"$VIP4\"}, {\"ip_address\": \"$VIP6\"}, {\"ip_address\": \"$VIP4\",
	\"mac_address\": \"00:00:5e:00:01:07\"}, {\"ip_address\": \"10.9.0.0/16\"}]"

setup() {
	local i
	need_dragonflow
	adf_cloud 3 vxlan4
	{
		object router r
		network_objects red 1
		network_objects blue 2
		port_object v1 1 red 1 11 "$PAIRS"
		port_object v2 2 red 1 12 "$PAIRS"
		port_object b3 3 blue 2 13 '[]'
	} | write
	agents_start 1 2 3
	plug v1 1 1 11
	plug v2 2 1 12
	plug b3 3 2 13
	for i in 1 2 3; do
		run wait_for 20 agent_is_in_step "$i"
	done
}

# network_objects NAME N: a network with two subnets, and the router's interface
network_objects() {
	local network
	network="\"network_id\": \"$(id "$1")\""
	object network "$1"
	object subnet "$1-4" "$network, \"cidr\": \"10.$2.0.0/24\", \"gateway_ip\": \"10.$2.0.1\""
	object subnet "$1-6" "$network, \"cidr\": \"2001:db8:$2::/64\", \"gateway_ip\": \"2001:db8:$2::1\""
	object router_interface "r-$1" "\"router_id\": \"$(id r)\", \"fixed_ips\": [
		{\"subnet_id\": \"$(id "$1-4")\"}, {\"subnet_id\": \"$(id "$1-6")\"}]"
}

# port_object NAME I NETWORK N HOST PAIRS
port_object() {
	object port "$1" "\"network_id\": \"$(id "$3")\", \"binding_host\": \"hv$2\",
		\"mac_address\": \"$(mac_of "$2" "$4" "$5")\", \"allowed_address_pairs\": $6,
		\"fixed_ips\": [
		{\"subnet_id\": \"$(id "$3-4")\", \"ip_address\": \"10.$4.0.$5\"},
		{\"subnet_id\": \"$(id "$3-6")\", \"ip_address\": \"2001:db8:$4::$5\"}]"
}

# plug NAME I N HOST: the workload of that port
plug() {
	DEVICE=$(device_of "$1")
	adf_plug "$2" "$1-$$" "$(mac_of "$2" "$3" "$4")" "10.$3.0.$4/24" "2001:db8:$3::$4/64"
	run ip -n "$1-$$" route add default via "10.$3.0.1"
	run ip -n "$1-$$" route add default via "2001:db8:$3::1"
}

key_of() {
	nb --json port show "$(id "$1")" | jq -es '[.. | .key? // empty][0]'
}

# take NAME OTHER: v1 or v2 takes the virtual addresses over
take() {
	ip -n "$2-$$" address del "$VIP4/24" dev eth0 2>/dev/null
	ip -n "$2-$$" address del "$VIP6/64" dev eth0 2>/dev/null
	run ip -n "$1-$$" address replace "$VIP4/24" dev eth0
	run ip -n "$1-$$" address replace "$VIP6/64" dev eth0 nodad
	run /usr/bin/python3 "$CLAIM" "$1-$$" "$(mac_of "${1#v}" 1 "1${1#v}")" "$VIP4" "$VIP6"
}

# leads_to I NAME: on hypervisor I, both virtual addresses do
leads_to() {
	hv_kernel "$1" ports | jq -es --argjson key "$(key_of "$2")" --arg ip4 "$VIP4" --arg ip6 "$VIP6" \
		'[.[][] | select(.id == $key) | .hold[]? | select(.active) | .ip4 // .ip6] |
		 contains([$ip4]) and contains([$ip6])' >/dev/null
}

has_pairs() {
	hv_kernel "$1" ports | jq -es --argjson key "$(key_of "$2")" --argjson count "$3" \
		'any(.[][]; .id == $key and (.pair | length) == $count)' >/dev/null
}

is_reached() {
	can_ping "b3-$$" "$VIP4" && can_ping "b3-$$" "$VIP6"
}

what_is_allowed_is_programmed_everywhere() {
	local i
	for i in 1 2 3; do
		check "of v1 on hv$i" has_pairs "$i" v1 4
		check "of v2 on hv$i" has_pairs "$i" v2 4
	done
	run nb port set "$(id v2)" allowed_address_pairs='[{"ip_address": "192.0.2.0/24"}]'
	for i in 1 2 3; do
		check "a change on hv$i" wait_for 5 has_pairs "$i" v2 1
	done
	run nb port set "$(id v2)" allowed_address_pairs="$PAIRS"
	check "and back" wait_for 5 has_pairs 3 v2 4
}

what_cannot_be_is_refused() {
	local pair
	for pair in '"ip_address": "224.0.0.1"' '"ip_address": "0.0.0.0"' '"ip_address": "10.1.0.1/24"' \
		'"ip_address": "10.1.0.7", "mac_address": "01:00:5e:00:00:01"' '"mac_address": "02:00:00:00:00:01"'; do
		check_fails "$pair" nb port set "$(id v2)" allowed_address_pairs="[{$pair}]"
	done
	check_fails "twice" nb port set "$(id v2)" allowed_address_pairs='[{"ip_address": "10.1.0.7"},
		{"ip_address": "10.1.0.7", "mac_address": "'"$(mac_of 2 1 12)"'"}]'
}

a_virtual_address_is_followed_everywhere() {
	local name other i
	for name in v1 v2 v1; do
		other=v$((3 - ${name#v}))
		take "$name" "$other"
		for i in 1 2 3; do
			check "hv$i leads to $name within a second" wait_for 1 leads_to "$i" "$name"
		done
		check "$name answers b3" wait_for 5 is_reached
	done
}

# stored NAME: the newest claims are those of that port
stored() {
	nb --json port_claims list | jq -es --arg id "$(id "$1")" --arg ip "$VIP4" \
		'[.[][] | {id, since: (.claims[] | select(.ip_address == $ip) | .since)}] |
		 max_by(.since).id == $id' >/dev/null
}

# hv1 and hv2 hear each other; hv3 is told as soon as there is an agent again.
without_agents_those_who_hear_it_follow() {
	take v1 v2
	run wait_for 5 stored v1
	run wait_for 5 leads_to 3 v1
	agent_kill 1
	agent_kill 2
	take v2 v1
	check "hv1 follows" wait_for 1 leads_to 1 v2
	check "hv2 follows" wait_for 1 leads_to 2 v2
	check "v1 reaches it" can_ping "v1-$$" "$VIP4"
	agents_start 1 2
	check "hv1 believes what it has heard" leads_to 1 v2
	check "hv3 is told" wait_for 5 leads_to 3 v2
	check "the database knows" wait_for 5 stored v2
	check "b3 reaches it" wait_for 5 is_reached
}

# Agents that a case has started end with it.
the_database_says_who_has_it() {
	agents_start 1 2
	take v2 v1
	check "it is stored" wait_for 5 stored v2
	take v1 v2
	check "and followed" wait_for 5 stored v1
	agent_stop 3
	run ns "${HV[3]}" dfctl --json kernel ports >"$CLOUD/before"
	agent_start 3
	check "nothing is to be written" reconciled_nothing 3
	check "hv3 still knows" leads_to 3 v1
}

reconciled_nothing() {
	agent_ask "$1" status | jq -es '.[0].reconciled | .written == 0 and .deleted == 0' >/dev/null ||
		agent_log "$1" | grep 'reconciled: 0 of' >/dev/null
}

a_deleted_port_takes_its_claims_along() {
	agents_start 1 2 3
	take v1 v2
	run wait_for 5 stored v1
	take v2 v1
	run wait_for 5 stored v2
	run wait_for 5 leads_to 3 v2
	run nb port delete "$(id v2)"
	check "hv3 leads to who had it before" wait_for 5 leads_to 3 v1
	check_fails "nothing is left of it" nb port_claims show "$(id v2)"
}

tests_run
