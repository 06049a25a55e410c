#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
#   w1                           w2
#   |  +--------------+          |  +--------------+
#   +--| hv1  agent   |          +--| hv2  agent   |
#      +------+-------+             +------+-------+
#             +------- underlay -----------+
#
# Packets for tunnels are taken at the device that has the agent's address,
# whichever that is.
# TIMEOUT=300
ALL_TESTS="
	packets_are_sent_and_taken_directly
	a_restart_leaves_the_filter_alone
	what_somebody_removes_comes_back
	the_filter_follows_the_address
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

W1=w1-$$ W2=w2-$$
MAC1=02:00:00:00:00:01 MAC2=02:00:00:00:00:02

setup() {
	need_dragonflow
	adf_cloud 2 vxlan4
	network_new
	port_new 1 "$MAC1" fixed_ips=192.0.2.1
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	port_new 2 "$MAC2" fixed_ips=192.0.2.2
	adf_plug 2 "$W2" "$MAC2" 192.0.2.2/24
}

start_agents() {
	agent_start 1
	agent_start 2
	check "the device has the filter" wait_for 10 is_underlay 1 underlay
	check "the workloads reach each other" wait_for 10 can_ping "$W1" 192.0.2.2
}

filters() {
	python3 "$(dirname "$0")/../lib/dfnl.py" "$1" filters "$2"
}

is_underlay() {
	[ "$(filters "${HV[$1]}" "$2")" = '"underlay"' ]
}

is_nothing() {
	[ -z "$(filters "${HV[$1]}" "$2")" ]
}

status_names() {
	agent_ask "$1" status | jq -es --arg device "$2" \
		'.[0].underlays | length == 1 and .[0].device == $device and .[0].attached'
}

directly() {
	hv_kernel "$1" ports | jq -s '[.[][] | select(.type == "tunnel") | .stats | .tx_direct, .rx_direct]' -c
}

packets_are_sent_and_taken_directly() {
	start_agents
	check "the status says so" wait_for 10 status_names 1 underlay
	run ns "$W1" ping -q -i 0.1 -c 20 192.0.2.2
	check "packets are sent directly" test "$(directly 1 | jq '.[0]')" -ge 10
	check "and taken directly" test "$(directly 2 | jq '.[1]')" -ge 10
	check "the host itself is reached" can_ping "${HV[1]}" "$(underlay4 2)"
}

a_restart_leaves_the_filter_alone() {
	start_agents
	adf_daemon "$CLOUD/monitor" nsenter --net="/run/netns/${HV[1]}" tc monitor
	agent_kill 1
	check "it stays" is_underlay 1 underlay
	agent_start 1
	check "it is there" is_underlay 1 underlay
	run ip -n "${HV[1]}" link add probe type dummy
	run ns "${HV[1]}" tc qdisc add dev probe clsact
	check "the monitor works" wait_for 5 grep -q probe "$CLOUD/monitor"
	check_fails "nobody has touched it" grep -q underlay "$CLOUD/monitor"
}

what_somebody_removes_comes_back() {
	start_agents
	run ns "${HV[1]}" tc filter del dev underlay ingress prio 1
	check "the filter" wait_for 10 is_underlay 1 underlay
	run ns "${HV[1]}" tc qdisc del dev underlay clsact
	check "the qdisc" wait_for 10 is_underlay 1 underlay
}

the_filter_follows_the_address() {
	start_agents
	run ip -n "${HV[1]}" address del "$(underlay4 1)/24" dev underlay
	check "it goes with the address" wait_for 10 is_nothing 1 underlay
	run ip -n "${HV[1]}" link add link underlay name other type macvlan mode bridge
	run ip -n "${HV[1]}" link set other up
	run ip -n "${HV[1]}" address add "$(underlay4 1)/24" dev other
	check "it comes with the address" wait_for 10 is_underlay 1 other
	check "the status says so" wait_for 10 status_names 1 other
	check "the workloads reach each other" wait_for 10 can_ping "$W1" 192.0.2.2
	run ip -n "${HV[1]}" link del other
	run ip -n "${HV[1]}" address add "$(underlay4 1)/24" dev underlay
	check "and back" wait_for 10 is_underlay 1 underlay
	check "they still do" wait_for 10 can_ping "$W1" 192.0.2.2
}

tests_run
