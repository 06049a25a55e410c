#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# A port changes its hypervisor, or goes, while packets flow to it.
#
#   w1 --- hv1 ---+--- hv2 --- w2
#                 +--- hv3 --- w2 later
# TIMEOUT=300
ALL_TESTS="
	a_moved_port_is_reachable_within_a_second
	a_deleted_port_gets_nothing_any_more
	a_changed_mac_is_used_at_once
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

W1=w1-$$ W2=w2-$$
MAC1=02:00:00:00:00:01 MAC2=02:00:00:00:00:02

setup() {
	local i
	need_dragonflow
	adf_cloud 3 vxlan4
	for i in 1 2 3; do
		agent_start "$i"
	done
	network_new
	port_new 1 "$MAC1" fixed_ips=192.0.2.1
	KEY1=$KEY
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	# Another port keeps the network known on hv3, as it is in most moves.
	port_new 3 02:00:00:00:00:03
}

# second_workload: w2 on hv2, with an address that w1 knows
second_workload() {
	port_new 2 "$MAC2" fixed_ips=192.0.2.2
	defer nb port delete "$PORT"
	adf_plug 2 "$W2" "$MAC2" 192.0.2.2/24
	run ip -n "$W1" neigh replace 192.0.2.2 lladdr "$MAC2" dev eth0
	run wait_for 10 can_ping "$W1" 192.0.2.2
}

start_flow() {
	flow_receive "$W2" "$PWD/received"
	flow_send "$W1" 192.0.2.2 "$1" "$PWD/sent"
	run wait_for 20 has_packets 1000
}

packets_of_w2() {
	ns "$W2" sed -n 's/^ *eth0: *[0-9]* *\([0-9]*\).*/\1/p' /proc/net/dev
}

has_packets() {
	[ "$(packets_of_w2)" -gt "$1" ]
}

# The workload's device leaves one hypervisor and appears on another, as in a
# live migration, while the port's binding is being changed.
move_workload() {
	run ip -n "${HV[2]}" link set "$DEVICE" netns "${HV[3]}"
	run ip -n "${HV[3]}" link set "$DEVICE" up
}

a_moved_port_is_reachable_within_a_second() {
	adf_tmpdir
	second_workload
	defer ip -n "${HV[3]}" link del "$DEVICE"
	start_flow 15
	adf_daemon "$PWD/set" dfctl --database "$DATABASE" port set "$PORT" binding_host=hv3
	move_workload
	flow_end 60
	log "$(<sent)" "$(<received)"
	check "it is a port of hv3 now" port_is_programmed 3 "$KEY" vif
	check "a remote one of hv1" port_is_programmed 1 "$KEY" remote
	check "and nothing to hv2, which has no port of the network left" \
		wait_for 5 port_is_absent 2 "$KEY"
	# At 1,000 packets/s; counting them, and not the time, leaves out the
	# moments in which a busy machine let nobody send.
	check "reachable within a second" [ "$(value received lost)" -lt $((1000 * WAIT_FACTOR)) ]
	check_eq "no packet came twice" 0 "$(value received duplicates)"
	check "hv3 reports that it is up" wait_for 5 status_is_from hv3
}

status_is_from() {
	nb --json port_status show "$PORT" |
		jq -es --arg chassis "$1" 'any(..; .status? == "up" and .chassis? == $chassis)'
}

a_deleted_port_gets_nothing_any_more() {
	local before
	adf_tmpdir
	second_workload
	start_flow 10
	run nb port delete "$PORT"
	check "hv1 forgets it" wait_for 5 port_is_absent 1 "$KEY"
	check "hv2 forgets it" wait_for 5 port_is_absent 2 "$KEY"
	before=$(packets_of_w2)
	flow_end 60
	log "$(<sent)" "$(<received)"
	check_eq "nothing arrives" "$before" "$(packets_of_w2)"
	check "the device has no filter any more" wait_for 5 has_no_filter
	check "the other port is still there" port_is_programmed 1 "$KEY1" vif
}

has_no_filter() {
	[ -z "$(tc -n "${HV[2]}" filter show dev "$DEVICE" ingress)" ]
}

a_changed_mac_is_used_at_once() {
	second_workload
	run ip -n "$W2" link set eth0 address 02:00:00:00:00:22
	run nb port set "$PORT" mac_address=02:00:00:00:00:22
	run ip -n "$W1" neigh replace 192.0.2.2 lladdr 02:00:00:00:00:22 dev eth0
	check "the new address is reached" wait_for 5 can_ping "$W1" 192.0.2.2
	run ip -n "$W1" neigh replace 192.0.2.2 lladdr "$MAC2" dev eth0
	check_fails "the old one is not" can_ping "$W1" 192.0.2.2 -W 1
}

tests_run
