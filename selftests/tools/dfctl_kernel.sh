#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# dfctl kernel shows what the module holds: every object, every counter, every
# flow entry, by what the netlink specification says was programmed.
#
#   +------------- $HV --------------+
#   | tap1 (port 1)    tap2 (port 2) |
#   +----|------------------|--------+
#   $W1 eth0            $W2 eth0
#   192.0.2.1           192.0.2.2
# TIMEOUT=300
ALL_TESTS="
	an_empty_datapath_is_shown
	networks_are_shown
	ports_are_shown
	chassis_are_shown
	routing_is_shown
	policy_is_shown
	lookups_are_shown
	flows_are_shown
	flows_of_one_port_are_shown
	flows_are_flushed
	drops_have_their_reason
	settings_are_shown
	nothing_is_left_out
	a_port_that_does_not_exist_is_refused
	a_namespace_that_does_not_exist_is_refused
	who_may_not_see_flows_is_told
	changes_are_printed_as_they_come
	changes_are_counted
	a_hypervisor_without_an_agent_is_not_well"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

HV=hv-$$ W1=w1-$$ W2=w2-$$
MAC1=02:00:00:00:00:01 MAC2=02:00:00:00:00:02
LIB=$(cd "$(dirname "$0")/../lib" && pwd)

# spec: run a program in Python, on standard input, that speaks by the netlink
# specification: "df" is the module in $HV. One start of Python is slow.
spec() {
	{
		printf 'import dfnl, json, os, time\ndf = dfnl.Dragonflow("%s")\n' "$HV"
		cat
	} >"$TMPDIR/spec.py"
	PYTHONPATH=$LIB python3 "$TMPDIR/spec.py"
}

# in_hv ARGUMENT...: dfctl on the hypervisor
in_hv() {
	dfctl --netns "$HV" "$@"
}

# jq_is WANT FILTER CMD...: what the filter makes of CMD's JSON
jq_is() {
	local want=$1 filter=$2
	shift 2
	check_eq "$* | $filter" "$want" "$("$@" --json | jq -c "$filter")"
}

setup() {
	need_dragonflow
	adf_netns "$HV"
	adf_workload "$HV" "$W1" tap1 "$MAC1" 192.0.2.1/24
	adf_workload "$HV" "$W2" tap2 "$MAC2" 192.0.2.2/24
	spec >"$TMPDIR/setup" 2>&1 <<-END || fail "$(cat "$TMPDIR/setup")"
		def mac(n):
		    return "02:00:00:00:00:%02x" % n
		df.do("network-new", {"id": 7, "vni": 70})
		df.do("network-new", {"id": 8, "vni": 80, "flags": ["vlan-transparent"]})
		df.do("port-new", {"id": 1, "type": "vif", "network": 7, "mac": mac(1), "flow-class": "connection"})
		df.do("port-new", {"id": 2, "type": "vif", "network": 7, "mac": mac(2)})
		df.do("port-new", {"id": 3, "type": "vif", "network": 8, "mac": mac(3), "flags": ["admin-down"]})
		df.do("port-new", {"id": 9, "type": "tunnel"})
		df.do("chassis-new", {"id": 5, "tunnel": 9, "remote-ip4": "198.51.100.2", "local-ip4": "198.51.100.1"})
		df.do("chassis-new", {"id": 6, "tunnel": 9, "remote-ip6": "2001:db8::6"})
		df.do("port-new", {"id": 4, "type": "remote", "network": 7, "mac": mac(4), "chassis": 5})
		df.do("router-new", {"id": 20, "flags": ["admin-down"]})
		df.do("router-interface-new", {"id": 21, "router": 20, "network": 8, "mac": mac(21), "mtu": 1400, "address": [
		    {"ip4": "198.51.100.254", "prefix-len": 24}, {"ip6": "2001:db8::254", "prefix-len": 64}]})
		df.do("route-new", {"id": 22, "router": 20, "ip4": "10.0.0.0", "prefix-len": 8, "nexthop": [
		    {"interface": 21, "ip4": "198.51.100.1"}, {"interface": 21, "ip4": "198.51.100.2", "weight": 2}]})
		df.do("route-new", {"id": 23, "router": 20, "ip6": "2001:db8:9::", "prefix-len": 48, "type": "blackhole"})
		df.do("security-group-new", {"id": 30})
		df.do("security-group-new", {"id": 31, "flags": ["stateless"]})
		df.do("address-set-new", {"id": 32})
		df.do("address-set-member-new", {"set": 32, "ip4": "192.0.2.0", "prefix-len": 24})
		df.do("address-set-member-new", {"set": 32, "ip6": "2001:db8::1", "prefix-len": 128})
		df.do("security-group-rule-new", {"id": 33, "group": 30, "direction": "ingress", "version": "ip4",
		                                  "protocol": 6, "port-min": 80, "port-max": 90, "address-set": 32})
		df.do("security-group-rule-new", {"id": 34, "group": 30, "direction": "egress", "version": "ip6",
		                                  "protocol": 58, "icmp-type": 128, "icmp-code": 0, "ip6": "2001:db8::", "prefix-len": 32})
		df.do("security-group-rule-new", {"id": 35, "group": 31, "direction": "egress", "version": "ip4",
		                                  "ip4": "10.0.0.0", "prefix-len": 8})
		df.do("port-new", {"id": 3, "type": "vif", "network": 8, "mac": mac(3), "flags": ["admin-down"],
		                   "ip4": ["198.51.100.3"], "ip6": ["2001:db8::3", "fe80::3"], "group": [30, 31]})
		df.do("network-new", {"id": 40, "flags": ["on-demand"]})
		df.do("port-new", {"id": 41, "type": "remote", "network": 40, "mac": mac(41), "chassis": 5})
		tc = dfnl.Tc("$HV")
		tc.attach("tap1", 1)
		tc.attach("tap2", 2)
	END
}

