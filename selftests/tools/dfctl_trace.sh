#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# dfctl trace: a packet is described, guessed, or taken from a capture; what the
# module says about it is told by the names that the database knows.
#
#   port 1 (web)      port 2       port 3 (group 30)
#      |                |             |
#    --+-- network 7 ---+--         --+-- network 8 --
#      192.0.2.0/24  | 21             198.51.100.0/24 | 22
#                    +------------ router 20 ---------+
# TIMEOUT=200
ALL_TESTS="
	a_packet_is_described
	what_is_not_said_is_guessed
	every_kind_of_packet_is_made
	a_capture_is_read
	bytes_are_taken_as_they_are
	a_tunnel_has_more_to_say
	a_drop_is_explained
	numbers_have_names
	nonsense_is_refused
	who_may_not_trace_is_told
	rules_and_drops_are_counted"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

HV=hv-$$ LIB=$(cd "$(dirname "$0")/../lib" && pwd)

spec() {
	{
		printf 'import dfnl\ndf = dfnl.Dragonflow("%s")\n' "$HV"
		cat
	} >"$TMPDIR/spec.py"
	PYTHONPATH=$LIB python3 "$TMPDIR/spec.py"
}

# trace ARGUMENT...: on the hypervisor, without any database
trace() {
	dfctl --database sqlite:///nonexistent/nb.db --netns "$HV" trace "$@"
}

# told WANT FILTER ARGUMENT...: what jq makes of a trace
told() {
	local want=$1 filter=$2
	shift 2
	check_eq "trace $* | $filter" "$want" "$(trace "$@" --json | jq -c "$filter")"
}

setup() {
	need_dragonflow
	adf_netns "$HV"
	ip -n "$HV" link add tap1 type dummy
	ip -n "$HV" link add tap3 type dummy
	ip -n "$HV" link set tap3 up
	spec >"$TMPDIR/setup" 2>&1 <<-END || fail "$(cat "$TMPDIR/setup")"
		def mac(n):
		    return "02:00:00:00:00:%02x" % n
		df.do("network-new", {"id": 7, "vni": 70})
		df.do("network-new", {"id": 8, "vni": 80})
		df.do("router-new", {"id": 20})
		for n, net, ip4, ip6 in ((21, 7, "192.0.2.254", "2001:db8:7::fe"), (22, 8, "198.51.100.254", "2001:db8:8::fe")):
		    df.do("router-interface-new", {"id": n, "router": 20, "network": net, "mac": mac(n), "address": [
		        {"ip4": ip4, "prefix-len": 24}, {"ip6": ip6, "prefix-len": 64}]})
		df.do("security-group-new", {"id": 30})
		df.do("security-group-rule-new", {"id": 31, "group": 30, "direction": "ingress", "version": "ip4",
		                                  "protocol": 6, "port-min": 80, "port-max": 80})
		df.do("port-new", {"id": 1, "type": "vif", "network": 7, "mac": mac(1),
		                   "ip4": ["192.0.2.1"], "ip6": ["2001:db8:7::1"]})
		df.do("port-new", {"id": 2, "type": "vif", "network": 7, "mac": mac(2),
		                   "ip4": ["192.0.2.2"], "ip6": ["2001:db8:7::2"]})
		df.do("port-new", {"id": 3, "type": "vif", "network": 8, "mac": mac(3), "group": [30],
		                   "ip4": ["198.51.100.3"], "ip6": ["2001:db8:8::3"]})
		df.do("port-new", {"id": 9, "type": "tunnel"})
		tc = dfnl.Tc("$HV")
		tc.attach("tap1", 1)
		tc.attach("tap3", 3)
	END
}

a_packet_is_described() {
	told '["send",[["ingress",31,30]]]' '[.verdict, (.step | map(select(.rule) | [.stage, .rule, .group]))]' \
		1 dst=198.51.100.3 proto=tcp dport=80
	told '"policy-ingress"' .reason 1 dst=198.51.100.3 proto=tcp dport=81
	check_eq "as text" "$(
		cat <<-END
			parse    pass   from port 1
			flow     pass   no entry: it walks
			admit    pass   into network 7
			guard    pass   at port 1
			egress   pass   not judged, at port 1
			respond  pass
			route    pass   router 20, by interface 21, to 198.51.100.0/24, out of interface 22, neighbour 198.51.100.3, MAC 02:00:00:00:00:03, port 3, network 8
			switch   pass   port 3, of network 8
			ingress  pass   rule 31, of group 30, connection: new, at port 3
			output   pass   output, port 3
			fit      pass   up to 1500
			send     send   output, port 3
			The packet would be sent.
		END
	)" "$(trace tap1 dst=198.51.100.3 proto=tcp dport=80)"
}

