#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
#      red 10.1.0.0/24        router       blue 10.2.0.0/24
#      2001:db8:1::/64    .1 +------+ .1   2001:db8:2::/64
#    ------------------------+--|  r   |--+------------------
#      w1 .11  d2 .12  e2 .13   +------+    c3 .11
#      (hv1)   (hv2)   (hv2)                (hv3)
#
# Both networks are on demand: of ports elsewhere, an agent has what packets have
# looked for, and nothing else. Fifty more ports of red are at hv3; nobody talks to
# them.
# TIMEOUT=600
ALL_TESTS="
	nothing_is_there_in_advance
	the_first_packet_arrives
	agents_hold_what_was_talked_to
	nobody_is_nobody
	a_moved_port_is_followed
	a_deleted_port_is_gone_everywhere
	what_is_used_stays
	what_is_not_used_goes
	an_agent_that_returns_changes_nothing
	without_a_database_nothing_is_denied
	the_first_packet_waits_not_long
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

TALK=$(cd "$(dirname "$0")" && pwd)/talk.py
OTHERS=50
# Seconds; long enough for what a slow kernel needs from one check to the next.
AGE=$((3 * WAIT_FACTOR))

setup() {
	need_dragonflow
	adf_cloud 3 vxlan4
	run mkdir "$CLOUD/drivers"
	run ln -s "$DF_BUILD/lib/dragonflow/sqlite.so" "$DF_BUILD/selftests/drivers/flaky.so" \
		"$CLOUD/drivers"
	export DRAGONFLOW_DRIVER_DIR=$CLOUD/drivers
	AGENT_DATABASE=flaky://$CLOUD/nb.db
	cloud_objects | write
	defer end_agents
	agents_start 1 2 3
	plug w1 1 1 11
	plug d2 2 1 12
	plug e2 2 1 13
	plug c3 3 2 11
	adf_daemon "$CLOUD/echo" /usr/bin/python3 "$TALK" echo "w1-$$" "d2-$$" "e2-$$" "c3-$$"
	run wait_for 20 grep -q ready "$CLOUD/echo"
	run wait_for 20 all_are_in_step
}

cloud_objects() {
	local n
	object router r
	network_objects red 1 '"on_demand": true'
	network_objects blue 2 '"on_demand": true'
	interface_object r red
	interface_object r blue
	port_object w1 1 red 1 11
	port_object d2 2 red 1 12
	port_object e2 2 red 1 13
	port_object c3 3 blue 2 11
	for ((n = 0; n < OTHERS; n++)); do
		port_object "o$n" 3 red 1 $((100 + n))
	done
}

# holds I NAME...: the kernel of hypervisor I has these ports elsewhere, and no others
holds() {
	local i=$1 name want=()
	shift
	for name in "$@"; do
		want+=("$(key_of "$name")")
	done
	[ "$(remote_keys "$i")" = "$(printf '%s\n' "${want[@]}" | sort -n | xargs)" ]
}

remote_keys() {
	hv_kernel "$1" ports | jq -rs '.[][] | select(.type == "remote") | .id' | sort -n | xargs
}

key_of() {
	if [ ! -s "$CLOUD/key-$1" ]; then
		nb --json port show "$1" | jq '.. | .key? // empty' >"$CLOUD/key-$1"
	fi
	cat "$CLOUD/key-$1"
}

# forget I...: agents that have looked for nothing yet
forget() {
	local i
	# Whoever knows a neighbour asks whether it is still there.
	for i in w1 d2 e2 c3; do
		run ip -n "$i-$$" neigh flush all
	done
	for i in "$@"; do
		stop_agent "$i"
		run rm -f "$CLOUD/hv$i.cache"
		again "$i"
		check "hv$i has forgotten all" holds "$i"
	done
}

# stop_agent I [SIGNAL]: whichever case has started it
stop_agent() {
	AGENT[$1]=$(agent_ask "$1" status | jq .pid)
	agent_end "$1" "${2:-TERM}"
}

end_agents() {
	local i
	for i in 1 2 3; do
		stop_agent "$i"
	done
}

# again I [OPTION...]: for the cases to come, too
again() {
	# shellcheck disable=SC2031 # of the case that it is called in
	local deferred=("${DEFERRED[@]}")
	agent_start "$@"
	DEFERRED=("${deferred[@]}")
}

# metric I NAME
metric() {
	agent_ask "$1" metrics | jq -r .metrics | sed -n "s/^dragonflow_agent_$2{.* //p"
}

agent_says() {
	agent_ask "$1" status | jq -es ".[0] | $2"
}

# one_ping NAME ADDRESS: a single packet, which must be answered
one_ping() {
	can_ping "$1-$$" "$2" -c 1 -W $((2 * WAIT_FACTOR))
}

nothing_is_there_in_advance() {
	local i
	for i in 1 2 3; do
		check "hv$i has no port of others" holds "$i"
	done
	check_eq "hv1 follows its port" "the port is here" "$(agent_ask 1 status |
		jq -r --arg topic "port/$(id w1)" '.topics[] | select(.topic == $topic) | .why')"
	check_eq "and no other" 1 "$(agent_ask 1 status | jq '[.topics[] | select(.topic | test("^port/"))] | length')"
}

