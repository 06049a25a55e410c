#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
#                        +---------- r ----------+
#      slaac 2001:db8:1::/64    stateless ..:2::/64    stateful ..:3::/64
#      g1 (hv1)   g2 (hv2)      g3 (hv2)               g4 (hv1)
#
# Guests are as Linux makes them: they look for routers, and make addresses of
# what those advertise. What they hear of routers is in the file NAME.heard.
# TIMEOUT=300
ALL_TESTS="
	guests_configure_themselves
	modes_and_names_are_told
	guests_reach_each_other_by_the_router
	who_asks_is_answered_soon
	routers_speak_again_and_again
	another_mac_is_announced
	a_router_that_goes_is_given_up
	without_an_agent_all_goes_on
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

declare MTU=1442

setup() {
	need_dragonflow
	adf_cloud 2 vxlan4
	{
		object router r
		network_objects a 1 slaac ', "ra_interval": 4'
		network_objects b 2 dhcpv6-stateless
		network_objects c 3 dhcpv6-stateful
		guest_object g1 1 a 1 11
		guest_object g2 2 a 1 12
		guest_object g3 2 b 2 13
		guest_object g4 1 c 3 14
	} | write
	agents_start 1 2
	guest g1 1 1 11
	guest g2 2 1 12
	guest g3 2 2 13
	guest g4 1 3 14
	run wait_for 20 all_are_in_step
}

# network_objects NAME N MODE [JSON]: a network with 2001:db8:N::/64 and the
# interface of r there, which has these fields, too
network_objects() {
	local of
	of="\"network_id\": \"$(id "$1")\""
	object network "$1" "\"mtu\": $MTU, \"dns_domain\": \"net$2.example.\""
	object subnet "$1-4" "$of, \"cidr\": \"10.$2.0.0/24\", \"gateway_ip\": \"10.$2.0.1\""
	object subnet "$1-6" "$of, \"cidr\": \"2001:db8:$2::/64\", \"gateway_ip\": \"2001:db8:$2::1\",
		\"ipv6_ra_mode\": \"$3\", \"ipv6_address_mode\": \"$3\",
		\"dns_nameservers\": [\"2001:db8:53::1\", \"192.0.2.53\", \"2001:db8:53::2\"]"
	object router_interface "r-$1" "\"router_id\": \"$(id r)\", \"mac_address\": \"$(router_mac "$2")\",
		\"fixed_ips\": [{\"subnet_id\": \"$(id "$1-4")\"}, {\"subnet_id\": \"$(id "$1-6")\"}]${4:-}"
}

router_mac() {
	echo "02:00:00:00:00:f$1"
}

# router_ll N: the link-local address that r makes of its MAC
router_ll() {
	echo "fe80::ff:fe00:f$1"
}

guest_mac() {
	printf '02:00:00:00:01:%02x' "$1"
}

# eui64 PREFIX HOST: the address that a guest makes of its MAC
eui64() {
	printf '%s::ff:fe00:%x' "$1" "$((0x100 + $2))"
}

