#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# RUN-ON: one-kernel
#
# Agents whose database is away: what is known goes on, also after a reboot, and
# what happened meanwhile is made up for.
#
#   w1 --- hv1 --- underlay --- hv2 --- w2
# TIMEOUT=300
ALL_TESTS="
	a_rebooted_host_works_without_its_database
	what_changed_meanwhile_is_corrected
	an_agent_alone_leaves_what_the_kernel_has
	status_is_told_once_the_database_is_back
	a_damaged_file_is_ignored
	without_a_file_the_agent_waits"
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source=selftests/agent/cloud.sh
. "$(dirname "$0")/cloud.sh"

W1=w1-$$ W2=w2-$$
MAC1=02:00:00:00:00:01 MAC2=02:00:00:00:00:02 MAC3=02:00:00:00:00:03

setup() {
	need_dragonflow
	adf_cloud 2 vxlan4
	run mkdir "$CLOUD/drivers"
	run ln -s "$DF_BUILD/lib/dragonflow/sqlite.so" "$DF_BUILD/selftests/drivers/flaky.so" \
		"$CLOUD/drivers"
	export DRAGONFLOW_DRIVER_DIR=$CLOUD/drivers
	AGENT_DATABASE=flaky://$CLOUD/nb.db
	network_new
	port_new 1 "$MAC1"
	PORT1=$PORT KEY1=$KEY DEVICE1=$DEVICE
	plug_w1
	port_new 2 "$MAC2"
	PORT2=$PORT KEY2=$KEY
	adf_plug 2 "$W2" "$MAC2" 192.0.2.2/24
	agent_start 2
}

plug_w1() {
	DEVICE=$DEVICE1
	adf_plug 1 "$W1" "$MAC1" 192.0.2.1/24
}

database_is_away() {
	touch "$CLOUD/nb.db.down"
	defer rm -f "$CLOUD/nb.db.down"
	run wait_for 5 agent_says 2 '.database_state == "down"'
}

database_is_back() {
	run rm "$CLOUD/nb.db.down"
}

agent_says() {
	agent_ask "$1" status | jq -es ".[0] | $2"
}

state_is_saved() {
	[ "$(grep -c "$1" "$CLOUD/hv1.cache")" = "$2" ]
}

# for_good CMD...: what it makes outlives the case; setup has deferred its end
for_good() {
	# shellcheck disable=SC2031 # of the case that it is called in
	local deferred=("${DEFERRED[@]}")
	"$@"
	DEFERRED=("${deferred[@]}")
}

# hv1 with all that is on it, which the kernel forgets
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

written() {
	agent_ask 1 metrics | jq -r .metrics | sed -n 's/^dragonflow_agent_objects_written_total.* //p'
}

# start_and_save: hv1's agent knows all, and has put it down
start_and_save() {
	agent_start 1
	run wait_for 10 state_is_saved " port " 2
}

a_rebooted_host_works_without_its_database() {
	start_and_save
	run wait_for 10 can_ping "$W1" 192.0.2.2
	database_is_away
	reboot
	agent_launch 1
	check "it says so" wait_for 10 agent_says 1 \
		'.cache.in_use and (.problems[0] | test("works from the last known state, of 20"))'
	for_good plug_w1
	check "packets flow" wait_for 10 can_ping "$W1" 192.0.2.2
	check "its log says so" grep -q "no database: working from the last known state" \
		<(agent_log 1)
	check "dfctl says so" grep -q '^last state .* objects, saved 20.*, in use$' \
		<(ns "${HV[1]}" dfctl --control-socket "$CLOUD/hv1.sock" status)
	before=$(written)
	database_is_back
	check "in step" wait_for 20 agent_is_in_step 1
	check_eq "nothing was written again" "$before" "$(written)"
	check "packets flow" can_ping "$W1" 192.0.2.2
	check_fails "not in use any more" agent_says 1 .cache.in_use
}

