#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
#      red 10.1.0.0/24, 2001:db8:1::/64
#    -------------------------------------
#      w1 .11            w2 .12
#      (hv1)             (hv2)
#
# Port security, which ports have unless it is turned off: w1 starts, is honest,
# and then is not. It has a security group that lets it send to port 9 only.
# TIMEOUT=400
ALL_TESTS="
	a_port_has_it_unless_it_says_otherwise
	a_workload_that_starts_is_heard
	an_address_is_found_to_be_free
	what_is_not_true_is_dropped_and_counted
	it_goes_and_comes_under_traffic
	an_allowed_address_is_no_lie
	an_agent_that_returns_has_nothing_to_write
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

SPOOF=$(cd "$(dirname "$0")" && pwd)/spoof.py
W1=w1-$$ W2=w2-$$
MAC1=02:00:00:00:01:0b MAC2=02:00:00:00:01:0c
STARTS="dhcp dhcp6 search mld igmp"
# What is not true, and the reason why it is dropped.
declare -A LIES=([mac]=spoofed-mac [ip4]=spoofed-ip [ip6]=spoofed-ip [arp]=spoofed-neighbour
	[nd]=spoofed-neighbour [server4]=dhcp-server [server6]=dhcp-server
	[router]=router-advertisement [type]=ether-type)

setup() {
	need_dragonflow
	adf_cloud 2 vxlan4
	{
		object network red
		object subnet red-4 "\"network_id\": \"$(id red)\", \"cidr\": \"10.1.0.0/24\""
		object subnet red-6 "\"network_id\": \"$(id red)\", \"cidr\": \"2001:db8:1::/64\""
		object security_group some
		rule_objects some
		port_object w1 1 "$MAC1" 11 "\"security_groups\": [\"$(id some)\"],"
		port_object w2 2 "$MAC2" 12
	} | write
	agents_start 1 2
	DEVICE=$(device_of w1)
	adf_plug 1 "$W1" "$MAC1"
	DEVICE=$(device_of w2)
	adf_plug 2 "$W2" "$MAC2" 10.1.0.12/24 2001:db8:1::12/64
	run wait_for 20 agent_is_in_step 1
	run wait_for 20 agent_is_in_step 2
	KEY1=$(nb --json port show w1 | jq -es '[.. | .key? // empty][0]')
	adf_daemon "$CLOUD/heard" /usr/bin/python3 "$SPOOF" hear "$W2"
	run wait_for 20 grep -q ready "$CLOUD/heard"
}

