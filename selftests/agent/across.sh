#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   w1, w2                       w3
#     |  +--------------+          |  +--------------+
#     +--| hv1  agent   |          +--| hv2  agent   |
#        +------+-------+             +------+-------+
#               +------- underlay -----------+
#
# Ports are created in the database; the agents make the rest of it.
# TIMEOUT=420
ALL_TESTS="
	vxlan_over_ipv4_connects_hypervisors
	vxlan_over_ipv6_connects_hypervisors
	geneve_over_ipv4_connects_hypervisors
	geneve_over_ipv6_connects_hypervisors
	the_preferred_common_encapsulation_is_used
	networks_with_the_same_addresses_stay_apart
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

W1=w1-$$ W2=w2-$$ W3=w3-$$
MAC1=02:00:00:00:00:01 MAC2=02:00:00:00:00:02 MAC3=02:00:00:00:00:03

setup() {
	need_dragonflow
}

connects_hypervisors() {
	local kind=$1
	adf_cloud 2 "$kind"
	agent_start 1
	agent_start 2
	network_new
	port_new 1 "$MAC1"
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	port_new 1 "$MAC2"
	adf_plug 1 "$W2" "$MAC2" 192.0.2.2/24
	port_new 2 "$MAC3"
	adf_plug 2 "$W3" "$MAC3" 192.0.2.3/24
	check "a workload of the same hypervisor is reached" \
		wait_for 10 can_ping "$W1" 192.0.2.2
	check "a workload of the other hypervisor is reached" \
		wait_for 10 can_ping "$W1" 192.0.2.3
	check "and reaches back" can_ping "$W3" 192.0.2.2
	check "large packets pass, too" can_ping "$W3" 192.0.2.1 -s 1400
	check "${kind%?} leads to the other hypervisor" uses_tunnel 1 "df-${kind%?}"
}

uses_tunnel() {
	local tunnel
	tunnel=$(hv_kernel "$1" chassis | jq '.[0].tunnel')
	hv_kernel "$1" ports | jq -e --argjson id "$tunnel" --arg device "$2" \
		'any(.[]; .id == $id and .device == $device)'
}

vxlan_over_ipv4_connects_hypervisors() { connects_hypervisors vxlan4; }
vxlan_over_ipv6_connects_hypervisors() { connects_hypervisors vxlan6; }
geneve_over_ipv4_connects_hypervisors() { connects_hypervisors geneve4; }
geneve_over_ipv6_connects_hypervisors() { connects_hypervisors geneve6; }

the_preferred_common_encapsulation_is_used() {
	adf_cloud 2 geneve6 vxlan4
	agent_start 1
	ENCAPS=(vxlan6 vxlan4)
	agent_start 2
	network_new
	port_new 1 "$MAC1"
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	port_new 2 "$MAC3"
	adf_plug 2 "$W3" "$MAC3" 192.0.2.3/24
	check "the workload is reached" wait_for 10 can_ping "$W1" 192.0.2.3
	check "hv1 sends VXLAN" uses_tunnel 1 df-vxlan
	check "hv2 sends VXLAN" uses_tunnel 2 df-vxlan
}

networks_with_the_same_addresses_stay_apart() {
	adf_cloud 2 vxlan4
	agent_start 1
	agent_start 2
	network_new
	port_new 1 "$MAC1"
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	port_new 2 "$MAC3"
	adf_plug 2 "$W3" "$MAC3" 192.0.2.3/24
	network_new
	port_new 1 "$MAC3"
	adf_plug 1 "$W2" "$MAC3" 192.0.2.3/24
	check "each reaches its own" wait_for 10 can_ping "$W1" 192.0.2.3
	run ip -n "$W3" link set eth0 down
	check_fails "and not the other network's" can_ping "$W1" 192.0.2.3 -W 1
}

tests_run