# The first packet decides, the following ones use what it decided.
pings() {
	require "a workload reaches the other" ns "$W1" ping -n -q -c 3 -i 0.05 -W 2 192.0.2.2
}

an_empty_datapath_is_shown() {
	adf_netns "none-$$"
	check_eq "networks" "ID  VNI  FLAGS  PORTS  CHASSIS" "$(dfctl --netns "none-$$" kernel networks)"
	check_eq "without headers" "" "$(dfctl --netns "none-$$" kernel networks --no-headers)"
	check_eq "JSON" "[]" "$(dfctl --netns "none-$$" kernel ports --json)"
}

networks_are_shown() {
	jq_is '[[7,70,[],3,1],[8,80,["vlan-transparent"],1,0]]' \
		'sort_by(.id) | map(select(.id < 10)) | map([.id, .vni, .flags, .ports, .chassis])' in_hv kernel networks
	check "a table" grep -Eq '^7 +70 +- +3 +1$' <(in_hv kernel networks)
}

ports_are_shown() {
	jq_is '[1,"vif",7,"02:00:00:00:00:01","connection","tap1"]' \
		'.[] | select(.id == 1) | [.id, .type, .network, .mac, .flow_class, .device]' in_hv kernel ports
	jq_is '["admin-down"]' '.[] | select(.id == 3) | .flags' in_hv kernel ports
	jq_is '["remote",5]' '.[] | select(.id == 4) | [.type, .chassis]' in_hv kernel ports
	check "a table" grep -Eq '^1 +vif +7 +02:00:00:00:00:01 +tap1 ' <(in_hv kernel ports)
	check_eq "chosen columns" "id=1 tap1" "$(in_hv kernel ports --columns id,device --no-headers |
		awk '$1 == 1 { print "id=" $1, $2 }')"
	check_fails "an unknown column" in_hv kernel ports --columns id,devise
	check_eq "its hint" "dfctl: no column 'devise'; did you mean 'device'?" \
		"$(in_hv kernel ports --columns id,devise 2>&1)"
}

chassis_are_shown() {
	jq_is '[[5,9,"198.51.100.2","198.51.100.1",null,2],[6,9,null,null,"2001:db8::6",0]]' \
		'sort_by(.id) | map([.id, .tunnel, .remote_ip4, .local_ip4, .remote_ip6, .networks])' in_hv kernel chassis
	check "a table" grep -Eq '^5 +9 +198.51.100.2 +- +198.51.100.1 +- +2$' <(in_hv kernel chassis)
}

routing_is_shown() {
	jq_is '[20,["admin-down"],1,2]' '.[] | [.id, .flags, .interfaces, .routes]' in_hv kernel routers
	check "an interface" grep -Eq \
		'^21 +20 +8 +02:00:00:00:00:15 +198.51.100.254/24,2001:db8::254/64 +1400 +- +2$' <(in_hv kernel interfaces)
	check "a route" grep -Eq '^22 +20 +10.0.0.0/8 +unicast +198.51.100.1,198.51.100.2$' <(in_hv kernel routes)
	check "another" grep -Eq '^23 +20 +2001:db8:9::/48 +blackhole +-$' <(in_hv kernel routes)
	jq_is '[1,2]' '.[] | select(.id == 22) | .nexthop | map(.weight)' in_hv kernel routes
	jq_is '[["198.51.100.3"],["2001:db8::3","fe80::3"]]' '.[] | select(.id == 3) | [.ip4, .ip6]' in_hv kernel ports
	jq_is '[1,1,2]' '[.routers, .router_interfaces, .routes]' in_hv kernel datapath
}

