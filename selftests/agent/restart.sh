#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# The agent is killed, stopped, restarted; the datapath does not care.
#
#   w1 --- hv1 --- underlay --- hv2 --- w2
# TIMEOUT=400
ALL_TESTS="
	a_killed_agent_costs_no_packet
	a_stopped_agent_leaves_the_datapath_forwarding
	changes_made_while_the_agent_was_away_are_written
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

W1=w1-$$ W2=w2-$$
MAC1=02:00:00:00:00:01 MAC2=02:00:00:00:00:02 MAC3=02:00:00:00:00:03

setup() {
	need_dragonflow
	adf_cloud 2 vxlan4
	network_new
	port_new 1 "$MAC1" fixed_ips=192.0.2.1
	PORT1=$PORT KEY1=$KEY DEVICE1=$DEVICE
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	port_new 2 "$MAC2" fixed_ips=192.0.2.2
	PORT2=$PORT KEY2=$KEY
	adf_plug 2 "$W2" "$MAC2" 192.0.2.2/24
	run ip -n "$W1" neigh replace 192.0.2.2 lladdr "$MAC2" dev eth0
	run ip -n "$W2" neigh replace 192.0.2.1 lladdr "$MAC1" dev eth0
}

start_agents() {
	agent_start 1
	agent_start 2
	run wait_for 10 can_ping "$W1" 192.0.2.2
}

last_line() {
	agent_log "$1" | grep "$2" | tail -n 1
}

a_killed_agent_costs_no_packet() {
	start_agents
	adf_tmpdir
	flow_receive "$W2" "$PWD/received"
	flow_send "$W1" 192.0.2.2 20 "$PWD/sent"
	agent_kill 1
	agent_kill 2
	agent_start 1
	agent_start 2
	flow_end 60
	log "$(<sent)" "$(<received)" "$(last_line 1 reconciled)" "$(last_line 2 reconciled)"
	check_eq "every packet arrived" "$(value sent sent)" "$(value received received)"
	check_eq "none was lost" 0 "$(value received lost)"
	check_eq "none came twice" 0 "$(value received duplicates)"
	check "hv1 had nothing to write" grep -q ": 0 of 5 objects written, 0 deleted" \
		<(last_line 1 reconciled)
	check "hv2 had nothing to write" grep -q ": 0 of 5 objects written, 0 deleted" \
		<(last_line 2 reconciled)
}

a_stopped_agent_leaves_the_datapath_forwarding() {
	start_agents
	agent_stop 1
	agent_stop 2
	check "no agent is registered" no_agents
	check "the chassis remain" [ "$(nb --json chassis list | jq length)" = 2 ]
	check "packets flow" can_ping "$W1" 192.0.2.2
	check "the socket is gone" [ ! -e "$CLOUD/hv1.sock" ]
	# The other hypervisors, restarted, still know the way to a silent one.
	agent_start 1
	check "packets flow" can_ping "$W1" 192.0.2.2
	check "its port is known" port_is_programmed 1 "$KEY2" remote
}

no_agents() {
	[ "$(nb --json agent list | jq length)" = 0 ]
}

changes_made_while_the_agent_was_away_are_written() {
	start_agents
	agent_kill 1
	port_new 2 "$MAC3"
	new=$KEY
	run nb port delete "$PORT2"
	agent_start 1
	check "the new port is there" port_is_programmed 1 "$new" remote
	check "the deleted one is not" port_is_absent 1 "$KEY2"
	log "$(last_line 1 reconciled)"
	check "nothing else was written" grep -q ": 1 of 5 objects written, 1 deleted" \
		<(last_line 1 reconciled)
	agent_kill 1
	run nb port delete "$PORT1"
	agent_start 1
	check "its port is gone" port_is_absent 1 "$KEY1"
	check "and the filter of the device" has_no_filter "$DEVICE1"
}

has_no_filter() {
	[ -z "$(tc -n "${HV[1]}" filter show dev "$1" ingress)" ]
}

tests_run
