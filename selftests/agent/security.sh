#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
#      red 10.1.0.0/24        router       blue 10.2.0.0/24    green 10.3.0.0/24
#      2001:db8:1::/64    .1 +------+ .1   2001:db8:2::/64     2001:db8:3::/64
#    ------------------------+--|  r   |--+------------------  ----------------
#      w1 .11  d2 .12  w3 .13   +------+    c3 .11               g1 .11
#      (hv1)   (hv2)   (hv3)                (hv3)                (hv1)
#      web     db      web                  client               web
#
# Web servers and their database, by groups and not by addresses. All may send;
# web answers pings, and takes TCP to port 7 from the address group "office";
# db takes TCP to port 7 and UDP to port 5000 from web.
# TIMEOUT=600
ALL_TESTS="
	what_rules_allow_passes
	what_no_rule_allows_is_dropped_and_counted
	topics_of_groups_are_followed_as_far_as_rules_name_them
	a_member_comes_and_goes_under_traffic
	a_rule_comes_and_goes_under_traffic
	an_address_group_changes
	types_of_icmp_are_told_apart
	fragments_are_judged_together
	errors_about_what_was_allowed_come_back
	associations_pass
	a_port_changes_its_groups
	a_port_without_groups_is_not_judged
	a_port_is_judged_where_it_moves_to
	a_group_that_names_too_many_is_a_problem_and_no_more
	dead_agents_judge_on_and_write_nothing_when_they_return
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
		network_objects green 3
		interface_object r red
		interface_object r blue
		group_objects
		port_object w1 1 red 1 11 web
		port_object d2 2 red 1 12 db
		port_object w3 3 red 1 13 web
		port_object c3 3 blue 2 11 client
		port_object g1 1 green 3 11 web
	} | write
	agents_start 1 2 3
	plug w1 1 1 11
	plug d2 2 1 12
	plug w3 3 1 13
	plug c3 3 2 11
	adf_daemon "$CLOUD/echo" /usr/bin/python3 "$TALK" echo "w1-$$" "d2-$$" "w3-$$" "c3-$$"
	run wait_for 20 grep -q ready "$CLOUD/echo"
	run wait_for 20 all_are_in_step
}

# Words of rules
TCP7='"protocol": "tcp", "port_range_min": 7, "port_range_max": 7'
UDP5000='"protocol": "udp", "port_range_min": 5000, "port_range_max": 5000'

group_objects() {
	local group
	for group in web db client; do
		object security_group "$group"
		rule_objects "$group-out" "$group" egress
	done
	object address_group office '"addresses": []'
	rule_objects web-ping web ingress '"protocol": "icmp"'
	rule_objects web-office web ingress "$TCP7, \"remote_address_group_id\": \"$(id office)\""
	rule_objects db-tcp db ingress "$TCP7, \"remote_group_id\": \"$(id web)\""
	rule_objects db-udp db ingress "$UDP5000, \"remote_group_id\": \"$(id web)\""
}

# Whoever gets an answer, gets it in less than a tenth of that.
reaches_not() {
	! reaches "$@" 1
}

pings() {
	can_ping "$1-$$" "$2" -W 1
}

pings_not() {
	! pings "$@"
}

# both WHAT NAME N HOST: with both addresses
both() {
	"$1" "$2" "10.$3.0.$4" && "$1" "$2" "2001:db8:$3::$4"
}

what_rules_allow_passes() {
	check "a web server reaches the database" both reaches w1 1 12
	check "and another, from another hypervisor" both reaches w3 1 12
	check "they answer pings" both pings w1 1 13
	check "of anybody, by the router, too" both pings c3 1 11
	check "and of the database" both pings d2 1 13
}

# drops I REASON: how many packets of ports of hypervisor I
drops() {
	hv_kernel "$1" ports --stats |
		jq --arg reason "$2" '[.[].stats?.drop[]? | select(.reason == $reason).packets] | add // 0'
}

