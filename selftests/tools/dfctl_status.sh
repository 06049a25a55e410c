#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# dfctl status on a hypervisor with its agent: well when all is well, and
# saying what is wrong when it is not; a port's way seen from all sides.
#
#   +--- hv1 ---+
#   | dragonflowd, module
#   |  tap... --+-- eth0 $W1 192.0.2.1
#   +-----------+
# TIMEOUT=300
ALL_TESTS="
	a_hypervisor_with_its_agent_is_well
	a_port_without_a_workload_is_told_of
	a_port_is_seen_by_everybody
	an_agent_that_does_not_answer_is_told_of
	a_file_that_is_no_socket_is_told_of
	a_dead_agent_is_told_of"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/../agent/cloud.sh"

W1=w1-$$ MAC1=02:00:00:00:00:01

setup() {
	need_dragonflow
	adf_cloud 1 vxlan4
	agent_start 1
	network_new
}

# status ARGUMENT...: of hypervisor 1
status() {
	dfctl --netns "${HV[1]}" --control-socket "$CLOUD/hv1.sock" status "$@"
}

status_says() {
	grep -Eq -- "$1" <(status)
}

port_gone() {
	nb port delete "$PORT"
}

new_port() {
	port_new 1 "$MAC1"
	defer port_gone
}

a_hypervisor_with_its_agent_is_well() {
	check "status" wait_for 10 status
	check "it is well" status_says '^health +well$'
	check "its agent" status_says "^agent +chassis hv1, version .*, process ${AGENT[1]}, up "
	check "its database" status_says "^database +up, $DATABASE\$"
	check "its tunnel" status_says '^tunnels +df-vxlan$'
	check "JSON" jq -e '.healthy and .problems == [] and .agent.chassis == "hv1" and
		.kernel.tunnels == ["df-vxlan"] and .kernel.ports_down == 0' <(status --json)
}

is_waiting() {
	status_says '^ports +0 up, 1 down, ' && status_says "^ +down: $DEVICE, there is no such device\$"
}

a_port_without_a_workload_is_told_of() {
	new_port
	check "it is shown" wait_for 10 is_waiting
	check "and is nobody's fault" wait_for 10 status
}

is_up_everywhere() {
	status_says '^ports +1 up, 0 down, ' &&
		[ "$(nb port list --no-headers --columns id,status,chassis | xargs)" = "$PORT up hv1" ] &&
		hv_kernel 1 ports | jq -e --arg device "$DEVICE" 'any(.[]; .device == $device)'
}

a_port_is_seen_by_everybody() {
	adf_daemon "$CLOUD/events" dfctl --netns "${HV[1]}" --database "$DATABASE" monitor --kernel status
	new_port
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	check "up" wait_for 10 is_up_everywhere
	check "the kernel told" wait_for 10 grep -Eq "kernel port .*device=$DEVICE" "$CLOUD/events"
	check "the database told" wait_for 10 grep -Eq "port_status $PORT .*up" "$CLOUD/events"
}

a_dead_agent_is_told_of() {
	agent_kill 1
	check_fails "status" status
	check "why" status_says "! no agent runs: nothing listens at $CLOUD/hv1.sock"
	check "what there is" status_says '^kernel +module '
	agent_start 1
	check "well again" wait_for 10 status
}

an_agent_that_does_not_answer_is_told_of() {
	kill -STOP "${AGENT[1]}"
	defer kill -CONT "${AGENT[1]}"
	check_fails "status" status --timeout 0.5
	check "why" grep -q "! the agent does not answer at $CLOUD/hv1.sock" <(status --timeout 0.5)
}

a_file_that_is_no_socket_is_told_of() {
	check_fails "status" status --control-socket /etc/hostname
	check "why" grep -q "^ *! .*at /etc/hostname" <(status --control-socket /etc/hostname)
}

tests_run
