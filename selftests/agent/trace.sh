#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
#      red 10.1.0.0/24        router       blue 10.2.0.0/24
#      2001:db8:1::/64    .1 +------+ .1   2001:db8:2::/64
#    ------------------------+--|  r   |--+------------------
#      w1 .11  d2 .12           +------+    c3 .11
#      (hv1)   (hv2)                        (hv3)
#      web     db                           db
#
# A trace goes on where the packet would, and the log tells what groups decide.
# All may send; db takes TCP to port 7 from web.
# TIMEOUT=400
ALL_TESTS="
	a_trace_is_followed_to_the_receiver
	it_says_what_happens
	a_drop_over_there_is_explained
	a_routed_packet_is_followed
	a_flood_is_followed_everywhere
	nothing_of_it_stays
	without_a_database_it_is_not_followed
	groups_log_what_they_are_told_to
	one_port_can_be_watched
	a_dead_agent_is_named
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

TALK=$(cd "$(dirname "$0")" && pwd)/talk.py

setup() {
	need_dragonflow
	adf_cloud 3 vxlan4
	{
		object router r
		network_objects red 1
		network_objects blue 2
		interface_object r red
		interface_object r blue
		group_objects
		port_object w1 1 red 1 11 web
		port_object d2 2 red 1 12 db
		port_object c3 3 blue 2 11 db
	} | write
	agents_start 1 2 3
	plug w1 1 1 11
	plug d2 2 1 12
	plug c3 3 2 11
	adf_daemon "$CLOUD/echo" /usr/bin/python3 "$TALK" echo "w1-$$" "d2-$$" "c3-$$"
	run wait_for 20 grep -q ready "$CLOUD/echo"
	run wait_for 20 all_are_in_step
}

group_objects() {
	local group
	for group in web db; do
		object security_group "$group"
		rule_objects "$group-out" "$group" egress
	done
	rule_objects db-tcp db ingress '"protocol": "tcp", "port_range_min": 7, "port_range_max": 7, '"
		\"remote_group_id\": \"$(id web)\""
}

# trace I ARGUMENT...: followed, from hypervisor I
trace() {
	local i=$1
	shift
	nb --netns "${HV[i]}" trace --follow "$@"
}

# told WANT FILTER I ARGUMENT...: what jq makes of such a trace
told() {
	local want=$1 filter=$2
	shift 2
	check_eq "trace $* | $filter" "$want" "$(trace "$@" --json | jq -c "$filter")"
}

# What became of the packet there: hypervisor, verdict, reason
THERE='[.follow[] | [.host, .verdict, .reason]]'

a_trace_is_followed_to_the_receiver() {
	local address
	for address in 10.1.0.12 2001:db8:1::12; do
		told '[["hv2","send",null]]' "$THERE" 1 w1 "dst=$address" proto=tcp dport=7
		told '["d2","db"]' '.follow[0].step | [(.[] | select(.stage == "switch") | .names.port.name),
			(.[] | select(.stage == "ingress") | .names.group.name)]' 1 w1 "dst=$address" proto=tcp dport=7
	done
	check "as text" grep -q '^At hypervisor hv2:$' <(trace 1 w1 dst=10.1.0.12 proto=tcp dport=7)
	check "what becomes of it" grep -Eq '^send +send +output, port [0-9]+ \(d2\)$' \
		<(trace 1 w1 dst=10.1.0.12 proto=tcp dport=7)
}

it_says_what_happens() {
	check "what would be sent is" reaches w1 10.1.0.12
	check "routed as well" reaches w1 10.2.0.11
	check_fails "what would not is not" reaches d2 10.2.0.11
	told '[["hv3","drop","policy-ingress"]]' "$THERE" 2 d2 dst=10.2.0.11 proto=tcp dport=7
}

a_drop_over_there_is_explained() {
	told '["send",[["hv2","drop","policy-ingress"]]]' "[.verdict, $THERE]" 1 w1 dst=10.1.0.12 proto=udp dport=7
	check "as text" grep -Eq '^ingress +drop +policy-ingress: .*\(d2\)$' \
		<(trace 1 w1 dst=10.1.0.12 proto=udp dport=7)
}

a_routed_packet_is_followed() {
	local address
	for address in 10.2.0.11 2001:db8:2::11; do
		told '[["hv3","send",null]]' "$THERE" 1 w1 "dst=$address" proto=tcp dport=7
	done
	told '["r","c3"]' '[(.step[] | select(.stage == "route") | .names.router.name),
		(.follow[0].step[] | select(.stage == "send") | .names.port.name)]' 1 w1 dst=10.2.0.11 proto=tcp dport=7
}

