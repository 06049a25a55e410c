#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# Agents whose database is away: what is known goes on, also after a reboot, and
# what happened meanwhile is made up for. OFFLINE_SERVER=zookeeper has a server of
# that kind killed and started again; else an SQLite file is said to be away. What
# needs no kernel: selftests/db/offline.py.
#
#   w1 --- hv1 --- underlay --- hv2 --- w2
# TIMEOUT=300
ALL_TESTS="
	a_rebooted_host_works_without_its_database
	an_agent_alone_leaves_what_the_kernel_has
	status_is_told_once_the_database_is_back
"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

W1=w1-$$ W2=w2-$$
MAC1=02:00:00:00:00:01 MAC2=02:00:00:00:00:02 MAC3=02:00:00:00:00:03 MAC4=02:00:00:00:00:04
SERVER_IP=198.51.100.250
LIB=$(cd "$(dirname "$0")/../lib" && pwd -P)

setup() {
	need_dragonflow
	adf_cloud 2 vxlan4
	"${OFFLINE_SERVER:-flaky}_setup"
	network_new
	port_new 1 "$MAC1" fixed_ips=192.0.2.1
	PORT1=$PORT DEVICE1=$DEVICE
	plug_w1
	port_new 2 "$MAC2" fixed_ips=192.0.2.2
	adf_plug 2 "$W2" "$MAC2" 192.0.2.2/24
	run ip -n "$W2" neigh replace 192.0.2.1 lladdr "$MAC1" dev eth0
	agent_start 2
}

plug_w1() {
	DEVICE=$DEVICE1
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
	run ip -n "$W1" neigh replace 192.0.2.2 lladdr "$MAC2" dev eth0
}

# --- databases that go away and come back --------------------------------------

flaky_setup() {
	run mkdir "$CLOUD/drivers"
	run ln -s "$DF_BUILD/lib/dragonflow/sqlite.so" "$DF_BUILD/selftests/drivers/flaky.so" \
		"$CLOUD/drivers"
	export DRAGONFLOW_DRIVER_DIR=$CLOUD/drivers
	AGENT_DATABASE=flaky://$CLOUD/nb.db
}

flaky_away() {
	touch "$CLOUD/nb.db.down"
}

flaky_back() {
	rm -f "$CLOUD/nb.db.down"
}