# Whatever it looks for: an address by ARP or neighbour discovery, a MAC that the
# workload knows, an address behind the router.
the_first_packet_arrives() {
	forget 1 2
	check "the first one" one_ping w1 10.1.0.12
	check "hv1 has looked for it" holds 1 d2
	check "hv2 for the other end" holds 2 w1
	forget 1
	check "the first by IPv6" one_ping w1 2001:db8:1::12
	check "hv1 has looked for it again" holds 1 d2
	run ip -n "w1-$$" neigh replace 10.1.0.12 lladdr "$(mac_of 2 1 12)" dev eth0
	defer ip -n "w1-$$" neigh del 10.1.0.12 dev eth0
	forget 1
	check "by a MAC that is known" one_ping w1 10.1.0.12
	check "hv1 has it again" holds 1 d2
	forget 1 3
	check "behind the router" one_ping w1 10.2.0.11
	check "hv1 has it" holds 1 c3
	check "hv3 has the other end" holds 3 w1
	forget 1
	check "by IPv6" one_ping w1 2001:db8:2::11
	check "hv1 has it again" holds 1 c3
	check "TCP" reaches w1 10.1.0.12
	check "TCP over IPv6, to another" reaches w1 2001:db8:1::13
}

agents_hold_what_was_talked_to() {
	check "to all" /usr/bin/python3 "$TALK" ask "w1-$$" 10.1.0.12 "w1-$$" 2001:db8:1::13 "w1-$$" 10.2.0.11
	check "hv1" holds 1 d2 e2 c3
	check "hv2" holds 2 w1
	check "hv3" holds 3 w1
	check "it says so" agent_says 1 "any(.topics[]; .topic == \"port/$(id d2)\" and
		(.why | test(\"^looked for, idle for [0-9]+ s\$\")))"
	check_eq "and counts" 3 "$(metric 1 ports_sought)"
	check_eq "what failed" 0 "$(metric 1 lookups_failed_total)"
	check "all is well" all_are_in_step
}

nobody_is_nobody() {
	local before
	before=$(metric 1 lookups_absent_total)
	check_fails "nobody has it" one_ping w1 10.1.0.77
	check_fails "nor this" one_ping w1 2001:db8:1::77
	check_fails "nor this, behind the router" one_ping w1 10.2.0.77
	check "hv1 was told so" [ "$(metric 1 lookups_absent_total)" -ge $((before + 3)) ]
	# Bound to a hypervisor that is not there, or to none.
	port_object lost 9 red 1 78 | write
	defer nb port delete lost
	check_fails "a port that is nowhere is nobody" one_ping w1 10.1.0.78
	check_fails "it is not followed" agent_says 1 "any(.topics[]; .topic == \"port/$(id lost)\")"
	check "the others are not concerned" one_ping w1 10.1.0.12
	run nb port set lost binding_host=hv2
	DEVICE=$(device_of lost)
	adf_plug 2 "lost-$$" "$(mac_of 9 1 78)" 10.1.0.78/24
	check "once it is somewhere, it is found" wait_for 10 can_ping "w1-$$" 10.1.0.78
}

# is_behind I NAME HOST: there, that port is behind that hypervisor
is_behind() {
	local chassis
	chassis=$(nb --json chassis show "$3" | jq '.. | .key? // empty')
	hv_kernel "$1" ports | jq -es --argjson key "$(key_of "$2")" --argjson chassis "$chassis" \
		'any(.[][]; .id == $key and .type == "remote" and .chassis == $chassis)'
}

a_moved_port_is_followed() {
	check "before" one_ping w1 10.1.0.13
	run nb port set e2 binding_host=hv3
	run ip -n "${HV[2]}" link set "$(device_of e2)" netns "${HV[3]}"
	run ip -n "${HV[3]}" link set "$(device_of e2)" up
	check "hv1 knows" wait_for 10 is_behind 1 e2 hv3
	check "it is reached" wait_for 10 can_ping "w1-$$" 10.1.0.13
	check "hv2, where it was, has it as if it had looked for it" is_behind 2 e2 hv3
	check "and reaches it" wait_for 10 can_ping "d2-$$" 10.1.0.13
	run nb port set e2 binding_host=hv2
	run ip -n "${HV[3]}" link set "$(device_of e2)" netns "${HV[2]}"
	run ip -n "${HV[2]}" link set "$(device_of e2)" up
	check "and back" wait_for 10 can_ping "w1-$$" 10.1.0.13
}

a_deleted_port_is_gone_everywhere() {
	port_object gone 2 red 1 79 | write
	DEVICE=$(device_of gone)
	adf_plug 2 "gone-$$" "$(mac_of 2 1 79)" 10.1.0.79/24
	run ip -n "gone-$$" route add default via 10.1.0.1
	key_of gone >/dev/null
	check "it is reached" wait_for 10 can_ping "w1-$$" 10.1.0.79
	check "by routers, too" wait_for 10 can_ping "c3-$$" 10.1.0.79
	run port_is_programmed 1 "$(key_of gone)" remote
	run port_is_programmed 3 "$(key_of gone)" remote
	run nb port delete gone
	check "hv1 forgets it" wait_for 10 port_is_absent 1 "$(key_of gone)"
	check "hv3 forgets it" wait_for 10 port_is_absent 3 "$(key_of gone)"
	check_fails "its topic" agent_says 1 "any(.topics[]; .topic == \"port/$(id gone)\")"
	check_fails "nobody answers" one_ping w1 10.1.0.79
}

aging() {
	echo "on-demand-age = $AGE" >"$CLOUD/aging.conf"
	stop_agent 1
	again 1 --config="$CLOUD/aging.conf"
}

# Its packets are decided by flow entries, of which agents hear nothing.
what_is_used_stays() {
	adf_tmpdir
	check "the other" one_ping w1 10.1.0.13
	aging
	flow_receive "d2-$$" "$PWD/received"
	flow_send "w1-$$" 10.1.0.12 $((4 * AGE)) "$PWD/sent" 50
	check "what is not used goes meanwhile" wait_for $((4 * AGE)) port_is_absent 1 "$(key_of e2)"
	run wait_for $((5 * AGE)) process_is_gone "$FLOW_SENDER"
	check "what is used is there still" port_is_programmed 1 "$(key_of d2)" remote
	flow_end 10
	log "$(<sent)" "$(<received)"
	check_eq "nothing is lost" 0 "$(value received lost)"
	stop_agent 1
	again 1
}

what_is_not_used_goes() {
	check "it is there" one_ping w1 10.1.0.12
	aging
	check "it goes" wait_for $((4 * AGE)) port_is_absent 1 "$(key_of d2)"
	check "and all others" wait_for $((4 * AGE)) holds 1
	check_eq "no topic is left" 0 "$(metric 1 ports_sought)"
	check "it is looked for again" one_ping w1 10.1.0.12
	stop_agent 1
	again 1
}

is_saved() {
	grep -q -- "port/$(id "$2") port/" "$CLOUD/hv$1.cache"
}

an_agent_that_returns_changes_nothing() {
	adf_tmpdir
	check "it is there" one_ping w1 10.1.0.12
	run wait_for 10 is_saved 1 d2
	flow_receive "d2-$$" "$PWD/received"
	flow_send "w1-$$" 10.1.0.12 $((6 * WAIT_FACTOR)) "$PWD/sent" 100
	stop_agent 1 KILL
	again 1
	check "nothing was to be done" grep -q 'reconciled: 0 of .* written, 0 deleted' <(agent_log 1)
	check "it is there still" port_is_programmed 1 "$(key_of d2)" remote
	check "for the same reason" agent_says 1 "any(.topics[]; .topic == \"port/$(id d2)\" and
		(.why | test(\"^looked for\")))"
	flow_end $((12 * WAIT_FACTOR))
	log "$(<sent)" "$(<received)"
	check_eq "no packet was lost" 0 "$(value received lost)"
}

without_a_database_nothing_is_denied() {
	local absent
	forget 1
	check "one is there" one_ping w1 10.1.0.12
	run wait_for 10 is_saved 1 d2
	touch "$CLOUD/nb.db.down"
	defer rm -f "$CLOUD/nb.db.down"
	run wait_for 20 agent_says 1 '.database_state == "down"'
	absent=$(metric 1 lookups_absent_total)
	check_fails "what is not known is not reached" one_ping w1 2001:db8:1::13
	check_eq "but nobody says that it is not there" "$absent" "$(metric 1 lookups_absent_total)"
	check "what is known is" one_ping w1 10.1.0.12
	stop_agent 1 KILL
	agent_launch 1
	run wait_for 20 agent_says 1 .cache.in_use
	check "also by an agent that starts now" port_is_programmed 1 "$(key_of d2)" remote
	check "which is reached" one_ping w1 10.1.0.12
	rm -f "$CLOUD/nb.db.down"
	run wait_for 30 agent_is_in_step 1
	check "and what is not known is found again" wait_for 10 can_ping "w1-$$" 2001:db8:1::13
	stop_agent 1
	again 1
}

# ms NAME ADDRESS: how long a packet takes there and back
ms() {
	ns "$1-$$" ping -n -c 1 -W 5 "$2" | sed -n 's/.*time=\([0-9.]*\) ms.*/\1/p'
}

# Nobody but the first waits, and that not for a deadline.
the_first_packet_waits_not_long() {
	local first=() later=() n
	for n in 1 2 3; do
		forget 1
		first+=("$(ms w1 10.1.0.12)")
		later+=("$(ms w1 10.1.0.12)")
	done
	log "first: ${first[*]} ms; later: ${later[*]} ms"
	for n in "${first[@]}"; do
		check "$n ms" [ -n "$n" ] && check "$n ms" [ "${n%.*}" -lt $((500 * WAIT_FACTOR)) ]
	done
}

tests_run