what_no_rule_allows_is_dropped_and_counted() {
	local before
	before=$(drops 2 policy-ingress)
	check "a client does not reach the database" both reaches_not c3 1 12
	check "nor ping it" both pings_not c3 1 12
	check "nor does a web server ping it" both pings_not w1 1 12
	check "nor reach another by TCP" both reaches_not w1 1 13
	check "it was counted where it was dropped" [ "$(drops 2 policy-ingress)" -gt "$before" ]
	before=$(drops 3 policy-egress)
	run nb security_group_rule delete "$(id client-out4)" "$(id client-out6)"
	check "who may not send does not send" wait_for 5 both pings_not c3 1 11
	check "which is counted there" [ "$(drops 3 policy-egress)" -gt "$before" ]
	rule_objects client-out client egress | write
	check "until it may" wait_for 5 both pings c3 1 11
}

# group_topics I: topics of groups that hypervisor I follows, in order
group_topics() {
	agent_ask "$1" status | jq -r '.topics[].topic' | grep group/ | sort | xargs
}

# follows I TOPIC...: exactly these of groups
follows() {
	local i=$1
	shift
	[ "$(group_topics "$i")" = "$(printf '%s\n' "$@" | sort | xargs)" ]
}

# why I TOPIC
why() {
	agent_ask "$1" status | jq -r --arg topic "$2" '.topics[] | select(.topic == $topic) | .why'
}

# members I: what the address sets there hold, in order
members() {
	hv_kernel "$1" address-set-members | jq -r '.[] | .ip4 // .ip6' | sort | xargs
}

members_are() {
	[ "$(members "$1")" = "$(printf '%s\n' "${@:2}" | sort | xargs)" ]
}

WEB_MEMBERS=(10.1.0.11 10.1.0.13 10.3.0.11 2001:db8:1::11 2001:db8:1::13 2001:db8:3::11)

topics_of_groups_are_followed_as_far_as_rules_name_them() {
	local web db office client
	web=security_group/$(id web) db=security_group/$(id db)
	client=security_group/$(id client) office=address_group/$(id office)
	check "hv1 follows what its ports have, and what that names" follows 1 "$web" "$office"
	check "hv2 likewise" follows 2 "$db" "$web"
	check "hv3 likewise" follows 3 "$web" "$client" "$office"
	check_eq "hv2 says why" "security group $(id db) names it" "$(why 2 "$web")"
	check_eq "and why not" "ports here have it" "$(why 2 "$db")"
	check "hv2 knows who is in a network that it does not follow" members_are 2 "${WEB_MEMBERS[@]}"
	check_eq "which it does not" "" "$(why 2 "network/$(id green)")"
	check_eq "hv2 has the rules of its own group only" 6 "$(hv_kernel 2 security-group-rules | jq length)"
}

# A steady flow from w1 to d2
flow_begin() {
	# what rules hold back for a while is no end
	steady_flow "w1-$$" "d2-$$" 10.1.0.12 600000
}

flow_stands_still() {
	local before
	before=$(datagrams)
	sleep 0.3
	[ "$(datagrams)" = "$before" ]
}

# messages I: how many objects its agent has written and deleted
messages() {
	agent_ask "$1" metrics | jq -r .metrics |
		awk '/^dragonflow_agent_objects_(written|deleted)_total/ { sum += $2 } END { print sum }'
}

a_member_comes_and_goes_under_traffic() {
	local before
	adf_tmpdir
	defer nb port set c3 "security_groups=client"
	flow_begin
	run wait_for 10 more_datagrams_than "$(datagrams)"
	before=$(messages 2)
	run nb port set c3 "security_groups=client,web"
	check "it is a member" wait_for 5 members_are 2 "${WEB_MEMBERS[@]}" 10.2.0.11 2001:db8:2::11
	check "who may talk to the database" wait_for 5 both reaches c3 1 12
	check_eq "that was a message for each address" 2 $(($(messages 2) - before))
	run nb port set c3 "security_groups=client"
	check "and is none any more" wait_for 5 members_are 2 "${WEB_MEMBERS[@]}"
	check "who may not" wait_for 5 both reaches_not c3 1 12
	check_eq "that were as many" 4 $(($(messages 2) - before))
	check_flow
}