what_changed_meanwhile_is_corrected() {
	start_and_save
	database_is_away
	reboot
	port_new 2 "$MAC3"
	new=$KEY
	run nb port delete "$PORT2"
	for_good plug_w1
	agent_launch 1
	run wait_for 10 port_is_programmed 1 "$KEY2" remote
	before=$(written)
	database_is_back
	check "in step" wait_for 20 agent_is_in_step 1
	check "what is new is there" port_is_programmed 1 "$new" remote
	check "what is gone is not" port_is_absent 1 "$KEY2"
	check_eq "nothing else was written" $((before + 1)) "$(written)"
	check "nor is it known any more" wait_for 10 state_is_saved "$PORT2" 0
	run nb port delete "$PORT"
	PORT=$PORT2
	run nb port create id="$PORT2" network_id="$NETWORK" mac_address="$MAC2" binding_host=hv2
}

an_agent_alone_leaves_what_the_kernel_has() {
	start_and_save
	database_is_away
	agent_kill 1
	# older than what the kernel has
	run sed -i "s/$MAC1/$MAC3/" "$CLOUD/hv1.cache"
	reseal
	agent_launch 1
	run wait_for 10 agent_says 1 .cache.in_use
	check_eq "nothing is written" 0 "$(written)"
	check "nor is anything amiss" port_is_programmed 1 "$KEY1" vif
	database_is_back
	check "in step" wait_for 20 agent_is_in_step 1
	check_eq "there was nothing to write" 0 "$(written)"
}

# The checksum of what stands there now.
reseal() {
	python3 - "$CLOUD/hv1.cache" <<-'END'
		import sys
		text = open(sys.argv[1], "rb").read().splitlines(keepends=True)[:-1]
		value = 0
		for byte in b"".join(text):
		    value = (value ^ byte) * 0x100000001b3 % 2 ** 64
		with open(sys.argv[1], "wb") as file:
		    file.write(b"".join(text) + b"end %016x\n" % value)
	END
}

# Not while it is up, says Linux 6.1.
rename_device() {
	ip -n "${HV[1]}" link set "$1" down &&
		ip -n "${HV[1]}" link set "$1" name "$2" &&
		ip -n "${HV[1]}" link set "$2" up
}

status_is_told_once_the_database_is_back() {
	start_and_save
	run wait_for 10 port_status_is "$PORT1" up
	database_is_away
	run rename_device "$DEVICE1" away
	run wait_for 10 agent_says 1 '.ports[0].status == "down"'
	run rename_device away "$DEVICE1"
	run wait_for 10 agent_says 1 '.ports[0].status == "up"'
	run rename_device "$DEVICE1" away
	run wait_for 10 agent_says 1 '.ports[0].status == "down"'
	check "nobody knows" port_status_is "$PORT1" up
	database_is_back
	check "the last is told" wait_for 10 port_status_is "$PORT1" down
	run rename_device away "$DEVICE1"
	check "and what comes then" wait_for 10 port_status_is "$PORT1" up
}

a_damaged_file_is_ignored() {
	start_and_save
	agent_kill 1
	database_is_away
	run sed -i "s/$MAC1/$MAC3/" "$CLOUD/hv1.cache"
	agent_launch 1
	check "it says so" wait_for 10 agent_says 1 \
		'.cache.note | test("ignored at the start: it is damaged")'
	check "and knows nothing" agent_says 1 '.topics == [] and .cache.in_use == false'
	database_is_back
	check "in step" wait_for 20 agent_is_in_step 1
	check "it is saved anew" wait_for 10 state_is_saved "$MAC1" 1
}

without_a_file_the_agent_waits() {
	run rm -f "$CLOUD/hv1.cache"
	database_is_away
	agent_launch 1
	check "it says why" wait_for 10 agent_says 1 '.problems[0] == "database: there is no connection"'
	check_eq "nothing is written" 0 "$(written)"
	database_is_back
	check "in step" wait_for 20 agent_is_in_step 1
}

tests_run
