#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
#       red 10.1.0.0/24          router          blue 10.2.0.0/24
#       2001:db8:1::/64      .1 +------+ .1      2001:db8:2::/64
#     -----------------------+--|  r   |--+-----------------------
#       r1 .11   r2 .12   r3 .13 +-----+     b1 .11          b3 .13
#       (hv1)    (hv1)    (hv2)              (hv1)           (hv3)
#
# Three hypervisors, each with an agent of its own: none of them has all of it.
# TIMEOUT=600
ALL_TESTS="
	every_pair_talks
	topics_are_followed_as_far_as_packets_go
	routes_come_and_go_under_traffic
	interfaces_come_and_go
	a_port_moves_under_routed_traffic
	tenants_with_the_same_addresses_stay_apart
	dead_agents_route_on_and_write_nothing_when_they_return
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

TALK=$(cd "$(dirname "$0")" && pwd)/talk.py

# All objects of the beginning are written by one command, and so have ids that
# nobody has to be asked for.
setup() {
	need_dragonflow
	adf_cloud 3 vxlan4
	{
		router_object r
		network_objects red 1
		network_objects blue 2
		interface_object r red
		interface_object r blue
		port_object r1 1 red 1 11
		port_object r2 1 red 1 12
		port_object r3 2 red 1 13
		port_object b1 1 blue 2 11
		port_object b3 3 blue 2 13
	} | write
	agents_start 1 2 3
	plug r1 1 1 11
	plug r2 1 1 12
	plug r3 2 1 13
	plug b1 1 2 11
	plug b3 3 2 13
	adf_daemon "$CLOUD/echo" /usr/bin/python3 "$TALK" echo "r1-$$" "r2-$$" "r3-$$" "b1-$$" "b3-$$"
	run wait_for 20 grep -q ready "$CLOUD/echo"
	run wait_for 20 all_are_in_step
}

router_object() {
	object router "$1"
}

# talk NAME N HOST [NAME N HOST...]: each with both addresses of a workload
talk() {
	local pairs=()
	while [ "$#" != 0 ]; do
		pairs+=("$1-$$" "10.$2.0.$3" "$1-$$" "2001:db8:$2::$3")
		shift 3
	done
	/usr/bin/python3 "$TALK" ask "${pairs[@]}"
}

every_pair_talks() {
	check "the pairs of networks and of hypervisors" talk \
		r1 1 12 r1 1 13 r1 2 11 r1 2 13 r3 2 13 b3 1 13
	check "the router answers" can_ping "r1-$$" 10.1.0.1
	check "for its other side, too" can_ping "r1-$$" 2001:db8:2::1
}

# topics I: what the agent of hypervisor I follows, in order
topics() {
	agent_ask "$1" status | jq -r '.topics[].topic' | sort | xargs
}

# why I TOPIC
why() {
	agent_ask "$1" status | jq -r --arg topic "$2" '.topics[] | select(.topic == $topic) | .why'
}

# follows I TOPIC... : exactly these topics beside the common ones
follows() {
	local i=$1
	shift
	[ "$(topics "$i")" = "$(printf '%s\n' "chassis/hv$i" global "$@" | sort | xargs)" ]
}

