#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# A network with many ports on another hypervisor. Prints what it costs; how
# long things take depends on the machine, and so is shown, not judged.
# TIMEOUT=400
ALL_TESTS="
	many_remote_ports_are_programmed
	a_change_among_many_ports_takes_a_moment
	a_restart_among_many_ports_writes_nothing
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

PORTS=${SCALE_PORTS:-10000}
MAC1=02:00:00:00:00:01
HERE=$(cd "$(dirname "$0")" && pwd -P)

setup() {
	need_dragonflow
	adf_cloud 2 vxlan4
	# hv2 has no datapath: it only lends its name and address.
	agent_start 2 --dataplane=none
	agent_start 1
	network_new
	fill_network
}

# In one file, which dfctl writes in transactions of many objects.
fill_network() {
	local subnet4 subnet6
	subnet4=$(nb subnet create network="$NETWORK" cidr=10.0.0.0/8) || fail "cannot create a subnet"
	subnet6=$(nb subnet create network="$NETWORK" cidr=2001:db8::/64) || fail "cannot create a subnet"
	awk -v n="$PORTS" -v network="$NETWORK" -v subnet4="$subnet4" -v subnet6="$subnet6" 'BEGIN {
		for (i = 0; i < n; i++) {
			printf "%s{\"model\":\"port\",\"id\":\"%08x-0000-4000-8000-000000000000\"," \
			       "\"network_id\":\"%s\",\"mac_address\":\"02:01:00:%02x:%02x:%02x\"," \
			       "\"binding_host\":\"hv2\"", i ? "," : "[", i,
			       network, int(i / 65536), int(i / 256) % 256, i % 256
			printf ",\"fixed_ips\":[{\"subnet_id\":\"%s\",\"ip_address\":\"10.1.%d.%d\"}," \
			       "{\"subnet_id\":\"%s\",\"ip_address\":\"2001:db8::1:%x\"}]}\n",
			       subnet4, int(i / 256), i % 256, subnet6, i
		}
		print "]"
	}' >ports.json
	run nb --timeout 600 apply ports.json
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

rss_kib() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/${AGENT[1]}/status"
}

ports_there() {
	[ "$(hv_kernel 1 datapath | jq '.. | .ports? // empty')" -ge "$1" ]
}

# Its first port makes the network known to hv1.
port_here() {
	port_new 1 "$MAC1"
	defer nb port delete "$PORT"
	run wait_for 120 ports_there $((PORTS + 2))
}

many_remote_ports_are_programmed() {
	local before begin end grown
	before=$(rss_kib)
	begin=$(now_ms)
	port_here
	end=$(now_ms)
	grown=$(($(rss_kib) - before))
	log "$PORTS remote ports programmed in $((end - begin)) ms, dfctl's time included"
	log "agent: $before KiB before, $((grown * 1024 / PORTS)) bytes per remote port"
	# who counts lines needs memory for that
	[ -n "${COVERAGE:-}" ] ||
		check "less than 1 KiB of the agent per remote port, and a MiB" [ "$grown" -lt $((PORTS + 1024)) ]
	run nb port delete "$PORT"
	check "and forgotten with the last port here" wait_for 120 ports_are_gone
}

ports_are_gone() {
	[ "$(hv_kernel 1 datapath | jq '.. | .ports? // empty')" = 1 ]
}

a_change_among_many_ports_takes_a_moment() {
	port_here
	python3 "$HERE/latency.py" "${HV[1]}" 20 "$DATABASE" "$NETWORK" hv2 >latency ||
		fail "no latency was measured"
	log "$(<latency)"
}

a_restart_among_many_ports_writes_nothing() {
	local begin
	port_here
	agent_kill 1
	begin=$(now_ms)
	agent_start 1
	log "in step $(($(now_ms) - begin)) ms after the start"
	log "$(agent_log 1 | grep reconciled | tail -n 1)"
	check "nothing was written" grep -q ": 0 of .* objects written, 0 deleted" \
		<(agent_log 1 | grep reconciled | tail -n 1)
}

tests_run