# In the underlay, where both agents reach it.
zookeeper_setup() {
	ip_batch "underlay-$$" "address add $SERVER_IP/24 dev br0"
	mapfile -t JAVA < <(cd "$LIB" && python3 -c "from dfzk import Server
one = Server('$CLOUD/zookeeper', address='$SERVER_IP')
print(one.port, *one.argv(), sep='\n')")
	DATABASE="zookeeper://$SERVER_IP:${JAVA[0]}/cloud?session=4000"
	nb() {
		ns "underlay-$$" dfctl --database "$DATABASE" "$@"
	}
	zookeeper_back
	defer zookeeper_away
	run wait_for 60 nb network list
}

zookeeper_away() {
	local pid
	pid=$(<"$CLOUD/zookeeper/pid")
	run kill -KILL "$pid"
	run wait_for 10 process_is_gone "$pid"
}

zookeeper_back() {
	local daemon=${DAEMON_PID:-}
	adf_daemon "$CLOUD/zookeeper/log" nsenter --net="/run/netns/underlay-$$" "${JAVA[@]:1}"
	echo "$DAEMON_PID" >"$CLOUD/zookeeper/pid"
	DAEMON_PID=$daemon
}

database_is_away() {
	"${OFFLINE_SERVER:-flaky}_away"
	run wait_for 20 agent_says 2 '.database_state == "down"'
}

# For the cases to come, too.
database_is_back() {
	for_good "${OFFLINE_SERVER:-flaky}_back"
}

# -------------------------------------------------------------------------------

agent_says() {
	agent_ask "$1" status | jq -es ".[0] | $2"
}

# for_good CMD...: what it makes outlives the case; setup has deferred its end
for_good() {
	# shellcheck disable=SC2031 # of the case that it is called in
	local deferred=("${DEFERRED[@]}")
	"$@"
	DEFERRED=("${deferred[@]}")
}

# The host with all that is on it, which the kernel forgets.
reboot() {
	agent_kill 1
	run ip netns del "$W1"
	run ip netns del "${HV[1]}"
	run wait_for 10 is_unplugged
	for_good adf_netns "${HV[1]}"
	for_good adf_underlay_port "underlay-$$" "${HV[1]}" 1
}

is_unplugged() {
	! ip -n "underlay-$$" link show port1
}

# count WHAT: objects that hv1's agent has written, or deleted
count() {
	agent_ask 1 metrics | jq -r .metrics | sed -n "s/^dragonflow_agent_objects_$1_total.* //p"
}

# is_saved TEXT N: so many lines of what hv1 knows have it
is_saved() {
	[ "$(grep -c -- "$1" "$CLOUD/hv1.cache")" = "$2" ]
}

# start_and_save PORTS: with so many ports, and the time when it was complete
start_and_save() {
	agent_start 1
	run wait_for 10 is_saved " port/.* {" "$1"
	run wait_for 10 is_saved " = " 1
}

# What it knows is old, and the power went while more of it was written.
a_rebooted_host_works_without_its_database() {
	local gone new before
	port_new 2 "$MAC3"
	gone=$PORT
	start_and_save 3
	run cp "$CLOUD/hv1.cache" "$CLOUD/old"
	run nb port delete "$gone"
	port_new 2 "$MAC4"
	new=$KEY
	database_is_away
	reboot
	run mv "$CLOUD/old" "$CLOUD/hv1.cache"
	printf 'half a line' >>"$CLOUD/hv1.cache"
	agent_launch 1
	check "it says so" wait_for 20 agent_says 1 \
		'.cache.in_use and (.problems[0] | test("works from the last known state of 20"))'
	for_good plug_w1
	check "packets flow" wait_for 10 can_ping "$W1" 192.0.2.2
	check "its log says so" grep -q "working from the last known state of 20" <(agent_log 1)
	check "and what is missing" grep -q "were not on the disk and are ignored" <(agent_log 1)
	check "dfctl says so" grep -q '^  *from the last known state of 20.*Z$' \
		<(ns "${HV[1]}" dfctl --control-socket "$CLOUD/hv1.sock" status)
	before=$(count written)
	flow_receive "$W2" "$CLOUD/received"
	flow_send "$W1" 192.0.2.2 30 "$CLOUD/sent" 200
	database_is_back
	check "in step" wait_for 30 agent_is_in_step 1
	flow_stop
	check_eq "what is new was written, and nothing else" $((before + 1)) "$(count written)"
	check "it is there" port_is_programmed 1 "$new" remote
	check_eq "what is gone was deleted" 1 "$(count deleted)"
	check "nor is it known any more" wait_for 10 is_saved "$gone" 0
	log "$(<"$CLOUD/received")"
	check_eq "no packet was lost" 0 "$(value "$CLOUD/received" lost)"
	check "some came" [ "$(value "$CLOUD/received" received)" -gt 100 ]
	check "not in use any more" agent_says 1 '.cache.in_use == false'
	run nb port delete "$PORT"
}

an_agent_alone_leaves_what_the_kernel_has() {
	start_and_save 2
	run cp "$CLOUD/hv1.cache" "$CLOUD/old"
	port_new 2 "$MAC3"
	defer nb port delete "$PORT"
	run wait_for 10 port_is_programmed 1 "$KEY" remote
	agent_kill 1
	run mv "$CLOUD/old" "$CLOUD/hv1.cache"
	database_is_away
	agent_launch 1
	run wait_for 20 agent_says 1 .cache.in_use
	check "its log says so" wait_for 10 grep -q "it is left as it is" "$CLOUD/hv1.log"
	check "it is there" port_is_programmed 1 "$KEY" remote
	database_is_back
	check "in step" wait_for 30 agent_is_in_step 1
	check_eq "there was nothing to write" 0 "$(count written)"
	check_eq "nor to delete" 0 "$(count deleted)"
}

# Not while it is up, says Linux 6.1.
rename_device() {
	ip -n "${HV[1]}" link set "$1" down &&
		ip -n "${HV[1]}" link set "$1" name "$2" &&
		ip -n "${HV[1]}" link set "$2" up
}

status_is_told_once_the_database_is_back() {
	start_and_save 2
	run wait_for 10 port_status_is "$PORT1" up
	database_is_away
	run rename_device "$DEVICE1" away
	run wait_for 10 agent_says 1 '.ports[0].status == "down"'
	run rename_device away "$DEVICE1"
	run wait_for 10 agent_says 1 '.ports[0].status == "up"'
	run rename_device "$DEVICE1" away
	run wait_for 10 agent_says 1 '.ports[0].status == "down"'
	database_is_back
	check "the last is told" wait_for 30 port_status_is "$PORT1" down
	run rename_device away "$DEVICE1"
	check "and what comes then" wait_for 10 port_status_is "$PORT1" up
}

tests_run