topics_are_followed_as_far_as_packets_go() {
	local i router green other red blue
	adf_tmpdir
	router=router/$(id r) red=network/$(id red) blue=network/$(id blue)
	other=router/$(id other) green=network/$(id green)
	for i in 1 2 3; do
		check "hv$i follows the router and what it leads to" follows "$i" "$red" "$blue" "$router"
	done
	check_eq "hv2 knows blue by the router" "router ${router#*/} leads there" "$(why 2 "$blue")"
	check_eq "and red by its port" "1 port here" "$(why 2 "$red")"
	# Another router in blue, and what it leads to: for hv2 not to be reached.
	{
		router_object other
		network_objects green 3
		interface_object other green
		object router_interface other-blue "\"router_id\": \"$(id other)\", \"fixed_ips\": [
			{\"subnet_id\": \"$(id blue-4)\", \"ip_address\": \"10.2.0.254\"}]"
	} | write
	defer nb router delete other
	defer nb network delete green
	defer nb subnet delete green-4 green-6
	defer nb router_interface delete other-blue other-green
	check "hv3, with a port in blue, follows it" wait_for 10 \
		follows 3 "$red" "$blue" "$router" "$green" "$other"
	check "hv2 does not" follows 2 "$red" "$blue" "$router"
	run nb router set r routes+=destination=10.3.0.0/24,nexthop=10.2.0.254
	defer nb router set r routes=
	check "until a route leads by it" wait_for 10 \
		follows 2 "$red" "$blue" "$router" "$green" "$other"
	# Back by the way it came.
	run nb router set other routes+=destination=10.1.0.0/24,nexthop=10.2.0.1
	defer nb router set other routes=
	port_object g3 3 green 3 11 | write
	defer nb port delete g3
	plug g3 3 3 11
	check "packets go by two routers" wait_for 10 can_ping "r3-$$" 10.3.0.11
	run nb router set r routes=
	check "and without it not any more" wait_for 10 follows 2 "$red" "$blue" "$router"
}

# A steady flow from r1 to b3
flow_begin() {
	steady_flow "r1-$$" "b3-$$" 10.2.0.13
}

reaches_not() {
	! can_ping "$1" "$2" -W 1
}

routes_come_and_go_under_traffic() {
	local i via_b1=destination=10.99.0.0/16,nexthop=10.2.0.11 via_b3=destination=10.99.0.0/16,nexthop=10.2.0.13
	adf_tmpdir
	defer nb router set r routes=
	# What is behind the next hops, and answers by them
	for i in b1 b3; do
		run nb port set "$i" allowed_address_pairs=10.99.0.0/16,2001:db8:99::/48
		defer nb port set "$i" allowed_address_pairs=
		run ip -n "$i-$$" address add 10.99.0.1/32 dev lo
		defer ip -n "$i-$$" address del 10.99.0.1/32 dev lo
	done
	flow_begin
	check "without a route, nothing" reaches_not "r1-$$" 10.99.0.1
	run nb router set r routes+="$via_b1"
	check "by a next hop on the same hypervisor" wait_for 5 can_ping "r1-$$" 10.99.0.1 -W 1
	check "from another hypervisor" wait_for 5 can_ping "r3-$$" 10.99.0.1 -W 1
	run nb router set r routes+="$via_b3"
	check "by two next hops" wait_for 5 can_ping "r1-$$" 10.99.0.1 -W 1
	run nb router set r routes-="nexthop=10.2.0.11"
	check "by the other one alone" wait_for 5 can_ping "r1-$$" 10.99.0.1 -W 1
	run nb router set r routes=destination=10.99.0.0/16,type=blackhole
	check "into a black hole" wait_for 5 reaches_not "r1-$$" 10.99.0.1
	run nb router set r routes="destination=2001:db8:99::/48,nexthop=2001:db8:2::11"
	run ip -n "b1-$$" address add 2001:db8:99::1/128 dev lo
	defer ip -n "b1-$$" address del 2001:db8:99::1/128 dev lo
	check "and so with IPv6" wait_for 5 can_ping "r3-$$" 2001:db8:99::1 -W 1
	run nb router set r routes=
	check "and without it" wait_for 5 reaches_not "r3-$$" 2001:db8:99::1
	check_flow
}

interfaces_come_and_go() {
	adf_tmpdir
	run nb router_interface delete r-blue
	check "without an interface, nothing" wait_for 5 reaches_not "r3-$$" 10.2.0.13
	check "its network is not followed any more" wait_for 5 \
		follows 2 "network/$(id red)" "router/$(id r)"
	check "within the network, as before" can_ping "r1-$$" 10.1.0.13
	interface_object r blue | write
	# It has another MAC now, which is announced.
	check "with it" wait_for 10 can_ping "r3-$$" 10.2.0.13 -W 1
	run nb router set r admin_state_up=false
	check "a router that is down does not route" wait_for 5 reaches_not "r3-$$" 10.2.0.13
	run nb router set r admin_state_up=true
	check "until it is up" wait_for 5 can_ping "r3-$$" 10.2.0.13 -W 1
	run nb router_interface set r-blue admin_state_up=false
	check "nor does an interface" wait_for 5 reaches_not "r3-$$" 2001:db8:2::13
	run nb router_interface set r-blue admin_state_up=true
	check "until it is up, too" wait_for 5 can_ping "r3-$$" 2001:db8:2::13 -W 1
}

a_port_moves_under_routed_traffic() {
	local dev
	adf_tmpdir
	dev=$(device_of b3)
	flow_begin
	adf_daemon "$PWD/set" dfctl --database "$DATABASE" port set b3 binding_host=hv2
	run ip -n "${HV[3]}" link set "$dev" netns "${HV[2]}"
	run ip -n "${HV[2]}" link set "$dev" up
	check "it is reached there" wait_for 10 can_ping "r3-$$" 10.2.0.13 -W 1
	check "by the other hypervisor, too" wait_for 10 can_ping "r1-$$" 10.2.0.13 -W 1
	check "and by the flow" wait_for 10 more_datagrams_than "$(datagrams)"
	flow_came
	check "reachable within a second" [ $(($(value sent sent) - $(value received received))) -lt $((RATE * WAIT_FACTOR)) ]
	check "hv3 follows nothing any more" wait_for 5 follows 3
	run nb port set b3 binding_host=hv3
	run ip -n "${HV[2]}" link set "$dev" netns "${HV[3]}"
	run ip -n "${HV[3]}" link set "$dev" up
	check "and when it is back" wait_for 10 can_ping "r3-$$" 10.2.0.13 -W 1
}

tenants_with_the_same_addresses_stay_apart() {
	adf_tmpdir
	{
		router_object s
		network_objects red2 1
		network_objects blue2 2
		interface_object s red2
		interface_object s blue2
		port_object x1 1 red2 1 11
		port_object x3 3 blue2 2 14
	} | write
	defer nb router delete s
	defer nb router_interface delete s-red2 s-blue2
	defer nb port delete x1 x3
	plug x1 1 1 11
	plug x3 3 2 14
	check "the second tenant's is reached" wait_for 10 can_ping "x1-$$" 10.2.0.14 -W 1
	check "the first tenant's is not" reaches_not "x1-$$" 10.2.0.13
	check "nor is the second's by the first" reaches_not "r1-$$" 10.2.0.14
	check "nor with IPv6" reaches_not "r1-$$" 2001:db8:2::14
	check "the first is as before" can_ping "r1-$$" 2001:db8:2::13
	check "hv2 knows nothing of it" follows 2 "network/$(id red)" "network/$(id blue)" "router/$(id r)"
}

reconciled() {
	agent_log "$1" | grep reconciled | tail -n 1
}

dead_agents_route_on_and_write_nothing_when_they_return() {
	local i
	adf_tmpdir
	run nb router set r routes=destination=10.99.0.0/16,nexthop=10.2.0.13,destination=2001:db8:9::/48,type=prohibit
	defer nb router set r routes=
	run wait_for 10 all_are_in_step
	flow_begin
	for i in 1 2 3; do
		agent_kill "$i"
	done
	check "without agents, from hv1 and hv2" talk r1 2 13 r3 2 13
	agents_start 1 2 3
	for i in 1 2 3; do
		log "hv$i: $(reconciled "$i")"
		check "hv$i had nothing to write" grep -q ": 0 of [1-9][0-9]* objects written, 0 deleted" <(reconciled "$i")
	done
	check_flow
}

tests_run
