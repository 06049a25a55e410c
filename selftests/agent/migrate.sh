#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# Live migration: a port is on one hypervisor and on standby on a second one,
# and they change places under traffic.
#
#   w1 --- hv1 ---+--- hv2 --- w2
#                 +--- hv3 --- w3, which is w2 after the move
# TIMEOUT=400
ALL_TESTS="
	one_on_standby_takes_no_traffic
	nothing_but_a_moment_is_lost
	after_the_move_the_first_is_let_go
	a_port_cannot_stand_by_for_itself
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

W1=w1-$$ W2=w2-$$ W3=w3-$$
MAC1=02:00:00:00:00:01 MAC2=02:00:00:00:00:02

setup() {
	need_dragonflow
	adf_cloud 3 vxlan4
	agents_start 1 2 3
	network_new
	port_new 1 "$MAC1" fixed_ips=192.0.2.1
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	port_new 2 "$MAC2" fixed_ips=192.0.2.2
	adf_plug 2 "$W2" "$MAC2" 192.0.2.2/24
	# Both answer to the same: only one of them is a place to go.
	adf_plug 3 "$W3" "$MAC2" 192.0.2.2/24
	run ip -n "$W1" neigh replace 192.0.2.2 lladdr "$MAC2" dev eth0
	run ip -n "$W2" neigh replace 192.0.2.1 lladdr "$MAC1" dev eth0
	run ip -n "$W3" neigh replace 192.0.2.1 lladdr "$MAC1" dev eth0
	run wait_for 10 can_ping "$W1" 192.0.2.2
}

received() {
	ns "$1" sed -n 's/^ *eth0: *[0-9]* *\([0-9]*\).*/\1/p' /proc/net/dev
}

is_attached() {
	agent_ask "$1" status | jq -es --argjson key "$KEY" \
		'any(.[0].ports[]; .key == $key and .attached)' >/dev/null
}

relays() {
	hv_kernel "$1" ports | jq -es --argjson key "$KEY" \
		'any(.[][]; .id == $key and .type == "remote" and (.flags | index("relay")))' >/dev/null
}

status_is_from() {
	nb --json port_status show "$PORT" |
		jq -es --arg chassis "$1" 'any(..; .status? == "up" and .chassis? == $chassis)'
}

one_on_standby_takes_no_traffic() {
	local before
	check_fails "hv3 does not know the port" is_attached 3
	run nb port set "$PORT" binding_standby_host=hv3
	check "hv3 attaches its device" wait_for 5 is_attached 3
	check "hv3 would relay what is late" wait_for 5 relays 3
	check "hv2 has it as before" port_is_programmed 2 "$KEY" vif
	before=$(received "$W3")
	check "w1 reaches it" can_ping "$W1" 192.0.2.2
	check_eq "and not on hv3" "$before" "$(received "$W3")"
	check_fails "what hv3's says is not heard" can_ping "$W3" 192.0.2.1 -W 1
	check "hv2 tells how it is" status_is_from hv2
	check "in step" agent_is_in_step 3
}

# Whoever it is, what is sent arrives once.
nothing_but_a_moment_is_lost() {
	local sent lost twice
	adf_tmpdir
	run nb port set "$PORT" binding_standby_host=hv3
	run wait_for 5 is_attached 3
	flow_receive "$W3" "$PWD/second"
	run wait_for 10 is_listening "$W3"
	SECOND=$FLOW_RECEIVER
	flow_receive "$W2" "$PWD/first"
	flow_send "$W1" 192.0.2.2 10 "$PWD/sent"
	run wait_for 20 has_packets "$W2" 2000
	run nb port set "$PORT" binding_host=hv3 binding_standby_host=hv2
	run wait_for 20 has_packets "$W3" 2000
	run wait_for 60 process_is_gone "$FLOW_SENDER"
	run wait_for 20 process_is_gone "$FLOW_RECEIVER"
	run wait_for 20 process_is_gone "$SECOND"
	log "$(<sent)" "$(<first)" "$(<second)"
	check "hv3 has it" port_is_programmed 3 "$KEY" vif
	check "hv2 relays" relays 2
	check "hv3 tells how it is" wait_for 5 status_is_from hv3
	sent=$(value sent sent)
	twice=$(($(value first received) + $(value second received)))
	lost=$((sent - twice))
	log "lost $lost of $sent"
	check "what was sent has arrived, but for a moment" [ "$lost" -lt $((100 * WAIT_FACTOR)) ]
	check "and not twice" [ "$lost" -ge 0 ]
}

has_packets() {
	[ "$(received "$1")" -gt "$2" ]
}

after_the_move_the_first_is_let_go() {
	run nb port set "$PORT" binding_host=hv3 binding_standby_host=hv2
	run wait_for 5 relays 2
	run nb port set "$PORT" binding_standby_host=
	check "hv2 forgets it" wait_for 5 port_is_absent 2 "$KEY"
	check "and its device" wait_for 5 has_no_filter
	check "w1 reaches it on hv3" wait_for 5 can_ping "$W1" 192.0.2.2
}

has_no_filter() {
	[ -z "$(tc -n "${HV[2]}" filter show dev "$DEVICE" ingress)" ]
}

a_port_cannot_stand_by_for_itself() {
	check_fails "the same host" nb port set "$PORT" binding_standby_host=hv2 binding_host=hv2
}

tests_run