a_flood_is_followed_everywhere() {
	# red is at hv2, and where nobody but a router is, nobody hears
	told '["hv2"]' '[.follow[].host]' 1 w1 dst=10.1.0.77 proto=arp
}

nothing_of_it_stays() {
	told '[["hv2","send",null]]' "$THERE" 1 w1 dst=10.1.0.12 proto=tcp dport=7
	check_eq "requests" "[]" "$(nb trace_request list --json | jq -c .)"
	run wait_for 10 no_answers
	check "nothing failed" all_are_in_step
	# nor in what is known without a database: what came later is there
	run nb security_group set db description=afterwards
	check "it is kept" wait_for 10 grep -q afterwards "$CLOUD/hv2.cache"
	check_eq "without traces" 0 "$(grep -Ec '^[^{]*trace_(request|answer)' "$CLOUD/hv2.cache")"
}

no_answers() {
	[ "$(nb trace_answer list --json | jq -c .)" = "[]" ]
}

without_a_database_it_is_not_followed() {
	check_fails "status" dfctl -d sqlite:///nonexistent/nb.db --netns "${HV[1]}" \
		trace --follow "$(device_of w1)" dst=10.1.0.12
	check "but without that, it is traced" dfctl -d sqlite:///nonexistent/nb.db --netns "${HV[1]}" \
		trace "$(device_of w1)" dst=10.1.0.12
}

# log_start I [ARGUMENT...]: dfctl log on hypervisor I into $CLOUD/log
log_start() {
	local i=$1
	shift
	: >"$CLOUD/log"
	adf_daemon "$CLOUD/log" dfctl --database "$DATABASE" --netns "${HV[i]}" log --json "$@"
	LOG_PID=$DAEMON_PID
	# until it listens, nothing is told
	run wait_for 10 log_has_begun
}

log_has_begun() {
	! reaches d2 10.1.0.11
	[ -s "$CLOUD/log" ]
}

log_has() {
	jq -es "map(select($1)) | length > 0" "$CLOUD/log" >/dev/null
}

groups_log_what_they_are_told_to() {
	run nb security_group set web log=all
	run wait_for 10 all_are_in_step
	log_start 1
	check "a drop, by name" log_has '.verdict == "drop" and .direction == "ingress" and
		.names.port.name == "w1" and .names.group.name == "web" and .match.ip4_src == "10.1.0.12" and
		.match.l4_dst == 7'
	check "a connection" reaches w1 10.1.0.12
	run wait_for 10 log_has '.verdict == "accept" and .direction == "egress" and
		.match.ip4_dst == "10.1.0.12" and .rule != null'
	kill "$LOG_PID"
	run nb security_group set web log=none
	run wait_for 10 all_are_in_step
	check_eq "none, no more" "" "$(
		nb --netns "${HV[1]}" log --timeout 1 &
		reaches d2 10.1.0.11
		wait
	)"
}

one_port_can_be_watched() {
	local line
	run nb security_group set web log=drop
	run wait_for 10 all_are_in_step
	nb --netns "${HV[1]}" log "$(device_of w1)" --count 1 --timeout $((20 * WAIT_FACTOR)) >"$CLOUD/line" &
	until [ -s "$CLOUD/line" ] || ! kill -0 $! 2>/dev/null; do
		reaches d2 10.1.0.11
	done
	wait $!
	line=$(<"$CLOUD/line")
	check "as text: $line" grep -Eq \
		'^20[0-9-]+ [0-9:.]+  drop    ingress  tcp 10.1.0.12:[0-9]+ > 10.1.0.11:7  port [0-9]+ \(w1\)  group [0-9]+ \(web\)' \
		"$CLOUD/line"
	check_fails "not one that is not there" nb --netns "${HV[1]}" log nonsense
	run nb security_group set web log=none
}

a_dead_agent_is_named() {
	agent_stop 2
	told '[["hv2","its agent does not answer"]]' '[.follow[] | [.host, .error]]' \
		1 w1 dst=10.1.0.12 proto=tcp dport=7 --timeout 2
	agent_start 2
	told '[["hv2","send",null]]' "$THERE" 1 w1 dst=10.1.0.12 proto=tcp dport=7
}

tests_run