# guest_object NAME I NETWORK N HOST: on hypervisor I
guest_object() {
	object port "$1" "\"network_id\": \"$(id "$3")\", \"binding_host\": \"hv$2\",
		\"mac_address\": \"$(guest_mac "$5")\", \"fixed_ips\": [
		{\"subnet_id\": \"$(id "$3-4")\", \"ip_address\": \"10.$4.0.$5\"},
		{\"subnet_id\": \"$(id "$3-6")\", \"ip_address\": \"$(eui64 "2001:db8:$4" "$5")\"}]"
}

# guest NAME I N HOST: the workload of that port; it has IPv6 when somebody
# listens
guest() {
	local name=$1 hv=${HV[$2]} dev
	dev=$(device_of "$name")
	adf_netns "$name-$$"
	run ip link add "$dev" netns "$hv" type veth peer name eth0 netns "$name-$$" address "$(guest_mac "$4")"
	defer ip -n "$hv" link del "$dev"
	quiet_ipv6 "$hv" "$dev"
	run ip -n "$hv" link set "$dev" up
	run ns "$name-$$" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1 \
		net.ipv6.conf.eth0.router_solicitation_delay=0
	run ns "$name-$$" ethtool -K eth0 tx off
	run ip -n "$name-$$" address add "10.$3.0.$4/24" dev eth0
	run ip -n "$name-$$" link set eth0 up
	adf_daemon "$CLOUD/$name.heard" nsenter --net="/run/netns/$name-$$" tcpdump -lnvvtt -i eth0 \
		'icmp6 and (ip6[40] == 133 or ip6[40] == 134)'
	run wait_for 20 grep -q listening "$CLOUD/$name.heard"
	run ns "$name-$$" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
}

all_are_in_step() {
	agent_is_in_step 1 && agent_is_in_step 2
}

# --- what a guest has made of it --------------------------------------------

# address_is NAME FILTER: of its global address
address_is() {
	ip -n "$1-$$" -6 -j address show dev eth0 scope global |
		jq -es "[.[][].addr_info[]? | select(.local)] | $2" >/dev/null
}

# has_slaac NAME ADDRESS: with the lifetimes that are advertised
has_slaac() {
	address_is "$1" "length == 1 and (.[0] | .local == \"$2\" and .prefixlen == 64 and .dynamic and
		.valid_life_time > 2591000 and .valid_life_time <= 2592000 and
		.preferred_life_time > 603800 and .preferred_life_time <= 604800)"
}

default_routes() {
	ip -n "$1-$$" -6 route show default | sed -n 's/^default via \([^ ]*\) dev eth0 proto ra .*/\1/p' | xargs
}

# routes_by NAME GATEWAY: and by no other; none for ""
routes_by() {
	[ "$(default_routes "$1")" = "$2" ]
}

has_router() {
	[ -n "$(default_routes "$1")" ]
}

guests_configure_themselves() {
	check "g1 has made its address" wait_for 20 has_slaac g1 "$(eui64 2001:db8:1 11)"
	check "so has g2, elsewhere" wait_for 20 has_slaac g2 "$(eui64 2001:db8:1 12)"
	check "and g3, which asks DHCP for the rest" wait_for 20 has_slaac g3 "$(eui64 2001:db8:2 13)"
	check "g1 has a router" wait_for 5 routes_by g1 "$(router_ll 1)"
	check "g2 has it" wait_for 5 routes_by g2 "$(router_ll 1)"
	check "g3 has its own" wait_for 5 routes_by g3 "$(router_ll 2)"
	check "g4 has one" wait_for 20 routes_by g4 "$(router_ll 3)"
	check "and no address: that is DHCP's" address_is g4 "length == 0"
	check_eq "the MTU" "$MTU" "$(ns "g1-$$" sysctl -n net.ipv6.conf.eth0.mtu)"
	check_eq "the hop limit" 64 "$(ns "g1-$$" sysctl -n net.ipv6.conf.eth0.hop_limit)"
}

# --- what a guest hears -----------------------------------------------------

# heard NAME TEXT...: each text is in the first advertisement
heard() {
	local name=$1 first text
	shift
	first=$(awk '/^[0-9]/ { told = / router advertisement/; n += told } told && n == 1' "$CLOUD/$name.heard")
	for text; do
		grep -qF -- "$text" <<<"$first" || {
			echo "not '$text' in: $first"
			return 1
		}
	done
}

modes_and_names_are_told() {
	check "g1: no DHCP" heard g1 "sum ok" "hlim 255" "Flags [none]" "2001:db8:1::/64, Flags [onlink, auto]"
	check "g3: DHCP for the rest" heard g3 "Flags [other stateful]" "2001:db8:2::/64, Flags [onlink, auto]"
	check "g4: DHCP for all" heard g4 "Flags [managed, other stateful]" "2001:db8:3::/64, Flags [onlink],"
	check "the lifetimes" heard g1 "router lifetime 9000s" "valid time 2592000s" "pref. time 604800s"
	check "MTU and MAC" heard g1 "$(router_mac 1)" "$MTU"
	check "name servers" heard g1 "lifetime 9000s, addr: 2001:db8:53::1 addr: 2001:db8:53::2"
	check "the domain" heard g1 "domain(s): net1.example."
}

guests_reach_each_other_by_the_router() {
	check "in the same network, elsewhere" wait_for 10 can_ping "g1-$$" "$(eui64 2001:db8:1 12)"
	check "in another network, elsewhere" wait_for 10 can_ping "g1-$$" "$(eui64 2001:db8:2 13)"
	check "and back" wait_for 10 can_ping "g3-$$" "$(eui64 2001:db8:1 11)"
}

# asks_again NAME: as when it starts
asks_again() {
	ASKED=$EPOCHREALTIME
	run ns "$1-$$" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
	run ns "$1-$$" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
}

# times NAME: when it heard what
times() {
	awk '/router solicitation/ { print $1, "asked" } /router advertisement/ { print $1, "told" }' \
		"$CLOUD/$1.heard"
}

# answers_are_in_time NAME: within half a second, but 3 seconds after the last;
# and another half a second, for the machine
answers_are_in_time() {
	times "$1" | awk -v since="$ASKED" -v factor="$WAIT_FACTOR" '
		{ print }
		$2 == "asked" && $1 > since && !due { due = $1 + 0.5; if (told && due < told + 3) due = told + 3 }
		$2 == "told" { if (due) { asked++; if ($1 > due + 0.5 * factor) late++ } due = 0; told = $1 }
		END { exit !asked || late || due }'
}

who_asks_is_answered_soon() {
	asks_again g4
	asks_again g3
	check "g3 has a router again" wait_for 10 routes_by g3 "$(router_ll 2)"
	check "and g4, on another hypervisor" wait_for 10 routes_by g4 "$(router_ll 3)"
	check "g3 has heard in time" wait_for 5 answers_are_in_time g3
	check "so has g4" wait_for 5 answers_are_in_time g4
	check "and g3 its address" wait_for 5 has_slaac g3 "$(eui64 2001:db8:2 13)"
}

told_often() {
	[ "$(times g1 | grep -c told)" -ge 4 ] && [ "$(times g2 | grep -c told)" -ge 4 ]
}

# gaps_are_right NAME: not below 3 seconds, nor above the 4 of the interface
gaps_are_right() {
	times "$1" | awk -v factor="$WAIT_FACTOR" '
		{ print }
		$2 == "told" { if (n++ && ($1 - last < 2.9 || $1 - last > 4 + factor)) wrong++; last = $1 }
		END { exit wrong || n < 4 }'
}

routers_speak_again_and_again() {
	check "g1 and g2 are told often" wait_for 20 told_often
	check "g1 not too often" gaps_are_right g1
	check "nor g2" gaps_are_right g2
}

# knows NAME ADDRESS MAC: by its neighbour cache
knows() {
	ip -n "$1-$$" neigh show "$2" dev eth0 | grep -q "lladdr $3"
}

another_mac_is_announced() {
	local new g address
	new=$(router_mac d)
	for g in g1 g2; do
		for address in 10.1.0.1 2001:db8:1::1; do
			check "$g talks to $address" wait_for 5 can_ping "$g-$$" "$address"
			check "$g knows $address" knows "$g" "$address" "$(router_mac 1)"
		done
	done
	run nb router_interface set r-a mac_address="$new"
	for g in g1 g2; do
		# Nothing is sent there: this is what was announced.
		check "$g knows better" wait_for 5 knows "$g" 10.1.0.1 "$new"
		check "$g knows better with IPv6" wait_for 5 knows "$g" 2001:db8:1::1 "$new"
		check "$g goes by the new address" wait_for 10 routes_by "$g" "$(router_ll d)"
	done
	check "and that works" wait_for 5 can_ping "g1-$$" "$(eui64 2001:db8:2 13)"
}

a_router_that_goes_is_given_up() {
	local ll
	run wait_for 10 has_router g1
	ll=$(default_routes g1)
	run nb router set r admin_state_up=false
	check "g1 has no router" wait_for 5 routes_by g1 ""
	check "nor has g2" wait_for 5 routes_by g2 ""
	check "nor g4" wait_for 5 routes_by g4 ""
	check "the address is still good" has_slaac g1 "$(eui64 2001:db8:1 11)"
	run nb router set r admin_state_up=true
	check "g1 has it back" wait_for 10 routes_by g1 "$ll"
	check "so has g2" wait_for 10 routes_by g2 "$ll"
	run nb subnet set b-6 ipv6_ra_mode= ipv6_address_mode=
	check "g3 is told when the mode goes" wait_for 5 routes_by g3 ""
}

# unheard NAME I: solicitations that nobody took, on hypervisor I
unheard() {
	local key
	key=$(nb --json port show "$1" | jq '.. | .key? // empty')
	hv_kernel "$2" ports --stats | jq -s --argjson key "$key" '[.[][] | select(.id == $key) |
		.stats.drop[]? | select(.reason == "no-agent") | .packets] | add // 0'
}

is_unheard() {
	[ "$(unheard "$1" "$2")" -gt 0 ]
}

# A guest that is there goes on; one that starts hears nothing until the agent
# is back.
without_an_agent_all_goes_on() {
	local ll
	run wait_for 10 has_router g1
	ll=$(default_routes g1)
	agent_kill 1
	asks_again g4
	check "nobody hears g4" wait_for 10 is_unheard g4 1
	check "it has no router" routes_by g4 ""
	check "g1 has, and its address" routes_by g1 "$ll"
	check "g1 has its address" has_slaac g1 "$(eui64 2001:db8:1 11)"
	check "and talks by the router" wait_for 5 can_ping "g1-$$" 2001:db8:3::1
	agent_start 1
	check "the agent had nothing to write" grep -q ": 0 of [1-9][0-9]* objects written, 0 deleted" \
		<(agent_log 1 | grep reconciled | tail -n 1)
	check "g4 has a router again" wait_for 10 routes_by g4 "$(router_ll 3)"
	check "g1 never lost it" routes_by g1 "$ll"
}

tests_run