a_rule_comes_and_goes_under_traffic() {
	local before
	adf_tmpdir
	flow_begin
	run wait_for 10 more_datagrams_than "$(datagrams)"
	before=$(messages 2)
	run nb security_group_rule delete "$(id db-udp4)"
	check "what was allowed by it alone stops" wait_for 5 flow_stands_still
	check "other rules still allow" both reaches w1 1 12
	check_eq "that was one message" 1 $(($(messages 2) - before))
	rule_objects db-udp db ingress "$UDP5000, \"remote_group_id\": \"$(id web)\"" | write
	check "and goes on with it" wait_for 5 more_datagrams_than "$(datagrams)"
	run nb security_group_rule set "$(id db-udp4)" port_range_min=5001 port_range_max=5001
	check "a port that it does not mean" wait_for 5 flow_stands_still
	run nb security_group_rule set "$(id db-udp4)" port_range_min=4000 port_range_max=6000
	check "a range that holds it" wait_for 5 more_datagrams_than "$(datagrams)"
	run nb security_group_rule set "$(id db-udp4)" remote_group= remote_ip_prefix=10.1.0.11/32
	check "a prefix instead of the group" wait_for 5 more_datagrams_than "$(datagrams)"
	run nb security_group_rule set "$(id db-udp4)" remote_ip_prefix=10.1.0.128/25
	check "another" wait_for 5 flow_stands_still
	flow_stop
	run nb security_group_rule set "$(id db-udp4)" remote_ip_prefix= remote_group=web \
		port_range_min=5000 port_range_max=5000
	run wait_for 10 all_are_in_step
}

an_address_group_changes() {
	check "nobody is in the office" both reaches_not c3 1 11
	defer nb address_group set office addresses=
	run nb address_group set office addresses=10.2.0.0/24,2001:db8:2::/64
	check "the client's networks are" wait_for 5 both reaches c3 1 11
	check "on every hypervisor" wait_for 5 both reaches c3 1 13
	run nb address_group set office addresses-=10.2.0.0/24
	check "not with IPv4 any more" wait_for 5 reaches_not c3 10.1.0.11
	check "still with IPv6" reaches c3 2001:db8:1::11
}

types_of_icmp_are_told_apart() {
	defer nb security_group_rule set "$(id web-ping4)" port_range_min=
	run nb security_group_rule set "$(id web-ping4)" port_range_min=0
	check "answers only are no questions" wait_for 5 pings_not w1 10.1.0.13
	check "IPv6 has a rule of its own" pings w1 2001:db8:1::13
	run nb security_group_rule set "$(id web-ping4)" port_range_min=8 port_range_max=0
	check "questions" wait_for 5 pings w1 10.1.0.13
	run nb security_group_rule set "$(id web-ping4)" port_range_max=
	check "whatever their code" pings w1 10.1.0.13
}

# says NAME ADDRESS PROTOCOL PORT SIZE [SECONDS]: it comes back
says() {
	/usr/bin/python3 "$TALK" say "$1-$$" "$2" "$3" "$4" "$5" "${6:-$((2 * WAIT_FACTOR))}"
}

says_much() { says "$@" udp 7 4000; }
says_much_to_no_end() { ! says "$@" udp 7 4000 1; }

# member_rules NAME PROTOCOL: db takes that protocol to port 7, from web
member_rules() {
	defer nb security_group_rule delete "$(id "${1}4")" "$(id "${1}6")"
	rule_objects "$1" db ingress "\"protocol\": \"$2\", \"port_range_min\": 7, \"port_range_max\": 7,
		\"remote_group_id\": \"$(id web)\"" | write
}

