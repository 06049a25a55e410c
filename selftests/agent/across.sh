#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
#   w1, w2                       w3
#     |  +--------------+          |  +--------------+
#     +--| hv1  agent   |          +--| hv2  agent   |
#        +------+-------+             +------+-------+
#               +------- underlay -----------+
#
# Ports are created in the database; the agents make the rest of it. hv1 offers
# every encapsulation, hv2 what the case is about.
# TIMEOUT=400
ALL_TESTS="
	vxlan_over_ipv4_connects_hypervisors
	vxlan_over_ipv6_connects_hypervisors
	geneve_over_ipv4_connects_hypervisors
	geneve_over_ipv6_connects_hypervisors
	the_first_that_both_have_is_used
	networks_with_the_same_addresses_stay_apart
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

W1=w1-$$ W2=w2-$$ W3=w3-$$ W4=w4-$$
MAC1=02:00:00:00:00:01 MAC2=02:00:00:00:00:02 MAC3=02:00:00:00:00:03

setup() {
	need_dragonflow
	adf_cloud 2 vxlan4 vxlan6 geneve4 geneve6
	agent_start 1
	network_new
	port_new 1 "$MAC1" fixed_ips=192.0.2.1
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	port_new 1 "$MAC2" fixed_ips=192.0.2.2
	adf_plug 1 "$W2" "$MAC2" 192.0.2.2/24
	port_new 2 "$MAC3" fixed_ips=192.0.2.3
	adf_plug 2 "$W3" "$MAC3" 192.0.2.3/24
}

# leads_over DEVICE FAMILY I: hypervisor I reaches the other one so
leads_over() {
	local tunnel
	tunnel=$(hv_kernel "$3" chassis |
		jq -es --arg ip "remote_ip$2" '.[0][0] | select(has($ip)) | .tunnel') &&
		hv_kernel "$3" ports | jq -es --argjson id "$tunnel" --arg device "$1" \
			'any(.[][]; .id == $id and .device == $device)'
}

connects_hypervisors() {
	local kind=${1%?} family=${1: -1}
	# shellcheck disable=SC2034 # agent_start uses it
	ENCAPS=("$1")
	agent_start 2
	check "hv1 sends so" wait_for 10 leads_over "df-$kind" "$family" 1
	check "hv2 sends so" wait_for 10 leads_over "df-$kind" "$family" 2
	check "a workload of the other hypervisor is reached" \
		wait_for 10 can_ping "$W1" 192.0.2.3
	check "and reaches back" can_ping "$W3" 192.0.2.2
	check "large packets pass, too" can_ping "$W3" 192.0.2.1 -s 1400
	check "a workload of the same hypervisor is reached" can_ping "$W1" 192.0.2.2
}

vxlan_over_ipv4_connects_hypervisors() { connects_hypervisors vxlan4; }
vxlan_over_ipv6_connects_hypervisors() { connects_hypervisors vxlan6; }
geneve_over_ipv4_connects_hypervisors() { connects_hypervisors geneve4; }
geneve_over_ipv6_connects_hypervisors() { connects_hypervisors geneve6; }

the_first_that_both_have_is_used() {
	# shellcheck disable=SC2034 # agent_start uses it
	ENCAPS=(geneve6 vxlan4)
	agent_start 2
	check "hv1 takes the first of hv2" wait_for 10 leads_over df-geneve 6 1
	check "hv2 takes the first of hv1 that it has" wait_for 10 leads_over df-vxlan 4 2
	check "packets flow" wait_for 10 can_ping "$W1" 192.0.2.3
}

networks_with_the_same_addresses_stay_apart() {
	agent_start 2
	network_new
	port_new 1 "$MAC3" fixed_ips=192.0.2.3
	adf_plug 1 "$W4" "$MAC3" 192.0.2.3/24
	port_new 2 "$MAC1" fixed_ips=192.0.2.1
	check "the first network's" wait_for 10 can_ping "$W1" 192.0.2.3
	run ip -n "$W3" link set eth0 down
	check_fails "is not the second network's" can_ping "$W1" 192.0.2.3 -W 1
}

tests_run