# port_object NAME I MAC HOST [JSON]
port_object() {
	object port "$1" "\"network_id\": \"$(id red)\", \"binding_host\": \"hv$2\", \"mac_address\": \"$3\",
		${5:-} \"fixed_ips\": [{\"subnet_id\": \"$(id red-4)\", \"ip_address\": \"10.1.0.$4\"},
		{\"subnet_id\": \"$(id red-6)\", \"ip_address\": \"2001:db8:1::$4\"}]"
}

# rule_objects GROUP: it lets UDP out to port 9, and pings
rule_objects() {
	local version
	for version in 4 6; do
		echo "{\"model\": \"security_group_rule\", \"id\": \"$(id "udp$version")\",
			\"security_group_id\": \"$(id "$1")\", \"direction\": \"egress\", \"ethertype\": \"IPv$version\",
			\"protocol\": \"udp\", \"port_range_min\": 9, \"port_range_max\": 9}"
		echo "{\"model\": \"security_group_rule\", \"id\": \"$(id "ping$version")\",
			\"security_group_id\": \"$(id "$1")\", \"direction\": \"egress\", \"ethertype\": \"IPv$version\",
			\"protocol\": \"icmp\"}"
	done | sed 's/"IPv6",\(.*\)"icmp"/"IPv6",\1"icmpv6"/'
}

# say NAME...: w1 sends these packets
say() {
	run /usr/bin/python3 "$SPOOF" send "$W1" "$MAC1" "$@"
}

# times NAME: how often w2 has heard it
times() {
	grep -cx "$1" "$CLOUD/heard"
}

heard_more() {
	[ "$(times "$1")" -gt "$2" ]
}

drops() {
	hv_kernel 1 ports --stats | jq --argjson key "$KEY1" --arg reason "$1" \
		'[.[] | select(.id == $key) | .stats.drop[]? | select(.reason == $reason).packets] | add // 0'
}

# has_security KEY WANT
has_security() {
	hv_kernel 1 ports | jq -es --argjson key "$1" --argjson want "$2" \
		'any(.[][]; .id == $key and (.flags | index("security") != null) == $want)' >/dev/null
}

a_port_has_it_unless_it_says_otherwise() {
	local port key
	check "in the kernel" has_security "$KEY1" true
	check_eq "as dfctl shows it" true "$(nb --json port show w1 | jq -s '[.. | .port_security_enabled? // empty] |
		length == 0 or .[0]')"
	port=$(nb port create network=red binding_host=hv1 port_security_enabled=false)
	defer nb port delete "$port"
	key=$(nb --json port show "$port" | jq -es '[.. | .key? // empty][0]')
	check "one that does not want it" wait_for 5 has_security "$key" false
	run nb port set "$port" port_security_enabled=true
	check "and later does" wait_for 5 has_security "$key" true
}

a_workload_that_starts_is_heard() {
	local name
	# shellcheck disable=SC2086 # words
	say $STARTS probe6
	for name in $STARTS; do
		check "$name" wait_for 5 heard_more "$name" 0
	done
	check_eq "no rule was asked" 0 "$(drops policy-egress)"
	check_eq "nobody needs to hear a probe for its own" 1 "$(drops neighbour-known)"
}

addresses_are_settled() {
	! ip -n "$W1" -6 address show dev eth0 | grep -q tentative
}

# The kernel of the workload asks whether somebody else has its addresses.
an_address_is_found_to_be_free() {
	local reason
	run ns "$W1" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0 \
		net.ipv6.conf.eth0.addr_gen_mode=0 net.ipv6.conf.eth0.accept_dad=1 \
		net.ipv6.conf.eth0.dad_transmits=2
	ip_batch "$W1" "link set eth0 down" "link set eth0 up" "address add 10.1.0.11/24 dev eth0" \
		"address add 2001:db8:1::11/64 dev eth0"
	check "all of them" wait_for 10 addresses_are_settled
	check_eq "none is another's" "" "$(ip -n "$W1" -6 address show dev eth0 | grep dadfailed)"
	check "a link-local one, too" grep -q fe80::ff:fe00:10b <(ip -n "$W1" -6 address show dev eth0)
	check "it reaches the other" wait_for 5 can_ping "$W1" 10.1.0.12
	check "likewise by IPv6" wait_for 5 can_ping "$W1" 2001:db8:1::12
	for reason in "${LIES[@]}"; do
		check_eq "$reason" 0 "$(drops "$reason")"
	done
}

what_is_not_true_is_dropped_and_counted() {
	local name before
	for name in "${!LIES[@]}"; do
		before=$(drops "${LIES[$name]}")
		say "$name"
		check_eq "$name: ${LIES[$name]}" $((before + 1)) "$(drops "${LIES[$name]}")"
	done
	say own4 own6
	check "what is true passes" wait_for 5 heard_more own4 0
	check "likewise by IPv6" wait_for 5 heard_more own6 0
	for name in "${!LIES[@]}"; do
		check_eq "$name is not heard" 0 "$(times "$name")"
	done
	check "dfctl shows the reasons" grep -q spoofed-neighbour=2 <(ns "${HV[1]}" dfctl kernel ports --stats)
}

it_goes_and_comes_under_traffic() {
	adf_tmpdir
	flow_receive "$W2" "$PWD/received"
	defer nb port set w1 port_security_enabled=true security_groups=some
	# without port security there are no groups
	run nb port set w1 security_groups=
	flow_send "$W1" 10.1.0.12 600 "$PWD/sent"
	run nb port set w1 port_security_enabled=false
	check "off in the kernel" wait_for 5 has_security "$KEY1" false
	say ip4 mac router server6 type
	for name in ip4 mac router server6 type; do
		check "$name passes" wait_for 5 heard_more "$name" 0
	done
	run nb port set w1 port_security_enabled=true
	check "on in the kernel" wait_for 5 has_security "$KEY1" true
	before=$(times ip4)
	say ip4 own4
	check "what is true passes" wait_for 5 heard_more own4 0
	check_eq "what is not does not" "$before" "$(times ip4)"
	flow_stop
	check "not one packet of the honest was lost" \
		[ "$(value "$PWD/sent" sent)" = "$(value "$PWD/received" received)" ]
}

an_allowed_address_is_no_lie() {
	local before
	before=$(times ip4)
	defer nb port set w1 allowed_address_pairs=
	run nb port set w1 allowed_address_pairs='[{"ip_address": "10.1.0.96/28"}]'
	run wait_for 5 has_pairs 1
	say ip4
	check "from a prefix that it may have" wait_for 5 heard_more ip4 "$before"
	run nb port set w1 allowed_address_pairs='[{"ip_address": "10.1.0.96/28", "mac_address": "02:00:00:00:00:aa"}]'
	run wait_for 5 is_allowed 02:00:00:00:00:aa
	before=$(drops spoofed-ip)
	say ip4
	check_eq "but with another MAC" $((before + 1)) "$(drops spoofed-ip)"
}

has_pairs() {
	hv_kernel 1 ports | jq -es --argjson key "$KEY1" --argjson count "$1" \
		'any(.[][]; .id == $key and (.pair | length) == $count)' >/dev/null
}

is_allowed() {
	hv_kernel 1 ports | jq -es --argjson key "$KEY1" --arg mac "$1" \
		'any(.[][]; .id == $key and .pair[0].mac == $mac)' >/dev/null
}

an_agent_that_returns_has_nothing_to_write() {
	local before
	agent_kill 1
	before=$(drops spoofed-ip)
	say ip4
	check_eq "without an agent, it is as it was" $((before + 1)) "$(drops spoofed-ip)"
	agent_start 1
	check "nothing was written" grep -q ": 0 of [1-9][0-9]* objects written, 0 deleted" \
		<(agent_log 1 | grep reconciled | tail -n 1)
}

tests_run