what_is_not_said_is_guessed() {
	# a neighbour's address, and a router's for others
	told '[2]' '.step | map(select(.stage == "switch") | .port)' 1 dst=192.0.2.2
	told '[20]' '.step | map(select(.stage == "route") | .router)' 1 dst=203.0.113.1
	told '"no-route"' .reason 1 dst=203.0.113.1
	told '["answer","echo"]' '[.verdict, .step[-1].answer]' 1 dst=192.0.2.254
	told '["answer","echo"]' '[.verdict, .step[-1].answer]' 1 dst=2001:db8:7::fe
}

every_kind_of_packet_is_made() {
	local proto
	# all of them are sound: they come as far as policy
	for proto in tcp udp icmp sctp gre 99; do
		told '["ip4",null,"policy-ingress"]' \
			'["ip4", (.step | map(select(.reason == "malformed"))[0]), .reason]' \
			1 dst=198.51.100.3 "proto=$proto" dport=7 len=100
		told '"policy-ingress"' .reason 1 dst=2001:db8:8::3 "proto=$proto" dport=7 len=100
	done
	told '["answer","arp"]' '[.verdict, .step[-1].answer]' 1 dst=192.0.2.2 proto=arp
	told '["answer","neighbour"]' '[.verdict, .step[-1].answer]' 1 dst=2001:db8:7::2 proto=nd
	told '"ttl-exceeded"' .reason 1 dst=198.51.100.3 ttl=1
	told '"vlan"' .reason 1 dst=192.0.2.2 vlan=5
	told '"connection-invalid"' .reason 1 dst=198.51.100.3 proto=tcp dport=80 tcp-flags=rst
	told '"too-big"' .reason 1 dst=198.51.100.3 proto=tcp dport=80 len=1500
	told '"policy-ingress"' .reason 1 dst=198.51.100.3 type=13 code=0
	told '"unknown-destination"' .reason 1 dst=192.0.2.2 dst-mac=02:00:00:00:00:99 src-mac=02:00:00:00:00:01 src=192.0.2.7
}

a_capture_is_read() {
	python3 - "$TMPDIR/two.pcap" <<-END
		import struct, sys
		frames = [bytes.fromhex("020000000063020000000001") + b"\x88\xb5" + bytes(46),
		          bytes.fromhex("ffffffffffff020000000001") + b"\x88\xb5" + bytes(46)]
		with open(sys.argv[1], "wb") as f:
		    f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
		    for frame in frames:
		        f.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
	END
	told '"unknown-destination"' .reason 1 --pcap "$TMPDIR/two.pcap"
	told '"send"' .verdict 1 --pcap "$TMPDIR/two.pcap" --packet 2
	check_eq "from a pipe" '"unknown-destination"' \
		"$(trace 1 --pcap - --json <"$TMPDIR/two.pcap" | jq -c .reason)"
	check_eq "no third" "dfctl: $TMPDIR/two.pcap has no such packet" \
		"$(trace 1 --pcap "$TMPDIR/two.pcap" --packet 3 2>&1)"
	check_eq "no capture" "dfctl: /etc/hostname is too short for a capture" \
		"$(trace 1 --pcap /etc/hostname 2>&1)"
	check_fails "no file" trace 1 --pcap "$TMPDIR/none.pcap"
}

bytes_are_taken_as_they_are() {
	told '"source-multicast"' .reason 1 --frame "02:00:00:00:00:02 ff:ff:ff:ff:ff:ff 88b5"
	told '"truncated"' .reason 1 --frame "020000000002 020000000001 0800 45"
	check_eq "no digits" "dfctl: --frame: these are not the bytes of a frame, as hexadecimal digits" \
		"$(trace 1 --frame 02zz 2>&1)"
}