fragments_are_judged_together() {
	member_rules db-much udp
	check "a member's pass, to another hypervisor" wait_for 5 both says_much w1 1 12
	check "and from a third one" both says_much w3 1 12
	check "nobody else's do" both says_much_to_no_end c3 1 12
	run nb port set c3 security_groups=client,web
	defer nb port set c3 security_groups=client
	check "by a router, too" wait_for 5 both says_much c3 1 12
}

# refused NAME ADDRESS [SECONDS]: nobody listens, says the workload there
refused() {
	[ "$(says "$1" "$2" udp 9 10 "${@:3}" 2>&1)" = "[Errno 111] Connection refused" ]
}

not_refused() { ! refused "$@" 1; }

# The client lets nobody in.
errors_about_what_was_allowed_come_back() {
	check "what is dropped gets none" both not_refused c3 1 11
	rule_objects web-nine web ingress '"protocol": "udp", "port_range_min": 9, "port_range_max": 9' | write
	defer nb security_group_rule delete "$(id web-nine4)" "$(id web-nine6)"
	check "by a router and from another hypervisor" wait_for 5 both refused c3 1 11
	check "and on the same one" both refused c3 1 13
}

associates() { says "$@" sctp 7 3000; }
associates_not() { ! says "$@" sctp 7 3000 1; }

associations_pass() {
	modprobe -q sctp || skip "the kernel has no SCTP"
	member_rules db-sctp sctp
	check "a member's, to another hypervisor" wait_for 5 both associates w1 1 12
	check "and from a third one" both associates w3 1 12
	check "nobody else's" both associates_not c3 1 12
}

# The web servers' pings, in a group that is not known where it is needed.
a_port_changes_its_groups() {
	local i
	adf_tmpdir
	{
		object security_group other
		rule_objects other-out other egress
		rule_objects other-ping other ingress '"protocol": "icmp"'
	} | write
	defer nb security_group delete other
	for i in other-out4 other-out6 other-ping4 other-ping6; do
		defer nb security_group_rule delete "$(id "$i")"
	done
	defer nb port set d2 security_groups=db
	check "not yet" both pings_not w1 1 12
	run nb port set d2 security_groups=db,other
	check "with both groups" wait_for 5 both pings w1 1 12
	check "what the first allows is allowed still" both reaches w1 1 12
	check "the other's topic is followed" follows 2 "security_group/$(id db)" \
		"security_group/$(id web)" "security_group/$(id other)"
	run nb port set d2 security_groups=other
	check "with the other alone" wait_for 5 both reaches_not w1 1 12
	check "what it allows" both pings w1 1 12
	check "the first's topic is not followed any more" follows 2 "security_group/$(id other)"
	check_eq "nor are there its rules" 4 "$(hv_kernel 2 security-group-rules | jq length)"
	check_eq "nor the addresses that they named" 0 "$(hv_kernel 2 address-sets | jq length)"
}

a_port_without_groups_is_not_judged() {
	defer nb port set d2 port_security_enabled=true security_groups=db
	run nb port set d2 security_groups=
	check "anybody reaches it" wait_for 5 both reaches c3 1 12
	run nb port set d2 port_security_enabled=false
	check "likewise without port security" both pings c3 1 12
	run nb port set d2 port_security_enabled=true security_groups=db
	check "until it has its group again" wait_for 5 both reaches_not c3 1 12
	check "whose rules allow as before" both reaches w1 1 12
}

a_port_is_judged_where_it_moves_to() {
	local dev
	dev=$(device_of d2)
	run nb port set d2 binding_host=hv1
	run ip -n "${HV[2]}" link set "$dev" netns "${HV[1]}"
	run ip -n "${HV[1]}" link set "$dev" up
	check "it is reached there" wait_for 10 both reaches w3 1 12
	check "not by everybody" both reaches_not c3 1 12
	check "the old hypervisor has forgotten" wait_for 5 follows 2
	check_eq "all of it" 0 "$(hv_kernel 2 security-groups | jq length)"
	run nb port set d2 binding_host=hv2
	run ip -n "${HV[1]}" link set "$dev" netns "${HV[2]}"
	run ip -n "${HV[2]}" link set "$dev" up
	check "and when it is back" wait_for 10 both reaches w1 1 12
	check "not by everybody" both reaches_not c3 1 12
}

