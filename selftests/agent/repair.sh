#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# What the agent relies on goes away, or is changed behind its back.
#
#   w1 --- hv1 --- underlay --- hv2 --- w2
# TIMEOUT=400
ALL_TESTS="
	a_reloaded_module_is_programmed_again
	what_was_tampered_with_is_put_right
	a_second_agent_of_a_chassis_is_refused
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
	PORT1=$PORT DEVICE1=$DEVICE
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	port_new 2 "$MAC2" fixed_ips=192.0.2.2
	adf_plug 2 "$W2" "$MAC2" 192.0.2.2/24
	run ip -n "$W1" neigh replace 192.0.2.2 lladdr "$MAC2" dev eth0
	run ip -n "$W2" neigh replace 192.0.2.1 lladdr "$MAC1" dev eth0
}

start_agents() {
	agent_start 1
	agent_start 2
	run wait_for 10 can_ping "$W1" 192.0.2.2
}

a_reloaded_module_is_programmed_again() {
	start_agents
	agent_stop 2
	run tc -n "${HV[1]}" qdisc del dev "$DEVICE1" clsact
	check "a lost filter comes back" wait_for 5 can_ping "$W1" 192.0.2.2
	agent_stop 1
	for hv in "${HV[1]}" "${HV[2]}"; do
		for dev in $(ns "$hv" sed -n 's/^ *\(.*\):.*/\1/p' /proc/net/dev); do
			tc -n "$hv" qdisc del dev "$dev" clsact 2>/dev/null
		done
	done
	run wait_for 10 modprobe -r dragonflow
	adf_daemon "$CLOUD/hv1.log" nsenter --net="/run/netns/${HV[1]}" dragonflowd --config=/dev/null \
		--database="$DATABASE" --chassis=hv1 --run-dir="$CLOUD" \
		--state-dir="$CLOUD" \
		"$(encap_option vxlan4 1)"
	AGENT[1]=$DAEMON_PID
	run modprobe dragonflow
	agent_start 2
	run wait_for 20 agent_is_in_step 1
	check "packets flow" wait_for 10 can_ping "$W1" 192.0.2.2
}

what_was_tampered_with_is_put_right() {
	start_agents
	run ip -n "${HV[1]}" link del df-vxlan
	check "a deleted tunnel device comes back" wait_for 10 can_ping "$W1" 192.0.2.2
	run ip -n "${HV[1]}" link set "$DEVICE1" down
	run ip -n "${HV[1]}" link set "$DEVICE1" name other0
	check "a renamed device is no port" wait_for 5 port_status_is "$PORT1" down
	run ip -n "${HV[1]}" link set other0 name "$DEVICE1"
	run ip -n "${HV[1]}" link set "$DEVICE1" up
	check "renamed back, it is" wait_for 5 port_status_is "$PORT1" up
	check "packets flow" wait_for 5 can_ping "$W1" 192.0.2.2
}

a_second_agent_of_a_chassis_is_refused() {
	local status=0
	agent_start 1
	ns "${HV[2]}" timeout 60 dragonflowd --config=/dev/null --database="$DATABASE" \
		--chassis=hv1 --run-dir="$CLOUD/second" --state-dir="$CLOUD/second" \
		"$(encap_option vxlan4 2)" >"$CLOUD/second.log" 2>&1 || status=$?
	log "$(<"$CLOUD/second.log")"
	check_eq "it ends with an error" 1 "$status"
	check "that says why" grep -q "another agent runs as chassis hv1" "$CLOUD/second.log"
	check "the first one's address was left alone" \
		grep -q "$(underlay4 1)" <(nb --json chassis show hv1)
}

tests_run