policy_is_shown() {
	check "a security group" grep -Eq '^30 +- +2 +1$' <(in_hv kernel security-groups)
	check "a stateless one" grep -Eq '^31 +stateless +1 +1$' <(in_hv kernel security-groups)
	check "a rule with ports and a set" grep -Eq '^33 +30 +ingress +ip4 +6 +80-90 +- +32 +0$' <(in_hv kernel security-group-rules)
	check "one with a type and a prefix" grep -Eq '^34 +30 +egress +ip6 +58 +128/0 +2001:db8::/32 +- +0$' \
		<(in_hv kernel security-group-rules)
	check "an address set" grep -Eq '^32 +2 +1$' <(in_hv kernel address-sets)
	check_eq "its members" "32 192.0.2.0/24 32 2001:db8::1/128" \
		"$(in_hv kernel address-set-members --no-headers | sort | xargs)"
	jq_is '[30,31]' '.[] | select(.id == 3) | .group' in_hv kernel ports
}

# What makes three that are absent, for a minute.
LOOKUPS='for name in {"mac": "02:00:00:00:00:2a"}, {"ip4": "192.0.2.42"}, {"ip6": "2001:db8::42"}:
    df.do("lookup-new", {"network": 40, "ttl-ms": 60000, **name})'

lookups_are_shown() {
	spec <<<"$LOOKUPS"
	check_eq "a table" "02:00:00:00:00:2a 192.0.2.42 2001:db8::42" \
		"$(in_hv kernel lookups --no-headers | sort -k 2 | awk '$1 == 40 && $4 == "absent" { print $2 }' | xargs)"
	jq_is '[[40,null,"absent",0,true]]' \
		'map([.network, .port, .state, .packets, .ttl_ms > 10000 and .ttl_ms <= 60000]) | unique' in_hv kernel lookups
	jq_is 3 .lookups in_hv kernel datapath
	jq_is '["on-demand"]' '.[] | select(.id == 40) | .flags' in_hv kernel networks
	jq_is 'true' '.[] | select(.id == 41) | .idle_ms < 600000' in_hv kernel ports
}

flows_are_shown() {
	pings
	jq_is '[[1,"tap1","connection","0x0800","192.0.2.1","192.0.2.2",1,8,"output","tap2",true]]' \
		'map(select(.port == 1 and .match.eth_type == "0x0800") |
			[.port, .device, .class, .match.eth_type, .match.ip4_src, .match.ip4_dst,
			 .match.ip_proto, .match.l4_src, .action[0].type, .action[0].device, .packets >= 1])' \
		in_hv kernel flows
	check "a table" grep -Eq "^tap1 +$MAC1>$MAC2 ipv4 192.0.2.1>192.0.2.2 icmp 8>0 +output tap2 +[1-9][0-9]* +[1-9]" \
		<(in_hv kernel flows)
}

flows_of_one_port_are_shown() {
	pings
	jq_is '[2]' 'map(.port) | unique' in_hv kernel flows tap2
	jq_is '[2]' 'map(.port) | unique' in_hv kernel flows 2
}

flows_are_flushed() {
	# ARP may ask at any time: only the flows of the pings stay away
	local ports='map(select(.match.eth_type == "0x0800") | .port) | sort'
	pings
	jq_is '[1,2]' "$ports" in_hv kernel flows
	check "one port" in_hv kernel flush tap1
	jq_is '[2]' "$ports" in_hv kernel flows
	pings
	check "all" in_hv kernel flush
	jq_is '[]' "$ports" in_hv kernel flows
	check "traffic goes on" can_ping "$W1" 192.0.2.2
}

drops_have_their_reason() {
	ns "$W1" ip neigh replace 192.0.2.99 lladdr 02:00:00:00:00:99 dev eth0
	check_fails "nobody is there" can_ping "$W1" 192.0.2.99 -W 1
	jq_is '[true]' '.[] | select(.id == 1) | .stats.drop |
		map(select(.reason == "unknown-destination") | .packets > 0)' in_hv kernel ports
	check "a table" grep -Eq '^1 +vif +tap1 .* unknown-destination=[1-9]' <(in_hv kernel ports --stats)
	jq_is '[true]' '[.kernel.drops["unknown-destination"] > 0]' in_hv status
}

settings_are_shown() {
	jq_is '[3,6,2]' '[.networks, .ports, .chassis]' in_hv kernel datapath
	check_eq "as text" "networks 3" "$(in_hv kernel datapath | awk '$1 == "networks" { print $1, $2 }')"
}