reconciled() {
	agent_log "$1" | grep reconciled | tail -n 1
}

dead_agents_judge_on_and_write_nothing_when_they_return() {
	local i
	adf_tmpdir
	defer nb address_group set office addresses=
	run nb address_group set office addresses=10.2.0.0/24,2001:db8:2::/64
	check "something of everything" wait_for 5 both reaches c3 1 11
	run wait_for 10 all_are_in_step
	flow_begin
	for i in 1 2 3; do
		agent_kill "$i"
	done
	check "without agents, what is allowed" both reaches w3 1 12
	check "and what is not" both reaches_not c3 1 12
	agents_start 1 2 3
	for i in 1 2 3; do
		log "hv$i: $(reconciled "$i")"
		check "hv$i had nothing to write" grep -q ": 0 of [1-9][0-9]* objects written, 0 deleted" <(reconciled "$i")
	done
	# What has changed meanwhile, and nothing else.
	agent_kill 2
	run nb port set c3 security_groups=client,web
	defer nb port set c3 security_groups=client
	agent_start 2
	log "hv2: $(reconciled 2)"
	check "hv2 had a member's addresses to write" grep -q ": 2 of [1-9][0-9]* objects written, 0 deleted" <(reconciled 2)
	check "who is let in" wait_for 5 both reaches c3 1 12
	check_flow
}

# naming N: a rule of web about an address group of its own
naming() {
	rule_objects "web-n$1-" web ingress "\"remote_address_group_id\": \"$(id "n$1")\"" | head -n 3
}

too_many_are_named() {
	agent_ask "$1" status | jq -es '.[0].problems | length == 1 and (.[0] |
		test("write security group rule [0-9]+: The group.s rules name too many address sets"))' >/dev/null
}

a_group_that_names_too_many_is_a_problem_and_no_more() {
	local n rules=() groups=()
	adf_tmpdir
	for ((n = 1; n <= 63; n++)); do
		groups+=("$(id "n$n")")
		[ "$n" = 1 ] || rules+=("$(id "web-n$n-4")")
	done
	defer nb address_group set office addresses=
	defer nb address_group delete "${groups[@]}"
	defer nb security_group_rule delete "${rules[@]}"
	# beside those of the office, IPv4 and IPv6
	for ((n = 1; n <= 63; n++)); do
		object address_group "n$n" '"addresses": []'
		[ "$n" = 63 ] || naming "$n"
	done | write
	run wait_for 20 all_are_in_step
	naming 63 >one-more
	check "one more is refused" grep -q 'name at most 64 groups' <(nb apply one-more 2>&1)
	# by who does not ask
	run nb db export cloud.json
	jq -c ".objects[] | select(.id == \"$(id web-n1-4)\") | .id = \"$(id web-n63-4)\" | .key -= 1 |
		.remote_address_group_id = \"$(id n63)\" | del(.model)" cloud.json >more.json
	run "$DF_BUILD/selftests/db/conformance" --helper "$DATABASE" put "security_group_rule/$(id web-n63-4)" \
		"$(cat more.json)" "security_group/$(id web)"
	check_fails "which nobody can mend" nb db repair
	check "a problem where the group is" wait_for 20 too_many_are_named 1
	check "on every hypervisor" wait_for 20 too_many_are_named 3
	check "not where it is not" agent_is_in_step 2
	check "what is allowed is" both reaches w1 1 12
	run nb address_group set office addresses=10.2.0.0/24,2001:db8:2::/64
	check "changes arrive" wait_for 5 both reaches c3 1 11
	run nb security_group_rule delete "$(id web-n1-4)"
	check "with room for all it is over" wait_for 40 all_are_in_step
}

tests_run
