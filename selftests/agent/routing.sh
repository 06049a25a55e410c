#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
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

declare -A NET PORT_OF

setup() {
	need_dragonflow
	adf_cloud 3 vxlan4
	agent_start 1
	agent_start 2
	agent_start 3
	router_new r
	net_new red 1
	net_new blue 2
	interface_new r red
	interface_new r blue
	workload r1 1 red 1 11
	workload r2 1 red 1 12
	workload r3 2 red 1 13
	workload b1 1 blue 2 11
	workload b3 3 blue 2 13
	run wait_for 20 all_are_in_step
}

router_new() {
	run nb router create "$1"
}

# net_new NAME N: a network with 10.N.0.0/24 and 2001:db8:N::/64
net_new() {
	NET[$1]=$(nb network create "$1") || fail "cannot create a network"
	run nb subnet create "$1-4" network="${NET[$1]}" cidr="10.$2.0.0/24" gateway_ip="10.$2.0.1"
	run nb subnet create "$1-6" network="${NET[$1]}" cidr="2001:db8:$2::/64" gateway_ip="2001:db8:$2::1"
}

interface_new() {
	run nb router_interface create "$1-$2" router="$1" fixed_ips="$2-4,$2-6"
}

# workload NAME I NETWORK N HOST: on hypervisor I, with 10.N.0.HOST
workload() {
	local name=$1 i=$2 n=$4 last=$5 mac
	NETWORK=${NET[$3]}
	mac=$(printf '02:00:00:%02x:%02x:%02x' "$i" "$n" "$last")
	port_new "$i" "$mac" "fixed_ips=10.$n.0.$last,2001:db8:$n::$last"
	defer nb port delete "$PORT"
	PORT_OF[$name]=$PORT
	adf_plug "$i" "$name-$$" "$mac" "10.$n.0.$last/24" "2001:db8:$n::$last/64"
	run ip -n "$name-$$" link set eth0 mtu 1450
	run ip -n "$name-$$" route add default via "10.$n.0.1"
	run ip -n "$name-$$" route add default via "2001:db8:$n::1"
	echoes "$name-$$"
}

# What comes in goes back, on port 7 of TCP and UDP.
echoes() {
	adf_daemon /dev/null ip netns exec "$1" socat TCP6-LISTEN:7,ipv6-v6only=0,fork,reuseaddr PIPE
	adf_daemon /dev/null ip netns exec "$1" socat UDP6-LISTEN:7,ipv6-v6only=0,fork,reuseaddr PIPE
	run wait_for 10 echoes_listen "$1"
}

echoes_listen() {
	[ "$(ns "$1" ss -Hlntu "sport = :7" | wc -l)" = 2 ]
}

all_are_in_step() {
	agent_is_in_step 1 && agent_is_in_step 2 && agent_is_in_step 3
}

# bracketed ADDRESS: as socat wants it
bracketed() {
	case $1 in
	*:*) echo "[$1]" ;;
	*) echo "$1" ;;
	esac
}

# talks_tcp NS ADDRESS: some hundred packets there and back
talks_tcp() {
	local sum
	head -c 100000 /dev/urandom >data
	sum=$(ns "$1" socat -t 10 - "TCP:$(bracketed "$2"):7" <data | cksum)
	[ "$sum" = "$(cksum <data)" ]
}

talks_udp() {
	[ "$(echo hello | ns "$1" socat -t 2 - "UDP:$(bracketed "$2"):7")" = hello ]
}

# talks FROM ADDRESS WHAT
talks() {
	check "$3: ping from $1 to $2" wait_for 10 can_ping "$1-$$" "$2" -W 1
	check "$3: TCP from $1 to $2" talks_tcp "$1-$$" "$2"
	check "$3: UDP from $1 to $2" wait_for 5 talks_udp "$1-$$" "$2"
}

# talks_both FROM N HOST WHAT: with both addresses of a workload
talks_both() {
	talks "$1" "10.$2.0.$3" "$4"
	talks "$1" "2001:db8:$2::$3" "$4"
}

