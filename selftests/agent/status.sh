#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# What the agent reports about the ports of its hypervisor.
# TIMEOUT=300
ALL_TESTS="
	a_port_is_up_once_its_device_is_there
	a_device_may_be_there_before_its_port
	a_port_without_its_device_is_down
	a_disabled_port_is_down
	an_unbound_port_is_down
	a_device_may_have_another_name
	the_control_socket_answers
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

W1=w1-$$ MAC1=02:00:00:00:00:01

setup() {
	need_dragonflow
	adf_cloud 1 vxlan4
	agent_start 1
	network_new
}

port_ended() {
	nb port delete "$PORT"
}

# new_port [FIELD=VALUE...]: one that is gone when the case ends
new_port() {
	port_new 1 "$MAC1" "$@"
	defer port_ended
}

is_up() {
	port_status_is "$PORT" up
}

is_down() {
	port_status_is "$PORT" down
}

a_port_is_up_once_its_device_is_there() {
	new_port
	check "down before" wait_for 5 is_down
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	check "up with it" wait_for 5 is_up
}

a_device_may_be_there_before_its_port() {
	PORT=12345678-9abc-4def-8123-456789abcdef
	DEVICE=tap${PORT:0:11}
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	new_port id="$PORT"
	check "up at once" wait_for 5 is_up
}

a_port_without_its_device_is_down() {
	new_port
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	run wait_for 5 is_up
	run ip -n "${HV[1]}" link del "$DEVICE"
	check "down" wait_for 5 is_down
	check "with the reason" grep -q "no such device" <(nb port_status show "$PORT")
}

a_disabled_port_is_down() {
	new_port
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	run wait_for 5 is_up
	run nb port set "$PORT" admin_state_up=false
	check "down" wait_for 5 is_down
	run nb port set "$PORT" admin_state_up=true
	check "up again" wait_for 5 is_up
	run nb network set "$NETWORK" admin_state_up=false
	check "down with its network" wait_for 5 is_down
	run nb network set "$NETWORK" admin_state_up=true
	check "up with its network" wait_for 5 is_up
}

an_unbound_port_is_down() {
	new_port
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	run wait_for 5 is_up
	run nb port set "$PORT" binding_host=
	check "down" wait_for 5 is_down
	check "not in the kernel" wait_for 5 port_is_absent 1 "$KEY"
}

a_device_may_have_another_name() {
	new_port device_name="odd-$$"
	DEVICE=odd-$$
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	check "up" wait_for 5 is_up
}

the_control_socket_answers() {
	check "status" agent_says status '.ok and .chassis == "hv1"'
	check "metrics" agent_says metrics '.metrics | test("dragonflow_agent_database_up")'
	check "what it does not know" agent_says nonsense '.ok == false and (.error | length) > 0'
	check "what is no JSON" garbage_is_refused
	check "a log level" set_log_level debug
	check "a wrong one" set_log_level_fails loud
	set_log_level info
	check "dfctl status finds nothing wrong" ns "${HV[1]}" dfctl --control-socket \
		"$CLOUD/hv1.sock" status
	check_eq "only root may ask" 600 "$(stat -c %a "$CLOUD/hv1.sock")"
}

agent_says() {
	agent_ask 1 "$1" | jq -es ".[0] | $2"
}

garbage_is_refused() {
	printf 'x\n[]\n{}\n' | socat -t 5 - "UNIX-CONNECT:$CLOUD/hv1.sock" |
		jq -es 'length == 3 and all(.[]; .ok == false)'
}

set_log_level() {
	echo "{\"cmd\":\"log-level\",\"level\":\"$1\"}" |
		socat -t 5 - "UNIX-CONNECT:$CLOUD/hv1.sock" | jq -es '.[0].ok'
}

set_log_level_fails() {
	! set_log_level "$1"
}

tests_run