# members WHAT: where something stands in objects, given as "WHAT JSON" lines
members() {
	sed -n "s/^$1 //p" | jq -sc '[.[] | del(.device, .action[]?.device, .action[]?.remote) |
		paths(type != "object" and type != "array") |
		map(if type == "string" then gsub("-"; "_") else 0 end)] | unique'
}

# A client that knows only the specification sees the same members.
nothing_is_left_out() {
	local what
	# entries without packets would be gone before Python has started
	adf_daemon "$TMPDIR/ping" nsenter --net="/run/netns/$W1" ping -n -i 0.2 192.0.2.2
	spec >"$TMPDIR/dumps" <<-END
		$LOOKUPS
		for what in "network", "port", "chassis", "router", "router-interface", "route", "flow", \
		        "security-group", "security-group-rule", "address-set", "address-set-member", "lookup":
		    for found in df.dump(what + "-get"):
		        print(what, json.dumps(found, default=str))
		print("datapath", json.dumps(df.do("datapath-get"), default=str))
	END
	for what in network port chassis router router-interface route flow \
		security-group security-group-rule address-set address-set-member lookup; do
		check_eq "$what" "$(members "$what" <"$TMPDIR/dumps")" \
			"$(in_hv kernel "$(sed 's/^router-//; s/s*$/s/' <<<"$what")" --json | jq -c '.[]' | sed "s/^/$what /" | members "$what")"
	done
	check_eq datapath "$(members datapath <"$TMPDIR/dumps")" \
		"$(in_hv kernel datapath --json | jq -c . | sed 's/^/datapath /' | members datapath)"
	check "something was compared" grep -q ip4_src <(members flow <"$TMPDIR/dumps")
}

a_port_that_does_not_exist_is_refused() {
	check_fails "a device" in_hv kernel flows tap99
	check_eq "the message" "dfctl: port 'tap99': no such device or id" "$(in_hv kernel flows tap99 2>&1)"
	check_fails "an id" in_hv kernel flows 99
	check_fails "to flush" in_hv kernel flush 99
}

a_namespace_that_does_not_exist_is_refused() {
	check_fails "no such namespace" dfctl --netns "no-$$" kernel networks
	check "is named" grep -q "namespace no-$$: No such file" <(dfctl --netns "no-$$" kernel networks 2>&1)
}

who_may_not_see_flows_is_told() {
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all)
	check "counters are for everybody" ns "$HV" "${nobody[@]}" dfctl kernel ports
	check_fails "flows are not" ns "$HV" "${nobody[@]}" dfctl kernel flows
	check "it says why" grep -q "no permission: this needs CAP_NET_ADMIN" \
		<(ns "$HV" "${nobody[@]}" dfctl kernel flows 2>&1)
}

# change_until FILE: make a network and take it away until FILE holds something
change_until() {
	spec <<-END
		for i in range(100):
		    df.do("network-new", {"id": 20})
		    df.do("network-del", {"id": 20})
		    if os.path.getsize("$1"):
		        break
		    time.sleep(0.1)
	END
}

changes_are_printed_as_they_come() {
	adf_tmpdir
	adf_daemon events dfctl --netns "$HV" monitor --kernel --json
	change_until events
	check "a network that goes" wait_for 5 grep -q '"event":"network-del","object":{"id":20' events
	check "valid JSON" jq -es 'all(.source == "kernel" and .time > 0)' events
	kill -INT "$DAEMON_PID"
	check "it ends" wait_for 5 process_is_gone "$DAEMON_PID"
	wait "$DAEMON_PID"
	check_eq "status after SIGINT" 0 "$?"
}

changes_are_counted() {
	adf_tmpdir
	adf_daemon events dfctl --netns "$HV" monitor --kernel --count 2
	change_until events
	check "it ends by itself" wait_for 5 process_is_gone "$DAEMON_PID"
	wait "$DAEMON_PID"
	check_eq "status" 0 "$?"
	check_eq "lines" 2 "$(wc -l <events)"
}

a_hypervisor_without_an_agent_is_not_well() {
	check_fails "status" in_hv status --control-socket "$TMPDIR/nothing"
	check "it says why" grep -q "no agent runs: nothing listens at $TMPDIR/nothing" \
		<(in_hv status --control-socket "$TMPDIR/nothing")
	check "the kernel is shown all the same" grep -Eq '^ports +2 up, 0 down, 1 disabled, 2 remote' \
		<(in_hv status --control-socket "$TMPDIR/nothing")
	jq_is 'false' .healthy in_hv status
}

tests_run