every_pair_talks() {
	adf_tmpdir
	talks_both r1 1 12 "same network, same hypervisor"
	talks_both r1 1 13 "same network, other hypervisor"
	talks_both r1 2 11 "routed, same hypervisor"
	talks_both r1 2 13 "routed, other hypervisor"
	talks_both r3 2 13 "routed, other hypervisor, networks apart"
	talks_both b3 1 13 "and back"
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

id_of() {
	nb --json "$1" show "$2" | jq -r .id
}

# follows I HOST... : exactly these topics beside the common ones
follows() {
	local i=$1
	shift
	[ "$(topics "$i")" = "$(printf '%s\n' "chassis/hv$i" global "$@" | sort | xargs)" ]
}

topics_are_followed_as_far_as_packets_go() {
	local i router green
	router=$(id_of router r)
	for i in 1 2 3; do
		check "hv$i follows the router and what it leads to" \
			follows "$i" "network/${NET[red]}" "network/${NET[blue]}" "router/$router"
	done
	check_eq "hv2 knows blue by the router" "router $router leads there" "$(why 2 "network/${NET[blue]}")"
	check_eq "and red by its port" "1 port here" "$(why 2 "network/${NET[red]}")"
	# Another router in blue, and what it leads to: for hv2 not to be reached.
	router_new other
	defer nb router delete other
	net_new green 3
	defer nb network delete green
	defer nb subnet delete green-4 green-6
	run nb router_interface create other-blue router=other fixed_ips=blue-4,10.2.0.254
	interface_new other green
	defer nb router_interface delete other-blue other-green
	green=network/${NET[green]} other=router/$(id_of router other)
	check "hv3, with a port in blue, follows it" wait_for 10 \
		follows 3 "network/${NET[red]}" "network/${NET[blue]}" "router/$router" "$green" "$other"
	check "hv2 does not" follows 2 "network/${NET[red]}" "network/${NET[blue]}" "router/$router"
	run nb router set r routes+=destination=10.3.0.0/24,nexthop=10.2.0.254
	check "until a route leads by it" wait_for 10 \
		follows 2 "network/${NET[red]}" "network/${NET[blue]}" "router/$router" "$green" "$other"
	workload g3 3 green 3 11
	# Back by the way it came.
	run nb router set other routes+=destination=10.1.0.0/24,nexthop=10.2.0.1
	defer nb router set other routes=
	check "packets go by two routers" wait_for 10 can_ping "r3-$$" 10.3.0.11
	run nb router set r routes=
	check "and without it not any more" wait_for 10 \
		follows 2 "network/${NET[red]}" "network/${NET[blue]}" "router/$router"
}

# A steady flow from r1 to b3, and what became of it
flow_begin() {
	flow_receive "b3-$$" "$PWD/received"
	flow_send "r1-$$" 10.2.0.13 "$1" "$PWD/sent"
}

check_flow() {
	flow_end 90
	log "$(<sent)" "$(<received)"
	check_eq "every packet arrived" "$(value sent sent)" "$(value received received)"
	check_eq "none was lost" 0 "$(value received lost)"
}

reaches_not() {
	! can_ping "$1" "$2" -W 1
}

routes_come_and_go_under_traffic() {
	local i via_b1=destination=10.99.0.0/16,nexthop=10.2.0.11 via_b3=destination=10.99.0.0/16,nexthop=10.2.0.13
	adf_tmpdir
	defer nb router set r routes=
	# What is behind the next hops
	for i in b1 b3; do
		run ip -n "$i-$$" address add 10.99.0.1/32 dev lo
		defer ip -n "$i-$$" address del 10.99.0.1/32 dev lo
	done
	flow_begin 20
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
		follows 2 "network/${NET[red]}" "router/$(id_of router r)"
	check "within the network, as before" can_ping "r1-$$" 10.1.0.13
	interface_new r blue
	# it has another MAC now, and nobody has announced that
	run ip -n "b3-$$" neigh flush dev eth0
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
	local dev=tap${PORT_OF[b3]:0:11}
	adf_tmpdir
	flow_begin 12
	adf_daemon "$PWD/set" dfctl --database "$DATABASE" port set "${PORT_OF[b3]}" binding_host=hv2
	run ip -n "${HV[3]}" link set "$dev" netns "${HV[2]}"
	run ip -n "${HV[2]}" link set "$dev" up
	check "it is reached there" wait_for 10 can_ping "r3-$$" 10.2.0.13 -W 1
	flow_end 60
	log "$(<sent)" "$(<received)"
	check "reachable within a second" [ "$(value received lost)" -lt $((1000 * WAIT_FACTOR)) ]
	check "hv3 follows nothing any more" wait_for 5 follows 3
	run nb port set "${PORT_OF[b3]}" binding_host=hv3
	run ip -n "${HV[2]}" link set "$dev" netns "${HV[3]}"
	run ip -n "${HV[3]}" link set "$dev" up
	check "and when it is back" wait_for 10 can_ping "r3-$$" 10.2.0.13 -W 1
}

tenants_with_the_same_addresses_stay_apart() {
	adf_tmpdir
	router_new s
	net_new red2 1
	net_new blue2 2
	interface_new s red2
	interface_new s blue2
	defer nb router delete s
	defer nb router_interface delete s-red2 s-blue2
	workload x1 1 red2 1 11
	workload x3 3 blue2 2 14
	check "the second tenant's is reached" wait_for 10 can_ping "x1-$$" 10.2.0.14 -W 1
	check "the first tenant's is not" reaches_not "x1-$$" 10.2.0.13
	check "nor is the second's by the first" reaches_not "r1-$$" 10.2.0.14
	check "nor with IPv6" reaches_not "r1-$$" 2001:db8:2::14
	check "the first is as before" can_ping "r1-$$" 2001:db8:2::13
	check "hv2 knows nothing of it" follows 2 "network/${NET[red]}" "network/${NET[blue]}" \
		"router/$(id_of router r)"
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
	flow_begin 30
	for i in 1 2 3; do
		agent_kill "$i"
	done
	talks_both r1 2 13 "without agents"
	talks_both r3 2 13 "without agents, from hv2"
	for i in 1 2 3; do
		agent_start "$i"
		log "hv$i: $(reconciled "$i")"
		check "hv$i had nothing to write" grep -q ": 0 of [1-9][0-9]* objects written, 0 deleted" <(reconciled "$i")
	done
	check_flow
}

tests_run