a_tunnel_has_more_to_say() {
	told '["send",3]' '[.verdict, .step[-1].port]' 9 vni=80 from=203.0.113.9 dst=198.51.100.3 \
		src=192.0.2.77 src-mac=02:00:00:00:00:16 dst-mac=02:00:00:00:00:03 proto=tcp dport=80
	told '"unknown-network"' .reason 9 vni=81 --frame "020000000003 020000000077 88b5"
	check_eq "it must" "dfctl: the port is a tunnel: give vni=" "$(trace 9 dst=198.51.100.3 2>&1)"
	check_eq "others must not" "dfctl: only what comes by a tunnel has vni= and from=" \
		"$(trace 1 vni=80 dst=192.0.2.2 2>&1)"
}

a_drop_is_explained() {
	check_eq "in the end" "The packet would be dropped: policy-ingress." \
		"$(trace 1 dst=198.51.100.3 proto=udp dport=53 | tail -n 1)"
	check "where" grep -Eq '^ingress +drop +policy-ingress: .*at port 3$' \
		<(trace 1 dst=198.51.100.3 proto=udp dport=53)
	check "an error goes back" grep -Eq '^answer +pass +no-network, from 192.0.2.254, to port 1$' \
		<(trace 1 dst=203.0.113.1)
}

numbers_have_names() {
	local key network
	adf_tmpdir
	export DRAGONFLOW_DATABASE=sqlite://$PWD/nb.db
	network=$(dfctl network create blue)
	run dfctl port create name=web network="$network"
	key=$(dfctl port show web --json | jq .key)
	spec <<-END
		df.do("port-new", {"id": $key, "type": "vif", "network": 7, "mac": "02:00:00:00:01:01", "ip4": ["192.0.2.101"]})
	END
	check "a port" grep -q "from port $key (web)" <(dfctl --netns "$HV" trace web dst=192.0.2.2)
	check_eq "in JSON" '"web"' "$(dfctl --netns "$HV" trace web dst=192.0.2.2 --json |
		jq -c '.step[0].names.port.name')"
	unset DRAGONFLOW_DATABASE
}

nonsense_is_refused() {
	check_eq "a field" "dfctl: trace: no field 'dts'; write FIELD=VALUE; did you mean 'dst'?" \
		"$(trace 1 dts=192.0.2.2 2>&1)"
	check_eq "no packet" "dfctl: trace: give dst=ADDRESS, a capture or a frame" "$(trace 1 2>&1)"
	check_eq "two" "dfctl: trace: give fields, --pcap or --frame, one of them" \
		"$(trace 1 dst=192.0.2.2 --frame 00 2>&1)"
	check_eq "no port" "dfctl: the kernel has no port 99" "$(trace 99 dst=192.0.2.2 2>&1)"
	check_eq "no address" "dfctl: dst: '192.0.2.0/24' is no IP address" "$(trace 1 dst=192.0.2.0/24 2>&1)"
	check_eq "two families" "dfctl: src and dst are of different families" \
		"$(trace 1 src=2001:db8::1 dst=192.0.2.2 2>&1)"
	check_eq "a number" "dfctl: dport: '65536' is more than 65535" "$(trace 1 dst=192.0.2.2 dport=65536 2>&1)"
	check_eq "a flag" "dfctl: tcp-flags: 'sny' is none of fin, syn, rst, psh, ack, urg" \
		"$(trace 1 dst=192.0.2.2 proto=tcp tcp-flags=sny 2>&1)"
	check_eq "the kernel's words" "dfctl: The frame has no Ethernet header" "$(trace 1 --frame 0200 2>&1)"
}

who_may_not_trace_is_told() {
	local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all)
	check "it says why" grep -q "no permission: this needs CAP_NET_ADMIN" \
		<(ns "$HV" "${nobody[@]}" dfctl -d sqlite:///nonexistent/nb.db trace 1 dst=192.0.2.2 2>&1)
}

rules_and_drops_are_counted() {
	check_eq "no trace has" "0" "$(dfctl --netns "$HV" kernel security-group-rules --json |
		jq '.[] | select(.id == 31) | .matches')"
	check_eq "nor here" "-" "$(dfctl --netns "$HV" kernel ports --columns id,reasons --no-headers |
		awk '$1 == 1 { print $2 }')"
}

tests_run
